"""Equal-tailed intervals, and the probability that one may hold."""

from numbers import Real

import numpy as np

from bayesreg.errors import PriorError


def check_ci_prob(ci_prob: object) -> None:
    """Require a probability strictly between 0 and 1.

    Raises
    ------
    PriorError
        If it is not one.

    Examples
    --------
    >>> check_ci_prob(0.95)
    >>> check_ci_prob(95)
    Traceback (most recent call last):
    bayesreg.errors.PriorError: ci_prob must be between 0 and 1, got 95; for 95% pass 0.95.
    """
    if not isinstance(ci_prob, Real) or not 0 < float(ci_prob) < 1:
        raise PriorError(f"ci_prob must be between 0 and 1, got {ci_prob!r}; for 95% pass 0.95.")


def quantiles(draws: np.ndarray, ci_prob: float) -> np.ndarray:
    """The ends of equal-tailed intervals over the first axis, shape (2, ...)."""
    check_ci_prob(ci_prob)
    return np.quantile(draws, [(1 - ci_prob) / 2, (1 + ci_prob) / 2], axis=0)

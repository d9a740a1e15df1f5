"""From a regression to its axis of strengths, where it has one."""

from numbers import Integral
from typing import Any

import numpy as np

from bayesreg.errors import DataError, PriorError, UnsupportedError
from bayesreg.model.regression import Regression
from bayesreg.priors.column_values import as_numbers
from bayesreg.selection.axis import Axis
from bayesreg.selection.sigma import estimate_sigma


def open_axis(reg: Regression, strengths: Any = None) -> Axis:
    """Lay out the axis of a regression.

    Parameters
    ----------
    reg : Regression
        Whose prior gives the kind of penalty and the columns' ratios. A sigma that is unknown is
        estimated once to convert between scales and strengths (and held, by the rules that use MAP estimates).
    strengths : array-like, shape (m,), optional
        In ``half_rss``.

    Raises
    ------
    UnsupportedError
        If the prior is that of no penalty.
    PriorError
        If a strength is not a positive number, or a Student-t regression does not know its sigma.
    DataError
        If target or penalized columns are constant, so that the data say nothing about a strength.
    """
    if not isinstance(reg, Regression):
        raise PriorError(
            f"expected a Regression, got {type(reg).__name__}; make one with br.Regression(X, y, prior=…)."
        )
    if not reg.prior.has_penalty:
        raise UnsupportedError(
            f"strengths belong to Laplace, Normal and elastic-net priors, got {reg.prior.name}; give its scale a "
            "hyperprior, or br.guess_scale, and sample it: br.sample(reg)."
        )
    if not reg.scale_known:
        reg = reg.with_prior(reg.prior.with_scale(1.0))
    grid = None if strengths is None else read_strengths(strengths)
    _require_information(reg)
    sigma, origin = _settled_sigma(reg)
    return Axis(reg, reg if reg.noise.known else reg.with_sigma(sigma), grid, origin)


def read_strengths(strengths: Any) -> np.ndarray:
    """A grid of at least two different positive numbers, decreasing."""
    grid = np.unique(np.atleast_1d(as_numbers(strengths, "strengths")))[::-1]
    if np.ndim(strengths) > 1 or len(grid) < 2 or not (np.all(grid > 0) and np.all(np.isfinite(grid))):
        raise PriorError(f"strengths must be at least two different positive numbers, got {strengths!r}.")
    return grid.copy()


def _require_information(reg: Regression) -> None:
    """Raise DataError where the data are silent: without an intercept a constant still says something."""
    design = reg.design
    penalized = ~reg.prior.flat_columns(reg.names)
    still = design.constant if reg.intercept_term.exists else _all_zero(reg)
    if np.any(penalized) and np.all(still[penalized]):
        raise DataError("every penalized column is constant, so there is no strength to choose; give it, or a scale.")
    level = 0.0 if reg.intercept_term.exists else design.mean_y
    if not design.has_offset and design.sd_y == 0 and level == 0:
        raise DataError(
            f'the target "{design.target}" is constant, so there is no strength to choose; choose another target.'
        )


def _all_zero(reg: Regression) -> np.ndarray:
    """Which columns hold nothing but zeros, shape (p,)."""
    rows = reg.design.rows
    if rows is None:
        moments = reg.design.moments
        return (moments.sd_x == 0) & (moments.mean_x == 0)
    return np.asarray(abs(rows.X).sum(axis=0)).ravel() == 0


def _settled_sigma(reg: Regression) -> tuple[float, str]:
    if reg.noise.sigma is not None:
        return reg.noise.sigma, "known"
    if not reg.is_gaussian:
        raise PriorError(f"a {reg.family.name} regression needs a known sigma here; use reg.with_sigma(number).")
    sigma, how = estimate_sigma(reg)
    return sigma, f"estimated by {how}"


def check_seed(random_seed: Any) -> None:
    """Raise PriorError for what scikit-learn and NumPy do not take as a seed."""
    whole = isinstance(random_seed, Integral) and not isinstance(random_seed, bool)
    if random_seed is not None and not (whole and 0 <= random_seed < 2**32):
        raise PriorError(f"random_seed must be None or a whole number from 0 to 2**32 − 1, got {random_seed!r}.")

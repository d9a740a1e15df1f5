"""The scale of a prior from the share of variance that it is to explain, R².

On columns of variance 1, and independent coefficients of mean 0, Xβ has the expected variance E Σ_j β_j², however the
columns are correlated. Where that exists, R² = E Σβ_j²/(E Σβ_j² + σ²). Elsewhere, under a hyperprior or a prior without
a variance, R² is the median of Σβ_j²/(Σβ_j² + σ²), which is that of the share explained by uncorrelated columns.
"""

from collections.abc import Callable
from numbers import Real
from typing import Any, Self, cast

import numpy as np

from bayesreg.errors import PriorError
from bayesreg.priors.base import Prior
from bayesreg.priors.positive import PositivePrior
from bayesreg.priors.scale import positive_number

# Of a scale, to a prior of that scale.
ScaleFamily = Callable[[float], PositivePrior]
# Numbers that are drawn for a median in all and at a time, and the bounds of how many draws of all columns these make.
NUMBERS, AT_ONCE, FEWEST, MOST = 4_000_000, 500_000, 1_000, 100_000


def signal_variance(r2: object, p: object, sigma: float | None) -> float:
    """R²/(1 − R²)·σ², in units of σ² where sigma is None."""
    if isinstance(r2, bool) or not isinstance(r2, Real) or not 0 < float(r2) < 1:
        raise PriorError(f"r2 must lie between 0 and 1, got {r2!r}.")
    if isinstance(p, bool) or not isinstance(p, int | np.integer) or p < 1:
        raise PriorError(f"p must be the number of columns, at least 1, got {p!r}.")
    return float(r2) / (1 - float(r2)) * (1.0 if sigma is None else positive_number("sigma", sigma)) ** 2


class FromR2:
    """What a prior whose field `scale` multiplies all its coefficients has besides."""

    @property
    def unit_spread(self) -> float | None:
        """Standard deviation of a coefficient at scale 1; None where there is none."""
        return None

    @classmethod
    def from_r2(
        cls, r2: float, p: int, *, sigma: float | None = None, hyperprior: ScaleFamily | None = None, **settings: Any
    ) -> Self:
        """The prior that expects to explain a share R² of the target's variance: R² = E Σβ_j²/(E Σβ_j² + σ²).

        Under a hyperprior, or a prior without a variance such as a horseshoe, R² is the prior median of
        Σβ_j²/(Σβ_j² + σ²) instead, and the scale is found by simulation, to about one percent.

        Parameters
        ----------
        r2 : float
            Between 0 and 1.
        p : int
            Number of columns; they are taken to have variance 1, as standardized ones have.
        sigma : float, optional
            Noise standard deviation; by default the prior is scaled by it, known or not.
        hyperprior : callable, optional
            From a scale to a hyperprior of that scale, such as ``br.HalfNormal``; by default the scale is a number.
        **settings
            Other fields of the prior, such as `df` of a Student-t prior.

        Raises
        ------
        PriorError
            If r2 does not lie between 0 and 1, p is no number of columns, sigma is not positive, or the hyperprior's
            number is no scale of it.

        See Also
        --------
        guess_scale : Global scale of a horseshoe from a guess of the number of nonzero coefficients.

        Examples
        --------
        >>> import bayesreg as br
        >>> round(br.Laplace.from_r2(0.5, p=10, sigma=54.0).scale, 3)
        12.075
        >>> br.Horseshoe.from_r2(0.5, p=10, hyperprior=br.HalfCauchy).scaled_by_sigma
        True
        """
        unit: Any = cls(scale=1.0, scaled_by_sigma=sigma is None, **settings)  # type: ignore[call-arg]
        signal = signal_variance(r2, p, sigma)
        spread = unit.unit_spread
        known = hyperprior is None and spread is not None
        scale = (signal / p) ** 0.5 / spread if known else _median_scale(unit, signal, p, hyperprior)
        return cast("Self", unit.with_scale(scale))


def _median_scale(unit: Prior, signal: float, p: int, hyperprior: ScaleFamily | None) -> float | PositivePrior:
    """The scale, or its hyperprior, with which the median of Σβ_j² is the signal's variance."""
    generator = np.random.default_rng(0)
    draws = int(np.clip(NUMBERS // p, FEWEST, MOST))
    squares = _sums_of_squares(unit, p, draws, generator)
    if hyperprior is None:
        return float((signal / np.median(squares)) ** 0.5)
    squares *= _scale_family(hyperprior).draw(generator, (draws,)) ** 2
    return hyperprior(float((signal / np.median(squares)) ** 0.5))


def _sums_of_squares(unit: Prior, p: int, draws: int, generator: np.random.Generator) -> np.ndarray:
    """Σβ_j² of draws at scale 1."""
    names, sums = [str(j) for j in range(p)], []
    for first in range(0, draws, max(1, AT_ONCE // p)):
        count = min(draws - first, max(1, AT_ONCE // p))
        local = {one.name: unit.draw_mixing(generator, (count,), names) for one in unit.unknowns}
        sums.append(np.sum(unit.draw_given(generator, unit.given(names, np.ones(count), local)) ** 2, axis=-1))
    return np.concatenate(sums)


def _scale_family(hyperprior: ScaleFamily) -> PositivePrior:
    """The hyperprior of scale 1; PriorError for one that its number does not scale."""
    one, two = (hyperprior(scale) if callable(hyperprior) else hyperprior for scale in (1.0, 2.0))
    proper = isinstance(one, PositivePrior) and one.proper
    if not proper or abs(one.log_density(0.7) - two.log_density(1.4) - np.log(2)) > 1e-9:
        raise PriorError(
            "hyperprior must make a proper prior of a scale from a number that multiplies it, such as br.HalfNormal, "
            f"br.HalfCauchy or lambda scale: br.HalfStudentT(3.0, scale); got {hyperprior!r}."
        )
    return one

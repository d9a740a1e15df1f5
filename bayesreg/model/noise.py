"""The noise standard deviation sigma: a known number, or unknown with a prior."""

from dataclasses import dataclass
from math import isfinite
from typing import Any

from bayesreg.errors import DataError, PriorError
from bayesreg.families.base import Family
from bayesreg.priors.hyper import HalfStudentT, short
from bayesreg.priors.positive import PositivePrior

# The default prior for an unknown sigma is half-Student-t(3) with this multiple of the target's spread as its scale.
DEFAULT_NOISE_DF, DEFAULT_NOISE_FACTOR = 3.0, 2.5


@dataclass(frozen=True)
class Noise:
    """sigma > 0, in the units of y: exactly one of the two fields is given."""

    sigma: float | None
    prior: PositivePrior | None

    @property
    def known(self) -> bool:
        """Whether sigma is a number."""
        return self.sigma is not None

    def __str__(self) -> str:
        return f"{self.sigma:.4g}" if self.prior is None else short(self.prior)


def read_noise(sigma: object, family: Family, spread: float) -> Noise:
    """Interpret the `sigma` argument of a regression; a family without noise has sigma = 1.

    Parameters
    ----------
    sigma : None, number, or prior
        None means the weak default HalfStudentT(3, 2.5·spread), where the family has a sigma.
    family : Family
    spread : float
        1/n standard deviation of the target in the units of sigma (`Design.noise_spread`).

    Raises
    ------
    PriorError
        If sigma is neither a positive finite number nor a prior, or given for a family without one.
    DataError
        If the default is asked for and the target does not vary.
    """
    if not family.has_sigma:
        if sigma is not None:
            raise PriorError(f"the {family.name} family has no sigma, got sigma={sigma!r}; leave it out.")
        return Noise(1.0, None)
    if sigma is None:
        return Noise(None, _weak_prior(family.noise_spread(spread)))
    if isinstance(sigma, PositivePrior):
        return Noise(None, sigma)
    return Noise(read_sigma(sigma), None)


def read_sigma(sigma: Any) -> float:
    """A noise standard deviation as a float; PriorError for what is no positive finite number."""
    try:
        value = float(sigma)
    except (TypeError, ValueError, OverflowError):
        raise PriorError(f"sigma must be None, a number or a prior such as HalfNormal(1.0), got {sigma!r}.") from None
    if isinstance(sigma, (bool, str)) or not (value > 0 and isfinite(value)):
        raise PriorError(f"sigma must be a positive finite number, got {sigma!r}.")
    return value


def _weak_prior(spread: float) -> PositivePrior:
    if spread <= 0:
        raise DataError("the target is constant, so sigma cannot be learned from it; give sigma as a number.")
    return HalfStudentT(DEFAULT_NOISE_DF, DEFAULT_NOISE_FACTOR * spread)

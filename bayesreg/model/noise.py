"""The noise standard deviation sigma: a known number, or unknown with a prior."""

from dataclasses import dataclass
from math import isfinite

from bayesreg.errors import DataError, PriorError
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


def read_noise(sigma: object, spread: float) -> Noise:
    """Interpret the `sigma` argument of a regression.

    Parameters
    ----------
    sigma : None, number, or prior
        None means the weak default HalfStudentT(3, 2.5·spread).
    spread : float
        1/n standard deviation of the target in the units of sigma (`Design.noise_spread`).

    Raises
    ------
    PriorError
        If sigma is neither a positive finite number nor a prior.
    DataError
        If the default is asked for and the target does not vary.
    """
    if sigma is None:
        if spread <= 0:
            raise DataError("the target is constant, so sigma cannot be learned from it; give sigma as a number.")
        return Noise(None, HalfStudentT(DEFAULT_NOISE_DF, DEFAULT_NOISE_FACTOR * spread))
    if isinstance(sigma, PositivePrior):
        return Noise(None, sigma)
    try:
        value = float(sigma)  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError):
        raise PriorError(f"sigma must be None, a number or a prior such as HalfNormal(1.0), got {sigma!r}.") from None
    if isinstance(sigma, (bool, str)) or not (value > 0 and isfinite(value)):
        raise PriorError(f"sigma must be a positive finite number, got {sigma!r}.")
    return Noise(value, None)


def no_noise(sigma: object, family: str) -> Noise:
    """Return the noise of a family that has none: sigma = 1, which is not for the user to choose.

    Raises
    ------
    PriorError
        If a sigma was given.
    """
    if sigma is not None:
        raise PriorError(f"the {family} family has no sigma, got sigma={sigma!r}; leave it out.")
    return Noise(1.0, None)

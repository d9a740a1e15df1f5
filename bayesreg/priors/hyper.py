"""Priors of a positive unknown, each stated once; what a method gives is said in :mod:`bayesreg.priors.positive`."""

from collections.abc import Callable
from dataclasses import dataclass, fields
from math import inf, isfinite, lgamma, log, pi
from typing import Any, ClassVar, Literal

import numpy as np

from bayesreg.errors import PriorError
from bayesreg.priors.hyper_of_scale import BetaPrime, GammaScale
from bayesreg.priors.positive import (
    Density,
    PositivePrior,
    exponential,
    flat,
    half_normal,
    half_student_t,
    inverse_gamma_sd,
    inverse_gamma_variance,
    one_over_x,
    settle,
)

Array = np.ndarray


def _no_draws(prior: PositivePrior) -> PriorError:
    return PriorError(f"{prior} is improper, so there are no draws from it; give a proper prior.")


@dataclass(frozen=True)
class HalfNormal(PositivePrior):
    r"""Half-Normal prior, log p(x) = ½ log(2/π) − log s − x²/(2s²), for x > 0.

    Parameters
    ----------
    scale : float
        s, the standard deviation of the Normal before folding; in the units of x.

    See Also
    --------
    HalfStudentT : Half-Student-t hyperprior.
    Exponential : Exponential hyperprior.
    InverseGamma : Inverse-gamma hyperprior.
    """

    scale: float

    def __post_init__(self) -> None:
        settle(self, "scale")

    @property
    def density(self) -> Density:
        return Density(half_normal, self.scale, 0.0, 0.5 * log(2 / pi) - log(self.scale))

    def log_density_slope(self, x: float) -> float:
        return -x / self.scale / self.scale

    def log_density_of_log(self, t: Array) -> Array:
        return 0.5 * log(2 / pi) + (t - log(self.scale)) - 0.5 * np.exp(2 * (t - log(self.scale)))

    @property
    def log_center(self) -> float:
        return log(self.scale)

    def draw(self, generator: np.random.Generator, shape: tuple[int, ...]) -> Array:
        return self.scale * np.abs(generator.standard_normal(shape))


@dataclass(frozen=True)
class Exponential(PositivePrior):
    """Exponential prior, log p(x) = log rate − rate·x.

    Parameters
    ----------
    rate : float
        Inverse of the prior mean; in inverse units of x.

    See Also
    --------
    HalfNormal : Half-normal hyperprior.
    HalfStudentT : Half-Student-t hyperprior.
    Uniform : Uniform hyperprior.
    """

    rate: float

    def __post_init__(self) -> None:
        settle(self, "rate")

    @property
    def density(self) -> Density:
        return Density(exponential, self.rate, 0.0, log(self.rate))

    def log_density_slope(self, x: float) -> float:
        return -self.rate

    def log_density_of_log(self, t: Array) -> Array:
        return log(self.rate) + t - np.exp(t + log(self.rate))

    @property
    def log_center(self) -> float:
        return -log(self.rate)

    def draw(self, generator: np.random.Generator, shape: tuple[int, ...]) -> Array:
        return generator.standard_exponential(shape) / self.rate


@dataclass(frozen=True)
class HalfStudentT(PositivePrior):
    """Half-Student-t prior with `df` degrees of freedom: p(x) ∝ (1 + x²/(df·scale²))^(−(df+1)/2).

    Parameters
    ----------
    df : float
        Degrees of freedom; 1 is the half-Cauchy.
    scale : float
        In the units of x.

    See Also
    --------
    HalfNormal : Half-normal hyperprior.
    HalfCauchy : Half-Cauchy hyperprior.
    """

    df: float
    scale: float

    def __post_init__(self) -> None:
        settle(self, "df", "scale")

    def __repr__(self) -> str:
        return _as_call(self, repr)

    @property
    def density(self) -> Density:
        df = self.df
        constant = log(2) + lgamma((df + 1) / 2) - lgamma(df / 2) - 0.5 * log(df * pi) - log(self.scale)
        return Density(half_student_t, df, self.scale, constant)

    def log_density_slope(self, x: float) -> float:
        z = x / self.scale
        return -(self.df + 1) / (self.df / z + z) / self.scale

    def log_density_of_log(self, t: Array) -> Array:
        df, z = self.df, t - log(self.scale)
        constant = log(2) + lgamma((df + 1) / 2) - lgamma(df / 2) - 0.5 * log(df * pi)
        return constant + z - 0.5 * (df + 1) * np.logaddexp(0.0, 2 * z - log(df))

    @property
    def log_center(self) -> float:
        return log(self.scale)

    def draw(self, generator: np.random.Generator, shape: tuple[int, ...]) -> Array:
        return self.scale * np.abs(generator.standard_t(self.df, shape))


def HalfCauchy(scale: float) -> HalfStudentT:  # noqa: N802 - reads as the distribution that it returns
    """Half-Cauchy prior: the half-Student-t with one degree of freedom.

    Parameters
    ----------
    scale : float
        The median, in the units of x.

    See Also
    --------
    HalfStudentT : Half-Student-t hyperprior.
    HalfNormal : Half-normal hyperprior.
    Horseshoe : Horseshoe prior.
    """
    return HalfStudentT(1.0, scale)


@dataclass(frozen=True)
class InverseGamma(PositivePrior):
    """Inverse-gamma prior on the variance x² (or on x): p(v) ∝ v^(−shape−1) exp(−scale/v).

    Parameters
    ----------
    shape : float
        Without units.
    scale : float
        In the units of x² for ``on="variance"``, of x for ``on="sd"``.
    on : {"variance", "sd"}
        Which quantity v has the inverse-gamma distribution. The density returned is always that
        of x, so that for the variance it carries the Jacobian 2x.

    See Also
    --------
    Gamma : Gamma hyperprior of a precision.
    HalfNormal : Half-normal hyperprior.
    Jeffreys : Improper prior 1/sigma.
    """

    shape: float
    scale: float
    on: Literal["variance", "sd"] = "variance"
    power_at_zero: ClassVar[float] = inf

    def __post_init__(self) -> None:
        settle(self, "shape", "scale")
        if self.on not in ("variance", "sd"):
            raise PriorError(f'on must be "variance" or "sd", got {self.on!r}.')

    @property
    def _power(self) -> int:
        """Of x in the quantity that is inverse-gamma."""
        return 1 if self.on == "sd" else 2

    @property
    def density(self) -> Density:
        kernel = inverse_gamma_sd if self.on == "sd" else inverse_gamma_variance
        constant = self.shape * log(self.scale) - lgamma(self.shape) + log(self._power)
        return Density(kernel, self.shape, self.scale, constant)

    @property
    def inverse_gamma_variance(self) -> tuple[float, float] | None:
        return (self.shape, self.scale) if self.on == "variance" else None

    def log_density_slope(self, x: float) -> float:
        if self.on == "sd":
            return -(self.shape + 1) / x + self.scale / x / x
        return -(2 * self.shape + 1) / x + 2 * self.scale / x / x / x

    def log_density_of_log(self, t: Array) -> Array:
        power = self._power
        constant = self.shape * log(self.scale) - lgamma(self.shape) + log(power)
        return constant - power * self.shape * t - np.exp(log(self.scale) - power * t)

    @property
    def log_center(self) -> float:
        return log(self.scale / self.shape) / self._power

    def draw(self, generator: np.random.Generator, shape: tuple[int, ...]) -> Array:
        values = self.scale / generator.standard_gamma(self.shape, shape)
        return values if self.on == "sd" else np.sqrt(values)


@dataclass(frozen=True)
class Jeffreys(PositivePrior):
    """The improper prior that is flat in log x: p(x) ∝ 1/x, for a noise standard deviation.

    See Also
    --------
    InverseGamma : Inverse-gamma hyperprior.
    Uniform : Uniform hyperprior.
    HalfStudentT : Half-Student-t hyperprior.
    """

    power_at_zero: ClassVar[float] = -1.0

    @property
    def density(self) -> Density:
        return Density(one_over_x, 0.0, 0.0, 0.0)

    @property
    def proper(self) -> bool:
        return False

    @property
    def inverse_gamma_variance(self) -> tuple[float, float]:
        return 0.0, 0.0

    def log_density_slope(self, x: float) -> float:
        return -1 / x

    def log_density_of_log(self, t: Array) -> Array:
        return np.zeros_like(t)

    @property
    def log_center(self) -> None:
        return None

    def draw(self, generator: np.random.Generator, shape: tuple[int, ...]) -> Array:
        raise _no_draws(self)


@dataclass(frozen=True)
class Uniform(PositivePrior):
    """Uniform prior on (0, upper): p(x) = 1/upper; improper, with density 1, for an infinite upper end.

    Parameters
    ----------
    upper : float
        In the units of x.

    See Also
    --------
    HalfNormal : Half-normal hyperprior.
    Jeffreys : Improper prior 1/sigma.
    """

    upper: float

    def __post_init__(self) -> None:
        if self.upper != inf:
            settle(self, "upper")

    @property
    def density(self) -> Density:
        return Density(flat, float(self.upper), 0.0, -log(self.upper) if self.proper else 0.0)

    @property
    def proper(self) -> bool:
        return isfinite(self.upper)

    @property
    def log_upper(self) -> float:
        return log(self.upper) if self.proper else inf

    def log_density_slope(self, x: float) -> float:
        return 0.0

    def log_density_of_log(self, t: Array) -> Array:
        if not self.proper:
            return t + 0.0
        return np.where(t <= log(self.upper) + 1e-12, t - log(self.upper), -inf)

    @property
    def log_center(self) -> float | None:
        return log(self.upper) if self.proper else None

    def draw(self, generator: np.random.Generator, shape: tuple[int, ...]) -> Array:
        if not self.proper:
            raise _no_draws(self)
        return self.upper * (1 - generator.random(shape))


@dataclass(frozen=True)
class Gamma(PositivePrior):
    r"""Gamma prior on the strength of a penalty, as a prior of its inverse, the prior's scale.

    Strength 1/b ~ Gamma(shape, rate) means b ~ InverseGamma(shape, rate); for
    ``on="squared_strength"`` 1/b² ~ Gamma(shape, rate) means b² ~ InverseGamma(shape, rate). With
    ``Laplace(Gamma(r, δ, on="squared_strength"), scaled_by_sigma=True)`` it is the prior λ² ~ Gamma(r, δ)
    of Park & Casella (2008, doi:10.1198/016214508000000337); with a Normal prior the precision 1/s² is
    the squared strength.

    Parameters
    ----------
    shape : float
        Without units.
    rate : float
        In the units of the scale, or of its square.
    on : {"strength", "squared_strength"}

    See Also
    --------
    InverseGamma : Inverse-gamma hyperprior.
    HalfStudentT : Half-Student-t hyperprior.

    Examples
    --------
    >>> import bayesreg as br
    >>> br.Gamma(1.0, 1.78, on="squared_strength").log_density(0.5) == br.InverseGamma(1.0, 1.78).log_density(0.5)
    True
    """

    shape: float
    rate: float
    on: Literal["strength", "squared_strength"] = "strength"
    power_at_zero: ClassVar[float] = inf

    def __post_init__(self) -> None:
        settle(self, "shape", "rate")
        if self.on not in ("strength", "squared_strength"):
            raise PriorError(f'on must be "strength" or "squared_strength", got {self.on!r}.')

    @property
    def of_scale(self) -> InverseGamma:
        """The same belief, said of the scale."""
        return InverseGamma(self.shape, self.rate, "sd" if self.on == "strength" else "variance")

    @property
    def density(self) -> Density:
        return self.of_scale.density

    @property
    def inverse_gamma_variance(self) -> tuple[float, float] | None:
        return self.of_scale.inverse_gamma_variance

    def log_density_slope(self, x: float) -> float:
        return self.of_scale.log_density_slope(x)

    def log_density_of_log(self, t: Array) -> Array:
        return self.of_scale.log_density_of_log(t)

    @property
    def log_center(self) -> float:
        return self.of_scale.log_center

    def draw(self, generator: np.random.Generator, shape: tuple[int, ...]) -> Array:
        return self.of_scale.draw(generator, shape)


# What a repr of a prior may begin with.
POSITIVE_PRIORS: tuple[Callable[..., PositivePrior], ...] = (
    HalfNormal,
    Exponential,
    HalfCauchy,
    HalfStudentT,
    InverseGamma,
    Gamma,
    GammaScale,
    BetaPrime,
    Jeffreys,
    Uniform,
)


def short(prior: PositivePrior) -> str:
    """A prior in four digits, for messages and pages.

    Examples
    --------
    >>> short(HalfStudentT(3.0, 138.81123))
    'HalfStudentT(df=3, scale=138.8)'
    """
    return _as_call(prior, lambda value: value if isinstance(value, str) else f"{value:.4g}")


def _as_call(prior: PositivePrior, written: Callable[[Any], str]) -> str:
    """As the call that makes the prior."""
    name, settings = type(prior).__name__, {field.name: getattr(prior, field.name) for field in fields(prior)}  # type: ignore[arg-type]
    if isinstance(prior, HalfStudentT) and prior.df == 1:
        name, settings = "HalfCauchy", {"scale": prior.scale}
    return f"{name}({', '.join(f'{key}={written(value)}' for key, value in settings.items())})"

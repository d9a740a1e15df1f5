"""Priors for a positive quantity: the noise standard deviation sigma, or the scale of another prior.

Each is frozen data with its log density *with respect to the quantity itself* (not its square or
logarithm), up to the constant that makes it integrate to 1; `Jeffreys` is improper and has none.
"""

from collections.abc import Callable
from dataclasses import dataclass, fields
from math import inf, lgamma, log, log1p, pi
from numbers import Real
from typing import Any, Literal

from bayesreg.errors import PriorError


def _settle(prior: object, *names: str) -> None:
    """Require positive finite numbers, and keep them as Python's own, so that a prior's repr can be read back."""
    for name in names:
        value = getattr(prior, name)
        if isinstance(value, bool) or not isinstance(value, Real) or not 0 < float(value) < inf:
            raise PriorError(f"{name} must be a positive finite number, got {value!r}.")
        object.__setattr__(prior, name, float(value))


@dataclass(frozen=True)
class HalfNormal:
    r"""Half-Normal prior, log p(x) = ½ log(2/π) − log s − x²/(2s²), for x > 0.

    Parameters
    ----------
    scale : float
        s, the standard deviation of the Normal before folding; in the units of x.
    """

    scale: float

    def __post_init__(self) -> None:
        _settle(self, "scale")

    def log_density(self, x: float) -> float:
        """Log density at x > 0."""
        z = x / self.scale
        return 0.5 * log(2 / pi) - log(self.scale) - 0.5 * z * z

    def log_density_slope(self, x: float) -> float:
        """Derivative of the log density at x > 0."""
        return -x / self.scale / self.scale


@dataclass(frozen=True)
class Exponential:
    """Exponential prior, log p(x) = log rate − rate·x.

    Parameters
    ----------
    rate : float
        Inverse of the prior mean; in inverse units of x.
    """

    rate: float

    def __post_init__(self) -> None:
        _settle(self, "rate")

    def log_density(self, x: float) -> float:
        """Log density at x > 0."""
        return log(self.rate) - self.rate * x

    def log_density_slope(self, x: float) -> float:
        """Derivative of the log density at x > 0."""
        return -self.rate


@dataclass(frozen=True)
class HalfStudentT:
    """Half-Student-t prior with `df` degrees of freedom: p(x) ∝ (1 + x²/(df·scale²))^(−(df+1)/2).

    Parameters
    ----------
    df : float
        Degrees of freedom; 1 is the half-Cauchy.
    scale : float
        In the units of x.
    """

    df: float
    scale: float

    def __post_init__(self) -> None:
        _settle(self, "df", "scale")

    def __repr__(self) -> str:
        return _written(self, repr)

    def log_density(self, x: float) -> float:
        """Log density at x > 0."""
        df, z = self.df, x / self.scale
        constant = log(2) + lgamma((df + 1) / 2) - lgamma(df / 2) - 0.5 * log(df * pi) - log(self.scale)
        # For a huge z the 1 is nothing, and its square may not be a number.
        tail = log1p(z * z / df) if z < 1e100 else 2 * log(z) - log(df)
        return constant - 0.5 * (df + 1) * tail

    def log_density_slope(self, x: float) -> float:
        """Derivative of the log density at x > 0."""
        z = x / self.scale
        return -(self.df + 1) / (self.df / z + z) / self.scale


def HalfCauchy(scale: float) -> HalfStudentT:  # noqa: N802 - reads as the distribution that it returns
    """Half-Cauchy prior: the half-Student-t with one degree of freedom."""
    return HalfStudentT(1.0, scale)


@dataclass(frozen=True)
class InverseGamma:
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
    """

    shape: float
    scale: float
    on: Literal["variance", "sd"] = "variance"

    def __post_init__(self) -> None:
        _settle(self, "shape", "scale")
        if self.on not in ("variance", "sd"):
            raise PriorError(f'on must be "variance" or "sd", got {self.on!r}.')

    def log_density(self, x: float) -> float:
        """Log density at x > 0."""
        constant = self.shape * log(self.scale) - lgamma(self.shape)
        if self.on == "sd":
            return constant - (self.shape + 1) * log(x) - self.scale / x
        return constant - (2 * self.shape + 1) * log(x) - self.scale / x / x + log(2)

    def log_density_slope(self, x: float) -> float:
        """Derivative of the log density at x > 0."""
        if self.on == "sd":
            return -(self.shape + 1) / x + self.scale / x / x
        return -(2 * self.shape + 1) / x + 2 * self.scale / x / x / x


@dataclass(frozen=True)
class Jeffreys:
    """The improper prior that is flat in log x: p(x) ∝ 1/x, for a noise standard deviation."""

    def log_density(self, x: float) -> float:
        """Log of the unnormalized density 1/x at x > 0."""
        return -log(x) if x > 0 else inf

    def log_density_slope(self, x: float) -> float:
        """Derivative of the log density at x > 0."""
        return -1 / x


@dataclass(frozen=True)
class Uniform:
    """Uniform prior on (0, upper): p(x) = 1/upper; improper, with density 1, for an infinite upper end.

    Parameters
    ----------
    upper : float
        In the units of x.
    """

    upper: float

    def __post_init__(self) -> None:
        if self.upper != inf:
            _settle(self, "upper")

    def log_density(self, x: float) -> float:
        """Log density at x > 0; −inf beyond the upper end."""
        if x > self.upper:
            return -inf
        return 0.0 if self.upper == inf else -log(self.upper)

    def log_density_slope(self, x: float) -> float:
        """Derivative of the log density at 0 < x < upper."""
        return 0.0


def Gamma(  # noqa: N802 - reads as the distribution that it stands for
    shape: float, rate: float, on: Literal["strength", "squared_strength"] = "strength"
) -> InverseGamma:
    r"""Gamma prior on the strength of a penalty, stated for the prior's scale, as whose inverse it counts.

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

    Examples
    --------
    >>> import bayesreg as br
    >>> br.Gamma(1.0, 1.78, on="squared_strength")
    InverseGamma(shape=1.0, scale=1.78, on='variance')
    """
    if on not in ("strength", "squared_strength"):
        raise PriorError(f'on must be "strength" or "squared_strength", got {on!r}.')
    return InverseGamma(shape, rate, on="sd" if on == "strength" else "variance")


def short(prior: "PositivePrior") -> str:
    """A prior in four digits, for messages and pages.

    Examples
    --------
    >>> short(HalfStudentT(3.0, 138.81123))
    'HalfStudentT(df=3, scale=138.8)'
    """
    return _written(prior, lambda value: value if isinstance(value, str) else f"{value:.4g}")


def _written(prior: "PositivePrior", told: Callable[[Any], str]) -> str:
    """As the call that makes the prior."""
    name, settings = type(prior).__name__, {field.name: getattr(prior, field.name) for field in fields(prior)}
    if isinstance(prior, HalfStudentT) and prior.df == 1:
        name, settings = "HalfCauchy", {"scale": prior.scale}
    return f"{name}({', '.join(f'{key}={told(value)}' for key, value in settings.items())})"


PositivePrior = HalfNormal | Exponential | HalfStudentT | InverseGamma | Jeffreys | Uniform

"""Hyperpriors of a scale itself: gamma, as chi-square ones are, and beta prime, which is a beta prior of R²."""

from dataclasses import dataclass
from math import lgamma, log
from typing import Literal

import numpy as np

from bayesreg.errors import PriorError
from bayesreg.priors.positive import Density, PositivePrior, beta_prime, gamma_sd, gamma_variance, settle

Array = np.ndarray
# A draw of a small shape may be less than any number; its root is then this.
LEAST = 1e-150


@dataclass(frozen=True)
class GammaScale(PositivePrior):
    r"""Gamma prior on the unknown x itself (or on x²): p(v) ∝ v^(shape−1) exp(−rate·v).

    A chi-square prior with df degrees of freedom, times s, is ``GammaScale(df/2, 1/(2s))``: with
    ``Laplace(GammaScale(df/2, 1/(2s)))`` it is the prior ``lasso(df, scale=s)`` of the R package rstanarm.

    Parameters
    ----------
    shape : float
        Without units.
    rate : float
        In inverse units of x for ``on="sd"``, of x² for ``on="variance"``.
    on : {"sd", "variance"}
        Which quantity v has the gamma distribution. The density returned is always that of x.

    See Also
    --------
    Gamma : Gamma hyperprior of a strength, one over a scale.
    InverseGamma : Inverse-gamma hyperprior.

    Examples
    --------
    >>> import bayesreg as br
    >>> br.GammaScale(1.0, 0.3).log_density(2.0) == br.Exponential(0.3).log_density(2.0)
    True
    """

    shape: float
    rate: float
    on: Literal["sd", "variance"] = "sd"

    def __post_init__(self) -> None:
        settle(self, "shape", "rate")
        if self.on not in ("sd", "variance"):
            raise PriorError(f'on must be "sd" or "variance", got {self.on!r}.')
        object.__setattr__(self, "power_at_zero", self._power * self.shape - 1)

    @property
    def _power(self) -> int:
        """Of x in the quantity that is gamma."""
        return 1 if self.on == "sd" else 2

    @property
    def _log_constant(self) -> float:
        return self.shape * log(self.rate) - lgamma(self.shape) + log(self._power)

    @property
    def density(self) -> Density:
        kernel = gamma_sd if self.on == "sd" else gamma_variance
        return Density(kernel, self.shape, self.rate, self._log_constant)

    def log_density_slope(self, x: float) -> float:
        return float((self._power * self.shape - 1) / x - self._power * self.rate * x ** (self._power - 1))

    def log_density_of_log(self, t: Array) -> Array:
        power = self._power
        return np.asarray(self._log_constant + power * self.shape * t - np.exp(log(self.rate) + power * t))

    @property
    def log_center(self) -> float:
        return log(self.shape / self.rate) / self._power

    def draw(self, generator: np.random.Generator, shape: tuple[int, ...]) -> Array:
        values = generator.standard_gamma(self.shape, shape) / self.rate
        return np.maximum(values if self.on == "sd" else np.sqrt(values), LEAST)


@dataclass(frozen=True)
class BetaPrime(PositivePrior):
    r"""Beta prior on x²/(1 + x²), the share of variance R² where x is the ratio of signal to noise.

    x² has the beta prime distribution: p(x) ∝ x^(2·first−1) (1 + x²)^(−first−second). The half-Cauchy of scale 1 is
    ``BetaPrime(0.5, 0.5)``.

    Parameters
    ----------
    first, second : float
        Shapes of the beta distribution; its mean is first/(first + second).

    See Also
    --------
    HalfCauchy : Half-Cauchy hyperprior.
    R2D2 : Prior of coefficients that share what a beta prior of R² gives them.

    Examples
    --------
    >>> import bayesreg as br
    >>> abs(br.BetaPrime(0.5, 0.5).log_density(2.0) - br.HalfCauchy(1.0).log_density(2.0)) < 1e-12
    True
    """

    first: float
    second: float

    def __post_init__(self) -> None:
        settle(self, "first", "second")
        object.__setattr__(self, "power_at_zero", 2 * self.first - 1)

    @property
    def _log_constant(self) -> float:
        return log(2) + lgamma(self.first + self.second) - lgamma(self.first) - lgamma(self.second)

    @property
    def density(self) -> Density:
        return Density(beta_prime, self.first, self.second, self._log_constant)

    def log_density_slope(self, x: float) -> float:
        return (2 * self.first - 1) / x - 2 * (self.first + self.second) / (x + 1 / x)

    def log_density_of_log(self, t: Array) -> Array:
        tail = np.logaddexp(0.0, 2 * t)
        return np.asarray(self._log_constant + 2 * self.first * t - (self.first + self.second) * tail)

    @property
    def log_center(self) -> float:
        return 0.5 * log(self.first / self.second)

    def draw(self, generator: np.random.Generator, shape: tuple[int, ...]) -> Array:
        signal, noise = (generator.standard_gamma(one, shape) for one in (self.first, self.second))
        return np.maximum(np.sqrt(signal / np.maximum(noise, LEAST)), LEAST)

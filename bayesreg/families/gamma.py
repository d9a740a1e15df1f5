"""Positive numbers whose spread grows with their mean, with the log link."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from bayesreg.families.base import Array, TargetKind
from bayesreg.families.links import LogLink


@dataclass(frozen=True)
class GammaFamily(LogLink):
    """y ~ Gamma with mean e^η and coefficient of variation σ (shape 1/σ²); loss y·e^−η + η.

    σ² is the dispersion of generalized linear models (McCullagh & Nelder 1989, doi:10.1007/978-1-4899-3242-6).
    """

    name: ClassVar[str] = "gamma"
    has_sigma: ClassVar[bool] = True
    target_kind: ClassVar[TargetKind] = "positive"
    holds: ClassVar[str] = "positive finite numbers"
    cure: ClassVar[str] = 'Leave out what is 0, or use family="poisson" for counts.'
    likelihood: ClassVar[str] = "Gamma(mean exp(η_i), coefficient of variation {sigma}),  η_i = {mean}"
    largest_slope: ClassVar[float] = np.inf

    def loss(self, y: Array, eta: Array, sigma: Array | float = 1.0) -> Array:
        """y·e^−η + η."""
        return self._ratio(y, eta) + eta

    def slope(self, y: Array, eta: Array, sigma: Array | float = 1.0) -> Array:
        """1 − y·e^−η."""
        return 1.0 - self._ratio(y, eta)

    def slope_size(self, y: Array, offset: Array, sigma: Array | float = 1.0) -> Array:
        """2: at the mean both parts of the slope are 1."""
        return np.full(np.shape(y), 2.0)

    def curvature(self, y: Array, eta: Array, sigma: Array | float = 1.0) -> Array:
        """y·e^−η."""
        return self._ratio(y, eta)

    def dual_gap(self, y: Array, eta: Array, dual: Array, sigma: Array | float = 1.0) -> Array:
        """Q log(q/r) − q + r with q = 1 + u and r = y·e^−η; infinite for q < 0."""
        from scipy.special import kl_div

        q = 1.0 + dual
        return kl_div(np.where(q > -1e-12, np.maximum(q, 0.0), q), self._ratio(y, eta))

    def log_likelihood(self, y: Array, eta: Array, sigma: Array | float = 1.0) -> Array:
        """K log k − log Γ(k) + (k − 1) log y − k·(y·e^−η + η), k = 1/σ²."""
        from scipy.special import gammaln

        shape = 1.0 / np.asarray(sigma) ** 2
        return shape * np.log(shape) - gammaln(shape) + (shape - 1) * np.log(y) - shape * self.loss(y, eta)

    def log_sigma_slope(self, y: Array, eta: Array, sigma: Array | float = 1.0) -> Array:
        """−2k·(log k + 1 − ψ(k) + log y − y·e^−η − η), k = 1/σ²."""
        from scipy.special import digamma

        shape = 1.0 / np.asarray(sigma) ** 2
        return -2.0 * shape * (np.log(shape) + 1.0 - digamma(shape) + np.log(y) - self.loss(y, eta))

    def information(self, eta: Array) -> Array:
        """1."""
        return np.ones_like(eta)

    def draw(self, generator: np.random.Generator, eta: Array, sigma: Array | float = 1.0) -> Array:
        """Draw from the gamma distribution."""
        shape = np.broadcast_to(1.0 / np.asarray(sigma) ** 2, eta.shape)
        return self.mean(eta) * generator.standard_gamma(shape) / shape

    def allows(self, y: Array) -> Array:
        """Positive finite numbers."""
        return (y > 0) & np.isfinite(y)

    def noise_spread(self, spread: float) -> float:
        """1, since σ has no unit."""
        return 1.0

    @staticmethod
    def _ratio(y: Array, eta: Array) -> Array:
        with np.errstate(over="ignore"):
            return y * np.exp(-eta)

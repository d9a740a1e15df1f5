"""A family from outside: classes 0 and 1 with the probit link."""

from typing import ClassVar

import numpy as np
from scipy.special import log_ndtr, ndtr, ndtri

import bayesreg as br


class Probit(br.Family):
    """y ~ Bernoulli(Φ(η)); loss −log Φ((2y − 1)·η)."""

    name: ClassVar[str] = "probit"
    has_sigma: ClassVar[bool] = False
    target_kind: ClassVar[str] = "classes"
    holds: ClassVar[str] = "0 and 1"
    effect: ClassVar[str] = "the probit of "
    likelihood: ClassVar[str] = "Bernoulli(Φ(η_i)),  η_i = {mean}"
    largest_slope: ClassVar[float] = np.inf

    def loss(self, y, eta, sigma=1.0):
        """−log Φ(s), s = (2y − 1)·η."""
        return -log_ndtr((2 * y - 1) * eta)

    def slope(self, y, eta, sigma=1.0):
        """−(2y − 1)·φ(s)/Φ(s)."""
        sign = 2 * y - 1
        return -sign * self._ratio(sign * eta)

    def slope_size(self, y, offset, sigma=1.0):
        """1 + |y|."""
        return 1 + np.abs(y)

    def curvature(self, y, eta, sigma=1.0):
        """m(m + s), m = φ(s)/Φ(s)."""
        s = (2 * y - 1) * eta
        return self._ratio(s) * (self._ratio(s) + s)

    def log_likelihood(self, y, eta, sigma=1.0):
        """log Φ(s)."""
        return -self.loss(y, eta)

    def mean(self, eta):
        """Φ(η)."""
        return ndtr(eta)

    def start(self, mean):
        """Φ⁻¹(mean)."""
        return float(ndtri(mean))

    def information(self, eta):
        """φ²/(Φ(1 − Φ))."""
        return self._ratio(eta) * self._ratio(-eta)

    def draw(self, generator, eta, sigma=1.0):
        """Draw 0 or 1."""
        return (generator.random(eta.shape) < self.mean(eta)).astype(float)

    def allows(self, y):
        """0 and 1."""
        return (y == 0) | (y == 1)

    def near_zero_unit(self, sd_y):
        """1, the standard deviation of the latent Normal."""
        return 1.0, ""

    @staticmethod
    def _ratio(s):
        return np.exp(-0.5 * s**2 - log_ndtr(s)) / np.sqrt(2 * np.pi)

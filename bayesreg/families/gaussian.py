"""Gaussian noise: least squares."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from bayesreg.families.base import Array
from bayesreg.families.links import LocationScale


@dataclass(frozen=True)
class Gaussian(LocationScale):
    """y ~ Normal(η, σ²); loss ½(y − η)²."""

    name: ClassVar[str] = "gaussian"
    quadratic: ClassVar[bool] = True
    likelihood: ClassVar[str] = "Normal({mean}, {sigma})"
    largest_slope: ClassVar[float] = np.inf

    def loss(self, y: Array, eta: Array, sigma: Array | float = 1.0) -> Array:
        """½(y − η)²."""
        return 0.5 * (y - eta) ** 2

    def slope(self, y: Array, eta: Array, sigma: Array | float = 1.0) -> Array:
        """η − y."""
        return eta - y

    def slope_size(self, y: Array, offset: Array, sigma: Array | float = 1.0) -> Array:
        """|y| + |offset|."""
        return np.abs(y) + np.abs(offset)

    def curvature(self, y: Array, eta: Array, sigma: Array | float = 1.0) -> Array:
        """1."""
        return np.ones_like(eta)

    def dual_gap(self, y: Array, eta: Array, dual: Array, sigma: Array | float = 1.0) -> Array:
        """½(y − η − u)²."""
        return 0.5 * (y - eta - dual) ** 2

    def log_likelihood(self, y: Array, eta: Array, sigma: Array | float = 1.0) -> Array:
        """−½log 2π − log σ − (y − η)²/(2σ²)."""
        return -0.5 * np.log(2 * np.pi) - np.log(sigma) - 0.5 * ((y - eta) / sigma) ** 2

    def draw(self, generator: np.random.Generator, eta: Array, sigma: Array | float = 1.0) -> Array:
        """Draw from Normal(η, σ²)."""
        return eta + sigma * generator.standard_normal(eta.shape)

    def information(self, eta: Array) -> Array:
        """1."""
        return np.ones_like(eta)

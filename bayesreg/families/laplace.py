"""Laplace noise: least absolute deviations."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from bayesreg.families.base import Array
from bayesreg.families.links import LocationScale


@dataclass(frozen=True)
class LaplaceNoise(LocationScale):
    r"""y = η + σ·Laplace noise, with density exp(−|y − η|/σ)/(2σ); loss σ·|y − η|, least absolute deviations.

    σ is the scale of the noise and √2·σ its standard deviation; the maximum of the likelihood is a median
    regression (Koenker & Bassett 1978, doi:10.2307/1913643). The loss is convex with a kink at η = y, so
    an estimate passes through some rows exactly, and may be one of many: then one of them is returned.

    See Also
    --------
    StudentT : Family with Student-t noise.
    Regression : Data, prior, noise and family of a regression.

    Examples
    --------
    >>> import bayesreg as br
    >>> X, y = [[-2.0], [-1.0], [0.0], [1.0], [2.0]], [1.0, 3.0, 5.0, 7.0, 900.0]
    >>> reg = br.Regression(X, y, prior=br.Laplace(10.0), family=br.LaplaceNoise(), sigma=1.0)
    >>> float(br.map_estimate(reg).coef[0].round(12))
    2.0
    """

    name: ClassVar[str] = "laplace"
    smooth: ClassVar[bool] = False
    weight_exponent: ClassVar[float] = 0.5
    likelihood: ClassVar[str] = "Laplace({mean}, {sigma})"
    largest_slope: ClassVar[float] = 1.0

    def loss(self, y: Array, eta: Array, sigma: Array | float = 1.0) -> Array:
        """σ·|y − η|."""
        return sigma * np.abs(y - eta)

    def slope(self, y: Array, eta: Array, sigma: Array | float = 1.0) -> Array:
        """−σ·sign(y − η), at the kink the subgradient 0."""
        return -sigma * np.sign(y - eta)

    def slope_size(self, y: Array, offset: Array, sigma: Array | float = 1.0) -> Array:
        """σ."""
        return np.broadcast_to(sigma, y.shape)

    def curvature(self, y: Array, eta: Array, sigma: Array | float = 1.0) -> Array:
        """0, wherever the loss has a derivative."""
        return np.zeros(np.broadcast_shapes(np.shape(y), np.shape(eta)))

    def upper_curvature(self, y: Array, eta: Array, sigma: Array | float = 1.0) -> Array:
        """σ/|y − η|: the weight of iteratively reweighted least squares, which majorizes the loss; finite at 0."""
        return sigma / np.maximum(np.abs(y - eta), np.finfo(float).eps * sigma)

    def dual_gap(self, y: Array, eta: Array, dual: Array, sigma: Array | float = 1.0) -> Array:
        """σ·|y − η| − u·(y − η), infinite for a dual point outside [−σ, σ]."""
        inside = np.clip(dual, -sigma, sigma)
        gap = np.maximum(sigma * np.abs(y - eta) - inside * (y - eta), 0.0)
        return np.where(np.abs(dual - inside) <= 1e-12 * sigma, gap, np.inf)

    def log_likelihood(self, y: Array, eta: Array, sigma: Array | float = 1.0) -> Array:
        """−log 2σ − |y − η|/σ."""
        return -np.log(2 * sigma) - np.abs(y - eta) / sigma

    def draw(self, generator: np.random.Generator, eta: Array, sigma: Array | float = 1.0) -> Array:
        """Draw η + σ·Laplace noise."""
        return eta + generator.laplace(size=eta.shape) * sigma

    def information(self, eta: Array) -> Array:
        """1: the expected square of the slope in units of sigma."""
        return np.ones_like(eta)

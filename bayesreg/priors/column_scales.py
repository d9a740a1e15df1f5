"""The scales of a prior that is a penalty, one pair per column, and the density, draws and mixture that they give.

p(x) ∝ exp(−|x|/b − x²/(2s²)) is Normal given its mixing variance τ: x | τ ~ Normal(0, 1/(1/(b²τ) + 1/s²)), where τ has
the density ½exp(−τ/2) (Park & Casella 2008, doi:10.1198/016214508000000337) times (1 + b²τ/s²)^(−½) if both are there.
"""

from dataclasses import dataclass

import numpy as np

Array = np.ndarray
# From this ratio s/b on the elastic-net prior is a Laplace prior to rounding.
STEEPEST = 1e6
# A Normal part so many times wider than the Laplace part does not tilt its mixture.
FAR = 1e4


@dataclass(frozen=True)
class ColumnScales:
    """The scales of a prior, resolved to one pair per column; infinity means that a part is absent.

    Attributes
    ----------
    laplace, normal : ndarray, shape (p,)
        Laplace scale b_j and Normal standard deviation s_j, each in (0, inf]. A column with both
        infinite is flat (unpenalized); one with both finite has the elastic-net prior.
    scaled_by_sigma : bool
        Whether each scale is to be multiplied by sigma.

    See Also
    --------
    PenaltyPrior : Priors that state them.
    """

    laplace: Array
    normal: Array
    scaled_by_sigma: bool

    def at(self, sigma: float) -> "ColumnScales":
        """The same prior with sigma multiplied in."""
        factor = sigma if self.scaled_by_sigma else 1.0
        return ColumnScales(self.laplace * factor, self.normal * factor, False)

    @property
    def is_flat(self) -> Array:
        """Which columns have no prior at all, shape (p,)."""
        return np.isinf(self.laplace) & np.isinf(self.normal)

    def log_density(self, beta: Array) -> Array:
        """Elementwise log density at beta, shape (..., p); a flat column has density 1."""
        return elastic_net_log_density(np.asarray(beta, dtype=float), self.laplace, self.normal)

    def precision(self, factor: Array, tau: Array) -> Array:
        """1/(b_j²τ_j) + 1/s_j², shape (..., p), with both scales times a factor."""
        return (1 / (self.normal * factor)) ** 2 + 1 / tau / (self.laplace * factor) ** 2


def elastic_net_log_density(beta: Array, laplace: Array, normal: Array) -> Array:
    """Elementwise log of exp(−|β|/b − β²/(2s²)) / C, where C = 2b, √(2π)s or √(2π)s·erfcx(s/(√2 b)).

    The three constants belong to a Laplace prior (s infinite), a Normal prior (b infinite) and both.
    """
    return -np.abs(beta) / laplace - 0.5 * (beta / normal) ** 2 - _log_constant(laplace, normal)


def _log_constant(laplace: Array, normal: Array) -> Array:
    from scipy.special import erfcx

    laplace, normal = np.broadcast_arrays(np.asarray(laplace, float), np.asarray(normal, float))
    constant = np.zeros(laplace.shape)
    only_laplace = np.isfinite(laplace) & np.isinf(normal)
    constant[only_laplace] = np.log(2 * laplace[only_laplace])
    has_normal = np.isfinite(normal)
    s, b = normal[has_normal], laplace[has_normal]
    constant[has_normal] = 0.5 * np.log(2 * np.pi) + np.log(s) + np.log(erfcx(s / (np.sqrt(2) * b)))
    return constant


def log_survival(size: Array, scales: ColumnScales, factor: Array) -> Array:
    """Log probability that |x| exceeds a size ≥ 0 under p(x) ∝ exp(−|x|/b − x²/(2s²)), both scales times a factor."""
    from scipy.special import erfcx

    laplace, normal = scales.laplace * factor, scales.normal * factor
    exponent = -size / laplace - 0.5 * (size / normal) ** 2
    s = np.where(np.isfinite(normal), normal, 1.0)
    ratio = erfcx((s / laplace + size / s) / np.sqrt(2)) / erfcx(s / laplace / np.sqrt(2))
    return np.asarray(exponent + np.where(np.isfinite(normal), np.log(ratio), 0.0))


def draw_elastic_net(scales: ColumnScales, shape: tuple[int, ...], generator: np.random.Generator) -> Array:
    """Draw from p(x) ∝ exp(−|x|/b − x²/(2s²)), shape (..., p), for proper columns.

    |x| is Normal(−s²/b, s²) above 0, drawn by the inverse of its survival function in logarithms.
    """
    from scipy.special import log_ndtr, ndtri_exp

    laplace, normal = scales.laplace, scales.normal
    size = (*shape, len(laplace))
    sign = generator.choice([-1.0, 1.0], size)
    exponential = generator.standard_exponential(size)
    with np.errstate(invalid="ignore"):
        steepness = normal / laplace
    both = np.isfinite(normal) & (steepness < STEEPEST)
    a, s = np.where(both, steepness, 0.0), np.where(both, normal, 1.0)
    truncated = -s * (a + ndtri_exp(log_ndtr(-a) - exponential))
    with np.errstate(invalid="ignore"):
        pointed = laplace * exponential
    return sign * np.where(both, np.maximum(truncated, 0.0), pointed)


def log_mixing_density(scales: ColumnScales, log_tau: Array) -> Array:
    """Log density of log τ_j before any data, shape (..., p)."""
    from scipy.special import erfcx

    tau = np.exp(log_tau)
    plain = log_tau - 0.5 * tau - np.log(2)
    tilted, ratio = _tilted(scales)
    safe = np.where(tilted, ratio, 1.0)
    tilt = -0.5 * np.log1p(tau / safe**2) - np.log(safe * np.sqrt(np.pi / 2) * erfcx(safe / np.sqrt(2)))
    return np.where(tilted, plain + tilt, plain)


def draw_mixing_prior(scales: ColumnScales, shape: tuple[int, ...], generator: np.random.Generator) -> Array:
    """Draw τ_j before any data, shape (..., p)."""
    from scipy.special import log_ndtr, ndtri_exp

    tau = 2.0 * generator.standard_exponential((*shape, len(scales.laplace)))
    tilted, ratio = _tilted(scales)
    # τ + c² with c = s/b has the distribution of N² given |N| > c, N standard normal.
    mixed = np.flatnonzero(tilted)
    level = np.log(generator.random((*shape, len(mixed)))) + log_ndtr(-ratio[mixed])
    tau[..., mixed] = np.maximum(ndtri_exp(level) ** 2 - ratio[mixed] ** 2, np.finfo(float).tiny)
    return tau


def _tilted(scales: ColumnScales) -> tuple[Array, Array]:
    """Whether a Normal part tilts the mixture of a Laplace part, and s/b, each of shape (p,)."""
    with np.errstate(invalid="ignore"):
        # A flat column has ∞/∞, which no comparison below takes for a mixed one.
        ratio = scales.normal / scales.laplace
    return (ratio > 0) & (ratio < FAR), ratio


def draw_mixing_variances(generator: np.random.Generator, size: Array) -> Array:
    """Draw τ_j from its conditional under β_j | τ_j ~ Normal(0, b_j²τ_j), τ_j ~ Exponential(mean 2).

    1/τ_j is inverse-Gaussian with shape 1 and mean 1/v, v = |β_j|/b_j. It is drawn by the method of
    Michael, Schucany & Haas (1976, doi:10.2307/2683801), written for τ so that it is exact down to
    v = 0 (where it is the square of a Normal): with N standard normal, the larger root is
    τ₁ = ((|N| + √(N² + 4v))/2)² and the smaller v²/τ₁.

    Parameters
    ----------
    size : ndarray, shape (p,)
        v_j = |β_j|/b_j ≥ 0.
    """
    normal = np.abs(generator.standard_normal(size.shape))
    larger = (0.5 * (normal + np.sqrt(normal * normal + 4 * size))) ** 2
    take_larger = generator.random(size.shape) * (larger + size) <= larger
    smaller = size * (size / np.maximum(larger, np.finfo(float).tiny))
    return np.maximum(np.where(take_larger, larger, smaller), np.finfo(float).tiny)

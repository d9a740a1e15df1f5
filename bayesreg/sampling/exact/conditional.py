"""The coefficients given sigma and scale: independent Normal in the basis of the spectrum."""

from dataclasses import dataclass

import numpy as np

from bayesreg.sampling.exact.marginal import Marginal


@dataclass(frozen=True, eq=False)
class Conditional:
    """Moments of (γ, level) given m values of sigma and scale; the level is the intercept where it is a coefficient.

    Attributes
    ----------
    center, variance : ndarray, shape (m, r)
        Of γ at the level's mean.
    slope : ndarray, shape (m, r)
        What one unit of the level moves γ by; zeros without a level.
    level, level_variance : ndarray, shape (m,)
    """

    center: np.ndarray
    variance: np.ndarray
    slope: np.ndarray
    level: np.ndarray
    level_variance: np.ndarray


def conditional(marginal: Marginal, sigma: np.ndarray, scale: np.ndarray) -> Conditional:
    """Moments of (γ, level) at values of sigma and scale, both of shape (m,)."""
    spectrum, level = marginal.spectrum, marginal.spectrum.level
    total = spectrum.squares + marginal.ratio(sigma, scale)[:, None] ** -2.0
    center, variance = spectrum.score / total, sigma[:, None] ** 2 / total
    if level is None:
        nothing = np.zeros(len(sigma))
        return Conditional(center, variance, np.zeros_like(center), nothing, nothing)
    mean, level_variance = marginal.level_moments(sigma, scale)
    slope = -(np.sqrt(spectrum.squares) * level.along) / total
    return Conditional(center + mean[:, None] * slope, variance, slope, mean + level.start, level_variance)

"""Draws of single positive quantities: Laplace mixing variances and the noise standard deviation."""

from collections.abc import Callable
from math import exp, inf, isfinite, log

import numpy as np

from bayesreg.errors import ConvergenceError
from bayesreg.priors.positive import PositivePrior

# Steps out, and shrinkages, after which a slice step gives up.
MOST_STEPS = 1_000


def draw_mixing_variances(generator: np.random.Generator, size: np.ndarray) -> np.ndarray:
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


def draw_sigma(
    generator: np.random.Generator, prior: PositivePrior, power: float, square: float, current: float
) -> float:
    """Draw sigma from the density σ^(−power) exp(−square/(2σ²)) p(σ): directly, or by a slice step from its value."""
    if prior.inverse_gamma_variance is not None:
        shape, scale = prior.inverse_gamma_variance
        return ((0.5 * square + scale) / generator.standard_gamma(0.5 * power + shape)) ** 0.5

    def log_density(log_sigma: float) -> float:
        if not -300 < log_sigma < 300:
            return -inf
        return (1 - power) * log_sigma - 0.5 * square * exp(-2 * log_sigma) + prior.log_density(exp(log_sigma))

    return exp(slice_step(generator, log_density, log(current), 4.0 / (2.0 * max(power, 2.0)) ** 0.5))


def slice_step(generator: np.random.Generator, log_density: Callable[[float], float], x: float, width: float) -> float:
    """One step of slice sampling with stepping out and shrinkage (Neal 2003, doi:10.1214/aos/1056562461).

    Raises
    ------
    ConvergenceError
        If the density at the current point is not a positive finite number.
    """
    here = log_density(x)
    if not isfinite(here):
        raise ConvergenceError(
            "the density of sigma is not finite where the chain stands; check the units of its prior."
        )
    level = here - generator.standard_exponential()
    low = x - width * generator.random()
    high = low + width
    for _ in range(MOST_STEPS):
        if log_density(low) <= level:
            break
        low -= width
    for _ in range(MOST_STEPS):
        if log_density(high) <= level:
            break
        high += width
    for _ in range(MOST_STEPS):
        proposal = low + (high - low) * generator.random()
        if log_density(proposal) >= level:
            return proposal
        if proposal < x:
            low = proposal
        else:
            high = proposal
    # The slice is narrower than rounding can tell from its own point.
    return x

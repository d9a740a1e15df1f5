"""Draws of the noise standard deviation."""

from collections.abc import Callable
from math import exp, inf, isfinite, log

import numpy as np

from bayesreg.errors import ConvergenceError
from bayesreg.priors.positive import PositivePrior

# Steps out, and shrinkages, after which a slice step gives up.
MOST_STEPS = 1_000


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

"""The lasso distribution, compiled: density ∝ exp(−precision·β²/2 + linear·β − weight·|β|), drawn afresh or moved in.

It is the conditional distribution of a coefficient under a Laplace prior (Hans 2009, doi:10.1093/biomet/asp047).
With x = β·√precision it is exp(−x²/2 + zx − k|x|), z = linear/√precision and k = weight/√precision: the Normal
around `above` = z − k where x > 0, and that around `below` = z + k where x < 0.
"""

from math import inf, isfinite, nan, sqrt

import numpy as np
from numba import njit

# Up to this k, and as little of it reflected, the kink hardly bends the density.
MILD_KINK, MILD_REFLECTION = 2.0, 0.5


@njit(nogil=True)
def lasso_draw(generator: np.random.Generator, precision: float, linear: float, weight: float) -> float:
    """Draw β, whatever it was; NaN if the density is not a number.

    By rejection from the Normal of the side where the mode is, or if that is 0 from what is steeper there: the
    Normal of the likelihood without its linear term, or the two Exponentials of the prior and of that term.
    """
    if precision <= 0.0:
        # Without a kink, or with a linear term, it would be improper.
        size = generator.standard_exponential() / weight if weight > 0.0 and linear == 0.0 else nan
        return size if generator.random() < 0.5 else -size
    sd = 1.0 / sqrt(precision)
    above, below = (linear - weight) * sd, (linear + weight) * sd
    if not (isfinite(above) and isfinite(below)):
        # Nothing drawn from what is not a number would ever be accepted.
        return nan
    if above >= 0.0:
        return sd * _draw_beside_zero(generator, above, weight * sd)
    if below <= 0.0:
        return -sd * _draw_beside_zero(generator, -below, weight * sd)
    if min(-above, below) < 1.0:
        return sd * _draw_under_normal(generator, above, below)
    return sd * _draw_under_exponentials(generator, above, below)


@njit(nogil=True)
def _draw_beside_zero(generator: np.random.Generator, mode: float, k: float) -> float:
    """Below 0 the density is that of the Normal around its mode, which is not below 0, times exp(2kx)."""
    while True:
        x = mode + generator.standard_normal()
        if x >= 0.0 or generator.standard_exponential() > -2.0 * k * x:
            return x


@njit(nogil=True)
def _draw_under_normal(generator: np.random.Generator, above: float, below: float) -> float:
    """The slopes beside the kink, above < 0 < below, only take from a Normal around it."""
    while True:
        x = generator.standard_normal()
        if generator.standard_exponential() > -x * (above if x > 0.0 else below):
            return x


@njit(nogil=True)
def _draw_under_exponentials(generator: np.random.Generator, above: float, below: float) -> float:
    """The Normal part only takes from two Exponentials, of rates −above and below."""
    share = below / (below - above)
    while True:
        x = generator.standard_exponential()
        x = x / -above if generator.random() < share else -x / below
        if generator.standard_exponential() > 0.5 * x * x:
            return x


@njit(nogil=True)
def lasso_move(
    generator: np.random.Generator, precision: float, linear: float, weight: float, old: float, overrelaxation: float
) -> float:
    """Reflect β about its mode where the kink hardly bends the density; else draw it afresh.

    Overrelaxation (Adler 1981, doi:10.1103/PhysRevD.23.2901) of a Normal of the same precision, accepted by
    Metropolis & Hastings. Which way is taken does not depend on the old value, or the distribution would change.
    """
    if overrelaxation == 0.0 or not 0.0 < precision < inf:
        return lasso_draw(generator, precision, linear, weight)
    sd = 1.0 / sqrt(precision)
    above, below, k = (linear - weight) * sd, (linear + weight) * sd, weight * sd
    mild = k < MILD_KINK and k * overrelaxation < MILD_REFLECTION
    if not (mild or max(above, -below) > 1.0 + 2.0 * overrelaxation):
        return lasso_draw(generator, precision, linear, weight)
    mode = above if above > 0.0 else min(below, 0.0)
    x = old / sd
    new = mode - overrelaxation * (x - mode)
    new += sqrt(1.0 - overrelaxation * overrelaxation) * generator.standard_normal()
    gain = ((above if new > 0.0 else below) - mode) * new - ((above if x > 0.0 else below) - mode) * x
    # Written so that what is not a number is kept, and found at the end of the chain.
    return old if generator.standard_exponential() < -gain else sd * new

"""The lasso distribution, compiled: density ∝ exp(−precision·β²/2 + pull·β − weight·|β|), drawn afresh or moved in.

It is the conditional distribution of a coefficient under a Laplace prior (Hans 2009, doi:10.1093/biomet/asp047).
With x = β·√precision it is exp(−x²/2 + zx − k|x|), z = pull/√precision and k = weight/√precision.
"""

from math import isfinite, nan, sqrt

import numpy as np
from numba import njit

# Below this k the kink bends a Normal little; so far beyond it z leaves little on the other side of 0.
MILD_KINK, FAR = 2.0, 2.0


@njit(nogil=True)
def lasso_draw(generator: np.random.Generator, precision: float, pull: float, weight: float) -> float:
    """Draw β, whatever it was; NaN if the density is not a number.

    By rejection from the Normal of the side where the mode is, or if that is 0 from what is steeper there: the
    Normal of the likelihood without its pull, or the two Exponentials of the prior and the pull.
    """
    if precision <= 0.0:
        size = generator.standard_exponential() / weight
        return size if generator.random() < 0.5 else -size
    sd = 1.0 / sqrt(precision)
    above, below = (pull - weight) * sd, (pull + weight) * sd
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
    generator: np.random.Generator, precision: float, pull: float, weight: float, old: float, overrelaxation: float
) -> float:
    """Move β to the other side of its conditional mean, where the distribution is near a Normal; else draw it afresh.

    Overrelaxation (Adler 1981, doi:10.1103/PhysRevD.23.2901) of a Normal of the same precision, accepted by
    Metropolis & Hastings. Which way is taken does not depend on the old value, or the distribution would change.
    """
    sd = 1.0 / sqrt(precision) if precision > 0.0 else np.inf
    z, k = pull * sd, weight * sd
    if overrelaxation == 0.0 or not (k < MILD_KINK or abs(z) > k + FAR):
        return lasso_draw(generator, precision, pull, weight)
    center = z - k if z > k else min(z + k, 0.0)
    x = old * (precision * sd)
    new = center - overrelaxation * (x - center)
    new += sqrt(1.0 - overrelaxation * overrelaxation) * generator.standard_normal()
    gain = (z - center) * (new - x) - k * (abs(new) - abs(x))
    # Written so that what is not a number is kept, and found at the end of the chain.
    return old if generator.standard_exponential() < -gain else sd * new

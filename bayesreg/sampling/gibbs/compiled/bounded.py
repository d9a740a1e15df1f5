"""The lasso distribution between two bounds, compiled: density ∝ exp(−precision·β²/2 + linear·β − weight·|β|).

On each side of 0 it is a truncated Normal, whose mass is written by the scaled complementary error function, so that
neither mass nor draw loses digits far in a tail.
"""

from math import erfc, exp, inf, isfinite, log, nan, sqrt

import numpy as np
from numba import njit

ROOT_TWO, ROOT_HALF_PI = sqrt(2.0), sqrt(0.5 * np.pi)
# From here on the scaled complementary error function is its asymptotic series.
FAR = 10.0
# An interval on which the density hardly bends has its mass in its middle.
NARROW = 1e-4
# Where data and Normal part are silent, a share of the kink's own precision that no draw can tell from 0.
SILENT = 1e-18


@njit(nogil=True)
def bounded_draw(
    generator: np.random.Generator, precision: float, linear: float, weight: float, lower: float, upper: float
) -> float:
    """Draw β in [lower, upper]; NaN if the density is not a number."""
    precision = max(precision, SILENT * weight * weight)
    if precision == inf:
        return min(max(0.0, lower), upper)
    if not precision > 0.0 or not isfinite(linear):
        return nan
    sd = 1.0 / sqrt(precision)
    low, high = lower / sd, upper / sd
    above, below = (linear - weight) * sd, (linear + weight) * sd
    if low >= 0.0:
        new = sd * truncated(generator, above, low, high)
    elif high <= 0.0:
        new = sd * truncated(generator, below, low, high)
    elif weight == 0.0:
        new = sd * truncated(generator, above, low, high)
    else:
        odds = log_mass(below, low, 0.0) - log_mass(above, 0.0, high)
        is_above = generator.standard_exponential() > log1pexp(odds)
        new = sd * (truncated(generator, above, 0.0, high) if is_above else truncated(generator, below, low, 0.0))
    return min(max(new, lower), upper)


@njit(nogil=True)
def log1pexp(x: float) -> float:
    """log(1 + e^x), without overflow."""
    return x + log(1.0 + exp(-x)) if x > 0.0 else log(1.0 + exp(x))


@njit(nogil=True)
def log_mass(mean: float, low: float, high: float) -> float:
    """Log of ∫ exp(−x²/2 + mean·x) dx from low to high."""
    start, end = low - mean, high - mean
    if end < 0.0 or (start <= 0.0 and -start > end):
        # Mirrored, so that the end nearer to the mode is `start`.
        return log_mass(-mean, -high, -low)
    at = mean * low - 0.5 * low * low
    width = end - start
    if width * (1.0 + abs(start) + abs(end)) < NARROW:
        return at - 0.5 * width * (start + 0.25 * width) + log(width)
    if start <= 0.0:
        return 0.5 * mean * mean + log(ROOT_HALF_PI * (2.0 - erfc(end / ROOT_TWO) - erfc(-start / ROOT_TWO)))
    rest = exp(0.5 * (start - end) * (start + end)) * scaled_erfc(end / ROOT_TWO) if end < inf else 0.0
    return at + log(ROOT_HALF_PI * (scaled_erfc(start / ROOT_TWO) - rest))


@njit(nogil=True)
def scaled_erfc(x: float) -> float:
    """exp(x²)·erfc(x) for x ≥ 0."""
    if x < FAR:
        return exp(x * x) * erfc(x)
    total, term = 1.0, 1.0
    for k in range(1, 12):
        term *= -(2.0 * k - 1.0) / (2.0 * x * x)
        total += term
    return total / (x * sqrt(np.pi))


@njit(nogil=True)
def truncated(generator: np.random.Generator, mean: float, low: float, high: float) -> float:
    """Draw from Normal(mean, 1) between low and high; its distance from the nearer end is drawn, not its place."""
    start, end = low - mean, high - mean
    if start > 0.0:
        return low + tail_excess(generator, start, end - start)
    if end < 0.0:
        return high - tail_excess(generator, -end, end - start)
    if end - start < 2.0:
        # Uniform proposals; the density is highest at the mode, which lies between.
        while True:
            z = start + (end - start) * generator.random()
            if generator.standard_exponential() > 0.5 * z * z:
                return mean + z
    while True:
        z = generator.standard_normal()
        if start <= z <= end:
            return mean + z


@njit(nogil=True)
def tail_excess(generator: np.random.Generator, start: float, width: float) -> float:
    """Z − start for a standard Normal z from start > 0 to start + width (Robert 1995, doi:10.1007/BF00143942)."""
    rate = 0.5 * (start + sqrt(start * start + 4.0))
    if width * rate < 1.0:
        while True:
            excess = width * generator.random()
            if generator.standard_exponential() > excess * (start + 0.5 * excess):
                return excess
    while True:
        excess = generator.standard_exponential() / rate
        gap = start + excess - rate
        if excess <= width and generator.standard_exponential() > 0.5 * gap * gap:
            return excess

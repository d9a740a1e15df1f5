"""Draws of single positive quantities, compiled: mixing variances, local scales, and others by slices."""

from math import exp, expm1, log, log1p, nan, sqrt

import numpy as np
from numba import njit

from bayesreg.priors.positive import KERNELS
from bayesreg.sampling.gibbs.compiled.slicing import slice_step

EULER = 0.5772156649015329
TINY = float(np.finfo(np.float64).tiny)


@njit(nogil=True)
def mixing_variance(generator: np.random.Generator, size: float) -> float:
    """Draw τ given v = |β|/b as `bayesreg.priors.column_scales.draw_mixing_variances` does."""
    normal = abs(generator.standard_normal())
    larger = (0.5 * (normal + sqrt(normal * normal + 4.0 * size))) ** 2
    if generator.random() * (larger + size) <= larger:
        return max(larger, TINY)
    return max(size * (size / max(larger, TINY)), TINY)


_KERNELS = tuple(njit(nogil=True)(kernel) for kernel in KERNELS)
_one_over_x, _half_normal, _exponential, _half_student_t, _inverse_gamma_sd, _inverse_gamma_variance = _KERNELS[:6]
_flat, _gamma_sd, _gamma_variance, _beta_prime = _KERNELS[6:]


@njit(nogil=True)
def log_positive_prior(place: int, first: float, second: float, x: float) -> float:
    """Log density of a prior of a positive unknown, constants dropped, by the place of its kernel."""
    if place == 0:
        return _one_over_x(x, first, second)
    if place == 1:
        return _half_normal(x, first, second)
    if place == 2:
        return _exponential(x, first, second)
    if place == 3:
        return _half_student_t(x, first, second)
    if place == 4:
        return _inverse_gamma_sd(x, first, second)
    if place == 5:
        return _inverse_gamma_variance(x, first, second)
    if place == 6:
        return _flat(x, first, second)
    if place == 7:
        return _gamma_sd(x, first, second)
    if place == 8:
        return _gamma_variance(x, first, second)
    if place == 9:
        return _beta_prime(x, first, second)
    return nan


@njit(nogil=True)
def _log_target(u: float, shape: tuple[float, ...], prior: tuple[float, float, float], times: float) -> float:
    x = exp(u)
    power, square, linear, quadratic, tilt = shape
    value = (1.0 - power) * u - 0.5 * square / (x * x) - linear / x - 0.5 * quadratic * x * x + tilt * x
    return value + log_positive_prior(int(prior[0]), prior[1], prior[2], times * x)


_step = slice_step(_log_target)


@njit(nogil=True)
def slice_positive(
    generator: np.random.Generator,
    x: float,
    shape: tuple[float, float, float, float, float],
    prior: tuple[float, float, float],
    times: float,
    width: float,
) -> float:
    """One slice step in log x (Neal 2003, doi:10.1214/aos/1056562461); NaN where it breaks down.

    The density of x > 0 is x^(−power)·exp(−square/(2x²) − linear/x − quadratic·x²/2 + tilt·x)·p(times·x),
    with shape = (power, square, linear, quadratic, tilt).
    """
    return exp(_step(generator, log(x), (shape, prior, times), width)) if x > 0.0 else nan


@njit(nogil=True)
def scaled_e1(w: float) -> float:
    """e^w·E₁(w), the exponential integral, for w > 0: by its series up to 1, by its continued fraction beyond."""
    if w <= 1.0:
        total, term = -EULER - log(w), 1.0
        for k in range(1, 25):
            term *= -w / k
            total -= term / k
            if abs(term) < 1e-17:
                break
        return exp(w) * total
    if not w > 1.0:
        return nan
    fraction, terms = 0.0, int(20.0 + 120.0 / w)
    for k in range(terms, 0, -1):
        fraction = k * k / (w + 2.0 * k + 1.0 - fraction)
    return 1.0 / (w + 1.0 - fraction)


@njit(nogil=True)
def horseshoe_local(generator: np.random.Generator, size: float) -> float:
    """Draw λ given v = |β|/scale under λ ~ HalfCauchy(1), independently of the λ before.

    t = log(1 + 1/λ²) has the log-concave density ∝ exp(−w(e^t − 1)), w = v²/2; the proposal is flat up to
    t₀ = log(1 + 1/w) and an Exponential of the tangent there beyond.
    """
    w = max(0.5 * size * size, 1e-300)
    bend, slope = log1p(1.0 / w), 1.0 + w
    flat = bend * slope * exp(1.0)
    while True:
        t = bend * generator.random()
        bound = 0.0
        if generator.random() * (1.0 + flat) < 1.0:
            excess = generator.standard_exponential()
            t, bound = bend + excess / slope, 1.0 + excess
        # Written so that it ends on what is not a number.
        if not generator.standard_exponential() < w * expm1(t) - bound:
            return 1.0 / sqrt(max(expm1(t), 1e-290))

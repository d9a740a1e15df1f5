"""Sigma, scale and coefficients together, compiled: for more columns than rows, where they hold each other fast.

Given mixing variances the rows b are Normal with covariance σ²I + s²K, K = A·diag(v)·A'. In the basis of the
eigenvectors of K the density of (σ, s) with the coefficients integrated out costs O(n) to evaluate.
"""

from math import exp, inf, isfinite, log, nan, sqrt

import numpy as np
from numba import njit

from bayesreg.sampling.gibbs.compiled.coefficients import center_terms, refresh_residual, relative_spread
from bayesreg.sampling.gibbs.compiled.problem import SCALE, SIGMA, Problem, State
from bayesreg.sampling.gibbs.compiled.univariate import MOST_STEPS, log_positive_prior

# Rounds of slice steps for sigma and scale in turn: next to the eigenvalues they cost nothing.
ROUNDS = 5
# Besides `SIGMA` and `SCALE`: sigma against scale, their product held.
AGAINST = -1


@njit(nogil=True)
def draw_collapsed(generator: np.random.Generator, problem: Problem, state: State) -> None:
    """Draw mixing variances, then sigma and scale without the coefficients, then these."""
    spread = relative_spread(generator, problem, state, False)
    sigma, scale = state.hyper[SIGMA], state.hyper[SCALE]
    weighted = np.empty_like(problem.rows)
    for j in range(len(spread)):
        for i in range(weighted.shape[1]):
            weighted[j, i] = problem.rows[j, i] * spread[j]
    values, vectors = np.linalg.eigh(weighted.T @ weighted)
    values = np.maximum(values, 0.0)
    squares = (vectors.T @ problem.response) ** 2
    # The spread is that at the old sigma and scale.
    more = center_terms(problem, state)
    for _ in range(ROUNDS):
        if not problem.sigma_known:
            _slice(generator, problem, state, values, squares, more, sigma, scale, SIGMA)
        # A slab does not move with the scale.
        if not problem.scale_known and np.all(problem.common) and problem.slab_scale == inf:
            _slice(generator, problem, state, values, squares, more, sigma, scale, SCALE)
            if not problem.sigma_known:
                _slice(generator, problem, state, values, squares, more, sigma, scale, AGAINST)
    ratio = sqrt(_ratio(problem, state.hyper[SIGMA], state.hyper[SCALE], sigma, scale))
    prior = np.empty(len(spread))
    for j in range(len(prior)):
        prior[j] = generator.standard_normal()
    gap = problem.response / state.hyper[SIGMA] - ratio * (prior @ weighted)
    for i in range(len(gap)):
        gap[i] -= generator.standard_normal()
    weights = vectors @ ((vectors.T @ gap) / (1.0 + ratio * ratio * values))
    state.theta[:] = state.hyper[SIGMA] * ratio * spread * (prior + ratio * (weighted @ weights))
    refresh_residual(problem, state)


@njit(nogil=True)
def _ratio(problem: Problem, sigma: float, scale: float, old_sigma: float, old_scale: float) -> float:
    """By how much the prior variance in units of sigma² has changed."""
    ratio = scale / old_scale
    if not problem.scaled:
        ratio *= old_sigma / sigma
    return ratio * ratio


@njit(nogil=True)
def _log_density(
    problem: Problem,
    state: State,
    values: np.ndarray,
    squares: np.ndarray,
    more: tuple[float, float],
    old_sigma: float,
    old_scale: float,
    place: int,
    u: float,
) -> float:
    """Log density of the logarithm of sigma or of scale, constants dropped."""
    if not -300.0 < u < 300.0:
        return -inf
    sigma, scale = _moved(state.hyper[SIGMA], state.hyper[SCALE], place, u)
    ratio = _ratio(problem, sigma, scale, old_sigma, old_scale)
    square, determinant = more[1], 0.0
    for i in range(len(values)):
        total = 1.0 + ratio * values[i]
        determinant += log(total)
        square += squares[i] / total
    value = (1.0 - problem.power - more[0]) * log(sigma) + log(scale)
    value -= 0.5 * determinant + 0.5 * square / (sigma * sigma)
    if not problem.sigma_known:
        prior = problem.sigma_prior
        value += log_positive_prior(int(prior[0]), prior[1], prior[2], sigma)
    if not problem.scale_known:
        prior = problem.scale_prior
        value += log_positive_prior(int(prior[0]), prior[1], prior[2], scale)
    return value


@njit(nogil=True)
def _moved(sigma: float, scale: float, place: int, u: float) -> tuple[float, float]:
    """Sigma and scale with the logarithm of one of them, or half that of their ratio, set to u."""
    if place == SIGMA:
        return exp(u), scale
    if place == SCALE:
        return sigma, exp(u)
    middle = 0.5 * (log(sigma) + log(scale))
    return exp(middle + u), exp(middle - u)


@njit(nogil=True)
def _slice(
    generator: np.random.Generator,
    problem: Problem,
    state: State,
    values: np.ndarray,
    squares: np.ndarray,
    more: tuple[float, float],
    old_sigma: float,
    old_scale: float,
    place: int,
) -> None:
    """One slice step in a logarithm (Neal 2003, doi:10.1214/aos/1056562461); NaN where it breaks down."""
    sigma, scale, width = state.hyper[SIGMA], state.hyper[SCALE], 0.5
    u = 0.5 * (log(sigma) - log(scale)) if place == AGAINST else log(state.hyper[place])
    level = _log_density(problem, state, values, squares, more, old_sigma, old_scale, place, u)
    level -= generator.standard_exponential()
    new = nan
    if isfinite(level):
        low = u - width * generator.random()
        high, steps = low + width, 0
        while _log_density(problem, state, values, squares, more, old_sigma, old_scale, place, low) > level:
            low -= width
            steps += 1
            if steps > MOST_STEPS:
                break
        while _log_density(problem, state, values, squares, more, old_sigma, old_scale, place, high) > level:
            high += width
            steps += 1
            if steps > MOST_STEPS:
                break
        while steps <= MOST_STEPS:
            steps += 1
            new = low + (high - low) * generator.random()
            if _log_density(problem, state, values, squares, more, old_sigma, old_scale, place, new) > level:
                break
            if new < u:
                low = new
            else:
                high = new
            new = nan
    state.hyper[SIGMA], state.hyper[SCALE] = _moved(sigma, scale, place, new)

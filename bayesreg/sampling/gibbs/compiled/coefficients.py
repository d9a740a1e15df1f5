"""Draws of the coefficients given the hyperparameters, compiled: one at a time, or all at once.

Either way with overrelaxation ω in [0, 1): instead of a fresh draw of a Normal, what it was is reflected,
x → μ − ω(x − μ) + √(1 − ω²)·noise, which leaves the Normal as it is and moves away from the old value
(Adler 1981, doi:10.1103/PhysRevD.23.2901).
"""

from math import sqrt

import numpy as np
from numba import njit

from bayesreg.sampling.gibbs.compiled.bounded import bounded_draw
from bayesreg.sampling.gibbs.compiled.lasso import lasso_move
from bayesreg.sampling.gibbs.compiled.linear import cholesky, dot, solve_lower, solve_upper, subtract
from bayesreg.sampling.gibbs.compiled.problem import (
    BLOCKS,
    CENTER,
    GROUPED,
    HORSESHOE,
    SCALE,
    SIGMA,
    SLAB,
    STUDENT_T,
    Problem,
    State,
)
from bayesreg.sampling.gibbs.compiled.univariate import mixing_variance, slice_positive


@njit(nogil=True)
def unit_of(problem: Problem, state: State, j: int) -> float:
    """What multiplies the scale of element j: its group's scale, and sigma if the prior is scaled by it."""
    sigma = state.hyper[SIGMA] if problem.scaled else 1.0
    unit = sigma * state.hyper[SCALE] if problem.common[j] else sigma
    return unit * state.local[j] if problem.mixing == BLOCKS else unit


@njit(nogil=True)
def prior_precision(problem: Problem, state: State, j: int) -> float:
    """Precision of the Normal part of element j's prior, given its local scale."""
    unit = unit_of(problem, state, j)
    if problem.mixing == HORSESHOE and problem.common[j]:
        slab = state.hyper[SLAB] * (state.hyper[SIGMA] if problem.scaled else 1.0)
        return (1.0 / (state.local[j] * unit)) ** 2 + (1.0 / slab) ** 2
    if problem.mixing in (STUDENT_T, GROUPED) and problem.common[j]:
        return problem.precision[j] / unit / unit / state.local[j] ** 2
    return problem.precision[j] / unit / unit


@njit(nogil=True)
def refresh_residual(problem: Problem, state: State) -> None:
    """Compute the residual anew, so that rounding does not add up."""
    if problem.wide:
        state.residual[:] = problem.response - state.theta @ problem.rows
    else:
        state.residual[:] = problem.response - problem.rows @ state.theta


@njit(nogil=True)
def residual_squares(problem: Problem, state: State) -> float:
    """‖b − Aθ‖², measured from the origin so that nothing cancels."""
    if problem.wide:
        return dot(state.residual, state.residual)
    explained = 0.0
    for j in range(len(state.theta)):
        explained += (state.theta[j] - problem.origin[j]) * (problem.origin_score[j] + state.residual[j])
    return max(problem.origin_rss - explained, 0.0)


@njit(nogil=True)
def random_order(generator: np.random.Generator, size: int) -> np.ndarray:
    """Triples of neighbours in random order.

    Neighbours are often correlated, as in time, and then best drawn one after the other.
    """
    order, at = np.empty(size, dtype=np.int64), 0
    for triple in generator.permutation((size + 2) // 3):
        for j in range(3 * triple, min(3 * triple + 3, size)):
            order[at] = j
            at += 1
    return order


@njit(nogil=True)
def sweep_coordinates(generator: np.random.Generator, problem: Problem, state: State, overrelaxation: float) -> None:
    """Move each coefficient given all others, its mixing variance integrated out: O(q) or O(n) a coefficient."""
    inverse = 1.0 / state.hyper[SIGMA] ** 2
    for j in state.order:
        row, old = problem.rows[j], state.theta[j]
        score = dot(row, state.residual) if problem.wide else state.residual[j]
        unit = unit_of(problem, state, j)
        precision = problem.diagonal[j] * inverse + prior_precision(problem, state, j)
        score = (score + problem.diagonal[j] * old) * inverse
        weight = problem.laplace[j] / unit
        if problem.is_bounded:
            new = bounded_draw(generator, precision, score, weight, problem.lower[j], problem.upper[j])
        else:
            new = lasso_move(generator, precision, score, weight, old, overrelaxation)
        if new != old:
            state.theta[j] = new
            subtract(state.residual, new - old, row)


@njit(nogil=True)
def draw_block(generator: np.random.Generator, problem: Problem, state: State, overrelaxation: float) -> None:
    """Draw all coefficients at once given new mixing variances, and sigma with them where the prior is scaled by it.

    Two blocks (Rajaratnam, Sparks, Khare & Zhang 2019, doi:10.1080/10618600.2019.1573187).
    """
    spread = relative_spread(generator, problem, state)
    if problem.wide:
        _draw_wide(generator, problem, state, spread, overrelaxation)
    else:
        _draw_tall(generator, problem, state, spread, overrelaxation)
    refresh_residual(problem, state)


@njit(nogil=True)
def relative_spread(generator: np.random.Generator, problem: Problem, state: State) -> np.ndarray:
    """Prior standard deviation of each element given its mixing variance, in units of sigma; a handy unit if flat."""
    spread = np.empty(len(state.theta))
    sigma = state.hyper[SIGMA]
    for j in range(len(spread)):
        if problem.flat[j]:
            spread[j] = 1.0 / sqrt(problem.diagonal[j])
            continue
        weight = problem.laplace[j] / unit_of(problem, state, j)
        precision = prior_precision(problem, state, j)
        if weight > 0.0:
            variance = mixing_variance(generator, abs(state.theta[j]) * weight)
            precision += weight * weight / variance
        spread[j] = 1.0 / (sqrt(precision) * sigma)
    return spread


@njit(nogil=True)
def _draw_tall(
    generator: np.random.Generator, problem: Problem, state: State, spread: np.ndarray, overrelaxation: float
) -> None:
    """In units of its prior spread each coefficient has prior precision 1, so that no mixing variance can spoil it."""
    size = len(spread)
    matrix = np.empty((size, size))
    for i in range(size):
        for j in range(i + 1):
            matrix[i, j] = problem.rows[i, j] * spread[i] * spread[j]
        if not problem.flat[i]:
            matrix[i, i] += 1.0
    factor = cholesky(matrix)
    white = spread * problem.cross
    solve_lower(factor, white)
    old_sigma, reflected = state.hyper[SIGMA], _reflected(state, spread, overrelaxation)
    if problem.scaled and not problem.sigma_known:
        middle = white.copy()
        solve_upper(factor, middle)
        _draw_collapsed_sigma(generator, problem, state, spread * middle, spread)
    weight, noise = _weights(state, old_sigma, overrelaxation)
    new = np.empty(size)
    for j in range(size):
        new[j] = weight * white[j] + noise * generator.standard_normal()
    solve_upper(factor, new)
    for j in range(size):
        state.theta[j] = state.hyper[SIGMA] * spread[j] * (new[j] + reflected[j])


@njit(nogil=True)
def _draw_wide(
    generator: np.random.Generator, problem: Problem, state: State, spread: np.ndarray, overrelaxation: float
) -> None:
    """O(n²q) draws (Bhattacharya, Chakraborty & Mallick 2016, doi:10.1093/biomet/asw042)."""
    rows, length = len(problem.response), len(spread)
    scaled = np.empty((length, rows))
    for j in range(length):
        for i in range(rows):
            scaled[j, i] = problem.rows[j, i] * spread[j]
    matrix = scaled.T @ scaled
    for i in range(rows):
        matrix[i, i] += 1.0
    factor = cholesky(matrix)
    old_sigma, reflected = state.hyper[SIGMA], _reflected(state, spread, overrelaxation)
    if problem.scaled and not problem.sigma_known:
        middle = problem.response.copy()
        solve_lower(factor, middle)
        solve_upper(factor, middle)
        _draw_collapsed_sigma(generator, problem, state, spread * (scaled @ middle), spread)
    weight, noise = _weights(state, old_sigma, overrelaxation)
    new, gap = np.empty(length), np.empty(rows)
    for j in range(length):
        new[j] = noise * generator.standard_normal()
    for i in range(rows):
        gap[i] = weight * problem.response[i] - noise * generator.standard_normal()
    gap -= new @ scaled
    solve_lower(factor, gap)
    solve_upper(factor, gap)
    state.theta[:] = state.hyper[SIGMA] * spread * (new + scaled @ gap + reflected)


@njit(nogil=True)
def _reflected(state: State, spread: np.ndarray, overrelaxation: float) -> np.ndarray:
    """−ω times the coefficients in units of their spread and sigma.

    In these units the deviation from the mean, mean ∝ 1/sigma, does not depend on sigma, which may therefore
    be drawn anew in between. A spread of 0 leaves no deviation.
    """
    reflected = np.zeros(len(spread))
    for j in range(len(spread)):
        if overrelaxation > 0.0 and spread[j] > 0.0:
            reflected[j] = -overrelaxation * (state.theta[j] / spread[j] / state.hyper[SIGMA])
    return reflected


@njit(nogil=True)
def _weights(state: State, old_sigma: float, overrelaxation: float) -> tuple[float, float]:
    """Of the data and of the noise in μ + ω·μ_old + √(1 − ω²)·noise, where μ and μ_old ∝ 1/sigma."""
    return 1.0 / state.hyper[SIGMA] + overrelaxation / old_sigma, sqrt(1.0 - overrelaxation * overrelaxation)


@njit(nogil=True)
def _draw_collapsed_sigma(
    generator: np.random.Generator, problem: Problem, state: State, middle: np.ndarray, spread: np.ndarray
) -> None:
    """Sigma with the coefficients integrated out: their exponent is Q at its minimum, the conditional mean."""
    old = state.theta.copy()
    state.theta[:] = middle
    refresh_residual(problem, state)
    square, power = residual_squares(problem, state), problem.power
    for j in range(len(middle)):
        if problem.flat[j]:
            power -= 1.0
        else:
            square += (middle[j] / spread[j]) ** 2
    state.theta[:] = old
    more_power, more_square = center_terms(problem, state)
    shape = (power + more_power, square + more_square, 0.0, 0.0, 0.0)
    width = 4.0 / sqrt(2.0 * max(shape[0], 2.0))
    state.hyper[SIGMA] = slice_positive(generator, state.hyper[SIGMA], shape, problem.sigma_prior, 1.0, width)


@njit(nogil=True)
def center_terms(problem: Problem, state: State) -> tuple[float, float]:
    """What a Normal intercept at the centre adds to sigma's power and square; a flat one is integrated out."""
    if problem.center_scale == 0.0:
        return 0.0, 0.0
    center = state.hyper[CENTER]
    square = problem.center_weight * (problem.center_mean - center) ** 2
    if problem.center_scaled:
        return 1.0, square + ((center - problem.center_loc) / problem.center_scale) ** 2
    return 0.0, square

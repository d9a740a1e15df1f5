"""Draws of sigma, of the prior's scale and of the intercept at the centre, compiled.

Besides each given all else there are joint moves of the coefficients and a scale along a ray,
(β, scale) → (cβ, c·scale) and (β, σ) → (cβ, cσ), with c from its density on the ray times its Haar
measure (Liu & Sabatti 2000, doi:10.1093/biomet/87.2.353): they mix where the scale and the size of the
coefficients determine each other.
"""

from math import sqrt

import numpy as np
from numba import njit

from bayesreg.sampling.gibbs.compiled.coefficients import center_terms, prior_precision, residual_squares, unit_of
from bayesreg.sampling.gibbs.compiled.linear import dot
from bayesreg.sampling.gibbs.compiled.problem import CENTER, HORSESHOE, LAPLACE, SCALE, SIGMA, Problem, State
from bayesreg.sampling.gibbs.compiled.univariate import slice_positive


@njit(nogil=True)
def update_scale(generator: np.random.Generator, problem: Problem, state: State) -> None:
    """Draw the common scale of Laplace or Normal parts given the coefficients."""
    power, linear, square = 0.0, 0.0, 0.0
    scale = state.hyper[SCALE]
    for j in range(len(state.theta)):
        if problem.common[j]:
            unit = unit_of(problem, state, j) / scale
            power += 1.0
            linear += problem.laplace[j] * abs(state.theta[j]) / unit
            square += problem.precision[j] * (state.theta[j] / unit) ** 2
    shape = (power, square, linear, 0.0, 0.0)
    state.hyper[SCALE] = slice_positive(
        generator, scale, shape, problem.scale_prior, 1.0, 4.0 / sqrt(max(2.0 * power, 2.0))
    )


@njit(nogil=True)
def move_with_scale(generator: np.random.Generator, problem: Problem, state: State) -> None:
    """Move coefficients and common scale along their ray, on which the prior of the common ones does not change."""
    others, squares = 0.0, 0.0
    for j in range(len(state.theta)):
        if not problem.common[j]:
            others += 1.0
            if not problem.flat[j]:
                squares += prior_precision(problem, state, j) * state.theta[j] ** 2
    inverse = 1.0 / state.hyper[SIGMA] ** 2
    quadratic = _fitted_squares(problem, state) * inverse + squares
    shape = (-others, 0.0, 0.0, quadratic, dot(problem.cross, state.theta) * inverse)
    width = min(max(4.0 / sqrt(1.0 + quadratic), 1e-3), 2.0)
    times = slice_positive(generator, 1.0, shape, problem.scale_prior, state.hyper[SCALE], width)
    state.hyper[SCALE] *= times
    _multiply(problem, state, times)


@njit(nogil=True)
def update_sigma(generator: np.random.Generator, problem: Problem, state: State) -> None:
    """Draw sigma given the coefficients."""
    power, square = center_terms(problem, state)
    power += problem.power
    square += residual_squares(problem, state)
    linear, sigma = 0.0, state.hyper[SIGMA]
    if problem.scaled:
        for j in range(len(state.theta)):
            if not problem.flat[j]:
                power += 1.0
                linear += problem.laplace[j] * abs(state.theta[j]) / (unit_of(problem, state, j) / sigma)
                square += prior_precision(problem, state, j) * (state.theta[j] * sigma) ** 2
    shape = (power, square, linear, 0.0, 0.0)
    width = 4.0 / sqrt(2.0 * max(power, 2.0))
    state.hyper[SIGMA] = slice_positive(generator, sigma, shape, problem.sigma_prior, 1.0, width)


@njit(nogil=True)
def move_with_sigma(generator: np.random.Generator, problem: Problem, state: State) -> None:
    """Move coefficients and sigma along their ray, on which a prior scaled by sigma does not change."""
    power, square = center_terms(problem, state)
    power += problem.power
    for j in range(len(state.theta)):
        if problem.flat[j]:
            power -= 1.0
    inverse = 1.0 / state.hyper[SIGMA] ** 2
    linear = -dot(problem.cross, state.theta) * inverse
    shape = (power, (problem.square + square) * inverse, linear, 0.0, 0.0)
    width = 4.0 / sqrt(2.0 * max(power, 2.0))
    times = slice_positive(generator, 1.0, shape, problem.sigma_prior, state.hyper[SIGMA], width)
    state.hyper[SIGMA] *= times
    _multiply(problem, state, times)


@njit(nogil=True)
def update_center(generator: np.random.Generator, problem: Problem, state: State) -> None:
    """Draw an intercept at the centre with a Normal prior, which does not depend on the coefficients."""
    sigma = state.hyper[SIGMA]
    precision = ((1.0 if problem.center_scaled else sigma) / problem.center_scale) ** 2
    total = problem.center_weight + precision
    mean = (problem.center_weight * problem.center_mean + precision * problem.center_loc) / total
    state.hyper[CENTER] = mean + sigma / sqrt(total) * generator.standard_normal()


@njit(nogil=True)
def update_hyper(generator: np.random.Generator, problem: Problem, state: State) -> None:
    """Draw what is unknown besides the coefficients and what goes with local scales."""
    if not problem.scale_known:
        if problem.mixing == LAPLACE:
            update_scale(generator, problem, state)
        # A slab does not move with the scale.
        if problem.mixing != HORSESHOE or problem.slab_scale == np.inf:
            move_with_scale(generator, problem, state)
    if not problem.sigma_known:
        update_sigma(generator, problem, state)
        if problem.scaled:
            move_with_sigma(generator, problem, state)
    if problem.center_scale > 0.0:
        update_center(generator, problem, state)


@njit(nogil=True)
def _fitted_squares(problem: Problem, state: State) -> float:
    """‖Aθ‖²."""
    if problem.wide:
        fitted = problem.response - state.residual
        return dot(fitted, fitted)
    return max(dot(problem.cross, state.theta) - dot(state.residual, state.theta), 0.0)


@njit(nogil=True)
def _multiply(problem: Problem, state: State, times: float) -> None:
    state.theta[:] *= times
    state.residual[:] = problem.response - times * (problem.response - state.residual)

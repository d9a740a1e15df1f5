"""Unknown scales of blocks of coefficients, compiled; that of its block stands in the local scale of each element."""

from math import sqrt

import numpy as np
from numba import njit

from bayesreg.sampling.gibbs.compiled.coefficients import unit_of
from bayesreg.sampling.gibbs.compiled.linear import dot
from bayesreg.sampling.gibbs.compiled.problem import SIGMA, Problem, State
from bayesreg.sampling.gibbs.compiled.univariate import slice_positive


@njit(nogil=True)
def update_blocks(generator: np.random.Generator, problem: Problem, state: State) -> None:
    """Draw the scale of each block given its coefficients, and move it along with them."""
    for block in range(len(problem.block_priors)):
        update_block_scale(generator, problem, state, block)
        move_with_block(generator, problem, state, block)


@njit(nogil=True)
def update_block_scale(generator: np.random.Generator, problem: Problem, state: State, block: int) -> None:
    """Draw the scale of a block given its coefficients."""
    power, linear, square, scale = 0.0, 0.0, 0.0, 1.0
    for j in range(len(state.theta)):
        if problem.block[j] == block:
            scale = state.local[j]
            unit = unit_of(problem, state, j) / scale
            power += 1.0
            linear += problem.laplace[j] * abs(state.theta[j]) / unit
            square += problem.precision[j] * (state.theta[j] / unit) ** 2
    shape = (power, square, linear, 0.0, 0.0)
    width = 4.0 / sqrt(max(2.0 * power, 2.0))
    new = slice_positive(generator, scale, shape, _prior_of(problem, block), 1.0, width)
    _set_scale(problem, state, block, new)


@njit(nogil=True)
def move_with_block(generator: np.random.Generator, problem: Problem, state: State, block: int) -> None:
    """Move the coefficients of a block and its scale along their ray, on which their prior does not change."""
    fitted, quadratic, tilt, scale = _fitted(problem, state, block), 0.0, 0.0, 1.0
    if problem.wide:
        quadratic, tilt = dot(fitted, fitted), dot(fitted, state.residual)
    for j in range(len(state.theta)):
        if problem.block[j] == block:
            scale = state.local[j]
            if not problem.wide:
                quadratic += state.theta[j] * fitted[j]
                tilt += state.theta[j] * state.residual[j]
    inverse = 1.0 / state.hyper[SIGMA] ** 2
    quadratic = max(quadratic, 0.0)
    shape = (0.0, 0.0, 0.0, quadratic * inverse, (tilt + quadratic) * inverse)
    width = min(max(4.0 / sqrt(1.0 + quadratic * inverse), 1e-3), 2.0)
    times = slice_positive(generator, 1.0, shape, _prior_of(problem, block), scale, width)
    for j in range(len(state.theta)):
        if problem.block[j] == block:
            state.theta[j] *= times
    state.residual[:] -= (times - 1.0) * fitted
    _set_scale(problem, state, block, scale * times)


@njit(nogil=True)
def _fitted(problem: Problem, state: State, block: int) -> np.ndarray:
    """Aθ of a block alone, as the residual is kept: A'Aθ, or Aθ if the problem is wide."""
    fitted = np.zeros(len(state.residual))
    for j in range(len(state.theta)):
        if problem.block[j] == block:
            fitted += state.theta[j] * problem.rows[j]
    return fitted


@njit(nogil=True)
def _prior_of(problem: Problem, block: int) -> tuple[float, float, float]:
    return problem.block_priors[block, 0], problem.block_priors[block, 1], problem.block_priors[block, 2]


@njit(nogil=True)
def _set_scale(problem: Problem, state: State, block: int, scale: float) -> None:
    for j in range(len(state.theta)):
        if problem.block[j] == block:
            state.local[j] = scale

"""Local, global and slab scales of a horseshoe prior, compiled: slice steps in their logarithms.

β_j | λ_j ~ Normal(0, v_j), 1/v_j = 1/(λ_j·scale)² + 1/slab², λ_j ~ HalfCauchy(1)
(Carvalho, Polson & Scott 2010, doi:10.1093/biomet/asq017; with a slab Piironen & Vehtari 2017,
doi:10.1214/17-EJS1337SI).
"""

from math import exp, inf, isfinite, log, log1p, nan

import numpy as np
from numba import njit

from bayesreg.sampling.gibbs.compiled.coefficients import prior_precision, unit_of
from bayesreg.sampling.gibbs.compiled.problem import SCALE, SIGMA, SLAB, Problem, State
from bayesreg.sampling.gibbs.compiled.univariate import MOST_STEPS, horseshoe_local, log_positive_prior, scaled_e1

# What a slice step moves: one local scale, the global scale, the slab's, or local against global; and the
# global scale with the local ones integrated out.
LOCAL, GLOBAL, OF_SLAB, BALANCE, GLOBAL_ALONE = 0, 1, 2, 3, 4


@njit(nogil=True)
def update_horseshoe(generator: np.random.Generator, problem: Problem, state: State) -> None:
    """Draw the global scale where it is unknown, the local ones, and the slab's where there is one."""
    if problem.slab_scale == inf:
        # Without a slab the local scales can be integrated out of the global one's density; they must then be
        # drawn afresh, since a step from their old values would leave the joint distribution.
        if not problem.scale_known:
            state.hyper[SCALE] = _slice(generator, problem, state, GLOBAL_ALONE, 0, state.hyper[SCALE], 0.7)
        for j in range(len(state.theta)):
            if problem.common[j]:
                size = abs(state.theta[j]) / unit_of(problem, state.hyper, j)
                state.local[j] = horseshoe_local(generator, size)
        return
    for j in range(len(state.theta)):
        if problem.common[j]:
            state.local[j] = _slice(generator, problem, state, LOCAL, j, state.local[j], 2.0)
    state.hyper[SLAB] = _slice(generator, problem, state, OF_SLAB, 0, state.hyper[SLAB], 1.0)
    if not problem.scale_known:
        state.hyper[SCALE] = _slice(generator, problem, state, GLOBAL, 0, state.hyper[SCALE], 0.5)
        balance = _slice(generator, problem, state, BALANCE, 0, 1.0, 0.5)
        state.hyper[SCALE] /= balance
        for j in range(len(state.theta)):
            state.local[j] *= balance


@njit(nogil=True)
def _slice(
    generator: np.random.Generator, problem: Problem, state: State, which: int, j: int, x: float, width: float
) -> float:
    """One slice step in log x (Neal 2003, doi:10.1214/aos/1056562461); NaN where it breaks down."""
    if not x > 0.0:
        return nan
    u = log(x)
    level = _log_density(problem, state, which, j, u) - generator.standard_exponential()
    if not isfinite(level):
        return nan
    low = u - width * generator.random()
    high = low + width
    steps = 0
    while _log_density(problem, state, which, j, low) > level:
        low -= width
        steps += 1
        if steps > MOST_STEPS:
            return nan
    while _log_density(problem, state, which, j, high) > level:
        high += width
        steps += 1
        if steps > MOST_STEPS:
            return nan
    for _ in range(MOST_STEPS):
        new = low + (high - low) * generator.random()
        if _log_density(problem, state, which, j, new) > level:
            return exp(new)
        if new < u:
            low = new
        else:
            high = new
    return x


@njit(nogil=True)
def _log_density(problem: Problem, state: State, which: int, j: int, u: float) -> float:
    """Log conditional density of the logarithm u of what the step moves, constants dropped."""
    if not -300.0 < u < 300.0:
        return -inf
    if which == LOCAL:
        old = state.local[j]
        state.local[j] = exp(u)
        value = u - _log1p_square(u) + _log_normal(problem, state, j)
        state.local[j] = old
        return value
    if which == BALANCE:
        value = -u + _log_hyperprior(problem, state.hyper[SCALE] * exp(-u))
        for k in range(len(state.theta)):
            if problem.common[k]:
                value += u - _log1p_square(u + log(state.local[k]))
        return value
    if which == GLOBAL_ALONE:
        sigma = state.hyper[SIGMA] if problem.scaled else 1.0
        inverse = 1.0 / (sigma * exp(u))
        value = u + _log_hyperprior(problem, exp(u))
        for k in range(len(state.theta)):
            if problem.common[k]:
                value += log(scaled_e1(max(0.5 * (state.theta[k] * inverse) ** 2, 1e-300))) - u
        return value
    place = SCALE if which == GLOBAL else SLAB
    old = state.hyper[place]
    state.hyper[place] = exp(u)
    if which == GLOBAL:
        value = u + _log_hyperprior(problem, exp(u))
    else:
        value = -problem.slab_df * (u + 0.5 * (problem.slab_scale * exp(-u)) ** 2)
    for k in range(len(state.theta)):
        if problem.common[k]:
            value += _log_normal(problem, state, k)
    state.hyper[place] = old
    return value


@njit(nogil=True)
def _log_normal(problem: Problem, state: State, j: int) -> float:
    precision = prior_precision(problem, state, j)
    return 0.5 * log(precision) - 0.5 * precision * state.theta[j] ** 2


@njit(nogil=True)
def _log_hyperprior(problem: Problem, scale: float) -> float:
    return log_positive_prior(int(problem.scale_prior[0]), problem.scale_prior[1], problem.scale_prior[2], scale)


@njit(nogil=True)
def _log1p_square(u: float) -> float:
    """log(1 + e^(2u)), without overflow."""
    return 2.0 * u + log1p(exp(-2.0 * u)) if u > 0.0 else log1p(exp(2.0 * u))

"""Local, global and slab scales of a horseshoe prior, compiled: slice steps in their logarithms.

β_j | λ_j ~ Normal(0, v_j), 1/v_j = 1/(λ_j·scale)² + 1/slab², λ_j ~ HalfCauchy(1)
(Carvalho, Polson & Scott 2010, doi:10.1093/biomet/asq017; with a slab Piironen & Vehtari 2017,
doi:10.1214/17-EJS1337SI).
"""

from math import exp, inf, log, log1p

import numpy as np
from numba import njit

from bayesreg.sampling.gibbs.compiled.problem import SCALE, SIGMA, SLAB, Problem, State
from bayesreg.sampling.gibbs.compiled.slicing import slice_step
from bayesreg.sampling.gibbs.compiled.univariate import horseshoe_local, log_positive_prior, scaled_e1

# Code and parameters of a prior, as `encode` returns them.
Prior = tuple[float, float, float]


@njit(nogil=True)
def update_horseshoe(generator: np.random.Generator, problem: Problem, state: State) -> None:
    """Draw the global scale where it is unknown, the local ones, and the slab's where there is one."""
    # An intercept among the coefficients is the last of them.
    columns = np.sum(problem.common)
    sigma = state.hyper[SIGMA] if problem.scaled else 1.0
    if problem.slab_scale == inf:
        _update_without_slab(generator, problem, state.theta[:columns], state.local, state.hyper, sigma)
    else:
        _update_with_slab(generator, problem, state.theta[:columns], state.local[:columns], state.hyper, sigma)


@njit(nogil=True)
def _update_without_slab(
    generator: np.random.Generator,
    problem: Problem,
    theta: np.ndarray,
    local: np.ndarray,
    hyper: np.ndarray,
    sigma: float,
) -> None:
    """The local scales can be integrated out of the global one's density.

    They must then be drawn afresh, since a step from their old values would leave the joint distribution.
    """
    if not problem.scale_known:
        given = theta, sigma, problem.scale_prior
        hyper[SCALE] = exp(_step_global_alone(generator, log(hyper[SCALE]), given, 0.7))
    for j in range(len(theta)):
        local[j] = horseshoe_local(generator, abs(theta[j]) / (sigma * hyper[SCALE]))


@njit(nogil=True)
def _update_with_slab(
    generator: np.random.Generator,
    problem: Problem,
    theta: np.ndarray,
    local: np.ndarray,
    hyper: np.ndarray,
    sigma: float,
) -> None:
    unit, slab = sigma * hyper[SCALE], hyper[SLAB] * sigma
    for j in range(len(theta)):
        local[j] = exp(_step_local(generator, log(local[j]), (theta[j], unit, slab), 2.0))
    of_slab = theta, local, unit, sigma, problem.slab_df, problem.slab_scale
    hyper[SLAB] = exp(_step_slab(generator, log(hyper[SLAB]), of_slab, 1.0))
    if not problem.scale_known:
        of_global = theta, local, sigma, hyper[SLAB] * sigma, problem.scale_prior
        hyper[SCALE] = exp(_step_global(generator, log(hyper[SCALE]), of_global, 0.5))
        balance = exp(_step_balance(generator, 0.0, (local, hyper[SCALE], problem.scale_prior), 0.5))
        hyper[SCALE] /= balance
        local *= balance


@njit(nogil=True)
def _log_local(u: float, theta: float, unit: float, slab: float) -> float:
    """Log density of one local scale."""
    return u - _log1p_square(u) + _log_normal(theta, exp(u) * unit, slab)


@njit(nogil=True)
def _log_global(u: float, theta: np.ndarray, local: np.ndarray, sigma: float, slab: float, prior: Prior) -> float:
    """Log density of the global scale given the local ones."""
    return u + _log_hyperprior(prior, exp(u)) + _log_normals(theta, local, sigma * exp(u), slab)


@njit(nogil=True)
def _log_slab(
    u: float, theta: np.ndarray, local: np.ndarray, unit: float, sigma: float, df: float, scale: float
) -> float:
    """Log density of the slab's scale."""
    return -df * (u + 0.5 * (scale * exp(-u)) ** 2) + _log_normals(theta, local, unit, exp(u) * sigma)


@njit(nogil=True)
def _log_balance(u: float, local: np.ndarray, scale: float, prior: Prior) -> float:
    """Log density of what the local scales are multiplied with and the global one is divided by."""
    value = -u + _log_hyperprior(prior, scale * exp(-u))
    for k in range(len(local)):
        value += u - _log1p_square(u + log(local[k]))
    return value


@njit(nogil=True)
def _log_global_alone(u: float, theta: np.ndarray, sigma: float, prior: Prior) -> float:
    """Log density of the global scale with the local ones integrated out."""
    inverse = 1.0 / (sigma * exp(u))
    value = u + _log_hyperprior(prior, exp(u))
    for k in range(len(theta)):
        value += log(scaled_e1(max(0.5 * (theta[k] * inverse) ** 2, 1e-300))) - u
    return value


@njit(nogil=True)
def _log_normals(theta: np.ndarray, local: np.ndarray, unit: float, slab: float) -> float:
    total = 0.0
    for k in range(len(theta)):
        total += _log_normal(theta[k], local[k] * unit, slab)
    return total


@njit(nogil=True)
def _log_normal(theta: float, spread: float, slab: float) -> float:
    """Log density of a coefficient whose precision is 1/spread² + 1/slab²."""
    precision = (1.0 / spread) ** 2 + (1.0 / slab) ** 2
    return 0.5 * log(precision) - 0.5 * precision * theta**2


@njit(nogil=True)
def _log_hyperprior(prior: Prior, scale: float) -> float:
    return log_positive_prior(int(prior[0]), prior[1], prior[2], scale)


@njit(nogil=True)
def _log1p_square(u: float) -> float:
    """log(1 + e^(2u)), without overflow."""
    return 2.0 * u + log1p(exp(-2.0 * u)) if u > 0.0 else log1p(exp(2.0 * u))


_step_local, _step_slab, _step_balance = slice_step(_log_local), slice_step(_log_slab), slice_step(_log_balance)
_step_global, _step_global_alone = slice_step(_log_global), slice_step(_log_global_alone)

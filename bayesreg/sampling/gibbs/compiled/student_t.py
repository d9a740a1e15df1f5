"""Local scales, and the common scale, of a Student-t prior, compiled.

β_j | λ_j ~ Normal(0, (λ_j·s_j)²), λ_j² ~ InverseGamma(df/2, df/2) (Geweke 1993, doi:10.1002/jae.3950080504).
"""

from math import exp, log, log1p, sqrt

import numpy as np
from numba import njit

from bayesreg.sampling.gibbs.compiled.problem import SCALE, SIGMA, Problem, State
from bayesreg.sampling.gibbs.compiled.slicing import slice_step
from bayesreg.sampling.gibbs.compiled.univariate import log_positive_prior


@njit(nogil=True)
def update_student_t(generator: np.random.Generator, problem: Problem, state: State) -> None:
    """Draw the scale where it is unknown, with the local ones integrated out, and these afresh given it."""
    # An intercept among the coefficients is the last of them.
    columns, df = np.sum(problem.common), problem.local_df
    sigma = state.hyper[SIGMA] if problem.scaled else 1.0
    sizes = np.abs(state.theta[:columns]) * np.sqrt(problem.precision[:columns]) / sigma
    if not problem.scale_known:
        given = sizes, df, problem.scale_prior
        state.hyper[SCALE] = exp(_step_scale(generator, log(state.hyper[SCALE]), given, 0.7))
    for j in range(columns):
        rate = 0.5 * (df + (sizes[j] / state.hyper[SCALE]) ** 2)
        state.local[j] = sqrt(rate / generator.standard_gamma(0.5 * (df + 1.0)))


@njit(nogil=True)
def _log_scale(u: float, sizes: np.ndarray, df: float, prior: tuple[float, float, float]) -> float:
    """Log density of the scale given coefficients in units of s_j."""
    scale = exp(u)
    value = u + log_positive_prior(int(prior[0]), prior[1], prior[2], scale)
    for j in range(len(sizes)):
        value -= u + 0.5 * (df + 1.0) * log1p((sizes[j] / scale) ** 2 / df)
    return value


_step_scale = slice_step(_log_scale)

"""Mixing variances that the columns of a group share, and the common scale, of a group Laplace prior, compiled.

β_g | v_g ~ Normal(0, s_g²·v_g·I), v_g ~ Gamma((m_g + 1)/2, rate ½); given ‖β_g‖ it is drawn as that of a single
coefficient of that size (Kyung, Gill, Ghosh & Casella 2010, doi:10.1214/10-BA607).
"""

from math import sqrt

import numpy as np
from numba import njit

from bayesreg.sampling.gibbs.compiled.problem import SCALE, SIGMA, Problem, State
from bayesreg.sampling.gibbs.compiled.univariate import mixing_variance, slice_positive


@njit(nogil=True)
def update_groups(generator: np.random.Generator, problem: Problem, state: State) -> None:
    """Draw the scale where it is unknown, with the mixing variances integrated out, and these afresh given it."""
    sigma = state.hyper[SIGMA] if problem.scaled else 1.0
    lengths, power = np.zeros(np.max(problem.group) + 1), 0.0
    for j in range(len(problem.group)):
        if problem.common[j]:
            lengths[problem.group[j]] += problem.precision[j] * (state.theta[j] / sigma) ** 2
            power += 1.0
    lengths = np.sqrt(lengths)
    if not problem.scale_known:
        shape = (power, 0.0, np.sum(lengths), 0.0, 0.0)
        width = 4.0 / sqrt(max(2.0 * power, 2.0))
        state.hyper[SCALE] = slice_positive(generator, state.hyper[SCALE], shape, problem.scale_prior, 1.0, width)
    for g in range(len(lengths)):
        lengths[g] = sqrt(mixing_variance(generator, lengths[g] / state.hyper[SCALE]))
    for j in range(len(problem.group)):
        state.local[j] = lengths[problem.group[j]]

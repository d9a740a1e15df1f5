"""Sigma, scale and coefficients together, compiled: for more columns than rows, where they hold each other fast.

Given mixing variances the rows b are Normal with covariance σ²I + s²K, K = A·diag(v)·A'. In the basis of the
eigenvectors of K the density of (σ, s) with the coefficients integrated out costs O(n) to evaluate.
"""

from math import exp, inf, log, sqrt
from typing import NamedTuple

import numpy as np
from numba import njit

from bayesreg.sampling.gibbs.compiled.coefficients import center_terms, refresh_residual, relative_spread
from bayesreg.sampling.gibbs.compiled.problem import SCALE, SIGMA, Problem, State
from bayesreg.sampling.gibbs.compiled.slicing import slice_step
from bayesreg.sampling.gibbs.compiled.univariate import log_positive_prior

# Rounds of slice steps for sigma and scale in turn: next to the eigenvalues they cost nothing.
ROUNDS = 5
# Besides `SIGMA` and `SCALE`: sigma against scale, their product held.
AGAINST = -1


class _Spectrum(NamedTuple):
    """The rows in the basis of the eigenvectors of K in units of σ², and what else the density of (σ, s) is made of.

    Attributes
    ----------
    values, squares : ndarray, shape (n,)
        Eigenvalues of K, and the squares of b along their vectors.
    sigma, scale : float
        At which K was computed.
    scaled : bool
        Whether the prior is scaled by sigma.
    power, square : float
        Power of 1/σ, and what the intercept adds to the squares.
    sigma_prior, scale_prior : tuple of three floats
    """

    values: np.ndarray
    squares: np.ndarray
    sigma: float
    scale: float
    scaled: bool
    power: float
    square: float
    sigma_prior: tuple[float, float, float]
    scale_prior: tuple[float, float, float]


@njit(nogil=True)
def draw_collapsed(generator: np.random.Generator, problem: Problem, state: State) -> None:
    """Draw mixing variances, then sigma and scale without the coefficients, then these."""
    spread = relative_spread(generator, problem, state)
    sigma, scale = state.hyper[SIGMA], state.hyper[SCALE]
    weighted = np.empty_like(problem.rows)
    for j in range(len(spread)):
        for i in range(weighted.shape[1]):
            weighted[j, i] = problem.rows[j, i] * spread[j]
    values, vectors = np.linalg.eigh(weighted.T @ weighted)
    values = np.maximum(values, 0.0)
    squares = (vectors.T @ problem.response) ** 2
    more_power, square = center_terms(problem, state)
    power, priors = problem.power + more_power, (problem.sigma_prior, problem.scale_prior)
    spectrum = _Spectrum(values, squares, sigma, scale, problem.scaled, power, square, *priors)
    for _ in range(ROUNDS):
        if not problem.sigma_known:
            _move(generator, state.hyper, spectrum, SIGMA)
        # A slab does not move with the scale.
        if not problem.scale_known and np.all(problem.common) and problem.slab_scale == inf:
            _move(generator, state.hyper, spectrum, SCALE)
            if not problem.sigma_known:
                _move(generator, state.hyper, spectrum, AGAINST)
    ratio = sqrt(_ratio(spectrum, state.hyper[SIGMA], state.hyper[SCALE]))
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
def _ratio(spectrum: _Spectrum, sigma: float, scale: float) -> float:
    """By how much the prior variance in units of sigma² has changed."""
    ratio = scale / spectrum.scale
    if not spectrum.scaled:
        ratio *= spectrum.sigma / sigma
    return ratio * ratio


@njit(nogil=True)
def _log_density(u: float, spectrum: _Spectrum, sigma: float, scale: float, place: int) -> float:
    """Log density of what the step moves; a known sigma or scale has a flat prior here."""
    sigma, scale = _moved(sigma, scale, place, u)
    ratio = _ratio(spectrum, sigma, scale)
    square, determinant = spectrum.square, 0.0
    for i in range(len(spectrum.values)):
        total = 1.0 + ratio * spectrum.values[i]
        determinant += log(total)
        square += spectrum.squares[i] / total
    value = (1.0 - spectrum.power) * log(sigma) + log(scale)
    value -= 0.5 * determinant + 0.5 * square / (sigma * sigma)
    code, first, second = spectrum.sigma_prior
    value += log_positive_prior(int(code), first, second, sigma)
    code, first, second = spectrum.scale_prior
    return value + log_positive_prior(int(code), first, second, scale)


@njit(nogil=True)
def _moved(sigma: float, scale: float, place: int, u: float) -> tuple[float, float]:
    """Sigma and scale with the logarithm of one of them, or half that of their ratio, set to u."""
    if place == SIGMA:
        return exp(u), scale
    if place == SCALE:
        return sigma, exp(u)
    middle = 0.5 * (log(sigma) + log(scale))
    return exp(middle + u), exp(middle - u)


_step = slice_step(_log_density)


@njit(nogil=True)
def _move(generator: np.random.Generator, hyper: np.ndarray, spectrum: _Spectrum, place: int) -> None:
    """Move sigma, scale or both by one slice step."""
    sigma, scale = hyper[SIGMA], hyper[SCALE]
    u = 0.5 * (log(sigma) - log(scale)) if place == AGAINST else log(hyper[place])
    new = _step(generator, u, (spectrum, sigma, scale, place), 0.5)
    hyper[SIGMA], hyper[SCALE] = _moved(sigma, scale, place, new)

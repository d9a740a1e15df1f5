"""Geweke's joint distribution test of the Gibbs sampler (Geweke 2004, doi:10.1198/016214504000001132).

Draws of the parameters given data, and of data given the parameters, in turn, must have the prior as
their distribution. It is known exactly here, and a mistake in any conditional moves the draws away from it.
"""

import itertools

import numpy as np
import pytest
from scipy import stats

import bayesreg as br
from bayesreg.sampling.gibbs import interpreted

N, P = 3, 2
X = np.random.default_rng(0).normal(size=(N, P))
B, S, SIGMA = 0.7, 0.9, 0.6


def regression(y, prior, sigma, intercept):
    return br.Regression(X, y, prior=prior, sigma=sigma, intercept=intercept, standardize=False)


def successive_draws(prior, sigma, intercept, steps, seed):
    """(β, intercept, σ) of a chain that redraws y before each sweep, shape (steps, P + 2)."""
    generator = np.random.default_rng(seed)
    reg = regression(generator.standard_normal(N), prior, sigma, intercept)
    columns = reg.design.matrix
    problem = interpreted._problem(reg)
    state = interpreted._start(problem, generator)
    kept = np.empty((steps, P + 2))
    for step in range(steps):
        y = state.at_center + columns @ state.theta + state.sigma * generator.standard_normal(N)
        problem = interpreted._problem(regression(y, prior, sigma, intercept))
        interpreted._advance(problem, state, generator, interpreted._theta_sampler(problem))
        kept[step] = *state.theta, state.at_center, state.sigma
    return kept[steps // 20 :]


CASES = {
    "laplace": (br.Laplace(B), SIGMA),
    "laplace, sigma unknown": (br.Laplace(B), br.HalfNormal(SIGMA)),
    "scaled laplace, sigma unknown": (br.Laplace(B, True), br.HalfNormal(SIGMA)),
    "scaled laplace": (br.Laplace(B, True), SIGMA),
    "normal, sigma unknown": (br.Normal(S), br.HalfNormal(SIGMA)),
    "scaled normal, inverse gamma": (br.Normal(S, True), br.InverseGamma(6.0, 2.0)),
}
FAST = {"laplace, sigma unknown": "normal intercept", "scaled laplace, sigma unknown": "no intercept"}


def ranks_in_prior(draws, prior, sigma, intercept):
    """Each part through its prior's distribution function, which makes it uniform: (steps, parts)."""
    sigmas = draws[:, P + 1]
    units = draws[:, :P] / (sigmas[:, None] if prior.scaled_by_sigma else 1.0)
    cdf = stats.laplace(scale=B).cdf if isinstance(prior, br.Laplace) else stats.norm(scale=S).cdf
    parts = [*cdf(units).T]
    if intercept is not False:
        parts.append(stats.norm(intercept.loc, intercept.scale).cdf(draws[:, P]))
    if isinstance(sigma, br.HalfNormal):
        parts.append(stats.halfnorm(scale=sigma.scale).cdf(sigmas))
    if isinstance(sigma, br.InverseGamma):
        parts.append(stats.invgamma(sigma.shape, scale=sigma.scale).cdf(sigmas**2))
    return np.column_stack(parts)


INTERCEPTS = {"no intercept": False, "normal intercept": br.Normal(1.0, loc=0.5)}


@pytest.mark.parametrize(
    ("name", "intercept"),
    [
        pytest.param(name, intercept, marks=() if FAST.get(name) == intercept else pytest.mark.slow)
        for name in CASES
        for intercept in INTERCEPTS
    ],
)
def test_successive_draws_have_the_prior(name, intercept, assert_zs, mean_and_sd):
    """Mean and variance of each uniform part, and the products of two, which are independent."""
    (prior, sigma), intercept = CASES[name], INTERCEPTS[intercept]
    centered = ranks_in_prior(successive_draws(prior, sigma, intercept, 12_000, seed=1), prior, sigma, intercept) - 0.5
    pairs = [centered[:, i] * centered[:, j] for i, j in itertools.combinations(range(centered.shape[1]), 2)]
    functions = np.column_stack([centered, centered**2 - 1 / 12, *pairs])
    mean, _, error, _ = mean_and_sd(functions[None])
    assert_zs(mean / error)

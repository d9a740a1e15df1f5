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

RNG = np.random.default_rng(0)
TALL, WIDE, SHARED = RNG.normal(size=(3, 2)), RNG.normal(size=(2, 3)), RNG.normal(size=(6, 1))
DESIGNS = {
    "tall": TALL,
    "wide": WIDE,
    "correlated": np.sqrt(0.05) * RNG.normal(size=(6, 2)) + np.sqrt(0.95) * SHARED,
    "a million apart": TALL * [1e-3, 1e3],
}
B, S, SIGMA = 0.7, 0.9, 0.6
# With columns in units a million apart.
UNITS = np.array([1e3, 1e-3])


def successive_draws(design, prior, sigma, intercept, steps, seed):
    """(β, intercept, σ) of a chain that redraws y before each sweep, shape (steps, p + 2)."""
    generator, X = np.random.default_rng(seed), DESIGNS[design]
    settings = {"prior": prior, "sigma": sigma, "intercept": intercept, "standardize": False}
    reg = br.Regression(X, generator.standard_normal(len(X)), **settings)
    columns = reg.design.matrix
    problem = interpreted._problem(reg)
    (state,) = interpreted._starts(problem, [generator])
    kept = np.empty((steps, X.shape[1] + 2))
    for step in range(steps):
        y = state.at_center + columns @ state.theta + state.sigma * generator.standard_normal(len(X))
        problem = interpreted._problem(br.Regression(X, y, **settings))
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
    "elastic net, sigma unknown": (br.ElasticNetPrior(B, S), br.HalfNormal(SIGMA)),
    "scaled elastic net, inverse gamma": (br.ElasticNetPrior(B, S, True), br.InverseGamma(6.0, 2.0)),
    "one laplace, one normal": (br.ElasticNetPrior([B, np.inf], [np.inf, S]), br.HalfNormal(SIGMA)),
    "laplace by column": (br.Laplace(B * UNITS), br.HalfNormal(SIGMA)),
    "scaled laplace by column": (br.Laplace(B * UNITS, True), br.HalfNormal(SIGMA)),
    "mixed by column": (br.ElasticNetPrior(B * UNITS, [np.inf, S * UNITS[1]]), br.HalfNormal(SIGMA)),
}
FAST = {"laplace, sigma unknown": "normal intercept", "scaled laplace, sigma unknown": "no intercept"}


def scales_of(prior, p):
    """b and s of each column, infinite where a part is absent."""
    b, s = np.full(p, np.inf), np.full(p, np.inf)
    if isinstance(prior, br.Laplace | br.ElasticNetPrior):
        b[:] = prior.scale if isinstance(prior, br.Laplace) else prior.laplace_scale
    if isinstance(prior, br.Normal | br.ElasticNetPrior):
        s[:] = prior.scale if isinstance(prior, br.Normal) else prior.normal_scale
    return b, s


def distribution_function(x, b, s):
    """Of the density ∝ exp(−|x|/b − x²/(2s²)): on either side of 0 a Normal with mean ∓s²/b, cut off there."""
    if np.isinf(s):
        return stats.laplace(scale=b).cdf(x)
    beyond = stats.norm.sf(np.abs(x) / s + s / b) / stats.norm.sf(s / b)
    return 0.5 + 0.5 * np.sign(x) * (1 - beyond)


def ranks_in_prior(draws, prior, sigma, intercept):
    """Each part through its prior's distribution function, which makes it uniform: (steps, parts)."""
    p = draws.shape[1] - 2
    sigmas = draws[:, p + 1]
    units = draws[:, :p] / (sigmas[:, None] if prior.scaled_by_sigma else 1.0)
    parts = [distribution_function(*given) for given in zip(units.T, *scales_of(prior, p), strict=True)]
    if intercept is not False:
        parts.append(stats.norm(intercept.loc, intercept.scale).cdf(draws[:, p]))
    if isinstance(sigma, br.HalfNormal):
        parts.append(stats.halfnorm(scale=sigma.scale).cdf(sigmas))
    if isinstance(sigma, br.InverseGamma):
        parts.append(stats.invgamma(sigma.shape, scale=sigma.scale).cdf(sigmas**2))
    return np.column_stack(parts)


INTERCEPTS = {"no intercept": False, "normal intercept": br.Normal(1.0, loc=0.5)}


RUNS = [("tall", name, intercept) for name in CASES if "by column" not in name for intercept in INTERCEPTS]
RUNS += [
    (design, name, "no intercept")
    for design in ("wide", "correlated")
    for name in ("laplace, sigma unknown", "scaled laplace, sigma unknown", "elastic net, sigma unknown")
]
RUNS += [("a million apart", name, "no intercept") for name in CASES if "by column" in name]


@pytest.mark.parametrize(
    ("design", "name", "intercept"),
    [
        pytest.param(*run, marks=() if run[0] == "tall" and FAST.get(run[1]) == run[2] else pytest.mark.slow)
        for run in RUNS
    ],
)
def test_successive_draws_have_the_prior(design, name, intercept, assert_zs, mean_and_sd):
    """Mean and variance of each uniform part, and the products of two, which are independent."""
    (prior, sigma), intercept = CASES[name], INTERCEPTS[intercept]
    draws = successive_draws(design, prior, sigma, intercept, 12_000, seed=1)
    centered = ranks_in_prior(draws, prior, sigma, intercept) - 0.5
    pairs = [centered[:, i] * centered[:, j] for i, j in itertools.combinations(range(centered.shape[1]), 2)]
    functions = np.column_stack([centered, centered**2 - 1 / 12, *pairs])
    mean, _, error, _ = mean_and_sd(functions[None])
    assert_zs(mean / error)

"""Geweke's joint distribution test of the exact engine, whose draws are independent (Geweke 2004).

Parameters and data from their joint distribution, and one draw from the posterior of these data: put in the
place of the parameters it must leave the joint distribution as it is.
"""

import geweke
import numpy as np
import pytest

import bayesreg as br

pytestmark = pytest.mark.slow

STEPS = 1_000


SIGMA, SCALE = geweke.SIGMA, geweke.SCALE

CASES = {
    "normal": (br.Normal(0.7), 0.8, geweke.AT_CENTER, "tall"),
    "normal, sigma": (br.Normal(0.7), SIGMA, {}, "tall"),
    "normal, scale": (br.Normal(SCALE), 0.8, {}, "tall"),
    "normal, both": (br.Normal(SCALE), SIGMA, geweke.AT_ZERO, "tall"),
    "scaled normal, sigma": (br.Normal(0.7, True), br.InverseGamma(6.0, 3.0), geweke.SCALED_CENTER, "tall"),
    "scaled normal, both": (br.Normal(SCALE, True), SIGMA, geweke.AT_CENTER, "tall"),
    "normal, sigma, wide": (br.Normal(0.7), SIGMA, {}, "wide"),
    "scaled normal, both, wide": (br.Normal(SCALE, True), SIGMA, {}, "wide"),
    "normal, both, correlated": (br.Normal(SCALE), SIGMA, {}, "correlated"),
    "normal, both, a million apart": (br.Normal(SCALE), SIGMA, {}, "a million apart"),
    "normal by column, sigma": (br.Normal([700.0, 7e-4]), SIGMA, {}, "each in its own units"),
}


def posterior_draw(reg, y, generator):
    """One draw, as parameters."""
    from bayesreg.sampling.exact.posterior import sample_exact

    settings = {"intercept": reg.intercept, "center": reg.center, "standardize": False}
    noise = reg.noise.sigma if reg.noise.known else reg.noise.prior
    with_y = br.Regression(reg.design.matrix, y, prior=reg.prior, sigma=noise, **settings)
    draws = sample_exact(with_y, draws=1, chains=1, random_seed=int(generator.integers(2**31))).draws
    scale = float(draws.hyperparameters.get("scale", np.ones((1, 1)))[0, 0])
    level, sigma = float(draws.at_center[0, 0]), float(draws.sigma[0, 0])
    return geweke.joint.Parameters(draws.beta[0, 0], level, sigma, scale, local=1.0, slab=1.0)


def check(prior, noise, settings, design, steps=STEPS):
    generator = np.random.default_rng(4)
    reg, A, _ = geweke.model(geweke.X[design], prior, noise, settings)
    before, after = [], []
    for _ in range(steps):
        given = geweke.joint_draw(reg, generator)
        y = geweke.draw_target(reg, A, given, generator)
        before.append((y, geweke.known_as_one(reg, given)))
        after.append((y, posterior_draw(reg, y, generator)))
    return geweke.changes(reg, A, geweke.stacked(before), geweke.stacked(after))


@pytest.mark.parametrize("name", CASES)
def test_a_draw_of_the_posterior_takes_the_place_of_the_parameters(name):
    geweke.assert_small(check(*CASES[name]), len(CASES))

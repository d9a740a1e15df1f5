"""Geweke's joint distribution test of the compiled kernels (Geweke 2004, doi:10.1198/016214504000001132).

Draws of the parameters given data, and of data given the parameters, in turn, must have the prior as
their distribution, which is drawn from directly here; a mistake in any conditional moves them away from it.
"""

import itertools

import geweke
import numpy as np
import pytest

import bayesreg as br

pytestmark = pytest.mark.slow


CASES, SIGMA = geweke.CASES, geweke.SIGMA

# Sweeps that draw one at a time, all at once, or with sigma and scale collapsed every other time, all overrelaxed.
RHYTHMS = {"coordinate": (False, 1, 0, 0.5), "block": (True, 1, 0, 0.5), "collapsed": (False, 2, 2, 0.5)}


def sweep(reg, A, base, state, rhythm, y, generator):
    """Advance the chain given the data."""
    from bayesreg.sampling.gibbs.compiled.chain import advance
    from bayesreg.sampling.gibbs.compiled.coefficients import refresh_residual

    out = np.empty((1, len(state.theta))), np.empty((1, 4)), np.empty((1, 0))
    problem = geweke.given_data(reg, A, base, y)
    refresh_residual(problem, state)
    # As if after one sweep, since the first is never overrelaxed.
    advance(generator, problem, state, *rhythm, 1, *out)


def successive_draws(reg, A, base, rhythm, steps, generator):
    """Data and parameters of a chain that redraws the data before each sweep."""
    state, kept = geweke.state_of(reg, len(base.response), geweke.joint_draw(reg, generator)), []
    for _ in range(steps):
        y = geweke.draw_target(reg, A, geweke.read(reg, state), generator)
        sweep(reg, A, base, state, rhythm, y, generator)
        kept.append((y, geweke.known_as_one(reg, geweke.read(reg, state))))
    return geweke.stacked(kept)


def direct_draws(reg, A, steps, generator):
    """Independent data and parameters from their joint distribution."""
    kept = []
    for _ in range(steps):
        given = geweke.joint_draw(reg, generator)
        kept.append((geweke.draw_target(reg, A, given, generator), geweke.known_as_one(reg, given)))
    return geweke.stacked(kept)


def fresh_draws(reg, A, base, rhythm, steps, generator):
    """Independent data and parameters from their joint distribution, before and after the sweeps."""
    before, after = [], []
    for _ in range(steps):
        state = geweke.state_of(reg, len(base.response), geweke.joint_draw(reg, generator))
        start = geweke.read(reg, state)
        y = geweke.draw_target(reg, A, start, generator)
        sweep(reg, A, base, state, rhythm, y, generator)
        before.append((y, geweke.known_as_one(reg, start)))
        after.append((y, geweke.known_as_one(reg, geweke.read(reg, state))))
    return geweke.stacked(before), geweke.stacked(after)


def check_joint(prior, noise, settings, design, kernel, mean_and_sd, steps=geweke.STEPS):
    """z-scores of all quantities between draws from the prior and from the successive chain."""
    generator = np.random.default_rng(1)
    reg, A, base = geweke.model(geweke.X[design], prior, noise, settings)
    chain = successive_draws(reg, A, base, RHYTHMS[kernel], steps, generator)
    direct = direct_draws(reg, A, steps, generator)
    theirs, ours = geweke.both_quantities(A[:, : reg.p], direct, chain)
    varying = theirs.std(axis=0) > 1e-9 * (1 + np.abs(theirs.mean(axis=0)))
    mean, _, error, _ = mean_and_sd(ours[None, :, varying])
    exact, spread = theirs[:, varying].mean(axis=0), theirs[:, varying].std(axis=0)
    return (mean - exact) / np.hypot(error, spread / np.sqrt(steps))


def check_invariance(prior, noise, settings, design, kernel, steps=geweke.STEPS):
    """z-scores of what sweeps change on average in parameters that have the posterior of their data."""
    generator = np.random.default_rng(2)
    reg, A, base = geweke.model(geweke.X[design], prior, noise, settings)
    blocked, _, every, overrelaxation = RHYTHMS[kernel]
    return geweke.changes(reg, A, *fresh_draws(reg, A, base, (blocked, 5, every, overrelaxation), steps, generator))


def all_cases():
    for name, design in itertools.product(CASES, ("tall", "wide")):
        for kernel in RHYTHMS:
            if kernel != "collapsed" or design == "wide":
                yield name, design, kernel
    for design in ("two rows", "correlated", "a million apart"):
        for name in ("laplace, both", "scaled laplace, both", "horseshoe, both", "scaled slab, both"):
            for kernel in RHYTHMS:
                if kernel != "collapsed" or design == "two rows":
                    yield name, design, kernel


PER_COLUMN = {
    "laplace": br.Laplace([700.0, 7e-4]),
    "scaled laplace": br.Laplace([700.0, 7e-4], True),
    "elastic net": br.ElasticNetPrior([700.0, 7e-4], [900.0, 9e-4]),
    "one laplace, one normal": br.ElasticNetPrior([700.0, np.inf], [np.inf, 9e-4]),
}
KERNELS = ("coordinate", "block")
TESTS = 2 * len(list(all_cases())) + len(PER_COLUMN) * len(KERNELS)


@pytest.mark.parametrize(("name", "design", "kernel"), list(all_cases()))
def test_successive_draws_have_the_prior(name, design, kernel, mean_and_sd):
    prior, noise, settings = CASES[name]
    if isinstance(prior, br.Horseshoe):
        # Its z-scores passed 5.4 with a third of the seeds, of a kernel that leaves the joint distribution as it is.
        pytest.skip("the chain of data and parameters is stuck for long where all are small; see the test below")
    geweke.assert_small(check_joint(prior, noise, settings, design, kernel, mean_and_sd), TESTS)


@pytest.mark.parametrize(("name", "design", "kernel"), list(all_cases()))
def test_sweeps_leave_the_posterior_as_it_is(name, design, kernel):
    """From independent draws of the joint distribution (Gandy & Scott 2020, arXiv:2001.06465)."""
    geweke.assert_small(check_invariance(*CASES[name], design, kernel), TESTS)


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("name", PER_COLUMN)
def test_columns_a_million_apart_with_scales_of_their_own(name, kernel, mean_and_sd):
    z = check_joint(PER_COLUMN[name], SIGMA, {}, "each in its own units", kernel, mean_and_sd)
    geweke.assert_small(z, TESTS)

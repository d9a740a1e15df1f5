"""Geweke's joint distribution test of the compiled kernels (Geweke 2004, doi:10.1198/016214504000001132).

Draws of the parameters given data, and of data given the parameters, in turn, must have the prior as
their distribution, which is drawn from directly here; a mistake in any conditional moves them away from it.
"""

import importlib.util
import itertools
from pathlib import Path

import numpy as np
import pytest

import bayesreg as br

pytestmark = pytest.mark.slow

STEPS = 12_000


def _sibling(name):
    spec = importlib.util.spec_from_file_location(name, Path(__file__).with_name(f"{name}.py"))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


joint = _sibling("joint")

RNG = np.random.default_rng(0)
TALL, WIDE = RNG.normal(size=(5, 2)), RNG.normal(size=(2, 4))
SHARED = RNG.normal(size=(6, 1))
X = {
    "tall": TALL,
    "wide": WIDE,
    "two rows": WIDE[:, :3],
    "correlated": np.sqrt(0.05) * RNG.normal(size=(6, 2)) + np.sqrt(0.95) * SHARED,
    "a million apart": TALL * [1e-6, 1],
    "each in its own units": TALL * [1e-3, 1e3],
}
SIGMA, SCALE = br.HalfNormal(0.8), br.InverseGamma(6.0, 3.0)
AT_CENTER, AT_ZERO = {"intercept": br.Normal(1.0, loc=0.5)}, {"intercept": br.Normal(1.0, loc=0.5), "center": False}
SCALED_CENTER = {"intercept": br.Normal(1.0, loc=0.5, scaled_by_sigma=True)}
SCALED_ZERO = {"intercept": br.Normal(1.0, loc=0.5, scaled_by_sigma=True), "center": False}

CASES = {
    "laplace": (br.Laplace(0.7), 0.8, {}),
    "laplace, sigma": (br.Laplace(0.7), SIGMA, {}),
    "laplace, scale": (br.Laplace(SCALE), 0.8, {}),
    "laplace, both": (br.Laplace(SCALE), SIGMA, {}),
    "scaled laplace": (br.Laplace(0.7, True), 0.8, {}),
    "scaled laplace, sigma": (br.Laplace(0.7, True), SIGMA, {}),
    "scaled laplace, both": (br.Laplace(SCALE, True), SIGMA, {}),
    "elastic net, sigma": (br.ElasticNetPrior(0.7, 0.9), SIGMA, {}),
    "scaled elastic net, sigma": (br.ElasticNetPrior(0.7, 0.9, True), SIGMA, {}),
    "normal, sigma": (br.Normal(0.7), SIGMA, {}),
    "normal, both": (br.Normal(SCALE), SIGMA, {}),
    "scaled normal, both": (br.Normal(SCALE, True), SIGMA, {}),
    "horseshoe": (br.Horseshoe(0.5), 0.8, {}),
    "horseshoe, both": (br.Horseshoe(SCALE), SIGMA, {}),
    "scaled horseshoe, both": (br.Horseshoe(SCALE, True), SIGMA, {}),
    "slab": (br.RegularizedHorseshoe(0.5, 0.8), 0.8, {}),
    "slab, both": (br.RegularizedHorseshoe(SCALE, 0.8, 5.0), SIGMA, {}),
    "scaled slab, both": (br.RegularizedHorseshoe(SCALE, 0.8, 5.0, True), SIGMA, {}),
    "laplace, both, intercept at the centre": (br.Laplace(SCALE), SIGMA, AT_CENTER),
    "laplace, both, intercept at 0": (br.Laplace(SCALE), SIGMA, AT_ZERO),
    "scaled laplace, both, scaled intercept at the centre": (br.Laplace(SCALE, True), SIGMA, SCALED_CENTER),
    "scaled laplace, both, intercept at the centre": (br.Laplace(SCALE, True), SIGMA, AT_CENTER),
    "scaled laplace, both, scaled intercept at 0": (br.Laplace(SCALE, True), SIGMA, SCALED_ZERO),
    "horseshoe, both, intercept at 0": (br.Horseshoe(SCALE), SIGMA, AT_ZERO),
    "scaled slab, both, scaled intercept at 0": (br.RegularizedHorseshoe(SCALE, 0.8, 5.0, True), SIGMA, SCALED_ZERO),
    "laplace, exponential and half-t": (br.Laplace(br.Exponential(2.0)), br.HalfStudentT(6.0, 0.8), {}),
    "scaled laplace, uniform": (br.Laplace(br.Uniform(1.0), True), br.Uniform(1.5), {}),
    "scaled laplace, inverse gammas on sd": (
        br.Laplace(br.InverseGamma(6.0, 3.0, on="sd"), True),
        br.InverseGamma(6.0, 4.0, on="sd"),
        {},
    ),
}
# Sweeps that draw one at a time, all at once, or with sigma and scale collapsed every other time.
RHYTHMS = {"coordinate": (False, 1, 0), "block": (True, 1, 0), "collapsed": (False, 2, 2)}


def quantities(columns, y, beta, intercept, sigma, scale, unit):
    """Functions of parameters and data that have finite variance under any of the priors: one row for each draw."""
    bounded = beta / (np.abs(beta) + unit)
    log_sigma, log_scale = np.log(sigma), np.log(scale)
    fitted = intercept[:, None] + beta @ columns.T
    residual = (y - fitted) / sigma[:, None]
    likelihood = -0.5 * np.sum(residual**2, axis=1) - y.shape[1] * log_sigma
    norm = np.log(np.sum(np.abs(beta / unit), axis=1))
    level = intercept / (np.abs(intercept) + 1)
    parts = np.column_stack([bounded, level, log_sigma, log_scale, likelihood, norm])
    away = parts - parts.mean(axis=0)
    pulls = np.tanh(np.mean(residual, axis=1))
    signs = np.tanh(np.mean(y, axis=1))
    squares = [parts[:, i] * parts[:, j] for i, j in itertools.combinations_with_replacement(range(away.shape[1]), 2)]
    return np.column_stack([parts, *squares, pulls, signs, signs[:, None] * bounded, np.tanh(residual) ** 2])


def prior_draws(columns, prior, noise, intercept, count, generator):
    """Parameters and data from their joint distribution."""
    kept = []
    for _ in range(count):
        beta, level, sigma, scale, _, _ = joint.draw_all(prior, noise, intercept, columns.shape[1], generator)
        y = level + columns @ beta + sigma * generator.standard_normal(len(columns))
        kept.append((y, beta, level, sigma, scale))
    return [np.array(part) for part in zip(*kept, strict=True)]


def with_target(problem, A, y, level):
    """The problem with other data, as `assemble` would make it; residual squares are measured from 0."""
    b = y - level
    cross, square = A.T @ b, float(b @ b)
    if problem.wide:
        return problem._replace(response=b, cross=cross, square=square)
    origin = np.zeros(len(cross))
    given = {"origin": origin, "origin_pull": cross, "origin_rss": square}
    return problem._replace(response=cross, cross=cross, square=square, **given)


def model(columns, prior, noise, settings):
    """A regression, its matrix, and its problem, of which only the data are to be replaced."""
    from bayesreg.sampling.gibbs.assemble import assemble

    start = np.linspace(-1.0, 2.0, len(columns))
    settings = {"intercept": False} | settings
    reg = br.Regression(columns, start, prior=prior, sigma=noise, standardize=False, **settings)
    A = np.column_stack([columns, np.ones(len(columns))]) if reg.has_intercept_column else reg.design.matrix
    return reg, A, assemble(reg)


def state_of(reg, size, beta, level, sigma, scale, local, slab):
    from bayesreg.sampling.gibbs.compiled.problem import State

    column = [level - reg.intercept_loc] if reg.has_intercept_column else []
    # A known scale of a penalty lies in the problem.
    used = 1.0 if reg.scale_known and not reg.is_horseshoe else scale
    hyper = np.array([sigma, used, slab, level])
    return State(np.append(beta, column), np.zeros(size), np.append(local, np.ones(len(column))), hyper)


def read(reg, state):
    """β, intercept, σ and scale where a chain stands."""
    level = state.theta[-1] + reg.intercept_loc if reg.has_intercept_column else state.hyper[3]
    return state.theta[: reg.p].copy(), level if reg.intercept is not False else 0.0, state.hyper[0], state.hyper[1]


def sweep(reg, A, base, state, rhythm, y, generator):
    """Advance the chain given the data."""
    from bayesreg.sampling.gibbs.compiled.chain import advance

    offset = reg.intercept_loc if reg.has_intercept_column else y.mean() * (reg.intercept is not False)
    problem = with_target(base._replace(center_mean=float(y.mean())), A, y, offset)
    out = np.empty((1, len(state.theta))), np.empty((1, 4)), np.empty((1, 0))
    advance(generator, problem, state, *rhythm, *out)


def successive_draws(reg, A, base, rhythm, steps, generator):
    """Data and parameters of a chain that redraws the data before each sweep."""
    drawn = joint.draw_all(reg.prior, noise_of(reg), reg.intercept, reg.p, generator)
    state, kept = state_of(reg, len(base.response), *drawn), []
    for _ in range(steps):
        beta, level, sigma, _ = read(reg, state)
        y = level + A[:, : reg.p] @ beta + sigma * generator.standard_normal(reg.n)
        sweep(reg, A, base, state, rhythm, y, generator)
        kept.append((y, *read(reg, state)))
    return [np.array(part) for part in zip(*kept, strict=True)]


def noise_of(reg):
    return reg.noise.sigma if reg.noise.known else reg.noise.prior


def fresh_draws(reg, A, base, rhythm, steps, generator):
    """Independent data and parameters from their joint distribution, before and after the sweeps."""
    before, after = [], []
    for _ in range(steps):
        drawn = joint.draw_all(reg.prior, noise_of(reg), reg.intercept, reg.p, generator)
        state = state_of(reg, len(base.response), *drawn)
        beta, level, sigma, _ = start = read(reg, state)
        y = level + A[:, : reg.p] @ beta + sigma * generator.standard_normal(reg.n)
        sweep(reg, A, base, state, rhythm, y, generator)
        before.append((y, *start))
        after.append((y, *read(reg, state)))
    return [[np.array(part) for part in zip(*kept, strict=True)] for kept in (before, after)]


def check_joint(prior, noise, settings, design, kernel, mean_and_sd, steps=STEPS):
    """z-scores of all quantities between draws from the prior and from the successive chain."""
    generator = np.random.default_rng(1)
    reg, A, base = model(X[design], prior, noise, settings)
    chain = successive_draws(reg, A, base, RHYTHMS[kernel], steps, generator)
    direct = prior_draws(A[:, : reg.p], prior, noise, reg.intercept, steps, generator)
    if reg.scale_known:
        chain[4], direct[4] = np.ones(steps), np.ones(steps)
    unit = np.median(np.abs(direct[1]), axis=0)
    ours, theirs = (quantities(A[:, : reg.p], *part, unit) for part in (chain, direct))
    varying = theirs.std(axis=0) > 1e-9 * (1 + np.abs(theirs.mean(axis=0)))
    mean, _, error, _ = mean_and_sd(ours[None, :, varying])
    exact, spread = theirs[:, varying].mean(axis=0), theirs[:, varying].std(axis=0)
    return (mean - exact) / np.hypot(error, spread / np.sqrt(steps))


def check_invariance(prior, noise, settings, design, kernel, steps=STEPS):
    """z-scores of what sweeps change on average in parameters that have the posterior of their data."""
    generator = np.random.default_rng(2)
    reg, A, base = model(X[design], prior, noise, settings)
    blocked, _, every = RHYTHMS[kernel]
    before, after = fresh_draws(reg, A, base, (blocked, 5, every), steps, generator)
    unit = np.median(np.abs(before[1]), axis=0)
    start, end = (quantities(A[:, : reg.p], *part, unit) for part in (before, after))
    change = end - start
    varying = change.std(axis=0) > 1e-9 * (1 + np.abs(start).mean(axis=0))
    return np.sqrt(steps) * change[:, varying].mean(axis=0) / change[:, varying].std(axis=0)


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


@pytest.mark.parametrize(("name", "design", "kernel"), list(all_cases()))
def test_successive_draws_have_the_prior(name, design, kernel, assert_zs, mean_and_sd):
    prior, noise, settings = CASES[name]
    if isinstance(prior, br.Horseshoe) and (design != "tall" or kernel == "block"):
        pytest.skip("the chain of data and parameters is stuck for long where all are small; see the test below")
    assert_zs(check_joint(prior, noise, settings, design, kernel, mean_and_sd))


@pytest.mark.parametrize(("name", "design", "kernel"), list(all_cases()))
def test_sweeps_leave_the_posterior_as_it_is(name, design, kernel, assert_zs):
    """From independent draws of the joint distribution (Gandy & Scott 2020, arXiv:2001.06465)."""
    assert_zs(check_invariance(*CASES[name], design, kernel))


PER_COLUMN = {
    "laplace": br.Laplace([700.0, 7e-4]),
    "scaled laplace": br.Laplace([700.0, 7e-4], True),
    "elastic net": br.ElasticNetPrior([700.0, 7e-4], [900.0, 9e-4]),
    "one laplace, one normal": br.ElasticNetPrior([700.0, np.inf], [np.inf, 9e-4]),
}


@pytest.mark.parametrize("kernel", ["coordinate", "block"])
@pytest.mark.parametrize("name", PER_COLUMN)
def test_columns_a_million_apart_with_scales_of_their_own(name, kernel, assert_zs, mean_and_sd):
    assert_zs(check_joint(PER_COLUMN[name], SIGMA, {}, "each in its own units", kernel, mean_and_sd))

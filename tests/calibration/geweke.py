"""What Geweke's tests of the compiled kernels share: models, chains of data and parameters, and what is compared.

The joint distribution of parameters and data is drawn from directly, so that it is known without error which
distribution a right kernel leaves as it is (Geweke 2004, doi:10.1198/016214504000001132).
"""

import itertools

import joint
import numpy as np
from scipy import stats

import bayesreg as br

STEPS = 12_000
# How often a right program may fail.
RISK = 0.001

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
    "scaled student t, both, scaled intercept at 0": (br.StudentTPrior(2.0, SCALE, True), SIGMA, SCALED_ZERO),
    "laplace, both, intercept at the centre": (br.Laplace(SCALE), SIGMA, AT_CENTER),
    "laplace, both, intercept at 0": (br.Laplace(SCALE), SIGMA, AT_ZERO),
    "scaled laplace, both, scaled intercept at the centre": (br.Laplace(SCALE, True), SIGMA, SCALED_CENTER),
    "scaled laplace, both, intercept at the centre": (br.Laplace(SCALE, True), SIGMA, AT_CENTER),
    "scaled laplace, both, scaled intercept at 0": (br.Laplace(SCALE, True), SIGMA, SCALED_ZERO),
    "small slab, both": (br.RegularizedHorseshoe(br.InverseGamma(3.0, 6.0), 0.3, 3.0), SIGMA, {}),
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


def parts_of(columns, y, given, unit):
    """Functions of parameters and data that have finite variance under any of the priors: one row for each draw."""
    bounded = given.beta / (np.abs(given.beta) + unit)
    level = given.level / (np.abs(given.level) + 1)
    logs = np.log([given.sigma, given.scale, given.slab, given.local]).T
    residual = _residual(columns, y, given)
    likelihood = -0.5 * np.sum(residual**2, axis=1) - y.shape[1] * logs[:, 0]
    norm = np.log(np.sum(np.abs(given.beta / unit), axis=1))
    return np.column_stack([bounded, level, logs, likelihood, norm])


def quantities(columns, y, given, unit, about):
    """The parts, their products about a point, and how data and parameters go together."""
    parts = parts_of(columns, y, given, unit)
    away = parts - about
    pairs = itertools.combinations_with_replacement(range(parts.shape[1]), 2)
    residual, signs = _residual(columns, y, given), np.tanh(np.mean(y, axis=1))
    with_data = [np.tanh(np.mean(residual, axis=1)), signs, signs[:, None] * away[:, : given.beta.shape[1]]]
    return np.column_stack([parts, *(away[:, i] * away[:, j] for i, j in pairs), *with_data, np.tanh(residual) ** 2])


def both_quantities(columns, theirs, ours):
    """Quantities of two sets of (y, parameters), in the units and about the means of the first."""
    unit = np.median(np.abs(theirs[1].beta), axis=0)
    about = parts_of(columns, *theirs, unit).mean(axis=0)
    return [quantities(columns, *each, unit, about) for each in (theirs, ours)]


def _residual(columns, y, given):
    return (y - given.level[:, None] - given.beta @ columns.T) / given.sigma[:, None]


def stacked(kept):
    """(y, parameters) of many steps, each part along a first axis."""
    data, given = zip(*kept, strict=True)
    return np.array(data), joint.Parameters(*(np.array(part) for part in zip(*given, strict=True)))


def known_as_one(reg, given):
    """What does not vary, and would differ by its place, as 1; of the local scales their geometric mean."""
    local = np.exp(np.mean(np.log(given.local), axis=-1))
    return given._replace(
        scale=1.0 if reg.scale_known else given.scale,
        slab=given.slab if np.isfinite(given.slab) else 1.0,
        local=float(local),
    )


def joint_draw(reg, generator):
    """Parameters from the prior of a regression."""
    noise = reg.noise.sigma if reg.noise.known else reg.noise.prior
    return joint.draw_all(reg.prior, noise, reg.intercept, reg.p, generator)


def draw_target(reg, A, given, generator):
    """Data given parameters."""
    return given.level + A[:, : reg.p] @ given.beta + given.sigma * generator.standard_normal(reg.n)


def with_target(problem, A, y, level):
    """The problem with other data, as `assemble` would make it; residual squares are measured from 0."""
    b = y - level
    cross, square = A.T @ b, float(b @ b)
    if problem.wide:
        return problem._replace(response=b, cross=cross, square=square)
    origin = np.zeros(len(cross))
    given = {"origin": origin, "origin_score": cross, "origin_rss": square}
    return problem._replace(response=cross, cross=cross, square=square, **given)


def model(columns, prior, noise, settings):
    """A regression, its matrix, and its problem, of which only the data are to be replaced."""
    from bayesreg.sampling.gibbs.assemble import assemble

    start = np.linspace(-1.0, 2.0, len(columns))
    settings = {"intercept": False} | settings
    reg = br.Regression(columns, start, prior=prior, sigma=noise, standardize=False, **settings)
    return reg, reg.intercept_term.columns(reg.design.matrix), assemble(reg)


def state_of(reg, size, given):
    """Where a chain stands at parameters."""
    from bayesreg.sampling.gibbs.compiled.problem import State

    column = [given.level - reg.intercept_term.loc] if reg.intercept_term.in_theta else []
    # A known scale lies in the problem, unless it is a horseshoe's.
    used = 1.0 if reg.scale_known and not reg.prior.has_local_unknowns else given.scale
    hyper = np.array([given.sigma, used, given.slab, given.level])
    local = np.append(given.local, np.ones(len(column)))
    return State(np.append(given.beta, column), np.zeros(size), local, hyper, np.arange(len(local)))


def read(reg, state):
    """The parameters where a chain stands."""
    sigma, scale, slab, level = (float(value) for value in state.hyper)
    if reg.intercept_term.in_theta:
        level = state.theta[-1] + reg.intercept_term.loc
    elif reg.intercept is False:
        level = 0.0
    return joint.Parameters(
        state.theta[: reg.p].copy(), level, sigma, scale, local=state.local[: reg.p].copy(), slab=slab
    )


def given_data(reg, A, base, y):
    """The problem with these data."""
    offset = reg.intercept_term.loc if reg.intercept_term.in_theta else y.mean() * (reg.intercept is not False)
    return with_target(base._replace(center_mean=float(y.mean())), A, y, offset)


def changes(reg, A, before, after):
    """z-scores of what quantities changed on average from independent draws to what became of them."""
    start, end = both_quantities(A[:, : reg.p], before, after)
    change = end - start
    varying = change.std(axis=0) > 1e-9 * (1 + np.abs(start).mean(axis=0))
    return np.sqrt(len(start)) * change[:, varying].mean(axis=0) / change[:, varying].std(axis=0)


def assert_small(z, tests):
    """Assert z-scores so small that in all of so many tests a right program would fail once in a thousand runs."""
    z = np.ravel(z)
    allowed = float(stats.norm.isf(0.5 * RISK / (tests * len(z))))
    assert np.max(np.abs(z)) < allowed, f"z-scores {z[np.argsort(-np.abs(z))][:5]}, allowed {allowed:.2f}"

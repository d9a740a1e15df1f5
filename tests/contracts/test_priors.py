"""What every prior of coefficients must hold: one line in the list gives a new one all of it."""

import numpy as np
import pandas as pd
import pytest
from scipy import integrate, stats

import bayesreg as br
from bayesreg.analysis.from_tree import regression_of
from bayesreg.errors import BayesregError, PriorError
from bayesreg.model.unknowns import Unknowns
from bayesreg.priors.base import Prior
from bayesreg.priors.penalty_prior import PenaltyPrior
from bayesreg.priors.registry import PRIORS, stated

NAMES = ("a", "b", "c")
RNG = np.random.default_rng(7)
X, SIGMA = pd.DataFrame(RNG.normal(size=(30, 3)), columns=NAMES), 1.7
Y = X.to_numpy() @ [1.0, -0.5, 0.0] + RNG.normal(size=30)

# Each with the unknowns that its density is taken at, a line for a new prior.
CASES = {
    "laplace": (br.Laplace(0.4), {}),
    "laplace by column": (br.Laplace([0.4, 1.0, 3.0], scaled_by_sigma=True), {}),
    "laplace unknown scale": (br.Laplace(br.HalfNormal(1.0)), {"scale": 0.6}),
    "normal": (br.Normal(0.4), {}),
    "normal unknown scale": (br.Normal(br.HalfCauchy(1.0), scaled_by_sigma=True), {"scale": 0.6}),
    "elastic net": (br.ElasticNetPrior([0.4, 1.0, 1e9], 0.8), {}),
    "blocks": (br.Blocks({"b": br.Normal(0.4), ("c", "a"): br.Laplace([0.3, 2.0])}), {}),
    "blocks unknown scale": (
        br.Blocks({("b", "c"): br.Normal(br.HalfCauchy(1.0)), "a": br.Laplace(br.HalfNormal(1.0))}),
        {"scale_b_c": 0.6, "scale_a": 1.3},
    ),
    "blocks one unknown scale": (
        br.Blocks({"b": br.Normal(br.HalfCauchy(1.0), True)}, rest=br.Laplace(0.7, True)),
        {"scale_b": 0.6},
    ),
    "group laplace": (br.GroupLaplace(0.4, ["g", "h", "g"], scaled_by_sigma=True), {}),
    "group laplace by group": (br.GroupLaplace({"g": 0.4, "h": 2.0}, ["g", "g", "h"]), {}),
    "group laplace unknown scale": (br.GroupLaplace(br.HalfNormal(1.0), ["g", "g", "g"]), {"scale": 0.6}),
    "horseshoe": (br.Horseshoe(0.3), {}),
    "horseshoe unknown scale": (br.Horseshoe(br.HalfCauchy(0.5), scaled_by_sigma=True), {"scale": 0.6}),
    "student t": (br.StudentTPrior(3.0, [0.4, 1.0, 3.0], scaled_by_sigma=True), {}),
    "student t unknown scale": (br.StudentTPrior(1.0, br.HalfNormal(1.0)), {"scale": 0.6}),
    "r2d2": (br.R2D2(0.6, 3.0, 0.7), {"scale": 0.6}),
    "r2d2, not scaled": (br.R2D2(0.5, 2.0, 1.5, scaled_by_sigma=False), {"scale": 0.6}),
    "regularized horseshoe": (br.RegularizedHorseshoe(0.3, 2.0), {"slab_scale": 1.5}),
}
# Of sums over logarithms, whose error falls exponentially with it.
STEP = 0.03
every = pytest.mark.parametrize("name", CASES)


def at(prior, unknowns, shape=(), local=None):
    """What the prior is stated for, at the case's unknowns."""
    values = {key: np.full(shape, value) for key, value in unknowns.items()}
    if prior.has_local_unknowns:
        values["local_scale"] = np.ones((*shape, 3)) if local is None else local
    return prior.given(NAMES, np.full(shape, SIGMA), values)


def test_every_registered_prior_is_in_the_list():
    assert {type(prior) for prior, _ in CASES.values()} == set(PRIORS)
    assert set(PRIORS) <= set(Prior.__subclasses__()) | set(PenaltyPrior.__subclasses__())
    assert len({prior.name for prior in PRIORS}) == len(PRIORS)


@every
def test_its_density_integrates_to_one(name):
    prior, unknowns = CASES[name]
    t = np.arange(-60.0, 60.0, STEP)
    log_density = prior.log_marginal(np.exp(t)[:, None] * np.ones(3), at(prior, unknowns, (1,)))
    np.testing.assert_allclose(2 * STEP * np.sum(np.exp(log_density + t[:, None]), axis=0), 1.0, rtol=1e-7)


@every
def test_its_mixture_of_normals_gives_the_density_back(name):
    """By quadrature over the mixing quantity, of a density that is stated in closed form where there is one."""
    prior, unknowns = CASES[name]
    if prior.has_shares:
        return
    beta, t = np.array([-2.0, 0.3, 1.1]), np.arange(-60.0, 60.0, STEP)[:, None] * np.ones(3)
    sd = prior.precision(at(prior, unknowns, (1,)), np.exp(t)) ** -0.5
    weight = prior.log_mixing(t, NAMES) if prior.is_mixed else stats.norm.logpdf(t)
    density = STEP * np.sum(np.exp(weight + stats.norm(0, sd).logpdf(beta)), axis=0)
    np.testing.assert_allclose(np.log(density), prior.log_marginal(beta, at(prior, unknowns)), rtol=1e-6, atol=1e-8)


@every
def test_its_mixture_gives_the_density_back_where_columns_share(name):
    """By averages over draws of all mixing quantities together."""
    prior, unknowns = CASES[name]
    if not prior.has_shares:
        return
    beta, size = np.array([-2.0, 0.3, 1.1]), 40_000
    mixing = prior.draw_mixing(np.random.default_rng(6), (size,), NAMES)
    densities = stats.norm(0, prior.precision(at(prior, unknowns, (size,), mixing), mixing) ** -0.5).pdf(beta)
    gap = densities.mean(axis=0) - np.exp(prior.log_marginal(beta, at(prior, unknowns)))
    assert np.all(np.abs(gap) < 4.5 * densities.std(axis=0) / size**0.5)


@every
def test_its_draws_have_its_density(name):
    """Kolmogorov's distance between draws and the integral of the density."""
    prior, unknowns = CASES[name]
    generator, size = np.random.default_rng(3), 4_000
    local = prior.draw_mixing(generator, (size,), NAMES) if prior.has_local_unknowns else None
    draws = prior.draw_given(generator, at(prior, unknowns, (size,), local))
    assert draws.shape == (size, 3)
    t = np.arange(-30.0, 30.0, 0.005)
    mass = 2 * np.exp(prior.log_marginal(np.exp(t)[:, None] * np.ones(3), at(prior, unknowns, (1,))) + t[:, None])
    cdf = integrate.cumulative_trapezoid(mass, t, axis=0, initial=0.0)
    for j in range(3):
        levels = np.interp(np.log(np.abs(draws[:, j])), t, cdf[:, j])
        assert stats.kstest(levels, "uniform").pvalue > 1e-3 / (3 * len(CASES))
        assert abs(np.sum(draws[:, j] > 0) - size / 2) < 4 * size**0.5 / 2


@every
def test_mixing_quantities_given_coefficients_have_the_joint_distribution(name):
    """Of pairs (β, x): x drawn first, or drawn anew given β, has the same distribution."""
    prior, unknowns = CASES[name]
    if not prior.is_mixed:
        return
    generator, size = np.random.default_rng(4), 4_000
    mixing = prior.draw_mixing(generator, (size,), NAMES)
    given = at(prior, unknowns, (size,), mixing)
    beta = generator.standard_normal((size, 3)) / np.sqrt(prior.precision(given, mixing))
    again = prior.draw_mixing_given(generator, beta, given)
    matters = np.any(prior.precision(given, mixing) != prior.precision(given, 2 * mixing), axis=0)
    for j in np.flatnonzero(matters):
        assert stats.ks_2samp(mixing[:, j], again[:, j]).pvalue > 1e-3 / (3 * len(CASES))
        large = np.abs(beta[:, j]) > np.median(np.abs(beta[:, j]))
        assert stats.ks_2samp(mixing[large, j], again[large, j]).pvalue > 1e-3 / (3 * len(CASES))


@every
def test_its_joint_density_is_that_of_its_mixture(name):
    """Of columns that are not independent: by quadrature over the mixing quantity that those of a group share."""
    prior, unknowns = CASES[name]
    if prior.is_separable:
        return
    beta, t, blocks = (
        np.array([-2.0, 0.3, 1.1]),
        np.arange(-60.0, 60.0, STEP)[:, None] * np.ones(3),
        prior.partition(NAMES),
    )
    first = [at[0] for at in blocks.members]
    sd = prior.precision(at(prior, unknowns, (1,)), np.exp(t)) ** -0.5
    log_density = prior.log_mixing(t, NAMES)[:, first] + blocks.sums(stats.norm(0, sd).logpdf(beta))
    by_quadrature = np.log(STEP * np.sum(np.exp(log_density), axis=0))
    np.testing.assert_allclose(by_quadrature, prior.log_density_given(beta, at(prior, unknowns)), rtol=1e-6)


@every
def test_its_public_log_density_is_that_of_its_columns(name):
    prior, unknowns = CASES[name]
    beta, sigma = pd.Series([-2.0, 0.3, 1.1], NAMES), SIGMA if prior.scaled_by_sigma else None
    joint = (prior.log_marginal if prior.is_separable else prior.log_density_given)(
        beta.to_numpy(), at(prior, unknowns)
    )
    np.testing.assert_allclose(prior.log_density(beta, sigma, **unknowns), joint, rtol=1e-9)
    if unknowns or prior.scaled_by_sigma:
        with pytest.raises(PriorError, match="pass"):
            prior.log_density(beta)


@every
def test_penalty_and_density_differ_by_a_constant_or_there_is_none(name):
    prior, unknowns = CASES[name]
    if not prior.has_penalty:
        for refused in (lambda: br.to_penalty(prior, sigma=1.0), lambda: prior.column_scales(NAMES)):
            with pytest.raises(PriorError, match=r"has no penalty .*br\.sample"):
                refused()
        return
    known = stated(prior.at_scales(unknowns) if prior.unknown_scales else prior, NAMES)
    penalty, sigma = br.to_penalty(known, sigma=SIGMA, objective="nll"), SIGMA if prior.scaled_by_sigma else None
    points = RNG.normal(size=(6, 3))
    gaps = [penalty.value(beta) + np.sum(known.log_density(beta, sigma)) for beta in points]
    np.testing.assert_allclose(gaps, gaps[0], rtol=1e-12)
    twice = br.to_penalty(known.strengthened(2.0), sigma=SIGMA, objective="nll")
    np.testing.assert_allclose(twice.value(points[0]), 2 * penalty.value(points[0]), rtol=1e-12)
    _prox_is_optimal(penalty)


def _prox_is_optimal(penalty):
    z = np.array([3.0, -0.2, 0.9])
    best = penalty.prox(z, step=0.7)

    def value(beta):
        return 0.5 * np.sum((beta - z) ** 2) + 0.7 * penalty.value(beta)

    for move in np.vstack([RNG.normal(size=(40, 3)), np.eye(3), -np.eye(3)]):
        for size in (1e-4, 1e-2, 1.0):
            assert value(best + size * move) >= value(best) - 1e-14


@every
def test_words_are_there(name):
    prior, _ = CASES[name]
    assert prior.title
    assert prior.article.endswith(prior.title)
    assert ("β_j" if prior.is_separable else "β_g") in prior.formula()
    assert "doi:" in prior.source


@every
def test_an_engine_covers_it_or_an_error_names_a_cure(name):
    prior, _ = CASES[name]
    reg = br.Regression(X, Y, prior=prior, sigma=SIGMA, standardize=False)
    assert br.choose_engine(reg).engine in ("exact", "gibbs", "hmc", "nuts")
    if not prior.has_penalty:
        for refused in (lambda: br.map_estimate(reg), lambda: br.path(reg), lambda: br.compare(reg)):
            with pytest.raises(BayesregError, match=r"br\.sample|Laplace"):
                refused()


@every
def test_its_settings_come_back_from_a_posterior(name):
    from bayesreg.sampling.datatree import to_datatree
    from bayesreg.sampling.draws import Run

    prior, unknowns = CASES[name]
    reg = br.Regression(X, Y, prior=prior, standardize=False)
    values = {key: np.full((2, 3), value) for key, value in unknowns.items()}
    if prior.has_local_unknowns:
        values["local_scale"] = np.ones((2, 3, 3))
    draws = Unknowns(np.ones((2, 3, 3)), np.zeros((2, 3)), np.full((2, 3), SIGMA), values)
    tree = to_datatree(reg, Run(draws), {}, (), 0)
    back = regression_of(tree).prior
    assert type(back) is type(prior)
    assert back.scaled_by_sigma == prior.scaled_by_sigma
    assert [unknown[:2] for unknown in back.unknowns] == [unknown[:2] for unknown in prior.unknowns]
    for key, value in prior.constants(reg.names).items():
        np.testing.assert_array_equal(back.constants(reg.names)[key], np.broadcast_to(value, np.shape(value)))


@every
def test_the_pymc_form_has_the_same_density(name):
    """Of coefficients and the prior's unknowns together."""
    from bayesreg.model.log_density import log_prior

    prior, unknowns = CASES[name]
    reg = br.Regression(X, Y, prior=prior, sigma=SIGMA, intercept=False, standardize=False)
    model, values = reg.to_pymc(parameterization="centered"), {key: np.array(value) for key, value in unknowns.items()}
    if prior.has_local_unknowns:
        values["local_scale"] = np.array([0.3, 1.0, 2.0])
    beta = np.array([-2.0, 0.3, 1.1])
    point = {"coef": beta, **{f"{key}_log__": np.log(value) for key, value in values.items()}}
    log_density = model.compile_logp(vars=model.free_RVs, jacobian=False, mode="FAST_COMPILE")
    expected = log_prior(reg, Unknowns(beta, np.zeros(()), np.array(SIGMA), values))
    assert log_density(point) == pytest.approx(float(expected), abs=1e-6)

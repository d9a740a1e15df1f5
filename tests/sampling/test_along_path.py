"""Posteriors along a path are the posteriors at each of its strengths."""

import numpy as np
import pytest

import bayesreg as br
from bayesreg.errors import ConvergenceError, PriorError, SamplerWarning, UnsupportedError
from bayesreg.model.objective import strengths_at
from bayesreg.sampling.exact.posterior import exact_posterior
from bayesreg.sampling.gibbs import assemble

RNG = np.random.default_rng(5)
X = RNG.normal(size=(60, 4)) @ np.diag([1.0, 3.0, 0.2, 1.0])
Y = X[:, 0] - X[:, 1] / 3 + RNG.normal(size=60)
STRENGTHS = [300.0, 30.0, 3.0]


def make(prior, sigma=1.0, **given):
    return br.Regression(X, Y, prior=prior, sigma=sigma, **given)


@pytest.mark.parametrize("scaled", [False, True])
def test_independent_draws_at_each_strength_are_those_of_the_exact_posterior(scaled, assert_moments):
    """κ = σ²/s², so the scale at strength κ is σ/√κ (1/√κ where the prior is scaled by sigma)."""
    sigma = 1.3
    tree = br.sample_path(make(br.Normal(1.0, scaled), sigma), STRENGTHS, draws=2_000, random_seed=1)
    for k, strength in enumerate(STRENGTHS):
        scale = (1.0 if scaled else sigma) / strength**0.5
        posterior = exact_posterior(make(br.Normal(scale, scaled), sigma))
        beta = tree["posterior"]["beta"].values[:, :, k]
        assert_moments(beta, posterior.mean(), np.sqrt(np.diag(posterior.covariance())))


@pytest.mark.slow
@pytest.mark.parametrize(
    "prior", [br.Laplace(1.0), br.Laplace(1.0, True), br.Laplace([1.0, 2.0, np.inf, 1.0]), br.ElasticNetPrior(1.0, 2.0)]
)
@pytest.mark.parametrize("sigma", [1.3, None])
def test_chains_at_each_strength_are_those_of_a_sample_there(prior, sigma, assert_same_distribution):
    """The largest of the columns' strengths is the one named; sigma = 1 stands for an unknown one."""
    reg = make(prior, sigma)
    tree = br.sample_path(reg, STRENGTHS, draws=3_000, random_seed=1)
    unit = 1.0 if sigma is None else sigma
    l1, _ = strengths_at(reg, unit)
    for k, strength in enumerate(STRENGTHS):
        factor = l1.max() / strength
        if isinstance(prior, br.Laplace):
            there = br.Laplace(np.asarray(prior.scale) * factor, prior.scaled_by_sigma)
        else:
            there = br.ElasticNetPrior(prior.laplace_scale * factor, prior.normal_scale * factor**0.5)
        alone = br.sample(make(there, sigma), draws=3_000, random_seed=2)["posterior"]
        for name in ("beta", "intercept", "sigma"):
            if name in alone:
                assert_same_distribution(tree["posterior"][name].values[:, :, k], alone[name].values)


def test_the_tree_says_which_strength_is_which():
    tree = br.sample_path(make(br.Normal(1.0)), STRENGTHS[::-1], draws=200, random_seed=1)
    assert list(tree["posterior"]["strength"].values) == STRENGTHS
    assert tree["posterior"]["coef"].dims == ("chain", "draw", "strength", "coef_name")
    assert tree["posterior"]["intercept"].dims == ("chain", "draw", "strength")
    assert set(tree["path_stats"].data_vars) == {"rhat", "ess_bulk", "ess_tail"}
    assert np.all(tree["path_stats"]["rhat"].values < 1.02)
    spread = tree["posterior"]["beta"].std(("chain", "draw")).sum("coef_name").values
    assert spread[0] < spread[1] < spread[2]


def test_the_seed_decides():
    first, again = (br.sample_path(make(br.Normal(1.0)), STRENGTHS, draws=200, random_seed=1) for _ in range(2))
    assert np.array_equal(first["posterior"]["coef"].values, again["posterior"]["coef"].values)
    draws = first["posterior"]["beta"].values
    # A stream of its own at each strength: deviations at two strengths are not the same numbers.
    deviations = draws - draws.mean((0, 1))
    assert abs(np.corrcoef(deviations[..., 0, 0].ravel(), deviations[..., 1, 0].ravel())[0, 1]) < 0.2


def test_too_few_draws_are_said():
    with pytest.warns(SamplerWarning, match="at strength 300"):
        br.sample_path(make(br.Normal(1.0)), STRENGTHS, draws=20, random_seed=1)


@pytest.mark.slow
def test_a_path_that_breaks_down_is_an_error(monkeypatch):
    start = assemble.starting_point

    def broken(reg, problem):
        state = start(reg, problem)
        state.hyper[0] = 0.0
        return state

    monkeypatch.setattr(assemble, "starting_point", broken)
    monkeypatch.setattr("bayesreg.sampling.gibbs.kernel.slowest_direction", lambda problem, start: 0.5)
    with pytest.raises(ConvergenceError, match="Gibbs sampler broke down"):
        br.sample_path(make(br.Laplace(1.0)), STRENGTHS, random_seed=1)


@pytest.mark.parametrize("strengths", [[], [0.0], [-1.0], [np.nan], [[1.0, 2.0]], np.inf])
def test_what_is_no_strength_is_refused(strengths):
    with pytest.raises(PriorError, match="strengths must be positive"):
        br.sample_path(make(br.Normal(1.0)), strengths)


def test_what_has_no_path_is_refused():
    with pytest.raises(PriorError, match="known scale"):
        br.sample_path(make(br.Laplace(br.HalfNormal(1.0))), STRENGTHS)
    with pytest.raises(PriorError, match="no column is penalized"):
        br.sample_path(make(br.Laplace(np.inf)), STRENGTHS)
    with pytest.raises(UnsupportedError, match="gaussian family"):
        br.sample_path(make(br.Horseshoe()), STRENGTHS)

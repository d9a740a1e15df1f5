"""The extra groups on the result of every engine, and ArviZ's functions that live on them."""

import arviz as az
import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import pytest
from scipy import stats

import bayesreg as br
from bayesreg.errors import PriorError, UnsupportedError
from bayesreg.sampling.engine import sample

matplotlib.use("agg")
GROUPS = ("prior", "prior_predictive", "posterior_predictive", "log_likelihood", "log_prior")
RNG = np.random.default_rng(4)
X = RNG.normal([3.0, 0.0, -1.0], [1.0, 5.0, 0.2], size=(40, 3))
Y = 2 + X @ [1.0, 0.1, -3.0] + RNG.normal(size=40)
WEIGHTS = RNG.uniform(0.5, 2, size=40)
PROPER = {"intercept": br.Normal(5.0, loc=2.0), "sigma": br.HalfNormal(2.0)}
# Engine, how Gibbs runs, the prior, and whether something is compiled on the way.
ENGINES = [
    pytest.param("exact", {}, br.Normal(1.0), id="exact"),
    pytest.param("gibbs", {"kernel": "interpreted"}, br.Laplace(1.0), id="interpreted"),
    pytest.param("gibbs", {"kernel": "coordinate"}, br.Laplace(1.0), id="compiled", marks=pytest.mark.slow),
    pytest.param("gibbs", {}, br.Horseshoe(br.HalfCauchy(0.5)), id="horseshoe", marks=pytest.mark.slow),
    pytest.param("nuts", {"cores": 1}, br.Laplace(1.0), id="nuts", marks=pytest.mark.slow),
]
pytestmark = pytest.mark.filterwarnings(
    "ignore::FutureWarning", "ignore::DeprecationWarning", "ignore::UserWarning:pymc"
)


def draw(prior=None, groups=GROUPS, X=X, **given):
    settings = {name: given.pop(name) for name in ("engine", "kernel", "cores", "draws") if name in given}
    reg = br.Regression(X, Y, prior=br.Normal(1.0) if prior is None else prior, **(PROPER | given))
    return sample(reg, random_seed=3, groups=groups, **settings)


@pytest.mark.parametrize(("engine", "settings", "prior"), ENGINES)
def test_arviz_runs_on_every_engine(engine, settings, prior):
    tree = draw(prior, engine=engine, **settings)
    assert tree.attrs["engine"] == engine
    assert set(GROUPS) <= set(tree.children)
    ours, theirs = tree["prior"], tree["posterior"]
    assert {name: v.dims for name, v in ours.data_vars.items()} == {
        name: v.dims for name, v in theirs.data_vars.items()
    }
    assert az.loo(tree, var_name="y").n_data_points == 40
    table = az.compare({"all": tree, "one": draw(prior, engine=engine, X=X[:, :1], **settings)})
    assert table.index[0] == "all"
    summary = az.psense_summary(tree, var_names=["coef", "sigma"])
    assert np.all(np.isfinite(summary[["prior", "likelihood"]].to_numpy()))
    for group in ("prior_predictive", "posterior_predictive"):
        az.plot_ppc_dist(tree, group=group, num_samples=10)
    az.plot_prior_posterior(tree, var_names=["coef", "sigma"], kind="ecdf")
    plt.close("all")


def test_prior_predictions_have_the_priors_moments(assert_zs):
    tree = draw(groups=("prior_predictive",), weights=WEIGHTS, draws=5_000)
    y = tree["prior_predictive"]["y"].values.reshape(-1, 40)
    mean = np.average(X, axis=0, weights=WEIGHTS)
    columns = (X - mean) / np.sqrt(np.average((X - mean) ** 2, axis=0, weights=WEIGHTS))
    # Var(y) = Var(intercept) + Var(x·beta) + E(σ²)/w.
    variance = 25 + np.sum(columns**2, axis=1) + 4 / WEIGHTS
    assert_zs((y.mean(axis=0) - 2) / np.sqrt(variance / len(y)))
    squares = (y - 2) ** 2
    assert_zs((squares.mean(axis=0) - variance) / (squares.std(axis=0) / np.sqrt(len(y))))


def test_the_prior_is_on_the_users_columns():
    tree = draw(groups=("prior",), draws=5_000)
    prior, constant = tree["prior"], tree["constant_data"]
    np.testing.assert_allclose(prior["coef"] * constant["sd"], prior["beta"], rtol=1e-12)
    at_center = prior["intercept"] + (prior["coef"] * constant["center"]).sum("coef_name")
    assert stats.kstest(at_center.values.ravel(), stats.norm(2.0, 5.0).cdf).pvalue > 1e-3 / 3
    assert stats.kstest(prior["beta"].values.ravel(), stats.norm.cdf).pvalue > 1e-3 / 3
    assert stats.kstest(prior["sigma"].values.ravel(), stats.halfnorm(scale=2.0).cdf).pvalue > 1e-3 / 3


def test_the_prior_follows_the_seed_and_leaves_other_draws_alone():
    first, second, without = draw(), draw(), draw(groups=("posterior_predictive",))
    assert np.array_equal(first["prior"]["coef"], second["prior"]["coef"])
    for group in ("posterior", "posterior_predictive"):
        for name, values in without[group].data_vars.items():
            assert np.array_equal(first[group][name], values)


@pytest.mark.parametrize(
    ("given", "improper", "left"),
    [
        ({"intercept": True}, "intercept", {"coef", "beta", "sigma"}),
        ({"sigma": br.Jeffreys(), "intercept": False}, "sigma", {"coef", "beta"}),
        ({"prior": br.Normal([1.0, np.inf, 1.0])}, "beta", {"sigma"}),
    ],
)
def test_what_is_improper_is_left_out_by_name(given, improper, left):
    tree = draw(groups=("prior",), **given)
    assert tree["prior"].attrs["improper"] == improper
    assert set(tree["prior"].data_vars) == left
    with pytest.raises(PriorError, match=f"the prior of {improper} is improper"):
        draw(groups=("prior_predictive",), **given)


def test_priors_that_are_all_improper_are_refused():
    with pytest.raises(PriorError, match="every prior here is improper"):
        draw(br.Normal(np.inf), groups=("prior",), sigma=br.Jeffreys(), intercept=True)


def test_groups_are_checked_before_anything_is_drawn(monkeypatch):
    monkeypatch.setattr("bayesreg.sampling.engine.draw_posterior", None)
    with pytest.raises(UnsupportedError, match=r"unknown groups \['priors'\]"):
        draw(groups=("priors",))
    moments = br.Regression(X, Y, prior=br.Normal(1.0)).design.moments
    for group in ("prior_predictive", "posterior_predictive", "log_likelihood"):
        with pytest.raises(UnsupportedError, match="need the rows"):
            sample(br.Regression.from_moments(moments, prior=br.Normal(1.0), **PROPER), groups=(group,))


@pytest.mark.slow
def test_predictions_that_no_count_can_have_are_named():
    counts = RNG.poisson(2.0, size=40)
    given = {"prior": br.Laplace(50.0), "intercept": br.Normal(50.0), "family": "poisson"}
    with pytest.raises(PriorError, match="too large for the poisson family"):
        sample(br.Regression(X, counts, **given), groups=("prior_predictive",), random_seed=0, cores=1)

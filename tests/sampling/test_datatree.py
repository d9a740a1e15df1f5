"""The result as others read it: groups, names, ArviZ on top of it, and a way to disk and back."""

import importlib.util

import arviz as az
import numpy as np
import pandas as pd
import pytest
import xarray as xr
from scipy import sparse, stats

import bayesreg as br
from bayesreg.analysis.from_tree import regression_of
from bayesreg.errors import DataError
from bayesreg.model.log_density import log_likelihood, log_prior
from bayesreg.model.unknowns import Unknowns
from bayesreg.sampling import datatree as datatree_module
from bayesreg.sampling import draws as draws_module
from bayesreg.sampling.datatree import to_datatree
from bayesreg.sampling.draws import Run
from bayesreg.sampling.engine import draw_posterior, sample

NAMES = ["a/b", "é ü", "two words"]
RNG = np.random.default_rng(4)
X = pd.DataFrame(RNG.normal([3.0, 0.0, -1.0], [1.0, 5.0, 0.2], size=(40, 3)), columns=NAMES)
Y = pd.Series(2 + X.to_numpy() @ [1.0, 0.1, -3.0] + RNG.normal(size=40), name="yield")
WEIGHTS, OFFSET = RNG.uniform(0.5, 2, size=40), RNG.normal(size=40)
ALL = ("posterior_predictive", "log_likelihood", "log_prior")


def make(**given):
    return br.Regression(X, Y, **({"prior": br.Normal([1.0, 2.0, np.inf]), "sigma": br.HalfNormal(2.0)} | given))


@pytest.fixture(scope="module")
def tree():
    return sample(make(weights=WEIGHTS, offset=OFFSET), random_seed=3, groups=ALL)


def test_groups_and_dims(tree):
    assert set(tree.children) == {"posterior", "sample_stats", "observed_data", "constant_data", *ALL}
    posterior = tree["posterior"]
    assert {name: posterior[name].dims for name in posterior.data_vars} == {
        "coef": ("chain", "draw", "coef_name"),
        "beta": ("chain", "draw", "coef_name"),
        "intercept": ("chain", "draw"),
        "intercept_at_center": ("chain", "draw"),
        "sigma": ("chain", "draw"),
    }
    assert tree["posterior_predictive"]["y"].dims == ("chain", "draw", "row")
    assert tree["log_likelihood"]["y"].dims == ("chain", "draw", "row")
    assert tree["observed_data"]["y"].dims == ("row",)
    assert tree["constant_data"]["X"].dims == ("row", "coef_name")
    assert tree["sample_stats"]["lp"].dims == ("chain", "draw")


def test_names_are_kept_as_they_are(tree):
    assert list(tree["posterior"]["coef_name"].values) == NAMES
    assert tree["posterior"]["coef"].sel(coef_name="a/b").dims == ("chain", "draw")


def test_what_is_known_is_constant_data_and_no_variable():
    tree = sample(make(sigma=1.5, intercept=False, standardize=False, prior=br.Laplace(0.5)), random_seed=3)
    assert set(tree["posterior"].data_vars) == {"coef"}
    assert float(tree["constant_data"]["sigma"]) == 1.5
    assert list(tree["constant_data"]["laplace_scale"].values) == [0.5] * 3
    assert "normal_scale" not in tree["constant_data"]


def test_data_are_those_that_were_given(tree):
    assert np.array_equal(tree["observed_data"]["y"], Y)
    assert np.array_equal(tree["constant_data"]["X"], X)
    assert np.array_equal(tree["constant_data"]["weights"], WEIGHTS)
    assert np.array_equal(tree["constant_data"]["offset"], OFFSET)
    np.testing.assert_allclose(tree["constant_data"]["center"], np.average(X, axis=0, weights=WEIGHTS), rtol=1e-12)
    assert np.array_equal(tree["constant_data"]["normal_scale"], [1.0, 2.0, np.inf])


def test_coef_and_intercept_are_on_the_users_columns(tree):
    """beta, and the intercept at the centre, give the same linear predictor."""
    posterior, constant = tree["posterior"], tree["constant_data"]
    sd, center = constant["sd"].values, constant["center"].values
    ours = posterior["intercept"].values[..., None] + posterior["coef"].values @ X.to_numpy().T
    columns = (X.to_numpy() - center) / sd
    at_center = posterior["intercept"].values + posterior["coef"].values @ center
    theirs = at_center[..., None] + posterior["beta"].values @ columns.T
    np.testing.assert_allclose(ours, theirs, rtol=1e-10)
    np.testing.assert_allclose(posterior["coef"].values * sd, posterior["beta"].values, rtol=1e-12)


def test_attributes_say_what_ran_and_why(tree):
    attrs = tree.attrs
    assert attrs["modeling_interface"] == "bayesreg"
    assert attrs["engine"] == "exact"
    assert "closed form" in attrs["engine_reason"]
    assert attrs["random_seed"] == "3"
    assert (attrs["target"], attrs["prior"], attrs["family"]) == ("yield", "normal", "gaussian")
    assert (attrs["n"], attrs["p"], attrs["scaled_by_sigma"]) == (40, 3, 0)
    assert attrs["rhat"] < 1.01
    assert attrs["ess_bulk"] > 400
    assert tree["posterior"].attrs["inference_library"] == "bayesreg"


def test_log_likelihood_is_scipys(tree):
    posterior = tree["posterior"]
    eta = posterior["intercept"].values[..., None] + posterior["coef"].values @ X.to_numpy().T + OFFSET
    expected = stats.norm.logpdf(Y.to_numpy(), eta, posterior["sigma"].values[..., None] / np.sqrt(WEIGHTS))
    np.testing.assert_allclose(tree["log_likelihood"]["y"].values, expected, rtol=1e-9, atol=1e-9)


def test_lp_is_the_whole_log_density(tree):
    reg = make(weights=WEIGHTS, offset=OFFSET)
    posterior = tree["posterior"]
    at_center = posterior["intercept"].values + posterior["coef"].values @ tree["constant_data"]["center"].values
    arguments = (reg, Unknowns(posterior["beta"].values, at_center, posterior["sigma"].values))
    np.testing.assert_allclose(
        tree["sample_stats"]["lp"], log_likelihood(*arguments) + log_prior(*arguments), rtol=1e-9
    )
    np.testing.assert_allclose(tree["log_prior"]["prior"], log_prior(*arguments), rtol=1e-9)


def test_predictions_have_the_posteriors_moments(assert_zs):
    """Mean X·E(coef), variance E(σ²)/w + Var(x·coef); here with sigma known and from 20,000 draws."""
    reg = make(prior=br.Normal(1.0), sigma=1.5, weights=WEIGHTS, offset=OFFSET)
    tree = sample(reg, draws=5_000, random_seed=3, groups=("posterior_predictive",))
    y = tree["posterior_predictive"]["y"].values.reshape(-1, 40)
    posterior = tree["posterior"]
    eta = posterior["intercept"].values[..., None] + posterior["coef"].values @ X.to_numpy().T + OFFSET
    eta = eta.reshape(-1, 40)
    noise = (y - eta) * np.sqrt(WEIGHTS) / 1.5
    count = len(y)
    assert_zs(np.r_[noise.mean(axis=0) * np.sqrt(count), (noise.var(axis=0) - 1) / np.sqrt(2 / count)])
    # The noise is new: it knows nothing of the draws, of other rows, or of other draws.
    standard = (eta - eta.mean(axis=0)) / eta.std(axis=0)
    assert_zs(np.r_[np.mean(noise * standard, axis=0), np.mean(noise[1:] * noise[:-1], axis=0)] * np.sqrt(count))
    assert_zs(np.corrcoef(noise.T)[np.triu_indices(40, 1)] * np.sqrt(count))


def test_predictions_follow_the_seed():
    first, second = (
        sample(make(), random_seed=3, groups=("posterior_predictive",))["posterior_predictive"]["y"] for _ in range(2)
    )
    assert np.array_equal(first, second)


def test_arviz_reads_it(tree):
    summary = az.summary(tree, var_names=["coef", "sigma"], round_to="none", ci_prob=0.9, ci_kind="eti")
    assert list(summary.index) == [f"coef[{name}]" for name in NAMES] + ["sigma"]
    np.testing.assert_allclose(summary["mean"].iloc[:3], tree["posterior"]["coef"].mean(("chain", "draw")), rtol=1e-10)


def test_loo_is_what_leaving_rows_out_gives():
    """PSIS from the pointwise terms, against the predictive density of three rows by the posterior of the others."""
    rng = np.random.default_rng(1)
    columns = rng.uniform(-1, 1, size=(60, 2))
    y = columns @ [1.0, -1.0] + rng.normal(size=60)
    given = {"prior": br.Normal(1.0), "sigma": br.HalfNormal(2.0), "standardize": False}
    whole = sample(br.Regression(columns, y, **given), draws=4_000, random_seed=3, groups=("log_likelihood",))
    loo = az.loo(whole, var_name="y", pointwise=True)
    assert loo.n_data_points == 60
    for row in (0, 11, 27):
        keep = np.arange(60) != row
        found = sample(br.Regression(columns[keep], y[keep], **given), draws=4_000, random_seed=0)["posterior"]
        eta = found["intercept"].values + found["coef"].values @ columns[row]
        density = stats.norm.pdf(y[row], eta, found["sigma"].values)
        error = density.std() / density.mean() / np.sqrt(density.size)
        # Twice 16,000 independent draws; importance weights cost the other half somewhat more.
        assert float(loo.elpd_i[row]) == pytest.approx(np.log(density.mean()), abs=6 * error)


def assert_same_tree(ours, theirs):
    assert set(theirs.children) == set(ours.children)
    for group in ours.children:
        xr.testing.assert_allclose(ours[group].to_dataset(), theirs[group].to_dataset())
        assert sorted(theirs[group].data_vars) == sorted(ours[group].data_vars)
    for name, value in ours.attrs.items():
        assert np.all(theirs.attrs[name] == value), name


@pytest.mark.parametrize(
    "prior",
    [br.Normal([1.0, 2.0, 3.0]), br.Laplace({"a/b": 1.0, "é ü": 2.0, "two words": 3.0}), br.ElasticNetPrior(1.0, 2.0)],
)
def test_netcdf_and_back(tmp_path, prior):
    tree = sample(make(prior=prior, weights=WEIGHTS), random_seed=3, groups=ALL)
    tree.to_netcdf(tmp_path / "draws.nc", engine="h5netcdf")
    with xr.open_datatree(tmp_path / "draws.nc", engine="h5netcdf") as stored:
        assert_same_tree(tree, stored.load())


@pytest.mark.skipif(importlib.util.find_spec("zarr") is None, reason="zarr is not installed")
@pytest.mark.filterwarnings("ignore:Consolidated metadata")
def test_zarr_and_back(tmp_path, tree):
    tree.to_zarr(tmp_path / "draws.zarr")
    with xr.open_datatree(tmp_path / "draws.zarr", engine="zarr") as stored:
        assert_same_tree(tree, stored.load())


def test_moments_have_no_rows_to_show():
    reg = br.Regression.from_moments(make().design.moments, prior=br.Normal(1.0), sigma=1.0)
    tree = sample(reg, random_seed=3, groups=("log_prior",))
    assert set(tree.children) == {"posterior", "sample_stats", "constant_data", "log_prior"}
    assert "X" not in tree["constant_data"]


@pytest.mark.parametrize("standardize", [True, False])
@pytest.mark.parametrize("intercept", [True, False, br.Normal(1.0)], ids=repr)
def test_variables_follow_the_regression(intercept, standardize):
    tree = sample(make(intercept=intercept, standardize=standardize, prior=br.Normal(1.0)), random_seed=3)
    expected = {"coef", "sigma"} | ({"beta"} if standardize else set())
    expected |= {"intercept", "intercept_at_center"} if intercept else set()
    assert set(tree["posterior"].data_vars) == expected


@pytest.mark.parametrize("intercept", [True, False])
def test_huge_draws_are_kept_once_and_in_single_precision(monkeypatch, intercept):
    """The same numbers as usual, to single precision, without a second copy and without beta."""
    reg = make(intercept=intercept, prior=br.Normal(1.0))
    usual = sample(reg, draws=500, random_seed=3)
    for module in (draws_module, datatree_module):
        monkeypatch.setattr(module, "MOST_DOUBLES", 100)
    found = draw_posterior(reg, draws=500, random_seed=3)
    assert found.draws.beta.dtype == np.float32
    tree = found.to_datatree()
    coef = tree["posterior"]["coef"]
    assert coef.dtype == np.float32
    assert np.shares_memory(coef.to_numpy(), found.draws.beta)
    assert "beta" not in tree["posterior"]
    for name in ("coef", "intercept", "sigma") if intercept else ("coef", "sigma"):
        np.testing.assert_allclose(tree["posterior"][name], usual["posterior"][name], rtol=2e-5, atol=1e-6)
    np.testing.assert_allclose(tree["sample_stats"]["lp"], usual["sample_stats"]["lp"], rtol=1e-4)
    with pytest.raises(br.errors.UnsupportedError, match="one DataTree only"):
        found.to_datatree()


@pytest.mark.parametrize("kind", [sparse.csc_array, sparse.csr_matrix, sparse.coo_array])
@pytest.mark.parametrize("prior", [br.Normal(1.0), br.Laplace(1.0)], ids=["normal", "laplace"])
def test_sparse_columns_have_the_posterior_of_dense_ones(kind, prior):
    """All but the columns themselves, which would have to be made dense, and are said to be left out."""
    dense = np.where(RNG.random((40, 3)) < 0.4, X.to_numpy(), 0.0)
    options = {"prior": prior, "sigma": 1.0}
    kernel = {"kernel": "interpreted"} if prior.name == "laplace" else {}
    trees = [
        sample(br.Regression(columns, Y, **options), draws=300, random_seed=3, **kernel)
        for columns in (dense, kind(dense))
    ]
    first, second = (tree["posterior"]["coef"].values for tree in trees)
    np.testing.assert_allclose(second.mean(axis=(0, 1)), first.mean(axis=(0, 1)), atol=0.1)
    assert "X" not in trees[1]["constant_data"]
    assert trees[1].attrs["X"] == "left out, since it is sparse"
    np.testing.assert_allclose(br.predict(trees[1], dense).mean, br.predict(trees[0], dense).mean, atol=0.2)
    with pytest.raises(DataError, match="pass the regression: reg="):
        regression_of(trees[1])


def test_a_horseshoe_has_prior_draws_where_sigma_has_none():
    """Its coefficients do not depend on sigma; what they have in units of their standard deviations is standard."""
    reg = make(prior=br.Horseshoe(0.3), sigma=br.Jeffreys())
    shape = (2, 50)
    draws = Unknowns(
        np.ones((*shape, reg.p)), np.ones(shape), np.ones(shape), {"local_scale": np.ones((*shape, reg.p))}
    )
    prior = to_datatree(reg, Run(draws), {}, ("prior",), 1)["prior"]
    assert prior.attrs["improper"] == "sigma intercept"
    assert set(prior.data_vars) == {"coef", "beta", "beta_unit", "local_scale"}
    assert prior["local_scale"].dims == ("chain", "draw", "coef_name")
    np.testing.assert_allclose(prior["beta_unit"] * 0.3 * prior["local_scale"], prior["beta"], rtol=1e-12)

"""A regression that is rebuilt from a DataTree has the same density as the one that was sampled."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from xarray import DataTree

import bayesreg as br
from bayesreg.analysis.from_tree import coef_intercept_sigma, family_of, read_posterior, regression_of
from bayesreg.errors import DataError
from bayesreg.model.log_density import log_likelihood, log_prior
from bayesreg.model.unknowns import Unknowns
from bayesreg.sampling.datatree import to_datatree
from bayesreg.sampling.draws import Run

RNG = np.random.default_rng(5)
X = RNG.normal([3.0, 0.0, -1.0], [1.0, 5.0, 0.2], size=(40, 3))
Y = 2 + X @ [1.0, 0.1, -3.0] + RNG.normal(size=40)
WEIGHTS, OFFSET = RNG.uniform(0.5, 2, size=40), RNG.normal(size=40)
COUNTS, BINARY = RNG.poisson(2.0, size=40), np.tile([0, 1], 20)
REGRESSIONS = {
    "laplace": br.Regression(X, Y, prior=br.Laplace([0.5, 1.0, np.inf])),
    "weights": br.Regression(X, Y, prior=br.Normal(2.0), sigma=br.HalfNormal(2.0), weights=WEIGHTS, offset=OFFSET),
    "raw": br.Regression(X, Y, prior=br.ElasticNetPrior(1.0, 2.0), sigma=1.5, standardize=False, intercept=False),
    "at zero": br.Regression(X, Y, prior=br.Normal(2.0), sigma=1.5, intercept=br.Normal(3.0, loc=1.0), center=False),
    "inverse gamma": br.Regression(X, Y, prior=br.Normal(2.0), sigma=br.InverseGamma(2.0, 3.0, on="sd")),
    "hyperprior": br.Regression(X, Y, prior=br.Laplace(br.HalfCauchy(1.0), scaled_by_sigma=True), sigma=br.Jeffreys()),
    "numbers of numpy": br.Regression(X, Y, prior=br.Laplace(br.HalfCauchy(Y.std())), sigma=br.HalfNormal(Y.std())),
    "uniform": br.Regression(X, Y, prior=br.Normal(2.0), sigma=br.Uniform(np.inf)),
    "moments": br.Regression.from_moments(
        br.Regression(X, Y, prior=br.Normal(1.0), weights=WEIGHTS).design.moments, prior=br.Laplace(1.0)
    ),
    "student": br.Regression(X, Y, prior=br.Laplace(1.0), family=br.StudentT(df=7.0)),
    "bernoulli": br.Regression(X, BINARY, prior=br.Laplace(1.0), family="bernoulli"),
    "poisson": br.Regression(X, COUNTS, prior=br.Normal(1.0), family="poisson", offset=OFFSET),
}


def draws_for(reg):
    shape = (2, 10)
    sigma = RNG.uniform(0.5, 2, size=shape) if reg.noise.sigma is None else np.full(shape, reg.noise.sigma)
    scales = {} if reg.scale_known else {"scale": RNG.uniform(0.5, 2, size=shape)}
    at_center = np.zeros(shape) if reg.intercept is False else RNG.normal(size=shape)
    return Unknowns(RNG.normal(size=(*shape, reg.p)), at_center, sigma, scales)


def tree_of(reg, draws=None):
    return to_datatree(reg, Run(draws_for(reg) if draws is None else draws), {}, (), None)


@pytest.mark.parametrize("reg", REGRESSIONS.values(), ids=REGRESSIONS.keys())
def test_the_density_is_the_same(reg):
    draws = draws_for(reg)
    again, read = read_posterior(tree_of(reg, draws))
    np.testing.assert_allclose(log_likelihood(again, draws), log_likelihood(reg, draws), rtol=1e-10)
    np.testing.assert_allclose(log_prior(again, draws), log_prior(reg, draws), rtol=1e-10)
    assert (again.names, again.n, again.family) == (reg.names, reg.n, reg.family)
    np.testing.assert_allclose(read.beta, draws.beta.reshape(-1, reg.p), rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(read.at_center, draws.at_center.ravel(), rtol=1e-10, atol=1e-12)
    np.testing.assert_array_equal(read.sigma, draws.sigma.ravel())
    assert read.hyperparameters.keys() == draws.hyperparameters.keys()
    for name, values in draws.hyperparameters.items():
        np.testing.assert_array_equal(read.hyperparameters[name], values.ravel())


@pytest.mark.parametrize("name", ["laplace", "moments", "hyperprior", "student"])
def test_it_survives_the_disk(name, tmp_path):
    import xarray as xr

    reg = REGRESSIONS[name]
    draws = draws_for(reg)
    tree_of(reg, draws).to_netcdf(tmp_path / "draws.nc", engine="h5netcdf")
    with xr.open_datatree(tmp_path / "draws.nc", engine="h5netcdf") as stored:
        again = regression_of(stored.load())
    np.testing.assert_allclose(log_prior(again, draws), log_prior(reg, draws), rtol=1e-10)


def test_horseshoes_are_read_back():
    for prior in (br.Horseshoe(br.HalfCauchy(0.5)), br.RegularizedHorseshoe(0.1, 2.0, scaled_by_sigma=True)):
        reg = br.Regression(X, Y, prior=prior)
        drawn = draws_for(reg)
        parts = {"scale": drawn.sigma[::-1], "local_scale": np.ones_like(drawn.beta), "slab_scale": drawn.sigma}
        scales = {unknown.name: parts[unknown.name] for unknown in prior.unknowns}
        again, read = read_posterior(tree_of(reg, replace(drawn, hyperparameters=scales)))
        assert again.prior == prior
        assert read.hyperparameters.keys() == scales.keys()
        for name, values in scales.items():
            np.testing.assert_array_equal(read.hyperparameters[name].ravel(), values.ravel())


def test_nothing_in_an_attribute_is_run():
    tree = tree_of(REGRESSIONS["laplace"])
    for text in ("__import__('os').getcwd()", "Gaussian(", "Regression()", "Gaussian(a=1)", "open", ""):
        tree.attrs["family_settings"] = text
        with pytest.raises(DataError, match="is expected"):
            family_of(tree)


def test_other_trees_are_refused():
    from arviz_base import from_dict

    with pytest.raises(DataError, match=r"expected a DataTree from br\.sample"):
        coef_intercept_sigma(from_dict({"posterior": {"theta": np.zeros((2, 5))}}))
    with pytest.raises(DataError, match="got str"):
        coef_intercept_sigma("draws.nc")
    with pytest.raises(DataError, match="no attribute 'family_settings'"):
        coef_intercept_sigma(from_dict({"posterior": {"coef": np.zeros((2, 5, 1))}}, dims={"coef": ["coef_name"]}))


def test_values_that_are_not_finite_are_refused():
    draws = draws_for(REGRESSIONS["laplace"])
    draws.beta[0, 0, 0] = np.nan
    tree = tree_of(REGRESSIONS["laplace"], draws)
    with pytest.raises(DataError, match="not finite"):
        coef_intercept_sigma(tree)


def test_missing_data_name_the_cure():
    tree = tree_of(REGRESSIONS["laplace"])
    del tree["constant_data"]["X"]
    with pytest.raises(DataError, match="pass the regression: reg="):
        regression_of(tree)


def test_draws_follow_the_columns_of_the_regression_that_is_given():
    reg = REGRESSIONS["laplace"]
    tree = tree_of(reg)
    turned = br.Regression(
        pd.DataFrame(X, columns=reg.names)[list(reg.names[::-1])], Y, prior=br.Laplace([np.inf, 1.0, 0.5])
    )
    np.testing.assert_array_equal(read_posterior(tree, turned)[1].beta, read_posterior(tree)[1].beta[:, ::-1])
    assert (
        br.sparsity(tree, reg=turned, estimate=br.map_estimate(turned)).mean[0]
        == coef_intercept_sigma(tree)[0][:, 2].mean()
    )


def test_local_scales_follow_the_columns_too():
    reg = br.Regression(X, Y, prior=br.Horseshoe(0.5), sigma=1.0)
    drawn = draws_for(reg)
    tree = tree_of(reg, replace(drawn, hyperparameters={"local_scale": RNG.uniform(0.5, 2, size=drawn.beta.shape)}))
    turned = br.Regression(pd.DataFrame(X, columns=reg.names)[list(reg.names[::-1])], Y, prior=reg.prior, sigma=1.0)
    local, as_given = (read_posterior(tree, one)[1].hyperparameters["local_scale"] for one in (turned, reg))
    np.testing.assert_array_equal(local, as_given[:, ::-1])


@pytest.mark.parametrize(
    "other",
    [
        br.Regression(X, BINARY, prior=br.Laplace(1.0), family="bernoulli"),
        br.Regression(X, Y, prior=br.Normal(1.0)),
        br.Regression(X[:30], Y[:30], prior=br.Laplace(1.0)),
        br.Regression(X[:, :2], Y, prior=br.Laplace(1.0)),
    ],
    ids=["family", "prior", "rows", "columns"],
)
def test_another_regression_is_refused(other):
    reg = REGRESSIONS["laplace"]
    with pytest.raises(DataError, match=r"pass the regression that was sampled|sample this regression"):
        read_posterior(tree_of(reg), other)
    with pytest.raises(DataError, match=r"sampled|sample this regression"):
        br.compare(other, tree_of(reg))


def test_one_chain_keeps_its_dimension_by_a_list():
    reg = REGRESSIONS["laplace"]
    tree = tree_of(reg)
    posterior = tree["posterior"].to_dataset()
    tree["posterior"] = DataTree(posterior.isel(chain=0))
    with pytest.raises(DataError, match=r"sel\(chain=\[0\]\)"):
        coef_intercept_sigma(tree)
    tree["posterior"] = DataTree(posterior.isel(chain=[0]))
    assert len(coef_intercept_sigma(tree)[2]) == 10


def test_a_tree_without_its_constants_is_refused():
    reg = REGRESSIONS["weights"]
    for lost in ("constant_data", "observed_data"):
        tree = tree_of(reg)
        del tree[lost]
        with pytest.raises(DataError, match="has lost"):
            regression_of(tree)


@pytest.mark.parametrize("settings", ["MyPrior(scale=1.0)", "HalfNormal(scale=1.0)", "__import__('os')"])
def test_what_is_no_known_prior_is_not_made(settings):
    tree = tree_of(REGRESSIONS["laplace"])
    tree.attrs["prior_settings"] = settings
    with pytest.raises(DataError, match="expected"):
        regression_of(tree)

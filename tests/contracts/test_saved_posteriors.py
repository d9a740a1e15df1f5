"""A posterior of every prior and every family gives the same analyses after the disk, and ArviZ reads it."""

import importlib.util

import arviz as az
import numpy as np
import pandas as pd
import pytest
import test_families
import test_priors
import xarray as xr

import bayesreg as br
from bayesreg.model.unknowns import Unknowns
from bayesreg.sampling.datatree import to_datatree
from bayesreg.sampling.draws import Run

RNG = np.random.default_rng(5)
FRAME = pd.DataFrame(RNG.normal(size=(40, 3)), columns=["a", "b", "c"])
TARGET = FRAME["a"].to_numpy() + RNG.normal(size=40)
BINARY, COUNTS = (TARGET > 0).astype(float), np.round(np.exp(TARGET)).clip(0, 9)
TARGETS = {"bernoulli": BINARY, "poisson": COUNTS, "negative_binomial": COUNTS, "gamma": np.exp(TARGET)}
REGRESSIONS = {
    f"prior: {name}": br.Regression(FRAME, TARGET, prior=prior) for name, (prior, _) in test_priors.CASES.items()
} | {
    f"family: {name}": br.Regression(FRAME, TARGETS.get(name, TARGET), prior=br.Laplace(0.5), family=family)
    for name, (family, *_) in test_families.CASES.items()
}


def tree_of(reg):
    """A DataTree as an engine makes it, of draws that need no engine."""
    shape, generator = (2, 30), np.random.default_rng(1)
    sigma = generator.uniform(0.5, 2, shape) if reg.noise.sigma is None else np.full(shape, reg.noise.sigma)
    unknowns = {
        one.name: generator.uniform(0.5, 2, (*shape, reg.p) if one.per_column else shape) for one in reg.prior.unknowns
    }
    level = 0.3 * generator.normal(size=shape)
    draws = Unknowns(0.3 * generator.normal(size=(*shape, reg.p)), level, sigma, unknowns)
    return to_datatree(reg, Run(draws), {"engine": "none"}, ("log_likelihood",), 3)


def through_netcdf(tree, folder):
    tree.to_netcdf(folder / "posterior.nc", engine="h5netcdf")
    with xr.open_datatree(folder / "posterior.nc", engine="h5netcdf") as stored:
        return stored.load()


def through_zarr(tree, folder):
    tree.to_zarr(folder / "posterior.zarr")
    with xr.open_datatree(folder / "posterior.zarr", engine="zarr") as stored:
        return stored.load()


def analyses(tree):
    """What is read of a posterior alone."""
    prediction = br.predict(tree, FRAME.iloc[:4], random_seed=1)
    return [
        br.shrinkage(tree).to_frame(),
        br.sparsity(tree).to_frame(),
        pd.DataFrame({"mean": prediction.mean, "sd": prediction.sd}),
        br.prior_sensitivity(tree),
    ]


@pytest.mark.parametrize("name", REGRESSIONS)
def test_analyses_are_the_same_after_netcdf(name, tmp_path):
    tree = tree_of(REGRESSIONS[name])
    for ours, theirs in zip(analyses(tree), analyses(through_netcdf(tree, tmp_path)), strict=True):
        assert str(ours) == str(theirs)


@pytest.mark.skipif(importlib.util.find_spec("zarr") is None, reason="zarr is not installed")
@pytest.mark.filterwarnings("ignore:Consolidated metadata")
@pytest.mark.parametrize("name", ["prior: laplace by column", "prior: blocks", "family: student_t"])
def test_analyses_are_the_same_after_zarr(name, tmp_path):
    tree = tree_of(REGRESSIONS[name])
    for ours, theirs in zip(analyses(tree), analyses(through_zarr(tree, tmp_path)), strict=True):
        assert str(ours) == str(theirs)


GROUPS = ("prior", "posterior_predictive", "log_likelihood", "log_prior")
ENGINES = {
    "exact": br.Regression(FRAME, TARGET, prior=br.Normal(1.0)),
    "gibbs": br.Regression(FRAME, TARGET, prior=br.Laplace(0.5)),
    "hmc": br.Regression(FRAME, BINARY, prior=br.Laplace(0.5), family="bernoulli"),
    "hmc of counts": br.Regression(FRAME, COUNTS, prior=br.Normal(0.5), family="poisson"),
    "nuts": br.Regression(FRAME, TARGET, prior=br.Laplace(0.5), family="laplace"),
}
NAMES = [pytest.param(name, marks=[] if name in ("exact", "hmc") else [pytest.mark.slow]) for name in ENGINES]


@pytest.mark.filterwarnings("ignore:Variables y in .* look binary")
@pytest.mark.parametrize("name", NAMES)
def test_arviz_reads_every_engines_result(name, tmp_path):
    from matplotlib import pyplot as plt

    reg, engine = ENGINES[name], name.split()[0]
    trees = {
        "first": br.sample(reg, engine=engine, draws=500, random_seed=1, groups=GROUPS),
        "other": br.sample(reg.with_prior(br.Normal(0.1)), draws=500, random_seed=1, groups="log_likelihood"),
    }
    tree = through_netcdf(trees["first"], tmp_path)
    assert tree.attrs["engine"] == engine
    assert set(az.summary(tree, kind="stats").index) >= {"coef[a]", "intercept"}
    assert np.isfinite(az.loo(tree).elpd)
    assert set(az.compare(trees).index) == set(trees)
    assert {"coef[a]", "coef[b]", "coef[c]"} <= set(az.psense_summary(tree).index)
    for plot in (az.plot_forest, az.plot_ppc_dist, az.plot_trace_dist):
        plot(tree, backend="matplotlib")
        plt.close("all")

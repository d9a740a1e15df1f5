"""One seed, one answer: whatever function, number of cores or cache draws, and chains that start on both sides."""

import warnings

import numpy as np
import pytest

import bayesreg as br
from bayesreg.errors import MultimodalWarning, SamplerWarning
from bayesreg.sampling.engine import draw_posterior

RNG = np.random.default_rng(8)
X = RNG.normal(size=(40, 3))
Y = X[:, 0] + RNG.normal(size=40)
PRIORS = {
    "laplace": br.Laplace(0.5),
    "scaled": br.Laplace(0.5, True),
    "elastic net": br.ElasticNetPrior(0.5, 1.0),
    "normal": br.Normal(1.0),
}


@pytest.mark.parametrize("sigma", [1.0, None])
@pytest.mark.parametrize("name", PRIORS)
def test_every_way_in_draws_the_same(name, sigma):
    reg = br.Regression(X, Y, prior=PRIORS[name], sigma=sigma)
    first = br.sample(reg, random_seed=4)["posterior"]
    both = br.compare(reg, random_seed=4)
    for other in (both.idata["posterior"], br.sample(reg, random_seed=4, cores=1, progressbar=True)["posterior"]):
        for variable in first.data_vars:
            np.testing.assert_array_equal(first[variable], other[variable])


def test_a_page_of_a_regression_is_that_of_its_comparison(tmp_path, monkeypatch):
    # A page states when it was made.
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "0")
    reg = br.Regression(X, Y, prior=br.Laplace(0.5), sigma=1.0)
    page = br.report(reg, tmp_path / "page.html", random_seed=4, ribbons=False).read_text()
    both = br.compare(reg, random_seed=4)
    assert page == br.report(both, tmp_path / "page.html", random_seed=4, ribbons=False).read_text()


def kernel_of(reg, **given):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SamplerWarning)
        return draw_posterior(reg, random_seed=0, **given).run.settings


def test_the_regression_and_the_number_of_sweeps_settle_the_kernel():
    reg = br.Regression(X, Y, prior=br.Laplace(0.5), sigma=1.0)
    assert kernel_of(reg)["kernel"] == "interpreted"
    assert kernel_of(reg, chains=2, draws=4_700, tune=300)["kernel"] == "interpreted"
    assert kernel_of(reg, chains=2, draws=4_700, tune=301)["kernel"] in ("coordinate", "block")
    assert kernel_of(reg, kernel="compiled", draws=100)["kernel"] in ("coordinate", "block")
    assert kernel_of(reg.with_prior(br.Laplace(br.HalfNormal(1.0))), draws=100)["kernel"] in ("coordinate", "block")
    wide = br.Regression(RNG.normal(size=(40, 21)), Y, prior=br.Laplace(0.5), sigma=1.0)
    assert kernel_of(wide, draws=100)["kernel"] in ("coordinate", "block")


def test_a_short_run_that_mixes_slowly_takes_more_sweeps_a_draw():
    rng = np.random.default_rng(20)
    columns = rng.normal(size=(200, 20)) * 0.05**0.5 + 0.95**0.5 * rng.normal(size=(200, 1))
    reg = br.Regression(columns, columns[:, :3].sum(axis=1) + rng.normal(size=200), prior=br.Laplace(0.02))
    tree = br.sample(reg, random_seed=1)
    assert tree.attrs["problems"] == ""
    assert tree.attrs["sweeps_per_draw"] > 1
    np.testing.assert_array_equal(tree["posterior"]["coef"], br.sample(reg, random_seed=1)["posterior"]["coef"])
    alone = kernel_of(reg, kernel="interpreted")
    assert alone["sweeps_per_draw"] == 1


def bimodal(scaled=False):
    """Columns explain nearly all at a sigma of 0.03, where the prior costs much, or nothing at one of 14."""
    n, p = 12, 3
    columns, _ = np.linalg.qr(np.random.default_rng(0).normal(size=(n, p)))
    columns *= np.sqrt(n)
    y = columns @ [8.0, 8.0, -8.0] + 0.05 * np.random.default_rng(5).normal(size=n)
    prior, sigma = br.Laplace(0.4, scaled), br.HalfStudentT(3, 20.0)
    return br.Regression(columns, y, prior=prior, sigma=sigma, intercept=False, standardize=False, center=False)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("kernel", ["interpreted", "coordinate", "block"])
def test_chains_start_on_both_sides_whatever_the_kernel(kernel, seed):
    with pytest.warns(SamplerWarning, match="more than one mode"):
        tree = br.sample(bimodal(), engine="gibbs", kernel=kernel, random_seed=seed)
    low = np.mean(tree["posterior"]["sigma"].values < 1, axis=1)
    assert low.max() > 0.9
    assert low.min() < 0.1
    assert tree.attrs["modes"].startswith("sigma near 0.0")


def test_compare_tells_of_both_modes():
    with pytest.warns(SamplerWarning, match="more than one mode"), pytest.warns(MultimodalWarning):
        both = br.compare(bimodal(), random_seed=0)
    assert "sigma near" in both.idata.attrs["problems"]


def test_a_prior_scaled_by_sigma_cures_it():
    tree = br.sample(bimodal(scaled=True), random_seed=0)
    assert tree.attrs["problems"] == tree.attrs["modes"] == ""

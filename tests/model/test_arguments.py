"""Rates with exposures as weights are the counts with an offset."""

import numpy as np
import pytest
from scipy import sparse

import bayesreg as br
from bayesreg.errors import DataError

SETTINGS = {
    "laplace": {"prior": br.Laplace(0.3)},
    "normal": {"prior": br.Normal(0.5), "intercept": br.Normal(1.0)},
    "elastic net": {"prior": br.ElasticNetPrior(0.3, 0.5), "intercept": False, "standardize": False},
    "factors": {"prior": br.Laplace([0.2, np.inf, 1.0])},
}


def draw(seed=0, n=80):
    rng = np.random.default_rng(seed)
    X, exposure = rng.normal(size=(n, 3)), rng.uniform(0.5, 5, n)
    return X, exposure, rng.poisson(exposure * np.exp(0.3 * X[:, 0]))


@pytest.mark.parametrize("also_offset", [False, True])
@pytest.mark.parametrize("setting", SETTINGS)
def test_rates_with_exposures_are_counts_with_an_offset(setting, also_offset):
    X, exposure, counts = draw()
    known = np.linspace(-1, 1, 80) if also_offset else np.zeros(80)
    more = {"offset": known} if also_offset else {}
    rates = br.Regression(X, counts / exposure, family="poisson", weights=exposure, **SETTINGS[setting], **more)
    same = br.Regression(X, counts, family="poisson", offset=known + np.log(exposure), **SETTINGS[setting])
    for fit in (br.map_estimate, br.penalized_estimate):
        np.testing.assert_allclose(fit(rates).coef, fit(same).coef, rtol=1e-9, atol=1e-12)
        assert fit(rates).intercept == pytest.approx(fit(same).intercept, rel=1e-9)


def test_the_minimum_is_that_of_the_weighted_loss_written_out():
    X, exposure, counts = draw()
    reg = br.Regression(
        X, counts / exposure, family="poisson", weights=exposure, prior=br.Normal(0.5), standardize=False
    )
    found = br.map_estimate(reg)
    pull = exposure * (counts / exposure - np.exp(found.intercept + X @ found.coef))
    np.testing.assert_allclose(X.T @ pull, found.coef / 0.5**2, atol=1e-9)
    assert pull.sum() == pytest.approx(0.0, abs=1e-9)


@pytest.mark.parametrize("digits", [15, 9])
def test_rates_that_were_rounded_are_the_same_counts(digits):
    X, exposure, counts = draw()
    reg = br.Regression(
        X, np.round(counts / exposure, digits), family="poisson", weights=exposure, prior=br.Normal(0.5)
    )
    np.testing.assert_array_equal(reg.design.rows.y, counts)


def test_rates_of_sparse_columns():
    X, exposure, counts = draw()
    given = {"family": "poisson", "weights": exposure, "prior": br.Laplace(0.3)}
    dense = br.map_estimate(br.Regression(X, counts / exposure, **given))
    np.testing.assert_allclose(
        br.map_estimate(br.Regression(sparse.csr_array(X), counts / exposure, **given)).coef, dense.coef, rtol=1e-8
    )


def test_whole_targets_keep_their_weights():
    X, exposure, counts = draw()
    reg = br.Regression(X, counts, family="poisson", weights=exposure, prior=br.Laplace(0.3))
    np.testing.assert_array_equal(reg.design.rows.weights, exposure)


@pytest.mark.parametrize("weights", [None, np.full(80, 1.37), np.full(80, 1e-9)])
def test_what_is_no_rate_is_refused_with_a_cure_that_works(weights):
    X, exposure, counts = draw()
    with pytest.raises(DataError, match=r"counts N with offset=np\.log\(e\), or the rates with weights=e"):
        br.Regression(X, counts / exposure, family="poisson", prior=br.Laplace(0.3), weights=weights)
    with pytest.raises(DataError, match=r"values such as \[-1\.0"):
        br.Regression(X, np.where(counts == 1, -1, counts), family="poisson", prior=br.Laplace(0.3), weights=weights)
    cured = br.Regression(X, counts, family="poisson", prior=br.Laplace(0.3), offset=np.log(exposure))
    assert br.penalized_estimate(cured).certificate.kkt < 1e-6


def test_new_rows_are_counts_at_their_exposure():
    X, exposure, counts = draw()
    reg = br.Regression(X, counts / exposure, family="poisson", weights=exposure, prior=br.Normal(0.5))
    assert br.map_estimate(reg).has_offset

"""Data one half after the other against all at once: exactly where the posterior is Normal."""

import numpy as np
import pandas as pd
import pytest

import bayesreg as br
from bayesreg.errors import DataError, PriorError
from bayesreg.sampling.exact.posterior import exact_posterior

RNG = np.random.default_rng(2)
X = pd.DataFrame(RNG.normal(size=(90, 3)) * [1.0, 50.0, 0.02] + [3.0, -20.0, 0.1], columns=["a", "b", "c"])
X["b"] += 20 * X["a"]
Y = X.to_numpy() @ [1.0, 0.1, -30.0] + 4 + RNG.normal(size=90)
ROOT = RNG.normal(size=(3, 3))
BEFORE = br.Normal(2.0, loc=[0.5, 0.0, 1.0], precision=ROOT @ ROOT.T)
PARTS = (slice(0, 20), slice(20, 55), slice(55, 90))
WEIGHTS = RNG.uniform(0.5, 2.0, size=90)


def sampled(reg):
    return br.sample(reg, draws=250, random_seed=1)


@pytest.mark.parametrize("start", ["standardized", "raw", "Normal intercept", "weights"])
def test_parts_one_after_the_other_are_all_at_once(start):
    """With an intercept, whose prior of the parts is one with that of the coefficients."""
    settings = {
        "standardized": {},
        "raw": {"standardize": False},
        "Normal intercept": {"standardize": False, "center": False, "intercept": br.Normal(3.0, loc=1.0)},
        "weights": {"standardize": False},
    }[start]
    w = WEIGHTS if start == "weights" else np.ones(90)
    prior = br.Normal(1.0) if start == "standardized" else BEFORE

    def regression(part, X, **others):
        return br.Regression(X[part], Y[part], sigma=0.8, weights=w[part], **others)

    first = regression(PARTS[0], X, prior=prior, **settings)
    tree, ones = sampled(first), X.assign(intercept=1.0)[["c", "intercept", "a", "b"]]
    for part in PARTS[1:]:
        now = br.Normal.from_posterior(tree)
        reg = regression(part, ones, prior=now, standardize=False, intercept=False)
        tree = sampled(reg)
    # All at once, from the closed form on raw columns.
    sd, standardized = X[PARTS[0]].to_numpy().std(axis=0), start == "standardized"
    K, loc = (np.diag(sd**2), np.zeros(3)) if standardized else (ROOT @ ROOT.T / 4, np.array([0.5, 0.0, 1.0]))
    A, precision, mean = np.c_[X, np.ones(90)], np.zeros((4, 4)), np.append(loc, 1.0)
    precision[:3, :3], precision[3, 3] = K, 1 / 9 if start == "Normal intercept" else 0.0
    whole = (A.T * w) @ A / 0.64 + precision
    expected = np.linalg.solve(whole, (A.T * w) @ Y / 0.64 + precision @ mean)
    np.testing.assert_allclose(exact_posterior(reg).mean()[[2, 3, 0, 1]], expected, rtol=1e-9)
    covariance = np.linalg.inv(whole)[np.ix_([2, 3, 0, 1], [2, 3, 0, 1])]
    np.testing.assert_allclose(exact_posterior(reg).covariance(), covariance, rtol=1e-8)


def test_without_an_intercept_the_columns_are_enough_and_the_evidence_multiplies():
    def regression(part, prior):
        return br.Regression(X[part], Y[part], prior=prior, sigma=0.8, standardize=False, intercept=False)

    prior, total = BEFORE, 0.0
    for part in PARTS:
        reg = regression(part, prior)
        total += br.log_evidence(reg)
        prior = br.Normal.from_posterior(sampled(reg))
    at_once = regression(slice(0, 90), BEFORE)
    np.testing.assert_allclose(exact_posterior(reg).mean(), exact_posterior(at_once).mean(), rtol=1e-10)
    np.testing.assert_allclose(exact_posterior(reg).covariance(), exact_posterior(at_once).covariance(), rtol=1e-9)
    assert total == pytest.approx(br.log_evidence(at_once), rel=1e-10)


def test_draws_are_summarized_where_nothing_exact_is_kept(assert_zs):
    reg = br.Regression(X, Y, prior=br.Laplace(1.0), sigma=0.8)
    tree = sampled(reg)
    prior = br.Normal.from_posterior(tree, intercept=False)
    draws = tree["posterior"]["coef"].to_numpy().reshape(-1, 3)
    mean, sd = prior.margins(["a", "b", "c"])
    np.testing.assert_allclose(mean, draws.mean(axis=0), rtol=1e-12)
    np.testing.assert_allclose(sd, draws.std(axis=0, ddof=1), rtol=1e-12)
    assert "sample moments of 1,000 draws" in repr(prior)
    both = br.Normal.from_posterior(tree)
    assert both.matrix.names == ("a", "b", "c", "intercept")


def test_what_would_be_another_prior_is_refused():
    tree = sampled(br.Regression(X, Y, prior=br.Normal(1.0), sigma=0.8))
    prior = br.Normal.from_posterior(tree)
    with pytest.raises(PriorError, match='column of ones named "intercept"'):
        br.Regression(X, Y, prior=prior, standardize=False)
    with pytest.raises(PriorError, match="standardize=False"):
        br.Regression(X.assign(intercept=1.0), Y, prior=prior, intercept=False)
    with pytest.raises(PriorError, match="name them alike"):
        br.Regression(X.rename(columns={"a": "z"}), Y, prior=br.Normal.from_posterior(tree, intercept=False))
    with pytest.raises(DataError, match=r"br\.sample"):
        br.Normal.from_posterior(X)
    del tree["constant_data"]["posterior_mean"]
    with pytest.raises(DataError, match="do not settle"):
        br.Normal.from_posterior(tree.isel(draw=slice(0, 5)))

"""Projected draws against soft thresholding of a Normal posterior, and against scikit-learn's lasso of each draw."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from sklearn.linear_model import Lasso

import bayesreg as br
from bayesreg.errors import PriorError, UnsupportedError


def data(n, p, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, p)) + rng.normal(size=(n, 1))
    return X, 3 + X[:, :2] @ [1.0, -0.5] + rng.normal(size=n)


def flat(values):
    return values.reshape(-1, *values.shape[2:])


def test_with_orthogonal_columns_the_chance_of_a_zero_is_that_of_a_normal_within_the_threshold(assert_zs):
    rng = np.random.default_rng(1)
    n, sizes, sigma, spread, strength = 40, np.array([5.0, 2.0, 1.0, 8.0]), 1.5, 0.4, 3.0
    X = np.linalg.qr(rng.normal(size=(n, 4)))[0] * sizes
    y = X @ [0.5, 0.0, -1.0, 0.05] + sigma * rng.normal(size=n)
    reg = br.Regression(X, y, prior=br.Normal(spread), sigma=sigma, intercept=False, standardize=False)
    tree = br.sparse_posterior(reg, strength=strength, random_seed=2)
    precision = sizes**2 / sigma**2 + 1 / spread**2
    posterior = stats.norm(X.T @ y / sigma**2 / precision, precision**-0.5)
    threshold = strength / sizes**2
    chance = posterior.cdf(threshold) - posterior.cdf(-threshold)
    draws = flat(tree["posterior"]["coef"].values)
    assert_zs((np.mean(draws == 0, axis=0) - chance) / np.sqrt(chance * (1 - chance) / len(draws)))
    dense = flat(br.sample(reg, random_seed=2)["posterior"]["coef"].values)
    soft = np.sign(dense) * np.maximum(np.abs(dense) - threshold, 0)
    np.testing.assert_allclose(draws, soft, rtol=1e-10, atol=1e-12)
    np.testing.assert_array_equal(br.sparsity(tree).p_inclusion, np.mean(draws != 0, axis=0))


@pytest.mark.parametrize("shape", [(60, 8), (20, 30)])
def test_each_draw_is_the_lasso_of_its_own_fit_at_the_strength_of_the_prior(shape):
    X, y = data(*shape)
    weights = np.random.default_rng(3).uniform(0.5, 2, size=len(y))
    reg = br.Regression(X, y, prior=br.Laplace(0.2), sigma=0.9, weights=weights)
    tree = br.sparse_posterior(reg, random_seed=4)
    mean, sd = np.average(X, axis=0, weights=weights), tree["constant_data"]["sd"].values
    Z = np.sqrt(weights)[:, None] * (X - mean) / sd
    normal = br.Normal(tree["constant_data"]["normal_scale"].values, scaled_by_sigma=True)
    np.testing.assert_allclose(normal.scale, np.sqrt(0.5 * weights.sum() / np.sum(Z**2, axis=0)), rtol=1e-12)
    dense = br.sample(reg.with_prior(normal), engine="exact", random_seed=4)["posterior"]
    model = Lasso(alpha=0.9**2 / 0.2 / len(Z), fit_intercept=False, tol=1e-14, max_iter=10_000_000)
    for ours, beta in zip(tree["posterior"]["beta"].values[2, :9], dense["beta"].values[2, :9], strict=True):
        theirs = model.fit(Z, Z @ beta).coef_
        np.testing.assert_allclose(ours, theirs, atol=1e-6)
        assert np.array_equal(ours == 0, theirs == 0)
    assert br.predict(tree, X).mean.shape == y.shape


@pytest.mark.parametrize("from_moments", [False, True])
def test_strengths_follow_the_draws_of_sigma_and_the_columns_scales(from_moments):
    X, y = data(80, 4)
    reg = br.Regression(X, y, prior=br.Laplace([0.1, 0.4, np.inf, 0.1]))
    if from_moments:
        frame = pd.DataFrame(X, columns=list("abcd")).assign(y=y)
        reg = br.Regression.from_moments(br.moments(frame, target="y"), prior=reg.prior)
    tree = br.sparse_posterior(reg, random_seed=5)
    posterior, scale = tree["posterior"], tree["constant_data"]["normal_scale"].values
    np.testing.assert_allclose(scale, [0.5**0.5, 0.5**0.5, np.inf, 0.5**0.5], rtol=1e-12)
    dense = br.sample(reg.with_prior(br.Normal(scale, scaled_by_sigma=True)), random_seed=5)["posterior"]
    Z = (X - X.mean(axis=0)) / X.std(axis=0)
    beta, sigma = flat(posterior["beta"].values), flat(posterior["sigma"].values)
    score = (flat(dense["beta"].values) - beta) @ Z.T @ Z
    l1 = sigma[:, None] ** 2 / [0.1, 0.4, np.inf, 0.1]
    away = np.where(beta == 0, np.maximum(np.abs(score) - l1, 0), np.abs(score - l1 * np.sign(beta)))
    assert np.max(away) < 1e-9
    assert 0 < np.mean(beta == 0) < 0.75


def test_a_strength_that_nothing_gives_is_that_of_one_standard_error():
    X, y = data(60, 8)
    tree = br.sparse_posterior(br.Regression(X, y, prior=br.Normal(br.HalfCauchy(1.0))), random_seed=6)
    chosen = br.select(br.Regression(X, y, prior=br.Laplace(1.0)), by="cv_1se", random_seed=6)
    assert f"{chosen.strength:.6g}" in tree.attrs["projected_by"]
    judged = br.sparsity(tree)
    dense = br.sample(br.Regression(X, y, prior=br.Normal(br.HalfCauchy(1.0))), random_seed=6)
    Z = (X - X.mean(axis=0)) / X.std(axis=0)
    mean = dense["posterior"]["beta"].mean(("chain", "draw")).values
    theirs = Lasso(alpha=chosen.strength / 60, fit_intercept=False, tol=1e-14, max_iter=10**6).fit(Z, Z @ mean).coef_
    np.testing.assert_allclose(judged.point * X.std(axis=0), theirs, atol=1e-6)
    assert np.array_equal(judged.zero, theirs == 0)


def test_what_cannot_be_projected_is_refused_with_a_cure():
    X, y = data(30, 3)
    with pytest.raises(UnsupportedError, match="bernoulli"):
        br.sparse_posterior(br.Regression(X, (y > 3).astype(float), prior=br.Laplace(1.0), family="bernoulli"))
    with pytest.raises(UnsupportedError, match="Horseshoe"):
        br.sparse_posterior(br.Regression(X, y, prior=br.Horseshoe()))
    with pytest.raises(PriorError, match="no column has a prior"):
        br.sparse_posterior(br.Regression(X, y, prior=br.Normal(np.inf)))
    for strength in (0, -1.0, np.nan, True, "1"):
        with pytest.raises(PriorError, match="strength must be"):
            br.sparse_posterior(br.Regression(X, y, prior=br.Normal(1.0)), strength=strength)
    tree = br.sparse_posterior(br.Regression(X, y, prior=br.Laplace(1.0)))
    for reader in (br.shrinkage, br.prior_sensitivity, br.plot_prior_posterior):
        with pytest.raises(UnsupportedError, match="projected"):
            reader(tree)

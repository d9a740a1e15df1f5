"""AIC, BIC and degrees of freedom, against statsmodels, scikit-learn's LassoLarsIC and the hat matrix."""

import numpy as np
import pytest
import statsmodels.api as sm
from sklearn.linear_model import LassoLarsIC

import bayesreg as br
from bayesreg.selection.criteria import degrees_of_freedom, path_log_likelihood


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(2)
    X = rng.normal(size=(70, 6)) + rng.normal(size=(70, 1))
    return X, 2 + X @ [1.0, -1, 0, 0, 0.5, 0] + 1.5 * rng.normal(size=70)


@pytest.mark.parametrize("rule", ["aic", "bic"])
def test_the_lasso_criterion_is_lasso_lars_ic(data, rule):
    X, y = data
    Z = (X - X.mean(axis=0)) / X.std(axis=0)
    theirs = LassoLarsIC(criterion=rule, noise_variance=1.44).fit(Z, y)
    # A little stronger than each knot, so that rounding does not decide whether its coefficient has entered.
    knots = theirs.alphas_[1:-1] * (1 + 1e-8)
    ours = br.select(
        br.Regression(X, y, prior=br.Laplace(1.0), sigma=1.2),
        by=rule,
        strengths=knots * len(y),
        objective="sklearn.Lasso",
    )
    assert ours.strength == pytest.approx(theirs.alpha_, rel=1e-7)
    # Unlike here, scikit-learn does not count the intercept.
    each = 2.0 if rule == "aic" else np.log(len(y))
    np.testing.assert_allclose(-2 * ours.curve.value, theirs.criterion_[1:-1] + each, rtol=1e-6)


@pytest.mark.parametrize("kind", [br.Laplace, br.Normal])
def test_without_a_penalty_it_is_ordinary_least_squares(data, kind):
    X, y = data
    theirs = sm.OLS(y, sm.add_constant(X)).fit()
    sigma = float(np.sqrt(theirs.ssr / len(y)))
    reg = br.Regression(X, y, prior=kind(1.0), sigma=sigma)
    both = br.select(reg, by=["aic", "bic"], strengths=[1e-7, 1e-8])
    # At the maximum-likelihood sigma statsmodels' log likelihood is the same; it does not count sigma either.
    np.testing.assert_allclose(-2 * both["aic"].curve.value, theirs.aic, rtol=1e-9)
    np.testing.assert_allclose(-2 * both["bic"].curve.value, theirs.bic, rtol=1e-9)


@pytest.mark.parametrize("family", ["bernoulli", "poisson"])
def test_without_a_penalty_it_is_the_generalized_linear_model(data, family):
    X = data[0]
    rng = np.random.default_rng(0)
    eta = 0.4 * (X[:, 0] - X[:, 1])
    target = (rng.random(70) < 1 / (1 + np.exp(-eta))) if family == "bernoulli" else rng.poisson(np.exp(eta))
    model = sm.families.Binomial() if family == "bernoulli" else sm.families.Poisson()
    theirs = sm.GLM(target.astype(float), sm.add_constant(X), family=model).fit(tol=1e-12)
    reg = br.Regression(X, target.astype(float), prior=br.Normal(1.0), family=family)
    both = br.select(reg, by=["aic", "bic"], strengths=[1e-7, 1e-8])
    np.testing.assert_allclose(-2 * both["aic"].curve.value, theirs.aic, rtol=1e-8)
    np.testing.assert_allclose(-2 * both["bic"].curve.value, theirs.bic_llf, rtol=1e-8)


@pytest.mark.parametrize("scale", [0.7, np.array([1.0, np.inf, 0.1, 3.0, 1.0, 1.0])], ids=["one scale", "flat column"])
def test_ridge_has_the_trace_of_its_hat_matrix(data, scale):
    X, y = data
    reg = br.Regression(X, y, prior=br.Normal(scale), sigma=1.2)
    fits = br.path(reg, [50.0, 1.0, 0.01])
    Z = np.column_stack([(X - X.mean(axis=0)) / X.std(axis=0), np.ones(70)])
    for strength, found in zip(fits.strengths, degrees_of_freedom(fits), strict=True):
        kappa = np.append((1.2 / np.broadcast_to(scale, 6)) ** 2 * strength / fits.current, 0.0)
        hat = Z @ np.linalg.solve(Z.T @ Z + np.diag(kappa), Z.T)
        assert found == pytest.approx(np.trace(hat), rel=1e-10)


def test_lasso_counts_its_nonzero_coefficients_and_copies_of_a_column_once(data):
    X, y = data
    fits = br.path(br.Regression(X, y, prior=br.Laplace(1.0), sigma=1.2))
    np.testing.assert_array_equal(degrees_of_freedom(fits), 1 + 6 - fits.n_zeros)
    doubled = br.Regression(np.column_stack([X, X[:, 0]]), y, prior=br.Laplace(1.0), sigma=1.2)
    single = br.path(doubled, [1e-3])
    assert degrees_of_freedom(single)[0] == 7


def test_lasso_degrees_of_freedom_are_the_covariance_of_fit_and_target():
    """Stein: df = Σ Cov(ŷ_i, y_i)/σ², the definition that Zou, Hastie & Tibshirani count by."""
    rng = np.random.default_rng(5)
    X = rng.normal(size=(30, 5))
    mean, draws = X @ [2.0, 1, 0, 0, 0], 600
    counted, covariances = np.empty(draws), np.empty(draws)
    for k in range(draws):
        noise = rng.normal(size=30)
        fits = br.path(br.Regression(X, mean + noise, prior=br.Laplace(1.0), sigma=1.0), [10.0])
        counted[k] = degrees_of_freedom(fits)[0]
        covariances[k] = fits.estimates[0].predict(X) @ noise
    difference = counted - covariances
    assert abs(difference.mean()) < 3.3 * difference.std() / draws**0.5


def test_elastic_net_lies_between(data):
    X, y = data
    prior = br.to_prior(br.ElasticNet(5.0, 20.0), sigma=1.2)
    fits = br.path(br.Regression(X, y, prior=prior, sigma=1.2), [9.0, 5.0])
    df, active = degrees_of_freedom(fits)[1], fits.beta[1] != 0
    Z = ((X - X.mean(axis=0)) / X.std(axis=0))[:, active]
    assert df == pytest.approx(1 + np.trace(np.linalg.solve(Z.T @ Z + 20 * np.eye(active.sum()), Z.T @ Z)), rel=1e-9)


def test_weights_enter_the_log_likelihood_as_precisions(data):
    X, y = data
    weights = np.linspace(0.5, 2, 70)
    reg = br.Regression(X, y, prior=br.Normal(1.0), sigma=1.2, weights=weights)
    fits = br.path(reg, [3.0])
    row = reg.family.log_likelihood(y, fits.estimates[0].predict(X), 1.2 / np.sqrt(weights))
    assert path_log_likelihood(fits)[0] == pytest.approx(row.sum(), rel=1e-12)


@pytest.mark.parametrize("family", ["bernoulli", "poisson"])
def test_weights_of_a_family_without_sigma_are_repeated_rows(family):
    rng = np.random.default_rng(3)
    X = rng.normal(size=(60, 4))
    eta = 0.4 * X[:, 0] - 0.2 * X[:, 1]
    y = rng.random(60) < 1 / (1 + np.exp(-eta)) if family == "bernoulli" else rng.poisson(np.exp(eta))
    times, grid = rng.integers(1, 30, 60), np.geomspace(300, 0.5, 60)
    weighted = br.Regression(X, y, prior=br.Laplace(1.0), family=family, weights=times)
    repeated = br.Regression(np.repeat(X, times, 0), np.repeat(y, times), prior=br.Laplace(1.0), family=family)
    for rule in ("aic", "bic"):
        ours, expected = (br.select(reg, by=rule, strengths=grid) for reg in (weighted, repeated))
        np.testing.assert_allclose(ours.curve.value, expected.curve.value, rtol=1e-8)
        assert ours.strength == pytest.approx(expected.strength, rel=1e-9)


def test_weights_of_the_gaussian_family_are_precisions_and_leave_the_number_of_rows():
    rng = np.random.default_rng(4)
    X, weights = rng.normal(size=(40, 3)), 1 + np.arange(40) % 4
    y = X @ [1.0, 0.3, 0] + rng.normal(size=40)
    options = {"prior": br.Laplace(1.0), "intercept": False, "standardize": False}
    root, grid = np.sqrt(weights), np.geomspace(40, 1, 30)
    weighted = br.select(br.Regression(X, y, weights=weights, sigma=1.2, **options), by="bic", strengths=grid)
    plain = br.select(br.Regression(X * root[:, None], y * root, sigma=1.2, **options), by="bic", strengths=grid)
    # Rows divided by their noise are rows of equal noise; the density of y alone changes with its units.
    np.testing.assert_allclose(weighted.curve.value - np.sum(np.log(root)), plain.curve.value, rtol=1e-10)

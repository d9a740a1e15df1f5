"""Cross-validation and the one estimate of sigma, against loops written out by hand."""

import numpy as np
import pytest
from sklearn.linear_model import Lasso

import bayesreg as br
from bayesreg.errors import DataError, UnsupportedError
from bayesreg.selection import cross_validate, estimate_sigma


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(1)
    X = rng.normal(size=(83, 6)) * [1, 1, 5, 1, 1, 0.2] + 2
    return X, 4 + X @ [1.0, 0, 0.2, 0, 0, 0] + 2 * rng.normal(size=83)


def regression(X, y, kind=br.Laplace, **options):
    return br.Regression(X, y, prior=kind(1.0), sigma=1.0, **options)


def standardize(X):
    return (X - X.mean(axis=0)) / X.std(axis=0)


def folds_of(n, seed, k=5):
    """Held-out rows of each fold: consecutive blocks of all rows, shuffled first if there is a seed."""
    order = np.arange(n)
    if seed is not None:
        np.random.RandomState(seed).shuffle(order)
    return [np.sort(block) for block in np.array_split(order, k)]


def held_out_error(X, y, fit, folds, intercept=True):
    """Mean over folds of the mean squared error on the rows that a fold leaves out."""
    errors = []
    for out in folds:
        inside = np.setdiff1d(np.arange(len(y)), out)
        mean_x, mean_y = (X[inside].mean(axis=0), y[inside].mean()) if intercept else (0.0, 0.0)
        beta = fit(X[inside] - mean_x, y[inside] - mean_y)
        errors.append(np.mean((y[out] - mean_y - (X[out] - mean_x) @ beta) ** 2))
    return np.mean(errors)


def best(strengths, errors):
    return strengths[int(np.argmin(errors))]


@pytest.mark.parametrize(("seed", "intercept"), [(None, True), (0, False), (5, True)])
def test_the_lasso_strength_is_the_minimum_of_the_held_out_error(data, seed, intercept):
    X, y = data
    Z = standardize(X) if intercept else X / X.std(axis=0)
    alphas = np.geomspace(1, 1e-3, 100) * np.max(np.abs(Z.T @ (y - (y.mean() if intercept else 0)))) / len(y)

    def fit(alpha):
        return lambda A, b: Lasso(alpha=alpha, fit_intercept=False, tol=1e-10, max_iter=100_000).fit(A, b).coef_

    folds = folds_of(len(y), seed)
    alpha = best(alphas, [held_out_error(Z, y, fit(alpha), folds, intercept) for alpha in alphas])
    chosen = cross_validate(regression(X, y, intercept=intercept), random_seed=seed)
    assert chosen.strength == pytest.approx(alpha * len(y), rel=1e-9)
    assert "5-fold" in chosen.rule
    assert f"LassoCV, alpha = {alpha:.4g}" in chosen.rule


@pytest.mark.parametrize(("seed", "intercept"), [(None, True), (0, False)])
def test_the_ridge_strength_is_the_minimum_of_the_held_out_error(data, seed, intercept):
    X, y = data
    Z = standardize(X) if intercept else X / X.std(axis=0)
    strengths = np.geomspace(1e-4, 1e4, 200) * len(y)

    def fit(strength):
        return lambda A, b: np.linalg.solve(A.T @ A + strength * np.eye(A.shape[1]), A.T @ b)

    folds = folds_of(len(y), seed)
    strength = best(strengths, [held_out_error(Z, y, fit(strength), folds, intercept) for strength in strengths])
    chosen = cross_validate(regression(X, y, br.Normal, intercept=intercept), random_seed=seed)
    assert strengths[0] < strength < strengths[-1]
    assert chosen.strength == pytest.approx(strength, rel=1e-9)
    assert "RidgeCV" in chosen.rule


def test_the_scale_of_the_prior_is_ignored_and_folds_can_be_counted(data):
    X, y = data
    assert cross_validate(regression(X, y)).strength == pytest.approx(
        cross_validate(br.Regression(X, y, prior=br.Laplace(77.0), sigma=3.0)).strength
    )
    assert "10-fold" in cross_validate(regression(X, y), folds=10).rule


@pytest.mark.parametrize("factor", [1e-4, 1e4])
def test_the_lasso_choice_follows_the_units_of_the_columns(data, factor):
    X, y = data
    plain, scaled = (
        cross_validate(regression(A, y, standardize=False), random_seed=0).strength for A in (X, factor * X)
    )
    assert scaled == pytest.approx(factor * plain, rel=1e-6)


@pytest.mark.parametrize("factor", [1e-4, 1e4])
def test_the_ridge_choice_follows_the_units_of_the_columns(data, factor):
    X, y = data
    plain, scaled = (
        cross_validate(regression(A, y, br.Normal, standardize=False), random_seed=0).strength for A in (X, factor * X)
    )
    assert scaled == pytest.approx(factor**2 * plain, rel=0.2)


def test_what_cross_validation_refuses(data):
    X, y = data
    with pytest.raises(DataError, match="at least 5 rows; give a strength"):
        cross_validate(regression(X[:4], y[:4]))
    moments = br.Regression.from_moments(br.moments("diabetes", "target"), prior=br.Laplace(1.0), sigma=1.0)
    with pytest.raises(DataError, match="give a strength or scale"):
        cross_validate(moments)
    with pytest.raises(UnsupportedError, match="covers the gaussian family"):
        cross_validate(br.Regression(X, y > 4, prior=br.Laplace(1.0), family="bernoulli"))
    with pytest.raises(UnsupportedError, match="no weights"):
        cross_validate(regression(X, y, weights=np.ones(len(y))))
    with pytest.raises(UnsupportedError, match="Laplace and Normal"):
        cross_validate(br.Regression(X, y, prior=br.ElasticNetPrior(1.0, 1.0), sigma=1.0))


@pytest.mark.parametrize("intercept", [True, False])
def test_sigma_of_least_squares(data, intercept):
    X, y = data
    design = np.column_stack([np.ones(len(y)), X]) if intercept else X
    rss = np.sum((y - design @ np.linalg.lstsq(design, y, rcond=None)[0]) ** 2)
    free = len(y) - design.shape[1]
    sigma, how = estimate_sigma(regression(X, y, intercept=intercept))
    assert sigma == pytest.approx(np.sqrt(rss / free), rel=1e-12)
    assert how == f"least squares, {free} degrees of freedom"


def test_sigma_counts_the_rank_and_not_the_columns(data):
    X, y = data
    single, doubled = estimate_sigma(regression(X, y)), estimate_sigma(regression(np.hstack([X, X]), y))
    assert doubled[0] == pytest.approx(single[0], rel=1e-12)
    assert doubled[1] == single[1]


def test_sigma_of_the_cross_validated_lasso(wide):
    X, y = wide
    sigma, how = estimate_sigma(regression(X, y))
    Z, n = standardize(X), len(y)
    chosen = cross_validate(regression(X, y))
    fit = Lasso(alpha=chosen.strength / n, tol=1e-13, max_iter=1_000_000).fit(Z, y)
    nonzero = np.sum(fit.coef_ != 0)
    rss = np.sum((y - fit.predict(Z)) ** 2)
    assert sigma == pytest.approx(np.sqrt(rss / (n - nonzero - 1)), rel=1e-6)
    assert f"{nonzero} nonzero coefficients, {n - nonzero - 1} degrees of freedom" in how


def test_sigma_where_the_cross_validated_lasso_keeps_too_many_columns():
    """It leaves 1 degree of freedom of 30 rows, which gives a 20th of sigma; a stronger lasso leaves 7.5 or more."""
    rng = np.random.default_rng(9)
    X = rng.normal(size=(30, 200))
    y = X @ np.repeat([1.0, 0.0], [5, 195]) + rng.normal(size=30)
    Z, alpha = standardize(X), cross_validate(regression(X, y)).strength / 30
    for strength in np.geomspace(np.max(np.abs(Z.T @ (y - y.mean()))) / 30, alpha, 100):
        fit = Lasso(alpha=strength, tol=1e-12, max_iter=1_000_000).fit(Z, y)
        left = 29 - np.sum(fit.coef_ != 0)
        if left < 7.5:
            break
        expected, free = np.sqrt(np.sum((y - fit.predict(Z)) ** 2) / left), left
    else:
        pytest.fail("the cross-validated lasso leaves enough")
    sigma, how = estimate_sigma(regression(X, y))
    assert sigma == pytest.approx(expected, rel=1e-6)
    assert how.startswith("a lasso stronger than the cross-validated lasso")
    assert how.endswith(f"{29 - free} nonzero coefficients, {free} degrees of freedom")


def test_sigma_does_not_depend_on_the_prior_that_it_is_for(wide):
    X, y = wide
    assert estimate_sigma(regression(X, y)) == estimate_sigma(regression(X, y, br.Normal))


def test_no_noise_is_no_estimate(data):
    X, _ = data
    with pytest.raises(DataError, match="without error, so sigma cannot be estimated; give sigma"):
        estimate_sigma(regression(X, X @ np.arange(6.0)))

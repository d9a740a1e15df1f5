"""The one estimate of sigma, against least squares and scikit-learn's lasso."""

import numpy as np
import pytest
from sklearn.linear_model import Lasso

import bayesreg as br
from bayesreg.errors import DataError
from bayesreg.selection.cross_validation import cross_validate
from bayesreg.selection.sigma import estimate_sigma


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(1)
    X = rng.normal(size=(83, 6)) * [1, 1, 5, 1, 1, 0.2] + 2
    return X, 4 + X @ [1.0, 0, 0.2, 0, 0, 0] + 2 * rng.normal(size=83)


def regression(X, y, kind=br.Laplace, **options):
    return br.Regression(X, y, prior=kind(1.0), sigma=1.0, **options)


def standardize(X):
    return (X - X.mean(axis=0)) / X.std(axis=0)


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

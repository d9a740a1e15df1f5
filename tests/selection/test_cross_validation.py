"""Cross-validation against loops written out by hand, and against a LassoCV that has converged."""

import numpy as np
import pytest
from sklearn.linear_model import Lasso, LassoCV
from sklearn.model_selection import KFold

import bayesreg as br
from bayesreg.errors import DataError, SelectionWarning
from bayesreg.selection.cross_validation import cross_validate


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
    strengths = np.geomspace(1e3, 1e-3, 100) * np.mean(np.sum((Z - Z.mean(axis=0) * intercept) ** 2, axis=0))

    def fit(strength):
        return lambda A, b: np.linalg.solve(A.T @ A + strength * np.eye(A.shape[1]), A.T @ b)

    folds = folds_of(len(y), seed)
    strength = best(strengths, [held_out_error(Z, y, fit(strength), folds, intercept) for strength in strengths])
    chosen = cross_validate(regression(X, y, br.Normal, intercept=intercept), random_seed=seed)
    assert strengths[-1] < strength < strengths[0]
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


@pytest.mark.parametrize("options", [{"weights": 1}, {"family": "bernoulli"}, {"family": "poisson"}, {}])
def test_it_is_the_selection_by_held_out_error(data, options):
    X, y = data
    given = {**options, "weights": 1 + np.arange(83) % 3} if "weights" in options else options
    target = {"bernoulli": y > 4, "poisson": np.floor(np.abs(y))}.get(options.get("family"), y)
    prior = br.Laplace(1.0) if options else br.ElasticNetPrior(1.0, 1.0)
    reg = br.Regression(X, target, prior=prior, **given)
    chosen, selection = cross_validate(reg, random_seed=3), br.select(reg, by="cv", random_seed=3)
    assert chosen.strength == selection.choice.strength
    assert "rows shuffled with seed 3" in chosen.rule


@pytest.mark.slow
@pytest.mark.parametrize(("seed", "n", "p"), [(7, 60, 100), (8, 80, 90)])
def test_more_columns_than_rows_agree_with_a_converged_lasso_cv(seed, n, p):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, p))
    y = X @ rng.normal(size=p) * 0.3 + rng.normal(size=n)
    theirs = LassoCV(cv=KFold(5, shuffle=True, random_state=0), tol=1e-6, max_iter=10**6).fit(standardize(X), y)
    # The grid begins a billionth above the strength of all zeros.
    assert cross_validate(regression(X, y), random_seed=0).strength == pytest.approx(theirs.alpha_ * n, rel=2e-9)


def test_powers_of_one_column_agree_with_exact_fits_in_every_fold():
    """Coordinate descent needs millions of steps here: stopped early, it misses the error by a quarter."""
    rng = np.random.default_rng(0)
    x = rng.uniform(1, 10, 150)
    Z, y = standardize(np.column_stack([x**k for k in range(1, 8)])), np.sin(x) + 0.3 * rng.normal(size=150)
    reg = regression(Z, y)
    with pytest.warns(SelectionWarning, match="lies at an end"):
        chosen = cross_validate(reg, random_seed=0)
    curve = br.select(reg, by="cv", random_seed=0, strengths=br.path(reg).strengths).curve
    some = slice(None, None, 9)
    errors = []
    for strength in curve.strengths[some]:

        def fit(A, b, strength=strength):
            scales = 1 / (strength * len(b) / 150) * np.ones(7)
            part = br.Regression(A, b, prior=br.Laplace(scales), sigma=1.0, intercept=False, standardize=False)
            found = br.map_estimate(part)
            assert found.certificate.kkt < 1e-9
            return found.coef

        errors.append(held_out_error(Z, y, fit, folds_of(150, 0)))
    np.testing.assert_allclose(curve.value[some], errors, rtol=1e-7)
    assert chosen.strength == curve.strengths[int(np.argmin(curve.value))]

"""Columns that differ by little more than rounding: the minimum under an L1 penalty exists and is found."""

import numpy as np
import pytest
from sklearn.linear_model import Lasso

import bayesreg as br

# The other tool, whose objective is only a bound here, may stop early.
pytestmark = pytest.mark.filterwarnings("ignore:Objective did not converge")
DISTANCES = [10.0**-k for k in range(4, 17)]


def _rows(n=120, p=5, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, p))
    return rng, X, X[:, :4] @ np.array([3.0, -2.0, 0.0, 1.0]) + rng.normal(size=n)


def _copy(rng, column, distance):
    return column + distance * rng.normal(size=len(column))


def _kinds(distance):
    rng, X, _ = _rows()
    yield np.c_[X, _copy(rng, X[:, 0], distance)]
    yield np.c_[X, -_copy(rng, X[:, 0], distance)]
    yield np.c_[X, *(_copy(rng, X[:, 0], distance) for _ in range(2))]
    yield np.c_[X, _copy(rng, X[:, 0] + X[:, 1], distance)]
    yield np.c_[X, np.column_stack([_copy(rng, column, distance) for column in X.T])]


def _assert_minimum(X, y, reg, strength):
    """The objective is not above that of another tool, and the certificate holds."""
    fit = br.map_estimate(reg)
    Z, centred = (X - X.mean(axis=0)) / X.std(axis=0), y - y.mean()
    other = Lasso(alpha=strength / len(y), fit_intercept=False, tol=1e-12, max_iter=10**5).fit(Z, centred).coef_
    value = [0.5 * np.sum((centred - Z @ b) ** 2) + strength * np.sum(np.abs(b)) for b in (fit.beta, other)]
    assert value[0] <= value[1] * (1 + 1e-12)
    assert fit.certificate.kkt <= 1e-9


@pytest.mark.parametrize("distance", DISTANCES)
def test_lasso_with_copies_at_any_distance_has_a_certified_minimum(distance):
    y = _rows()[2]
    for X in _kinds(distance):
        _assert_minimum(X, y, br.Regression(X, y, prior=br.Laplace(0.2), sigma=1.0), 5.0)


@pytest.mark.parametrize("dtype", [np.float16, np.float32])
def test_column_and_its_copy_of_less_precision(dtype):
    rng = np.random.default_rng(0)
    x = rng.normal(15, 8, 150)
    X = np.c_[x, x.astype(dtype).astype(float), rng.normal(size=(150, 2))]
    y = 0.4 * x + X[:, 2] + rng.normal(size=150)
    reg = br.Regression(X, y, prior=br.Laplace(1.0), sigma=1.0)
    _assert_minimum(X, y, reg, 1.0)
    fits = br.path(reg)
    assert np.all(fits.kkt < 1e-9)
    assert br.budget(reg).certificate.kkt < 1e-9


@pytest.mark.parametrize("distance", [1e-4, 1e-7, 1e-8, 1e-10, 1e-13, 1e-16])
def test_copies_under_other_settings(distance):
    rng, X, y = _rows()
    X = np.c_[X, *(_copy(rng, X[:, 0], distance) for _ in range(3))]
    weights = rng.exponential(size=len(y))
    flat_one = br.Laplace(np.r_[np.full(X.shape[1] - 1, 0.2), np.inf])
    for settings in (
        {"prior": br.Laplace(0.2)},
        {"prior": br.Laplace(0.2, scaled_by_sigma=True)},
        {"prior": br.ElasticNetPrior(0.2, 1.0), "sigma": 1.0},
        {"prior": br.Laplace(0.2), "sigma": 1.0, "weights": weights},
        {"prior": br.Laplace(0.2), "sigma": 1.0, "intercept": br.Normal(1.0), "center": False},
        {"prior": br.Laplace(0.2), "sigma": 1.0, "standardize": False},
        {"prior": flat_one, "sigma": 1.0},
    ):
        fit = br.map_estimate(br.Regression(X, y, **settings))
        assert fit.certificate.kkt <= 1e-9


def test_wide_columns_with_copies():
    rng, X, y = _rows(30, 50)
    for distance in (1e-5, 1e-8, 1e-12):
        copies = np.c_[X, _copy(rng, X[:, 0], distance), _copy(rng, X[:, 1], distance)]
        fit = br.map_estimate(br.Regression(copies, y, prior=br.Laplace(0.2), sigma=1.0))
        assert fit.certificate.kkt <= 1e-9


def test_repeated_dummy_columns_of_every_level():
    rng = np.random.default_rng(0)
    dummies = np.eye(4)[rng.integers(0, 4, 200)]
    y = dummies @ np.array([1.0, 2.0, -1.0, 0.0]) + rng.normal(size=200)
    for X in (dummies, np.c_[dummies, dummies], np.c_[dummies, -dummies.astype(np.float32)]):
        _assert_minimum(X, y, br.Regression(X, y, prior=br.Laplace(0.2), sigma=1.0), 5.0)

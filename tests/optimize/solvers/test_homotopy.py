"""The lasso path by homotopy against the active-set method, point by point, and its own optimality conditions."""

import numpy as np
import pytest
from sklearn import linear_model

import bayesreg as br
from bayesreg.model.objective import strengths_at
from bayesreg.model.quadratic import loss_of_products
from bayesreg.optimize.solvers import active_set, homotopy

SHARES = np.geomspace(1.2, 1e-3, 40)


def problem(seed, n, p, correlation=0.5):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, p)) + correlation * rng.normal(size=(n, 1)) * 3
    y = X[:, :3] @ [3.0, -2.0, 1.0] + rng.normal(size=n)
    return X, y


def violation(X, y, theta, strengths):
    """Largest violation of the optimality conditions, as a share of the target's largest product with a column."""
    pull = X.T @ (y - X @ theta)
    away = np.where(theta == 0, np.maximum(np.abs(pull) - strengths, 0), np.abs(pull - strengths * np.sign(theta)))
    return float(np.max(away) / np.max(np.abs(X.T @ y)))


def follow(X, y, weights, shares=SHARES):
    largest = np.max(np.abs(X.T @ y)) / np.min(weights[weights > 0])
    grid = shares * largest
    return homotopy.lasso_path(X.T @ X, X.T @ y, weights, grid), grid


def compare(X, y, weights, rtol=1e-8):
    theta, grid = follow(X, y, weights)
    loss = loss_of_products(X.T @ X, X.T @ y, float(y @ y))
    size = np.max(np.abs(theta))
    for point, strength in zip(theta, grid, strict=True):
        expected = active_set.minimize(loss, strength * weights, np.zeros(len(weights)))
        np.testing.assert_allclose(point, expected, rtol=rtol, atol=1e-10 * size)
        assert np.array_equal(point == 0, expected == 0)
        assert violation(X, y, point, strength * weights) <= 1e-11


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("shape", [(60, 6), (60, 30), (20, 40)])
def test_every_point_is_that_of_the_active_set_method(seed, shape):
    X, y = problem(seed, *shape)
    compare(X, y, np.ones(shape[1]))


@pytest.mark.parametrize("seed", range(6))
def test_columns_keep_the_ratios_of_their_strengths_and_unpenalized_ones_are_free(seed):
    X, y = problem(seed, 60, 12)
    weights = np.random.default_rng(seed).uniform(0.2, 3, size=12)
    compare(X, y, weights)
    weights[[1, 7, 8]] = 0.0
    compare(X, y, weights)
    theta, _ = follow(X, y, weights)
    free = np.linalg.lstsq(X[:, [1, 7, 8]], y, rcond=None)[0]
    np.testing.assert_allclose(theta[0, [1, 7, 8]], free, rtol=1e-9)
    assert np.count_nonzero(theta[0]) == 3


def test_coefficients_that_leave_again_are_followed():
    """Columns for which the number of zeros does not only fall along the path."""
    X, y = problem(3, 30, 25, correlation=2.0)
    theta, _ = follow(X, y, np.ones(25), np.geomspace(1, 1e-3, 2000))
    assert np.any(np.diff((theta != 0).astype(int), axis=0) < 0)
    compare(X, y, np.ones(25))


def test_the_path_is_sklearns():
    X, y = problem(1, 50, 8)
    theta, grid = follow(X, y, np.ones(8))
    for point, strength in zip(theta[::8], grid[::8], strict=True):
        expected = linear_model.Lasso(alpha=strength / 50, fit_intercept=False, tol=1e-15, max_iter=10**6).fit(X, y)
        np.testing.assert_allclose(point, expected.coef_, rtol=1e-8, atol=1e-12)


def test_between_two_knots_coefficients_are_linear_in_the_strength():
    X, y = problem(1, 50, 8)
    theta, _ = follow(X, y, np.ones(8), np.linspace(0.0101, 0.01, 3))
    np.testing.assert_allclose(theta[1], 0.5 * (theta[0] + theta[2]), rtol=1e-12)


def duplicated(name):
    X, y = problem(2, 40, 6)
    return {
        "twice": np.column_stack([X, X[:, 0]]),
        "negated": np.column_stack([X, -X[:, 0]]),
        "sum": np.column_stack([X, X[:, 0] + X[:, 1]]),
        "nearly": np.column_stack([X, X[:, 0] + 1e-7 * np.arange(40)]),
        "zero": np.column_stack([X, np.zeros(40)]),
        "wide": np.column_stack([X, problem(9, 40, 50)[0], X]),
    }[name], y


DUPLICATES = ("twice", "negated", "sum", "nearly", "zero", "wide")


@pytest.mark.parametrize("name", DUPLICATES)
def test_with_collinear_columns_it_is_right_as_far_as_it_goes_and_then_repeats_itself(name):
    X, y = duplicated(name)
    weights = np.ones(X.shape[1])
    theta, grid = follow(X, y, weights)
    assert np.all(np.isfinite(theta))
    right = [violation(X, y, point, t * weights) <= 1e-9 for point, t in zip(theta, grid, strict=True)]
    repeated = np.append(False, np.all(theta[1:] == theta[:-1], axis=1))
    assert right[0]
    assert all(good or same for good, same in zip(right, repeated, strict=True))


@pytest.mark.parametrize("standardize", [True, False])
@pytest.mark.parametrize("name", [name for name in DUPLICATES if name != "zero"])
def test_a_path_with_collinear_columns_is_certified_all_the_same(name, standardize):
    X, y = duplicated(name)
    fits = br.path(br.Regression(X, y, prior=br.Laplace(0.1), sigma=1.0, standardize=standardize))
    assert np.max(fits.kkt) <= 1e-9
    assert np.max(fits.gap) <= 1e-12


def test_ties_at_the_first_knot_are_certified():
    """Orthogonal columns with the same product with y enter at once."""
    X = np.linalg.qr(np.random.default_rng(0).normal(size=(16, 4)))[0]
    y = X @ np.ones(4)
    fits = br.path(br.Regression(X, y, prior=br.Laplace(1.0), sigma=1.0, intercept=False, standardize=False))
    assert np.max(fits.kkt) <= 1e-9
    np.testing.assert_allclose(fits.beta[50], 1 - fits.strengths[50], rtol=1e-12)


def test_a_wrong_homotopy_does_not_reach_the_user(monkeypatch, diabetes):
    """Points off by a millionth are solved again, not returned."""
    right = homotopy.lasso_path
    reg = br.Regression(*diabetes, prior=br.Laplace(10.0), sigma=54.0)
    expected = br.path(reg).theta
    monkeypatch.setattr(homotopy, "lasso_path", lambda *arguments: 1.000001 * right(*arguments))
    fits = br.path(reg)
    assert np.max(fits.kkt) <= 1e-9
    np.testing.assert_allclose(fits.theta[1:], expected[1:], rtol=1e-9, atol=1e-9)
    monkeypatch.setattr(homotopy, "lasso_path", lambda *arguments: np.nan * right(*arguments))
    np.testing.assert_allclose(br.path(reg).theta[1:], expected[1:], rtol=1e-9, atol=1e-9)


FAMILIES = ("gaussian", "bernoulli", "poisson", "student_t", "laplace")
VARIANTS = {
    "plain": {},
    "no intercept": {"intercept": False},
    "normal intercept": {"intercept": br.Normal(2.0, loc=1.0)},
    "offset and weights": {"offset": np.linspace(-1, 1, 80), "weights": np.linspace(0.5, 2, 80)},
    "by column": {"prior": br.Laplace([np.inf, 0.1, 0.1, 0.2, 0.3, 0.1])},
    "elastic net": {"prior": br.ElasticNetPrior(0.1, 0.5)},
}


def regression(family, variant):
    rng = np.random.default_rng(8)
    X = rng.normal(size=(80, 6)) * np.geomspace(0.3, 3, 6)
    eta = X @ [2.0, 0.0, -1.0, 0.5, 0.0, 0.1]
    y = {
        "bernoulli": rng.random(80) < 1 / (1 + np.exp(-eta)),
        "poisson": rng.poisson(np.exp(0.5 + 0.3 * eta)),
    }.get(family, eta + rng.standard_t(4, 80))
    sigma = 1.0 if family in ("gaussian", "student_t", "laplace") else None
    given = {"prior": br.Laplace(0.1)} | VARIANTS[variant]
    return br.Regression(X, y.astype(float), family=family, sigma=sigma, **given)


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("family", FAMILIES)
def test_a_path_of_any_family_is_certified(family, variant):
    reg = regression(family, variant)
    top = br.strength_max(reg)
    fits = br.path(reg, np.geomspace(top, 1e-2 * top, 20))
    assert np.max(fits.kkt) <= 1e-9
    if family != "student_t":
        assert np.max(fits.gap) <= 1e-12
    scales = reg.scales.at(1.0)
    factor = fits.strengths[12] / fits.current
    own = reg.with_prior(br.ElasticNetPrior(scales.laplace / factor, scales.normal / np.sqrt(factor)))
    estimate = br.map_estimate(own)
    np.testing.assert_allclose(fits.beta[12], estimate.beta, rtol=1e-8, atol=1e-11)
    assert np.array_equal(fits.beta[12] == 0, estimate.beta == 0)


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("family", FAMILIES)
def test_strength_max_is_the_smallest_that_gives_all_zeros(family, variant):
    reg = regression(family, variant)
    penalized = strengths_at(reg, 1.0)[0][:6] > 0
    above, below = br.path(reg, br.strength_max(reg) * np.array([1.0001, 0.999])).beta[:, penalized]
    assert not np.any(above)
    assert np.any(below)


@pytest.mark.parametrize("family", FAMILIES)
def test_each_estimate_of_a_family_path_has_a_certificate_of_its_own(family):
    fits = br.path(regression(family, "plain"), [20.0, 5.0])
    assert all(estimate.certificate.kkt <= 1e-9 for estimate in fits.estimates)
    assert np.array_equal([estimate.beta for estimate in fits.estimates], fits.beta)

"""The predictor–corrector path against scikit-learn and against its own optimality conditions."""

import numpy as np
import pytest
from sklearn import linear_model

import bayesreg as br
from bayesreg.optimize import path
from bayesreg.optimize.solvers import active_set, predictor_corrector

SHAPES = [(60, 6), (60, 30), (20, 40), (200, 120)]


def problem(seed, n, p, correlation=0.5):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, p)) + correlation * rng.normal(size=(n, 1)) * 3
    y = X[:, :3] @ [3.0, -2.0, 1.0] + rng.normal(size=n)
    return X, y


class Otherwise:
    """The method of last resort, counted."""

    def __init__(self, X, y, l1, l2):
        self.loss, self.l1, self.l2, self.calls = (
            br.Regression(X, y, prior=br.Laplace(1.0), sigma=1.0, intercept=False, standardize=False).loss,
            l1,
            l2,
            0,
        )

    def __call__(self, k, start):
        self.calls += 1
        return active_set.minimize(self.loss, self.l1[k], self.l2[k], start)


def strengths(X, y, weights, ratio, points=40, first=1.2):
    times = np.geomspace(first, 1e-3, points) * np.max(np.abs(X.T @ y)) / np.min(weights[weights > 0])
    return np.outer(times, weights), np.outer(times, ratio * np.ones(len(weights)))


def follow(X, y, l1, l2):
    otherwise = Otherwise(X, y, l1, l2)
    return predictor_corrector.minimize_along(X.T @ X, X.T @ y, l1, l2, otherwise), otherwise.calls


def violation(X, y, theta, l1, l2):
    """Largest violation of the optimality conditions, as a share of the target's largest product with a column."""
    pull = (y - theta @ X.T) @ X - l2 * theta
    away = np.where(theta == 0, np.maximum(np.abs(pull) - l1, 0), np.abs(pull - l1 * np.sign(theta)))
    return float(np.max(away) / np.max(np.abs(X.T @ y)))


@pytest.mark.parametrize("ratio", [0.0, 0.3])
@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("shape", SHAPES)
def test_every_point_is_optimal(shape, seed, ratio):
    X, y = problem(seed, *shape)
    l1, l2 = strengths(X, y, np.ones(shape[1]), ratio)
    theta, _ = follow(X, y, l1, l2)
    assert violation(X, y, theta, l1, l2) <= 1e-11
    assert not np.any(theta[0])


@pytest.mark.parametrize("seed", range(4))
def test_few_points_need_another_method(seed):
    """The predicted signs are right, or corrected: what the method is for."""
    X, y = problem(seed, 200, 60)
    l1, l2 = strengths(X, y, np.ones(60), 0.3, points=100)
    assert follow(X, y, l1, l2)[1] <= 2


def test_the_path_is_sklearns():
    X, y = problem(1, 50, 8)
    l1, l2 = strengths(X, y, np.ones(8), 0.5)
    theta, _ = follow(X, y, l1, l2)
    for k in range(0, 40, 8):
        model = linear_model.ElasticNet(
            alpha=1.5 * l1[k, 0] / 50, l1_ratio=1 / 1.5, fit_intercept=False, tol=1e-15, max_iter=10**6
        )
        np.testing.assert_allclose(theta[k], model.fit(X, y).coef_, rtol=1e-8, atol=1e-12)


@pytest.mark.parametrize("ratio", [0.0, 0.3])
@pytest.mark.parametrize("seed", range(4))
def test_columns_have_weights_of_their_own_and_unpenalized_ones_are_free(seed, ratio):
    X, y = problem(seed, 60, 12)
    weights = np.random.default_rng(seed).uniform(0.2, 3, size=12)
    weights[[1, 7, 8]] = 0.0
    l1, l2 = strengths(X, y, weights, ratio)
    l2[:, 7] = 0.0
    theta, _ = follow(X, y, l1, l2)
    assert violation(X, y, theta, l1, l2) <= 1e-11
    assert np.all(theta[:, [1, 7, 8]] != 0)


def test_strengths_far_apart_and_far_below_the_first_are_reached():
    X, y = problem(0, 60, 30)
    l1, l2 = strengths(X, y, np.ones(30), 0.1, points=3, first=0.01)
    assert violation(X, y, follow(X, y, l1, l2)[0], l1, l2) <= 1e-11


def test_equal_strengths_are_no_division_by_zero():
    X, y = problem(0, 60, 30)
    l1, l2 = strengths(X, y, np.ones(30), 0.1)
    theta, _ = follow(X, y, l1[[9, 9, 9, 9]], l2[[9, 9, 9, 9]])
    np.testing.assert_allclose(theta, theta[[0, 0, 0, 0]], rtol=1e-12)


@pytest.mark.filterwarnings("ignore::bayesreg.errors.ConstantColumnWarning")
@pytest.mark.parametrize("twin", ["twice", "sum", "zero"])
def test_collinear_columns_are_handed_over_or_come_out_certified(twin):
    X, y = problem(2, 300, 110)
    more = {"twice": X[:, 0], "sum": X[:, 0] + X[:, 1], "zero": np.zeros(300)}[twin]
    X = np.column_stack([X, more])
    reg = br.Regression(X, y, prior=br.Laplace(1.0), sigma=1.0, intercept=False, standardize=False)
    assert not path._homotopy_suits(reg.loss)
    fits = br.path(reg, np.geomspace(1, 1e-3, 30) * br.strength_max(reg))
    assert np.max(fits.kkt) <= 1e-9
    assert np.max(fits.gap) <= 1e-12


@pytest.mark.parametrize("spoil", [lambda theta: 1.000001 * theta, lambda theta: np.nan * theta])
def test_a_wrong_path_does_not_reach_the_user(monkeypatch, diabetes, spoil):
    """Points off by a millionth, or no numbers at all, are solved again."""
    right = predictor_corrector.minimize_along
    reg = br.Regression(*diabetes, prior=br.ElasticNetPrior(10.0, 20.0), sigma=54.0)
    expected = br.path(reg).theta
    monkeypatch.setattr(predictor_corrector, "minimize_along", lambda *arguments: spoil(right(*arguments)))
    fits = br.path(reg)
    assert np.max(fits.kkt) <= 1e-9
    np.testing.assert_allclose(fits.theta[1:], expected[1:], rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("factors", [[2.0], [0.3], [1e9, 10.0], [1e9, 1.5, 0.5, 1e-3]], ids=str)
@pytest.mark.parametrize("prior", [br.Laplace(0.3), br.ElasticNetPrior(0.3, 0.7)], ids=["lasso", "elastic net"])
def test_any_strengths_make_a_path_those_of_no_active_column_too(monkeypatch, prior, factors):
    monkeypatch.setattr(path, "_homotopy_suits", lambda loss: False)
    X, y = problem(3, 60, 6)
    reg = br.Regression(X, y, prior=prior, sigma=1.0)
    first = br.strength_max(reg)
    fits = br.path(reg, first * np.array(factors))
    assert np.max(fits.kkt) <= 1e-9
    assert np.array_equal(fits.n_zeros == 6, np.array(factors) > 1)
    for k, estimate in enumerate(fits.estimates):
        np.testing.assert_allclose(fits.beta[k], br.map_estimate(reg.with_prior(_prior_at(fits, k))).beta, atol=1e-12)
        assert estimate.certificate.kkt <= 1e-9


def _prior_at(fits, k):
    scales, factor = fits.reg.scales.at(1.0), fits.strengths[k] / fits.current
    return br.ElasticNetPrior(scales.laplace / factor, scales.normal / np.sqrt(factor))


def test_a_target_that_no_column_moves_gives_zeros_throughout():
    X = np.repeat(np.eye(3), 4, axis=0)
    reg = br.Regression(X, np.ones(12), prior=br.ElasticNetPrior(1.0, 1.0), sigma=1.0)
    assert not np.any(br.path(reg, [5.0, 1.0]).beta)

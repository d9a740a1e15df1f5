"""Total loss = base loss + penalty: the numbers of the lesson, scipy's likelihood, and numerical gradients."""

import numpy as np
import pytest
from scipy import optimize, stats

import bayesreg as br
from bayesreg.errors import DataError, ObjectiveError, UnsupportedError

Y, FITTED, W = np.arange(1.0, 6), np.array([1.2, 1.8, 3.1, 4.3, 4.8]), np.array([0.5, 1, 1.5, 2, 2.5])
PENALTIES = {"l1": br.L1(0.1), "l2": br.L2(0.1), "both": br.ElasticNet(0.1, 0.2)}


def test_the_numbers_of_the_lesson():
    ridge, lasso = (br.total_loss(Y, FITTED, W, PENALTIES[kind], objective="mse") for kind in ("l2", "l1"))
    assert ridge.base == lasso.base == pytest.approx(0.044, rel=1e-12)
    assert ridge.total == pytest.approx(1.419, rel=1e-12)
    assert lasso.total == pytest.approx(0.794, rel=1e-12)


@pytest.mark.parametrize("kind", [br.L1, br.L2])
def test_the_total_is_linear_in_the_strength_and_the_penalty_is_added(kind):
    strengths = np.array([0.0, 0.1, 1.0, 10.0])
    totals = [br.total_loss(Y, FITTED, W, kind(strength), objective="mse").total for strength in strengths]
    per_unit = np.sum(np.abs(W)) if kind is br.L1 else np.sum(W**2)
    np.testing.assert_allclose(totals, 0.044 + strengths * per_unit, rtol=1e-12)
    assert np.all(np.diff(totals) > 0)


def test_each_objective_scales_its_own_loss_and_penalty():
    rss, squares, sizes = np.sum((Y - FITTED) ** 2), np.sum(W**2), np.sum(np.abs(W))
    expected = {
        "half_rss": (rss / 2, 0.1 * sizes + 0.2 * squares / 2),
        "rss": (rss, 0.1 * sizes + 0.2 * squares),
        "mse": (rss / 5, 0.1 * sizes + 0.2 * squares),
        "sklearn.ElasticNet": (rss / 10, 0.1 * sizes + 0.2 * squares / 2),
    }
    for objective, (base, penalty) in expected.items():
        found = br.total_loss(Y, FITTED, W, PENALTIES["both"], objective=objective)
        assert (found.base, found.penalty) == pytest.approx((base, penalty), rel=1e-12)
        assert found.total == found.base + found.penalty
        assert found.objective == objective


def test_nll_is_scipys_with_the_log_prior_of_the_laplace_but_for_its_constant():
    found = br.total_loss(Y, FITTED, W, br.L1(2.0), objective="nll", sigma=0.3)
    nll = -np.sum(stats.norm.logpdf(Y, FITTED, 0.3))
    assert found.base == pytest.approx(nll, rel=1e-12)
    assert found.total == pytest.approx(nll + 2 * np.sum(np.abs(W)), rel=1e-12)
    prior = -np.sum(stats.laplace.logpdf(W, scale=0.5)) + 5 * stats.laplace.logpdf(0, scale=0.5)
    assert found.penalty == pytest.approx(prior, rel=1e-12)
    normal = -np.sum(stats.norm.logpdf(W, scale=0.5)) + 5 * stats.norm.logpdf(0, scale=0.5)
    assert br.total_loss(Y, FITTED, W, br.L2(2.0), objective="nll", sigma=0.3).penalty == pytest.approx(normal)
    with pytest.raises(ObjectiveError, match="sigma"):
        br.total_loss(Y, FITTED, W, br.L1(2.0), objective="nll")


@pytest.mark.parametrize("objective", ["half_rss", "rss", "mse", "nll", "sklearn.ElasticNet", "skglm"])
@pytest.mark.parametrize("penalty", PENALTIES)
def test_gradient_is_the_numerical_derivative(penalty, objective):
    rng = np.random.default_rng(0)
    X, y, w = rng.normal(size=(20, 5)), rng.normal(size=20), np.array([0.5, -1, 1.5, -2, 2.5])

    def total(beta):
        return br.total_loss(y, X @ beta, beta, PENALTIES[penalty], objective=objective, sigma=0.7, X=X)

    numerical = optimize.approx_fprime(w, lambda beta: total(beta).total, 1e-7)
    np.testing.assert_allclose(total(w).gradient, numerical, rtol=1e-5, atol=1e-5)
    assert total(w).gradient.shape == (5,)
    assert br.total_loss(y, X @ w, w, PENALTIES[penalty], objective=objective, sigma=0.7).gradient is None


def test_force_is_the_same_for_all_under_l1_and_grows_with_the_coefficient_under_l2():
    beta = np.array([-3.0, -0.01, 0.0, 0.01, 3.0])
    lasso, ridge = (br.total_loss(Y, FITTED, beta, PENALTIES[kind], objective="mse") for kind in ("l1", "l2"))
    assert np.array_equal(lasso.force, [-0.1, -0.1, 0.0, 0.1, 0.1])
    np.testing.assert_allclose(ridge.force, 2 * 0.1 * beta, rtol=1e-14)
    np.testing.assert_allclose(br.total_loss(Y, FITTED, beta, br.L2(0.1), objective="half_rss").force, 0.1 * beta)


@pytest.mark.parametrize(
    "change",
    [{"prediction": FITTED[:4]}, {"y": [1.0, np.nan, 3, 4, 5]}, {"X": np.ones((5, 3))}, {"X": np.ones((4, 5))}],
    ids=["short prediction", "missing y", "few columns", "few rows"],
)
def test_lengths_that_differ_are_refused(change):
    with pytest.raises(DataError):
        br.total_loss(**({"y": Y, "prediction": FITTED, "beta": W, "penalty": br.L1(0.1), "objective": "mse"} | change))


def test_the_total_has_every_term_of_its_objective():
    """Each formula written out; what a tool multiplies in by itself belongs to it."""
    y, fitted, w = (np.asarray(values, dtype=float) for values in (Y, FITTED, W))
    n, rss, sigma = len(y), np.sum((y - fitted) ** 2), 2.0
    l1, l2 = np.abs(w).sum(), w @ w
    expected = {
        ("glmnet", br.L2(0.3)): rss / (2 * n) + 0.5 * 0.3 / y.std() * l2,
        ("glmnet", br.ElasticNet(0.2, 0.3)): rss / (2 * n) + 0.2 * l1 + 0.5 * 0.3 / y.std() * l2,
        ("park_casella", br.L1(0.3)): rss / 2 + sigma * 0.3 * l1,
        ("keras", br.ElasticNet(0.2, 0.3)): rss / n + 0.2 * l1 + 0.3 * l2,
        ("torch.weight_decay", br.L2(0.3)): rss / n + 0.5 * 0.3 * l2,
        ("sklearn.Ridge", br.L2(0.3)): rss + 0.3 * l2,
        ("statsmodels", br.ElasticNet(0.2, 0.3)): rss / (2 * n) + 0.2 * l1 + 0.15 * l2,
        ("scaled_nll", br.L1(0.3)): -(sigma**2) * stats.norm.logpdf(y, fitted, sigma).sum() + 0.3 * l1,
    }
    for (objective, penalty), total in expected.items():
        found = br.total_loss(y, fitted, w, penalty, objective=objective, sigma=sigma)
        assert found.total == pytest.approx(total, rel=1e-13)
        slopes = [
            br.total_loss(y, fitted, w + step, penalty, objective=objective, sigma=sigma).penalty - found.penalty
            for step in 1e-6 * np.eye(len(w))
        ]
        np.testing.assert_allclose(found.force, np.array(slopes) / 1e-6, rtol=1e-4)


@pytest.mark.parametrize(
    ("objective", "penalty", "kind"),
    [
        ("sklearn.Ridge", br.L1(0.1), ObjectiveError),
        ("torch.weight_decay", br.ElasticNet(0.1, 0.1), ObjectiveError),
        ("park_casella", br.L2(0.1), ObjectiveError),
        ("sklearn.LogisticRegression", br.L2(1.0), UnsupportedError),
        ("sklearn.PoissonRegressor", br.L2(1.0), UnsupportedError),
        ("sklearn.QuantileRegressor", br.L1(1.0), UnsupportedError),
    ],
    ids=str,
)
def test_a_loss_or_a_term_that_is_not_there_is_refused(objective, penalty, kind):
    with pytest.raises(kind, match=objective):
        br.total_loss(Y, FITTED, W, penalty, objective=objective, sigma=1.0)


@pytest.mark.parametrize("change", [{"y": 1.0}, {"beta": None}, {"y": None}, {"beta": 2}], ids=str)
def test_a_number_is_no_sequence(change):
    with pytest.raises(DataError, match="must be a sequence of numbers"):
        br.total_loss(**({"y": Y, "prediction": FITTED, "beta": W, "penalty": br.L1(0.1)} | change))


def test_an_unknown_objective_is_refused():
    with pytest.raises(ObjectiveError):
        br.total_loss(Y, FITTED, W, br.L1(0.1), objective="mean")


def problem(seed=0, n=60):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, 5))
    return X, 1 + X @ [1.0, 0.5, 0.0, -0.5, 0.1] + rng.normal(size=n)


def fit(X, y, penalty):
    return br.map_estimate(br.Regression(X, y, prior=br.to_prior(penalty, sigma=1.0), sigma=1.0, standardize=False))


def by_least_squares(X, y):
    return np.linalg.lstsq(np.column_stack([X, np.ones(len(y))]), y, rcond=None)[0]


@pytest.mark.parametrize("kind", [br.L1, br.L2])
def test_strength_zero_is_least_squares_and_1e9_is_nothing(kind):
    X, y = problem()
    none, most = fit(X, y, kind(0.0)), fit(X, y, kind(1e9))
    np.testing.assert_allclose(np.append(none.coef, none.intercept), by_least_squares(X, y), rtol=1e-10)
    assert np.max(np.abs(most.coef)) < 1e-6
    assert (most.n_zeros == 5) == (kind is br.L1)
    assert most.intercept == pytest.approx(np.mean(y), abs=1e-6)
    sizes = [np.sum(np.abs(fit(X, y, kind(strength)).coef)) for strength in np.geomspace(1e-3, 1e3, 13)]
    assert np.all(np.diff(sizes) < 1e-12)


@pytest.mark.parametrize("penalty", [br.L1(12.0), br.L2(12.0), br.ElasticNet(12.0, 3.0)])
def test_the_map_estimate_has_the_smallest_total_loss(penalty):
    """At the minimum of the non-zero coefficients the gradient vanishes, and every other point costs more."""
    X, y = problem()
    found = fit(X, y, penalty)

    def total(beta):
        return br.total_loss(y, found.intercept + X @ beta, beta, penalty, objective="half_rss", X=X)

    best = total(found.coef)
    assert np.max(np.abs(best.gradient[found.coef != 0])) < 1e-10 * len(y)
    assert best.total == pytest.approx(found.objective, rel=1e-12)
    rng = np.random.default_rng(1)
    assert all(total(found.coef + 0.01 * rng.normal(size=5)).total > best.total for _ in range(20))


def test_training_loss_rises_with_the_strength_and_held_out_loss_falls_and_rises():
    rng = np.random.default_rng(3)
    X, X_new = rng.normal(size=(40, 25)), rng.normal(size=(500, 25))
    beta = np.r_[np.ones(3), np.zeros(22)]
    y, y_new = X @ beta + 2 * rng.normal(size=40), X_new @ beta + 2 * rng.normal(size=500)
    fits = [fit(X, y, br.L2(strength)) for strength in np.geomspace(1e-2, 1e4, 13)]
    training = [np.mean((y - found.predict(X)) ** 2) for found in fits]
    held_out = [np.mean((y_new - found.predict(X_new)) ** 2) for found in fits]
    assert np.all(np.diff(training) > 0)
    best = int(np.argmin(held_out))
    assert 0 < best < 12
    assert np.all(np.diff(held_out[: best + 1]) < 0)
    assert np.all(np.diff(held_out[best:]) > 0)


def test_l2_steadies_nearly_collinear_columns():
    """The system is better conditioned, and the coefficients vary less over bootstrap draws of the rows."""
    rng = np.random.default_rng(2)
    first = rng.normal(size=80)
    X = np.column_stack([first, first + 0.01 * rng.normal(size=80)])
    y = X.sum(axis=1) + rng.normal(size=80)
    gram = X.T @ X
    assert np.linalg.cond(gram + 5 * np.eye(2)) < 1e-2 * np.linalg.cond(gram)
    draws = rng.integers(0, 80, size=(40, 80))
    plain, ridge = (
        np.array([fit(X[rows], y[rows], br.L2(strength)).coef for rows in draws]) for strength in (0.0, 5.0)
    )
    assert np.all(ridge.std(axis=0) < 0.02 * plain.std(axis=0))
    np.testing.assert_allclose(ridge.mean(axis=0), 1, atol=0.2)

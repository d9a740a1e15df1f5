"""The lasso of many columns on a growing set of them, against scikit-learn's and its own optimality conditions."""

import numpy as np
import pytest
from sklearn.linear_model import Lasso

import bayesreg as br
from bayesreg.model.objective import strengths_at
from bayesreg.model.quadratic import QuadraticLoss, loss_of_rows
from bayesreg.optimize.solvers import active_set, working_set


def problem(n, p, copies=0):
    rng = np.random.default_rng([n, p])
    X = rng.normal(size=(n, p)) + 0.5 * rng.normal(size=(n, 1))
    X[:, p - copies :] = X[:, :copies]
    return X, X[:, :6] @ rng.normal(size=6) + rng.normal(size=n)


def violation(X, y, theta, l1, l2):
    gradient = X.T @ (y - X @ theta) - l2 * theta
    return np.max(np.abs(gradient - np.where(theta == 0, np.clip(gradient, -l1, l1), l1 * np.sign(theta))))


@pytest.mark.parametrize("share", [0.3, 0.01])
@pytest.mark.parametrize(("n", "p"), [(60, 450), (500, 420)])
def test_the_minimum_is_scikit_learns_from_any_start(n, p, share):
    X, y = problem(n, p)
    loss, l1 = loss_of_rows(X, y), np.full(p, share * np.max(np.abs(X.T @ y)))
    assert working_set.suits(loss)
    theta = working_set.minimize(loss, l1, np.zeros(p))
    assert violation(X, y, theta, l1, 0.0) <= 1e-11 * np.max(np.abs(X.T @ y))
    theirs = Lasso(alpha=l1[0] / n, fit_intercept=False, tol=1e-13, max_iter=1_000_000).fit(X, y).coef_
    np.testing.assert_allclose(theta, theirs, atol=1e-6)
    assert np.array_equal(theta != 0, np.abs(theirs) > 1e-9)
    # From the minimum, and from any other point, it is the same.
    for start in (theta, np.random.default_rng(0).normal(size=p)):
        np.testing.assert_allclose(working_set.minimize(loss, l1, np.zeros(p), start), theta, atol=1e-9)


def test_strengths_by_column_free_columns_copies_and_an_l2_term_meet_the_conditions():
    X, y = problem(80, 430, copies=5)
    l1 = np.linspace(5.0, 40.0, 430)
    l1[[3, 200]] = 0.0
    for l2 in (np.zeros(430), np.linspace(0.0, 3.0, 430)):
        theta = working_set.minimize(loss_of_rows(X, y), l1, l2)
        assert violation(X, y, theta, l1, l2) <= 1e-10 * np.max(np.abs(X.T @ y))
        assert np.all(theta[[3, 200]] != 0)
    assert not np.any(working_set.minimize(loss_of_rows(X, y), np.full(430, 1e6), np.zeros(430)))


def test_a_map_estimate_of_many_columns_is_that_of_the_path_without_their_gram_matrix(monkeypatch):
    X, y = problem(400, 600)
    reg = br.Regression(X, y, prior=br.Laplace(0.05), sigma=1.0)
    with monkeypatch.context() as patch:
        patch.setattr(QuadraticLoss, "gram", None)
        with pytest.raises(TypeError):
            active_set.minimize(reg.loss, *strengths_at(reg, 1.0))
        # Only the working set's own matrix is asked for, which is known.
        patch.setattr(QuadraticLoss, "gram", property(lambda loss: loss.known_gram))
        fit = br.map_estimate(reg)
    along = br.path(reg, [20.0]).beta[0]
    np.testing.assert_allclose(fit.beta, along, atol=1e-10)
    assert np.array_equal(fit.beta == 0, along == 0)

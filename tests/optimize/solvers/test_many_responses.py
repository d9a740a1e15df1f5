"""The lasso of many responses at once against the active-set method, one response after the other."""

import numpy as np
import pytest

from bayesreg.model.quadratic import loss_of_products
from bayesreg.optimize.solvers import active_set, many_responses


def problem(n, p, correlation, copies=0):
    rng = np.random.default_rng([n, p])
    X = rng.normal(size=(n, p)) + correlation * rng.normal(size=(n, 1))
    X[:, p - copies :] = X[:, :copies]
    Y = X[:, :3] @ rng.normal(size=(3, 12)) + rng.normal(size=(n, 12))
    return X.T @ X, Y.T @ X


def check(gram, cross, l1):
    theta = many_responses.minimize_all(gram, cross, l1)
    gradient = cross - theta @ gram
    # The optimality conditions themselves, which hold for any of many minima.
    kinks = np.where(theta == 0, np.clip(gradient, -l1, l1), l1 * np.sign(theta))
    assert np.max(np.abs(gradient - kinks)) <= 1e-11 * np.max(np.abs(cross))
    return theta


@pytest.mark.parametrize(("n", "p", "correlation"), [(60, 6, 0.0), (60, 30, 3.0), (20, 40, 0.5)])
def test_every_response_has_the_minimum_and_the_zeros_of_the_active_set_method(n, p, correlation):
    gram, cross = problem(n, p, correlation)
    l1 = np.outer(np.geomspace(0.01, 1.2, 12) * np.max(np.abs(cross), axis=1), np.linspace(1.0, 0.2, p))
    # One column is unpenalized for every response.
    l1[:, 2] = 0.0
    theta = check(gram, cross, l1)
    for point, side, strengths in zip(theta, cross, l1, strict=True):
        expected = active_set.minimize(loss_of_products(gram, side, 0.0), strengths, np.zeros(p))
        np.testing.assert_allclose(point, expected, rtol=1e-8, atol=1e-10 * np.max(np.abs(theta)))
        assert np.array_equal(point == 0, expected == 0)


def test_copied_columns_and_columns_without_data_meet_the_conditions():
    gram, cross = problem(30, 8, 0.0, copies=3)
    check(gram, cross, np.full_like(cross, 2.0))
    gram[3], gram[:, 3], cross[:, 3] = 0.0, 0.0, 0.0
    theta = check(gram, cross, np.full_like(cross, 2.0))
    assert not np.any(theta[:, 3])
    assert not np.any(many_responses.minimize_all(0 * gram, 0 * cross, np.ones_like(cross)))

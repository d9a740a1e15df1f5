"""The active-set method against enumeration of every sign pattern."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bayesreg.model.quadratic import loss_of_products, loss_of_rows
from bayesreg.optimize.solvers import active_set

steady = settings(deadline=None, derandomize=True, max_examples=200)


def objective(A, b, l1, l2, theta):
    return 0.5 * np.sum((b - A @ theta) ** 2) + l1 @ np.abs(theta) + 0.5 * l2 @ theta**2


def enumerate_signs(A, b, l1, l2):
    """The best of the stationary points of all sign patterns, the unpenalized coefficients being always free."""
    q = A.shape[1]
    best, lowest = np.zeros(q), np.inf
    for signs in itertools.product(*((-1, 0, 1) if strength > 0 else (2,) for strength in l1)):
        signs = np.array(signs, dtype=float)
        active = signs != 0
        theta = np.zeros(q)
        pull = A.T @ b - np.where(np.abs(signs) == 1, l1 * signs, 0.0)
        system = A[:, active].T @ A[:, active] + np.diag(l2[active])
        theta[active] = np.linalg.lstsq(system, pull[active], rcond=1e-12)[0]
        value = objective(A, b, l1, l2, theta)
        if value < lowest:
            best, lowest = theta, value
    return best, lowest


def draw_problem(seed, n, q, collinear):
    rng = np.random.default_rng(seed)
    A = rng.normal(size=(n, q))
    if collinear:
        A[:, -1] = A[:, 0] * rng.choice([-1.0, 1.0, 2.0])
    b = A @ rng.normal(size=q) + rng.normal(size=n)
    l1 = rng.choice([0.3, 1.0, 3.0], size=q) * np.max(np.abs(A.T @ b)) * rng.uniform(0.01, 0.5)
    l1[rng.random(q) < 0.2] = 0.0
    l2 = np.where(rng.random(q) < 0.3, rng.exponential(1.0, size=q), 0.0)
    return A, b, l1, l2


problems = st.tuples(st.integers(0, 10**6), st.integers(1, 8), st.integers(1, 4), st.booleans())


@steady
@given(problems)
def test_no_sign_pattern_is_better(size):
    """With collinear columns, more columns than rows, and unpenalized ones among them."""
    A, b, l1, l2 = draw_problem(*size)
    _, lowest = enumerate_signs(A, b, l1, l2)
    for loss in (loss_of_rows(A, b), loss_of_products(A.T @ A, A.T @ b, float(b @ b))):
        theta = active_set.minimize(loss, l1, l2)
        assert objective(A, b, l1, l2, theta) <= lowest + 1e-10 * (b @ b)


@steady
@given(st.tuples(st.integers(0, 10**6), st.integers(6, 10), st.integers(1, 4), st.just(False)))
def test_where_the_minimum_is_unique_it_is_found_with_its_zeros(size):
    A, b, l1, l2 = draw_problem(*size)
    best, _ = enumerate_signs(A, b, l1, l2)
    theta = active_set.minimize(loss_of_rows(A, b), l1, l2)
    np.testing.assert_allclose(theta, best, rtol=1e-7, atol=1e-9)
    assert np.array_equal(theta == 0, (best == 0) & (l1 > 0))


@steady
@given(st.tuples(st.integers(0, 10**6), st.integers(6, 10), st.integers(1, 4), st.just(False)))
def test_the_start_does_not_matter(size):
    A, b, l1, l2 = draw_problem(*size)
    loss = loss_of_rows(A, b)
    rng = np.random.default_rng(size[0])
    start = 10 * rng.normal(size=A.shape[1]) * (rng.random(A.shape[1]) < 0.5)
    given_start = start.copy()
    theta = active_set.minimize(loss, l1, l2, start)
    assert np.array_equal(start, given_start)
    np.testing.assert_allclose(theta, active_set.minimize(loss, l1, l2), rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize("n", [30, 8])
def test_identical_columns_end(n):
    """All columns the same: only their sum matters, and it is that of one column."""
    rng = np.random.default_rng(0)
    column = rng.normal(size=n)
    A, b = np.column_stack([column] * 6), 2 * column + rng.normal(size=n)
    theta = active_set.minimize(loss_of_rows(A, b), np.full(6, 1.5), np.zeros(6))
    one = active_set.minimize(loss_of_rows(A[:, :1], b), np.array([1.5]), np.zeros(1))
    assert theta.sum() == pytest.approx(one[0], rel=1e-9)
    assert np.all(theta * one[0] >= 0)


def test_one_column_is_soft_thresholding():
    a, b = np.array([1.0, 2.0, -1.0]), np.array([1.0, 1.0, 0.5])
    for l1, l2 in itertools.product([0.0, 0.5, 2.0, 2.5, 3.0], [0.0, 1.0]):
        theta = active_set.minimize(loss_of_rows(a[:, None], b), np.array([l1]), np.array([l2]))
        assert theta[0] == pytest.approx(max(a @ b - l1, 0) / (a @ a + l2), rel=1e-14)


@pytest.mark.parametrize("q", [300, 900])
def test_many_more_columns_than_rows_end(q):
    """At most as many coefficients as rows are not 0, and the optimality conditions hold."""
    rng = np.random.default_rng(q)
    A, b = rng.normal(size=(30, q)), rng.normal(size=30)
    strength = 0.01 * np.max(np.abs(A.T @ b))
    theta = active_set.minimize(loss_of_rows(A, b), np.full(q, strength), np.zeros(q))
    pull = A.T @ (b - A @ theta)
    assert 0 < np.count_nonzero(theta) <= 30
    assert np.max(np.abs(pull)) <= strength * (1 + 1e-9)
    active = theta != 0
    np.testing.assert_allclose(pull[active], strength * np.sign(theta[active]), rtol=1e-9)


@pytest.mark.parametrize(("n", "p", "strength"), [(150, 1000, 10.0), (150, 1000, 1.0), (80, 2000, 0.5)])
def test_a_cold_start_far_below_the_strength_of_all_zeros_ends(n, p, strength):
    """With more columns than rows and a weak penalty nearly n columns are active: the method must not wander."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n, p))
    y = X[:, :5] @ [3.0, 2, 1, 1, 1] + rng.normal(size=n)
    loss = loss_of_rows(X, y)
    theta = active_set.minimize(loss, np.full(p, strength), np.zeros(p))
    gradient = loss.gradient(theta)
    violation = np.where(theta == 0, np.abs(gradient) - strength, np.abs(gradient + strength * np.sign(theta)))
    assert np.max(violation) <= 1e-10 * strength

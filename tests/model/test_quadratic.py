import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bayesreg.model.quadratic import loss_of_products, loss_of_rows

steady = settings(deadline=None, derandomize=True, max_examples=40)


def problem(seed, n, q):
    rng = np.random.default_rng(seed)
    A = rng.normal(size=(n, q)) * np.exp(rng.normal(size=q))
    return A, A @ rng.normal(size=q) + rng.normal(size=n), rng.normal(size=q)


def both(A, b):
    """The loss of the rows, and the one that knows their products only."""
    return loss_of_rows(A, b), loss_of_products(A.T @ A, A.T @ b, float(b @ b))


sizes = st.tuples(st.integers(0, 10**6), st.integers(1, 12), st.integers(1, 12))


@steady
@given(sizes)
def test_residual_sum_of_squares_is_that_of_the_rows(size):
    A, b, theta = problem(*size)
    for loss in both(A, b):
        assert loss.rss(theta) == pytest.approx(np.sum((b - A @ theta) ** 2), rel=1e-9, abs=1e-9 * (b @ b))


@steady
@given(sizes)
def test_gradient_is_that_of_the_rows(size):
    A, b, theta = problem(*size)
    expected = A.T @ (A @ theta - b)
    theta_sparse = np.where(np.arange(len(theta)) == 0, theta, 0.0)
    for loss in both(A, b):
        for gradient in (loss.gradient, loss.gram_gradient):
            np.testing.assert_allclose(gradient(theta), expected, atol=1e-10 * np.max(np.abs(expected)) + 1e-12)
            np.testing.assert_allclose(gradient(theta_sparse), A.T @ (A @ theta_sparse - b), rtol=1e-8, atol=1e-9)


@steady
@given(sizes)
def test_curvature_is_a_block_of_the_gram_matrix(size):
    A, b, _ = problem(*size)
    indices = np.arange(A.shape[1])[::-2]
    for loss in both(A, b):
        assert loss.size == A.shape[1]
        np.testing.assert_allclose(loss.curvature(indices), (A.T @ A)[np.ix_(indices, indices)], rtol=1e-12, atol=1e-12)


def test_curvature_without_a_gram_matrix_is_the_same():
    """So many columns that the whole Gram matrix is not formed."""
    A, b, theta = problem(1, 5, 300)
    loss = loss_of_rows(A, b)
    assert not loss.has_gram
    indices = np.array([3, 200, 17])
    np.testing.assert_allclose(loss.curvature(indices), A[:, indices].T @ A[:, indices], rtol=1e-13)
    np.testing.assert_allclose(loss.gram_gradient(theta), A.T @ (A @ theta - b), rtol=1e-10)
    assert loss.rank == 5


@pytest.mark.parametrize(("n", "q"), [(30, 4), (4, 4), (5, 12)])
def test_least_squares_is_numpys(n, q):
    """Of least norm where there are many."""
    A, b, _ = problem(3, n, q)
    expected = np.linalg.lstsq(A, b, rcond=None)[0]
    for loss in both(A, b):
        np.testing.assert_allclose(loss.least_squares, expected, rtol=1e-8)
        assert loss.least_rss == pytest.approx(np.sum((b - A @ expected) ** 2), abs=1e-10 * (b @ b))
        assert loss.rank == min(n, q)


def test_collinear_columns_lower_the_rank():
    A, b, _ = problem(4, 30, 3)
    doubled = np.column_stack([A, A[:, 0] - 2 * A[:, 1]])
    for loss in both(doubled, b):
        assert loss.rank == 3
        np.testing.assert_allclose(doubled @ loss.least_squares, A @ np.linalg.lstsq(A, b, rcond=None)[0], rtol=1e-8)


def test_a_small_residual_of_a_large_target_does_not_cancel():
    """y'y − 2θ'A'b + θ'A'Aθ would lose all digits here: the target is 1e8 times its noise."""
    rng = np.random.default_rng(5)
    A = rng.normal(size=(200, 3))
    b = A @ np.full(3, 1e4) + 1e-4 * rng.normal(size=200)
    residual = b - A @ np.linalg.lstsq(A, b, rcond=None)[0]
    assert loss_of_rows(A, b).least_rss == pytest.approx(residual @ residual, rel=1e-6)


def test_nothing_to_explain_gives_zeros():
    loss = loss_of_products(np.zeros((2, 2)), np.zeros(2), 0.0)
    assert loss.rank == 0
    assert np.array_equal(loss.least_squares, [0.0, 0.0])
    assert loss.rss(np.array([1.0, 2.0])) == 0.0

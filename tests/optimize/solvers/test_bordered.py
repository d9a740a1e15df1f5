"""The bordered Cholesky factor against NumPy's own solutions, along sets that grow, shrink and change."""

import numpy as np
import pytest

from bayesreg.optimize.solvers.bordered import SMALL, BorderedCholesky

Q = 2 * SMALL


def gram(seed=0, n=300, correlation=0.5):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, Q)) + correlation * rng.normal(size=(n, 1))
    return X.T @ X


def expected(matrix, active, ridge, right):
    solution = np.zeros(Q)
    block = matrix[np.ix_(active, active)] + np.diag(ridge[active])
    solution[active] = np.linalg.solve(block, right[active])
    return solution


def sets(kind, rng):
    order = rng.permutation(Q)
    sizes = {"growing": range(1, Q + 1, 3), "shrinking": range(Q, 0, -3), "changing": [SMALL + 20] * 30}[kind]
    for size in sizes:
        if kind == "changing":
            order = np.roll(order, 1)
        yield np.sort(order[:size])


@pytest.mark.parametrize("decrease", [1.0, 0.93, 0.3])
@pytest.mark.parametrize("kind", ["growing", "shrinking", "changing"])
def test_every_solution_is_numpys(kind, decrease):
    rng = np.random.default_rng(1)
    matrix, ridge = gram(), rng.uniform(1, 400, size=Q)
    systems = BorderedCholesky(matrix)
    for active in sets(kind, rng):
        right = rng.normal(size=Q)
        answer = expected(matrix, active, ridge, right)
        found = systems.solve(active, ridge, right)
        np.testing.assert_allclose(found, answer, rtol=1e-10, atol=1e-12 * np.max(np.abs(answer)))
        assert np.array_equal(np.flatnonzero(found), active)
        ridge = decrease * ridge


def test_growing_sets_are_bordered_and_small_changes_of_the_ridge_refined(monkeypatch):
    """A factorization now and then, not at each step: what the class is for."""
    rng, calls = np.random.default_rng(2), []
    factor = BorderedCholesky._factor
    monkeypatch.setattr(BorderedCholesky, "_factor", lambda *given: calls.append(1) or factor(*given))
    systems, ridge, order = BorderedCholesky(gram()), np.full(Q, 5.0), rng.permutation(Q)
    for size in range(SMALL + 1, Q + 1):
        ridge = 0.99 * ridge
        systems.solve(np.sort(order[:size]), ridge, rng.normal(size=Q))
    assert len(calls) < 10


def test_singular_blocks_have_no_solution_and_leave_no_trace():
    matrix, ridge, right = gram(), np.zeros(Q), np.ones(Q)
    matrix[1], matrix[:, 1] = matrix[0], matrix[:, 0]
    matrix[1, 1] = matrix[0, 0]
    systems = BorderedCholesky(matrix)
    without = np.delete(np.arange(Q), 1)
    for _ in range(2):
        found = systems.solve(without, ridge, right)
        np.testing.assert_allclose(found, expected(matrix, without, ridge, right), rtol=1e-9)
        assert systems.solve(np.arange(Q), ridge, right) is None


def test_an_empty_set_has_the_solution_0():
    assert not np.any(BorderedCholesky(gram()).solve(np.array([], dtype=int), np.ones(Q), np.ones(Q)))

"""SAVS against the one-dimensional problem that it solves."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from scipy import optimize

from bayesreg.analysis.sparsity.savs import savs


@given(st.floats(-5, 5).filter(lambda b: abs(b) > 1e-3), st.floats(0.1, 500))
def test_it_minimizes_the_adaptive_lasso_of_one_column(beta, square):
    """½‖x‖²(β − γ)² + |γ|/β² over γ."""
    ours = float(savs(np.array([beta]), np.array([square]))[0])

    def objective(gamma):
        return 0.5 * square * (beta - gamma) ** 2 + abs(gamma) / beta**2

    best = optimize.minimize_scalar(objective, bounds=(min(beta, 0), max(beta, 0)), method="bounded")
    assert objective(ours) <= min(best.fun, objective(0.0), objective(beta)) + 1e-9 * (1 + objective(0.0))


def test_zeros_stay_and_draws_are_taken_one_by_one():
    draws = np.random.default_rng(0).normal(size=(50, 3))
    draws[0] = 0
    squares = np.array([1.0, 10.0, 100.0])
    np.testing.assert_array_equal(savs(draws, squares), [savs(draw, squares) for draw in draws])
    assert np.all(savs(draws, squares)[0] == 0)

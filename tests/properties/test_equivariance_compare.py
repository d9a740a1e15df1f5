"""A comparison says the same of the same data in other units, another order, or with rows repeated."""

import warnings

import numpy as np
import pytest

import bayesreg as br
from bayesreg.errors import SamplerWarning

RNG = np.random.default_rng(8)
X = RNG.normal(size=(40, 4)) * [1.0, 5.0, 0.1, 2.0] + [0.0, 3.0, 0.0, -2.0]
Y = X @ [1.0, -0.2, 0.0, 0.0] + 2.0 + RNG.normal(size=40)
SETTINGS = {"draws": 50, "chains": 2, "random_seed": 4}


def compared(X, y, *, prior=None, sigma=1.0, **kwargs):
    prior = br.Laplace(0.1) if prior is None else prior
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SamplerWarning)
        return br.compare(br.Regression(X, y, prior=prior, sigma=sigma, **kwargs), **SETTINGS)


def numbers(both):
    """Least squares, penalized, MAP and posterior mean of each coefficient, shape (p, 4)."""
    return np.array([[row.ols, row.penalized, row.map, row.mean] for row in both.rows], float)


@pytest.fixture(scope="module")
def as_given():
    return compared(X, Y)


@pytest.mark.parametrize("unit", [2.0**-20, 2.0**20], ids=["small", "large"])
def test_units_of_the_target(as_given, unit):
    other = compared(X, Y * unit, prior=br.Laplace(0.1 * unit), sigma=unit)
    np.testing.assert_allclose(numbers(other), numbers(as_given) * unit, rtol=1e-9, atol=1e-11 * unit)
    assert other.same_zeros
    assert other.zeros == as_given.zeros


@pytest.mark.parametrize("unit", [2.0**-20, 2.0**20], ids=["small", "large"])
def test_units_of_the_columns(as_given, unit):
    other = compared(X * unit, Y)
    np.testing.assert_allclose(numbers(other), numbers(as_given) / unit, rtol=1e-9, atol=1e-11 / unit)


def test_place_of_target_and_columns(as_given):
    other = compared(X + 1e5, Y + 1e5)
    np.testing.assert_allclose(numbers(other)[:, :3], numbers(as_given)[:, :3], rtol=1e-6, atol=1e-8)
    assert other.same_zeros


def test_order_of_rows_and_columns(as_given):
    rows, columns = RNG.permutation(40), np.array([2, 0, 3, 1])
    other = compared(X[rows][:, columns], Y[rows])
    np.testing.assert_allclose(numbers(other)[:, :3], numbers(as_given)[columns, :3], rtol=1e-8, atol=1e-10)


@pytest.mark.parametrize(("family", "strength"), [("gaussian", 3.0), ("bernoulli", 1.0), ("poisson", 2.0)])
def test_repeated_rows_are_weights(family, strength):
    times = RNG.integers(1, 4, size=40)
    y = {"gaussian": Y, "bernoulli": (Y > 2).astype(float), "poisson": np.round(np.abs(Y))}[family]
    sigma = 1.0 if family == "gaussian" else None
    penalty = br.Laplace(1 / strength)

    def points(X, y, **kwargs):
        reg = br.Regression(X, y, prior=penalty, sigma=sigma, family=family, **kwargs)
        return [br.map_estimate(reg).coef, br.penalized_estimate(reg).coef]

    np.testing.assert_allclose(
        points(X, y, weights=times), points(np.repeat(X, times, axis=0), np.repeat(y, times)), rtol=1e-6, atol=1e-8
    )

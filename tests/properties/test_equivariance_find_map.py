"""find_MAP of a model written by hand: the same mode in other units, another place or another order."""

import warnings

import numpy as np
import pymc as pm
import pytest

import bayesreg as br
from bayesreg.errors import MultimodalWarning

RNG = np.random.default_rng(6)
X = RNG.normal(size=(40, 4))
Y = X @ [1.5, 0.0, -1.0, 0.1] + RNG.normal(size=40)

pytestmark = pytest.mark.slow


def mode(X, y, unit_y=1.0, unit_x=1.0):
    """Coefficients and sigma of a lasso whose noise is unknown, with priors in the units of the data."""
    with pm.Model():
        beta = pm.Laplace("beta", 0, np.asarray(0.15 * unit_y / unit_x), shape=X.shape[1])
        intercept = pm.Flat("intercept")
        sigma = pm.HalfNormal("sigma", np.asarray(2.0 * unit_y))
        pm.Normal("y", intercept + pm.math.dot(X, beta), sigma, observed=y)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", MultimodalWarning)
            found = br.find_MAP()["posterior"]
    return found["beta"].to_numpy().ravel(), found["sigma"].item()


@pytest.fixture(scope="module")
def as_given():
    return mode(X, Y)


def test_it_has_exact_zeros(as_given):
    assert 0 < np.sum(as_given[0] == 0) < 4


@pytest.mark.parametrize("unit", [1e-6, 1e6])
def test_units_of_the_target(as_given, unit):
    beta, sigma = mode(X, Y * unit, unit_y=unit)
    np.testing.assert_allclose(beta / unit, as_given[0], rtol=1e-7, atol=1e-10)
    assert sigma / unit == pytest.approx(as_given[1], rel=1e-7)


@pytest.mark.parametrize("unit", [1e-6, 1e6])
def test_units_of_the_columns(as_given, unit):
    beta, sigma = mode(X * unit, Y, unit_x=unit)
    np.testing.assert_allclose(beta * unit, as_given[0], rtol=1e-7, atol=1e-10)
    assert sigma == pytest.approx(as_given[1], rel=1e-7)


def test_place_of_the_target_and_order_of_rows_and_columns(as_given):
    rows, columns = RNG.permutation(40), np.array([3, 1, 0, 2])
    beta, sigma = mode(X[rows][:, columns], Y[rows] + 100.0)
    np.testing.assert_allclose(beta, as_given[0][columns], rtol=1e-7, atol=1e-10)
    assert sigma == pytest.approx(as_given[1], rel=1e-7)

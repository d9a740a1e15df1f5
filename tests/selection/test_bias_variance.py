"""The simulated balance of bias and variance, against ridge regression, where it has a closed form."""

import numpy as np
import pytest

import bayesreg as br
from bayesreg.errors import DataError, PriorError


@pytest.fixture(scope="module")
def columns():
    rng = np.random.default_rng(6)
    return rng.normal(size=(40, 5)) * [1, 2, 1, 1, 0.3] + rng.normal(size=(40, 1))


COEF = np.array([1.0, -0.5, 0, 0, 2.0])


@pytest.mark.parametrize("standardize", [True, False])
def test_ridge_is_its_closed_form(columns, assert_zs, standardize):
    strengths, sigma = np.array([200.0, 20.0, 0.5]), 1.7
    reg = br.Regression(columns, columns[:, 0], prior=br.Normal(1.0), sigma=1.0, standardize=standardize)
    found = br.bias_variance(reg, COEF, intercept=3.0, sigma=sigma, strengths=strengths, replicates=200)
    Z = reg.design.matrix
    mean = columns @ COEF
    z = []
    for k, strength in enumerate(strengths):
        hat = Z @ np.linalg.solve(Z.T @ Z + strength * np.eye(5), Z.T) + 1 / 40
        bias, variance = np.mean((hat @ mean - mean) ** 2), sigma**2 * np.sum(hat**2) / 40
        z += [
            (found.bias_squared[k] - bias) / found.bias_error[k],
            (found.variance[k] - variance) / found.variance_error[k],
        ]
    assert_zs(z)


def test_few_replicates_do_not_add_to_the_bias(columns, assert_zs):
    reg, sigma = br.Regression(columns, columns[:, 0], prior=br.Normal(1.0), sigma=1.0), 1.7
    runs = [
        br.bias_variance(reg, COEF, sigma=sigma, strengths=[40.0, 20.0], replicates=5, random_seed=seed).bias_squared
        for seed in range(150)
    ]
    Z, mean = reg.design.matrix, columns @ COEF
    truth = []
    for strength in (40.0, 20.0):
        hat = Z @ np.linalg.solve(Z.T @ Z + strength * np.eye(5), Z.T) + 1 / 40
        truth.append(np.mean((hat @ mean - mean) ** 2))
    assert_zs((np.mean(runs, axis=0) - truth) / (np.std(runs, axis=0) / 150**0.5))


def test_a_stronger_lasso_has_more_bias_and_less_variance(columns):
    reg = br.Regression(columns, columns[:, 0], prior=br.Laplace(1.0), sigma=2.0)
    found = br.bias_variance(reg, COEF, strengths=[300.0, 10.0, 0.1])
    assert np.all(np.diff(found.bias_squared) < 0)
    assert np.all(np.diff(found.variance) > 0)
    np.testing.assert_array_equal(found.total, found.bias_squared + found.variance)
    assert found.sigma == 2.0


def test_the_same_seed_gives_the_same_numbers(columns):
    reg = br.Regression(columns, columns[:, 0], prior=br.Laplace(1.0), sigma=2.0)
    runs = [br.bias_variance(reg, COEF, strengths=[30.0, 1.0], random_seed=seed).variance for seed in (1, 1, 2)]
    np.testing.assert_array_equal(runs[0], runs[1])
    assert np.all(runs[0] != runs[2])


def test_what_is_refused(columns):
    reg = br.Regression(columns, columns[:, 0], prior=br.Laplace(1.0), sigma=2.0)
    with pytest.raises(DataError, match="coef has 2 values"):
        br.bias_variance(reg, [1.0, 2.0])
    with pytest.raises(PriorError, match="replicates"):
        br.bias_variance(reg, COEF, replicates=2)
    with pytest.raises(PriorError, match="sigma must be a positive"):
        br.bias_variance(reg, COEF, sigma=-1.0)
    weighted = br.Regression(columns, columns[:, 0], prior=br.Laplace(1.0), sigma=2.0, weights=np.ones(40))
    with pytest.raises(DataError, match="without weights"):
        br.bias_variance(weighted, COEF)

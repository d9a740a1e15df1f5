"""The posterior in other units, orders and repetitions is the same posterior, draw by draw from the same seed."""

import dataclasses

import numpy as np
import pytest
import scipy.sparse as sp

import bayesreg as br
from bayesreg.sampling.engine import draw_posterior

RNG = np.random.default_rng(11)
N, P = 30, 4
X = RNG.normal(size=(N, P)) @ (np.eye(P) + 0.3)
Y = 2.0 + X @ [1.0, 0.0, -0.5, 0.0] + RNG.normal(size=N)
WEIGHTS = np.tile([1.0, 2.0, 3.0], N // 3)
PRIORS = {
    "laplace": br.Laplace(0.5),
    "scaled laplace": br.Laplace(0.5, True),
    "elastic net": br.ElasticNetPrior(0.5, 1.0),
    "normal": br.Normal(0.7),
    "laplace by column": br.Laplace([0.5, np.inf, 0.2, 1.0]),
}
SIGMAS = {"known": 1.25, "unknown": br.HalfNormal(1.5)}
SETTINGS = {"draws": 300, "tune": 20, "random_seed": 3}


def make(X=X, y=Y, prior=PRIORS["laplace"], sigma=1.25, **given):
    return br.Regression(X, y, prior=prior, sigma=sigma, **given)


def draws(reg, **given):
    with np.errstate(all="raise"), pytest.MonkeyPatch.context() as patch:
        patch.setattr("bayesreg.sampling.engine.SHORT_THINNINGS", (1,))
        patch.setattr("bayesreg.sampling.engine.warnings.warn", lambda *_, **__: None)
        posterior = br.sample(reg, **(SETTINGS | given))["posterior"]
    return {name: posterior[name].values for name in ("coef", "intercept", "sigma") if name in posterior}


def assert_same(found, expected, rtol=1e-6):
    for name, values in expected.items():
        np.testing.assert_allclose(found[name], values, rtol=rtol, atol=rtol * np.std(values), err_msg=name)


def in_units(prior, factor):
    """The prior of coefficients that are multiplied by a factor; one scaled by sigma goes with it by itself."""
    if prior.scaled_by_sigma:
        return prior
    if isinstance(prior, br.ElasticNetPrior):
        return br.ElasticNetPrior(prior.laplace_scale * factor, prior.normal_scale * factor)
    return dataclasses.replace(prior, scale=np.asarray(prior.scale) * factor)


@pytest.mark.parametrize("factor", [0.25, 2.0**30, 2.0**-30, 1e9])
@pytest.mark.parametrize("noise", SIGMAS)
@pytest.mark.parametrize("name", PRIORS)
def test_the_target_in_other_units(name, noise, factor):
    prior, sigma = PRIORS[name], SIGMAS[noise]
    first = draws(make(prior=prior, sigma=sigma))
    there = sigma * factor if noise == "known" else br.HalfNormal(1.5 * factor)
    found = draws(make(y=Y * factor, prior=in_units(prior, factor), sigma=there))
    assert_same({key: values / factor for key, values in found.items()}, first)


@pytest.mark.parametrize("noise", SIGMAS)
@pytest.mark.parametrize("name", PRIORS)
def test_standardized_columns_in_other_units_and_places(name, noise):
    units = np.array([2.0**20, 2.0**-20, 4.0, 1.0])
    first = draws(make(prior=PRIORS[name], sigma=SIGMAS[noise]))
    found = draws(make(X=X * units + 100 * units, prior=PRIORS[name], sigma=SIGMAS[noise]))
    found["intercept"] = found["intercept"] + np.sum(found["coef"] * 100 * units, axis=-1)
    found["coef"] = found["coef"] * units
    assert_same(found, first)


@pytest.mark.parametrize("noise", SIGMAS)
@pytest.mark.parametrize("name", PRIORS)
def test_a_shifted_target_shifts_the_intercept(name, noise):
    first = draws(make(prior=PRIORS[name], sigma=SIGMAS[noise]))
    found = draws(make(y=Y + 64.0, prior=PRIORS[name], sigma=SIGMAS[noise]))
    found["intercept"] = found["intercept"] - 64.0
    assert_same(found, first)
    with_offset = draws(make(y=Y + np.arange(N), prior=PRIORS[name], sigma=SIGMAS[noise], offset=np.arange(N) * 1.0))
    assert_same(with_offset, first)


@pytest.mark.parametrize("noise", SIGMAS)
@pytest.mark.parametrize("name", PRIORS)
def test_the_order_of_the_rows_does_not_matter(name, noise):
    order = np.random.default_rng(1).permutation(N)
    first = draws(make(prior=PRIORS[name], sigma=SIGMAS[noise]))
    assert_same(draws(make(X=X[order], y=Y[order], prior=PRIORS[name], sigma=SIGMAS[noise])), first)


@pytest.mark.parametrize("name", PRIORS)
def test_weights_are_repeated_rows_where_sigma_is_known(name):
    rows = np.repeat(np.arange(N), WEIGHTS.astype(int))
    weighted = draws(make(prior=PRIORS[name], weights=WEIGHTS))
    assert_same(draws(make(X=X[rows], y=Y[rows], prior=PRIORS[name])), weighted)


@pytest.mark.parametrize(
    "kind", [sp.csr_matrix, sp.csc_matrix, sp.coo_matrix, sp.csr_array, sp.csc_array, sp.coo_array]
)
@pytest.mark.parametrize("name", ["laplace", "normal"])
def test_sparse_columns_are_the_dense_ones(name, kind):
    dense = np.where(np.abs(X) > 0.7, X, 0.0)
    expected, found = (
        draw_posterior(make(X=columns, prior=PRIORS[name]), random_seed=3).draws.beta
        for columns in (dense, kind(dense))
    )
    np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-6)

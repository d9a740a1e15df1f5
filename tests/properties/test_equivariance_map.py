"""The same problem in other units, in another order or written otherwise has the same MAP and the same path."""

import numpy as np
import pytest

import bayesreg as br
from bayesreg.model.strength import strength_of

FAMILIES = ["gaussian", "student_t", "laplace", "bernoulli", "poisson"]
WITH_SIGMA = FAMILIES[:3]
PRIORS = {"laplace": lambda s: br.Laplace(s), "normal": lambda s: br.Normal(s)}
UNITS = [1e-9, 1e9]
SCALE, SIGMA = 0.3, 1.5


def _data(family, seed=0, n=60, p=4):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, p)) * np.array([1.0, 5.0, 0.2, 1.0])
    eta = 0.4 + X @ np.array([1.0, -0.3, 0.0, 0.5])
    if family == "bernoulli":
        return X, (rng.random(n) < 1 / (1 + np.exp(-eta))).astype(float)
    if family == "poisson":
        return X, rng.poisson(np.exp(eta)).astype(float)
    return X, eta + rng.standard_t(4, n)


def _regression(X, y, family, *, prior="laplace", scale=SCALE, sigma=SIGMA, **settings):
    noise = {"sigma": sigma} if family in WITH_SIGMA else {}
    return br.Regression(X, y, prior=PRIORS[prior](scale), family=family, **noise, **settings)


def _assert_same(reg, other, *, beta=1.0, order=slice(None), strength=1.0):
    """The coefficients of `other` are `beta` times those of `reg`, its strengths `strength` times its strengths."""
    here, there = br.map_estimate(reg), br.map_estimate(other)
    size = np.max(np.abs(here.beta))
    np.testing.assert_allclose(there.beta / beta, here.beta[order], rtol=0, atol=1e-8 * size)
    grid = strength_of(reg) * np.array([4.0, 1.0, 0.25])
    first, second = br.path(reg, grid), br.path(other, grid * strength)
    size = np.max(np.abs(first.beta))
    np.testing.assert_allclose(second.beta / beta, first.beta[:, order], rtol=0, atol=1e-7 * size)


@pytest.mark.parametrize("prior", PRIORS)
@pytest.mark.parametrize("family", WITH_SIGMA)
@pytest.mark.parametrize("unit", UNITS)
def test_units_of_y(family, prior, unit):
    X, y = _data(family)
    other = _regression(X, y * unit, family, prior=prior, scale=SCALE * unit, sigma=SIGMA * unit)
    strength = unit if prior == "laplace" else 1.0
    _assert_same(_regression(X, y, family, prior=prior), other, beta=unit, strength=strength)


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("unit", UNITS)
def test_units_of_the_columns_that_are_standardized(family, unit):
    X, y = _data(family)
    units = np.array([unit, 1.0, 1 / unit, 1.0])
    _assert_same(_regression(X, y, family), _regression(X * units, y, family))


@pytest.mark.parametrize("prior", PRIORS)
@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("unit", UNITS)
def test_units_of_columns_that_are_not_standardized(family, prior, unit):
    X, y = _data(family)
    reg = _regression(X, y, family, prior=prior, standardize=False)
    other = _regression(X * unit, y, family, prior=prior, scale=SCALE / unit, standardize=False)
    _assert_same(reg, other, beta=1 / unit, strength=unit if prior == "laplace" else unit**2)


@pytest.mark.parametrize("prior", PRIORS)
@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("shift", [1e6, -1e3])
def test_places_of_columns(family, prior, shift):
    X, y = _data(family)
    moved = X + np.array([shift, 0.0, -shift, shift])
    # What the shift rounds away is gone before the regression sees it.
    _assert_same(_regression(moved - shift, y, family, prior=prior), _regression(moved, y, family, prior=prior))


@pytest.mark.parametrize("family", WITH_SIGMA)
@pytest.mark.parametrize("shift", [1e6, -1e3])
def test_shifts_of_y_go_to_the_intercept(family, shift):
    X, y = _data(family)
    moved = y + shift
    reg, other = _regression(X, moved - shift, family), _regression(X, moved, family)
    _assert_same(reg, other)
    assert br.map_estimate(other).intercept == pytest.approx(br.map_estimate(reg).intercept + shift, rel=1e-9)


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("factor", [1e-6, 1e8])
def test_factors_of_all_weights(family, factor):
    X, y = _data(family)
    weights = np.random.default_rng(1).exponential(size=len(y)) + 0.1
    reg = _regression(X, y, family, weights=weights)
    if family in WITH_SIGMA:
        other = _regression(X, y, family, weights=weights * factor, sigma=SIGMA * factor**0.5)
    else:
        other = _regression(X, y, family, weights=weights * factor, scale=SCALE / factor)
    _assert_same(reg, other, strength=factor)


@pytest.mark.parametrize("prior", PRIORS)
@pytest.mark.parametrize("family", ["gaussian", "bernoulli", "poisson"])
def test_repeated_rows_are_weights(family, prior):
    X, y = _data(family)
    counts = np.random.default_rng(1).integers(1, 4, len(y))
    reg = _regression(X, y, family, prior=prior, weights=counts)
    _assert_same(reg, _regression(np.repeat(X, counts, axis=0), np.repeat(y, counts), family, prior=prior))


@pytest.mark.parametrize("prior", PRIORS)
@pytest.mark.parametrize("family", FAMILIES)
def test_order_of_rows_and_columns(family, prior):
    X, y = _data(family)
    rng = np.random.default_rng(1)
    rows, order = rng.permutation(len(y)), rng.permutation(X.shape[1])
    other = _regression(X[rows][:, order], y[rows], family, prior=prior)
    _assert_same(_regression(X, y, family, prior=prior), other, order=order)


@pytest.mark.parametrize("family", FAMILIES)
def test_constant_part_of_an_offset_goes_to_the_intercept(family):
    X, y = _data(family)
    offset = np.random.default_rng(1).normal(size=len(y))
    reg, other = (_regression(X, y, family, offset=offset + shift) for shift in (0.0, 2.0))
    _assert_same(reg, other)
    assert br.map_estimate(other).intercept == pytest.approx(br.map_estimate(reg).intercept - 2.0, abs=1e-7)


@pytest.mark.parametrize("family", WITH_SIGMA)
def test_offset_is_what_is_taken_from_y(family):
    X, y = _data(family)
    offset = np.random.default_rng(1).normal(size=len(y)) + 3
    _assert_same(_regression(X, y - offset, family), _regression(X, y, family, offset=offset))


@pytest.mark.parametrize("unit", [1e-9, 1e9])
def test_units_of_y_with_sigma_unknown(unit):
    X, y = _data("gaussian")
    here, there = (br.map_estimate(br.Regression(X, y * u, prior=br.Laplace(SCALE * u))) for u in (1.0, unit))
    np.testing.assert_allclose(there.beta / unit, here.beta, atol=1e-8)
    assert there.sigma / unit == pytest.approx(here.sigma, rel=1e-8)

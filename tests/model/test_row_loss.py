"""Row losses against scipy.stats, numerical gradients and the quadratic loss."""

import numpy as np
import pytest
from scipy import optimize, sparse, stats

import bayesreg as br

FAMILIES = ("gaussian", "bernoulli", "poisson", "student_t", "laplace")
WITH_SIGMA = ("gaussian", "student_t", "laplace")
SIGMA = 0.8


def regression(family, *, make=np.asarray, **given):
    rng = np.random.default_rng(5)
    X = np.where(rng.random((30, 4)) < 0.5, 0.0, rng.normal(size=(30, 4)))
    y = {"bernoulli": rng.integers(0, 2, 30), "poisson": rng.poisson(2.0, 30)}.get(family, rng.normal(size=30))
    given = {"weights": np.linspace(0.5, 2, 30), "offset": np.linspace(-1, 1, 30), "prior": br.Laplace(1.0)} | given
    sigma = SIGMA if family in WITH_SIGMA else None
    return br.Regression(make(X), y, family=family, sigma=sigma, **given), X, np.asarray(y, dtype=float)


def log_density(family, y, eta, weights):
    """The log likelihood of each row, in scipy's words: a noise scale σ/√w, or else a power w."""
    scale = SIGMA / np.sqrt(weights)
    if family == "gaussian":
        return stats.norm.logpdf(y, eta, scale)
    if family == "student_t":
        return stats.t.logpdf(y, 4.0, eta, scale)
    if family == "laplace":
        return stats.laplace.logpdf(y, eta, scale)
    if family == "bernoulli":
        return weights * stats.bernoulli.logpmf(y, 1 / (1 + np.exp(-eta)))
    return weights * stats.poisson.logpmf(y, np.exp(eta))


@pytest.mark.parametrize("make", [np.asarray, sparse.csr_array], ids=["dense", "sparse"])
@pytest.mark.parametrize("family", FAMILIES)
def test_differences_of_the_loss_are_those_of_the_log_likelihood(family, make):
    reg, X, y = regression(family, make=make, standardize=False, center=False, intercept=br.Normal(1.0, loc=0.3))
    loss, rng = reg.row_loss, np.random.default_rng(1)
    weights, offset = np.linspace(0.5, 2, 30), np.linspace(-1, 1, 30)
    points = 0.5 * rng.normal(size=(2, 5))
    etas = [offset + 0.3 + X @ point[:4] + point[4] for point in points]
    for point, eta in zip(points, etas, strict=True):
        np.testing.assert_allclose(loss.eta(point), eta, rtol=1e-13, atol=1e-13)
    first, second = (float(np.sum(log_density(family, y, eta, weights))) for eta in etas)
    scale = SIGMA**2 if family in WITH_SIGMA else 1.0
    assert loss.value(points[0]) - loss.value(points[1]) == pytest.approx(-scale * (first - second), rel=1e-11)


@pytest.mark.parametrize("make", [np.asarray, sparse.csr_array], ids=["dense", "sparse"])
@pytest.mark.parametrize("family", FAMILIES)
def test_gradient_and_curvatures_are_numerical_derivatives(family, make):
    reg, _, _ = regression(family, make=make)
    loss = reg.row_loss
    theta = 0.3 * np.random.default_rng(2).normal(size=loss.size)
    numerical = optimize.approx_fprime(theta, loss.value, 1e-7)
    np.testing.assert_allclose(loss.gradient(theta), numerical, rtol=1e-5, atol=1e-5)
    eta = loss.eta(theta)
    steps = (loss.row_slopes(eta + 1e-5) - loss.row_slopes(eta - 1e-5)) / 2e-5
    np.testing.assert_allclose(loss.row_curvatures(eta, upper=False), steps, rtol=1e-6, atol=1e-8)
    assert np.all(loss.row_curvatures(eta, upper=True) >= loss.row_curvatures(eta, upper=False) - 1e-15)


@pytest.mark.parametrize("support", [[], [0], [0, 1, 2, 3]])
def test_eta_skips_zeros_without_changing_the_sum(support):
    reg, _, _ = regression("poisson")
    theta = np.zeros(5)
    theta[support] = 1.5
    loss = reg.row_loss
    np.testing.assert_allclose(loss.eta(theta), loss.offset + np.asarray(loss.A) @ theta, rtol=1e-14, atol=1e-14)


@pytest.mark.parametrize("family", ["gaussian", "bernoulli", "poisson", "laplace"])
def test_row_gap_vanishes_at_the_negative_slopes_only(family):
    loss = regression(family)[0].row_loss
    eta = loss.eta(np.full(loss.size, 0.2))
    dual = -loss.row_slopes(eta) / loss.weights
    assert abs(loss.row_gap(eta, dual)) <= 1e-13
    assert loss.row_gap(eta, 0.9 * dual) > 1e-4


def test_the_gaussian_row_loss_is_the_quadratic_one():
    reg, _, _ = regression("gaussian", intercept=False)
    theta = np.array([0.3, 0.0, -1.0, 2.0])
    assert reg.row_loss.value(theta) == pytest.approx(0.5 * reg.loss.rss(theta), rel=1e-13)
    np.testing.assert_allclose(reg.row_loss.gradient(theta), reg.loss.gradient(theta), rtol=1e-12)


def test_the_pull_at_zero_is_the_largest_gradient_and_rounding_is_tiny():
    for make in (np.asarray, sparse.csr_array):
        loss = regression("bernoulli", make=make)[0].row_loss
        assert loss.gradient_unit == np.max(np.abs(loss.gradient(np.zeros(loss.size))))
        assert 0 < loss.gradient_rounding < 1e-12 * loss.gradient_unit * 30

"""Ridge against QR of augmented rows and closed forms, where the penalty is tiny beside the columns too."""

import numpy as np
import pytest

import bayesreg as br
from bayesreg.model.objective import strengths_at
from bayesreg.optimize.solvers import ridge

SHAPES = [(20, 30), (20, 20), (40, 10), (12, 60)]


def data(n, p, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, p))
    return X, X @ rng.normal(size=p) + rng.normal(size=n)


def by_qr(reg):
    """Least squares on the rows with one more for each prior, which does not square their condition."""
    strengths = np.sqrt(strengths_at(reg, 1.0)[1])
    Q, R = np.linalg.qr(np.vstack([reg.loss.A, np.diag(strengths)]))
    return np.linalg.solve(R, Q.T @ np.append(reg.loss.b, np.zeros(len(strengths))))


def assert_near(found, expected, share=1e-10):
    assert np.max(np.abs(found - expected)) <= share * np.max(np.abs(expected))


@pytest.mark.parametrize("scale", [1e-6, 1.0, 1e3, 1e5, 1e6, 1e7, 1e8])
@pytest.mark.parametrize("intercept", [True, False])
@pytest.mark.parametrize("shape", SHAPES)
def test_it_is_qr_on_augmented_rows_however_small_the_penalty(shape, intercept, scale):
    reg = br.Regression(*data(*shape), prior=br.Normal(scale), sigma=1.0, intercept=intercept)
    fit = br.map_estimate(reg)
    assert fit.certificate.kkt <= 1e-12
    assert_near(fit.beta, by_qr(reg))


@pytest.mark.parametrize("shape", SHAPES)
def test_scales_of_all_sizes_are_solved_column_by_column(shape):
    """The last is 1e16 times wider than the first, and the conditions of all hold."""
    reg = br.Regression(*data(*shape), prior=br.Normal(np.geomspace(1e-8, 1e8, shape[1])), sigma=1.0)
    fit = br.map_estimate(reg)
    assert fit.certificate.kkt <= 1e-9
    assert_near(fit.beta, by_qr(reg))


@pytest.mark.parametrize("scale", [1.0, 1e3, 1e6, 1e9, 1e15])
@pytest.mark.parametrize("source", ["rows", "moments"])
def test_twins_share_what_one_column_would_have(source, scale):
    """A pair of equal columns is one column √2 times as long, where QR of augmented rows has long lost all digits."""
    X, y = data(30, 4)
    settings = {"prior": br.Normal(scale), "sigma": 1.0, "standardize": False}
    pair = br.Regression(np.column_stack([X[:, 0], X]), y, **settings)
    if source == "moments":
        pair = br.Regression.from_moments(pair.design.moments, **settings)
    one = br.map_estimate(br.Regression(np.column_stack([np.sqrt(2) * X[:, 0], X[:, 1:]]), y, **settings)).beta
    assert_near(br.map_estimate(pair).beta, np.r_[one[0] / np.sqrt(2), one[0] / np.sqrt(2), one[1:]])


@pytest.mark.parametrize("shape", SHAPES)
def test_as_the_penalty_vanishes_it_is_least_squares_of_least_norm(shape):
    X, y = data(*shape)
    fit = br.map_estimate(br.Regression(X, y, prior=br.Normal(1e8), sigma=1.0, intercept=False, standardize=False))
    assert_near(fit.beta, np.linalg.lstsq(X, y, rcond=None)[0])


@pytest.mark.parametrize("route", [ridge._by_linear_system, ridge._by_spectrum])
@pytest.mark.parametrize("shape", SHAPES)
def test_both_routes_agree_where_both_can_be_taken(shape, route):
    reg = br.Regression(*data(*shape), prior=br.Normal(2.0), sigma=1.0)
    assert_near(route(reg.loss, strengths_at(reg, 1.0)[1]), by_qr(reg), 1e-12)

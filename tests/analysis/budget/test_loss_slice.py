"""A slice of the loss against scipy's minimization over the intercept on the rows."""

import numpy as np
import pytest
from scipy import optimize

import bayesreg as br
from bayesreg.analysis.budget.loss_slice import loss_slice

FAMILIES = {
    "gaussian": lambda y, eta: 0.5 * (y - eta) ** 2,
    "bernoulli": lambda y, eta: np.logaddexp(0, eta) - y * eta,
    "poisson": lambda y, eta: np.exp(eta) - y * eta,
    "student_t": lambda y, eta: 0.5 * 5 * np.log1p(((y - eta) / 1.3) ** 2 / 4) * 1.3**2,
}


def regression(family, p=4, **settings):
    rng = np.random.default_rng(3)
    X = rng.normal(size=(90, p))
    eta = 0.3 + X @ np.r_[0.7, -0.3, 0.2, 0.0][:p]
    y = {
        "bernoulli": lambda: (rng.random(90) < 1 / (1 + np.exp(-eta))).astype(float),
        "poisson": lambda: rng.poisson(np.exp(eta)).astype(float),
    }.get(family, lambda: eta + rng.normal(size=90))()
    if family in ("gaussian", "student_t"):
        settings["sigma"] = 1.3
    kind = br.StudentT(df=4) if family == "student_t" else family
    return br.Regression(X, y, prior=br.Laplace(0.1), family=kind, **settings)


def profiled(reg, family, estimate, columns, points, prior=None):
    """The loss less that at the estimate, minimized over the intercept by scipy."""
    matrix, y = reg.design.matrix, reg.design.rows.y
    weights = np.ones(reg.n) if reg.design.rows.weights is None else reg.design.rows.weights

    def least(pair):
        beta = estimate.beta.copy()
        beta[list(columns)] = pair

        def at(intercept):
            own = 0.0 if prior is None else 0.5 * (estimate.sigma * (intercept - prior.loc) / prior.scale) ** 2
            return weights @ FAMILIES[family](y, matrix @ beta + intercept) + own

        if reg.intercept is False:
            return at(0.0)
        return optimize.minimize_scalar(at, bracket=(-1.0, 1.0), options={"xtol": 1e-10}).fun

    base = least(estimate.beta[list(columns)])
    return np.array([least(pair) for pair in points]) - base


@pytest.mark.parametrize("settings", [{}, {"intercept": False}], ids=["intercept", "no intercept"])
@pytest.mark.parametrize("family", FAMILIES)
def test_the_slice_is_the_loss_with_the_intercept_at_its_best(family, settings):
    if family != "student_t":
        settings = settings | {"weights": np.linspace(0.5, 1.5, 90)}
    reg = regression(family, **settings)
    estimate = br.map_estimate(reg)
    cut = loss_slice(reg, estimate, (2, 0))
    np.testing.assert_array_equal(cut.point, estimate.beta[[2, 0]])
    points = np.random.default_rng(1).normal(scale=0.8, size=(6, 2))
    np.testing.assert_allclose(cut.above(points), profiled(reg, family, estimate, (2, 0), points), atol=1e-6)
    assert cut.above(cut.point[None])[0] == pytest.approx(0, abs=1e-9)
    # Around its lowest point everything is higher.
    around = cut.lowest + 1e-3 * np.array([[1, 0], [-1, 0], [0, 1], [0, -1]])
    assert np.all(cut.above(around) > cut.above(cut.lowest[None]))


@pytest.mark.parametrize("family", ["gaussian", "poisson"])
def test_a_prior_on_the_intercept_is_part_of_the_loss(family):
    prior = br.Normal(0.1, loc=-0.2)
    reg = regression(family, intercept=prior, center=False)
    estimate = br.map_estimate(reg)
    points = np.random.default_rng(1).normal(scale=0.8, size=(6, 2))
    found = loss_slice(reg, estimate, (1, 3)).above(points)
    np.testing.assert_allclose(found, profiled(reg, family, estimate, (1, 3), points, prior), atol=1e-6)


@pytest.mark.parametrize("family", FAMILIES)
def test_of_two_columns_the_lowest_point_is_the_unpenalized_estimate(family):
    reg = regression(family, p=2)
    cut = loss_slice(reg, br.map_estimate(reg), (0, 1))
    np.testing.assert_allclose(cut.lowest, br.least_squares(reg).beta, atol=1e-7)


def test_a_loss_that_keeps_falling_has_no_lowest_point():
    X = np.random.default_rng(0).normal(size=(50, 2))
    reg = br.Regression(X, (X[:, 0] > 0).astype(float), prior=br.Normal(1.0), family="bernoulli")
    assert loss_slice(reg, br.map_estimate(reg), (0, 1)).lowest is None


def test_columns_of_very_different_size_lose_no_digits():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(60, 2)) * [1e-6, 1e6]
    y = X @ [1e6, 1e-6] + rng.normal(size=60)
    reg = br.Regression(X, y, prior=br.Laplace({"x0": 1e6, "x1": 1e-6}), sigma=1.0, standardize=False)
    expected = np.linalg.lstsq(X - X.mean(axis=0), y - y.mean(), rcond=1e-16)[0]
    np.testing.assert_allclose(loss_slice(reg, br.map_estimate(reg), (0, 1)).lowest, expected, rtol=1e-9)

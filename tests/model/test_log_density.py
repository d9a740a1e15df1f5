"""Shapes, rows and normalization; that the whole density is right is shown in pymc/test_model.py."""

import numpy as np
import pytest
from scipy import integrate, stats

import bayesreg as br
from bayesreg.model.log_density import (
    linear_predictor,
    log_likelihood,
    log_prior,
    pointwise_log_likelihood,
    residual_squares,
)
from bayesreg.model.unknowns import Unknowns

RNG = np.random.default_rng(5)
X, Y = RNG.normal(2.0, 3.0, size=(15, 3)), RNG.normal(size=15)
WEIGHTS, OFFSET = RNG.uniform(0.5, 2, size=15), RNG.normal(size=15)
DRAWS = Unknowns(RNG.normal(size=(2, 5, 3)), RNG.normal(size=(2, 5)), RNG.uniform(0.5, 2, size=(2, 5)))
VARIANTS = {
    "plain": {},
    "weights and offset": {"weights": WEIGHTS, "offset": OFFSET},
    "no intercept": {"intercept": False},
    "normal intercept": {"intercept": br.Normal(2.0, loc=1.0)},
    "normal intercept at 0": {"intercept": br.Normal(2.0, loc=1.0), "center": False, "weights": WEIGHTS},
}


def regression(variant, prior=br.Laplace(0.5)):  # noqa: B008 - frozen
    return br.Regression(X, Y, prior=prior, sigma=br.HalfNormal(1.0), **VARIANTS[variant])


@pytest.mark.parametrize("variant", VARIANTS)
def test_pointwise_terms_are_scipys_and_sum_to_the_whole(variant):
    reg = regression(variant)
    draws = DRAWS if reg.intercept is not False else Unknowns(DRAWS.beta, np.zeros((2, 5)), DRAWS.sigma)
    coef, intercept = draws.on_user_columns(reg.design.standardization)
    weights, offset = VARIANTS[variant].get("weights", np.ones(15)), VARIANTS[variant].get("offset", 0)
    eta = intercept[..., None] + coef @ X.T + offset
    np.testing.assert_allclose(linear_predictor(reg, draws), eta, rtol=1e-12, atol=1e-12)
    expected = stats.norm.logpdf(Y, eta, draws.sigma[..., None] / np.sqrt(weights))
    pointwise = pointwise_log_likelihood(reg, draws)
    assert pointwise.shape == (2, 5, 15)
    np.testing.assert_allclose(pointwise, expected, rtol=1e-11)
    np.testing.assert_allclose(log_likelihood(reg, draws), expected.sum(axis=-1), rtol=1e-11)
    rss = np.sum(weights * (Y - eta) ** 2, axis=-1)
    np.testing.assert_allclose(residual_squares(reg, draws), rss, rtol=1e-11)


@pytest.mark.parametrize("scaled", [False, True])
def test_arrays_of_draws_give_what_single_draws_give(scaled):
    reg = regression("plain", br.ElasticNetPrior([0.5, 1.0, np.inf], 0.8, scaled))
    whole = log_prior(reg, DRAWS)
    assert whole.shape == (2, 5)
    for index in np.ndindex(2, 5):
        assert float(log_prior(reg, DRAWS[index])) == pytest.approx(whole[index], rel=1e-12)


@pytest.mark.parametrize("prior", [br.Laplace, br.Normal, lambda s, f: br.ElasticNetPrior(s, 1.0, f)])
@pytest.mark.parametrize("scaled", [False, True])
def test_prior_density_of_a_coefficient_integrates_to_one_at_any_sigma(prior, scaled):
    reg = br.Regression(X[:, :1], Y, prior=prior(0.6, scaled), sigma=2.5, intercept=False)

    def density(beta):
        return float(np.exp(log_prior(reg, Unknowns(np.array([beta]), np.asarray(0.0), np.asarray(2.5)))))

    assert 2 * integrate.quad(density, 0, 100, limit=500, points=[1.0, 5.0])[0] == pytest.approx(1, rel=1e-8)


def test_collinear_columns_do_not_disturb_the_residuals():
    doubled = np.column_stack([X, X[:, 0]])
    reg = br.Regression(doubled, Y, prior=br.Laplace(1.0), sigma=1.0, standardize=False)
    beta = np.array([1.0, 2.0, -1.0, 3.0])
    expected = np.sum((Y - 0.3 - (doubled - doubled.mean(axis=0)) @ beta) ** 2)
    point = Unknowns(beta, np.asarray(0.3), np.asarray(1.0))
    assert float(residual_squares(reg, point)) == pytest.approx(expected, rel=1e-11)

"""The posterior of the strength, against quadrature over its scale; and the numbers of Park & Casella (2008)."""

import warnings

import numpy as np
import pytest
from scipy import integrate, optimize

import bayesreg as br
from bayesreg.errors import SamplerWarning


@pytest.mark.slow
@pytest.mark.parametrize("kind", [br.Normal, br.Laplace])
def test_the_posterior_median_is_that_of_quadrature(kind):
    rng = np.random.default_rng(3)
    X = rng.normal(size=(30, 1))
    X = (X - X.mean()) / X.std()
    y = 0.7 * X[:, 0] + rng.normal(size=30)
    beta = np.linspace(-3, 4, 4001)
    log_likelihood = np.sum(X**2) * beta * (X[:, 0] @ (y - y.mean()) / np.sum(X**2) - beta / 2)

    def density(log_scale):
        prior = kind(np.exp(log_scale)).log_density(beta[:, None])[:, 0]
        inside = integrate.trapezoid(np.exp(log_likelihood + prior - 20), beta)
        return inside * np.exp(br.HalfNormal(1.0).log_density(np.exp(log_scale)) + log_scale)

    # Below e⁻⁵ the grid of β is coarse for the prior, but that is less than 1% of the posterior.
    grid = np.linspace(-5, 2, 1500)
    cumulative = integrate.cumulative_trapezoid([density(t) for t in grid], grid, initial=0)
    small = density(-5.0) * 1.0
    share = (cumulative + small) / (cumulative[-1] + small)
    median = optimize.brentq(lambda t: np.interp(t, grid, share) - 0.5, -5, 2)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SamplerWarning)
        reg = br.Regression(X, y, prior=kind(br.HalfNormal(1.0)), sigma=1.0)
        chosen = br.select(reg, by="full_bayes", random_seed=1, draws=4000)
    power = 1 if kind is br.Laplace else 2
    assert abs(np.log(chosen.strength) + power * median) < 3.3 * chosen.mc_error + 0.02 * power
    assert chosen.interval[0] < chosen.strength < chosen.interval[1]


@pytest.fixture(scope="module")
def standardized(diabetes):
    """The diabetes columns centred, with x'x = 1, as in Efron et al. (2004) and Park & Casella (2008)."""
    X, y = diabetes
    centered = X - X.mean()
    return centered / np.sqrt((centered**2).sum()), y


@pytest.mark.slow
def test_the_bayesian_lasso_of_the_diabetes_data_by_marginal_likelihood(standardized):
    """λ = 0.237, in units in which x'x = 1 (Park & Casella 2008, section 3.1)."""
    prior = br.Laplace(1.0, scaled_by_sigma=True)
    reg = br.Regression(*standardized, prior=prior, sigma=br.Jeffreys(), standardize=False)
    chosen = br.select(reg, by="evidence", random_seed=1, draws=2000)
    assert chosen.mc_error < 0.005
    # The printed number is itself a Monte Carlo answer, given to three digits.
    assert 1 / chosen.scale == pytest.approx(0.237, abs=0.0015)


@pytest.mark.slow
def test_the_bayesian_lasso_of_the_diabetes_data_by_full_bayes(standardized):
    """With λ² ~ Gamma(1, 1.78) the posterior median of λ is about 0.28 (section 3.2)."""
    prior = br.Laplace(br.Gamma(1.0, 1.78, on="squared_strength"), scaled_by_sigma=True)
    reg = br.Regression(*standardized, prior=prior, sigma=br.Jeffreys(), standardize=False)
    chosen = br.select(reg, by="full_bayes", random_seed=1, draws=4000, objective="park_casella")
    assert chosen.strength == pytest.approx(1 / chosen.scale, rel=1e-9)
    assert chosen.strength == pytest.approx(0.28, abs=0.007)


def test_the_lasso_takes_up_the_diabetes_columns_in_the_published_order(standardized):
    """Efron, Hastie, Johnstone & Tibshirani (2004), figure 1: 3, 9, 4, 7, 2, 10, 5, 8, 6, 1."""
    reg = br.Regression(*standardized, prior=br.Laplace(1.0), sigma=1.0, standardize=False)
    fits = br.path(reg, np.geomspace(950.0, 1e-3, 3000))
    entry = np.argmax(fits.beta != 0, axis=0)
    assert (np.argsort(entry) + 1).tolist() == [3, 9, 4, 7, 2, 10, 5, 8, 6, 1]

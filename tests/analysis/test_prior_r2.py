"""What a prior expects to explain, against targets simulated from it."""

import numpy as np
import pytest
from scipy import integrate, stats
from sklearn.linear_model import Lasso, LinearRegression

import bayesreg as br
from bayesreg.analysis.prior_r2 import prior_r2
from bayesreg.errors import PriorError, UnsupportedError


@pytest.mark.parametrize("scale", [2.0, 10.0, 40.0])
def test_it_is_the_squared_correlation_of_simulated_targets(scale, diabetes):
    X, y = diabetes
    Z, rng = ((X - X.mean()) / X.std(ddof=0)).to_numpy(), np.random.default_rng(1)
    eta = rng.laplace(0, scale, (2000, 10)) @ Z.T
    noise = rng.normal(0, 54, eta.shape)
    share = np.var(eta, axis=1) / (np.var(eta, axis=1) + np.var(noise, axis=1))
    found = prior_r2(br.Regression(X, y, prior=br.Laplace(scale), sigma=54.0))
    np.testing.assert_allclose(found, share.mean(), atol=5 * share.std() * np.hypot(1 / 2000**0.5, 1 / 4000**0.5))


def test_one_column_is_an_integral(diabetes):
    """Weights are noise of their own in each row, and a raw column brings its variance."""
    X, y = diabetes
    weights = np.linspace(0.5, 3.0, len(y))
    reg = br.Regression(X[["bmi"]], y, prior=br.Normal(8.0), sigma=60.0, standardize=False, weights=weights)
    signal = np.average((X["bmi"] - np.average(X["bmi"], weights=weights)) ** 2, weights=weights)
    noise = np.average(60.0**2 / weights, weights=weights)
    share = integrate.quad(lambda b: stats.norm.pdf(b, 0, 8) * b**2 * signal / (b**2 * signal + noise), -80, 80)[0]
    assert prior_r2(reg) == pytest.approx(share, abs=0.02)


def test_a_fit_says_it_and_what_cannot_is_refused(diabetes):
    X, y = diabetes
    explained = br.explain(Lasso(alpha=0.85).fit(X, y), X, y)
    assert f"expects to explain {explained.prior_r2:.0%}" in str(explained)
    flat = br.explain(LinearRegression().fit(X, y), X, y)
    assert "expects to explain" not in str(flat)
    with pytest.raises(PriorError, match="improper"):
        _ = flat.prior_r2
    with pytest.raises(UnsupportedError, match="noise variance"):
        prior_r2(br.Regression(X, y > 150, prior=br.Normal(1.0), family="bernoulli"))

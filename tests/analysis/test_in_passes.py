import numpy as np
import pandas as pd
import pytest

import bayesreg as br
from bayesreg.errors import ConvergenceError


def posterior_on_a_grid(x, y, log_prior):
    """Mean and standard deviation of slope and intercept, by summing over a grid of both."""
    slopes, intercepts = np.meshgrid(np.linspace(-8, 12, 501), np.linspace(-10, 10, 501), indexing="ij")
    log_density = log_prior(slopes)
    for one, target in zip(x, y, strict=True):
        eta = intercepts + slopes * one
        log_density = log_density + target * eta - np.logaddexp(0, eta)
    weights = np.exp(log_density - log_density.max())
    weights /= weights.sum()
    means = [np.sum(weights * values) for values in (slopes, intercepts)]
    sds = [np.sqrt(np.sum(weights * (v - m) ** 2)) for v, m in zip((slopes, intercepts), means, strict=True)]
    return np.array(means), np.array(sds)


@pytest.mark.parametrize(
    ("prior", "log_prior"),
    [(br.Normal(2.0), lambda b: -0.5 * (b / 2) ** 2), (br.Laplace(1.0), lambda b: -np.abs(b))],
    ids=["normal", "laplace"],
)
def test_corrected_draws_have_the_posterior_of_a_grid(prior, log_prior):
    """Of 30 rows, where the quadratic approximation alone is half a standard deviation off."""
    rng = np.random.default_rng(1)
    x = rng.normal(size=30)
    y = (rng.random(30) < 1 / (1 + np.exp(-2 * x - 1.5))).astype(float)
    fit = br.map_in_passes(pd.DataFrame({"x": x, "y": y}), prior=prior, family="bernoulli", standardize=False)
    idata = br.sample_in_passes(fit, draws=4000, random_seed=1)
    draws = np.array([idata["posterior"][name].to_numpy().ravel() for name in ("coef", "intercept")])
    mean, sd = posterior_on_a_grid(x, y, log_prior)
    # 400 of 4,000 draws are as good as independent, at the least.
    assert np.all(np.abs(draws.mean(axis=1) - mean) / sd < 4 / np.sqrt(400))
    np.testing.assert_allclose(draws.std(axis=1), sd, rtol=0.15)
    assert idata.attrs["pareto_k"] < 0.7
    new = pd.DataFrame({"x": [0.0, 1.0]})
    expected = [np.mean(1 / (1 + np.exp(-draws[1] - place * draws[0]))) for place in new["x"]]
    np.testing.assert_allclose(br.predict(idata, new).mean, expected, rtol=1e-12)


def test_a_poor_approximation_is_an_error_and_not_a_posterior():
    frame = pd.DataFrame({"x": [-1.0, -0.5, 0.5, 1.0], "y": [0.0, 0.0, 1.0, 1.0]})
    fit = br.map_in_passes(frame, prior=br.Normal(20.0), family="bernoulli")
    with pytest.raises(ConvergenceError, match=r"Pareto k .* sample a regression with the rows in memory"):
        br.sample_in_passes(fit, random_seed=1)

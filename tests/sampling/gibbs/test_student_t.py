"""The Gibbs law of the Student-t prior against sums over grids of its closed form."""

import numpy as np
import pytest
from scipy import stats

import bayesreg as br

# The kernels are compiled once, which takes longer than all that follows.
pytestmark = pytest.mark.slow

RNG = np.random.default_rng(5)
X = RNG.normal(size=(12, 2)) @ [[1.0, 0.9], [0.0, 0.4]]
Y = X @ [1.4, 0.0] + RNG.normal(size=12)
CASES = {
    "known": (br.StudentTPrior(2.0, 0.2), 1.0),
    "Cauchy, unknown sigma": (br.StudentTPrior(1.0, 0.3), br.HalfNormal(1.0)),
    "scaled, unknown both": (br.StudentTPrior(3.0, br.HalfNormal(0.7), True), br.HalfNormal(1.0)),
}


def moments_on_a_grid(values, log_density, measure):
    """Mean and standard deviation of each of some values, whose axes are those of the log density."""
    weights = np.exp(log_density - log_density.max()) * measure
    weights = weights / weights.sum()
    means = [np.sum(weights * value) for value in values]
    return [(m, np.sqrt(np.sum(weights * (v - m) ** 2))) for m, v in zip(means, values, strict=True)]


def log_of(prior, values):
    return np.vectorize(lambda value: prior.log_density(float(value)) + np.log(value))(values)


def one_column(prior, noise):
    """Of β, log σ and log scale."""
    known = noise if isinstance(noise, float) else None, prior.scale if isinstance(prior.scale, float) else None
    sigma = np.array([known[0]] if known[0] else np.exp(np.linspace(-1.2, 2.2, 61)))[None, :, None]
    scale = np.array([known[1]] if known[1] else np.exp(np.linspace(-11, 2, 91)))[None, None, :]
    beta = np.sinh(np.linspace(-9, 9, 401))[:, None, None] / 400
    unit = scale * (sigma if prior.scaled_by_sigma else 1.0)
    squares = Y @ Y - 2 * X[:, 0] @ Y * beta + X[:, 0] @ X[:, 0] * beta**2
    value = -12 * np.log(sigma) - 0.5 * squares / sigma**2 + stats.t.logpdf(beta / unit, prior.df) - np.log(unit)
    value = value + (0 if known[0] else log_of(noise, sigma)) + (0 if known[1] else log_of(prior.scale, scale))
    return moments_on_a_grid((beta, np.log(sigma), np.log(scale)), value, np.gradient(beta, axis=0))


def draws_of(reg, kernel):
    return br.sample(reg, engine="gibbs", kernel=kernel, draws=10_000, random_seed=1)["posterior"]


@pytest.mark.parametrize("kernel", ["coordinate", "block"])
@pytest.mark.parametrize("name", CASES)
def test_one_column_is_quadrature(name, kernel, assert_moments):
    prior, noise = CASES[name]
    reg = br.Regression(X[:, :1], Y, prior=prior, sigma=noise, intercept=False, standardize=False)
    posterior, expected = draws_of(reg, kernel), one_column(prior, noise)
    assert_moments(posterior["coef"].to_numpy()[..., 0], *expected[0])
    for value, name in zip(expected[1:], ("sigma", "scale"), strict=True):
        if name in posterior:
            assert_moments(np.log(posterior[name].to_numpy()), *value)


@pytest.mark.parametrize("kernel", ["coordinate", "block"])
def test_two_correlated_columns_of_two_scales_are_quadrature(kernel, assert_moments):
    """With two scales, 0.1 and 0.5, and the heavy tails of two degrees of freedom."""
    reg = br.Regression(X, Y, prior=br.StudentTPrior(2.0, [0.1, 0.5]), sigma=1.0, intercept=False, standardize=False)
    first, second = np.linspace(-3, 5, 801)[:, None], np.linspace(-5, 5, 1001)[None, :]
    gram, cross = X.T @ X, X.T @ Y
    squares = gram[0, 0] * first**2 + 2 * gram[0, 1] * first * second + gram[1, 1] * second**2
    value = cross[0] * first + cross[1] * second - 0.5 * squares
    value = value + stats.t.logpdf(first, 2.0, 0, 0.1) + stats.t.logpdf(second, 2.0, 0, 0.5)
    draws = draws_of(reg, kernel)["coef"].to_numpy()
    for j, expected in enumerate(moments_on_a_grid((first, second), value, 1.0)):
        assert_moments(draws[..., j], *expected)


def test_it_is_the_engine_for_it_also_with_more_columns_than_rows():
    wide = RNG.normal(size=(8, 20))
    reg = br.Regression(wide, wide[:, 0] + RNG.normal(size=8), prior=br.StudentTPrior(3.0, br.HalfNormal(1.0)))
    assert br.choose_engine(reg).engine == "gibbs"
    tree = br.sample(reg, random_seed=2)
    assert tree.attrs["engine"] == "gibbs"
    assert np.isfinite(tree["posterior"]["coef"].to_numpy()).all()

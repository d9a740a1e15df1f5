"""Gibbs draws against quadrature, products of quadratures, and the exact engine."""

import dataclasses

import numpy as np
import pytest
from scipy import integrate

import bayesreg as br
from bayesreg.errors import ModeError, UnsupportedError
from bayesreg.sampling.exact.posterior import exact_posterior
from bayesreg.sampling.gibbs.interpreted import sample_interpreted

INF = np.inf
RNG = np.random.default_rng(12)
X = RNG.normal(size=(12, 3))
Y = 1 + X @ [0.8, 0.0, -0.4] + RNG.normal(size=12)
NOISES = {
    "half-normal": br.HalfNormal(2.0),
    "exponential": br.Exponential(0.5),
    "half-t": br.HalfStudentT(3.0, 2.0),
    "inverse gamma": br.InverseGamma(2.0, 3.0),
    "inverse gamma on sd": br.InverseGamma(2.0, 3.0, on="sd"),
    "jeffreys": br.Jeffreys(),
}


def gibbs(reg, draws=1_000, seed=0):
    return sample_interpreted(reg, draws=draws, tune=200, chains=4, random_seed=seed).draws


def quadrature(log_density, low, high, points=4_001):
    """Mean and sd of a density on a fine grid, by Simpson's rule."""
    t = np.linspace(low, high, points)
    values = log_density(t)
    weights = np.exp(values - values.max())
    total = integrate.simpson(weights, x=t)
    mean = integrate.simpson(weights * t, x=t) / total
    return mean, np.sqrt(integrate.simpson(weights * (t - mean) ** 2, x=t) / total)


def log_prior_of(reg, beta, j=0, sigma=1.0):
    factor = sigma if reg.prior.scaled_by_sigma else 1.0
    scales = reg.scales
    unit = beta / factor
    return -np.abs(unit) / scales.laplace[j] - 0.5 * (unit / scales.normal[j]) ** 2


ONE_COLUMN = {
    "weak laplace": br.Laplace(2.0),
    "strong laplace": br.Laplace(0.05),
    "laplace scaled by sigma": br.Laplace(0.3, True),
    "elastic net": br.ElasticNetPrior(0.3, 0.4),
    "elastic net scaled by sigma": br.ElasticNetPrior(0.3, 0.4, True),
    "normal": br.Normal(0.4),
    "flat": br.Laplace(INF),
}


@pytest.mark.parametrize("name", ONE_COLUMN)
def test_one_column_with_known_sigma_is_quadrature(name, assert_moments):
    reg = br.Regression(X[:, :1], Y, prior=ONE_COLUMN[name], sigma=1.3)
    a, b = reg.design.matrix[:, 0], Y - Y.mean()

    def log_density(beta):
        return -0.5 * (a @ a * beta**2 - 2 * a @ b * beta) / 1.3**2 + log_prior_of(reg, beta, sigma=1.3)

    draws = gibbs(reg)
    assert_moments(draws.beta[..., 0], *quadrature(log_density, -8, 8))
    assert_moments(draws.at_center, Y.mean(), 1.3 / np.sqrt(12))


def log_scaled_constant(prior, log_sigma):
    """A prior scaled by sigma has one factor 1/σ in its density of beta; a flat one has none."""
    return -log_sigma if prior.scaled_by_sigma else 0.0


def some_and_all(rows, columns, diagonals):
    """Every pair of two lists of names, of which those are not slow that lie on some diagonals."""
    return [
        pytest.param(row, column, marks=() if (i - j) % len(columns) in diagonals else pytest.mark.slow)
        for i, row in enumerate(rows)
        for j, column in enumerate(columns)
    ]


@pytest.mark.parametrize(("name", "noise"), some_and_all(list(ONE_COLUMN)[:-1], list(NOISES), (0, 2)))
def test_one_column_with_unknown_sigma_is_quadrature(name, noise, assert_moments):
    """On a grid in (beta, log sigma), the flat intercept integrated out by hand."""
    reg = br.Regression(X[:, :1], Y, prior=ONE_COLUMN[name], sigma=NOISES[noise])
    a, b = reg.design.matrix[:, 0], Y - Y.mean()
    beta, t = np.linspace(-4, 4, 801)[:, None], np.linspace(-2.5, 3.5, 401)[None, :]
    sigma = np.exp(t)
    rss = b @ b - 2 * a @ b * beta + a @ a * beta**2
    # n rows give σ^(−n), the intercept's integral √(2π/n)·σ, and the change to log sigma another σ.
    values = -(12 - 2) * t - 0.5 * rss / sigma**2 + log_prior_of(reg, beta, sigma=sigma)
    values = (
        values + log_scaled_constant(reg.prior, t) + np.array([reg.noise.prior.log_density(float(s)) for s in sigma[0]])
    )
    weights = np.exp(values - values.max())
    weights /= weights.sum()
    draws = gibbs(reg)
    for found, point in ((draws.beta[..., 0], beta), (draws.sigma, sigma)):
        mean = np.sum(weights * point)
        assert_moments(found, mean, np.sqrt(np.sum(weights * (point - mean) ** 2)))


def test_orthogonal_columns_are_independent_quadratures(assert_moments, assert_zs):
    """Known sigma, eight columns, each with its own prior."""
    rng = np.random.default_rng(1)
    columns = np.linalg.qr(np.column_stack([np.ones(24), rng.normal(size=(24, 8))]))[0][:, 1:] * np.sqrt(24)
    y = 3 + columns @ np.r_[0, 0, 0.1, 0.3, 0.6, -0.3, 1, -2] + rng.normal(size=24)
    laplace = np.array([0.02, 0.1, 0.1, 0.3, INF, 0.2, 0.5, INF])
    normal = np.array([INF, INF, 0.2, INF, 0.3, 0.5, INF, INF])
    reg = br.Regression(columns, y, prior=br.ElasticNetPrior(laplace, normal), sigma=1.1, standardize=False)
    draws = gibbs(reg, 2_500)
    expected = []
    for j in range(8):
        center = columns[:, j] @ (y - y.mean()) / 24

        def log_density(beta, j=j, center=center):
            return -12 * (beta - center) ** 2 / 1.1**2 + log_prior_of(reg, beta, j)

        expected.append(quadrature(log_density, center - 4, center + 4))
    assert_moments(draws.beta, *np.array(expected).T)
    flat = draws.beta.reshape(-1, 8)
    across = np.corrcoef(flat.T)[np.triu_indices(8, 1)]
    # The columns are independent a posteriori; 10,000 draws with some autocorrelation count as 3,000 at least.
    assert_zs(across * np.sqrt(3_000))


NORMAL_VARIANTS = {
    "plain": {},
    "one flat column": {"prior": br.Normal([0.4, INF, 1.0])},
    "all flat but one": {"prior": br.Normal([INF, INF, 1.0])},
    "no intercept": {"intercept": False},
    "normal intercept": {"intercept": br.Normal(0.5, loc=2.0)},
    "normal intercept at 0": {"intercept": br.Normal(0.5, loc=2.0), "center": False},
    "scaled normal intercept": {"intercept": br.Normal(0.5, loc=2.0, scaled_by_sigma=True)},
    "weights and offset": {"weights": np.linspace(0.3, 3, 12), "offset": np.linspace(-1, 1, 12)},
}


def normal_regression(variant, noise, scaled):
    given = {"prior": br.Normal(0.4)} | NORMAL_VARIANTS[variant]
    given["prior"] = dataclasses.replace(given["prior"], scaled_by_sigma=scaled)
    if variant == "normal intercept at 0":
        given["intercept"] = dataclasses.replace(given["intercept"], scaled_by_sigma=scaled)
    return br.Regression(X, Y, sigma=NOISES[noise], **given)


def assert_is_exact(reg, draws, check):
    """Means and sds of beta and sigma; those of the exact engine are shown to be right in test_exact.py."""
    posterior = exact_posterior(reg)
    nodes, weights = posterior.sigma_nodes
    sigma = weights @ nodes
    mean = np.append(posterior.mean(), sigma)
    sd = np.sqrt(np.append(np.diag(posterior.covariance()), weights @ (nodes - sigma) ** 2))
    check(np.concatenate([draws.beta, draws.sigma[..., None]], axis=-1), mean, sd)


@pytest.mark.parametrize("scaled", [False, True])
@pytest.mark.parametrize(("variant", "noise"), some_and_all(list(NORMAL_VARIANTS), list(NOISES), (0,)))
def test_under_a_normal_prior_it_is_the_exact_posterior(variant, noise, scaled, assert_moments):
    reg = normal_regression(variant, noise, scaled)
    assert_is_exact(reg, gibbs(reg), assert_moments)


@pytest.mark.parametrize("scaled", [False, True])
@pytest.mark.parametrize("variant", ["normal intercept", "normal intercept at 0", "scaled normal intercept"])
def test_the_intercept_has_the_exact_posterior(variant, scaled, assert_same_distribution):
    reg = normal_regression(variant, "half-normal", scaled)
    posterior = exact_posterior(reg)
    exact = posterior.draw(np.random.default_rng(5), 20_000)[1].reshape(4, -1)
    assert_same_distribution(gibbs(reg).at_center, exact)


WIDE_X = RNG.normal(size=(5, 8))
WIDE_Y = WIDE_X[:, 0] + 0.5 * RNG.normal(size=5)


@pytest.mark.parametrize("scaled", [False, True])
@pytest.mark.parametrize("kind", ["laplace", "elastic net"])
@pytest.mark.parametrize("sigma", [pytest.param(0.7, marks=pytest.mark.slow), br.HalfNormal(1.0)], ids=repr)
def test_the_sampler_for_wide_data_has_the_distribution_of_the_one_for_tall(
    scaled, kind, sigma, assert_same_distribution
):
    """Rows give the n×n system; moments, which have no rows, the p×p one."""
    prior = br.Laplace(0.5, scaled) if kind == "laplace" else br.ElasticNetPrior(0.5, 0.8, scaled)
    reg = br.Regression(WIDE_X, WIDE_Y, prior=prior, sigma=sigma)
    other = br.Regression.from_moments(reg.design.moments, prior=prior, sigma=sigma)
    ours, theirs = gibbs(reg), gibbs(other, seed=1)
    assert_same_distribution(ours.beta, theirs.beta)
    if not reg.noise.known:
        assert_same_distribution(ours.sigma, theirs.sigma)


@pytest.mark.parametrize("scaled", [False, True])
def test_wide_data_under_a_normal_prior_have_the_exact_posterior(scaled, assert_moments):
    reg = br.Regression(WIDE_X, WIDE_Y, prior=br.Normal(0.5, scaled), sigma=br.HalfNormal(1.0))
    assert_is_exact(reg, gibbs(reg), assert_moments)


def test_a_flat_column_beside_a_laplace_one_is_quadrature(assert_moments):
    """Known sigma: given the other column the flat one is Normal, so that one quadrature is enough."""
    reg = br.Regression(X[:, :2], Y, prior=br.Laplace([0.2, INF]), sigma=1.3)
    a, free = reg.design.matrix.T
    b = Y - Y.mean()
    left, response = a - free * (free @ a) / (free @ free), b - free * (free @ b) / (free @ free)

    def log_density(beta):
        return -0.5 * (left @ left * beta**2 - 2 * left @ response * beta) / 1.3**2 - np.abs(beta) / 0.2

    mean, sd = quadrature(log_density, -8, 8)
    slope = (free @ a) / (free @ free)
    free_mean = (free @ b) / (free @ free) - slope * mean
    free_sd = np.sqrt(1.3**2 / (free @ free) + slope**2 * sd**2)
    assert_moments(gibbs(reg).beta, np.array([mean, free_mean]), np.array([sd, free_sd]))


def test_coefficients_near_zero_stay_finite():
    """Scales far below what the data could tell, where numpy's wald gives NaN."""
    draws = gibbs(br.Regression(X, Y, prior=br.Laplace(1e-12), sigma=1.0), 500)
    assert np.all(np.isfinite(draws.beta))
    np.testing.assert_allclose(draws.beta.std(axis=(0, 1)), np.sqrt(2) * 1e-12, rtol=0.2)


@pytest.mark.parametrize("scale", [1e-6, 1e6])
def test_units_do_not_matter(scale, assert_same_distribution):
    reg = br.Regression(X, Y, prior=br.Laplace(0.3), sigma=br.HalfNormal(1.0))
    other = br.Regression(X, scale * Y, prior=br.Laplace(0.3 * scale), sigma=br.HalfNormal(scale))
    assert_same_distribution(gibbs(other, seed=1).beta / scale, gibbs(reg).beta)


def test_ticks_count_the_draws():
    counted = []
    reg = br.Regression(X, Y, prior=br.Laplace(0.3), sigma=1.0)
    sample_interpreted(reg, draws=300, tune=200, chains=2, random_seed=0, tick=counted.append)
    assert sum(counted) == 2 * 500


def test_what_it_does_not_cover_is_refused():
    with pytest.raises(UnsupportedError, match='use engine="nuts"'):
        gibbs(br.Regression(X, Y, prior=br.Laplace(br.HalfNormal(1.0))))
    with pytest.raises(UnsupportedError, match='use engine="nuts"'):
        gibbs(br.Regression(X, Y, prior=br.Laplace(1.0, True), intercept=br.Normal(1.0), center=False))


def test_an_improper_posterior_of_flat_columns_is_an_error():
    twice = np.column_stack([X[:, 0], X[:, 0]])
    with pytest.raises(ModeError, match="improper"):
        gibbs(br.Regression(twice, Y, prior=br.Laplace(INF), sigma=1.0))


@pytest.mark.filterwarnings("ignore::bayesreg.errors.SamplerWarning")
def test_an_improper_posterior_of_sigma_is_an_error():
    """More columns than rows and p(σ) ∝ 1/σ: the likelihood does not vanish at σ = 0, so nothing can be drawn."""
    reg = br.Regression(WIDE_X, WIDE_Y, prior=br.Laplace(0.5), sigma=br.Jeffreys())
    with pytest.raises(ModeError, match="improper"):
        gibbs(reg)

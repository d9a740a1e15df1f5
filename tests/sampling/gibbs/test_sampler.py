"""The compiled Gibbs engine against quadrature, enumeration, the exact engine, and its own other kernels."""

import dataclasses
import itertools

import numpy as np
import pytest
from scipy import integrate, stats

import bayesreg as br
from bayesreg.errors import ConvergenceError, ModeError, UnsupportedError
from bayesreg.sampling.convergence import ess_bulk
from bayesreg.sampling.exact.posterior import exact_posterior
from bayesreg.sampling.gibbs import sampler as gibbs_engine
from bayesreg.sampling.gibbs.assemble import assemble, starting_point
from bayesreg.sampling.gibbs.interpreted import sample_interpreted
from bayesreg.sampling.gibbs.kernel import _cost_of_block
from bayesreg.sampling.gibbs.sampler import sample_gibbs

# The kernels are compiled once, which takes longer than all that follows.
pytestmark = pytest.mark.slow

INF = np.inf
RNG = np.random.default_rng(12)
X = RNG.normal(size=(12, 3))
Y = 1 + X @ [0.8, 0.0, -0.4] + RNG.normal(size=12)
WIDE_X = RNG.normal(size=(5, 8))
WIDE_Y = WIDE_X[:, 0] + 0.5 * RNG.normal(size=5)
NOISES = {
    "known": 1.3,
    "half-normal": br.HalfNormal(2.0),
    "exponential": br.Exponential(0.5),
    "half-t": br.HalfStudentT(3.0, 2.0),
    "half-cauchy": br.HalfCauchy(2.0),
    "inverse gamma": br.InverseGamma(2.0, 3.0),
    "inverse gamma on sd": br.InverseGamma(2.0, 3.0, on="sd"),
    "jeffreys": br.Jeffreys(),
    "uniform": br.Uniform(1.5),
    "endless uniform": br.Uniform(INF),
}
KERNELS = ("coordinate", "block")


def gibbs(reg, kernel="auto", draws=25_000, seed=0, **settings):
    return sample_gibbs(reg, draws=draws, tune=300, chains=4, random_seed=seed, kernel=kernel, **settings).draws


def weighted_moments(points, weights):
    """Mean and sd under unnormalized weights of any shape."""
    weights = weights / weights.sum()
    mean = np.sum(weights * points)
    return mean, np.sqrt(np.sum(weights * (points - mean) ** 2))


def log_of(prior, values):
    """Log density of a number's prior in its logarithm, at each value; 0 for a known one."""
    if isinstance(prior, float):
        return np.zeros_like(values)
    return np.array([prior.log_density(float(v)) + np.log(v) for v in np.ravel(values)]).reshape(values.shape)


def grid_of(prior, low, high, count):
    if isinstance(prior, float):
        return np.array([prior])
    # Middles of equal steps, the last of which ends where a uniform prior does.
    end = min(high, np.log(prior.upper)) if isinstance(prior, br.Uniform) else high
    return np.exp(end - (np.arange(count)[::-1] + 0.5) * (end - low) / count)


# One column, by a grid in (β, log σ, log scale).

ONE_COLUMN = {
    "weak laplace": br.Laplace(2.0),
    "strong laplace": br.Laplace(0.05),
    "scaled laplace": br.Laplace(0.3, True),
    "elastic net": br.ElasticNetPrior(0.3, 0.4),
    "scaled elastic net": br.ElasticNetPrior(0.3, 0.4, True),
    "normal": br.Normal(0.4),
    "scaled normal": br.Normal(0.4, True),
    "flat": br.Laplace(INF),
}
HYPERPRIORS = {
    "half-normal": br.HalfNormal(0.7),
    "half-cauchy": br.HalfCauchy(0.5),
    "exponential": br.Exponential(2.0),
    "inverse gamma": br.InverseGamma(2.0, 0.5),
    "inverse gamma on sd": br.InverseGamma(2.0, 0.5, on="sd"),
    "uniform": br.Uniform(0.8),
}


def one_column_grid(reg):
    """(β, σ, scale) and weights on a grid, the flat intercept integrated out by hand."""
    a, b = reg.design.matrix[:, 0], Y - Y.mean()
    noise = reg.noise.sigma if reg.noise.known else reg.noise.prior
    hyper = 1.0 if reg.scale_known else reg.prior.scale
    sigma = grid_of(noise, np.log(0.2), np.log(9.0), 81)[None, :, None]
    scale = grid_of(hyper, np.log(1e-5), np.log(2e4), 141)[None, None, :]
    # As sharp in the middle as the kink of the smallest scale that matters.
    beta = np.sinh(np.linspace(-np.arcsinh(6e5), np.arcsinh(6e5), 601))[:, None, None] / 1e5
    scales = reg.scales if reg.scale_known else type(reg.prior)(1.0).column_scales(reg.names)
    factor = scale * (sigma if reg.prior.scaled_by_sigma else 1.0)
    unit = beta / factor
    # (n − 1) rows after the flat intercept.
    values = -11 * np.log(sigma) - 0.5 * (b @ b - 2 * a @ b * beta + a @ a * beta**2) / sigma**2
    values = values - np.abs(unit) / scales.laplace[0] - 0.5 * (unit / scales.normal[0]) ** 2
    if not scales.is_flat[0]:
        values = values - np.log(factor)
    values = values + log_of(noise, sigma) + log_of(hyper, scale)
    weights = np.exp(values - values.max()) * np.gradient(beta, axis=0)
    return beta, sigma, scale, weights


def assert_is_grid(reg, draws, check):
    beta, sigma, scale, weights = one_column_grid(reg)
    check(draws.beta[..., 0], *weighted_moments(beta, weights))
    if not reg.noise.known:
        check(np.log(draws.sigma), *weighted_moments(np.log(sigma), weights))
    if not reg.scale_known:
        check(np.log(draws.hyperparameters["scale"]), *weighted_moments(np.log(scale), weights))


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("noise", NOISES)
@pytest.mark.parametrize("name", ONE_COLUMN)
def test_one_column_is_quadrature(name, noise, kernel, assert_moments):
    reg = br.Regression(X[:, :1], Y, prior=ONE_COLUMN[name], sigma=NOISES[noise])
    draws = gibbs(reg, kernel, 10_000)
    assert_is_grid(reg, draws, assert_moments)
    center_sd = np.sqrt(np.mean(draws.sigma**2) / 12)
    assert_moments(draws.at_center, Y.mean(), center_sd) if reg.noise.known else None


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("scaled", [False, True])
@pytest.mark.parametrize("noise", ["known", "half-normal", "uniform"])
@pytest.mark.parametrize("hyper", HYPERPRIORS)
@pytest.mark.parametrize("kind", [br.Laplace, br.Normal])
def test_one_column_of_unknown_scale_is_quadrature(kind, hyper, noise, scaled, kernel, assert_moments):
    reg = br.Regression(X[:, :1], Y, prior=kind(HYPERPRIORS[hyper], scaled), sigma=NOISES[noise])
    assert_is_grid(reg, gibbs(reg, kernel, 10_000), assert_moments)


# Horseshoes, by a grid in their scales, given which the coefficients are Normal.


def horseshoe_moments(X, y, prior, sigma):
    """Moments of β_0, log scale and log σ for one or two columns without intercept, by a grid in all scales."""
    p, slab = X.shape[1], isinstance(prior, br.RegularizedHorseshoe)
    hyper = prior.scale
    shape = iter(np.eye(p + 3, dtype=int) * -2 + 1)

    def axis(values):
        return values.reshape(tuple(len(values) if side < 0 else 1 for side in next(shape)))

    local = [axis(np.exp(np.linspace(-14, 18, 129 if p == 2 else 321))) for _ in range(p)]
    scale = axis(grid_of(hyper, -14, 14, 101))
    slab_scale = axis(np.exp(np.linspace(-3, 6, 61)) if slab else np.array([1e100]))
    noise = axis(grid_of(sigma, np.log(0.15), np.log(9.0), 61))
    values = sum(np.log(one) - np.log1p(one**2) for one in local) + log_of(hyper, scale) + log_of(sigma, noise)
    if slab:
        values = values + log_of(
            br.InverseGamma(prior.slab_df / 2, prior.slab_df / 2 * prior.slab_scale**2), slab_scale
        )
    unit = noise if prior.scaled_by_sigma else 1.0
    precision = [((1 / (one * scale)) ** 2 + slab_scale**-2.0) / unit**2 for one in local]
    gram, cross = X.T @ X, X.T @ y
    if p == 1:
        total = gram[0, 0] / noise**2 + precision[0]
        mean, variance = cross[0] / noise**2 / total, 1 / total
        quadratic, determinant = mean * cross[0], total
    else:
        a, d, c = gram[0, 0] / noise**2 + precision[0], gram[1, 1] / noise**2 + precision[1], gram[0, 1] / noise**2
        determinant = a * d - c * c
        mean = (d * cross[0] - c * cross[1]) / noise**2 / determinant
        other = (a * cross[1] - c * cross[0]) / noise**2 / determinant
        quadratic, variance = mean * cross[0] + other * cross[1], d / determinant
    values = values - len(y) * np.log(noise) - 0.5 * (y @ y - quadratic) / noise**2
    values = values + 0.5 * sum(np.log(one) for one in precision) - 0.5 * np.log(determinant)
    weights = np.exp(values - values.max())
    weights /= weights.sum()
    first = np.sum(weights * mean)
    beta = first, np.sqrt(np.sum(weights * (variance + (mean - first) ** 2)))
    return beta, *(weighted_moments(np.log(part), weights) for part in (scale, noise, local[0], slab_scale))


HORSESHOES = {
    "known": (br.Horseshoe(0.3), 1.0),
    "unknown scale": (br.Horseshoe(br.HalfNormal(1.0)), 1.0),
    "half-cauchy scale": (br.Horseshoe(br.HalfCauchy(0.2)), 1.0),
    "unknown sigma": (br.Horseshoe(0.3), br.HalfNormal(1.0)),
    "unknown both": (br.Horseshoe(br.HalfNormal(1.0)), br.HalfNormal(1.0)),
    "scaled": (br.Horseshoe(br.HalfNormal(1.0), True), br.HalfNormal(1.0)),
    "slab": (br.RegularizedHorseshoe(0.5, 1.0), 1.0),
    "slab of two degrees": (br.RegularizedHorseshoe(2.0, 0.3, 2.0), 1.0),
    "slab, unknown scale": (br.RegularizedHorseshoe(br.HalfCauchy(0.5), 0.7), 1.0),
    "slab, scaled, unknown sigma": (br.RegularizedHorseshoe(0.5, 0.7, 4.0, True), br.HalfNormal(1.0)),
}


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("name", HORSESHOES)
def test_one_column_under_a_horseshoe_is_quadrature(name, kernel, assert_moments):
    prior, sigma = HORSESHOES[name]
    x, y = X[:, :1], 0.7 * X[:, 0] + 0.5 * X[:, 2]
    reg = br.Regression(x, y, prior=prior, sigma=sigma, intercept=False, standardize=False)
    draws = gibbs(reg, kernel)
    beta, scale, noise, local, slab = horseshoe_moments(x, y, prior, sigma)
    assert_moments(draws.beta[..., 0], *beta)
    assert_moments(np.log(draws.hyperparameters["local_scale"][..., 0]), *local)
    if not reg.scale_known:
        assert_moments(np.log(draws.hyperparameters["scale"]), *scale)
    if not reg.noise.known:
        assert_moments(np.log(draws.sigma), *noise)
    if draws.get("slab_scale") is not None:
        assert_moments(np.log(draws.hyperparameters["slab_scale"]), *slab)


@pytest.mark.parametrize("kernel", KERNELS)
def test_two_columns_under_a_horseshoe_are_quadrature(kernel, assert_moments):
    x = np.column_stack([X[:, 0], 0.9 * X[:, 0] + 0.4 * X[:, 1]])
    y = 0.7 * x[:, 0] + 0.5 * X[:, 2]
    prior = br.Horseshoe(br.HalfNormal(0.7))
    reg = br.Regression(x, y, prior=prior, sigma=1.0, intercept=False, standardize=False)
    draws = gibbs(reg, kernel)
    beta, scale, _, local, _ = horseshoe_moments(x, y, prior, 1.0)
    assert_moments(draws.beta[..., 0], *beta)
    assert_moments(np.log(draws.hyperparameters["local_scale"][..., 0]), *local)
    assert_moments(np.log(draws.hyperparameters["scale"]), *scale)


# Several columns.


@pytest.mark.parametrize("scaled", [False, True])
@pytest.mark.parametrize("kernel", KERNELS)
def test_two_correlated_columns_of_unknown_scale_are_quadrature(kernel, scaled, assert_moments):
    x = np.column_stack([X[:, 0], 0.95 * X[:, 0] + 0.3 * X[:, 1]])
    y = 0.7 * x[:, 0] + 0.5 * X[:, 2]
    prior = br.Laplace(br.HalfNormal(0.7), scaled)
    reg = br.Regression(x, y, prior=prior, sigma=0.8, intercept=False, standardize=False)
    beta = np.sinh(np.linspace(-np.arcsinh(300), np.arcsinh(300), 301)) / 60
    one, two, scale = beta[:, None, None], beta[None, :, None], np.exp(np.linspace(-9, 2.5, 121))
    gram, cross, width = x.T @ x, x.T @ y, np.gradient(beta)
    squares = gram[0, 0] * one**2 + 2 * gram[0, 1] * one * two + gram[1, 1] * two**2
    values = (cross[0] * one + cross[1] * two - 0.5 * squares) / 0.64
    values = values - (np.abs(one) + np.abs(two)) / (scale * (0.8 if scaled else 1.0)) - 2 * np.log(scale)
    values = values + log_of(prior.scale, scale)
    weights = np.exp(values - values.max()) * width[:, None, None] * width[None, :, None]
    draws = gibbs(reg, kernel)
    assert_moments(draws.beta[..., 0], *weighted_moments(one, weights))
    assert_moments(draws.beta[..., 1], *weighted_moments(two, weights))
    assert_moments(np.log(draws.hyperparameters["scale"]), *weighted_moments(np.log(scale), weights))


def log_positive_mass(mean, covariance):
    """Log P(X > 0) of a Normal."""
    if len(mean) == 0:
        return 0.0
    return np.log(
        max(stats.multivariate_normal(np.zeros(len(mean)), covariance, seed=1, abseps=1e-7).cdf(mean), 1e-300)
    )


def orthant_mean(precision, pull, weight):
    """Posterior mean under Laplace priors as a mixture of truncated Normals (Tallis 1961), one for each orthant."""
    covariance, p = np.linalg.inv(precision), len(pull)
    logs, means = [], []
    for signs in itertools.product([-1.0, 1.0], repeat=p):
        s = np.array(signs)
        sigma, mean = covariance * np.outer(s, s), s * (covariance @ (pull - weight * s))
        log_mass = log_positive_mass(mean, sigma)
        edge = np.empty(p)
        for i in range(p):
            rest = np.arange(p) != i
            slope = sigma[rest, i] / sigma[i, i]
            inner = log_positive_mass(
                mean[rest] - slope * mean[i], sigma[np.ix_(rest, rest)] - np.outer(slope, sigma[i, rest])
            )
            edge[i] = np.exp(stats.norm.logpdf(mean[i] / np.sqrt(sigma[i, i])) + inner - log_mass) / np.sqrt(
                sigma[i, i]
            )
        logs.append(log_mass + 0.5 * mean @ np.linalg.solve(sigma, mean))
        means.append(s * (mean + sigma @ edge))
    share = np.exp(np.array(logs) - max(logs))
    return share / share.sum() @ np.array(means)


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("p", [2, 4, 5])
def test_correlated_columns_are_mixtures_of_truncated_normals(p, kernel, assert_zs, mean_and_sd):
    rng = np.random.default_rng(p)
    x = rng.normal(size=(15, p)) + 0.8 * rng.normal(size=(15, 1))
    y = x @ np.r_[0.5, np.zeros(p - 1)] + rng.normal(size=15)
    reg = br.Regression(x, y, prior=br.Laplace(0.2), sigma=1.0, intercept=False, standardize=False)
    mean, _, error, _ = mean_and_sd(gibbs(reg, kernel).beta)
    assert_zs((mean - orthant_mean(x.T @ x, x.T @ y, 5.0)) / error)


@pytest.mark.parametrize("kernel", KERNELS)
def test_orthogonal_columns_are_independent_quadratures(kernel, assert_moments):
    """Known sigma, forty columns, each with its own prior: Laplace, Normal, both or none."""
    p, rng = 40, np.random.default_rng(1)
    columns = np.linalg.qr(np.column_stack([np.ones(64), rng.normal(size=(64, p))]))[0][:, 1:] * 8
    y = 3 + columns @ rng.normal(0, 0.5, size=p) + rng.normal(size=64)
    laplace = np.where(rng.random(p) < 0.6, np.exp(rng.normal(-2, 1, p)), INF)
    normal = np.where(rng.random(p) < 0.5, np.exp(rng.normal(-1, 1, p)), INF)
    reg = br.Regression(columns, y, prior=br.ElasticNetPrior(laplace, normal), sigma=1.1, standardize=False)
    expected = []
    for j in range(p):
        center = columns[:, j] @ (y - y.mean()) / 64
        beta = np.sort(np.append(np.linspace(-3, 3, 6_001) + center, np.linspace(-0.5, 0.5, 20_001)))
        values = -32 * (beta - center) ** 2 / 1.21 - np.abs(beta) / laplace[j] - 0.5 * (beta / normal[j]) ** 2
        weights = np.exp(values - values.max()) * np.gradient(beta)
        expected.append(weighted_moments(beta, weights))
    assert_moments(gibbs(reg, kernel, 10_000).beta, *np.array(expected).T)


# A Normal prior, against the exact engine.

NORMAL_VARIANTS = {
    "plain": {},
    "one flat column": {"prior": br.Normal([0.4, INF, 1.0])},
    "all flat but one": {"prior": br.Normal([INF, INF, 1.0])},
    "unknown scale": {"prior": br.Normal(br.HalfNormal(1.0))},
    "unknown scale, no intercept": {"prior": br.Normal(br.InverseGamma(3.0, 1.0)), "intercept": False},
    "unknown scale, normal intercept at 0": {
        "prior": br.Normal(br.HalfNormal(1.0)),
        "intercept": br.Normal(0.5, loc=2.0),
        "center": False,
    },
    "no intercept": {"intercept": False},
    "normal intercept": {"intercept": br.Normal(0.5, loc=2.0)},
    "normal intercept at 0": {"intercept": br.Normal(0.5, loc=2.0), "center": False},
    "scaled normal intercept": {"intercept": br.Normal(0.5, loc=2.0, scaled_by_sigma=True)},
    "weights and offset": {"weights": np.linspace(0.3, 3, 12), "offset": np.linspace(-1, 1, 12)},
    "more columns than rows": {"X": WIDE_X, "y": WIDE_Y},
    "more columns than rows, unknown scale": {"X": WIDE_X, "y": WIDE_Y, "prior": br.Normal(br.HalfNormal(1.0))},
    "more columns than rows, normal intercept at 0": {
        "X": WIDE_X,
        "y": WIDE_Y,
        "intercept": br.Normal(0.5, loc=2.0),
        "center": False,
    },
    "scales a million apart": {
        "X": X * [1e-3, 1, 1e3],
        "prior": br.Normal([400, 0.4, 4e-4]),
        "standardize": False,
    },
}


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("scaled", [False, True])
@pytest.mark.parametrize("noise", ["known", "half-normal", "inverse gamma", "half-cauchy"])
@pytest.mark.parametrize("variant", NORMAL_VARIANTS)
def test_under_a_normal_prior_it_is_the_exact_posterior(
    variant, noise, scaled, kernel, assert_moments, assert_same_distribution
):
    given = {"X": X, "y": Y, "prior": br.Normal(0.4)} | NORMAL_VARIANTS[variant]
    given["prior"] = dataclasses.replace(given["prior"], scaled_by_sigma=scaled)
    if "at 0" in variant:
        given["intercept"] = dataclasses.replace(given["intercept"], scaled_by_sigma=scaled)
    reg = br.Regression(**given, sigma=NOISES[noise])
    draws, posterior = gibbs(reg, kernel, 8_000), exact_posterior(reg)
    # Variances may be infinite where sigma or scale have Cauchy tails, or do not know them well enough.
    bounded = [np.tanh(draws.beta / np.abs(draws.beta).mean(axis=(0, 1)))]
    beta, center, sigma, scale = posterior.draw(np.random.default_rng(5), 40_000)
    exact = [np.tanh(beta / np.abs(draws.beta).mean(axis=(0, 1)))]
    unknown = [(draws.at_center, center)] if reg.intercept is not False else []
    unknown += [] if reg.noise.known else [(np.log(draws.sigma), np.log(sigma))]
    unknown += [] if reg.scale_known else [(np.log(draws.hyperparameters["scale"]), np.log(scale))]
    assert_same_distribution(bounded[0], exact[0].reshape(4, -1, reg.p))
    for ours, theirs in unknown:
        assert_same_distribution(np.tanh(ours - np.median(ours)), np.tanh(theirs - np.median(ours)).reshape(4, -1))


# Kernels among each other.

AGREEING = {
    "laplace": (br.Laplace(0.5), 0.7, {}),
    "laplace, sigma": (br.Laplace(0.5), br.HalfNormal(1.0), {}),
    "scaled laplace, sigma": (br.Laplace(0.5, True), br.HalfNormal(1.0), {}),
    "elastic net, sigma": (br.ElasticNetPrior(0.5, 0.8), br.InverseGamma(3.0, 1.0), {}),
    "scaled elastic net, sigma": (br.ElasticNetPrior(0.5, 0.8, True), br.HalfNormal(1.0), {}),
    "normal intercept": (br.Laplace(0.5), br.HalfNormal(1.0), {"intercept": br.Normal(1.0)}),
    "normal intercept at 0": (br.Laplace(0.5), br.HalfNormal(1.0), {"intercept": br.Normal(1.0), "center": False}),
}
UNKNOWN_SCALE = {
    "laplace": (br.Laplace(br.HalfNormal(0.5)), br.HalfNormal(1.0), {}),
    "scaled laplace": (br.Laplace(br.HalfNormal(0.5), True), br.HalfNormal(1.0), {}),
    "laplace, sigma known": (br.Laplace(br.HalfNormal(0.5)), 0.7, {}),
    "horseshoe": (br.Horseshoe(br.HalfNormal(0.3)), br.InverseGamma(3.0, 1.0), {}),
    "scaled horseshoe": (br.Horseshoe(br.HalfNormal(0.3), True), br.InverseGamma(3.0, 1.0), {}),
    "slab": (br.RegularizedHorseshoe(br.HalfNormal(0.3), 1.0), br.InverseGamma(3.0, 1.0), {}),
    "scaled slab": (br.RegularizedHorseshoe(br.HalfNormal(0.3), 1.0, 4.0, True), br.InverseGamma(3.0, 1.0), {}),
    "normal intercept at 0": (
        br.Laplace(br.HalfNormal(0.5)),
        br.HalfNormal(1.0),
        {"intercept": br.Normal(1.0), "center": False},
    ),
}


def compressed(draws, reg):
    """Bounded functions of all that is unknown, (C, D, m)."""
    parts = [np.tanh(2 * draws.beta)]
    parts += [] if reg.noise.known else [np.tanh(np.log(draws.sigma))[..., None]]
    parts += [] if reg.scale_known else [np.tanh(0.5 * np.log(draws.hyperparameters["scale"]) + 0.5)[..., None]]
    return np.concatenate(parts, axis=-1)


@pytest.mark.parametrize("wide", [False, True])
@pytest.mark.parametrize("name", AGREEING)
def test_every_kernel_has_the_distribution_of_the_interpreted_one(name, wide, assert_same_distribution):
    prior, sigma, settings = AGREEING[name]
    x, y = (WIDE_X, WIDE_Y) if wide else (X, Y)
    reg = br.Regression(x, y, prior=prior, sigma=sigma, **settings)
    reference = compressed(sample_interpreted(reg, draws=3_000, tune=200, chains=4, random_seed=9).draws, reg)
    for kernel in KERNELS:
        assert_same_distribution(compressed(gibbs(reg, kernel, 10_000), reg), reference)


@pytest.mark.parametrize("wide", [False, True])
@pytest.mark.parametrize("name", UNKNOWN_SCALE)
def test_kernels_agree_where_the_scale_is_unknown(name, wide, assert_same_distribution):
    """With more columns than rows coordinates have collapsed sweeps among them, blocks have none."""
    prior, sigma, settings = UNKNOWN_SCALE[name]
    x, y = (WIDE_X, WIDE_Y) if wide else (X, Y)
    reg = br.Regression(x, y, prior=prior, sigma=sigma, **settings)
    ours = [compressed(gibbs(reg, kernel, 20_000, seed=3), reg) for kernel in KERNELS]
    assert_same_distribution(*ours)


@pytest.mark.parametrize("name", ["laplace, sigma", "scaled elastic net, sigma"])
def test_rows_or_moments_are_the_same_posterior(name, assert_same_distribution):
    """Rows of wide data are kept as rows, moments never are."""
    prior, sigma, _ = AGREEING[name]
    reg = br.Regression(WIDE_X, WIDE_Y, prior=prior, sigma=sigma)
    other = br.Regression.from_moments(reg.design.moments, prior=prior, sigma=sigma)
    assert_same_distribution(compressed(gibbs(reg, draws=10_000), reg), compressed(gibbs(other, "block", 10_000), reg))


@pytest.mark.parametrize("wide", [False, True])
def test_a_sparse_matrix_is_its_dense_one(wide, assert_same_distribution):
    from scipy import sparse

    x = np.where(np.random.default_rng(1).random((5 if wide else 12, 8)) < 0.5, 1.0, 0.0) * np.arange(1, 9)
    x[0], x[1] = 0.0, np.arange(1, 9)
    y = (WIDE_Y if wide else Y) * 1.0
    dense = br.Regression(x, y, prior=br.Laplace(0.3), sigma=br.HalfNormal(1.0))
    thin = br.Regression(sparse.csr_array(x), y, prior=br.Laplace(0.3), sigma=br.HalfNormal(1.0))
    for kernel in KERNELS:
        ours, theirs = (gibbs(reg, kernel, 500) for reg in (dense, thin))
        np.testing.assert_allclose(ours.beta[:, :3], theirs.beta[:, :3], rtol=1e-5, atol=1e-7)
        assert_same_distribution(ours.beta, theirs.beta)


def test_whole_weights_are_repeated_rows(assert_same_distribution):
    weights = np.arange(12) % 3 + 1
    prior = br.Laplace(0.3)
    once = br.Regression(X, Y, prior=prior, sigma=0.9, weights=weights, standardize=False)
    often = br.Regression(np.repeat(X, weights, 0), np.repeat(Y, weights), prior=prior, sigma=0.9, standardize=False)
    for kernel in KERNELS:
        ours, theirs = gibbs(once, kernel, 10_000), gibbs(often, kernel, 10_000, seed=4)
        assert_same_distribution(ours.beta, theirs.beta)
        assert_same_distribution(ours.at_center, theirs.at_center)


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("exponent", [-8, 8])
def test_units_do_not_matter(exponent, kernel, assert_same_distribution):
    """Of the target, and of a column; whole powers of two away the draws would even be the same."""
    unit = 10.0**exponent
    reg = br.Regression(X, Y, prior=br.Laplace(br.HalfNormal(0.5)), sigma=br.HalfNormal(1.0))
    other = br.Regression(X / unit, unit * Y, prior=br.Laplace(br.HalfNormal(0.5 * unit)), sigma=br.HalfNormal(unit))
    ours, theirs = gibbs(reg, kernel, 10_000), gibbs(other, kernel, 10_000, seed=1)
    assert_same_distribution(ours.beta, theirs.beta / unit)
    assert_same_distribution(np.log(ours.hyperparameters["scale"]), np.log(theirs.hyperparameters["scale"] / unit))


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("kind", [br.Laplace, br.Normal])
@pytest.mark.parametrize("scale", [1e-150, 1e-12, 1e-8, 1e8, 1e12])
def test_priors_far_from_the_data_give_numbers_or_a_named_error(scale, kind, kernel):
    for x, y in ((X, Y), (WIDE_X, WIDE_Y)):
        try:
            draws = gibbs(br.Regression(x, y, prior=kind(scale), sigma=br.HalfNormal(1.0)), kernel, 500)
        except ConvergenceError:
            # A prior that is flat against the data lets more columns than rows fit them to the last digit.
            assert scale > 1
            assert x is WIDE_X
            continue
        assert np.all(np.isfinite(draws.beta))
        assert np.all(draws.sigma > 0)
        if scale < 1e-6:
            expected = np.sqrt(2) * scale if kind is br.Laplace else scale
            np.testing.assert_allclose(draws.beta.std(axis=(0, 1)) / expected, 1.0, rtol=0.25)


# What the engine promises besides.


def settings_of(name):
    prior, sigma, settings = (AGREEING | UNKNOWN_SCALE)[name]
    return br.Regression(WIDE_X, WIDE_Y, prior=prior, sigma=sigma, **settings)


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("name", ["scaled laplace", "slab", "normal intercept"])
def test_the_seed_alone_decides_the_draws(name, kernel):
    reg = settings_of(name)
    runs = [gibbs(reg, kernel, 100, seed=5, cores=cores) for cores in (1, 2, 4, None)]
    for other in runs[1:]:
        for field in ("beta", "at_center", "sigma"):
            np.testing.assert_array_equal(getattr(runs[0], field), getattr(other, field))
        assert runs[0].hyperparameters.keys() == other.hyperparameters.keys()
        for name, values in other.hyperparameters.items():
            np.testing.assert_array_equal(runs[0].hyperparameters[name], values)
    assert not np.any(gibbs(reg, kernel, 100, seed=6).beta == runs[0].beta)
    chains = runs[0].beta
    for one, two in itertools.combinations(range(4), 2):
        assert not np.any(chains[one] == chains[two])
        assert not np.any(runs[0].sigma[one] == runs[0].sigma[two])


def test_stopping_between_draws_does_not_change_their_distribution(monkeypatch, assert_same_distribution):
    reg = settings_of("laplace")
    whole = gibbs(reg, draws=10_000)
    monkeypatch.setattr(gibbs_engine, "COST_A_CALL", 1.0)
    assert_same_distribution(compressed(gibbs(reg, draws=5_000, seed=2), reg), compressed(whole, reg))


@pytest.mark.parametrize("tune", [0, 5, 300])
@pytest.mark.parametrize("prior", [br.Laplace(0.5), br.Horseshoe()], ids=repr)
def test_draws_are_kept_from_the_end_of_the_warm_up_wherever_a_chain_stops(prior, tune, monkeypatch):
    given = {"tune": tune, "chains": 3, "random_seed": 5, "kernel": "block"}
    reg = br.Regression(X, Y, prior=prior)
    longer = sample_gibbs(reg, draws=50 + tune, **(given | {"tune": 0})).draws
    monkeypatch.setattr(gibbs_engine, "COST_A_CALL", 7 * _cost_of_block(assemble(reg)))
    found = sample_gibbs(reg, draws=50, **given).draws
    np.testing.assert_array_equal(found.beta, longer.beta[:, tune:])
    np.testing.assert_array_equal(found.sigma, longer.sigma[:, tune:])
    assert found.hyperparameters.keys() == longer.hyperparameters.keys()
    for name, values in found.hyperparameters.items():
        np.testing.assert_array_equal(values, longer.hyperparameters[name][:, tune:])


@pytest.mark.parametrize("kernel", KERNELS)
def test_draws_do_not_depend_on_where_a_chain_stops(kernel, monkeypatch):
    reg = br.Regression(np.hstack([WIDE_X] * 2), WIDE_Y, prior=br.Laplace(0.5), sigma=1.0)
    whole = gibbs(reg, kernel, draws=100)
    monkeypatch.setattr(gibbs_engine, "COST_A_CALL", 1.0)
    np.testing.assert_array_equal(gibbs(reg, kernel, draws=100).beta, whole.beta)


@pytest.mark.parametrize("kernel", KERNELS)
def test_huge_draws_are_kept_in_single_precision(kernel, monkeypatch):
    reg = br.Regression(WIDE_X, WIDE_Y, prior=br.Laplace(br.HalfNormal(1.0)))
    given = {"draws": 40, "tune": 10, "chains": 2, "random_seed": 5, "kernel": kernel}
    double = sample_gibbs(reg, **given).draws
    monkeypatch.setattr("bayesreg.sampling.draws.MOST_DOUBLES", 100)
    single = sample_gibbs(reg, **given).draws
    assert single.beta.dtype == np.float32
    np.testing.assert_array_equal(single.beta, double.beta.astype(np.float32))
    np.testing.assert_array_equal(single.sigma, double.sigma)


@pytest.mark.parametrize("draws", [1, 300, 20_000])
def test_ticks_count_the_draws(draws):
    counted = []
    reg = br.Regression(X, Y, prior=br.Laplace(0.3), sigma=1.0)
    sample_gibbs(reg, draws=draws, tune=200, chains=2, random_seed=0, tick=counted.append)
    assert sum(counted) == 2 * (draws + 200)
    assert min(counted) >= 0


def test_one_compilation_serves_all():
    """A second set of types would cost the user the first one's half minute again."""
    from bayesreg.sampling.gibbs.compiled.chain import advance

    for reg in (settings_of("slab"), br.Regression(X, Y, prior=br.Laplace(0.3), sigma=1.0)):
        gibbs(reg, draws=5)
        gibbs(br.Regression.from_moments(reg.design.moments, prior=reg.prior, sigma=1.0), draws=5)
    assert len(advance.signatures) == 1


def test_what_it_does_not_cover_is_refused():
    with pytest.raises(UnsupportedError, match="available: auto, compiled, coordinate, block, interpreted"):
        gibbs(br.Regression(X, Y, prior=br.Laplace(1.0)), "no such kernel")
    with pytest.raises(UnsupportedError, match='use engine="nuts"'):
        gibbs(br.Regression(X, Y, prior=br.Laplace(1.0, True), intercept=br.Normal(1.0), center=False))
    with pytest.raises(UnsupportedError, match='use engine="nuts"'):
        gibbs(br.Regression(X, (Y > 1).astype(int), prior=br.Laplace(1.0), family="bernoulli"))


IMPROPER = {
    "collinear flat columns": (X[:, [0, 0]], Y, {"prior": br.Laplace(INF), "sigma": 1.0}),
    "jeffreys, wide": (WIDE_X, WIDE_Y, {"prior": br.Laplace(0.5), "sigma": br.Jeffreys()}),
    "jeffreys, wide, normal intercept": (
        WIDE_X[:, :4],
        WIDE_Y,
        {"prior": br.Laplace(0.5), "sigma": br.Jeffreys(), "intercept": br.Normal(1.0)},
    ),
    "jeffreys, wide, horseshoe": (WIDE_X, WIDE_Y, {"prior": br.Horseshoe(0.5), "sigma": br.Jeffreys()}),
    "endless uniform, two rows": (X[:2], Y[:2], {"prior": br.Laplace(0.5), "sigma": br.Uniform(INF)}),
}


@pytest.mark.parametrize("name", IMPROPER)
@pytest.mark.filterwarnings("ignore::bayesreg.errors.SamplerWarning")
def test_an_improper_posterior_is_an_error(name):
    x, y, given = IMPROPER[name]
    with pytest.raises(ModeError, match="improper"):
        gibbs(br.Regression(x, y, **given), draws=100)


@pytest.mark.parametrize("kernel", KERNELS)
def test_a_chain_that_breaks_down_is_an_error_and_ends(kernel, monkeypatch):
    """A state that is not a number must neither come out as draws nor run for ever."""
    from bayesreg.sampling.gibbs import assemble

    start = assemble.starting_point

    def broken(reg, problem):
        state = start(reg, problem)
        state.hyper[0] = np.nan
        return state

    monkeypatch.setattr(assemble, "starting_point", broken)
    monkeypatch.setattr("bayesreg.sampling.gibbs.kernel.slowest_direction", lambda problem, start: 0.5)
    for prior in (br.Laplace(0.3), br.Horseshoe(br.HalfCauchy(1.0))):
        for x, y in ((X, Y), (WIDE_X, WIDE_Y)):
            with pytest.raises(ConvergenceError, match=r"Gibbs sampler (left|broke)"):
                gibbs(br.Regression(x, y, prior=prior), kernel, 50)


def test_the_kernel_says_what_it_is_and_why():
    few = {"draws": 10, "tune": 10, "chains": 2, "random_seed": 0}
    reg = br.Regression(X, Y, prior=br.Laplace(0.3), sigma=1.0)
    for kernel in KERNELS:
        settings = sample_gibbs(reg, **few, kernel=kernel).settings
        assert settings["kernel"] == kernel
        assert settings["kernel_reason"] == "asked for"
    horseshoe = br.Regression(X, Y, prior=br.Horseshoe(0.3))
    assert sample_gibbs(horseshoe, **few).settings["kernel"] == "block"


def test_what_is_smooth_along_the_columns_is_drawn_as_well_as_these(assert_moments):
    """In one order for ever the two halves would rotate about each other for thousands of sweeps."""
    rng, p = np.random.default_rng(3), 100
    X = rng.normal(size=(400, p)) + 4 * rng.normal(size=(400, 1))
    reg = br.Regression(X, X[:, 0] + rng.normal(size=400), prior=br.Normal(0.5), sigma=1.0, standardize=False)
    sides = np.repeat([1.0, -1.0], p // 2)
    draws = gibbs(reg, "coordinate", 2_000)
    halves = draws.beta @ sides
    assert ess_bulk(halves[None])[0] > 0.3 * np.min(ess_bulk(np.moveaxis(draws.beta, -1, 0)))
    loss = reg.loss
    covariance = np.linalg.inv(loss.gram + np.eye(p) / 0.25)
    assert_moments(halves, sides @ covariance @ loss.cross, np.sqrt(sides @ covariance @ sides))


def test_an_order_by_chance_has_every_coefficient_once():
    from bayesreg.sampling.gibbs.compiled.coefficients import random_order

    generator = np.random.default_rng(0)
    orders = [random_order(generator, size) for size in range(1, 12)]
    assert [sorted(order) for order in orders] == [list(range(size)) for size in range(1, 12)]
    assert len({tuple(random_order(generator, 9)) for _ in range(100)}) == 6


def test_a_coefficient_far_from_its_mode_comes_back():
    """Reflections beyond the kink are refused there, so that it waits for a fresh draw, but no longer."""
    from bayesreg.sampling.gibbs.compiled.chain import REFRESH, advance
    from bayesreg.sampling.gibbs.compiled.coefficients import refresh_residual

    columns, target = np.array([[0.7], [-0.7]]), np.array([0.5, -0.5])
    reg = br.Regression(columns, target, prior=br.Laplace(2.0), sigma=1.0, standardize=False)
    problem = assemble(reg)
    state = starting_point(reg, problem)
    state.theta[:] = 1e3
    refresh_residual(problem, state)
    theta = np.empty((REFRESH + 1, 1))
    out = theta, np.empty((len(theta), 4)), np.empty((len(theta), 0))
    generator = np.random.default_rng(0)
    advance(generator, problem, state, False, 1, 0, 0.85, 1, *out)
    assert abs(theta[-1, 0]) < 10


def test_the_yardsticks_agree():
    """The orthant formula against a plain two-dimensional integral."""
    precision, pull = np.array([[3.0, 1.5], [1.5, 2.0]]), np.array([1.0, -0.5])

    def density(b, a, power):
        beta = np.array([a, b])
        return a**power * np.exp(-0.5 * beta @ precision @ beta + pull @ beta - 2 * np.abs(beta).sum())

    pieces = itertools.product([(-8, 0), (0, 8)], repeat=2)
    total, first = np.sum(
        [[integrate.dblquad(density, *a, *b, args=(k,), epsabs=1e-8)[0] for k in (0, 1)] for a, b in pieces], axis=0
    )
    assert orthant_mean(precision, pull, 2.0)[0] == pytest.approx(first / total, abs=1e-6)

"""The exact engine against closed forms over whole dense matrices, and quadrature over sigma by scipy."""

import dataclasses
import subprocess
import sys

import numpy as np
import pytest
from scipy import integrate, stats

import bayesreg as br
from bayesreg.errors import ModeError, UnsupportedError
from bayesreg.sampling.exact.posterior import exact_posterior

INF = np.inf
RNG = np.random.default_rng(9)
N, P = 15, 3
X = RNG.normal([1.0, -2.0, 0.0], [1.0, 3.0, 0.3], size=(N, P))
Y = 2 + X @ [1.0, -0.2, 2.0] + RNG.normal(size=N)
WEIGHTS, OFFSET = RNG.uniform(0.4, 2.5, size=N), RNG.normal(0, 2, size=N)
WIDE_X = RNG.normal(size=(6, 10))
WIDE_Y = WIDE_X[:, 0] + RNG.normal(size=6)
VARIANTS = {
    "plain": {"prior": br.Normal(0.7)},
    "by column": {"prior": br.Normal([0.2, 1.0, 5.0])},
    "one flat column": {"prior": br.Normal([0.2, INF, 5.0])},
    "two flat columns": {"prior": br.Normal([INF, 0.3, INF])},
    "all columns flat": {"prior": br.Normal(INF)},
    "no intercept": {"prior": br.Normal(0.7), "intercept": False},
    "normal intercept": {"prior": br.Normal(0.7), "intercept": br.Normal(0.5, loc=1.0)},
    "normal intercept at 0": {
        "prior": br.Normal([0.7, INF, 1.0]),
        "intercept": br.Normal(0.5, loc=1.0),
        "center": False,
    },
    "weights and offset": {"prior": br.Normal(0.7), "weights": WEIGHTS, "offset": OFFSET},
    "weights, one flat, normal intercept": {
        "prior": br.Normal([0.7, INF, 1.0]),
        "weights": WEIGHTS,
        "intercept": br.Normal(0.5, loc=1.0),
    },
    "not standardized": {"prior": br.Normal(0.7), "standardize": False},
    "wide": {"prior": br.Normal(0.7)},
    "wide, no intercept": {"prior": br.Normal(0.7), "intercept": False},
    "wide, normal intercept at 0": {"prior": br.Normal(0.7), "intercept": br.Normal(0.5, loc=1.0), "center": False},
}
NOISES = {
    "half-normal": br.HalfNormal(2.0),
    "exponential": br.Exponential(0.5),
    "half-t": br.HalfStudentT(3.0, 2.0),
    "half-cauchy": br.HalfCauchy(1.0),
    "inverse gamma": br.InverseGamma(2.0, 3.0),
    "inverse gamma on sd": br.InverseGamma(2.0, 3.0, on="sd"),
    "jeffreys": br.Jeffreys(),
}


def make(variant, scaled=False, sigma=1.3):
    given = dict(VARIANTS[variant])
    given["prior"] = dataclasses.replace(given["prior"], scaled_by_sigma=scaled)
    if scaled and isinstance(given.get("intercept"), br.Normal):
        given["intercept"] = dataclasses.replace(given["intercept"], scaled_by_sigma=True)
    data = (WIDE_X, WIDE_Y) if variant.startswith("wide") else (X, Y)
    return br.Regression(*data, sigma=sigma, **given)


def dense(reg, sigma):
    """Mean and covariance of (intercept, beta) and log p(y|σ), from the whole design with its intercept column.

    With prior precision P (0 where flat), Λ = W'ΩW + P and m = Λ⁻¹(W'Ωy + Pμ):
    log p(y) = Σ log N-constants of the rows and of what has a prior + (q/2) log 2π − ½log|Λ| − ½(y'Ωy + μ'Pμ − m'Λm).
    """
    rows = reg.design.rows
    factor = sigma if reg.prior.scaled_by_sigma else 1.0
    scales = np.broadcast_to(reg.prior.scale, reg.p) * factor
    centers = np.zeros(reg.p)
    columns = reg.design.matrix
    if reg.intercept is not False:
        columns = np.column_stack([np.ones(reg.n), columns])
        own = INF
        if isinstance(reg.intercept, br.Normal):
            own = reg.intercept.scale * (sigma if reg.intercept.scaled_by_sigma else 1.0)
        scales, centers = np.append(own, scales), np.append(getattr(reg.intercept, "loc", 0.0), centers)
    omega = (np.ones(reg.n) if rows.weights is None else rows.weights) / sigma**2
    precision = 1 / scales**2
    whole = columns.T @ (omega[:, None] * columns) + np.diag(precision)
    covariance = np.linalg.inv(whole)
    mean = np.linalg.solve(whole, columns.T @ (omega * rows.response) + precision * centers)
    residual = rows.response - columns @ mean
    square = omega @ residual**2 + precision @ (mean - centers) ** 2
    log_density = 0.5 * np.sum(np.log(omega / (2 * np.pi))) - 0.5 * square
    log_density += 0.5 * np.sum(np.log(precision[precision > 0] / (2 * np.pi)))
    log_density += 0.5 * len(mean) * np.log(2 * np.pi) - 0.5 * np.linalg.slogdet(whole)[1]
    return mean, covariance, log_density


def beta_part(reg, mean, covariance):
    start = 0 if reg.intercept is False else 1
    return mean[start:], covariance[start:, start:]


def over_sigma(reg):
    """Evidence, mean and covariance of beta, mean of sigma and of sigma², by scipy's quadrature in log sigma."""
    prior = reg.noise.prior

    def log_density(t):
        return dense(reg, np.exp(t))[2] + prior.log_density(np.exp(t)) + t

    grid = np.linspace(-12, 12, 481)
    values = np.array([log_density(t) for t in grid])
    top, near = values.max(), grid[values > values.max() - 60]

    def integrand(t):
        mean, covariance = beta_part(reg, *dense(reg, np.exp(t))[:2])
        terms = [1.0, np.exp(t), np.exp(2 * t), *mean, *np.ravel(covariance + np.outer(mean, mean))]
        return np.exp(log_density(t) - top) * np.array(terms)

    total = sum(
        integrate.quad_vec(integrand, a, b, epsrel=1e-12, epsabs=1e-14)[0]
        for a, b in zip(*(np.linspace(near[0] - 0.05, near[-1] + 0.05, 9)[k : k + 8] for k in (0, 1)), strict=True)
    )
    mean = total[3 : 3 + reg.p] / total[0]
    covariance = (total[3 + reg.p :] / total[0]).reshape(reg.p, reg.p) - np.outer(mean, mean)
    return top + np.log(total[0]), mean, covariance, total[1] / total[0], total[2] / total[0]


def assert_matrices(found, expected):
    assert np.max(np.abs(found - expected)) <= 1e-10 * np.max(np.abs(expected))


@pytest.mark.parametrize("scaled", [False, True])
@pytest.mark.parametrize("variant", VARIANTS)
def test_given_sigma_it_is_the_closed_form(variant, scaled):
    reg = make(variant, scaled)
    posterior = exact_posterior(reg)
    mean, covariance, log_density = dense(reg, 1.3)
    mean, covariance = beta_part(reg, mean, covariance)
    assert_matrices(posterior.mean(), mean)
    assert_matrices(posterior.covariance(), covariance)
    assert posterior.log_evidence == pytest.approx(log_density, rel=1e-11, abs=1e-10)
    assert br.log_evidence(reg) == posterior.log_evidence


@pytest.mark.parametrize("scaled", [False, True])
@pytest.mark.parametrize("intercept", ["no intercept", "normal intercept", "normal intercept at 0"])
def test_with_proper_priors_the_evidence_is_scipys_multivariate_normal(intercept, scaled):
    reg = make(intercept, scaled).with_prior(br.Normal(0.7, scaled))
    scale = 1.3 if scaled else 1.0
    covariance = 1.3**2 * np.eye(N) + (0.7 * scale) ** 2 * reg.design.matrix @ reg.design.matrix.T
    mean = np.zeros(N)
    if reg.intercept is not False:
        covariance += (0.5 * scale) ** 2
        mean += 1.0
    expected = stats.multivariate_normal(mean, covariance).logpdf(Y)
    assert br.log_evidence(reg) == pytest.approx(expected, rel=1e-10)


def test_a_flat_parameter_counts_with_density_one():
    """It is the limit of √(2π)·s times the evidence under Normal(0, s), in the intercept and in a column."""
    flat = br.log_evidence(make("plain"))
    near = br.log_evidence(br.Regression(X, Y, prior=br.Normal(0.7), sigma=1.3, intercept=br.Normal(1e7)))
    assert near + np.log(np.sqrt(2 * np.pi) * 1e7) == pytest.approx(flat, abs=1e-8)
    flat = br.log_evidence(make("one flat column"))
    near = br.log_evidence(br.Regression(X, Y, prior=br.Normal([0.2, 1e7, 5.0]), sigma=1.3))
    assert near + np.log(np.sqrt(2 * np.pi) * 1e7) == pytest.approx(flat, abs=1e-8)


@pytest.mark.parametrize("scaled", [False, True])
@pytest.mark.parametrize("noise", NOISES)
@pytest.mark.parametrize("variant", ["plain", "one flat column", "weights, one flat, normal intercept"])
def test_with_unknown_sigma_it_is_quadrature(variant, noise, scaled):
    reg = make(variant, scaled, NOISES[noise])
    posterior = exact_posterior(reg)
    evidence, mean, covariance, sigma, square = over_sigma(reg)
    assert posterior.log_evidence == pytest.approx(evidence, rel=1e-10, abs=1e-10)
    assert_matrices(posterior.mean(), mean)
    assert_matrices(posterior.covariance(), covariance)
    nodes, weights = posterior.sigma_nodes
    assert weights @ nodes == pytest.approx(sigma, rel=1e-10)
    assert weights @ nodes**2 == pytest.approx(square, rel=1e-10)


@pytest.mark.parametrize("variant", [name for name in VARIANTS if name.startswith("wide") or "intercept" in name])
def test_with_unknown_sigma_it_is_quadrature_for_more_columns_than_rows_too(variant):
    reg = make(variant, sigma=NOISES["inverse gamma"])
    posterior = exact_posterior(reg)
    evidence, mean, covariance, _, _ = over_sigma(reg)
    assert posterior.log_evidence == pytest.approx(evidence, rel=1e-10, abs=1e-10)
    assert_matrices(posterior.mean(), mean)
    assert_matrices(posterior.covariance(), covariance)


@pytest.mark.parametrize("scaled", [False, True])
@pytest.mark.parametrize("sigma", [1.3, br.HalfNormal(2.0)], ids=repr)
def test_moments_give_what_rows_give(scaled, sigma):
    reg = make("weights, one flat, normal intercept", scaled, sigma)
    other = br.Regression.from_moments(reg.design.moments, prior=reg.prior, sigma=sigma, intercept=reg.intercept)
    ours, theirs = exact_posterior(reg), exact_posterior(other)
    assert theirs.log_evidence == pytest.approx(ours.log_evidence, rel=1e-10)
    np.testing.assert_allclose(theirs.mean(), ours.mean(), rtol=1e-9)
    np.testing.assert_allclose(theirs.covariance(), ours.covariance(), rtol=1e-8, atol=1e-12)


def moments_of(n, sigma=2.0):
    """Moments as n rows would have them, made by hand: two correlated columns and noise of exactly this size."""
    gram = n * np.array([[1.0, 0.3], [0.3, 1.0]])
    coef = np.array([1.0, -0.5])
    return br.Moments(
        n, float(n), 0.0, np.zeros(2), 3.0, gram, gram @ coef, coef @ gram @ coef + n * sigma**2, ("a", "b"), "y"
    )


@pytest.mark.parametrize("noise", ["half-normal", "inverse gamma", "jeffreys"])
@pytest.mark.parametrize("n", [10**3, 10**5, 10**7, 10**8, 10**9])
def test_many_rows_leave_evidence_and_moments_exact(n, noise):
    """The likelihood of sigma is narrow as 1/√2n; its integral is done here by Simpson's rule around the top."""
    reg = br.Regression.from_moments(moments_of(n), prior=br.Normal(1.0), sigma=NOISES[noise])
    posterior = exact_posterior(reg)
    prior = NOISES[noise]

    def log_density(t):
        return float(posterior.log_likelihood(np.exp(t))) + prior.log_density(float(np.exp(t))) + t

    width = 1 / np.sqrt(2 * n)
    center = np.log(2.0)
    u = np.linspace(-12, 12, 1_201)
    values = np.array([log_density(center + step * width) for step in u])
    total = integrate.simpson(np.exp(values - values.max()), x=u)
    # The log likelihood itself, of size n, is known to rounding only.
    assert posterior.log_evidence == pytest.approx(values.max() + np.log(total * width), abs=1e-9 + 1e-15 * n)
    nodes, weights = posterior.sigma_nodes
    assert weights @ nodes == pytest.approx(2.0, rel=10 * width**2 + 1e-9)
    assert np.sqrt(weights @ (nodes - weights @ nodes) ** 2) == pytest.approx(2.0 * width, rel=0.02)
    sd = np.sqrt(np.diag(posterior.covariance()))
    np.testing.assert_allclose(posterior.mean(), [1.0, -0.5], atol=10 * 4 / n + 1e-12)
    np.testing.assert_allclose(sd, 2.0 / np.sqrt(n * (1 - 0.09)), rtol=5 / np.sqrt(n) + 1e-6)


@pytest.mark.parametrize("n", [10**3, 10**7, 10**9])
def test_sigma_is_drawn_from_its_posterior_however_narrow(n):
    """Its draws have the spread 2/√2n, and the shape of the Normal that so many rows make of it."""
    reg = br.Regression.from_moments(moments_of(n), prior=br.Normal(1.0), sigma=br.HalfNormal(2.0))
    draws = exact_posterior(reg).draw(np.random.default_rng(0), 4_000)[2]
    standardized = (np.log(draws) - np.mean(np.log(draws))) * np.sqrt(2 * n)
    assert np.std(standardized) == pytest.approx(1.0, abs=3.3 / np.sqrt(2 * 4_000) + 1e-3)
    assert stats.kstest(standardized, "norm").pvalue > 0.001


def sigma_cdf(reg):
    """Distribution function of sigma by cumulative Simpson on a fine grid of the dense density."""
    t = np.linspace(-4, 4, 2_001)
    values = np.array([dense(reg, np.exp(u))[2] + reg.noise.prior.log_density(float(np.exp(u))) + u for u in t])
    total = integrate.cumulative_simpson(np.exp(values - values.max()), x=t, initial=0)
    return lambda sigma: np.interp(np.log(sigma), t, total / total[-1])


DRAWN = [
    ("plain", False, "half-normal"),
    ("plain", True, "jeffreys"),
    ("two flat columns", False, "half-t"),
    ("one flat column", True, "inverse gamma"),
    ("weights, one flat, normal intercept", False, "exponential"),
    ("normal intercept at 0", True, "inverse gamma on sd"),
    ("wide", False, "inverse gamma"),
    ("wide, no intercept", True, "half-normal"),
]


@pytest.mark.parametrize(("variant", "scaled", "noise"), DRAWN)
def test_draws_are_independent_and_from_the_posterior(variant, scaled, noise, assert_zs):
    """Each draw whitened by the closed form at its own sigma is standard Normal in every direction."""
    reg = make(variant, scaled, NOISES[noise])
    count = 4_000
    beta, at_center, sigma, _ = exact_posterior(reg).draw(np.random.default_rng(1), count)
    whole = beta if reg.intercept is False else np.column_stack([at_center, beta])
    white = np.empty_like(whole)
    for k in range(count):
        mean, covariance, _ = dense(reg, sigma[k])
        white[k] = np.linalg.solve(np.linalg.cholesky(covariance), whole[k] - mean)
    q = white.shape[1]
    pvalues = [stats.kstest(white[:, j], "norm").pvalue for j in range(q)]
    pvalues.append(stats.kstest(np.sum(white**2, axis=1), stats.chi2(q).cdf).pvalue)
    pvalues.append(stats.kstest(sigma, sigma_cdf(reg)).pvalue)
    assert min(pvalues) > 0.001 / len(pvalues)
    # No correlation between directions, between neighbours in time, or with sigma.
    everything = np.column_stack([white, stats.norm.ppf(np.clip(sigma_cdf(reg)(sigma), 1e-9, 1 - 1e-9))])
    everything = (everything - everything.mean(axis=0)) / everything.std(axis=0)
    across = (everything.T @ everything / count)[np.triu_indices(q + 1, 1)]
    in_time = np.mean(everything[1:] * everything[:-1], axis=0)
    assert_zs(np.r_[across, in_time] * np.sqrt(count))


@pytest.mark.parametrize("variant", ["plain", "all columns flat", "wide", "no intercept", "normal intercept at 0"])
def test_draws_at_a_known_sigma_have_the_closed_forms_moments(variant, assert_zs):
    reg = make(variant)
    beta, at_center, sigma, _ = exact_posterior(reg).draw(np.random.default_rng(2), 20_000)
    mean, covariance, _ = dense(reg, 1.3)
    whole = beta if reg.intercept is False else np.column_stack([at_center, beta])
    variance = np.diag(covariance)
    assert np.all(sigma == 1.3)
    assert_zs(
        np.r_[
            (whole.mean(axis=0) - mean) / np.sqrt(variance / 20_000),
            (whole.var(axis=0) - variance) / (variance * np.sqrt(2 / 20_000)),
        ]
    )


def test_without_an_intercept_there_is_none():
    _, at_center, _, _ = exact_posterior(make("no intercept")).draw(np.random.default_rng(0), 5)
    assert np.array_equal(at_center, np.zeros(5))


@pytest.mark.parametrize("prior", [br.Laplace(1.0), br.ElasticNetPrior(1.0, 1.0)], ids=repr)
def test_other_priors_are_refused(prior):
    with pytest.raises(UnsupportedError, match='engine="auto"'):
        exact_posterior(br.Regression(X, Y, prior=prior, sigma=1.0))


@pytest.mark.parametrize("variant", ["normal intercept at 0", "wide, normal intercept at 0"])
@pytest.mark.parametrize("scaled", [True, False])
def test_an_intercept_may_be_scaled_otherwise_than_the_coefficients(scaled, variant):
    reg = make(variant, scaled)
    reg = br.Regression(
        reg.design.rows.X,
        reg.design.rows.y,
        prior=reg.prior,
        sigma=1.3,
        intercept=br.Normal(0.5, loc=1.0, scaled_by_sigma=not scaled),
        center=False,
    )
    mean, covariance, log_density = dense(reg, 1.3)
    posterior = exact_posterior(reg)
    assert posterior.log_evidence == pytest.approx(log_density, rel=1e-10)
    assert_matrices(posterior.mean(), mean[1:])
    assert_matrices(posterior.covariance(), covariance[1:, 1:])


@pytest.mark.parametrize("variant", ["wide", "wide, no intercept"])
def test_an_improper_posterior_of_sigma_is_an_error(variant):
    """More columns than rows and p(σ) ∝ 1/σ: the likelihood does not vanish at σ = 0."""
    with pytest.raises(ModeError, match="improper"):
        br.log_evidence(make(variant, sigma=br.Jeffreys()))


def test_an_exact_fit_leaves_an_improper_posterior_of_sigma():
    """As many flat parameters as rows, and p(σ) ∝ 1/σ: the data say nothing about sigma."""
    with pytest.raises(ModeError, match="improper"):
        br.log_evidence(br.Regression(X[:4], Y[:4], prior=br.Normal(INF), sigma=br.Jeffreys()))


@pytest.mark.parametrize("source", ["rows", "moments"])
@pytest.mark.parametrize("intercept", [True, False])
@pytest.mark.parametrize("noise", ["jeffreys", "half-t", "half-normal"])
@pytest.mark.parametrize("shape", [(15, 3), (8, 6)])
def test_columns_that_fit_every_row_leave_no_posterior_of_sigma(shape, noise, intercept, source):
    """Nothing keeps sigma from 0, where its density is infinite; the rounding that moments hold is no noise."""
    rng = np.random.default_rng(sum(shape))
    columns = rng.normal(size=shape)
    y = columns @ rng.normal(size=shape[1]) + 3 * intercept
    settings = {"prior": br.Normal(0.7), "sigma": NOISES[noise], "intercept": intercept}
    reg = br.Regression(columns, y, **settings)
    if source == "moments":
        reg = br.Regression.from_moments(reg.design.moments, **settings)
    with pytest.raises(ModeError, match=r"improper.*vanishes at 0, such as InverseGamma"):
        br.log_evidence(reg)
    with pytest.raises(ModeError, match="improper"):
        br.sample(reg, draws=10, chains=1)
    assert np.isfinite(br.log_evidence(reg.with_sigma(br.InverseGamma(2.0, 3.0))))
    assert np.isfinite(br.log_evidence(reg.with_prior(br.Normal(0.7, scaled_by_sigma=True))))


UNDETERMINED = {
    "all flat": br.Normal(INF),
    "nine of ten flat": br.Normal(np.r_[np.full(9, INF), 1.0]),
}


@pytest.mark.parametrize("name", UNDETERMINED)
def test_more_flat_columns_than_rows_are_an_error_and_no_number(name):
    reg = br.Regression(WIDE_X, WIDE_Y, prior=UNDETERMINED[name], sigma=1.0)
    with pytest.raises(br.errors.BayesregError):
        br.log_evidence(reg)
    with pytest.raises(br.errors.BayesregError):
        exact_posterior(reg).draw(np.random.default_rng(0), 3)


@pytest.mark.parametrize("others", [0, 1])
def test_collinear_flat_columns_are_an_error_and_no_number(others):
    columns = np.column_stack([X[:, 0], 2 * X[:, 0], *X[:, 1 : 1 + others].T])
    reg = br.Regression(columns, Y, prior=br.Normal(np.r_[INF, INF, np.ones(others)]), sigma=1.0)
    with pytest.raises(br.errors.BayesregError):
        br.log_evidence(reg)
    with pytest.raises(br.errors.BayesregError):
        exact_posterior(reg).draw(np.random.default_rng(0), 3)


@pytest.mark.parametrize("scale", [1e-8, 1e-4, 1e4, 1e8])
@pytest.mark.parametrize("scaled", [False, True])
def test_extreme_scales_stay_exact(scale, scaled):
    reg = br.Regression(X, Y, prior=br.Normal(scale, scaled), sigma=1.3)
    mean, covariance, log_density = dense(reg, 1.3)
    posterior = exact_posterior(reg)
    assert posterior.log_evidence == pytest.approx(log_density, rel=1e-9)
    assert_matrices(posterior.mean(), mean[1:])
    assert_matrices(posterior.covariance(), covariance[1:, 1:])


@pytest.mark.parametrize("scale", [1.0, 1e4, 1e6])
@pytest.mark.parametrize("scaled", [False, True])
def test_a_collinear_pair_does_not_blur_the_other_columns(scale, scaled):
    """Twins share one direction that the data inform; the other has its prior variance, however wide that is."""
    reg = br.Regression(X[:, [0, 0, 1]], Y, prior=br.Normal(scale, scaled), sigma=1.3)
    columns, own = reg.design.matrix, scale * (1.3 if scaled else 1.0)
    informed = np.column_stack([np.sqrt(2) * columns[:, 0], columns[:, 2]])
    covariance = np.linalg.inv(informed.T @ informed / 1.3**2 + np.eye(2) / own**2)
    found = exact_posterior(reg).covariance()
    assert found[2, 2] == pytest.approx(covariance[1, 1], rel=1e-10)
    assert found[0, 0] == pytest.approx(0.5 * (covariance[0, 0] + own**2), rel=1e-10)
    # As a correlation: rounding of the uninformed direction is multiplied by its prior sd.
    size = np.sqrt(found[0, 0] * found[2, 2])
    assert found[0, 2] / size == pytest.approx(covariance[0, 1] / np.sqrt(2) / size, abs=1e-9)


PEAK = """
import resource, sys, numpy as np, bayesreg as br
rng = np.random.default_rng(0)
X = rng.normal(size=(100, 20_000))
scale = br.HalfNormal(0.1) if sys.argv[1] == "unknown" else 0.1
reg = br.Regression(X, X[:, 0] + rng.normal(size=100), prior=br.Normal(scale))
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
br.sample(reg, draws=2_000, chains=1, random_seed=0)
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024 / (2_000 * 20_000 * 8))
"""


@pytest.mark.slow
@pytest.mark.parametrize("scale", ["known", "unknown"])
def test_sampling_takes_little_memory_beside_the_draws(scale):
    """In units of one copy of the draws of beta: they and those of coef are kept, and a block of either on the way."""
    told = subprocess.run([sys.executable, "-c", PEAK, scale], capture_output=True, text=True, check=True).stdout
    assert float(told) < 4.0

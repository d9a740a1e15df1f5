"""An unknown scale (and sigma): the exact engine against product grids over dense multivariate-normal densities."""

from functools import cache
from itertools import product

import numpy as np
import pytest
from scipy import special, stats

import bayesreg as br
from bayesreg.errors import ModeError
from bayesreg.sampling.exact import marginal as marginal_module
from bayesreg.sampling.exact.marginal import FEW_DIRECTIONS
from bayesreg.sampling.exact.posterior import exact_posterior
from bayesreg.sampling.exact.quadrature import SmoothTable

RNG = np.random.default_rng(4)
N, P = 6, 2
X = RNG.normal([1.0, -2.0], [1.0, 3.0], size=(N, P))
Y = 2 + X @ [1.0, -0.2] + RNG.normal(size=N)
WEIGHTS = RNG.uniform(0.4, 2.5, size=N)
WIDE_X = RNG.normal(size=(3, 5))
WIDE_Y = 1 + WIDE_X[:, 0] + RNG.normal(size=3)
SCALE_EDGE, SIGMA_EDGE = 0.8, 1.6
HYPERPRIORS = {
    "half-normal": br.HalfNormal(1.5),
    "half-cauchy": br.HalfCauchy(0.7),
    "half-t": br.HalfStudentT(4.0, 2.0),
    "exponential": br.Exponential(0.5),
    "inverse gamma": br.InverseGamma(2.0, 1.0),
    "inverse gamma on sd": br.InverseGamma(2.0, 1.0, on="sd"),
    "gamma on strength": br.Gamma(1.5, 0.7),
    "uniform": br.Uniform(SCALE_EDGE),
}
NOISES = {
    "half-normal": br.HalfNormal(2.0),
    "half-t": br.HalfStudentT(3.0, 2.0),
    "half-cauchy": br.HalfCauchy(1.0),
    "exponential": br.Exponential(0.5),
    "inverse gamma": br.InverseGamma(2.0, 3.0),
    "inverse gamma on sd": br.InverseGamma(2.0, 3.0, on="sd"),
    "jeffreys": br.Jeffreys(),
    "uniform": br.Uniform(SIGMA_EDGE),
    "flat": br.Uniform(np.inf),
}
DESIGNS = {
    "plain": {},
    "no intercept": {"intercept": False},
    "normal intercept": {"intercept": br.Normal(0.5, loc=1.0)},
    "normal intercept at 0": {"intercept": br.Normal(0.5, loc=1.0), "center": False},
    "intercept scaled, at 0": {"intercept": br.Normal(0.5, scaled_by_sigma=True, loc=1.0), "center": False},
    "weights": {"weights": WEIGHTS},
    "weights, normal intercept at 0": {"weights": WEIGHTS, "intercept": br.Normal(0.5, loc=1.0), "center": False},
    "not standardized": {"standardize": False},
    "wide": {},
    "wide, no intercept": {"intercept": False},
    "wide, normal intercept at 0": {"intercept": br.Normal(0.5, loc=1.0), "center": False},
}


def make(design, scaled, hyperprior, sigma):
    data = (WIDE_X, WIDE_Y) if design.startswith("wide") else (X, Y)
    return br.Regression(*data, prior=br.Normal(hyperprior, scaled_by_sigma=scaled), sigma=sigma, **DESIGNS[design])


def panels(low, edge, high, size=1.0, nodes=16):
    """Gauss-Legendre nodes and weights on panels of like size, one of whose edges is `edge`."""
    edges = np.r_[np.arange(edge, low, -size)[::-1], np.arange(edge + size, high, size)]
    x, w = np.polynomial.legendre.leggauss(nodes)
    half = 0.5 * np.diff(edges)[:, None]
    return (edges[:-1, None] + half * (x + 1)).ravel(), (half * w).ravel()


LOG_SCALE, SCALE_WEIGHT = panels(-30.0, np.log(SCALE_EDGE), 14.0)
LOG_SIGMA, SIGMA_WEIGHT = panels(-9.0, np.log(SIGMA_EDGE), 14.0)


def dense(reg, sigma, scale):
    """Log p(y|σ,s), and mean and covariance of beta given both, for arrays that broadcast, by dense matrices."""
    sigma, scale = (value[..., None, None] for value in np.broadcast_arrays(sigma, scale))
    own = scale * (sigma if reg.prior.scaled_by_sigma else 1.0)
    return (dense_wide if reg.p > reg.n else dense_tall)(reg, sigma, own)


def dense_wide(reg, sigma, own):
    """With the covariance of y, own²XX' + s₀²11' + σ²; a flat intercept leaves the contrasts."""
    columns, y, basis, constant = reg.design.matrix, reg.design.rows.y, np.eye(reg.n), 0.0
    covariance = own**2 * (columns @ columns.T) + sigma**2 * np.eye(reg.n)
    if reg.intercept is True:
        basis = np.linalg.qr(np.column_stack([np.ones(reg.n), np.eye(reg.n)[:, 1:]]))[0][:, 1:]
        constant = -0.5 * np.log(reg.n)
    elif reg.intercept is not False:
        y = y - reg.intercept.loc
        covariance = covariance + reg.intercept.scale**2
    covariance, y, columns = basis.T @ covariance @ basis, basis.T @ y, basis.T @ columns
    inverse = np.linalg.inv(covariance)
    log_density = -0.5 * (y @ inverse @ y + np.linalg.slogdet(2 * np.pi * covariance)[1]) + constant
    mean = own[..., 0] ** 2 * (inverse @ y @ columns)
    return log_density, mean, own**2 * np.eye(reg.p) - own**4 * (columns.T @ inverse @ columns)


def dense_tall(reg, sigma, own):
    """With the precision of (intercept, beta) given y."""
    columns, rows = reg.design.matrix, reg.design.rows
    weights = np.ones(reg.n) if rows.weights is None else rows.weights
    prior = np.broadcast_to(1 / own[..., 0] ** 2, (*own.shape[:-2], reg.p))
    centers = np.zeros(reg.p)
    if reg.intercept is not False:
        columns = np.column_stack([np.ones(reg.n), columns])
        first = np.zeros_like(own[..., 0])
        if reg.intercept is not True:
            first = first + 1 / (reg.intercept.scale * (sigma[..., 0] if reg.intercept.scaled_by_sigma else 1.0)) ** 2
        prior, centers = np.concatenate([first, prior], axis=-1), np.r_[getattr(reg.intercept, "loc", 0.0), centers]
    omega = weights / sigma[..., 0] ** 2
    precision = (columns.T * omega[..., None, :]) @ columns + prior[..., None] * np.eye(len(centers))
    mean = np.linalg.solve(precision, (((omega * rows.y) @ columns) + prior * centers)[..., None])[..., 0]
    square = np.sum(omega * (rows.y - mean @ columns.T) ** 2 + 0.0, axis=-1)
    square = square + np.sum(prior * (mean - centers) ** 2, axis=-1)
    log_prior = np.sum(np.log(np.where(prior > 0, prior, 1.0)) - np.log(2 * np.pi) * (prior > 0), axis=-1)
    log_density = 0.5 * (np.sum(np.log(omega / (2 * np.pi)), axis=-1) + log_prior - square)
    log_density += 0.5 * (len(centers) * np.log(2 * np.pi) - np.linalg.slogdet(precision)[1])
    start = len(centers) - reg.p
    return log_density, mean[..., start:], np.linalg.inv(precision)[..., start:, start:]


@cache
def dense_grid(design, scaled, sigma=None):
    reg = make(design, scaled, br.HalfNormal(1.0), sigma or br.HalfNormal(1.0))
    log_sigma = LOG_SIGMA if sigma is None else np.log([sigma])
    return dense(reg, np.exp(log_sigma), np.exp(LOG_SCALE)[:, None])


def log_prior(prior, log_x):
    return np.array([prior.log_density(float(np.exp(t))) + t for t in log_x])


def expected(design, scaled, hyperprior, noise, sigma=None):
    """Evidence, mean and covariance of beta on the product grid."""
    log_density, mean, covariance = dense_grid(design, scaled, sigma)
    logs = log_density + (log_prior(hyperprior, LOG_SCALE) + np.log(SCALE_WEIGHT))[:, None]
    if sigma is None:
        logs = logs + log_prior(noise, LOG_SIGMA) + np.log(SIGMA_WEIGHT)
    weight = np.exp(logs - logs.max())
    evidence, weight = logs.max() + np.log(weight.sum()), weight / weight.sum()
    center = np.einsum("ij,ijk->k", weight, mean)
    away = mean - center
    spread = np.einsum("ij,ijk,ijl->kl", weight, away, away, optimize=True)
    return evidence, center, np.einsum("ij,ijkl->kl", weight, covariance) + spread


def assert_matches(reg, evidence, mean, covariance):
    posterior = exact_posterior(reg)
    assert posterior.log_evidence == pytest.approx(evidence, rel=1e-10, abs=1e-10)
    assert br.log_evidence(reg) == posterior.log_evidence
    for found, wanted in ((posterior.mean(), mean), (posterior.covariance(), covariance)):
        assert np.max(np.abs(found - wanted)) <= 1e-10 * np.max(np.abs(wanted))


FEW = [("half-normal", "half-t"), ("half-cauchy", "jeffreys"), ("uniform", "uniform"), ("uniform", "inverse gamma")]
MANY = [pair for pair in product(HYPERPRIORS, NOISES) if pair not in FEW]


@pytest.mark.parametrize("scaled", [False, True])
@pytest.mark.parametrize(("hyperprior", "noise"), FEW + [pytest.param(*pair, marks=pytest.mark.slow) for pair in MANY])
def test_evidence_and_moments_are_those_of_a_product_grid(hyperprior, noise, scaled):
    reg = make("plain", scaled, HYPERPRIORS[hyperprior], NOISES[noise])
    assert_matches(reg, *expected("plain", scaled, HYPERPRIORS[hyperprior], NOISES[noise]))


@pytest.mark.slow
@pytest.mark.parametrize("scaled", [False, True])
@pytest.mark.parametrize("design", DESIGNS)
@pytest.mark.parametrize(("hyperprior", "noise"), [("half-normal", "inverse gamma"), ("uniform", "inverse gamma")])
def test_for_every_design_too(design, scaled, hyperprior, noise):
    reg = make(design, scaled, HYPERPRIORS[hyperprior], NOISES[noise])
    assert_matches(reg, *expected(design, scaled, HYPERPRIORS[hyperprior], NOISES[noise]))


@pytest.mark.parametrize("scaled", [False, True])
@pytest.mark.parametrize("design", DESIGNS)
@pytest.mark.parametrize("hyperprior", ["half-normal", "uniform", "inverse gamma"])
def test_at_a_known_sigma(design, scaled, hyperprior):
    reg = make(design, scaled, HYPERPRIORS[hyperprior], 1.3)
    assert_matches(reg, *expected(design, scaled, HYPERPRIORS[hyperprior], None, 1.3))


@pytest.mark.parametrize("sigma", [1.3, br.HalfNormal(2.0)], ids=repr)
@pytest.mark.parametrize("scaled", [False, True])
def test_moments_give_what_rows_give(scaled, sigma):
    for design in ("weights", "normal intercept at 0"):
        reg = make(design, scaled, br.HalfNormal(1.0), sigma)
        settings = {name: value for name, value in DESIGNS[design].items() if name != "weights"}
        other = br.Regression.from_moments(reg.design.moments, prior=reg.prior, sigma=sigma, **settings)
        ours, theirs = exact_posterior(reg), exact_posterior(other)
        assert theirs.log_evidence == pytest.approx(ours.log_evidence, rel=1e-10)
        np.testing.assert_allclose(theirs.mean(), ours.mean(), rtol=1e-8)
        np.testing.assert_allclose(theirs.covariance(), ours.covariance(), rtol=1e-7, atol=1e-12)


def test_the_conjugate_prior_gives_the_multivariate_t():
    """σ² ~ InverseGamma(a, b), beta|σ ~ N(0, σ²s²): given s, y is t with 2a df and shape (b/a)(1 + s²XX')."""
    reg = make("no intercept", True, br.HalfNormal(1.0), br.InverseGamma(2.0, 3.0))
    log_scale = np.linspace(-40, 3, 2_001)
    columns = reg.design.matrix
    logs = [
        stats.multivariate_t(np.zeros(N), 1.5 * (np.eye(N) + np.exp(2 * t) * columns @ columns.T), df=4.0).logpdf(Y)
        for t in log_scale
    ]
    logs = np.array(logs) + log_prior(br.HalfNormal(1.0), log_scale)
    expected = logs.max() + np.log(np.sum(np.exp(logs - logs.max())) * (log_scale[1] - log_scale[0]))
    assert br.log_evidence(reg) == pytest.approx(expected, rel=1e-10)


def test_a_narrow_hyperprior_is_a_known_scale():
    """Uniform(upper) on the scale, its density 1/upper: the mean over (0, upper) of the evidence at known scales."""
    for scaled in (False, True):
        reg = make("plain", scaled, br.Uniform(0.9), br.HalfNormal(2.0))
        x, w = np.polynomial.legendre.leggauss(60)
        known = [br.log_evidence(make("plain", scaled, float(s), br.HalfNormal(2.0))) for s in 0.45 * (x + 1)]
        assert br.log_evidence(reg) == pytest.approx(np.log(0.5 * w @ np.exp(known)), rel=1e-10)


@pytest.mark.parametrize("n", [10**3, 10**7])
@pytest.mark.parametrize("scaled", [False, True])
@pytest.mark.parametrize("hyperprior", [br.HalfNormal(1.0), br.Uniform(0.5)], ids=repr)
def test_many_rows_leave_evidence_and_moments_exact(n, scaled, hyperprior):
    """The evidence is the average of those at known scales over the hyperprior."""
    gram, coef = n * np.array([[1.0, 0.3], [0.3, 1.0]]), np.array([1.0, -0.5])
    moments = br.Moments(
        n, float(n), 0.0, np.zeros(2), 3.0, gram, gram @ coef, coef @ gram @ coef + 4 * n, ("a", "b"), "y"
    )

    def make_one(scale):
        prior = br.Normal(scale, scaled_by_sigma=scaled)
        return br.Regression.from_moments(moments, prior=prior, sigma=br.InverseGamma(2.0, 3.0))

    posterior = exact_posterior(make_one(hyperprior))
    t, w = panels(-12.0, np.log(0.5), 4.0, size=0.5)
    known = np.array([br.log_evidence(make_one(float(np.exp(s)))) for s in t]) + log_prior(hyperprior, t) + np.log(w)
    total = known.max() + np.log(np.sum(np.exp(known - known.max())))
    assert posterior.log_evidence == pytest.approx(total, abs=1e-8 + 4e-15 * n)
    np.testing.assert_allclose(posterior.mean(), coef, atol=100 / n)
    np.testing.assert_allclose(np.sqrt(np.diag(posterior.covariance())), 2 / np.sqrt(0.91 * n), rtol=100 / np.sqrt(n))


def scale_and_sigma_cdfs(design, scaled, hyperprior, noise):
    """Distribution functions of scale and sigma from the product grid (panel by panel, interpolated)."""
    logs = dense_grid(design, scaled)[0] + log_prior(hyperprior, LOG_SCALE)[:, None] + log_prior(noise, LOG_SIGMA)
    density = np.exp(logs - logs.max())
    of_scale, of_sigma = density @ SIGMA_WEIGHT, SCALE_WEIGHT @ density

    def cdf(t, values):
        x = np.polynomial.legendre.leggauss(16)[0]
        inside = np.linspace(-1, 1, 33)[1:]
        series = np.polynomial.legendre.legfit(x, values.reshape(-1, 16).T, 15)
        integral = np.polynomial.legendre.legval(inside, np.polynomial.legendre.legint(series, lbnd=-1))
        start, stop = t.reshape(-1, 16)[:, :1], t.reshape(-1, 16)[:, -1:]
        half = (stop - start) / (x[-1] - x[0])
        before = np.r_[0.0, np.cumsum(half[:, 0] * integral[:, -1])[:-1]][:, None]
        points = (0.5 * (start + stop) + half * inside).ravel()
        total = (before + half * integral).ravel()
        return lambda x: np.interp(np.log(x), points, total / total[-1])

    return cdf(LOG_SCALE, of_scale), cdf(LOG_SIGMA, of_sigma)


DRAWN = [
    ("plain", False, "half-normal", "half-t"),
    ("plain", True, "half-cauchy", "jeffreys"),
    ("plain", False, "uniform", "uniform"),
    ("weights, normal intercept at 0", True, "exponential", "inverse gamma"),
    ("intercept scaled, at 0", False, "gamma on strength", "inverse gamma"),
    ("wide", False, "half-normal", "inverse gamma"),
    ("wide, normal intercept at 0", True, "inverse gamma", "inverse gamma"),
]


@pytest.mark.parametrize(("design", "scaled", "hyperprior", "noise"), DRAWN)
def test_draws_are_independent_and_from_the_posterior(design, scaled, hyperprior, noise, assert_zs):
    """Scale and sigma have their marginals, and beta, whitened by the closed form given both, is standard Normal."""
    reg = make(design, scaled, HYPERPRIORS[hyperprior], NOISES[noise])
    count = 4_000
    beta, _, sigma, scale = exact_posterior(reg).draw(np.random.default_rng(1), count)
    _, mean, covariance = dense(reg, sigma, scale)
    white = np.linalg.solve(np.linalg.cholesky(covariance), (beta - mean)[..., None])[..., 0]
    cdfs = scale_and_sigma_cdfs(design, scaled, HYPERPRIORS[hyperprior], NOISES[noise])
    uniform = np.column_stack([cdf(values) for cdf, values in zip(cdfs, (scale, sigma), strict=True)])
    pvalues = [stats.kstest(column, "norm").pvalue for column in white.T]
    pvalues += [stats.kstest(column, "uniform").pvalue for column in uniform.T]
    assert min(pvalues) > 0.001 / len(pvalues)
    # The pair of scale and sigma too: its log density averages to what the grid says.
    everything = np.column_stack([white, special.ndtri(np.clip(uniform, 1e-9, 1 - 1e-9))])
    everything = (everything - everything.mean(axis=0)) / everything.std(axis=0)
    across = everything.T @ everything / count
    across[-1, -2] = across[-2, -1] = 0.0
    in_time = np.mean(everything[1:] * everything[:-1], axis=0)
    assert_zs(np.r_[across[np.triu_indices(len(across), 1)], in_time] * np.sqrt(count))


@pytest.mark.parametrize("scaled", [False, True])
def test_scale_and_sigma_are_drawn_together(scaled, assert_zs):
    """Means of log scale × log sigma and of the log likelihood, which only the right pairs have."""
    hyperprior, noise = HYPERPRIORS["half-normal"], NOISES["half-t"]
    reg = make("plain", scaled, hyperprior, noise)
    logs = dense_grid("plain", scaled)[0]
    weight = logs + (log_prior(hyperprior, LOG_SCALE) + np.log(SCALE_WEIGHT))[:, None]
    weight = np.exp(weight - weight.max() + log_prior(noise, LOG_SIGMA)) * SIGMA_WEIGHT
    weight /= weight.sum()
    _, _, sigma, scale = exact_posterior(reg).draw(np.random.default_rng(2), 10_000)
    zs = []
    for of_draws, of_grid in (
        (np.log(scale) * np.log(sigma), LOG_SCALE[:, None] * LOG_SIGMA),
        (dense(reg, sigma, scale)[0], logs),
    ):
        mean = np.sum(weight * of_grid)
        sd = np.sqrt(np.sum(weight * (of_grid - mean) ** 2))
        zs.append((of_draws.mean() - mean) / sd * 100)
    assert_zs(np.array(zs))


@pytest.mark.parametrize(("scaled", "edge"), [(False, 1e-3), (True, 1e-3), (False, 0.5), (True, 1e6)])
def test_no_draw_passes_a_uniform_edge(scaled, edge):
    reg = make("plain", scaled, br.Uniform(edge), br.Uniform(SIGMA_EDGE))
    _, _, sigma, scale = exact_posterior(reg).draw(np.random.default_rng(0), 4_000)
    assert np.all((scale > 0) & (scale <= edge))
    assert np.all((sigma > 0) & (sigma <= SIGMA_EDGE))
    if edge < 0.1:
        # So near 0 the data say nothing: the posterior is the prior.
        assert stats.kstest(scale / edge, "uniform").pvalue > 0.001


IMPROPER = {
    "wide, unscaled, p(σ) = 1/σ": ("wide", False, br.HalfNormal(1.0), br.Jeffreys()),
    "wide, scaled, p(scale) flat": ("wide", True, br.Uniform(np.inf), br.Jeffreys()),
    "too few rows for a flat sigma": ("wide", True, br.HalfNormal(1.0), br.Uniform(np.inf)),
}


@pytest.mark.parametrize("name", IMPROPER)
def test_an_improper_posterior_is_an_error_with_a_cure(name):
    _, scaled, hyperprior, noise = IMPROPER[name]
    data = (WIDE_X[:2], WIDE_Y[:2]) if "few" in name else (WIDE_X, WIDE_Y)
    reg = br.Regression(*data, prior=br.Normal(hyperprior, scaled), sigma=noise)
    with pytest.raises(ModeError, match=r"improper.*give .* a proper prior"):
        br.log_evidence(reg)
    with pytest.raises(ModeError, match="improper"):
        br.sample(reg, draws=10, chains=1)


def test_a_half_cauchy_scale_is_proper_where_a_flat_one_is_not():
    reg = br.Regression(WIDE_X, WIDE_Y, prior=br.Normal(br.HalfCauchy(1.0), True), sigma=br.Jeffreys())
    assert np.isfinite(br.log_evidence(reg))
    assert np.all(np.isfinite(exact_posterior(reg).mean()))


def test_an_infinite_variance_is_an_error_and_no_number():
    """Data on one direction only, and p(scale) ∝ 1/scale² at its far end, leave no second moment in the others."""
    line = np.outer([1.0, 2.0, -1.0], [1.0, 0.5])
    prior = br.Normal(br.HalfCauchy(1.0))
    reg = br.Regression(line, WIDE_Y, prior=prior, sigma=1.0, intercept=False, standardize=False)
    assert np.isfinite(br.log_evidence(reg))
    with pytest.raises(ModeError, match="variance"):
        exact_posterior(reg).covariance()


def test_the_engine_is_exact_and_its_tree_holds_the_scale():
    tree = br.sample(make("plain", False, br.HalfNormal(1.0), br.HalfNormal(2.0)), draws=500, random_seed=3)
    assert tree.attrs["engine"] == "exact"
    assert tree["posterior"]["scale"].shape == (4, 500)
    assert np.all(np.isfinite(tree["sample_stats"]["lp"]))


@pytest.mark.slow
@pytest.mark.parametrize("scaled", [False, True])
def test_ranks_of_the_truth_among_draws_are_uniform(scaled):
    """Simulation-based calibration (Talts et al. 2018, arXiv:1804.06788)."""
    rng = np.random.default_rng(8)
    replications, draws = 300, 99
    hyperprior, noise = br.HalfNormal(1.0), br.HalfNormal(1.5)
    ranks = np.empty((replications, P + 2))
    for k in range(replications):
        scale, sigma = np.abs(rng.normal(0, [1.0, 1.5]))
        beta = scale * (sigma if scaled else 1.0) * rng.normal(size=P)
        y = X @ beta + sigma * rng.normal(size=N)
        reg = br.Regression(X, y, prior=br.Normal(hyperprior, scaled), sigma=noise, intercept=False, standardize=False)
        found, _, sigmas, scales = exact_posterior(reg).draw(rng, draws)
        ranks[k] = np.sum(np.column_stack([found, sigmas, scales]) < np.r_[beta, sigma, scale], axis=0)
    counts = np.array([np.bincount((column // 10).astype(int), minlength=10) for column in ranks.T])
    pvalues = stats.chisquare(counts, axis=1).pvalue
    assert pvalues.min() > 0.001 / len(pvalues)


MANY_X = RNG.normal(size=(60, 30)) @ RNG.normal(size=(30, 30))
MANY_Y = 1 + MANY_X[:, 0] - 0.5 * MANY_X[:, 3] + RNG.normal(size=60)


def by_eigenvalues(reg, hyperprior, noise):
    """Evidence, mean and covariance on the product grid, a pair of scale and sigma in the eigenbasis of X'X."""
    columns, y = reg.design.matrix, reg.design.rows.y - reg.design.rows.y.mean()
    squares, vectors = np.linalg.eigh(columns.T @ columns)
    pull = vectors.T @ columns.T @ y
    own, variance = np.exp(2 * LOG_SCALE)[:, None, None], np.exp(2 * LOG_SIGMA)[:, None]
    spread = 1 / (squares / variance + 1 / own)
    center = spread * pull / variance
    log_density = -0.5 * (y @ y - center @ pull) / variance[:, 0]
    log_density += 0.5 * np.sum(np.log(spread) - np.log(own), axis=-1)
    log_density -= 0.5 * (reg.n - 1) * np.log(2 * np.pi * variance[:, 0]) + 0.5 * np.log(reg.n)
    weight = log_density + (log_prior(hyperprior, LOG_SCALE) + np.log(SCALE_WEIGHT))[:, None]
    weight = weight + log_prior(noise, LOG_SIGMA) + np.log(SIGMA_WEIGHT)
    top = weight.max()
    weight = np.exp(weight - top)
    evidence, weight = top + np.log(weight.sum()), weight / weight.sum()
    mean = np.einsum("ij,ijk->k", weight, center)
    inside = np.diag(np.einsum("ij,ijk->k", weight, spread))
    away = np.sqrt(weight)[..., None] * (center - mean)
    inside += np.tensordot(away, away, axes=([0, 1], [0, 1]))
    return evidence, vectors @ mean, vectors @ inside @ vectors.T


@pytest.mark.parametrize(
    ("hyperprior", "noise"), [("half-normal", "half-t"), ("half-cauchy", "jeffreys"), ("half-cauchy", "uniform")]
)
def test_sums_over_many_directions_come_from_a_table_and_are_as_exact(hyperprior, noise):
    prior = br.Normal(HYPERPRIORS[hyperprior])
    reg = br.Regression(MANY_X, MANY_Y, prior=prior, sigma=NOISES[noise])
    marginal = exact_posterior(reg).marginal
    assert len(marginal.spectrum.squares) > FEW_DIRECTIONS
    assert isinstance(marginal._fast_sums, SmoothTable)
    assert_matches(reg, *by_eigenvalues(reg, HYPERPRIORS[hyperprior], NOISES[noise]))


def test_the_table_and_the_sums_draw_the_same(monkeypatch):
    reg = br.Regression(MANY_X, MANY_Y, prior=br.Normal(br.HalfNormal(1.0)), sigma=br.HalfNormal(2.0))
    drawn = exact_posterior(reg).draw(np.random.default_rng(0), 200)
    monkeypatch.setattr(marginal_module, "FEW_DIRECTIONS", 30)
    for ours, theirs in zip(drawn, exact_posterior(reg).draw(np.random.default_rng(0), 200), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-7, atol=1e-9)

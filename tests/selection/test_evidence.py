"""The evidence of the strength, against quadrature and closed forms."""

import numpy as np
import pytest
from scipy import integrate, optimize, special, stats

import bayesreg as br
from bayesreg.errors import PriorError, UnsupportedError
from bayesreg.selection.opening import open_axis
from bayesreg.selection.path_sampling import log_evidence_of_zero, path_sampling, score, scorer

SIGMA = 1.1


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(3)
    X = rng.normal(size=(20, 2)) @ np.array([[1.0, 0.6], [0, 0.8]])
    X = (X - X.mean(axis=0)) / X.std(axis=0)
    return X, 1 + X @ [0.9, -0.2] + SIGMA * rng.normal(size=20)


def log_evidence_by_quadrature(X, y, scale, sigma=SIGMA):
    """Log ∫ p(y | β) Laplace(β; scale) dβ by Gauss–Legendre on both sides of 0, a flat intercept integrated by hand."""
    n, b, Z = len(y), y - y.mean(), X - X.mean(axis=0)
    center = np.linalg.lstsq(Z, b, rcond=None)[0]
    constant = -0.5 * (n - 1) * np.log(2 * np.pi * sigma**2) - 0.5 * np.log(n)
    nodes, weights = np.polynomial.legendre.leggauss(80)
    reach = 9 * sigma * np.sqrt(np.diag(np.linalg.inv(Z.T @ Z)))
    axes, masses = [], []
    for c, r in zip(center, reach, strict=True):
        # Cut at the kink, and where the prior has fallen by e⁻⁴⁰ or the likelihood by more than that.
        cuts = np.unique(np.clip([c - r, -40 * scale, -4 * scale, 0, 4 * scale, 40 * scale, c + r], c - r, c + r))
        half = np.diff(cuts) / 2
        axes.append(np.concatenate([m + h * nodes for m, h in zip(cuts[:-1] + half, half, strict=True)]))
        masses.append(np.concatenate([h * weights for h in half]))
    beta = np.stack([part.ravel() for part in np.meshgrid(*axes, indexing="ij")], axis=1)
    mass = np.prod([part.ravel() for part in np.meshgrid(*masses, indexing="ij")], axis=0)
    rss = b @ b - 2 * beta @ (Z.T @ b) + np.sum((beta @ (Z.T @ Z)) * beta, axis=1)
    log_density = -0.5 * rss / sigma**2 - np.sum(np.abs(beta), axis=1) / scale - Z.shape[1] * np.log(2 * scale)
    return constant + special.logsumexp(log_density, b=mass)


def test_the_quadrature_is_that_of_scipy(data):
    X, y = data
    for scale in (0.01, 0.5, 20.0):
        part = X[:, :1]

        def density(beta, part=part, scale=scale):
            residual = y - y.mean() - part[:, 0] * beta
            return np.exp(-0.5 * residual @ residual / SIGMA**2 + 10 - abs(beta) / scale) / (2 * scale)

        value = integrate.quad(density, -8, 8, points=[0, -3 * scale, 3 * scale], epsabs=0, epsrel=1e-10, limit=300)[0]
        constant = -0.5 * 19 * np.log(2 * np.pi * SIGMA**2) - 0.5 * np.log(20) - 10
        assert log_evidence_by_quadrature(part, y, scale) == pytest.approx(constant + np.log(value), rel=1e-9)


def test_path_sampling_is_quadrature(data, assert_zs):
    X, y = data
    axis = open_axis(br.Regression(X, y, prior=br.Laplace(1.0), sigma=SIGMA), np.geomspace(200, 0.02, 20))
    curve, _ = path_sampling(axis, scorer(axis, {"random_seed": 1}))
    some = [0, 8, 12, 19]
    exact = np.array([log_evidence_by_quadrature(X, y, SIGMA**2 / curve.strengths[k]) for k in some])
    assert np.all(curve.error[some] < 0.05)
    # What the prior alone moves beyond the start of the integral is known to first order, to 1e-3 here.
    assert_zs((curve.value[some] - exact) / np.hypot(curve.error[some], 1e-3))


def test_the_maximum_is_that_of_quadrature(data):
    X, y = data
    found = optimize.minimize_scalar(
        lambda t: -log_evidence_by_quadrature(X[:, :1], y, np.exp(t)), bounds=(-3, 3), method="bounded"
    )
    reg = br.Regression(X[:, :1], y, prior=br.Laplace(1.0), sigma=SIGMA)
    ours = br.select(reg, by="evidence", random_seed=2)
    assert 0 < ours.mc_error < 0.2
    assert abs(np.log(ours.scale) - found.x) < 3.3 * ours.mc_error
    assert ours.details["log_evidence"] == pytest.approx(-found.fun, abs=0.1)


def test_the_slope_is_the_derivative_of_the_evidence(data, assert_zs):
    X, y = data
    axis = open_axis(br.Regression(X, y, prior=br.Laplace(1.0), sigma=SIGMA))
    z = []
    for strength in (0.3, 3.0, 30.0):
        up, down = (log_evidence_by_quadrature(X, y, SIGMA**2 / (strength * np.exp(h))) for h in (1e-3, -1e-3))
        here = score(axis, strength, {"random_seed": 4})
        z.append((here.slope - (up - down) / 2e-3) / here.error)
    assert_zs(z)


def test_normal_evidence_is_its_closed_form_and_its_maximum_a_stationary_point(data):
    X, y = data
    reg = br.Regression(X, y, prior=br.Normal(1.0), sigma=SIGMA)
    chosen = br.select(reg, by="evidence")
    n = len(y)
    contrast = np.linalg.qr(np.column_stack([np.ones(n), np.eye(n)[:, : n - 1]]))[0][:, 1:]

    def log_p(log_strength):
        covariance = SIGMA**2 * (np.eye(n) + X @ X.T / np.exp(log_strength))
        part = stats.multivariate_normal(np.zeros(n - 1), contrast.T @ covariance @ contrast)
        return part.logpdf(contrast.T @ y) - 0.5 * np.log(n)

    expected = [log_p(np.log(strength)) for strength in chosen.curve.strengths]
    np.testing.assert_allclose(chosen.curve.value, expected, rtol=1e-10)
    found = optimize.minimize_scalar(lambda t: -log_p(t), bounds=(-5, 8), method="bounded", options={"xatol": 1e-9})
    assert np.log(chosen.choice.strength) == pytest.approx(found.x, abs=1e-4)


@pytest.mark.parametrize("scaled", [False, True])
def test_at_an_infinite_strength_nothing_is_left_of_the_columns(data, scaled):
    X, y = data
    reg = br.Regression(X, y, prior=br.Laplace(1.0, scaled_by_sigma=scaled), sigma=br.HalfNormal(2.0))
    n, centered = len(y), y - y.mean()

    def density(sigma):
        likelihood = stats.norm.logpdf(centered, scale=sigma).sum() + 0.5 * np.log(2 * np.pi * sigma**2 / n)
        return np.exp(likelihood + 30) * stats.halfnorm.pdf(sigma, scale=2.0)

    expected = np.log(integrate.quad(density, 0.3, 8, epsabs=0, epsrel=1e-10)[0]) - 30
    assert log_evidence_of_zero(open_axis(reg)) == pytest.approx(expected, rel=1e-8)


def test_with_sigma_unknown_the_scores_agree_with_the_exact_curve_of_two_routes(data, assert_zs):
    """The integral of the slopes between two strengths is the difference of two double integrals."""
    X, y = data
    prior = br.Laplace(1.0, scaled_by_sigma=True)
    axis = open_axis(br.Regression(X[:, :1], y, prior=prior, sigma=br.HalfNormal(2.0)), np.geomspace(40, 0.4, 16))
    curve, _ = path_sampling(axis, scorer(axis, {"random_seed": 5}))

    def log_p(strength):
        scale = axis.prior_at(strength).scale

        def density(sigma):
            inner = log_evidence_by_quadrature(X[:, :1], y, scale * sigma, sigma)
            return np.exp(inner + 30) * stats.halfnorm.pdf(sigma, scale=2.0)

        return np.log(integrate.quad(density, 0.4, 4, epsrel=1e-7)[0]) - 30

    exact = np.array([log_p(curve.strengths[k]) for k in (2, 13)])
    assert_zs((curve.value[[2, 13]] - exact) / np.hypot(curve.error[[2, 13]], 5e-3))


def hadamard(n):
    return np.array([[1.0]]) if n == 1 else np.kron([[1, 1], [1, -1]], hadamard(n // 2))


def log_evidence_of_orthogonal_columns(X, y, scale, sigma):
    """In closed form, a coefficient at a time: on either side of 0 it is Normal, cut at 0."""
    n, b = len(y), y - y.mean()
    variance, fit = sigma**2 / np.sum(X**2, axis=0), X.T @ b / np.sum(X**2, axis=0)
    constant = -0.5 * (n - 1) * np.log(2 * np.pi * sigma**2) - 0.5 * np.log(n) - 0.5 * b @ b / sigma**2
    centers = np.array([fit - side * variance / scale for side in (1, -1)])
    sides = 0.5 * centers**2 / variance + special.log_ndtr(np.array([[1], [-1]]) * centers / np.sqrt(variance))
    return constant + np.sum(special.logsumexp(sides, axis=0) + 0.5 * np.log(2 * np.pi * variance) - np.log(2 * scale))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("seed", "scales"), [(0, (0.01, 1.0)), (1, (0.02, 0.2, 20.0)), (2, (0.05, 5.0)), (3, (0.3, 30))]
)
def test_strengths_that_lie_far_apart_have_the_evidence_of_the_closed_form(assert_zs, seed, scales):
    rng = np.random.default_rng(seed)
    X = hadamard(32)[:, 1:13]
    y = 2 + X @ np.r_[2.0, -1.0, 0.5, np.zeros(9)] + 1.3 * rng.normal(size=32)
    reg = br.Regression(X, y, prior=br.Laplace(1.0), sigma=1.3)
    curve = br.select(reg, by="evidence", strengths=1.69 / np.array(scales), random_seed=seed).curve
    exact = [log_evidence_of_orthogonal_columns(X, y, 1.69 / strength, 1.3) for strength in curve.strengths]
    assert np.all(curve.error < 0.25)
    assert_zs((curve.value - exact) / curve.error)


def test_the_stated_error_counts_what_a_wide_step_misses(data, assert_zs):
    X, y = data
    axis = open_axis(br.Regression(X, y, prior=br.Laplace(1.0), sigma=SIGMA), [500.0, 0.05])
    curve, scores = path_sampling(axis, scorer(axis, {"random_seed": 3, "draws": 500}))
    exact = np.array([log_evidence_by_quadrature(X, y, SIGMA**2 / strength) for strength in curve.strengths])
    assert len(curve.strengths) == 2
    assert len(scores) > 8
    assert_zs((curve.value - exact) / curve.error)


def test_noise_alone_has_its_maximum_at_the_edge():
    rng = np.random.default_rng(11)
    X, y = rng.normal(size=(50, 3)), rng.normal(size=50)
    y = y - X @ np.linalg.lstsq(X - X.mean(axis=0), y - y.mean(), rcond=None)[0]
    for kind in (br.Normal, br.Laplace):
        chosen = br.select(
            br.Regression(X, y, prior=kind(1.0), sigma=1.0),
            by="evidence",
            random_seed=1,
            strengths=np.geomspace(1e4, 1, 9),
        )
        assert chosen.at_edge
        assert "at the strong end of its grid" in chosen.how


def test_what_is_refused(data):
    X, y = data
    with pytest.raises(UnsupportedError, match="covers a Normal or Laplace prior"):
        br.select(br.Regression(X, y, prior=br.ElasticNetPrior(1.0, 1.0), sigma=1.0), by="evidence")
    with pytest.raises(PriorError, match="no column"):
        br.select(br.Regression(X, y, prior=br.Laplace(np.inf), sigma=1.0), by="evidence")

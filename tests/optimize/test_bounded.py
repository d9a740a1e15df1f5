"""MAP estimates within bounds against a conic solver and SciPy; the certificate against both."""

import numpy as np
import pytest
from scipy.optimize import nnls

import bayesreg as br
from bayesreg.model.objective import strengths_at


def problem(seed):
    """Rows, settings and bounds of all kinds: signs, boxes with and without 0, and columns without any."""
    generator = np.random.default_rng(seed)
    n, p = [(60, 8), (30, 50), (100, 20)][seed % 3]
    X = generator.normal(size=(n, p)) * np.exp(generator.normal(size=p)) + generator.normal(size=(n, 1))
    y = X @ (generator.normal(size=p) * (generator.random(p) < 0.4)) + 2 * generator.normal(size=n) + 3
    low = np.where(generator.random(p) < 0.5, 0.0, 0.2 * generator.normal(size=p))
    lower = np.where(generator.random(p) < 0.3, -np.inf, low)
    upper = np.where(generator.random(p) < 0.5, np.inf, np.maximum(low, 0.0) + 0.3 * generator.random(p))
    settings = {
        "prior": [br.Laplace(0.3), br.Normal(0.5), br.ElasticNetPrior(0.3, 0.8)][seed // 3 % 3],
        "weights": generator.uniform(0.5, 2.0, n) if seed % 2 else None,
        "intercept": seed % 5 != 0,
        "standardize": seed % 4 != 0,
    }
    return X, y, settings, np.column_stack([lower, upper])


def conic(reg, loss):
    """The minimum by Clarabel, on the columns on which the prior is stated."""
    cp = pytest.importorskip("cvxpy")
    l1, l2 = (part[: reg.p] for part in strengths_at(reg, reg.noise.sigma))
    lower, upper = reg.bounds.lower * reg.design.standardization.sd, reg.bounds.upper * reg.design.standardization.sd
    beta, intercept = cp.Variable(reg.p), cp.Variable()
    eta = reg.design.matrix @ beta + (intercept if reg.intercept_term.exists else 0)
    low, high = np.flatnonzero(np.isfinite(lower)), np.flatnonzero(np.isfinite(upper))
    within = [beta[low] >= lower[low], beta[high] <= upper[high]]
    objective = loss(cp, eta) + l1 @ cp.abs(beta) + 0.5 * l2 @ cp.square(beta)
    settings = dict.fromkeys(("tol_gap_abs", "tol_gap_rel", "tol_feas"), 1e-12)
    value = cp.Problem(cp.Minimize(objective), within).solve(solver="CLARABEL", **settings)
    return value, beta.value


@pytest.mark.parametrize("seed", range(30))
def test_thirty_random_problems_against_a_conic_solver(seed):
    X, y, settings, bounds = problem(seed)
    reg = br.Regression(X, y, sigma=1.5, bounds=bounds, **settings)
    fit = br.map_estimate(reg)
    weights = np.ones(len(y)) if settings["weights"] is None else settings["weights"]
    value, beta = conic(reg, lambda cp, eta: 0.5 * cp.sum(cp.multiply(weights, cp.square(y - eta))))
    assert fit.objective == pytest.approx(value, rel=1e-9)
    np.testing.assert_allclose(fit.beta, beta, atol=2e-7)
    assert fit.certificate.kkt < 1e-9
    assert abs(fit.certificate.gap) < 1e-12
    assert np.all((fit.coef >= bounds[:, 0]) & (fit.coef <= bounds[:, 1]))
    # What the conic solver leaves within rounding of a bound lies on it.
    scale = reg.design.standardization.sd
    for side in (0, 1):
        at = np.abs(beta - bounds[:, side] * scale) < 1e-8
        np.testing.assert_array_equal(fit.coef[at], bounds[at, side])


@pytest.mark.parametrize("family", ["bernoulli", "poisson"])
@pytest.mark.parametrize("prior", [br.Laplace(0.2), br.Normal(0.3)], ids=lambda prior: prior.name)
def test_other_families_against_a_conic_solver(family, prior):
    generator = np.random.default_rng(3)
    X = generator.normal(size=(40, 60))
    eta = 0.5 * X[:, 0] - 0.5 * X[:, 1]
    y = (
        (generator.random(40) < 1 / (1 + np.exp(-eta))) * 1.0
        if family == "bernoulli"
        else generator.poisson(np.exp(eta))
    )
    bounds = [(0, None)] * 20 + [(None, 0)] * 20 + [(-0.02, 0.1)] * 20
    reg = br.Regression(X, y, prior=prior, family=family, bounds=bounds)
    fit = br.map_estimate(reg)

    def loss(cp, eta):
        curve = cp.sum(cp.logistic(eta)) if family == "bernoulli" else cp.sum(cp.exp(eta))
        return curve - y @ eta

    value, beta = conic(reg, loss)
    assert fit.objective == pytest.approx(value, rel=1e-8)
    np.testing.assert_allclose(fit.beta, beta, atol=1e-6)
    assert abs(fit.certificate.gap) < 1e-10
    settings = {"intercept": fit.intercept + fit.coef @ reg.design.standardization.center}
    assert br.certify(reg, fit.beta, **settings).kkt < 1e-9
    # The gap bounds what another point is above the minimum, beyond which the conic solver is not exact.
    worse = br.certify(reg, reg.box.clip(np.append(fit.beta + 0.03, 0.0))[:-1], **settings)
    assert worse.gap_absolute >= worse.primal - fit.objective > 0


@pytest.mark.parametrize("shared", [0.0, 2.0], ids=["apart", "correlated"])
def test_without_a_prior_it_is_non_negative_least_squares(shared):
    generator = np.random.default_rng(5)
    X = generator.normal(size=(80, 30)) + shared * generator.normal(size=(80, 1))
    y = X @ np.abs(generator.normal(size=30)) * 0.2 + 3 * generator.normal(size=80)
    reg = br.Regression(X, y, prior=br.Laplace(np.inf), sigma=1.0, intercept=False, bounds=(0, None))
    fit = br.map_estimate(reg)
    np.testing.assert_allclose(fit.coef, nnls(X, y)[0], atol=1e-12)
    assert abs(fit.certificate.gap) < 1e-14


def test_the_certificate_refuses_what_is_not_the_minimum():
    X, y, settings, bounds = problem(2)
    reg = br.Regression(X, y, sigma=1.5, bounds=bounds, **settings)
    fit = br.map_estimate(reg)
    free = br.map_estimate(br.Regression(X, y, sigma=1.5, **settings))
    # The minimum without bounds lies outside of them.
    assert br.certify(reg, free.beta).kkt == np.inf
    moved = reg.box.clip(fit.beta + 0.05)
    judged = br.certify(reg, moved)
    assert judged.kkt > 1e-3
    # The gap is at least the true excess, and vanishes with it.
    assert judged.gap_absolute >= judged.primal - fit.objective > 0


def test_a_bound_holds_a_coefficient_that_pushes_against_it_only():
    """By hand: one column, ½Σ(y − xb)² + λ|b| has its minimum at soft(x'y, λ)/x'x, cut to the box."""
    x, y = np.array([[1.0], [2.0], [-1.0]]), np.array([2.0, 3.0, 0.0])
    for bounds, expected in (((0, None), 7 / 6), ((None, 0), 0.0), ((-1, 0.5), 0.5), ((2, 3), 2.0), ((None, -1), -1.0)):
        reg = br.Regression(x, y, prior=br.Laplace(1.0), sigma=1.0, intercept=False, standardize=False, bounds=[bounds])
        assert br.map_estimate(reg).coef[0] == pytest.approx(expected, rel=1e-15)


def test_the_joint_mode_with_sigma_is_the_minimum_over_both():
    from scipy.optimize import minimize

    generator = np.random.default_rng(8)
    X = generator.normal(size=(50, 3))
    y = X @ [1.0, -0.5, 0.0] + generator.normal(size=50)
    noise = br.HalfNormal(2.0)
    reg = br.Regression(X, y, prior=br.Normal(0.5), sigma=noise, intercept=False, standardize=False, bounds=(0, 0.8))
    fit = br.map_estimate(reg)

    def minus_log_density(point):
        beta, sigma = point[:3], np.exp(point[3])
        return 0.5 * np.sum((y - X @ beta) ** 2) / sigma**2 + 50 * point[3] + 2 * beta @ beta + sigma**2 / 8

    ends = [(0, 0.8)] * 3 + [(None, None)]
    other = minimize(minus_log_density, [0.1, 0.1, 0.1, 0.0], bounds=ends, method="L-BFGS-B", options={"ftol": 1e-15})
    np.testing.assert_allclose(np.append(fit.coef, np.log(fit.sigma)), other.x, atol=1e-5)


@pytest.mark.parametrize("prior", [br.Laplace(1.0), br.ElasticNetPrior(1.0, 1.0), br.Normal(1.0)], ids=lambda p: p.name)
def test_a_path_is_the_estimate_at_each_strength(prior):
    X, y, settings, _ = problem(1)
    reg = br.Regression(X, y, sigma=1.5, bounds=(0, None), **settings | {"prior": prior})
    fits = br.path(reg)
    assert fits.kkt.max() < 1e-9
    assert np.all(fits.coef >= 0)
    for k in (0, 40, 99):
        strong = reg.with_prior(prior.strengthened(fits.strengths[k] / fits.current))
        np.testing.assert_allclose(fits.beta[k], br.map_estimate(strong).beta, atol=1e-10)
    if prior.name != "normal":
        # At the first strength nothing has entered yet; a little below it something has.
        assert fits.n_zeros[0] == reg.p
        assert np.any(fits.n_zeros[:3] < reg.p)


def test_bounds_that_exclude_zero_have_no_first_strength():
    X, y, settings, _ = problem(0)
    reg = br.Regression(X, y, sigma=1.5, bounds=(0.1, None), **settings | {"prior": br.Laplace(1.0)})
    with pytest.raises(br.errors.UnsupportedError, match="exclude 0"):
        br.path(reg)
    assert np.all(br.path(reg, [1.0, 10.0]).coef >= 0.1)


@pytest.mark.parametrize("family", [br.StudentT(df=4), br.LaplaceNoise()], ids=["student_t", "laplace"])
def test_losses_without_a_certified_minimum_are_refused(family):
    X, y, _, bounds = problem(0)
    reg = br.Regression(X, y, prior=br.Laplace(1.0), sigma=1.0, family=family, bounds=bounds)
    with pytest.raises(br.errors.UnsupportedError, match="smooth and convex"):
        br.map_estimate(reg)

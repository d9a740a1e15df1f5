"""Regressions under a Normal prior with mean and matrix, against closed forms, by every route."""

import numpy as np
import pandas as pd
import pytest
from scipy import optimize, stats

import bayesreg as br
from bayesreg.errors import ModeError
from bayesreg.model.log_density import log_prior
from bayesreg.model.unknowns import Unknowns
from bayesreg.sampling.exact.posterior import exact_posterior

RNG = np.random.default_rng(5)
N, P, SIGMA, SCALE = 40, 5, 1.3, 0.7
X = RNG.normal(size=(N, P)) @ RNG.normal(size=(P, P)) * [1.0, 10.0, 0.1, 1.0, 1.0] + 3
Y = X @ RNG.normal(size=P) + 2 + RNG.normal(size=N)
ROOT = RNG.normal(size=(P, P))
COV, LOC = ROOT @ ROOT.T + 0.1 * np.eye(P), RNG.normal(size=P)
DIFFERENCES = np.diff(np.eye(P), axis=0)
WALK = DIFFERENCES.T @ DIFFERENCES
PRIORS = {
    "cov": (br.Normal(SCALE, loc=LOC, cov=COV), np.linalg.inv(COV) / SCALE**2),
    "precision": (br.Normal(SCALE, loc=LOC, precision=np.linalg.inv(COV)), np.linalg.inv(COV) / SCALE**2),
    "walk": (br.Normal(SCALE, loc=LOC, precision=WALK), WALK / SCALE**2),
    "loc": (br.Normal(SCALE, loc=LOC), np.eye(P) / SCALE**2),
}
every = pytest.mark.parametrize("name", PRIORS)
WEIGHTS = RNG.uniform(0.5, 2.0, size=N)
SETTINGS = {
    "flat intercept": {},
    "raw, none": {"standardize": False, "intercept": False},
    "Normal at x = 0": {"center": False, "intercept": br.Normal(2.0, loc=1.0)},
    "weights and offset": {"weights": WEIGHTS, "offset": np.sin(np.arange(N))},
}


def closed_form(reg, K):
    """Mean and covariance of beta, and log p(y), from the joint Normal of y, beta and the intercept."""
    Z, rows, term = reg.design.matrix, reg.design.rows, reg.intercept_term
    W = np.ones(N) if rows.weights is None else rows.weights
    A, b = Z, rows.y - (0.0 if rows.offset is None else rows.offset)
    prior, mean = K, LOC
    if term.exists:
        flat = 1 / term.scale**2 if term.has_prior else 0.0
        A, prior, mean = np.c_[Z, np.ones(N)], np.zeros((P + 1, P + 1)), np.append(LOC, term.loc)
        prior[:P, :P], prior[P, P] = K, flat
    post = (A.T * W) @ A / SIGMA**2 + prior
    center = np.linalg.solve(post, (A.T * W) @ b / SIGMA**2 + prior @ mean)
    left, away = b - A @ center, center - mean
    values = np.linalg.eigvalsh(prior)
    known = values[values > 1e-9 * values.max()]
    evidence = -0.5 * (
        N * np.log(2 * np.pi * SIGMA**2) - np.log(W).sum() + W @ left**2 / SIGMA**2
        + len(known) * np.log(2 * np.pi) - np.log(known).sum() + away @ prior @ away
        + np.linalg.slogdet(post)[1] - len(post) * np.log(2 * np.pi)
    )  # fmt: skip
    return center[:P], np.linalg.inv(post)[:P, :P], evidence


@every
@pytest.mark.parametrize("setting", SETTINGS)
def test_every_route_has_the_closed_form(name, setting):
    prior, K = PRIORS[name]
    reg = br.Regression(X, Y, prior=prior, sigma=SIGMA, **SETTINGS[setting])
    mean, covariance, evidence = closed_form(reg, K)
    fit, posterior = br.map_estimate(reg), exact_posterior(reg)
    for beta in (fit.beta, br.penalized_estimate(reg).beta, posterior.mean()):
        np.testing.assert_allclose(beta, mean, rtol=1e-9, atol=1e-10)
    np.testing.assert_allclose(posterior.covariance(), covariance, rtol=1e-9, atol=1e-11)
    assert br.log_evidence(reg) == pytest.approx(evidence, rel=1e-10)
    assert fit.certificate.kkt < 1e-9
    assert abs(fit.certificate.gap) < 1e-12


@every
def test_a_certificate_judges_points_of_the_columns_themselves(name):
    """Where a point is off, its certified gap is how far its objective lies above the minimum, or more."""
    prior, K = PRIORS[name]
    reg = br.Regression(X, Y, prior=prior, sigma=SIGMA)
    mean, _, _ = closed_form(reg, K)
    y, Z = Y - Y.mean(), reg.design.matrix

    def objective(beta):
        return 0.5 * np.sum((y - Z @ beta) ** 2) + 0.5 * SIGMA**2 * (beta - LOC) @ K @ (beta - LOC)

    assert br.certify(reg, mean).primal == pytest.approx(objective(mean), rel=1e-12)
    off = mean + np.array([0.1, 0.0, -0.2, 0.05, 0.0])
    judged = br.certify(reg, off)
    assert judged.primal == pytest.approx(objective(off), rel=1e-12)
    assert judged.gap_absolute >= (objective(off) - objective(mean)) * (1 - 1e-9)
    assert judged.kkt > 1e-3


def test_a_flat_direction_that_no_row_sees_is_named():
    """The sum of two opposite columns is nothing, and along it the prior is flat."""
    Z, prior = np.c_[X[:, 0], -X[:, 0]], br.Normal(precision=[[1.0, -1.0], [-1.0, 1.0]])
    frame = pd.DataFrame({"a": Z[:, 0], "b": Z[:, 1], "y": Y})
    rows = br.Regression(Z, Y, prior=prior, sigma=SIGMA)
    moments = br.Regression.from_moments(br.moments(frame, target="y"), prior=prior, sigma=SIGMA)
    for reg in (rows, moments):
        with pytest.raises(ModeError, match="improper"):
            br.log_evidence(reg)
    assert br.map_estimate(rows).certificate.kkt < 1e-9


def test_moments_give_what_rows_give():
    prior, _ = PRIORS["walk"]
    frame = {f"x{j}": X[:, j] for j in range(P)}
    rows = br.Regression(pd.DataFrame(frame), Y, prior=prior, sigma=SIGMA)
    moments = br.Regression.from_moments(
        br.moments(pd.DataFrame(frame | {"y": Y}), target="y"), prior=prior, sigma=SIGMA
    )
    for route in (br.map_estimate, br.penalized_estimate):
        np.testing.assert_allclose(route(moments).coef, route(rows).coef, rtol=1e-8)
    assert br.log_evidence(moments) == pytest.approx(br.log_evidence(rows), rel=1e-11)


@every
def test_the_scale_is_integrated_over(name):
    """With an unknown scale the evidence is the integral over it of that at each scale."""
    prior, _ = PRIORS[name]
    reg = br.Regression(X, Y, prior=prior.with_scale(br.HalfNormal(2.0)), sigma=SIGMA)
    logs = np.arange(-5.0, 4.0, 0.05)
    known = np.array([br.log_evidence(reg.with_prior(prior.with_scale(float(s)))) for s in np.exp(logs)])
    density = np.exp(known - br.log_evidence(reg) + stats.halfnorm(scale=2.0).logpdf(np.exp(logs)) + logs)
    assert 0.05 * density.sum() == pytest.approx(1.0, rel=1e-8)


@pytest.mark.parametrize("scaled", [False, True])
def test_unknown_sigma_is_integrated_over(scaled):
    prior = br.Normal(SCALE, scaled, LOC, precision=WALK)
    reg = br.Regression(X, Y, prior=prior, sigma=br.HalfNormal(3.0))
    logs = np.arange(-1.0, 5.0, 0.02)
    known = np.array([br.log_evidence(reg.with_sigma(float(sigma))) for sigma in np.exp(logs)])
    density = np.exp(known - br.log_evidence(reg) + stats.halfnorm(scale=3.0).logpdf(np.exp(logs)) + logs)
    assert 0.02 * density.sum() == pytest.approx(1.0, rel=1e-8)
    joint = br.map_estimate(reg)
    assert joint.certificate.sigma_slope < 1e-9


@pytest.mark.parametrize("family", ["bernoulli", "poisson"])
@pytest.mark.parametrize("name", ["cov", "walk"])
def test_other_families_have_the_mode_that_scipy_finds(family, name):
    prior, K = PRIORS[name]
    Z = X / X.std(axis=0)
    y = (np.median(Y) < Y).astype(float) if family == "bernoulli" else RNG.poisson(3.0, size=N).astype(float)
    reg = br.Regression(Z, y, prior=prior, family=family, standardize=False, center=False)

    def loss(theta):
        eta = theta[0] + Z @ theta[1:]
        fit = np.sum(np.logaddexp(0, eta) - y * eta) if family == "bernoulli" else np.sum(np.exp(eta) - y * eta)
        return fit + 0.5 * (theta[1:] - LOC) @ K @ (theta[1:] - LOC)

    def slope(theta):
        eta = theta[0] + Z @ theta[1:]
        left = (1 / (1 + np.exp(-eta)) if family == "bernoulli" else np.exp(eta)) - y
        return np.append(left.sum(), Z.T @ left + K @ (theta[1:] - LOC))

    found = optimize.minimize(loss, np.zeros(P + 1), jac=slope, method="BFGS", options={"gtol": 1e-8, "maxiter": 2_000})
    fit, other = br.map_estimate(reg), br.penalized_estimate(reg)
    np.testing.assert_allclose(fit.coef, found.x[1:], atol=1e-6)
    np.testing.assert_allclose(other.coef, fit.coef, atol=1e-6)
    assert loss(np.append(fit.intercept, fit.coef)) <= found.fun + 1e-10


@every
def test_a_path_and_its_choices_are_those_of_each_strength(name):
    prior, K = PRIORS[name]
    reg = br.Regression(X, Y, prior=prior, sigma=SIGMA)
    fits = br.path(reg, [0.1, 1.0, 30.0])
    assert fits.kkt.max() < 1e-9
    for strength, beta in zip(fits.strengths, fits.beta, strict=True):
        mean, _, _ = closed_form(reg, K * SCALE**2 * strength / SIGMA**2)
        np.testing.assert_allclose(beta, mean, rtol=1e-8, atol=1e-9)
    chosen = br.select(reg, by="evidence", strengths=np.geomspace(0.01, 100, 41))
    values = [closed_form(reg, K * SCALE**2 * strength / SIGMA**2)[2] for strength in np.geomspace(0.01, 100, 41)]
    assert chosen.strength == pytest.approx(np.geomspace(0.01, 100, 41)[int(np.argmax(values))], rel=0.3)
    assert br.log_evidence(reg.with_prior(chosen.prior)) >= max(values) - 1e-6


@every
def test_held_out_errors_are_those_of_refits(name):
    """Leave-one-out in closed form against a fit without each row, the columns and their prior as they were."""
    prior, K = PRIORS[name]
    Z = X / X.std(axis=0)
    reg = br.Regression(Z, Y, prior=prior, sigma=SIGMA, standardize=False, intercept=False)
    strengths = np.array([0.5, 5.0])
    error = np.zeros(2)
    for k, strength in enumerate(strengths):
        kappa = K * SCALE**2 * strength
        for i in range(N):
            kept = np.delete(np.arange(N), i)
            beta = np.linalg.solve(Z[kept].T @ Z[kept] + kappa, Z[kept].T @ Y[kept] + kappa @ LOC)
            error[k] += (Y[i] - Z[i] @ beta) ** 2 / N
    for rule, settings in (("press", {}), ("cv", {"folds": N})):
        curve = br.select(reg, by=rule, strengths=strengths, **settings).curve
        np.testing.assert_allclose(curve.value[::-1], error, rtol=1e-9)


@pytest.mark.slow
def test_draws_have_the_moments(assert_moments):
    prior, K = PRIORS["walk"]
    reg = br.Regression(X, Y, prior=prior, sigma=SIGMA)
    mean, covariance, _ = closed_form(reg, K)
    for engine in ("exact", "gibbs", "hmc"):
        draws = br.sample(reg, engine=engine, random_seed=3)["posterior"]["beta"]
        assert_moments(draws.to_numpy(), mean, np.sqrt(np.diag(covariance)))


@pytest.mark.parametrize("name", ["cov", "walk", "unknown scale"])
def test_the_pymc_model_has_the_same_log_density(name):
    """Differences between points, as the compiled model has them, against the closed forms on the rows."""
    prior = br.Normal(br.HalfNormal(1.0), True, LOC, cov=COV) if name == "unknown scale" else PRIORS[name][0]
    reg = br.Regression(X, Y, prior=prior, sigma=SIGMA)
    model = reg.to_pymc()
    log_density = model.compile_logp(jacobian=False, mode="FAST_COMPILE")
    values = {"scale": np.array(0.6)} if name == "unknown scale" else {}
    factor = 0.6 * SIGMA if name == "unknown scale" else SCALE
    K = (WALK if name == "walk" else np.linalg.inv(COV)) / factor**2
    expected = []
    points = [LOC + RNG.normal(size=P) for _ in range(2)]
    logs = {f"{key}_log__": np.log(value) for key, value in values.items()}
    for beta in points:
        left = Y - 4.0 - reg.design.matrix @ beta
        expected.append(-0.5 * left @ left / SIGMA**2 - 0.5 * (beta - LOC) @ K @ (beta - LOC))
    got = [float(log_density({"beta": beta, "intercept_at_center": np.array(4.0), **logs})) for beta in points]
    assert got[0] - got[1] == pytest.approx(expected[0] - expected[1], rel=1e-10)
    priors = [
        float(log_prior(reg, Unknowns(beta, np.array(4.0), np.array(SIGMA), values))) for beta in points
    ]  # fmt: skip
    quadratic = [-0.5 * (beta - LOC) @ K @ (beta - LOC) for beta in points]
    assert priors[0] - priors[1] == pytest.approx(quadratic[0] - quadratic[1], rel=1e-10)


def test_a_posterior_says_and_gives_back_its_prior():
    from bayesreg.analysis.from_tree import regression_of

    for prior, _ in PRIORS.values():
        reg = br.Regression(X, Y, prior=prior, sigma=SIGMA)
        tree = br.sample(reg, draws=200, random_seed=1)
        back = regression_of(tree)
        np.testing.assert_allclose(br.map_estimate(back).beta, br.map_estimate(reg).beta, rtol=1e-12)
        assert br.log_evidence(back) == pytest.approx(br.log_evidence(reg), rel=1e-12)

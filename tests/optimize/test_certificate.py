"""The certificate against formulas by brute force, true suboptimality, and planted mistakes."""

import ast
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import linear_model

import bayesreg as br
from bayesreg.errors import DataError, PriorError
from bayesreg.model.log_density import log_likelihood, log_prior
from bayesreg.model.objective import conditional_intercept, objective_at, strengths_at
from bayesreg.model.unknowns import Unknowns
from bayesreg.optimize import box_certificate, certificate, dual_point, row_certificate

steady = settings(deadline=None, derandomize=True, max_examples=60)
SIGMA = 1.5


def draw_problem(seed, n=20, p=4):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, p)) @ rng.normal(size=(p, p))
    return X, 3 + X @ rng.normal(size=p) + rng.normal(size=n), rng


def draw_prior(rng, p=4):
    """Laplace, Normal, both and flat columns at random; at least one of them with a scale."""
    laplace = rng.choice([0.1, 0.5, 2.0, np.inf], size=p)
    normal = rng.choice([0.3, 1.0, np.inf], size=p)
    laplace[0] = 0.3
    return br.ElasticNetPrior(laplace, normal)


def by_hand(X, y, laplace, normal, beta):
    """KKT residual, and primal and dual values at the dual point c·r, for centred columns and no free ones."""
    l1, l2 = SIGMA**2 / laplace, SIGMA**2 / normal**2
    A, b = X - X.mean(axis=0), y - y.mean()
    residual = b - A @ beta
    pull = A.T @ residual
    violation = [
        max(abs(pull[j]) - l1[j], 0) if beta[j] == 0 else abs(pull[j] - l2[j] * beta[j] - l1[j] * np.sign(beta[j]))
        for j in range(len(beta))
    ]
    only_l1 = (l2 == 0) & (np.abs(pull) > l1)
    shrink = min([1.0, *(l1[only_l1] / np.abs(pull[only_l1]))])
    u = shrink * residual
    excess = np.maximum(np.abs(A.T @ u) - l1, 0)
    conjugate = np.sum(np.divide(excess**2, 2 * l2, out=np.zeros_like(l2), where=l2 > 0))
    primal = 0.5 * residual @ residual + l1 @ np.abs(beta) + 0.5 * l2 @ beta**2
    dual = u @ b - 0.5 * u @ u - conjugate
    return np.array(violation), l1, primal, dual, np.max(np.abs(A.T @ b))


@steady
@given(st.integers(0, 10**6))
def test_it_is_what_the_formulas_say(seed):
    X, y, rng = draw_problem(seed)
    laplace, normal = rng.choice([0.1, 0.5, 2.0], size=4), rng.choice([0.3, 1.0, np.inf], size=4)
    laplace[1:][normal[1:] < np.inf] = rng.choice([0.5, np.inf])
    beta = rng.normal(size=4) * (rng.random(4) < 0.7)
    reg = br.Regression(X, y, prior=br.ElasticNetPrior(laplace, normal), sigma=SIGMA, standardize=False)
    found = br.certify(reg, beta)
    violation, l1, primal, dual, unit = by_hand(X, y, laplace, normal, beta)
    assert found.kkt_absolute == pytest.approx(np.max(violation), rel=1e-9, abs=1e-10)
    assert found.kkt == pytest.approx(np.max(violation / np.where(l1 > 0, l1, unit)), rel=1e-9, abs=1e-10)
    assert found.primal == pytest.approx(primal, rel=1e-10)
    assert found.gap_absolute == pytest.approx(primal - dual, rel=1e-8, abs=1e-10 * primal)
    assert found.gap == pytest.approx((primal - dual) / primal, rel=1e-8, abs=1e-10)
    assert (found.sigma, found.sigma_slope) == (SIGMA, None)


@steady
@given(st.integers(0, 10**6), st.sampled_from([1.0, 1e-2, 1e-4]))
def test_the_gap_bounds_the_true_suboptimality(seed, distance):
    """Also with flat columns, whose dual constraint is an equality."""
    X, y, rng = draw_problem(seed)
    reg = br.Regression(X, y, prior=draw_prior(rng), sigma=SIGMA)
    best = br.map_estimate(reg)
    beta = best.beta + distance * rng.normal(size=4) * (rng.random(4) < 0.7)
    found = br.certify(reg, beta)
    above = objective_at(reg, beta, SIGMA) - best.objective
    assert found.gap_absolute >= above - 1e-12 * best.objective
    assert found.primal == pytest.approx(objective_at(reg, beta, SIGMA), rel=1e-12)


@steady
@given(st.integers(0, 10**6))
def test_the_minimum_is_accepted(seed):
    X, y, rng = draw_problem(seed)
    found = br.certify(reg := br.Regression(X, y, prior=draw_prior(rng), sigma=SIGMA), br.map_estimate(reg).beta)
    assert found.kkt <= 1e-9
    assert found.gap <= 1e-12


@pytest.mark.parametrize("intercept", [True, False, br.Normal(2.0, loc=1.0)], ids=repr)
@pytest.mark.parametrize("center", [True, False])
def test_the_primal_value_is_the_objective(intercept, center):
    X, y, _ = draw_problem(0)
    reg = br.Regression(X, y, prior=br.Laplace(0.3), sigma=SIGMA, intercept=intercept, center=center)
    best = br.map_estimate(reg)
    assert best.certificate.primal == pytest.approx(best.objective, rel=1e-12)


def lasso_of(reg, strength_factor=1.0):
    """scikit-learn's lasso on the regression's own columns."""
    l1, _ = strengths_at(reg, SIGMA)
    model = linear_model.Lasso(alpha=strength_factor * l1[0] / reg.n, tol=1e-14, max_iter=10**6)
    return model.fit(reg.design.matrix, reg.design.rows.y).coef_


def planted():
    X, y, _ = draw_problem(7, n=40, p=6)
    return br.Regression(X, y, prior=br.Laplace(0.2), sigma=SIGMA)


def wrong_sign(reg):
    beta = lasso_of(reg)
    beta[np.argmin(np.where(beta == 0, np.inf, np.abs(beta)))] *= -1
    return beta


def a_zero_moved(reg):
    beta = lasso_of(reg)
    beta[np.flatnonzero(beta == 0)[0]] = 1e-3
    return beta


def a_coefficient_dropped(reg):
    beta = lasso_of(reg)
    beta[np.argmin(np.where(beta == 0, np.inf, np.abs(beta)))] = 0.0
    return beta


MISTAKES = {
    "lambda for n lambda": lambda reg: lasso_of(reg, reg.n),
    "n lambda for lambda": lambda reg: lasso_of(reg, 1 / reg.n),
    "sigma for sigma squared": lambda reg: lasso_of(reg, 1 / SIGMA),
    "RSS for half RSS": lambda reg: lasso_of(reg, 2),
    "n - 1 for n": lambda reg: lasso_of(reg, reg.n / (reg.n - 1)),
    "sd with n - 1": lambda reg: lasso_of(reg) * np.sqrt(reg.n / (reg.n - 1)),
    "one wrong sign": wrong_sign,
    "one zero at 1e-3": a_zero_moved,
    "one coefficient dropped": a_coefficient_dropped,
    "coef for beta": lambda reg: lasso_of(reg) / reg.design.standardization.sd,
    "least squares": lambda reg: br.least_squares(reg).beta,
    "zeros": lambda reg: np.zeros(reg.p),
    "off by 1e-6": lambda reg: lasso_of(reg) * (1 + 1e-6),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_planted_mistakes_are_rejected(mistake):
    reg = planted()
    right = lasso_of(reg)
    assert 0 < np.sum(right == 0) < reg.p
    assert br.certify(reg, right).kkt < 1e-8
    found = br.certify(reg, MISTAKES[mistake](reg))
    assert found.kkt > 1e-7
    assert found.gap > 1e-12


@pytest.mark.parametrize("intercept", [True, br.Normal(2.0, loc=1.0)], ids=repr)
@pytest.mark.parametrize("center", [True, False])
def test_a_wrong_intercept_is_rejected(intercept, center):
    """Where an intercept is given, it is judged too."""
    X, y, _ = draw_problem(0)
    reg = br.Regression(X, y, prior=br.Laplace(0.3), sigma=SIGMA, intercept=intercept, center=center)
    best = br.map_estimate(reg)
    at_center = float(reg.design.standardization.intercept_at_center(best.intercept, best.coef))
    right = br.certify(reg, best.beta, intercept=at_center)
    wrong = br.certify(reg, best.beta, intercept=at_center + 10)
    assert right.kkt <= 1e-9
    assert wrong.kkt > 1e-6
    assert wrong.gap > 1e-6


def test_it_is_about_the_sigma_that_is_given():
    X, y, _ = draw_problem(0)
    reg = br.Regression(X, y, prior=br.Laplace(0.3), sigma=SIGMA)
    beta = br.map_estimate(reg).beta
    unknown = reg.with_sigma(br.HalfNormal(1.0))
    assert br.certify(unknown, beta, sigma=SIGMA).kkt <= 1e-9
    assert br.certify(unknown, beta, sigma=2 * SIGMA).kkt > 1e-3
    with pytest.raises(PriorError, match="pass certify"):
        br.certify(unknown, beta)


@pytest.mark.parametrize(
    "beta",
    [np.zeros(3), np.zeros((4, 1)), 1.0, [0, 0, 0, np.nan], [0, 0, np.inf, 0]],
    ids=["short", "2d", "0d", "nan", "inf"],
)
def test_what_is_no_point_is_refused(beta):
    X, y, _ = draw_problem(0)
    with pytest.raises(DataError, match="beta must be 4 finite numbers"):
        br.certify(br.Regression(X, y, prior=br.Laplace(0.3), sigma=SIGMA), beta)


def test_a_target_without_variation_is_judged_without_dividing_by_zero():
    X, _, _ = draw_problem(0)
    for prior in (br.Laplace(0.3), br.Normal(0.3)):
        reg = br.Regression(X, np.full(20, 2.0), prior=prior, sigma=SIGMA)
        assert br.certify(reg, np.zeros(4)).kkt == 0.0
        assert br.certify(reg, np.ones(4)).kkt > 1e-3


NOISES = [
    br.HalfNormal(2.0),
    br.Exponential(0.3),
    br.HalfStudentT(3.0, 2.0),
    br.InverseGamma(2.0, 3.0),
    br.InverseGamma(2.0, 3.0, on="sd"),
    br.Jeffreys(),
]


@pytest.mark.parametrize("scaled", [False, True])
@pytest.mark.parametrize("intercept", [True, False, br.Normal(2.0, loc=1.0)], ids=repr)
@pytest.mark.parametrize("noise", NOISES, ids=repr)
def test_the_slope_in_log_sigma_is_the_derivative_of_the_log_posterior(noise, intercept, scaled):
    """At the best intercept for each sigma, where the derivative through it vanishes."""
    X, y, rng = draw_problem(3)
    prior = br.ElasticNetPrior([0.3, 1.0, np.inf, np.inf], [1.0, np.inf, 2.0, np.inf], scaled)
    reg = br.Regression(X, y, prior=prior, sigma=noise, intercept=intercept)
    beta = rng.normal(size=4)

    def log_posterior(log_sigma):
        sigma = np.exp(log_sigma)
        at_center = np.asarray(conditional_intercept(reg, sigma))
        point = Unknowns(beta, at_center, np.asarray(sigma))
        return float(log_likelihood(reg, point) + log_prior(reg, point))

    h = 1e-4
    for sigma in (0.5, 1.7, 6.0):
        at = np.log(sigma)
        values = [log_posterior(at + k * h) for k in (-2, -1, 1, 2)]
        numerical = (values[0] - 8 * values[1] + 8 * values[2] - values[3]) / (12 * h)
        assert certificate.sigma_slope(reg, beta, sigma) == pytest.approx(numerical, rel=1e-6, abs=1e-6)


@pytest.mark.parametrize("judge", [certificate, dual_point, row_certificate, box_certificate])
def test_it_knows_no_solver(judge):
    """The files that judge import numpy, the errors, and what a regression is; nothing that finds an estimate.

    Where a loss has kinks they find multipliers for the given point, by scipy's bounded least squares.
    """
    modules = set()
    for node in ast.walk(ast.parse(Path(judge.__file__).read_text())):
        if isinstance(node, ast.Import):
            modules |= {name.name for name in node.names}
        elif isinstance(node, ast.ImportFrom):
            modules.add(node.module)
    modules -= {f"bayesreg.optimize.{name}" for name in ("row_certificate", "box_certificate", "dual_point")}
    modules -= {"scipy.optimize"} if judge is dual_point else set()
    ours = {module for module in modules if module.startswith("bayesreg")}
    assert {module.split(".")[1] for module in ours - {"bayesreg.priors.partition"}} <= {"errors", "model"}
    assert modules - ours <= {"numpy", "dataclasses", "typing", "collections.abc"}


FAMILIES = {
    "bernoulli": lambda rng, eta: (rng.random(len(eta)) < 1 / (1 + np.exp(-eta))).astype(float),
    "poisson": lambda rng, eta: rng.poisson(np.exp(eta)).astype(float),
    "laplace": lambda rng, eta: eta + rng.laplace(size=len(eta)),
}


@pytest.mark.parametrize("prior", [br.Laplace(0.2), br.Normal(0.2), br.Laplace([0.2, np.inf, 0.3])], ids=repr)
@pytest.mark.parametrize("intercept", [True, False, br.Normal(1.0)], ids=repr)
@pytest.mark.parametrize("family", FAMILIES)
def test_the_gap_of_a_family_is_finite_and_bounds_the_suboptimality_however_far_away(family, intercept, prior):
    """A flat intercept or column has the dual point projected, out of what the family allows if it is far away."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(60, 3))
    y = FAMILIES[family](rng, X @ [1, -1, 0.5])
    sigma = 1.0 if family == "laplace" else None
    reg = br.Regression(X, y, family=family, prior=prior, sigma=sigma, intercept=intercept)
    best = br.map_estimate(reg)
    at_center = best.intercept + best.coef @ reg.design.standardization.center
    for distance in (0.0, 1e-4, 1e-2, 0.1, 1.0, 3.0):
        point = {} if intercept is False else {"intercept": at_center + distance}
        found = br.certify(reg, best.beta + distance * np.array([1, -1, 2.0]), **point)
        above = found.primal - best.objective
        assert np.isfinite(found.gap)
        assert found.gap_absolute >= above - 1e-12 * abs(found.primal)
        assert distance > 0 or found.gap <= 1e-12

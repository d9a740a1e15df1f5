"""The budget view: the same point, and the same strength as a Lagrange multiplier, by scipy's constrained solvers."""

import numpy as np
import pytest
from scipy import optimize

import bayesreg as br
from bayesreg.errors import ConvergenceError, PriorError, UnsupportedError

PRIORS = {
    "laplace": br.Laplace(0.03),
    "normal": br.Normal(0.15),
    "elastic net": br.ElasticNetPrior(0.05, 0.2),
    "laplace per column": br.Laplace(np.array([0.06, 0.3, 0.12, np.inf])),
    "normal per column": br.Normal(np.array([0.1, 0.5, 0.2, np.inf])),
}


def data(n=80, p=4, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, p)) @ (np.eye(p) + 0.4)
    return X, X @ np.r_[1.0, -0.4, 0.05, 0.3, np.zeros(p)][:p] + rng.normal(size=n)


def gaussian(prior, **settings):
    X, y = data()
    return br.Regression(X, y, prior=prior, sigma=1.0, **settings)


def bernoulli(prior, n=120):
    X, y = data(n)
    return br.Regression(X, (y > np.median(y) + 0.3).astype(float), prior=prior, family="bernoulli")


def column_strengths(reg):
    """λ_j = σ²/b_j and κ_j = σ²/s_j², from the prior's own fields."""
    scales = {
        "Laplace": ("scale", None),
        "Normal": (None, "scale"),
        "ElasticNetPrior": ("laplace_scale", "normal_scale"),
    }
    first, second = scales[type(reg.prior).__name__]
    sigma = reg.noise.sigma
    l1 = 0 if first is None else sigma**2 / np.asarray(getattr(reg.prior, first))
    l2 = 0 if second is None else sigma**2 / np.asarray(getattr(reg.prior, second)) ** 2
    return np.broadcast_to(l1, reg.p), np.broadcast_to(l2, reg.p)


def constrained(reg, t):
    """Least loss under N(β) ≤ t by SLSQP, with β = u − v; returns β and the multiplier of the constraint."""
    X = reg.design.matrix
    y = reg.design.rows.y
    l1, l2 = column_strengths(reg)
    unit = np.max(l1) or np.max(l2)
    a, b = l1 / unit, (0.5 if np.any(l1) else 1.0) * l2 / unit
    p = reg.p

    def loss(z):
        eta = z[-1] + X @ (z[:p] - z[p : 2 * p])
        if reg.is_gaussian:
            return 0.5 * np.sum((y - eta) ** 2)
        return np.sum(np.logaddexp(0, eta) - y * eta)

    def gradient(z):
        eta = z[-1] + X @ (z[:p] - z[p : 2 * p])
        slope = (eta if reg.is_gaussian else 1 / (1 + np.exp(-eta))) - y
        return np.concatenate([X.T @ slope, -X.T @ slope, [slope.sum()]])

    def spent(z):
        beta = z[:p] - z[p : 2 * p]
        return t - a @ (z[:p] + z[p : 2 * p]) - b @ beta**2

    def spent_slope(z):
        square = 2 * b * (z[:p] - z[p : 2 * p])
        return -np.concatenate([a + square, a - square, [0.0]])

    found = optimize.minimize(
        loss,
        np.zeros(2 * p + 1),
        jac=gradient,
        bounds=[(0, None)] * (2 * p) + [(None, None)],
        constraints=[{"type": "ineq", "fun": spent, "jac": spent_slope}],
        method="SLSQP",
        options={"ftol": 1e-15, "maxiter": 2000},
    )
    beta, pull = found.x[:p] - found.x[p : 2 * p], gradient(found.x)[:p]
    # Where a coefficient is free to move, loss and constraint pull with opposite forces.
    j = int(np.argmax(np.abs(beta) * (a + b > 0)))
    return beta, -pull[j] / (a[j] * np.sign(beta[j]) + 2 * b[j] * beta[j])


@pytest.mark.parametrize("make", [gaussian, bernoulli])
@pytest.mark.parametrize("kind", PRIORS)
def test_the_constrained_minimum_is_the_map_and_its_multiplier_the_strength(make, kind):
    reg = make(PRIORS[kind])
    found = br.budget(reg)
    l1, l2 = column_strengths(reg)
    assert found.strength == pytest.approx(np.max(l1) or np.max(l2), rel=1e-12)
    assert found.multiplier == (found.strength if np.any(l1) else found.strength / 2)
    assert 0 < found.t < found.least_squares
    beta, multiplier = constrained(reg, found.t)
    np.testing.assert_allclose(beta, found.estimate.beta, atol=2e-5 * np.max(np.abs(beta)))
    assert multiplier == pytest.approx(found.multiplier, rel=1e-4)


def test_sums_of_one_scale_are_the_plain_norms():
    for prior, norm in ((br.Laplace(0.03), np.abs), (br.Normal(0.15), np.square)):
        reg = gaussian(prior)
        found = br.budget(reg)
        assert found.t == pytest.approx(np.sum(norm(br.map_estimate(reg).beta)), rel=1e-14)
        assert found.least_squares == pytest.approx(np.sum(norm(br.least_squares(reg).beta)), rel=1e-12)


@pytest.mark.parametrize("make", [gaussian, bernoulli])
@pytest.mark.parametrize("kind", PRIORS)
def test_each_budget_has_its_strength(make, kind):
    reg = make(PRIORS[kind])
    own = br.budget(reg)
    back = br.strength_for_budget(reg, own.t)
    assert back.strength == pytest.approx(own.strength, rel=1e-7)
    last = np.inf
    for share in (1e-3, 0.2, 0.5, 0.9, 0.999):
        found = br.strength_for_budget(reg, share * own.least_squares)
        assert found.t == pytest.approx(share * own.least_squares, rel=1e-8)
        assert found.norm.value(found.estimate.beta) == found.t
        assert found.certificate.kkt < 1e-8
        assert 0 < found.strength < last
        np.testing.assert_allclose(br.budget(found.reg).strength, found.strength, rtol=1e-12)
        last = found.strength


@pytest.mark.parametrize("kind", PRIORS)
def test_a_budget_that_does_not_bind_is_least_squares(kind):
    reg = gaussian(PRIORS[kind])
    least = br.least_squares(reg)
    for t in (br.budget(reg).least_squares, 1e6):
        found = br.strength_for_budget(reg, t)
        assert found.strength == found.multiplier == 0
        np.testing.assert_allclose(found.estimate.beta, least.beta, rtol=1e-10)
        assert found.t == found.least_squares


@pytest.mark.parametrize("kind", [br.Laplace, br.Normal])
def test_of_many_least_squares_the_least_norm_counts(kind):
    X, y = data(20, 30)
    reg = br.Regression(X, y, prior=kind(1.0), sigma=1.0)
    least = br.budget(reg).least_squares
    # The path ends there as the strength goes to 0.
    sizes = [br.budget(reg.with_prior(kind(scale))).t for scale in (1e2, 1e4)]
    assert sizes[0] < sizes[1] < least * (1 + 1e-9)
    assert sizes[1] == pytest.approx(least, rel=1e-3)
    found = br.strength_for_budget(reg, least)
    assert found.strength == 0
    assert reg.loss.rss(found.estimate.beta) < 1e-18 * reg.loss.square
    assert br.strength_for_budget(reg, 0.99 * least).strength > 0


def test_what_is_not_unique_and_not_computed_is_refused():
    X, y = data(20, 30)
    with pytest.raises(UnsupportedError, match="elastic-net"):
        br.budget(br.Regression(X, y, prior=br.ElasticNetPrior(1.0, 1.0), sigma=1.0))
    X = np.column_stack([X[:, :2], X[:, 0] + X[:, 1]])
    with pytest.raises(UnsupportedError, match="rank 3"):
        br.budget(br.Regression(X, (y > 0.4 * X[:, 0]).astype(float), prior=br.Laplace(1.0), family="bernoulli"))


def test_without_maximum_likelihood_every_budget_binds():
    X, _ = data(60, 2)
    reg = br.Regression(X, (X[:, 0] > 0).astype(float), prior=br.Normal(1.0), family="bernoulli")
    assert br.budget(reg).least_squares == np.inf
    found = br.strength_for_budget(reg, 400.0)
    assert found.t == pytest.approx(400, rel=1e-8)
    assert 0 < found.strength < 1
    wide = br.Regression(*data(10, 20)[:1], np.arange(10) % 2, prior=br.Laplace(1.0), family="bernoulli")
    assert br.budget(wide).least_squares == np.inf


def test_the_intercepts_own_prior_stays_as_it_is():
    """It is part of the loss, at strength 0 too: least squares under it solves a system with one ridge entry."""
    reg = gaussian(br.Laplace(0.05), intercept=br.Normal(0.05), center=False)
    A = np.column_stack([reg.design.matrix, np.ones(reg.n)])
    system = A.T @ A + np.diag([0, 0, 0, 0, 1 / 0.05**2])
    expected = np.linalg.solve(system, A.T @ reg.design.rows.y)
    found = br.strength_for_budget(reg, 1e3)
    np.testing.assert_allclose(np.append(found.estimate.beta, found.estimate.intercept), expected, rtol=1e-9)
    assert br.strength_for_budget(reg, br.budget(reg).t).strength == pytest.approx(1 / 0.05, rel=1e-7)


@pytest.mark.filterwarnings("ignore::bayesreg.errors.ConstantColumnWarning")
def test_a_constant_column_spends_nothing():
    X, y = data()
    reg = br.Regression(np.column_stack([X, np.ones(80)]), y, prior=br.Laplace(0.03), sigma=1.0)
    plain = br.budget(br.Regression(X, y, prior=br.Laplace(0.03), sigma=1.0))
    found = br.budget(reg)
    assert (found.t, found.least_squares) == pytest.approx((plain.t, plain.least_squares), rel=1e-10)
    assert br.strength_for_budget(reg, 1e3).estimate.beta[-1] == 0


def test_all_zeros_spend_nothing_and_still_lead_to_other_budgets():
    reg = gaussian(br.Laplace(1e-6))
    assert br.budget(reg).t == 0
    found = br.strength_for_budget(reg, 0.5)
    assert found.t == pytest.approx(0.5, rel=1e-8)
    assert found.strength < br.strength_max(reg) < br.budget(reg).strength


def test_a_prior_scaled_by_sigma_and_moments_alone():
    X, y = data()
    scaled = br.Regression(X, y, prior=br.Laplace(0.02, scaled_by_sigma=True), sigma=1.5)
    plain = br.Regression(X, y, prior=br.Laplace(0.03), sigma=1.5)
    assert br.budget(scaled).strength == pytest.approx(br.budget(plain).strength, rel=1e-14)
    t = br.budget(plain).t
    assert br.strength_for_budget(scaled, t).strength == pytest.approx(br.budget(plain).strength, rel=1e-8)
    moments = br.moments("diabetes", target="target")
    frame, target = br.load_dataset("diabetes")
    by_moments = br.budget(br.Regression.from_moments(moments, prior=br.Laplace(10.0), sigma=54.0))
    by_rows = br.budget(br.Regression(frame.drop(columns=target), frame[target], prior=br.Laplace(10.0), sigma=54.0))
    assert (by_moments.t, by_moments.least_squares) == pytest.approx((by_rows.t, by_rows.least_squares), rel=1e-9)


@pytest.mark.parametrize("t", [0, -1.0, np.nan, np.inf, True, "1", None])
def test_an_impossible_budget_is_refused(t):
    with pytest.raises(PriorError, match="greater than 0"):
        br.strength_for_budget(gaussian(br.Laplace(1.0)), t)


def test_a_budget_within_rounding_of_nothing_is_not_made_up():
    with pytest.raises(ConvergenceError, match="no strength was found"):
        br.strength_for_budget(gaussian(br.Laplace(1.0)), 1e-12)


def test_without_sigma_scale_or_penalty_there_is_no_budget():
    X, y = data()
    for reg, told in (
        (br.Regression(X, y, prior=br.Laplace(1.0)), "known sigma"),
        (br.Regression(X, y, prior=br.Laplace(br.HalfNormal(1.0)), sigma=1.0), "known scale"),
        (br.Regression(X, y, prior=br.Normal(np.inf), sigma=1.0), "no column is penalized"),
    ):
        for ask in (br.budget, lambda one: br.strength_for_budget(one, 1.0)):
            with pytest.raises(PriorError, match=told):
                ask(reg)


def test_a_path_that_jumps_has_no_strength_for_every_budget():
    """Least absolute deviations under L1 is a linear program: the path is a staircase, and says so on a riser."""
    X, y = data(15, 2)
    reg = br.Regression(X, y, prior=br.Laplace(0.5), sigma=1.0, family="laplace")
    with pytest.raises(ConvergenceError):
        br.strength_for_budget(reg, 0.37 * br.budget(reg).least_squares)

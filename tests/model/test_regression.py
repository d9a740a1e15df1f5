import dataclasses

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import optimize

import bayesreg as br
from bayesreg.errors import ConstantColumnWarning, DataError, PriorError, UnsupportedError
from bayesreg.model.objective import conditional_intercept, objective_at, rss_at, strengths_at, unknowns_at
from bayesreg.model.unknowns import Unknowns

steady = settings(deadline=None, derandomize=True, max_examples=30)
RNG = np.random.default_rng(11)
X = RNG.normal([10.0, -3.0, 0.0], [1.0, 20.0, 0.1], size=(20, 3))
Y = 100 + X @ [2.0, -0.1, 5.0] + RNG.normal(size=20)
WEIGHTS, OFFSET = RNG.uniform(0.2, 3, size=20), RNG.normal(0, 5, size=20)
INTERCEPTS = {
    "flat": {"intercept": True},
    "flat, not centred": {"intercept": True, "center": False},
    "none": {"intercept": False},
    "normal": {"intercept": br.Normal(3.0, loc=90.0)},
    "scaled normal": {"intercept": br.Normal(3.0, loc=90.0, scaled_by_sigma=True)},
    "normal at 0": {"intercept": br.Normal(3.0, loc=90.0), "center": False},
}


def make(**given):
    return br.Regression(
        X, Y, **({"prior": br.ElasticNetPrior([0.5, np.inf, 2.0], [np.inf, 0.3, 4.0]), "sigma": 1.5} | given)
    )


@pytest.mark.parametrize("standardize", [True, False])
@pytest.mark.parametrize("weighted", [True, False])
@pytest.mark.parametrize("intercept", INTERCEPTS)
def test_objective_is_the_canonical_one_written_by_hand(intercept, weighted, standardize):
    """Q at any coef and the best intercept for them, from the rows on the user's columns."""
    rows = {"weights": WEIGHTS, "offset": OFFSET} if weighted else {}
    reg = make(standardize=standardize, **INTERCEPTS[intercept], **rows)
    theta = np.array([0.7, -1.2, 0.4, 20.0])[: reg.loss.size]
    point = unknowns_at(reg, theta, 1.5)
    coef, intercept_at_zero = point.on_user_columns(reg.design.standardization)
    weights, offset = rows.get("weights", np.ones(20)), rows.get("offset", 0)
    sd = np.sqrt(np.average((X - np.average(X, axis=0, weights=weights)) ** 2, axis=0, weights=weights))
    beta = coef * (sd if standardize else 1)
    np.testing.assert_allclose(point.beta, beta, rtol=1e-12)
    residual = Y - offset - intercept_at_zero - X @ coef
    penalty = 1.5**2 * (abs(beta[0]) / 0.5 + beta[1] ** 2 / (2 * 0.09) + abs(beta[2]) / 2 + beta[2] ** 2 / 32)
    if "normal" in intercept:
        scale = 3.0 * (1.5 if intercept == "scaled normal" else 1)
        penalty += 0.5 * 1.5**2 / scale**2 * (point.at_center - 90) ** 2
    assert objective_at(reg, theta, 1.5) == pytest.approx(0.5 * weights @ residual**2 + penalty, rel=1e-11)
    assert rss_at(reg, theta, 1.5) == pytest.approx(weights @ residual**2, rel=1e-11)


@pytest.mark.parametrize("intercept", ["flat", "normal", "scaled normal"])
def test_the_intercept_is_the_best_one_for_any_beta(intercept):
    reg = make(**INTERCEPTS[intercept], weights=WEIGHTS)
    columns = (X - np.average(X, axis=0, weights=WEIGHTS)) @ [0.3, 0.1, -2.0]
    kappa = {"flat": 0, "normal": 1.5**2 / 9, "scaled normal": 1 / 9}[intercept]

    def objective(at_center):
        return 0.5 * WEIGHTS @ (Y - at_center - columns) ** 2 + 0.5 * kappa * (at_center - 90) ** 2

    best = optimize.minimize_scalar(objective, bracket=(80, 120), tol=1e-12).x
    assert float(np.asarray(conditional_intercept(reg, 1.5))) == pytest.approx(best, rel=1e-7)


def test_strengths_are_variance_over_scale():
    l1, l2 = strengths_at(make(), 1.5)
    np.testing.assert_allclose(l1, [2.25 / 0.5, 0.0, 2.25 / 2], rtol=1e-15)
    np.testing.assert_allclose(l2, [0.0, 2.25 / 0.09, 2.25 / 16], rtol=1e-15)


def test_strengths_of_a_prior_scaled_by_sigma():
    """Laplace(σb) has λ = σ²/(σb) = σ/b, and Normal(σs) has κ = 1/s², at whatever sigma."""
    reg = make(prior=br.ElasticNetPrior(0.5, 0.3, scaled_by_sigma=True))
    for sigma in (0.1, 1.5, 30.0):
        l1, l2 = strengths_at(reg, sigma)
        np.testing.assert_allclose([l1, l2], [[sigma / 0.5] * 3, [1 / 0.09] * 3], rtol=1e-14)


@pytest.mark.parametrize("scale", [1e-200, 1e-160, 1e160, 1e200])
def test_extreme_scales_neither_overflow_nor_vanish_on_the_way(scale):
    l1, l2 = strengths_at(make(prior=br.Laplace(scale), sigma=scale), scale)
    np.testing.assert_allclose(l1, scale, rtol=1e-15)
    _, l2 = strengths_at(make(prior=br.Normal(scale), sigma=scale), scale)
    np.testing.assert_allclose(l2, 1.0, rtol=1e-15)


@steady
@given(st.integers(0, 10**6))
def test_the_linear_predictor_is_the_same_on_both_sides(seed):
    rng = np.random.default_rng(seed)
    reg = make(standardize=bool(rng.integers(2)), **INTERCEPTS[list(INTERCEPTS)[rng.integers(6)]])
    beta, at_center = rng.normal(size=3), rng.normal() * (reg.intercept is not False)
    coef, intercept = Unknowns(beta, np.asarray(at_center), np.ones(())).on_user_columns(reg.design.standardization)
    np.testing.assert_allclose(intercept + X @ coef, at_center + reg.design.matrix @ beta, rtol=1e-10, atol=1e-10)


def test_draws_go_to_the_users_columns_like_points():
    reg = make()
    draws = Unknowns(RNG.normal(size=(2, 4, 3)), RNG.normal(size=(2, 4)), np.ones((2, 4)))
    coef, intercept = draws.on_user_columns(reg.design.standardization)
    assert coef.shape == (2, 4, 3)
    assert intercept.shape == (2, 4)
    point = draws[1, 2].on_user_columns(reg.design.standardization)
    np.testing.assert_allclose(point[0], coef[1, 2], rtol=1e-14)
    assert float(point[1]) == pytest.approx(intercept[1, 2], rel=1e-14)


@pytest.mark.parametrize("weighted", [True, False])
@pytest.mark.parametrize("intercept", INTERCEPTS)
def test_moments_are_all_that_the_objective_needs(intercept, weighted):
    rows = {"weights": WEIGHTS, "offset": OFFSET} if weighted else {}
    reg = make(**INTERCEPTS[intercept], **rows)
    other = br.Regression.from_moments(reg.design.moments, prior=reg.prior, sigma=1.5, **INTERCEPTS[intercept])
    assert (other.n, other.names) == (20, ("x0", "x1", "x2"))
    theta = np.array([0.7, -1.2, 0.4, 20.0])[: reg.loss.size]
    assert objective_at(other, theta, 1.5) == pytest.approx(objective_at(reg, theta, 1.5), rel=1e-9)
    np.testing.assert_allclose(other.loss.gram, reg.loss.gram, rtol=1e-9, atol=1e-9)
    ours, theirs = unknowns_at(reg, theta, 1.5), unknowns_at(other, theta, 1.5)
    for name in ("beta", "at_center", "sigma"):
        np.testing.assert_allclose(getattr(theirs, name), getattr(ours, name), rtol=1e-12)
    on_both = (point.on_user_columns(one.design.standardization) for point, one in ((ours, reg), (theirs, other)))
    for one, two in zip(*on_both, strict=True):
        np.testing.assert_allclose(two, one, rtol=1e-12)


def test_unknown_sigma_has_the_stated_default():
    assert make(sigma=None).noise.prior == br.HalfStudentT(3.0, 2.5 * float(np.std(Y)))
    weighted = np.sqrt(WEIGHTS @ (Y - np.average(Y, weights=WEIGHTS)) ** 2 / len(Y))
    assert make(sigma=None, weights=WEIGHTS).noise.prior.scale == pytest.approx(2.5 * weighted, rel=1e-12)


@pytest.mark.parametrize("k", [1e-6, 1e-3, 4.0, 1e3, 1e9])
def test_the_default_follows_the_units_of_the_weights(k):
    """Row i has noise sd σ/√w_i, so weights times k are sigma times √k: the same posterior of the coefficients."""
    rng = np.random.default_rng(3)
    w = rng.uniform(0.5, 2, len(Y))
    for family in ("gaussian", br.StudentT(4.0), br.LaplaceNoise()):
        one, many = (make(sigma=None, weights=weights, family=family).noise.prior for weights in (w, k * w))
        assert many.scale == pytest.approx(one.scale * k**0.5, rel=1e-13)
        assert one.scale == pytest.approx(2.5 * np.sqrt(w @ (Y - np.average(Y, weights=w)) ** 2 / len(Y)), rel=1e-13)
    ones = make(sigma=None, weights=np.ones(len(Y))).noise
    assert ones.prior.scale == pytest.approx(make(sigma=None).noise.prior.scale, rel=1e-15)


@pytest.mark.parametrize("k", [1e-6, 1e6])
def test_the_mode_is_that_of_any_scale_of_the_weights(k):
    w = np.random.default_rng(3).uniform(0.5, 2, len(Y))
    one, many = (br.map_estimate(make(sigma=None, weights=weights)) for weights in (w, k * w))
    np.testing.assert_allclose(many.coef, one.coef, rtol=1e-9)
    assert many.sigma == pytest.approx(one.sigma * k**0.5, rel=1e-9)


def test_the_default_follows_the_units_of_y():
    other = br.Regression(X, 1000 * Y, prior=br.Laplace(1.0))
    assert other.noise.prior.scale == pytest.approx(1000 * make(sigma=None).noise.prior.scale, rel=1e-12)


def test_another_prior_or_sigma_shares_the_design_and_changes_nothing_else():
    reg = make(weights=WEIGHTS, intercept=br.Normal(3.0), center=False)
    other = reg.with_prior(br.Laplace(9.0)).with_sigma(br.HalfNormal(7.0))
    assert other.design is reg.design
    assert other.loss is reg.loss
    assert (other.prior, other.noise.prior) == (br.Laplace(9.0), br.HalfNormal(7.0))
    assert (other.intercept, other.center) == (reg.intercept, False)
    fresh = br.Regression(
        X, Y, prior=br.Laplace(9.0), sigma=2.0, weights=WEIGHTS, intercept=br.Normal(3.0), center=False
    )
    theta = np.array([0.7, -1.2, 0.4, 20.0])
    assert objective_at(other.with_sigma(2.0), theta, 2.0) == objective_at(fresh, theta, 2.0)
    assert isinstance(reg.prior, br.ElasticNetPrior)


@pytest.mark.parametrize("family", ["student_t", "bernoulli"])
def test_another_prior_shares_the_loss_of_the_rows_where_sigma_is_known(family):
    target, sigma = (Y, {"sigma": 2.0}) if family == "student_t" else ((Y.mean() < Y).astype(float), {})
    reg = br.Regression(X, target, prior=br.Laplace(1.0), family=family, **sigma)
    assert reg.with_prior(br.Normal(2.0)).row_loss is reg.row_loss


def test_another_prior_leaves_an_unknown_sigma_unknown():
    reg = br.Regression(X, Y, prior=br.Laplace(1.0), family="student_t")
    other = reg.with_prior(br.Normal(2.0))
    assert (other.prior, other.noise) == (br.Normal(2.0), reg.noise)
    assert other.with_sigma(2.0).row_loss.sigma == 2.0


def test_a_regression_is_frozen():
    with pytest.raises(dataclasses.FrozenInstanceError):
        make().prior = br.Laplace(1.0)


def test_names_come_from_the_frame():
    frame = pd.DataFrame(X, columns=["a/b", "é", "two words"])
    reg = br.Regression(frame, pd.Series(Y, name="yield"), prior=br.Laplace({"é": 1.0, "two words": 2.0, "a/b": 3.0}))
    assert reg.names == ("a/b", "é", "two words")
    assert list(reg.scales.laplace) == [3.0, 1.0, 2.0]
    assert repr(reg).startswith("Regression(yield ~ 3 columns, n=20, prior=Laplace(")


def test_a_constant_column_warns_and_is_not_divided_by_zero():
    with pytest.warns(ConstantColumnWarning, match=r"\['x1'\]"):
        reg = br.Regression(np.column_stack([X[:, 0], np.full(20, 7.0)]), Y, prior=br.Laplace(1.0))
    assert np.all(np.isfinite(reg.design.matrix))
    assert reg.design.standardization.sd[1] == 1.0


def test_a_constant_column_without_a_prior_is_refused():
    """With an intercept nothing would determine its coefficient."""
    constant = np.column_stack([X[:, 0], np.full(20, 7.0)])
    with (
        pytest.warns(ConstantColumnWarning),
        pytest.raises(PriorError, match=r"\['x1'\] are constant and have a flat prior"),
    ):
        br.Regression(constant, Y, prior=br.Laplace([1.0, np.inf]))


@pytest.mark.parametrize("prior", [None, 0.1, "laplace", br.L1(1.0), br.HalfNormal(1.0), br.Laplace], ids=repr)
def test_what_is_no_prior_is_refused(prior):
    with pytest.raises(PriorError, match="prior must be Laplace, Normal, Horseshoe, another"):
        br.Regression(X, Y, prior=prior)


@pytest.mark.parametrize("sigma", [0, -1.0, np.nan, np.inf, "1", True, [1.0], {}], ids=repr)
def test_what_is_no_sigma_is_refused(sigma):
    with pytest.raises(PriorError, match="sigma must be"):
        make(sigma=sigma)


@pytest.mark.parametrize(
    "intercept",
    [None, 0.0, 1, "yes", br.Laplace(1.0), br.Normal(np.inf), br.Normal([1.0, 2.0]), br.Normal(br.HalfNormal(1.0))],
    ids=repr,
)
def test_what_is_no_intercept_is_refused(intercept):
    with pytest.raises(PriorError, match="intercept must be True, False or Normal"):
        make(intercept=intercept)


@pytest.mark.parametrize("family", ["binomial", None, 3, "Gaussian"], ids=repr)
def test_an_unknown_family_names_those_that_exist(family):
    with pytest.raises(UnsupportedError, match="available: gaussian"):
        make(family=family)


def test_scales_that_do_not_fit_the_columns_are_refused():
    with pytest.raises(PriorError, match="2 values for 3 columns"):
        make(prior=br.Laplace([1.0, 2.0]))
    with pytest.raises(PriorError, match=r"missing .*x1"):
        make(prior=br.Laplace({"x0": 1.0, "x2": 1.0}))
    with pytest.raises(PriorError, match="2 values for 3 columns"):
        make(prior=br.Normal(1.0, loc=[1.0, 2.0]))


def test_moments_must_be_moments():
    with pytest.raises(DataError, match="expected Moments, got DataFrame"):
        br.Regression.from_moments(pd.DataFrame(X), prior=br.Laplace(1.0))


def test_rows_are_needed_where_rows_are_asked_for():
    reg = br.Regression.from_moments(make().design.moments, prior=br.Laplace(1.0))
    with pytest.raises(DataError, match="made from moments"):
        _ = reg.design.matrix


def test_a_target_that_does_not_vary_needs_a_sigma():
    with pytest.raises(DataError, match="give sigma as a number"):
        br.Regression(X, np.full(20, 3.0), prior=br.Laplace(1.0))
    reg = br.Regression(X, np.full(20, 3.0), prior=br.Laplace(1.0), sigma=1.0)
    assert objective_at(reg, np.zeros(3), 1.0) == 0.0


def test_an_unknown_scale_is_no_number():
    reg = make(prior=br.Laplace(br.HalfNormal(1.0)))
    assert not reg.scale_known
    with pytest.raises(PriorError, match="needs a number"):
        _ = reg.scales


@pytest.mark.parametrize("kind", [br.Laplace, br.Normal])
def test_scales_at_scale_1(kind):
    X, y = np.random.default_rng(0).normal(size=(9, 2)), np.arange(9.0)
    known = br.Regression(X, y, prior=kind([0.5, 2.0]))
    unknown = known.with_prior(kind(br.HalfNormal(3.0)))
    part, other = ("laplace", "normal") if kind is br.Laplace else ("normal", "laplace")
    np.testing.assert_array_equal(getattr(known.unit_scales, part), [0.5, 2.0])
    np.testing.assert_array_equal(getattr(unknown.unit_scales, part), [1.0, 1.0])
    np.testing.assert_array_equal(getattr(unknown.unit_scales, other), [np.inf, np.inf])

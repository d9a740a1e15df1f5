"""The joint mode of (beta, sigma): a stationary point, the highest one, and an error where there is none."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import optimize

import bayesreg as br
from bayesreg.errors import ConvergenceError, ModeError, MultimodalWarning
from bayesreg.model.log_density import log_likelihood, log_prior
from bayesreg.model.unknowns import Unknowns
from bayesreg.optimize import joint_mode

steady = settings(deadline=None, derandomize=True, max_examples=15)
NOISES = {
    "half-normal": br.HalfNormal(2.0),
    "exponential": br.Exponential(0.3),
    "half-t": br.HalfStudentT(3.0, 2.0),
    "inverse gamma": br.InverseGamma(2.0, 3.0),
    "inverse gamma on sd": br.InverseGamma(2.0, 3.0, on="sd"),
    "jeffreys": br.Jeffreys(),
}
PRIORS = {
    "laplace": lambda scaled: br.Laplace(0.3, scaled),
    "normal": lambda scaled: br.Normal(0.7, scaled),
    "elastic net": lambda scaled: br.ElasticNetPrior([0.2, 0.2, np.inf], [np.inf, 1.0, np.inf], scaled),
}
INTERCEPTS = {
    "flat": {"intercept": True},
    "none": {"intercept": False},
    "normal": {"intercept": br.Normal(2.0, loc=1.0)},
    "normal at 0": {"intercept": br.Normal(2.0, loc=1.0), "center": False},
}

DIMENSIONS = (PRIORS, (False, True), NOISES, INTERCEPTS)


def small(seed=0, n=30, p=3):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, p))
    return X, 2 + X @ np.r_[1.0, 0.02, -0.5, np.zeros(p)][:p] + rng.normal(size=n)


def make(prior="laplace", scaled=False, noise="half-normal", intercept="flat"):
    return br.Regression(*small(), prior=PRIORS[prior](scaled), sigma=NOISES[noise], **INTERCEPTS[intercept])


def log_posterior(reg, beta, at_center, sigma):
    """The whole joint density; that it is the right one is shown in pymc/test_model.py."""
    point = Unknowns(np.asarray(beta), np.asarray(at_center), np.asarray(sigma))
    return float(log_likelihood(reg, point) + log_prior(reg, point))


def derivative(function, at, h):
    values = [function(at + k * h) for k in (-2, -1, 1, 2)]
    return (values[0] - 8 * values[1] + 8 * values[2] - values[3]) / (12 * h)


def at_center_of(reg, fit):
    return float(reg.design.standardization.intercept_at_center(fit.intercept, fit.coef))


def is_chosen(combination):
    """A part of all combinations in which every two options of different kinds meet."""
    prior, scaled, noise, intercept = (
        list(options).index(option) for options, option in zip(DIMENSIONS, combination, strict=True)
    )
    return (noise + intercept) % 3 == prior and (noise // 3 + intercept) % 2 == scaled


COMBINATIONS = [
    pytest.param(*combination, marks=() if is_chosen(combination) else pytest.mark.slow)
    for combination in itertools.product(*DIMENSIONS)
]


@pytest.mark.parametrize(("prior", "scaled", "noise", "intercept"), COMBINATIONS)
def test_the_log_posterior_is_stationary_there(prior, scaled, noise, intercept):
    """In sigma itself, the intercept and every coefficient; at a zero it falls to both sides."""
    reg = make(prior, scaled, noise, intercept)
    fit = br.map_estimate(reg)
    assert fit.mode == "joint (beta, sigma)"
    assert fit.certificate.kkt <= 1e-9
    assert fit.certificate.sigma_slope <= 1e-8
    at_center = at_center_of(reg, fit)

    def along(j):
        return lambda t: log_posterior(reg, np.where(np.arange(3) == j, t, fit.beta), at_center, fit.sigma)

    assert abs(derivative(lambda t: log_posterior(reg, fit.beta, at_center, t), fit.sigma, 1e-4)) < 1e-5
    if reg.intercept is not False:
        assert abs(derivative(lambda t: log_posterior(reg, fit.beta, t, fit.sigma), at_center, 1e-4)) < 1e-5
    for j in range(3):
        if fit.beta[j] == 0:
            assert max(along(j)(1e-6), along(j)(-1e-6)) < along(j)(0.0)
        else:
            assert abs(derivative(along(j), fit.beta[j], 1e-5)) < 1e-5


@pytest.mark.parametrize("scaled", [False, True])
@pytest.mark.parametrize("prior", PRIORS)
def test_no_search_finds_a_higher_point(prior, scaled):
    """Powell's method over (beta, intercept, log sigma), from three starts."""
    reg = make(prior, scaled)
    fit = br.map_estimate(reg)
    top = log_posterior(reg, fit.beta, at_center_of(reg, fit), fit.sigma)
    rng = np.random.default_rng(0)
    found = [
        optimize.minimize(
            lambda q: -log_posterior(reg, q[:3], q[3], np.exp(q[4])),
            np.r_[rng.normal(size=3), 2 + rng.normal(), rng.normal()],
            method="Powell",
            options={"xtol": 1e-9, "ftol": 1e-14, "maxiter": 10_000},
        )
        for _ in range(3)
    ]
    assert all(-result.fun <= top + 1e-9 for result in found)
    best = min(found, key=lambda result: result.fun)
    assert -best.fun == pytest.approx(top, abs=1e-6)
    np.testing.assert_allclose(best.x[:3], fit.beta, atol=1e-3)
    assert np.exp(best.x[4]) == pytest.approx(fit.sigma, rel=1e-3)


def test_given_its_sigma_it_is_the_map_estimate():
    reg = make()
    joint = br.map_estimate(reg)
    given_sigma = br.map_estimate(reg.with_sigma(joint.sigma))
    np.testing.assert_allclose(joint.beta, given_sigma.beta, rtol=1e-10)
    assert given_sigma.mode == "beta given sigma"
    assert joint.objective == pytest.approx(given_sigma.objective, rel=1e-12)


def test_without_shrinkage_it_is_least_squares():
    """With p(σ) ∝ 1/σ, sigma² is RSS/(n + 1): the mode in sigma itself of σ^−(n+1) exp(−RSS/2σ²)."""
    X, y = small()
    fit = br.map_estimate(br.Regression(X, y, prior=br.Normal(np.inf), sigma=br.Jeffreys()))
    coef, rss = np.linalg.lstsq(np.column_stack([np.ones(30), X]), y, rcond=None)[:2]
    np.testing.assert_allclose(np.r_[fit.intercept, fit.coef], coef, rtol=1e-9)
    assert fit.sigma**2 == pytest.approx(rss[0] / 31, rel=1e-9)


def test_moments_are_enough():
    reg = make("elastic net")
    other = br.Regression.from_moments(reg.design.moments, prior=reg.prior, sigma=reg.noise.prior)
    ours, theirs = br.map_estimate(reg), br.map_estimate(other)
    np.testing.assert_allclose(theirs.beta, ours.beta, rtol=1e-8)
    assert theirs.sigma == pytest.approx(ours.sigma, rel=1e-9)


STRAIGHT = np.array([-2.5, -1.5, -0.5, 0.5, 1.5, 2.5])
NEARLY = STRAIGHT + 1e-5 * np.array([1, -1, 1, 1, -1, -1])


def strong_signal(scale, **given):
    """Six rows and one column that explains nearly all: a mode with the column, and one without it."""
    return br.Regression(STRAIGHT[:, None], NEARLY, prior=br.Laplace(scale, **given), sigma=br.HalfCauchy(10.0))


def profile(reg, sigmas):
    """Height of the best beta at each sigma, from the certified estimate at that sigma."""
    points = [br.map_estimate(reg.with_sigma(float(sigma))) for sigma in sigmas]
    return np.array([log_posterior(reg, fit.beta, at_center_of(reg, fit), fit.sigma) for fit in points])


def local_maxima(values):
    return 1 + np.flatnonzero((values[1:-1] > values[:-2]) & (values[1:-1] > values[2:]))


@pytest.mark.parametrize(("scale", "zeros"), [(0.03, 0), (0.005, 1)])
def test_two_modes_are_warned_of_and_the_higher_is_returned(scale, zeros):
    """An unconditional Laplace prior, few rows and a strong signal (Park & Casella 2008, section 4)."""
    reg = strong_signal(scale)
    sigmas = np.geomspace(1e-6, 20, 400)
    heights = profile(reg, sigmas)
    assert len(local_maxima(heights)) == 2
    with pytest.warns(MultimodalWarning) as caught:
        fit = br.map_estimate(reg)
    message = str(caught[0].message)
    assert "has 2 modes" in message
    for k in local_maxima(heights):
        # Each is named with its sigma and its zeros.
        named = [part for part in message.split("; ") if "sigma = " in part]
        values = [float(part.split("sigma = ")[1].split()[0]) for part in named]
        assert min(abs(np.log(value / sigmas[k])) for value in values) < 0.05
    assert "0 zeros" in message
    assert "1 zeros" in message
    assert fit.n_zeros == zeros
    assert abs(np.log(fit.sigma / sigmas[np.argmax(heights)])) < 0.05
    assert log_posterior(reg, fit.beta, at_center_of(reg, fit), fit.sigma) >= np.max(heights) - 1e-9


@pytest.mark.parametrize("scale", np.geomspace(0.018, 0.05, 8))
def test_the_higher_mode_counts_the_prior_of_the_intercept(scale):
    """The mode with the wider sigma has an intercept nearer to its prior's mean, which is worth something."""
    reg = br.Regression(
        STRAIGHT[:, None], 5 + NEARLY, prior=br.Laplace(scale), sigma=br.HalfCauchy(10.0), intercept=br.Normal(1.0)
    )
    heights = profile(reg, np.geomspace(1e-6, 20, 100))
    assert len(local_maxima(heights)) == 2
    with pytest.warns(MultimodalWarning):
        fit = br.map_estimate(reg)
    assert log_posterior(reg, fit.beta, at_center_of(reg, fit), fit.sigma) >= np.max(heights) - 1e-9


@steady
@given(st.integers(0, 10**6), st.sampled_from([0.003, 0.03, 0.3, 3.0]), st.sampled_from(["half-t", "jeffreys"]))
def test_a_prior_scaled_by_sigma_has_one_mode(seed, scale, noise):
    """Also with few rows, a strong signal and more columns than rows; to be warned of a second would be an error."""
    rng = np.random.default_rng(seed)
    n, p = int(rng.integers(4, 8)), int(rng.integers(1, 10))
    X = rng.normal(size=(n, p))
    y = X[:, 0] + 10.0 ** rng.uniform(-3, 1) * rng.normal(size=n)
    reg = br.Regression(X, y, prior=br.Laplace(scale, scaled_by_sigma=True), sigma=NOISES[noise])
    fit = br.map_estimate(reg)
    heights = profile(reg, fit.sigma * np.geomspace(1e-3, 1e3, 61))
    assert len(local_maxima(heights)) == 1


def test_the_strong_signal_has_one_mode_when_scaled_by_sigma():
    assert br.map_estimate(strong_signal(0.03, scaled_by_sigma=True)).certificate.sigma_slope < 1e-8


@pytest.mark.parametrize("prior", [br.Laplace(0.3), br.Normal(0.3), br.ElasticNetPrior(0.3, 1.0)], ids=repr)
@pytest.mark.parametrize("noise", [None, br.HalfNormal(1.0), br.HalfCauchy(1.0), br.Jeffreys()], ids=repr)
def test_more_columns_than_rows_without_scaling_have_no_mode(prior, noise):
    """The density grows without bound as sigma falls to 0 along an exact fit; the error names the cures."""
    reg = br.Regression(*small(n=8, p=20), prior=prior, sigma=noise)
    with pytest.raises(ModeError, match=r"scaled_by_sigma=True.*InverseGamma"):
        br.map_estimate(reg)


@pytest.mark.parametrize("cure", ["scaled", "inverse gamma"])
def test_the_cures_that_the_error_names_are_cures(cure):
    prior = br.Laplace(0.3, scaled_by_sigma=cure == "scaled")
    noise = br.HalfNormal(1.0) if cure == "scaled" else br.InverseGamma(2.0, 1.0)
    fit = br.map_estimate(br.Regression(*small(n=8, p=20), prior=prior, sigma=noise))
    assert fit.certificate.kkt <= 1e-9
    assert fit.certificate.sigma_slope <= 1e-8


def test_an_exact_fit_has_no_mode():
    x = np.arange(6.0)[:, None]
    with pytest.raises(ModeError, match="runs to 0"):
        br.map_estimate(br.Regression(x, 2 * x[:, 0], prior=br.Laplace(1.0)))


def test_a_target_without_variation_has_no_mode():
    reg = br.Regression(np.arange(6.0)[:, None], np.full(6, 3.0), prior=br.Laplace(1.0), sigma=br.HalfNormal(1.0))
    with pytest.raises(ModeError, match="does not vary"):
        br.map_estimate(reg)


def test_a_wrong_sigma_is_no_answer(monkeypatch):
    """A root finder that ends elsewhere, with the right beta for the wrong sigma."""
    right = joint_mode._refine

    def wrong(reg, low, high):
        _, sigma = right(reg, low, high)
        return joint_mode.minimize_at(reg, 2 * sigma), 2 * sigma

    monkeypatch.setattr(joint_mode, "_refine", wrong)
    with pytest.raises(ConvergenceError):
        br.map_estimate(make())

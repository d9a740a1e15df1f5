"""What is no regression, no vector or no number is refused by name, before anything is computed."""

import numpy as np
import pytest

import bayesreg as br
from bayesreg.errors import BayesregError, UnsupportedError


@pytest.fixture(scope="module")
def reg():
    rng = np.random.default_rng(0)
    return br.Regression(rng.normal(size=(30, 3)), rng.normal(size=30), prior=br.Laplace(1.0), sigma=1.0)


@pytest.mark.parametrize("function", [br.map_estimate, br.path, br.budget, br.strength_max, br.least_squares])
@pytest.mark.parametrize("given", [None, "x", 3, np.zeros((3, 2)), {}])
def test_no_regression(function, given):
    with pytest.raises(BayesregError, match="expected a Regression"):
        function(given)


@pytest.mark.parametrize("beta", [None, "x", np.zeros(2), np.zeros((3, 1)), [np.nan] * 3, ["a"] * 3, {1, 2}, [1j] * 3])
def test_no_vector(reg, beta):
    with pytest.raises(BayesregError, match="beta"):
        br.certify(reg, beta)
    if beta is not None:
        with pytest.raises(BayesregError, match="start"):
            br.map_estimate(reg, beta)


@pytest.mark.parametrize("value", ["x", np.nan, np.inf, True, [1.0]])
def test_no_sigma_or_intercept_to_certify_at(reg, value):
    with pytest.raises(BayesregError, match="sigma"):
        br.certify(reg, np.zeros(3), sigma=value)
    with pytest.raises(BayesregError, match="intercept"):
        br.certify(reg, np.zeros(3), intercept=value)


@pytest.mark.parametrize("strengths", ["x", [], [1, np.nan], [-1.0], 0, True, np.ones((2, 2)), {"a": 1.0}, [np.inf]])
def test_no_strengths_of_a_path(reg, strengths):
    with pytest.raises(BayesregError, match="strength"):
        br.path(reg, strengths)


@pytest.mark.parametrize("flag", ["standardize", "center"])
@pytest.mark.parametrize("value", ["yes", None, 1, [True]])
def test_flags_are_true_or_false(flag, value):
    with pytest.raises(BayesregError, match=f"{flag} must be True or False"):
        br.Regression(np.eye(3), [1.0, 2.0, 4.0], prior=br.Laplace(1.0), sigma=1.0, **{flag: value})


def test_flags_of_numpy_are_flags():
    settings = {"standardize": np.bool_(False), "center": np.bool_(True), "intercept": np.bool_(True)}
    reg = br.Regression(np.eye(3), [1.0, 2.0, 4.0], prior=br.Laplace(1.0), sigma=1.0, **settings)
    assert reg.intercept is True
    assert reg.center is True


@pytest.mark.parametrize("family", ["student_t", "laplace"])
def test_joint_mode_of_robust_noise_names_a_cure_that_works(reg, family):
    rows = reg.design.rows
    unknown = br.Regression(rows.X, rows.y, prior=br.Laplace(1.0), family=family)
    with pytest.raises(UnsupportedError, match="with_sigma"):
        br.map_estimate(unknown)
    assert br.map_estimate(unknown.with_sigma(1.0)).certificate.kkt < 1e-9


@pytest.mark.parametrize("X", [np.ones((5, 2)), np.zeros((5, 2))])
@pytest.mark.parametrize("prior", [br.Normal(1.0), br.Laplace(1.0)])
@pytest.mark.filterwarnings("ignore::bayesreg.errors.ConstantColumnWarning")
def test_path_of_constant_columns_is_zero(X, prior):
    fits = br.path(br.Regression(X, np.arange(5.0), prior=prior, sigma=1.0))
    assert np.all(fits.beta == 0)
    assert np.all(fits.strengths > 0)


@pytest.mark.parametrize("intercept", [True, False, br.Normal(1.0)])
@pytest.mark.parametrize(
    "family", ["gaussian", pytest.param("student_t", marks=pytest.mark.slow), "laplace", "bernoulli", "poisson"]
)
def test_budget_and_back_with_every_intercept(family, intercept):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(40, 3))
    counts = rng.poisson(np.exp(0.5 * X[:, 0])).astype(float)
    y = {"bernoulli": (counts > 0).astype(float), "poisson": counts}.get(family, X[:, 0] + rng.normal(size=40))
    noise = {} if family in ("bernoulli", "poisson") else {"sigma": 1.0}
    for extra in ({}, {"weights": rng.exponential(size=40) + 0.1}, {"offset": rng.normal(size=40)}):
        given = br.Regression(X, y, prior=br.Laplace(0.3), family=family, intercept=intercept, **noise, **extra)
        there = br.budget(given)
        assert 0 < there.t < there.least_squares
        if family != "laplace":
            # Under a loss with kinks many strengths have one budget and many budgets no strength.
            back = br.strength_for_budget(given, 0.5 * there.t)
            assert back.t == pytest.approx(0.5 * there.t, rel=1e-8)
            assert back.strength > there.strength

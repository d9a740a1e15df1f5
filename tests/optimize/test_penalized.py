"""The other route to the same minimum: scikit-learn's and skglm's solvers through the dictionary."""

import re
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import linear_model

import bayesreg as br
from bayesreg.errors import ConvergenceError, DataError, PriorError, UnsupportedError
from bayesreg.optimize import penalized
from bayesreg.optimize.foreign import families
from bayesreg.optimize.solvers import active_set, ridge

steady = settings(deadline=None, derandomize=True, max_examples=25)
SCALES = np.array([0.1, 0.2, 0.5, 1.0])
PRIORS = {
    "laplace": br.Laplace(0.2),
    "normal": br.Normal(0.5),
    "elastic net": br.ElasticNetPrior(0.2, 0.5),
    "laplace by column": br.Laplace(SCALES),
    "normal by column": br.Normal(SCALES),
    "elastic net by column": br.ElasticNetPrior(SCALES, SCALES[::-1]),
    "one column unpenalized": br.Laplace([np.inf, 0.1, 0.1, 0.1]),
    "two columns unpenalized": br.Laplace([np.inf, 0.1, 0.3, np.inf]),
    "ridge, one column unpenalized": br.Normal([0.5, np.inf, 0.5, 0.2]),
    "all columns unpenalized": br.Laplace(np.inf),
    "scaled by sigma": br.Laplace(0.2, scaled_by_sigma=True),
}
SETTINGS = {
    "plain": {},
    "no intercept": {"intercept": False},
    "weights and offset": {"weights": np.linspace(0.5, 3, 30), "offset": np.linspace(-5, 5, 30)},
    "not standardized": {"standardize": False},
    "normal intercept": {"intercept": br.Normal(1.0, loc=-2.0)},
}


def draw(seed=0, n=30):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, 4)) @ rng.normal(size=(4, 4))
    return X, 3 + X @ rng.normal(size=4) + rng.normal(size=n)


def assert_same(ours, theirs):
    assert np.max(np.abs(ours.beta - theirs.beta)) <= 1e-8 * np.max(np.abs(theirs.beta))
    assert np.array_equal(ours.beta == 0, theirs.beta == 0)
    assert ours.intercept == pytest.approx(theirs.intercept, rel=1e-8)
    assert ours.objective == pytest.approx(theirs.objective, rel=1e-12)


@pytest.mark.parametrize("setting", SETTINGS)
@pytest.mark.parametrize("name", PRIORS)
def test_both_routes_meet(name, setting):
    reg = br.Regression(*draw(), prior=PRIORS[name], sigma=1.5, **SETTINGS[setting])
    theirs = br.penalized_estimate(reg)
    assert_same(br.map_estimate(reg), theirs)
    assert theirs.certificate.kkt <= 1e-7
    assert theirs.certificate.gap <= 1e-12
    assert theirs.method.startswith("penalized least squares by ")


@steady
@given(st.integers(0, 10**6))
def test_both_routes_meet_anywhere(seed):
    rng = np.random.default_rng(seed)
    scales = rng.choice([0.05, 0.2, 1.0, np.inf], size=4)
    reg = br.Regression(*draw(seed), prior=br.Laplace(scales), sigma=10.0 ** rng.uniform(-1, 1))
    assert_same(br.map_estimate(reg), br.penalized_estimate(reg))


@pytest.mark.parametrize("prior", [br.Laplace(0.2), br.Normal(0.5)])
def test_a_normal_intercept_at_zero_is_an_l2_term_beside_the_columns(prior):
    reg = br.Regression(*draw(), prior=prior, sigma=1.5, intercept=br.Normal(1.0), center=False)
    assert_same(br.map_estimate(reg), br.penalized_estimate(reg))


def test_columns_with_only_an_l2_term_beside_columns_with_an_l1_term():
    reg = br.Regression(
        *draw(), prior=br.ElasticNetPrior([0.2, np.inf, 0.2, 0.2], [np.inf, 0.5, np.inf, np.inf]), sigma=1.0
    )
    assert_same(br.map_estimate(reg), br.penalized_estimate(reg))


@pytest.mark.parametrize("name", ["laplace", "normal", "elastic net", "one column unpenalized"])
def test_moments_are_enough(name):
    reg = br.Regression(*draw(), prior=PRIORS[name], sigma=1.5)
    other = br.Regression.from_moments(reg.design.moments, prior=PRIORS[name], sigma=1.5)
    theirs = br.penalized_estimate(other)
    np.testing.assert_allclose(theirs.beta, br.map_estimate(reg).beta, rtol=1e-7)
    assert theirs.objective == pytest.approx(br.map_estimate(reg).objective, rel=1e-9)


@pytest.mark.parametrize("prior", [br.Laplace(0.1), br.Normal(0.1), br.ElasticNetPrior(0.1, 0.3)], ids=repr)
def test_more_columns_than_rows(wide, prior):
    reg = br.Regression(*wide, prior=prior, sigma=1.0)
    assert_same(br.map_estimate(reg), br.penalized_estimate(reg))


def test_it_knows_nothing_of_our_solvers(monkeypatch):
    """The two routes share no solver: with ours broken, theirs still works."""
    reg = br.Regression(*draw(), prior=br.Laplace(0.2), sigma=1.5)
    expected = br.map_estimate(reg).beta

    def broken(*arguments, **more):
        raise AssertionError("our solver was called")

    monkeypatch.setattr(active_set, "minimize", broken)
    monkeypatch.setattr(ridge, "minimize", broken)
    np.testing.assert_allclose(br.penalized_estimate(reg).beta, expected, rtol=1e-8)


def test_it_is_sklearn_that_runs(monkeypatch):
    calls = []
    fit = linear_model.Lasso.fit
    monkeypatch.setattr(
        linear_model.Lasso, "fit", lambda self, *data, **more: calls.append(self) or fit(self, *data, **more)
    )
    reg = br.Regression(*draw(), prior=br.Laplace(0.2), sigma=1.5)
    assert br.penalized_estimate(reg).method.endswith("sklearn.Lasso")
    # λ = σ²/b in ½RSS is α = λ/n in RSS/(2n).
    assert calls[-1].alpha == pytest.approx(1.5**2 / 0.2 / 30, rel=1e-14)


@pytest.mark.parametrize("setting", SETTINGS)
@pytest.mark.parametrize("name", PRIORS)
def test_scipy_meets_too(name, setting):
    reg = br.Regression(*draw(), prior=PRIORS[name], sigma=1.5, **SETTINGS[setting])
    theirs = br.penalized_estimate(reg, solver="scipy")
    assert theirs.method == "penalized least squares by scipy.optimize.minimize"
    assert_same(br.map_estimate(reg), theirs)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["laplace", "elastic net", "laplace by column", "one column unpenalized"])
def test_skglm_meets_too(name):
    reg = br.Regression(*draw(), prior=PRIORS[name], sigma=1.5)
    theirs = br.penalized_estimate(reg, solver="skglm")
    assert "skglm" in theirs.method
    assert_same(br.map_estimate(reg), theirs)


@pytest.mark.slow
def test_skglm_has_no_ridge():
    with pytest.raises(UnsupportedError, match='use solver="sklearn"'):
        br.penalized_estimate(br.Regression(*draw(), prior=br.Normal(1.0), sigma=1.0), solver="skglm")


@pytest.fixture(scope="module")
def counts():
    X, _ = draw()
    return br.Regression(X, np.random.default_rng(4).poisson(2.0, len(X)), prior=br.Laplace(0.2), family="poisson")


def test_the_first_package_that_has_the_form_is_taken(counts):
    theirs = br.penalized_estimate(counts)
    assert "statsmodels" in theirs.method
    assert_same(br.map_estimate(counts), theirs)


def test_a_package_that_does_not_converge_is_followed_by_the_next(monkeypatch):
    def stuck(A, b, l1, l2):
        raise ConvergenceError("stuck")

    monkeypatch.setitem(penalized._FITS, "sklearn", stuck)
    reg = br.Regression(*draw(), prior=br.Laplace(0.2), sigma=1.0)
    theirs = br.penalized_estimate(reg)
    assert "scipy" in theirs.method
    assert_same(br.map_estimate(reg), theirs)
    with pytest.raises(ConvergenceError, match="stuck"):
        br.penalized_estimate(reg, solver="sklearn")


def fail(failure):
    def fit(*arguments, **more):
        raise failure

    return fit


BAD_ANSWERS = {
    "wrong": lambda *given: (np.ones(4), "a tool"),
    "near, but not there": lambda A, b, l1, l2: (penalized._fit_sklearn(A, b, 1.001 * l1, l2)[0], "a tool"),
    "not a number": lambda *given: (np.full(4, np.nan), "a tool"),
    "infinite": lambda *given: (np.full(4, np.inf), "a tool"),
    "huge": lambda *given: (np.full(4, 1e200), "a tool"),
    "of the wrong length": lambda *given: (np.ones(3), "a tool"),
    "a ValueError": fail(ValueError("Input contains NaN")),
    "an overflow": fail(OverflowError("too large")),
    "a singular matrix": fail(np.linalg.LinAlgError("Singular matrix")),
    "a warning raised": fail(RuntimeWarning("overflow encountered in exp")),
}


@pytest.mark.parametrize("bad", BAD_ANSWERS)
def test_a_bad_answer_is_never_handed_back(monkeypatch, bad):
    """The tool's own point is judged: asked for alone it is an error, else the next tool answers."""
    reg = br.Regression(*draw(), prior=br.Laplace(0.2), sigma=1.5)
    monkeypatch.setitem(penalized._FITS, "sklearn", BAD_ANSWERS[bad])
    with pytest.raises(ConvergenceError):
        br.penalized_estimate(reg, solver="sklearn")
    theirs = br.penalized_estimate(reg)
    assert "scipy" in theirs.method
    assert_same(br.map_estimate(reg), theirs)


def test_where_no_tool_reaches_the_minimum_each_is_named_with_its_distance(monkeypatch):
    reg = br.Regression(*draw(), prior=br.Laplace(0.2), sigma=1.5)
    monkeypatch.setitem(penalized._FITS, "sklearn", BAD_ANSWERS["wrong"])
    monkeypatch.setitem(penalized._FITS, "skglm", BAD_ANSWERS["a ValueError"])
    monkeypatch.setattr(penalized, "minimize_split", lambda loss, l1, l2, start: start)
    with pytest.raises(ConvergenceError) as caught:
        br.penalized_estimate(reg)
    message = str(caught.value)
    assert re.search(r"sklearn: .*violates the optimality conditions by \d", message)
    assert re.search(r"scipy: .*violates the optimality conditions by \d", message)
    assert "skglm: skglm failed with ValueError: Input contains NaN" in message
    assert "use br.map_estimate" in message
    assert br.map_estimate(reg).certificate.kkt < 1e-9


def test_a_looser_tolerance_goes_on_where_the_tighter_one_was_given_up(monkeypatch):
    """So few sweeps that no tolerance is met; the next start is where the last one ended."""
    starts = []

    class Watched(linear_model.Lasso):
        def fit(self, A, b):
            starts.append(getattr(self, "coef_", np.zeros(A.shape[1])).copy())
            return super().fit(A, b)

    monkeypatch.setattr(penalized, "_sweeps", lambda multiplications: 2)
    rng = np.random.default_rng(0)
    A = rng.normal(size=(30, 5)) + 3 * rng.normal(size=(30, 1))
    with pytest.raises(ConvergenceError, match="did not reach a relative gap"):
        penalized._descend(Watched, {"alpha": 1e-4}, A, A @ np.arange(5.0) + rng.normal(size=30))
    assert len(starts) == len(penalized.TOLERANCES)
    assert not np.array_equal(starts[1], starts[0])
    assert not np.array_equal(starts[2], starts[1])


def test_packages_that_are_absent_are_named(counts, monkeypatch):
    monkeypatch.setitem(sys.modules, "statsmodels.api", None)
    assert "scipy" in br.penalized_estimate(counts).method
    monkeypatch.setattr(families, "minimize_split", lambda loss, l1, l2, start: start)
    with pytest.raises(ConvergenceError, match=r"PoissonRegressor has no L1 term.*Not installed.*: statsmodels"):
        br.penalized_estimate(counts)


def test_what_is_missing_is_named():
    reg = br.Regression(*draw(), prior=br.Laplace(0.2))
    with pytest.raises(PriorError, match=r"use reg\.with_sigma"):
        br.penalized_estimate(reg)
    with pytest.raises(PriorError, match="needs a number"):
        br.penalized_estimate(reg.with_sigma(1.0).with_prior(br.Laplace(br.HalfNormal(1.0))))
    for unknown in ("glmnet", None, 3, ["sklearn"], ""):
        with pytest.raises(UnsupportedError, match="available: auto, sklearn, statsmodels, scipy, skglm"):
            br.penalized_estimate(reg.with_sigma(1.0), solver=unknown)
    with pytest.raises(UnsupportedError, match="for the gaussian family; available: sklearn, skglm, scipy"):
        br.penalized_estimate(reg.with_sigma(1.0), solver="statsmodels")
    for nothing in (None, np.eye(3), "diabetes", br.Laplace(1.0), br.Regression):
        with pytest.raises(DataError, match="expected a Regression"):
            br.penalized_estimate(nothing)


def test_columns_of_very_different_size_all_count():
    """Beside a column in 1e9 one in 1e-9 must not be taken for 0: the ridge is the same in any units."""
    X, y = draw()
    units = np.array([1e9, 1e-9, 1.0, 1e-5])
    given = {"sigma": 1.0, "standardize": False, "intercept": False}
    first = br.penalized_estimate(br.Regression(X, y, prior=br.Normal(0.5), **given))
    for solver in ("sklearn", "scipy"):
        other = br.penalized_estimate(br.Regression(X * units, y, prior=br.Normal(0.5 / units), **given), solver)
        np.testing.assert_allclose(other.beta * units, first.beta, rtol=1e-7)


def test_a_coefficient_in_tiny_units_that_is_left_at_0_is_not_accepted(monkeypatch):
    """Its gradient is small beside the others' as they stand, and is not on columns of even size."""
    X, y = draw()
    units = np.array([1e9, 1e-9, 1.0, 1e-5])
    given = {"sigma": 1.0, "standardize": False, "intercept": False}
    rest = [0, 2, 3]
    others = br.map_estimate(br.Regression((X * units)[:, rest], y, prior=br.Normal((0.5 / units)[rest]), **given))
    monkeypatch.setattr(penalized, "minimize_split", lambda *arguments: np.insert(others.beta, 1, 0.0))
    reg = br.Regression(X * units, y, prior=br.Normal(0.5 / units), **given)
    with pytest.raises(ConvergenceError, match="violates the optimality conditions by"):
        br.penalized_estimate(reg, "scipy")


@pytest.mark.parametrize("prior", [br.Laplace(0.2), br.ElasticNetPrior(0.2, 0.4)], ids=repr)
@pytest.mark.parametrize(("unit", "middle"), [(1e-9, 0.0), (1e9, 0.0), (1.0, 1e6), (1e-9, 1e-3)])
def test_least_absolute_deviations_in_any_units_and_far_from_0(unit, middle, prior):
    X, y = draw()
    first = br.penalized_estimate(br.Regression(X, y, prior=prior, family="laplace", sigma=1.0))
    scales = {
        name: getattr(prior, name) * unit for name in ("scale", "laplace_scale", "normal_scale") if hasattr(prior, name)
    }
    reg = br.Regression(X, middle + unit * y, prior=type(prior)(**scales), family="laplace", sigma=unit)
    other = br.penalized_estimate(reg)
    np.testing.assert_allclose(other.beta / unit, first.beta, rtol=1e-6, atol=1e-7)
    assert other.intercept == pytest.approx(middle + unit * first.intercept, rel=1e-9, abs=1e-7 * unit)

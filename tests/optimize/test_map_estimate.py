"""MAP estimates against scikit-learn, skglm, QR and least squares, none of which we wrote."""

import itertools

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import linear_model

import bayesreg as br
from bayesreg.errors import ConstantColumnWarning, ConvergenceError, ModeError, PriorError
from bayesreg.optimize.solvers import active_set, ridge

steady = settings(deadline=None, derandomize=True, max_examples=30)
KINDS = ("laplace", "normal", "elastic net")
DATA = ("diabetes", "diabetes raw", "wide", "wide raw", "odd scales")


@pytest.fixture(scope="module")
def data(diabetes, wide):
    """Name -> (X, y, whether to standardize)."""
    rng = np.random.default_rng(3)
    sizes = 10.0 ** np.array([-6, -3, 0, 1, 3, 6])
    odd = pd.DataFrame(sizes * (rng.normal(size=(80, 6)) + rng.normal(size=(80, 1)) + 5), columns=list("abcdef"))
    target = pd.Series(odd.to_numpy() @ (np.array([3.0, 0, -2, 0, 1, 0.2]) / sizes) + rng.normal(size=80))
    return {
        "diabetes": (*diabetes, True),
        "diabetes raw": (*diabetes, False),
        "wide": (*wide, True),
        "wide raw": (*wide, False),
        "odd scales": (odd, target, True),
    }


def columns_by_hand(X, standardize):
    X = np.asarray(X, dtype=float)
    centered = X - X.mean(axis=0)
    return centered / (centered**2).mean(axis=0) ** 0.5 if standardize else centered


def prior_of(kind, l1, l2, sigma):
    return {
        "laplace": br.Laplace(sigma**2 / l1),
        "normal": br.Normal(sigma / np.sqrt(l2)),
        "elastic net": br.ElasticNetPrior(sigma**2 / l1, sigma / np.sqrt(l2)),
    }[kind]


def sklearn_fit(kind, columns, y, l1, l2):
    """scikit-learn's own fit, in its own convention, from the strengths of ½RSS + l1‖β‖₁ + ½l2‖β‖²."""
    n = len(y)
    if kind == "normal":
        model = linear_model.Ridge(alpha=l2, solver="svd")
    elif kind == "laplace":
        model = linear_model.Lasso(alpha=l1 / n, tol=1e-15, max_iter=1_000_000)
    else:
        total = (l1 + l2) / n
        model = linear_model.ElasticNet(alpha=total, l1_ratio=l1 / (l1 + l2), tol=1e-15, max_iter=1_000_000)
    return model.fit(columns, np.asarray(y))


def relative(found, expected):
    return np.max(np.abs(found - expected)) / max(np.max(np.abs(expected)), 1e-300)


@pytest.mark.parametrize("share", [0.5, 0.05])
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", DATA)
def test_map_is_the_sklearn_fit(data, name, kind, share):
    X, y, standardize = data[name]
    columns = columns_by_hand(X, standardize)
    l1 = share * np.max(np.abs(columns.T @ np.asarray(y)))
    l2 = share * np.mean(np.sum(columns**2, axis=0))
    fit = br.map_estimate(br.Regression(X, y, prior=prior_of(kind, l1, l2, 3.0), sigma=3.0, standardize=standardize))
    expected = sklearn_fit(kind, columns, y, l1, l2)
    assert relative(fit.beta, expected.coef_) <= 1e-8
    assert np.array_equal(fit.beta == 0, expected.coef_ == 0)
    assert fit.n_zeros == np.sum(expected.coef_ == 0)
    assert fit.certificate.kkt <= 1e-9
    assert fit.certificate.gap <= 1e-12
    sd = columns_by_hand(X, False).std(axis=0) if standardize else 1
    np.testing.assert_allclose(fit.coef, fit.beta / sd, rtol=1e-12)
    np.testing.assert_allclose(fit.predict(X), expected.predict(columns), rtol=1e-7, atol=1e-7 * np.std(y))


@pytest.mark.parametrize("name", DATA)
def test_ridge_is_that_of_qr_on_augmented_rows(data, name):
    X, y, standardize = data[name]
    columns = columns_by_hand(X, standardize)
    p = columns.shape[1]
    scales = np.geomspace(0.1, 10, p)
    augmented = np.vstack([columns, np.diag(3.0 / scales)])
    Q, R = np.linalg.qr(augmented)
    expected = np.linalg.solve(R, Q.T @ np.append(np.asarray(y) - np.mean(y), np.zeros(p)))
    fit = br.map_estimate(br.Regression(X, y, prior=br.Normal(scales), sigma=3.0, standardize=standardize))
    assert relative(fit.beta, expected) <= 1e-10


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", ["diabetes", "odd scales"])
def test_moments_are_enough(data, name, kind):
    X, y, standardize = data[name]
    reg = br.Regression(X, y, prior=prior_of(kind, 50.0, 50.0, 3.0), sigma=3.0, standardize=standardize)
    other = br.Regression.from_moments(reg.design.moments, prior=reg.prior, sigma=3.0, standardize=standardize)
    ours, theirs = br.map_estimate(reg), br.map_estimate(other)
    assert relative(theirs.beta, ours.beta) <= 1e-9
    assert np.array_equal(theirs.beta == 0, ours.beta == 0)
    assert theirs.intercept == pytest.approx(ours.intercept, rel=1e-9)


def small(seed=0, n=40, p=4, **given):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, p)) @ rng.normal(size=(p, p))
    y = 3 + X @ rng.normal(size=p) + rng.normal(size=n)
    return X, y


def fit(X, y, prior, **given):
    return br.map_estimate(br.Regression(X, y, prior=prior, **({"sigma": 1.0} | given)))


def enumerated(columns, response, l1):
    """The lasso by enumeration of all sign patterns; columns without a strength are always in."""
    p = columns.shape[1]
    best = None
    for signs in itertools.product(*((-1, 0, 1) if strength else (2,) for strength in l1)):
        active = np.array(signs) != 0
        theta = np.zeros(p)
        pull = columns.T @ response - np.where(np.array(l1) > 0, l1 * np.array(signs), 0)
        theta[active] = (
            np.linalg.lstsq(columns[:, active], response, rcond=None)[0]
            if not np.any(l1)
            else np.linalg.solve(columns[:, active].T @ columns[:, active], pull[active])
        )
        value = 0.5 * np.sum((response - columns @ theta) ** 2) + np.sum(l1 * np.abs(theta))
        if best is None or value < best[0]:
            best = value, theta
    return best[1]


@steady
@given(st.integers(0, 10**6))
def test_scales_by_column_and_unpenalized_columns(seed):
    X, y = small(seed)
    scales = np.random.default_rng(seed).choice([0.05, 0.2, 1.0, np.inf], size=4)
    found = fit(X, y, br.Laplace(scales), standardize=False)
    expected = enumerated(columns_by_hand(X, False), y - y.mean(), 1 / scales)
    np.testing.assert_allclose(found.beta, expected, rtol=1e-7, atol=1e-9)
    assert np.array_equal(found.beta == 0, (expected == 0) & np.isfinite(scales))


@pytest.mark.parametrize("kind", [br.Laplace, br.Normal])
@pytest.mark.parametrize("standardize", [True, False])
def test_strength_zero_is_least_squares(kind, standardize):
    X, y = small()
    found = fit(X, y, kind(np.inf), standardize=standardize)
    expected = np.linalg.lstsq(np.column_stack([np.ones(40), X]), y, rcond=None)[0]
    np.testing.assert_allclose(np.r_[found.intercept, found.coef], expected, rtol=1e-9)
    assert found.n_zeros == 0


def test_a_huge_strength_gives_all_zeros_and_the_mean():
    X, y = small()
    found = fit(X, y, br.Laplace(1e-9))
    assert found.n_zeros == 4
    assert found.intercept == pytest.approx(np.mean(y), rel=1e-14)
    assert np.max(np.abs(fit(X, y, br.Normal(1e-9)).coef)) < 1e-12


@pytest.mark.parametrize("prior", [br.Laplace(0.1), br.Normal(0.3), br.ElasticNetPrior(0.2, 0.5)], ids=repr)
@pytest.mark.parametrize("intercept", [True, False, br.Normal(0.5, loc=1.0)], ids=repr)
@pytest.mark.parametrize("center", [True, False])
def test_weights_are_repeated_rows(prior, intercept, center):
    X, y = small()
    counts = np.random.default_rng(1).integers(1, 5, size=40)
    given = {"intercept": intercept, "center": center}
    weighted = fit(X, y, prior, weights=counts, **given)
    repeated = fit(np.repeat(X, counts, axis=0), np.repeat(y, counts), prior, **given)
    np.testing.assert_allclose(weighted.coef, repeated.coef, rtol=1e-9, atol=1e-12)
    assert weighted.intercept == pytest.approx(repeated.intercept, rel=1e-9, abs=1e-12)
    assert weighted.objective == pytest.approx(repeated.objective, rel=1e-10)


@pytest.mark.parametrize("intercept", [True, False, br.Normal(0.5, loc=1.0)], ids=repr)
def test_an_offset_is_subtracted_from_the_target(intercept):
    X, y = small()
    offset = np.random.default_rng(1).normal(0, 10, size=40)
    found = fit(X, y, br.Laplace(0.1), offset=offset, intercept=intercept)
    expected = fit(X, y - offset, br.Laplace(0.1), intercept=intercept)
    np.testing.assert_allclose(found.coef, expected.coef, rtol=1e-12)
    assert found.intercept == pytest.approx(expected.intercept, rel=1e-12)


@steady
@given(st.integers(0, 10**6))
def test_standardized_estimates_follow_the_units_of_the_columns(seed):
    X, y = small(seed)
    rng = np.random.default_rng(seed)
    factor, shift = 10.0 ** rng.uniform(-6, 6, size=4), rng.normal(size=4)
    ours, theirs = fit(X, y, br.Laplace(0.1)), fit(X * factor + shift * factor, y, br.Laplace(0.1))
    np.testing.assert_allclose(theirs.beta, ours.beta, rtol=1e-7, atol=1e-10)
    np.testing.assert_allclose(theirs.coef * factor, ours.coef, rtol=1e-7, atol=1e-10)
    assert np.array_equal(theirs.beta == 0, ours.beta == 0)


@steady
@given(st.integers(0, 10**6))
def test_the_order_of_the_columns_does_not_matter(seed):
    X, y = small(seed)
    order = np.random.default_rng(seed).permutation(4)
    scales = np.array([0.05, 0.1, 0.2, 0.4])
    np.testing.assert_allclose(
        fit(X[:, order], y, br.Laplace(scales[order])).beta, fit(X, y, br.Laplace(scales)).beta[order], atol=1e-11
    )


@pytest.mark.parametrize("scaled", [True, False])
def test_units_of_the_target_and_of_sigma_go_together(scaled):
    """With a prior scaled by sigma nothing else has units; without, the scale has them."""
    X, y = small()
    scale = 0.1 if scaled else 0.1 * 1e3
    ours = fit(X, y, br.Laplace(0.1, scaled), sigma=1.5)
    theirs = fit(X, 1e3 * y, br.Laplace(scale, scaled), sigma=1.5e3)
    np.testing.assert_allclose(theirs.coef, 1e3 * ours.coef, rtol=1e-10, atol=1e-9)
    assert theirs.certificate.kkt <= 1e-9


@pytest.mark.parametrize("kind", KINDS)
def test_an_intercept_prior_acts_on_the_intercept_and_where_it_is_stated(kind):
    """Minimized over (intercept, coef) by rows: a Normal prior is one more row, loc/scale = a/scale."""
    X, y = small()
    for center in (True, False):
        prior = prior_of(kind, 4.0, 4.0, 1.0)
        found = fit(X, y, prior, intercept=br.Normal(0.5, loc=-2.0), center=center, standardize=False)
        columns = X - X.mean(axis=0) if center else X
        # Weight 1e-8 on its L1 term would show; the intercept has none, so it is projected out with its own row.
        A = np.vstack([np.column_stack([np.ones(40), columns]), np.r_[2.0, np.zeros(4)]])
        b = np.append(y, 2.0 * -2.0)
        basis = A[:, :1] / np.linalg.norm(A[:, 0])
        left, response = A[:, 1:] - basis @ (basis.T @ A[:, 1:]), b - basis[:, 0] * (basis[:, 0] @ b)
        n = len(b)
        if kind == "normal":
            model = linear_model.Ridge(alpha=4.0, fit_intercept=False, solver="svd")
        else:
            total, ratio = (4.0, 1.0) if kind == "laplace" else (8.0, 0.5)
            model = linear_model.ElasticNet(
                alpha=total / n, l1_ratio=ratio, fit_intercept=False, tol=1e-15, max_iter=10**6
            )
        beta = model.fit(left, response).coef_
        assert relative(found.beta, beta) <= 1e-8
        at_center = A[:, 0] @ (b - A[:, 1:] @ beta) / (A[:, 0] @ A[:, 0])
        intercept = at_center - (X.mean(axis=0) @ beta if center else 0)
        assert found.intercept == pytest.approx(intercept, rel=1e-8)


DEGENERATE = {
    "one row": (np.array([[1.0, 2.0]]), np.array([3.0])),
    "two rows": (np.array([[1.0, 2.0], [2.0, -1.0]]), np.array([3.0, 1.0])),
    "one column": (np.arange(10.0)[:, None], np.arange(10.0) ** 2),
    "duplicate columns": (np.column_stack([np.arange(10.0)] * 3), np.arange(10.0) ** 2),
    "collinear columns": (
        np.column_stack([np.arange(10.0), np.arange(10.0) ** 2, 3 * np.arange(10.0) - np.arange(10.0) ** 2]),
        np.sin(np.arange(10.0)),
    ),
    "constant column": (np.column_stack([np.arange(10.0), np.full(10, 4.0)]), np.arange(10.0) ** 2),
    "constant target": (np.arange(10.0)[:, None], np.full(10, 2.0)),
    "exact fit": (np.arange(10.0)[:, None], 3 * np.arange(10.0)),
    "a large offset of the columns": (1e9 + np.arange(10.0)[:, None], np.arange(10.0)),
}


@pytest.mark.filterwarnings("ignore::bayesreg.errors.ConstantColumnWarning")
@pytest.mark.parametrize("intercept", [True, False, br.Normal(2.0)], ids=repr)
@pytest.mark.parametrize("prior", [br.Laplace(0.5), br.Normal(0.5), br.ElasticNetPrior(0.5, 0.5)], ids=repr)
@pytest.mark.parametrize("name", DEGENERATE)
def test_degenerate_data_give_a_certified_finite_answer(name, prior, intercept):
    if "offset" in name and intercept is False:
        pytest.skip("without an intercept nothing is centred, and this is one huge column")
    found = br.map_estimate(br.Regression(*DEGENERATE[name], prior=prior, sigma=0.7, intercept=intercept))
    assert np.all(np.isfinite([*found.beta, *found.coef, found.intercept, found.objective]))
    assert found.certificate.kkt <= 1e-9
    assert found.certificate.gap <= 1e-11


@pytest.mark.parametrize("name", ["two rows", "duplicate columns", "collinear columns"])
def test_unpenalized_columns_may_be_collinear(name):
    """Their fit is unique even where their coefficients are not."""
    X, y = DEGENERATE[name]
    found = fit(X, y, br.Normal(np.inf))
    residual = y - y.mean() - (X - X.mean(axis=0)) @ np.linalg.lstsq(X - X.mean(axis=0), y - y.mean(), rcond=None)[0]
    assert found.objective == pytest.approx(0.5 * residual @ residual, rel=1e-9, abs=1e-18)
    assert found.certificate.kkt <= 1e-9
    X = np.column_stack([X, np.cos(np.arange(len(y)))])
    found = fit(X, y, br.Laplace(np.r_[np.full(X.shape[1] - 1, np.inf), 0.5]))
    assert found.certificate.kkt <= 1e-9
    assert found.certificate.gap <= 1e-11


def test_a_constant_column_gets_a_zero_and_a_warning():
    with pytest.warns(ConstantColumnWarning):
        reg = br.Regression(*DEGENERATE["constant column"], prior=br.Laplace(0.5), sigma=0.7)
    assert br.map_estimate(reg).beta[1] == 0


def test_duplicates_share_what_one_column_would_have():
    X, y = DEGENERATE["duplicate columns"]
    for prior in (br.Laplace(0.5), br.ElasticNetPrior(0.5, 2.0)):
        several = fit(X, y, prior)
        if prior.name == "laplace":
            assert several.beta.sum() == pytest.approx(fit(X[:, :1], y, prior).beta[0], rel=1e-9)
        else:
            assert np.ptp(several.beta) < 1e-9


@pytest.mark.slow
def test_skglm_finds_the_same(data):
    """A second package, including strengths by column (0 among them), which scikit-learn has no form for."""
    from skglm import GeneralizedLinearEstimator
    from skglm.datafits import Quadratic
    from skglm.penalties import WeightedL1
    from skglm.solvers import AndersonCD

    X, y, _ = data["diabetes"]
    columns, response = columns_by_hand(X, True), np.asarray(y) - np.mean(y)
    weights = np.linspace(0, 2, 10)
    alpha = 0.1 * np.max(np.abs(columns.T @ response)) / len(y)
    model = GeneralizedLinearEstimator(
        Quadratic(), WeightedL1(alpha, weights), AndersonCD(tol=1e-12, fit_intercept=False, max_iter=500)
    )
    expected = model.fit(np.asfortranarray(columns), response).coef_
    with np.errstate(divide="ignore"):
        scales = 1 / (alpha * len(y) * weights)
    found = fit(X, y, br.Laplace(scales))
    assert relative(found.beta, expected) <= 1e-8
    assert np.array_equal(found.beta == 0, expected == 0)


def test_an_unknown_scale_is_refused():
    X, y = small()
    with pytest.raises(PriorError, match="scale is unknown"):
        fit(X, y, br.Laplace(br.HalfNormal(1.0)))


GARBAGE = {
    "NaN": lambda size: np.full(size, np.nan),
    "infinity": lambda size: np.full(size, np.inf),
    "zeros": np.zeros,
    "a point": lambda size: np.full(size, 0.1),
}


@pytest.mark.parametrize("name", GARBAGE)
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("sigma", [1.0, br.HalfNormal(1.0)], ids=repr)
def test_a_solver_that_returns_garbage_is_no_answer(monkeypatch, name, kind, sigma):
    for solver in (active_set, ridge):
        monkeypatch.setattr(solver, "minimize", lambda loss, *others, **more: GARBAGE[name](loss.size))
    # The search for a joint mode may also find that there is none.
    errors = ConvergenceError if sigma == 1.0 else (ConvergenceError, ModeError)
    with np.errstate(invalid="ignore"), pytest.raises(errors):
        fit(*small(), prior_of(kind, 1.0, 1.0, 1.0), sigma=sigma)


@pytest.mark.parametrize("kind", KINDS)
def test_a_solver_that_stops_early_is_no_answer(monkeypatch, kind):
    """One step of gradient descent from 0 in place of the minimum; and the minimum, off by 1e-6."""
    right = active_set.minimize, ridge.minimize
    for wrong in ("step", "nearly"):
        for solver, own in zip((active_set, ridge), right, strict=True):

            def minimize(loss, *strengths, own=own, wrong=wrong, **more):
                return loss.cross / np.trace(loss.gram) if wrong == "step" else own(loss, *strengths) * (1 + 1e-6)

            monkeypatch.setattr(solver, "minimize", minimize)
        with pytest.raises(ConvergenceError, match="violates the optimality conditions"):
            fit(*small(), prior_of(kind, 1.0, 1.0, 1.0))


def test_an_estimate_says_what_it_is():
    found = fit(*small(), br.Laplace(0.1))
    assert (found.mode, found.sigma, found.names) == ("beta given sigma", 1.0, ("x0", "x1", "x2", "x3"))
    frame = found.to_frame()
    assert list(frame.columns) == ["beta", "coef"]
    assert frame.index.name == "coef_name"


def test_prediction_wants_the_same_columns():
    X, y = small()
    frame = pd.DataFrame(X, columns=list("abcd"))
    found = fit(frame, y, br.Laplace(0.1))
    np.testing.assert_allclose(found.predict(frame), found.intercept + X @ found.coef, rtol=1e-13)
    with pytest.raises(br.errors.DataError, match="the columns are"):
        found.predict(frame[["b", "a", "c", "d"]])
    with pytest.raises(br.errors.DataError, match="3 columns, the regression has 4"):
        found.predict(X[:, :3])


def test_estimate_of_a_formula_predicts_from_its_frame_with_the_levels_it_was_fitted_on():
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"a": rng.normal(size=60), "g": rng.choice(list("xyz"), 60)})
    frame["y"] = frame["a"] + (frame["g"] == "y") + rng.normal(size=60)
    reg = br.Regression.from_formula("y ~ log(abs(a)) * C(g)", frame, prior=br.Laplace(1.0), sigma=1.0)
    fit = br.map_estimate(reg)
    rows = [3, 17, 40]
    expected = fit.intercept + reg.design.rows.X @ fit.coef
    np.testing.assert_allclose(fit.predict(frame), expected, rtol=1e-12)
    np.testing.assert_allclose(fit.predict(frame.iloc[rows].drop(columns="y")), expected[rows], rtol=1e-12)

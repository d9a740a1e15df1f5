"""Paths of 100 points against scikit-learn, point by point."""

import numpy as np
import pytest
from sklearn import linear_model

import bayesreg as br
from bayesreg.errors import ConvergenceError, PriorError
from bayesreg.model.objective import rss_at, strengths_at
from bayesreg.optimize.path import strength_max
from bayesreg.optimize.solvers import active_set, homotopy

KINDS = {
    "laplace": br.Laplace(0.1),
    "normal": br.Normal(0.1),
    "elastic net": br.ElasticNetPrior(0.1, 1.0),
}


def columns_by_hand(X, standardize):
    X = np.asarray(X, dtype=float)
    centered = X - X.mean(axis=0)
    return centered / (centered**2).mean(axis=0) ** 0.5 if standardize else centered


def sklearn_path(kind, columns, y, strengths, ratio):
    """scikit-learn at every strength, each started from the one before; `ratio` is l2/l1 of the elastic net."""
    n, y = len(y), np.asarray(y, dtype=float)
    if kind == "normal":
        return np.array(
            [linear_model.Ridge(alpha=strength, solver="svd").fit(columns, y).coef_ for strength in strengths]
        )
    if kind == "laplace":
        model = linear_model.Lasso(tol=1e-14, max_iter=10**6, warm_start=True)
    else:
        model = linear_model.ElasticNet(l1_ratio=1 / (1 + ratio), tol=1e-14, max_iter=10**6, warm_start=True)
    columns = np.asfortranarray(columns)
    return np.array(
        [model.set_params(alpha=strength * (1 + ratio) / n).fit(columns, y).coef_.copy() for strength in strengths]
    )


def check_path(X, y, kind, standardize):
    reg = br.Regression(X, y, prior=KINDS[kind], sigma=1.0, standardize=standardize)
    fits = br.path(reg)
    assert fits.beta.shape == (100, reg.p)
    assert np.max(fits.kkt) <= 1e-9
    assert np.max(fits.gap) <= 1e-12
    # λ = σ²/b = 10 and κ = σ²/s² = 1 of the elastic net keep their ratio.
    expected = sklearn_path(
        kind, columns_by_hand(X, standardize), y, fits.strengths, 0.1 if kind == "elastic net" else 0
    )
    difference = np.max(np.abs(fits.beta - expected), axis=1)
    # At the first strength of an L1 path the coefficients are 0 or rounding.
    size = np.maximum(np.max(np.abs(expected), axis=1), 1e-6 * np.max(np.abs(expected)))
    assert np.max(difference / size) <= 1e-8
    assert np.array_equal(fits.beta[1:] == 0, expected[1:] == 0)


@pytest.mark.parametrize("kind", KINDS)
def test_diabetes_path_is_sklearns(diabetes, kind):
    check_path(*diabetes, kind, True)


def test_wide_lasso_path_is_sklearns(wide):
    check_path(*wide, "laplace", False)


@pytest.mark.slow
@pytest.mark.parametrize("standardize", [True, False])
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("data", ["diabetes", "wide"])
def test_every_path_is_sklearns(request, data, kind, standardize):
    check_path(*request.getfixturevalue(data), kind, standardize)


def small(n=30, p=4):
    rng = np.random.default_rng(4)
    X = rng.normal(size=(n, p)) @ rng.normal(size=(p, p))
    return X, 3 + X @ rng.normal(size=p) + rng.normal(size=n)


VARIANTS = {
    "by column": {"prior": br.Laplace([0.1, 0.2, 0.5, 1.0])},
    "one unpenalized": {"prior": br.Laplace([np.inf, 0.2, 0.5, 1.0])},
    "no intercept": {"prior": br.Laplace(0.1), "intercept": False},
    "weights and offset": {"prior": br.Laplace(0.1), "weights": np.linspace(1, 4, 30), "offset": np.linspace(0, 9, 30)},
    "normal intercept": {"prior": br.Laplace(0.1), "intercept": br.Normal(1.0, loc=-2.0)},
    "normal intercept at 0": {"prior": br.Laplace(0.1), "intercept": br.Normal(1.0, loc=-2.0), "center": False},
    "ridge by column": {"prior": br.Normal([0.1, 0.2, 0.5, 1.0])},
    "ridge, normal intercept at 0": {"prior": br.Normal(0.1), "intercept": br.Normal(1.0, loc=-2.0), "center": False},
    "elastic net by column": {"prior": br.ElasticNetPrior([0.1, 0.2, 0.5, 1.0], [0.5, 2.0, 1.0, np.inf])},
    "scaled by sigma": {"prior": br.Laplace(0.1, scaled_by_sigma=True)},
    "mixed columns": {"prior": br.ElasticNetPrior([0.1, np.inf, 0.2, np.inf], [np.inf, 0.5, 1.0, np.inf])},
}


def at_strength(reg, factor):
    """The regression whose strengths are `factor` times those of `reg`: b/factor and s/√factor."""
    scales = reg.scales.at(reg.noise.sigma)
    return reg.with_prior(br.ElasticNetPrior(scales.laplace / factor, scales.normal / np.sqrt(factor)))


@pytest.mark.parametrize("variant", VARIANTS)
def test_every_point_is_the_map_estimate_at_its_strength(variant):
    reg = br.Regression(*small(), sigma=1.5, **VARIANTS[variant])
    fits = br.path(reg)
    for k in (0, 30, 60, 99):
        own = br.map_estimate(at_strength(reg, fits.strengths[k] / fits.current))
        np.testing.assert_allclose(fits.beta[k], own.beta, rtol=1e-8, atol=1e-10 * np.max(np.abs(fits.beta)))
        assert fits.n_zeros[k] == own.n_zeros
        np.testing.assert_allclose(fits.coef[k], own.coef, rtol=1e-8, atol=1e-10 * np.max(np.abs(fits.coef)))
    assert np.max(fits.kkt) <= 1e-9


def test_each_estimate_of_a_path_is_certified_by_itself():
    fits = br.path(br.Regression(*small(), prior=br.Laplace(0.1), sigma=1.5))
    assert len(fits.estimates) == 100
    for k in (0, 50, 99):
        assert np.array_equal(fits.estimates[k].beta, fits.beta[k])
        assert fits.estimates[k].certificate.kkt <= 1e-9


@pytest.mark.parametrize("variant", [name for name in VARIANTS if "ridge" not in name])
def test_strength_max_is_where_the_last_coefficient_leaves(variant):
    """With the L2 terms as they are: all zeros just above it; just below, one coefficient is not 0."""
    reg = br.Regression(*small(), sigma=1.5, **VARIANTS[variant])
    l1, scales = strengths_at(reg, 1.5)[0][: reg.p], reg.scales.at(1.5)
    factor = strength_max(reg) / np.max(l1)
    above, below = (
        br.map_estimate(reg.with_prior(br.ElasticNetPrior(scales.laplace / (factor * share), scales.normal)))
        for share in (1.000001, 0.999)
    )
    assert np.all(above.beta[l1 > 0] == 0)
    assert np.sum(below.beta[l1 > 0] != 0) == 1


@pytest.mark.parametrize("data", ["diabetes", "wide"])
def test_strength_max_is_the_largest_correlation(request, data):
    X, y = request.getfixturevalue(data)
    reg = br.Regression(X, y, prior=br.Laplace(0.1), sigma=1.0)
    expected = np.max(np.abs(columns_by_hand(X, True).T @ (np.asarray(y) - np.mean(y))))
    assert strength_max(reg) == pytest.approx(expected, rel=1e-12)


def test_more_strength_never_means_less_penalty():
    """Along the path the penalty's norm falls as the strength grows, and the residuals grow."""
    reg = br.Regression(*small(), prior=br.Laplace(0.1), sigma=1.5)
    fits = br.path(reg)
    norms = np.abs(fits.beta).sum(axis=1)
    rss = [rss_at(reg, beta, 1.5) for beta in fits.beta]
    assert np.all(np.diff(fits.strengths) < 0)
    assert np.all(np.diff(norms) >= -1e-12)
    assert np.all(np.diff(rss) <= 1e-12)


def test_strengths_may_be_given_in_any_order():
    reg = br.Regression(*small(), prior=br.Laplace(0.1), sigma=1.5)
    fits = br.path(reg, [1.0, 100.0, 10.0])
    assert list(fits.strengths) == [100.0, 10.0, 1.0]
    assert fits.current == pytest.approx(1.5**2 / 0.1)
    frame = fits.to_frame()
    assert frame.index.name == "strength"
    assert list(frame.columns) == ["x0", "x1", "x2", "x3"]


@pytest.mark.parametrize("prior", [br.Laplace(0.1), br.Normal(0.1), br.ElasticNetPrior(0.1, 1.0)], ids=repr)
def test_degenerate_data_give_certified_paths(prior):
    """Duplicate and collinear columns, two rows, one column."""
    line = np.arange(10.0)
    cases = [
        (np.column_stack([line, line, 2 * line, np.sin(line)]), line**2),
        (np.array([[1.0, 2.0, 0.5], [2.0, -1.0, 0.5001]]), np.array([3.0, 1.0])),
        (line[:, None], np.cos(line)),
    ]
    for X, y in cases:
        fits = br.path(br.Regression(X, y, prior=prior, sigma=1.0))
        assert np.all(np.isfinite(fits.beta))
        assert np.max(fits.kkt) <= 1e-9


def test_moments_are_enough(diabetes):
    reg = br.Regression(*diabetes, prior=br.Laplace(10.0), sigma=54.0)
    fits = br.path(reg)
    others = br.path(br.Regression.from_moments(reg.design.moments, prior=reg.prior, sigma=54.0))
    np.testing.assert_allclose(others.beta, fits.beta, atol=1e-9 * np.max(np.abs(fits.beta)))


@pytest.mark.parametrize("garbage", [np.nan, 0.0, 1.0])
def test_solvers_that_return_garbage_give_no_path(monkeypatch, garbage):
    monkeypatch.setattr(
        homotopy, "lasso_path", lambda gram, cross, weights, grid: np.full((len(grid), len(cross)), garbage)
    )
    monkeypatch.setattr(active_set, "minimize", lambda loss, *others, **more: np.full(loss.size, garbage))
    with np.errstate(invalid="ignore"), pytest.raises(ConvergenceError):
        br.path(br.Regression(*small(), prior=br.Laplace(0.1), sigma=1.5))


def test_a_homotopy_that_goes_astray_is_put_right(monkeypatch):
    """Its points are starting values where a certificate refuses them."""
    reg = br.Regression(*small(), prior=br.Laplace(0.1), sigma=1.5)
    expected = br.path(reg).beta
    right = homotopy.lasso_path
    monkeypatch.setattr(homotopy, "lasso_path", lambda *given: right(*given) * (1 + 1e-5))
    np.testing.assert_allclose(br.path(reg).beta, expected, atol=1e-10)


def test_a_path_of_many_points_is_shown_in_a_line():
    shown = repr(br.path(br.Regression(*small(), prior=br.Laplace(0.1), sigma=1.5)))
    assert len(shown) < 200
    assert shown.startswith("Path(100 strengths from ")


def test_what_is_missing_is_named():
    reg = br.Regression(*small(), prior=br.Laplace(0.1), sigma=1.5)
    with pytest.raises(PriorError, match=r"use reg\.with_sigma"):
        br.path(reg.with_sigma(br.HalfNormal(1.0)))
    with pytest.raises(PriorError, match=r"use reg\.with_sigma|known scale"):
        br.path(reg.with_prior(br.Laplace(br.HalfNormal(1.0))))
    with pytest.raises(PriorError, match="no column is penalized"):
        br.path(reg.with_prior(br.Laplace(np.inf)))
    with pytest.raises(PriorError, match=r"strength 0 is br\.least_squares"):
        br.path(reg, [1.0, 0.0])
    with pytest.raises(PriorError, match="strengths must be"):
        br.path(reg, [1.0, -1.0])

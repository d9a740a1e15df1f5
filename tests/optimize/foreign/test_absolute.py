"""Least absolute deviations found by scikit-learn and scipy."""

import numpy as np
import pytest

import bayesreg as br
from bayesreg.errors import ConvergenceError, UnsupportedError
from bayesreg.optimize.foreign import absolute as penalized_absolute
from bayesreg.optimize.foreign import smoothed

SETTINGS = {
    "plain": {},
    "offset and weights": {"offset": np.linspace(-1, 1, 80), "weights": np.linspace(0.5, 2, 80)},
    "raw": {"standardize": False},
    "no intercept": {"intercept": False},
}
by_column = br.Laplace([0.1, 0.2, 0.05, 0.1, 0.3, 0.1])


def regression(prior, **given):
    rng = np.random.default_rng(6)
    X = rng.normal(size=(80, 6)) * np.geomspace(0.5, 2, 6)
    y = 0.3 + X @ [1.0, 0.0, -0.5, 0.0, 0.3, 0.0] + rng.laplace(size=80)
    return br.Regression(X, y, prior=prior, family="laplace", sigma=1.3, **given)


def assert_same(reg, solver, name, atol=1e-10):
    ours, theirs = br.map_estimate(reg), br.penalized_estimate(reg, solver)
    assert theirs.method.endswith(name)
    np.testing.assert_allclose(theirs.beta, ours.beta, atol=atol)
    assert np.array_equal(theirs.beta == 0, ours.beta == 0)
    assert theirs.intercept == pytest.approx(ours.intercept, abs=atol)
    assert theirs.certificate.kkt < 100 * atol
    return ours


@pytest.mark.parametrize("setting", SETTINGS)
@pytest.mark.parametrize("prior", [br.Laplace(0.1), by_column, br.Laplace(np.inf)], ids=["one", "by column", "flat"])
def test_an_l1_penalty_by_both(prior, setting):
    reg = regression(prior, **SETTINGS[setting])
    ours = assert_same(reg, "sklearn", "sklearn.QuantileRegressor")
    assert_same(reg, "scipy", "scipy.optimize.linprog")
    assert (ours.n_zeros > 0) == np.all(np.isfinite(prior.scale))


def test_columns_without_a_strength_by_scipy():
    prior = br.Laplace([np.inf, 0.2, 0.05, np.inf, 0.3, 0.1])
    assert assert_same(regression(prior), "scipy", "scipy.optimize.linprog").beta[3] != 0
    with pytest.raises(UnsupportedError, match="every column or none"):
        br.penalized_estimate(regression(prior), "sklearn")


@pytest.mark.parametrize("setting", [name for name in SETTINGS if name != "no intercept"])
@pytest.mark.parametrize("scale", [0.3, np.linspace(0.1, 0.6, 6)], ids=["one", "by column"])
def test_an_l2_penalty_by_support_vectors(scale, setting):
    assert_same(regression(br.Normal(scale), **SETTINGS[setting]), "sklearn", "sklearn.SVR", atol=1e-6)


ANY = {
    "elastic net": (br.ElasticNetPrior(0.1, 0.3), {}),
    "elastic net by column": (br.ElasticNetPrior(by_column.scale, 0.3), {"intercept": False}),
    "normal intercept": (br.Laplace(0.1), {"intercept": br.Normal(2.0, loc=-1.0)}),
    "normal intercept, not centred": (br.Normal(0.1), {"intercept": br.Normal(0.1), "center": False}),
    "ridge": (br.Normal(0.3), {"intercept": False}),
    "a column without a strength": (br.Normal([np.inf, 0.1, 0.3, 0.1, 0.1, 0.1]), {}),
    "all coefficients 0": (br.ElasticNetPrior(1e-3, 1.0), {}),
}


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("case", ANY)
def test_any_penalty_and_intercept_by_scipy(case, weighted):
    prior, given = ANY[case]
    reg = regression(prior, **given, **(SETTINGS["offset and weights"] if weighted else {}))
    ours, theirs = br.map_estimate(reg), br.penalized_estimate(reg)
    np.testing.assert_allclose(theirs.beta, ours.beta, atol=1e-9)
    assert np.array_equal(theirs.beta == 0, ours.beta == 0)
    assert theirs.objective == pytest.approx(ours.objective, rel=1e-12)
    assert theirs.certificate.kkt < 1e-9
    assert theirs.method.endswith("scipy.optimize.minimize")


def test_a_smoothed_kink_has_the_slopes_of_its_loss():
    family, y, step = smoothed.SmoothedLaplace(width=0.3), np.linspace(-2, 2, 9), 1e-6
    difference = (family.loss(y, step, 1.7) - family.loss(y, -step, 1.7)) / (2 * step)
    np.testing.assert_allclose(family.slope(y, 0.0, 1.7), difference, atol=1e-8)
    difference = (family.slope(y, step, 1.7) - family.slope(y, -step, 1.7)) / (2 * step)
    np.testing.assert_allclose(family.curvature(y, 0.0, 1.7), difference, atol=1e-8)
    assert np.all(family.upper_curvature(y, 0.0, 1.7) >= family.curvature(y, 0.0, 1.7))


REFUSED = {
    "elastic net": (br.ElasticNetPrior(0.1, 0.3), "sklearn", {}),
    "normal intercept": (br.Laplace(0.1), "sklearn", {"intercept": br.Normal(2.0)}),
    "ridge without intercept": (br.Normal(0.3), "sklearn", {"intercept": False}),
    "another package": (br.Laplace(0.1), "statsmodels", {}),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_a_package_cannot_do_is_refused_with_a_cure_that_works(case):
    prior, solver, given = REFUSED[case]
    with pytest.raises(UnsupportedError, match='use solver="scipy"'):
        br.penalized_estimate(regression(prior, **given), solver)
    assert br.penalized_estimate(regression(prior, **given), "scipy").certificate.kkt < 1e-9


@pytest.mark.parametrize("power", [1, -1])
def test_a_strength_in_the_wrong_convention_is_noticed(monkeypatch, power):
    """Two for one half in the loss, or the reverse: the certificate does not accept the point."""
    right = penalized_absolute.convert
    monkeypatch.setattr(penalized_absolute, "convert", lambda *given, **more: 2.0**power * right(*given, **more))
    with pytest.raises(ConvergenceError, match="QuantileRegressor stopped at a point that violates"):
        br.penalized_estimate(regression(br.Laplace(0.1)), "sklearn")


def test_the_dictionary_speaks_of_the_real_quantile_regressor():
    """Its alpha, from b and sigma by the dictionary, gives the mode of the posterior written out."""
    from sklearn.linear_model import QuantileRegressor

    reg = regression(br.Laplace(0.1), standardize=False)
    alpha = br.to_penalty(reg.prior, sigma=1.3, n=80, objective="sklearn.QuantileRegressor").strength
    assert alpha == pytest.approx(1.3 / (2 * 80 * 0.1), rel=1e-14)
    found = QuantileRegressor(quantile=0.5, alpha=alpha, solver="highs").fit(reg.design.rows.X, reg.design.rows.y)
    np.testing.assert_allclose(found.coef_, br.map_estimate(reg).coef, atol=1e-10)

"""Leave-one-out, against fitting again without each row."""

import warnings

import numpy as np
import pytest
from scipy import stats
from sklearn.linear_model import RidgeCV

import bayesreg as br
from bayesreg.errors import DataError, UnsupportedError
from bayesreg.selection.leave_one_out import leave_one_out, psis_loo

FACTORS = np.array([100.0, 3.0, 0.05])


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(7)
    X = rng.normal(size=(25, 4)) * [1, 2, 0.5, 1] + 3
    return X, 10 + X @ [1.0, 0, -1, 0.3] + rng.normal(size=25), rng.uniform(0.3, 3, size=25)


CASES = {
    "flat intercept": {},
    "no intercept": {"intercept": False},
    "Normal intercept": {"intercept": br.Normal(2.0, loc=1.0)},
    "Normal intercept at x = 0": {"intercept": br.Normal(2.0, loc=1.0), "center": False},
    "raw columns": {"standardize": False},
}


def brute_force(Z, y, weights, kappa, sigma, intercept):
    """Residual and predictive density of each row from the posterior of the others, intercept as a column."""
    columns = Z if intercept is None else np.column_stack([Z, np.ones(len(y))])
    precision = np.append(kappa, [] if intercept is None else [intercept[0]])
    center = np.zeros(columns.shape[1])
    if intercept is not None:
        center[-1] = intercept[1]
    residual, density = np.empty(len(y)), np.empty(len(y))
    for i in range(len(y)):
        keep = np.arange(len(y)) != i
        A, w = columns[keep], weights[keep]
        matrix = A.T @ (w[:, None] * A) + np.diag(precision)
        theta = center + np.linalg.solve(matrix, A.T @ (w * (y[keep] - A @ center)))
        residual[i] = y[i] - columns[i] @ theta
        variance = sigma**2 * (1 / weights[i] + columns[i] @ np.linalg.solve(matrix, columns[i]))
        density[i] = stats.norm.logpdf(residual[i], scale=variance**0.5)
    return residual, density


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("scale", [2.0, np.array([1.0, np.inf, 0.5, 3.0])], ids=["one scale", "a flat column"])
def test_the_closed_form_is_brute_force(data, case, weighted, scale):
    X, y, weights = data
    options = CASES[case] | ({"weights": weights} if weighted else {})
    sigma = 0.8
    reg = br.Regression(X, y, prior=br.Normal(scale), sigma=sigma, **options)
    found = leave_one_out(reg, FACTORS)
    given = options.get("intercept", True)
    intercept = None if given is False else (0.0, 0.0) if given is True else (sigma**2 / 4, 1.0)
    w = weights if weighted else np.ones(len(y))
    for k, factor in enumerate(FACTORS):
        kappa = factor * sigma**2 / np.broadcast_to(scale, 4) ** 2
        residual, density = brute_force(reg.design.matrix, y, w, kappa, sigma, intercept)
        np.testing.assert_allclose(found.residual[k], residual, rtol=1e-10, atol=1e-10)
        np.testing.assert_allclose(found.log_density[k], density, rtol=1e-10, atol=1e-10)


def test_more_columns_than_rows(data):
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(12, 30)), rng.normal(size=12)
    reg = br.Regression(X, y, prior=br.Normal(1.0), sigma=1.0)
    residual, density = brute_force(reg.design.matrix, y, np.ones(12), np.ones(30), 1.0, (0.0, 0.0))
    found = leave_one_out(reg, np.ones(1))
    np.testing.assert_allclose(found.residual[0], residual, rtol=1e-10, atol=1e-10)
    np.testing.assert_allclose(found.log_density[0], density, rtol=1e-10, atol=1e-10)


def test_press_is_ridge_cv_without_folds(data):
    X, y, _ = data
    Z, strengths = (X - X.mean(axis=0)) / X.std(axis=0), np.geomspace(100, 1e-2, 40)
    theirs = RidgeCV(strengths, store_cv_results=True).fit(Z, y)
    ours = br.select(br.Regression(X, y, prior=br.Normal(1.0), sigma=1.0), by="press", strengths=strengths)
    assert ours.strength == pytest.approx(theirs.alpha_, rel=1e-12)
    np.testing.assert_allclose(ours.curve.value, theirs.cv_results_.mean(axis=0), rtol=1e-10)


def test_press_is_cross_validation_with_a_fold_for_each_row(data):
    X, y, _ = data
    both = br.select(br.Regression(X, y, prior=br.Normal(1.0), sigma=1.0), by=["press", "cv"], folds=len(y))
    np.testing.assert_allclose(both["press"].curve.value, both["cv"].curve.value, rtol=1e-9)
    np.testing.assert_allclose(both["press"].curve.error, both["cv"].curve.error, rtol=1e-9)


def test_loo_of_a_normal_prior_is_the_largest_sum_of_densities(data):
    X, y, _ = data
    reg = br.Regression(X, y, prior=br.Normal(1.0), sigma=0.8)
    chosen = br.select(reg, by="loo")
    assert chosen.details["elpd"] == pytest.approx(leave_one_out(chosen.regression, np.ones(1)).log_density.sum())
    for factor in (0.5, 2.0):
        other = leave_one_out(chosen.regression, np.array([factor])).log_density.sum()
        assert other < chosen.details["elpd"]


def test_psis_finds_the_exact_answer_within_its_error(data, assert_zs):
    X, y, _ = data
    reg = br.Regression(X, y, prior=br.Normal(0.5), sigma=1.5)
    exact = leave_one_out(reg, np.ones(1)).log_density.sum()
    z = []
    for seed in range(4):
        elpd, error, k = psis_loo(reg, {"random_seed": seed})
        assert k < 0.7
        assert 0 < error < 0.1
        z.append((elpd - exact) / error)
    assert_zs(z)


def test_psis_is_the_loo_of_arviz(data):
    import arviz_stats

    X, y, _ = data
    reg = br.Regression(X, y, prior=br.Laplace(1.0), sigma=1.0)
    elpd, _, k = psis_loo(reg, {"random_seed": 3})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = arviz_stats.loo(br.sample(reg, random_seed=3, groups=("log_likelihood",)), pointwise=True)
    assert elpd == pytest.approx(theirs.elpd, abs=0.02)
    assert k == pytest.approx(float(theirs.pareto_k.max()), abs=0.05)


def test_psis_reports_its_error_and_pareto_k(data):
    X, y, _ = data
    reg = br.Regression(X, y, prior=br.Laplace(1.0), sigma=1.0)
    chosen = br.select(reg, by="loo", strengths=[20.0, 2.0, 0.2], random_seed=1)
    assert chosen.details["pareto_k"].shape == (3,)
    assert np.all(chosen.curve.error > 0)
    assert "Pareto k" in chosen.how


def test_only_the_chosen_posterior_is_warned_of(data):
    """Draws too few for the gate, at each of three strengths."""
    X, y, _ = data
    reg = br.Regression(X, y, prior=br.Laplace(1.0), sigma=1.0)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        chosen = br.select(reg, by="loo", strengths=[20.0, 2.0, 0.2], random_seed=1, draws=50, chains=2)
    told = [str(one.message) for one in caught if "effective sample size" in str(one.message)]
    assert len(told) == 1
    assert told[0].startswith(f"at the chosen strength {chosen.choice.strength:.4g}: ")


def test_what_is_refused(data):
    X, y, _ = data
    with pytest.raises(UnsupportedError, match="covers a Normal prior, got laplace"):
        br.select(br.Regression(X, y, prior=br.Laplace(1.0), sigma=1.0), by="press")
    moments = br.Regression.from_moments(br.moments("diabetes", "target"), prior=br.Normal(1.0), sigma=1.0)
    with pytest.raises(DataError, match="needs the rows"):
        br.select(moments, by="press")
    alone = np.column_stack([X[:, 0], np.arange(len(y)) == 0])
    reg = br.Regression(alone, y, prior=br.Normal(np.array([1.0, np.inf])), sigma=1.0)
    with pytest.raises(DataError, match="leverage 1"):
        br.select(reg, by="press")

"""Predictions of left-out rows: against exact leave-one-out, refits, and scikit-learn's measures."""

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import PoissonRegressor
from sklearn.metrics import r2_score, roc_auc_score

import bayesreg as br
from bayesreg.analysis.out_of_sample import out_of_sample
from bayesreg.model.unknowns import Unknowns
from bayesreg.sampling.datatree import to_datatree
from bayesreg.sampling.draws import Run
from bayesreg.selection.leave_one_out import leave_one_out


def regression(**options):
    rng = np.random.default_rng(4)
    X = rng.normal(size=(120, 4))
    y = X @ [1.0, -0.5, 0.0, 0.2] + rng.normal(size=120)
    return br.Regression(X, y, prior=br.Normal(0.7), sigma=1.0, **options)


@pytest.mark.parametrize("weighted", [False, True])
def test_it_is_exact_leave_one_out_of_ridge_regression(weighted):
    weights = np.random.default_rng(5).uniform(0.5, 2, size=120) if weighted else None
    reg = regression(weights=weights)
    result = out_of_sample(br.sample(reg, draws=4000, random_seed=1))
    exact = leave_one_out(reg, np.array([1.0]))
    # Importance sampling of 16,000 draws: Monte Carlo error of a mean is about sd(mean)/126, below 0.01.
    np.testing.assert_allclose(result.y - result.mean, exact.residual[0], atol=0.01)
    assert result.elpd == pytest.approx(float(exact.log_density.sum()), abs=0.1)
    assert result.trusted
    assert result.r2 == pytest.approx(r2_score(result.y, result.mean, sample_weight=weights), rel=1e-12)


def test_an_offset_is_part_of_prediction_and_baseline():
    offset = np.linspace(-20, 20, 120)
    plain = regression()
    rows = plain.design.rows
    moved = br.Regression(rows.X, rows.y + offset, prior=br.Normal(0.7), sigma=1.0, offset=offset)
    first, second = (out_of_sample(br.sample(reg, random_seed=1)) for reg in (plain, moved))
    np.testing.assert_allclose(second.mean - offset, first.mean, atol=1e-8)
    assert second.r2 == pytest.approx(first.r2, abs=1e-9)


def points_as_draws(reg, seed):
    """Draws near the MAP, without sampling anything."""
    rng = np.random.default_rng(seed)
    point = br.map_estimate(reg)
    at_center = point.intercept + float(point.coef @ reg.design.standardization.center)
    draws = Unknowns(
        point.beta + 1e-3 * rng.normal(size=(4, 100, reg.p)),
        at_center + 1e-3 * rng.normal(size=(4, 100)),
        np.ones((4, 100)),
    )
    return to_datatree(reg, Run(draws), {}, (), 0)


def test_classes_have_the_area_under_the_roc_curve():
    rng = np.random.default_rng(6)
    X = rng.normal(size=(150, 2))
    y = (rng.random(150) < 1 / (1 + np.exp(-2 * X[:, 0]))).astype(float)
    reg = br.Regression(X.round(1), y, prior=br.Normal(1.0), family="bernoulli")
    result = out_of_sample(points_as_draws(reg, 1))
    assert result.auc == pytest.approx(roc_auc_score(y, result.mean), rel=1e-12)
    np.testing.assert_allclose(result.baseline, y.mean())


def test_the_baseline_of_counts_with_exposures_is_the_common_rate():
    rng = np.random.default_rng(7)
    X, exposure = rng.normal(size=(150, 2)), rng.uniform(1, 50, size=150)
    y = rng.poisson(exposure * np.exp(0.3 * X[:, 0])).astype(float)
    reg = br.Regression(X, y, prior=br.Normal(1.0), family="poisson", offset=np.log(exposure))
    result = out_of_sample(points_as_draws(reg, 2))
    fitted = PoissonRegressor(alpha=0, tol=1e-10).fit(np.zeros((150, 1)), y / exposure, sample_weight=exposure)
    np.testing.assert_allclose(result.baseline / exposure, np.exp(fitted.intercept_), rtol=1e-6)
    assert 0 < result.r2 < 1


def test_of_very_many_rows_a_part_is_judged(monkeypatch):
    tree = br.sample(regression(), random_seed=1)
    everything = out_of_sample(tree)
    monkeypatch.setattr("bayesreg.analysis.out_of_sample.MOST_NUMBERS", 4000 * 50)
    part = out_of_sample(tree)
    assert len(part.y) == len(np.unique(part.rows)) == 50
    np.testing.assert_allclose(part.mean, everything.mean[part.rows], atol=1e-3)


def test_a_row_that_draws_do_not_cover_is_doubtful():
    reg = regression()
    rows = reg.design.rows
    y = rows.y.copy()
    X = rows.X.copy()
    y[0], X[0] = 60.0, 12.0
    tree = br.sample(br.Regression(X, y, prior=br.Normal(5.0), sigma=1.0), random_seed=1)
    result = out_of_sample(tree)
    assert result.doubtful >= 1
    assert result.pareto_k[0] > 0.7


def test_moments_and_sparse_rows_are_refused():
    from scipy import sparse

    frame = regression().design.rows
    table = pd.DataFrame(frame.X, columns=list("abcd")).assign(y=frame.y)
    moments = br.moments(table, target="y")
    tree = br.sample(br.Regression.from_moments(moments, prior=br.Normal(1.0), sigma=1.0), random_seed=1)
    with pytest.raises(br.errors.UnsupportedError, match="only moments"):
        out_of_sample(tree)
    reg = br.Regression(sparse.csr_array(frame.X), frame.y, prior=br.Normal(1.0), sigma=1.0)
    with pytest.raises(br.errors.UnsupportedError, match="sparse"):
        out_of_sample(br.sample(reg, random_seed=1), reg=reg)

"""Decoupled shrinkage and selection against scikit-learn's lasso and the definitions on the rows."""

import numpy as np
import pytest
from sklearn.linear_model import Lasso

import bayesreg as br


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(1)
    X = rng.normal(size=(70, 6)) @ np.linalg.cholesky(0.5 * np.eye(6) + 0.5).T * [1, 2, 3, 1, 1, 1] + 4
    return X, 10 + X @ [2, 0.5, 0, 0, 0.3, 0] + rng.normal(size=70)


@pytest.fixture(scope="module")
def tree(data):
    return br.sample(br.Regression(*data, prior=br.Laplace(0.5)), random_seed=2)


@pytest.fixture(scope="module")
def told(tree):
    return br.decoupled_selection(tree)


def columns(data):
    X = data[0]
    return (X - X.mean(axis=0)) / X.std(axis=0)


def test_each_summary_is_the_adaptive_lasso_of_the_fit(data, tree, told):
    Z, mean = columns(data), tree["posterior"]["beta"].mean(("chain", "draw")).values
    for strength, coef in zip(told.strengths[1:-1], told.coef[1:-1], strict=True):
        model = Lasso(alpha=strength / len(Z), fit_intercept=False, tol=1e-13, max_iter=1_000_000)
        theirs = model.fit(Z * np.abs(mean), Z @ mean).coef_ * np.abs(mean)
        np.testing.assert_allclose(coef * data[0].std(axis=0), theirs, atol=1e-7)
    np.testing.assert_allclose(told.coef[-1] * data[0].std(axis=0), mean, rtol=1e-10)


def test_variation_explained_and_excess_error_are_those_of_the_rows(data, tree, told):
    X = data[0] - data[0].mean(axis=0)
    posterior = tree["posterior"]
    fits = posterior["coef"].values.reshape(-1, 6) @ X.T
    variance = posterior["sigma"].values.ravel() ** 2
    for k, coef in enumerate(told.coef):
        gap = np.mean((fits - X @ coef) ** 2, axis=1)
        signal = np.mean(fits**2, axis=1)
        np.testing.assert_allclose(told.rho2_draws[:, k], signal / (signal + variance + gap), rtol=1e-9)
        np.testing.assert_allclose(told.psi_draws[:, k], np.sqrt(gap + variance) - np.sqrt(variance), rtol=1e-7)


def test_sizes_and_choice(told):
    assert told.sizes[0] == 0
    assert told.sizes[-1] == 6
    assert np.all(np.diff(told.sizes) > 0)
    assert np.all(np.diff(told.rho2_draws.mean(axis=0)) > -1e-3)
    upper = np.quantile(told.rho2_draws, 0.95, axis=0)
    reaching = [k for k in range(len(told.sizes)) if upper[k] >= told.rho2_draws[:, -1].mean()]
    assert told.chosen == reaching[0]
    assert told.selected == told.model(int(told.sizes[reaching[0]]))
    assert "x0" in told.selected


def test_weights_and_moments_give_the_same_summaries(data):
    weights = np.random.default_rng(0).uniform(0.5, 2, size=70)
    reg = br.Regression(*data, prior=br.Normal(0.5), sigma=1.0, weights=weights)
    ours = br.decoupled_selection(br.sample(reg, random_seed=2))
    short = br.Regression.from_moments(reg.design.moments, prior=br.Normal(0.5), sigma=1.0)
    theirs = br.decoupled_selection(br.sample(short, random_seed=2))
    # The draws differ, so that only the picture is the same.
    assert ours.model(1) == theirs.model(1)
    np.testing.assert_allclose(ours.rho2_draws.mean(axis=0)[-1], theirs.rho2_draws.mean(axis=0)[-1], atol=0.01)


def test_an_intercept_prior_at_zero_is_projected_out(data):
    X, y = data
    given = {"prior": br.Normal(0.5), "sigma": 1.0, "standardize": False}
    at_zero = br.Regression(X, y, intercept=br.Normal(1e4), center=False, **given)
    flat = br.Regression(X, y, **given)
    tree = br.sample(flat, random_seed=2)
    a, b = br.decoupled_selection(tree, reg=at_zero), br.decoupled_selection(tree)
    np.testing.assert_allclose(a.rho2_draws, b.rho2_draws, rtol=1e-6)


def test_more_columns_than_rows(wide):
    X, y = wide
    told = br.decoupled_selection(br.sample(br.Regression(X, y, prior=br.Normal(0.5), sigma=1.0), random_seed=1))
    assert told.sizes[-1] == 150
    assert 0 < told.sizes[told.chosen] < 150


def test_frame_repr_and_errors(tree, told):
    assert list(told.to_frame().index) == told.sizes.tolist()
    assert repr(told).startswith("DecoupledSelection(")
    with pytest.raises(br.errors.PriorError, match="no model has 99"):
        told.model(99)
    with pytest.raises(br.errors.PriorError, match="ci_prob must be"):
        br.decoupled_selection(tree, ci_prob=1.5)


def test_other_families_are_refused(data):
    reg = br.Regression(data[0], (data[1] > 18).astype(float), prior=br.Laplace(1.0), family="bernoulli")
    from bayesreg.model.unknowns import Unknowns
    from bayesreg.sampling.datatree import to_datatree
    from bayesreg.sampling.draws import Run

    run = Run(Unknowns(np.zeros((1, 5, 6)), np.zeros((1, 5)), np.ones((1, 5))))
    tree = to_datatree(reg, run, {}, (), None)
    with pytest.raises(br.errors.UnsupportedError, match="gaussian"):
        br.decoupled_selection(tree)

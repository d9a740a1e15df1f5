"""The minimum within bounds by other packages is ours: the same zeros, coefficients to 1e-8."""

import numpy as np
import pytest

import bayesreg as br


def rows(seed=3):
    generator = np.random.default_rng(seed)
    X = generator.normal(size=(60, 8)) * np.exp(generator.normal(size=8))
    return X, X @ np.repeat([0.5, 0.0], 4) + generator.normal(size=60), generator


def assert_same(reg, solver, name, tolerance=1e-8):
    ours, theirs = br.map_estimate(reg), br.penalized_estimate(reg, solver)
    assert name in theirs.method
    np.testing.assert_array_equal(theirs.beta == 0, ours.beta == 0)
    np.testing.assert_allclose(theirs.beta, ours.beta, atol=tolerance)


@pytest.mark.parametrize(
    ("prior", "name", "tolerance"),
    [
        (br.Laplace(0.1), "sklearn.Lasso(positive=True)", 1e-8),
        (br.Laplace(np.linspace(0.05, 0.2, 8)), "sklearn.Lasso(positive=True)", 1e-8),
        (br.ElasticNetPrior(0.1, 0.3), "sklearn.ElasticNet(positive=True)", 1e-8),
        # Its gradients descend to about the root of rounding.
        (br.Normal(0.2), "sklearn.Ridge(positive=True)", 1e-6),
    ],
    ids=["lasso", "lasso by column", "elastic net", "ridge"],
)
@pytest.mark.parametrize("bounds", [(0, None), [(0, None)] * 4 + [(None, 0)] * 4], ids=["positive", "both signs"])
def test_scikit_learn_where_bounds_are_signs(prior, name, tolerance, bounds):
    X, y, generator = rows()
    reg = br.Regression(X, y, prior=prior, sigma=1.0, weights=generator.uniform(0.5, 2, 60), bounds=bounds)
    assert_same(reg, "sklearn", name, tolerance)


@pytest.mark.parametrize(
    ("prior", "name"),
    [
        (br.Laplace(0.1), "scipy.optimize.minimize"),
        (br.Normal(0.2), "scipy.optimize.lsq_linear"),
        (br.Laplace(np.inf), "scipy.optimize.lsq_linear"),
    ],
    ids=["lasso", "ridge", "flat"],
)
@pytest.mark.parametrize("bounds", [(-0.1, 0.2), (0.05, None)], ids=["with 0", "without 0"])
def test_scipy_in_any_box(prior, name, bounds):
    X, y, _ = rows()
    reg = br.Regression(X, y, prior=prior, sigma=1.0, bounds=bounds)
    assert_same(reg, "scipy", name)
    with pytest.raises(br.errors.UnsupportedError, match="one sign"):
        br.penalized_estimate(reg, "sklearn")


@pytest.mark.parametrize("family", ["bernoulli", "poisson"])
def test_other_families_by_scipy(family):
    X, _, generator = rows()
    Z = (X - X.mean(axis=0)) / X.std(axis=0)
    y = (generator.random(60) < 0.5) * 1.0 if family == "bernoulli" else generator.poisson(np.exp(0.3 * Z[:, 0]))
    reg = br.Regression(Z, y, prior=br.Laplace(0.2), family=family, bounds=[(0, None)] * 4 + [(-0.1, 0.05)] * 4)
    assert_same(reg, "scipy", "scipy.optimize.minimize", 1e-7)


def test_a_comparison_within_bounds():
    X, y, _ = rows()
    reg = br.Regression(X, y, prior=br.Laplace(0.1), sigma=1.0, bounds=(0, None))
    result = br.compare(reg, draws=500, random_seed=1)
    np.testing.assert_array_equal(result.estimates["penalized"].beta == 0, result.estimates["map"].beta == 0)
    np.testing.assert_allclose(result.estimates["penalized"].coef, result.estimates["map"].coef, atol=1e-8)
    assert result.idata["posterior"]["coef"].to_numpy().min() >= 0


@pytest.mark.parametrize(
    "use",
    [
        br.budget,
        lambda reg: br.sample_path(reg, [1.0]),
        lambda reg: br.select(reg, by="evidence"),
        lambda reg: br.select(reg, by="aic"),
        lambda reg: br.plot_lesson(reg=reg),
        br.log_evidence,
        lambda reg: br.shrinkage(br.sample(reg, draws=300, random_seed=1)),
        lambda reg: br.decoupled_selection(br.sample(reg, draws=300, random_seed=1)),
        lambda reg: br.projection_predictive(br.sample(reg, draws=300, random_seed=1)),
        lambda reg: br.sparse_posterior(reg),
    ],
    ids=["budget", "path", "evidence", "aic", "lesson", "log_evidence", "shrinkage", "dss", "projection", "sparse"],
)
def test_what_is_not_built_for_bounds_says_so(use):
    X, y, _ = rows()
    with pytest.raises(br.errors.UnsupportedError, match="bounds"):
        use(br.Regression(X, y, prior=br.Normal(0.5), sigma=1.0, bounds=(0, None)))


def test_cross_validation_keeps_bounds():
    X, y, _ = rows()
    reg = br.Regression(X, y, prior=br.Laplace(0.1), sigma=1.0, bounds=(None, 0))
    chosen = br.select(reg, by="cv", random_seed=1, strengths=[0.1, 1.0, 10.0])
    assert np.all(br.map_estimate(chosen.regression).coef <= 0)
    # The held-out error at a strength that holds nothing back is that of bounded fits, far above the unbounded.
    free = br.select(
        br.Regression(X, y, prior=br.Laplace(0.1), sigma=1.0), by="cv", random_seed=1, strengths=[0.1, 1.0, 10.0]
    )
    assert chosen.choice.curve.value[-1] > 1.5 * free.choice.curve.value[-1]

import numpy as np
import pytest

import bayesreg as br
from bayesreg.analysis import strength_draws
from bayesreg.analysis.strength_draws import draws_at_strengths
from bayesreg.model.strength import at_strength
from bayesreg.sampling import engine


@pytest.fixture(scope="module")
def lasso():
    rng = np.random.default_rng(4)
    X = rng.normal(size=(50, 2))
    return br.Regression(X, X @ [1.0, 0.3] + rng.normal(size=50), prior=br.Laplace(0.5), sigma=1.0)


def test_few_columns_do_not_wait_for_compiled_code(lasso, monkeypatch):
    monkeypatch.setattr(strength_draws, "sample_path", None)
    tree = draws_at_strengths(lasso, [1.0, 20.0], draws=200)
    assert dict(tree["posterior"]["beta"].sizes) == {"chain": 4, "draw": 200, "strength": 2, "coef_name": 2}
    np.testing.assert_array_equal(tree["posterior"]["strength"], [20.0, 1.0])


def test_draws_are_those_of_the_posterior_at_each_strength(lasso, assert_moments):
    tree = draws_at_strengths(lasso, [2.0, 30.0], draws=1000)
    for k, strength in enumerate([30.0, 2.0]):
        mean, sd = _by_quadrature(at_strength(lasso, strength))
        assert_moments(tree["posterior"]["beta"].values[:, :, k], mean, sd)


def _by_quadrature(reg):
    """Means and standard deviations of beta from the density on a fine grid."""
    axis = np.linspace(-2, 3, 1201)
    grid = np.stack(np.meshgrid(axis, axis, indexing="ij"), axis=-1)
    X = reg.design.matrix
    rss = np.einsum("abj,jk,abk->ab", grid, X.T @ X, grid) - 2 * grid @ (X.T @ reg.design.rows.y)
    (scale,) = set(reg.scales.laplace)
    log_density = -0.5 * rss - np.abs(grid).sum(axis=-1) / scale
    weight = np.exp(log_density - log_density.max())[..., None]
    mean = (weight * grid).sum(axis=(0, 1)) / weight.sum()
    return mean, np.sqrt((weight * (grid - mean) ** 2).sum(axis=(0, 1)) / weight.sum())


def test_the_strength_is_that_of_the_path(lasso):
    for reg in (lasso, lasso.with_prior(br.Normal([0.5, 2.0])), lasso.with_prior(br.ElasticNetPrior(0.3, 2.0))):
        there = at_strength(reg, 7.0)
        assert br.path(there).current == pytest.approx(7.0, rel=1e-12)
        np.testing.assert_allclose(br.map_estimate(there).beta, br.path(reg, [7.0]).beta[0], rtol=1e-9, atol=1e-12)


def test_draws_that_fail_are_drawn_again_and_then_warned_of(lasso, monkeypatch):
    tries, run = [], engine._run
    monkeypatch.setattr(engine, "_run", lambda *settings: tries.append(settings[-1]) or run(*settings))
    tree = draws_at_strengths(lasso, [5.0], draws=130)
    assert tries == [1, 4]
    assert tree["posterior"].sizes["draw"] == 130
    with pytest.warns(br.errors.SamplerWarning, match="effective sample size"):
        draws_at_strengths(lasso, [5.0], draws=5)
    assert tries == [1, 4, 1]


def test_a_normal_prior_is_drawn_exactly(lasso, assert_moments):
    reg = lasso.with_prior(br.Normal(0.5))
    tree = draws_at_strengths(reg, [4.0], draws=500)
    gram = reg.design.matrix.T @ reg.design.matrix + 4.0 * np.eye(2)
    mean = np.linalg.solve(gram, reg.design.matrix.T @ reg.design.rows.y)
    assert_moments(tree["posterior"]["beta"].values[:, :, 0], mean, np.sqrt(np.diag(np.linalg.inv(gram))))

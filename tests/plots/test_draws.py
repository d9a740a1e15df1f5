"""What figures take from a posterior does not depend on the order of its columns."""

import numpy as np
import pytest

import bayesreg as br
from bayesreg.plots.draws import beta_draws, largest_first


def test_largest_first_is_of_the_mean():
    assert largest_first(np.array([[1.0, -3.0, 9.0], [1.0, -3.0, -9.0]])).tolist() == [1, 0, 2]


@pytest.fixture(scope="module")
def reg():
    rng = np.random.default_rng(2)
    X = rng.normal(size=(50, 3)) * [1.0, 10.0, 0.1]
    return br.Regression(X, X[:, 0] - X[:, 1] + rng.normal(size=50), prior=br.Normal(1.0), sigma=1.0)


@pytest.fixture(scope="module")
def tree(reg):
    return br.sample(reg, draws=500, random_seed=1)


def test_beta_is_per_standard_deviation_in_the_regressions_order(reg, tree):
    turned = tree.isel(coef_name=[2, 0, 1])
    beta = beta_draws(reg, turned)
    coef = tree["posterior"]["coef"].to_numpy().reshape(-1, 3)
    np.testing.assert_allclose(beta, coef * reg.design.rows.X.std(axis=0), rtol=1e-12)


@pytest.mark.parametrize("draw", [br.plot_shrinkage, br.plot_posterior_map])
def test_a_figure_of_a_turned_posterior_is_the_figure(draw, reg, tree):
    plain, turned = (draw(br.compare(reg, one)) for one in (tree, tree.isel(coef_name=[2, 0, 1])))
    assert plain._repr_png_() == turned._repr_png_()
    plain, turned = (br.plot_prior_posterior(one, reg=reg) for one in (tree, tree.isel(coef_name=[2, 0, 1])))
    assert plain._repr_png_() == turned._repr_png_()

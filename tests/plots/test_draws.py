"""Draws go to their columns by name, whatever the order that they come in."""

import numpy as np
import pytest

import bayesreg as br
from bayesreg.errors import DataError
from bayesreg.plots.draws import beta_draws, column_order, largest_first

NAMES = ("b", "", "a\0", "价", "a b")


@pytest.mark.parametrize("seed", range(5))
def test_each_column_is_found(seed):
    shuffled = np.random.default_rng(seed).permutation(len(NAMES))
    # As a DataTree holds them: without the NUL at the end.
    found = np.array([NAMES[j] for j in shuffled])
    order = column_order(NAMES, found)
    assert [shuffled[j] for j in order] == list(range(len(NAMES)))


def test_names_that_a_tree_cannot_tell_apart_keep_their_order():
    assert column_order(("x", "", "\0"), np.array(["x", "", "\0"])).tolist() == [0, 1, 2]


@pytest.mark.parametrize("found", [["a", "c"], ["a"], ["a", "b", "c"]])
def test_other_columns_are_refused(found):
    with pytest.raises(DataError, match="the posterior has other columns: missing"):
        column_order(("a", "b"), np.array(found))


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

from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from matplotlib.text import Text

import bayesreg as br
from bayesreg.errors import DataError, PriorError
from bayesreg.plots.line_ends import apart
from bayesreg.plots.path import passed_along


@pytest.fixture(scope="module")
def lasso():
    frame, target = br.load_dataset("diabetes")
    return br.Regression(frame.drop(columns=target), frame[target], prior=br.Laplace(7.84), sigma=54.15)


@pytest.fixture(scope="module")
def fits(lasso):
    return br.path(lasso)


def coefficient_lines(figure, m):
    return [line for line in figure.axes[0].lines if len(line.get_xdata()) == m]


def current_line(figure):
    (line,) = [line for line in figure.axes[0].lines if str(line.get_label()).startswith("strength of the prior")]
    return line.get_xdata()


def test_lines_follow_beta_and_leave_out_only_exact_zeros(fits):
    lines = coefficient_lines(br.plot_path(fits), len(fits.strengths))
    assert len(lines) == 10
    for line, beta in zip(lines, fits.beta.T, strict=True):
        y = np.asarray(line.get_ydata())
        np.testing.assert_array_equal(line.get_xdata(), fits.strengths)
        np.testing.assert_array_equal(y[~np.isnan(y)], beta[~np.isnan(y)])
        assert np.all(beta[np.isnan(y)] == 0)
        at_zero = np.nonzero(y[1:-1] == 0)[0] + 1
        assert np.all((beta[at_zero - 1] != 0) | (beta[at_zero + 1] != 0))


def test_the_current_strength_is_where_the_regression_stands(lasso, fits):
    assert set(current_line(br.plot_path(fits))) == {fits.current}
    assert fits.current == pytest.approx(54.15**2 / 7.84, rel=1e-12)
    assert set(current_line(br.plot_path(lasso))) == {fits.current}


def test_a_current_strength_outside_the_grid_is_still_on_the_axis(lasso):
    for scale in (1e-3, 1e4):
        figure = br.plot_path(lasso.with_prior(br.Laplace(scale)))
        weak, strong = sorted(figure.axes[0].get_xlim())
        assert weak < 54.15**2 / scale < strong


def test_strength_runs_from_strong_to_weak_on_a_log_axis(fits):
    ax = br.plot_path(fits).axes[0]
    assert ax.get_xscale() == "log"
    assert ax.get_xlim()[0] > ax.get_xlim()[1] == fits.strengths[-1]


def test_the_axis_names_the_familys_own_objective(lasso):
    rows = lasso.design.rows
    reg = br.Regression(rows.X, (rows.y > 140).astype(float), prior=br.Laplace(1.0), family="bernoulli")
    assert br.plot_path(reg).axes[0].get_xlabel() == "strength (scaled_nll): strong → weak"
    assert br.budget(reg).objective == "scaled_nll"


def test_diamonds_stand_where_a_coefficient_leaves_zero(fits):
    (diamonds,) = br.plot_path(fits).axes[0].collections
    at = np.asarray(diamonds.get_offsets())
    zero = fits.beta == 0
    leaves = zero[:-1] & ~zero[1:]
    assert len(at) == leaves.sum() >= 10
    assert np.all(at[:, 1] == 0)
    np.testing.assert_array_equal(np.sort(at[:, 0]), np.sort(fits.strengths[np.nonzero(leaves)[0]]))


def test_the_top_axis_counts_coefficients_that_are_not_zero(fits):
    (top,) = br.plot_path(fits).axes[0].child_axes
    nonzero = dict(zip(fits.strengths, np.sum(fits.beta != 0, axis=1), strict=True))
    told = {at: int(label.get_text()) for at, label in zip(top.get_xticks(), top.get_xticklabels(), strict=True)}
    assert told == {at: nonzero[at] for at in told}
    assert {0, 10} <= set(told.values())


@pytest.mark.parametrize(
    ("prior", "title"),
    [
        (br.Normal(20.0), "A stronger penalty shrinks all 10 coefficients, but makes no exact zero"),
        (br.ElasticNetPrior(10.0, 30.0), "A stronger penalty makes more exact zeros: from 0 to 10 of 10 coefficients"),
    ],
)
def test_ridge_and_elastic_net_are_drawn_too(lasso, prior, title):
    figure = br.plot_path(lasso.with_prior(prior))
    assert figure.texts[0].get_text() == title
    assert bool(figure.axes[0].collections) == ("exact zeros" in title)


def test_of_many_lines_the_largest_are_named_and_their_names_do_not_overlap(tmp_path):
    rng = np.random.default_rng(3)
    X = rng.normal(size=(150, 100))
    reg = br.Regression(X, X[:, :4] @ [3, -2, 1, 1] + rng.normal(size=150), prior=br.Laplace(0.1), sigma=1.0)
    fits = br.path(reg)
    figure = br.plot_path(fits)
    figure.savefig(tmp_path / "many.png")
    texts = figure.axes[0].texts
    largest = np.argsort(-np.abs(fits.beta[-1]))[:12]
    assert {text.get_text() for text in texts} == {fits.names[j] for j in largest}
    # Of the letters alone, without the line that ties them to their curve.
    boxes = sorted((Text.get_window_extent(text) for text in texts), key=lambda box: box.y0)
    assert all(below.y1 <= above.y0 + 1 for below, above in pairwise(boxes))
    assert len(coefficient_lines(figure, len(fits.strengths))) == 100


def test_the_line_to_a_name_crosses_no_name():
    rng = np.random.default_rng(3)
    X = rng.normal(size=(150, 12))
    figure = br.plot_path(br.Regression(X, X[:, 0] + rng.normal(size=150), prior=br.Laplace(0.1), sigma=1.0))
    figure.draw_without_rendering()
    texts = figure.axes[0].texts
    left = min(Text.get_window_extent(text).x0 for text in texts)
    assert len(texts) == 12
    assert all(text.arrow_patch.get_window_extent().x1 <= left + 1 for text in texts)


def test_names_are_moved_apart_as_little_as_possible():
    np.testing.assert_allclose(apart(np.array([3.0, 0.0, 0.1]), 1.0), [3.0, -0.45, 0.55])
    assert apart(np.array([]), 1.0).size == 0


def test_one_strength_and_one_column_are_enough(lasso, tmp_path):
    X, y = lasso.design.rows.X[:, 2:3], lasso.design.rows.y
    one = br.Regression(X, y, prior=br.Laplace(5.0), sigma=54.0)
    br.plot_path(br.path(one, [100.0])).savefig(tmp_path / "one.png")


@pytest.mark.parametrize("labels", [-1, 1.5, True])
def test_an_impossible_number_of_labels_is_refused(fits, labels):
    with pytest.raises(br.errors.PriorError, match="max_labels must be"):
        br.plot_path(fits, max_labels=labels)


def test_unknown_sigma_has_no_path(lasso):
    with pytest.raises(br.errors.PriorError, match="known sigma"):
        br.plot_path(lasso.with_sigma(br.HalfNormal(50.0)))


def test_axes_of_the_users_own_are_drawn_on(fits, tmp_path):
    import matplotlib.pyplot as plt

    figure = Figure(figsize=(6, 4), layout="constrained")
    ax = figure.subplots()
    assert br.plot_path(fits, ax=ax, dark=True) is figure
    figure.savefig(tmp_path / "own.png")
    assert plt.get_fignums() == []


X = np.random.default_rng(3).normal(size=(40, 3))
Y = X[:, 0] + np.random.default_rng(4).normal(size=40)


def test_ribbons_are_the_posterior_intervals():
    reg = br.Regression(X, Y, prior=br.Normal(1.0), sigma=1.0)
    fits = br.path(reg, [100.0, 10.0, 1.0])
    tree = br.sample_path(reg, [50.0, 5.0], draws=500, random_seed=1)
    axes = br.plot_path(fits, posterior=tree, ci_prob=0.8).axes[0]
    draws = tree["posterior"]["beta" if "beta" in tree["posterior"] else "coef"].values
    low, high = np.quantile(draws, [0.1, 0.9], axis=(0, 1))
    ribbons = [patch.get_paths()[0].vertices for patch in axes.collections if len(patch.get_paths()[0].vertices) > 4]
    drawn = {(float(corners[:, 1].min()), float(corners[:, 1].max())) for corners in ribbons}
    for j in range(draws.shape[-1]):
        assert any(np.allclose(pair, (low[:, j].min(), high[:, j].max())) for pair in drawn)


def test_strengths_that_did_not_converge_have_no_ribbon():
    reg = br.Regression(X, Y, prior=br.Normal(1.0), sigma=1.0)
    tree = br.sample_path(reg, [50.0, 5.0, 0.5], draws=500, random_seed=1)
    tree["path_stats"]["rhat"].values[1] = 1.3
    assert passed_along(tree).tolist() == [True, False, True]
    axes = br.plot_path(br.path(reg), posterior=tree).axes[0]
    assert "left out that did not converge: 1" in " ".join(text.get_text() for text in axes.figure.findobj(Text))
    means = [line for line in axes.lines if len(line.get_xdata()) == 3]
    assert means
    assert all(np.isnan(line.get_ydata()).tolist() == [False, True, False] for line in means)


def test_ribbons_go_to_their_columns_by_name():
    frame = pd.DataFrame(X, columns=["a", "b\0", ""])
    reg = br.Regression(frame, Y, prior=br.Normal(1.0), sigma=1.0)
    tree = br.sample_path(reg, [50.0, 5.0], draws=500, random_seed=1)
    plain, turned = (br.plot_path(reg, posterior=one) for one in (tree, tree.isel(coef_name=[2, 0, 1])))
    assert plain._repr_png_() == turned._repr_png_()


def test_ribbons_of_other_columns_are_refused():
    reg = br.Regression(X, Y, prior=br.Normal(1.0), sigma=1.0)
    tree = br.sample_path(br.Regression(X[:, :2], Y, prior=br.Normal(1.0), sigma=1.0), [5.0], draws=500, random_seed=1)
    with pytest.raises(DataError, match="other columns"):
        br.plot_path(reg, posterior=tree)


@pytest.mark.parametrize("ci_prob", [0.0, 1.0, 95, np.nan])
def test_an_impossible_interval_is_refused(ci_prob):
    reg = br.Regression(X, Y, prior=br.Normal(1.0), sigma=1.0)
    with pytest.raises(PriorError, match="ci_prob must be between 0 and 1"):
        br.plot_path(reg, ci_prob=ci_prob)


def test_a_posterior_of_one_strength_is_refused():
    reg = br.Regression(X, Y, prior=br.Normal(1.0), sigma=1.0)
    with pytest.raises(PriorError, match="sample_path"):
        br.plot_path(reg, posterior=br.sample(reg, random_seed=1))

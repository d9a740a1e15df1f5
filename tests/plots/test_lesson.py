import numpy as np
import pandas as pd
import pytest

import bayesreg as br
from bayesreg.analysis.lesson import FACTORS, lesson

NAMES = ["<b>a very long column name that goes on and on</b>", "x_1$", "价格", "s"]


@pytest.fixture(scope="module")
def reg():
    rng = np.random.default_rng(1)
    X = pd.DataFrame(rng.normal(size=(80, 4)), columns=NAMES)
    y = X.to_numpy() @ [3.0, 0.6, 0.0, 1.5] + 2 * rng.normal(size=80)
    return br.Regression(X, y, prior=br.Laplace(0.06), sigma=2.0)


@pytest.fixture(scope="module")
def told(reg):
    return lesson(reg, draws=300)


@pytest.fixture(scope="module")
def figure(reg):
    return br.plot_lesson(reg, draws=300)


def titled(figure, words):
    return [ax for ax in figure.axes if ax.get_title(loc="left").startswith(words)]


def line_with(ax, points):
    (line,) = [line for line in ax.lines if len(line.get_xdata()) == points]
    return np.asarray(line.get_xdata()), np.asarray(line.get_ydata())


def test_both_priors_say_as_much_about_the_size_of_a_coefficient(told, reg):
    assert told.laplace.scale == 0.06
    assert told.normal.scale == pytest.approx(np.sqrt(2) * 0.06, rel=1e-15)
    again = lesson(reg.with_prior(br.Normal(np.sqrt(2) * 0.06)), draws=300)
    assert again.laplace.scale == pytest.approx(0.06, rel=1e-15)


def test_strengths_are_those_of_the_scale_divided_and_multiplied(told, reg):
    for side, prior in zip(told.sides, (br.Laplace, br.Normal), strict=True):
        for k, factor in enumerate(FACTORS.values()):
            there = reg.with_prior(prior(side.scale / factor))
            np.testing.assert_allclose(side.points.beta[k], br.map_estimate(there).beta, rtol=1e-8, atol=1e-12)
            assert side.points.strengths[k] == pytest.approx(br.path(there).current, rel=1e-12)


def test_draws_are_of_the_strength_and_the_column_that_they_stand_at(told, reg, assert_moments):
    X, y = reg.design.matrix, reg.design.rows.y - reg.design.mean_y
    for k, factor in enumerate(FACTORS.values()):
        precision = X.T @ X / 4 + np.eye(4) * (factor / told.normal.scale) ** 2
        mean = np.linalg.solve(precision, X.T @ y / 4)[told.shown]
        sd = np.sqrt(np.linalg.inv(precision)[told.shown, told.shown])
        assert_moments(told.normal.draws[:, k].reshape(4, -1), mean, sd)


def test_the_lasso_is_exactly_zero_where_its_posterior_is_not(told):
    zero = told.laplace.points.beta[:, told.shown] == 0
    assert zero.any()
    assert not np.any(told.normal.points.beta == 0)
    assert not np.any(told.laplace.draws == 0)
    assert np.all(told.laplace.draws.std(axis=0) > 0)


def test_the_budget_is_of_the_largest_and_of_the_zero_that_leaves_next(told, reg):
    beta = br.map_estimate(reg).beta
    first, second = told.columns
    assert first == np.argmax(np.abs(beta))
    zeros = np.flatnonzero(beta == 0)
    fits = br.path(reg)
    leaves = {j: fits.strengths[np.argmax(fits.beta[:, j] != 0)] for j in zeros}
    assert second == max(leaves, key=leaves.get) == told.shown


def test_prior_panels_draw_the_formulas_in_their_titles(figure, told):
    (density, normal_density), (penalty, normal_penalty), (force, normal_force) = (
        titled(figure, words) for words in ("prior density", "penalty", "its force")
    )
    b, s = told.laplace.scale, told.normal.scale
    grid, values = line_with(density, 401)
    np.testing.assert_allclose(values, np.exp(-np.abs(grid) / b) / (2 * b))
    np.testing.assert_allclose(
        line_with(normal_density, 401)[1], np.exp(-(grid**2) / 2 / s**2) / np.sqrt(2 * np.pi) / s
    )
    np.testing.assert_allclose(line_with(penalty, 401)[1], np.abs(grid) / b, atol=1e-12)
    np.testing.assert_allclose(line_with(normal_penalty, 401)[1], grid**2 / 2 / s**2, atol=1e-12)
    slope = line_with(force, 401)[1]
    np.testing.assert_allclose(slope[grid != 0], np.sign(grid[grid != 0]) / b)
    assert np.isnan(slope[grid == 0]).all()
    np.testing.assert_allclose(line_with(normal_force, 401)[1], grid / s**2, atol=1e-12)


def test_panels_of_a_row_share_their_scale(figure):
    for words in ("prior density", "penalty", "its force", "budget", "path", "posterior"):
        left, right = titled(figure, words)
        assert left.get_ylim() == right.get_ylim(), words
        if words != "path":
            assert left.get_xlim() == right.get_xlim(), words


def test_maps_are_marked_open_where_they_are_exactly_zero(figure, told):
    for ax, side in zip(titled(figure, "posterior"), told.sides, strict=True):
        marks = [line for line in ax.lines if line.get_marker() == "D"]
        assert [float(line.get_xdata()[0]) for line in marks] == side.points.beta[:, told.shown].tolist()
        open_ones = [line.get_markerfacecolor() != line.get_markeredgecolor() for line in marks]
        assert open_ones == (side.points.beta[:, told.shown] == 0).tolist()


def test_it_is_a_page_with_nothing_beyond_its_edges(figure, tmp_path):
    figure.savefig(tmp_path / "lesson.png")
    assert figure.get_size_inches().tolist() == [8.27, 11.69]
    edge = figure.bbox
    for ax in figure.axes:
        box = ax.get_tightbbox()
        assert box.x0 >= edge.x0 - 1
        assert box.x1 <= edge.x1 + 1
        assert box.y0 >= edge.y0 - 1


def test_columns_and_dark_paper(reg, tmp_path):
    dark = br.plot_lesson(reg, columns=["s", 1], draws=300, dark=True)
    dark.savefig(tmp_path / "dark.png")
    assert [ax.get_xlabel() for ax in titled(dark, "budget")] == ["β of s"] * 2
    assert dark.get_facecolor() != br.plot_prior(br.Laplace(1.0)).get_facecolor()


def test_what_it_cannot_draw_is_refused(reg):
    X, y = reg.design.rows.X, reg.design.rows.y
    cases = [
        (reg.with_sigma(br.HalfNormal(1.0)), None, br.errors.PriorError, "known sigma"),
        (reg.with_prior(br.Horseshoe(0.1)), None, br.errors.PriorError, "Laplace or Normal"),
        (reg.with_prior(br.Laplace(np.inf)), None, br.errors.PriorError, "finite scale"),
        (reg, ["s"], br.errors.DataError, "two of the 4 columns"),
        (reg, ["s", "s"], br.errors.DataError, "two of the 4 columns"),
        (reg, ["s", "nobody"], br.errors.DataError, "two of the 4 columns"),
        (br.Regression(X[:, :1], y, prior=br.Laplace(1.0), sigma=1.0), None, br.errors.DataError, "at least two"),
        (
            br.Regression(X, (y > 0).astype(int), prior=br.Laplace(1.0), family="bernoulli"),
            None,
            br.errors.UnsupportedError,
            "gaussian",
        ),
    ]
    for bad, columns, error, words in cases:
        with pytest.raises(error, match=words):
            br.plot_lesson(bad, columns)

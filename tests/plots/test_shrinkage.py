import matplotlib
import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure

import bayesreg as br
from bayesreg.plots.style import DARK, LIGHT


@pytest.fixture(scope="module")
def diabetes():
    frame, target = br.load_dataset("diabetes")
    return br.Regression(frame.drop(columns=target), frame[target], prior=br.Laplace(7.84), sigma=54.15)


@pytest.fixture(scope="module")
def lasso(diabetes):
    return br.compare(diabetes, random_seed=1)


@pytest.fixture(scope="module")
def many():
    rng = np.random.default_rng(3)
    X = rng.normal(size=(120, 60))
    y = X[:, :5] @ [3, -2, 1, 1, 0.5] + rng.normal(size=120)
    return br.compare(br.Regression(X, y, prior=br.Laplace(0.1), sigma=1.0), draws=500, random_seed=1)


def drawn(figure):
    """What stands where, by its name in the legend; sorted by row."""
    return {line.get_label(): (line.get_xdata(), line.get_ydata()) for line in figure.axes[0].lines}


def row_names(figure):
    return [label.get_text() for label in figure.axes[0].get_yticklabels()]


def by_row(figure, comparison, values):
    of = dict(zip(comparison.reg.names, values, strict=True))
    return np.array([of[name] for name in row_names(figure)])


def test_points_stand_at_the_estimates(lasso):
    figure = br.plot_shrinkage(lasso)
    parts = drawn(figure)
    for name, label in (("ols", "least squares"), ("map", "MAP")):
        wanted = by_row(figure, lasso, lasso.estimates[name].beta)
        wanted = wanted[wanted != 0] if name == "map" else wanted
        np.testing.assert_array_equal(parts[label][0], wanted)


def test_posterior_mean_and_interval_are_the_tables_on_the_priors_columns(lasso):
    figure = br.plot_shrinkage(lasso)
    sd = lasso.reg.design.standardization.sd
    mean, lower, upper = ([getattr(row, field) for row in lasso.rows] * sd for field in ("mean", "lower", "upper"))
    np.testing.assert_allclose(
        drawn(figure)["posterior mean, 95% interval"][0], by_row(figure, lasso, mean), rtol=1e-12
    )
    segments = intervals(figure)
    np.testing.assert_allclose(segments[:, 0, 0], by_row(figure, lasso, lower), rtol=1e-12)
    np.testing.assert_allclose(segments[:, 1, 0], by_row(figure, lasso, upper), rtol=1e-12)


def intervals(figure):
    """The horizontal segments, shape (k, 2, 2)."""
    for collection in figure.axes[0].collections:
        segments = np.array(collection.get_segments())
        if segments.shape[1:] == (2, 2):
            return segments
    raise AssertionError("no intervals are drawn")


def test_a_narrower_interval_is_drawn_when_asked(lasso):
    wide, narrow = intervals(br.plot_shrinkage(lasso)), intervals(br.plot_shrinkage(lasso, ci_prob=0.5))
    assert np.all(narrow[:, 1, 0] - narrow[:, 0, 0] < 0.5 * (wide[:, 1, 0] - wide[:, 0, 0]))
    assert "posterior mean, 50% interval" in drawn(br.plot_shrinkage(lasso, ci_prob=0.5))


def test_open_diamonds_are_the_exact_zeros_of_the_map(lasso):
    figure = br.plot_shrinkage(lasso)
    x, y = drawn(figure)["MAP, exactly 0"]
    assert len(x) == lasso.estimates["map"].n_zeros == 2
    assert np.all(x == 0)
    zeros = {name for name, beta in zip(lasso.reg.names, lasso.estimates["map"].beta, strict=True) if beta == 0}
    assert {row_names(figure)[int(row)] for row in y} == zeros
    assert figure.texts[0].get_text() == "2 of 10 coefficients are exactly 0 at the MAP; none in the posterior"


def test_a_normal_prior_has_no_diamond_and_says_so(diabetes):
    figure = br.plot_shrinkage(br.compare(diabetes.with_prior(br.Normal(20.0)), random_seed=1))
    assert "MAP, exactly 0" not in drawn(figure)
    assert figure.texts[0].get_text().startswith("No coefficient is exactly 0")


@pytest.mark.parametrize("draw", [br.plot_shrinkage, br.plot_posterior_map])
def test_a_posterior_of_unknown_scale_has_its_points_at_the_median_scale(diabetes, draw):
    reg = diabetes.with_prior(br.Normal(br.HalfNormal(10.0)))
    posterior = br.sample(reg, draws=200, random_seed=1)
    scale = float(posterior.posterior["scale"].median())
    figure = draw(posterior)
    assert f"points at scale = {scale:.4g} (posterior median)" in " ".join(text.get_text() for text in figure.texts)
    if draw is br.plot_posterior_map:
        return
    X, y = reg.design.rows.X, reg.design.rows.y
    Z = (X - X.mean(axis=0)) / X.std(axis=0)
    ridge = np.linalg.solve(Z.T @ Z + 54.15**2 / scale**2 * np.eye(10), Z.T @ (y - y.mean()))
    np.testing.assert_allclose(np.sort(drawn(figure)["MAP"][0]), np.sort(ridge), rtol=1e-9)


def test_rows_are_ordered_by_the_posterior_mean(lasso):
    mean = np.abs(drawn(br.plot_shrinkage(lasso))["posterior mean, 95% interval"][0])
    assert np.all(np.diff(mean) <= 0)


def test_many_coefficients_are_cut_and_the_figure_says_how_many(many):
    figure = br.plot_shrinkage(many)
    assert len(row_names(figure)) == 40
    assert "40 coefficients of largest posterior mean, the other 20 are not" in figure.texts[1].get_text()
    every = br.plot_shrinkage(many, max_coefficients=None)
    assert len(drawn(every)["MAP, exactly 0"][0]) == many.estimates["map"].n_zeros
    assert every.get_figheight() >= 1.3 * figure.get_figheight()


@pytest.mark.parametrize("most", [0, -1, 2.5, True, "3"])
def test_an_impossible_number_of_coefficients_is_refused(lasso, most):
    with pytest.raises(br.errors.PriorError, match="max_coefficients must be"):
        br.plot_shrinkage(lasso, max_coefficients=most)


@pytest.mark.parametrize("ci_prob", [0.0, 1.0, 95, float("nan")])
def test_an_impossible_probability_is_refused(lasso, ci_prob):
    with pytest.raises(br.errors.PriorError, match="ci_prob must be between"):
        br.plot_shrinkage(lasso, ci_prob=ci_prob)


def test_least_squares_far_out_is_pointed_at_and_does_not_squeeze_the_rest():
    rng = np.random.default_rng(5)
    X = rng.normal(size=(50, 3))
    X = np.column_stack([X, X[:, 0] + 0.001 * rng.normal(size=50)])
    both = br.compare(br.Regression(X, X[:, 0] + rng.normal(size=50), prior=br.Laplace(0.5), sigma=1.0), random_seed=1)
    figure = br.plot_shrinkage(both)
    beyond = [line for line in figure.axes[0].lines if line.get_label() == "least squares, beyond the axis"]
    low, high = figure.axes[0].get_xlim()
    assert sum(len(line.get_xdata()) for line in beyond) == 2
    assert all(x in (low, high) for line in beyond for x in line.get_xdata())
    assert high - low < 10 < np.abs(both.estimates["ols"].beta).max()


def test_more_columns_than_rows_is_named_least_norm():
    rng = np.random.default_rng(6)
    X = rng.normal(size=(10, 15))
    both = br.compare(br.Regression(X, X[:, 0] + rng.normal(size=10), prior=br.Laplace(0.3), sigma=1.0), random_seed=1)
    assert "least squares of least norm" in drawn(br.plot_shrinkage(both))


def test_unstandardized_coefficients_are_labelled_as_such(diabetes):
    rows = diabetes.design.rows
    raw = br.Regression(rows.X, rows.y, prior=br.Normal(1.0), sigma=54.0, standardize=False)
    figure = br.plot_shrinkage(br.compare(raw, random_seed=1))
    assert figure.axes[0].get_xlabel() == "beta: change of y per unit of its column"


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("ending", ["svg", "png"])
def test_odd_names_are_drawn_without_a_warning(tmp_path, dark, ending):
    rng = np.random.default_rng(0)
    names = ["a very long column name that goes on and on", "x_1$", "é/ü", "价格", "😀", "a\nb", r"$\frac$", "\x00"]
    X = pd.DataFrame(rng.normal(size=(40, len(names))), columns=names)
    y = pd.Series(rng.normal(size=40), name=r"$\bad$ 价")
    figure = br.plot_shrinkage(
        br.compare(br.Regression(X, y, prior=br.Laplace(0.2), sigma=1.0), random_seed=1), dark=dark
    )
    figure.savefig(tmp_path / f"odd.{ending}")
    assert (tmp_path / f"odd.{ending}").stat().st_size > 5000


def test_light_and_dark_differ_in_paper(lasso):
    assert br.plot_shrinkage(lasso).get_facecolor() == to_rgba(LIGHT.paper)
    assert br.plot_shrinkage(lasso, dark=True).get_facecolor() == to_rgba(DARK.paper)


def test_axes_of_the_users_own_are_drawn_on(lasso):
    figure = Figure(figsize=(12, 4))
    left, right = figure.subplots(1, 2)
    assert br.plot_shrinkage(lasso, ax=right) is figure
    assert not left.lines
    assert right.get_title(loc="left").startswith("2 of 10")
    assert right.get_legend() is not None


def test_settings_and_pyplot_are_left_as_they_were(lasso):
    import matplotlib.pyplot as plt

    before = dict(matplotlib.rcParams)
    figure = br.plot_shrinkage(lasso)
    assert plt.get_fignums() == []
    assert dict(matplotlib.rcParams) == before
    assert figure._repr_png_().startswith(b"\x89PNG")

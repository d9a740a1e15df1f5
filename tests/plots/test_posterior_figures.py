"""Figures of one posterior: what stands where, odd names, light and dark, and the user's own axes."""

import dataclasses
from itertools import pairwise

import matplotlib
import numpy as np
import pandas as pd
import pytest
import xarray as xr
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure
from scipy import integrate, stats

import bayesreg as br
from bayesreg.plots.draws import density
from bayesreg.plots.dss import _changes
from bayesreg.plots.names import plot_labels
from bayesreg.plots.style import DARK, LIGHT

FIGURES = (br.plot_kappa, br.plot_sparsity, br.plot_prior_posterior, br.plot_dss, br.plot_posterior_map)


@pytest.fixture(scope="module")
def reg():
    frame, target = br.load_dataset("diabetes")
    return br.Regression(frame.drop(columns=target), frame[target], prior=br.Laplace(7.84), sigma=54.15)


@pytest.fixture(scope="module")
def tree(reg):
    return br.sample(reg, random_seed=1)


@pytest.fixture(scope="module")
def both(reg, tree):
    return br.compare(reg, tree)


@pytest.fixture(scope="module")
def many():
    rng = np.random.default_rng(3)
    X = rng.normal(size=(150, 60))
    y = X[:, :5] @ [3, -2, 1, 1, 0.5] + rng.normal(size=150)
    reg = br.Regression(X, y, prior=br.Laplace(0.1), sigma=1.0)
    return reg, br.sample(reg, random_seed=1)


def what(draw, tree, both):
    return both if draw is br.plot_posterior_map else tree


def row_names(figure):
    return [label.get_text() for label in figure.axes[0].get_yticklabels()]


def lines(figure):
    return {
        line.get_label(): (np.asarray(line.get_xdata()), np.asarray(line.get_ydata())) for line in figure.axes[0].lines
    }


def test_kappa_stands_at_its_mean_least_shrunk_on_top(tree):
    told = br.shrinkage(tree)
    figure = br.plot_kappa(told, ci_prob=0.8)
    x, _ = lines(figure)["posterior mean, 80% interval"]
    np.testing.assert_allclose(x, np.sort(told.kappa))
    assert row_names(figure) == [told.names[j] for j in np.argsort(told.kappa)]
    ends = np.array(figure.axes[0].collections[0].get_segments())[:, :, 0]
    expected = np.quantile(told.kappa_draws, [0.1, 0.9], axis=0).T[np.argsort(told.kappa)]
    np.testing.assert_allclose(ends, expected)
    assert figure.texts[0].get_text().startswith(f"Effective number of coefficients {told.m_eff:.3g} of 10 (80%")


def test_sparsity_bars_add_up_and_mark_the_zeros(tree):
    told = br.sparsity(tree)
    figure = br.plot_sparsity(told)
    widths = np.array([[bar.get_width() for bar in part] for part in figure.axes[0].containers])
    np.testing.assert_allclose(widths.sum(axis=0), 1, rtol=1e-12)
    of = {name: told.p_near_zero[j] for j, name in enumerate(told.names)}
    np.testing.assert_allclose(widths[1], [of[name] for name in row_names(figure)])
    _, rows = lines(figure)["MAP, exactly 0"]
    zeros = {name for name, zero in zip(told.names, told.zero, strict=True) if zero}
    assert {row_names(figure)[int(row)] for row in rows} == zeros
    assert figure.texts[0].get_text() == "The MAP sets 2 of 10 coefficients to 0; the posterior is 95% sure of none"


def test_a_cut_sparsity_figure_shows_zeros_and_others(many):
    figure = br.plot_sparsity(many[1], max_coefficients=20)
    assert len(row_names(figure)) == 20
    assert len(lines(figure)["MAP, exactly 0"][0]) == 10
    assert "the other 40 are not" in figure.texts[1].get_text()


def test_without_zeros_nothing_is_claimed(reg):
    figure = br.plot_sparsity(br.sample(reg.with_prior(br.Normal(20.0)), random_seed=1))
    assert figure.texts[0].get_text() == "No coefficient is exactly 0, so none is claimed to be"


def test_an_estimate_of_the_users_own_is_not_called_map(tree, reg):
    figure = br.plot_sparsity(br.sparsity(tree, estimate=br.penalized_estimate(reg)))
    assert figure.texts[0].get_text().startswith("The estimate sets 2 of 10")


def test_dss_rows_say_what_comes_in(tree):
    told = br.decoupled_selection(tree)
    figure = br.plot_dss(told)
    assert row_names(figure)[:3] == ["0", "1: + bmi", "2: + s5"]
    at = lines(figure)["smallest whose interval reaches it"]
    assert at[1].tolist() == [told.chosen]
    np.testing.assert_allclose(at[0], told.rho2_draws[:, told.chosen].mean())
    (whole,) = {float(x) for x in lines(figure)["posterior mean, all coefficients"][0]}
    assert whole == pytest.approx(told.rho2_draws[:, -1].mean())


def test_dss_rows_tell_long_names_apart():
    rng = np.random.default_rng(5)
    names = [f"C(region)[T.North-{side} of the river]" for side in ("West", "East")]
    X = pd.DataFrame(rng.normal(size=(200, 2)), columns=names)
    reg = br.Regression(X, X @ [2.0, 1.0] + rng.normal(size=200), prior=br.Laplace(0.1), sigma=1.0)
    rows = row_names(br.plot_dss(br.sample(reg, random_seed=1)))
    assert rows[0] == "0"
    assert {row.split("+ ")[1] for row in rows[1:]} == set(plot_labels(names, 24))
    assert len(set(plot_labels(names, 24))) == 2


def test_of_several_that_come_in_one_is_named(many):
    told = br.decoupled_selection(many[1])
    both = dataclasses.replace(told, coef=told.coef[[0, -1]], sizes=told.sizes[[0, -1]])
    assert _changes(both, 2)[1].endswith(f"and {told.sizes[-1] - 1} more")
    left = dataclasses.replace(told, coef=told.coef[[1, 0]], sizes=told.sizes[[1, 0]])
    (gone,) = told.model(1)
    assert _changes(left, 2) == [f"1: + {gone}", f"0: − {gone}"]


def test_points_of_the_posterior_map_are_the_estimates(both):
    figure = br.plot_posterior_map(both)
    drawn = lines(figure)
    order = [both.reg.names.index(name) for name in row_names(figure)]
    np.testing.assert_array_equal(drawn["penalized"][0], both.estimates["penalized"].beta[order])
    np.testing.assert_array_equal(drawn["least squares"][0], both.estimates["ols"].beta[order])
    best = both.estimates["map"].beta[order]
    np.testing.assert_array_equal(drawn["MAP"][0], best[best != 0])
    assert len(drawn["MAP, exactly 0"][0]) == 2
    title = "MAP and penalized estimate agree: 2 of 10 exactly 0; no posterior draw is"
    assert figure.texts[0].get_text() == title


def test_prior_and_posterior_are_densities(tree, reg):
    figure = br.plot_prior_posterior(tree)
    panel = figure.axes[0]
    assert panel.get_title(loc="left") == "bmi"
    (prior,) = [line for line in panel.lines if line.get_label() == "prior" or line.get_linestyle() == "--"]
    np.testing.assert_allclose(prior.get_ydata(), stats.laplace.pdf(prior.get_xdata(), 0, 7.84), rtol=1e-10)
    (posterior,) = [line for line in panel.lines if line.get_linestyle() == "-" and len(line.get_xdata()) > 2]
    assert integrate.trapezoid(posterior.get_ydata(), posterior.get_xdata()) == pytest.approx(1.0, abs=0.01)


@pytest.mark.parametrize("scaled", [False, True])
def test_an_unknown_scale_is_said(scaled):
    from bayesreg.model.unknowns import Unknowns
    from bayesreg.sampling.datatree import to_datatree
    from bayesreg.sampling.draws import Run

    rng = np.random.default_rng(0)
    X = rng.normal(size=(30, 2))
    reg = br.Regression(X, rng.normal(size=30), prior=br.Normal(br.HalfNormal(1.0), scaled_by_sigma=scaled))
    parts = rng.normal(size=(2, 50, 2)), np.zeros((2, 50)), np.full((2, 50), 2.0), {"scale": np.full((2, 50), 3.0)}
    figure = br.plot_prior_posterior(to_datatree(reg, Run(Unknowns(*parts)), {}, (), None))
    said = "posterior median of scale and sigma" if scaled else "posterior median of scale"
    assert figure.texts[1].get_text().endswith(said)
    (prior,) = [line for line in figure.axes[0].lines if line.get_linestyle() == "--"]
    sd = 6.0 if scaled else 3.0
    np.testing.assert_allclose(prior.get_ydata(), stats.norm.pdf(prior.get_xdata(), 0, sd), rtol=1e-10)


@pytest.mark.parametrize("effect", [-0.6, -0.9, -1.05, 2.3, -12.0])
def test_numbers_below_panels_stay_apart(effect):
    from bayesreg.model.unknowns import Unknowns
    from bayesreg.sampling.datatree import to_datatree
    from bayesreg.sampling.draws import Run

    rng = np.random.default_rng(3)
    reg = br.Regression(rng.normal(size=(30, 3)), rng.normal(size=30), prior=br.Laplace(0.05), sigma=1.0)
    beta = [effect, 0.0, 0.0] + 0.05 * rng.normal(size=(2, 200, 3))
    tree = to_datatree(reg, Run(Unknowns(beta, np.zeros((2, 200)), np.ones((2, 200)))), {}, (), None)
    figure = br.plot_prior_posterior(tree)
    figure.draw_without_rendering()
    for panel in figure.axes:
        low, high = panel.get_xlim()
        marked = zip(panel.get_xticks(), panel.get_xticklabels(), strict=True)
        boxes = [label.get_window_extent() for at, label in marked if low <= at <= high]
        assert len(boxes) >= 2
        assert all(one.x1 + 12 < other.x0 for one, other in pairwise(boxes))


def test_a_flat_prior_is_not_drawn(reg):
    tree = br.sample(reg.with_prior(br.Normal(np.inf)), random_seed=1)
    figure = br.plot_prior_posterior(tree)
    assert "flat" in figure.texts[0].get_text()
    assert not [line for line in figure.axes[0].lines if line.get_linestyle() == "--"]


def test_a_density_of_draws():
    draws = np.random.default_rng(0).normal(3, 2, size=20_000)
    grid, values = density(draws, -7, 13)
    np.testing.assert_allclose(values, stats.norm.pdf(grid, 3, 2), atol=0.01)
    narrow = density(draws / 1e4, -100, 100)[1]
    assert np.all(np.isfinite(narrow))
    assert np.all(density(np.ones(10), 0, 2)[1] == 0)


@pytest.mark.parametrize("draw", FIGURES)
@pytest.mark.parametrize("dark", [False, True])
def test_light_and_dark_differ_in_paper(draw, dark, tree, both):
    figure = draw(what(draw, tree, both), dark=dark)
    assert figure.get_facecolor() == to_rgba((DARK if dark else LIGHT).paper)
    assert len(figure._repr_png_()) > 5_000


@pytest.mark.parametrize("draw", [figure for figure in FIGURES if figure is not br.plot_prior_posterior])
def test_axes_of_the_users_own_are_drawn_on(draw, tree, both):
    figure = Figure(figsize=(12, 4))
    left, right = figure.subplots(1, 2)
    assert draw(what(draw, tree, both), ax=right) is figure
    assert not left.lines
    assert right.get_title(loc="left")


@pytest.mark.parametrize("draw", FIGURES)
@pytest.mark.parametrize("most", [0, 2.5, True, "3"])
def test_an_impossible_number_of_coefficients_is_refused(draw, most, tree, both):
    with pytest.raises(br.errors.PriorError, match="max_coefficients must be"):
        draw(what(draw, tree, both), max_coefficients=most)


def test_an_impossible_probability_is_refused(tree):
    with pytest.raises(br.errors.PriorError, match="ci_prob must be"):
        br.plot_kappa(tree, ci_prob=95)


@pytest.mark.parametrize("draw", FIGURES)
def test_many_coefficients_and_settings_left_alone(draw, many):
    before = dict(matplotlib.rcParams)
    figure = draw(br.compare(*many) if draw is br.plot_posterior_map else many[1])
    figure._repr_png_()
    assert dict(matplotlib.rcParams) == before
    assert "pyplot" not in repr(type(figure))
    assert max(len(row_names(figure)), len(figure.axes)) in (20, 40)


@pytest.fixture(scope="module")
def odd():
    rng = np.random.default_rng(0)
    names = ["a very long column name that goes on and on", "x_1$", "é/ü", "价格", "😀", "a\nb", r"$\frac$", "\x00"]
    X = pd.DataFrame(rng.normal(size=(40, len(names))), columns=names)
    reg = br.Regression(X, pd.Series(rng.normal(size=40), name=r"$\bad$ 价"), prior=br.Laplace(0.2), sigma=1.0)
    return reg, br.sample(reg, random_seed=1)


@pytest.mark.parametrize("draw", FIGURES)
def test_odd_names_are_drawn_without_a_warning(draw, odd, tmp_path):
    figure = draw(br.compare(*odd) if draw is br.plot_posterior_map else odd[1])
    figure.savefig(tmp_path / "odd.png")
    assert (tmp_path / "odd.png").stat().st_size > 5_000


def test_one_coefficient():
    rng = np.random.default_rng(0)
    reg = br.Regression(rng.normal(size=(40, 1)), rng.normal(size=40), prior=br.Laplace(0.02), sigma=1.0)
    tree = br.sample(reg, random_seed=1)
    for draw in FIGURES:
        draw(br.compare(reg, tree) if draw is br.plot_posterior_map else tree)._repr_png_()
    assert br.plot_kappa(tree).texts[0].get_text().startswith("Effective number of coefficients")


def test_a_posterior_from_a_file_is_drawn_as_its_comparison(reg, both, tree, tmp_path):
    tree.to_netcdf(tmp_path / "posterior.nc", engine="h5netcdf")
    with xr.open_datatree(tmp_path / "posterior.nc", engine="h5netcdf") as saved:
        for draw in (br.plot_shrinkage, br.plot_posterior_map):
            ours, theirs = draw(saved).axes[0], draw(both).axes[0]
            assert [one.get_text() for one in ours.get_yticklabels()] == [
                one.get_text() for one in theirs.get_yticklabels()
            ]
            for one, other in zip(ours.lines, theirs.lines, strict=True):
                np.testing.assert_allclose(one.get_xdata(), other.get_xdata(), rtol=1e-9)
        assert all(draw(saved).axes for draw in FIGURES)


@pytest.mark.parametrize("draw", [br.plot_shrinkage, br.plot_posterior_map])
def test_what_is_no_posterior_is_named(draw, reg):
    with pytest.raises(br.errors.DataError, match=r"br\.compare\(reg\), or a posterior .*, got Regression"):
        draw(reg)
    with pytest.raises(br.errors.DataError, match=r"br\.sample\(reg\)"):
        draw(xr.DataTree())

from itertools import pairwise

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.text import Text

import bayesreg as br
from bayesreg.errors import DataError


@pytest.fixture(scope="module")
def lasso():
    frame, target = br.load_dataset("diabetes")
    return br.Regression(frame.drop(columns=target), frame[target], prior=br.Laplace(1.0), sigma=54.0)


@pytest.fixture(scope="module")
def several(lasso):
    return br.select(lasso, by=["cv", "cv_1se", "aic", "prior"], p0=3, objective="sklearn.Lasso")


def line(ax, label):
    (found,) = [one for one in ax.lines if one.get_label() == label]
    return found.get_xdata(), found.get_ydata()


def test_the_curves_are_those_of_the_selection(several):
    errors, logs, choices = br.plot_selection(several).axes
    curve = several["cv"].curve
    x, y = line(errors, "5-fold cross-validation")
    np.testing.assert_allclose(x, curve.strengths / 442, rtol=1e-12)
    np.testing.assert_array_equal(y, curve.value)
    np.testing.assert_array_equal(line(errors, "training rows")[1], curve.train)
    aic = several["aic"].curve.value
    np.testing.assert_array_equal(line(logs, "−AIC/2")[1], aic - aic.max())
    assert choices.get_xlabel() == "strength (sklearn.Lasso): strong → weak"


def test_each_choice_has_a_row_and_a_line_through_all_panels(several):
    figure = br.plot_selection(several)
    rows = [label.get_text() for label in figure.axes[-1].get_yticklabels()]
    assert rows == ["cross-validation", "one standard error", "AIC", "prior knowledge"]
    for ax in figure.axes:
        upright = {one.get_xdata()[0] for one in ax.lines if np.array_equal(one.get_ydata(), [0, 1])}
        assert upright >= {one.strength for one in several}


def test_strong_is_on_the_left_also_where_a_tool_states_its_inverse(several):
    left, right = br.plot_selection(several).axes[0].get_xlim()
    assert left > right
    rng = np.random.default_rng(0)
    X = rng.normal(size=(40, 2))
    reg = br.Regression(X, (X[:, 0] + rng.normal(size=40) > 0).astype(float), prior=br.Normal(1.0), family="bernoulli")
    ax = br.plot_selection(br.select(reg, objective="sklearn.LogisticRegression")).axes[0]
    assert ax.get_xlim()[0] < ax.get_xlim()[1]
    assert ax.get_ylabel() == "mean −log likelihood"


def test_every_choice_is_inside_the_axes_and_the_curves(several):
    figure = br.plot_selection(several)
    right, left = sorted(figure.axes[0].get_xlim())[0], sorted(figure.axes[0].get_xlim())[1]
    for one in several:
        assert right < one.strength < left
    low, high = figure.axes[0].get_ylim()
    curve = several["cv"].curve
    assert low < curve.train.min()
    assert high > curve.value[curve.strengths == several["cv_1se"].choice.strength][0]


def test_a_known_truth_adds_bias_and_variance(several):
    coef = np.r_[0, -240, 500, 300, np.zeros(4), 500, 0] / 100
    figure = br.plot_selection(several["cv"], coef=coef)
    truth = figure.axes[1]
    assert truth.get_ylabel() == "error of the fit"
    total = line(truth, "bias² + variance")[1]
    np.testing.assert_allclose(total, line(truth, "bias²")[1] + line(truth, "variance")[1])


def test_a_regression_is_selected_first(lasso):
    rows = [label.get_text() for label in br.plot_selection(lasso).axes[-1].get_yticklabels()]
    assert rows == ["cross-validation", "one standard error", "AIC", "BIC"]
    ridge = br.plot_selection(lasso.with_prior(br.Normal(1.0)))
    assert [label.get_text() for label in ridge.axes[-1].get_yticklabels()][-2:] == ["leave-one-out error", "evidence"]


def test_a_rule_without_a_curve_has_a_picture_too(lasso):
    figure = br.plot_selection(br.select(lasso, by="prior", p0=3))
    assert len(figure.axes) == 1


@pytest.mark.parametrize("dark", [False, True])
def test_no_row_labels_collide(several, dark):
    figure = br.plot_selection(several, dark=dark)
    FigureCanvasAgg(figure).draw()
    boxes = [label.get_window_extent() for label in figure.axes[-1].get_yticklabels()]
    assert all(upper.y0 >= lower.y1 for upper, lower in pairwise(boxes))
    inside = figure.bbox
    for text in figure.findobj(Text):
        if text.get_text() and text.get_visible():
            box = text.get_window_extent()
            assert box.x0 >= inside.x0 - 1
            assert box.y1 <= inside.y1 + 1


def test_what_is_refused():
    with pytest.raises(DataError, match="expected a Selection"):
        br.plot_selection([1, 2])


def test_an_odd_target_is_written_as_it_is(lasso):
    frame, target = br.load_dataset("diabetes")
    y = frame[target].rename(r"$\frac$ of the price of the house, in thousands")
    reg = br.Regression(frame.drop(columns=target), y, prior=br.Laplace(1.0), sigma=54.0)
    figure = br.plot_selection(br.select(reg, by="bic"))
    assert figure.texts[1].get_text().startswith(r"\$\frac\$ of the…in thousands on 10 columns")
    figure._repr_png_()

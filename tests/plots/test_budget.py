import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

import bayesreg as br
from bayesreg.errors import DataError, PriorError, UnsupportedError


@pytest.fixture(scope="module")
def diabetes():
    frame, target = br.load_dataset("diabetes")
    return br.Regression(frame.drop(columns=target), frame[target], prior=br.Laplace(10.0), sigma=54.0)


@pytest.fixture(scope="module")
def pair():
    """Two correlated columns, of which the lasso keeps one."""
    frame, target = br.load_dataset("diabetes")
    return br.Regression(frame[["s1", "s2"]], frame[target], prior=br.Laplace(3.0), sigma=54.0)


def bernoulli(prior):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(150, 2))
    X[:, 1] += 0.7 * X[:, 0]
    y = (rng.random(150) < 1 / (1 + np.exp(-0.5 - 1.5 * X[:, 0]))).astype(float)
    return br.Regression(X, y, prior=prior, family="bernoulli")


def line(ax, label):
    (found,) = [one for one in ax.lines if str(one.get_label()).startswith(label)]
    return np.array([found.get_xdata()[0], found.get_ydata()[0]])


def region(ax):
    (patch,) = ax.patches
    return patch.get_xy()


def touching_contour(ax):
    """Vertices of the contour at the level of the MAP."""
    (found,) = [one for one in ax.collections if list(one.levels) == [0.0]]
    return np.concatenate([path.vertices for path in found.get_paths()])


def distance(points, to):
    """From a point to a polyline, through the feet of its perpendiculars."""
    first, step = points[:-1], np.diff(points, axis=0)
    along = np.clip(np.sum((to - first) * step, axis=1) / np.maximum(np.sum(step**2, axis=1), 1e-300), 0, 1)
    return np.min(np.linalg.norm(first + along[:, None] * step - to, axis=1))


def size(ax):
    return np.ptp(ax.get_xlim())


PRIORS = [br.Laplace(3.0), br.Normal(10.0), br.ElasticNetPrior(5.0, 10.0), br.Laplace({"s1": 3.0, "s2": 6.0})]


@pytest.mark.parametrize("prior", PRIORS, ids=["laplace", "normal", "elastic net", "per column"])
def test_the_map_stands_where_contour_and_region_touch(pair, prior):
    reg = pair.with_prior(prior)
    ax = br.plot_budget(reg).axes[0]
    beta = br.map_estimate(reg).beta
    np.testing.assert_array_equal(line(ax, "MAP"), beta)
    np.testing.assert_allclose(line(ax, "least squares"), br.least_squares(reg).beta, rtol=1e-9)
    assert distance(touching_contour(ax), beta) < 2e-3 * size(ax)
    assert distance(region(ax), beta) < 2e-3 * size(ax)
    # They touch and do not cross: on the whole boundary the loss is no less than at the MAP.
    X, y = reg.design.matrix, reg.design.rows.y - reg.design.mean_y
    losses = [0.5 * np.sum((y - X @ point) ** 2) for point in region(ax)]
    assert min(losses) >= 0.5 * np.sum((y - X @ beta) ** 2) * (1 - 1e-12)


@pytest.mark.parametrize("prior", PRIORS, ids=["laplace", "normal", "elastic net", "per column"])
def test_the_boundary_spends_the_budget(pair, prior):
    reg = pair.with_prior(prior)
    found = br.budget(reg)
    spent = [found.norm.value(point) for point in region(br.plot_budget(reg).axes[0])]
    np.testing.assert_allclose(spent, found.t, rtol=1e-10)


@pytest.mark.parametrize("unit", [1e-9, 1e9])
@pytest.mark.parametrize("prior", [br.Laplace, br.Normal])
def test_the_unit_of_the_target_changes_nothing(pair, prior, unit):
    frame = pd.DataFrame(pair.design.rows.X, columns=pair.names)
    reg = br.Regression(frame, pair.design.rows.y * unit, prior=prior(5 * unit), sigma=54 * unit)
    plain = pair.with_prior(prior(5.0))
    one, other = br.plot_budget(reg).axes[0], br.plot_budget(plain).axes[0]
    np.testing.assert_allclose(region(one) / unit, region(other), rtol=1e-6, atol=1e-9)
    assert distance(touching_contour(one), line(one, "MAP")) < 2e-3 * size(one)


def test_a_diamond_has_its_corners_on_the_axes(pair):
    ax = br.plot_budget(pair).axes[0]
    t = br.budget(pair).t
    for corner in ([t, 0], [0, t], [-t, 0], [0, -t]):
        assert np.min(np.linalg.norm(region(ax) - corner, axis=1)) < 1e-12 * t
    at = line(ax, "MAP, with an exact 0")
    assert at[1] == 0 != at[0]
    assert "corner: one is exactly 0" in ax.figure.texts[0].get_text()


@pytest.mark.parametrize("prior", [br.Laplace(0.1), br.Normal(0.3)])
def test_contours_of_another_family_are_those_of_its_likelihood(prior):
    reg = bernoulli(prior)
    ax = br.plot_budget(reg).axes[0]
    beta = br.map_estimate(reg).beta
    assert distance(touching_contour(ax), beta) < 2e-3 * size(ax)
    np.testing.assert_allclose(line(ax, "maximum likelihood"), br.least_squares(reg).beta, rtol=1e-6)

    def loss(point):
        from scipy.optimize import minimize_scalar

        eta = reg.design.matrix @ point
        return minimize_scalar(lambda c: np.sum(np.logaddexp(0, eta + c) - reg.design.rows.y * (eta + c))).fun

    level = loss(beta)
    assert np.allclose([loss(point) for point in touching_contour(ax)[::40]], level, rtol=1e-4)
    assert min(loss(point) for point in region(ax)[::10]) >= level - 1e-6


def test_more_columns_are_a_slice_at_the_map(diabetes):
    figure = br.plot_budget(diabetes, ["bmi", "age"])
    ax, found = figure.axes[0], br.budget(diabetes)
    beta = found.estimate.beta
    j = [diabetes.names.index(name) for name in ("bmi", "age")]
    np.testing.assert_array_equal(line(ax, "MAP"), beta[j])
    others = np.sum(np.abs(np.delete(beta, j)))
    np.testing.assert_allclose(np.abs(region(ax)).sum(axis=1), found.t - others, rtol=1e-10)
    assert distance(touching_contour(ax), beta[j]) < 2e-3 * size(ax)
    assert "the other 8 coefficients held at the MAP" in figure.texts[1].get_text()
    assert f"{found.t:.4g} ({found.t - others:.4g} here)" in ax.get_title(loc="left")
    assert f"strength {found.strength:.4g}" in ax.get_title(loc="left")
    X, residual = diabetes.design.matrix, diabetes.design.rows.y - diabetes.design.mean_y
    left = residual - np.delete(X, j, axis=1) @ np.delete(beta, j)
    np.testing.assert_allclose(line(ax, "least squares"), np.linalg.lstsq(X[:, j], left)[0], rtol=1e-9)


def test_regressions_side_by_side_share_their_axes(pair):
    figure = br.plot_budget({"Lasso": pair, "Ridge": pair.with_prior(br.Normal(10.0))})
    first, second = figure.axes
    assert (first.get_xlim(), first.get_ylim()) == (second.get_xlim(), second.get_ylim())
    assert [ax.get_title(loc="left").splitlines()[0] for ax in figure.axes] == ["Lasso", "Ridge"]
    assert figure.texts[0].get_text() == "A corner holds a coefficient at exactly 0; a round region does not"
    assert np.all(line(second, "MAP") != 0)


def test_standardized_columns_share_one_scale_and_raw_ones_have_their_own(pair):
    ax = br.plot_budget(pair).axes[0]
    assert np.ptp(ax.get_xlim()) == pytest.approx(np.ptp(ax.get_ylim()))
    rng = np.random.default_rng(0)
    X = rng.normal(size=(100, 2)) * [1e-3, 1e3]
    y = X @ [1e3, 5e-4] + rng.normal(size=100)
    raw = br.Regression(X, y, prior=br.Laplace({"x0": 1e3, "x1": 1e-3}), sigma=1.0, standardize=False)
    figure = br.plot_budget(raw)
    ax = figure.axes[0]
    assert np.ptp(ax.get_xlim()) > 1e5 * np.ptp(ax.get_ylim())
    assert "own scale" in figure.texts[1].get_text()
    x, y = line(ax, "MAP")
    assert ax.get_xlim()[0] < x < ax.get_xlim()[1]
    assert ax.get_ylim()[0] < y < ax.get_ylim()[1]


def test_an_unpenalized_column_makes_a_strip(pair):
    reg = pair.with_prior(br.Normal({"s1": 5.0, "s2": np.inf}))
    ax = br.plot_budget(reg).axes[0]
    assert np.all(np.isfinite(region(ax)))
    beta = br.map_estimate(reg).beta
    assert np.max(region(ax)[:, 0]) == pytest.approx(abs(beta[0]), rel=1e-9)
    assert np.max(region(ax)[:, 1]) > ax.get_ylim()[1]


def test_a_budget_of_zero_and_a_weak_prior_are_drawn(pair, tmp_path):
    none = br.plot_budget(pair.with_prior(br.Laplace(1e-3)))
    assert none.texts[0].get_text() == "Nothing of the budget is left: both are exactly 0"
    assert np.all(region(none.axes[0]) == 0)
    np.testing.assert_array_equal(line(none.axes[0], "MAP, with an exact 0"), [0, 0])
    none.savefig(tmp_path / "none.png")
    br.plot_budget(pair.with_prior(br.Laplace(1e9)), dark=True).savefig(tmp_path / "weak.png")


def test_least_squares_far_out_is_pointed_at():
    rng = np.random.default_rng(0)
    x = rng.normal(size=60)
    X = np.column_stack([x, x + 1e-3 * rng.normal(size=60)])
    ax = br.plot_budget(br.Regression(X, x + rng.normal(size=60), prior=br.Normal(0.5), sigma=1.0)).axes[0]
    at = line(ax, "least squares, beyond the axes")
    assert at[0] in ax.get_xlim() or at[1] in ax.get_ylim()


def test_odd_names_are_drawn(tmp_path):
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.normal(size=(40, 2)), columns=["$x^", "a very long name of a column that goes on and on"])
    reg = br.Regression(frame, frame.sum(axis=1) + rng.normal(size=40), prior=br.Laplace(0.1), sigma=1.0)
    br.plot_budget({"$": reg}).savefig(tmp_path / "odd.png")


def test_axes_of_the_users_own_are_drawn_on(pair, tmp_path):
    figure = Figure(figsize=(9, 5), layout="compressed")
    axes = figure.subplots(1, 2)
    assert br.plot_budget([pair, pair.with_prior(br.Normal(9.0))], axes=axes) is figure
    figure.savefig(tmp_path / "own.png")
    with pytest.raises(PriorError, match="as many as regressions"):
        br.plot_budget(pair, axes=axes)


@pytest.mark.parametrize(
    "columns", [None, ["bmi"], "bmi", ["bmi", "nobody"], [0, 10], [0, True], [0, 1, 2], ["bmi", 2]]
)
def test_columns_that_are_not_two_of_them_are_refused(diabetes, columns):
    with pytest.raises(DataError, match="columns must"):
        br.plot_budget(diabetes, columns)


def test_what_has_no_picture_is_refused(diabetes, pair):
    with pytest.raises(PriorError, match="no budget"):
        br.plot_budget(pair.with_prior(br.Laplace(np.inf)))
    with pytest.raises(PriorError, match="known sigma"):
        br.plot_budget(pair.with_sigma(br.HalfNormal(50.0)))
    with pytest.raises(DataError, match="same rows"):
        br.plot_budget([pair, diabetes])
    flat = {name: np.inf if name in ("age", "sex") else 10.0 for name in diabetes.names}
    with pytest.raises(PriorError, match="neither"):
        br.plot_budget(diabetes.with_prior(br.Laplace(flat)), ["age", "sex"])
    rows = pair.design.rows
    kinked = br.Regression(rows.X, rows.y, prior=br.Laplace(3.0), family="laplace", sigma=54.0)
    with pytest.raises(UnsupportedError, match="kinks"):
        br.plot_budget(kinked)
    for wrong in ([], "text", 3, [pair, "text"]):
        with pytest.raises(DataError, match="expected a Regression"):
            br.plot_budget(wrong)

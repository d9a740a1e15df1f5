import numpy as np
import pytest
from matplotlib.figure import Figure
from scipy import stats

import bayesreg as br


def curves(figure):
    """x and y of the first curve in each panel."""
    return [tuple(np.asarray(values) for values in panel.lines[0].get_data()) for panel in figure.axes]


PRIORS = [br.Laplace(0.5), br.Normal(2.0), br.ElasticNetPrior(1.0, 0.7)]


@pytest.mark.parametrize("prior", PRIORS)
def test_the_penalty_is_the_negative_log_density_and_the_pull_its_slope(prior):
    (x, density), (_, penalty), (_, pull) = curves(br.plot_prior(prior))
    np.testing.assert_allclose(density, np.exp([prior.log_density([at])[0] for at in x]), rtol=1e-12)
    np.testing.assert_allclose(penalty, np.log(density.max()) - np.log(density), atol=1e-10)
    middles = (x[1:] + x[:-1]) / 2
    slope = np.diff(penalty) / np.diff(x)
    away = ~np.isnan(pull[1:] + pull[:-1])
    np.testing.assert_allclose(slope[away], np.interp(middles, x, pull)[away], atol=1e-9)


def test_densities_are_those_of_scipy():
    x, density = curves(br.plot_prior(br.Laplace(0.5)))[0]
    np.testing.assert_allclose(density, stats.laplace(scale=0.5).pdf(x), rtol=1e-12)
    x, density = curves(br.plot_prior(br.Normal(2.0)))[0]
    np.testing.assert_allclose(density, stats.norm(scale=2.0).pdf(x), rtol=1e-12)


def test_the_laplace_pull_is_undefined_at_zero_with_open_circles_at_both_ends():
    figure = br.plot_prior(br.Laplace(0.5))
    line, circles = figure.axes[2].lines
    assert np.isnan(np.asarray(line.get_ydata())[np.asarray(line.get_xdata()) == 0]).all()
    assert set(np.asarray(line.get_ydata())[~np.isnan(line.get_ydata())]) == {-2.0, 2.0}
    assert (list(circles.get_xdata()), sorted(circles.get_ydata())) == ([0.0, 0.0], [-2.0, 2.0])
    assert circles.get_markerfacecolor() == "#ffffff"


def test_the_normal_pull_passes_through_zero_without_circles():
    (line,) = br.plot_prior(br.Normal(2.0)).axes[2].lines
    x, y = (np.asarray(values) for values in line.get_data())
    np.testing.assert_allclose(y, x / 4, rtol=1e-12, atol=1e-15)


def test_several_priors_are_overlaid_and_named():
    figure = br.plot_prior([br.Laplace(1.0), br.Normal(1.0)])
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["Laplace, b = 1", "Normal, s = 1"]
    assert [len(panel.lines) for panel in figure.axes] == [2, 2, 3]


def test_scaled_by_sigma_is_drawn_at_sigma_and_refused_without():
    prior = br.Laplace(0.5, scaled_by_sigma=True)
    label = br.plot_prior(prior, sigma=4.0).legends[0].get_texts()[0].get_text()
    assert label == "Laplace, b = 2"
    with pytest.raises(br.errors.PriorError, match="pass sigma"):
        br.plot_prior(prior)


@pytest.mark.parametrize("scale", [[0.1, 1.0, 2.0, 3.0, 4.0], {"a": 0.1, "b": 2.0, "c": 4.0}])
def test_scales_by_column_are_drawn_at_the_smallest_median_and_largest(scale):
    texts = br.plot_prior(br.Laplace(scale)).legends[0].get_texts()
    assert [text.get_text() for text in texts] == ["Laplace, b = 0.1", "Laplace, b = 2", "Laplace, b = 4"]


@pytest.mark.parametrize(
    ("prior", "told"),
    [
        (br.Laplace(np.inf), "no prior of finite scale"),
        ([], "no prior of finite scale"),
        (br.Laplace(br.HalfNormal(1.0)), "hyperprior"),
        ([br.L1(1.0)], "expected a Laplace"),
        (br.Normal(1.0, loc=2.0), "centred at 0"),
    ],
)
def test_what_cannot_be_drawn_is_refused(prior, told):
    with pytest.raises(br.errors.PriorError, match=told):
        br.plot_prior(prior)


@pytest.mark.parametrize("sigma", [0.0, -1.0, np.inf, np.nan])
def test_an_impossible_sigma_is_refused(sigma):
    with pytest.raises(br.errors.PriorError, match="sigma must be"):
        br.plot_prior(br.Normal(1.0), sigma=sigma)


def test_three_axes_of_the_users_own(tmp_path):
    figure = Figure()
    axes = figure.subplots(1, 3)
    assert br.plot_prior(PRIORS, axes=axes, dark=True) is figure
    figure.savefig(tmp_path / "own.svg")
    with pytest.raises(br.errors.PriorError, match="axes must be 3"):
        br.plot_prior(PRIORS, axes=axes[:2])

"""What figures say of a regression, for each family."""

import numpy as np
import pandas as pd
import pytest

import bayesreg as br
from bayesreg.model.unknowns import Unknowns
from bayesreg.plots.words import beta_axis, fit_name, prior_name, sigma_text
from bayesreg.sampling.datatree import to_datatree
from bayesreg.sampling.draws import Run

RNG = np.random.default_rng(0)
X = pd.DataFrame(RNG.normal(size=(60, 2)), columns=["a very long column name that goes on and on", "W" * 40])
ETA = X.to_numpy()[:, 0]
TARGETS = {
    "gaussian": ETA + RNG.normal(size=60),
    "bernoulli": (RNG.random(60) < 0.5).astype(float),
    "poisson": RNG.poisson(np.exp(0.3 * ETA)).astype(float),
    "student_t": ETA + RNG.standard_t(4, size=60),
}


def regression(family, name="y", **options):
    known = {"sigma": 1.3} if family in ("gaussian", "student_t") else {}
    y = pd.Series(TARGETS[family], name=name)
    return br.Regression(X, y, prior=br.Normal(0.1), family=family, **known, **options)


def compared(reg):
    beta = RNG.normal(size=(2, 100, 2))
    run = Run(Unknowns(beta, np.zeros((2, 100)), np.ones((2, 100))))
    return br.compare(reg, to_datatree(reg, run, {}, (), None))


@pytest.mark.parametrize(
    ("family", "what"),
    [("gaussian", "y"), ("bernoulli", "the log odds of y"), ("poisson", "the log mean of y")],
)
@pytest.mark.parametrize("draw", [br.plot_shrinkage, br.plot_posterior_map])
def test_the_axis_says_what_moves_and_sigma_is_told_where_there_is_one(family, what, draw):
    figure = draw(compared(regression(family)))
    assert figure.axes[0].get_xlabel().replace("\n", " ") == (
        f"beta: change of {what} per standard deviation of its column"
    )
    if draw is br.plot_shrinkage:
        assert figure.texts[1].get_text() == f"Normal prior{', sigma = 1.3' if family == 'gaussian' else ''}, n = 60"
    labels = {line.get_label() for line in figure.axes[0].lines}
    assert {"least squares", "maximum likelihood"} & labels == {
        "least squares" if family == "gaussian" else "maximum likelihood"
    }


@pytest.mark.parametrize("draw", [br.plot_shrinkage, br.plot_posterior_map])
def test_the_axis_label_stays_on_the_figure(draw):
    figure = draw(compared(regression("bernoulli", name="price of the house, in thousands of $_2020$")))
    figure.draw_without_rendering()
    box = figure.axes[0].xaxis.label.get_window_extent()
    assert box.x0 >= figure.bbox.x0
    assert box.x1 <= figure.bbox.x1


def test_robust_noise_moves_the_target_itself():
    reg = regression("student_t")
    assert beta_axis(reg) == "beta: change of y per standard deviation of its column"
    assert sigma_text(reg, 1.3) == ", sigma = 1.3"
    assert fit_name(reg) == "maximum likelihood"


def test_units_priors_and_an_unknown_sigma():
    raw = regression("gaussian", standardize=False)
    assert beta_axis(raw) == "beta: change of y per unit of its column"
    assert prior_name(raw.with_prior(br.ElasticNetPrior(1.0, 1.0))) == "elastic-net"
    assert prior_name(raw.with_prior(br.RegularizedHorseshoe(0.1, 1.0))) == "regularized horseshoe"
    assert sigma_text(raw.with_sigma(None), 2.0) == ", sigma = 2 (joint mode)"
    assert sigma_text(regression("bernoulli"), 1.0) == ""
    wide = br.Regression(RNG.normal(size=(3, 5)), [0.0, 1.0, 2.0], prior=br.Laplace(1.0), sigma=1.0, standardize=False)
    assert fit_name(wide) == "least squares of least norm"

"""The density that HMC follows: against the regression's own, and its gradient against differences of it."""

from dataclasses import replace

import numpy as np
import pytest

import bayesreg as br
from bayesreg.model.log_density import log_likelihood, log_prior
from bayesreg.model.unknowns import Unknowns
from bayesreg.sampling.hmc.approximation import approximate

RNG = np.random.default_rng(4)
N, P = 25, 3
X = RNG.normal(size=(N, P)) * [1.0, 5.0, 0.2] + 3
ETA = 0.3 + 0.4 * RNG.normal(size=N)
COUNTS = RNG.poisson(np.exp(ETA)).astype(float)
TARGETS = {
    "gaussian": ETA,
    "student_t": ETA,
    "laplace": ETA,
    "gamma": np.exp(ETA),
    "bernoulli": (COUNTS > 0).astype(float),
    "poisson": COUNTS,
    "negative_binomial": COUNTS,
}
INF = np.inf
PRIORS = {
    "laplace": br.Laplace(0.4),
    "laplace, scale unknown": br.Laplace(br.HalfNormal(1.0)),
    "laplace, scale bounded": br.Laplace(br.Uniform(1.5)),
    "normal and flat": br.Normal([0.5, INF, 2.0]),
    "normal, scaled, scale unknown": br.Normal(br.InverseGamma(3.0, 2.0), True),
    "blocks, one scale unknown": br.Blocks({"x1": br.Laplace(br.HalfNormal(1.0))}, rest=br.Normal([0.5, 2.0])),
    "blocks, scaled": br.Blocks(
        {"x2": br.Normal(br.InverseGamma(3.0, 2.0), True)}, rest=br.Laplace(br.Uniform(1.5), True)
    ),
    "every kind of column, scaled": br.ElasticNetPrior([0.5, INF, 1.0], [INF, INF, 2.0], True),
}
INTERCEPTS = {
    "none": {"intercept": False},
    "flat": {},
    "centred": {"intercept": br.Normal(2.0, loc=0.5)},
    "at 0, scaled": {"intercept": br.Normal(2.0, True, loc=0.5), "center": False},
}


def make(family, prior, intercept):
    sigma = {"sigma": br.HalfStudentT(3.0, 2.0)} if family in SCALED else {}
    rows = {"weights": np.linspace(0.5, 2.0, N), "offset": np.linspace(-0.5, 0.5, N)}
    return br.Regression(X, TARGETS[family], prior=prior, family=family, **rows, **sigma, **intercept)


SCALED = ("gaussian", "student_t", "laplace", "gamma")
CELLS = [
    (family, prior, intercept)
    for row, family in enumerate(TARGETS)
    for column, prior in enumerate(PRIORS)
    for intercept in [list(INTERCEPTS)[(row + column) % len(INTERCEPTS)]]
]


def target_of(family, prior, intercept, share):
    target, _ = approximate(make(family, PRIORS[prior], INTERCEPTS[intercept]))
    return replace(target, coordinates=replace(target.coordinates, share=np.full(P, share), log_reference=0.3))


def scales_at(target, at):
    """The unknown scales by name."""
    pairs = zip(target.groups, at.log_scales, strict=True)
    return {group.name: np.exp(log) for group, log in pairs if group.prior is not None}


@pytest.mark.parametrize("share", [0.0, 0.6, 1.0])
@pytest.mark.parametrize(("family", "prior", "intercept"), CELLS)
def test_the_gradient_is_the_slope_of_the_value(family, prior, intercept, share):
    target = target_of(family, prior, intercept, share)
    x = 0.5 * np.random.default_rng(3).normal(size=(2, target.size))
    found = target.gradient(target.locate(x))
    for column in range(target.size):
        step = 1e-6 * np.eye(target.size)[column]
        difference = target.value(target.locate(x + step)) - target.value(target.locate(x - step))
        assert np.allclose(found[:, column], difference / 2e-6, rtol=1e-6, atol=1e-6 * np.abs(found).max())


@pytest.mark.parametrize("share", [0.0, 0.6, 1.0])
@pytest.mark.parametrize(("family", "prior", "intercept"), CELLS)
def test_the_value_is_the_log_posterior_of_the_regression_in_other_coordinates(family, prior, intercept, share):
    """By log likelihood and log prior, and the determinant of numerical derivatives of the unknowns in x."""
    target, reg = target_of(family, prior, intercept, share), make(family, PRIORS[prior], INTERCEPTS[intercept])
    x = 0.5 * np.random.default_rng(5).normal(size=(4, target.size))

    def unknowns(x):
        at = target.locate(x)
        sigma = [np.exp(at.log_sigma)] * (reg.noise.sigma is None)
        return np.column_stack([at.theta, *sigma, *scales_at(target, at).values()])

    step = 1e-6 * np.eye(target.size)
    slopes = np.stack([(unknowns(x + e) - unknowns(x - e)) / 2e-6 for e in step], axis=-1)
    at = target.locate(x)
    level = at.theta[:, -1] + reg.intercept_term.loc if reg.intercept is not False else np.zeros(4)
    given = Unknowns(at.curve.beta, level, np.exp(at.log_sigma), scales_at(target, at))
    expected = log_likelihood(reg, given) + log_prior(reg, given) + np.linalg.slogdet(slopes)[1]
    assert np.allclose(np.diff(target.value(at)), np.diff(expected), rtol=1e-6, atol=1e-6)


def test_an_own_family_needs_no_derivative_in_log_sigma():
    """What a family does not state of sigma comes from differences of its log likelihood."""
    from bayesreg.families.base import Family

    gamma = br.Regression(X, TARGETS["gamma"], prior=br.Laplace(1.0), family="gamma").family
    y, eta, sigma = TARGETS["gamma"], ETA, np.linspace(0.1, 3.0, N)
    numerical = Family.log_sigma_slope(gamma, y, eta, sigma)
    assert np.allclose(numerical, gamma.log_sigma_slope(y, eta, sigma), rtol=1e-7, atol=1e-7)

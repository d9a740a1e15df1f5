"""Draws from the priors have the distributions whose densities the priors state."""

import itertools

import numpy as np
import pytest
from scipy import integrate, stats

import bayesreg as br
from bayesreg.errors import PriorError
from bayesreg.priors.column_scales import ColumnScales, draw_elastic_net
from bayesreg.sampling.prior_draws import draw_prior, improper_parts

# Kolmogorov's statistic of a right program is larger than this once in a thousand runs, over all tests here.
SMALLEST_P = 1e-3 / 40
COUNT = 20_000
X = np.random.default_rng(0).normal([3.0, 0.0, -1.0], [1.0, 5.0, 0.2], size=(12, 3))
Y = X @ [1.0, 0.1, -3.0] + np.random.default_rng(1).normal(size=12)
POSITIVE = [
    br.HalfNormal(2.0),
    br.Exponential(0.5),
    br.HalfStudentT(3.0, 2.0),
    br.HalfCauchy(2.0),
    br.InverseGamma(3.0, 2.0),
    br.InverseGamma(3.0, 2.0, on="sd"),
    br.Uniform(1.5),
]


def kolmogorov(values, log_density, low):
    """P value, the distribution function integrated piece by piece from the prior's own density."""
    knots = np.unique(np.r_[low, np.quantile(values, np.linspace(0, 1, 401))])
    pieces = [integrate.quad(lambda x: np.exp(log_density(x)), a, b)[0] for a, b in itertools.pairwise(knots)]
    below = np.r_[0.0, np.cumsum(pieces)]
    tail = 1 - below[-1]
    assert -1e-6 < tail < 0.01
    # The function between the knots is monotone, so the largest distance lies within a piece of 1/400 of it.
    found = np.searchsorted(np.sort(values), knots, side="right") / len(values)
    return stats.kstwo.sf(np.max(np.abs(found - below)), len(values))


@pytest.mark.parametrize("prior", POSITIVE, ids=repr)
def test_positive_priors(prior):
    values = prior.draw(np.random.default_rng(2), (4, COUNT // 4))
    assert values.shape == (4, COUNT // 4)
    assert np.all(values > 0)
    assert kolmogorov(values.ravel(), lambda x: prior.log_density(x) if x > 0 else -np.inf, 0.0) > SMALLEST_P


@pytest.mark.parametrize(
    ("laplace", "normal"), [(0.4, np.inf), (np.inf, 0.7), (0.4, 0.7), (0.01, 3.0), (50.0, 0.2), (1e-3, 1e4)]
)
def test_coefficients(laplace, normal):
    """One column of each kind, from a weak to an overwhelming kink."""
    values = draw_elastic_net(
        ColumnScales(np.array([laplace]), np.array([normal]), False), (COUNT,), np.random.default_rng(3)
    )[:, 0]
    prior = br.ElasticNetPrior(laplace, normal)
    assert kolmogorov(np.abs(values), lambda x: np.log(2) + float(prior.log_density([x])[0]), 0.0) > SMALLEST_P
    assert stats.binomtest(int(np.sum(values > 0)), COUNT).pvalue > SMALLEST_P


def test_a_horseshoe():
    """With its local scales, against the density that has none."""
    reg = br.Regression(X, Y, prior=br.Horseshoe(0.3, scaled_by_sigma=True), sigma=2.0)
    found = draw_prior(reg, (COUNT,), np.random.default_rng(4))
    density = reg.prior.log_density
    for column in range(3):
        values = np.abs(found["beta"][:, column])
        values = values[(values > 1e-3) & (values < 1e2)]
        ends = [
            integrate.quad(lambda x: np.exp(density([x], 2.0)[0]), a, b, limit=200)[0] for a, b in ((1e-3, 1), (1, 1e2))
        ]
        share = np.log(sum(ends))
        assert kolmogorov(values, lambda x, share=share: float(density([x], 2.0)[0]) - share, 1e-3) > SMALLEST_P
    assert "slab_scale" not in found
    assert stats.kstest(found["local_scale"].ravel(), stats.halfcauchy.cdf).pvalue > SMALLEST_P


def test_a_regularized_horseshoe_given_its_scales():
    prior = br.RegularizedHorseshoe(br.HalfCauchy(0.3), 2.0, scaled_by_sigma=True)
    found = draw_prior(br.Regression(X, Y, prior=prior, sigma=br.HalfNormal(1.5)), (COUNT,), np.random.default_rng(5))
    slab = found["slab_scale"]
    sd = found["local_scale"] * found["scale"][:, None]
    sd = sd * slab[:, None] / np.sqrt(sd**2 + slab[:, None] ** 2) * found["sigma"][:, None]
    assert stats.kstest((found["beta"] / sd).ravel(), stats.norm.cdf).pvalue > SMALLEST_P
    assert kolmogorov(slab, lambda x: prior.slab_prior.log_density(x) if x > 0 else -np.inf, 0.0) > SMALLEST_P


@pytest.mark.parametrize("kind", [br.Laplace, br.Normal])
def test_an_unknown_scale_and_sigma_multiply_coefficients(kind):
    reg = br.Regression(X, Y, prior=kind(br.HalfNormal(0.5), True), sigma=br.InverseGamma(3.0, 2.0))
    found = draw_prior(reg, (COUNT,), np.random.default_rng(6))
    unit = found["beta"] / (found["scale"] * found["sigma"])[:, None]
    assert stats.kstest(unit.ravel(), (stats.laplace if kind is br.Laplace else stats.norm).cdf).pvalue > SMALLEST_P
    assert stats.kstest(found["scale"], stats.halfnorm(scale=0.5).cdf).pvalue > SMALLEST_P


@pytest.mark.parametrize("scaled", [False, True])
def test_an_intercept_is_stated_at_the_centre(scaled):
    given = br.Normal(2.0, loc=0.7, scaled_by_sigma=scaled)
    reg = br.Regression(X, Y, prior=br.Laplace(1.0), sigma=3.0, intercept=given)
    found = draw_prior(reg, (COUNT,), np.random.default_rng(7))
    assert stats.kstest(found["at_center"], stats.norm(0.7, 6.0 if scaled else 2.0).cdf).pvalue > SMALLEST_P


@pytest.mark.parametrize(
    ("given", "improper"),
    [
        ({"prior": br.Laplace(1.0)}, ("intercept",)),
        ({"prior": br.Laplace(1.0), "sigma": br.Jeffreys(), "intercept": False}, ("sigma",)),
        ({"prior": br.Laplace(1.0, True), "sigma": br.Uniform(np.inf), "intercept": False}, ("sigma", "beta")),
        ({"prior": br.Laplace([1.0, np.inf, 1.0]), "intercept": False}, ("beta",)),
        ({"prior": br.Normal(1.0), "intercept": br.Normal(1.0)}, ()),
    ],
)
def test_what_is_improper_is_named(given, improper):
    assert improper_parts(br.Regression(X, Y, **given)) == improper


@pytest.mark.parametrize("prior", [br.Jeffreys(), br.Uniform(np.inf)], ids=repr)
def test_improper_priors_have_no_draws(prior):
    with pytest.raises(PriorError, match="improper"):
        prior.draw(np.random.default_rng(0), (3,))

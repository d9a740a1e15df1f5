"""Compiled draws of single quantities against scipy's distributions and quadrature."""

from math import exp

import numpy as np
import pytest
from draws_of_one import COUNT, distribution_on, many
from numba import njit
from scipy import special, stats

import bayesreg as br
from bayesreg.sampling.gibbs.assemble import encode
from bayesreg.sampling.gibbs.compiled import univariate

# Each function is compiled, some seconds in all.
pytestmark = pytest.mark.slow

SIZES = [0.0, 1e-300, 1e-3, 0.1, 1.0, 10.0, 1e3, 1e15]


@pytest.mark.parametrize("v", SIZES)
def test_mixing_variances_are_inverse_gaussian(v, assert_zs):
    """1/τ has mean 1/v and shape 1; for v → 0 τ is χ² with one degree, and for v → ∞ Normal."""
    tau = many(univariate.mixing_variance)(v)
    assert np.all(np.isfinite(tau))
    assert np.all(tau > 0)
    if v < 1e-6:
        cdf = stats.chi2(1).cdf
    elif v > 1e6:
        cdf = stats.norm(v + 1, np.sqrt(v + 2)).cdf
    else:
        cdf = lambda tau: stats.invgauss(1 / v).sf(1 / tau)  # noqa: E731
    assert stats.kstest(tau, cdf).pvalue > 0.001 / len(SIZES)
    assert_zs([(tau.mean() - (v + 1)) / np.sqrt((v + 2) / COUNT)])


PRIORS = {
    "jeffreys": br.Jeffreys(),
    "half-normal": br.HalfNormal(1.5),
    "exponential": br.Exponential(0.7),
    "half-t": br.HalfStudentT(3.0, 1.2),
    "half-cauchy": br.HalfCauchy(1.0),
    "inverse gamma": br.InverseGamma(2.0, 3.0),
    "inverse gamma on sd": br.InverseGamma(2.0, 3.0, on="sd"),
    "uniform": br.Uniform(2.5),
    "endless uniform": br.Uniform(np.inf),
}


@pytest.mark.parametrize("name", PRIORS)
def test_a_positive_prior_is_its_log_density_up_to_a_constant(name):
    prior, code = PRIORS[name], encode(PRIORS[name])
    points = np.exp(np.linspace(-12, 0.9, 40))
    found = np.array([univariate.log_positive_prior(int(code[0]), code[1], code[2], x) for x in points])
    gap = found - np.array([prior.log_density(float(x)) for x in points])
    np.testing.assert_allclose(gap, gap[0], rtol=1e-11, atol=1e-9 * np.abs(found).max())
    if name == "uniform":
        assert univariate.log_positive_prior(int(code[0]), code[1], code[2], 2.6) == -np.inf


def test_no_prior_of_a_known_quantity_is_flat():
    assert univariate.log_positive_prior(int(encode(None)[0]), *encode(None)[1:], 1e300) == 0.0


# (power, square, linear, quadratic, tilt), and what multiplies x in the prior.
SHAPES = {
    "likelihood": ((20.0, 30.0, 0.0, 0.0, 0.0), 1.0),
    "laplace": ((20.0, 0.0, 30.0, 0.0, 0.0), 1.0),
    "ray": ((-2.0, 0.0, 0.0, 8.0, 6.0), 0.7),
    "ray of sigma": ((9.0, 12.0, -5.0, 0.0, 0.0), 2.0),
    "all": ((3.0, 2.0, 1.0, 0.5, 0.3), 1.3),
}


@pytest.mark.parametrize("width", [0.05, 1.0, 30.0])
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("name", PRIORS)
def test_a_slice_step_leaves_its_density_unchanged(name, shape, width):
    (power, square, linear, quadratic, tilt), times = SHAPES[shape]
    prior, generator = PRIORS[name], np.random.default_rng(3)
    end = np.log(prior.upper / times) if name == "uniform" else 5.0
    t = np.linspace(-6, end, 20_001)
    x = np.exp(t)
    values = (1 - power) * t - 0.5 * square / x**2 - linear / x - 0.5 * quadratic * x**2 + tilt * x
    values += np.array([prior.log_density(times * float(one) * (1 - 1e-12)) for one in x])
    cdf = distribution_on(t, values)
    before = np.interp(generator.uniform(size=4_000), cdf(t), t)
    given = (SHAPES[shape][0], encode(prior), times, width)
    after = np.log([univariate.slice_positive(generator, exp(u), *given) for u in before])
    assert stats.kstest(after, cdf).pvalue > 0.001 / (len(PRIORS) * len(SHAPES) * 3)
    # And it moves.
    assert np.mean(after == before) < 0.01


def test_a_slice_step_from_nowhere_is_not_a_number():
    generator, shape = np.random.default_rng(0), (20.0, 30.0, 0.0, 0.0, 0.0)
    for x in (0.0, -1.0, np.nan, np.inf):
        assert np.isnan(univariate.slice_positive(generator, x, shape, encode(br.HalfNormal(1.0)), 1.0, 1.0))
    assert np.isnan(univariate.slice_positive(generator, 3.0, shape, encode(br.Uniform(1.0)), 1.0, 1.0))


@pytest.mark.parametrize("w", [1e-300, 1e-10, 0.3, 0.9999, 1.0, 1.0001, 3.0, 30.0, 600.0])
def test_scaled_e1_is_scipys(w):
    assert univariate.scaled_e1(w) == pytest.approx(special.exp1(w) * np.exp(w), rel=1e-11)


def test_scaled_e1_far_out():
    assert univariate.scaled_e1(1e8) == pytest.approx(1e-8 - 1e-16, rel=1e-12)


@njit
def _locals(generator, size, out):
    for i in range(len(out)):
        out[i] = univariate.horseshoe_local(generator, size)


LOCALS = [1e-150, 1e-8, 1e-3, 0.1, 1.0, 1.5, 10.0, 1e4, 1e140]


@pytest.mark.parametrize("size", LOCALS)
def test_local_scales_of_a_horseshoe_have_their_density(size):
    """η = 1/λ² has density ∝ exp(−wη)/(1 + η), w = size²/2."""
    out = np.empty(COUNT)
    _locals(np.random.default_rng(4), size, out)
    assert np.all(np.isfinite(out))
    assert np.all(out > 0)
    w = max(0.5 * size**2, 1e-300)
    u = np.linspace(-np.log(w) - 30, -np.log(w) + 6, 200_001)
    if w < 1e-3:
        u = np.linspace(-30, -np.log(w) + 6, 400_001)
    with np.errstate(over="ignore", under="ignore"):
        cdf = distribution_on(u, u - w * np.exp(u) - np.logaddexp(0, u))
    assert stats.kstest(-2 * np.log(out), cdf).pvalue > 0.001 / len(LOCALS)

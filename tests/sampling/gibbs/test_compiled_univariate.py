"""Compiled draws of single quantities against scipy's distributions and quadrature."""

from math import exp

import numpy as np
import pytest
from numba import njit
from scipy import integrate, special, stats

import bayesreg as br
from bayesreg.sampling.gibbs.assemble import encode
from bayesreg.sampling.gibbs.compiled import lasso, univariate

# Each function is compiled, some seconds in all.
pytestmark = pytest.mark.slow

COUNT = 40_000


def many(function, count=COUNT, seed=1):
    """Independent draws of function(generator, ...)."""

    def draw(*given):
        generator = np.random.default_rng(seed)
        return np.array([function(generator, *given) for _ in range(count)])

    return draw


def distribution_on(t, log_density):
    """Distribution function of a density given on a grid, by Simpson's rule."""
    values = np.exp(log_density - log_density.max())
    cumulative = integrate.cumulative_simpson(values, x=t, initial=0)
    return lambda x: np.interp(x, t, np.maximum.accumulate(cumulative) / cumulative[-1])


# (precision, pull, weight) of each way to draw, and of the places where one gives way to another.
LASSO = {
    "both sides": (2.0, 0.5, 1.0),
    "no penalty": (2.0, 0.5, 0.0),
    "no data": (0.0, 0.0, 1.7),
    "only above": (100.0, 300.0, 5.0),
    "only below": (100.0, -300.0, 5.0),
    "huge weight": (2.0, 0.5, 1e6),
    "huge weight, strong pull": (1e4, 0.999e6, 1e6),
    "weak data": (1e-8, 1e-4, 1.0),
    "steep": (1.0, 60.0, 59.0),
    "steep below": (1.0, -4.5, 4.0),
    "mode at the kink": (4.0, 6.0, 6.0),
    "mode at the kink from below": (4.0, -6.0, 6.0),
    "nearly flat above": (4.0, 9.5, 10.0),
    "nearly flat below": (4.0, -9.5, 10.0),
    "two slopes": (4.0, 3.0, 10.0),
    "mild kink": (4.0, 3.0, 3.5),
    "mild kink, far away": (4.0, -9.0, 3.5),
    "sharp kink, far away": (4.0, 20.0, 12.0),
}


def lasso_distribution(precision, pull, weight, beta):
    """Distribution function, on a grid that covers the draws."""
    low, high = min(beta.min(), 0.0) * 1.5, max(beta.max(), 0.0) * 1.5
    # 0, where the density has its kink, is a node of Simpson's rule on each side.
    t = np.concatenate([np.linspace(low, 0, 20_001)[:-1], np.linspace(0, high, 20_001)]) if low < 0 < high else None
    t = np.linspace(low, high, 40_001) if t is None else t
    return distribution_on(t, -0.5 * precision * t**2 + pull * t - weight * np.abs(t))


@pytest.mark.parametrize("name", LASSO)
def test_lasso_draws_have_their_density(name):
    beta = many(lasso.lasso_draw)(*LASSO[name])
    assert stats.kstest(beta, lasso_distribution(*LASSO[name], beta)).pvalue > 0.001 / len(LASSO)


@njit
def moved(generator, precision, pull, weight, overrelaxation):
    """A draw after some moves."""
    beta = lasso.lasso_draw(generator, precision, pull, weight)
    for _ in range(5):
        beta = lasso.lasso_move(generator, precision, pull, weight, beta, overrelaxation)
    return beta


@pytest.mark.parametrize("overrelaxation", [0.0, 0.5, 0.85])
@pytest.mark.parametrize("name", LASSO)
def test_lasso_moves_leave_the_density_as_it_is(name, overrelaxation):
    beta = many(moved)(*LASSO[name], overrelaxation)
    assert stats.kstest(beta, lasso_distribution(*LASSO[name], beta)).pvalue > 0.001 / (3 * len(LASSO))


@pytest.mark.parametrize("given", [(2.0, 0.5, 0.0), (100.0, 300.0, 5.0), (100.0, -300.0, 5.0)])
def test_where_the_density_is_a_normal_a_move_reflects(given, assert_zs):
    """Its correlation with the old value is −ω, with standard error (1 − ω²)/√count."""

    def pair(generator):
        old = lasso.lasso_draw(generator, *given)
        return old, lasso.lasso_move(generator, *given, old, 0.7)

    correlation = np.corrcoef(many(pair)().T)[0, 1]
    assert_zs((correlation + 0.7) / ((1 - 0.7**2) / np.sqrt(COUNT)))


@pytest.mark.parametrize("weight", [1e-300, 1e150])
def test_lasso_draws_of_extreme_weights_are_numbers(weight):
    beta = many(lasso.lasso_draw, 2_000)(3.0, 1.0, weight)
    assert np.all(np.isfinite(beta))
    assert np.std(beta) * weight == pytest.approx(np.sqrt(2), rel=0.15) or weight < 1


NO_NUMBERS = [(np.nan, 1.0, 1.0), (1.0, np.nan, 1.0), (1.0, 1.0, np.nan), (1.0, np.inf, 1.0)]


@pytest.mark.parametrize("given", NO_NUMBERS)
@pytest.mark.parametrize("overrelaxation", [0.0, 0.5])
def test_what_is_not_a_number_stays_none(given, overrelaxation):
    generator = np.random.default_rng(0)
    assert np.isnan(lasso.lasso_draw(generator, *given))
    assert not np.isfinite(lasso.lasso_move(generator, *given, 0.5, overrelaxation))


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

"""Draws of single positive quantities against scipy's distributions and quadrature."""

import contextlib
from math import exp, inf, isfinite, log, nan

import numpy as np
import pytest
from scipy import integrate, stats

import bayesreg as br
from bayesreg.errors import ConvergenceError
from bayesreg.priors.column_scales import draw_mixing_variances
from bayesreg.sampling.gibbs.univariate import draw_sigma, slice_step

COUNT = 40_000
SIZES = [0.0, 1e-300, 1e-8, 1e-3, 0.1, 1.0, 10.0, 1e3, 1e8, 1e15]


def mixing_cdf(v):
    """Of τ with density ∝ τ^(−½) exp(−v²/(2τ) − τ/2): 1/τ is inverse-Gaussian with mean 1/v and shape 1."""
    if v < 1e-6:
        # The limit v → 0 is χ² with one degree of freedom.
        return stats.chi2(1).cdf
    if v > 1e6:
        return stats.norm(v + 1, np.sqrt(v + 2)).cdf
    return lambda tau: stats.invgauss(1 / v).sf(1 / tau)


@pytest.mark.parametrize("v", SIZES)
def test_mixing_variances_have_their_distribution(v, assert_zs):
    tau = draw_mixing_variances(np.random.default_rng(1), np.full(COUNT, v))
    assert np.all(np.isfinite(tau))
    assert np.all(tau > 0)
    assert stats.kstest(tau, mixing_cdf(v)).pvalue > 0.001 / len(SIZES)
    # E τ = v + 1 and Var τ = v + 2, the moments of the reciprocal of an inverse-Gaussian.
    assert_zs([(tau.mean() - (v + 1)) / np.sqrt((v + 2) / COUNT)])
    fourth = stats.kurtosis(tau) + 2
    assert_zs([(tau.var() / (v + 2) - 1) / np.sqrt(fourth / COUNT)])


@pytest.mark.parametrize("v", [0.1, 1.0, 10.0])
def test_the_yardstick_is_the_density(v):
    """scipy's inverse-Gaussian, inverted, against quadrature of τ^(−½) exp(−v²/(2τ) − τ/2)."""
    points = np.array([0.3, 1.0, 2.0]) * (v + 1)

    def kernel(tau):
        return tau**-0.5 * np.exp(-(v**2) / (2 * tau) - tau / 2)

    total = integrate.quad(kernel, 0, np.inf, epsabs=0, epsrel=1e-11, limit=200)[0]
    for point in points:
        assert integrate.quad(kernel, 0, point, epsrel=1e-10)[0] / total == pytest.approx(
            mixing_cdf(v)(point), rel=1e-7
        )


def test_mixing_variances_of_different_sizes_go_together(assert_zs):
    v = np.tile(SIZES, COUNT // len(SIZES))
    tau = draw_mixing_variances(np.random.default_rng(2), v).reshape(-1, len(SIZES))
    expected = np.array(SIZES) + 1
    assert_zs((tau.mean(axis=0) - expected) / np.sqrt((expected + 1) / len(tau)))


@pytest.mark.parametrize("v", [1e100, 1e200, 1e300, np.finfo(float).tiny, 5e-324])
def test_no_size_gives_nan(v):
    tau = draw_mixing_variances(np.random.default_rng(1), np.full(1_000, v))
    assert np.all(np.isfinite(tau))
    assert np.all(tau > 0)


NOISES = {
    "half-normal": br.HalfNormal(1.5),
    "exponential": br.Exponential(0.7),
    "half-t": br.HalfStudentT(3.0, 1.2),
    "half-cauchy": br.HalfCauchy(1.0),
    "inverse gamma": br.InverseGamma(2.0, 3.0),
    "inverse gamma on sd": br.InverseGamma(2.0, 3.0, on="sd"),
    "jeffreys": br.Jeffreys(),
}
# power and square of σ^(−power) exp(−square/(2σ²)).
LIKELIHOODS = {"few rows": (1.0, 2.0), "some rows": (20.0, 30.0), "many rows": (2e4, 1e4), "small": (20.0, 3e-9)}


def sigma_distribution(prior, power, square):
    """Distribution function and quantiles of σ^(−power) exp(−square/(2σ²)) p(σ), by Simpson's rule in log sigma."""
    middle = 0.5 * np.log(square / power)
    width = 40 if power < 10 else 60 / np.sqrt(power)
    t = np.linspace(middle - width, middle + width, 40_001)
    with np.errstate(over="ignore", under="ignore"):
        values = (1 - power) * t - 0.5 * square * np.exp(-2 * t)
        values += np.array([prior.log_density(float(np.exp(u))) for u in t])
    cumulative = integrate.cumulative_simpson(np.exp(values - values.max()), x=t, initial=0)
    cumulative /= cumulative[-1]
    return lambda sigma: np.interp(np.log(sigma), t, cumulative), lambda u: np.exp(np.interp(u, cumulative, t))


@pytest.mark.parametrize("likelihood", LIKELIHOODS)
@pytest.mark.parametrize("noise", NOISES)
def test_a_draw_of_sigma_leaves_its_density_unchanged(noise, likelihood):
    """From exact draws one step leads to exact draws, which are independent of each other."""
    power, square = LIKELIHOODS[likelihood]
    prior, generator = NOISES[noise], np.random.default_rng(3)
    cdf, quantile = sigma_distribution(prior, power, square)
    before = quantile(generator.uniform(size=3_000))
    after = np.array([draw_sigma(generator, prior, power, square, float(sigma)) for sigma in before])
    assert stats.kstest(before, cdf).pvalue > 1e-4
    assert stats.kstest(after, cdf).pvalue > 0.001 / (len(NOISES) * len(LIKELIHOODS))


@pytest.mark.parametrize("likelihood", LIKELIHOODS)
@pytest.mark.parametrize("noise", ["half-normal", "half-cauchy", "inverse gamma on sd"])
def test_a_chain_of_sigma_from_far_away_finds_its_density(noise, likelihood):
    power, square = LIKELIHOODS[likelihood]
    cdf, quantile = sigma_distribution(NOISES[noise], power, square)
    for factor in (1e-3, 1e3):
        generator, sigma, kept = np.random.default_rng(4), float(quantile(0.5)) * factor, []
        for step in range(4_000):
            sigma = draw_sigma(generator, NOISES[noise], power, square, sigma)
            if step >= 1_000 and step % 6 == 0:
                kept.append(sigma)
        assert stats.kstest(kept, cdf).pvalue > 0.001 / 24


@pytest.mark.parametrize("width", [0.02, 1.0, 1e3])
def test_a_slice_step_leaves_any_density_unchanged_at_any_width(width):
    """Here a bimodal one, from exact draws."""
    generator = np.random.default_rng(5)
    side = generator.random(2_000) < 0.3
    before = np.where(side, -1.0, 1.0) + np.where(side, 0.6, 0.4) * generator.standard_normal(2_000)

    def log_density(x):
        return log(0.3 / 0.6 * exp(-0.5 * ((x + 1) / 0.6) ** 2) + 0.7 / 0.4 * exp(-0.5 * ((x - 1) / 0.4) ** 2) + 1e-300)

    def cdf(x):
        return 0.3 * stats.norm.cdf(x, -1, 0.6) + 0.7 * stats.norm.cdf(x, 1, 0.4)

    after = [slice_step(generator, log_density, float(x), width) for x in before]
    assert stats.kstest(after, cdf).pvalue > 0.001 / 3


ENDLESS = {
    "zero everywhere": lambda x: -inf,
    "zero here": lambda x: -inf if abs(x) < 1 else -abs(x),
    "not a number": lambda x: nan,
    "too large for its differences": lambda x: 1e18 - x * x,
}


@pytest.mark.parametrize("name", ENDLESS)
def test_a_slice_step_ends_whatever_the_density(name):
    """With a number, or with an error of the package; the 10,000th evaluation is counted as never."""
    counted = []

    def log_density(x):
        counted.append(x)
        if len(counted) > 10_000:
            pytest.fail("the slice step does not end")
        return ENDLESS[name](x)

    with contextlib.suppress(ConvergenceError):
        assert isfinite(slice_step(np.random.default_rng(0), log_density, 0.0, 1.0))


def test_conjugate_sigmas_are_scipys_inverse_gamma():
    generator = np.random.default_rng(6)
    squares = [draw_sigma(generator, br.InverseGamma(2.0, 3.0), 20.0, 30.0, 1.0) ** 2 for _ in range(5_000)]
    assert stats.kstest(squares, stats.invgamma(2 + 10, scale=3 + 15).cdf).pvalue > 0.0005
    squares = [draw_sigma(generator, br.Jeffreys(), 20.0, 30.0, 1.0) ** 2 for _ in range(5_000)]
    assert stats.kstest(squares, stats.invgamma(10, scale=15).cdf).pvalue > 0.0005

import dataclasses
from math import inf, log

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate, stats

import bayesreg as br
from bayesreg.errors import PriorError

steady = settings(deadline=None, derandomize=True)
positive = st.floats(1e-2, 1e2)


def log_sd_of_inverse_gamma_variance(shape, scale):
    """The density of x = √v for v ~ InverseGamma: that of v at x², times dv/dx = 2x."""
    return lambda x: stats.invgamma(shape, scale=scale).logpdf(x**2) + log(2 * x)


# Ours, and the log density of the same prior by scipy.stats, both made of two positive numbers.
PAIRS = {
    "HalfNormal": lambda a, c: (br.HalfNormal(a), stats.halfnorm(scale=a).logpdf),
    "Exponential": lambda a, c: (br.Exponential(a), stats.expon(scale=1 / a).logpdf),
    "HalfCauchy": lambda a, c: (br.HalfCauchy(a), stats.halfcauchy(scale=a).logpdf),
    "HalfStudentT": lambda a, c: (br.HalfStudentT(c, a), lambda x: stats.t(c, scale=a).logpdf(x) + log(2)),
    "InverseGamma on sd": lambda a, c: (br.InverseGamma(c, a, on="sd"), stats.invgamma(c, scale=a).logpdf),
    "InverseGamma on variance": lambda a, c: (br.InverseGamma(c, a), log_sd_of_inverse_gamma_variance(c, a)),
}


@pytest.mark.parametrize("name", PAIRS)
@steady
@given(a=positive, c=positive, x=positive)
def test_log_density_is_scipys(name, a, c, x):
    ours, theirs = PAIRS[name](a, c)
    # Terms as large as shape·log(scale) or scale/x² cancel in the sum.
    size = 1 + c * (1 + abs(log(a)) + abs(log(x))) + a / x + a / x**2
    assert ours.log_density(x) == pytest.approx(theirs(x), rel=1e-12, abs=1e-13 * size)


@pytest.mark.parametrize("name", PAIRS)
@pytest.mark.parametrize(("a", "c"), [(0.2, 1.5), (1.0, 1.0), (30.0, 7.0)])
def test_density_integrates_to_one(name, a, c):
    """In log x, where the heaviest tails here still fall exponentially on both sides."""
    ours, _ = PAIRS[name](a, c)

    def density(t):
        return np.exp(ours.log_density(np.exp(t)) + t)

    total = sum(integrate.quad(density, k, k + 5, epsabs=1e-12)[0] for k in range(-60, 60, 5))
    assert total == pytest.approx(1, rel=1e-9)


@pytest.mark.parametrize("name", [*PAIRS, "Jeffreys"])
@steady
@given(a=positive, c=positive, x=positive)
def test_slope_is_the_derivative(name, a, c, x):
    prior = br.Jeffreys() if name == "Jeffreys" else PAIRS[name](a, c)[0]
    h = 1e-3 * x
    # The five-point rule, whose error is of order h⁴.
    values = [prior.log_density(x + k * h) for k in (-2, -1, 1, 2)]
    numerical = (values[0] - 8 * values[1] + 8 * values[2] - values[3]) / (12 * h)
    assert prior.log_density_slope(x) == pytest.approx(numerical, rel=1e-7, abs=1e-12 * (1 + max(map(abs, values))) / h)


def test_jeffreys_is_flat_in_the_logarithm():
    """p(x)·dx/d(log x) is the same everywhere, and so it integrates to no finite number."""
    prior = br.Jeffreys()
    assert {round(prior.log_density(x) + log(x), 12) for x in (1e-9, 0.5, 1.0, 1e9)} == {0.0}


def test_half_cauchy_is_half_student_t_with_one_degree():
    assert br.HalfCauchy(2.0) == br.HalfStudentT(1.0, 2.0)


@pytest.mark.parametrize("name", PAIRS)
@pytest.mark.parametrize("x", [1e-200, 1e-100, 1e100, 1e200])
def test_extreme_arguments_give_a_number(name, x):
    """A search over sigma may look anywhere; it must find a density there (0 where it underflows), not an exception."""
    value = PAIRS[name](1.0, 2.0)[0].log_density(x)
    assert value < 1e3
    if name == "Exponential":
        assert value == -x
    elif name in ("HalfStudentT", "HalfCauchy") and x < 1:
        assert value == pytest.approx(PAIRS[name](1.0, 2.0)[1](x))
    elif name.startswith("InverseGamma") and x < 1:
        assert value < -1e99


MAKERS = {
    "HalfNormal scale": lambda v: br.HalfNormal(v),
    "Exponential rate": lambda v: br.Exponential(v),
    "HalfCauchy scale": lambda v: br.HalfCauchy(v),
    "HalfStudentT df": lambda v: br.HalfStudentT(v, 1.0),
    "HalfStudentT scale": lambda v: br.HalfStudentT(3.0, v),
    "InverseGamma shape": lambda v: br.InverseGamma(v, 1.0),
    "InverseGamma scale": lambda v: br.InverseGamma(1.0, v),
}


@pytest.mark.parametrize("name", MAKERS)
@pytest.mark.parametrize("bad", [0, 0.0, -1.0, np.nan, inf, "1", True, None, 1j, [1.0], np.ones(2)], ids=repr)
def test_bad_values_are_refused_by_name(name, bad):
    with pytest.raises(PriorError, match=f"{name.split()[1]} must be a positive finite number"):
        MAKERS[name](bad)


@pytest.mark.parametrize("number", [2, 2.0, np.float64(2), np.float32(2), np.int64(2)], ids=repr)
def test_numpy_numbers_are_numbers(number):
    assert br.HalfNormal(number).log_density(1.0) == br.HalfNormal(2.0).log_density(1.0)


@pytest.mark.parametrize("on", ["sigma", "Variance", "", None, 1])
def test_inverse_gamma_is_on_the_variance_or_the_sd(on):
    with pytest.raises(PriorError, match='on must be "variance" or "sd"'):
        br.InverseGamma(1.0, 1.0, on=on)


@pytest.mark.parametrize("prior", [br.HalfNormal(1.0), br.InverseGamma(1.0, 1.0), br.Jeffreys()], ids=repr)
def test_a_prior_is_frozen_and_hashable(prior):
    assert hash(prior) == hash(dataclasses.replace(prior))
    with pytest.raises(dataclasses.FrozenInstanceError):
        prior.scale = 2.0

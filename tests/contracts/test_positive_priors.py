"""What every prior of a positive unknown must hold: one line in the list gives a new one all of it."""

from itertools import pairwise
from math import inf

import numpy as np
import pytest
from scipy import integrate, stats

import bayesreg as br
from bayesreg.errors import PriorError, UnsupportedError
from bayesreg.priors.hyper import POSITIVE_PRIORS
from bayesreg.priors.positive import KERNELS, PositivePrior

PROPER = [
    br.HalfNormal(2.0),
    br.Exponential(0.3),
    br.HalfStudentT(3.0, 2.0),
    br.HalfCauchy(0.1),
    br.InverseGamma(2.0, 3.0),
    br.InverseGamma(2.0, 3.0, on="sd"),
    br.Gamma(1.5, 0.7),
    br.Gamma(1.5, 0.7, on="squared_strength"),
    br.GammaScale(0.6, 0.7),
    br.GammaScale(1.5, 0.7, on="variance"),
    br.BetaPrime(0.7, 1.4),
    br.Uniform(2.0),
]
IMPROPER = [br.Jeffreys(), br.Uniform(inf)]
every = pytest.mark.parametrize("prior", PROPER + IMPROPER, ids=repr)
proper = pytest.mark.parametrize("prior", PROPER, ids=repr)


def test_every_kind_is_in_the_list():
    made = {type(prior) for prior in PROPER + IMPROPER}
    assert made == {kind for kind in POSITIVE_PRIORS if isinstance(kind, type)} == set(PositivePrior.__subclasses__())


@proper
def test_its_density_integrates_to_one(prior):
    def density(t):
        return np.exp(prior.log_density(np.exp(t)) + t)

    ends = np.unique(np.r_[np.arange(-60.0, min(60.0, prior.log_upper), 5.0), min(60.0, prior.log_upper)])
    total = sum(integrate.quad(density, *end, epsabs=1e-12)[0] for end in pairwise(ends))
    assert total == pytest.approx(1, rel=1e-9)


@every
def test_slope_is_the_derivative(prior):
    for x in (0.03, 0.5, 1.9):
        h = 1e-3 * x
        values = [prior.log_density(x + k * h) for k in (-2, -1, 1, 2)]
        numerical = (values[0] - 8 * values[1] + 8 * values[2] - values[3]) / (12 * h)
        assert prior.log_density_slope(x) == pytest.approx(numerical, rel=1e-7, abs=1e-9)


@every
def test_the_form_for_logarithms_carries_the_jacobian(prior):
    t = np.linspace(-5.0, 5.0, 21)
    expected = [prior.log_density(float(np.exp(s))) + s for s in t]
    np.testing.assert_allclose(prior.log_density_of_log(t), expected, rtol=1e-12, atol=1e-12)
    assert prior.log_density_of_log(t.reshape(3, 7)).shape == (3, 7)


@every
def test_its_center_lies_in_its_bulk(prior):
    assert (prior.log_center is None) == (not prior.proper)
    if prior.log_center is not None:
        t = np.linspace(-30.0, min(30.0, prior.log_upper), 2_001)
        assert prior.log_density_of_log(np.array([prior.log_center]))[0] > prior.log_density_of_log(t).max() - 2


@every
def test_power_at_zero_is_the_order_of_the_density_there(prior):
    small = [prior.log_density(10.0**-k) for k in (12, 11)]
    order = (small[1] - small[0]) / np.log(10)
    assert order > 1e6 if prior.power_at_zero == inf else order == pytest.approx(prior.power_at_zero, abs=1e-6)


@proper
def test_draws_have_its_density(prior):
    draws = np.sort(prior.draw(np.random.default_rng(5), (4_000,)))
    t = np.linspace(np.log(draws[0]) - 20, np.log(draws[-1]) + 20, 200_001)
    cdf = integrate.cumulative_trapezoid(np.exp(prior.log_density_of_log(t)), t, initial=0.0)
    assert stats.kstest(draws, lambda x: np.interp(np.log(x), t, cdf / cdf[-1])).pvalue > 1e-4


@pytest.mark.parametrize("prior", IMPROPER, ids=repr)
def test_an_improper_one_has_no_draws(prior):
    with pytest.raises(PriorError, match="improper"):
        prior.draw(np.random.default_rng(0), (3,))


@every
def test_compiled_code_knows_its_kernel(prior):
    assert prior.density.kernel in KERNELS


@every
def test_inverse_gamma_variance_is_conjugate(prior):
    """Where it is stated, the density of x² is inverse-gamma up to its constant."""
    if prior.inverse_gamma_variance is None:
        return
    shape, scale = prior.inverse_gamma_variance
    x = np.array([0.3, 0.9, 2.0, 5.0])
    expected = -(2 * shape + 1) * np.log(x) - scale / x**2
    differences = [prior.log_density(value) for value in x] - expected
    np.testing.assert_allclose(differences, differences[0], rtol=1e-12)


def test_an_unknown_kind_has_no_pymc_form():
    from bayesreg.model.pymc.priors import positive

    class Unknown(br.HalfNormal):
        pass

    with pytest.raises(UnsupportedError, match="no PyMC form for"):
        positive("sigma", Unknown(1.0))

"""The priors over arrays of logarithms against their own scalar densities."""

import numpy as np
import pytest

import bayesreg as br
from bayesreg.priors.positive_arrays import log_center, log_density_of_log, log_upper

PRIORS = [
    br.HalfNormal(2.0),
    br.Exponential(0.3),
    br.HalfStudentT(3.0, 2.0),
    br.HalfCauchy(0.1),
    br.InverseGamma(2.0, 3.0),
    br.InverseGamma(2.0, 3.0, on="sd"),
    br.Jeffreys(),
    br.Uniform(2.0),
    br.Uniform(np.inf),
]


@pytest.mark.parametrize("prior", PRIORS, ids=repr)
def test_it_is_the_scalar_density_with_its_jacobian(prior):
    t = np.linspace(-5.0, 5.0, 21)
    expected = [prior.log_density(float(np.exp(s))) + s for s in t]
    np.testing.assert_allclose(log_density_of_log(prior, t), expected, rtol=1e-12, atol=1e-12)
    assert log_density_of_log(prior, t.reshape(3, 7)).shape == (3, 7)


@pytest.mark.parametrize("prior", PRIORS, ids=repr)
def test_its_center_lies_in_its_bulk(prior):
    center = log_center(prior)
    assert (center is None) == (prior in (br.Jeffreys(), br.Uniform(np.inf)))
    if center is not None:
        t = np.linspace(-30.0, min(30.0, log_upper(prior)), 2_001)
        assert log_density_of_log(prior, np.array([center]))[0] > log_density_of_log(prior, t).max() - 2


def test_only_a_uniform_ends():
    assert [log_upper(prior) for prior in PRIORS[:-2]] == [np.inf] * 7
    assert log_upper(br.Uniform(2.0)) == np.log(2.0)
    assert log_upper(br.Uniform(np.inf)) == log_upper(None) == np.inf

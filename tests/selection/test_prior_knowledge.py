"""From an expected number of coefficients to a scale, against quadrature and the closed form."""

import numpy as np
import pytest
from scipy import integrate

import bayesreg as br
from bayesreg.errors import PriorError
from bayesreg.selection.prior_knowledge import expected_laplace_shrinkage


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(1)
    return rng.normal(size=(50, 8)) * np.arange(1, 9), rng.normal(size=50)


@pytest.mark.parametrize("z", [1e-6, 0.02, 1.0, 30.0, 499.0, 501.0, 1e5])
def test_laplace_shrinkage_is_a_mean_over_mixing_variances(z):
    a = 0.5 / z
    value = integrate.quad(
        lambda u: a * u / (1 + a * u) * 0.5 * np.exp(-u / 2), 0, 200, epsabs=0, epsrel=1e-11, limit=400
    )[0]
    assert 1 - expected_laplace_shrinkage(np.array(z)) == pytest.approx(value, rel=1e-6)


def test_the_normal_scale_is_its_closed_form(data):
    X, y = data
    chosen = br.select(br.Regression(X, y, prior=br.Normal(1.0), sigma=2.0), by="prior", p0=3)
    assert chosen.scale == pytest.approx(2 / 50**0.5 * (3 / 5) ** 0.5, rel=1e-10)


@pytest.mark.parametrize("scaled", [False, True])
@pytest.mark.parametrize("standardize", [True, False])
def test_the_laplace_prior_expects_what_was_asked_for(data, scaled, standardize):
    X, y = data
    reg = br.Regression(X, y, prior=br.Laplace(1.0, scaled_by_sigma=scaled), sigma=2.0, standardize=standardize)
    chosen = br.select(reg, by="prior", p0=2.5)
    rng = np.random.default_rng(0)
    squares = np.sum(reg.design.matrix**2, axis=0)
    # Draws of the prior's own mixing variances; the posterior's 1 − κ averaged over them.
    variance = (chosen.scale * (2.0 if scaled else 1.0)) ** 2 * rng.exponential(2.0, size=(200_000, 8))
    kept = np.sum(1 - 1 / (1 + squares * variance / 4.0), axis=1)
    assert abs(kept.mean() - 2.5) < 3.3 * kept.std() / len(kept) ** 0.5


def test_a_flat_column_counts_as_one(data):
    X, y = data
    scale = np.r_[np.inf, np.ones(7)]
    chosen = br.select(br.Regression(X, y, prior=br.Normal(scale), sigma=2.0), by="prior", p0=3)
    kept = 50 * chosen.scale[1:] ** 2 / (4 + 50 * chosen.scale[1:] ** 2)
    assert 1 + kept.sum() == pytest.approx(3, rel=1e-10)
    with pytest.raises(PriorError, match="p0 must be more"):
        br.select(br.Regression(X, y, prior=br.Normal(scale), sigma=2.0), by="prior", p0=1)


@pytest.mark.parametrize("p0", [None, 0, 8, -1, True])
def test_p0_must_leave_something_to_choose(data, p0):
    X, y = data
    with pytest.raises(PriorError, match="needs p0"):
        br.select(br.Regression(X, y, prior=br.Laplace(1.0), sigma=2.0), by="prior", p0=p0)

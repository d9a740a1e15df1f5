"""A family from outside works wherever it says enough of itself, and is refused by name where it does not."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest
from scipy import optimize
from scipy.special import log_ndtr

import bayesreg as br
from bayesreg.errors import DataError, UnsupportedError

HERE = Path(__file__).parent
DOCS = HERE.parents[1] / "docs"
_spec = importlib.util.spec_from_file_location("example_family", HERE / "example_family.py")
_module = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(_module)
Probit = _module.Probit

RNG = np.random.default_rng(4)
X = RNG.normal(size=(120, 3))
Y = (X @ [1.0, -0.5, 0.0] + RNG.normal(size=120) > 0.2).astype(float)


def regression(prior, **settings):
    return br.Regression(X, Y, prior=prior, family=Probit(), standardize=False, **settings)


def test_the_page_shows_the_tested_code():
    assert (HERE / "example_family.py").read_text() in (DOCS / "add-a-family.md").read_text()


@pytest.mark.parametrize("prior", [br.Laplace(0.1), br.Normal(0.5), br.ElasticNetPrior(0.2, 1.0)], ids=repr)
def test_its_map_is_the_penalized_fit(prior):
    reg = regression(prior)
    fit, other = br.map_estimate(reg), br.penalized_estimate(reg)
    np.testing.assert_allclose(fit.coef, other.coef, rtol=1e-6, atol=1e-8)
    assert fit.certificate.kkt < 1e-9
    assert fit.certificate.gap is None


def test_its_ridge_is_the_minimum_that_scipy_finds():
    found = optimize.minimize(
        lambda t: -np.sum(log_ndtr((2 * Y - 1) * (t[0] + X @ t[1:]))) + 2 * t[1:] @ t[1:], np.zeros(4), tol=1e-14
    )
    np.testing.assert_allclose(br.map_estimate(regression(br.Normal(0.5))).coef, found.x[1:], rtol=1e-5, atol=1e-6)


def test_it_has_a_path_a_selection_and_predictions():
    reg = regression(br.Laplace(0.1))
    assert br.path(reg).kkt.max() < 1e-9
    assert br.select(reg, by="cv", random_seed=0).strength > 0
    assert br.Regression(X, Y, prior=br.Laplace(0.1), family=Probit()).family.name == "probit"


def test_values_that_it_does_not_hold_are_refused_in_its_words():
    with pytest.raises(DataError, match="a Probit target holds 0 and 1"):
        br.Regression(X, Y + 1, prior=br.Laplace(0.1), family=Probit())


def test_without_a_pymc_form_it_is_refused_by_name_and_with_one_it_has_its_density():
    import pymc as pm

    from bayesreg.model.pymc.model import OBSERVED

    reg = regression(br.Normal(0.5), intercept=False)
    with pytest.raises(UnsupportedError, match="no PyMC form for the family"):
        reg.to_pymc()
    OBSERVED[Probit] = lambda family, eta, sigma: (pm.Bernoulli, {"p": pm.math.invprobit(eta)})
    try:
        model = reg.to_pymc()
    finally:
        del OBSERVED[Probit]
    value = model.compile_logp()({"coef": np.array([0.3, -0.2, 0.1])})
    expected = np.sum(reg.family.log_likelihood(Y, X @ [0.3, -0.2, 0.1]))
    expected += np.sum(br.Normal(0.5).log_density([0.3, -0.2, 0.1]))
    assert value == pytest.approx(expected, rel=1e-7)


def test_an_abstract_family_cannot_be_made():
    class Empty(br.Family):
        pass

    with pytest.raises(TypeError, match="abstract"):
        Empty()

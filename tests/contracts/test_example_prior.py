"""A prior from outside works wherever it says enough of itself, and is refused by name where it does not."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest
from scipy import stats
from scipy.special import k0

import bayesreg as br
from bayesreg.errors import DataError, PriorError, UnsupportedError

HERE = Path(__file__).parent
pytestmark = pytest.mark.filterwarnings("ignore::bayesreg.errors.SamplerWarning")
DOCS = HERE.parents[1] / "docs"
_spec = importlib.util.spec_from_file_location("example_prior", HERE / "example_prior.py")
_module = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(_module)
LagPrior, ProductPrior = _module.LagPrior, _module.ProductPrior

RNG = np.random.default_rng(4)
X = RNG.normal(size=(60, 4))
Y = X @ [1.0, 0.5, 0.0, 0.0] + RNG.normal(size=60)
BY_COLUMN = br.Normal(2.0 / np.arange(1, 5))


def regression(prior, **settings):
    return br.Regression(X, Y, prior=prior, sigma=1.0, standardize=False, **settings)


def test_the_page_shows_the_tested_code():
    assert (HERE / "example_prior.py").read_text() in (DOCS / "add-a-prior.md").read_text()


def test_a_penalty_has_the_map_the_path_and_the_draws_of_the_same_normal():
    own, other = regression(LagPrior(2.0)), regression(BY_COLUMN)
    np.testing.assert_array_equal(br.map_estimate(own).coef, br.map_estimate(other).coef)
    np.testing.assert_array_equal(br.path(own, [9.0, 1.0]).coef, br.path(other, [9.0, 1.0]).coef)
    for engine in ("exact", "gibbs"):
        draws = [
            br.sample(reg, engine=engine, draws=50, chains=2, random_seed=1)["posterior"]["coef"]
            for reg in (own, other)
        ]
        np.testing.assert_array_equal(*draws)
    assert br.log_evidence(own) == br.log_evidence(other)


def test_a_penalty_has_a_comparison_a_selection_and_figures():
    reg = regression(LagPrior(2.0))
    both = br.compare(reg, draws=50, chains=2, random_seed=1)
    assert both.max_abs_difference < 1e-8
    assert br.select(reg, by="evidence").strength == pytest.approx(
        br.select(regression(BY_COLUMN), by="evidence").strength
    )
    assert br.plot_prior_posterior(both.idata, reg=reg).axes
    assert br.plot_prior(LagPrior(2.0)).axes


def test_a_mixture_has_the_density_and_the_draws_of_its_product():
    """That of a product of two Normals: K₀(|x|)/π, halved and doubled by the sign of one."""
    prior, beta = ProductPrior(0.5), np.array([-3.0, 0.01, 0.7])
    np.testing.assert_allclose(prior.log_density(beta), np.log(k0(np.abs(beta) / 0.5) / (0.5 * np.pi)), rtol=1e-10)
    given = prior.given(("a",), np.ones(4_000), {})
    draws = prior.draw_given(np.random.default_rng(1), given)[:, 0]
    products = 0.5 * np.prod(np.random.default_rng(2).normal(size=(2, 4_000)), axis=0)
    assert stats.ks_2samp(draws, products).pvalue > 1e-3


def test_a_mixture_is_a_pymc_model():
    reg = regression(ProductPrior(0.5), intercept=False)
    model, beta, local = reg.to_pymc(parameterization="centered"), np.array([0.3, -1.0, 0.1, 2.0]), np.full(4, 0.8)
    value = model.compile_logp(vars=model.free_RVs, jacobian=False, mode="FAST_COMPILE")(
        {"coef": beta, "local_scale_log__": np.log(local)}
    )
    expected = np.sum(stats.norm(0, 0.4).logpdf(beta) + stats.halfnorm.logpdf(local))
    assert value == pytest.approx(expected, rel=1e-9)
    assert br.choose_engine(reg).engine == "nuts"


def test_what_a_prior_does_not_state_is_refused_by_name():
    reg = regression(ProductPrior(0.5))
    for refused in (lambda: br.map_estimate(reg), lambda: br.compare(reg), lambda: br.path(reg)):
        with pytest.raises(PriorError, match=r"a product prior has no penalty .*br\.sample"):
            refused()
    with pytest.raises(UnsupportedError, match=r"no law for a product prior.*nuts"):
        br.sample(reg, engine="gibbs")
    with pytest.raises(PriorError, match="the scales of a lag prior depend on the columns"):
        br.to_penalty(LagPrior(2.0), sigma=1.0)
    tree = br.sample(regression(LagPrior(2.0)), draws=50, chains=2, random_seed=1)
    with pytest.raises(DataError, match=r"LagPrior.* pass the regression"):
        br.shrinkage(tree)
    assert br.shrinkage(tree, reg=regression(LagPrior(2.0))).m_eff is not None


def test_a_prior_of_an_unknown_kind_is_refused_wherever_kinds_matter():
    class Bare(br.Prior):
        name, title, scaled_by_sigma = "bare", "bare", False

        def precision(self, given, mixing):
            return np.ones_like(mixing)

    reg = regression(Bare())
    with pytest.raises(UnsupportedError, match="no PyMC form for a bare prior; state its local_scale"):
        reg.to_pymc()
    with pytest.raises(UnsupportedError, match="no law for a bare prior"):
        br.sample(reg, engine="gibbs")
    with pytest.raises(UnsupportedError, match="exact engine covers"):
        br.sample(reg, engine="exact")
    with pytest.raises(PriorError, match="no single scale"):
        Bare().with_scale(1.0)


def test_an_abstract_prior_cannot_be_made():
    class Empty(br.Prior):
        pass

    with pytest.raises(TypeError, match="abstract"):
        Empty()

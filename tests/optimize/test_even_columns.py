"""Columns in units that differ by eighteen orders of magnitude, not standardized: the answer does not know them."""

import numpy as np
import pytest
from scipy import sparse

import bayesreg as br
from bayesreg.errors import ConvergenceError
from bayesreg.model.even_columns import even_columns
from bayesreg.model.objective import strengths_at
from bayesreg.optimize import map_estimate as map_module

UNITS = 10.0 ** np.array([[9, -9, -5, -9], [-9, 5, 0, 9], [-5, 9, -5, 9]])
FAMILIES = ("gaussian", "bernoulli", "poisson", "student_t", "laplace")


def draw(family, n=60):
    rng = np.random.default_rng(5)
    X = rng.normal(size=(n, 4))
    eta = X[:, :2] @ [0.8, -0.5]
    y = {
        "bernoulli": lambda: (rng.random(n) < 1 / (1 + np.exp(-eta))).astype(float),
        "poisson": lambda: rng.poisson(np.exp(eta)).astype(float),
    }.get(family, lambda: eta + rng.normal(size=n))()
    return X, y, {} if family in ("bernoulli", "poisson") else {"sigma": 0.8}


def regression(family, kind, units, convert=np.asarray, **given):
    X, y, noise = draw(family)
    scale = np.array([0.2, 0.5, 0.1, 0.3]) / units
    prior = {"laplace": br.Laplace(scale), "normal": br.Normal(scale), "elastic net": br.ElasticNetPrior(scale, scale)}
    return br.Regression(
        convert(X * units), y, prior=prior[kind], family=family, standardize=False, **{**noise, **given}
    )


@pytest.mark.parametrize("kind", ["laplace", "normal", "elastic net"])
@pytest.mark.parametrize("family", FAMILIES)
def test_the_map_does_not_know_the_units_of_the_columns(family, kind):
    plain = br.map_estimate(regression(family, kind, np.ones(4)))
    for units in UNITS:
        other = br.map_estimate(regression(family, kind, units))
        np.testing.assert_allclose(other.beta * units, plain.beta, rtol=1e-8, atol=1e-9)
        assert other.objective == pytest.approx(plain.objective, rel=1e-12)
        assert other.certificate.kkt <= 1e-9
        assert other.certificate.gap is None or other.certificate.gap <= 1e-9


@pytest.mark.parametrize("weights", [1e-6, 1e6])
@pytest.mark.parametrize("kind", ["laplace", "elastic net"])
def test_nor_with_large_and_small_weights_far_from_0(kind, weights):
    row_weights = weights * np.random.default_rng(1).uniform(0.2, 4, 60)
    X, y, _ = draw("gaussian")
    for units in UNITS:
        fits = []
        for unit in (np.ones(4), units):
            scale = np.array([0.2, 0.5, 0.1, 0.3]) / unit
            prior = br.Laplace(scale) if kind == "laplace" else br.ElasticNetPrior(scale, scale)
            given = {"weights": row_weights, "standardize": False, "sigma": 1.0}
            fits.append(br.map_estimate(br.Regression(X * unit, 1e6 + y, prior=prior, **given)))
        np.testing.assert_allclose(fits[1].beta * units, fits[0].beta, rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("kind", ["laplace", "normal", "elastic net"])
@pytest.mark.parametrize("family", ["gaussian", "bernoulli"])
def test_nor_do_a_path_and_sparse_columns(family, kind):
    strengths = np.array([30.0, 3.0, 0.3])
    units = UNITS[0]
    plain = regression(family, kind, np.ones(4))
    own = br.path(plain).current
    other = regression(family, kind, units)
    plain, other = br.path(plain, own * strengths), br.path(other, br.path(other).current * strengths)
    np.testing.assert_allclose(other.beta * units, plain.beta, rtol=1e-7, atol=1e-9)
    thin = br.map_estimate(regression(family, kind, units, sparse.csc_array))
    np.testing.assert_allclose(thin.beta, br.map_estimate(regression(family, kind, units)).beta, rtol=1e-8)


@pytest.mark.parametrize("intercept", [True, False, br.Normal(2.0)], ids=repr)
def test_even_columns_are_the_same_problem_with_nothing_rounded(intercept):
    for convert in (np.asarray, sparse.csc_array):
        for family in ("gaussian", "poisson"):
            reg = regression(family, "elastic net", UNITS[1], convert, intercept=intercept)
            loss = reg.loss if reg.is_gaussian else reg.row_loss
            even = even_columns(loss, *strengths_at(reg, reg.noise.sigma))
            sizes = even.loss.column_sizes
            assert np.max(sizes) < 16 * np.min(sizes)
            theta = np.random.default_rng(0).normal(size=loss.size) / even.unit
            np.testing.assert_array_equal(even.outside(even.inside(theta)), theta)
            np.testing.assert_allclose(even.loss.gradient(even.inside(theta)) * even.unit, loss.gradient(theta))


def test_a_point_above_the_minimum_is_refused_however_small_some_strength(monkeypatch):
    """A strength near 0 hides the violation of the others in a relative residual; the duality gap shows it."""
    X, y, noise = draw("gaussian")
    scale, rest = np.array([1e13, 0.5, 0.5, 0.5]), [0, 2, 3]
    others = br.map_estimate(br.Regression(X[:, rest], y, prior=br.Laplace(scale[rest]), **noise))
    wrong = np.insert(others.beta, 1, 0.0)
    reg = br.Regression(X, y, prior=br.Laplace(scale), **noise)
    monkeypatch.setattr(map_module, "minima_at", lambda *arguments: [wrong])
    with pytest.raises(ConvergenceError, match="may be above its minimum"):
        br.map_estimate(reg)

"""A PyMC model within bounds has the truncated density, and its draws before the data stay within."""

import numpy as np
import pymc as pm
import pytest

import bayesreg as br
from bayesreg.model.log_density import log_likelihood, log_prior
from bayesreg.model.pymc.bounds import BoxTransform
from bayesreg.model.unknowns import Unknowns

SIGNS, BOXES = [(0, None), (None, 0), (None, None)], [(0.2, None), (-0.5, 1), (None, 0.7)]
CASES = {
    "laplace": (br.Laplace(0.4), BOXES),
    "normal": (br.Normal(0.4), BOXES),
    "elastic net": (br.ElasticNetPrior(0.4, 0.7), BOXES),
    "student-t": (br.StudentTPrior(3.0, 0.5), BOXES),
    "laplace, scale unknown": (br.Laplace(br.HalfNormal(1.0)), SIGNS),
    "scaled normal, scale unknown": (br.Normal(br.HalfNormal(1.0), scaled_by_sigma=True), SIGNS),
}


def regression(prior, bounds):
    generator = np.random.default_rng(0)
    X, y = generator.normal(size=(30, 3)), generator.normal(size=30)
    return br.Regression(X, y, prior=prior, sigma=br.HalfNormal(1.0), standardize=False, bounds=bounds)


@pytest.mark.parametrize("name", CASES)
def test_its_density_is_that_of_the_truncated_prior(name):
    reg = regression(*CASES[name])
    beta = np.array([0.31, -0.2, 0.5])
    values = {"coef": beta, "intercept_at_center": 0.2, "sigma": 0.9, "scale": 0.8}
    scale = {} if reg.scale_known else {"scale": np.array(0.8)}
    point = Unknowns(beta, np.array(0.2), np.array(0.9), scale)
    model, start = reg.to_pymc(), {}
    for variable in model.free_RVs:
        value, transform = model.rvs_to_values[variable], model.rvs_to_transforms[variable]
        given = np.asarray(values[variable.name], dtype=float)
        start[value.name] = given if transform is None else transform.forward(given, *variable.owner.inputs).eval()
    density = float(model.compile_logp(jacobian=False, mode="FAST_COMPILE")(start))
    assert density == pytest.approx(float(log_likelihood(reg, point) + log_prior(reg, point)), abs=1e-10)


@pytest.mark.parametrize("name", ["laplace", "laplace, scale unknown"])
def test_draws_before_the_data_stay_within(name):
    reg = regression(*CASES[name])
    model = reg.to_pymc()
    draws = pm.draw(model["coef"], draws=500, random_seed=1, mode="FAST_COMPILE")
    assert np.all((draws >= reg.bounds.lower) & (draws <= reg.bounds.upper))
    ours = br.sample(reg, draws=1_000, random_seed=1, groups="prior")["prior"]["coef"].to_numpy()
    assert np.all((ours >= reg.bounds.lower) & (ours <= reg.bounds.upper))


def test_the_way_to_a_scale_without_bounds_and_back():
    box = br.Regression(np.eye(4)[:, :3], np.arange(4.0), prior=br.Laplace(1.0), bounds=BOXES).bounds.on(np.ones(3))
    transform, values = BoxTransform(box), np.array([0.3, 0.4, -2.0])
    free = transform.forward(values).eval()
    np.testing.assert_allclose(transform.backward(free).eval(), values, rtol=1e-12)
    step = 1e-6
    slope = (transform.backward(free + step).eval() - transform.backward(free - step).eval()) / (2 * step)
    np.testing.assert_allclose(transform.log_jac_det(free).eval(), np.log(np.abs(slope)), atol=1e-8)


@pytest.mark.slow
def test_nuts_within_bounds_against_quadrature(assert_moments):
    generator = np.random.default_rng(0)
    X = generator.normal(size=(40, 2))
    y = (generator.random(40) < 1 / (1 + np.exp(-X[:, 0] * 0.5))) * 1.0
    settings = {"family": "bernoulli", "intercept": False, "standardize": False}
    reg = br.Regression(X, y, prior=br.Laplace(0.6), bounds=[(0, None), (-0.3, 0.5)], **settings)
    idata = br.sample(reg, draws=2_500, random_seed=1)
    assert idata.attrs["engine"] == "nuts"
    axes = [(edges[1:] + edges[:-1]) / 2 for edges in (np.linspace(0, 6, 1_201), np.linspace(-0.3, 0.5, 801))]
    mesh = np.meshgrid(*axes, indexing="ij")
    eta = np.einsum("ij,jkl->ikl", X, np.array(mesh))
    logs = np.einsum("i,ikl->kl", y, eta) - np.logaddexp(0, eta).sum(axis=0) - np.abs(mesh).sum(axis=0) / 0.6
    weights = np.exp(logs - logs.max()) / np.exp(logs - logs.max()).sum()
    means = np.array([np.sum(weights * part) for part in mesh])
    sds = np.sqrt([np.sum(weights * (part - m) ** 2) for part, m in zip(mesh, means, strict=True)])
    assert_moments(idata["posterior"]["coef"].to_numpy(), means, sds)

"""A posterior from any engine is one of the PyMC model that the regression writes; PyMC's functions go on from it."""

import itertools

import numpy as np
import pymc as pm
import pytest

import bayesreg as br
from bayesreg.model.unknowns import Unknowns
from bayesreg.sampling.datatree import to_datatree
from bayesreg.sampling.draws import Run

INF = np.inf
N, P, CHAINS, DRAWS = 14, 3, 2, 40
RNG = np.random.default_rng(12)
X = RNG.normal([5.0, -1.0, 0.0], [1.0, 3.0, 0.2], size=(N, P))
WEIGHTS, OFFSET = RNG.uniform(0.5, 2, size=N), RNG.normal(size=N)
TARGETS = {
    "gaussian": 2 + X @ [1.0, -0.3, 2.0] + RNG.normal(size=N),
    "bernoulli": np.arange(N) % 2.0,
    "poisson": RNG.poisson(2.0, size=N).astype(float),
}
TARGETS |= {"student_t": TARGETS["gaussian"], "laplace": TARGETS["gaussian"]}
FAMILIES = {name: name for name in TARGETS} | {"student_t": br.StudentT(4.0), "laplace": br.LaplaceNoise()}
PRIORS = {
    "laplace": br.Laplace(0.4),
    "laplace by column": br.Laplace([0.2, INF, 3.0]),
    "laplace, unknown scale": br.Laplace(br.HalfCauchy(0.4)),
    "normal": br.Normal(0.7, True),
    "normal by column": br.Normal([INF, 0.5, 2.0]),
    "normal, unknown scale": br.Normal(br.InverseGamma(2.0, 1.0), True),
    "elastic net": br.ElasticNetPrior(0.4, 0.7),
    "elastic net by column": br.ElasticNetPrior([0.3, INF, INF], [0.8, 0.9, INF], True),
    "flat": br.Normal(INF),
    "horseshoe": br.Horseshoe(0.3),
    "horseshoe, unknown scale": br.Horseshoe(br.HalfCauchy(0.3), True),
    "regularized horseshoe": br.RegularizedHorseshoe(br.InverseGamma(2.0, 0.5), 2.0),
}
NOISES = {
    "known": 1.3,
    "default": None,
    "exponential": br.Exponential(0.5),
    "inverse gamma on sd": br.InverseGamma(2.0, 3.0, on="sd"),
    "inverse gamma on variance": br.InverseGamma(2.0, 3.0),
    "jeffreys": br.Jeffreys(),
    "uniform": br.Uniform(3.5),
    "flat": br.Uniform(INF),
}
INTERCEPTS = {"flat": True, "none": False, "normal": br.Normal(2.0, loc=0.7)}


def make(prior="laplace", noise="default", intercept="flat", family="gaussian", standardize=True, **given):
    has_sigma = family not in ("bernoulli", "poisson")
    given |= {"sigma": NOISES[noise]} if has_sigma else {}
    return br.Regression(
        X,
        TARGETS[family],
        prior=PRIORS[prior],
        intercept=INTERCEPTS[intercept],
        family=FAMILIES[family],
        standardize=standardize,
        **given,
    )


def tree_of(reg, groups=()):
    """The DataTree of some draws, no matter from where."""
    rng = np.random.default_rng(3)
    shape = (CHAINS, DRAWS)
    scales = {} if reg.scale_known else {"scale": rng.uniform(0.2, 1, size=shape)}
    scales |= {"local_scale": rng.uniform(0.2, 3, size=(*shape, P))} if reg.prior.has_local_unknowns else {}
    scales |= {"slab_scale": rng.uniform(1, 3, size=shape)} if isinstance(reg.prior, br.RegularizedHorseshoe) else {}
    draws = Unknowns(
        beta=0.3 * rng.normal(size=(*shape, P)),
        at_center=np.zeros(shape) if reg.intercept is False else rng.normal(size=shape),
        sigma=rng.uniform(0.5, 3, size=shape) if reg.noise.sigma is None else np.full(shape, reg.noise.sigma),
        hyperparameters=scales,
    )
    return to_datatree(reg, Run(draws), {}, groups, 1)


def assert_free_variables_are_there(reg):
    model, posterior = reg.to_pymc(), tree_of(reg)["posterior"]
    assert model.potentials == [] or reg.design.rows is None
    for variable in model.free_RVs:
        dims = tuple(model.named_vars_to_dims.get(variable.name, ()))
        assert posterior[variable.name].dims == ("chain", "draw", *dims)
        for dim in dims:
            assert list(posterior[dim].values) == list(model.coords[dim])


def check_every_free_variable(prior, noise, intercept, index):
    """All families are met with all priors, noises and intercepts, though not with all combinations of them."""
    family = list(FAMILIES)[index % len(FAMILIES)]
    scaled = PRIORS[prior].scaled_by_sigma and family in ("bernoulli", "poisson")
    assert_free_variables_are_there(
        make(prior, noise, intercept, "gaussian" if scaled else family, standardize=index % 4 < 2)
    )


@pytest.mark.parametrize("index", range(2 * len(PRIORS)))
def test_every_free_variable_of_the_model_is_in_the_posterior(index):
    prior, noise = list(PRIORS)[index % len(PRIORS)], list(NOISES)[index % len(NOISES)]
    check_every_free_variable(prior, noise, list(INTERCEPTS)[index % 7 % 3], index)


@pytest.mark.slow
@pytest.mark.parametrize("prior", PRIORS)
def test_every_free_variable_is_there_for_every_noise_and_intercept(prior):
    for index, (noise, intercept) in enumerate(itertools.product(NOISES, INTERCEPTS)):
        check_every_free_variable(prior, noise, intercept, index)


def test_so_are_they_without_rows():
    moments = make().design.moments
    for prior, intercept in zip(PRIORS, itertools.cycle(INTERCEPTS), strict=False):
        reg = br.Regression.from_moments(moments, prior=PRIORS[prior], intercept=INTERCEPTS[intercept])
        assert_free_variables_are_there(reg)


def jacobian(posterior):
    """Log of the derivative of a horseshoe's units by its coefficients, of which the model states the density."""
    if "beta_unit" not in posterior:
        return 0.0
    return np.log(np.abs(posterior["beta_unit"].values / posterior["beta"].values)).sum(axis=-1)


CASES = [
    ("elastic net by column", "inverse gamma on variance", "flat", "gaussian"),
    ("regularized horseshoe", "jeffreys", "normal", "gaussian"),
    ("laplace", "known", "normal", "poisson"),
    ("normal, unknown scale", "default", "normal", "student_t"),
    ("horseshoe", "known", "none", "bernoulli"),
]


@pytest.mark.parametrize(
    "case", [pytest.param(case, marks=() if k < 2 else pytest.mark.slow) for k, case in enumerate(CASES)]
)
def test_pymc_goes_on_from_it(case, assert_zs):
    """Predictive draws, log likelihood and log prior are those by hand, without any warning."""
    reg = make(*case, weights=WEIGHTS, offset=OFFSET)
    tree = tree_of(reg, ("log_likelihood", "log_prior"))
    model, posterior = reg.to_pymc(), tree["posterior"]
    quick = {"progressbar": False, "compile_kwargs": {"mode": "FAST_COMPILE"}}
    given = {"model": model, "extend_inferencedata": False} | quick
    likelihood = pm.stats.compute_log_likelihood(tree, **given)["y"].values
    np.testing.assert_allclose(likelihood, tree["log_likelihood"]["y"].values, rtol=1e-9)
    priors = pm.stats.compute_log_prior(tree, **given)
    assert set(priors.data_vars) == {variable.name for variable in model.free_RVs}
    total = sum(values.sum([d for d in values.dims if d not in ("chain", "draw")]).values for values in priors.values())
    np.testing.assert_allclose(total + jacobian(posterior), tree["log_prior"]["prior"].values, rtol=1e-7)
    assert_predictions_by_hand(
        reg, tree, pm.sample_posterior_predictive(tree, model=model, random_seed=1, **quick), assert_zs
    )


def assert_predictions_by_hand(reg, tree, predicted, assert_zs):
    """Each row's draws have the mean and the variance that its family gives them at each draw of the posterior."""
    posterior = tree["posterior"]
    eta = posterior["coef"].values @ X.T + OFFSET
    eta = eta + (posterior["intercept"].values[..., None] if "intercept" in posterior else 0.0)
    sigma = posterior["sigma"].values[..., None] / np.sqrt(WEIGHTS) if "sigma" in posterior else 1.3 / np.sqrt(WEIGHTS)
    mean = reg.family.mean(eta) if reg.family.name in ("bernoulli", "poisson") else eta
    match reg.family.name:
        case "bernoulli":
            variance = mean * (1 - mean)
        case "poisson":
            variance = mean
        case "student_t":
            variance = 2 * sigma**2 * np.ones_like(eta)
        case _:
            variance = sigma**2 * np.ones_like(eta)
    z = (predicted["posterior_predictive"]["y"].values - mean) / np.sqrt(variance)
    assert_zs(z.mean(axis=(0, 1)) * np.sqrt(CHAINS * DRAWS))
    assert abs(np.mean(z**2) - 1) < 0.3

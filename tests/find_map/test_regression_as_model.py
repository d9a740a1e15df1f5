"""find_MAP of the PyMC model that a Regression writes is the Regression's own MAP estimate."""

import itertools

import numpy as np
import pytest

import bayesreg as br
from bayesreg.find_map.find_map import find_MAP

INF = np.inf
N, P = 120, 8
RNG = np.random.default_rng(5)
X = (RNG.normal(size=(N, P)) + 0.6 * RNG.normal(size=(N, 1))) * np.geomspace(0.3, 3, P)
ETA = 0.8 * X[:, 0] / X[:, 0].std() - 0.5 * X[:, 5] / X[:, 5].std()
TARGETS = {
    "gaussian": 2 + ETA + RNG.normal(size=N),
    "bernoulli": (RNG.logistic(size=N) < 2 * ETA).astype(int),
    "poisson": RNG.poisson(np.exp(0.5 + 0.5 * ETA)),
}
B = np.array([0.05, 0.02, 0.02, INF, 0.04, INF, 0.02, INF])
S = np.array([0.5, INF, 0.3, 0.4, INF, INF, 0.2, INF])
PRIORS = {
    "laplace": lambda f: br.Laplace(0.03, f),
    "normal": lambda f: br.Normal(0.3, f),
    "elastic net": lambda f: br.ElasticNetPrior(0.03, 0.3, f),
    "laplace and flat": lambda f: br.Laplace(B, f),
    "normal and flat": lambda f: br.Normal(S, f),
    "all kinds": lambda f: br.ElasticNetPrior(B, S, f),
    "elastic net and flat": lambda f: br.ElasticNetPrior(B, np.where(np.isinf(B), INF, 0.3), f),
    "flat": lambda f: br.Normal(INF, f),
}


def combinations(*others):
    """Every prior with every value of the others, all but a few of them slow."""
    first = ("all kinds", *(other[0] for other in others))
    every = itertools.product(PRIORS, *others)
    return [pytest.param(*values, marks=() if values == first else pytest.mark.slow) for values in every]


def assert_same_mode(reg, form="auto", rtol=1e-8):
    fit, tree = br.map_estimate(reg), find_MAP(reg.to_pymc(form))
    posterior = {name: tree["posterior"][name].values[0, 0] for name in tree["posterior"].data_vars}
    np.testing.assert_array_equal(posterior["coef"] == 0, fit.coef == 0)
    np.testing.assert_allclose(posterior["coef"], fit.coef, rtol=rtol, atol=rtol * np.max(np.abs(fit.coef)))
    np.testing.assert_allclose(posterior.get("beta", posterior["coef"]), fit.beta, rtol=rtol, atol=rtol)
    if reg.intercept is not False:
        np.testing.assert_allclose(posterior["intercept"], fit.intercept, rtol=rtol, atol=rtol)
    if reg.family.has_sigma:
        np.testing.assert_allclose(posterior.get("sigma", reg.noise.sigma), fit.sigma, rtol=rtol)
    assert list(tree["posterior"]["coef"]["coef_name"].values) == list(reg.names)
    return fit, tree


@pytest.mark.parametrize(("prior", "standardize", "form"), combinations([True, False], ["rows", "moments"]))
def test_known_sigma(prior, standardize, form):
    reg = br.Regression(X, TARGETS["gaussian"], prior=PRIORS[prior](False), sigma=1.1, standardize=standardize)
    fit, tree = assert_same_mode(reg, form)
    has_kink = not np.all(np.isinf(reg.scales.laplace))
    assert (fit.n_zeros > 0) == has_kink
    assert tree["certificate"]["n_zeros"].sum() == fit.n_zeros


@pytest.mark.parametrize(("prior", "scaled"), combinations([True, False]))
def test_unknown_sigma(prior, scaled):
    """The joint mode of beta and sigma, the priors' constants in sigma included."""
    assert_same_mode(br.Regression(X, TARGETS["gaussian"], prior=PRIORS[prior](scaled), sigma=br.HalfNormal(2.0)))


NOISES = {
    "variance": br.InverseGamma(2.0, 1.0),
    "sd": br.InverseGamma(2.0, 1.0, on="sd"),
    "exponential": br.Exponential(0.5),
    "half t": br.HalfStudentT(3.0, 2.0),
    "jeffreys": br.Jeffreys(),
    "uniform": br.Uniform(20.0),
}


@pytest.mark.parametrize("noise", [pytest.param(k, marks=() if k == "variance" else pytest.mark.slow) for k in NOISES])
def test_every_prior_of_sigma_is_stated_for_sigma_itself(noise):
    """A mode of sigma's density is not that of its square's: both routes mean sigma."""
    few = slice(0, 10)
    assert_same_mode(
        br.Regression(
            X[few, :2], TARGETS["gaussian"][few], prior=br.Laplace(0.4), sigma=NOISES[noise], standardize=False
        )
    )


@pytest.mark.parametrize(("prior", "family"), combinations(["poisson", "bernoulli"]))
def test_other_families(prior, family):
    assert_same_mode(br.Regression(X, TARGETS[family], prior=PRIORS[prior](False), family=family))


@pytest.mark.slow
@pytest.mark.parametrize("intercept", [False, br.Normal(2.0, loc=0.5)], ids=["none", "normal"])
@pytest.mark.parametrize("prior", ["all kinds", "elastic net"])
def test_weights_offset_and_a_prior_on_the_intercept(prior, intercept):
    generator = np.random.default_rng(0)
    options = {"weights": generator.uniform(0.3, 3, N), "offset": generator.normal(size=N)}
    prior = PRIORS[prior](False)
    assert_same_mode(br.Regression(X, TARGETS["gaussian"], prior=prior, sigma=1.1, intercept=intercept, **options))


@pytest.mark.slow
@pytest.mark.parametrize("form", ["rows", "moments"])
def test_nuts_reads_the_assembled_coefficients(form, assert_zs):
    """Normal columns and a flat one: the posterior is known, and drawn from directly."""
    rows = N if form == "moments" else P - 2
    scale = np.full(P, 0.4)
    scale[3] = INF
    reg = br.Regression(X[:rows], TARGETS["gaussian"][:rows], prior=br.Normal(scale), sigma=1.1)
    tree = br.sample(reg, engine="nuts", draws=500, chains=4, random_seed=3)
    beta = tree["posterior"]["beta"].values.reshape(-1, P)
    exact = br.sample(reg, engine="exact", draws=20_000, chains=4, random_seed=4)["posterior"]["beta"].values
    exact = exact.reshape(-1, P)
    # A bulk effective size of a quarter of the draws is a cautious one for NUTS on a Normal density.
    assert_zs((beta.mean(axis=0) - exact.mean(axis=0)) / (exact.std(axis=0) / np.sqrt(500)))

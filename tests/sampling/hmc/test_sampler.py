"""HMC's draws against quadrature, against the exact engine, and what it promises of seeds and settings."""

import numpy as np
import pytest

import bayesreg as br
from bayesreg.errors import ModeError, UnsupportedError
from bayesreg.model.log_density import log_likelihood, log_prior
from bayesreg.model.unknowns import Unknowns
from bayesreg.sampling.engine import draw_posterior
from bayesreg.sampling.hmc.sampler import sample_hmc

RNG = np.random.default_rng(11)
N = 30
X = RNG.normal(size=(N, 2)) + 0.7 * RNG.normal(size=(N, 1))
ETA = X @ [0.6, 0.0]
COUNTS = RNG.poisson(np.exp(ETA)).astype(float)
TARGETS = {
    "gaussian": ETA + 0.7 * RNG.normal(size=N),
    "student_t": ETA + 0.5 * RNG.standard_t(3, size=N),
    "laplace": ETA + 0.5 * RNG.laplace(size=N),
    "gamma": np.exp(ETA) * RNG.gamma(4.0, 0.25, size=N),
    "bernoulli": (COUNTS > 0).astype(float),
    "poisson": COUNTS,
    "negative_binomial": COUNTS,
}
PRIORS = {
    "laplace": br.Laplace(0.3),
    "normal": br.Normal([0.5, 0.2]),
    "elastic net": br.ElasticNetPrior([0.3, np.inf], [np.inf, np.inf]),
}
GRID = 201


def make(family, prior, **settings):
    settings = {"sigma": 0.7} | settings if family in ("gaussian", "student_t", "laplace", "gamma") else settings
    given = {"intercept": False, "standardize": False, "weights": np.linspace(0.5, 2.0, N)} | settings
    return br.Regression(X, TARGETS[family], prior=prior, family=family, **given)


def two_on_a_grid(reg, center, sd):
    """Mean and standard deviation of both coefficients, by the trapezoidal rule on a wide grid."""
    axes = [np.linspace(m - 9 * s, m + 9 * s, GRID) for m, s in zip(center, sd, strict=True)]
    beta = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1)
    none, sigma = np.zeros(beta.shape[:2]), np.full(beta.shape[:2], reg.noise.sigma)
    given = Unknowns(beta, none, sigma)
    density = log_likelihood(reg, given) + log_prior(reg, given)
    weight = np.exp(density - density.max())
    weight /= weight.sum()
    mean = np.einsum("ij,ijk->k", weight, beta)
    return mean, np.sqrt(np.einsum("ij,ijk->k", weight, (beta - mean) ** 2))


@pytest.mark.parametrize("prior", PRIORS)
@pytest.mark.parametrize("family", TARGETS)
def test_two_coefficients_have_their_posterior(family, prior, assert_moments):
    reg = make(family, PRIORS[prior])
    beta = sample_hmc(reg, draws=1_000, tune=200, chains=4, random_seed=1).draws.beta
    assert_moments(beta, *two_on_a_grid(reg, beta.mean(axis=(0, 1)), beta.std(axis=(0, 1))))


HYPER, ON_VARIANCE = br.InverseGamma(4.0, 2.0), br.InverseGamma(3.0, 1.0)


@pytest.mark.parametrize(
    ("prior", "settings", "suits"),
    [
        (br.Normal(HYPER, True), {"sigma": br.HalfNormal(1.0), "intercept": True}, True),
        (br.Normal(HYPER), {"sigma": ON_VARIANCE, "intercept": br.Normal(0.5, True), "center": False}, False),
        pytest.param(
            br.Laplace(HYPER), {"sigma": br.HalfNormal(1.0), "intercept": br.Normal(0.5)}, True, marks=pytest.mark.slow
        ),
        pytest.param(br.Laplace(HYPER, True), {"sigma": br.Exponential(1.0)}, False, marks=pytest.mark.slow),
    ],
)
def test_sigma_scale_and_intercept_are_those_of_the_engines_for_gaussian_rows(
    prior, settings, suits, monkeypatch, assert_same_distribution
):
    """The exact and the Gibbs engine share no code with HMC; also in coordinates that do not suit the posterior."""
    if not suits:
        monkeypatch.setattr("bayesreg.sampling.hmc.approximation.Search.log_factor", 0.5)
    reg = make("gaussian", prior, **settings)
    ours = draw_posterior(reg, engine="hmc", random_seed=2).run.draws
    theirs = draw_posterior(reg, draws=4_000, random_seed=3).run.draws
    for name in ("beta", "sigma", "at_center")[: 2 + (reg.intercept is not False)]:
        assert_same_distribution(getattr(ours, name), getattr(theirs, name))
    assert_same_distribution(ours.get("scale"), theirs.get("scale"))


def test_the_seed_alone_decides_and_every_draw_is_reported():
    reg, counted = make("poisson", PRIORS["laplace"]), []
    settings = {"draws": 20, "tune": 30, "chains": 3}
    first = sample_hmc(reg, random_seed=5, tick=counted.append, **settings).draws
    assert np.array_equal(first.beta, sample_hmc(reg, random_seed=5, **settings).draws.beta)
    assert not np.array_equal(first.beta, sample_hmc(reg, random_seed=6, **settings).draws.beta)
    assert sum(counted) == 3 * (20 + 30)
    assert first.beta.shape == (3, 20, 2)


@pytest.mark.parametrize("settings", [{"tune": 0}, {"tune": 1}, {"chains": 1}, {"draws": 1}, {"thin": 3}])
def test_any_counts_are_served(settings):
    reg = make("bernoulli", PRIORS["laplace"])
    run = sample_hmc(reg, random_seed=1, **({"draws": 30, "tune": 20, "chains": 2} | settings))
    assert np.all(np.isfinite(run.draws.beta))
    assert run.stats["n_steps"].min() >= settings.get("thin", 1)


def test_draws_that_fail_the_gate_are_made_again_by_more_trajectories():
    """So few draws that those of single trajectories are too alike."""
    found = draw_posterior(make("bernoulli", PRIORS["normal"]), draws=150, random_seed=1)
    assert found.run.settings["trajectories_per_draw"] == 4
    assert found.diagnostics.passed


def test_sparse_columns_have_the_posterior_of_dense_ones():
    from scipy import sparse

    columns = np.where(np.random.default_rng(2).random((N, 4)) < 0.3, 1.0, 0.0)
    dense, thin = (
        br.Regression(kind(columns), TARGETS["poisson"], prior=br.Laplace(0.5), family="poisson")
        for kind in (np.asarray, sparse.csr_array)
    )
    settings = {"draws": 20, "tune": 20, "chains": 2, "random_seed": 1}
    ours, theirs = (sample_hmc(reg, **settings).draws.beta for reg in (dense, thin))
    assert np.allclose(ours, theirs, rtol=1e-6)


def test_what_it_does_not_cover_is_refused():
    with pytest.raises(UnsupportedError, match="does not cover a horseshoe prior"):
        br.sample(make("bernoulli", br.Horseshoe()), engine="hmc")
    moments = br.Regression.from_moments(br.moments("diabetes", target="target"), prior=br.Laplace(1.0))
    with pytest.raises(UnsupportedError, match="needs the rows"):
        br.sample(moments, engine="hmc")
    assert br.choose_engine(make("bernoulli", br.Horseshoe())).engine == "nuts"


def test_flat_columns_that_nothing_determines_are_an_error():
    columns = np.column_stack([X[:, 0], 2 * X[:, 0]])
    reg = br.Regression(columns, TARGETS["bernoulli"], prior=br.Laplace(np.inf), family="bernoulli")
    with pytest.raises(ModeError, match="give them a finite scale"):
        br.sample(reg)


def test_a_posterior_that_has_no_end_is_an_error():
    line = np.linspace(-1.0, 1.0, 20)
    separated = br.Regression(line[:, None], (line > 0).astype(float), prior=br.Normal(np.inf), family="bernoulli")
    with pytest.raises(ModeError, match="flat columns separate the classes"):
        br.sample(separated)
    exact = br.Regression(line[:, None], 2 * line, prior=br.Laplace(1.0), family="laplace")
    with pytest.raises(ModeError, match="the posterior of sigma is improper"):
        br.sample(exact)
    line[9], line[10] = line[10], line[9]
    overlapping = br.Regression(
        line[:, None], (np.arange(20) > 9).astype(float), prior=br.Normal(np.inf), family="bernoulli"
    )
    assert np.all(np.isfinite(sample_hmc(overlapping, draws=5, tune=5, chains=1, random_seed=1).draws.beta))

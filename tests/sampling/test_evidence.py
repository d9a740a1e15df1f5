"""The log evidence by bridge sampling against sums over a grid of SciPy's densities, and against closed forms."""

import numpy as np
import pytest
from scipy import special, stats

import bayesreg as br
from bayesreg.errors import SamplerWarning, UnsupportedError
from bayesreg.sampling.evidence import sampled_evidence

ROWS, REACH, CELLS = 14, 6.0, 300


def elastic_net(b):
    """The density of both terms, normalized by the hazard of a Normal tail."""
    l1, l2 = 1 / 0.8, 1 / 0.6
    log_mass = np.log(2 / l2) + stats.norm.logsf(l1 / l2) - stats.norm.logpdf(l1 / l2)
    return -l1 * np.abs(b) - 0.5 * (l2 * b) ** 2 - log_mass


PRIORS = {
    "laplace": (br.Laplace(0.6), lambda b: stats.laplace.logpdf(b, scale=0.6)),
    "normal": (br.Normal(0.9), lambda b: stats.norm.logpdf(b, scale=0.9)),
    "elastic net": (br.ElasticNetPrior(0.8, 0.6), elastic_net),
}
# Each with its sigma, if it has one, draws of a target, and SciPy's log density given the mean on the link's scale.
FAMILIES = {
    "bernoulli": (
        None,
        lambda g, eta, s: g.binomial(1, special.expit(eta)),
        lambda y, eta, s: stats.bernoulli.logpmf(y, special.expit(eta)),
    ),
    "poisson": (None, lambda g, eta, s: g.poisson(np.exp(eta)), lambda y, eta, s: stats.poisson.logpmf(y, np.exp(eta))),
    br.NegativeBinomial(2.0): (
        None,
        lambda g, eta, s: g.negative_binomial(2, 2 / (2 + np.exp(eta))),
        lambda y, eta, s: stats.nbinom.logpmf(y, 2, 2 / (2 + np.exp(eta))),
    ),
    "gamma": (
        0.7,
        lambda g, eta, s: g.gamma(s**-2, np.exp(eta) * s**2),
        lambda y, eta, s: stats.gamma.logpdf(y, s**-2, scale=np.exp(eta) * s**2),
    ),
    br.StudentT(4.0): (
        0.8,
        lambda g, eta, s: eta + s * g.standard_t(4, len(eta)),
        lambda y, eta, s: stats.t.logpdf(y, 4, eta, s),
    ),
    "laplace": (0.8, lambda g, eta, s: g.laplace(eta, s), lambda y, eta, s: stats.laplace.logpdf(y, eta, s)),
    "gaussian": (0.8, lambda g, eta, s: g.normal(eta, s), lambda y, eta, s: stats.norm.logpdf(y, eta, s)),
}
# Every family with a Laplace prior, and one with each of the others.
PAIRS = [*((family, "laplace") for family in FAMILIES), ("bernoulli", "elastic net"), ("poisson", "normal")]


def rows(draw, sigma):
    generator = np.random.default_rng(5)
    X = generator.normal(size=(ROWS, 2)) @ [[1.0, 0.5], [0.0, 0.9]]
    return X, draw(generator, X @ [0.8, -0.3], sigma).astype(float)


def log_sum(values, width):
    return special.logsumexp(values) + np.log(width)


def midpoints(low, high):
    """Cells with a border at 0, where a kink may be."""
    cells = np.linspace(low, high, CELLS + 1)
    return 0.5 * (cells[1:] + cells[:-1]), cells[1] - cells[0]


@pytest.mark.parametrize(("family", "prior"), PAIRS, ids=str)
def test_two_coefficients_have_the_evidence_of_a_grid(family, prior, assert_zs):
    sigma, draw, log_density = FAMILIES[family]
    X, y = rows(draw, sigma)
    belief, log_prior = PRIORS[prior]
    reg = br.Regression(X, y, prior=belief, sigma=sigma, family=family, intercept=False, standardize=False)
    b, width = midpoints(-REACH, REACH)
    one, other = np.meshgrid(b, b, indexing="ij")
    total = log_prior(one) + log_prior(other)
    for x, target in zip(X, y, strict=True):
        total = total + log_density(target, one * x[0] + other * x[1], sigma)
    # From draws, where there is a closed form too.
    estimate = sampled_evidence(reg, draws=1000, chains=4, random_seed=7)
    assert estimate.error < 0.02
    assert_zs((estimate.value - log_sum(total, width**2)) / estimate.error)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("family", "unknown", "scaled"),
    [
        ("gamma", "sigma", True),
        (br.StudentT(4.0), "scale", True),
        ("gaussian", "sigma", False),
        ("gamma", "scale", False),
    ],
    ids=str,
)
def test_unknown_sigma_and_scale_are_integrated_too(family, unknown, scaled, assert_zs):
    known, draw, log_density = FAMILIES[family]
    X, y = rows(draw, known)
    hyper = br.Gamma(4.0, 5.0)
    sigma, scale = (hyper, 0.6) if unknown == "sigma" else (known, hyper)
    weights = np.linspace(0.5, 2, ROWS)
    reg = br.Regression(
        X[:, :1], y, prior=br.Laplace(scale, scaled_by_sigma=scaled), sigma=sigma, family=family, weights=weights,
        offset=X[:, 1], intercept=False, standardize=False,
    )  # fmt: skip
    b, width = midpoints(-REACH, REACH)
    t, height = midpoints(-7.0, 3.0)
    one, log_value = np.meshgrid(b, t, indexing="ij")
    value = np.exp(log_value)
    noise, spread = (value, 0.6) if unknown == "sigma" else (known, value)
    total = stats.invgamma.logpdf(value, 4, scale=5.0) + log_value
    total = total + stats.laplace.logpdf(one, scale=spread * noise if scaled else spread)
    for x, target, weight in zip(X, y, weights, strict=True):
        total = total + log_density(target, one * x[0] + x[1], noise / np.sqrt(weight))
    value, error = br.log_evidence(reg, random_seed=8, with_error=True)
    assert error < 0.03
    assert_zs((value - log_sum(total, width * height)) / error)


def test_many_coefficients_and_a_flat_intercept_have_the_closed_form(assert_zs):
    generator = np.random.default_rng(2)
    X = generator.normal(size=(60, 25)) + generator.normal(size=(60, 1))
    y = 5 + X[:, 0] + generator.normal(size=60)
    zs = []
    for prior in (
        br.Normal(0.4),
        br.Normal(br.HalfCauchy(1.0), scaled_by_sigma=True),
        br.Normal([np.inf, *[0.4] * 24]),
    ):
        reg = br.Regression(X, y, prior=prior)
        estimate = sampled_evidence(reg, draws=1000, chains=4, random_seed=3)
        zs.append((estimate.value - br.log_evidence(reg)) / estimate.error)
    assert_zs(zs)
    assert br.log_evidence(reg, with_error=True) == (br.log_evidence(reg), 0.0)


def test_the_seed_alone_decides_one_chain_serves_and_what_is_not_precise_is_warned_of():
    _, draw, _ = FAMILIES["poisson"]
    reg = br.Regression(*rows(draw, None), prior=br.Laplace(0.6), family="poisson")
    assert br.log_evidence(reg) == br.log_evidence(reg) != br.log_evidence(reg, random_seed=1)
    assert abs(br.log_evidence(reg, chains=1, draws=4000) - br.log_evidence(reg)) < 0.05
    with pytest.warns(SamplerWarning):
        br.log_evidence(reg, draws=60)


def test_what_it_does_not_cover_is_refused():
    X, y = rows(FAMILIES["gaussian"][1], 0.8)
    with pytest.raises(UnsupportedError, match="Horseshoe"):
        br.log_evidence(br.Regression(X, y, prior=br.Horseshoe(), sigma=1.0))
    with pytest.raises(UnsupportedError, match="not built for bounds"):
        br.log_evidence(br.Regression(X, y, prior=br.Laplace(1.0), sigma=1.0, bounds={"x0": (0, 1)}))
    moments = br.Regression.from_moments(
        br.Regression(X, y, prior=br.Laplace(1.0)).design.moments, prior=br.Laplace(1.0)
    )
    with pytest.raises(UnsupportedError, match="rows"):
        br.log_evidence(moments)
    with pytest.raises(UnsupportedError, match="too few"), pytest.warns(SamplerWarning):
        br.log_evidence(br.Regression(X, y > 0, prior=br.Laplace(1.0), family="bernoulli"), draws=4, chains=1)

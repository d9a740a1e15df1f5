"""Blocks whose scales are unknown: draws against quadrature, calibration, and what needs numbers."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import bayesreg as br
from bayesreg.errors import PriorError, UnsupportedError
from bayesreg.model.unknowns import Unknowns

# Coaching effects in eight schools and their standard errors (Rubin 1981, doi:10.3102/10769986006004377).
EFFECT, ERROR = np.array([28.0, 8, -3, 7, -1, 1, 18, 12]), np.array([15.0, 10, 16, 11, 9, 11, 10, 18])
SCHOOLS = pd.DataFrame({"effect": EFFECT, "school": list("ABCDEFGH")})


def schools(scale, **settings):
    given = {"sigma": 1.0, "weights": ERROR**-2, "standardize": False} | settings
    X = pd.get_dummies(SCHOOLS["school"], prefix="school", prefix_sep="[", dtype=float).add_suffix("]")
    return br.Regression(X, EFFECT, prior=br.Blocks({"school": br.Normal(scale)}), **given)


def quadrature(scale):
    """Means and standard deviations of tau and mu, which is integrated out in closed form (BDA3, section 5.4)."""
    tau = np.linspace(1e-4, 600, 60_001)
    variance = ERROR**2 + tau[:, None] ** 2
    weight = np.sum(1 / variance, axis=1)
    mean = np.sum(EFFECT / variance, axis=1) / weight
    logs = -0.5 * np.sum(np.log(variance) + (EFFECT - mean[:, None]) ** 2 / variance, axis=1) - 0.5 * np.log(weight)
    logs = logs + scale.log_density_of_log(np.log(tau)) - np.log(tau)
    share = np.exp(logs - logs.max()) / np.exp(logs - logs.max()).sum()
    moments = [(share @ tau, share @ tau**2), (share @ mean, share @ (1 / weight + mean**2))]
    return [(first, (second - first**2) ** 0.5) for first, second in moments]


def test_eight_schools_have_the_posterior_of_quadrature(assert_moments):
    scale = br.HalfNormal(10.0)
    posterior = br.sample(schools(scale), draws=4_000, random_seed=3)["posterior"]
    (tau, tau_sd), (mu, mu_sd) = quadrature(scale)
    assert_moments(posterior["scale_school"].to_numpy(), tau, tau_sd)
    assert_moments(posterior["intercept"].to_numpy(), mu, mu_sd)


def test_at_known_scales_it_is_the_posterior_of_these():
    reg = schools(br.HalfNormal(10.0))
    known = reg.prior.at_scales({"scale_school": 7.0})
    assert known == br.Blocks({"school": br.Normal(7.0)})
    # The mean of a school given tau and mu, by precision weighting.
    point, precision = br.map_estimate(reg.with_prior(known)), ERROR**-2 / (ERROR**-2 + 7.0**-2)
    np.testing.assert_allclose(point.coef, precision * (EFFECT - point.intercept), rtol=1e-9)


def test_what_needs_numbers_says_so():
    reg = schools(br.HalfNormal(10.0))
    for refused in (br.map_estimate, br.path, lambda one: br.select(one, by="cv")):
        with pytest.raises(PriorError, match=r"number"):
            refused(reg)
    with pytest.raises(UnsupportedError, match='engine="auto"'):
        br.sample(reg, engine="exact")
    with pytest.raises(PriorError, match="several blocks would have an unknown 'scale_g'"):
        br.Blocks({"C(g)": br.Normal(br.HalfNormal(1.0)), "g": br.Normal(br.HalfNormal(1.0))})


def test_draws_before_the_data_are_of_every_scale():
    from bayesreg.sampling.prior_draws import draw_prior, improper_parts

    reg = schools(br.HalfNormal(10.0))
    parts = draw_prior(reg, (4_000,), np.random.default_rng(1))
    ratio = parts["beta"] / parts["scale_school"][:, None]
    assert np.std(ratio) == pytest.approx(1.0, abs=4 / np.sqrt(2 * ratio.size))
    assert improper_parts(schools(br.Uniform(np.inf))) == ("scale_school", "beta", "intercept")


PRIOR = {
    ("x0", "x2"): br.Normal(br.InverseGamma(4.0, 2.0)),
    "x1": br.Laplace(br.InverseGamma(4.0, 2.0)),
    "x3": br.Normal(br.Uniform(2.0)),
}
CASES = {
    "coordinate": {"kernel": "coordinate"},
    "block, intercept": {"kernel": "block", "intercept": br.Normal(1.0, loc=0.5)},
    "coordinate, wide": {"kernel": "coordinate", "n": 3},
    "block, wide, scaled": {"kernel": "block", "n": 3, "scaled": True},
    "coordinate, scaled": {"kernel": "coordinate", "scaled": True},
}
DRAWS, BINS = 63, 16


def ranks(replications, kernel, n=9, scaled=False, intercept=False, seed=0):
    """Ranks of what is drawn before the data among posterior draws: coefficients, scales, sigma and log likelihood."""
    from bayesreg.model.log_density import log_likelihood
    from bayesreg.sampling.gibbs.sampler import sample_gibbs
    from bayesreg.sampling.prior_draws import draw_prior

    generator = np.random.default_rng(seed)
    X = generator.normal(size=(n, 5)) + 0.7 * generator.normal(size=(n, 1))
    prior = br.Blocks(
        {key: type(one)(one.scale, scaled) for key, one in PRIOR.items()}, rest=br.Normal(0.7, scaled_by_sigma=scaled)
    )
    settings = {"sigma": br.HalfNormal(1.0), "intercept": intercept, "standardize": False, "center": False}
    bare = br.Regression(X, np.arange(float(n)), prior=prior, **settings)
    places = []
    for seed in generator.integers(2**31, size=replications):
        parts = {name: part[0] for name, part in draw_prior(bare, (1,), generator).items()}
        level = parts.pop("at_center", np.zeros(()))
        scales = {name: parts[name] for name in prior.unknown_scales}
        truth = Unknowns(parts["beta"], level, parts["sigma"], scales)
        y = level + X @ parts["beta"] + parts["sigma"] * generator.normal(size=n)
        reg = br.Regression(X, y, prior=prior, **settings)
        run = sample_gibbs(reg, draws=5 * DRAWS, tune=200, chains=1, random_seed=int(seed), kernel=kernel, cores=1)
        kept = run.draws[0, 4::5]
        pairs = [(kept.beta, truth.beta), *((kept.hyperparameters[name][:, None], scales[name]) for name in scales)]
        pairs += [(kept.sigma[:, None], truth.sigma)]
        pairs += [(log_likelihood(reg, kept)[:, None], log_likelihood(reg, truth))]
        places.append(np.concatenate([np.sum(ours < theirs, axis=0) for ours, theirs in pairs]))
    return np.array(places)


@pytest.mark.slow
@pytest.mark.parametrize("name", CASES)
def test_ranks_among_gibbs_draws_are_uniform(name):
    """Simulation-based calibration (Talts et al. 2018, arXiv:1804.06788)."""
    places = ranks(80, **CASES[name])
    counts = np.stack([np.bincount(column * BINS // (DRAWS + 1), minlength=BINS) for column in places.T])
    assert stats.chisquare(counts, axis=1).pvalue.min() > 0.001 / (len(counts) * len(CASES))

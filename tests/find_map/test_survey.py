"""What find_MAP finds beside a mode: other modes, and ends at which a density grows without bound."""

import numpy as np
import pymc as pm
import pytensor.tensor as pt
import pytest
from scipy import linalg, optimize, stats

import bayesreg as br
from bayesreg.errors import ModeError, MultimodalWarning
from bayesreg.find_map import survey
from bayesreg.find_map.find_map import find_MAP


def value(tree, name):
    return tree["posterior"][name].values[0, 0]


def hadamard():
    """Orthogonal columns, for which the mode given sigma has a closed form."""
    H = linalg.hadamard(32)[:, 1:17].astype(float)
    coef = np.concatenate([np.full(4, 1.9), np.full(5, 0.5), np.zeros(7)])
    return H, 1.0 + H @ coef + 0.4 * np.random.default_rng(1).normal(size=32)


def profile(H, y, b, sigma):
    """Log density at the best coefficients given sigma, and these."""
    c = H.T @ y / len(y)
    coef = np.sign(c) * np.maximum(np.abs(c) - sigma**2 / (len(y) * b), 0)
    residual = y - y.mean() - H @ coef
    prior = stats.laplace.logpdf(coef, scale=b).sum() + stats.halfnorm.logpdf(sigma, scale=2.0)
    return stats.norm.logpdf(residual, scale=sigma).sum() + prior, coef


def modes_of_profile(H, y, b):
    grid = np.linspace(0.05, 8, 4001)
    values = np.array([profile(H, y, b, sigma)[0] for sigma in grid])
    crests = [k for k in range(1, len(grid) - 1) if values[k - 1] < values[k] > values[k + 1]]
    found = [
        optimize.minimize_scalar(
            lambda sigma: -profile(H, y, b, sigma)[0],
            bounds=(grid[k - 1], grid[k + 1]),
            method="bounded",
            options={"xatol": 1e-12},
        ).x
        for k in crests
    ]
    return sorted(found, key=lambda sigma: -profile(H, y, b, sigma)[0])


@pytest.mark.parametrize(
    "start",
    [None, pytest.param({"sigma": 0.2}, marks=pytest.mark.slow), pytest.param({"sigma": 6.0}, marks=pytest.mark.slow)],
)
def test_the_highest_of_two_modes_whatever_the_start(start):
    H, y = hadamard()
    b = 0.12
    sigmas = modes_of_profile(H, y, b)
    assert len(sigmas) == 2
    with pm.Model() as model:
        coef = pm.Laplace("coef", 0, b, shape=16)
        sigma = pm.HalfNormal("sigma", 2)
        pm.Normal("y", pm.Flat("at_center") + H @ coef, sigma, observed=y)
    with pytest.warns(MultimodalWarning, match=r"several modes.*sigma = .*log density -0") as told:
        tree = find_MAP(model, start=start)
    top, reference = profile(H, y, b, sigmas[0])
    assert value(tree, "sigma") == pytest.approx(sigmas[0], rel=1e-6)
    assert f"sigma = {sigmas[1]:.4g}" in str(told[0].message)
    np.testing.assert_allclose(value(tree, "coef"), reference, rtol=1e-5, atol=1e-9)
    assert float(tree["certificate"]["log_density"]) == pytest.approx(top, rel=1e-9)
    other = float(tree["certificate"].attrs["other_modes"])
    assert other == pytest.approx(profile(H, y, b, sigmas[1])[0], rel=1e-6)
    reg = br.Regression(H, y, prior=br.Laplace(b), sigma=br.HalfNormal(2.0), standardize=False)
    with pytest.warns(MultimodalWarning):
        assert br.map_estimate(reg).sigma == pytest.approx(sigmas[0], rel=1e-6)


def far_observations():
    """A location that two groups of observations pull to themselves."""
    location = pm.Normal("location", 0, 20)
    pm.StudentT("y", nu=2, mu=location, sigma=0.3, observed=[-0.2, 0.0, 0.1, 0.2, 12.0, 12.1, 12.2])


def prior_against_data():
    location = pm.StudentT("location", nu=1, mu=0, sigma=0.08)
    pm.Normal("y", location, 1.0, observed=[2.6, 2.4, 2.5])


@pytest.mark.parametrize("build", [far_observations, prior_against_data])
def test_two_modes_of_a_location(build):
    with pm.Model() as model:
        build()
    with pytest.warns(MultimodalWarning, match="location = "):
        tree = find_MAP(model)
    logp = model.compile_logp(mode="FAST_COMPILE")
    grid = np.linspace(-5, 20, 5001)
    best = grid[np.argmax([logp({"location": np.asarray(x)}) for x in grid])]
    assert value(tree, "location") == pytest.approx(best, abs=0.01)


def gamma_scale():
    y = np.random.default_rng(0).normal(0, 4, 30)
    pm.Normal("y", 0, pt.sqrt(1 + pm.Gamma("scale", 0.8, 0.2) ** 2), observed=y)


def nearly_proper_scale():
    y = np.random.default_rng(0).normal(0, 4, 30)
    pm.Normal("y", 0, pt.sqrt(1 + pm.Gamma("scale", 0.98, 0.2) ** 2), observed=y)


def centred_pairs(correlation):
    generator = np.random.default_rng(2)
    z = generator.normal(0, 3, 10)
    first = pm.Normal("first", 0, 3, shape=10)
    second = pm.Normal("second", correlation * first, 3 * pt.sqrt(1 - correlation**2), shape=10)
    pm.Normal("y1", first, 0.5, observed=z + generator.normal(0, 0.5, 10))
    pm.Normal("y2", second, 0.5, observed=0.5 * z + generator.normal(0, 3, 10))


def correlation_to_one():
    centred_pairs(pm.Uniform("correlation", 0, 1))


def correlation_from_a_beta():
    centred_pairs(pm.Beta("correlation", 1, 1))


def probability_with_a_pole():
    pm.Binomial("y", 20, 0.25 + 0.5 * pm.Beta("share", 0.6, 0.6), observed=10)


def simplex_with_a_pole():
    share = pm.Dirichlet("share", [0.5, 0.5, 0.5])
    pm.Normal("y", 3 * share[0] + share[1], 0.2, observed=[1.4, 1.5])


def many_centred_scales():
    y = np.random.default_rng(0).normal(0, 6, (25, 8))
    scale = pm.HalfNormal("scale", 10.0, shape=25)
    pm.Normal("y", pm.Normal("effect", 0, scale[:, None], shape=(25, 8)), 1.0, observed=y)


def one_bad_scale_of_many():
    y = np.random.default_rng(0).normal(0, 6, (22, 4))
    good = pm.InverseGamma("good", 2.0, 4.0, shape=21)
    bad = pm.HalfNormal("bad", 10.0)
    scale = pt.concatenate([good, bad[None]])
    pm.Normal("y", pm.Normal("effect", 0, scale[:, None], shape=(22, 4)), 1.0, observed=y)


def mixture_of_two(scales):
    generator = np.random.default_rng(2)
    rows = np.concatenate([generator.normal(-2, 0.5, 40), generator.normal(2, 1, 60)])
    share = pm.Dirichlet("share", np.ones(2))
    means = pm.Normal("means", [-1, 1], 5, shape=2)
    pm.NormalMixture("y", share, means, scales, observed=rows)


def free_mixture():
    mixture_of_two(pm.HalfNormal("scales", 2.0, shape=2))


def mixture_with_uniform_scales():
    mixture_of_two(pm.Uniform("scales", 0, 5, shape=2))


@pytest.mark.parametrize(
    ("build", "name"),
    [
        (gamma_scale, r"scale\^−0\.2 as scale falls to its lower end"),
        pytest.param(nearly_proper_scale, r"scale\^−0\.02", marks=pytest.mark.slow),
        (correlation_to_one, "correlation rises to its upper end"),
        pytest.param(correlation_from_a_beta, "correlation rises to its upper end", marks=pytest.mark.slow),
        (probability_with_a_pole, "share (falls|rises)"),
        pytest.param(simplex_with_a_pole, "share", marks=pytest.mark.slow),
        pytest.param(many_centred_scales, "scale", marks=pytest.mark.slow),
        pytest.param(one_bad_scale_of_many, "bad", marks=pytest.mark.slow),
        pytest.param(free_mixture, "scales", marks=pytest.mark.slow),
        pytest.param(mixture_with_uniform_scales, "scales", marks=pytest.mark.slow),
    ],
)
def test_a_density_that_grows_without_bound_is_refused_by_name(build, name):
    with pm.Model() as model:
        build()
    with pytest.raises(ModeError, match=name):
        find_MAP(model)


def test_the_local_mode_beside_a_pole_on_request():
    with pm.Model() as model:
        gamma_scale()
    tree = find_MAP(model, check_unbounded=False)
    assert value(tree, "scale") > 1
    assert tree["certificate"].attrs["unbounded_checked"] == ""


def proper_mixture():
    mixture_of_two(pm.InverseGamma("scales", 2.0, 1.0, shape=2))


@pytest.mark.slow
def test_a_mixture_whose_scales_cannot_vanish_has_its_modes():
    with pm.Model() as model:
        proper_mixture()
    with pytest.warns(MultimodalWarning, match=r"log density [+-]"):
        tree = find_MAP(model)
    means = np.sort(value(tree, "means"))
    np.testing.assert_allclose(means, [-2, 2], atol=0.4)


def test_an_end_that_was_not_reached_is_named(monkeypatch):
    monkeypatch.setattr(survey, "ALL_STEPS", 3)
    with pm.Model() as model:
        scale = pm.InverseGamma("scale", 2.0, 1.0)
        pm.Normal("y", 0, scale, observed=np.arange(6.0))
    attrs = find_MAP(model)["certificate"].attrs
    assert "scale falls" in attrs["unbounded_not_settled"] + attrs["message"]
    assert attrs["unbounded_checked"] == ""

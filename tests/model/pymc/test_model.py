"""The PyMC model has the density that is written down here once more, by hand, from the rows."""

import dataclasses
import itertools

import numpy as np
import pandas as pd
import pymc as pm
import pytest
from scipy import integrate, special, stats

import bayesreg as br
from bayesreg.errors import PriorError, UnsupportedError
from bayesreg.model.intercept import NormalIntercept
from bayesreg.model.log_density import log_likelihood, log_prior
from bayesreg.model.unknowns import Unknowns

INF = np.inf
N, P = 12, 3
GENERATOR = np.random.default_rng(8)
X = GENERATOR.normal([3.0, -1.0, 0.0], [1.0, 5.0, 0.2], size=(N, P))
Y = 4 + X @ [1.0, -0.3, 2.0] + GENERATOR.normal(size=N)
ROWS = {
    "plain": {},
    "weights": {"weights": GENERATOR.uniform(0.3, 3, size=N)},
    "offset": {"offset": GENERATOR.normal(size=N)},
    "both": {"weights": GENERATOR.uniform(0.3, 3, size=N), "offset": GENERATOR.normal(size=N)},
}
# Laplace and Normal scales, and the prior that has them.
PRIORS = {
    "laplace": (0.4, INF, lambda f: br.Laplace(0.4, f)),
    "normal": (INF, 0.7, lambda f: br.Normal(0.7, f)),
    "elastic net": (0.4, 0.7, lambda f: br.ElasticNetPrior(0.4, 0.7, f)),
    "laplace by column": ([0.2, INF, 3.0], INF, lambda f: br.Laplace([0.2, INF, 3.0], f)),
    "laplace by name": ([0.2, 1.0, 3.0], INF, lambda f: br.Laplace({"x2": 3.0, "x0": 0.2, "x1": 1.0}, f)),
    "normal by column": (INF, [INF, 0.5, 2.0], lambda f: br.Normal([INF, 0.5, 2.0], f)),
    "elastic net by column": (
        [0.3, INF, INF],
        [0.8, 0.9, INF],
        lambda f: br.ElasticNetPrior([0.3, INF, INF], [0.8, 0.9, INF], f),
    ),
    "flat": (INF, INF, lambda f: br.Normal(INF, f)),
}
INTERCEPTS = {
    "flat": (True, True),
    "flat at 0": (True, False),
    "none": (False, True),
    "normal": (br.Normal(2.0, loc=0.7), True),
    "normal at 0": (br.Normal(2.0, loc=0.7), False),
    "scaled normal": (br.Normal(2.0, scaled_by_sigma=True, loc=0.7), True),
    "scaled normal at 0": (br.Normal(2.0, scaled_by_sigma=True, loc=0.7), False),
}
SIGMAS = {
    "known": (1.3, None),
    "half-normal": (br.HalfNormal(2.0), stats.halfnorm(scale=2.0).logpdf),
    "exponential": (br.Exponential(0.5), stats.expon(scale=2.0).logpdf),
    "half-t": (br.HalfStudentT(3.0, 2.0), lambda x: np.log(2) + stats.t(3.0, scale=2.0).logpdf(x)),
    "half-cauchy": (br.HalfCauchy(2.0), stats.halfcauchy(scale=2.0).logpdf),
    "inverse gamma on sd": (br.InverseGamma(2.0, 3.0, on="sd"), stats.invgamma(2.0, scale=3.0).logpdf),
    "inverse gamma on variance": (
        br.InverseGamma(2.0, 3.0),
        lambda x: stats.invgamma(2.0, scale=3.0).logpdf(x**2) + np.log(2 * x),
    ),
    "jeffreys": (br.Jeffreys(), lambda x: -np.log(x)),
    "uniform": (br.Uniform(3.5), stats.uniform(scale=3.5).logpdf),
    "flat": (br.Uniform(np.inf), lambda x: 0.0),
}
FORMS = ("rows", "moments")
# Those left out are made by the same class as another; the slow test has them too.
DIMENSIONS = (
    [name for name in PRIORS if name != "laplace by name"],
    (False, True),
    INTERCEPTS,
    [name for name in SIGMAS if name != "half-cauchy"],
    ROWS,
    (True, False),
)


def pairs_of(combination):
    return set(itertools.combinations(enumerate(combination), 2))


def covering(*dimensions):
    """Combinations in which every value of every dimension meets every value of every other."""
    everything = list(itertools.product(*dimensions))
    order = np.random.default_rng(1).permutation(len(everything))
    kept, seen = [], set()
    # Those that bring the most new pairs first.
    for least in range(len(dimensions) * (len(dimensions) - 1) // 2, 0, -1):
        for index in order:
            pairs = pairs_of(everything[index])
            if len(pairs - seen) >= least:
                kept.append(everything[index])
                seen |= pairs
    return kept


def regression(prior, scaled, intercept, sigma, rows, standardize):
    given, center = INTERCEPTS[intercept]
    return br.Regression(
        X,
        Y,
        prior=PRIORS[prior][2](scaled),
        sigma=SIGMAS[sigma][0],
        intercept=given,
        center=center,
        standardize=standardize,
        **ROWS[rows],
    )


def columns_by_hand(intercept, rows, standardize):
    """What the prior sees: centred with any intercept but one that is stated at x = 0; divided by the 1/n sd."""
    weights = ROWS[rows].get("weights", np.ones(N))
    mean = np.average(X, axis=0, weights=weights)
    sd = np.sqrt(np.average((X - mean) ** 2, axis=0, weights=weights))
    centered = intercept in ("flat", "flat at 0", "normal", "scaled normal")
    return (X - mean * centered) / (sd if standardize else 1)


def log_likelihood_by_hand(beta, at_center, sigma, intercept, rows, standardize):
    eta = at_center + columns_by_hand(intercept, rows, standardize) @ beta + ROWS[rows].get("offset", 0)
    return stats.norm.logpdf(Y, eta, sigma / np.sqrt(ROWS[rows].get("weights", 1))).sum()


def log_density_of_one(beta, laplace, normal):
    if np.isinf(laplace) and np.isinf(normal):
        return 0.0
    if np.isinf(normal):
        return stats.laplace.logpdf(beta, scale=laplace)
    if np.isinf(laplace):
        return stats.norm.logpdf(beta, scale=normal)

    def kernel(x):
        return np.exp(-np.abs(x) / laplace - 0.5 * (x / normal) ** 2)

    return np.log(kernel(beta)) - np.log(2 * integrate.quad(kernel, 0, INF, epsabs=0, epsrel=1e-13)[0])


def log_prior_by_hand(beta, at_center, sigma, prior, scaled, intercept, noise):
    factor = sigma if scaled else 1
    laplace, normal = (np.broadcast_to(scale, P) * factor for scale in PRIORS[prior][:2])
    total = sum(log_density_of_one(*triple) for triple in zip(beta, laplace, normal, strict=True))
    if "normal" in intercept:
        total += stats.norm.logpdf(at_center, 0.7, 2.0 * (sigma if "scaled" in intercept else 1))
    return total if SIGMAS[noise][1] is None else total + SIGMAS[noise][1](sigma)


def random_point(reg, generator):
    at_center = generator.normal(4, 2) if reg.intercept is not False else 0.0
    sigma = reg.noise.sigma if reg.noise.known else generator.uniform(0.4, 3)
    return generator.normal(size=P), at_center, sigma


def compiled(model):
    """Log density of the model's own variables, the sum of all terms."""
    return model.compile_logp(jacobian=False, mode="FAST_COMPILE")


def pymc_point(model, reg, beta, at_center, sigma):
    """The point in the coordinates that PyMC searches."""
    values = {
        "beta": beta,
        "coef": beta,
        "intercept": at_center,
        "intercept_at_center": at_center,
        "sigma_log__": np.log(sigma),
        "sigma_interval__": np.log(sigma) - np.log(3.5 - sigma),
    }
    return {variable.name: np.asarray(values[variable.name]) for variable in model.value_vars}


def check_all_densities_agree(prior, scaled, intercept, noise, rows, standardize):
    reg = regression(prior, scaled, intercept, noise, rows, standardize)
    built = br.Regression.from_moments(
        reg.design.moments,
        prior=reg.prior,
        sigma=SIGMAS[noise][0],
        intercept=reg.intercept,
        center=reg.center,
        standardize=standardize,
    )
    models = [reg.to_pymc("rows"), built.to_pymc()]
    logps = [compiled(model) for model in models]
    generator = np.random.default_rng(0)
    for _ in range(3):
        beta, at_center, sigma = random_point(reg, generator)
        likelihood = log_likelihood_by_hand(beta, at_center, sigma, intercept, rows, standardize)
        log_of_prior = log_prior_by_hand(beta, at_center, sigma, prior, scaled, intercept, noise)
        for ours in (reg, built):
            point = (ours, Unknowns(beta, np.asarray(at_center), np.asarray(sigma)))
            assert float(log_likelihood(*point)) == pytest.approx(likelihood, rel=1e-10)
            assert float(log_prior(*point)) == pytest.approx(log_of_prior, rel=1e-10, abs=1e-10)
        for model, logp in zip(models, logps, strict=True):
            theirs = float(logp(pymc_point(model, reg, beta, at_center, sigma)))
            assert theirs == pytest.approx(likelihood + log_of_prior, rel=1e-10, abs=1e-10)


@pytest.mark.parametrize("combination", covering(*DIMENSIONS), ids=str)
def test_pymc_has_the_density_written_by_hand(combination):
    """Likelihood and prior, all constants included, on rows and from moments; every pair of options is met."""
    check_all_densities_agree(*combination)


def test_every_pair_of_options_is_met():
    met = set().union(*map(pairs_of, covering(*DIMENSIONS)))
    assert met == set().union(*map(pairs_of, itertools.product(*DIMENSIONS)))


@pytest.mark.slow
@pytest.mark.parametrize("noise", SIGMAS)
def test_pymc_has_the_density_written_by_hand_for_every_prior_and_intercept(noise):
    for index, (prior, scaled, intercept) in enumerate(itertools.product(PRIORS, (False, True), INTERCEPTS)):
        check_all_densities_agree(prior, scaled, intercept, noise, list(ROWS)[index % 4], bool(index % 3))


@pytest.mark.parametrize(("prior", "intercept", "scaled", "form"), covering(PRIORS, INTERCEPTS, (False, True), FORMS))
def test_differences_of_log_posterior_are_differences_of_the_canonical_objective(prior, intercept, scaled, form):
    """logp(1) − logp(2) = −(Q(1) − Q(2))/σ² with Q = ½RSS + Σλ|β| + ½Σκβ² (+ ½κ₀(intercept − loc)²)."""
    reg = regression(prior, scaled, intercept, "known", "both", True)
    sigma, weights, offset = 1.3, ROWS["both"]["weights"], ROWS["both"]["offset"]
    columns = columns_by_hand(intercept, "both", True)
    factor = sigma if scaled else 1
    laplace, normal = (factor * np.broadcast_to(scale, P) for scale in PRIORS[prior][:2])
    l1, l2 = sigma**2 / laplace, sigma**2 / normal**2
    kappa = {"normal": sigma**2 / 4, "scaled normal": 1 / 4}.get(intercept.removesuffix(" at 0"), 0)

    def objective(beta, at_center):
        residual = Y - offset - at_center - columns @ beta
        penalty = l1 @ np.abs(beta) + 0.5 * l2 @ beta**2 + 0.5 * kappa * (at_center - 0.7) ** 2
        return 0.5 * weights @ residual**2 + penalty

    generator = np.random.default_rng(2)
    points = [random_point(reg, generator)[:2] for _ in range(2)]
    expected = -(objective(*points[0]) - objective(*points[1])) / sigma**2
    model = reg.to_pymc(form)
    logp = compiled(model)
    first, second = (float(logp(pymc_point(model, reg, *point, sigma))) for point in points)
    assert first - second == pytest.approx(expected, rel=1e-10)


@pytest.mark.parametrize("kind", [br.Laplace, br.Normal])
@pytest.mark.parametrize("scaled", [False, True])
def test_an_unknown_scale_has_its_own_density(kind, scaled):
    reg = br.Regression(X, Y, prior=kind(br.HalfCauchy(0.5), scaled), sigma=br.Exponential(1.0))
    beta, at_center, sigma, scale = np.array([0.3, -0.2, 0.9]), 4.0, 1.2, 0.6
    likelihood = log_likelihood_by_hand(beta, at_center, sigma, "flat", "plain", True)
    family = stats.laplace if kind is br.Laplace else stats.norm
    log_of_prior = family.logpdf(beta, scale=scale * (sigma if scaled else 1)).sum()
    log_of_prior += stats.expon.logpdf(sigma) + stats.halfcauchy(scale=0.5).logpdf(scale)
    point = Unknowns(beta, np.asarray(at_center), np.asarray(sigma), {"scale": np.asarray(scale)})
    assert float(log_prior(reg, point)) == pytest.approx(log_of_prior, rel=1e-10)
    for form in FORMS:
        model = reg.to_pymc(form)
        point = {"beta": beta, "intercept_at_center": at_center}
        point |= {"sigma_log__": np.log(sigma), "scale_log__": np.log(scale)}
        assert float(compiled(model)(point)) == pytest.approx(likelihood + log_of_prior, rel=1e-10)


@pytest.mark.parametrize("kind", [br.Laplace, br.Normal])
@pytest.mark.parametrize("scaled", [False, True])
def test_a_unit_times_the_scale_has_the_same_density_but_for_the_jacobian(kind, scaled):
    reg = br.Regression(X, Y, prior=kind(br.HalfCauchy(0.5), scaled), sigma=br.Exponential(1.0))
    models = [reg.to_pymc("rows", parameterization) for parameterization in ("centered", "noncentered")]
    assert [variable.name for variable in models[1].free_RVs] == ["sigma", "scale", "beta_unit", "intercept_at_center"]
    beta, sigma, scale = np.array([0.3, -0.2, 0.9]), 1.2, 0.6
    sd = scale * (sigma if scaled else 1)
    common = {"intercept_at_center": 4.0, "sigma_log__": np.log(sigma), "scale_log__": np.log(scale)}
    expected = float(compiled(models[0])({**common, "beta": beta}))
    assert float(compiled(models[1])({**common, "beta_unit": beta / sd})) - 3 * np.log(sd) == pytest.approx(
        expected, rel=1e-10
    )


COUNTS = GENERATOR.poisson(2.0, size=N).astype(float)
SIGNS = (COUNTS > 1).astype(float)
FAMILIES = {
    "bernoulli": ("bernoulli", SIGNS, None, lambda eta, _: stats.bernoulli.logpmf(SIGNS, special.expit(eta))),
    "poisson": ("poisson", COUNTS, None, lambda eta, _: stats.poisson.logpmf(COUNTS, np.exp(eta))),
    "student_t": (br.StudentT(df=4.0), Y, br.HalfNormal(2.0), lambda eta, scale: stats.t(4.0, eta, scale).logpdf(Y)),
    "laplace": (br.LaplaceNoise(), Y, br.HalfNormal(2.0), lambda eta, scale: stats.laplace(eta, scale).logpdf(Y)),
}


@pytest.mark.parametrize("rows", ["plain", "both"])
@pytest.mark.parametrize(
    ("prior", "intercept"), [("laplace", "flat"), ("normal by column", "normal"), ("elastic net", "none")]
)
@pytest.mark.parametrize("family", FAMILIES)
def test_other_families_have_the_density_written_by_hand(family, prior, intercept, rows):
    """Weights divide the variance where there is a noise scale, and multiply the log likelihood where there is none."""
    name, target, sigma_prior, log_pdf = FAMILIES[family]
    reg = br.Regression(
        X,
        target,
        prior=PRIORS[prior][2](False),
        sigma=sigma_prior,
        family=name,
        intercept=INTERCEPTS[intercept][0],
        **ROWS[rows],
    )
    weights, offset = ROWS[rows].get("weights", np.ones(N)), ROWS[rows].get("offset", 0)
    model = reg.to_pymc()
    logp, generator = compiled(model), np.random.default_rng(0)
    for _ in range(2):
        beta = 0.3 * generator.normal(size=P)
        at_center = 0.0 if intercept == "none" else generator.normal()
        sigma = 1.7 if sigma_prior else 1.0
        eta = at_center + columns_by_hand(intercept, rows, True) @ beta + offset
        pointwise = log_pdf(eta, sigma / np.sqrt(weights)) * (1 if sigma_prior else weights)
        expected = pointwise.sum() + log_prior_by_hand(
            beta, at_center, sigma, prior, False, intercept, "half-normal" if sigma_prior else "known"
        )
        point = (reg, Unknowns(beta, np.asarray(at_center), np.asarray(sigma)))
        assert float(log_likelihood(*point) + log_prior(*point)) == pytest.approx(expected, rel=1e-10)
        assert float(logp(pymc_point(model, reg, beta, at_center, sigma))) == pytest.approx(expected, rel=1e-10)


HORSESHOES = {
    "known": lambda f: br.Horseshoe(0.3, f),
    "unknown": lambda f: br.Horseshoe(br.HalfCauchy(0.3), f),
    "on the variance": lambda f: br.Horseshoe(br.InverseGamma(2.0, 0.5), f),
    "regularized": lambda f: br.RegularizedHorseshoe(0.3, 2.0, scaled_by_sigma=f),
    "regularized unknown": lambda f: br.RegularizedHorseshoe(br.HalfStudentT(3.0, 0.3), 2.0, 5.0, f),
}
LOCAL, SLAB = np.array([0.4, 3.0, 0.9]), 1.6


def horseshoe_by_hand(reg, beta, sigma, scale, sd):
    """Coefficients, local scales, the slab's, the global one and sigma; every term by SciPy."""
    total = stats.norm.logpdf(beta, scale=sd).sum() + stats.halfcauchy.logpdf(LOCAL).sum()
    if isinstance(reg.prior, br.RegularizedHorseshoe):
        df = reg.prior.slab_df
        total += stats.invgamma(df / 2, scale=df * 2.0**2 / 2).logpdf(SLAB**2) + np.log(2 * SLAB)
    match reg.prior.scale:
        case br.HalfStudentT(df, unit):
            total += np.log(2) + stats.t(df, scale=unit).logpdf(scale)
        case br.InverseGamma(shape, unit):
            total += stats.invgamma(shape, scale=unit).logpdf(scale**2) + np.log(2 * scale)
    return total if reg.noise.known else total + stats.halfnorm(scale=2.0).logpdf(sigma)


def check_a_horseshoe(family, prior, scaled, parameterization, form="rows"):
    name, target, sigma_prior, log_pdf = FAMILIES.get(
        family, ("gaussian", Y, br.HalfNormal(2.0), lambda eta, scale: stats.norm(eta, scale).logpdf(Y))
    )
    reg = br.Regression(X, target, prior=HORSESHOES[prior](scaled), sigma=sigma_prior, family=name)
    beta, at_center, sigma = np.array([0.3, -0.2, 0.1]), 0.5, 1.2 if sigma_prior else 1.0
    scale = reg.prior.scale if reg.scale_known else 0.6
    factor = sigma if scaled else 1.0
    sd = LOCAL * scale * factor
    if "regularized" in prior:
        sd = (sd**-2 + (SLAB * factor) ** -2) ** -0.5
    eta = at_center + columns_by_hand("flat", "plain", True) @ beta
    expected = log_pdf(eta, sigma).sum() + horseshoe_by_hand(reg, beta, sigma, scale, sd)
    others = {"local_scale": LOCAL, "slab_scale": np.asarray(SLAB)}
    others |= {} if reg.scale_known else {"scale": np.asarray(scale)}
    point = (reg, Unknowns(beta, np.asarray(at_center), np.asarray(sigma), others))
    assert float(log_likelihood(*point) + log_prior(*point)) == pytest.approx(expected, rel=1e-10)
    model = reg.to_pymc(form, parameterization)
    values = {
        "beta": beta,
        "beta_unit": beta / sd,
        "intercept_at_center": at_center,
        "local_scale_log__": np.log(LOCAL),
        "slab_scale_log__": np.log(SLAB),
        "sigma_log__": np.log(sigma),
        "scale_log__": np.log(scale),
    }
    theirs = float(compiled(model)({variable.name: values[variable.name] for variable in model.value_vars}))
    # PyMC states the unit where we state beta.
    theirs -= 0.0 if parameterization == "centered" else np.sum(np.log(sd))
    # The constant log 2 of PyMC's half-Cauchy is in single precision, off by 2e-9 for each local scale.
    theirs -= P * float(np.float32(np.log(2)) - np.log(2))
    assert theirs == pytest.approx(expected, rel=2e-10)


@pytest.mark.parametrize(
    ("family", "prior", "scaled", "parameterization", "form"),
    [
        ("gaussian", "unknown", True, "auto", "moments"),
        ("gaussian", "regularized unknown", True, "noncentered", "rows"),
        ("bernoulli", "regularized", False, "auto", "rows"),
        ("student_t", "on the variance", False, "centered", "rows"),
    ],
)
def test_a_horseshoe_has_the_density_written_by_hand(family, prior, scaled, parameterization, form):
    check_a_horseshoe(family, prior, scaled, parameterization, form)


@pytest.mark.slow
@pytest.mark.parametrize("family", ["gaussian", *FAMILIES])
@pytest.mark.parametrize("prior", HORSESHOES)
def test_horseshoes_have_the_density_written_by_hand_for_every_family(family, prior):
    for scaled, parameterization in itertools.product((False, True), ("centered", "noncentered")):
        check_a_horseshoe(family, prior, scaled, parameterization)


def test_a_horseshoes_variables_have_names_and_dims():
    prior = br.RegularizedHorseshoe(br.HalfCauchy(0.3), 2.0)
    model = br.Regression(X, Y, prior=prior, standardize=False).to_pymc()
    assert {"coef", "local_scale", "scale", "slab_scale"} <= set(model.named_vars)
    assert model.named_vars_to_dims["coef"] == model.named_vars_to_dims["local_scale"] == ("coef_name",)


def test_more_columns_than_rows_have_the_same_density_in_both_forms(wide):
    reg = br.Regression(*wide, prior=br.Laplace(0.2), sigma=1.0)
    point = {"beta": np.random.default_rng(0).normal(size=150), "intercept_at_center": np.array(3.0)}
    rows, products = (float(compiled(reg.to_pymc(form))(point)) for form in FORMS)
    assert products == pytest.approx(rows, rel=1e-10)


def test_deterministics_are_on_the_users_columns():
    reg = br.Regression(X, Y, prior=br.Laplace(1.0), sigma=1.0)
    model = reg.to_pymc()
    beta, at_center = np.array([0.3, -0.2, 0.9]), np.array(4.0)
    outputs = model.compile_fn([model["coef"], model["intercept"]], inputs=model.free_RVs, mode="FAST_COMPILE")
    coef, intercept = outputs({"beta": beta, "intercept_at_center": at_center})
    np.testing.assert_allclose(intercept + X @ coef, 4.0 + columns_by_hand("flat", "plain", True) @ beta, rtol=1e-12)


@pytest.mark.parametrize("standardize", [True, False])
@pytest.mark.parametrize("intercept", [True, False])
def test_names_and_coords(standardize, intercept):
    frame_names = ["a/b", "é", "two words"]
    frame = pd.DataFrame(X, columns=frame_names)
    model = br.Regression(frame, Y, prior=br.Laplace(1.0), standardize=standardize, intercept=intercept).to_pymc()
    assert list(model.coords["coef_name"]) == frame_names
    assert len(model.coords["row"]) == N
    expected = {"coef", "sigma"} | ({"beta"} if standardize else set())
    expected |= {"intercept", "intercept_at_center"} if intercept else set()
    assert {variable.name for variable in model.free_RVs + model.deterministics} == expected
    assert [variable.name for variable in model.observed_RVs] == ["y"]


@pytest.mark.parametrize("noise", SIGMAS)
@pytest.mark.parametrize("prior", PRIORS)
def test_all_columns_are_one_random_variable_whatever_their_kinds(prior, noise):
    """PyMC ignores potentials when it draws, and when it writes down the log prior."""
    options = {"sigma": SIGMAS[noise][0], "intercept": False, "standardize": False}
    model = br.Regression(X, Y, prior=PRIORS[prior][2](False), **options).to_pymc()
    assert {variable.name for variable in model.free_RVs} - {"sigma"} == {"coef"}
    assert model.named_vars_to_dims["coef"] == ("coef_name",)
    assert model.potentials == []


@pytest.mark.slow
@pytest.mark.parametrize("scaled", [False, True])
def test_an_elastic_net_draws_from_its_own_density(scaled):
    """By Kolmogorov and Smirnov, from b/s of 1e-8 (Laplace to rounding) to infinite (Normal)."""
    laplace, normal = np.array([0.5, INF, 0.3, 1e-8, 1e3, 0.01]), np.array([1.0, 2.0, INF, 1.0, 1.0, 0.3])
    prior = br.ElasticNetPrior(laplace, normal, scaled)
    reg = br.Regression(np.eye(N, 6), Y, prior=prior, sigma=1.7, intercept=False)
    coef = reg.to_pymc()["beta"]
    draws = pm.draw(coef, draws=4_000, random_seed=1, mode="FAST_COMPILE")
    factor = 1.7 if scaled else 1.0
    for x, b, s in zip(draws.T, laplace * factor, normal * factor, strict=True):
        grid = np.linspace(-40, 40, 80_001) * (b if b < s else s)
        density = np.exp(-np.abs(grid) / b - 0.5 * (grid / s) ** 2)
        below = np.cumsum(density) / density.sum()
        assert stats.kstest(x, lambda q, grid=grid, below=below: np.interp(q, grid, below)).pvalue > 1e-4


def test_flat_columns_have_no_draws():
    model = br.Regression(X, Y, prior=PRIORS["elastic net by column"][2](False), sigma=1.0).to_pymc()
    with pytest.raises(PriorError, match="a flat prior has no draws"):
        pm.draw(model["beta"], mode="FAST_COMPILE")


def test_a_standard_deviation_with_an_inverse_gamma_variance_is_drawn_and_free_itself():
    reg = br.Regression(X, Y, prior=br.Normal(1.0), sigma=br.InverseGamma(3.0, 2.0))
    draws = pm.draw(reg.to_pymc()["sigma"], draws=4_000, random_seed=1, mode="FAST_COMPILE")
    assert stats.kstest(draws**2, stats.invgamma(3.0, scale=2.0).cdf).pvalue > 1e-4


@pytest.mark.parametrize("family", ["bernoulli", "poisson"])
def test_weighted_counts_are_observed_variables(family, assert_zs):
    """With a log density for each row, times its weight, and draws of one trial each."""
    name, target, _, log_pmf = FAMILIES[family]
    reg = br.Regression(X, target, prior=br.Normal(0.7), family=name, **ROWS["both"])
    model, weights = reg.to_pymc(), ROWS["both"]["weights"]
    assert [variable.name for variable in model.observed_RVs] == ["y"]
    assert model.potentials == []
    point = {"beta": np.array([0.3, -0.2, 0.4]), "intercept_at_center": np.array(0.5)}
    eta = 0.5 + columns_by_hand("flat", "both", True) @ point["beta"] + ROWS["both"]["offset"]
    (pointwise,) = model.compile_logp(vars=[model["y"]], sum=False, mode="FAST_COMPILE")(point)
    np.testing.assert_allclose(pointwise, weights * log_pmf(eta, None), rtol=1e-10)
    fixed = pm.do(model, point)
    draws = pm.draw(fixed["y"], draws=4_000, random_seed=1, mode="FAST_COMPILE")
    mean = special.expit(eta) if family == "bernoulli" else np.exp(eta)
    variance = mean * (1 - mean) if family == "bernoulli" else mean
    assert_zs((draws.mean(axis=0) - mean) / np.sqrt(variance / 4_000))


def test_a_user_may_extend_the_model():
    """One more term in the density, on a named coefficient."""
    reg = br.Regression(X, Y, prior=br.Normal(1.0), sigma=1.0)
    point = {"beta": np.array([0.3, -0.2, 0.9]), "intercept_at_center": np.array(4.0)}
    plain = float(compiled(reg.to_pymc())(point))
    with reg.to_pymc() as model:
        pm.Potential("belief", -100 * (model["beta"][1] - model["beta"][0]) ** 2)
        pm.Normal("another", 0, 1, dims="coef_name")
    extended = float(compiled(model)({**point, "another": np.zeros(3)}))
    assert extended - plain == pytest.approx(-100 * 0.25 - 1.5 * np.log(2 * np.pi), rel=1e-10)


def test_prior_predictive_draws_have_the_priors_moments(assert_zs):
    reg = br.Regression(X, Y, prior=br.Normal(0.7), sigma=br.HalfNormal(2.0), intercept=br.Normal(2.0, loc=0.7))
    with reg.to_pymc():
        tree = pm.sample_prior_predictive(draws=2_000, random_seed=1, compile_kwargs={"mode": "FAST_COMPILE"})
    y = tree["prior_predictive"]["y"].values[0]
    assert y.shape == (2_000, N)
    columns = columns_by_hand("flat", "plain", True)
    # Var(y) = Var(intercept) + Var(x·beta) + E(σ²).
    sd = np.sqrt(4 + 0.49 * np.sum(columns**2, axis=1) + 4)
    assert_zs((y.mean(axis=0) - 0.7) / (sd / np.sqrt(2_000)))
    squares = (y - 0.7) ** 2
    assert_zs((squares.mean(axis=0) - sd**2) / (squares.std(axis=0) / np.sqrt(2_000)))


def test_new_rows_go_in_as_data():
    reg = br.Regression(X, Y, prior=br.Normal(0.7), sigma=1.0, standardize=False)
    with reg.to_pymc() as model:
        pm.set_data({"X": np.ones((2, P)), "y_observed": np.zeros(2)}, coords={"row": ["first", "second"]})
    point = {"coef": np.ones(3), "intercept_at_center": np.array(0.5)}
    prior = stats.norm.logpdf(np.ones(3), scale=0.7).sum()
    assert float(compiled(model)(point)) == pytest.approx(prior + stats.norm.logpdf(0, [3.5, 3.5]).sum(), rel=1e-10)


def test_prior_scales_and_sigma_go_in_as_data():
    """One model serves other priors and another noise."""
    prior = br.ElasticNetPrior([0.4, 0.2, INF], [INF, 0.7, 0.5])
    regs = [br.Regression(X, Y, prior=prior, sigma=1.3)]
    regs.append(br.Regression(2 * X**2, Y, prior=br.ElasticNetPrior([0.1, 5.0, INF], [INF, 0.3, 2.0]), sigma=0.4))
    point = {"beta": [0.3, -0.2, 0.9], "intercept_at_center": 4.0}
    point = {name: np.asarray(value) for name, value in point.items()}
    for form in FORMS:
        first, second = (reg.to_pymc(form) for reg in regs)
        expected = float(compiled(second)(point))
        with first:
            pm.set_data({variable.name: variable.get_value() for variable in second.data_vars})
        assert float(compiled(first)(point)) == pytest.approx(expected, rel=1e-12)


def test_forms_that_do_not_exist_are_refused():
    reg = br.Regression(X, Y, prior=br.Normal(0.7), sigma=1.0)
    with pytest.raises(UnsupportedError, match='form must be "auto", "rows" or "moments"'):
        reg.to_pymc("columns")
    with pytest.raises(UnsupportedError, match='parameterization must be "auto", "centered" or "noncentered"'):
        reg.to_pymc(parameterization="both")
    with pytest.raises(UnsupportedError, match="no rows"):
        br.Regression.from_moments(reg.design.moments, prior=br.Normal(0.7)).to_pymc("rows")


def test_draws_from_the_prior_of_an_inverse_gamma_variance(assert_zs):
    """The free variable is sigma itself; its draws and PyMC's log prior are those of the inverse-gamma variance."""
    reg = br.Regression(np.eye(4), np.arange(4.0), prior=br.Laplace(1.0), sigma=br.InverseGamma(3.0, 2.0))
    model = reg.to_pymc()
    assert "sigma" in [rv.name for rv in model.free_RVs]
    draws = pm.draw(model["sigma"], 2000, random_seed=1, mode="FAST_COMPILE")
    precision = stats.gamma(3.0, scale=1 / 2.0)
    ranks = precision.cdf(1 / draws**2)
    assert_zs(
        [(np.mean(ranks) - 0.5) * np.sqrt(12 * len(draws)), (np.mean(ranks**2) - 1 / 3) * np.sqrt(45 / 4 * len(draws))]
    )


def test_a_model_with_a_flat_column_has_an_initial_point():
    X = np.random.default_rng(1).normal(size=(20, 3))
    prior = br.ElasticNetPrior([0.5, np.inf, 1.0], [1.0, np.inf, 2.0])
    start = br.Regression(X, X[:, 0], prior=prior, sigma=1.0).to_pymc().initial_point()
    np.testing.assert_array_equal(next(value for value in start.values() if np.shape(value) == (3,)), np.zeros(3))


def test_an_intercept_without_a_pymc_form_is_refused():
    class Uniform(NormalIntercept):
        pass

    reg = br.Regression(X, Y, prior=br.Normal(1.0), sigma=1.0, intercept=br.Normal(1.0))
    term = Uniform(**{field.name: getattr(reg.intercept_term, field.name) for field in dataclasses.fields(Uniform)})
    with pytest.raises(UnsupportedError, match=r"no PyMC form for .*; available: FlatIntercept, NormalIntercept"):
        reg._with(intercept_term=term).to_pymc()

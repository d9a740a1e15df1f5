"""The scale of a prior from the share of variance that it is to explain, against simulated targets."""

import numpy as np
import pytest
from scipy import integrate

import bayesreg as br
from bayesreg.analysis.prior_r2 import prior_r2
from bayesreg.errors import PriorError

CASES = {
    "laplace": (br.Laplace, {}),
    "normal": (br.Normal, {}),
    "student": (br.StudentTPrior, {"df": 7.0}),
    "elastic net": (br.ElasticNetPrior, {}),
    "elastic net, steep": (br.ElasticNetPrior, {"ratio": 0.2}),
}
MEDIANS = {
    "horseshoe": (br.Horseshoe, {}),
    "horseshoe, unknown": (br.Horseshoe, {"hyperprior": br.HalfCauchy}),
    "laplace, unknown": (br.Laplace, {"hyperprior": br.HalfNormal}),
    "cauchy": (br.StudentTPrior, {"df": 1.0}),
    "student, unknown": (br.StudentTPrior, {"df": 3.0, "hyperprior": lambda s: br.HalfStudentT(3.0, s)}),
}


def draws_of(prior, p, sigma, size, seed=1):
    generator, names = np.random.default_rng(seed), [str(j) for j in range(p)]
    unknowns = {one.name: one.prior.draw(generator, (size, p) if one.per_column else (size,)) for one in prior.unknowns}
    return prior.draw_given(generator, prior.given(names, np.full(size, sigma), unknowns))


@pytest.mark.parametrize("sigma", [54.0, None])
@pytest.mark.parametrize("name", CASES)
def test_signal_of_correlated_columns_has_the_stated_share(name, sigma):
    kind, settings = CASES[name]
    rng, size, noise = np.random.default_rng(0), 40_000, 54.0
    X = rng.normal(size=(30, 4)) + rng.normal(size=(30, 1))
    X = (X - X.mean(axis=0)) / X.std(axis=0)
    prior = kind.from_r2(0.3, 4, sigma=sigma, **settings)
    assert prior.scaled_by_sigma == (sigma is None)
    signal = np.var(draws_of(prior, 4, noise, size) @ X.T, axis=1)
    error = signal.std() / size**0.5
    assert abs(signal.mean() - noise**2 * 0.3 / 0.7) < 4.5 * error


@pytest.mark.parametrize("name", MEDIANS)
def test_half_of_the_draws_explain_more_where_there_is_no_variance(name):
    kind, settings = MEDIANS[name]
    prior, size = kind.from_r2(0.6, 5, sigma=3.0, **settings), 40_000
    squares = np.sum(draws_of(prior, 5, 3.0, size) ** 2, axis=1)
    # Both medians are of draws, these and a greater number for the scale.
    assert abs(np.mean(squares / (squares + 9.0) > 0.6) - 0.5) < 4.5 * 0.5 * (1 / size + 1 / 100_000) ** 0.5


@pytest.mark.parametrize("ratio", [1e-4, 0.0099, 0.0101, 0.3, 5.0, 1e6])
def test_variance_of_an_elastic_net_is_an_integral(ratio):
    prior = br.ElasticNetPrior.from_r2(0.5, 1, sigma=1.0, ratio=ratio)
    spread = min(prior.laplace_scale, prior.normal_scale)
    variance = 2 * integrate.quad(lambda b: b**2 * np.exp(prior.log_density(b)[0]), 0, 60 * spread, epsrel=1e-10)[0]
    assert variance == pytest.approx(1.0, rel=1e-7)


def test_the_mean_share_lies_below_the_share_of_the_means(diabetes):
    """Jensen: x/(x + σ²) is concave."""
    X, y = diabetes
    means = [
        prior_r2(br.Regression(X, y, prior=br.Normal.from_r2(r2, 10, sigma=54.0), sigma=54.0)) for r2 in (0.2, 0.6)
    ]
    assert 0.1 < means[0] < 0.2 < means[1] < 0.6


REFUSED = {
    "all of it": ((1.0, 3), {}),
    "a truth value": ((True, 3), {}),
    "no columns": ((0.5, 0), {}),
    "a number with a fraction": ((0.5, 2.0), {}),
    "negative sigma": ((0.5, 3), {"sigma": -1.0}),
    "a rate": ((0.5, 3), {"hyperprior": br.Exponential}),
    "no function": ((0.5, 3), {"hyperprior": br.Uniform(1.0)}),
    "improper": ((0.5, 3), {"hyperprior": lambda scale: br.Jeffreys()}),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_share_or_scale_is_refused(name):
    arguments, settings = REFUSED[name]
    with pytest.raises(PriorError, match="must"):
        br.Laplace.from_r2(*arguments, **settings)


def test_it_is_for_independent_coefficients_of_mean_0():
    for settings in ({"loc": 1.0}, {"cov": np.eye(3)}):
        for hyperprior in (None, br.HalfNormal):
            with pytest.raises(PriorError, match="leave out"):
                br.Normal.from_r2(0.5, 3, hyperprior=hyperprior, **settings)

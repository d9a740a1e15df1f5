"""Gibbs draws under a group Laplace prior, against quadrature and against single columns."""

import arviz as az
import numpy as np
import pytest

import bayesreg as br

RNG = np.random.default_rng(3)
X = RNG.normal(size=(25, 2)) @ [[1.0, 0.6], [0.0, 1.0]]
Y = X @ [0.5, -0.2] + RNG.normal(size=25)


def zs(draws, expected):
    """In Monte Carlo standard errors, of draws of shape (chains, draws)."""
    return (draws.mean() - expected) / float(az.mcse(draws))


@pytest.mark.slow
def test_moments_of_a_group_of_two_agree_with_quadrature(assert_zs):
    prior = br.GroupLaplace(0.3, ["g", "g"])
    reg = br.Regression(X, Y, prior=prior, sigma=1.1, standardize=False, intercept=False)
    grid = np.linspace(-2.5, 2.5, 1201)
    beta = np.stack(np.meshgrid(grid, grid, indexing="ij"), axis=-1)
    half_rss = 0.5 * np.einsum("...i,ij,...j", beta, X.T @ X, beta) - beta @ (X.T @ Y)
    log_density = -half_rss / 1.1**2 - 2**0.5 / 0.3 * np.linalg.norm(beta, axis=-1)
    weight = np.exp(log_density - log_density.max())
    weight /= weight.sum()
    draws = br.sample(reg, draws=5_000, random_seed=1)["posterior"]["coef"].to_numpy()
    moments = [lambda b: b[..., 0], lambda b: b[..., 1], lambda b: b[..., 0] ** 2, lambda b: b[..., 0] * b[..., 1]]
    assert_zs([zs(moment(draws), np.sum(weight * moment(beta))) for moment in moments])


@pytest.mark.slow
@pytest.mark.parametrize("scaled", [False, True])
def test_groups_of_one_have_the_posterior_of_a_laplace_prior(assert_zs, scaled):
    """With sigma and scale unknown."""
    posteriors = []
    for prior in (br.GroupLaplace(br.HalfNormal(1.0), None, scaled), br.Laplace(br.HalfNormal(1.0), scaled)):
        tree = br.sample(br.Regression(X, Y, prior=prior), draws=4_000, random_seed=2, kernel="block")
        posterior = tree["posterior"]
        parts = [posterior[name].to_numpy() for name in ("sigma", "scale")]
        coef = posterior["coef"].to_numpy()
        posteriors.append([np.log(part) for part in parts] + [coef[..., 0], coef[..., 1], coef[..., 0] ** 2])
    differences = [
        (one.mean() - other.mean()) / np.hypot(float(az.mcse(one)), float(az.mcse(other)))
        for one, other in zip(*posteriors, strict=True)
    ]
    assert_zs(differences)

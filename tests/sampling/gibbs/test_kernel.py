"""How many sweeps make a draw, and how far they are overrelaxed."""

import numpy as np
import pytest

import bayesreg as br
from bayesreg.sampling.gibbs.assemble import assemble, starting_point
from bayesreg.sampling.gibbs.kernel import LEAST, MOST, choose_kernel, overrelaxation_of, sigma_held


def wide(strength, n=20, p=60):
    """Orthogonal rows of length 1 and a response of mean square 1: marginally y ~ Normal(0, s² + σ²)."""
    rng = np.random.default_rng(3)
    X = np.linalg.qr(rng.normal(size=(p, n)))[0].T
    y = rng.normal(size=n)
    y = y / np.sqrt(np.mean(y**2))
    settings = {"sigma": br.HalfNormal(1.0), "intercept": False, "standardize": False}
    reg = br.Regression(X, y, prior=br.Normal(np.sqrt(strength)), **settings)
    problem = assemble(reg)
    return problem, starting_point(reg, problem)


@pytest.mark.parametrize("strength", [0.1, 0.5, 0.8, 0.95])
def test_sigma_is_held_by_what_the_prior_leaves_to_the_columns(strength):
    """The marginal likelihood is greatest at s² + σ² = 1; the grid of sigmas is good to a quarter."""
    assert sigma_held(*wide(strength)) == pytest.approx(1 / (1 - strength), rel=0.25)


def test_collapsed_sweeps_come_where_sigma_is_held():
    free, held = (choose_kernel(*wide(strength)) for strength in (0.1, 0.95))
    assert (free.name, free.thin, free.every) == ("coordinate", 1, 0)
    assert (held.name, held.every) == ("coordinate", 40)
    assert held.thin >= 10


def test_a_prior_too_weak_to_be_a_number_holds_sigma_and_so_does_a_horseshoe():
    rng = np.random.default_rng(3)
    X, y = rng.normal(size=(20, 60)), rng.normal(size=20)
    for prior in (br.Laplace(1e200), br.Horseshoe(1.0)):
        reg = br.Regression(X, y, prior=prior, sigma=br.HalfNormal(1.0))
        problem = assemble(reg)
        assert choose_kernel(problem, starting_point(reg, problem), "coordinate").every > 0


@pytest.mark.parametrize("correlation", [0.4, 0.45, 0.5])
def test_the_overrelaxation_is_the_best_for_a_chain_of_neighbours(correlation):
    """Least spectral radius of the error of successive overrelaxation, over a grid of factors 1 + ω."""
    size = 12
    matrix = np.eye(size) + correlation * (np.eye(size, k=1) + np.eye(size, k=-1))
    lower, grid = np.tril(matrix, -1), np.linspace(0.0, 0.8, 801)

    def radius(overrelaxation):
        factor = 1 + overrelaxation
        step = np.linalg.solve(np.eye(size) + factor * lower, (1 - factor) * np.eye(size) - factor * lower.T)
        return np.max(np.abs(np.linalg.eigvals(step)))

    best = grid[np.argmin([radius(one) for one in grid])]
    assert overrelaxation_of(np.linalg.eigvalsh(matrix)[0]) == pytest.approx(best, abs=0.002)


def test_the_overrelaxation_grows_with_correlation_between_its_bounds():
    found = [overrelaxation_of(slowest) for slowest in (1.0, 0.5, 0.05, 1e-3, 1e-12)]
    assert found[0] == LEAST
    assert found == sorted(found)
    assert found[-1] == MOST

"""How many sweeps make a draw, and how far they are overrelaxed."""

import numpy as np
import pytest

import bayesreg as br
from bayesreg.sampling.gibbs.assemble import assemble, starting_point
from bayesreg.sampling.gibbs.kernel import (
    LEAST_OVERRELAXATION,
    MOST_OVERRELAXATION,
    _prior_precision,
    choose_kernel,
    overrelaxation_of,
    sigma_held,
    slowest_direction,
)


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


def correlations(name, size=40):
    """Correlation matrix of columns."""
    place, columns = np.arange(size), np.random.default_rng(1).normal(size=(2 * size, size))
    return {
        "independent": np.eye(size),
        "neighbours": 0.95 ** np.abs(place[:, None] - place),
        "all alike": 0.1 * np.eye(size) + 0.9,
        "by chance": np.corrcoef(columns.T),
    }[name]


def worst_autocorrelation_time(matrix, overrelaxation, orders=50):
    """Of the coordinates of a Normal with this precision, the sweeps in orders by chance.

    In one order a sweep x → Bx + noise is one of successive overrelaxation, so that the autocovariance at lag k
    is E[B]^k times the covariance.
    """
    generator, size = np.random.default_rng(0), len(matrix)
    step = np.zeros_like(matrix)
    for _ in range(orders):
        order = generator.permutation(size)
        lower = np.tril(matrix[np.ix_(order, order)], -1)
        left, right = np.eye(size) + (1 + overrelaxation) * lower, (1 + overrelaxation) * lower.T
        step[np.ix_(order, order)] += np.linalg.solve(left, -overrelaxation * np.eye(size) - right) / orders
    covariance = np.linalg.inv(matrix)
    times = np.diag((np.eye(size) + step) @ np.linalg.solve(np.eye(size) - step, covariance)) / np.diag(covariance)
    return np.max(times)


@pytest.mark.parametrize("name", ["independent", "neighbours", "all alike", "by chance"])
def test_overrelaxation_shortens_the_autocorrelation_of_means(name):
    matrix = correlations(name)
    matrix = (matrix + 0.02 * np.eye(len(matrix))) / 1.02
    chosen = overrelaxation_of(np.linalg.eigvalsh(matrix)[0])
    assert worst_autocorrelation_time(matrix, chosen) < 0.7 * worst_autocorrelation_time(matrix, 0.0)


def one_strong_column():
    """More columns than rows, one of which explains nearly all."""
    rng = np.random.default_rng(5)
    X = rng.normal(size=(20, 60))
    return br.Regression(X, 100 * X[:, 0] + rng.normal(size=20), prior=br.Laplace(0.5), sigma=1.0, standardize=False)


def correlated():
    """More rows than columns, which are correlated."""
    rng = np.random.default_rng(6)
    X = rng.normal(size=(80, 20)) + 3 * rng.normal(size=(80, 1))
    return br.Regression(X, X[:, 0] + rng.normal(size=80), prior=br.Laplace(0.5), sigma=1.0, standardize=False)


@pytest.mark.parametrize("make", [one_strong_column, correlated])
def test_the_slowest_direction_is_the_smallest_eigenvalue(make):
    reg = make()
    problem = assemble(reg)
    start = starting_point(reg, problem)
    gram = problem.rows @ problem.rows.T if problem.wide else problem.rows
    precision = gram + np.diag(_prior_precision(problem, start))
    unit = np.sqrt(np.diag(precision))
    smallest = np.linalg.eigvalsh(precision / np.outer(unit, unit))[0]
    assert smallest < slowest_direction(problem, start) < 2 * smallest


def test_the_overrelaxation_grows_with_correlation_between_its_bounds():
    found = [overrelaxation_of(slowest) for slowest in (1.0, 0.5, 0.05, 1e-3, 1e-12)]
    assert found[0] == LEAST_OVERRELAXATION
    assert found == sorted(found)
    assert found[-1] == MOST_OVERRELAXATION

"""Projections against least squares on the rows, and the search against trying every column."""

import numpy as np
import pytest

import bayesreg as br
from bayesreg.analysis.sparsity.projection import forward_search


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(4)
    X = rng.normal(size=(50, 6)) @ np.linalg.cholesky(0.6 * np.eye(6) + 0.4).T + [3, 0, 0, 0, 0, -2]
    return X, 5 + X @ [2, -1, 0.5, 0, 0, 0.2] + rng.normal(size=50)


@pytest.fixture(scope="module")
def tree(data):
    return br.sample(br.Regression(*data, prior=br.Normal(0.5)), random_seed=2)


@pytest.fixture(scope="module")
def told(tree):
    return br.projection_predictive(tree)


@pytest.mark.parametrize("size", [0, 1, 3, 6])
def test_projected_draws_are_least_squares_fits_of_the_fits(data, tree, told, size):
    X = data[0] - data[0].mean(axis=0)
    chosen = [int(name[1:]) for name in told.order[:size]]
    posterior = tree["posterior"]
    fits = posterior["coef"].values.reshape(-1, 6) @ X.T
    expected = np.zeros((len(fits), 6))
    if chosen:
        expected[:, chosen] = np.linalg.lstsq(X[:, chosen], fits.T, rcond=None)[0].T
    np.testing.assert_allclose(told.coef_draws(size), expected, atol=1e-9)
    gap = np.mean((fits - expected @ X.T) ** 2, axis=1)
    variance = posterior["sigma"].values.ravel() ** 2
    np.testing.assert_allclose(told.sigma_draws(size), np.sqrt(variance + gap), rtol=1e-9)
    assert told.divergence[size] == pytest.approx(np.mean(0.5 * np.log1p(gap / variance)), rel=1e-7, abs=1e-12)


def test_the_projection_is_the_nearest_gaussian(data, tree, told):
    """KL of one draw's predictive, summed over rows, at the projection and at points around it."""
    X = data[0] - data[0].mean(axis=0)
    coef = tree["posterior"]["coef"].values.reshape(-1, 6)[0]
    sigma = float(tree["posterior"]["sigma"].values.ravel()[0])
    chosen = [int(name[1:]) for name in told.order[:2]]

    def divergence(part, s):
        gap = X @ coef - X[:, chosen] @ part
        return np.mean(np.log(s / sigma) + (sigma**2 + gap**2) / (2 * s**2) - 0.5)

    part, s = told.coef_draws(2)[0, chosen], told.sigma_draws(2)[0]
    best, rng = divergence(part, s), np.random.default_rng(0)
    assert best == pytest.approx(np.log(s / sigma), rel=1e-9)
    around = [divergence(part + 0.05 * rng.normal(size=2), s * np.exp(0.05 * rng.normal())) for _ in range(200)]
    assert min(around) > best


def test_the_search_takes_the_best_column_each_time():
    rng = np.random.default_rng(6)
    X = rng.normal(size=(40, 8)) @ rng.normal(size=(8, 8))
    beta = rng.normal(size=8)
    fit, chosen = X @ beta, []
    for _ in range(8):
        rss = {}
        for j in set(range(8)) - set(chosen):
            part = X[:, [*chosen, j]]
            rss[j] = np.sum((fit - part @ np.linalg.lstsq(part, fit, rcond=None)[0]) ** 2)
        if min(rss.values()) < 1e-16:
            break
        chosen.append(min(rss, key=rss.get))
    assert forward_search(X, beta, 8)[: len(chosen)] == chosen


def test_copies_end_the_search():
    X = np.random.default_rng(6).normal(size=(40, 3))
    X = np.column_stack([X, X[:, 0], X[:, 1] + X[:, 2]])
    assert len(forward_search(X, np.ones(5), 5)) == 3


def test_explained_grows_to_one(told):
    assert told.explained[0] == 0
    assert np.all(np.diff(told.explained) > 0)
    assert told.explained[-1] == pytest.approx(1.0, abs=1e-9)
    size = told.size_for(0.95)
    assert told.explained[size] >= 0.95 > told.explained[size - 1]


def test_more_columns_than_rows(wide):
    X, y = wide
    told = br.projection_predictive(br.sample(br.Regression(X, y, prior=br.Normal(0.5), sigma=1.0), random_seed=1))
    assert len(told.order) == 30
    assert told.explained[-1] > 0.9
    with pytest.raises(br.errors.PriorError, match="search more: max_size="):
        told.size_for(1.0)


def test_frame_repr_and_errors(tree, told):
    assert told.to_frame()["added"].tolist() == ["", *told.order]
    assert repr(told).startswith("Projection(relative explanatory power: x")
    assert br.projection_predictive(tree, max_size=2).order == told.order[:2]
    for size in (-1, 7, 1.5, True):
        with pytest.raises(br.errors.PriorError, match="size must be"):
            told.coef_draws(size)
    for size in (0, 7, True, 1.5):
        with pytest.raises(br.errors.PriorError, match="max_size must be"):
            br.projection_predictive(tree, max_size=size)

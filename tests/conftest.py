"""Data sets and yardsticks that several tests share."""

import numpy as np
import pytest
from scipy import stats
from threadpoolctl import threadpool_limits

import bayesreg as br


class DoctestNames:
    """Registered as a plugin, because the doctests of bayesreg/ do not lie below this folder."""

    @pytest.fixture(autouse=True)
    def names_in_doctests(self, doctest_namespace):
        doctest_namespace["np"] = np


def pytest_configure(config):
    # The workers of a parallel run share the cores; BLAS threads on top of them would only wait for each other.
    threadpool_limits(1, user_api="blas")
    config.pluginmanager.register(DoctestNames())


@pytest.fixture(scope="session")
def diabetes():
    """X (442 × 10, in its own units) and y."""
    frame, target = br.load_dataset("diabetes")
    return frame.drop(columns=target), frame[target]


@pytest.fixture(scope="session")
def wide():
    """X (60 × 150) with correlated columns and y, of which 8 coefficients are not 0."""
    rng = np.random.default_rng(20)
    X = rng.normal(size=(60, 150)) + rng.normal(size=(60, 1))
    beta = np.r_[rng.normal(0, 3, size=8), np.zeros(142)]
    return X, 5 + X @ beta + rng.normal(size=60)


def largest_z(comparisons):
    """The |z| that the worst of so many correct comparisons exceeds once in a thousand runs (Bonferroni)."""
    return float(stats.norm.isf(0.0005 / comparisons))


@pytest.fixture(scope="session")
def assert_zs():
    """Assert that z-scores of a right program could look like these."""

    def check(z):
        z = np.ravel(z)
        assert np.max(np.abs(z)) < largest_z(len(z)), f"z-scores {z[np.argsort(-np.abs(z))][:5]}"

    return check


@pytest.fixture(scope="session")
def mean_and_sd():
    """Means and standard deviations of draws (C, D, ...), and the Monte Carlo standard errors of both."""
    from arviz_stats.base import array_stats

    def summarize(draws):
        draws = np.asarray(draws, dtype=float)
        errors = [array_stats.mcse(draws, chain_axis=0, draw_axis=1, method=method) for method in ("mean", "sd")]
        return draws.mean(axis=(0, 1)), draws.std(axis=(0, 1)), *errors

    return summarize


@pytest.fixture(scope="session")
def assert_moments(assert_zs, mean_and_sd):
    """Assert that draws (C, D, ...) have a known mean and standard deviation."""

    def check(draws, mean, sd):
        found_mean, found_sd, mean_error, sd_error = mean_and_sd(draws)
        assert_zs(np.ravel([(found_mean - mean) / mean_error, (found_sd - sd) / sd_error]))

    return check


@pytest.fixture(scope="session")
def assert_same_distribution(assert_zs, mean_and_sd):
    """Assert that two sets of draws (C, D, ...) agree in mean and standard deviation, each within its error."""

    def check(ours, theirs):
        a, b = mean_and_sd(ours), mean_and_sd(theirs)
        assert_zs(np.ravel([(a[k] - b[k]) / np.hypot(a[k + 2], b[k + 2]) for k in (0, 1)]))

    return check

"""Quadrature in a logarithm, against integrals and distribution functions known in closed form."""

import numpy as np
import pytest
from scipy import stats

from bayesreg.errors import ModeError
from bayesreg.sampling.exact.quadrature import Search, integrate, tabulate

NORMAL = [(0.0, 1.0), (5.0, 1e-6), (-20.0, 3.0), (30.0, 0.1)]
GAMMA = [0.7, 3.0, 50.0, 1e4, 1e8]


def search(rows, high=None, noise=0.0):
    low = np.full(rows, -80.0)
    return Search(low, np.full(rows, 80.0 if high is None else high), high is not None, "sigma", noise)


def of_normal(t):
    mean, sd = (np.array(column)[:, None] for column in zip(*NORMAL, strict=True))
    return stats.norm.logpdf(t, mean, sd)[None]


def of_log_gamma(t):
    shape = np.array(GAMMA)[:, None]
    return stats.loggamma.logpdf(t, shape)[None]


@pytest.mark.parametrize(("logs", "rows"), [(of_normal, len(NORMAL)), (of_log_gamma, len(GAMMA))])
def test_densities_integrate_to_one_however_narrow(logs, rows):
    found = integrate(logs, search(rows, noise=1e-6))
    np.testing.assert_allclose(found.log_totals[0], 0.0, atol=1e-6 if rows == len(GAMMA) else 1e-8)
    np.testing.assert_allclose(found.weights.sum(axis=1), 1.0, rtol=1e-14)


def test_moments_are_exact():
    found = integrate(of_normal, search(len(NORMAL)))
    mean = np.sum(found.weights * found.nodes, axis=1)
    np.testing.assert_allclose(mean, [m for m, _ in NORMAL], atol=1e-12)
    sd = np.sqrt(np.sum(found.weights * (found.nodes - mean[:, None]) ** 2, axis=1))
    np.testing.assert_allclose(sd, [s for _, s in NORMAL], rtol=1e-8)


@pytest.mark.parametrize("edge", [-3.0, 0.0, 0.1, 2.0, 70.0])
def test_a_closed_end_is_integrated_to_and_not_passed(edge):
    """The density e^t up to the edge, as of a uniform, and half a Normal."""
    found = integrate(lambda t: t[None], search(1, edge))
    assert found.log_totals[0, 0] == pytest.approx(edge, abs=1e-12)
    assert found.nodes.max() < edge
    half = integrate(lambda t: stats.norm.logpdf(t, edge, 0.1)[None], search(1, edge))
    assert half.log_totals[0, 0] == pytest.approx(np.log(0.5), abs=1e-12)
    draws = half.draw(np.array([[1e-6, 0.5, 1.0]]))[0]
    np.testing.assert_allclose(draws, stats.norm.ppf([5e-7, 0.25, 0.5], edge, 0.1), atol=1e-7)


@pytest.mark.parametrize(("logs", "law"), [(of_normal, NORMAL), (of_log_gamma, GAMMA[:3])])
def test_draws_invert_the_distribution_function(logs, law):
    rows = len(NORMAL) if law is NORMAL else len(GAMMA)
    u = np.array([1e-6, 1e-3, 0.1, 0.5, 0.9, 0.999, 1 - 1e-6])
    found = integrate(logs, search(rows, noise=1e-6)).draw(np.tile(u, (rows, 1)))
    for row, parameters in zip(found, law, strict=False):
        cdf = stats.norm(*parameters).cdf if law is NORMAL else stats.loggamma(parameters).cdf
        np.testing.assert_allclose(cdf(row), u, atol=1e-8)


def test_two_separate_hills_are_both_integrated():
    def logs(t):
        return np.logaddexp(stats.norm.logpdf(t, -5, 0.1), stats.norm.logpdf(t, 8, 2.0) - 3)[None]

    found = integrate(logs, search(1))
    assert found.log_totals[0, 0] == pytest.approx(np.log(1 + np.exp(-3)), abs=1e-11)
    assert np.mean(found.draw(np.linspace(0.0005, 0.9995, 1_000)[None]) > 0) == pytest.approx(0.047, abs=0.002)


@pytest.mark.parametrize("slope", [0.0, 1.0, -1.0])
def test_what_does_not_fall_off_is_an_error(slope):
    with pytest.raises(ModeError, match=r"improper.*give sigma a proper prior"):
        integrate(lambda t: slope * t[None], search(1))


def test_a_jump_is_closed_in_on():
    """Panels are laid where the change is, so that the one with the jump holds next to nothing."""
    found = integrate(lambda t: np.where(t > 0.123, -t, -(t**2) - 1.0)[None], search(1))
    below = np.exp(-1.0) * np.sqrt(np.pi) * stats.norm.cdf(0.123 * np.sqrt(2))
    assert found.log_totals[0, 0] == pytest.approx(np.log(below + np.exp(-0.123)), abs=1e-8)


def test_what_is_not_smooth_is_an_error():
    """A density that is rugged everywhere cannot be resolved, and says so."""
    with pytest.raises(ModeError, match="precision"):
        integrate(lambda t: (np.sin(1e5 * t) - t**2)[None], search(1))


def test_a_table_gives_what_the_functions_give():
    def functions(x):
        return np.array([np.log1p(np.exp(2 * x)), 1 / (1 + np.exp(2 * x - 3))])

    x = np.random.default_rng(0).uniform(-9.9, 9.9, size=(40, 50))
    found = tabulate(functions, -10.0, 10.0, 0.5)(x)
    np.testing.assert_allclose(found, functions(x), rtol=1e-12)

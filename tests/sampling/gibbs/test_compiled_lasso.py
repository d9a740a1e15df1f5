"""Draws of the lasso distribution, and moves in it, against quadrature."""

import numpy as np
import pytest
from draws_of_one import COUNT, distribution_on, many
from numba import njit
from scipy import stats

from bayesreg.sampling.gibbs.compiled import lasso

# Each function is compiled, some seconds in all.
pytestmark = pytest.mark.slow

# (precision, pull, weight) of each way to draw, and of the places where one gives way to another.
LASSO = {
    "both sides": (2.0, 0.5, 1.0),
    "no penalty": (2.0, 0.5, 0.0),
    "no data": (0.0, 0.0, 1.7),
    "only above": (100.0, 300.0, 5.0),
    "only below": (100.0, -300.0, 5.0),
    "huge weight": (2.0, 0.5, 1e6),
    "huge weight, strong pull": (1e4, 0.999e6, 1e6),
    "weak data": (1e-8, 1e-4, 1.0),
    "steep": (1.0, 60.0, 59.0),
    "steep below": (1.0, -4.5, 4.0),
    "mode at the kink": (4.0, 6.0, 6.0),
    "mode at the kink from below": (4.0, -6.0, 6.0),
    "nearly flat above": (4.0, 9.5, 10.0),
    "nearly flat below": (4.0, -9.5, 10.0),
    "two slopes": (4.0, 3.0, 10.0),
    "mild kink": (4.0, 3.0, 3.5),
    "mild kink, far away": (4.0, -9.0, 3.5),
    "sharp kink, far away": (4.0, 20.0, 12.0),
}


def lasso_distribution(precision, pull, weight, beta):
    """Distribution function, on a grid that covers the draws."""
    low, high = min(beta.min(), 0.0) * 1.5, max(beta.max(), 0.0) * 1.5
    # 0, where the density has its kink, is a node of Simpson's rule on each side.
    t = np.concatenate([np.linspace(low, 0, 20_001)[:-1], np.linspace(0, high, 20_001)]) if low < 0 < high else None
    t = np.linspace(low, high, 40_001) if t is None else t
    return distribution_on(t, -0.5 * precision * t**2 + pull * t - weight * np.abs(t))


@pytest.mark.parametrize("name", LASSO)
def test_lasso_draws_have_their_density(name):
    beta = many(lasso.lasso_draw)(*LASSO[name])
    assert stats.kstest(beta, lasso_distribution(*LASSO[name], beta)).pvalue > 0.001 / len(LASSO)


@njit
def moved(generator, precision, pull, weight, overrelaxation):
    """A draw after some moves."""
    beta = lasso.lasso_draw(generator, precision, pull, weight)
    for _ in range(5):
        beta = lasso.lasso_move(generator, precision, pull, weight, beta, overrelaxation)
    return beta


@pytest.mark.parametrize("overrelaxation", [0.0, 0.5, 0.85])
@pytest.mark.parametrize("name", LASSO)
def test_lasso_moves_leave_the_density_as_it_is(name, overrelaxation):
    beta = many(moved)(*LASSO[name], overrelaxation)
    assert stats.kstest(beta, lasso_distribution(*LASSO[name], beta)).pvalue > 0.001 / (3 * len(LASSO))


@pytest.mark.parametrize("given", [(2.0, 0.5, 0.0), (100.0, 300.0, 5.0), (100.0, -300.0, 5.0)])
def test_where_the_density_is_a_normal_a_move_reflects(given, assert_zs):
    """Its correlation with the old value is −ω, with standard error (1 − ω²)/√count."""

    def pair(generator):
        old = lasso.lasso_draw(generator, *given)
        return old, lasso.lasso_move(generator, *given, old, 0.7)

    correlation = np.corrcoef(many(pair)().T)[0, 1]
    assert_zs((correlation + 0.7) / ((1 - 0.7**2) / np.sqrt(COUNT)))


@pytest.mark.parametrize("weight", [1e-300, 1e150])
def test_lasso_draws_of_extreme_weights_are_numbers(weight):
    beta = many(lasso.lasso_draw, 2_000)(3.0, 1.0, weight)
    assert np.all(np.isfinite(beta))
    assert np.std(beta) * weight == pytest.approx(np.sqrt(2), rel=0.15) or weight < 1


NO_NUMBERS = [(np.nan, 1.0, 1.0), (1.0, np.nan, 1.0), (1.0, 1.0, np.nan), (1.0, np.inf, 1.0)]


@pytest.mark.parametrize("given", NO_NUMBERS)
@pytest.mark.parametrize("overrelaxation", [0.0, 0.5])
def test_what_is_not_a_number_stays_none(given, overrelaxation):
    generator = np.random.default_rng(0)
    assert np.isnan(lasso.lasso_draw(generator, *given))
    assert not np.isfinite(lasso.lasso_move(generator, *given, 0.5, overrelaxation))


@pytest.mark.parametrize("given", [(0.0, 0.0, 0.0), (0.0, 5.0, 1.0), (0.0, -5.0, 1.0)])
def test_what_is_improper_has_no_draws(given):
    generator = np.random.default_rng(0)
    assert np.isnan(lasso.lasso_draw(generator, *given))
    assert np.isnan(lasso.lasso_move(generator, *given, 0.5, 0.5))


@pytest.mark.parametrize("size", [1.0, 1e8, 1e12])
def test_moves_of_a_strong_signal_are_not_refused(size):
    """The mode is as far from 0 as it may be, and the density around it a Normal."""
    generator, old = np.random.default_rng(0), 2.0 * size
    kept = 0
    for _ in range(2_000):
        new = lasso.lasso_move(generator, 1.0, 4.0 * size, 2.0 * size, old, 0.5)
        kept, old = kept + (new == old), new
    assert kept <= (0 if size > 1 else 200)

"""Where a path of strengths begins: at the smallest that gives all zeros; and its default grid."""

import numpy as np
from scipy import optimize

from bayesreg.errors import PriorError, UnsupportedError
from bayesreg.model.objective import strengths_at
from bayesreg.model.regression import Regression, check_regression
from bayesreg.optimize.at_sigma import first_point, minimize_rows, require_singles
from bayesreg.optimize.solvers import absolute_loss, bounded
from bayesreg.optimize.units import in_units

POINTS, SMALLEST_SHARE = 100, 1e-3
# The first strength of a grid lies this share above the smallest one, so that rounding leaves no coefficient there.
ABOVE = 1e-9
# Steps of the search for it, each by this factor.
STEPS, FACTOR = 200, 1.5


def strength_max(reg: Regression) -> float:
    """Return the smallest strength at which every L1-penalized coefficient is 0, the L2 terms being as they are.

    It is max_j |x_j'(y − ŷ₀)|·(λ_max/λ_j), with ‖X_g'(y − ŷ₀)‖ for groups of columns, in ``half_rss``, where ŷ₀ is
    the fit of what has no L1 term and λ_max the largest of the columns' strengths. For a loss with kinks the
    residuals give way to the dual point for which it is least, among those of the rows that ŷ₀ fits exactly. A path
    changes the L2 terms along with the strength; where a column has an L2 term and no L1 term, its default grid
    therefore begins elsewhere.

    Parameters
    ----------
    reg : Regression
        With known sigma and scale.

    Raises
    ------
    PriorError
        If sigma or scale is unknown.

    See Also
    --------
    path : Certified estimates at many strengths.
    select : The strength by cross-validation, evidence and other rules.
    """
    check_regression(reg)
    if reg.noise.sigma is None:
        raise PriorError("strength_max needs a known sigma; use reg.with_sigma(number).")
    l1, l2 = strengths_at(reg, reg.noise.sigma)
    return _needed(reg, l1, l2) * float(np.max(l1))


def default_strengths(reg: Regression, l1: np.ndarray, l2: np.ndarray, current: float) -> np.ndarray:
    """A geometric grid from the first strength down to a thousandth of it."""
    if not np.any(l1 > 0):
        middle = float(reg.design.weight)
        if reg.is_gaussian and reg.loss.has_gram:
            # Where no column varies every strength gives zeros, the regression's own as well as another.
            middle = float(np.mean(np.diag(reg.loss.gram))) or current
        return np.geomspace(1e3 * middle, 1e-3 * middle, POINTS)
    largest = _first_factor(reg, l1, l2) * current or current
    grid = np.geomspace(largest, SMALLEST_SHARE * largest, POINTS)
    grid[0] *= 1 + ABOVE
    return grid


def multiplied_strengths(
    reg: Regression, l1: np.ndarray, l2: np.ndarray, factors: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """λ and κ at multiples of the regression's own strengths, both of shape (m, q)."""
    return reg.intercept_term.multiplied(l1, factors), reg.intercept_term.multiplied(l2, factors)


def _first_factor(reg: Regression, l1: np.ndarray, l2: np.ndarray) -> float:
    """The multiple of the own strengths from which on all L1-penalized coefficients are 0.

    Columns with an L2 term alone are fitted, the less the larger the multiple, so that what is left for the
    others depends on it: the multiple that they need, as a function of the one there is, meets it here.
    """

    def needed(factor: float) -> float:
        own1, own2 = multiplied_strengths(reg, l1, l2, np.array([factor]))
        return _needed(reg, own1[0], own2[0]) * factor

    factor = needed(1.0)
    if not np.any((l1 == 0)[: reg.p] & (l2 > 0)[: reg.p]) or factor == 0:
        return factor
    high = FACTOR * max(factor, needed(1e6 * factor))
    for _ in range(STEPS):
        if needed(high) <= high:
            break
        high *= FACTOR
    low = high / FACTOR
    for _ in range(STEPS):
        if needed(low) > low:
            break
        low, high = low / FACTOR, low
    root = optimize.brentq(lambda log: np.log(needed(np.exp(log))) - log, np.log(low), np.log(high), xtol=1e-12)
    return float(np.exp(root))


def _needed(reg: Regression, l1: np.ndarray, l2: np.ndarray) -> float:
    """Multiple of λ that holds every L1-penalized coefficient at 0, the L2 terms being as they are."""
    if reg.bounds is not None and not reg.bounds.admit_zero:
        raise UnsupportedError("no strength gives all zeros where bounds exclude 0; give strengths=[…] of the path.")
    if not reg.family.smooth:
        require_singles(reg.row_loss, reg.partition)
        units = in_units(reg.row_loss, l1, l2)
        return absolute_loss.smallest_strength(units.loss, units.l1, units.l2)
    penalized = l1 > 0
    score = _score_without(reg, l1, l2)
    if reg.box is not None:
        # A bound of 0 holds a coefficient there without a penalty.
        score = np.where(score > 0, score * (reg.box.upper > 0), score * (reg.box.lower < 0))
    return float(np.max(reg.partition.lengths(score)[penalized] / l1[penalized], initial=0.0))


def _score_without(reg: Regression, l1: np.ndarray, l2: np.ndarray) -> np.ndarray:
    """Negative gradient of the loss where only the coefficients without an L1 term are fitted, shape (q,)."""
    free = np.flatnonzero(l1 == 0)
    shut = np.where(l1 > 0, np.finfo(float).max ** 0.9, 0.0)
    if not reg.is_gaussian:
        theta = minimize_rows(reg.row_loss, shut, l2, first_point(reg), reg.box, reg.partition)
        return -reg.row_loss.gradient(theta)
    loss = reg.loss
    if reg.box is not None:
        return -loss.gradient(bounded.minimize(loss, shut, l2, reg.box))
    if len(free) == 0:
        return loss.cross
    theta = np.zeros(loss.size)
    block = loss.curvature(free) + np.diag(l2[free])
    theta[free] = np.linalg.lstsq(block, loss.cross[free], rcond=None)[0]
    return -loss.gradient(theta)

"""Exact minimization of ½θ'Gθ − c'θ + Σ λ_j|θ_j| for many c at once: the lasso of one design and many responses.

The alternating direction method of multipliers moves all responses in the same matrix products, and settles signs
sooner than values (Boyd et al. 2011, doi:10.1561/2200000016, section 6.4). From time to time the linear system of each
set of signs is solved, once for all responses that share it; where the solution meets the optimality conditions it is
exact. What is left in the end goes to the active-set method.
"""

import numpy as np
from scipy import linalg

from bayesreg.model.quadratic import loss_of_products
from bayesreg.optimize.solvers import active_set

# Iterations between two attempts to solve, and how many attempts there are.
ITERATIONS, ATTEMPTS = 50, 8
# The weight of agreement as a share of the mean size of a column, and the relaxation.
WEIGHT, RELAXATION = 0.3, 1.6
# What rounding may add to a gradient, as a share of the largest at 0.
ROUNDING = 1e-13


def minimize_all(gram: np.ndarray, cross: np.ndarray, l1: np.ndarray) -> np.ndarray:
    """The minimum for each of m responses, shape (m, q).

    Parameters
    ----------
    gram : ndarray, shape (q, q)
    cross : ndarray, shape (m, q)
    l1 : ndarray, shape (m, q)
        λ_j ≥ 0 of each response; a column that is unpenalized for one is so for all.
    """
    theta, left = np.zeros_like(cross), np.arange(len(cross))
    weight = WEIGHT * float(np.mean(np.diag(gram))) or 1.0
    inverse = linalg.inv(gram + weight * np.eye(len(gram)))
    split, dual = np.zeros_like(cross), np.zeros_like(cross)
    for _ in range(ATTEMPTS):
        split, dual = _approach(inverse, weight, cross[left], l1[left], split, dual)
        solved = _solve(gram, cross[left], l1[left], np.where(l1[left] > 0, np.sign(split), 0.0))
        open_ = np.isnan(solved[:, 0])
        theta[left[~open_]] = solved[~open_]
        left, split, dual = left[open_], split[open_], dual[open_]
        if len(left) == 0:
            break
    for k in left:
        theta[k] = active_set.minimize(loss_of_products(gram, cross[k], 0.0), l1[k], np.zeros(len(gram)))
    return theta


def _approach(
    inverse: np.ndarray, weight: float, cross: np.ndarray, l1: np.ndarray, split: np.ndarray, dual: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """A stretch of iterations on the thresholded coefficients and their scaled dual variables, both (m, q)."""
    for _ in range(ITERATIONS):
        dual = dual + RELAXATION * ((cross + weight * (split - dual)) @ inverse) + (1 - RELAXATION) * split
        split = np.sign(dual) * np.maximum(np.abs(dual) - l1 / weight, 0.0)
        dual = dual - split
    return split, dual


def _solve(gram: np.ndarray, cross: np.ndarray, l1: np.ndarray, signs: np.ndarray) -> np.ndarray:
    """The minimum of each response if it has these signs, NaN if it has others, shape (m, q)."""
    theta = np.full_like(cross, np.nan)
    patterns, which = np.unique(signs.astype(np.int8), axis=0, return_inverse=True)
    order, free = np.argsort(which.ravel(), kind="stable"), l1[0] == 0
    ends = np.cumsum(np.bincount(which.ravel(), minlength=len(patterns)))
    for pattern, rows in zip(patterns, np.split(order, ends[:-1]), strict=True):
        point = _with_signs(gram, cross[rows], l1[rows], pattern.astype(float), free)
        if point is not None:
            good = _is_minimum(gram, cross[rows], l1[rows], pattern.astype(float), point)
            theta[rows[good]] = point[good]
    return theta


def _with_signs(
    gram: np.ndarray, cross: np.ndarray, l1: np.ndarray, signs: np.ndarray, free: np.ndarray
) -> np.ndarray | None:
    """Where the gradient is 0 for given signs, shape (m, q); None if the columns are collinear."""
    active, theta = np.flatnonzero((signs != 0) | free), np.zeros_like(cross)
    if len(active):
        try:
            factor = linalg.cho_factor(gram[np.ix_(active, active)], check_finite=False)
        except linalg.LinAlgError:
            return None
        side = cross[:, active] - l1[:, active] * signs[active]
        theta[:, active] = linalg.cho_solve(factor, side.T, check_finite=False).T
    return theta


def _is_minimum(
    gram: np.ndarray, cross: np.ndarray, l1: np.ndarray, signs: np.ndarray, theta: np.ndarray
) -> np.ndarray:
    """Whether each point has those signs and gradients within their strengths, up to rounding, shape (m,)."""
    rounding = ROUNDING * np.max(np.abs(cross), axis=1, initial=0.0)[:, None]
    away = cross - theta @ gram - l1 * signs
    at_zero = (signs == 0) & (l1 > 0)
    slack = np.where(at_zero, l1, 0.0) + rounding
    same = (np.sign(theta) == signs) | (l1 == 0)
    return np.asarray(np.all(same & (np.abs(away) <= slack), axis=1))

"""A path of exact minima by prediction and correction: one linear system at most strengths.

The signs of the solution determine it: with them known, the active coefficients solve a linear system.
Along the path u = d·θ − gradient changes slowly, where d is the curvature of each coefficient, and a
coefficient is active exactly where |u_j| > λ_j, with the sign of u_j. So u is extrapolated from the two
strengths before, the system of the predicted signs is solved, and the signs that its solution has are
corrected until they are those it was made with (predictor–corrector paths: Park & Hastie 2007,
doi:10.1111/j.1467-9868.2007.00607.x; the correction is the primal–dual active set of Hintermüller, Ito &
Kunisch 2002, doi:10.1137/S1052623401383558).
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from bayesreg.optimize.solvers.bordered import BorderedCholesky

EPS = float(np.finfo(float).eps)
# Corrections of the signs at one strength before it is handed to the method that always ends.
CORRECTIONS = 8


@dataclass(frozen=True, eq=False)
class _Problem:
    """The quadratic ½θ'Gθ − c'θ, its curvatures d, which coefficients have no L1 term, and a solver of its systems."""

    gram: np.ndarray
    cross: np.ndarray
    curvatures: np.ndarray
    free: np.ndarray
    systems: BorderedCholesky

    def signs(self, u: np.ndarray, bar: np.ndarray) -> np.ndarray:
        """Signs of the active coefficients, 0 for the others; a coefficient without an L1 term is always active."""
        return np.where((np.abs(u) > bar) | self.free, np.sign(u) + (self.free & (u == 0)), 0.0)

    def solve(self, signs: np.ndarray, l1: np.ndarray, l2: np.ndarray) -> tuple[np.ndarray, np.ndarray] | None:
        """The minimum over the active coefficients with signs held, and its u; None where it is not determined."""
        active = np.flatnonzero(signs)
        theta = self.systems.solve(active, l2, self.cross - l1 * signs)
        if theta is None:
            return None
        few = 4 * len(active) < len(theta)
        fitted = theta[active] @ self.gram.take(active, 0) if few else self.gram @ theta
        return theta, self.cross - fitted + (self.curvatures - l2) * theta

    def u(self, theta: np.ndarray, l2: np.ndarray) -> np.ndarray:
        """d·θ − gradient at θ."""
        return self.cross - self.gram @ theta + (self.curvatures - l2) * theta


def minimize_along(
    gram: np.ndarray,
    cross: np.ndarray,
    l1: np.ndarray,
    l2: np.ndarray,
    otherwise: Callable[[int, np.ndarray], np.ndarray],
) -> np.ndarray:
    """Minimize ½θ'Gθ − c'θ + Σ λ_j|θ_j| + ½κ_jθ_j² at each of m decreasing strengths.

    Parameters
    ----------
    gram : ndarray, shape (q, q)
    cross : ndarray, shape (q,)
    l1, l2 : ndarray, shape (m, q)
        Strengths; a column is without an L1 term in all rows or in none.
    otherwise : callable
        ``otherwise(k, start)`` finds the minimum at the strengths of row k where the corrections of the
        signs do not settle, or the system is singular (collinear columns).

    Returns
    -------
    ndarray, shape (m, q)
        Exact up to the rounding of one linear system, so that its caller must check every point.
    """
    problem = _Problem(gram, cross, np.diag(gram).copy(), l1[0] == 0, BorderedCholesky(gram))
    rounding = 50 * EPS * np.max(np.abs(cross), initial=0.0)
    times, theta = l1.sum(axis=1), np.zeros_like(l1)
    before = u = np.zeros(len(cross))
    for k in range(len(l1)):
        guess = u + _share(times[max(k - 2, 0) : k + 1]) * (u - before)
        before = u
        corrected = _corrected(problem, guess, (1 + 50 * EPS) * l1[k] + rounding, l1[k], l2[k])
        if corrected is None:
            theta[k] = otherwise(k, theta[max(k - 1, 0)])
            u = problem.u(theta[k], l2[k])
        else:
            theta[k], u = corrected
    return theta


def _share(times: np.ndarray) -> float:
    """The next step as a share of the last one; 0 where there is no last one."""
    return float((times[2] - times[1]) / (times[1] - times[0])) if len(times) == 3 and times[0] > times[1] else 0.0


def _corrected(
    problem: _Problem, guess: np.ndarray, bar: np.ndarray, l1: np.ndarray, l2: np.ndarray
) -> tuple[np.ndarray, np.ndarray] | None:
    """The point that has the signs it was solved with, from predicted ones, and its u; None if none is found."""
    signs = problem.signs(guess, bar)
    for _ in range(CORRECTIONS):
        point = problem.solve(signs, l1, l2)
        if point is None:
            return None
        corrected = problem.signs(point[1], bar)
        if not np.any((corrected != signs) & ~problem.free):
            return point
        signs = corrected
    return None

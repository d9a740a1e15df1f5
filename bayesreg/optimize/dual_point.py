"""The dual point of a loss with kinks, from a point θ alone; this file knows no solver.

For Σ c_i|r_i| a dual point is u_i = c_i·sign(r_i) where r_i ≠ 0 and any |u_i| ≤ c_i where r_i = 0. The
distance of 0 from the subdifferential is its smallest stationarity violation: a bounded least-squares
problem in the free u_i (Stark & Parker 1995, for the method).
"""

from dataclasses import dataclass

import numpy as np

from bayesreg.model.row_loss import RowLoss

# A residual below LOOSE units may count as 0, at the price of its size as a violation; STRICT is rounding.
STRICT, LOOSE = 1e-12, 1e-6
GOOD, ROUNDS = 1e-12, 50


@dataclass(frozen=True, eq=False)
class DualPoint:
    """A dual point u, shape (n,), and what is wrong with it.

    Attributes
    ----------
    u : ndarray, shape (n,)
    excess : float
        Largest |r_i| of a row whose u_i is not ±c_i, as a share of the unit of the residuals.
    """

    u: np.ndarray
    excess: float


def dual_points(loss: RowLoss, theta: np.ndarray, eta: np.ndarray, l1: np.ndarray, l2: np.ndarray) -> list[DualPoint]:
    """Two dual points: one for the rows that are fitted up to rounding, one for those that nearly are."""
    residual = loss.y - eta
    centred = loss.y - loss.offset
    unit = float(np.mean(np.abs(centred - np.median(centred)))) or float(np.max(np.abs(centred))) or 1.0
    blur = 64 * np.finfo(float).eps * (np.abs(loss.y) + np.abs(eta) + np.abs(loss.offset))
    strict = np.abs(residual) <= STRICT * unit + blur
    loose = np.abs(residual) <= LOOSE * unit + blur
    points = []
    for touched in (strict, loose) if np.any(loose & ~strict) else (strict,):
        u = _dual(loss, theta, residual, touched, l1, l2)
        bent = ~strict & (u != loss.largest_slopes * np.sign(residual))
        points.append(DualPoint(u, float(np.max(np.abs(residual[bent]), initial=0.0)) / unit))
    return points


def _dual(
    loss: RowLoss, theta: np.ndarray, residual: np.ndarray, touched: np.ndarray, l1: np.ndarray, l2: np.ndarray
) -> np.ndarray:
    """The dual point whose violations, in units of the strengths, are least in squares.

    Columns at 0 have a condition only as far as they violate it; those that do are taken in, each with a
    slack within its strength.
    """
    bound = loss.largest_slopes
    u = np.where(touched, 0.0, bound * np.sign(residual))
    rows = np.flatnonzero(touched)
    if len(rows) == 0:
        return u
    wanted = l2 * theta + l1 * np.sign(theta) - loss.A.T @ u
    unit = np.where(l1 > 0, l1, loss.gradient_unit or 1.0)
    must = (theta != 0) | (l1 == 0)
    taken = np.flatnonzero(must)
    for _ in range(ROUNDS):
        block = np.asarray(loss.A[:, taken])[rows].T
        u[rows] = _bounded(block, wanted[taken], unit[taken], np.where(must, 0.0, l1)[taken], bound[rows])
        rest = loss.A.T @ np.where(touched, u, 0.0) - wanted
        over = (np.abs(rest) - l1) / unit
        over[taken] = 0.0
        worst = np.flatnonzero(over > GOOD)
        if len(worst) == 0:
            break
        worst = worst[np.argsort(-over[worst])][: max(10, len(taken))]
        taken = np.union1d(taken, worst)
    return u


def _bounded(
    block: np.ndarray, wanted: np.ndarray, unit: np.ndarray, slack: np.ndarray, bound: np.ndarray
) -> np.ndarray:
    """Least squares of (block·u + e − wanted)/unit over |u| ≤ bound and |e| ≤ slack; e only where slack > 0."""
    from scipy.optimize import lsq_linear

    if len(wanted) == 0:
        return np.zeros(len(bound))
    loose = np.flatnonzero(slack > 0)
    slacks = np.zeros((len(wanted), len(loose)))
    slacks[loose, np.arange(len(loose))] = slack[loose]
    # Every unknown is measured by its bound.
    matrix = np.hstack([block * bound, slacks]) / unit[:, None]
    solution = lsq_linear(
        matrix, wanted / unit, bounds=(-1.0, 1.0), method="bvls", tol=1e-15, max_iter=10 * len(matrix.T)
    )
    share = _refined(matrix, wanted / unit, np.clip(solution.x, -1.0, 1.0))
    return share[: len(bound)] * bound


def _refined(matrix: np.ndarray, wanted: np.ndarray, share: np.ndarray) -> np.ndarray:
    """One correction of the unknowns within their bounds, if it stays within them and helps."""
    inside = np.abs(share) < 1
    rest = wanted - matrix @ share
    step = np.linalg.lstsq(matrix[:, inside], rest, rcond=None)[0] if np.any(inside) else np.zeros(0)
    better = share.copy()
    better[inside] = np.clip(share[inside] + step, -1.0, 1.0)
    worse = np.max(np.abs(wanted - matrix @ better)) > np.max(np.abs(rest))
    return share if worse else better

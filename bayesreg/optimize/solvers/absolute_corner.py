"""Corners of a penalized sum of absolute residuals: from a nearby point to the exact one.

A corner is known by the rows that it fits exactly and the coefficients that are 0; the others have signs.
Given these, the optimality conditions are linear in the remaining coefficients and multipliers.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

# Shares of the largest singular value below which a direction of the fitted rows is rounding.
RANK_TOLERANCE = 1e-11
# What the conditions of a corner may be violated by, as shares of the bound, the strength and the unit.
ALLOWED, AWAY = 1e-11, 1e-13
# A term below this many units may be one that vanishes at the corner.
VANISHED = 1e-9
# A term is taken for 0 where its size is below its multiplier's distance from the bound, times one of these.
FACTORS = (1.0, 1e4, 1e-4)


@dataclass(frozen=True, eq=False)
class AbsoluteProblem:
    """Σ c_i|y_i − (Aθ)_i| + Σ λ_j|θ_j| + ½κ_jθ_j².

    Attributes
    ----------
    A : ndarray, shape (n, q)
    y, bound : ndarray, shape (n,)
        Target less offset, and c.
    l1, l2 : ndarray, shape (q,)
    """

    A: np.ndarray
    y: np.ndarray
    bound: np.ndarray
    l1: np.ndarray
    l2: np.ndarray

    @property
    def n(self) -> int:
        """Number of rows."""
        return len(self.y)

    @property
    def size(self) -> int:
        """q, the number of coefficients."""
        return self.A.shape[1]

    @cached_property
    def kinked(self) -> np.ndarray:
        """The columns that have an L1 strength."""
        return np.flatnonzero(self.l1 > 0)

    @cached_property
    def sizes(self) -> np.ndarray:
        """Root mean squares of the columns, shape (q,); 1 for a column of zeros."""
        sizes = np.sqrt(np.mean(self.A**2, axis=0))
        return np.where(sizes > 0, sizes, 1.0)

    @cached_property
    def unit(self) -> float:
        """The size of a residual: the mean absolute deviation of y from what its unpenalized columns fit."""
        flat = (self.l1 == 0) & (self.l2 == 0)
        rest = self.y
        if np.any(flat):
            rest = rest - self.A[:, flat] @ np.linalg.lstsq(self.A[:, flat], rest, rcond=None)[0]
        return float(np.mean(np.abs(rest))) or float(np.max(np.abs(self.y))) or 1.0

    @cached_property
    def rounding(self) -> np.ndarray:
        """What rounding may leave of a'u for each column, shape (q,)."""
        return 1e3 * np.finfo(float).eps * (np.abs(self.A).T @ self.bound)


@dataclass(frozen=True, eq=False)
class Corner:
    """Coefficients, the dual point u with |u_i| ≤ c_i, and the rows that are fitted exactly."""

    theta: np.ndarray
    dual: np.ndarray
    touched: np.ndarray


@dataclass(frozen=True, eq=False)
class _Sets:
    """Rows fitted exactly and coefficients not 0, as masks; signs of the latter where they have an L1 strength."""

    touched: np.ndarray
    active: np.ndarray
    signs: np.ndarray


def find_corner(
    problem: AbsoluteProblem, theta: np.ndarray, dual: np.ndarray, multipliers: np.ndarray
) -> Corner | None:
    """The optimal corner near an interior point with its multipliers of rows and of coefficients, or None."""
    residual = np.abs(problem.y - problem.A @ theta) / problem.unit
    moved = np.abs(theta) * problem.sizes / problem.unit
    room = 1 - np.abs(dual) / problem.bound
    strength = np.where(problem.l1 > 0, problem.l1, 1.0)
    room_of_zeros = np.where(problem.l1 > 0, 1 - np.abs(multipliers) / strength, 0.0)
    for factor in FACTORS:
        active = moved >= factor * room_of_zeros
        sets = _Sets(residual < factor * room, active, np.sign(theta) * (problem.l1 > 0) * active)
        corner = _settle(problem, sets, theta, dual)
        if corner is not None:
            return corner
    return None


def _settle(problem: AbsoluteProblem, sets: _Sets, theta: np.ndarray, dual: np.ndarray) -> Corner | None:
    theta, dual = _solve_equations(problem, sets, theta, dual)
    if not _holds(problem, sets, theta, dual):
        # At a degenerate corner a term is 0 and its multiplier at its bound, so that neither tells it apart.
        sets = _with_what_vanished(problem, sets, theta)
        theta, dual = _solve_equations(problem, sets, theta, dual)
        if not _holds(problem, sets, theta, dual):
            return None
    final, theta = _slide(problem, sets, theta)
    if final is not sets:
        theta, dual = _solve_equations(problem, final, theta, dual)
        if not _holds(problem, final, theta, dual):
            return None
    return Corner(theta, np.clip(dual, -problem.bound, problem.bound), final.touched)


def _with_what_vanished(problem: AbsoluteProblem, sets: _Sets, theta: np.ndarray) -> _Sets:
    near = np.abs(problem.y - problem.A @ theta) <= VANISHED * problem.unit
    active = sets.active & ((np.abs(theta) * problem.sizes > VANISHED * problem.unit) | (problem.l1 == 0))
    return _Sets(sets.touched | near, active, np.where(active, sets.signs, 0.0))


def _solve_equations(
    problem: AbsoluteProblem, sets: _Sets, theta: np.ndarray, dual: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """The nearest θ and u that fit the touched rows exactly and are stationary in the active coefficients."""
    touched, active = sets.touched, sets.active
    theta = np.where(active, theta, 0.0)
    residual = problem.y - problem.A @ theta
    dual = np.where(touched, np.clip(dual, -problem.bound, problem.bound), problem.bound * np.sign(residual))
    if not np.any(active):
        return theta, dual
    columns, sizes, l2 = problem.A[:, active], problem.sizes[active], problem.l2[active]
    left, values, right, null = _svd(columns[touched] / sizes)
    force = (problem.l1 * sets.signs)[active]
    for _ in range(2):
        step = right @ ((left.T @ (problem.y[touched] - columns[touched] @ theta[active])) / values)
        if np.any(l2) and null.shape[1]:
            curve = l2 / sizes**2
            slope = (force + l2 * theta[active] - columns.T @ dual) / sizes + curve * step
            step = step - null @ _newton(null, curve, null.T @ slope)
        theta[active] += step / sizes
        slope = (force + l2 * theta[active] - columns.T @ dual) / sizes
        dual[touched] += left @ ((right.T @ slope) / values)
    return theta, dual


def _newton(null: np.ndarray, curve: np.ndarray, slope: np.ndarray) -> np.ndarray:
    """(N'·diag(curve)·N)⁻¹·slope over the directions in which there is a curvature."""
    largest = float(np.max(curve))
    _, values, right = np.linalg.svd(np.sqrt(curve / largest)[:, None] * null, full_matrices=False)
    right = right[values > RANK_TOLERANCE]
    return right.T @ ((right @ slope) / (largest * values[values > RANK_TOLERANCE] ** 2))


def _svd(block: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """U, σ and V of the block's numerical rank, and a basis of its null space."""
    left, values, right = np.linalg.svd(block, full_matrices=block.shape[0] < block.shape[1])
    rank = int(np.sum(values > RANK_TOLERANCE * np.max(values, initial=0.0)))
    return left[:, :rank], values[:rank], right[:rank].T, right[rank:].T


def _holds(problem: AbsoluteProblem, sets: _Sets, theta: np.ndarray, dual: np.ndarray) -> bool:
    """Whether signs, exact fits, bounds and stationarity are those that the sets claim."""
    residual = problem.y - problem.A @ theta
    blur = 64 * np.finfo(float).eps * (np.abs(problem.y) + np.abs(problem.A) @ np.abs(theta))
    moved = theta * sets.signs * problem.sizes / problem.unit
    score = problem.A.T @ dual
    slope = problem.l1 * sets.signs + problem.l2 * theta - score
    slack = ALLOWED * problem.l1 + problem.rounding + AWAY * problem.l2 * problem.unit / problem.sizes
    off = ~sets.touched
    return bool(
        np.all(np.abs(residual[sets.touched]) <= blur[sets.touched] + AWAY * problem.unit)
        and np.all(residual[off] * dual[off] > 0)
        and np.all(np.abs(residual[off]) > AWAY * problem.unit)
        and np.all(moved[sets.signs != 0] > AWAY)
        and np.all(np.abs(dual) <= (1 + ALLOWED) * problem.bound)
        and np.all(np.abs(slope[sets.active]) <= slack[sets.active])
        and np.all(np.abs(score[~sets.active]) <= (problem.l1 + slack)[~sets.active])
    )


def _slide(problem: AbsoluteProblem, sets: _Sets, theta: np.ndarray) -> tuple[_Sets, np.ndarray]:
    """Slide along the optimal face, on which the objective is constant, until it has no direction left."""
    touched, active = sets.touched.copy(), sets.active.copy()
    changed = False
    for _ in range(problem.size):
        index = np.flatnonzero(active)
        sizes, l2 = problem.sizes[index], problem.l2[index]
        curved = np.eye(len(index))[l2 > 0]
        null = _svd(np.vstack([problem.A[:, index][touched] / sizes, curved]))[3]
        if null.shape[1] == 0:
            break
        direction = np.zeros(problem.size)
        direction[index] = null[:, 0] / sizes
        hit = _first_hit(problem, touched, active, theta, direction)
        if hit is None:
            break
        length, rows, zeros = hit
        theta = theta + length * direction
        theta[zeros] = 0.0
        touched[rows], active[zeros], changed = True, False, True
    if not changed:
        return sets, theta
    return _Sets(touched, active, np.where(active, sets.signs, 0.0)), theta


def _first_hit(
    problem: AbsoluteProblem, touched: np.ndarray, active: np.ndarray, theta: np.ndarray, direction: np.ndarray
) -> tuple[float, np.ndarray, np.ndarray] | None:
    """The shortest step of either sign at which residuals or coefficients become 0, and which of them do."""
    speed, residual = problem.A @ direction, problem.y - problem.A @ theta
    scale = float(np.max(np.abs(direction) * problem.sizes))
    rows = np.flatnonzero(~touched & (np.abs(speed) > 1e-10 * scale))
    moving = np.abs(direction) * problem.sizes > 1e-10 * scale
    coefs = np.flatnonzero(active & (problem.l1 > 0) & moving)
    steps = np.concatenate([residual[rows] / speed[rows], -theta[coefs] / direction[coefs]])
    if len(steps) == 0:
        return None
    length = float(steps[np.argmin(np.abs(steps))])
    near = np.abs(steps - length) <= 1e-12 * (abs(length) + problem.unit / scale)
    return length, rows[near[: len(rows)]], coefs[near[len(rows) :]]

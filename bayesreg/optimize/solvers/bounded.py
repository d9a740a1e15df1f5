"""Exact minimization of ½RSS(θ) + Σ λ_j|θ_j| + ½κ_jθ_j² over a box l ≤ θ ≤ u by an active-set method.

Coefficients are at a bound, at 0, or free between the two nearest of these points, where the objective is quadratic.
Free ones move to its minimum, or as far as the first of them meets an end of its interval, or to the projection on
the intervals if that is lower; those at an end enter where the objective falls into an interval beside it. Every step
lowers the objective and there are finitely many sets, so the method ends at the minimum (projected Newton steps:
Bertsekas 1982, doi:10.1137/0320018).
"""

from typing import NamedTuple

import numpy as np

from bayesreg.errors import ConvergenceError
from bayesreg.model.bounds import Box
from bayesreg.model.quadratic import QuadraticLoss
from bayesreg.optimize.solvers.active_set import EPS, newton_direction

MOST_STEPS = 20_000


class _Side(NamedTuple):
    """The interval that each coefficient may move in, and the sign of θ there where it has an L1 term."""

    low: np.ndarray
    high: np.ndarray
    sign: np.ndarray

    @property
    def is_open(self) -> np.ndarray:
        """Which coefficients are free."""
        return self.low < self.high


def minimize(
    loss: QuadraticLoss, l1: np.ndarray, l2: np.ndarray, box: Box, start: np.ndarray | None = None
) -> np.ndarray:
    """Minimize ½RSS(θ) + Σ λ_j|θ_j| + ½ Σ κ_jθ_j² over a box.

    Parameters
    ----------
    loss : QuadraticLoss
        Of size q.
    l1, l2 : ndarray, shape (q,)
        λ_j ≥ 0 and κ_j ≥ 0.
    box : Box
    start : ndarray, shape (q,), optional
        A point to start from.

    Returns
    -------
    ndarray, shape (q,)

    Raises
    ------
    ConvergenceError
        If the objective falls without end, or the steps run out, which exact arithmetic excludes.
    """
    theta = box.clip(np.zeros(loss.size) if start is None else np.asarray(start, dtype=float))
    side, settled = _resting(theta, l1, box), False
    for _ in range(MOST_STEPS):
        gradient = loss.gram_gradient(theta) + l2 * theta
        if settled or not np.any(side.is_open):
            entered = _with_entering(loss, theta, gradient, l1, box, side)
            if np.array_equal(entered.is_open, side.is_open):
                return _polish(loss, l1, l2, theta, side)
            moved, side, settled = _step(loss, l1, l2, theta, gradient, entered)
            # Rounding alone let them enter.
            if np.array_equal(moved, theta):
                return _polish(loss, l1, l2, theta, _resting(theta, l1, box))
        else:
            moved, side, settled = _step(loss, l1, l2, theta, gradient, side)
        theta = moved
    raise ConvergenceError(f"the bounded solver did not end within {MOST_STEPS} steps; please report these data.")


def _resting(theta: np.ndarray, l1: np.ndarray, box: Box) -> _Side:
    """Coefficients at a bound, or at 0 with an L1 term, stay; the others are free up to the nearest such points."""
    kinked = l1 > 0
    held = (theta == box.lower) | (theta == box.upper) | (kinked & (theta == 0))
    low = np.where(kinked & (theta > 0), np.maximum(box.lower, 0.0), box.lower)
    high = np.where(kinked & (theta < 0), np.minimum(box.upper, 0.0), box.upper)
    return _Side(np.where(held, theta, low), np.where(held, theta, high), np.sign(theta))


def falls(theta: np.ndarray, gradient: np.ndarray, l1: np.ndarray, box: Box) -> tuple[np.ndarray, np.ndarray]:
    """How fast the objective falls as each coefficient rises, and as it sinks; −∞ where its bound forbids it.

    `gradient` is that of ½RSS and the L2 term.
    """
    up = np.where(theta < box.upper, -(gradient + np.where(theta < 0, -l1, l1)), -np.inf)
    down = np.where(theta > box.lower, gradient + np.where(theta > 0, l1, -l1), -np.inf)
    return up, down


def _with_entering(
    loss: QuadraticLoss, theta: np.ndarray, gradient: np.ndarray, l1: np.ndarray, box: Box, side: _Side
) -> _Side:
    """Free those, not too many at once, along which the objective falls by more than rounding."""
    rounding = 50 * EPS * (np.max(np.abs(loss.cross), initial=0.0) + l1)
    up, down = falls(theta, gradient, l1, box)
    fall = np.where(side.is_open, -np.inf, np.maximum(up, down) - rounding)
    chosen = np.flatnonzero(fall > 0)
    most = max(10, int(np.sum(side.is_open)) // 2)
    chosen = chosen[np.argsort(-fall[chosen])][:most]
    low, high, sign = (part.copy() for part in side)
    rises = up[chosen] > down[chosen]
    kinked, at = l1[chosen] > 0, theta[chosen]
    ceiling = np.where(kinked & (at < 0), np.minimum(box.upper[chosen], 0.0), box.upper[chosen])
    floor = np.where(kinked & (at > 0), np.maximum(box.lower[chosen], 0.0), box.lower[chosen])
    low[chosen], high[chosen] = np.where(rises, at, floor), np.where(rises, ceiling, at)
    sign[chosen] = np.where(at != 0, np.sign(at), np.where(rises, 1.0, -1.0))
    return _Side(low, high, sign)


def _step(
    loss: QuadraticLoss, l1: np.ndarray, l2: np.ndarray, theta: np.ndarray, gradient: np.ndarray, side: _Side
) -> tuple[np.ndarray, _Side, bool]:
    """Move towards the minimum over the free coefficients; the point, what is free there, and whether it is that."""
    low, high, sign = (part.copy() for part in side)
    while True:
        free = np.flatnonzero(low < high)
        if len(free) == 0:
            return theta, _Side(low, high, sign), True
        kinks = l1[free] * sign[free]
        slope = gradient[free] + kinks
        direction, bend = newton_direction(loss, l2, free, theta, slope, kinks)
        here = theta[free]
        blocked = ((here <= low[free]) & (direction <= 0)) | ((here >= high[free]) & (direction >= 0))
        if not np.any(blocked):
            break
        low[free[blocked]] = high[free[blocked]] = here[blocked]
    ends = low[free], high[free]
    moved, whole = _along(loss, l2, free, here, direction, slope, bend, ends)
    result = theta.copy()
    result[free] = moved
    reached = (moved <= ends[0]) | (moved >= ends[1])
    low[free[reached]] = high[free[reached]] = moved[reached]
    return result, _Side(low, high, sign), whole


def _along(
    loss: QuadraticLoss,
    l2: np.ndarray,
    free: np.ndarray,
    here: np.ndarray,
    direction: np.ndarray,
    slope: np.ndarray,
    bend: float | None,
    ends: tuple[np.ndarray, np.ndarray],
) -> tuple[np.ndarray, bool]:
    """Where a step ends, and whether at the minimum; else at the lower of two points at the ends of intervals."""
    fall = float(slope @ direction)
    if fall >= 0:
        return here, True
    curvature = -fall if bend is None else bend
    with np.errstate(divide="ignore", invalid="ignore"):
        room = np.where(direction > 0, ends[1] - here, ends[0] - here) / direction
    room = np.where(direction != 0, room, np.inf)
    first = float(np.min(room))
    length = -fall / curvature if curvature > 0 else np.inf
    if length < first:
        return here + length * direction, bend is None
    if not np.isfinite(first):
        raise ConvergenceError(
            "the objective falls for ever along a combination of columns; remove collinear unpenalized ones."
        )
    end = np.where(direction > 0, ends[1], ends[0])
    near = np.where(room <= first, end, np.clip(here + first * direction, *ends))
    far = here + min(length, 1e3 * first) * direction
    far = np.clip(np.where(room <= min(length, 1e3 * first), end, far), *ends)
    return (
        far if _change(loss, l2, free, far - here, slope) < _change(loss, l2, free, near - here, slope) else near
    ), False


def _change(loss: QuadraticLoss, l2: np.ndarray, free: np.ndarray, step: np.ndarray, slope: np.ndarray) -> float:
    """What a step on the free coefficients adds to the objective."""
    curved = 0.5 * float(step @ (loss.curvature(free) @ step) + l2[free] @ step**2)
    return float(slope @ step) + curved


def _polish(loss: QuadraticLoss, l1: np.ndarray, l2: np.ndarray, theta: np.ndarray, side: _Side) -> np.ndarray:
    """Iterative refinement of the last system, its residual taken from the rows, while it stays in the intervals."""
    free = np.flatnonzero(side.is_open)
    if len(free) == 0:
        return theta
    kinks = l1[free] * side.sign[free]
    for _ in range(2):
        slope = loss.gradient(theta)[free] + l2[free] * theta[free] + kinks
        direction, bend = newton_direction(loss, l2, free, theta, slope, kinks)
        moved = theta[free] + direction
        if bend is not None or np.any((moved <= side.low[free]) | (moved >= side.high[free])):
            break
        theta = theta.copy()
        theta[free] = moved
    return theta

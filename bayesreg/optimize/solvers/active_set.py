"""Exact minimization of ½RSS(θ) + Σ λ_j|θ_j| + ½κ_jθ_j² by an active-set method.

On a set of active coefficients with known signs the problem is a linear system. From the current
point the method moves towards that system's solution, as far as the objective (exactly, along the
ray) decreases; coefficients that reach 0 there leave the set, coefficients whose gradient exceeds λ_j
at 0 enter it. Every step lowers the objective and there are finitely many sets, so the method ends at
the minimum, to machine precision, with exact zeros (feature-sign search: Lee, Battle, Raina & Ng 2006,
https://papers.nips.cc/paper/2979-efficient-sparse-coding-algorithms; here with an exact line search,
several entries at a time, and a step along the null space where columns are collinear).
"""

from collections.abc import Callable

import numpy as np
from scipy import linalg

from bayesreg.design.implicit import to_dense
from bayesreg.errors import ConvergenceError
from bayesreg.model.quadratic import QuadraticLoss

EPS = float(np.finfo(float).eps)
# What rounding may leave of a gradient, as a share of the sizes that it is made of.
ROUNDING = 8 * EPS
# Steps from a start of unknown quality; after them the strengths are walked down to instead, by this factor a stage.
QUICK_STEPS, MOST_STEPS, STAGE = 15, 5_000, 0.6
HUGE = 1e280
NONE = np.array([], dtype=int)


def minimize(
    loss: QuadraticLoss, l1: np.ndarray, l2: np.ndarray, start: np.ndarray | None = None, *, polish: bool = True
) -> np.ndarray:
    """Minimize ½RSS(θ) + Σ λ_j|θ_j| + ½ Σ κ_jθ_j².

    Parameters
    ----------
    loss : QuadraticLoss
        Of size q.
    l1, l2 : ndarray, shape (q,)
        λ_j ≥ 0 and κ_j ≥ 0; both 0 leaves a coefficient unpenalized.
    start : ndarray, shape (q,), optional
        A point to start from, such as the minimum at a nearby strength.
    polish : bool, optional
        Whether to refine the answer with residuals from the rows.

    Returns
    -------
    ndarray, shape (q,)

    Raises
    ------
    ConvergenceError
        If the steps run out, which exact arithmetic excludes.
    """
    theta = np.zeros(loss.size) if start is None else np.array(start, dtype=float)
    theta, done = iterate(loss, l1, l2, theta, QUICK_STEPS)
    if not done:
        theta = _descend_strengths(loss, l1, l2)
    return refine(loss, l1, l2, theta) if polish else theta


def iterate(
    loss: QuadraticLoss, l1: np.ndarray, l2: np.ndarray, theta: np.ndarray, limit: int
) -> tuple[np.ndarray, bool]:
    """Take steps until the minimum is reached (True) or the limit is."""
    stationary = not np.any((theta != 0) | (l1 == 0))
    for step in range(limit):
        gradient = loss.gram_gradient(theta) + l2 * theta
        # After a first step from the start, coefficients enter only where the others have settled.
        entering = _entering(gradient, theta, l1, loss) if stationary or step == 0 else NONE
        if len(entering) == 0 and stationary:
            return theta, True
        settled = stationary
        theta, stationary = _step(loss, l1, l2, theta, gradient, entering)
        # At a minimum over the others one of those that enter moves, unless rounding alone let them enter.
        if settled and stationary and not np.any(theta[entering]):
            return theta, True
    return theta, False


def _descend_strengths(loss: QuadraticLoss, l1: np.ndarray, l2: np.ndarray) -> np.ndarray:
    """From the strengths that give all zeros down to those asked for: near each other, minima are a few steps apart.

    Far from the minimum the method may wander through very many sets where there are more columns than rows.
    """
    theta, _ = iterate(loss, np.where(l1 > 0, HUGE, 0.0), l2, np.zeros(loss.size), MOST_STEPS)
    penalized = l1 > 0
    factor = float(np.max(np.abs(loss.gram_gradient(theta)[penalized]) / l1[penalized], initial=1.0))
    return descend(lambda times, start: iterate(loss, times * l1, l2, start, MOST_STEPS), theta, factor)


def descend(
    solve: Callable[[float, np.ndarray], tuple[np.ndarray, bool]], theta: np.ndarray, factor: float
) -> np.ndarray:
    """The minimum at the strengths themselves, by way of those at falling multiples of them, from `factor` on.

    Parameters
    ----------
    solve : callable
        From a multiple of the strengths and a start to the minimum there, and whether it was reached.
    theta : ndarray, shape (q,)
        The minimum at `factor` times the strengths.
    """
    while True:
        factor = max(STAGE * factor, 1.0)
        theta, done = solve(factor, theta)
        if not done:
            raise ConvergenceError(
                f"the active-set solver did not end within {MOST_STEPS} steps; please report these data."
            )
        if factor == 1.0:
            return theta


def _entering(gradient: np.ndarray, theta: np.ndarray, l1: np.ndarray, loss: QuadraticLoss) -> np.ndarray:
    """Zero coefficients whose gradient exceeds λ_j beyond rounding, largest excess first, not too many at once."""
    beyond = excess(gradient, theta, l1, loss)
    violating = np.flatnonzero(beyond > 0)
    active = np.count_nonzero(theta)
    most = max(10, active // 2)
    if loss.A is not None:
        # More coefficients than rows are never active together.
        most = max(1, min(most, loss.A.shape[0] - 1 - active))
    return violating[np.argsort(-beyond[violating])][:most]


def excess(gradient: np.ndarray, theta: np.ndarray, l1: np.ndarray, loss: QuadraticLoss) -> np.ndarray:
    """How far the gradients of zero coefficients exceed λ_j beyond rounding; −∞ for the others."""
    rounding = 50 * EPS * (np.max(np.abs(loss.cross), initial=0.0) + l1)
    return np.where((theta == 0) & (l1 > 0), np.abs(gradient) - l1 - rounding, -np.inf)


def _step(
    loss: QuadraticLoss, l1: np.ndarray, l2: np.ndarray, theta: np.ndarray, gradient: np.ndarray, entering: np.ndarray
) -> tuple[np.ndarray, bool]:
    """Move towards the minimum with signs held; returns the point, and whether it is that minimum.

    Entering coefficients that would start in the wrong direction stay at 0. At a minimum over the
    others at least one of them starts in the right one, so the step always descends.
    """
    signs = np.sign(theta)
    signs[entering] = -np.sign(gradient[entering])
    while True:
        active = np.flatnonzero((signs != 0) | (l1 == 0))
        if len(active) == 0:
            return theta, True
        kinks = l1[active] * signs[active]
        slope = gradient[active] + kinks
        direction, bend = newton_direction(loss, l2, active, theta, slope, kinks)
        penalized = l1[active] > 0
        wrong = (theta[active] == 0) & penalized & (direction * signs[active] <= 0)
        if not np.any(wrong):
            break
        signs[active[wrong]] = 0.0
    moved = theta[active] + direction
    if bend is None and np.all((moved * signs[active] > 0) | ~penalized):
        result = theta.copy()
        result[active] = moved
        return result, True
    return _line_search(theta, active, direction, slope, l1, bend), False


def newton_direction(
    loss: QuadraticLoss, l2: np.ndarray, active: np.ndarray, theta: np.ndarray, slope: np.ndarray, kinks: np.ndarray
) -> tuple[np.ndarray, float | None]:
    """The step to the minimum with signs held, or a direction of no measurable curvature, and that curvature.

    `slope` is the gradient on the active set, of which `kinks` (λ_j times the sign) is the part of the L1 term.
    """
    curvature = loss.curvature(active)
    curvature[np.diag_indices_from(curvature)] += l2[active]
    root = np.sqrt(np.diag(curvature))
    root[root == 0] = 1.0
    scaled = curvature / np.outer(root, root)
    try:
        factor = linalg.cholesky(scaled, lower=True, check_finite=False)
        if np.min(np.diag(factor)) ** 2 > 100 * len(active) * EPS:
            return -linalg.cho_solve((factor, True), slope / root, check_finite=False) / root, None
    except linalg.LinAlgError:
        pass
    # Nearly equal columns differ by little, but by more than rounding: the rows and their residuals tell them apart.
    values, vectors = _spectrum(loss, l2, active, scaled, root)
    slope = loss.gradient(theta)[active] + l2[active] * theta[active] + kinks
    along = vectors.T @ (slope / root)
    sizes = np.abs(loss.cross[active] / root) + np.abs(kinks / root)
    along[np.abs(along) <= ROUNDING * (np.max(sizes) + root @ np.abs(theta[active]))] = 0.0
    flat = values == 0
    if np.any(along[flat]):
        direction = -(vectors[:, flat] @ along[flat]) / root
        return direction, _curvature_along(loss, l2, active, direction)
    return -(vectors[:, ~flat] @ (along[~flat] / values[~flat])) / root, None


def _spectrum(
    loss: QuadraticLoss, l2: np.ndarray, active: np.ndarray, scaled: np.ndarray, root: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Eigenvalues (0 where they are rounding) and vectors of the scaled curvature, from the rows if they are known."""
    if loss.A is None:
        values, vectors = linalg.eigh(scaled, check_finite=False)
        return np.where(values > 100 * len(active) * EPS * values[-1], values, 0.0), vectors
    rows = np.vstack([to_dense(loss.A[:, active]) / root, np.diag(np.sqrt(l2[active]) / root)])
    triangle = linalg.qr(rows, mode="r", check_finite=False)[0][: len(active)]
    _, sizes, right = linalg.svd(triangle, check_finite=False)
    return np.where(sizes > 10 * len(active) * EPS * sizes[0], sizes, 0.0) ** 2, right.T


def _curvature_along(loss: QuadraticLoss, l2: np.ndarray, active: np.ndarray, direction: np.ndarray) -> float:
    """d'(A'A + diag(κ))d, from the rows where they are known, because nearly equal columns cancel in the products."""
    bend = float(l2[active] @ direction**2)
    if loss.A is None:
        return bend + max(float(direction @ loss.curvature(active) @ direction), 0.0)
    moved = loss.A[:, active] @ direction
    return bend + float(moved @ moved)


def _line_search(
    theta: np.ndarray, active: np.ndarray, direction: np.ndarray, slope: np.ndarray, l1: np.ndarray, bend: float | None
) -> np.ndarray:
    """The exact minimum along a ray of the (piecewise quadratic, convex) objective, kinks included.

    Along θ + t·d the smooth part with the starting signs has slope slope'd + t·bend, which is
    (1 − t)·slope'd towards a minimum (None); at each t where a coefficient crosses 0 it jumps by 2λ_j|d_j|.
    """
    start = theta[active]
    with np.errstate(divide="ignore", invalid="ignore"):
        crossing = np.where((start != 0) & (l1[active] > 0), -start / direction, np.inf)
    crossing = np.where(crossing > 0, crossing, np.inf)
    fall = float(slope @ direction)
    curvature = -fall if bend is None else bend
    stop = None
    for k in np.argsort(crossing):
        if not np.isfinite(crossing[k]) or fall + curvature * crossing[k] >= 0:
            break
        fall += 2 * l1[active[k]] * abs(direction[k])
        if fall + curvature * crossing[k] >= 0:
            stop = crossing[k]
            break
    if stop is None and curvature <= 0:
        raise ConvergenceError(
            "the objective falls for ever along a combination of columns; remove collinear unpenalized ones."
        )
    reached = -fall / curvature if stop is None else stop
    result = theta.copy()
    result[active] = np.where(crossing == stop, 0.0, start + reached * direction)
    return result


def refine(loss: QuadraticLoss, l1: np.ndarray, l2: np.ndarray, theta: np.ndarray) -> np.ndarray:
    """Iterative refinement of the last system, its residual taken from the rows, signs unchanged."""
    active = np.flatnonzero((theta != 0) | (l1 == 0))
    if len(active) == 0:
        return theta
    signs = np.sign(theta[active])
    for _ in range(2):
        kinks = l1[active] * signs
        slope = loss.gradient(theta)[active] + l2[active] * theta[active] + kinks
        direction, bend = newton_direction(loss, l2, active, theta, slope, kinks)
        moved = theta[active] + direction
        if bend is not None or np.any((moved * signs <= 0) & (l1[active] > 0)):
            break
        theta = theta.copy()
        theta[active] = moved
    return theta

"""The other route for every smooth family: scipy's bounded quasi-Newton method, finished by a root of the gradient.

With θ = θ⁺ − θ⁻ and both ≥ 0 the L1 term is λ'(θ⁺ + θ⁻), which is smooth, and the bounds give exact zeros.
"""

from dataclasses import replace

import numpy as np

from bayesreg.design.implicit import to_dense
from bayesreg.errors import ConvergenceError
from bayesreg.model.bounds import Box
from bayesreg.model.row_loss import RowLoss
from bayesreg.optimize.row_certificate import violations

# Rounds of descent and finish, steps of one descent, and steps that its curvature is read from.
ROUNDS, STEPS, MEMORY = 20, 15_000, 30
# A violation of the optimality conditions, in units of the largest score, that ends the rounds.
ENOUGH = 1e-14
# Beyond this size a root of the gradient costs more than it gives.
LARGEST_SUPPORT = 2_000
# Share of the curvature at the start below which an unpenalized direction counts as flat.
FLAT = 1e-10
# What takes the place of an infinite loss, which the line search cannot read.
HUGE = 1e250


def minimize_split(
    loss: RowLoss, l1: np.ndarray, l2: np.ndarray, start: np.ndarray, box: Box | None = None
) -> np.ndarray:
    """Approach the minimum of a smooth loss + Σ λ_j|θ_j| + ½κ_jθ_j² from a start; the certificate judges the point.

    Raises
    ------
    ConvergenceError
        If the loss falls without end along unpenalized columns, so that no minimum exists.
    """
    A = to_dense(loss.A)
    sizes = np.sqrt(loss.row_curvatures(loss.eta(start), upper=True) @ A**2 + l2)
    sizes = np.where(np.isfinite(sizes) & (sizes > 0), sizes, 1.0)
    alike = replace(loss, A=A / sizes)
    inner = Box(np.full(loss.size, -np.inf), np.full(loss.size, np.inf)) if box is None else box.times(sizes)
    theta = _rounds(alike, l1 / sizes, l2 / sizes**2, start * sizes, inner) / sizes
    if box is None:
        _refuse_flat(loss, A[:, (l1 == 0) & (l2 == 0)], start, theta)
        return theta
    return np.where(theta * sizes <= inner.lower, box.lower, np.where(theta * sizes >= inner.upper, box.upper, theta))


def _rounds(loss: RowLoss, l1: np.ndarray, l2: np.ndarray, start: np.ndarray, box: Box) -> np.ndarray:
    """Descend and finish for as long as the violation falls to less than a half."""
    best, smallest = start, _violation(loss, l1, l2, start, box)
    for _ in range(ROUNDS):
        before = smallest
        descended = _descend(loss, l1, l2, best, box)
        for point in (descended, _finish(loss, l1, l2, descended, box)):
            violation = _violation(loss, l1, l2, point, box)
            if violation < smallest:
                best, smallest = point, violation
        if smallest <= ENOUGH * (loss.gradient_unit or 1.0) or smallest > 0.5 * before:
            break
    return best


def _slope(loss: RowLoss, l2: np.ndarray, theta: np.ndarray) -> np.ndarray:
    with np.errstate(over="ignore", invalid="ignore"):
        return loss.gradient(theta) + l2 * theta


def _violation(loss: RowLoss, l1: np.ndarray, l2: np.ndarray, theta: np.ndarray, box: Box) -> float:
    """Largest violation of the optimality conditions; infinite where the gradient is not finite."""
    score = l2 * theta - _slope(loss, l2, theta)
    bounded = box if np.any(np.isfinite(box)) else None
    return float(np.max(np.nan_to_num(violations(theta, score, l1, l2, bounded), nan=np.inf)))


def _descend(loss: RowLoss, l1: np.ndarray, l2: np.ndarray, theta: np.ndarray, box: Box) -> np.ndarray:
    """L-BFGS-B on both parts of θ, to the limit of rounding; a coordinate without an L1 term is not split."""
    from scipy.optimize import Bounds, minimize

    def value_and_slopes(parts: np.ndarray) -> tuple[float, np.ndarray]:
        plus, minus = np.split(parts, 2)
        point = plus - minus
        with np.errstate(over="ignore", invalid="ignore"):
            value = loss.value(point) + l1 @ (plus + minus) + 0.5 * l2 @ point**2
        slope = np.nan_to_num(_slope(loss, l2, point), nan=0.0, posinf=HUGE, neginf=-HUGE)
        return min(np.nan_to_num(value, nan=HUGE), HUGE), np.concatenate([slope + l1, l1 - slope])

    split = l1 > 0
    parts = np.concatenate([np.where(split, np.maximum(theta, 0), theta), np.where(split, np.maximum(-theta, 0), 0)])
    lower = np.concatenate(
        [np.where(split, np.maximum(box.lower, 0.0), box.lower), np.where(split, np.maximum(-box.upper, 0.0), 0.0)]
    )
    upper = np.concatenate(
        [np.where(split, np.maximum(box.upper, 0.0), box.upper), np.where(split, np.maximum(-box.lower, 0.0), 0.0)]
    )
    settings = {"maxiter": STEPS, "maxfun": 2 * STEPS, "maxcor": MEMORY, "ftol": 0.0, "gtol": 0.0}
    ended = minimize(
        value_and_slopes, parts, jac=True, method="L-BFGS-B", bounds=Bounds(lower, upper), options=settings
    )
    plus, minus = np.split(ended.x, 2)
    return box.clip(np.asarray(plus - minus, dtype=float))


def _finish(loss: RowLoss, l1: np.ndarray, l2: np.ndarray, theta: np.ndarray, box: Box) -> np.ndarray:
    """A root of the gradient in the coefficients that are free, by MINPACK; what changes its sign becomes 0."""
    from scipy.optimize import root

    inside = (theta > box.lower) & (theta < box.upper)
    support = np.flatnonzero(((theta != 0) | (l1 == 0)) & inside)
    if not 0 < len(support) <= LARGEST_SUPPORT:
        return theta
    fixed = loss.A[:, ~inside] @ theta[~inside]
    part = replace(loss, A=loss.A[:, support], offset=loss.offset + fixed if np.any(~inside) else loss.offset)
    push, ridge = (l1 * np.sign(theta))[support], l2[support]

    def slopes(point: np.ndarray) -> np.ndarray:
        return np.nan_to_num(_slope(part, ridge, point) + push, nan=HUGE, posinf=HUGE, neginf=-HUGE)

    def curvature(point: np.ndarray) -> np.ndarray:
        with np.errstate(over="ignore"):
            rows = part.row_curvatures(part.eta(point), upper=False)
        return np.nan_to_num(part.A.T @ (rows[:, None] * part.A), posinf=HUGE) + np.diag(ridge)

    solved = root(slopes, theta[support], jac=curvature, method="hybr", options={"xtol": 1e-15}).x
    finished = np.where(inside, 0.0, theta)
    finished[support] = np.where((push != 0) & (np.sign(solved) != np.sign(push)), 0.0, solved)
    return box.clip(finished)


def _refuse_flat(loss: RowLoss, free: np.ndarray, start: np.ndarray, theta: np.ndarray) -> None:
    """Raise where the curvature along some combination of the unpenalized columns has died out on the way."""
    if free.shape[1] == 0:
        return
    curvatures = [loss.row_curvatures(loss.eta(point), upper=True) for point in (start, theta)]
    first, last = (free.T @ (rows[:, None] * free) for rows in curvatures)
    values, vectors = np.linalg.eigh(first)
    keep = values > 1e-12 * values[-1]
    basis = vectors[:, keep] / np.sqrt(values[keep])
    if np.linalg.eigvalsh(basis.T @ last @ basis)[0] < FLAT:
        raise ConvergenceError(
            "scipy found no minimum: the loss falls without end along columns with a flat prior, as where they "
            "separate the classes; give these columns a finite scale."
        )

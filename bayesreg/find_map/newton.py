"""Descent of −log density by proximal Newton steps with damping, to the rounding of its gradient.

Around a point the smooth part is replaced by its quadratic model on a working set (every smooth coordinate,
the u_j that are not 0, and zeros that violate the optimality conditions); the minimum of model + kinks is found
exactly, zeros included, by the active-set method. A step that fails to descend is damped as in a trust region
(Lee, Sun & Saunders 2014, doi:10.1137/130921428, with the damping of Levenberg and Marquardt, since the density need
not be log-concave). Saddle points are left along their negative curvature. This file decides nothing about the
answer: :mod:`bayesreg.find_map.certificate` does.
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from scipy import linalg

from bayesreg.errors import ConvergenceError
from bayesreg.find_map.density import Local, SplitDensity
from bayesreg.model.quadratic import loss_of_products
from bayesreg.optimize.solvers import active_set

EPS = float(np.finfo(float).eps)
# Changes of −log density below this share of 1 + |−log density| may be rounding.
RESOLUTION = 1e-10
# No step moves a transformed value further than this (in log units, for a scale), and none is followed beyond this.
LONGEST_STEP, FARTHEST = 4.0, 80.0
LARGEST_DAMPING = 1e12
ESCAPES, GRADIENT_STEPS, WALLS = 20, 2_000, 6


class End(StrEnum):
    """Why the descent ended."""

    SETTLED = "no step improves on it beyond rounding"
    OUT_OF_STEPS = "the steps ran out"
    RUNAWAY = "a variable ran towards the end of its range"
    UNBOUNDED = "the density became infinite"


@dataclass(frozen=True, eq=False)
class Descent:
    """Where a descent ended, why, and after how many steps and evaluations."""

    local: Local
    end: End
    steps: int
    evaluations: int


@dataclass(frozen=True, eq=False)
class _Model:
    """The quadratic model on a working set, in units in which its curvature is 1.

    ``unit`` is about one standard deviation of each coordinate; ``matrix`` the Hessian in that unit.
    """

    columns: np.ndarray
    unit: np.ndarray
    matrix: np.ndarray


def descend(
    density: SplitDensity,
    start: np.ndarray,
    *,
    held: np.ndarray | None = None,
    max_steps: int = 200,
    report: Callable[[int, Local], None] | None = None,
) -> Descent:
    """Follow −log density downhill from `start`, with the coordinates in `held` (a mask) left where they are.

    Raises
    ------
    ConvergenceError
        If −log density or its gradient is not finite at the start, or its Hessian on the way.
    """
    free = np.ones(len(start), dtype=bool) if held is None else ~held
    local, evaluations, damping, escapes = density.at(start), 1, 0.0, 0
    if not np.isfinite(local.value):
        raise ConvergenceError("the log density or its gradient is not finite where the search begins.")
    for step in range(max_steps):
        if report is not None:
            report(step, local)
        model = _model(density, local, free)
        moved, damping, tries = _damped_step(density, local, model, damping)
        evaluations += tries
        if moved is None:
            moved = _escape(density, local, model) if escapes < ESCAPES else None
            escapes += 1
        if moved is None:
            return Descent(local, End.SETTLED, step, evaluations)
        if moved.value == -np.inf:
            return Descent(local, End.UNBOUNDED, step, evaluations)
        local = moved
        if np.any(np.abs(local.v - density.start)[density.transformed & free] > FARTHEST):
            return Descent(local, End.RUNAWAY, step, evaluations)
    return Descent(local, End.OUT_OF_STEPS, max_steps, evaluations)


def scaled_hessian(hessian: np.ndarray, slope: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """A Hessian in units in which its diagonal is ±1, and the units; where it has none, by the slope instead."""
    size = np.maximum(np.abs(np.diag(hessian)), 1e-4 * slope**2)
    unit = 1 / np.sqrt(np.where(size > 0, size, 1.0))
    return hessian * np.outer(unit, unit), unit


def eigenpair(matrix: np.ndarray, k: int) -> tuple[float, np.ndarray]:
    """The k-th smallest eigenvalue of a symmetric matrix, and its vector."""
    with suppress(linalg.LinAlgError):
        values, vectors = linalg.eigh(matrix, subset_by_index=[k, k])
        if len(values) == 1:
            return float(values[0]), vectors[:, 0]
    # LAPACK's search for a single eigenvalue fails on some clustered ones; that for all of them does not.
    values, vectors = np.linalg.eigh(matrix)
    return float(values[k]), vectors[:, k]


def _model(density: SplitDensity, local: Local, free: np.ndarray) -> _Model:
    columns = _working_set(local, free)
    hessian = density.curvature(local.v, columns)
    if undefined := density.labels(columns[~np.all(np.isfinite(hessian), axis=1)]):
        raise ConvergenceError(
            f"the second derivative of the log density in {', '.join(undefined[:5])} is not finite where the search "
            "came to; give another start={name: value}, or write it without powers of abs() or the like."
        )
    matrix, unit = scaled_hessian(hessian, local.subgradient[columns])
    return _Model(columns, unit, matrix)


def _working_set(local: Local, free: np.ndarray) -> np.ndarray:
    """Smooth coordinates, nonzero ones, and the zeros that violate most (not too many at once)."""
    support = (local.v != 0) | (local.l1 == 0)
    excess = np.where(support | ~free, 0.0, np.abs(local.subgradient) / np.where(local.l1 > 0, local.l1, 1.0))
    entering = np.argsort(-excess)[: max(10, np.count_nonzero(support & free))]
    working = support & free
    working[entering[excess[entering] > 0]] = True
    return np.flatnonzero(working)


def _damped_step(density: SplitDensity, local: Local, model: _Model, damping: float) -> tuple[Local | None, float, int]:
    """The next point, or None if no step improves on this one; the damping to go on with; evaluations made."""
    tries = 0
    while damping < LARGEST_DAMPING:
        target = _target(density, local, model, damping)
        if target is None or np.any(np.abs(target - local.v)[density.transformed] > LONGEST_STEP):
            damping = max(4 * damping, 1e-3)
            continue
        predicted = _predicted_fall(local, model, target)
        trial = density.at(target)
        tries += 1
        if trial.value == -np.inf:
            return trial, damping, tries
        fall = local.value - trial.value
        noise = RESOLUTION * (1 + abs(local.value))
        if fall >= 1e-3 * predicted and fall > noise:
            good = fall >= 0.7 * predicted
            return trial, (damping / 10 if damping > 1e-8 else 0.0) if good else damping, tries
        if abs(fall) <= noise and _residual(trial, model) < 0.5 * _residual(local, model):
            return trial, damping / 10 if damping > 1e-8 else 0.0, tries
        if predicted <= 0.01 * noise:
            return None, damping, tries
        damping = max(4 * damping, 1e-3)
    return None, 0.0, tries


def _residual(local: Local, model: _Model) -> float:
    """Largest violation of the first-order conditions, in standard deviations on the working set, else in l1."""
    share = np.abs(local.subgradient) / np.where(local.l1 > 0, local.l1, np.inf)
    share[model.columns] = np.abs(local.subgradient[model.columns]) * model.unit
    return float(np.max(share, initial=0.0))


def _target(density: SplitDensity, local: Local, model: _Model, damping: float) -> np.ndarray | None:
    """Minimum of the damped model, its zeros exact; None if that model is not convex."""
    columns, unit = model.columns, model.unit
    matrix = model.matrix.copy()
    matrix[np.diag_indices_from(matrix)] += damping + 10 * EPS * len(columns)
    try:
        factor = linalg.cholesky(matrix, lower=True)
    except linalg.LinAlgError:
        return None
    here, l1 = local.v[columns] / unit, local.l1[columns] * unit
    bounded = density.bounded[columns]
    signs = np.sign(here) * ((l1 > 0) | bounded)
    target = local.v.copy()
    if np.all((signs != 0) | ((l1 == 0) & ~bounded)):
        step = -linalg.cho_solve((factor, True), local.subgradient[columns] * unit)
        if np.all((here + step) * signs > 0, where=signs != 0):
            target[columns] += step * unit
            return target
    minimum = _constrained(matrix, matrix @ here - local.slope[columns] * unit, l1, here, bounded)
    if minimum is None:
        return None
    target[columns] = minimum * unit + 0.0  # no −0
    return target


def _constrained(
    matrix: np.ndarray, cross: np.ndarray, l1: np.ndarray, here: np.ndarray, bounded: np.ndarray
) -> np.ndarray | None:
    """Minimum of ½θ'Mθ − c'θ + Σ l1_j|θ_j|, where the bounded θ_j ≥ 0; None if it was not found.

    A wall at 0 is a kink that is steep enough on its other side: L|θ_j| − Lθ_j is 0 for θ_j ≥ 0.
    """
    wall = 1.0 + 10 * float(np.max(np.abs(cross) + l1, initial=0.0))
    for _ in range(WALLS if np.any(bounded) else 1):
        raised = np.where(bounded, wall, l1)
        shifted = cross + np.where(bounded, wall - l1, 0.0)
        near = _proximal_gradient(matrix, shifted, raised, here)
        try:
            loss = loss_of_products(matrix, shifted, 0.0)
            minimum = active_set.minimize(loss, raised, np.zeros(len(l1)), near, polish=False)
        except ConvergenceError:
            return None
        if not np.any(minimum[bounded] < 0):
            return minimum
        wall *= 100
    return None


def _proximal_gradient(matrix: np.ndarray, cross: np.ndarray, l1: np.ndarray, start: np.ndarray) -> np.ndarray:
    """Near the minimum of ½θ'Mθ − c'θ + Σ l1_j|θ_j|, where the active-set method has few zeros left to find.

    Accelerated, with restarts (Beck & Teboulle 2009, doi:10.1137/080716542; O'Donoghue & Candès 2015,
    doi:10.1007/s10208-013-9150-3).
    """
    last = len(l1) - 1
    length = 1 / float(eigenpair(matrix, last)[0])
    theta, ahead, momentum = start, start, 1.0
    for _ in range(GRADIENT_STEPS):
        reached = ahead - length * (matrix @ ahead - cross)
        moved = np.sign(reached) * np.maximum(np.abs(reached) - length * l1, 0.0)
        change = moved - theta
        if np.max(np.abs(change)) <= 1e-8 * (1 + np.max(np.abs(moved))):
            return moved
        if (ahead - moved) @ change > 0:
            momentum = 1.0
        following = 0.5 * (1 + np.sqrt(1 + 4 * momentum**2))
        ahead = moved + (momentum - 1) / following * change
        theta, momentum = moved, following
    return theta


def _predicted_fall(local: Local, model: _Model, target: np.ndarray) -> float:
    step = (target - local.v)[model.columns]
    scaled = step / model.unit
    l1 = local.l1[model.columns]
    kinks = float(l1 @ (np.abs(target[model.columns]) - np.abs(local.v[model.columns])))
    return -float(local.slope[model.columns] @ step + 0.5 * scaled @ model.matrix @ scaled) - kinks


def _escape(density: SplitDensity, local: Local, model: _Model) -> Local | None:
    """A lower point along the direction of least curvature, where that is negative, or flat and ends at a kink."""
    support = (local.v[model.columns] != 0) | (local.l1[model.columns] == 0)
    columns, unit = model.columns[support], model.unit[support]
    if len(columns) == 0:
        return None
    curvature, vector = eigenpair(model.matrix[np.ix_(support, support)], 0)
    direction = np.zeros(len(local.v))
    direction[columns] = unit * vector
    if curvature < -1e-8:
        trials = [local.v + sign * length * direction for length in (1.0, 0.1, 0.01, 1e-3) for sign in (1, -1)]
        needed = RESOLUTION * (1 + abs(local.value))
    elif curvature < 100 * len(columns) * EPS:
        trials = _to_next_kink(local, direction)
        needed = -RESOLUTION * (1 + abs(local.value))
    else:
        return None
    for v in trials:
        moved = density.at(v)
        if local.value - moved.value > needed:
            return moved
    return None


def _to_next_kink(local: Local, direction: np.ndarray) -> list[np.ndarray]:
    """Where a ray of constant density first makes a Laplace coordinate 0, both ways: a mode with one zero more."""
    steps = []
    moving = (local.l1 > 0) & (local.v != 0) & (np.abs(direction) > 1e-6 * np.max(np.abs(direction)))
    for sign in (1.0, -1.0):
        with np.errstate(divide="ignore", invalid="ignore"):
            lengths = np.where(moving, -local.v / (sign * direction), np.inf)
        lengths[lengths <= 0] = np.inf
        first = int(np.argmin(lengths))
        if np.isfinite(lengths[first]):
            v = local.v + lengths[first] * sign * direction
            v[first] = 0.0
            steps.append(v)
    return steps

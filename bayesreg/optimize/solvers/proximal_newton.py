"""Minimization of a family's loss + Σ λ_j|θ_j| + ½κ_jθ_j² by proximal Newton steps on working sets.

Around a point the loss is replaced by its quadratic model on a working set of coefficients, whose
penalized minimum the active-set method finds exactly; a step length makes the objective fall. The set
grows by the coefficients that violate the optimality conditions until none does (Lee, Sun & Saunders
2014, doi:10.1137/130921428; Massias, Gramfort & Salmon 2018, https://proceedings.mlr.press/v80/massias18a.html).
"""

from dataclasses import dataclass

import numpy as np

from bayesreg.errors import ConvergenceError
from bayesreg.model.bounds import Box
from bayesreg.model.quadratic import loss_of_products
from bayesreg.model.row_loss import RowLoss
from bayesreg.optimize.cures import SEPARATED, UNEVEN
from bayesreg.optimize.solvers import bounded
from bayesreg.optimize.solvers.by_partition import solver_of
from bayesreg.priors.partition import SINGLES, Partition

EPS = float(np.finfo(float).eps)
# Violations below this share of the strength are done, and so are those that rounding explains.
TOLERANCE = 1e-13
# Steps without progress, from a violation below this share of the gradient at 0, are rounding too.
PATIENCE, SMALL = 3, 1e-8
# A Hessian is kept while each step with it reduces the violation to this share.
KEEP = 0.01
# Added to a nearly singular Hessian as a share of its diagonal: above its rounding, below what slows the steps.
DAMPING = 1e-10
# Shares of the bound that are added to a Hessian that is not positive definite; the least that makes it so is taken.
SHARES = (0.01, 0.1, 0.3)
OUTER_STEPS, NEWTON_STEPS, HALVINGS = 200, 200, 40


@dataclass(frozen=True, eq=False)
class _Point:
    """A point with its linear predictor, gradient of the loss, and objective."""

    theta: np.ndarray
    eta: np.ndarray
    slopes: np.ndarray
    objective: float


def minimize(
    loss: RowLoss,
    l1: np.ndarray,
    l2: np.ndarray,
    start: np.ndarray,
    box: Box | None = None,
    blocks: Partition = SINGLES,
) -> np.ndarray:
    """Minimize the penalized loss of a family.

    Parameters
    ----------
    loss : RowLoss
        Of size q.
    l1, l2 : ndarray, shape (q,)
        λ_j ≥ 0 and κ_j ≥ 0.
    start : ndarray, shape (q,)
        For a loss that is not convex, the answer is the local minimum that the steps lead to.
    box : Box, optional
        The bounds of θ.
    blocks : Partition, optional
        Whose lengths λ multiplies.

    Returns
    -------
    ndarray, shape (q,)

    Raises
    ------
    ConvergenceError
        If the objective is not finite, or falls without reaching a minimum (a separable Bernoulli target).
    """
    start = np.asarray(start, dtype=float)
    point = _evaluate(loss, l1, l2, start if box is None else box.clip(start), blocks)
    if not np.isfinite(point.objective):
        raise ConvergenceError("the loss is not finite at the starting point; rescale the columns or the offset.")
    working = np.flatnonzero((blocks.lengths(point.theta) > 0) | (l1 == 0))
    for _ in range(OUTER_STEPS):
        point = _minimize_on(loss, l1, l2, point, working, box, blocks)
        excess = _violation(point.theta, loss.A.T @ point.slopes, l1, l2, box, blocks) - _allowed(loss, l1)
        # On the working set the steps have gone as far as rounding lets them.
        excess[working] = 0.0
        entering = np.flatnonzero(excess > 0)
        if len(entering) == 0:
            _refuse_flat(loss, l1, l2, point, box)
            return point.theta
        entering = entering[np.argsort(-excess[entering])][: max(10, len(working))]
        entered = np.zeros(loss.size)
        entered[entering] = 1.0
        # The whole of a block enters.
        working = np.flatnonzero((blocks.lengths(point.theta) > 0) | (l1 == 0) | (blocks.largest(entered) > 0))
    raise ConvergenceError(f"the working set did not settle within {OUTER_STEPS} rounds; please report these data.")


def _refuse_flat(loss: RowLoss, l1: np.ndarray, l2: np.ndarray, point: _Point, box: Box | None) -> None:
    """Raise where the loss is flat along columns without a prior: its gradient vanishes there, but at no minimum."""
    is_free = (l1 == 0) & (l2 == 0)
    if box is not None:
        is_free &= (point.theta > box.lower) & (point.theta < box.upper)
    free = np.flatnonzero(is_free)
    if len(free) == 0 or not loss.family.convex:
        return
    columns = loss.A[:, free]
    curvature = columns.T @ (loss.row_curvatures(point.eta, upper=False)[:, None] * columns)
    unit = np.sqrt(loss.weights @ columns**2)
    if np.linalg.eigvalsh(curvature / np.outer(unit, unit))[0] < 1e-10:
        raise ConvergenceError(SEPARATED)


def _allowed(loss: RowLoss, l1: np.ndarray) -> np.ndarray:
    return TOLERANCE * l1 + loss.gradient_rounding


def _evaluate(loss: RowLoss, l1: np.ndarray, l2: np.ndarray, theta: np.ndarray, blocks: Partition) -> _Point:
    eta = loss.eta(theta)
    penalty = float(l1 @ blocks.shares(theta) + 0.5 * l2 @ theta**2)
    return _Point(theta, eta, loss.row_slopes(eta), loss.value_at(eta) + penalty)


def _violation(
    theta: np.ndarray, gradient: np.ndarray, l1: np.ndarray, l2: np.ndarray, box: Box | None, blocks: Partition
) -> np.ndarray:
    if box is not None:
        return np.maximum(*bounded.falls(theta, gradient + l2 * theta, l1, box)).clip(min=0.0)
    at_zero = np.maximum(blocks.lengths(gradient) - l1, 0.0)
    away = blocks.lengths(gradient + l2 * theta + l1 * blocks.directions(theta))
    return np.where(blocks.lengths(theta) == 0, at_zero, away)


def _minimize_on(
    loss: RowLoss,
    l1: np.ndarray,
    l2: np.ndarray,
    point: _Point,
    working: np.ndarray,
    box: Box | None,
    blocks: Partition,
) -> _Point:
    """Proximal Newton steps over the working set, until its conditions hold or rounding ends the descent."""
    if len(working) == 0:
        return point
    columns, strength, ridge, part = loss.A[:, working], l1[working], l2[working], blocks.part(working)
    inner = None if box is None else box.of(working)
    allowed = _allowed(loss, strength)
    # Columns of different units have gradients of different sizes; progress is that of all.
    sizes = np.maximum(np.sqrt(loss.weights @ columns**2), np.finfo(float).tiny)
    best, idle, previous = np.inf, 0, np.inf
    hessian = None
    for _ in range(NEWTON_STEPS):
        gradient = columns.T @ point.slopes
        excess = _violation(point.theta[working], gradient, strength, ridge, inner, part) - allowed
        violation = float(np.max(excess / sizes))
        idle = 0 if violation < 0.5 * best else idle + 1
        best = min(best, violation)
        if violation <= 0 or (idle > PATIENCE and np.max(excess) < SMALL * loss.gradient_unit):
            return point
        # The Hessian costs far more than a gradient, so it is kept as long as a step with it gains two digits.
        if hessian is None or violation > KEEP * previous:
            hessian = _hessian(
                loss, columns, point.eta, ridge, (part.lengths(point.theta[working]) == 0) & (strength > 0)
            )
        previous = violation
        here = point.theta[working]
        target = _minimum_of_model(hessian, gradient, strength, ridge, here, inner, part)
        moved = _descend(loss, l1, l2, point, working, target, blocks)
        if moved is None:
            return point
        point = moved
    raise ConvergenceError(_unsettled(loss, bool(np.any((strength == 0) & (ridge == 0)))))


def _unsettled(loss: RowLoss, free: bool) -> str:
    if loss.family.convex and free:
        return SEPARATED
    if loss.family.convex:
        return f"the steps did not settle in the minimum within {NEWTON_STEPS}: rounding hides it; {UNEVEN}"
    return (
        f"the {loss.family.name} loss, which is not convex, did not settle in a minimum within {NEWTON_STEPS} Newton "
        "steps; give columns without a prior a finite scale, or use a larger sigma or df."
    )


def _minimum_of_model(
    hessian: np.ndarray,
    gradient: np.ndarray,
    l1: np.ndarray,
    l2: np.ndarray,
    here: np.ndarray,
    box: Box | None,
    blocks: Partition,
) -> np.ndarray:
    """Penalized minimum of the quadratic model around `here`.

    Where rounding leaves a nearly singular model without one, the step is damped: this changes the way, not the end.
    """

    def minimum(bend: np.ndarray) -> np.ndarray:
        model = loss_of_products(bend, bend @ here - gradient, 0.0)
        if box is None:
            return solver_of(blocks)(model, l1, l2, here)
        return bounded.minimize(model, l1, l2, box, here)

    try:
        return minimum(hessian)
    except ConvergenceError:
        return minimum(hessian + DAMPING * np.diag(np.diag(hessian)))


def _hessian(loss: RowLoss, columns: np.ndarray, eta: np.ndarray, l2: np.ndarray, at_zero: np.ndarray) -> np.ndarray:
    """Hessian of the loss on the working set, or its non-negative bound where the penalized loss is not convex."""
    hessian = columns.T @ (loss.row_curvatures(eta, upper=False)[:, None] * columns)
    if loss.family.convex or _is_convex(hessian + np.diag(l2)):
        return hessian
    upper = columns.T @ (loss.row_curvatures(eta, upper=True)[:, None] * columns)
    # Coefficients at 0 may be held back: where they stay there, Newton's rate is kept for the others.
    held = [hessian + np.diag(np.where(at_zero, factor * np.diag(upper), 0.0)) for factor in (1.0, 10.0, 100.0)]
    # The bound itself overstates the curvature by far near a saddle, and would leave it in very many small steps.
    mixed = [hessian + share * (upper - hessian) for share in SHARES]
    for model in [*(held if np.any(at_zero) else []), *mixed]:
        if _is_convex(model + np.diag(l2)):
            return np.asarray(model)
    return upper


def _is_convex(matrix: np.ndarray) -> bool:
    try:
        np.linalg.cholesky(matrix)
    except np.linalg.LinAlgError:
        return False
    return True


def _descend(
    loss: RowLoss,
    l1: np.ndarray,
    l2: np.ndarray,
    point: _Point,
    working: np.ndarray,
    target: np.ndarray,
    blocks: Partition,
) -> _Point | None:
    """The longest of the steps 1, ½, ¼, … along which the objective does not rise beyond rounding, if any."""
    step = target - point.theta[working]
    slack = 50 * EPS * (abs(point.objective) + float(loss.weights @ np.abs(loss.y * point.eta)))
    for k in range(HALVINGS):
        theta = point.theta.copy()
        # At full length the target itself is taken, so that its zeros stay exact.
        theta[working] = target if k == 0 else point.theta[working] + 0.5**k * step
        moved = _evaluate(loss, l1, l2, theta, blocks)
        if moved.objective <= point.objective + slack:
            return moved
    return None

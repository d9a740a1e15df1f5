"""What a certificate is made of: violations, the penalty's part of a gap, and points of a family's loss on its rows."""

import numpy as np

from bayesreg.model.bounds import Box
from bayesreg.model.row_loss import RowLoss
from bayesreg.optimize.box_certificate import penalty_gap_within, unpenalized, violations_within
from bayesreg.optimize.dual_point import dual_points
from bayesreg.priors.partition import SINGLES, Partition

# Shares of a row-wise dual point that are tried in turn until one is feasible.
SHARES = tuple(0.5**k for k in range(10))


def judge_rows(
    loss: RowLoss,
    theta: np.ndarray,
    l1: np.ndarray,
    l2: np.ndarray,
    box: Box | None = None,
    blocks: Partition = SINGLES,
) -> tuple[float, float, float, float]:
    """Relative and absolute KKT residual, duality gap and primal value of one point of a family's loss.

    The dual point is u = −slopes (where the loss has a kink, the best of its subgradients), made orthogonal
    to unpenalized columns and shrunk until it is feasible.
    """
    eta = loss.eta(theta)
    primal = loss.value_at(eta) + float(l1 @ blocks.shares(theta) + 0.5 * l2 @ theta**2)
    if loss.family.smooth:
        candidates = [(-loss.row_slopes(eta), 0.0)]
    else:
        candidates = [(point.u, point.excess) for point in dual_points(loss, theta, eta, l1, l2)]
    judged = [_judge_dual(loss, theta, eta, u, excess, l1, l2, box, blocks) for u, excess in candidates]
    kkt, violation, gap = min(judged, key=lambda point: np.nan_to_num(point[0], nan=np.inf))
    # Each dual point bounds the distance from the minimum, so the smallest bound holds.
    return kkt, violation, min([gap, *(point[2] for point in judged)]), primal


def _judge_dual(
    loss: RowLoss,
    theta: np.ndarray,
    eta: np.ndarray,
    u: np.ndarray,
    excess: float,
    l1: np.ndarray,
    l2: np.ndarray,
    box: Box | None,
    blocks: Partition,
) -> tuple[float, float, float]:
    """KKT residuals and gap at a dual point u of shape (n,); `excess` is what it violates on the rows, relative."""
    violation = violations(theta, loss.A.T @ u, l1, l2, box, blocks)
    unit = np.where(l1 > 0, l1, loss.gradient_unit or 1.0)
    relative = np.divide(violation, unit, out=np.zeros_like(violation), where=violation != 0)
    gap = _gap_of_rows(loss, theta, eta, u / loss.weights, l1, l2, box, blocks) if loss.family.has_gap else np.nan
    return max(float(np.max(relative)), excess), max(float(np.max(violation)), excess * float(np.max(unit))), gap


def _gap_of_rows(
    loss: RowLoss,
    theta: np.ndarray,
    eta: np.ndarray,
    dual: np.ndarray,
    l1: np.ndarray,
    l2: np.ndarray,
    box: Box | None,
    blocks: Partition,
) -> float:
    score = loss.A.T @ (loss.weights * dual)
    free = unpenalized(theta, score, l1, l2, box, lambda some: _score_without(loss, dual, some))
    dual = _project_out(loss, dual, free)
    if not loss.family.smooth:
        dual = dual / max(1.0, float(np.max(np.abs(loss.weights * dual) / loss.largest_slopes)))
    score = loss.A.T @ (loss.weights * dual)
    score[free] = 0.0
    # Far from the minimum the projection may leave the domain of the conjugate, to which 0 belongs.
    for share in (*SHARES, 0.0):
        shrink, pairs = penalty_gap(theta[None], share * score[None], l1[None], l2[None], box, blocks)
        gap = loss.row_gap(eta, shrink[0] * share * dual) + float(pairs[0])
        if np.isfinite(gap):
            break
    return gap


def _project_out(loss: RowLoss, dual: np.ndarray, free: np.ndarray) -> np.ndarray:
    """A dual point made orthogonal to some columns."""
    if not np.any(free):
        return dual
    root = np.sqrt(loss.weights)
    columns = loss.A[:, free] * root[:, None]
    return np.asarray(dual - (columns @ np.linalg.lstsq(columns, root * dual, rcond=None)[0]) / root)


def _score_without(loss: RowLoss, dual: np.ndarray, free: np.ndarray) -> np.ndarray:
    score = loss.A.T @ (loss.weights * _project_out(loss, dual, free))
    return np.where(free, 0.0, score)


def violations(
    theta: np.ndarray,
    score: np.ndarray,
    l1: np.ndarray,
    l2: np.ndarray,
    box: Box | None = None,
    blocks: Partition = SINGLES,
) -> np.ndarray:
    """Distance of each block's −gradient of the loss from the subdifferential of the penalty, shape as θ."""
    if box is not None:
        return violations_within(theta, score, l1, l2, box)
    at_zero = np.maximum(blocks.lengths(score) - l1, 0.0)
    away = blocks.lengths(score - l2 * theta - l1 * blocks.directions(theta))
    return np.where(blocks.lengths(theta) == 0, at_zero, away)


def penalty_gap(
    theta: np.ndarray,
    score: np.ndarray,
    l1: np.ndarray,
    l2: np.ndarray,
    box: Box | None = None,
    blocks: Partition = SINGLES,
) -> tuple[np.ndarray, np.ndarray]:
    """The largest feasible c ≤ 1 of each point, and its penalty's part of the gap; both of shape (m,)."""
    if box is not None:
        return penalty_gap_within(theta, score, l1, l2, box)
    size = blocks.lengths(score)
    bounded = (l1 > 0) & (l2 == 0) & (size > l1)
    shrink = np.min(np.divide(l1, size, out=np.ones_like(l1), where=bounded), axis=1)
    scaled = shrink[:, None] * score
    clipped = blocks.clipped(scaled, l1)
    target = np.divide(scaled - clipped, l2, out=theta.copy(), where=l2 > 0)
    pairs = blocks.sums(0.5 * l2 * (theta - target) ** 2)
    pairs = pairs + np.maximum(blocks.sums(l1 * blocks.shares(theta) - theta * clipped), 0.0)
    return shrink, np.sum(pairs, axis=1)

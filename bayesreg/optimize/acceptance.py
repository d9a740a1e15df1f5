"""Whether points may be returned as minima: their certificates against what rounding leaves of them."""

import numpy as np

from bayesreg.errors import ConvergenceError
from bayesreg.model.bounds import Box
from bayesreg.model.quadratic import QuadraticLoss
from bayesreg.model.row_loss import RowLoss
from bayesreg.optimize.certificate import certify_family_points, certify_points
from bayesreg.optimize.cures import UNEVEN
from bayesreg.priors.partition import SINGLES, Partition

# What a certificate must show before a point is returned; ROUNDING is that of the gradient itself, as a share of it.
KKT_TOLERANCE, GAP_TOLERANCE, ROUNDING = 1e-9, 1e-9, 1e3 * float(np.finfo(float).eps)
# Roundings of the single terms of a gradient that it may have, in all.
GRADIENTS = 4
Loss = QuadraticLoss | RowLoss


def check_accepted(
    loss: Loss,
    theta: np.ndarray,
    l1: np.ndarray,
    l2: np.ndarray,
    kkt: np.ndarray,
    gap: np.ndarray,
    box: Box | None = None,
    blocks: Partition = SINGLES,
) -> None:
    """Raise ConvergenceError unless m points on columns of even size are minima up to rounding.

    Parameters
    ----------
    theta, l1, l2 : ndarray, shape (m, q)
    kkt, gap : ndarray, shape (m,)
        As certified; the gaps count where the loss is convex.
    """
    allowed = reachable_kkt(loss, l1)
    if not np.all(kkt <= allowed):
        worst = int(np.argmax(np.nan_to_num(kkt / allowed, nan=np.inf)))
        raise ConvergenceError(
            f"the solver's point{_number(worst, kkt)} violates the optimality conditions by {kkt[worst]:.1e} (relative "
            f"to the strength; allowed {allowed[worst]:.1e}); {UNEVEN}"
        )
    if isinstance(loss, RowLoss) and not loss.family.has_gap:
        return
    wide = np.flatnonzero(~(gap <= GAP_TOLERANCE))
    if len(wide) == 0:
        return
    excess = _excess_of_gap(loss, theta[wide], l1[wide], l2[wide], box, blocks)
    if not np.all(excess <= GAP_TOLERANCE):
        worst = int(np.argmax(np.nan_to_num(excess, nan=np.inf)))
        raise ConvergenceError(
            f"the objective at the solver's point{_number(wide[worst], kkt)} may be above its minimum by a share of "
            f"{excess[worst]:.1e} (allowed {GAP_TOLERANCE:g}); {UNEVEN}"
        )


def reachable_kkt(loss: Loss, l1: np.ndarray) -> np.ndarray:
    """The relative KKT residual that each point may have, shape (m,): 1e-9, or what rounding leaves of it."""
    smallest = np.min(l1, axis=1, where=l1 > 0, initial=np.inf)
    if isinstance(loss, RowLoss):
        smallest = np.where(np.any(l1 == 0, axis=1), np.minimum(smallest, loss.gradient_unit or 1.0), smallest)
    return np.maximum(KKT_TOLERANCE, _gradient_rounding(loss) / smallest)


def _gradient_rounding(loss: Loss) -> float:
    rounding = ROUNDING * loss.gradient_unit
    return max(rounding, GRADIENTS * loss.gradient_rounding) if isinstance(loss, RowLoss) else rounding


def _excess_of_gap(
    loss: Loss, theta: np.ndarray, l1: np.ndarray, l2: np.ndarray, box: Box | None, blocks: Partition
) -> np.ndarray:
    """Relative gap of each point beyond what rounding r of its gradient makes of it, shape (m,).

    L1 strengths are raised by r, since a strength below it leaves no feasible dual point; then r leaves 2r|θ_j|
    of an L1 term and r²/(2κ_j) of an L2 term.
    """
    r = _gradient_rounding(loss)
    raised = np.where(l1 > 0, l1 + r, 0.0)
    if isinstance(loss, RowLoss):
        table = certify_family_points(loss, theta, raised, l2, box=box, blocks=blocks)
    else:
        table = certify_points(loss, theta, raised, l2, box=box, blocks=blocks)
    squares = np.divide(r**2, 2 * l2, out=np.zeros_like(l2), where=l2 > 0)
    floor = np.sum(2 * r * blocks.shares(theta) * (l1 > 0) + squares, axis=1)
    beyond = np.maximum(table.gap_absolute - floor, 0.0)
    return np.divide(beyond, np.abs(table.primal), out=np.zeros_like(beyond), where=beyond != 0)


def _number(point: int, kkt: np.ndarray) -> str:
    return f" {point}" if len(kkt) > 1 else ""

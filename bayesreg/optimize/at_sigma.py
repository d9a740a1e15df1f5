"""The minimum of Q at a given sigma, by the solver that suits the family and the penalty."""

from functools import partial

import numpy as np

from bayesreg.errors import UnsupportedError
from bayesreg.model.bounds import Box
from bayesreg.model.even_columns import EvenColumns, even_columns
from bayesreg.model.objective import strengths_at
from bayesreg.model.regression import Regression
from bayesreg.model.row_loss import RowLoss
from bayesreg.optimize.several_minima import minima
from bayesreg.optimize.solvers import absolute_loss, bounded, proximal_newton, ridge, row_span
from bayesreg.optimize.solvers.by_partition import solver_of
from bayesreg.optimize.units import in_units
from bayesreg.priors.partition import SINGLES, Partition

# Starting points that are tried at each of many strengths, where the one before leads to the next.
FEW = 3


def minimize_at(reg: Regression, sigma: float, start: np.ndarray | None = None) -> np.ndarray:
    """The minimum of Q at a given sigma, one of many, shape (q,)."""
    return minima_at(reg, sigma, start, once=False)[0]


def minima_at(reg: Regression, sigma: float, start: np.ndarray | None = None, *, once: bool = True) -> list[np.ndarray]:
    """The local minima of Q at a given sigma that were found, lowest first; one, where the family is convex.

    Where it is asked for `once`, a Gram matrix of all columns does not pay.
    """
    l1, l2 = strengths_at(reg, sigma)
    if not reg.is_gaussian:
        begin = first_point(reg) if start is None else start
        return minima_of_rows(reg.row_loss, l1, l2, begin, box=reg.box, blocks=reg.partition)
    even = even_columns(reg.loss, l1, l2, reg.partition)
    box = even.within(reg.box)
    if box is not None:
        return [
            even.outside(
                bounded.minimize(even.loss, even.l1, even.l2, box, None if start is None else even.inside(start))
            )
        ]
    if np.all(l1 == 0) and np.all(l2 > 0):
        return [even.outside(ridge.minimize(even.loss, even.l2))]
    first = None if start is None else even.inside(start)
    return [even.outside(solver_of(reg.partition, once=once)(even.loss, even.l1, even.l2, first))]


def minimize_rows(
    loss: RowLoss,
    l1: np.ndarray,
    l2: np.ndarray,
    start: np.ndarray,
    box: Box | None = None,
    blocks: Partition = SINGLES,
) -> np.ndarray:
    """The minimum of a family's loss and a penalty near a start, shape (q,); the lowest from a few starting points."""
    return minima_of_rows(loss, l1, l2, start, most=FEW, box=box, blocks=blocks)[0]


def minima_of_rows(
    loss: RowLoss,
    l1: np.ndarray,
    l2: np.ndarray,
    start: np.ndarray,
    most: int | None = None,
    box: Box | None = None,
    blocks: Partition = SINGLES,
) -> list[np.ndarray]:
    """The local minima of a family's loss and a penalty that were found, lowest first."""
    even, smooth = even_columns(loss, l1, l2, blocks), partial(_smooth, blocks=blocks)
    first = even.inside(start)
    if box is not None:
        return [even.outside(_within(even, first, box))]
    if not loss.family.location_scale:
        return [even.outside(smooth(even.loss, even.l1, even.l2, first))]
    units = in_units(even.loss, even.l1, even.l2)
    first = units.inside(first)
    if not loss.family.smooth:
        require_singles(loss, blocks)
        thetas = [_absolute(units.loss, units.l1, units.l2, first)]
    elif loss.family.convex:
        thetas = [smooth(units.loss, units.l1, units.l2, first)]
    else:
        thetas = minima(smooth, units.loss, units.l1, units.l2, first, most, blocks)
    return [even.outside(units.outside(theta)) for theta in thetas]


def _within(even: EvenColumns[RowLoss], start: np.ndarray, box: Box) -> np.ndarray:
    """The minimum over a box, of a family whose loss is smooth and convex."""
    family = even.loss.family
    if not (family.smooth and family.convex):
        raise UnsupportedError(
            f"a MAP with bounds is found where the loss is smooth and convex, which that of {family.name} is not; use "
            "another family, or look at the posterior: br.sample(reg)."
        )
    return proximal_newton.minimize(even.loss, even.l1, even.l2, start, even.within(box))


def require_singles(loss: RowLoss, blocks: Partition) -> None:
    """Raise UnsupportedError for a loss with kinks under a prior that joins columns."""
    if blocks is not SINGLES:
        raise UnsupportedError(
            f"a {loss.family.name} loss has kinks, and no solver here takes it with a prior that joins columns; use "
            'the family "student_t", br.Laplace, or the posterior: br.sample(reg).'
        )


def _smooth(loss: RowLoss, l1: np.ndarray, l2: np.ndarray, start: np.ndarray, blocks: Partition) -> np.ndarray:
    # In the span of the rows columns are others, but without an L1 term no blocks matter.
    if row_span.suits(loss, l1, l2):
        return row_span.minimize(proximal_newton.minimize, loss, l2, start)
    return proximal_newton.minimize(loss, l1, l2, start, None, blocks)


def _absolute(loss: RowLoss, l1: np.ndarray, l2: np.ndarray, start: np.ndarray) -> np.ndarray:
    if row_span.suits(loss, l1, l2):
        return row_span.minimize(absolute_loss.minimize, loss, l2, start)
    return absolute_loss.minimize(loss, l1, l2, start)


def first_point(reg: Regression) -> np.ndarray:
    """Zero coefficients, and the intercept that fits the mean of the target."""
    if not reg.intercept_term.in_theta:
        return np.zeros(reg.p)
    rows = reg.row_loss
    offset = reg.design.rows.offset if reg.design.rows is not None else None
    shift = 0.0 if offset is None else float(np.mean(offset))
    mean = float(rows.weights @ rows.y / rows.weights.sum())
    return reg.intercept_term.join(np.zeros(reg.p), reg.family.start(mean) - shift)

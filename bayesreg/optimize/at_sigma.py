"""The minimum of Q at a given sigma, by the solver that suits the family and the penalty."""

import numpy as np

from bayesreg.model.regression import Regression
from bayesreg.model.row_loss import RowLoss
from bayesreg.optimize.solvers import absolute_loss, active_set, proximal_newton, ridge
from bayesreg.optimize.units import in_units


def minimize_at(reg: Regression, sigma: float, start: np.ndarray | None = None) -> np.ndarray:
    """The minimum of Q at a given sigma, shape (q,)."""
    l1, l2 = reg.weights_at(sigma)
    if not reg.is_gaussian:
        return minimize_rows(reg.row_loss, l1, l2, first_point(reg) if start is None else start)
    if np.all(l1 == 0) and np.all(l2 > 0):
        return ridge.minimize(reg.loss, l2)
    return active_set.minimize(reg.loss, l1, l2, start)


def minimize_rows(loss: RowLoss, l1: np.ndarray, l2: np.ndarray, start: np.ndarray) -> np.ndarray:
    """The minimum of a family's loss and a penalty, shape (q,)."""
    if not loss.family.location_scale:
        return proximal_newton.minimize(loss, l1, l2, start)
    solver = proximal_newton if loss.family.smooth else absolute_loss
    units = in_units(loss, l1, l2)
    return units.outside(solver.minimize(units.loss, units.l1, units.l2, units.inside(start)))


def first_point(reg: Regression) -> np.ndarray:
    """Zero coefficients, and the intercept that fits the mean of the target."""
    theta = np.zeros(reg.row_loss.size)
    if reg.has_intercept_column:
        offset = reg.design.rows.offset if reg.design.rows is not None else None
        shift = 0.0 if offset is None else float(np.mean(offset))
        rows = reg.row_loss
        mean = float(rows.weights @ rows.y / rows.weights.sum())
        theta[-1] = reg.family.start(mean) - shift - reg.intercept_loc
    return theta

"""The loss as a function of two coefficients around an estimate, as a contour plot sees it."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from scipy import linalg

from bayesreg.errors import ConvergenceError, UnsupportedError
from bayesreg.model.regression import Regression
from bayesreg.model.row_loss import RowLoss
from bayesreg.optimize.estimate import Estimate
from bayesreg.optimize.solvers import proximal_newton

# Numbers held at once while rows × points are evaluated.
BLOCK = 2_000_000
STEPS, LONGEST_STEP, SETTLED = 60, 2.0, 1e-9


@dataclass(frozen=True, eq=False)
class LossSlice:
    """The loss over two coefficients, the others held at an estimate and the intercept minimized out.

    Attributes
    ----------
    point : ndarray, shape (2,)
        The estimate's own two coefficients.
    lowest : ndarray, shape (2,), or None
        The minimum (the one nearest to `point`, if there are many); None if the loss keeps falling.
    above : callable
        From points of shape (m, 2) to the loss less that at `point`, shape (m,).
    is_quadratic : bool
    n : int
        Rows.
    """

    point: np.ndarray
    lowest: np.ndarray | None
    above: Callable[[np.ndarray], np.ndarray]
    is_quadratic: bool
    n: int


def loss_slice(reg: Regression, estimate: Estimate, columns: tuple[int, int]) -> LossSlice:
    """Cut the loss (½RSS, or σ² × negative log likelihood) through an estimate along two columns.

    Parameters
    ----------
    reg : Regression
        With known sigma. A prior on the intercept counts as loss; the prior on the coefficients does not.
    estimate : Estimate
        Of the regression, with the intercept at its minimum.
    columns : tuple of int
        Positions of the two columns.

    Returns
    -------
    LossSlice
        For two columns in all it is the loss itself, with the intercept at its best for each point.

    Raises
    ------
    UnsupportedError
        If the loss has kinks.
    """
    if not reg.family.smooth:
        raise UnsupportedError(f"the loss of the {reg.family.name} family has kinks and is not drawn; use student_t.")
    term = reg.intercept_term
    theta = term.join(estimate.beta, estimate.intercept + reg.design.standardization.center @ estimate.coef)
    chosen, kappa = term.append(np.array(columns), reg.p), term.precision(estimate.sigma)
    return _quadratic(reg, theta, chosen, kappa) if reg.is_gaussian else _of_rows(reg, theta, chosen, kappa)


def _quadratic(reg: Regression, theta: np.ndarray, chosen: np.ndarray, kappa: float) -> LossSlice:
    curvature, slope = reg.loss.curvature(chosen), reg.loss.gradient(theta)[chosen]
    hessian, gradient, point = curvature[:2, :2], slope[:2], theta[chosen[:2]]
    if len(chosen) == 3:
        # The intercept is at its minimum at the point, so only the curvature loses what it can give way to.
        hessian = hessian - np.outer(curvature[:2, 2], curvature[:2, 2]) / (curvature[2, 2] + kappa)
    unit = np.sqrt(np.maximum(np.diag(hessian), np.finfo(float).tiny))
    lowest = point - linalg.lstsq(hessian / np.outer(unit, unit), gradient / unit)[0] / unit

    def above(points: np.ndarray) -> np.ndarray:
        step = points - point
        return np.asarray(step @ gradient + 0.5 * np.sum((step @ hessian) * step, axis=1))

    return LossSlice(point, lowest, above, True, reg.n)


def _of_rows(reg: Regression, theta: np.ndarray, chosen: np.ndarray, kappa: float) -> LossSlice:
    whole, point = reg.row_loss, theta[chosen]
    columns = whole.A[:, chosen]
    loss = replace(whole, A=columns, offset=whole.eta(theta) - columns @ point)
    ridge = np.array([0.0, 0.0, kappa])[: len(chosen)]
    base = loss.value(point) + 0.5 * float(ridge @ point**2)

    def above(points: np.ndarray) -> np.ndarray:
        size = max(1, BLOCK // len(loss.y))
        blocks = [points[start : start + size] for start in range(0, len(points), size)]
        return np.concatenate([_profiled(loss, block, point[2:], kappa) for block in blocks]) - base

    try:
        lowest = proximal_newton.minimize(loss, np.zeros(len(chosen)), ridge, point)[:2]
    except ConvergenceError:
        lowest = None
    return LossSlice(point[:2], lowest, above, False, reg.n)


def _profiled(loss: RowLoss, points: np.ndarray, intercept: np.ndarray, kappa: float) -> np.ndarray:
    """The loss at points of shape (m, 2), least over the intercept if there is one."""
    eta = loss.offset + points @ loss.A[:, :2].T
    row_sigma = loss.sigma / np.sqrt(loss.weights)
    if len(intercept) == 0:
        return np.asarray(loss.family.loss(loss.y, eta, row_sigma) @ loss.weights)
    at = np.full(len(points), intercept[0])
    for _ in range(STEPS):
        here = eta + at[:, None]
        slope = loss.family.slope(loss.y, here, row_sigma) @ loss.weights + kappa * at
        curvature = loss.family.upper_curvature(loss.y, here, row_sigma) @ loss.weights + kappa
        step = np.clip(slope / np.maximum(curvature, np.finfo(float).tiny), -LONGEST_STEP, LONGEST_STEP)
        at = at - step
        if np.max(np.abs(step)) < SETTLED:
            break
    values = loss.family.loss(loss.y, eta + at[:, None], row_sigma) @ loss.weights
    return np.asarray(values + 0.5 * kappa * at**2)

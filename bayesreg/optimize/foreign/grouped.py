"""Group lasso by other packages: skglm's own, and scipy's methods at narrower and narrower kinks."""

import warnings
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from bayesreg.design.implicit import to_dense
from bayesreg.errors import ConvergenceError, UnsupportedError
from bayesreg.model.objective import strengths_at
from bayesreg.model.regression import Regression
from bayesreg.model.row_loss import RowLoss
from bayesreg.optimize.row_certificate import judge_rows
from bayesreg.priors.dictionary import convert
from bayesreg.priors.partition import Groups

# Widths of the kinks, as shares of the size of the coefficients.
WIDTHS = np.logspace(-2, -8, 7)
# A group counts as 0 while its slope is below one of these shares of the strength.
INSIDE = (0.999, 0.99, 0.99999)
# A relative KKT residual that ends the search; steps of one descent, and the relative fall at which it ends.
ENOUGH, STEPS, FALL = 1e-11, 3_000, 1e-13
Answer = tuple[np.ndarray, str]


def fit_groups(reg: Regression, sigma: float, solver: str, A: Any, b: Any) -> Answer:
    """The minimum under a prior that joins columns, and the tool that found it.

    Raises
    ------
    UnsupportedError
        If the tool has no form for it.
    """
    blocks = reg.partition
    assert isinstance(blocks, Groups)
    if solver == "scipy" and reg.family.smooth:
        l1, l2 = strengths_at(reg, sigma)
        loss = RowLoss(A, b, np.zeros(len(b)), np.ones(len(b)), reg.family, 1.0) if reg.is_gaussian else reg.row_loss
        return minimize_smoothed(replace(loss, A=to_dense(loss.A)), l1, l2, blocks), "scipy.optimize.minimize"
    if solver == "skglm" and reg.is_gaussian:
        return _fit_skglm(blocks, *strengths_at(reg, sigma), A, b)
    raise UnsupportedError(
        f'{solver} has no group lasso for the {reg.family.name} family; use solver="scipy", for any smooth family.'
    )


def _fit_skglm(blocks: Groups, l1: np.ndarray, l2: np.ndarray, A: np.ndarray, b: np.ndarray) -> Answer:
    import skglm
    from sklearn.exceptions import ConvergenceWarning

    if np.any(l2 > 0):
        raise UnsupportedError(
            'skglm has no L2 term beside groups, as of an intercept with a prior; use solver="scipy".'
        )
    strength = float(np.max(l1))
    model = skglm.GroupLasso(
        groups=[at.tolist() for at in blocks.members],
        alpha=convert(strength, "half_rss", "skglm", n=len(b), term="l1"),
        weights=np.array([l1[at[0]] / strength for at in blocks.members]),
        fit_intercept=False,
        tol=1e-13,
        max_iter=1_000,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("error", ConvergenceWarning)
        try:
            fitted = model.fit(np.asfortranarray(A), b)
        except ConvergenceWarning as warning:
            raise ConvergenceError(f"skglm did not converge: {warning}; use br.map_estimate.") from None
    return np.asarray(fitted.coef_, dtype=float), "skglm.GroupLasso"


def minimize_smoothed(loss: RowLoss, l1: np.ndarray, l2: np.ndarray, blocks: Groups) -> np.ndarray:
    """Approach the minimum of a smooth loss + Σ λ_g‖θ_g‖ + ½κ_jθ_j²; the certificate judges the point."""
    sizes = np.sqrt(loss.row_curvatures(loss.eta(np.zeros(loss.size)), upper=True) @ loss.A**2 + l2)
    sizes = np.where(sizes > 0, sizes, 1.0)
    unit = float(np.max(np.abs(loss.gradient(np.zeros(loss.size)) / sizes**2))) or 1.0
    theta = best = np.zeros(loss.size)
    smallest = np.inf
    for share in WIDTHS:
        theta = _descend(loss, l1, l2, blocks, share * unit, sizes, theta)
        for point in _candidates(loss, l1, l2, blocks, share * unit, theta):
            kkt = judge_rows(loss, point, l1, l2, None, blocks)[0]
            if kkt < smallest:
                best, smallest = point, kkt
        if smallest <= ENOUGH:
            break
    return best


def _descend(
    loss: RowLoss,
    l1: np.ndarray,
    l2: np.ndarray,
    blocks: Groups,
    width: float,
    sizes: np.ndarray,
    theta: np.ndarray,
) -> np.ndarray:
    """L-BFGS of the loss with Σ λ_g√(‖θ_g‖² + width²), in coefficients of about equal curvature."""
    from scipy.optimize import minimize

    def value_and_slopes(scaled: np.ndarray) -> tuple[float, np.ndarray]:
        point = scaled / sizes
        length = np.hypot(blocks.lengths(point), width)
        value = loss.value(point) + float(np.sum(l1 * length / blocks.sizes + 0.5 * l2 * point**2))
        return value, (loss.gradient(point) + l1 * point / length + l2 * point) / sizes

    settings: dict[str, Any] = {"maxiter": STEPS, "maxfun": 2 * STEPS, "maxcor": 30, "ftol": FALL, "gtol": 0.0}
    return np.asarray(
        minimize(value_and_slopes, theta * sizes, jac=True, method="L-BFGS-B", options=settings).x / sizes
    )


def _candidates(
    loss: RowLoss, l1: np.ndarray, l2: np.ndarray, blocks: Groups, width: float, theta: np.ndarray
) -> Iterator[np.ndarray]:
    """Roots of the gradient in the groups that are not 0, by MINPACK, for each share that tells them."""
    from scipy.optimize import root

    slope = blocks.lengths(theta) / np.hypot(blocks.lengths(theta), width)
    for inside in INSIDE:
        active = np.flatnonzero((slope >= inside) | (l1 == 0))
        part, some = replace(loss, A=loss.A[:, active]), blocks.part(active)
        push, ridge = l1[active], l2[active]

        def slopes(point: np.ndarray) -> np.ndarray:
            return np.asarray(part.gradient(point) + ridge * point + push * some.directions(point))  # noqa: B023

        def curvature(point: np.ndarray) -> np.ndarray:
            return _curvature(part, push, ridge, some, point)  # noqa: B023

        point = np.zeros(loss.size)
        if len(active):
            point[active] = root(slopes, theta[active], jac=curvature, method="hybr", options={"xtol": 1e-15}).x
        yield point


def _curvature(loss: RowLoss, l1: np.ndarray, l2: np.ndarray, blocks: Groups, theta: np.ndarray) -> np.ndarray:
    """Hessian of the loss and the lengths, where none is 0."""
    rows = loss.row_curvatures(loss.eta(theta), upper=False)
    length, direction = blocks.lengths(theta), blocks.directions(theta)
    bend = np.divide(l1, length, out=np.zeros_like(l1), where=length > 0)
    together = np.equal.outer(blocks.index, blocks.index)
    return np.asarray(
        loss.A.T @ (rows[:, None] * loss.A)
        + np.diag(l2 + bend)
        - np.where(together, bend[:, None] * np.multiply.outer(direction, direction), 0.0)
    )

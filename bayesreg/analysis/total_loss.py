"""Total loss = base loss + penalty, with its parts and its gradient, in any tool's objective."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from bayesreg.design.columns import read_matrix, read_vector
from bayesreg.errors import DataError, UnsupportedError
from bayesreg.priors.objective import Setting, objectives
from bayesreg.priors.penalty import Penalty, stated_for


@dataclass(frozen=True, eq=False)
class TotalLoss:
    """A penalized loss at one point, taken apart.

    Attributes
    ----------
    base : float
        The loss without penalty, in the objective's scaling.
    penalty : float
    total : float
        base + penalty: the penalty is added, never subtracted.
    force : ndarray, shape (p,)
        Gradient of the penalty: ±λ under L1, whatever the size (0 stands for all of [−λ, λ] at 0), and
        proportional to the coefficient under L2.
    gradient : ndarray, shape (p,), or None
        Gradient of the total in the coefficients, where the columns are known.
    objective : str

    See Also
    --------
    total_loss : Loss and penalty of an objective, term by term.
    """

    base: float
    penalty: float
    total: float
    force: np.ndarray
    gradient: np.ndarray | None
    objective: str


def total_loss(
    y: Any,
    prediction: Any,
    beta: Any,
    penalty: Penalty,
    *,
    objective: str | None = None,
    sigma: float | None = None,
    X: Any = None,
) -> TotalLoss:
    """Total loss of predictions and the coefficients that made them.

    Parameters
    ----------
    y, prediction : array-like, shape (n,)
    beta : array-like, shape (p,)
    penalty : L1, L2 or ElasticNet
    objective : str, optional
        An objective of :func:`bayesreg.objectives` that has the Gaussian family; by default the one that the
        penalty names. The base loss of ``nll``, and σ² times it of ``scaled_nll``, is the whole negative log
        likelihood.
    sigma : float, optional
        Needed for ``nll``, ``scaled_nll`` and ``park_casella``.
    X : array-like, shape (n, p), optional
        Columns; with them the gradient in beta is returned too.

    Returns
    -------
    TotalLoss

    Raises
    ------
    DataError
        If lengths differ.
    ObjectiveError
        If the objective is unknown, lacks the penalty's term, or needs sigma.
    UnsupportedError
        If its loss is that of another family.

    See Also
    --------
    objectives : Objectives of the tools that are known.
    map_estimate : Certified MAP estimate.

    Examples
    --------
    >>> import bayesreg as br
    >>> y, prediction, w = [1, 2, 3, 4, 5], [1.2, 1.8, 3.1, 4.3, 4.8], [0.5, 1, 1.5, 2, 2.5]
    >>> lasso = br.total_loss(y, prediction, w, br.L1(0.1), objective="mse")
    >>> ridge = br.total_loss(y, prediction, w, br.L2(0.1), objective="mse")
    >>> round(lasso.base, 3), round(lasso.total, 3), round(ridge.total, 3)
    (0.044, 0.794, 1.419)
    >>> ridge.force
    array([0.1, 0.2, 0.3, 0.4, 0.5])
    """
    resolved, family, stated = stated_for(penalty, objective)
    if not family.quadratic:
        raise UnsupportedError(
            f'total_loss covers losses of residuals, and "{resolved.name}" has the {family.name} family; use one of '
            f"{', '.join(one.name for one in objectives() if 'gaussian' in one.families)}."
        )
    target = read_vector(y, "y", _length(y, "y"))
    fitted = read_vector(prediction, "prediction", len(target))
    weights = read_vector(beta, "beta", _length(beta, "beta"))
    factor = resolved.loss_factor.value(Setting(n=len(target), sigma=sigma), f'"{resolved.name}"')
    residual = target - fitted
    base = 0.5 * factor * float(residual @ residual)
    if resolved.name in ("nll", "scaled_nll"):
        noise = Setting(sigma=sigma).need("sigma", f'"{resolved.name}"')
        constant = 0.5 * len(target) * float(np.log(2 * np.pi * noise**2))
        base += constant if resolved.name == "nll" else noise**2 * constant
    # Where a tool scales y by itself, it does so about the mean, as with an intercept.
    units = {"sigma": sigma, "sd_y": float(target.std()) or None}
    term, force = stated.value(weights, **units), stated.gradient(weights, **units)
    gradient = None if X is None else _base_gradient(X, residual, factor, len(weights)) + force
    return TotalLoss(base, term, base + term, force, gradient, resolved.name)


def _length(values: Any, what: str) -> int:
    try:
        length = len(values)
    except TypeError:
        length = 0
    if not length:
        raise DataError(f"{what} must be a sequence of numbers, got {values!r}.")
    return length


def _base_gradient(X: Any, residual: np.ndarray, factor: float, p: int) -> np.ndarray:
    matrix, _ = read_matrix(X)
    if matrix.shape != (len(residual), p):
        raise DataError(f"X has shape {matrix.shape}, expected ({len(residual)}, {p}).")
    return -factor * (matrix.T @ residual)

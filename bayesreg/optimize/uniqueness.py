"""Whether a penalized minimum is the only one: the columns that may move along a direction of no cost."""

import numpy as np

from bayesreg.design.implicit import to_dense
from bayesreg.model.objective import strengths_at
from bayesreg.model.regression import Regression

# A column is at its bound where its score is this share of its L1 strength or more.
AT_BOUND = 1 - 1e-7
# More columns than this are not decomposed.
MOST = 2_000
# Singular values below this share of the largest are 0 up to rounding; a float32 copy of a column is above it.
RANK_SHARE = 1e-10


def free_directions(reg: Regression, theta: np.ndarray, sigma: float) -> tuple[str, ...] | None:
    """The columns along which a minimum can move at no cost; none if it is the only one.

    Every minimum of a strictly convex loss has the same fitted values and so the same score on each column: it is the
    only one if the columns whose score is at its bound λ_j (and the unpenalized ones) are linearly independent
    (Tibshirani 2013, doi:10.1214/13-EJS815). A column with an L2 term never moves.

    Returns
    -------
    tuple of str or None
        Names of columns; None where the loss is not strictly convex, coefficients have bounds, or the columns are too
        many to tell.
    """
    separate = reg.bounds is None and reg.prior.is_separable
    if not (reg.family.convex and reg.family.smooth and separate):
        return None
    l1, l2 = strengths_at(reg, sigma)
    loss = reg.loss if reg.is_gaussian else reg.row_loss
    score = np.abs(loss.gradient(theta) + l2 * theta)
    at_bound = np.flatnonzero((l2 == 0) & (score >= AT_BOUND * l1))
    if len(at_bound) > MOST:
        return None
    names = (*reg.names, "intercept")
    return tuple(names[at_bound[j]] for j in _dependent(_columns(reg, at_bound)))


def _columns(reg: Regression, at: np.ndarray) -> np.ndarray:
    """Rows of some of the columns of θ, or what has the same products where only moments are known."""
    loss = reg.loss if reg.is_gaussian else reg.row_loss
    if loss.A is not None:
        return np.asarray(to_dense(loss.A[:, at]))
    values, vectors = np.linalg.eigh(reg.loss.curvature(at))
    return np.sqrt(np.maximum(values, 0.0))[:, None] * vectors.T


def _dependent(columns: np.ndarray) -> np.ndarray:
    """Positions of the columns that take part in a linear dependence."""
    if columns.shape[1] == 0:
        return np.array([], dtype=int)
    size = np.linalg.norm(columns, axis=0)
    triangle = np.linalg.qr(columns / np.where(size > 0, size, 1.0), mode="r")
    _, values, vectors = np.linalg.svd(triangle)
    rank = int(np.sum(values > RANK_SHARE * values[0]))
    return np.flatnonzero(np.any(np.abs(vectors[rank:]) > RANK_SHARE**0.5, axis=0))

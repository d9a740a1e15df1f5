"""What sparse summaries of a Gaussian posterior compare: its fits on the design."""

from dataclasses import dataclass

import numpy as np
from scipy import linalg

from bayesreg.errors import UnsupportedError
from bayesreg.model.quadratic import GRAM_COLUMNS
from bayesreg.model.regression import Regression
from bayesreg.model.unknowns import Unknowns


@dataclass(frozen=True, eq=False)
class Signal:
    """Posterior draws with a root of the covariance of the (standardized) columns on which the prior is stated.

    Attributes
    ----------
    reg : Regression
    root : ndarray, shape (r, p)
        R with R'R = X'X/n for the columns (centred if there is an intercept), Σw in place of n with row weights;
        ‖Rβ‖² is then the variance of the fit Xβ.
    beta : ndarray, shape (S, p)
    sigma : ndarray, shape (S,)
    """

    reg: Regression
    root: np.ndarray
    beta: np.ndarray
    sigma: np.ndarray

    def fit(self, beta: np.ndarray) -> np.ndarray:
        """Rβ for β of shape (..., p), shape (..., r)."""
        return beta @ self.root.T


def signal_of(reg: Regression, draws: Unknowns) -> Signal:
    """Collect them.

    Raises
    ------
    UnsupportedError
        If the family is not Gaussian, or there are too many columns for a Gram matrix.
    """
    if not reg.is_gaussian:
        raise UnsupportedError(
            f"sparse summaries are made for gaussian regressions, got {reg.family.name}; use br.sparsity(idata)."
        )
    if reg.p > GRAM_COLUMNS:
        raise UnsupportedError(f"p = {reg.p} columns; up to {GRAM_COLUMNS} are allowed here; use br.sparsity(idata).")
    return Signal(reg, _root(reg), draws.beta, draws.sigma)


def _root(reg: Regression) -> np.ndarray:
    loss, weight = reg.loss_of_columns, reg.design.weight
    A = loss.A
    if isinstance(A, np.ndarray) and A.shape[0] < reg.p and not reg.intercept_term.in_theta:
        return A / np.sqrt(weight)
    gram = loss.gram
    if reg.intercept_term.in_theta:
        side = gram[:-1, -1]
        gram = gram[:-1, :-1] - np.outer(side, side) / gram[-1, -1]
    # Scaled to a unit diagonal, so that columns of any size keep their digits.
    size = np.sqrt(np.maximum(np.diag(gram), 0.0))
    unit = np.where(size > 0, size, 1.0)
    values, vectors = linalg.eigh(gram / np.outer(unit, unit))
    keep = values > len(values) * np.finfo(float).eps * max(values[-1], 0.0)
    return np.sqrt(values[keep] / weight)[:, None] * vectors[:, keep].T * unit

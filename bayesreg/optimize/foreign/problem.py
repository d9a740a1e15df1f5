"""A smooth family's penalized loss, brought to the form that most packages have: one strength, few columns."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from bayesreg.design.implicit import to_dense
from bayesreg.errors import UnsupportedError
from bayesreg.model.objective import strengths_at
from bayesreg.model.regression import Regression
from bayesreg.model.row_loss import RowLoss

Map = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True, eq=False)
class Problem:
    """Loss + Σ λ_j|γ_j| + ½κ_jγ_j² in coefficients γ on columns of its own.

    Attributes
    ----------
    X : ndarray, shape (n, m)
    loss : RowLoss
        On X, with a last column of ones where there is an intercept.
    l1, l2 : ndarray, shape (m,)
    intercept_l2 : float
        κ₀ of the intercept; 0 for a flat one.
    back : callable
        From γ, shape (m,), to beta, shape (p,).
    """

    X: np.ndarray
    loss: RowLoss
    l1: np.ndarray
    l2: np.ndarray
    intercept_l2: float
    back: Map

    @property
    def has_intercept(self) -> bool:
        """Whether there is an intercept."""
        return self.loss.size > self.X.shape[1]

    def strengths(self) -> tuple[float, float]:
        """λ and κ of every column.

        Raises
        ------
        UnsupportedError
            If they differ, if both are 0, or if the intercept has a prior.
        """
        if np.ptp(self.l1) > 0 or np.ptp(self.l2) > 0 or self.intercept_l2 > 0 or not np.any(self.l1 + self.l2):
            raise UnsupportedError(
                "this package has one strength for all columns and a flat intercept or none; "
                'use solver="scipy", which takes any.'
            )
        return float(self.l1[0]), float(self.l2[0])

    def theta(self, coef: np.ndarray, intercept: float) -> np.ndarray:
        """The regression's θ."""
        beta = self.back(np.asarray(coef, dtype=float))
        return np.append(beta, intercept) if self.has_intercept else beta


def problem_of(reg: Regression) -> Problem:
    """Bring a regression with a known sigma to columns with one strength where its penalty allows it."""
    assert reg.noise.sigma is not None
    l1, l2 = strengths_at(reg, reg.noise.sigma)
    X, l1, l2, back = _reduced(to_dense(reg.coordinates.columns(reg.design.matrix)), l1[: reg.p], l2[: reg.p])
    loss = replace(reg.row_loss, A=reg.intercept_term.columns(X))
    return Problem(X, loss, l1, l2, reg.intercept_term.precision(reg.noise.sigma), back)


def _reduced(X: np.ndarray, l1: np.ndarray, l2: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, Map]:
    if np.all(l1 > 0) and not np.any(l2):
        # With β_j = γ_j λ̄/λ_j every |γ_j| has the same strength λ̄.
        mean = np.exp(np.mean(np.log(l1)))
        return X * (mean / l1), np.full_like(l1, mean), l2, lambda gamma: gamma * (mean / l1)
    if np.any(l1) or not np.all(l2 > 0):
        return X, l1, l2, lambda gamma: gamma
    mean = np.exp(np.mean(np.log(l2)))
    ratio = np.sqrt(mean / l2)
    if X.shape[1] <= X.shape[0]:
        return X * ratio, l1, np.full_like(l2, mean), lambda gamma: gamma * ratio
    # With more columns than rows the minimum lies in the space of the rows, on whose basis the norm is the same.
    basis, triangle = np.linalg.qr((X * ratio).T)
    m = basis.shape[1]
    return triangle.T, np.zeros(m), np.full(m, mean), lambda gamma: (basis @ gamma) * ratio

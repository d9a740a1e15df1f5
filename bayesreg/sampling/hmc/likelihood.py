"""The log likelihood of the rows and its slopes, at C points at once: two matrix products a gradient."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from bayesreg.families.base import Family
from bayesreg.model.intercept import Intercept
from bayesreg.model.regression import Regression


@dataclass(frozen=True, eq=False)
class Likelihood:
    """Σ_i log p(y_i | offset_i + (Aθ)_i, σ/√w_i), a family without a sigma having its log likelihood times w_i.

    Attributes
    ----------
    matrix : ndarray or ImplicitColumns, shape (n, q)
        The (standardized) columns on which the prior is stated, with a last column of ones where there is an intercept.
    y : ndarray, shape (n,)
    offset, weights : ndarray, shape (n,), or number
    family : Family
    intercept : Intercept
        The regression's, in θ wherever there is one.
    sigma : float or None
        None if it is unknown.
    """

    matrix: Any
    y: np.ndarray
    offset: np.ndarray | float
    weights: np.ndarray | float
    family: Family
    intercept: Intercept
    sigma: float | None

    @property
    def size(self) -> int:
        """q, the number of elements of θ."""
        return int(self.matrix.shape[1])

    def predictor(self, theta: np.ndarray) -> np.ndarray:
        """Linear predictors of θ (C, q), shape (C, n)."""
        return np.asarray(self.offset + theta @ self.matrix.T)

    def value(self, eta: np.ndarray, log_sigma: np.ndarray) -> np.ndarray:
        """Log likelihood, up to what no unknown changes, shape (C,)."""
        sigma = self._row_sigma(log_sigma)
        if self.sigma is None:
            return np.asarray(np.sum(self.family.log_likelihood(self.y, eta, sigma), axis=1))
        return -np.sum(self.family.loss(self.y, eta, sigma) * self.weights, axis=1) / self.sigma**2

    def gradient(self, eta: np.ndarray, log_sigma: np.ndarray) -> np.ndarray:
        """Derivative of the log likelihood in θ, shape (C, q)."""
        slopes = self.family.slope(self.y, eta, self._row_sigma(log_sigma)) * self.weights
        return -np.asarray(slopes @ self.matrix) * np.exp(-2 * log_sigma)[:, None]

    def log_sigma_slope(self, eta: np.ndarray, log_sigma: np.ndarray) -> np.ndarray:
        """Derivative of the log likelihood in log σ, shape (C,)."""
        return np.asarray(np.sum(self.family.log_sigma_slope(self.y, eta, self._row_sigma(log_sigma)), axis=1))

    def information(self, eta: np.ndarray, log_sigma: float) -> np.ndarray:
        """Fisher information of each row's linear predictor, shape (n,)."""
        return np.asarray(self.family.information(eta) * self.weights * np.exp(-2 * log_sigma))

    def _row_sigma(self, log_sigma: np.ndarray) -> np.ndarray:
        return np.exp(log_sigma)[:, None] / np.sqrt(self.weights)


def likelihood_of(reg: Regression) -> Likelihood:
    """Take the likelihood of a regression that has its rows."""
    rows, intercept = reg.design.rows, replace(reg.intercept_term, in_theta=reg.intercept_term.exists)
    assert rows is not None
    offset = intercept.loc + (0.0 if rows.offset is None else rows.offset)
    if reg.coordinates.loc is not None:
        offset = offset + reg.design.matrix @ reg.coordinates.loc
    return Likelihood(
        intercept.columns(reg.coordinates.columns(reg.design.matrix)),
        rows.y,
        offset,
        1.0 if rows.weights is None else rows.weights,
        reg.family,
        intercept,
        reg.noise.sigma,
    )

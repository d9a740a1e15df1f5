"""The affine map between the user's columns and those on which the prior is stated, and back."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, eq=False)
class Standardization:
    """Column j on which the prior is stated is (x_j − center_j) / sd_j.

    Attributes
    ----------
    center : ndarray, shape (p,)
        Column means, or zeros where nothing is centred.
    sd : ndarray, shape (p,)
        Column standard deviations with divisor n, or ones where nothing is scaled.

    Notes
    -----
    A linear predictor is the same on both sides: intercept + x·coef = at_center + z·beta, with
    coef = beta/sd and intercept = at_center − center·coef.
    """

    center: np.ndarray
    sd: np.ndarray

    def apply(self, X: np.ndarray) -> np.ndarray:
        """The (standardized) columns on which the prior is stated, shape (n, p)."""
        columns = X - self.center
        columns /= self.sd
        return columns

    def coef(self, beta: np.ndarray) -> np.ndarray:
        """Coefficients, draws (..., p) or prior scales on the user's columns, from those on the prior's."""
        return beta / self.sd

    def beta(self, coef: np.ndarray) -> np.ndarray:
        """Coefficients, draws (..., p) or prior scales on the prior's columns, from those on the user's."""
        return coef * self.sd

    def intercept(self, at_center: np.ndarray | float, coef: np.ndarray) -> np.ndarray:
        """The intercept at x = 0, from the one at the centre; shapes (...) and (..., p)."""
        return np.asarray(at_center - coef @ self.center)

    def intercept_at_center(self, intercept: np.ndarray | float, coef: np.ndarray) -> np.ndarray:
        """The intercept at the centre, from the one at x = 0."""
        return np.asarray(intercept + coef @ self.center)

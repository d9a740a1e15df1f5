"""The loss of any family as a function of the coefficients, on the rows."""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Self

import numpy as np

from bayesreg.design.design import Design
from bayesreg.design.implicit import ImplicitColumns, column_sizes, divided_by
from bayesreg.errors import PriorError
from bayesreg.families.base import Family
from bayesreg.model.intercept import Intercept
from bayesreg.model.quadratic import mapped_columns
from bayesreg.priors.coordinates import Coordinates


@dataclass(frozen=True, eq=False)
class RowLoss:
    """Σ_i w_i ℓ(y_i, offset_i + (Aθ)_i), for θ of shape (q,).

    Attributes
    ----------
    A : ndarray or ImplicitColumns, shape (n, q)
        The (standardized) columns on which the prior is stated, with a last column of ones where there is an intercept.
    y, offset, weights : ndarray, shape (n,)
    family : Family
    sigma : float
        Noise scale, 1 for families without one.
    """

    A: Any
    y: np.ndarray
    offset: np.ndarray
    weights: np.ndarray
    family: Family
    sigma: float

    @property
    def size(self) -> int:
        """q, the number of coefficients."""
        return self.A.shape[1]

    @cached_property
    def _row_sigma(self) -> np.ndarray:
        return self.sigma / np.sqrt(self.weights)

    @cached_property
    def gradient_unit(self) -> float:
        """The unit in which a gradient is small: ‖gradient at θ = 0‖∞, its bound where slopes fall with distance."""
        if self.family.convex:
            return float(np.max(np.abs(self.gradient(np.zeros(self.size))), initial=0.0))
        return float(np.max(self._column_sums(self.largest_slopes), initial=0.0))

    @cached_property
    def gradient_rounding(self) -> float:
        """What rounding alone may leave of a gradient: ε·max_j Σ_i w_i|a_ij|·(size of what a slope is made of)."""
        sizes = self.family.slope_size(self.y, self.offset, self._row_sigma)
        return float(np.finfo(float).eps * np.max(self._column_sums(self.weights * sizes), initial=0.0))

    @cached_property
    def column_sizes(self) -> np.ndarray:
        """Size of the numbers in each column, shape (q,)."""
        return column_sizes(self.A)

    def divided_by(self, unit: np.ndarray) -> Self:
        """The same loss on columns divided by units of shape (q,)."""
        return replace(self, A=divided_by(self.A, unit))

    def mapped(self, coordinates: Coordinates) -> Self:
        """The same loss as a function of other coordinates of θ."""
        if coordinates.is_plain:
            return self
        shift, factor = coordinates.padded(self.size)
        return replace(
            self, A=self.A if factor is None else mapped_columns(self.A, factor), offset=self.offset + self.A @ shift
        )

    @property
    def largest_slopes(self) -> np.ndarray:
        """The largest slope of each row of a family with a sigma, shape (n,)."""
        return self.weights * self._row_sigma * self.family.largest_slope

    def _column_sums(self, sizes: np.ndarray) -> np.ndarray:
        """Σ_i s_i|a_ij|, shape (q,)."""
        return self.A.absolute_sums(sizes) if isinstance(self.A, ImplicitColumns) else np.abs(self.A).T @ sizes

    def eta(self, theta: np.ndarray) -> np.ndarray:
        """Linear predictor, shape (n,)."""
        support = np.flatnonzero(theta)
        if len(support) < 0.5 * self.size and not isinstance(self.A, ImplicitColumns):
            return self.offset + self.A[:, support] @ theta[support]
        return self.offset + self.A @ theta

    def value_at(self, eta: np.ndarray) -> float:
        """Loss at a linear predictor."""
        return float(self.weights @ self.family.loss(self.y, eta, self._row_sigma))

    def value(self, theta: np.ndarray) -> float:
        """Loss at θ."""
        return self.value_at(self.eta(theta))

    def row_slopes(self, eta: np.ndarray) -> np.ndarray:
        """w_i ℓ'_i, shape (n,)."""
        return self.weights * self.family.slope(self.y, eta, self._row_sigma)

    def row_curvatures(self, eta: np.ndarray, *, upper: bool) -> np.ndarray:
        """w_i ℓ''_i, or the non-negative bound that the family offers, shape (n,)."""
        curvature = self.family.upper_curvature if upper else self.family.curvature
        return self.weights * curvature(self.y, eta, self._row_sigma)

    def gradient(self, theta: np.ndarray) -> np.ndarray:
        """Gradient in θ, shape (q,)."""
        return self.A.T @ self.row_slopes(self.eta(theta))

    def row_gap(self, eta: np.ndarray, dual: np.ndarray) -> float:
        """Σ w_i [ℓ_i(η_i) + ℓ_i*(−u_i) + u_iη_i] ≥ 0 for row-wise dual points u."""
        return float(self.weights @ self.family.dual_gap(self.y, eta, dual, self._row_sigma))


def row_loss(design: Design, intercept: Intercept, family: Family, sigma: float | None) -> RowLoss:
    """The loss of a regression's rows as a function of θ.

    Raises
    ------
    PriorError
        If there are no rows or sigma is unknown.
    """
    A, rows = intercept.columns(design.matrix), design.rows
    if rows is None or sigma is None:
        raise PriorError("this needs the rows and a known sigma; use reg.with_sigma(number).")
    offset = np.full(design.n, intercept.loc) if rows.offset is None else rows.offset + intercept.loc
    weights = np.ones(design.n) if rows.weights is None else rows.weights
    return RowLoss(A, rows.y, offset, weights, family, sigma)

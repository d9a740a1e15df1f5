"""A design: named columns, how they are standardized, and their rows or their moments (or both)."""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from bayesreg.design.columns import Rows, warn_constant_columns
from bayesreg.design.formula import FormulaSpec
from bayesreg.design.implicit import implicit_columns, is_sparse
from bayesreg.design.moments import CACHED, Moments, moments_of_rows, row_blocks, weighted_mean
from bayesreg.design.sparse_columns import sparse_sd
from bayesreg.design.standardization import Standardization
from bayesreg.errors import DataError

# A column whose spread is below this share of its size is constant up to rounding.
CONSTANT_SHARE = 1e-13
# Sums of squares in between are neither under- nor overflown.
SAFE_SQUARES = (1e-200, 1e250)


@dataclass(frozen=True, eq=False)
class Design:
    """What a regression knows of its data.

    Attributes
    ----------
    names : tuple of str
        Column names, length p.
    target : str
    n : int
        Rows.
    rows : Rows or None
        None if only moments are known.
    standardization : Standardization
        From the user's columns to those on which the prior is stated.
    constant : ndarray, shape (p,)
        Which columns do not vary.
    formula : FormulaSpec or None
        What made the columns, if it was a formula.
    """

    names: tuple[str, ...]
    target: str
    n: int
    rows: Rows | None
    standardization: Standardization
    constant: np.ndarray
    given_moments: Moments | None = None
    formula: FormulaSpec | None = None

    @property
    def p(self) -> int:
        """Number of columns."""
        return len(self.names)

    @property
    def has_offset(self) -> bool:
        """Whether the rows have a known part of the linear predictor."""
        return self.rows is not None and self.rows.offset is not None

    @property
    def known_rows(self) -> Rows:
        """The rows.

        Raises
        ------
        DataError
            If only moments are known.
        """
        if self.rows is None:
            raise DataError(
                "this regression was made from moments, which hold no rows; use Regression(X, y, …) for this."
            )
        return self.rows

    def centered(self) -> "Design":
        """The same design with its columns centred."""
        mean = self.moments.mean_x if self.rows is None else weighted_mean(self.rows.X, self.rows.weights)
        return replace(self, standardization=Standardization(mean, self.standardization.sd))

    @cached_property
    def moments(self) -> Moments:
        """Sufficient statistics on the user's columns; computed from the rows on first use."""
        if self.given_moments is not None:
            return self.given_moments
        return moments_of_rows(self.known_rows, self.names, self.target)

    @cached_property
    def weight(self) -> float:
        """Σ w_i, or n without weights."""
        if self.rows is None:
            return self.moments.weight
        return float(self.n if self.rows.weights is None else self.rows.weights.sum())

    @cached_property
    def log_weight(self) -> float:
        """Σ log w_i, 0 without weights."""
        if self.rows is None:
            return self.moments.log_weight
        return 0.0 if self.rows.weights is None else float(np.log(self.rows.weights).sum())

    @cached_property
    def mean_y(self) -> float:
        """Weighted mean of the response (y less the offset)."""
        if self.rows is None:
            return self.moments.mean_y
        return float(weighted_mean(self.rows.response[:, None], self.rows.weights)[0])

    @cached_property
    def sd_x(self) -> np.ndarray:
        """Standard deviations of the user's columns with divisor n (Σw), 1 where they do not vary, shape (p,)."""
        if self.rows is None:
            sd = self.moments.sd_x
        else:
            sd = weighted_sd(self.rows.X, weighted_mean(self.rows.X, self.rows.weights), self.rows.weights)
        return np.where(self.constant, 1.0, sd)

    @cached_property
    def sd_y(self) -> float:
        """Standard deviation of the response with divisor n (Σw)."""
        if self.rows is None:
            return self.moments.sd_y
        spread = weighted_sd(self.rows.response[:, None], np.array([self.mean_y]), self.rows.weights)[0]
        return float(spread) if spread > CONSTANT_SHARE * np.max(np.abs(self.rows.response)) else 0.0

    @property
    def noise_spread(self) -> float:
        """√(Σw(y − ȳ)²/n), the spread of the response in the units of sigma: row i has noise sd σ/√w_i."""
        return self.sd_y * (self.weight / self.n) ** 0.5

    @cached_property
    def matrix(self) -> Any:
        """The rows of the columns on which the prior is stated, shape (n, p); ImplicitColumns where X is sparse."""
        rows, standardization = self.known_rows, self.standardization
        if is_sparse(rows.X):
            return implicit_columns(rows.X, standardization.center, standardization.sd, rows.weights)
        return standardization.apply(rows.X)


def design_of_rows(
    rows: Rows, names: tuple[str, ...], target: str, *, center: bool, standardize: bool | np.ndarray
) -> Design:
    """Make a design from rows, with a warning for columns that do not vary; `standardize` may say so by column."""
    mean = weighted_mean(rows.X, rows.weights)
    sd = weighted_sd(rows.X, mean, rows.weights)
    constant = sd <= CONSTANT_SHARE * _largest(rows.X)
    if center:  # Without an intercept a constant column is one.
        warn_constant_columns(names, constant)
    standardization = _standardization(mean, sd, constant, center=center, standardize=standardize)
    return Design(names, target, rows.X.shape[0], rows, standardization, constant)


def design_of_moments(moments: Moments, *, center: bool, standardize: bool) -> Design:
    """Make a design from moments alone; DataError for what is none."""
    if not isinstance(moments, Moments):
        raise DataError(f"expected Moments, got {type(moments).__name__}; make them with br.moments(source, target).")
    sd = moments.sd_x
    constant = sd <= CONSTANT_SHARE * np.abs(moments.mean_x)
    if center:
        warn_constant_columns(moments.names, constant)
    standardization = _standardization(moments.mean_x, sd, constant, center=center, standardize=standardize)
    return Design(moments.names, moments.target, moments.n, None, standardization, constant, moments)


def weighted_sd(X: Any, mean: np.ndarray, weights: np.ndarray | None) -> np.ndarray:
    """Column standard deviations with divisor n (Σw), safe from under- and overflow, shape (p,)."""
    weights = np.ones(X.shape[0]) if weights is None else weights
    if is_sparse(X):
        return sparse_sd(X, mean, weights)
    squares, unit = _squares(X, mean, weights), np.ones(X.shape[1])
    # What may have under- or overflowed is computed again in units of the column's own spread.
    odd = ~((squares > SAFE_SQUARES[0]) & (squares < SAFE_SQUARES[1]))
    if np.any(odd):
        deviation = X[:, odd] - mean[odd]
        largest = np.max(np.abs(deviation), axis=0)
        unit[odd] = np.where(largest > 0, largest, 1.0)
        squares[odd] = _squares(deviation / unit[odd], np.zeros(deviation.shape[1]), weights)
    return unit * np.sqrt(squares / weights.sum())


def _squares(X: np.ndarray, mean: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Σ w (x − mean)² of each column, shape (p,)."""
    squares = np.zeros(X.shape[1])
    with np.errstate(over="ignore"):
        for block in row_blocks(X.shape[0], X.shape[1], CACHED):
            deviation = X[block] - mean
            deviation *= deviation
            squares += weights[block] @ deviation
    return squares


def _largest(X: Any) -> np.ndarray:
    if is_sparse(X):
        return np.abs(X).max(axis=0).toarray().ravel()
    return np.max(np.abs(X), axis=0)


def _standardization(
    mean: np.ndarray, sd: np.ndarray, constant: np.ndarray, *, center: bool, standardize: bool | np.ndarray
) -> Standardization:
    ones, zeros = np.ones(len(sd)), np.zeros(len(sd))
    return Standardization(
        center=mean if center else zeros,
        sd=np.where(constant | ~np.asarray(standardize), ones, sd),
    )

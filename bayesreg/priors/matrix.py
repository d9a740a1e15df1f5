"""A covariance or precision matrix as it is given to a prior: read, checked, and factorized once."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from scipy import linalg, sparse

from bayesreg.errors import PriorError
from bayesreg.priors.column_values import as_numbers
from bayesreg.priors.coordinates import Factor

Array = np.ndarray
EPS = float(np.finfo(float).eps)
# Elements that differ from their mirror images by more than this share of the largest are no rounding.
ASYMMETRY = 1e-10
# Beyond this many columns a dense factor would not fit.
MOST_COLUMNS = 10_000


@dataclass(frozen=True, eq=False)
class Matrix:
    """A covariance, positive definite, or a precision, which may be singular.

    Attributes
    ----------
    values : ndarray, shape (p, p)
    is_precision : bool
    names : tuple of str or None
        Of its rows and columns, if it was given with names.
    on_user_columns : bool
        Whether it is of the coefficients of the user's columns, and so of no standardized ones.
    origin : str
        What else is to be known of it.
    """

    values: Array
    is_precision: bool
    names: tuple[str, ...] | None = None
    on_user_columns: bool = False
    origin: str = ""

    def __repr__(self) -> str:
        flat = f", flat along {self.n_flat} direction{'s'[: self.n_flat > 1]}" if self.n_flat else ""
        origin = f", {self.origin}" if self.origin else ""
        return f"<{len(self.values)} × {len(self.values)}{flat}{origin}>"

    @property
    def kind(self) -> str:
        """The argument that it was given as."""
        return "precision" if self.is_precision else "cov"

    @property
    def n_flat(self) -> int:
        """Directions along which there is no prior."""
        return int(np.sum(self.factor.flat))

    @cached_property
    def factor(self) -> Factor:
        """Its factor, for columns in its own order."""
        return _of_precision(self.values) if self.is_precision else _of_covariance(self.values)

    def order(self, columns: Sequence[str]) -> Array | None:
        """Positions of columns in the matrix; None where they are its own.

        Raises
        ------
        PriorError
            If there are more or fewer columns, or others.
        """
        if self.names is not None and set(self.names) == {*columns, "intercept"} != set(columns):
            raise PriorError(
                'this prior is of the intercept too: give X a column of ones named "intercept" and set '
                "intercept=False, or drop it: br.Normal.from_posterior(idata, intercept=False)."
            )
        if len(columns) != len(self.values):
            raise PriorError(
                f"{self.kind} is {len(self.values)} × {len(self.values)} for {len(columns)} columns, "
                f"{list(columns)[:10]}; it needs a row and a column for each."
            )
        if self.names is None or self.names == tuple(columns):
            return None
        if set(self.names) != set(columns):
            raise PriorError(
                f"{self.kind} has the names {list(self.names)[:10]}, the columns are {list(columns)[:10]}; name them "
                "alike."
            )
        return np.array([self.names.index(name) for name in columns])

    def factor_of(self, columns: Sequence[str]) -> Factor:
        """Its factor for the given columns."""
        order = self.order(columns)
        return self.factor if order is None else self.factor.reordered(order)

    def values_of(self, columns: Sequence[str]) -> Array:
        """Its values for the given columns."""
        order = self.order(columns)
        return self.values if order is None else self.values[np.ix_(order, order)]

    def in_units(self, columns: Sequence[str], unit: Array | float) -> "Matrix":
        """The same for coefficients divided by a unit, shape (p,)."""
        if np.all(unit == 1):
            return self
        units = np.broadcast_to(unit, (len(columns),))
        product = np.multiply.outer(units, units)
        values = self.values_of(columns)
        return Matrix(values * product if self.is_precision else values / product, self.is_precision, tuple(columns))


def read_matrix(given: Any, *, is_precision: bool) -> Matrix:
    """Check a covariance or precision: dense, scipy sparse (of any format, so also banded), or a frame with names.

    Raises
    ------
    PriorError
        If it is not square and symmetric, holds anything but finite numbers, is indefinite, or is a singular
        covariance.
    """
    what = "precision" if is_precision else "cov"
    values = _numbers(given, what)
    gap, largest = np.abs(values - values.T).max(), np.abs(values).max()
    if gap > ASYMMETRY * largest:
        raise PriorError(
            f"{what} must be symmetric, but two of its mirrored elements differ by {gap:.3g}; symmetrize it."
        )
    values = 0.5 * (values + values.T)
    values.flags.writeable = False
    matrix = Matrix(values, is_precision, _names(given, what))
    # A matrix that is indefinite is refused here, not where it is used.
    _ = matrix.factor
    return matrix


def _numbers(given: Any, what: str) -> Array:
    if np.ndim(given) == 2 and np.shape(given)[0] > MOST_COLUMNS:
        raise PriorError(f"{what} is for {np.shape(given)[0]:,} columns; allowed are up to {MOST_COLUMNS:,}.")
    values = as_numbers(given.toarray() if sparse.issparse(given) else given, what)
    if values.ndim != 2 or values.shape[0] != values.shape[1] or values.size == 0:
        raise PriorError(
            f"{what} must be a square matrix of shape (p, p), dense or scipy sparse, got shape {values.shape}; a "
            "banded one is scipy.sparse.diags_array(bands, offsets=…)."
        )
    if not np.all(np.isfinite(values)):
        raise PriorError(f"{what} must hold finite numbers, and holds NaN or infinity.")
    return values


def _names(given: Any, what: str) -> tuple[str, ...] | None:
    """Names of the rows of a pandas frame, which must be those of its columns."""
    if not (hasattr(given, "index") and hasattr(given, "columns")) or type(given.index).__name__ == "RangeIndex":
        return None
    rows, columns = (tuple(str(name) for name in names) for names in (given.index, given.columns))
    if rows != columns or len(set(rows)) < len(rows):
        raise PriorError(f"{what} must have the same names, each once, on rows and columns, got {rows} and {columns}.")
    return rows


def _of_covariance(values: Array) -> Factor:
    """L = DC, with D the standard deviations and C the Cholesky factor of the correlations."""
    variance = np.diag(values)
    sd = np.sqrt(np.where(variance > 0, variance, 1.0))
    triangle = _cholesky(values / np.outer(sd, sd)) if np.all(variance > 0) else None
    if triangle is None:
        raise PriorError(
            "cov must be positive definite, and this one is indefinite or singular (a combination of coefficients "
            "without variance); give precision=… where some directions are flat, or add to the diagonal."
        )
    inverse = linalg.solve_triangular(triangle, np.eye(len(sd)), lower=True)
    flat = np.zeros(len(sd), dtype=bool)
    return Factor(sd[:, None] * triangle, inverse / sd, -np.log(sd * np.diag(triangle)), flat)


def _of_precision(values: Array) -> Factor:
    """R = U·D, with U'U = D⁻¹KD⁻¹ and D the roots of the diagonal; by eigenvalues where it is singular."""
    diagonal = np.diag(values)
    root = np.sqrt(np.where(diagonal > 0, diagonal, 1.0))
    scaled = values / np.outer(root, root)
    triangle = _cholesky(scaled) if np.all(diagonal > 0) else None
    if triangle is None:
        return _of_singular(scaled, root)
    upper = triangle.T
    inverse = linalg.solve_triangular(upper, np.eye(len(root)))
    flat = np.zeros(len(root), dtype=bool)
    return Factor(inverse / root[:, None], upper * root, np.log(np.diag(upper) * root), flat)


def _cholesky(correlations: Array) -> Array | None:
    """The lower triangle of a matrix with unit diagonal; None if that is not positive definite beyond rounding."""
    try:
        triangle = linalg.cholesky(correlations, lower=True)
    except linalg.LinAlgError:
        return None
    return triangle if np.min(np.diag(triangle)) ** 2 > 10 * len(triangle) * EPS else None


def _of_singular(scaled: Array, root: Array) -> Factor:
    """Flat directions are an orthonormal basis N of the null space, and the others are orthogonal to it."""
    values, vectors = linalg.eigh(scaled)
    # Rounding leaves zeros at a few ε; long smooth directions, of second differences, come down to 1/p⁴.
    cut = 20 * len(values) ** 0.5 * EPS * max(values[-1], 0.0)
    if values[0] < -cut or (values[-1] <= 0 and np.any(scaled)):
        raise PriorError(
            f"precision must have no negative eigenvalue, and one is {values[0]:.3g} (in units of its diagonal); a "
            "penalty matrix D'D has none."
        )
    flat = values <= cut
    basis = linalg.qr(vectors[:, flat] / root[:, None], mode="economic")[0]
    size = np.sqrt(values[~flat])
    out = vectors[:, ~flat] / root[:, None] / size
    out = np.hstack([out - basis @ (basis.T @ out), basis])
    back = np.vstack([size[:, None] * vectors[:, ~flat].T * root, basis.T])
    is_flat = np.arange(len(values)) >= np.sum(~flat)
    log_unit = np.where(is_flat, 0.0, np.linalg.slogdet(back)[1] / max(len(size), 1))
    return Factor(out, back, log_unit, is_flat)

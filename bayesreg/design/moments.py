"""Mergeable sufficient statistics of a linear regression, computed without cancellation."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np

from bayesreg.design.columns import Rows
from bayesreg.design.implicit import is_sparse
from bayesreg.design.sparse_columns import sparse_mean
from bayesreg.errors import DataError, UnsupportedError

# Rows are centred and multiplied in blocks of this many numbers, so that no second copy of X is held.
BLOCK_SIZE = 4_000_000
# Sums over rows alone are taken in blocks that stay in the processor's cache.
CACHED = 65_536


@dataclass(frozen=True, eq=False)
class Moments:
    """Count, means and centred second moments of the columns and the target.

    All sums are weighted by w_i (1 if there are no weights). The centred form is exact where the raw
    form X'X − n·x̄x̄' cancels; two parts merge with the shifted update of Chan, Golub & LeVeque
    (1983, doi:10.1080/00031305.1983.10483115).

    Attributes
    ----------
    n : int
        Rows.
    weight : float
        Σ w_i, equal to n without weights.
    log_weight : float
        Σ log w_i.
    mean_x, mean_y : ndarray of shape (p,), float
        Weighted means.
    gram : ndarray, shape (p, p)
        Σ w (x − x̄)(x − x̄)'.
    cross : ndarray, shape (p,)
        Σ w (x − x̄)(y − ȳ).
    square : float
        Σ w (y − ȳ)².
    names : tuple of str
    target : str

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> X, y = rng.normal(size=(10, 2)), rng.normal(size=10)
    >>> both = moments_of_rows(Rows(X[:4], y[:4])) + moments_of_rows(Rows(X[4:], y[4:]))
    >>> np.allclose(both.gram, moments_of_rows(Rows(X, y)).gram, rtol=1e-14)
    True
    """

    n: int
    weight: float
    log_weight: float
    mean_x: np.ndarray
    mean_y: float
    gram: np.ndarray
    cross: np.ndarray
    square: float
    names: tuple[str, ...]
    target: str = "y"

    @property
    def p(self) -> int:
        """Number of columns."""
        return len(self.names)

    def __add__(self, other: "Moments") -> "Moments":
        if not isinstance(other, Moments):
            return NotImplemented
        if (self.names, self.target) != (other.names, other.target):
            raise DataError(f"moments of different columns cannot be added: {self.names[:5]} and {other.names[:5]}.")
        weight = self.weight + other.weight
        step_x, step_y = other.mean_x - self.mean_x, other.mean_y - self.mean_y
        between, share = self.weight * other.weight / weight, other.weight / weight
        return Moments(
            n=self.n + other.n,
            weight=weight,
            log_weight=self.log_weight + other.log_weight,
            mean_x=self.mean_x + share * step_x,
            mean_y=self.mean_y + share * step_y,
            gram=self.gram + other.gram + between * np.outer(step_x, step_x),
            cross=self.cross + other.cross + between * step_x * step_y,
            square=self.square + other.square + between * step_y**2,
            names=self.names,
            target=self.target,
        )

    @property
    def sd_x(self) -> np.ndarray:
        """Column standard deviations with divisor n (Σw), shape (p,)."""
        return np.sqrt(np.diag(self.gram) / self.weight)

    @property
    def sd_y(self) -> float:
        """Standard deviation of the target with divisor n (Σw)."""
        return float(np.sqrt(self.square / self.weight))

    def save(self, path: str | Path) -> None:
        """Write the moments to a ``.npz`` file."""
        with open(path, "wb") as file:
            arrays: dict[str, Any] = {field: np.asarray(getattr(self, field)) for field in self.__dataclass_fields__}
            np.savez(file, **arrays)

    @classmethod
    def load(cls, path: str | Path) -> "Moments":
        """Read moments that :meth:`save` wrote.

        Raises
        ------
        DataError
            If the file is missing, or holds something else.
        """
        try:
            with open(path, "rb") as file, np.load(file) as stored:
                values = {field: stored[field] for field in cls.__dataclass_fields__}
        except (OSError, EOFError, ValueError, KeyError, AttributeError, TypeError, BadZipFile) as error:
            raise DataError(f'"{path}" does not hold moments that Moments.save wrote: {error}.') from None
        arrays = ("mean_x", "gram", "cross")
        plain = {name: value if name in arrays else value.item() for name, value in values.items() if name != "names"}
        return cls(**plain, names=tuple(str(name) for name in values["names"]))


def moments_of_rows(rows: Rows, names: Sequence[str] | None = None, target: str = "y") -> Moments:
    """Moments of the columns and of the response (y less the offset), in two passes over the rows."""
    n, p = rows.X.shape
    if is_sparse(rows.X):
        raise UnsupportedError("moments of a sparse X are not kept; pass X.toarray() where it fits in memory.")
    names = tuple(f"x{j}" for j in range(p)) if names is None else tuple(names)
    weights = np.ones(n) if rows.weights is None else rows.weights
    mean_x, mean_y = weighted_mean(rows.X, weights), float(weighted_mean(rows.response[:, None], weights)[0])
    gram, cross, square = np.zeros((p, p)), np.zeros(p), 0.0
    for block in row_blocks(n, p):
        root = np.sqrt(weights[block])
        x = (rows.X[block] - mean_x) * root[:, None]
        y = (rows.response[block] - mean_y) * root
        gram += x.T @ x
        cross += x.T @ y
        square += float(y @ y)
    log_weight = float(np.log(weights).sum())
    return Moments(n, float(weights.sum()), log_weight, mean_x, mean_y, gram, cross, square, names, target)


def weighted_mean(X: Any, weights: np.ndarray | None) -> np.ndarray:
    """Column means Σwx/Σw of X, shape (n, p); exact to rounding also where a mean dwarfs its spread."""
    weights = np.ones(X.shape[0]) if weights is None else weights
    if is_sparse(X):
        return sparse_mean(X, weights)
    total = weights.sum()
    first = weights @ X / total
    correction = np.zeros_like(first)
    for block in row_blocks(X.shape[0], X.shape[1], CACHED):
        correction += weights[block] @ (X[block] - first)
    return np.asarray(first + correction / total)


def row_blocks(n: int, p: int, size: int = BLOCK_SIZE) -> list[slice]:
    """Slices of rows with about `size` numbers each."""
    step = max(1, size // max(p, 1))
    return [slice(start, start + step) for start in range(0, n, step)]

"""Mergeable sufficient statistics of a linear regression, computed without cancellation."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from operator import add
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np

from bayesreg.design.columns import Rows
from bayesreg.design.implicit import is_sparse
from bayesreg.design.sparse_columns import sparse_mean
from bayesreg.errors import DataError, UnsupportedError

# Rows are centred and multiplied in blocks of about this many numbers, so that no second copy of X is held.
BLOCK_SIZE = 262_144
# Of the files that save writes.
FILE_VERSION = 2
# Sums over rows alone are taken in blocks that stay in the processor's cache.
CACHED = 65_536


@dataclass(frozen=True, eq=False)
class Moments:
    """Count, means and centred second moments of the columns and the target.

    All sums are weighted by w_i (1 if there are no weights). The centred form is exact where the raw
    form X'X − n·x̄x̄' cancels; two parts merge with the shifted update of Chan, Golub & LeVeque
    (1983, doi:10.1080/00031305.1983.10483115). Means are kept with what rounding takes off them, so that
    parts far from zero merge as well as parts near it.

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
    rest_x, rest_y : ndarray of shape (p,), float
        What rounding took off the means: the mean is mean_x + rest_x.

    See Also
    --------
    moments : Sufficient statistics of a file, folder, frame or batches.
    Regression : Data, prior, noise and family of a regression.

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
    rest_x: np.ndarray | float = 0.0
    rest_y: float = 0.0

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
        step_x = (other.mean_x - self.mean_x) + (other.rest_x - self.rest_x)
        step_y = (other.mean_y - self.mean_y) + (other.rest_y - self.rest_y)
        between, share = self.weight * other.weight / weight, other.weight / weight
        mean_x, rest_x = _exact_sum(self.mean_x, self.rest_x + share * step_x)
        mean_y, rest_y = _exact_sum(self.mean_y, self.rest_y + share * step_y)
        return Moments(
            n=self.n + other.n,
            weight=weight,
            log_weight=self.log_weight + other.log_weight,
            mean_x=mean_x,
            mean_y=mean_y,
            gram=self.gram + other.gram + between * np.outer(step_x, step_x),
            cross=self.cross + other.cross + between * step_x * step_y,
            square=self.square + other.square + between * step_y**2,
            names=self.names,
            target=self.target,
            rest_x=rest_x,
            rest_y=rest_y,
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
        """Write the moments to a ``.npz`` file of plain arrays, which holds nothing that is run when it is read."""
        labels = json.dumps({"version": FILE_VERSION, "names": self.names, "target": self.target})
        arrays: dict[str, Any] = {
            field: np.broadcast_to(getattr(self, field), shape) for field, shape in _shapes(self.p).items()
        }
        with open(path, "wb") as file:
            np.savez(file, labels=np.frombuffer(labels.encode(), dtype=np.uint8), **arrays)

    @classmethod
    def load(cls, path: str | Path) -> "Moments":
        """Read moments that :meth:`save` wrote.

        Raises
        ------
        DataError
            If the file is missing, holds something else, or is of another version.
        """
        try:
            with open(path, "rb") as file, np.load(file, allow_pickle=False) as stored:
                labels = json.loads(stored["labels"].tobytes())
                values = {field: stored[field] for field in _shapes(0)}
            return _checked(labels, values)
        except (OSError, EOFError, ValueError, KeyError, AttributeError, TypeError, BadZipFile) as error:
            raise DataError(f'"{path}" does not hold moments that Moments.save wrote: {error}.') from None


def _shapes(p: int) -> dict[str, tuple[int, ...]]:
    """The numbers of moments of p columns, with their shapes."""
    plain = dict.fromkeys(("n", "weight", "log_weight", "mean_y", "rest_y", "square"), ())
    return plain | {"mean_x": (p,), "rest_x": (p,), "cross": (p,), "gram": (p, p)}


def _checked(labels: dict[str, Any], values: dict[str, np.ndarray]) -> Moments:
    """Moments of the arrays of a file, once they are seen to be some."""
    if labels["version"] != FILE_VERSION:
        raise ValueError(f"its version is {labels['version']}, allowed: {FILE_VERSION}; save the moments again")
    names = tuple(map(str, labels["names"]))
    for field, shape in _shapes(len(names)).items():
        if values[field].shape != shape or values[field].dtype.kind not in "if" or not np.isfinite(values[field]).all():
            raise ValueError(f"{field} is not finite numbers of shape {shape}")
    plain: dict[str, Any] = {field: value if value.shape else value.item() for field, value in values.items()}
    if plain["n"] < 1 or plain["weight"] <= 0 or plain["square"] < 0 or np.any(np.diag(plain["gram"]) < 0):
        raise ValueError("n, weight and squares must not be negative")
    return Moments(**plain, names=names, target=str(labels["target"]))


def moments_of_rows(rows: Rows, names: Sequence[str] | None = None, target: str = "y") -> Moments:
    """Moments of the columns and of the response (y less the offset), in one pass over blocks of rows."""
    n, p = rows.X.shape
    if is_sparse(rows.X):
        raise UnsupportedError("moments of a sparse X are not kept; pass X.toarray() where it fits in memory.")
    names = tuple(f"x{j}" for j in range(p)) if names is None else tuple(names)
    response, weights = rows.response, rows.weights
    # A block has as many rows as columns or more, so that adding its products costs less than making them.
    return reduce(
        add,
        (
            _moments_of_block(
                rows.X[block], response[block], None if weights is None else weights[block], names, target
            )
            for block in row_blocks(n, p, max(BLOCK_SIZE, p * p))
        ),
    )


def _moments_of_block(
    X: np.ndarray, y: np.ndarray, weights: np.ndarray | None, names: tuple[str, ...], target: str
) -> Moments:
    each = np.ones(len(y)) if weights is None else weights
    total = float(each.sum())
    mean_x, mean_y = each @ X / total, float(each @ y / total)
    x, y = X - mean_x, y - mean_y
    rest_x, rest_y = each @ x / total, float(each @ y / total)
    if weights is not None:
        root = np.sqrt(weights)
        x *= root[:, None]
        y *= root
    gram = x.T @ x - total * np.outer(rest_x, rest_x)
    # A column that does not vary may be left with a square below zero by rounding.
    np.fill_diagonal(gram, np.maximum(np.diag(gram), 0.0))
    return Moments(
        n=len(y),
        weight=total,
        log_weight=0.0 if weights is None else float(np.log(weights).sum()),
        mean_x=mean_x,
        mean_y=mean_y,
        gram=gram,
        cross=x.T @ y - total * rest_x * rest_y,
        square=max(float(y @ y) - total * rest_y**2, 0.0),
        names=names,
        target=target,
        rest_x=rest_x,
        rest_y=rest_y,
    )


def _exact_sum(large: Any, small: Any) -> tuple[Any, Any]:
    """The rounded sum of two numbers, and what rounding took off it (Knuth's two-sum)."""
    total = large + small
    back = total - large
    return total, (large - (total - back)) + (small - back)


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

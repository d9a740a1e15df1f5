"""Missing and infinite values, counted in all columns at once."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, NoReturn

import numpy as np

from bayesreg.errors import DataError

type Missing = Literal["error", "drop"]


@dataclass(frozen=True, eq=False)
class Counts:
    """How many values of each column cannot be used, in n rows.

    Attributes
    ----------
    names : tuple of str
    n : int
    missing, infinite : ndarray of int, shape (q,)
    """

    names: tuple[str, ...]
    n: int
    missing: np.ndarray
    infinite: np.ndarray

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(self.names, self.n + other.n, self.missing + other.missing, self.infinite + other.infinite)

    def check(self, missing: Missing) -> None:
        """Refuse what may not stay: infinite values, and missing ones unless they are dropped.

        Raises
        ------
        DataError
            With the counts of all columns.
        """
        wrong = (self.infinite > 0) | ((self.missing > 0) & (missing == "error"))
        if not wrong.any():
            return
        counts = zip(self.names, self.missing, self.infinite, strict=True)
        each = [f'"{name}" has {gaps} missing and {beyond} infinite' for name, gaps, beyond in counts if gaps or beyond]
        shown = ", ".join(each[:20]) + (f" and {len(each) - 20} more columns" if len(each) > 20 else "")
        raise DataError(f"{shown} of {self.n} values; {self._cure(missing)}.")

    def _cure(self, missing: Missing) -> str:
        empty = [name for name, count in zip(self.names, self.missing, strict=True) if count == self.n]
        if np.any(self.infinite > 0):
            return "drop those rows or fill them in"
        rows = 'drop those rows with missing="drop" (--missing drop), or fill them in'
        if not empty:
            return rows
        return f"leave out {empty[:10]}, which hold no value at all: drop={empty[:10]} (--drop {empty[0]!r}); {rows}"


def counts_of(matrix: np.ndarray, names: Sequence[str]) -> Counts:
    """Count in the columns of an array of numbers, shape (n, q)."""
    nothing = np.zeros(matrix.shape[1], dtype=int)
    # A sum is finite unless a value is missing, infinite or huge; what is huge is named elsewhere.
    if _has_finite_sum(matrix):
        return Counts(tuple(names), len(matrix), nothing, nothing)
    return Counts(tuple(names), len(matrix), np.isnan(matrix).sum(axis=0), np.isinf(matrix).sum(axis=0))


def _has_finite_sum(matrix: np.ndarray) -> bool:
    with np.errstate(all="ignore"):
        return bool(np.isfinite(matrix.sum()))


def read_missing(missing: Any) -> Missing:
    """Check how missing values are to be treated.

    Raises
    ------
    DataError
        If it is none of the two.
    """
    if missing == "error" or missing == "drop":
        return missing
    raise DataError(f'missing must be "error" or "drop", got {missing!r}.')


def raise_nothing_left(counts: Counts) -> NoReturn:
    """Refuse a table that has no complete row."""
    if counts.n == 0:
        raise DataError("the table has no rows; at least one row is needed.")
    worst = [int(j) for j in np.argsort(-counts.missing, kind="stable")[:5] if counts.missing[j]]
    each = ", ".join(f'{counts.missing[j]} in "{counts.names[j]}"' for j in worst)
    raise DataError(
        f"none of the {counts.n} rows is complete: values are missing, {each}; leave such columns out: drop=[…] "
        f"(--drop {counts.names[worst[0]]!r})."
    )

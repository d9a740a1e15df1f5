"""A regression's data as people have them: frames with factors and holes, a target of two classes, or arrays."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from bayesreg.design.columns import Rows, as_frame, check_column, is_pandas, read_rows
from bayesreg.design.formula import (
    Coding,
    FormulaColumns,
    FormulaSpec,
    add_offsets,
    check_identifier,
    check_known,
    is_category,
    read_classes,
    read_coding,
    read_formula,
    read_wanted,
    want_columns,
    want_formula,
)
from bayesreg.design.implicit import is_sparse
from bayesreg.design.missing import Counts, Missing, raise_nothing_left, read_missing
from bayesreg.errors import DataError

if TYPE_CHECKING:
    import pandas as pd

# What a formula's columns and rows depend on, besides the formula and the frame.
FORMULA_OPTIONS = ("categorical", "missing", "weights", "offset")


@dataclass(frozen=True, eq=False)
class Table:
    """What was read.

    Attributes
    ----------
    rows : Rows
    names : tuple of str
    target : str
    spec : FormulaSpec or None
        What made the columns, if they are not those that were given.
    """

    rows: Rows
    names: tuple[str, ...]
    target: str
    spec: FormulaSpec | None

    @property
    def is_code(self) -> np.ndarray:
        """Which columns are made of categories alone, shape (p,)."""
        return np.zeros(len(self.names), dtype=bool) if self.spec is None else self.spec.is_code

    @property
    def is_level(self) -> np.ndarray:
        """Which columns are of ``(1|column)``, shape (p,)."""
        return np.zeros(len(self.names), dtype=bool) if self.spec is None else self.spec.is_level


def read_table_rows(
    X: Any,
    y: Any,
    weights: Any,
    offset: Any,
    *,
    classes: bool,
    intercept: bool,
    categorical: Any = "treatment",
    missing: Any = "error",
) -> Table:
    """Read columns, of which those that are categories are coded, and a target.

    Parameters
    ----------
    X, y, weights, offset
        As :func:`bayesreg.design.columns.read_rows` takes them; y may be the name of a column of X.
    classes : bool
        Whether a target of two texts is one of classes 0 and 1.
    intercept : bool
        Whether there is one, which a category then need not span.
    categorical : {"treatment", "sum", "one_hot"}
    missing : {"error", "drop"}

    Raises
    ------
    DataError
        If the data cannot be used.
    """
    spec = X.spec if isinstance(X, FormulaColumns) else None
    X, y = as_frame(X.X if isinstance(X, FormulaColumns) else X), as_frame(y)
    if isinstance(y, str):
        X, y = _split(X, y)
    X, y, weights, offset = complete_rows(X, y, as_frame(weights), as_frame(offset), read_missing(missing))
    y = _numbered(y, classes=classes)
    if spec is None and _is_frame(X):
        X, spec = _coded(X, read_coding(categorical), intercept=intercept)
    rows, names, target = read_rows(X, y, weights, offset)
    return Table(rows, names, target, spec)


def read_formula_rows(
    formula: str,
    frame: Any,
    *,
    categorical: Any = "treatment",
    missing: Any = "error",
    weights: Any = None,
    offset: Any = None,
) -> tuple[FormulaColumns, Any, Any]:
    """The columns that a formula makes, with weights and offset of the same rows.

    Raises
    ------
    DataError
        As :func:`bayesreg.design.formula.read_formula`; with the counts of missing values in all columns that the
        formula reads.
    """
    frame = as_frame(frame)
    if _is_frame(frame) and isinstance(formula, str) and len(frame):
        frame = frame.set_axis([str(name) for name in frame.columns], axis=1)
        reads = want_formula(formula, list(frame.columns)).reads
        check_known(reads, list(frame.columns))
        used = frame[[name for name in frame.columns if name in set(reads)]]
        frame, _, weights, offset = complete_rows(used, None, weights, offset, read_missing(missing))
    columns = read_formula(formula, frame, categorical)
    return columns, weights, add_offsets(columns.offset, offset)


def complete_rows(X: Any, y: Any, weights: Any, offset: Any, missing: Missing) -> tuple[Any, Any, Any, Any]:
    """The rows that have all their values, if others are dropped.

    Raises
    ------
    DataError
        With the counts of all columns, if values are missing and may not be; if no row is complete.
    """
    parts = {"X": X, "y": y, "weights": weights, "offset": offset}
    gaps = {role: gap for role, part in parts.items() if (gap := _gaps(part)) is not None}
    # Parts of different lengths are named by those who read them.
    if not any(gap.any() for gap in gaps.values()) or len({len(gap) for gap in gaps.values()}) > 1:
        return X, y, weights, offset
    counts = _counts(parts, gaps)
    counts.check(missing)
    kept = ~np.column_stack(list(gaps.values())).any(axis=1)
    if not kept.any():
        raise_nothing_left(counts)
    X, y, weights, offset = (part if part is None else _chosen(part, kept) for part in parts.values())
    return X, y, weights, offset


def _gaps(part: Any) -> np.ndarray | None:
    """Which values are missing, shape (n, q); None for what cannot hold such, or is no table or array."""
    if part is None or is_sparse(part) or isinstance(part, np.ma.MaskedArray):
        return None
    if is_pandas(part):
        return np.asarray(part.isna()).reshape(len(part), -1) if part.size else None
    try:
        array = np.asarray(part)
    # A class may raise anything when it is asked for an array.
    except Exception:
        return None
    if array.dtype.kind != "f" or array.ndim not in (1, 2) or array.size == 0:
        return None
    return np.isnan(array).reshape(len(array), -1)


def _counts(parts: dict[str, Any], gaps: dict[str, np.ndarray]) -> Counts:
    names: list[str] = []
    infinite: list[int] = []
    for role, gap in gaps.items():
        part, q = parts[role], gap.shape[1]
        names += [str(name) for name in part.columns] if _is_frame(part) and role == "X" else _names(role, part, q)
        infinite += [
            _infinite(part.iloc[:, j] if _is_frame(part) else np.asarray(part).reshape(-1, q)[:, j]) for j in range(q)
        ]
    missing = np.concatenate([gap.sum(axis=0) for gap in gaps.values()])
    return Counts(tuple(names), len(next(iter(gaps.values()))), missing, np.array(infinite))


def _names(role: str, part: Any, q: int) -> list[str]:
    if role == "X":
        return [f"x{j}" for j in range(q)]
    name = getattr(part, "name", None)
    return [role if name is None or role != "y" else str(name)] * q


def _infinite(column: Any) -> int:
    if getattr(column.dtype, "kind", "O") != "f":
        return 0
    numbers = column.to_numpy(dtype=float, na_value=np.nan) if is_pandas(column) else column
    return int(np.isinf(numbers).sum())


def _chosen(part: Any, kept: np.ndarray) -> Any:
    if is_pandas(part):
        return part.loc[kept]
    return part[np.flatnonzero(kept)] if is_sparse(part) else np.asarray(part)[kept]


def _is_frame(values: Any) -> bool:
    return is_pandas(values) and getattr(values, "ndim", 0) == 2


def _split(X: Any, target: str) -> Any:
    if not _is_frame(X):
        raise DataError(f"y is the text {target!r}, which names a column of a frame; X is a {type(X).__name__}.")
    X = X.set_axis([str(name) for name in X.columns], axis=1)
    check_column(list(X.columns), target)
    return X.drop(columns=[target]), X[target]


def _numbered(y: Any, *, classes: bool) -> Any:
    """A target of two texts as 0 and 1, where the family has classes; any other as it is."""
    import pandas as pd

    if _is_frame(y) and y.shape[1] == 1:
        y = y.iloc[:, 0]
    if is_pandas(y) and getattr(y, "ndim", 0) == 1 and isinstance(y, pd.Series):
        return read_classes(y, classes=classes)
    is_row = isinstance(y, (list, tuple)) or (isinstance(y, np.ndarray) and y.ndim == 1)
    if is_row and len(y) and all(isinstance(value, str) for value in y):
        return read_classes(pd.Series(y, name="y"), classes=classes)
    return y


def _coded(X: "pd.DataFrame", coding: Coding, *, intercept: bool) -> "tuple[pd.DataFrame, FormulaSpec | None]":
    """The columns of a frame with its categories coded; a frame of numbers as it is."""
    names = [str(name) for name in X.columns]
    # A frame gives up its types for much less than its columns.
    others = [j for j, dtype in enumerate(X.dtypes) if getattr(dtype, "kind", "O") not in "biufc"]
    categories = [names[j] for j in others if is_category(X.iloc[:, j], names[j])]
    if not categories or len(set(names)) < len(names):
        return X, None
    X = X.set_axis(names, axis=1)
    for name in categories:
        check_identifier(X[name], name)
    columns = read_wanted(want_columns(names, intercept=intercept), X, coding)
    return columns.X, columns.spec

"""User input to plain arrays: a design matrix with named columns, a target, row weights and an offset.

Nothing is cast silently: strings that look like numbers, datetimes, masks and misaligned indexes are
errors that name the column and the cure.
"""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from bayesreg.design.implicit import is_sparse
from bayesreg.design.missing import counts_of
from bayesreg.errors import ConstantColumnWarning, DataError, MissingDependencyError

if TYPE_CHECKING:
    import pandas as pd

# Beyond this size a product of two columns may overflow to infinity.
LARGEST_MAGNITUDE = 1e100


@dataclass(frozen=True, eq=False)
class Rows:
    """The observed rows.

    Attributes
    ----------
    X : ndarray or scipy.sparse array, shape (n, p)
        Columns as the user gave them, float64.
    y : ndarray, shape (n,)
        Target.
    weights : ndarray, shape (n,), or None
        Positive precision weights: the variance of row i is σ²/w_i.
    offset : ndarray, shape (n,), or None
        A known part of the linear predictor.
    """

    X: Any
    y: np.ndarray
    weights: np.ndarray | None = None
    offset: np.ndarray | None = None

    @property
    def response(self) -> np.ndarray:
        """Y less the offset, shape (n,)."""
        return self.y if self.offset is None else self.y - self.offset


def read_matrix(X: Any, names: Sequence[str] | None = None) -> tuple[Any, tuple[str, ...]]:
    """Read a two-dimensional array or data frame as float64 columns with names.

    Parameters
    ----------
    X : array-like, pandas.DataFrame or scipy.sparse array, shape (n, p)
        Booleans, integers and floats are accepted; a sparse X stays sparse.
    names : sequence of str, optional
        Column names; by default those of the frame, or x0, x1, … .

    Returns
    -------
    matrix : ndarray, shape (n, p)
    names : tuple of str

    Raises
    ------
    DataError
        If there are no rows or columns, names repeat, a column is not numeric, or values are
        missing or infinite.
    """
    if is_sparse(X):
        return _read_sparse(X, names)
    X = as_frame(X)
    if _is_frame(X):
        columns = [str(name) for name in X.columns] if names is None else [str(name) for name in names]
        _check_names(columns, X.shape[1])
        if X.shape[1] == 0 or X.shape[0] == 0:
            raise DataError(f"X has shape {X.shape}; at least one row and one column are needed.")
        if all(str(dtype).startswith("Sparse") and dtype.fill_value == 0 for dtype in X.dtypes):
            return _read_sparse(X.sparse.to_coo(), columns)
        if all(dtype == np.float64 for dtype in X.dtypes):
            matrix = np.array(X.to_numpy(), order="C")
        else:
            matrix = np.column_stack([numeric(X.iloc[:, j], column) for j, column in enumerate(columns)])
    else:
        array = _as_array(X, "X")
        if array.ndim != 2:
            cure = "; for one column use X.reshape(-1, 1)" if array.ndim == 1 else ""
            raise DataError(f"X has shape {array.shape}; allowed: (n, p){cure}.")
        if 0 in array.shape:
            raise DataError(f"X has shape {array.shape}; at least one row and one column are needed.")
        columns = [f"x{j}" for j in range(array.shape[1])] if names is None else [str(name) for name in names]
        _check_names(columns, array.shape[1])
        matrix = numeric(array, "X")
    check_finite(matrix, columns)
    return matrix, tuple(columns)


def _read_sparse(X: Any, names: Sequence[str] | None) -> tuple[Any, tuple[str, ...]]:
    if X.ndim != 2 or 0 in X.shape:
        raise DataError(f"X has shape {X.shape}; at least one row and one column are needed.")
    columns = [f"x{j}" for j in range(X.shape[1])] if names is None else [str(name) for name in names]
    _check_names(columns, X.shape[1])
    matrix = X.tocsc().copy()
    matrix.sum_duplicates()
    matrix.data = numeric(matrix.data, "X")
    bad = ~np.isfinite(matrix.data)
    if np.any(bad):
        column = columns[int(np.searchsorted(matrix.indptr, np.flatnonzero(bad)[0], side="right")) - 1]
        raise DataError(f'"{column}" has missing or infinite values ({int(bad.sum())} in all of X); drop those rows.')
    if np.max(np.abs(matrix.data), initial=0.0) > LARGEST_MAGNITUDE:
        raise DataError(f"X has values beyond {LARGEST_MAGNITUDE:g}; use larger units.")
    return matrix, tuple(columns)


def read_vector(values: Any, what: str, n: int, index: Any = None) -> np.ndarray:
    """Read one number per row as float64.

    Parameters
    ----------
    values : array-like, pandas.Series or one-column frame, shape (n,) or (n, 1)
    what : str
        Its name in messages.
    n : int
        The number of rows it must have.
    index : pandas.Index, optional
        The index of X; a Series with another index is an error, not a silent realignment.

    Raises
    ------
    DataError
        If the length or index differs, or values are not finite numbers.
    """
    values = as_frame(values)
    labels = getattr(values, "index", None) if is_pandas(values) else None
    if _is_frame(values):
        if values.shape[1] != 1:
            raise DataError(f"{what} has {values.shape[1]} columns; allowed: one.")
        values = values.iloc[:, 0]
    array = values if is_pandas(values) else _as_array(values, what)
    if not is_pandas(values) and array.ndim == 2 and array.shape[1] == 1:
        array = array[:, 0]
    if array.ndim != 1:
        raise DataError(f"{what} has shape {array.shape}; allowed: (n,).")
    if len(array) != n:
        raise DataError(f"{what} has {len(array)} values, X has {n} rows; they must match.")
    if labels is not None and index is not None and not labels.equals(index):
        raise DataError(f"{what} and X have different indexes; align them, or reset both with reset_index(drop=True).")
    vector = numeric(array, what)
    check_finite(vector[:, None], [what])
    return vector


def read_rows(X: Any, y: Any, weights: Any = None, offset: Any = None) -> tuple[Rows, tuple[str, ...], str]:
    """Read a regression's data; returns the rows, the column names and the target's name.

    Raises
    ------
    DataError
        As :func:`read_matrix` and :func:`read_vector`; also if a weight is not positive.
    """
    matrix, names = read_matrix(X)
    index = X.index if is_pandas(X) else None
    n = matrix.shape[0]
    response = read_vector(y, "y", n, index)
    weights = None if weights is None else check_weights(read_vector(weights, "weights", n, index))
    offset = None if offset is None else read_vector(offset, "offset", n, index)
    return Rows(matrix, response, weights, offset), names, _name_of(y)


def check_weights(weights: np.ndarray) -> np.ndarray:
    """Return weights, refusing those that are not positive or too small to be multiplied.

    Raises
    ------
    DataError
        With how many there are.
    """
    if not np.all(weights > 0):
        raise DataError(
            f"weights must be positive, got {int(np.sum(weights <= 0))} that are not; drop those rows instead."
        )
    if np.min(weights) < 1 / LARGEST_MAGNITUDE:
        raise DataError(
            f"weights go down to {np.min(weights):g}; allowed: from {1 / LARGEST_MAGNITUDE:g}. Scale them up."
        )
    return weights


def warn_constant_columns(names: Sequence[str], constant: np.ndarray) -> None:
    """Warn once, naming the columns that do not vary."""
    if np.any(constant):
        constants = [name for name, flag in zip(names, constant, strict=True) if flag]
        warnings.warn(
            f"constant column(s) {constants[:10]}: the data say nothing about their coefficients, which come from the "
            "prior alone; drop them unless this is wanted.",
            ConstantColumnWarning,
            stacklevel=4,
        )


def as_frame(values: Any) -> Any:
    """A table of another library (polars, pyarrow, …) as a pandas frame, so that its names are kept; all else as it is.

    Raises
    ------
    DataError
        If the table cannot be turned into one.
    MissingDependencyError
        If that needs a package.
    """
    if is_pandas(values) or is_sparse(values) or not is_batch(values):
        return values
    library = type(values).__module__.partition(".")[0]
    if library == "polars" and hasattr(values, "to_pandas"):
        return _of_narwhals(values)
    if not hasattr(values, "to_pandas"):
        raise DataError(f"a {type(values).__name__} of {library} holds no rows here; turn it into a pandas data frame.")
    try:
        # Columns of numbers are not copied where each is a block of its own.
        return values.to_pandas(**({"split_blocks": True} if library == "pyarrow" else {}))
    except ImportError as error:
        raise MissingDependencyError(
            f'a table of {library} needs pyarrow ({error}); install it with: pip install "bayesreg[parquet]"'
        ) from None


def is_batch(values: Any) -> bool:
    """Whether it is a table of some library."""
    return any(hasattr(type(values), name) for name in ("columns", "column_names", "collect_schema"))


def _of_narwhals(values: Any) -> "pd.DataFrame":
    """A frame of polars as one of pandas, for which its own way would need pyarrow."""
    import narwhals.stable.v2 as nw
    import pandas as pd

    table = nw.from_native(values, eager_only=True)
    return pd.DataFrame({name: _pandas_column(table[name]) for name in table.columns}, index=range(len(table)))


def _pandas_column(column: Any) -> Any:
    import narwhals.stable.v2 as nw
    import pandas as pd

    if isinstance(column.dtype, (nw.Enum, nw.Categorical)):
        return pd.Categorical(column.to_list(), categories=column.cat.get_categories().to_list())
    if column.dtype == nw.String:
        return pd.array(column.to_list(), dtype="str")
    if column.dtype == nw.Boolean:
        return pd.array(column.to_list(), dtype="boolean")
    return column.to_numpy()


def is_pandas(values: Any) -> bool:
    """Whether it belongs to pandas."""
    return type(values).__module__.partition(".")[0] == "pandas"


def _is_frame(values: Any) -> bool:
    return is_pandas(values) and getattr(values, "ndim", 0) == 2


def _name_of(y: Any) -> str:
    y = as_frame(y)
    if _is_frame(y):
        return str(y.columns[0])
    name = getattr(y, "name", None)
    return "y" if name is None else str(name)


def _as_array(values: Any, what: str) -> np.ndarray:
    if isinstance(values, np.ma.MaskedArray):
        if np.ma.is_masked(values):
            raise DataError(f"{what} has {int(np.ma.count_masked(values))} masked values; fill them or drop the rows.")
        values = values.filled()
    if is_sparse(values):
        raise DataError(f"{what} is sparse; pass {what}.toarray().ravel().")
    try:
        array = np.asarray(values)
    except ValueError:
        raise DataError(f"{what} is ragged: its rows have different lengths.") from None
    # A class may raise anything when it is asked for an array.
    except Exception as error:
        raise DataError(f"{what}, a {type(values).__name__}, is no array: {error}; pass an array or a frame.") from None
    if array.dtype == object and array.ndim == 0:
        shape = "(n, p)" if what == "X" else "(n,)"
        raise DataError(
            f"{what} has shape (), it is a {type(values).__name__}; allowed: {shape}, as array, list or pandas frame."
        )
    return array


def numeric(column: Any, name: str) -> np.ndarray:
    """One column (or a whole numeric array) as float64, refusing what is not a number."""
    kind = _kind(column)
    if kind in "mM":
        what, cure = ("datetimes", "days since a date") if kind == "M" else ("durations", "their number of days")
        raise DataError(f'"{name}" holds {what}; turn them into numbers, for example {cure}.')
    if kind == "c":
        raise DataError(f'"{name}" is complex; take its real part, its modulus or its angle.')
    if kind not in "biuf":
        raise DataError(
            f'"{name}" is not numeric (type {column.dtype}); convert numbers kept as text with pandas.to_numeric, '
            "and code categories as columns with pandas.get_dummies."
        )
    if is_pandas(column):
        return column.to_numpy(dtype=float, na_value=np.nan)
    with np.errstate(over="ignore"):
        # What float64 cannot hold becomes infinite, and is refused as such.
        return np.asarray(column, dtype=float)


def _kind(column: Any) -> str:
    """NumPy's letter for the type, also for the extension types of pandas."""
    dtype = column.dtype
    if isinstance(dtype, np.dtype):
        return dtype.kind
    # Arrow's decimal numbers, which databases write, are numbers.
    kind = "f" if str(dtype).startswith("decimal") else getattr(dtype, "kind", "O")
    return kind if isinstance(kind, str) and "category" not in str(dtype) else "O"


def _check_names(names: Sequence[str], p: int) -> None:
    if len(names) != p:
        raise DataError(f"{len(names)} names were given for {p} columns.")
    repeated = sorted({name for name in names if names.count(name) > 1}) if len(set(names)) < len(names) else []
    if repeated:
        raise DataError(f"column names must differ; repeated: {repeated[:10]}.")


def check_column(names: Sequence[str], name: str, role: str = "target") -> None:
    """Refuse a name that no column has, or more than one.

    Raises
    ------
    DataError
        With the names that there are.
    """
    if list(names).count(name) == 1:
        return
    if name in names:
        raise DataError(f'"{name}" names {list(names).count(name)} columns; rename them.')
    shown = list(names)[:20]
    marks = [mark for mark in ";\t|" if len(names) == 1 and mark in shown[0]]
    option = f"read them with separator={marks[0]!r} (--separator {marks[0]!r})" if marks else ""
    cure = f"values are separated by {marks[0]!r}: save them with commas, or {option}" if marks else ""
    raise DataError(
        f'no {role} column "{name}"; the columns are {shown}; {cure or f"name one with {role}= (--{role})"}.'
    )


def check_finite(matrix: np.ndarray, names: Sequence[str]) -> None:
    """Refuse missing, infinite and huge values, naming the columns."""
    # A missing value is neither below nor above anything.
    if np.min(matrix, initial=0.0) >= -LARGEST_MAGNITUDE and np.max(matrix, initial=0.0) <= LARGEST_MAGNITUDE:
        return
    counts_of(matrix, names).check("error")
    for j, name in enumerate(names):
        if np.max(np.abs(matrix[:, j])) > LARGEST_MAGNITUDE:
            raise DataError(f'"{name}" has values beyond {LARGEST_MAGNITUDE:g}; use larger units.')

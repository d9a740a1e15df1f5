"""One positive number per column, given as a number, an array, or a mapping from column names."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from bayesreg.errors import PriorError

ColumnValues = float | np.ndarray | Mapping[str, float]


def validate_values(values: Any, what: str, *, zero_allowed: bool) -> ColumnValues:
    """Check and freeze user input: a number, a one-dimensional array, or ``{column name: number}``.

    Parameters
    ----------
    values : number, sequence of numbers, or mapping
        Non-negative numbers; infinity is allowed where zero is not, since a scale of infinity
        and a strength of 0 both mean "no penalty".
    what : str
        The name of the quantity, used in messages.
    zero_allowed : bool
        Whether 0 is a valid value (True for strengths, False for scales).

    Raises
    ------
    PriorError
        If a value is not a number, is negative or NaN, or is outside the allowed range.
    """
    return _collected(values, what, lambda part: _checked(part, what, zero_allowed))


def validate_locations(values: Any, what: str) -> ColumnValues:
    """Check and freeze the same forms of input where any finite number is allowed.

    Raises
    ------
    PriorError
        If a value is not a finite number.
    """
    return _collected(values, what, lambda part: _finite(part, what))


def _collected(values: Any, what: str, checked: Callable[[Any], np.ndarray]) -> ColumnValues:
    if _is_labelled(values):
        values = values.to_dict()
    if isinstance(values, Mapping):
        if not values:
            raise PriorError(f"{what} is an empty mapping; give one number per column name.")
        return {str(name): _single(value, what, checked) for name, value in values.items()}
    array = checked(values)
    if array.ndim == 0:
        return float(array)
    if array.ndim != 1 or array.size == 0:
        raise PriorError(f"{what} has shape {array.shape}; allowed: a number, or an array of shape (p,).")
    frozen: np.ndarray = array.copy()
    frozen.flags.writeable = False
    return frozen


def as_numbers(values: object, what: str) -> np.ndarray:
    """Return numbers as a float64 array of any shape.

    Raises
    ------
    PriorError
        If they are not integers or floats: text, booleans, complex or masked numbers, ragged lists.
    """
    try:
        given = np.asarray(values)
    except ValueError:
        raise PriorError(f"{what} must be numeric, got the ragged {values!r}.") from None
    if given.dtype.kind not in "iuf" or np.ma.is_masked(values):
        raise PriorError(f"{what} must be numeric (real, and not masked), got {values!r} of type {given.dtype}.")
    return given.astype(float)


def names_of(values: Any, size: int) -> list[str]:
    """Column names for an array of values: a labelled Series has its own, all else counts from 0."""
    if _is_labelled(values):
        return [str(name) for name in values.index]
    return [str(j) for j in range(size)]


def _is_labelled(values: Any) -> bool:
    """Whether the values are a pandas Series with names, not just row numbers."""
    is_series = type(values).__module__.partition(".")[0] == "pandas" and getattr(values, "ndim", 0) == 1
    return is_series and type(values.index).__name__ != "RangeIndex"


def _single(value: object, what: str, checked: Callable[[Any], np.ndarray]) -> float:
    array = checked(value)
    if array.ndim:
        raise PriorError(f"{what} must be one number per name, got {value!r}.")
    return float(array)


def _checked(value: object, what: str, zero_allowed: bool) -> np.ndarray:
    array = as_numbers(value, what)
    allowed = "0 or a positive finite number" if zero_allowed else "a number greater than 0 (inf means: no penalty)"
    valid = (array >= 0) & np.isfinite(array) if zero_allowed else array > 0
    if not np.all(valid):
        raise PriorError(f"{what} must be {allowed}, got {value!r}.")
    return array


def _finite(value: object, what: str) -> np.ndarray:
    array = as_numbers(value, what)
    if not np.all(np.isfinite(array)):
        raise PriorError(f"{what} must be a finite number, one for each column or {{name: number}}, got {value!r}.")
    return array


def per_column(values: ColumnValues, names: Sequence[str], what: str) -> np.ndarray:
    """Return the values as an array of shape ``(p,)`` in the order of ``names``.

    Raises
    ------
    PriorError
        If an array has another length than ``names``, or a mapping lacks or adds a name.
    """
    p = len(names)
    if isinstance(values, Mapping):
        missing = [name for name in names if name not in values]
        unknown = [name for name in values if name not in set(names)]
        if missing or unknown:
            raise PriorError(
                f"{what} names do not match the columns: missing {missing[:5]}, unknown {unknown[:5]}; "
                f"the columns are {list(names)[:10]}."
            )
        return np.array([values[name] for name in names], dtype=float)
    array = np.asarray(values, dtype=float)
    if array.ndim == 1 and array.shape != (p,):
        raise PriorError(f"{what} has {array.size} values for {p} columns; give one number, or exactly {p}.")
    return np.broadcast_to(array, (p,)).copy()


def map_values(function: Callable[[Any], Any], values: ColumnValues) -> ColumnValues:
    """Apply an elementwise function and keep the form in which the values were given."""
    if isinstance(values, Mapping):
        return {name: float(function(value)) for name, value in values.items()}
    if isinstance(values, np.ndarray):
        return np.asarray(function(values), dtype=float)
    return float(function(values))

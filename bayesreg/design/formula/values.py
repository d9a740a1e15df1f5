"""The values of a factor: columns are looked up by name, and functions come from one fixed table."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from bayesreg.design.columns import check_finite, numeric
from bayesreg.design.formula.syntax import Call, Chain, Name, Negation, Node, Number, Others, Power
from bayesreg.errors import DataError

if TYPE_CHECKING:
    import pandas as pd

MOST_LEVELS = 2_000
_OPERATORS: dict[str, Callable[[Any, Any], Any]] = {
    "+": np.add,
    "-": np.subtract,
    "*": np.multiply,
    "/": np.divide,
    "**": np.power,
}
_ELEMENTWISE: dict[str, Callable[[Any], Any]] = {
    "log": np.log,
    "log1p": np.log1p,
    "exp": np.exp,
    "sqrt": np.sqrt,
    "abs": np.abs,
    "I": np.positive,
}


@dataclass(frozen=True, eq=False)
class Factor:
    """The columns of one factor.

    Attributes
    ----------
    name : str
    fields : tuple of str
        One per column: levels, or what tells the columns of a transform apart; ("",) for a plain column.
    values : ndarray
        Of a category its levels' numbers, shape (n,); else the columns, shape (n, k).
    is_category : bool
    """

    name: str
    fields: tuple[str, ...]
    values: np.ndarray
    is_category: bool

    def column(self, j: int) -> np.ndarray:
        """Column j, shape (n,)."""
        return (self.values == j).astype(float) if self.is_category else self.values[:, j]

    def label(self, j: int, *, reduced: bool) -> str:
        """The name of column j; a category without its first level shows a T."""
        if not self.is_category and self.fields == ("",):
            return self.name
        return f"{self.name}[{'T.' if reduced else ''}{self.fields[j]}]"


class Evaluation:
    """Evaluates trees on the columns of one frame.

    Parameters
    ----------
    frame : pandas.DataFrame
    learnt : dict
        What transforms and categories learnt from the rows they were fitted to, by node; filled when they are first
        met, and used from then on.
    """

    def __init__(self, frame: "pd.DataFrame", learnt: dict[Node, dict[str, Any]]) -> None:
        self.frame, self.learnt = frame, learnt
        self.names = [str(name) for name in frame.columns]

    def factor(self, node: Node) -> Factor:
        """Return the columns of one factor.

        Raises
        ------
        DataError
            If a column is missing, a value cannot be used, or a level was not fitted.
        """
        name = node.name if isinstance(node, Name) else str(node)
        with np.errstate(all="ignore"):
            match node:
                case Call(function="C", argument=inner):
                    return self._category(name, node, inner)
                case Name() if self._is_category(node):
                    return self._category(name, node, node)
                case Call(function="poly" | "bs"):
                    factor = self._several(name, node)
                case _:
                    factor = Factor(name, ("",), self.vector(node)[:, None], is_category=False)
        check_finite(factor.values, [factor.label(j, reduced=False) for j in range(len(factor.fields))])
        return factor

    def vector(self, node: Node) -> np.ndarray:
        """The values of an expression, one per row.

        Raises
        ------
        DataError
            As :meth:`factor`; also if the expression names no column.
        """
        with np.errstate(all="ignore"):
            values = np.asarray(self._number(node), dtype=float)
        if values.ndim != 1:
            raise DataError(f"{str(node)[:60]} names no column.")
        return values

    def _series(self, name: str) -> "pd.Series[Any]":
        check_known([name], self.names)
        return self.frame.iloc[:, self.names.index(name)]

    def _number(self, node: Node) -> Any:
        match node:
            case Name():
                return numeric(self._series(node.name), node.name)
            case Number():
                return node.value
            case Negation():
                return np.negative(self._number(node.inner))
            case Power(symbol="**"):
                return np.power(self._number(node.base), self._number(node.exponent))
            case Chain(level=0 | 1):
                return self._chain(node)
            case Call():
                return self._called(node)
            case Chain() | Power() | Others():
                raise DataError(f"{str(node)[:60]!r} cannot stand in a function; allowed: + - * / ** and brackets.")

    def _chain(self, node: Chain) -> Any:
        first, *others = node.operands
        value = self._number(first)
        for symbol, operand in zip(node.symbols, others, strict=True):
            value = _OPERATORS[symbol](value, self._number(operand))
        return value

    def _called(self, node: Call) -> Any:
        if node.function in _ELEMENTWISE:
            return _ELEMENTWISE[node.function](self._number(node.argument))
        if node.function in ("center", "scale"):
            return self._transform(node, self.vector(node.argument))
        raise DataError(f"{node.function}() makes no single column, so it cannot stand in a function or as an offset.")

    def _transform(self, node: Call, values: np.ndarray) -> Any:
        from formulaic.transforms import TRANSFORMS

        check_finite(values[:, None], [str(node.argument)])
        settings = {name: value for name, _, value in node.settings}
        if node not in self.learnt:
            _check_distinct(node, settings, values)
        try:
            return TRANSFORMS[node.function](values, **settings, _state=self.learnt.setdefault(node, {}))
        except ValueError as error:
            raise DataError(f"{node}: {error}") from None

    def _several(self, name: str, node: Call) -> Factor:
        columns = self._transform(node, self.vector(node.argument))
        columns = getattr(columns, "__wrapped__", columns)
        if isinstance(columns, dict):
            return Factor(name, tuple(map(str, columns)), np.column_stack(list(columns.values())), is_category=False)
        # As formulaic counts: raw powers from 0, orthogonal ones from 1.
        first = 0 if ("raw", True) in [(setting, value) for setting, _, value in node.settings] else 1
        fields = tuple(str(first + j) for j in range(columns.shape[1]))
        return Factor(name, fields, columns, is_category=False)

    def _is_category(self, node: Name) -> bool:
        import pandas as pd

        if node not in self.learnt:
            series = self._series(node.name)
            is_text = isinstance(series.dtype, pd.CategoricalDtype) or pd.api.types.infer_dtype(series) == "string"
            self.learnt[node] = {"levels": _levels(series, node)} if is_text else {}
        return "levels" in self.learnt[node]

    def _category(self, name: str, node: Node, inner: Node) -> Factor:
        import pandas as pd

        series = self._series(inner.name) if isinstance(inner, Name) else pd.Series(self.vector(inner))
        missing = int(series.isna().sum())
        if missing:
            raise DataError(
                f'"{inner}" has {missing} missing of {len(series)} values; drop those rows or fill them in.'
            )
        if node not in self.learnt:
            self.learnt[node] = {"levels": _levels(series, inner)}
        levels = self.learnt[node]["levels"]
        numbers = pd.Index(levels).get_indexer(pd.Index(series))
        if np.any(numbers < 0):
            unknown = [str(level) for level in series[numbers < 0].unique()[:5]]
            raise DataError(
                f'"{inner}" has levels {unknown} that were not fitted; those are {[*map(str, levels[:10])]}.'
            )
        return Factor(name, tuple(str(level) for level in levels), numbers, is_category=True)


def check_known(wanted: Sequence[str], names: Sequence[str]) -> None:
    """Refuse names that no column has, or more than one.

    Raises
    ------
    DataError
        With the columns that there are.
    """
    for name in wanted:
        count = list(names).count(name)
        if count != 1:
            problem = "several columns are" if count else "no column is"
            raise DataError(f"{problem} called {name[:60]!r}; the columns are {list(names)[:10]}.")


def _check_distinct(node: Call, settings: dict[str, int], values: np.ndarray) -> None:
    """Refuse a polynomial through fewer points than it needs, and a scale where nothing varies."""
    needed = {"scale": 2, "poly": 1 if settings.get("raw") else settings.get("degree", 1) + 1}.get(node.function, 1)
    distinct = len(np.unique(values))
    if distinct < needed:
        raise DataError(f"{str(node)[:60]} needs {needed} distinct values or more, got {distinct}.")


def _levels(series: "pd.Series[Any]", inner: Node) -> list[Any]:
    """The levels of a category in their own order, or sorted."""
    try:
        levels = list(series.astype("category").cat.categories)
    except TypeError as error:
        raise DataError(f'"{inner}" cannot be a category: {error}') from None
    check_levels(str(inner), len(levels))
    return levels


def check_levels(name: str, count: int) -> None:
    """Refuse a category of too many levels.

    Raises
    ------
    DataError
        With their number.
    """
    if count > MOST_LEVELS:
        raise DataError(
            f'"{name}" has {count} levels; allowed: {MOST_LEVELS}. Merge rare levels, leave the column out, or '
            "give the columns of its levels as a sparse X."
        )

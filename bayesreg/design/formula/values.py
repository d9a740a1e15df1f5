"""The values of a factor: columns are looked up by name, and functions come from one fixed table."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from bayesreg.design.columns import check_finite, numeric
from bayesreg.design.formula.syntax import Call, Chain, Levels, Name, Negation, Node, Number, Others, Power
from bayesreg.design.text import text_cure
from bayesreg.errors import DataError

if TYPE_CHECKING:
    import pandas as pd

MOST_LEVELS = 2_000
# From so many rows on, text of which no two are alike is an identifier.
FEWEST_NAMED = 10
# Which of two classes is 1.
AFFIRMED = ("yes", "y", "true", "t", "positive", "case", "success", "present", "1")
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

    def column(self, j: int, rows: Any = slice(None)) -> np.ndarray:
        """Column j at some rows, shape (m,)."""
        return (self.values[rows] == j).astype(float) if self.is_category else self.values[rows, j]

    def contrast(self, j: int) -> np.ndarray:
        """Level j against the last one: 1 and −1, so that coefficients of all levels add up to 0."""
        return self.column(j) - self.column(len(self.fields) - 1)

    @cached_property
    def rows_of_levels(self) -> list[np.ndarray]:
        """The rows of each level of a category."""
        ends = np.cumsum(np.bincount(self.values, minlength=len(self.fields)))
        return np.split(np.argsort(self.values, kind="stable"), ends[:-1])

    def label(self, j: int, mark: str = "") -> str:
        """The name of column j; a category that leaves out a level shows a mark."""
        if not self.is_category and self.fields == ("",):
            return self.name
        return f"{self.name}[{mark}{self.fields[j]}]"


class Evaluation:
    """Evaluates trees on the columns of one frame.

    Parameters
    ----------
    frame : pandas.DataFrame
    learnt : dict
        What transforms and categories learnt from the rows they were fitted to, by node; filled when they are first
        met, and used from then on.
    most_levels : int
        How many levels a category may have.
    """

    def __init__(
        self, frame: "pd.DataFrame", learnt: dict[Node, dict[str, Any]], most_levels: int = MOST_LEVELS
    ) -> None:
        self.frame, self.learnt, self.most_levels = frame, learnt, most_levels
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
                case Levels(column=inner):
                    return self._category(name, node, inner)
                case Call(function="C", argument=inner):
                    return self._category(name, node, inner)
                case Name() if self.is_category(node):
                    return self._category(name, node, node)
                case Call(function="poly" | "bs"):
                    factor = self._several(name, node)
                case _:
                    factor = Factor(name, ("",), self.vector(node)[:, None], is_category=False)
        check_finite(factor.values, [factor.label(j) for j in range(len(factor.fields))])
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

    def series(self, name: str) -> "pd.Series[Any]":
        """A column by its name."""
        check_known([name], self.names)
        return self.frame.iloc[:, self.names.index(name)]

    def _number(self, node: Node) -> Any:
        match node:
            case Name():
                return numeric(self.series(node.name), node.name)
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
            case Chain() | Power() | Others() | Levels():
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

    def is_category(self, node: Name) -> bool:
        """Whether a column is coded by its levels."""
        if node not in self.learnt:
            series = self.series(node.name)
            is_coded = is_category(series, node.name)
            self.learnt[node] = {"levels": _levels(series, node, self.most_levels)} if is_coded else {}
        return "levels" in self.learnt[node]

    def _category(self, name: str, node: Node, inner: Node) -> Factor:
        import pandas as pd

        series = self.series(inner.name) if isinstance(inner, Name) else pd.Series(self.vector(inner))
        missing = int(series.isna().sum())
        if missing:
            raise DataError(
                f'"{inner}" has {missing} missing of {len(series)} values; drop those rows or fill them in.'
            )
        if node not in self.learnt:
            self.learnt[node] = {"levels": _levels(series, inner, self.most_levels)}
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


def is_category(series: "pd.Series[Any]", name: str) -> bool:
    """Whether a column is coded by its levels: a pandas category, or text.

    Raises
    ------
    DataError
        If it is text that was meant as numbers.
    """
    import pandas as pd

    if isinstance(series.dtype, pd.CategoricalDtype):
        return True
    if getattr(series.dtype, "kind", "O") in "biufcmM" or pd.api.types.infer_dtype(series) != "string":
        return False
    _check_text(series, name)
    return True


def read_classes(y: "pd.Series[Any]", *, classes: bool) -> "pd.Series[Any]":
    """A target of two texts as 0 and 1, where the family has classes; any other target as it is.

    Of yes and no, true and false, and the like the affirmed one is 1, else the second in alphabetical order; the name
    of the target says which.

    Raises
    ------
    DataError
        If the target is text, and the family has no classes or it has not two levels.
    """
    name = "y" if y.name is None else str(y.name)
    if not is_category(y, name):
        return y
    levels = _levels(y.dropna(), Name(name), MOST_LEVELS)
    if not classes or len(levels) != 2:
        cure = f"of its {len(levels)} levels choose two for a target of classes, as (y == value)"
        if len(levels) == 2:
            cure = 'for two classes use family="bernoulli" (--family bernoulli)'
        raise DataError(
            f'"{name}" is not numeric (type {y.dtype}): it holds {[str(level) for level in levels[:5]]}; {cure}; as a '
            "regressor it is coded, see also pandas.get_dummies."
        )
    positive = next((level for level in levels if str(level).strip().lower() in AFFIRMED), levels[1])
    numbers = (y == positive).astype(float).where(y.notna())
    return numbers.rename(f"{name}[{positive}]")


def _check_text(series: "pd.Series[Any]", name: str) -> None:
    """Refuse text that was meant as numbers."""
    texts = series.dropna().unique()
    cure = text_cure(texts, name)
    if cure is not None:
        raise DataError(f'"{name}" is not numeric (type {series.dtype}); {cure}.')


def check_identifier(series: "pd.Series[Any]", name: str) -> None:
    """Refuse text of which no two are alike.

    Raises
    ------
    DataError
        With the option that leaves it out.
    """
    import pandas as pd

    is_text = not isinstance(series.dtype, pd.CategoricalDtype)
    if is_text and series.nunique() == len(series) >= FEWEST_NAMED:
        raise DataError(
            f'"{name}" is not numeric (type {series.dtype}): it names each of the {len(series)} rows differently, '
            f"which says nothing of other rows; leave it out: drop=[{name!r}] (--drop {name!r})."
        )


def _levels(series: "pd.Series[Any]", inner: Node, most: int) -> list[Any]:
    """The levels of a category in their own order, or sorted."""
    try:
        levels = list(series.astype("category").cat.categories)
    except TypeError as error:
        raise DataError(f'"{inner}" cannot be a category: {error}') from None
    check_levels(str(inner), len(levels), most)
    return levels


def check_levels(name: str, count: int, most: int = MOST_LEVELS) -> None:
    """Refuse a category of too many levels.

    Raises
    ------
    DataError
        With their number.
    """
    if count > most:
        raise DataError(
            f'"{name}" has {count} levels; allowed: {most}. Merge rare levels, leave the column out, or '
            "give the columns of its levels as a sparse X."
        )

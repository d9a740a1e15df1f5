"""Formulas, and tables taken as they are, to named columns."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from bayesreg.design.columns import as_frame, read_vector
from bayesreg.design.formula.coding import (
    MOST_COLUMNS,
    CodedColumns,
    Coding,
    Part,
    check_count,
    code_terms,
    columns_of,
    read_coding,
)
from bayesreg.design.formula.syntax import Call, Levels, Name, Node, names_in, parse
from bayesreg.design.formula.terms import Expansion, Term, offsets_of
from bayesreg.design.formula.values import MOST_LEVELS, Evaluation, Factor, read_classes
from bayesreg.errors import DataError

if TYPE_CHECKING:
    import pandas as pd

# A table may hold a category of more levels than a formula, where its columns are kept sparse.
MOST_SPARSE_LEVELS = 50_000


@dataclass(frozen=True, eq=False)
class Wanted:
    """What is asked for, before any row is looked at.

    Attributes
    ----------
    formula : str or None
        None for a table taken as it is.
    left : Node or None
        The target, None if it is not among the columns.
    terms : list of Term
    intercept : bool
        Whether there is one, which a category then need not span.
    offsets : list of Node
    """

    formula: str | None
    left: Node | None
    terms: list[Term]
    intercept: bool
    offsets: list[Node]

    @property
    def reads(self) -> list[str]:
        """The columns that it reads, those of the left side too."""
        left = [] if self.left is None else [self.left]
        nodes = [*left, *self.offsets, *(node for term in self.terms for node in term)]
        return list(dict.fromkeys(name for node in nodes for name in sorted(names_in(node))))

    @property
    def level_terms(self) -> list[str]:
        """Its terms ``(1|column)``."""
        return [str(term[0]) for term in self.terms if isinstance(term[0], Levels)]

    @property
    def most_levels(self) -> int:
        """How many levels a category may have."""
        return MOST_SPARSE_LEVELS if self.formula is None else MOST_LEVELS


@dataclass(frozen=True, eq=False)
class FormulaColumns:
    """The columns that a formula describes.

    Attributes
    ----------
    X : pandas.DataFrame
        Without an intercept column; of sparse columns where they are many and mostly codes.
    y : pandas.Series or None
        None if the target is not among the columns.
    offset : pandas.Series or None
        The sum of its ``offset()`` terms.
    spec : FormulaSpec
        Makes the same columns of other rows.
    """

    X: "pd.DataFrame"
    y: "pd.Series[Any] | None"
    offset: "pd.Series[Any] | None"
    spec: "FormulaSpec"

    @property
    def intercept(self) -> bool:
        """Whether the formula asks for one (``0 +`` or ``- 1`` turns it off)."""
        return self.spec.wanted.intercept


@dataclass(frozen=True, eq=False)
class FormulaSpec:
    """A formula with what it learnt from the rows it was fitted to: levels, centres, knots.

    Attributes
    ----------
    wanted : Wanted
    coding : {"treatment", "sum", "one_hot"}
    parts : list of Part
        What makes the columns, in their order.
    learnt : dict
    is_code : ndarray of bool, shape (p,)
        Which columns are made of categories alone.
    is_level : ndarray of bool, shape (p,)
        Which columns are of ``(1|column)``.
    """

    wanted: Wanted
    coding: Coding
    parts: list[Part]
    learnt: dict[Node, dict[str, Any]]
    is_code: np.ndarray
    is_level: np.ndarray

    @property
    def needs_all_rows(self) -> list[str]:
        """The transforms whose columns depend on all rows together."""
        return [str(node) for node in self.learnt if isinstance(node, Call) and node.function != "C"]

    @property
    def categories(self) -> list[str]:
        """The columns that are coded by their levels."""
        return [name for node, known in self.learnt.items() if "levels" in known for name in names_in(node)]

    def columns(self, frame: "pd.DataFrame") -> "pd.DataFrame":
        """Make the columns of new rows, the target not needed.

        Raises
        ------
        DataError
            If the frame lacks a column, or holds missing values or a level that the fitted rows did not have.
        """
        with self._named():
            terms = [tuple(node for node, _ in part) for part in self.parts]
            factors = _factors(Evaluation(frame, self.learnt), terms, self.wanted)
            return _as_columns(columns_of(self.parts, factors, len(frame), self.coding), frame.index)

    def response(self, frame: "pd.DataFrame") -> "pd.Series[Any]":
        """The left side of new rows.

        Raises
        ------
        DataError
            As :meth:`columns`.
        """
        assert self.wanted.left is not None
        with self._named():
            return _target(Evaluation(frame, self.learnt), self.wanted.left)

    def offset(self, frame: "pd.DataFrame") -> "pd.Series[Any] | None":
        """The sum of the offset terms of new rows, None if the formula has none.

        Raises
        ------
        DataError
            As :meth:`columns`.
        """
        with self._named():
            return _offset(Evaluation(frame, self.learnt), self.wanted.offsets)

    def _named(self) -> Any:
        return _named(self.wanted.formula, "cannot be applied to these rows")


def want_formula(formula: str, names: Sequence[str]) -> Wanted:
    """Parse a formula, of which a dot means those names that it does not name itself.

    Raises
    ------
    DataError
        If it is no formula, or names a column that is not there.
    """
    with _named(formula, "cannot be used"):
        left, right = parse(formula)
        named = names_in(left) | set().union(*(names_in(node) for node in offsets_of(right)))
        asked = Expansion([name for name in names if name not in named]).right(right)
        return Wanted(formula, left, asked.terms, asked.intercept, asked.offsets)


def want_columns(names: Sequence[str], target: str | None = None, *, intercept: bool = True) -> Wanted:
    """Ask for columns as they are, categories coded."""
    terms: list[Term] = [(Name(name),) for name in names]
    return Wanted(None, None if target is None else Name(target), terms, intercept, [])


def read_formula(formula: str, frame: "pd.DataFrame", categorical: Any = "treatment") -> FormulaColumns:
    """Turn ``"y ~ a + b + C(group) + offset(c)"`` and a frame into columns.

    Parameters
    ----------
    formula : str
        Column names (in backticks if they are not plain words, a backtick in a name doubled), ``.`` for all other
        columns, ``+ - * / : ^ **``, brackets, the functions log, log1p, exp, sqrt, abs and I (arithmetic), and the
        transforms C, center, scale, poly, bs; ``(1|g)`` is a column for each level of g. ``0`` or ``- 1`` turns the
        intercept off; ``offset(…)`` is a known part of the linear predictor. Columns of text and categories are coded
        by their levels.
    frame : pandas.DataFrame
    categorical : {"treatment", "sum", "one_hot"}
        How categories are coded: against their first level, against the mean of their levels, or by all levels.

    Raises
    ------
    DataError
        If the formula holds anything else, names no column of the frame, describes too many columns, or meets
        values that are missing or no numbers.
    """
    import pandas as pd

    frame = as_frame(frame)
    if not isinstance(frame, pd.DataFrame) or frame.shape[0] == 0:
        got = "one without rows" if isinstance(frame, pd.DataFrame) else type(frame).__name__
        raise DataError(f"a formula needs a pandas data frame, got {got}; make one with pandas.DataFrame(columns).")
    return read_wanted(want_formula(formula, [str(name) for name in frame.columns]), frame, categorical)


def read_wanted(wanted: Wanted, frame: "pd.DataFrame", categorical: Any = "treatment") -> FormulaColumns:
    """Make the columns that are asked for, and learn what makes the same of other rows.

    Raises
    ------
    DataError
        As :func:`read_formula`.
    """
    coding, learnt = read_coding(categorical), dict[Node, dict[str, Any]]()
    evaluation = Evaluation(frame, learnt, wanted.most_levels)
    with _named(wanted.formula, "cannot be used"):
        y = None if wanted.left is None else _target(evaluation, wanted.left)
        factors = _factors(evaluation, wanted.terms, wanted)
        parts = code_terms(wanted.terms, factors, intercept=wanted.intercept, coding=coding)
        if wanted.formula is not None:
            check_count(parts, factors)
        coded = columns_of(parts, factors, len(frame), coding)
        offset = _offset(evaluation, wanted.offsets)
    spec = FormulaSpec(wanted, coding, parts, learnt, coded.is_code, coded.is_level)
    return FormulaColumns(_as_columns(coded, frame.index), y, offset, spec)


def _as_columns(coded: CodedColumns, index: Any) -> "pd.DataFrame":
    import pandas as pd

    if isinstance(coded.X, np.ndarray):
        return pd.DataFrame(coded.X, columns=coded.names, index=index)
    # Its stub leaves the accessor open.
    return pd.DataFrame.sparse.from_spmatrix(coded.X, index=index, columns=coded.names)  # type: ignore[attr-defined]


def add_offsets(of_formula: "pd.Series[Any] | None", given: Any) -> Any:
    """The sum of a formula's offset and one that is given besides, None if there is neither."""
    if of_formula is None or given is None:
        return given if of_formula is None else of_formula
    return of_formula + read_vector(given, "offset", len(of_formula), of_formula.index)


def shortened(formula: object) -> str:
    """A formula in a message."""
    text = repr(formula)
    return text if len(text) <= 80 else f"{text[:77]}…"


@contextmanager
def _named(formula: str | None, what: str) -> Iterator[None]:
    """Say in a DataError which formula it is about, if there is one."""
    try:
        yield
    except DataError as error:
        if formula is None:
            raise
        raise DataError(f"formula {shortened(formula)} {what}: {error}") from None


def _target(evaluation: Evaluation, left: Node) -> "pd.Series[Any]":
    import pandas as pd

    if isinstance(left, Name) and evaluation.is_category(left):
        y = evaluation.series(left.name)
        # Two classes are numbers to some families, who read them.
        return y if y.nunique() == 2 else read_classes(y, classes=False)
    terms = Expansion([]).left(left)
    factors = _factors(evaluation, terms, None)
    parts = code_terms(terms, factors, intercept=False)
    check_count(parts, factors)
    coded = columns_of(parts, factors, len(evaluation.frame))
    if len(coded.names) != 1:
        raise DataError(f"the left side describes {len(coded.names)} columns; it must be one number per row.")
    return pd.Series(coded.X[:, 0], name=coded.names[0], index=evaluation.frame.index)


def _factors(evaluation: Evaluation, terms: Iterable[Term], wanted: Wanted | None) -> dict[Node, Factor]:
    factors: dict[Node, Factor] = {}
    columns = 0
    is_table = wanted is not None and wanted.formula is None
    for node in dict.fromkeys(node for term in terms for node in term):
        factors[node] = evaluation.factor(node)
        columns += len(factors[node].fields) - factors[node].is_category
        if columns > MOST_COLUMNS and not is_table:
            raise DataError(f"this formula makes {columns} columns or more; allowed: 1 to {MOST_COLUMNS}.")
    return factors


def _offset(evaluation: Evaluation, offsets: list[Node]) -> "pd.Series[Any] | None":
    import pandas as pd

    if not offsets:
        return None
    values = sum(evaluation.vector(node) for node in offsets)
    return pd.Series(values, name="offset", index=evaluation.frame.index)

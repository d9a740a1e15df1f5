"""Formulas to named columns."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bayesreg.design.columns import as_frame, read_vector
from bayesreg.design.formula.coding import MOST_COLUMNS, Part, code_terms, columns_of
from bayesreg.design.formula.syntax import Call, Node, names_in, parse
from bayesreg.design.formula.terms import Expansion, RightSide, Term, offsets_of
from bayesreg.design.formula.values import Evaluation, Factor, check_known
from bayesreg.errors import DataError

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, eq=False)
class FormulaColumns:
    """The columns that a formula describes.

    Attributes
    ----------
    X : pandas.DataFrame
        Without an intercept column.
    y : pandas.Series
    intercept : bool
        Whether the formula asks for one (``0 +`` or ``- 1`` turns it off).
    offset : pandas.Series or None
        The sum of its ``offset()`` terms.
    spec : FormulaSpec
        Makes the same columns of other rows.
    """

    X: "pd.DataFrame"
    y: "pd.Series[Any]"
    intercept: bool
    offset: "pd.Series[Any] | None"
    spec: "FormulaSpec"


@dataclass(frozen=True, eq=False)
class FormulaSpec:
    """The right side of a formula with what it learnt from the rows it was fitted to: levels, centres, knots.

    Attributes
    ----------
    formula : str
    left : Node
    parts : list of Part
        What makes the columns, in their order.
    offsets : list of Node
    learnt : dict
    """

    formula: str
    left: Node
    parts: list[Part]
    offsets: list[Node]
    learnt: dict[Node, dict[str, Any]]

    @property
    def reads(self) -> list[str]:
        """The columns that it reads, those of the left side too."""
        nodes = [self.left, *self.offsets, *(node for part in self.parts for node, _ in part)]
        return list(dict.fromkeys(name for node in nodes for name in sorted(names_in(node))))

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
        import pandas as pd

        with _named(f"formula {shortened(self.formula)} cannot be applied to these rows"):
            factors = _factors(Evaluation(frame, self.learnt), [tuple(node for node, _ in part) for part in self.parts])
            names, X = columns_of(self.parts, factors, len(frame))
        return pd.DataFrame(X, columns=names, index=frame.index)

    def response(self, frame: "pd.DataFrame") -> "pd.Series[Any]":
        """The left side of new rows.

        Raises
        ------
        DataError
            As :meth:`columns`.
        """
        with _named(f"formula {shortened(self.formula)} cannot be applied to these rows"):
            return _target(Evaluation(frame, self.learnt), self.left)

    def offset(self, frame: "pd.DataFrame") -> "pd.Series[Any] | None":
        """The sum of the offset terms of new rows, None if the formula has none.

        Raises
        ------
        DataError
            As :meth:`columns`.
        """
        with _named(f"formula {shortened(self.formula)} cannot be applied to these rows"):
            return _offset(Evaluation(frame, self.learnt), self.offsets)


def read_formula(formula: str, frame: "pd.DataFrame") -> FormulaColumns:
    """Turn ``"y ~ a + b + C(group) + offset(c)"`` and a frame into columns.

    Parameters
    ----------
    formula : str
        Column names (in backticks if they are not plain words, a backtick in a name doubled), ``.`` for all other
        columns, ``+ - * / : ^ **``, brackets, the functions log, log1p, exp, sqrt, abs and I (arithmetic), and the
        transforms C, center, scale, poly, bs. ``0`` or ``- 1`` turns the intercept off; ``offset(…)`` is a known part
        of the linear predictor. Columns of text and categories are coded by their levels.
    frame : pandas.DataFrame

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
    with _named(f"formula {shortened(formula)} cannot be used"):
        left, right = parse(formula)
        learnt: dict[Node, dict[str, Any]] = {}
        evaluation = Evaluation(frame, learnt)
        y = _target(evaluation, left)
        asked = _right_side(right, left, evaluation.names)
        factors = _factors(evaluation, asked.terms)
        parts = code_terms(asked.terms, factors, intercept=asked.intercept)
        names, X = columns_of(parts, factors, len(frame))
        spec = FormulaSpec(formula, left, parts, asked.offsets, learnt)
        offset = _offset(evaluation, asked.offsets)
    return FormulaColumns(pd.DataFrame(X, columns=names, index=frame.index), y, asked.intercept, offset, spec)


def columns_read(formula: str, names: Sequence[str]) -> list[str]:
    """The columns that a formula reads, of those that there are.

    Raises
    ------
    DataError
        If it is no formula, or names a column that is not there.
    """
    with _named(f"formula {shortened(formula)} cannot be used"):
        left, right = parse(formula)
        asked = _right_side(right, left, list(names))
        nodes = [left, *asked.offsets, *(node for term in asked.terms for node in term)]
        found = list(dict.fromkeys(name for node in nodes for name in sorted(names_in(node))))
        check_known(found, names)
    return found


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
def _named(what: str) -> Iterator[None]:
    """Say in a DataError which formula it is about."""
    try:
        yield
    except DataError as error:
        raise DataError(f"{what}: {error}") from None


def _right_side(right: Node, left: Node, names: list[str]) -> RightSide:
    named = names_in(left) | set().union(*(names_in(node) for node in offsets_of(right)))
    return Expansion([name for name in names if name not in named]).right(right)


def _target(evaluation: Evaluation, left: Node) -> "pd.Series[Any]":
    import pandas as pd

    terms = Expansion([]).left(left)
    factors = _factors(evaluation, terms)
    parts = code_terms(terms, factors, intercept=False)
    names, y = columns_of(parts, factors, len(evaluation.frame))
    if len(names) != 1:
        raise DataError(f"the left side describes {len(names)} columns; it must be one number per row.")
    return pd.Series(y[:, 0], name=names[0], index=evaluation.frame.index)


def _factors(evaluation: Evaluation, terms: Iterable[Term]) -> dict[Node, Factor]:
    factors: dict[Node, Factor] = {}
    columns = 0
    for node in dict.fromkeys(node for term in terms for node in term):
        factors[node] = evaluation.factor(node)
        columns += len(factors[node].fields) - factors[node].is_category
        if columns > MOST_COLUMNS:
            raise DataError(f"this formula makes {columns} columns or more; allowed: 1 to {MOST_COLUMNS}.")
    return factors


def _offset(evaluation: Evaluation, offsets: list[Node]) -> "pd.Series[Any] | None":
    import pandas as pd

    if not offsets:
        return None
    values = sum(evaluation.vector(node) for node in offsets)
    return pd.Series(values, name="offset", index=evaluation.frame.index)

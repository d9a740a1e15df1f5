"""Formulas to named columns; nothing in a formula runs before every word of it is known to be harmless."""

import re
import warnings
from dataclasses import dataclass
from math import comb
from typing import TYPE_CHECKING, Any

import numpy as np

from bayesreg.errors import DataError

if TYPE_CHECKING:
    import pandas as pd

# What a formula may call, besides naming columns.
FUNCTIONS = {"log": np.log, "log1p": np.log1p, "exp": np.exp, "sqrt": np.sqrt, "abs": np.abs}
TRANSFORMS = ("C", "center", "scale", "poly", "bs")
LONGEST, MOST_COLUMNS = 2_000, 2_000
_TOKEN = re.compile(r"\s*(?:(`[^`]+`)|([^\W\d]\w*)|(\d+(?:\.\d+)?)|(\*\*|[-+*/:^(),=]))")
_ARGUMENTS = ("degree", "df", "raw")


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
    spec : FormulaSpec
        Makes the same columns of other rows.
    """

    X: "pd.DataFrame"
    y: "pd.Series[Any]"
    intercept: bool
    spec: "FormulaSpec"


@dataclass(frozen=True, eq=False)
class FormulaSpec:
    """The right side of a formula with what it learnt from the rows it was fitted to: levels, centres, knots.

    Attributes
    ----------
    formula : str
    matrix : formulaic.ModelSpec
    """

    formula: str
    matrix: Any

    def columns(self, frame: "pd.DataFrame") -> "pd.DataFrame":
        """Make the columns of new rows, the target not needed.

        Raises
        ------
        DataError
            If the frame lacks a column, or holds missing values or a level that the fitted rows did not have.
        """
        from formulaic.errors import DataMismatchWarning, FormulaicError

        try:
            with warnings.catch_warnings():
                # A level that was not fitted would become a row of zeros, which is the first level's.
                warnings.simplefilter("error", DataMismatchWarning)
                X = self.matrix.get_model_matrix(frame, context=dict(FUNCTIONS))
        except (FormulaicError, DataMismatchWarning, ValueError, TypeError) as error:
            raise DataError(f"formula {self.formula!r} cannot be applied to these rows: {error}") from None
        import pandas as pd

        return pd.DataFrame(X).drop(columns="Intercept", errors="ignore")


def read_formula(formula: str, frame: "pd.DataFrame") -> FormulaColumns:
    """Turn ``"y ~ a + b + C(group)"`` and a frame into columns, by formulaic.

    Parameters
    ----------
    formula : str
        Column names (in backticks if they are not plain words), numbers, ``+ - * / : ^ **``, brackets, the
        functions log, log1p, exp, sqrt, abs and the transforms C, center, scale, poly, bs.
    frame : pandas.DataFrame

    Raises
    ------
    DataError
        If the formula has no ``~``, holds anything else, names no column of the frame, describes too
        many columns, or meets missing values.
    """
    left, right = _sides(formula)
    for side in (left, right):
        _check_words(side, [str(name) for name in frame.columns])
    from formulaic import Formula
    from formulaic.errors import FormulaicError

    try:
        matrices = Formula(f"{left} ~ {right}").get_model_matrix(frame, context=dict(FUNCTIONS), na_action="raise")
    except (FormulaicError, ValueError, TypeError) as error:
        raise DataError(f"formula {formula!r} cannot be used: {error}") from None
    X, y = matrices.rhs, matrices.lhs
    if y.shape[1] != 1:
        raise DataError(f"the left side of {formula!r} describes {y.shape[1]} columns; it must be one number per row.")
    intercept = "Intercept" in X.columns
    X = X.drop(columns="Intercept") if intercept else X
    if not 0 < X.shape[1] <= MOST_COLUMNS:
        raise DataError(f"formula {formula!r} describes {X.shape[1]} columns; allowed: 1 to {MOST_COLUMNS}.")
    import pandas as pd

    spec = FormulaSpec(formula, matrices.model_spec.rhs)
    return FormulaColumns(pd.DataFrame(X), pd.Series(y.iloc[:, 0], name=str(y.columns[0])), intercept, spec)


def _sides(formula: object) -> tuple[str, str]:
    if not isinstance(formula, str) or formula.count("~") != 1:
        raise DataError(f'a formula looks like "y ~ a + b", got {formula!r}.')
    if len(formula) > LONGEST:
        raise DataError(
            f"the formula has {len(formula)} characters; allowed: {LONGEST}. Give columns as a frame instead."
        )
    left, right = (side.strip() for side in formula.split("~"))
    if not left or not right:
        raise DataError(f"both sides of ~ must be given, got {formula!r}.")
    return left, right


def _check_words(side: str, columns: list[str]) -> None:
    """Refuse every token that is not a column, a number, an operator or an allowed function."""
    position = 0
    while position < len(side.rstrip()):
        token = _TOKEN.match(side, position)
        if token is None:
            raise DataError(f"{side[position:].strip()[:20]!r} is not allowed in a formula; compute the column first.")
        quoted, word, _, _ = token.groups()
        position = token.end()
        called = side[position:].lstrip().startswith("(")
        if quoted and quoted[1:-1] not in columns:
            raise DataError(f"no column {quoted}; the columns are {columns[:10]}.")
        if word:
            _check_word(word, called, columns)
    _check_size(side)


def _check_size(side: str) -> None:
    """Refuse powers and products that expand to very many terms, before they are expanded."""
    words = len(re.findall(r"`[^`]+`|[^\W\d]\w*", side))
    terms = 2 ** len(re.findall(r"(?<!\*)\*(?!\*)", side))
    for power in re.findall(r"(?:\*\*|\^)\s*(\d+)", side):
        terms *= sum(comb(words, k) for k in range(1, min(int(power), words) + 1))
    if terms > MOST_COLUMNS:
        raise DataError(f"the products and powers of this formula make up to {terms} terms; allowed: {MOST_COLUMNS}.")


def _check_word(word: str, called: bool, columns: list[str]) -> None:
    if called:
        if word not in FUNCTIONS and word not in TRANSFORMS:
            allowed = ", ".join([*FUNCTIONS, *TRANSFORMS])
            raise DataError(f"{word!r} cannot be called in a formula; allowed: {allowed}. Compute the column first.")
    elif word not in columns and word not in (*_ARGUMENTS, "True", "False"):
        raise DataError(f"no column {word!r}; the columns are {columns[:10]}.")

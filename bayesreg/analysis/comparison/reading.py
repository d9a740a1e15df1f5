"""From the source of a job to a regression, and what its user should know of the columns."""

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from bayesreg.design.columns import check_column
from bayesreg.design.datasets import DATASETS, load_dataset
from bayesreg.design.sources.files import TableFormat, read_table
from bayesreg.design.sources.one_pass import split_target
from bayesreg.model.regression import Regression

if TYPE_CHECKING:
    import pandas as pd

# How columns that count or name the rows are usually called.
IDENTIFIER = r"(?i)(.*[_ .-])?(id|idx|index|key|nr|no|row|rows|rowname|rownames|rownum)"


@dataclass(frozen=True)
class Reading:
    """How a source becomes columns.

    Attributes
    ----------
    form : TableFormat
    factors : tuple of str
        Columns of numbers that are read as categories.
    formula : str or None
        Makes target and columns in place of the names in the source.
    categorical : {"treatment", "sum", "one_hot"}
    missing : {"error", "drop"}
    """

    form: TableFormat = field(default_factory=TableFormat)
    factors: tuple[str, ...] = ()
    formula: str | None = None
    categorical: str = "treatment"
    missing: str = "error"


def read_frame(source: str, target: str | None, reading: Reading) -> "tuple[pd.DataFrame, str]":
    """The table of a source, and the name of its target.

    Raises
    ------
    BayesregError
        If it cannot be read.
    """
    frame, usual = load_dataset(source) if source in DATASETS else (read_table(source, reading.form), "y")
    for name in reading.factors:
        check_column([str(known) for known in frame.columns], name, "factor")
    return frame.astype(dict.fromkeys(reading.factors, "category")), usual if target is None else target


def regression_of_frame(frame: "pd.DataFrame", target: str, reading: Reading, **settings: Any) -> Regression:
    """The regression of a table.

    Raises
    ------
    BayesregError
        If its columns cannot be used.
    """
    settings |= {"categorical": reading.categorical, "missing": reading.missing}
    if reading.formula is not None:
        return Regression.from_formula(reading.formula, frame, **settings)
    X, y = split_target(frame, target)
    return Regression(X, y, **settings)


def reading_notes(frame: "pd.DataFrame", reg: Regression) -> tuple[str, ...]:
    """Rows that were left out, identifiers among the columns, and a target of classes that is taken as numbers."""
    notes = []
    if len(frame) > reg.n:
        notes.append(f"{len(frame) - reg.n} of {len(frame)} rows with missing values were left out")
    counting = [name for name in reg.names if name in frame.columns and _counts_rows(name, frame[name].to_numpy())]
    if counting:
        notes.append(
            f"the column {counting[0]!r} counts the rows: if it names them, leave it out (--drop {counting[0]!r})"
        )
    rows = reg.design.rows
    if reg.is_gaussian and rows is not None and set(np.unique(rows.y)) == {0.0, 1.0}:
        notes.append('the target is 0 or 1: for two classes use family="bernoulli" (--family bernoulli)')
    return tuple(notes)


def _counts_rows(name: str, values: np.ndarray) -> bool:
    """Whether a column called like an identifier rises by one from row to row."""
    is_whole = values.dtype.kind in "iuf" and len(values) > 2
    return bool(re.fullmatch(IDENTIFIER, name) and is_whole and np.all(np.diff(values) == 1))

"""What a formula must know of all rows before the first batch of them: the levels of its categories."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from bayesreg.design.formula import FormulaSpec, Wanted, check_known, check_levels, read_wanted
from bayesreg.design.missing import Counts, raise_nothing_left
from bayesreg.design.sources.batches import Source, batch_rows
from bayesreg.errors import DataError

if TYPE_CHECKING:
    import pandas as pd


def spec_of_source(source: Source, wanted: Wanted, categorical: str) -> FormulaSpec:
    """Learn what is asked for on a source, whose categories have the levels of all its rows.

    Raises
    ------
    DataError
        As :func:`read_formula`; also if a transform needs all rows at once and they come in batches.
    """
    check_known(wanted.reads, source.names)
    first = source.first
    # Of a frame in memory its first rows tell as much.
    head = _complete(first.head(batch_rows(first.shape[1])) if source.again else first, wanted.reads)
    spec = read_wanted(wanted, head, categorical).spec
    if spec.needs_all_rows:
        if source.rows != len(first):
            raise DataError(
                f"{spec.needs_all_rows[0]} needs all rows at once, and here they come in batches; write numbers for "
                "what it would learn, such as I(a - 5), or give one frame."
            )
        return read_wanted(wanted, _complete(first, wanted.reads), categorical).spec
    if not spec.categories:
        return spec
    levels = _levels(source, spec.categories) if source.again else {}
    coded = {name: head[name].astype(_category(first[name], values)) for name, values in levels.items()}
    return read_wanted(wanted, head.assign(**coded), categorical).spec


def _complete(frame: "pd.DataFrame", names: Sequence[str]) -> "pd.DataFrame":
    """The rows that have a value in all of the columns."""
    kept = frame[~frame[list(names)].isna().any(axis=1)]
    if len(kept) == 0:
        gaps = frame[list(names)].isna().to_numpy().sum(axis=0)
        raise_nothing_left(Counts(tuple(names), len(frame), gaps, np.zeros_like(gaps)))
    return kept


@dataclass(frozen=True, eq=False)
class Levels:
    """The levels of columns in some rows."""

    values: dict[str, set[Any]]

    def __add__(self, other: "Levels") -> "Levels":
        both = {name: values | other.values[name] for name, values in self.values.items()}
        for name, values in both.items():
            check_levels(name, len(values))
        return Levels(both)


def levels_of(frame: "pd.DataFrame") -> Levels:
    """The levels of the columns of a batch."""
    return Levels({str(name): set(frame[name].dropna().unique()) for name in frame.columns})


def _levels(source: Source, names: Sequence[str]) -> dict[str, set[Any]]:
    """The levels of columns in all rows."""
    levels: Levels = source.total(levels_of, names)
    return levels.values


def _category(first: "pd.Series[Any]", levels: set[Any]) -> Any:
    """The type of a column of these levels: those that the first batch gives in its order, others sorted."""
    import pandas as pd

    known = list(first.cat.categories) if isinstance(first.dtype, pd.CategoricalDtype) else []
    others = pd.Series(sorted(levels - set(known), key=str), dtype=object).infer_objects()
    return pd.CategoricalDtype([*known, *others.sort_values()])

"""How a batch of rows is read, and what is made of it added: the same on one machine and on many."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial, reduce
from operator import add
from typing import TYPE_CHECKING, Any

import numpy as np

from bayesreg.design.columns import Rows, check_finite, check_weights, numeric
from bayesreg.design.formula import read_classes
from bayesreg.design.missing import Counts, Missing, counts_of, raise_nothing_left
from bayesreg.design.sources.batches import Source, batch_rows
from bayesreg.design.sources.files import PLACE
from bayesreg.errors import DataError

if TYPE_CHECKING:
    import pandas as pd

    from bayesreg.design.formula import FormulaSpec

# What is made of complete rows, the names of their columns and of their target; results can be added.
RowsWork = Callable[[Rows, Sequence[str], str], Any]


@dataclass(frozen=True, eq=False)
class Part:
    """What is kept of some rows.

    Attributes
    ----------
    value : object or None
        What can be added, such as moments; None if no row is complete, or some value cannot be used.
    counts : Counts
        Of values that are missing or infinite.
    """

    value: Any
    counts: Counts

    def __add__(self, other: "Part") -> "Part":
        values = [part.value for part in (self, other) if part.value is not None]
        return Part(reduce(add, values) if values else None, self.counts + other.counts)


@dataclass(frozen=True, eq=False)
class Recipe:
    """What to make of a batch; it learns nothing from one, so that batches may come in any order from anywhere.

    Attributes
    ----------
    names : tuple of str
        Columns that stand in the regression as they are; of a formula, those that it names.
    target : str
    weights : str or None
        Column of weights.
    missing : {"error", "drop"}
    spec : FormulaSpec or None
        Makes the columns, where they are not taken as they are.
    """

    names: tuple[str, ...]
    target: str
    weights: str | None
    missing: Missing
    spec: "FormulaSpec | None" = None

    @property
    def needed(self) -> list[str]:
        """The columns of a source that are read."""
        columns = self.names if self.spec is not None else (*self.names, self.target)
        return [*columns, *([self.weights] if self.weights is not None and self.weights not in columns else [])]

    def part(self, frame: "pd.DataFrame", work: RowsWork) -> Part:
        """The part of one batch.

        Raises
        ------
        DataError
            If a column cannot be used.
        """
        if len(frame) == 0:
            nothing = np.zeros(len(self.needed), dtype=int)
            return Part(None, Counts(tuple(self.needed), 0, nothing, nothing))
        try:
            return self._of_numbers(frame, work) if self.spec is None else self._of_terms(frame, self.spec, work)
        except DataError as error:
            if PLACE not in frame.attrs:
                raise
            raise DataError(f"in {frame.attrs[PLACE]}: {error}") from None

    def _of_numbers(self, frame: "pd.DataFrame", work: RowsWork) -> Part:
        needed, p = self.needed, len(self.names)
        # By columns, which is how they are filled.
        matrix: np.ndarray = np.empty((len(frame), len(needed)), order="F")
        for j, name in enumerate(needed):
            matrix[:, j] = numeric(frame[name], name)
        counts = counts_of(matrix, needed)
        if self.missing == "drop" and counts.missing.any():
            matrix = matrix[~np.isnan(matrix).any(axis=1)]
        if self._is_refused(counts) or len(matrix) == 0:
            return Part(None, counts)
        check_finite(matrix, needed)
        weights = None if self.weights is None else check_weights(matrix[:, needed.index(self.weights)])
        return Part(work(Rows(matrix[:, :p], matrix[:, p], weights), self.names, self.target), counts)

    def _of_terms(self, frame: "pd.DataFrame", spec: "FormulaSpec", work: RowsWork) -> Part:
        gaps = frame[self.needed].isna()
        nothing = np.zeros(len(self.needed), dtype=int)
        counts = Counts(tuple(self.needed), len(frame), gaps.to_numpy().sum(axis=0), nothing)
        frame = frame[~gaps.any(axis=1)] if self.missing == "drop" else frame
        if self._is_refused(counts) or len(frame) == 0:
            return Part(None, counts)
        step = batch_rows(len(spec.is_code))
        blocks = (frame.iloc[start : start + step] for start in range(0, len(frame), step))
        return Part(reduce(add, (self._of_block(block, spec, work) for block in blocks)), counts)

    def _of_block(self, frame: "pd.DataFrame", spec: "FormulaSpec", work: RowsWork) -> Any:
        X, offset = spec.columns(frame), spec.offset(frame)
        y = read_classes(spec.response(frame), classes=False)
        weights = None if self.weights is None else check_weights(numeric(frame[self.weights], self.weights))
        rows = Rows(X.to_numpy(dtype=float), y.to_numpy(), weights, None if offset is None else offset.to_numpy())
        return work(rows, tuple(X.columns), str(y.name))

    def _is_refused(self, counts: Counts) -> bool:
        return bool(counts.infinite.any() or (self.missing == "error" and counts.missing.any()))


def total_of_rows(source: Source, recipe: Recipe, work: RowsWork, shown: Callable[..., Any] = iter) -> Any:
    """The sum of what is made of all rows.

    Raises
    ------
    DataError
        If values are missing or infinite, with all their counts; if no row is left.
    """
    whole: Part = source.total(partial(recipe.part, work=work), recipe.needed, shown)
    whole.counts.check(recipe.missing)
    if whole.value is None:
        raise_nothing_left(whole.counts)
    return whole.value

"""How a batch of rows becomes moments, and how batches are added: the same on one machine and on many."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import reduce
from operator import add
from typing import TYPE_CHECKING

import numpy as np

from bayesreg.design.columns import Rows, check_finite, check_weights, numeric
from bayesreg.design.formula import read_classes
from bayesreg.design.missing import Counts, Missing, counts_of, raise_nothing_left
from bayesreg.design.moments import Moments, moments_of_rows
from bayesreg.design.sources.batches import batch_rows

if TYPE_CHECKING:
    import pandas as pd

    from bayesreg.design.formula import FormulaSpec


@dataclass(frozen=True, eq=False)
class Part:
    """What is kept of some rows.

    Attributes
    ----------
    moments : Moments or None
        None if no row is complete, or some value cannot be used.
    counts : Counts
        Of values that are missing or infinite.
    """

    moments: Moments | None
    counts: Counts

    def __add__(self, other: "Part") -> "Part":
        if self.moments is None or other.moments is None:
            moments = self.moments or other.moments
        else:
            moments = self.moments + other.moments
        return Part(moments, self.counts + other.counts)


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

    def part(self, frame: "pd.DataFrame") -> Part:
        """The part of one batch.

        Raises
        ------
        DataError
            If a column cannot be used.
        """
        if len(frame) == 0:
            nothing = np.zeros(len(self.needed), dtype=int)
            return Part(None, Counts(tuple(self.needed), 0, nothing, nothing))
        return self._of_numbers(frame) if self.spec is None else self._of_terms(frame, self.spec)

    def _of_numbers(self, frame: "pd.DataFrame") -> Part:
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
        return Part(moments_of_rows(Rows(matrix[:, :p], matrix[:, p], weights), self.names, self.target), counts)

    def _of_terms(self, frame: "pd.DataFrame", spec: "FormulaSpec") -> Part:
        gaps = frame[self.needed].isna()
        nothing = np.zeros(len(self.needed), dtype=int)
        counts = Counts(tuple(self.needed), len(frame), gaps.to_numpy().sum(axis=0), nothing)
        frame = frame[~gaps.any(axis=1)] if self.missing == "drop" else frame
        if self._is_refused(counts) or len(frame) == 0:
            return Part(None, counts)
        step = batch_rows(len(spec.is_code))
        blocks = (frame.iloc[start : start + step] for start in range(0, len(frame), step))
        return Part(reduce(add, (self._moments(block, spec) for block in blocks)), counts)

    def _moments(self, frame: "pd.DataFrame", spec: "FormulaSpec") -> Moments:
        X, offset = spec.columns(frame), spec.offset(frame)
        y = read_classes(spec.response(frame), classes=False)
        weights = None if self.weights is None else check_weights(numeric(frame[self.weights], self.weights))
        rows = Rows(X.to_numpy(dtype=float), y.to_numpy(), weights, None if offset is None else offset.to_numpy())
        return moments_of_rows(rows, tuple(X.columns), str(y.name))

    def _is_refused(self, counts: Counts) -> bool:
        return bool(counts.infinite.any() or (self.missing == "error" and counts.missing.any()))


def moments_of_parts(parts: Iterable[Part], missing: Missing) -> Moments:
    """The sum of all parts, in their order.

    Raises
    ------
    DataError
        If values are missing or infinite, with all their counts; if no row is left.
    """
    whole = reduce(add, parts)
    whole.counts.check(missing)
    if whole.moments is None:
        raise_nothing_left(whole.counts)
    return whole.moments

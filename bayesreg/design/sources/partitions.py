"""Moments of the partitions of a Dask frame, on whatever machines Dask has: each is read where it lies."""

from collections.abc import Iterator, Sequence
from operator import add
from typing import TYPE_CHECKING, Any

from bayesreg.design.sources.batches import Source
from bayesreg.design.sources.streaming import Part, Recipe
from bayesreg.errors import DataError

if TYPE_CHECKING:
    import pandas as pd


def is_partitioned(source: Any) -> bool:
    """Whether it is a Dask frame."""
    return type(source).__module__.partition(".")[0] == "dask" and hasattr(source, "npartitions")


def source_of_partitions(frame: Any) -> Source:
    """A Dask frame as a source of batches, for what must be known before its partitions are read where they lie.

    Raises
    ------
    DataError
        If it has no columns, or no rows.
    """
    if not hasattr(frame, "columns"):
        raise DataError(
            f"a Dask {type(frame).__name__} has no names; make a frame with dask.dataframe.from_dask_array."
        )

    def batches(names: Sequence[str]) -> "Iterator[pd.DataFrame]":
        return (part.compute() for part in frame[list(names)].partitions)

    names = tuple(map(str, frame.columns))
    first = next((part for part in batches(names) if len(part)), None)
    if first is None:
        raise DataError("the frame has no rows; at least one row is needed.")
    return Source(names, batches, first)


def part_of_partitions(frame: Any, recipe: Recipe) -> Part:
    """The sum over all partitions in an order that does not depend on who is done first.

    What a partition gives depends on it alone, so that one that is lost with its worker is read again and counts once.

    Raises
    ------
    DataError
        If a column cannot be used.
    """
    from dask.delayed import delayed

    parts = [delayed(recipe.part)(partition) for partition in frame[recipe.needed].to_delayed()]
    while len(parts) > 1:
        pairs = [delayed(add)(one, other) for one, other in zip(parts[::2], parts[1::2], strict=False)]
        parts = pairs + parts[len(pairs) * 2 :]
    whole: Part = parts[0].compute()
    return whole

"""Tables that are read where they lie, on whatever machines Dask has: only sums travel.

What a partition gives depends on it alone, so that one that is lost with its worker is read again and counts once; sums
are added in an order that does not depend on who is done first.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import add
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bayesreg.design.sources.batches import Source, Work, batch_rows, files_in, source_of_files
from bayesreg.design.sources.files import TableFormat, existing_file, file_batches
from bayesreg.errors import DataError, UnsupportedError

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, eq=False, kw_only=True)
class PartitionedSource(Source):
    """A table in partitions, each of which is summed up where it lies.

    Attributes
    ----------
    partitions : callable
        From a function of frames and names of columns to one task for each partition.
    client : dask.distributed.Client or None
        None for the scheduler that Dask uses by default.
    """

    partitions: Callable[[Work, Sequence[str]], list[Any]]
    client: Any = None

    def total(self, work: Work, names: Sequence[str], shown: Callable[..., Any] = iter) -> Any:
        """The sum over partitions, by pairs; there is no progress to be shown."""
        from dask.delayed import delayed

        parts = self.partitions(work, names)
        while len(parts) > 1:
            pairs = [delayed(add, pure=True)(one, other) for one, other in zip(parts[::2], parts[1::2], strict=False)]
            parts = pairs + parts[len(pairs) * 2 :]
        return parts[0].compute(**({} if self.client is None else {"scheduler": self.client}))


def is_partitioned(source: Any) -> bool:
    """Whether it is a Dask frame or array."""
    return type(source).__module__.partition(".")[0] == "dask" and hasattr(source, "npartitions")


def open_partitions(source: Any, form: TableFormat, client: Any) -> PartitionedSource:
    """A Dask frame or array, or files with a client, as a source.

    Raises
    ------
    DataError
        If it has no columns or no rows, or the client is none of Dask's.
    UnsupportedError
        If the source lies on this machine.
    """
    if client is not None and not (type(client).__module__.startswith("distributed") and hasattr(client, "scheduler")):
        raise DataError(f"client must be a dask.distributed.Client, got {type(client).__name__}.")
    if is_partitioned(source):
        return _of_frame(_named_frame(source), client)
    if isinstance(source, (str, Path)):
        return _of_files(files_in(source), form, client)
    if isinstance(source, Sequence) and source and all(isinstance(part, (str, Path)) for part in source):
        return _of_files([existing_file(part) for part in source], form, client)
    raise UnsupportedError(
        f"a client's workers read Dask frames, Dask arrays and files, and not what lies here, {type(source).__name__}; "
        "leave client out, or turn it into partitions with dask.dataframe.from_pandas(frame, npartitions=8)."
    )


def _named_frame(source: Any) -> Any:
    """A Dask frame whose names are texts; columns of an array are x0, x1 and so on."""
    if getattr(source, "ndim", None) != 2:
        raise DataError(f"expected a Dask frame or a Dask array with rows and columns, got {type(source).__name__}.")
    if hasattr(source, "columns"):
        return source.rename(columns={name: str(name) for name in source.columns if not isinstance(name, str)})
    from dask.dataframe import from_dask_array

    return from_dask_array(source.rechunk({1: -1}), columns=[f"x{j}" for j in range(source.shape[1])])


def _of_frame(frame: Any, client: Any) -> PartitionedSource:
    from dask.delayed import delayed

    def batches(names: Sequence[str]) -> "Iterator[pd.DataFrame]":
        return (part.compute() for part in frame[list(names)].partitions)

    def partitions(work: Work, names: Sequence[str]) -> list[Any]:
        return [delayed(work, pure=True)(partition) for partition in frame[list(names)].to_delayed()]

    names = tuple(map(str, frame.columns))
    first = next((part for part in batches(names) if len(part)), None)
    if first is None:
        raise DataError("the frame has no rows; at least one row is needed.")
    return PartitionedSource(names, batches, first, partitions=partitions, client=client)


def _of_files(paths: Sequence[Path], form: TableFormat, client: Any) -> PartitionedSource:
    """Files that all workers see at the same place, each a partition."""
    from dask.delayed import delayed

    here = source_of_files(paths, form)
    step = batch_rows(len(here.names))

    def partitions(work: Work, names: Sequence[str]) -> list[Any]:
        return [delayed(_total_of_file, pure=True)(path.absolute(), form, list(names), step, work) for path in paths]

    return PartitionedSource(
        here.names, here.open, here.first, rows=here.rows, has_dropped=True, partitions=partitions, client=client
    )


def _total_of_file(path: Path, form: TableFormat, names: list[str], step: int, work: Work) -> Any:
    import pandas as pd

    frames = file_batches(path, form, names, step)
    # A file may have columns and no rows.
    return reduce(add, map(work, frames), work(pd.DataFrame(columns=names)))

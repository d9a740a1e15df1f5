"""Tables of any kind as batches of rows, each a pandas frame, so that no source is ever held whole."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial, reduce
from itertools import chain
from operator import add
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bayesreg.design.columns import as_frame, is_batch, is_pandas
from bayesreg.design.datasets import DATASETS, load_dataset
from bayesreg.design.sources.files import (
    ENDINGS,
    TableFormat,
    ending_of,
    existing_file,
    file_batches,
    names_in_file,
    rows_in_file,
)
from bayesreg.errors import DataError

if TYPE_CHECKING:
    import pandas as pd

# What is made of a batch; results can be added.
Work = Callable[["pd.DataFrame"], Any]
# A batch holds about this many numbers.
BATCH_SIZE = 1_000_000
FEWEST_ROWS = 1_000


@dataclass(frozen=True, eq=False)
class Source:
    """A table that is read in batches.

    Attributes
    ----------
    names : tuple of str
        Its columns, as its first batch has them.
    open : callable
        From names of columns to an iterator of frames that hold them.
    first : DataFrame
        Its first batch.
    again : bool
        Whether it can be opened more than once.
    rows : int or None
        How many rows it has, if that is known beforehand.
    has_dropped : bool
        Whether columns that are to be left out are not among its names.
    """

    names: tuple[str, ...]
    open: Callable[[Sequence[str]], "Iterator[pd.DataFrame]"]
    first: "pd.DataFrame"
    again: bool = True
    rows: int | None = None
    has_dropped: bool = False

    def total(
        self, work: Callable[["pd.DataFrame"], Any], names: Sequence[str], shown: Callable[..., Any] = iter
    ) -> Any:
        """The sum of what `work` makes of each batch of these columns, in their order."""
        return reduce(add, map(work, shown(self.open(names))))


def open_source(source: Any, form: TableFormat) -> Source:
    """Find out what a table is made of.

    Raises
    ------
    DataError
        If it is nothing that holds rows and named columns.
    """
    if isinstance(source, str) and source in DATASETS:
        source = load_dataset(source)[0]
    if isinstance(source, (str, Path)):
        return source_of_files(files_in(source), form)
    if is_pandas(source) and source.ndim == 2:
        return _of_frame(source)
    if hasattr(source, "to_batches"):
        return _of_batches(source.to_batches, again=True, rows=getattr(source, "num_rows", None))
    if hasattr(source, "iter_slices"):
        return _of_batches(partial(source.iter_slices, batch_rows(source.shape[1])), again=True, rows=len(source))
    if hasattr(source, "__arrow_c_stream__") and not hasattr(source, "dtype"):
        return _of_batches(partial(_arrow_batches, source), again=False)
    if is_batch(source):
        return _of_frame(as_frame(source))
    if isinstance(source, Iterable) and not isinstance(source, (bytes, dict, set)) and not hasattr(source, "dtype"):
        return _of_parts(source, form)
    raise DataError(
        "expected a frame (pandas, polars, Arrow), the path of a CSV or Parquet file or of a folder of them, or "
        f"batches of rows, got {type(source).__name__}."
    )


def batch_rows(columns: int) -> int:
    """How many rows a batch of so many columns has."""
    return max(FEWEST_ROWS, BATCH_SIZE // max(columns, 1))


def _of_frame(frame: "pd.DataFrame") -> Source:
    frame = frame.set_axis([str(name) for name in frame.columns], axis=1)
    step = batch_rows(frame.shape[1])
    if len(frame) == 0:
        raise DataError("the frame has no rows; at least one row is needed.")

    def batches(names: Sequence[str]) -> "Iterator[pd.DataFrame]":
        chosen = frame[list(names)]
        return (chosen.iloc[start : start + step] for start in range(0, len(chosen), step))

    return Source(tuple(frame.columns), batches, frame, rows=len(frame))


def _arrow_batches(source: Any) -> Iterator[Any]:
    """The batches of a table that knows Arrow's stream, such as a DuckDB relation."""
    from pyarrow import RecordBatchReader

    return iter(RecordBatchReader.from_stream(source))


def _of_batches(open_batches: Callable[[], Iterable[Any]], *, again: bool, rows: int | None = None) -> Source:
    """A source of batches; the first is looked at for its names, and given again where it cannot be read twice."""
    iterator = iter(open_batches())
    part = next(iterator, None)
    if part is None:
        raise DataError("there are no batches; at least one row is needed.")
    first = as_frame(part)
    names = tuple(str(name) for name in first.columns)

    def batches(wanted: Sequence[str]) -> "Iterator[pd.DataFrame]":
        each = open_batches() if again else chain([first], iterator)
        return (_named_columns(as_frame(batch), names, wanted) for batch in each)

    return Source(names, batches, _named_columns(first, names, names), again, rows)


def _named_columns(frame: Any, names: tuple[str, ...], wanted: Sequence[str]) -> "pd.DataFrame":
    if not hasattr(frame, "columns"):
        raise DataError(f"a batch must be a frame, got {type(frame).__name__}.")
    columns = [str(name) for name in frame.columns]
    _check_same(names, columns, "the first batch", "a later batch")
    return frame.set_axis(columns, axis=1)[list(wanted)]


def _check_same(first: Sequence[str], other: Sequence[str], one: str, another: str) -> None:
    if sorted(first) != sorted(other):
        missing, unknown = sorted(set(first) - set(other)), sorted(set(other) - set(first))
        raise DataError(
            f"{another} has other columns than {one}: without {missing[:5]}, with {unknown[:5]}; read tables of one "
            "kind at a time."
        )


def _of_parts(source: Iterable[Any], form: TableFormat) -> Source:
    """A source of a list of paths or frames, or of an iterator of frames."""
    if isinstance(source, Sequence):
        if source and all(isinstance(part, (str, Path)) for part in source):
            return source_of_files([existing_file(part) for part in source], form)
        return _of_batches(lambda: map(_checked_batch, source), again=True)
    return _of_batches(lambda: map(_checked_batch, source), again=False)


def _checked_batch(batch: Any) -> Any:
    if not hasattr(as_frame(batch), "columns"):
        raise DataError(
            "expected a frame (pandas, polars, Arrow) in every batch, or the path of a CSV or Parquet file alone, got "
            f"{type(batch).__name__}."
        )
    return batch


def source_of_files(paths: Sequence[Path], form: TableFormat) -> Source:
    """Files of the same columns, one after the other.

    Raises
    ------
    DataError
        If their columns differ, or the first has no rows.
    """
    names = names_in_file(paths[0], form)
    for path in paths[1:]:
        _check_same(names, names_in_file(path, form), f'"{paths[0].name}"', f'"{path.name}"')
    step = batch_rows(len(names))
    counts = [rows_in_file(path) for path in paths]

    def batches(wanted: Sequence[str]) -> "Iterator[pd.DataFrame]":
        return chain.from_iterable(file_batches(path, form, wanted, step) for path in paths)

    first = next((frame for frame in batches(names) if len(frame)), None)
    if first is None:
        raise DataError(f'"{paths[0].name}" has no rows; at least one row is needed.')
    total = None if None in counts else sum(count or 0 for count in counts)
    return Source(tuple(names), batches, first, rows=total, has_dropped=True)


def files_in(source: str | Path) -> list[Path]:
    """A file, or the files of a folder in the order of their names.

    Raises
    ------
    DataError
        If there is none, or the names of folders inside hold a column.
    """
    folder = Path(source)
    if not str(source) or not _is_folder(folder):
        return [existing_file(source)]
    keyed = [path.name for path in folder.iterdir() if path.is_dir() and "=" in path.name]
    if keyed:
        raise DataError(
            f'the folders in "{folder.name}" hold a column, such as {keyed[0]!r}; read it with '
            'br.moments(pyarrow.dataset.dataset(folder, partitioning="hive")).'
        )
    paths = sorted(path for path in folder.iterdir() if path.is_file() and not path.name.startswith((".", "_")))
    # An empty folder is named as a missing file is.
    return [path for path in paths if ending_of(path) in ENDINGS] or [existing_file(source)]


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except (OSError, ValueError):
        return False

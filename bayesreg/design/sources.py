"""Tables from files, frames and named data sets, and the moments of a table."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bayesreg.design.columns import as_frame, read_rows
from bayesreg.design.datasets import DATASETS, load_dataset
from bayesreg.design.moments import Moments, moments_of_rows
from bayesreg.errors import DataError, MissingDependencyError

if TYPE_CHECKING:
    import pandas as pd

COMPRESSIONS = (".gz", ".bz2", ".xz", ".zip", ".zst")


def read_table(source: str | Path) -> "pd.DataFrame":
    """Read a CSV file (also compressed) or a Parquet file.

    Raises
    ------
    DataError
        If the file does not exist, is empty, has repeated column names, cannot be parsed, or has another ending.
    MissingDependencyError
        If a Parquet file is given and pyarrow is not installed.
    """
    path = Path(source)
    if not _is_file(path):
        known, name = ", ".join(DATASETS), str(source)
        shown = name if name.isprintable() and len(name) <= 200 else repr(name[:200])
        raise DataError(f'no file and no data set named "{shown}"; give a CSV or Parquet file, or one of: {known}.')
    suffixes = [suffix.lower() for suffix in path.suffixes]
    if suffixes and suffixes[-1] in COMPRESSIONS:
        suffixes.pop()
    ending = suffixes[-1] if suffixes else ""
    if ending in (".parquet", ".pq"):
        return _read_parquet(path)
    if ending != ".csv":
        raise DataError(f'"{path.name}" is neither .csv nor .parquet; convert it first.')
    return _read_csv(path)


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):
        # A name that is too long, or holds NUL, names no file.
        return False


def _read_csv(path: Path) -> "pd.DataFrame":
    import pandas as pd

    with _named(path, "CSV"):
        # Columns may be called NA or null, so that the header is read as text.
        header = pd.read_csv(path, header=None, nrows=1, dtype=str, na_filter=False).iloc[0]
        frame = pd.read_csv(path, low_memory=False)
    _check_header(path, [str(name) for name in header])
    if not frame.index.equals(pd.RangeIndex(len(frame))):
        raise DataError(
            f'"{path.name}" has rows that are longer than its header; name every column, and separate by commas.'
        )
    return frame


def _read_parquet(path: Path) -> "pd.DataFrame":
    import pandas as pd

    try:
        import pyarrow  # noqa: F401 - pandas would not name the extra that installs it
    except ImportError:
        raise MissingDependencyError(
            'reading Parquet needs pyarrow; install it with: pip install "bayesreg[parquet]"'
        ) from None
    with _named(path, "Parquet"):
        frame = pd.read_parquet(path, engine="pyarrow")
    _check_header(path, [str(name) for name in frame.columns])
    return frame


@contextmanager
def _named(path: Path, kind: str) -> Iterator[None]:
    """Turn whatever a parser or decompressor raises into an error that names the file."""
    try:
        yield
    except ImportError as error:
        raise MissingDependencyError(f'"{path.name}" cannot be read: {error}; or decompress it first.') from None
    except UnicodeDecodeError as error:
        raise DataError(f'"{path.name}" cannot be read as {kind}: {error}; save it as UTF-8.') from None
    # Each compression has errors of its own, which share no base.
    except Exception as error:
        reason = " ".join(str(error).split())
        raise DataError(f'"{path.name}" cannot be read as {kind}: {reason}; write the file again.') from None


def _check_header(path: Path, names: list[str]) -> None:
    if "" in names:
        raise DataError(f'"{path.name}" has a column without a name; name it, or write the file with index=False.')
    if any("\0" in name for name in names):
        raise DataError(f'"{path.name}" has a column name that holds the character NUL; rename it.')
    repeated = sorted({name for name in names if names.count(name) > 1}) if len(set(names)) < len(names) else []
    if repeated:
        raise DataError(f'"{path.name}" has repeated column names: {repeated[:10]}; rename them.')


def split_target(frame: "pd.DataFrame", target: str) -> "tuple[pd.DataFrame, pd.Series]":
    """Split a table into its columns and its target.

    Raises
    ------
    DataError
        If the target is not a column.
    """
    if target not in frame.columns:
        found = [str(name) for name in frame.columns][:20]
        separators = [mark for mark in ";\t|" if len(frame.columns) == 1 and mark in found[0]]
        cure = f"values are separated by {separators[0]!r}: save them with commas" if separators else ""
        raise DataError(
            f'no target column "{target}"; the columns are {found}; {cure or "name one with target= (--target)"}.'
        )
    return frame.drop(columns=[target]), frame[target]


def moments(source: Any, target: str = "y") -> Moments:
    """Sufficient statistics of a table in two passes: all that a Gaussian regression needs of it.

    Parameters
    ----------
    source : pandas.DataFrame, or path of a CSV or Parquet file, or name of a data set
        Every column but the target is a regressor.
    target : str, optional
        Name of the target column.

    Returns
    -------
    Moments
        Mergeable with ``+``; give it to ``Regression.from_moments``.

    Raises
    ------
    DataError
        If the source or its target cannot be used.

    Examples
    --------
    >>> import bayesreg as br
    >>> import numpy as np
    >>> frame, target = br.load_dataset("diabetes")
    >>> whole = br.moments(frame, target)
    >>> parts = br.moments(frame[:200], target) + br.moments(frame[200:], target)
    >>> np.allclose(parts.gram, whole.gram, rtol=1e-12), whole.n
    (True, 442)
    """
    if isinstance(source, str) and source in DATASETS:
        source, _ = load_dataset(source)
    frame = read_table(source) if isinstance(source, (str, Path)) else as_frame(source)
    if not hasattr(frame, "columns") or not hasattr(frame, "drop"):
        raise DataError(
            f"expected a pandas data frame or the path of a CSV or Parquet file, got {type(source).__name__}."
        )
    X, y = split_target(frame, target)
    rows, names, found = read_rows(X, y)
    return moments_of_rows(rows, names, found)

"""Tables in CSV and Parquet files, whole or in batches of rows."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bayesreg.design.datasets import DATASETS
from bayesreg.design.text import percents_as_numbers, separator_cure
from bayesreg.errors import BayesregError, DataError, MissingDependencyError

if TYPE_CHECKING:
    import pandas as pd

COMPRESSIONS = (".gz", ".bz2", ".xz", ".zip", ".zst")
PARQUET = (".parquet", ".pq")
ENDINGS = (*PARQUET, ".csv", ".tsv")
# A file that is read in batches is buffered by this many bytes a column.
BUFFER = 2**20
# Under this name a batch says where it comes from.
PLACE = "place"


@dataclass(frozen=True)
class TableFormat:
    """How a CSV file is written, where it is not comma-separated UTF-8 with decimal points.

    Attributes
    ----------
    separator : str or None
        What separates the values; None: a tab in .tsv files, a comma in others.
    decimal, thousands : str
        Marks inside numbers.
    encoding : str
    na : tuple of str
        Texts that stand for a missing value, besides the usual such as NA and nothing.
    percent : bool
        Whether columns of texts such as 12.5% are numbers, here 0.125.
    drop : tuple of str
        Columns that are left out.
    """

    separator: str | None = None
    decimal: str = "."
    thousands: str | None = None
    encoding: str = "utf-8"
    na: tuple[str, ...] = ()
    percent: bool = False
    drop: tuple[str, ...] = ()

    def arguments(self, path: Path) -> dict[str, Any]:
        """The arguments of pandas.read_csv."""
        separator = self.separator or ("\t" if ending_of(path) == ".tsv" else ",")
        # Shells hand over a tab as two characters.
        separator = "\t" if separator == r"\t" else separator
        known = {"sep": separator, "decimal": self.decimal, "thousands": self.thousands, "encoding": self.encoding}
        return known | {"na_values": list(self.na), "low_memory": False}


def read_table(source: str | Path, form: TableFormat | None = None) -> "pd.DataFrame":
    """Read a CSV file (also compressed) or a Parquet file.

    Raises
    ------
    DataError
        If the file does not exist, is empty, has repeated column names, cannot be parsed, or has another ending.
    MissingDependencyError
        If a Parquet file is given and pyarrow is not installed.
    """
    path, form = existing_file(source), form or TableFormat()
    names = names_in_file(path, form)
    if ending_of(path) not in PARQUET:
        return _csv_frame(path, form)[names]
    import pandas as pd

    with _named(path, "Parquet"):
        return pd.read_parquet(path, engine="pyarrow", columns=names)


def names_in_file(path: Path, form: TableFormat) -> list[str]:
    """The names of a file's columns, less those that are left out.

    Raises
    ------
    DataError, MissingDependencyError
        As :func:`read_table`.
    """
    names = _parquet_names(path) if ending_of(path) in PARQUET else _csv_names(path, form)
    unknown = [name for name in form.drop if name not in names]
    if unknown:
        raise DataError(f'"{path.name}" has no column {unknown} to drop; it has {names[:20]}.')
    kept = [name for name in names if name not in form.drop]
    _check_names(path, kept)
    return kept


def file_batches(path: Path, form: TableFormat, names: Sequence[str], rows: int) -> "Iterator[pd.DataFrame]":
    """The named columns in batches of about so many rows.

    Raises
    ------
    DataError
        If the file cannot be parsed.
    """
    if ending_of(path) in PARQUET:
        batches = _parquet_batches(path, names, rows)
    else:
        batches = _csv_batches(path, form, names, rows)
    seen = 0
    for frame in batches:
        frame.attrs[PLACE] = f'"{path.name}", rows {seen + 1} to {seen + len(frame)}'
        yield frame
        seen += len(frame)


def ending_of(path: Path) -> str:
    """The ending of a file's name without that of a compression."""
    suffixes = [suffix.lower() for suffix in path.suffixes]
    if suffixes and suffixes[-1] in COMPRESSIONS:
        suffixes.pop()
    return suffixes[-1] if suffixes else ""


def existing_file(source: str | Path) -> Path:
    """The path of a file that can be read.

    Raises
    ------
    DataError
        If there is none, or it has another ending.
    """
    path = Path(source)
    if not is_file(path):
        known, name = ", ".join(DATASETS), str(source)
        shown = name if name.isprintable() and len(name) <= 200 else repr(name[:200])
        cure = "download it first, and give the file" if "://" in name else "give a CSV or Parquet file"
        raise DataError(f'no file and no data set named "{shown}"; {cure}, or one of: {known}.')
    if ending_of(path) not in ENDINGS:
        raise DataError(f'"{path.name}" is neither .csv nor .parquet; convert it first.')
    return path


def is_file(path: Path) -> bool:
    """Whether it is a file; a name that is too long, or holds NUL, names none."""
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False


def _csv_frame(path: Path, form: TableFormat) -> "pd.DataFrame":
    import pandas as pd

    with _named(path, "CSV", form):
        frame = pd.read_csv(path, **form.arguments(path))
    return _checked_csv(path, form, frame, 0)


def _checked_csv(path: Path, form: TableFormat, frame: "pd.DataFrame", seen: int) -> "pd.DataFrame":
    import pandas as pd

    if not frame.index.equals(pd.RangeIndex(seen, seen + len(frame))):
        raise DataError(
            f'"{path.name}" has rows that are longer than its header; name every column, and separate by commas'
            f"{_format_cure(path, form)}."
        )
    return percents_as_numbers(frame) if form.percent else frame


def _csv_names(path: Path, form: TableFormat) -> list[str]:
    import pandas as pd

    with _named(path, "CSV", form):
        # Columns may be called NA or null, so that the header is read as text.
        settings = form.arguments(path) | {"dtype": str, "na_filter": False, "na_values": None}
        header = pd.read_csv(path, header=None, nrows=1, **settings).iloc[0]
    # As pandas calls columns without a name.
    return [str(name) or f"Unnamed: {j}" for j, name in enumerate(header)]


def _csv_batches(path: Path, form: TableFormat, names: Sequence[str], rows: int) -> "Iterator[pd.DataFrame]":
    import pandas as pd

    seen = 0
    # Rows of another length than the header are only seen where all columns are read.
    with _named(path, "CSV", form), pd.read_csv(path, **form.arguments(path), chunksize=rows) as chunks:
        for chunk in chunks:
            yield _checked_csv(path, form, chunk, seen)[list(names)]
            seen += len(chunk)


def _parquet_file(path: Path) -> Any:
    try:
        import pyarrow.parquet
    except ImportError:
        raise MissingDependencyError(
            'reading Parquet needs pyarrow; install it with: pip install "bayesreg[parquet]"'
        ) from None
    with _named(path, "Parquet"):
        # Whole row groups are not held ahead of their use.
        return pyarrow.parquet.ParquetFile(path, pre_buffer=False, buffer_size=BUFFER)


def _parquet_names(path: Path) -> list[str]:
    with _parquet_file(path) as file:
        labels = (file.schema_arrow.pandas_metadata or {}).get("index_columns", [])
        return [str(name) for name in file.schema_arrow.names if name not in labels]


def _parquet_batches(path: Path, names: Sequence[str], rows: int) -> "Iterator[pd.DataFrame]":
    with _parquet_file(path) as file, _named(path, "Parquet"):
        for batch in file.iter_batches(rows, columns=list(names)):
            # Columns of numbers are not copied where each is a block of its own.
            yield batch.to_pandas(split_blocks=True)[list(names)]


def rows_in_file(path: Path) -> int | None:
    """How many rows a file has, None if only reading it would tell."""
    if ending_of(path) not in PARQUET:
        return None
    with _parquet_file(path) as file:
        return int(file.metadata.num_rows)


@contextmanager
def _named(path: Path, kind: str, form: TableFormat | None = None) -> Iterator[None]:
    """Turn whatever a parser or decompressor raises into an error that names the file."""
    try:
        yield
    except BayesregError:
        raise
    except ImportError as error:
        raise MissingDependencyError(f'"{path.name}" cannot be read: {error}; or decompress it first.') from None
    except (UnicodeError, LookupError) as error:
        raise DataError(f'"{path.name}" cannot be read as {kind}: {error}; {_encoding_cure(path)}.') from None
    # Each compression has errors of its own, which share no base.
    except Exception as error:
        reason = " ".join(str(error).split())
        cure = "" if form is None else _format_cure(path, form)
        again = (
            "quote values that hold a separator" if "Expected" in reason and "saw" in reason else "write the file again"
        )
        raise DataError(f'"{path.name}" cannot be read as {kind}: {reason}; {again}{cure}.') from None


def _encoding_cure(path: Path) -> str:
    with open(path, "rb") as file:
        head = file.read(1000)
    if head.startswith(b"PAR1"):
        return "it is a Parquet file: let its name end in .parquet"
    is_utf16 = head[:2] in (b"\xff\xfe", b"\xfe\xff")
    if b"\0" in head and not is_utf16:
        return "it holds no text: write the table as CSV"
    encoding = "utf-16" if is_utf16 else "latin-1"
    return f'save it as UTF-8, or name its encoding, such as encoding="{encoding}" (--encoding {encoding})'


def _format_cure(path: Path, form: TableFormat) -> str:
    """Which separator the file seems to have, if it is another one than was asked for."""
    if ending_of(path) not in (".csv", ".tsv") or path.suffix.lower() in COMPRESSIONS:
        return ""
    with open(path, encoding=form.encoding, errors="replace") as file:
        head = [file.readline(10_000) for _ in range(2)]
    return separator_cure(head, form.separator)


def _check_names(path: Path, names: list[str]) -> None:
    nameless = [name for name in names if name.startswith("Unnamed: ")]
    if nameless:
        raise DataError(
            f'"{path.name}" has a column without a name; name it, or write the file with index=False; '
            f"or leave it out: drop={nameless} (--drop {nameless[0]!r})."
        )
    if any("\0" in name for name in names):
        raise DataError(f'"{path.name}" has a column name that holds the character NUL; rename it.')
    repeated = sorted({name for name in names if names.count(name) > 1}) if len(set(names)) < len(names) else []
    if repeated:
        raise DataError(f'"{path.name}" has repeated column names: {repeated[:10]}; rename them.')

"""The moments of a table of any kind, in one pass over batches of its rows."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from bayesreg.design.columns import check_column
from bayesreg.design.formula import Wanted, check_identifier, is_category, want_columns, want_formula
from bayesreg.design.missing import Missing, read_missing
from bayesreg.design.moments import Moments, moments_of_rows
from bayesreg.design.sources.batches import Source, open_source
from bayesreg.design.sources.files import TableFormat
from bayesreg.design.sources.learning import spec_of_source
from bayesreg.design.sources.partitions import is_partitioned, open_partitions
from bayesreg.design.sources.streaming import Recipe, total_of_rows
from bayesreg.errors import DataError

if TYPE_CHECKING:
    import pandas as pd


def split_target(frame: "pd.DataFrame", target: str) -> "tuple[pd.DataFrame, pd.Series]":
    """Split a table into its columns and its target.

    Raises
    ------
    DataError
        If the target is not a column.
    """
    check_column(list(map(str, frame.columns)), target)
    return frame.drop(columns=[target]), frame[target]


def moments(
    source: Any,
    target: str | None = None,
    *,
    columns: Sequence[str] | None = None,
    formula: str | None = None,
    weights: str | None = None,
    categorical: str = "treatment",
    missing: str = "error",
    drop: Sequence[str] = (),
    separator: str | None = None,
    decimal: str = ".",
    thousands: str | None = None,
    encoding: str = "utf-8",
    na: Sequence[str] = (),
    percent: bool = False,
    client: Any = None,
    progressbar: bool = False,
) -> Moments:
    """Sufficient statistics of a table in one pass: all that a Gaussian regression needs of it.

    Only a batch of rows is held at a time, so that the table may be larger than the memory. Where columns are text,
    files and tables that can be read twice are gone through once before, for the levels; an iterator must show all
    levels in its first batch, or give them as categories.

    Parameters
    ----------
    source : frame, path, or iterable of frames
        A frame of pandas, polars or Arrow; a CSV or Parquet file, a list or a folder of them; a data set's name;
        an Arrow data set, reader or anything with Arrow's stream, such as a DuckDB relation; batches of rows, each
        a frame. The partitions of a Dask frame or array (columns x0, x1, …) are read on the machines of Dask's client,
        if there is one.
    target : str, optional
        Name of the target column, "y" by default.
    columns : sequence of str, optional
        The regressors; by default every column but target and weights.
    formula : str, optional
        Makes target and regressors in place of `target` and `columns`; see :meth:`Regression.from_formula`.
    weights : str, optional
        Name of a column of row weights.
    categorical : {"treatment", "sum", "one_hot"}
        How text and categories are coded: against their first level, against the mean of their levels, or by all of
        their levels.
    missing : {"error", "drop"}
        Whether rows with missing values are an error or left out.
    drop : sequence of str, optional
        Columns that are left out, such as identifiers.
    separator, decimal, thousands, encoding : str, optional
        How CSV files are written.
    na : sequence of str, optional
        Texts in CSV files that stand for a missing value, besides the usual.
    percent : bool, optional
        Whether texts in CSV files such as 12.5% are numbers, here 0.125.
    client : dask.distributed.Client, optional
        Whose workers read the partitions of a Dask frame or array, or files that all of them see, each by one task.
    progressbar : bool, optional
        Shown where this machine reads.

    Returns
    -------
    Moments
        Mergeable with ``+``; give it to ``Regression.from_moments``.

    Raises
    ------
    DataError
        If the source or its columns cannot be used.

    See Also
    --------
    Moments : Sufficient statistics of a Gaussian regression.
    Regression : Data, prior, noise and family of a regression.

    Examples
    --------
    >>> import bayesreg as br
    >>> import numpy as np
    >>> frame, target = br.load_dataset("diabetes")
    >>> whole = br.moments(frame, target)
    >>> parts = br.moments(frame[:200], target) + br.moments(frame[200:], target)
    >>> np.allclose(parts.gram, whole.gram, rtol=1e-12), whole.n
    (True, 442)
    >>> br.moments((frame[k : k + 100] for k in range(0, 442, 100)), formula="target ~ bmi * bp").names
    ('bmi', 'bp', 'bmi:bp')
    """
    read, recipe = open_table(
        source,
        target,
        columns=columns,
        formula=formula,
        weights=weights,
        categorical=categorical,
        missing=missing,
        drop=drop,
        form=TableFormat(separator, decimal, thousands, encoding, tuple(na), percent, tuple(drop)),
        client=client,
    )
    with _progress(progressbar, read.rows) as shown:
        statistics: Moments = total_of_rows(read, recipe, moments_of_rows, shown)
    return statistics


def open_table(
    source: Any,
    target: str | None = None,
    *,
    columns: Sequence[str] | None = None,
    formula: str | None = None,
    weights: str | None = None,
    categorical: str = "treatment",
    missing: str = "error",
    drop: Sequence[str] = (),
    form: TableFormat | None = None,
    client: Any = None,
) -> tuple[Source, Recipe]:
    """Open a table, and find out what is to be read of it; the arguments are those of :func:`moments`.

    Raises
    ------
    DataError
        If the source or its columns cannot be used.
    """
    form = TableFormat(drop=tuple(drop)) if form is None else form
    partitioned = client is not None or is_partitioned(source)
    read = open_partitions(source, form, client) if partitioned else open_source(source, form)
    unknown = [name for name in drop if name not in read.names]
    if unknown and not read.has_dropped:
        raise DataError(f"there is no column {unknown} to drop; the columns are {list(read.names)[:20]}.")
    return read, _recipe(read, target, columns, formula, weights, read_missing(missing), drop, categorical)


def _recipe(
    source: Source,
    target: str | None,
    columns: Sequence[str] | None,
    formula: str | None,
    weights: str | None,
    missing: Missing,
    drop: Sequence[str],
    categorical: str,
) -> Recipe:
    if weights is not None:
        check_column(source.names, weights, "weights")
    if formula is not None:
        if target is not None or columns is not None:
            raise DataError("a formula names target and columns itself; give it alone.")
        wanted = want_formula(formula, [name for name in source.names if name not in {weights, *drop}])
        if wanted.level_terms:
            raise DataError(
                f"{wanted.level_terms[0]} needs the rows, and moments are their sums; use "
                "br.Regression.from_formula(formula, frame, prior=…)."
            )
        return _coded(source, wanted, weights, missing, categorical)
    target = target or "y"
    check_column(source.names, target)
    left_out = {target, weights, *drop}
    names = [name for name in source.names if name not in left_out] if columns is None else list(columns)
    for name in names:
        check_column(source.names, name, "columns")
    if not names:
        raise DataError(f'there is nothing but "{target}"; at least one column is needed.')
    categories = [name for name in names if is_category(source.first[name], name)]
    for name in categories:
        check_identifier(source.first[name], name)
    if categories:
        return _coded(source, want_columns(names, target), weights, missing, categorical)
    return Recipe(tuple(names), target, weights, missing)


def _coded(source: Source, wanted: Wanted, weights: str | None, missing: Missing, categorical: str) -> Recipe:
    spec = spec_of_source(source, wanted, categorical)
    return Recipe(tuple(wanted.reads), str(wanted.left), weights, missing, spec)


@contextmanager
def _progress(show: bool, rows: int | None) -> Iterator[Any]:
    """What passes batches on and shows how many rows have been read, out of how many if that is known."""
    if not show:
        yield iter
        return
    from rich.progress import MofNCompleteColumn, Progress

    with Progress(*Progress.get_default_columns(), MofNCompleteColumn(), transient=True) as bar:
        task = bar.add_task("Reading rows", total=rows)

        def counted(batches: "Iterable[pd.DataFrame]") -> "Iterator[pd.DataFrame]":
            for frame in batches:
                yield frame
                bar.advance(task, len(frame))

        yield counted

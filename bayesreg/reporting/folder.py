"""A comparison as a folder of files: table, numbers, posterior and pictures."""

import json
import os
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from bayesreg.analysis.comparison.job import JobResult
from bayesreg.errors import DataError
from bayesreg.reporting.page import render_page

if TYPE_CHECKING:
    from matplotlib.figure import Figure

TABLES = ("comparison.csv", "comparison.html", "comparison.json", "posterior.nc")
PICTURES = ("shrinkage", "path", "prior")
FORMATS = ("svg", "png")
DPI = 200


def write_folder(result: JobResult, folder: str | Path) -> tuple[Path, ...]:
    """Write all that a job found.

    ``comparison.csv`` (the table), ``comparison.html`` (the table as a page that needs no other file),
    ``comparison.json`` (what ``bayesreg compare --json`` prints), ``posterior.nc`` (the draws; read them with
    ``xarray.open_datatree``), and ``shrinkage``, ``path`` and ``prior`` as ``.svg`` and ``.png``. Without any
    penalty there is neither a path nor a prior to draw, and those pictures are left out. Files of these
    names are replaced, others are left alone.

    Parameters
    ----------
    result : JobResult
    folder : str or pathlib.Path
        Made if it does not exist.

    Returns
    -------
    tuple of pathlib.Path
        The files, in the order in which they were written.

    Raises
    ------
    DataError
        If the folder cannot be made or written to, for example because it is a file.
    """
    into = prepare_folder(folder)
    try:
        # All files are written beside their place and then renamed, so that none is ever half written.
        with TemporaryDirectory(prefix=".bayesreg-", dir=into) as part:
            written = (*_write_tables(result, Path(part)), *_write_pictures(result, Path(part)))
            return _moved(written, into)
    except OSError as error:
        raise DataError(f'cannot write to "{into}" ({error}); free some space or give another folder.') from error


def prepare_folder(folder: str | Path) -> Path:
    """Make a folder, and make sure that files can be written to it.

    Raises
    ------
    DataError
        If that fails.
    """
    into = Path(folder)
    if str(folder) == "":
        raise DataError('the name of the folder is empty; give one, such as "results".')
    if "\0" in str(folder):
        raise DataError(f"the name {str(folder)!r} holds the character NUL; give another.")
    try:
        into.mkdir(parents=True, exist_ok=True)
        probe = into / ".bayesreg"
        probe.touch()
        probe.unlink()
    except OSError as error:
        why = "it is a file" if os.path.isfile(into) else error.strerror or str(error)
        raise DataError(f'cannot write to the folder "{folder}": {why}; give another folder.') from error
    return into


def files_of(folder: str | Path) -> list[Path]:
    """The files that a job may write to a folder."""
    pictures = [f"{name}.{ending}" for name in PICTURES for ending in FORMATS]
    return [Path(folder) / name for name in (*TABLES, *pictures)]


def _moved(written: tuple[Path, ...], into: Path) -> tuple[Path, ...]:
    """Put files in their place; a picture of an earlier job that this one has not would look like one of this."""
    names = [path.name for path in written]
    for path in files_of(into):
        if path.name not in names:
            path.unlink(missing_ok=True)
    for path in written:
        os.replace(path, into / path.name)
    return tuple(into / name for name in names)


def _write_tables(result: JobResult, into: Path) -> tuple[Path, ...]:
    both = result.comparison
    table, page, numbers, posterior = (into / name for name in TABLES)
    record = {"dataset": result.dataset, **both.to_dict()}
    numbers.write_text(json.dumps(record, allow_nan=False, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    both.to_frame().to_csv(table, encoding="utf-8")
    page.write_text(render_page(f"bayesreg: {result.dataset}", both._repr_html_()), encoding="utf-8")
    both.idata.to_netcdf(posterior, engine="h5netcdf")
    return table, page, numbers, posterior


def _write_pictures(result: JobResult, into: Path) -> tuple[Path, ...]:
    figures = _figures(result)
    return tuple(path for name, figure in figures.items() for path in _save(figure, into / name))


def _figures(result: JobResult) -> "dict[str, Figure]":
    from bayesreg.optimize.path import path
    from bayesreg.plots import plot_path, plot_prior, plot_shrinkage

    figures = {"shrinkage": plot_shrinkage(result.comparison)}
    if not result.held.length_scales.is_flat.all():
        figures["path"] = plot_path(path(result.held))
        figures["prior"] = plot_prior(result.held.prior, sigma=result.comparison.sigma)
    return figures


def _save(figure: "Figure", stem: Path) -> list[Path]:
    from matplotlib import rc_context

    # The same numbers give the same bytes: neither a date nor random identifiers.
    with rc_context({"svg.hashsalt": stem.name}):
        paths = [stem.with_name(f"{stem.name}.{ending}") for ending in FORMATS]
        figure.savefig(paths[0], metadata={"Date": None})
        figure.savefig(paths[1], dpi=DPI)
    return paths

"""Files that are whole or not there: written beside their place under another name, then renamed."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from bayesreg.errors import DataError

if TYPE_CHECKING:
    from xarray import DataTree


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A file to write to, which takes the place of `path` when all went well and vanishes otherwise.

    Its name ends as that of `path` does, for writers that go by it.

    Raises
    ------
    DataError
        If it cannot be written.
    """
    part = path.with_name(f".{os.getpid()}.part.{path.name}"[-200:])
    try:
        yield part
        os.replace(part, path)
    except OSError as error:
        raise DataError(f'cannot write to "{path}" ({error}); free some space or give another name.') from error
    finally:
        part.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    """Write a text as UTF-8."""
    with replacing(path) as part:
        part.write_text(text, encoding="utf-8")


def write_netcdf(path: Path, tree: "DataTree") -> None:
    """Write draws for ArviZ."""
    with replacing(path) as part:
        tree.to_netcdf(part, engine="h5netcdf")

"""What commands print, and the files that they write."""

import json
import math
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bayesreg.errors import DataError

if TYPE_CHECKING:
    import pandas as pd


def print_json(record: dict[str, Any]) -> None:
    """One JSON object; what is not finite is null."""
    print(json.dumps(finite(record), allow_nan=False))


def finite(value: Any) -> Any:
    """The same with None for numbers that JSON does not have, and plain numbers for NumPy's."""
    if isinstance(value, dict):
        return {str(name): finite(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [finite(one) for one in value]
    if hasattr(value, "tolist"):
        return finite(value.tolist())
    return None if isinstance(value, float) and not math.isfinite(value) else value


def print_frame(frame: "pd.DataFrame", notes: tuple[str, ...] = ()) -> None:
    """A table with its index as the first column, then notes."""
    print(frame.to_string(float_format="{:.4g}".format))
    for note in notes:
        print(f"· {note}")


def refuse_existing(paths: list[Path], *, overwrite: bool) -> None:
    """Refuse to replace files, unless asked to.

    Raises
    ------
    DataError
        If one of them exists.
    """
    there = [str(path) for path in paths if os.path.isfile(path) or os.path.islink(path)]
    if there and not overwrite:
        raise DataError(f'"{there[0]}" exists already; give another name, or --overwrite to replace it.')


def shows_progress(quiet: bool) -> bool:
    """Whether a progress bar can be seen."""
    return sys.stderr.isatty() and not quiet

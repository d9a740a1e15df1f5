"""What text in a table seems to be, and which option reads it so."""

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import pandas as pd

NUMBER = r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?"
DATE = r"\d{4}-\d{1,2}-\d{1,2}.*|\d{1,2}[./]\d{1,2}[./]\d{2,4}.*"
PERCENT = rf"({NUMBER})\s*%"
# Marks between thousands, with the decimal mark that goes with each.
THOUSANDS = {",": ".", ".": ",", " ": ".", "'": "."}
# Beyond so many different texts that are no numbers, a column is not numbers with a mark for missing ones.
MOST_MARKS = 5


def text_cure(values: Any, name: str) -> str | None:
    """How text that was meant as something else is to be read; None for text that names categories.

    Parameters
    ----------
    values : sequence of str
        The different texts of a column.
    name : str
        The column's.
    """
    texts = [str(value).strip() for value in values]
    others = [text for text in texts if not re.fullmatch(NUMBER, text)]
    if texts and not others:
        return f"convert numbers kept as text with pandas.to_numeric, {_category_cure(name)}"
    if others and all(re.fullmatch(DATE, text) for text in others):
        return (
            f"it holds dates such as {others[0]!r}: turn them into numbers, for example days since a date, or leave "
            f"the column out: drop=[{name!r}] (--drop {name!r})"
        )
    if others and all(re.fullmatch(PERCENT, text) for text in others):
        return f"it holds percentages such as {others[0]!r}: read them as numbers with percent=True (--percent)"
    return _marks_cure(others) or (_missing_cure(texts, others, name) if len(others) < len(texts) else None)


def _marks_cure(others: Sequence[str]) -> str | None:
    """The option for marks inside numbers, if all texts have the same."""
    for thousands, decimal in THOUSANDS.items():
        grouped = rf"[-+]?\d{{1,3}}(?:{re.escape(thousands)}\d{{3}})+(?:{re.escape(decimal)}\d*)?"
        if others and all(re.fullmatch(grouped, text) for text in others):
            and_decimal = f', decimal="{decimal}" (--thousands {thousands!r} --decimal {decimal!r})'
            cure = and_decimal if decimal == "," else f" (--thousands {thousands!r})"
            return f'it holds numbers such as {others[0]!r}: read them with thousands="{thousands}"{cure}'
    if others and all(re.fullmatch(r"[-+]?(?:\d+,\d*|,\d+)(?:[eE][-+]?\d+)?", text) for text in others):
        return f"it holds numbers such as {others[0]!r}: read them with decimal=\",\" (--decimal ',')"
    return None


def _missing_cure(texts: Sequence[str], others: Sequence[str], name: str) -> str | None:
    if len(others) > MOST_MARKS and 2 * len(others) >= len(texts):
        # Names, of which some are numbers.
        return None
    if len(others) > MOST_MARKS:
        return f"it holds {len(others)} texts such as {others[0]!r} among numbers: write them as numbers, " + (
            _category_cure(name)
        )
    return (
        f"it holds {others} among numbers such as {next(text for text in texts if text not in others)!r}: if that "
        f"stands for missing values, na={others} ({' '.join(f'--na {text!r}' for text in others)}) says so; "
        + _category_cure(name)
    )


def _category_cure(name: str) -> str:
    return f"or make a category of it: frame.astype({{{name!r}: 'category'}}) (--factor {name!r})"


def percents_as_numbers(frame: "pd.DataFrame") -> "pd.DataFrame":
    """A frame in which columns of texts such as 12.5% are numbers, here 0.125."""
    for name in frame.columns:
        column = frame[name]
        if column.dtype.kind not in "biufmM":
            texts = column.dropna().astype(str).str.strip()
            if len(texts) and texts.str.fullmatch(PERCENT).all():
                numbers = texts.str.rstrip("% \t").astype(float) / 100
                frame[name] = numbers.reindex(column.index, fill_value=np.nan)
    return frame


def separator_cure(head: Sequence[str], separator: str | None) -> str:
    """Which option reads lines that seem to have another separator, with a leading comma; "" if none."""
    header, row = (*head, "")[:2]
    commonest = max(";\t|", key=header.count)
    if separator not in (None, ",") or not header.count(commonest):
        return ""
    values = row.strip().split(commonest)
    comma = any(re.fullmatch(r'"?[-+]?\d*,\d+(?:[eE][-+]?\d+)?"?', value.strip()) for value in values)
    mark = "\\t" if commonest == "\t" else commonest
    python, shell = (', decimal=","', " --decimal ','") if comma else ("", "")
    return f", or read them with separator={commonest!r}{python} (--separator '{mark}'{shell})"

"""Figures with one row per coefficient: how many rows, how high, and their names."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from bayesreg.errors import PriorError
from bayesreg.plots.style import SMALL_SIZE, Ink, is_count

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MAX_ROWS = 40


def pick(order: np.ndarray, most: int | None) -> np.ndarray:
    """The first rows of an order, at most so many (None: all).

    Raises
    ------
    PriorError
        If `most` is not a positive whole number.
    """
    if most is not None and not is_count(most, 1):
        raise PriorError(f"max_coefficients must be a whole number, at least 1, or None for all, got {most!r}.")
    return order[:most]


def height(rows: int, *, tall: float = 0.3, flat: float = 0.18) -> float:
    """Inches of a figure: rows close up as they become many."""
    return 1.45 + rows * float(np.interp(rows, [10, 40], [tall, flat]))


def mark_size(rows: int) -> float:
    """Points that a mark is wide."""
    return float(np.interp(rows, [10, 40], [5.5, 4.0]))


def name_rows(ax: "Axes", labels: Sequence[str], colors: Ink, faint: Sequence[bool] | None = None) -> None:
    """Write the labels at the left, the first row on top; those marked faint stand back."""
    ax.set_yticks(np.arange(len(labels)), labels)
    for j, label in enumerate(ax.get_yticklabels()):
        label.set(color=colors.faint if faint is not None and faint[j] else colors.text, fontsize=SMALL_SIZE)
    ax.tick_params(axis="y", length=0)
    ax.set_ylim(len(labels) - 0.4, -0.6)


def left_out(drawn: int, p: int, which: str) -> str:
    """What the subtitle says of coefficients that are not drawn; nothing if all are."""
    return "" if drawn == p else f"; drawn are the {drawn} {which}, the other {p - drawn} are not"

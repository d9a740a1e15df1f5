"""Figures with one row per coefficient: how many rows, how high, and their names."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from bayesreg.errors import PriorError
from bayesreg.plots.names import plot_labels
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


def check_ci_prob(ci_prob: float) -> None:
    """Raise PriorError unless it is between 0 and 1."""
    if not 0 < ci_prob < 1:
        raise PriorError(f"ci_prob must be between 0 and 1, got {ci_prob!r}.")


def height(rows: int, *, tall: float = 0.3, flat: float = 0.18) -> float:
    """Inches of a figure: rows close up as they become many."""
    return 1.45 + rows * float(np.interp(rows, [10, 40], [tall, flat]))


def name_rows(ax: "Axes", names: Sequence[str], colors: Ink, faint: Sequence[bool] | None = None) -> None:
    """Write the names at the left, the first row on top; those marked faint stand back."""
    ax.set_yticks(np.arange(len(names)), plot_labels(names))
    for j, label in enumerate(ax.get_yticklabels()):
        label.set(color=colors.faint if faint is not None and faint[j] else colors.text, fontsize=SMALL_SIZE)
    ax.tick_params(axis="y", length=0)
    ax.set_ylim(len(names) - 0.4, -0.6)


def left_out(drawn: int, p: int, which: str) -> str:
    """What the subtitle says of coefficients that are not drawn; nothing if all are."""
    return "" if drawn == p else f"; drawn are the {drawn} {which}, the other {p - drawn} are not"

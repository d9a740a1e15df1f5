"""Names written beside the ends of lines, moved apart where they would overlap."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from bayesreg.plots.style import SMALL_SIZE, figure_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# Where the names begin, as a share of the axes' width.
START = 1.035
LINE_SPACING = 1.25


def name_ends(ax: "Axes", x: float, ends: np.ndarray, labels: Sequence[str], colors: Sequence[Any]) -> None:
    """Write labels at the right of the axes, each tied to the end of its line.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
        With its limits set.
    x : float
        Where the lines end, in units of the data.
    ends : ndarray, shape (k,)
        At which height.
    labels : sequence of str, length k
    colors : sequence of matplotlib colors, length k
    """
    for label, end, at, color in zip(labels, ends, apart(ends, _label_height(ax)), colors, strict=True):
        ax.annotate(
            label,
            xy=(x, end),
            xytext=(START, at),
            textcoords=ax.get_yaxis_transform(),
            color=color,
            fontsize=SMALL_SIZE,
            va="center",
            annotation_clip=False,
            arrowprops={
                "arrowstyle": "-",
                "color": color,
                "linewidth": 0.6,
                "shrinkA": 1,
                "shrinkB": 0,
                "relpos": (0, 0.5),
            },
        )


def apart(wanted: np.ndarray, gap: float) -> np.ndarray:
    """Positions nearest to the wanted ones in squared distance, in the same order, at least `gap` apart.

    Examples
    --------
    >>> apart(np.array([0.0, 0.0, 5.0]), 1.0)
    array([-0.5,  0.5,  5. ])
    """
    from scipy.optimize import isotonic_regression

    placed = np.array(wanted, dtype=float)
    if len(placed):
        order = np.argsort(wanted, kind="stable")
        steps = gap * np.arange(len(placed))
        placed[order] = isotonic_regression(placed[order] - steps).x + steps
    return placed


def _label_height(ax: "Axes") -> float:
    """Height of a line of text in units of y; the axes may yet lose a fifth to what stands around them."""
    low, high = ax.get_ylim()
    points = 0.8 * ax.get_window_extent().height / figure_of(ax).dpi * 72
    return LINE_SPACING * SMALL_SIZE * (high - low) / points

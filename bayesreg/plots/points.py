"""Point estimates as marks in rows: least squares, only pointed at where it is far out, and the MAP."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from bayesreg.analysis.comparison.compare import Comparison
from bayesreg.plots.style import Ink

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# Its name in the legend, where it stands, and how it looks.
Mark = tuple[str, np.ndarray, np.ndarray, dict[str, Any]]
# Least squares may be far out; beyond this many times the span of everything else it is only pointed at.
REACH = 0.75


def unpenalized_points(comparison: Comparison, chosen: np.ndarray) -> np.ndarray:
    """Least squares or maximum likelihood of the chosen columns, shape (k,); NaN, no mark, where it does not exist."""
    estimate = comparison.estimates.get("ols")
    return np.full(len(chosen), np.nan) if estimate is None else estimate.beta[chosen]


def limits_with(far: np.ndarray, low: float, high: float, room: float) -> tuple[float, float]:
    """Where an axis begins and ends that holds 0, `low` and `high`, as much of what is far out as it may, and room."""
    low, high = min(0.0, low), max(0.0, high)
    reach = REACH * (high - low) or 1.0
    far = far[np.isfinite(far)]
    low, high = min(low, max(low - reach, far.min(initial=low))), max(high, min(high + reach, far.max(initial=high)))
    room = room * (high - low) or 1.0
    return float(low - room), float(high + room)


def far_marks(label: str, values: np.ndarray, rows: np.ndarray, limits: tuple[float, float], colors: Ink) -> list[Mark]:
    """Open points inside the limits, then arrows at either end for those beyond."""
    left, right = values < limits[0], values > limits[1]
    inside, beyond = np.isfinite(values) & ~(left | right), f"{label}, beyond the axis"
    out = {"color": colors.faint, "clip_on": False}
    return [
        (label, values[inside], rows[inside], {"marker": "o", "mfc": colors.paper, "mec": colors.faint}),
        (beyond, np.full(left.sum(), limits[0]), rows[left], {"marker": "<", **out}),
        (beyond, np.full(right.sum(), limits[1]), rows[right], {"marker": ">", **out}),
    ]


def map_marks(values: np.ndarray, rows: np.ndarray, colors: Ink) -> list[Mark]:
    """Filled diamonds, and open ones at exactly 0."""
    zero = values == 0
    return [
        ("MAP", values[~zero], rows[~zero], {"marker": "D", "color": colors.map}),
        ("MAP, exactly 0", values[zero], rows[zero], {"marker": "D", "mfc": colors.paper, "mec": colors.map}),
    ]


def draw_marks(ax: "Axes", marks: Sequence[Mark], size: float) -> list[Any]:
    """Draw those that there are; their handles for a legend, one per name."""
    handles: dict[str, Any] = {}
    for label, x, rows, look in marks:
        if len(x):
            style = {"linestyle": "none", "markersize": size, "zorder": 4, **look}
            (handles[label],) = ax.plot(x, rows, label=label, **style)
    return list(handles.values())

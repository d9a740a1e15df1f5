"""What the model leaves of the target, against what it predicts."""

from typing import TYPE_CHECKING, Any

import numpy as np

from bayesreg.plots.style import Heading, axes_for, drawing, ink

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Points that are drawn, evenly spaced in the order of the prediction, and bins of the running mean.
MOST_POINTS, BINS = 3_000, 12


def plot_residuals(
    predicted: np.ndarray, residual: np.ndarray, *, label: str, ax: "Axes | None" = None, dark: bool = False
) -> "Figure":
    """Draw residuals against predictions, with their mean in equally full bins.

    Parameters
    ----------
    predicted, residual : ndarray, shape (n,)
    label : str
        What the residuals are, for the axis.
    ax : matplotlib.axes.Axes, optional
        Draw here; by default on a new figure.
    dark : bool, optional
        Light ink on dark paper.

    Returns
    -------
    matplotlib.figure.Figure
    """
    colors = ink(dark)
    order = np.argsort(predicted, kind="stable")
    shown = order[:: -(-len(order) // MOST_POINTS)]
    centers, means = _binned(predicted[order], residual[order])
    size: dict[str, Any] = {"markersize": 3.5 if len(shown) < 500 else 2, "linestyle": "none", "marker": "o"}
    with drawing():
        axes = axes_for(ax, 7.2, 3.6, colors)
        axes.axhline(0.0, color=colors.faint, linewidth=0.8)
        axes.plot(predicted[shown], residual[shown], color=colors.mean, alpha=0.45, label="row", **size)
        axes.plot(centers, means, color=colors.map, linewidth=1.8, label="mean of a bin")
        axes.set_xlabel("predicted mean")
        axes.set_ylabel(label)
        handles, _ = axes.get_legend_handles_labels()
        heading = Heading("Residuals against predictions", "without structure where the model fits", handles)
        return heading.write(axes, colors, whole_figure=ax is None)


def _binned(predicted: np.ndarray, residual: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    parts = np.array_split(np.arange(len(predicted)), min(BINS, max(1, len(predicted) // 10)))
    return np.array([predicted[part].mean() for part in parts]), np.array([residual[part].mean() for part in parts])

"""How well predicted probabilities separate two classes, at every threshold."""

from typing import TYPE_CHECKING

import numpy as np

from bayesreg.plots.style import Heading, axes_for, drawing, ink

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def plot_roc(y: np.ndarray, probability: np.ndarray, *, ax: "Axes | None" = None, dark: bool = False) -> "Figure":
    """Draw the receiver operating characteristic.

    Parameters
    ----------
    y : ndarray, shape (n,)
        0 and 1, both of them.
    probability : ndarray, shape (n,)
        Predicted probability of 1.
    ax : matplotlib.axes.Axes, optional
        Draw here; by default on a new figure.
    dark : bool, optional
        Light ink on dark paper.

    Returns
    -------
    matplotlib.figure.Figure
    """
    false, true = roc(y, probability)
    area = float(np.trapezoid(true, false))
    colors = ink(dark)
    with drawing():
        axes = axes_for(ax, 5.2, 4.6, colors)
        axes.plot([0, 1], [0, 1], color=colors.faint, linewidth=0.8)
        axes.plot(false, true, color=colors.mean, linewidth=2)
        axes.set_xlabel("false positive rate")
        axes.set_ylabel("true positive rate")
        heading = Heading(f"ROC curve, area {area:.3f}", "of rows that were left out, at every threshold")
        return heading.write(axes, colors, whole_figure=ax is None)


def roc(y: np.ndarray, probability: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """False and true positive rates, a point for each different probability, from (0, 0) to (1, 1)."""
    order = np.argsort(-probability, kind="stable")
    ends = np.append(np.flatnonzero(np.diff(probability[order])), len(y) - 1)
    positive = np.cumsum(y[order] > 0)[ends]
    negative = 1 + ends - positive
    return np.append(0.0, negative / negative[-1]), np.append(0.0, positive / positive[-1])

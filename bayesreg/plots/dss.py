"""How much of the variation sparse summaries of a posterior explain, by their size."""

from typing import TYPE_CHECKING, Any

import numpy as np

from bayesreg.analysis.sparsity.dss import DecoupledSelection, decoupled_selection
from bayesreg.plots.names import plot_labels
from bayesreg.plots.rows import MAX_ROWS, height, mark_size, name_rows, pick
from bayesreg.plots.style import Heading, Ink, axes_for, drawing, ink

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from xarray import DataTree

# Longest name in characters, beside the size of its summary.
NAME_WIDTH = 24


def plot_dss(
    result: "DecoupledSelection | DataTree",
    *,
    max_coefficients: int | None = MAX_ROWS,
    ax: "Axes | None" = None,
    dark: bool = False,
) -> "Figure":
    """Draw the variation explained by each sparse summary, the smallest on top.

    Each row is one summary: its number of coefficients, and which come in (+) or go out (−) from the row above. The
    dashed line is the posterior mean, with all coefficients; the filled point is the smallest summary whose interval
    reaches it.

    Parameters
    ----------
    result : DecoupledSelection or xarray.DataTree
        From :func:`bayesreg.decoupled_selection`, or a posterior for it.
    max_coefficients : int or None, optional
        How many summaries to draw, the smallest ones. None: all.
    ax : matplotlib.axes.Axes, optional
        Draw here; by default on a new figure, whose height grows with the number of summaries.
    dark : bool, optional
        Light ink on dark paper.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    PriorError
        If `max_coefficients` is not a positive whole number.

    See Also
    --------
    decoupled_selection : Sparse summaries of a posterior.
    plot_sparsity : Probabilities of negative, near zero and positive.

    Examples
    --------
    >>> import bayesreg as br
    >>> frame, target = br.load_dataset("diabetes")
    >>> reg = br.Regression(frame.drop(columns=target), frame[target], prior=br.Laplace(10.0), sigma=54.0)
    >>> figure = br.plot_dss(br.sample(reg, random_seed=1))
    >>> [label.get_text() for label in figure.axes[0].get_yticklabels()][:3]
    ['0', '1: + bmi', '2: + s5']
    """
    decoupled = result if isinstance(result, DecoupledSelection) else decoupled_selection(result)
    shown = pick(np.arange(len(decoupled.sizes)), max_coefficients)
    colors = ink(dark)
    with drawing():
        axes = axes_for(ax, 7.2, height(len(shown)), colors, upright_grid=True)
        handles = _draw(axes, decoupled, shown, colors)
        name_rows(axes, _changes(decoupled, len(shown)), colors)
        axes.set_xlabel("variation explained ρ²")
        heading = Heading(_title(decoupled), _subtitle(decoupled, len(shown)), handles)
        return heading.write(axes, colors, whole_figure=ax is None)


def _draw(ax: "Axes", decoupled: DecoupledSelection, shown: np.ndarray, colors: Ink) -> list[Any]:
    table = decoupled.to_frame().iloc[shown]
    rows, size = np.arange(len(shown)), mark_size(len(shown))
    whole = float(decoupled.rho2_draws[:, -1].mean())
    line = ax.axvline(
        whole, color=colors.text, linestyle="--", linewidth=1.0, label="posterior mean, all coefficients", zorder=1.5
    )
    ax.hlines(rows, table["rho2_lower"], table["rho2_upper"], color=colors.mean, linewidth=size / 2.6, zorder=3)
    look: dict[str, Any] = {"marker": "o", "linestyle": "none", "mec": colors.mean, "markersize": size, "zorder": 4}
    chosen = rows[shown == decoupled.chosen]
    label = f"summary, {100 * decoupled.ci_prob:g}% interval"
    handles = [line, *ax.plot(table["rho2"], rows, mfc=colors.paper, label=label, **look)]
    if len(chosen):
        label = "smallest whose interval reaches it"
        handles += ax.plot(table["rho2"].iloc[chosen], chosen, mfc=colors.mean, label=label, **look)
    return handles


def _changes(decoupled: DecoupledSelection, drawn: int) -> list[str]:
    """Size of each summary, and what comes in and goes out from the one before."""
    names, labels = plot_labels(decoupled.names, NAME_WIDTH), list[str]()
    before = np.zeros(len(names), dtype=bool)
    for size, coef in zip(decoupled.sizes[:drawn], decoupled.coef, strict=False):
        now = coef != 0
        parts = [f"+ {names[j]}" for j in np.flatnonzero(now & ~before)]
        parts += [f"− {names[j]}" for j in np.flatnonzero(before & ~now)]
        if len(", ".join(parts)) > NAME_WIDTH + 2 and len(parts) > 1:
            parts = [*parts[:1], f"and {len(parts) - 1} more"]
        labels.append(f"{size}: {', '.join(parts)}" if parts else f"{size}")
        before = now
    return labels


def _title(decoupled: DecoupledSelection) -> str:
    k, p = decoupled.chosen, len(decoupled.names)
    noun = "coefficient explains" if decoupled.sizes[k] == 1 else "coefficients explain"
    mine, whole = decoupled.rho2_draws[:, k].mean(), decoupled.rho2_draws[:, -1].mean()
    return f"{decoupled.sizes[k]} of {p} {noun} {100 * mine:.1f}% of the variation, all of them {100 * whole:.1f}%"


def _subtitle(decoupled: DecoupledSelection, drawn: int) -> str:
    text = "sparse summaries of one posterior (decoupled shrinkage and selection)"
    count = len(decoupled.sizes)
    return text if drawn == count else f"{text}; drawn are the {drawn} smallest of {count}"

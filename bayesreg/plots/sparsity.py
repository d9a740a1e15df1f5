"""Is a zero of the MAP a zero? The posterior's answer as one divided bar per coefficient."""

from typing import TYPE_CHECKING, Any

import numpy as np

from bayesreg.analysis.sparsity.sparsity import Sparsity, sparsity
from bayesreg.plots.names import labels_of
from bayesreg.plots.rows import MAX_ROWS, height, left_out, mark_size, name_rows, pick
from bayesreg.plots.style import Heading, Ink, axes_for, drawing, ink

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from xarray import DataTree

# Where the diamonds of the MAP's zeros stand, left of the bars.
DIAMOND = -0.025


def plot_sparsity(
    result: "Sparsity | DataTree",
    *,
    max_coefficients: int | None = MAX_ROWS,
    ax: "Axes | None" = None,
    dark: bool = False,
) -> "Figure":
    """Draw how probable it is that each coefficient is negative, within ±ε of zero, or positive.

    The bars are ordered by the probability of being near zero, the surest signals on top. An open diamond marks a
    coefficient that the MAP (or the estimate that was given) sets to exactly 0.

    Parameters
    ----------
    result : Sparsity or xarray.DataTree
        From :func:`bayesreg.sparsity`, or a posterior for it.
    max_coefficients : int or None, optional
        How many to draw: about as many zeros of the estimate as others, of both those least probably near zero; the
        figure says how many are left out. None: all.
    ax : matplotlib.axes.Axes, optional
        Draw here; by default on a new figure, whose height grows with the number of coefficients.
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
    sparsity : Which coefficients are zero, and how sure that is.
    plot_posterior_map : Posterior intervals, MAP and penalized estimate.

    Examples
    --------
    >>> import bayesreg as br
    >>> frame, target = br.load_dataset("diabetes")
    >>> reg = br.Regression(frame.drop(columns=target), frame[target], prior=br.Laplace(10.0), sigma=54.0)
    >>> br.plot_sparsity(br.sample(reg, random_seed=1)).axes[0].get_xlabel()
    'posterior probability'
    """
    sparse = result if isinstance(result, Sparsity) else sparsity(result)
    chosen = _pick(sparse, max_coefficients)
    colors = ink(dark)
    with drawing():
        axes = axes_for(ax, 7.2, height(len(chosen)), colors)
        handles = _draw(axes, sparse, chosen, colors)
        name_rows(axes, labels_of(sparse.names, chosen), colors, list(sparse.zero[chosen]))
        axes.set_xlabel("posterior probability")
        heading = Heading(_title(sparse), _subtitle(sparse, len(chosen)), handles)
        return heading.write(axes, colors, whole_figure=ax is None)


def _pick(sparse: Sparsity, most: int | None) -> np.ndarray:
    """The rows: where they are too many, about as many zeros of the estimate as others, those least near zero."""
    order = np.lexsort((-sparse.p_direction, sparse.p_near_zero))
    if len(pick(order, most)) == len(order):
        return order
    assert most is not None
    zero = sparse.zero[order]
    zeros = min(int(zero.sum()), max(most // 2, most - int((~zero).sum())))
    shown = (np.cumsum(zero) <= zeros) & zero | (np.cumsum(~zero) <= most - zeros) & ~zero
    return order[shown]


def _draw(ax: "Axes", sparse: Sparsity, chosen: np.ndarray, colors: Ink) -> list[Any]:
    rows = np.arange(len(chosen))
    parts: tuple[tuple[str, np.ndarray, dict[str, Any]], ...] = (
        ("negative, beyond −ε", sparse.p_below, {"color": colors.cycle[3]}),
        ("within ±ε of zero", sparse.p_near_zero, {"color": colors.grid, "edgecolor": colors.faint, "hatch": "//////"}),
        ("positive, beyond ε", sparse.p_above, {"color": colors.mean}),
    )
    handles, left = list[Any](), np.zeros(len(chosen))
    for label, share, style in parts:
        handles.append(ax.barh(rows, share[chosen], left=left, height=0.68, label=label, linewidth=0, **style))
        left = left + share[chosen]
    zero = np.flatnonzero(sparse.zero[chosen])
    if len(zero):
        look: dict[str, Any] = {"marker": "D", "linestyle": "none", "mfc": colors.paper, "mec": colors.map}
        label = "MAP" if "MAP" in sparse.how else "estimate"
        at = np.full(len(zero), DIAMOND)
        handles += ax.plot(
            at, zero, label=f"{label}, exactly 0", markersize=mark_size(len(chosen)), zorder=4, clip_on=False, **look
        )
    ax.set_xlim(2 * DIAMOND, 1.0)
    ax.spines["left"].set_visible(False)
    return handles


def _title(sparse: Sparsity) -> str:
    zeros, p = int(sparse.zero.sum()), len(sparse.names)
    if not zeros:
        return "No coefficient is exactly 0, so none is claimed to be"
    surely = int(np.sum(sparse.p_near_zero[sparse.zero] > sparse.ci_prob))
    which = f"{'MAP' if 'MAP' in sparse.how else 'estimate'} sets {zeros} of {p} coefficients to 0"
    sure = f"{100 * sparse.ci_prob:g}% sure"
    surely_text = "none" if surely == 0 else f"all {zeros}" if surely == zeros else str(surely)
    if zeros == 1:
        return f"The {which}; the posterior is {'' if surely else 'not '}{sure} of it"
    return f"The {which}; the posterior is {sure} of {surely_text}"


def _subtitle(sparse: Sparsity, drawn: int) -> str:
    unit = "ε by column" if np.ptp(sparse.epsilon) > 0 else f"ε = {sparse.epsilon[0]:.3g}"
    lower, upper = sparse.epsilon.min(), sparse.epsilon.max()
    between = f", {lower:.3g} to {upper:.3g} in its own units" if np.ptp(sparse.epsilon) > 0 else ""
    return f"{sparse.how}; {unit}{between}" + left_out(drawn, len(sparse.names), "least probably near zero")

"""How strongly each coefficient is shrunk: the posterior of κ_j, row by row."""

from typing import TYPE_CHECKING, Any

import numpy as np

from bayesreg.analysis.intervals import check_ci_prob, quantiles
from bayesreg.analysis.shrinkage.shrinkage import Shrinkage, shrinkage
from bayesreg.plots.names import labels_of
from bayesreg.plots.rows import MAX_ROWS, height, left_out, mark_size, name_rows, pick
from bayesreg.plots.style import Heading, Ink, axes_for, drawing, ink

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from xarray import DataTree


def plot_kappa(
    result: "Shrinkage | DataTree",
    *,
    ci_prob: float = 0.95,
    max_coefficients: int | None = MAX_ROWS,
    ax: "Axes | None" = None,
    dark: bool = False,
) -> "Figure":
    """Draw the posterior of κ_j for each coefficient, the least shrunk on top.

    Parameters
    ----------
    result : Shrinkage or xarray.DataTree
        From :func:`bayesreg.shrinkage`, or a posterior for it.
    ci_prob : float, optional
        Probability of the equal-tailed intervals.
    max_coefficients : int or None, optional
        How many to draw, the least shrunk; the figure says how many are left out. None: all.
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
        If `ci_prob` is not between 0 and 1, or `max_coefficients` not a positive whole number.

    See Also
    --------
    shrinkage : Shrinkage factors and the effective number of coefficients.
    plot_shrinkage : Least squares, MAP and posterior mean of each coefficient.

    Examples
    --------
    >>> import bayesreg as br
    >>> frame, target = br.load_dataset("diabetes")
    >>> reg = br.Regression(frame.drop(columns=target), frame[target], prior=br.Laplace(10.0), sigma=54.0)
    >>> br.plot_kappa(br.sample(reg, random_seed=1)).axes[0].get_xlabel()
    'shrinkage κ: 0 = untouched, 1 = fully shrunk'
    """
    check_ci_prob(ci_prob)
    factors = result if isinstance(result, Shrinkage) else shrinkage(result)
    chosen = pick(np.argsort(factors.kappa, kind="stable"), max_coefficients)
    colors = ink(dark)
    with drawing():
        axes = axes_for(ax, 7.2, height(len(chosen)), colors, upright_grid=True)
        handles = _draw(axes, factors, chosen, ci_prob, colors)
        name_rows(axes, labels_of(factors.names, chosen), colors)
        axes.set_xlabel("shrinkage κ: 0 = untouched, 1 = fully shrunk")
        heading = Heading(_title(factors, ci_prob), _subtitle(factors, len(chosen)), handles)
        return heading.write(axes, colors, whole_figure=ax is None)


def _draw(ax: "Axes", factors: Shrinkage, chosen: np.ndarray, ci_prob: float, colors: Ink) -> list[Any]:
    draws, rows = factors.kappa_draws[:, chosen], np.arange(len(chosen))
    lower, upper = quantiles(draws, ci_prob)
    size = mark_size(len(chosen))
    ax.hlines(rows, lower, upper, color=colors.mean, linewidth=size / 2.6, alpha=0.75, zorder=3)
    label = f"posterior mean, {100 * ci_prob:g}% interval"
    style: dict[str, Any] = {"marker": "o", "linestyle": "none", "color": colors.mean, "markersize": size}
    handle = ax.plot(draws.mean(axis=0), rows, label=label, zorder=4, clip_on=False, **style)
    ax.set_xlim(-0.02, 1.02)
    return handle


def _title(factors: Shrinkage, ci_prob: float) -> str:
    low, high = factors.interval(ci_prob)
    p = len(factors.names)
    spread = "" if high - low < 1e-6 * p else f" ({100 * ci_prob:g}%: {low:.3g} to {high:.3g})"
    return f"Effective number of coefficients {factors.m_eff:.3g} of {p}{spread}"


def _subtitle(factors: Shrinkage, drawn: int) -> str:
    before = "" if factors.prior_m_eff is None else f"; a priori {factors.prior_m_eff:.3g}"
    return f"m_eff = Σ(1 − κ){before}" + left_out(drawn, len(factors.names), "least shrunk")

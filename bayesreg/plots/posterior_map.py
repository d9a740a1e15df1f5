"""The posterior of each coefficient with the points that optimization finds on it."""

from typing import TYPE_CHECKING, Any

import numpy as np

from bayesreg.analysis.comparison.compare import Comparison
from bayesreg.plots.draws import beta_draws, comparison_of, density, largest_first
from bayesreg.plots.names import labels_of
from bayesreg.plots.points import Mark, draw_marks, far_marks, limits_with, map_marks, unpenalized_points
from bayesreg.plots.rows import height, left_out, name_rows, pick
from bayesreg.plots.style import Heading, Ink, axes_for, drawing, ink
from bayesreg.plots.words import beta_axis, fit_name, scale_of_points

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from xarray import DataTree

MAX_COEFFICIENTS = 20
# How high a density rises above its row's baseline, in rows; and how wide a mark is, in points.
RISE, SIZE = 0.8, 5.0
TICK = {"marker": "|", "markersize": 13.0, "markeredgewidth": 1.3}
# Where a density's line begins and ends.
TAILS = (0.0005, 0.9995)


def plot_posterior_map(
    comparison: "Comparison | DataTree",
    *,
    max_coefficients: int | None = MAX_COEFFICIENTS,
    ax: "Axes | None" = None,
    dark: bool = False,
) -> "Figure":
    """Draw the posterior density of each coefficient, with MAP, penalized estimate and least squares below it.

    The coefficients are beta, those on the (standardized) columns on which the prior is stated, ordered by the
    size of the posterior mean; every density is drawn equally high. An open diamond is a MAP of exactly 0.

    Parameters
    ----------
    comparison : Comparison or xarray.DataTree
        From :func:`bayesreg.compare`, or a posterior of a regression that has a comparison.
    max_coefficients : int or None, optional
        How many to draw, those of largest posterior mean; the figure says how many are left out. None: all.
    ax : matplotlib.axes.Axes, optional
        Draw here; by default on a new figure, whose height grows with the number of coefficients.
    dark : bool, optional
        Light ink on dark paper.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    DataError
        If it is neither.
    PriorError
        If `max_coefficients` is not a positive whole number.

    See Also
    --------
    compare : MAP, penalized estimate and posterior side by side.
    plot_shrinkage : Least squares, MAP and posterior mean of each coefficient.

    Examples
    --------
    >>> import bayesreg as br
    >>> frame, target = br.load_dataset("diabetes")
    >>> reg = br.Regression(frame.drop(columns=target), frame[target], prior=br.Laplace(10.0), sigma=54.0)
    >>> figure = br.plot_posterior_map(br.compare(reg, random_seed=1))
    >>> [label.get_text() for label in figure.axes[0].get_yticklabels()][:2]
    ['bmi', 's5']
    """
    comparison = comparison_of(comparison)
    reg, colors = comparison.reg, ink(dark)
    draws = beta_draws(reg, comparison.idata)
    chosen = pick(largest_first(draws), max_coefficients)
    with drawing():
        axes = axes_for(ax, 7.2, height(len(chosen), tall=0.48, flat=0.32), colors, upright_grid=True)
        points = {name: comparison.estimates[name].beta[chosen] for name in ("penalized", "map")}
        points["ols"] = unpenalized_points(comparison, chosen)
        handles = _draw(axes, draws[:, chosen], points, fit_name(reg), colors)
        name_rows(axes, labels_of(reg.names, chosen), colors, list(points["map"] == 0))
        axes.set_ylim(len(chosen) - 0.55, -1.0)
        axes.set_xlabel(beta_axis(reg))
        heading = Heading(_title(comparison), _subtitle(comparison, len(chosen)), handles)
        return heading.write(axes, colors, whole_figure=ax is None)


def _draw(ax: "Axes", draws: np.ndarray, points: dict[str, np.ndarray], ols: str, colors: Ink) -> list[Any]:
    low, high = _limits(draws, points)
    ax.axvline(0.0, color=colors.faint, linewidth=1.0, zorder=1)
    for row in range(draws.shape[1]):
        grid, values = density(draws[:, row], low, high)
        curve = row - RISE * values / (values.max() or 1.0)
        ends = np.quantile(draws[:, row], TAILS)
        shown = (grid >= ends[0]) & (grid <= ends[1])
        body = ax.fill_between(grid, row, curve, where=shown, color=colors.mean, alpha=0.35, linewidth=0, zorder=2)
        ax.plot(np.where(shown, grid, np.nan), curve, color=colors.mean, linewidth=1.0, zorder=2.5)
        body.set_label("posterior density")
    rows = np.arange(draws.shape[1], dtype=float)
    fit, *beyond = far_marks(ols, points["ols"], rows, (low, high), colors)
    tick: Mark = ("penalized", points["penalized"], rows, TICK | {"color": colors.text})
    handles = draw_marks(ax, [fit, tick, *map_marks(points["map"], rows, colors), *beyond], SIZE)
    ax.set_xlim(low, high)
    return [body, *handles]


def _limits(draws: np.ndarray, points: dict[str, np.ndarray]) -> tuple[float, float]:
    """Room for all densities."""
    lower, upper = np.quantile(draws, [0.001, 0.999], axis=0)
    low, high = min(lower.min(), points["map"].min()), max(upper.max(), points["map"].max())
    return limits_with(points["ols"], low, high, room=0.03)


def _title(comparison: Comparison) -> str:
    zeros, p = comparison.estimates["map"].n_zeros, comparison.reg.p
    best = comparison.estimates["map"]
    close = comparison.max_abs_difference <= 1e-6 * float(np.abs([*best.coef, best.intercept]).max(initial=1e-300))
    text = f"MAP and penalized estimate {'agree' if close or zeros == p else 'differ'}"
    if not zeros:
        return f"{text}: one point of a whole posterior"
    draws_too = "" if comparison.zero_draws else "; no posterior draw is"
    return f"{text}: {zeros} of {p} exactly 0{draws_too}"


def _subtitle(comparison: Comparison, drawn: int) -> str:
    return f"largest difference of the two {comparison.max_abs_difference:.1e}{scale_of_points(comparison)}" + left_out(
        drawn, comparison.reg.p, "of largest posterior mean"
    )

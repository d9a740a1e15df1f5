"""How far each coefficient is shrunk: from least squares to the posterior mean and to the MAP."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from bayesreg.analysis.comparison.compare import Comparison
from bayesreg.analysis.intervals import check_ci_prob, quantiles
from bayesreg.plots.draws import beta_draws, comparison_of, largest_first
from bayesreg.plots.names import labels_of
from bayesreg.plots.points import Mark, draw_marks, far_marks, limits_with, map_marks, unpenalized_points
from bayesreg.plots.rows import MAX_ROWS, height, left_out, mark_size, name_rows, pick
from bayesreg.plots.style import Heading, Ink, axes_for, drawing, ink
from bayesreg.plots.words import beta_axis, fit_name, prior_name, scale_of_points, sigma_text

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from xarray import DataTree

# Each coefficient's row has three lanes, so that points that coincide are still all seen.
LEAST_SQUARES_LANE, MEAN_LANE, MAP_LANE = -0.25, 0.0, 0.25


@dataclass(frozen=True, eq=False)
class _Shown:
    """The numbers in the picture, of beta, largest posterior mean first; all of shape (k,)."""

    labels: list[str]
    ols: np.ndarray
    mean: np.ndarray
    map: np.ndarray
    lower: np.ndarray
    upper: np.ndarray

    @property
    def rows(self) -> np.ndarray:
        return np.arange(len(self.labels), dtype=float)

    @property
    def limits(self) -> tuple[float, float]:
        """Where the axis begins and ends."""
        low, high = np.min([self.lower, self.map, self.mean]), np.max([self.upper, self.map, self.mean])
        return limits_with(self.ols, low, high, room=0.04)


def plot_shrinkage(
    comparison: "Comparison | DataTree",
    *,
    ci_prob: float | None = None,
    max_coefficients: int | None = MAX_ROWS,
    ax: "Axes | None" = None,
    dark: bool = False,
) -> "Figure":
    """Draw one row per coefficient: least squares, posterior mean with its interval, and MAP.

    The coefficients are beta, those on the (standardized) columns on which the prior is stated: per standard deviation
    of each column, hence comparable, unless ``standardize=False``. They are ordered by the size of the posterior mean.
    An open diamond on the zero line is a MAP of exactly 0.

    Parameters
    ----------
    comparison : Comparison or xarray.DataTree
        From :func:`bayesreg.compare`, or a posterior of a regression that has a comparison.
    ci_prob : float, optional
        Probability of the equal-tailed posterior intervals; by default that of the comparison.
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
        If `ci_prob` is not between 0 and 1, or `max_coefficients` not a positive whole number.

    See Also
    --------
    compare : MAP, penalized estimate and posterior side by side.
    plot_kappa : Shrinkage factor of each coefficient.

    Examples
    --------
    >>> import bayesreg as br
    >>> frame, target = br.load_dataset("diabetes")
    >>> reg = br.Regression(frame.drop(columns=target), frame[target], prior=br.Laplace(10.0), sigma=54.0)
    >>> figure = br.plot_shrinkage(br.compare(reg, random_seed=1))
    >>> [label.get_text() for label in figure.axes[0].get_yticklabels()][:3]
    ['bmi', 's5', 'bp']
    """
    comparison = comparison_of(comparison)
    ci_prob = comparison.ci_prob if ci_prob is None else ci_prob
    check_ci_prob(ci_prob)
    reg, colors = comparison.reg, ink(dark)
    draws = beta_draws(reg, comparison.idata)
    shown = _select(comparison, draws, ci_prob, max_coefficients)
    with drawing():
        tall = height(len(shown.labels), tall=0.34, flat=0.2)
        axes = axes_for(ax, 7.2, tall, colors, upright_grid=True)
        handles = _draw(axes, shown, ci_prob, fit_name(reg), colors)
        name_rows(axes, shown.labels, colors, list(shown.map == 0))
        axes.set_xlabel(beta_axis(reg))
        heading = Heading(_title(comparison, draws), _subtitle(comparison, len(shown.labels)), handles)
        return heading.write(axes, colors, whole_figure=ax is None)


def _select(comparison: Comparison, draws: np.ndarray, ci_prob: float, most: int | None) -> _Shown:
    chosen = pick(largest_first(draws), most)
    lower, upper = quantiles(draws[:, chosen], ci_prob)
    ols, best = unpenalized_points(comparison, chosen), comparison.estimates["map"].beta[chosen]
    labels = labels_of(comparison.reg.names, chosen)
    return _Shown(labels, ols, draws[:, chosen].mean(axis=0), best, lower, upper)


def _draw(ax: "Axes", shown: _Shown, ci_prob: float, least_squares: str, colors: Ink) -> list[Any]:
    size = mark_size(len(shown.labels))
    ax.axvline(0.0, color=colors.faint, linewidth=1.0, zorder=1)
    _draw_ways(ax, shown, colors)
    width = size / 2.6
    ax.hlines(
        shown.rows + MEAN_LANE, shown.lower, shown.upper, color=colors.mean, linewidth=width, alpha=0.75, zorder=3
    )
    fit, *beyond = far_marks(least_squares, shown.ols, shown.rows + LEAST_SQUARES_LANE, shown.limits, colors)
    look = {"marker": "o", "color": colors.mean}
    mean: Mark = (f"posterior mean, {100 * ci_prob:g}% interval", shown.mean, shown.rows + MEAN_LANE, look)
    ax.set_xlim(*shown.limits)
    return draw_marks(ax, [fit, mean, *map_marks(shown.map, shown.rows + MAP_LANE, colors), *beyond], size)


def _draw_ways(ax: "Axes", shown: _Shown, colors: Ink) -> None:
    """Thin lines from least squares through the posterior mean to the MAP."""
    from matplotlib.collections import LineCollection

    x = np.stack([np.clip(shown.ols, *shown.limits), shown.mean, shown.map], axis=1)
    y = np.stack([shown.rows + lane for lane in (LEAST_SQUARES_LANE, MEAN_LANE, MAP_LANE)], axis=1)
    ways = LineCollection(list(np.stack([x, y], axis=2)), colors=colors.faint, linewidths=0.7, alpha=0.7, zorder=2)
    ax.add_collection(ways)


def _title(comparison: Comparison, draws: np.ndarray) -> str:
    p, zeros = comparison.reg.p, comparison.estimates["map"].n_zeros
    in_posterior = int(np.sum(np.all(draws == 0, axis=0)))
    if not zeros and not in_posterior:
        return "No coefficient is exactly 0, neither at the MAP nor in the posterior"
    many = f"All {p}" if zeros == p > 1 else f"{zeros} of {p}"
    noun = "coefficient" if p == 1 else "coefficients"
    verb = "is" if zeros == 1 else "are"
    return f"{many} {noun} {verb} exactly 0 at the MAP; {in_posterior or 'none'} in the posterior"


def _subtitle(comparison: Comparison, drawn: int) -> str:
    reg = comparison.reg
    text = f"{prior_name(reg)} prior{sigma_text(reg, comparison.sigma)}{scale_of_points(comparison)}, n = {reg.n}"
    return text + left_out(drawn, reg.p, "coefficients of largest posterior mean")

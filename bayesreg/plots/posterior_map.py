"""The posterior of each coefficient with the points that optimization finds on it."""

from typing import TYPE_CHECKING, Any

import numpy as np

from bayesreg.analysis.comparison.compare import Comparison
from bayesreg.plots.density import density
from bayesreg.plots.names import plot_labels
from bayesreg.plots.rows import height, left_out, name_rows, pick
from bayesreg.plots.style import Heading, Ink, drawing, dress, ink, new_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MAX_COEFFICIENTS = 20
# How high a density rises above its row's baseline, in rows; and how far out of a row's spread the axis may reach.
RISE, REACH = 0.8, 0.75
# Where a density's line begins and ends.
TAILS = (0.0005, 0.9995)


def plot_posterior_map(
    comparison: Comparison,
    *,
    max_coefficients: int | None = MAX_COEFFICIENTS,
    ax: "Axes | None" = None,
    dark: bool = False,
) -> "Figure":
    """Draw the posterior density of each coefficient, with MAP, penalized estimate and least squares below it.

    The coefficients are beta, those on the columns that the prior sees, ordered by the size of the posterior mean;
    every density is drawn equally high. An open diamond is a MAP of exactly 0.

    Parameters
    ----------
    comparison : Comparison
        From :func:`bayesreg.compare`.
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
    PriorError
        If `max_coefficients` is not a positive whole number.

    Examples
    --------
    >>> import bayesreg as br
    >>> frame, target = br.load_dataset("diabetes")
    >>> reg = br.Regression(frame.drop(columns=target), frame[target], prior=br.Laplace(10.0), sigma=54.0)
    >>> figure = br.plot_posterior_map(br.compare(reg, random_seed=1))
    >>> [label.get_text() for label in figure.axes[0].get_yticklabels()][:2]
    ['bmi', 's5']
    """
    draws = _draws(comparison)
    mean = draws.mean(axis=0)
    chosen = pick(np.argsort(-np.abs(mean), kind="stable"), max_coefficients)
    colors = ink(dark)
    with drawing():
        tall = height(len(chosen), tall=0.48, flat=0.32)
        axes = new_figure(7.2, tall, colors).add_subplot() if ax is None else ax
        dress(axes, colors, upright_grid=True)
        points = {name: comparison.estimates[name].beta[chosen] for name in ("ols", "penalized", "map")}
        handles = _draw(axes, draws[:, chosen], points, _least_squares(comparison), colors)
        name_rows(axes, [comparison.reg.names[j] for j in chosen], colors, list(points["map"] == 0))
        axes.set_ylim(len(chosen) - 0.55, -1.0)
        axes.set_xlabel(_unit(comparison))
        heading = Heading(_title(comparison), _subtitle(comparison, len(chosen)), handles)
        return heading.write(axes, colors, own_figure=ax is None)


def _draws(comparison: Comparison) -> np.ndarray:
    """Posterior draws of beta, shape (S, p)."""
    coef = comparison.idata["posterior"]["coef"].transpose("chain", "draw", "coef_name").values
    return comparison.reg.design.standardization.beta(coef.reshape(-1, comparison.reg.p))


def _draw(ax: "Axes", draws: np.ndarray, points: dict[str, np.ndarray], ols: str, colors: Ink) -> list[Any]:
    low, high = _limits(draws, points)
    ax.axvline(0.0, color=colors.faint, linewidth=1.0, zorder=1)
    handles: dict[str, Any] = {}
    for row in range(draws.shape[1]):
        grid, values = density(draws[:, row], low, high)
        curve = row - RISE * values / (values.max() or 1.0)
        ends = np.quantile(draws[:, row], TAILS)
        shown = (grid >= ends[0]) & (grid <= ends[1])
        body = ax.fill_between(grid, row, curve, where=shown, color=colors.mean, alpha=0.35, linewidth=0, zorder=2)
        ax.plot(np.where(shown, grid, np.nan), curve, color=colors.mean, linewidth=1.0, zorder=2.5)
        body.set_label("posterior density")
        handles["posterior"] = body
    for label, x, rows, style in _points(points, ols, low, high, colors):
        if len(x):
            (handles[label],) = ax.plot(x, rows, label=label, linestyle="none", zorder=4, **style)
    ax.set_xlim(low, high)
    return list(handles.values())


def _limits(draws: np.ndarray, points: dict[str, np.ndarray]) -> tuple[float, float]:
    """Room for all densities; least squares may be far out, and is then pointed at."""
    lower, upper = np.quantile(draws, [0.001, 0.999], axis=0)
    low = min(0.0, float(lower.min()), float(points["map"].min()))
    high = max(0.0, float(upper.max()), float(points["map"].max()))
    reach = REACH * (high - low) or 1.0
    low, high = min(low, max(low - reach, points["ols"].min())), max(high, min(high + reach, points["ols"].max()))
    room = 0.03 * (high - low) or 1.0
    return low - room, high + room


def _points(
    points: dict[str, np.ndarray], ols: str, low: float, high: float, colors: Ink
) -> list[tuple[str, Any, Any, dict[str, Any]]]:
    rows = np.arange(len(points["map"]), dtype=float)
    zero, left, right = points["map"] == 0, points["ols"] < low, points["ols"] > high
    inside, small = ~(left | right), {"markersize": 5.0}
    tick: dict[str, Any] = {"marker": "|", "markersize": 13.0, "markeredgewidth": 1.3, "color": colors.text}
    out: dict[str, Any] = {"color": colors.faint, "clip_on": False}
    beyond = f"{ols}, beyond the axis"
    filled: dict[str, Any] = {"marker": "D", "color": colors.map}
    hollow: dict[str, Any] = {"marker": "D", "mfc": colors.paper, "mec": colors.map}
    return [
        (ols, points["ols"][inside], rows[inside], small | {"marker": "o", "mfc": colors.paper, "mec": colors.faint}),
        ("penalized", points["penalized"], rows, tick),
        ("MAP", points["map"][~zero], rows[~zero], small | filled),
        ("MAP, exactly 0", points["map"][zero], rows[zero], small | hollow),
        (beyond, np.full(left.sum(), low), rows[left], out | {"marker": "<"}),
        (beyond, np.full(right.sum(), high), rows[right], out | {"marker": ">"}),
    ]


def _least_squares(comparison: Comparison) -> str:
    if not comparison.reg.is_gaussian:
        return "maximum likelihood"
    loss = comparison.reg.loss
    return "least squares" if loss.rank == loss.size else "least squares of least norm"


def _unit(comparison: Comparison) -> str:
    (target,) = plot_labels([comparison.reg.design.target])
    standardized = bool(np.any(comparison.reg.design.standardization.sd != 1))
    what = "change of" if comparison.reg.is_gaussian else "linear predictor of"
    return f"beta: {what} {target} per {'standard deviation' if standardized else 'unit'} of its column"


def _title(comparison: Comparison) -> str:
    zeros, p = comparison.estimates["map"].n_zeros, comparison.reg.p
    close = comparison.max_abs_difference <= 1e-6 * float(np.abs(comparison.estimates["map"].coef).max(initial=1e-300))
    said = f"MAP and penalized estimate {'agree' if close or zeros == p else 'differ'}"
    if not zeros:
        return f"{said}: one point of a whole posterior"
    draws_too = "" if comparison.zero_draws else "; no posterior draw is"
    return f"{said}: {zeros} of {p} exactly 0{draws_too}"


def _subtitle(comparison: Comparison, drawn: int) -> str:
    return f"largest difference of the two {comparison.max_abs_difference:.1e}" + left_out(
        drawn, comparison.reg.p, "of largest posterior mean"
    )

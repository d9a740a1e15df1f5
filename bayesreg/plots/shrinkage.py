"""How far each coefficient is pulled: from least squares to the posterior mean and to the MAP."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from bayesreg.analysis.comparison.compare import Comparison
from bayesreg.errors import PriorError
from bayesreg.plots.names import plot_labels
from bayesreg.plots.style import SMALL_SIZE, Heading, Ink, drawing, dress, ink, is_count, new_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MAX_COEFFICIENTS = 40
# Each coefficient's row has three lanes, so that points that coincide are still all seen.
LEAST_SQUARES_LANE, MEAN_LANE, MAP_LANE = -0.25, 0.0, 0.25
# Least squares may be far out; beyond this many times the span of everything else it is only pointed at.
REACH = 0.75
PRIOR_NAMES = {"laplace": "Laplace", "normal": "Normal", "elastic_net": "elastic-net"}


@dataclass(frozen=True, eq=False)
class _Shown:
    """The numbers in the picture, of beta, largest posterior mean first; all of shape (k,)."""

    names: tuple[str, ...]
    ols: np.ndarray
    mean: np.ndarray
    map: np.ndarray
    lower: np.ndarray
    upper: np.ndarray

    @property
    def rows(self) -> np.ndarray:
        return np.arange(len(self.names), dtype=float)

    @property
    def limits(self) -> tuple[float, float]:
        """Where the axis begins and ends."""
        low = min(0.0, float(np.min([self.lower, self.map, self.mean])))
        high = max(0.0, float(np.max([self.upper, self.map, self.mean])))
        reach = REACH * (high - low) or 1.0
        low, high = min(low, max(low - reach, self.ols.min())), max(high, min(high + reach, self.ols.max()))
        room = 0.04 * (high - low) or 1.0
        return low - room, high + room


def plot_shrinkage(
    comparison: Comparison,
    *,
    ci_prob: float | None = None,
    max_coefficients: int | None = MAX_COEFFICIENTS,
    ax: "Axes | None" = None,
    dark: bool = False,
) -> "Figure":
    """Draw one row per coefficient: least squares, posterior mean with its interval, and MAP.

    The coefficients are beta, those on the columns that the prior sees: per standard deviation of each
    column, hence comparable, unless ``standardize=False``. They are ordered by the size of the posterior
    mean. An open diamond on the zero line is a MAP of exactly 0.

    Parameters
    ----------
    comparison : Comparison
        From :func:`bayesreg.compare`.
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
    PriorError
        If `ci_prob` is not between 0 and 1, or `max_coefficients` not a positive whole number.

    Examples
    --------
    >>> import bayesreg as br
    >>> frame, target = br.load_dataset("diabetes")
    >>> reg = br.Regression(frame.drop(columns=target), frame[target], prior=br.Laplace(10.0), sigma=54.0)
    >>> figure = br.plot_shrinkage(br.compare(reg, random_seed=1))
    >>> [label.get_text() for label in figure.axes[0].get_yticklabels()][:3]
    ['bmi', 's5', 'bp']
    """
    ci_prob = comparison.ci_prob if ci_prob is None else ci_prob
    if not 0 < ci_prob < 1:
        raise PriorError(f"ci_prob must be between 0 and 1, got {ci_prob!r}.")
    shown, colors = _select(comparison, ci_prob, max_coefficients), ink(dark)
    with drawing():
        axes = new_figure(7.2, _height(len(shown.names)), colors).add_subplot() if ax is None else ax
        dress(axes, colors, upright_grid=True)
        handles = _draw(axes, shown, ci_prob, _least_squares(comparison), colors)
        _label(axes, shown, comparison, colors)
        heading = Heading(_title(comparison), _subtitle(comparison, len(shown.names)), handles)
        return heading.write(axes, colors, own_figure=ax is None)


def _select(comparison: Comparison, ci_prob: float, most: int | None) -> _Shown:
    if most is not None and not is_count(most, 1):
        raise PriorError(f"max_coefficients must be a whole number, at least 1, or None for all, got {most!r}.")
    draws = _draws(comparison)
    mean = draws.mean(axis=0)
    chosen = np.argsort(-np.abs(mean), kind="stable")[:most]
    lower, upper = np.quantile(draws[:, chosen], [(1 - ci_prob) / 2, (1 + ci_prob) / 2], axis=0)
    ols, best = (comparison.estimates[name].beta[chosen] for name in ("ols", "map"))
    return _Shown(tuple(comparison.reg.names[j] for j in chosen), ols, mean[chosen], best, lower, upper)


def _draws(comparison: Comparison) -> np.ndarray:
    """Posterior draws of beta, shape (chains × draws, p)."""
    coef = comparison.idata["posterior"]["coef"].transpose("chain", "draw", "coef_name").values
    return comparison.reg.design.standardization.beta(coef.reshape(-1, comparison.reg.p))


def _height(rows: int) -> float:
    """Inches: rows close up from 0.34 to 0.2 as they become many."""
    return 1.45 + rows * float(np.interp(rows, [10, 40], [0.34, 0.2]))


def _draw(ax: "Axes", shown: _Shown, ci_prob: float, least_squares: str, colors: Ink) -> list[Any]:
    size = float(np.interp(len(shown.names), [10, 40], [5.5, 4.0]))
    ax.axvline(0.0, color=colors.faint, linewidth=1.0, zorder=1)
    _draw_ways(ax, shown, colors)
    width = size / 2.6
    ax.hlines(
        shown.rows + MEAN_LANE, shown.lower, shown.upper, color=colors.mean, linewidth=width, alpha=0.75, zorder=3
    )
    handles: dict[str, Any] = {}
    for label, x, y, style in _points(shown, f"posterior mean, {100 * ci_prob:g}% interval", least_squares, colors):
        if len(x):
            (handles[label],) = ax.plot(x, y, label=label, linestyle="none", markersize=size, zorder=4, **style)
    ax.set_xlim(*shown.limits)
    return list(handles.values())


def _draw_ways(ax: "Axes", shown: _Shown, colors: Ink) -> None:
    """Thin lines from least squares through the posterior mean to the MAP."""
    from matplotlib.collections import LineCollection

    x = np.stack([np.clip(shown.ols, *shown.limits), shown.mean, shown.map], axis=1)
    y = np.stack([shown.rows + lane for lane in (LEAST_SQUARES_LANE, MEAN_LANE, MAP_LANE)], axis=1)
    ways = LineCollection(list(np.stack([x, y], axis=2)), colors=colors.faint, linewidths=0.7, alpha=0.7, zorder=2)
    ax.add_collection(ways)


def _points(shown: _Shown, mean: str, least_squares: str, colors: Ink) -> list[tuple[str, Any, Any, dict[str, Any]]]:
    """Each kind of point: its name, where it stands, and how it looks."""
    (low, high), zero = shown.limits, shown.map == 0
    left, right = shown.ols < low, shown.ols > high
    inside, beyond = ~(left | right), f"{least_squares}, beyond the axis"
    above, below = shown.rows + LEAST_SQUARES_LANE, shown.rows + MAP_LANE
    out = {"color": colors.faint, "clip_on": False}
    return [
        (least_squares, shown.ols[inside], above[inside], {"marker": "o", "mfc": colors.paper, "mec": colors.faint}),
        (mean, shown.mean, shown.rows + MEAN_LANE, {"marker": "o", "color": colors.mean}),
        ("MAP", shown.map[~zero], below[~zero], {"marker": "D", "color": colors.map}),
        ("MAP, exactly 0", shown.map[zero], below[zero], {"marker": "D", "mfc": colors.paper, "mec": colors.map}),
        (beyond, np.full(left.sum(), low), above[left], {"marker": "<", **out}),
        (beyond, np.full(right.sum(), high), above[right], {"marker": ">", **out}),
    ]


def _least_squares(comparison: Comparison) -> str:
    if not comparison.reg.is_gaussian:
        return "maximum likelihood"
    loss = comparison.reg.loss
    return "least squares" if loss.rank == loss.size else "least squares of least norm"


def _label(ax: "Axes", shown: _Shown, comparison: Comparison, colors: Ink) -> None:
    ax.set_yticks(shown.rows, plot_labels(shown.names))
    for label, at in zip(ax.get_yticklabels(), shown.map, strict=True):
        label.set(color=colors.faint if at == 0 else colors.text, fontsize=SMALL_SIZE)
    ax.tick_params(axis="y", length=0)
    ax.set_ylim(len(shown.names) - 0.4, -0.6)
    (target,) = plot_labels([comparison.reg.design.target])
    standardized = bool(np.any(comparison.reg.design.standardization.sd != 1))
    unit = "standard deviation of its column" if standardized else "unit of its column"
    ax.set_xlabel(f"beta: change of {target} per {unit}")


def _title(comparison: Comparison) -> str:
    p, zeros = comparison.reg.p, comparison.estimates["map"].n_zeros
    in_posterior = int(np.sum(np.all(_draws(comparison) == 0, axis=0)))
    if not zeros and not in_posterior:
        return "No coefficient is exactly 0, neither at the MAP nor in the posterior"
    many = f"All {p}" if zeros == p > 1 else f"{zeros} of {p}"
    noun = "coefficient" if p == 1 else "coefficients"
    verb = "is" if zeros == 1 else "are"
    return f"{many} {noun} {verb} exactly 0 at the MAP; {in_posterior or 'none'} in the posterior"


def _subtitle(comparison: Comparison, drawn: int) -> str:
    reg = comparison.reg
    known = "" if reg.noise.known else " (joint mode)"
    said = f"{PRIOR_NAMES[reg.prior.name]} prior, sigma = {comparison.sigma:.4g}{known}, n = {reg.n}"
    if drawn == reg.p:
        return said
    return f"{said}; drawn are the {drawn} coefficients of largest posterior mean, the other {reg.p - drawn} are not"

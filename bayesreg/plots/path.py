"""How the coefficients leave 0 as the penalty weakens."""

from typing import TYPE_CHECKING, Any

import numpy as np

from bayesreg.analysis.coef_draws import column_order
from bayesreg.analysis.intervals import check_ci_prob, quantiles
from bayesreg.errors import DataError, PriorError
from bayesreg.model.regression import Regression
from bayesreg.optimize.path import Path
from bayesreg.optimize.path import path as compute_path
from bayesreg.plots.line_ends import name_ends
from bayesreg.plots.names import labels_of
from bayesreg.plots.style import SMALL_SIZE, TEXT_SIZE, Heading, Ink, axes_for, drawing, ink, is_count, legible
from bayesreg.sampling.gate import within_gate

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from xarray import DataTree

MAX_LABELS = 12
TOP_TICKS = 8
# Points above the axes that the axis of counts takes.
TOP_AXIS = 34.0
LINE_STYLES = ("-", "--", ":")


def plot_path(
    path: Path | Regression,
    *,
    posterior: "DataTree | None" = None,
    ci_prob: float = 0.9,
    max_labels: int = MAX_LABELS,
    ax: "Axes | None" = None,
    dark: bool = False,
) -> "Figure":
    """Draw the coefficients against the strength of the penalty, strong on the left and weak on the right.

    The coefficients are beta, those on the (standardized) columns on which the prior is stated. A line is drawn only
    where its coefficient is not 0; an open diamond on the zero line marks where it leaves an exact 0, and the axis on
    top counts the coefficients that are not exactly 0. A dashed line stands at the strength of the regression's own
    prior. With posteriors along the path the named coefficients also get a ribbon, the equal-tailed interval at each
    strength: where the MAP is exactly 0 the posterior is not.

    Parameters
    ----------
    path : Path or Regression
        From :func:`bayesreg.path`, or a regression with known sigma and scale, whose path is then computed.
    posterior : xarray.DataTree, optional
        From :func:`bayesreg.sample_path` of the same regression.
    ci_prob : float, optional
        Probability of the ribbons' intervals.
    max_labels : int, optional
        How many lines get a colour and a name, those that end largest; the others are grey.
    ax : matplotlib.axes.Axes, optional
        Draw here; by default on a new figure.
    dark : bool, optional
        Light ink on dark paper.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    DataError
        If `path` is neither, or `posterior` has other columns.
    PriorError
        If `max_labels` is not a whole number, `ci_prob` not between 0 and 1, `posterior` not of this regression,
        or the regression has no path; see :func:`bayesreg.path`.

    See Also
    --------
    path : Certified estimates at many strengths.
    sample_path : Posterior draws at many strengths.
    plot_selection : The criterion of each rule along the strengths.

    Examples
    --------
    >>> import bayesreg as br
    >>> frame, target = br.load_dataset("diabetes")
    >>> reg = br.Regression(frame.drop(columns=target), frame[target], prior=br.Laplace(10.0), sigma=54.0)
    >>> br.plot_path(reg).axes[0].get_xlabel()
    'strength (half_rss): strong → weak'
    """
    if not is_count(max_labels, 0):
        raise PriorError(f"max_labels must be a whole number, at least 0, got {max_labels!r}.")
    check_ci_prob(ci_prob)
    if not isinstance(path, Path | Regression):
        raise DataError(f"expected a Path from br.path(reg), or a Regression, got {type(path).__name__}.")
    fits, colors = compute_path(path) if isinstance(path, Regression) else path, ink(dark)
    if posterior is not None:
        _check_posterior(posterior)
    with drawing():
        axes = axes_for(ax, 7.2, 4.9, colors)
        # Names are placed last, when all that moves the axes' limits has been drawn.
        ribbons = [] if posterior is None else _draw_ribbons(axes, fits, posterior, ci_prob, max_labels, colors)
        handles = _draw(axes, fits, max_labels, colors) + ribbons
        axes.set_xlabel(f"strength ({fits.objective}): strong → weak")
        axes.set_ylabel("beta (columns on which the prior is stated)")
        _count_on_top(axes, fits, colors)
        title = _title(fits) if posterior is None else _title_of_both(fits)
        heading = Heading(title, _subtitle(fits, max_labels) + _left_out(posterior), handles)
        return heading.write(axes, colors, whole_figure=ax is None, clear=TOP_AXIS)


def _draw(ax: "Axes", fits: Path, max_labels: int, colors: Ink) -> list[Any]:
    ax.set_xscale("log")
    ax.axhline(0.0, color=colors.faint, linewidth=0.8, zorder=1)
    ends = fits.beta[-1]
    named = np.argsort(-np.abs(ends), kind="stable")[:max_labels]
    looks = _looks(named, len(fits.names), colors)
    for beta, look in zip(fits.beta.T, looks, strict=True):
        ax.plot(fits.strengths, _drawn_part(beta), **look)
    handles = _mark_departures(ax, fits, looks, colors)
    if np.isfinite(fits.current):
        style: dict[str, Any] = {"color": colors.text, "linestyle": "--", "linewidth": 1.0, "zorder": 3}
        handles.append(ax.axvline(fits.current, label=f"strength of the prior, {fits.current:.4g}", **style))
    _set_limits(ax, fits)
    letters = [legible(looks[j]["color"], colors) for j in named]
    name_ends(ax, fits.strengths[-1], ends[named], labels_of(fits.names, named), letters)
    return handles


def _draw_ribbons(
    ax: "Axes", fits: Path, posterior: "DataTree", ci_prob: float, max_labels: int, colors: Ink
) -> list[Any]:
    """The posterior interval of each named coefficient, and its mean as a thin line, where the draws can be trusted."""
    from matplotlib.patches import Patch

    group = posterior["posterior"]
    draws = group["beta" if "beta" in group else "coef"]
    order = column_order(fits.names, draws["coef_name"].to_numpy())
    values = draws.transpose("chain", "draw", "strength", "coef_name").to_numpy()[..., order]
    low, high = quantiles(values.reshape(-1, *values.shape[2:]), ci_prob)
    mean, strengths = values.mean(axis=(0, 1)), np.asarray(draws["strength"])
    failed = ~passed_along(posterior)
    for part in (low, high, mean):
        part[failed] = np.nan
    named = np.argsort(-np.abs(fits.beta[-1]), kind="stable")[:max_labels]
    looks = _looks(named, len(fits.names), colors)
    for j in named:
        ax.fill_between(strengths, low[:, j], high[:, j], color=looks[j]["color"], alpha=0.13, linewidth=0, zorder=1.5)
        ax.plot(strengths, mean[:, j], color=looks[j]["color"], linewidth=0.8, alpha=0.7, zorder=2.2)
    return [Patch(color=colors.faint, alpha=0.3, linewidth=0, label=f"{ci_prob:.0%} posterior interval, mean inside")]


def _check_posterior(posterior: "DataTree") -> None:
    group = getattr(posterior, "children", {}).get("posterior", {})
    if "coef" not in group or set(group["coef"].dims) != {"chain", "draw", "strength", "coef_name"}:
        raise PriorError(
            "posterior must come from br.sample_path, which draws at several strengths, got "
            f"{type(posterior).__name__} without coef(chain, draw, strength, coef_name)."
        )


def _left_out(posterior: "DataTree | None") -> str:
    failed = 0 if posterior is None else int(np.sum(~passed_along(posterior)))
    return f"; posteriors left out that did not converge: {failed}" if failed else ""


def passed_along(posterior: "DataTree") -> np.ndarray:
    """At which strengths of :func:`bayesreg.sample_path` the draws passed the gate, shape (m,); all if not recorded."""
    if "path_stats" not in posterior.children:
        return np.ones(posterior["posterior"].sizes["strength"], dtype=bool)
    rhat, bulk, tail = (posterior["path_stats"][name].to_numpy() for name in ("rhat", "ess_bulk", "ess_tail"))
    return within_gate(rhat, np.minimum(bulk, tail))


def _looks(named: np.ndarray, p: int, colors: Ink) -> list[dict[str, Any]]:
    """Keyword arguments of each coefficient's line."""
    looks: list[dict[str, Any]] = [{"color": colors.faint, "linewidth": 0.7, "alpha": 0.55, "zorder": 2.0}] * p
    for rank, j in enumerate(named):
        again, place = divmod(rank, len(colors.cycle))
        style = LINE_STYLES[again % len(LINE_STYLES)]
        looks[j] = {"color": colors.cycle[place], "linestyle": style, "linewidth": 1.6, "zorder": 2.5}
    return looks


def _drawn_part(beta: np.ndarray) -> np.ndarray:
    """One coefficient along the path, with NaN where it and both its neighbours are exactly 0."""
    zero = np.concatenate([beta[:1], beta, beta[-1:]]) == 0
    return np.where(zero[:-2] & zero[1:-1] & zero[2:], np.nan, beta)


def _mark_departures(ax: "Axes", fits: Path, looks: list[dict[str, Any]], colors: Ink) -> list[Any]:
    """A diamond at each strength where a coefficient is exactly 0, and is not at the next weaker one."""
    from matplotlib.lines import Line2D

    zero = fits.beta == 0
    at, which = np.nonzero(zero[:-1] & ~zero[1:])
    if not len(at):
        return []
    size = float(np.interp(len(at), [10, 60], [4.8, 3.2]))
    style: dict[str, Any] = {"facecolors": colors.paper, "edgecolors": [looks[j]["color"] for j in which]}
    ax.scatter(fits.strengths[at], np.zeros(len(at)), s=size**2, marker="D", zorder=4, **style)
    key: dict[str, Any] = {"marker": "D", "linestyle": "none", "mfc": colors.paper, "mec": colors.faint}
    return [Line2D([], [], label="a coefficient leaves exact 0", markersize=4.8, **key)]


def _set_limits(ax: "Axes", fits: Path) -> None:
    """Strong on the left; the lines end at the right edge, so that their names can stand beside them."""
    strengths = np.append(fits.strengths, fits.current if np.isfinite(fits.current) else fits.strengths[0])
    low, high = float(strengths.min()), float(strengths.max())
    room = (high / low) ** 0.02 if high > low else 2.0
    ends_at_edge = fits.strengths[-1] == low < high
    ax.set_xlim(high * room, low if ends_at_edge else low / room)


def _count_on_top(ax: "Axes", fits: Path, colors: Ink) -> None:
    """An axis on top with the number of coefficients that are not exactly 0."""
    top = ax.secondary_xaxis("top")
    at = np.unique(np.linspace(0, len(fits.strengths) - 1, TOP_TICKS).round().astype(int))
    counts = len(fits.names) - fits.n_zeros[at]
    top.set_xticks(fits.strengths[at], [str(count) for count in counts])
    top.set_xticks([], minor=True)
    top.tick_params(color=colors.faint, labelcolor=colors.text, labelsize=SMALL_SIZE)
    top.spines["top"].set(color=colors.faint, linewidth=0.8)
    top.set_xlabel("coefficients that are not exactly 0", color=colors.text, fontsize=TEXT_SIZE)


def _title(fits: Path) -> str:
    p, fewest, most = len(fits.names), int(fits.n_zeros.min()), int(fits.n_zeros.max())
    if most == 0:
        what = "the coefficient" if p == 1 else f"all {p} coefficients"
        return f"A stronger penalty shrinks {what}, but makes no exact zero"
    if fewest == most:
        return f"{most} of {p} coefficients are exactly 0 at every strength drawn"
    return f"A stronger penalty makes more exact zeros: from {fewest} to {most} of {p} coefficients"


def _title_of_both(fits: Path) -> str:
    if not np.any(fits.n_zeros):
        return "The posterior narrows as the penalty grows, and the MAP lies within it"
    return "The MAP is exactly 0 at many strengths; the posterior never is"


def _subtitle(fits: Path, max_labels: int) -> str:
    p, text = len(fits.names), f"MAP estimates at {len(fits.strengths)} strengths, each certified"
    return text if p <= max_labels else f"{text}; the {max_labels} of {p} coefficients that end largest are named"

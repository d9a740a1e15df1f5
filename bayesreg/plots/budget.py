"""The budget view: where a contour of the loss first touches the region that the penalty's budget allows."""

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from bayesreg.errors import DataError
from bayesreg.model.regression import Regression
from bayesreg.optimize.least_squares import least_squares_name
from bayesreg.plots.budget_view import Panel, grid_of, levels_of, limits_of, one_scale, panel_of, radii
from bayesreg.plots.names import labels_of, plot_labels
from bayesreg.plots.style import (
    SMALL_SIZE,
    TEXT_SIZE,
    Heading,
    Ink,
    check_axes,
    drawing,
    dress,
    figure_of,
    ink,
    new_figure,
)
from bayesreg.plots.words import prior_name, unit

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

PANELS_PER_ROW, PANEL_WIDTH, WIDTH_ALONE, TALLER = 3, 3.9, 5.2, 0.35
# A touching point this near the bottom of the loss, relative to the ring at the rim, has no contour of its own.
AT_BOTTOM = 1e-9


def plot_budget(
    reg: Regression | Sequence[Regression] | Mapping[str, Regression],
    columns: Sequence[str | int] | None = None,
    *,
    axes: "Sequence[Axes] | None" = None,
    dark: bool = False,
) -> "Figure":
    """Draw, for two coefficients, contours of the loss and the region of the budget that they touch at the MAP.

    The region is N(β) ≤ t of :func:`bayesreg.budget`: a diamond for a Laplace prior, a disc for a Normal
    prior, in between for an elastic net. With more than two columns the picture is a slice: the other
    coefficients are held at their MAP and the region is that of the budget they leave, so that the touching
    point is still the MAP. The intercept is at its best for each point. Coefficients are beta, those on the
    columns on which the prior is stated; where their sizes differ more than fourfold the axes have a scale each.

    Parameters
    ----------
    reg : Regression, or sequence or mapping from title to Regression
        With known sigma and scale; several of the same columns are drawn side by side on the same axes.
    columns : sequence of two names or positions, optional
        By default both, where there are two.
    axes : sequence of matplotlib.axes.Axes, optional
        As many as regressions, to draw on; by default those of a new figure. Panels are square, for which
        a figure of one's own makes room with ``layout="compressed"``.
    dark : bool, optional
        Light ink on dark paper.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    DataError
        If `columns` are not two of the columns, or the regressions differ in rows, columns or target.
    PriorError
        If a regression has no budget, see :func:`bayesreg.budget`, neither of the two columns is penalized,
        or `axes` are not as many as the regressions.
    UnsupportedError
        If the loss has kinks (Laplace noise).

    See Also
    --------
    budget : The bound on the norm that a penalty amounts to.
    plot_lesson : Lasso and ridge side by side.

    Examples
    --------
    >>> import bayesreg as br
    >>> frame, target = br.load_dataset("diabetes")
    >>> reg = br.Regression(frame[["bmi", "s5"]], frame[target], prior=br.Laplace(2.0), sigma=54.0)
    >>> figure = br.plot_budget([reg, reg.with_prior(br.Normal(10.0))])
    >>> [panel.get_xlabel() for panel in figure.axes]
    ['beta of bmi', 'beta of bmi']
    """
    regressions = _read_regressions(reg)
    first, colors = regressions[0][1], ink(dark)
    chosen = _read_columns(first, columns)
    panels = [panel_of(name, one, chosen) for name, one in regressions]
    given = None if axes is None else check_axes(axes, len(panels), "axes (as many as regressions)")
    limits = limits_of(panels)
    with drawing():
        drawn = _new_axes(len(panels), colors) if given is None else given
        handles: dict[str, Any] = {}
        for ax, panel in zip(drawn, panels, strict=True):
            dress(ax, colors)
            handles |= _draw(ax, panel, limits, colors)
            _label(ax, panel, labels_of(first.names, chosen), colors)
        if axes is None:
            heading = Heading(
                _title(panels), _subtitle(panels, limits), list(handles.values()), 5 if len(panels) > 2 else 3
            )
            figure_of(drawn[0]).set_size_inches(*_size(len(panels), heading))
            return heading.write(drawn[0], colors, whole_figure=True)
        paper: dict[str, Any] = {"facecolor": colors.paper, "edgecolor": "none", "framealpha": 0.85}
        drawn[0].legend(handles=list(handles.values()), fontsize=SMALL_SIZE, labelcolor=colors.text, **paper)
        return figure_of(drawn[0])


def _read_regressions(reg: Any) -> list[tuple[str, Regression]]:
    if isinstance(reg, Mapping):
        regressions = [(str(name), one) for name, one in reg.items()]
    else:
        several = list(reg) if isinstance(reg, Sequence) else [reg]
        regressions = [(_prior_name(one), one) for one in several]
    if not regressions or not all(isinstance(one, Regression) for _, one in regressions):
        raise DataError(f"expected a Regression, or a sequence or mapping of them, got {reg!r}.")
    first = regressions[0][1]
    for _, one in regressions:
        if (one.names, one.n, one.design.target) != (first.names, first.n, first.design.target):
            raise DataError("regressions side by side must be of the same rows, columns and target; draw them apart.")
    return regressions


def _prior_name(reg: Any) -> str:
    name = f"{prior_name(reg)} prior" if isinstance(reg, Regression) else ""
    return name[:1].upper() + name[1:]


def _read_columns(reg: Regression, columns: Sequence[str | int] | None) -> tuple[int, int]:
    names = list(reg.names)
    several = isinstance(columns, Iterable) and not isinstance(columns, str)
    given: list[Any] = list(range(reg.p)) if columns is None else list(columns) if several else [columns]
    places = [names.index(one) if isinstance(one, str) and one in names else one for one in given]
    good = [isinstance(place, int | np.integer) and not isinstance(place, bool) for place in places]
    if len(places) != 2 or not all(good) or not all(0 <= int(place) < reg.p for place in places):
        what = "there are" if columns is None else f"got {given[:10]!r} out of"
        raise DataError(f"columns must name two of the columns to draw; {what} {reg.p}: {names[:10]}.")
    if places[0] == places[1]:
        raise DataError(f"columns must be two different ones, got {given!r}.")
    return int(places[0]), int(places[1])


def _new_axes(count: int, colors: Ink) -> "list[Axes]":
    across = min(count, PANELS_PER_ROW)
    figure = new_figure(PANEL_WIDTH, PANEL_WIDTH, colors)
    grid = figure.add_gridspec(-(-count // across), across)
    return [figure.add_subplot(grid[divmod(k, across)]) for k in range(count)]


def _size(count: int, heading: Heading) -> tuple[float, float]:
    """Inches, such that the panels are square and the heading has its room."""
    across = min(count, PANELS_PER_ROW)
    width = WIDTH_ALONE if count == 1 else PANEL_WIDTH
    return width * across, heading.height + (width + TALLER) * -(-count // across)


def _draw(ax: "Axes", panel: Panel, limits: np.ndarray, colors: Ink) -> dict[str, Any]:
    ax.axhline(0.0, color=colors.faint, linewidth=0.8, zorder=1.5)
    ax.axvline(0.0, color=colors.faint, linewidth=0.8, zorder=1.5)
    handles = _draw_region(ax, panel, limits, colors) | _draw_contours(ax, panel, limits, colors)
    for label, points, style in _points(panel, limits, colors):
        (handles[label],) = ax.plot(*points, label=label, linestyle="none", markersize=6, **style)
    ax.set_xlim(*limits[0])
    ax.set_ylim(*limits[1])
    ax.set_box_aspect(1)
    return handles


def _draw_region(ax: "Axes", panel: Panel, limits: np.ndarray, colors: Ink) -> dict[str, Any]:
    """The boundary from points evenly around it as it is seen, corners among them."""
    unit = np.where(np.isfinite(panel.extent) & (panel.extent > 0), panel.extent, np.diff(limits, axis=1).ravel())
    # In units of the region: far beyond the axes, where a column without a penalty leaves it open.
    reach = 10 * max(1.0, float(np.max(np.max(np.abs(limits), axis=1) / unit)))
    angles = np.linspace(0.0, 2 * np.pi, 721)
    around = np.column_stack([np.cos(angles), np.sin(angles)])
    around[np.abs(around) < 1e-12] = 0.0
    boundary = around * unit * np.minimum(radii(panel.norm, around * unit, panel.left), reach)[:, None]
    style: dict[str, Any] = {"facecolor": (*_rgb(colors.mean), 0.16), "edgecolor": colors.mean, "linewidth": 1.4}
    (patch,) = ax.fill(boundary[:, 0], boundary[:, 1], label="region of the budget", zorder=1, **style)
    return {"region": patch}


def _rgb(color: str) -> tuple[float, float, float]:
    from matplotlib.colors import to_rgb

    return to_rgb(color)


def _draw_contours(ax: "Axes", panel: Panel, limits: np.ndarray, colors: Ink) -> dict[str, Any]:
    """Rings evenly spaced on the root of the loss above its bottom, the one through the MAP apart."""
    from matplotlib.lines import Line2D

    x, y, loss = grid_of(panel.slice, limits)
    bottom = float(loss.min())
    if panel.slice.lowest is not None:
        bottom = float(panel.slice.above(panel.slice.lowest[None])[0])
    rim = float(loss.max()) - bottom
    handles: dict[str, Any] = {}
    if not rim > 0:
        return handles
    touching = -bottom > AT_BOTTOM * rim
    style: dict[str, Any] = {"colors": colors.faint, "linewidths": 0.7, "alpha": 0.8, "linestyles": "solid"}
    ax.contour(x, y, loss, levels=levels_of(bottom, rim, touching), **style)
    handles["loss"] = Line2D([], [], color=colors.faint, linewidth=0.9, label="contours of the loss")
    if touching:
        ax.contour(x, y, loss, levels=[0.0], colors=colors.map, linewidths=1.6, zorder=3)
        handles["touching"] = Line2D([], [], color=colors.map, linewidth=1.6, label="contour that touches")
    return handles


def _points(panel: Panel, limits: np.ndarray, colors: Ink) -> list[tuple[str, Any, dict[str, Any]]]:
    """Least squares and the MAP: name, where it stands, and how it looks."""
    best = least_squares_name(panel.budget.reg)
    points: list[tuple[str, Any, dict[str, Any]]] = []
    lowest = panel.slice.lowest
    if lowest is not None:
        at = np.clip(lowest, *limits.T)
        if np.all(at == lowest):
            points.append((best, at[:, None], {"marker": "o", "mfc": colors.paper, "mec": colors.text, "zorder": 4}))
        else:
            beyond = {"marker": _arrow(lowest - at), "color": colors.text, "clip_on": False, "zorder": 4}
            points.append((f"{best}, beyond the axes", at[:, None], beyond))
    zero = bool(np.any(panel.slice.point == 0))
    label = "MAP, with an exact 0" if zero else "MAP"
    style = {"marker": "D", "mfc": colors.paper if zero else colors.map, "mec": colors.map, "mew": 1.6, "zorder": 5}
    return [*points, (label, panel.slice.point[:, None], style)]


def _arrow(beyond: np.ndarray) -> str:
    """The marker that points to where a point lies beyond the axes."""
    if abs(beyond[0]) > 0:
        return ">" if beyond[0] > 0 else "<"
    return "^" if beyond[1] > 0 else "v"


def _label(ax: "Axes", panel: Panel, labels: Sequence[str], colors: Ink) -> None:
    x, y = labels
    ax.set_xlabel(f"beta of {x}")
    ax.set_ylabel(f"beta of {y}")
    ax.locator_params(nbins=5)
    (name,) = plot_labels([panel.name])
    ax.set_title(f"{name}\n{_exchange(panel)}", loc="left", size=TEXT_SIZE, color=colors.text, linespacing=1.35)


def _exchange(panel: Panel) -> str:
    """The budget and its strength, as an equivalence."""
    parts = {"|β|": panel.budget.norm.absolute, "β²": panel.budget.norm.square}
    terms = [_term(of, weights) for of, weights in parts.items() if np.any(weights)]
    here = "" if panel.budget.reg.p == 2 else f" ({panel.left:.4g} here)"
    return f"{' + '.join(terms)} ≤ {panel.budget.t:.4g}{here}  ⇔  strength {panel.budget.strength:.4g}"


def _term(of: str, weights: np.ndarray) -> str:
    """A sum with its weight, which is w where the columns differ."""
    if np.any(weights != weights[0]):
        return f"Σw{of}"
    return f"Σ{of}" if weights[0] == 1 else f"{weights[0]:.3g}·Σ{of}"


def _title(panels: list[Panel]) -> str:
    zeros = [int(np.sum(panel.slice.point == 0)) for panel in panels]
    if len(panels) > 1:
        sharp = {panel.has_corners for panel, count in zip(panels, zeros, strict=True) if count}
        round_ones = {count for panel, count in zip(panels, zeros, strict=True) if not panel.has_corners}
        if sharp == {True} and round_ones == {0}:
            return "A corner holds a coefficient at exactly 0; a round region does not"
        return f"The same data under {len(panels)} budgets"
    (panel,), (count,) = panels, zeros
    if panel.left == 0 and count == 2:
        return "Nothing of the budget is left: both are exactly 0"
    if not panel.has_corners and not count:
        return "A round region: the loss touches it where neither is 0"
    return (
        f"The loss touches a corner: {'both are' if count == 2 else 'one is'} exactly 0"
        if count
        else "The loss touches an edge: neither is exactly 0"
    )


def _subtitle(panels: list[Panel], limits: np.ndarray) -> str:
    reg = panels[0].budget.reg
    loss = "½RSS" if reg.is_gaussian else "−log likelihood"
    text = f"loss: {loss}, n = {reg.n}; beta per {unit(reg)}"
    if reg.p > 2:
        others = "other coefficient" if reg.p == 3 else f"other {reg.p - 2} coefficients"
        text += f"\nthe {others} held at the MAP; the region is what is left of the budget"
    if any("Σw" in _exchange(panel) for panel in panels):
        text += "\nw: a column's strength relative to the largest"
    return text if one_scale(limits) else f"{text}\neach axis has its own scale"

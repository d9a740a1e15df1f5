"""Lasso and ridge as Bayesian models, side by side on one page."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from bayesreg.analysis.lesson import DRAWS, FACTORS, Lesson, Side, lesson
from bayesreg.model.regression import Regression
from bayesreg.plots.budget import plot_budget
from bayesreg.plots.draws import density
from bayesreg.plots.names import labels_of, plot_labels
from bayesreg.plots.path import plot_path
from bayesreg.plots.style import SMALL_SIZE, TEXT_SIZE, TITLE_SIZE, Heading, Ink, drawing, dress, ink, new_figure
from bayesreg.priors.dictionary import to_penalty
from bayesreg.priors.laplace import Laplace
from bayesreg.priors.normal import Normal

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# A4 in inches, and what share of its height each row takes.
PAGE = (8.27, 11.69)
ROWS = {"names": 0.16, "density": 0.85, "penalty": 0.85, "force": 0.85, "budget": 2.45, "path": 1.9, "posterior": 1.65}
COLUMN_NAMES = ("Laplace prior: the lasso", "Normal prior: ridge regression")
FORMULAS = {
    "density": ("prior density  exp(−|β|/b) / 2b", "prior density  exp(−β²/2s²) / √(2π)s"),
    "penalty": ("penalty  |β|/b", "penalty  β²/2s²"),
    "force": ("its force  ±1/b, undefined at 0", "its force  β/s², 0 at 0"),
}
# Standard deviations of the prior to either side of 0; names of lines; how high a density rises in its row.
WIDTHS, POINTS, MAX_LABELS, RISE = 3.0, 401, 5, 0.82
# Longest name in characters, that it does not take the panels' room.
NAME_WIDTH = 13


def plot_lesson(
    reg: Regression | None = None,
    columns: Sequence[str | int] | None = None,
    *,
    draws: int = DRAWS,
    random_seed: int | None = 0,
    dark: bool = False,
) -> "Figure":
    """Draw on one page how a Laplace and a Normal prior become lasso and ridge, and what their posteriors are.

    Both priors have the same standard deviation: Laplace(0, b) beside Normal(0, √2·b). Below each other stand the
    prior density; the penalty, which is −log density; its force, the slope; the region that the penalty's budget
    leaves to two coefficients (the others at their MAP), and the contour of the loss that touches it at the MAP;
    the path of all coefficients; and the posterior of one of the two where the prior's scale is divided by 4, as it
    is, and multiplied by 4. An open diamond is a MAP of exactly 0: its posterior is not.

    Parameters
    ----------
    reg : Regression, optional
        Gaussian with known sigma and a Laplace or Normal prior of known scale, which is one side and the middle
        strength; by default the diabetes data under Laplace(7.84), sigma 54.15.
    columns : sequence of two names or positions, optional
        Of the budget. By default the coefficient that is largest in the lasso's MAP, and among its exact zeros the
        one that a weaker penalty frees first. Of the two, the posterior is that of the one whose MAP is 0.
    draws : int, optional
        Posterior draws per chain (of four) and strength.
    random_seed : int, optional
        Of the posterior draws.
    dark : bool, optional
        Light ink on dark paper.

    Returns
    -------
    matplotlib.figure.Figure
        Of A4 size.

    Raises
    ------
    UnsupportedError
        If the family is not Gaussian.
    PriorError
        If the prior is another one, or sigma or scale is unknown.
    DataError
        If `columns` are not two of the columns.

    See Also
    --------
    plot_budget : The budget region and the loss contours.
    plot_prior : Densities of priors and their penalties.

    Examples
    --------
    >>> import bayesreg as br
    >>> figure = br.plot_lesson(draws=500)
    >>> len(figure.axes), [float(round(inches, 2)) for inches in figure.get_size_inches()]
    (14, [8.27, 11.69])
    """
    if reg is None:
        reg, columns = _default(), ("s5", "s2") if columns is None else columns
    content, colors = lesson(reg, columns, draws=draws, random_seed=random_seed), ink(dark)
    with drawing():
        figure = new_figure(*PAGE, colors)
        drawn = figure.subplots(len(ROWS), 2, height_ratios=list(ROWS.values()))
        axes = {row: list(pair) for row, pair in zip(ROWS, drawn, strict=True)}
        _write_names(axes["names"], colors)
        _draw_prior(axes, content, colors)
        handles = _draw_budget(axes["budget"], content, colors, dark)
        _draw_paths(axes["path"], content, colors, dark)
        handles += _draw_posteriors(axes["posterior"], content, colors)
        return Heading(_title(content), _subtitle(content), handles, 4).write(drawn[0][0], colors, whole_figure=True)


def _default() -> Regression:
    from bayesreg.design.datasets import load_dataset

    frame, target = load_dataset("diabetes")
    return Regression(frame.drop(columns=target), frame[target], prior=Laplace(7.84), sigma=54.15)


def _write_names(axes: "list[Axes]", colors: Ink) -> None:
    for ax, name in zip(axes, COLUMN_NAMES, strict=True):
        ax.set_axis_off()
        ax.text(0.0, 0.0, name, size=TITLE_SIZE, weight="bold", color=colors.text, transform=ax.transAxes)


def _draw_prior(axes: "dict[str, list[Axes]]", content: Lesson, colors: Ink) -> None:
    """Density, penalty and force of the prior of the coefficient that is shown, each row on one scale."""
    half = np.linspace(0.0, WIDTHS * content.normal.scale, POINTS // 2 + 1)
    grid = np.concatenate([-half[:0:-1], half])
    look: dict[str, Any] = {"color": colors.text, "linewidth": 1.5}
    for place, side in enumerate(content.sides):
        prior = Laplace(side.scale) if place == 0 else Normal(side.scale)
        log_density, force = prior.log_density(grid[:, None])[:, 0], to_penalty(prior, sigma=1.0).gradient(grid)
        force[len(half) - 1] = np.nan if place == 0 else 0.0
        curves = {"density": np.exp(log_density), "penalty": log_density[len(half) - 1] - log_density, "force": force}
        for row, values in curves.items():
            ax = axes[row][place]
            dress(ax, colors)
            ax.axvline(0.0, color=colors.grid, linewidth=0.8, zorder=1)
            ax.plot(grid, values, **look)
            _entitle(ax, FORMULAS[row][place], colors)
        if place == 0:
            ends: dict[str, Any] = {
                "marker": "o",
                "mfc": colors.paper,
                "mec": colors.text,
                "mew": 1.2,
                "markersize": 4.5,
            }
            axes["force"][0].plot([0.0, 0.0], [-1 / side.scale, 1 / side.scale], linestyle="none", zorder=4, **ends)
    for row in FORMULAS:
        _share(axes[row], ("y",))
        for ax in axes[row]:
            ax.set_xlim(grid[0], grid[-1])
            ax.locator_params(axis="x", nbins=5)
            ax.locator_params(axis="y", nbins=3)
            ax.tick_params(labelbottom=row == "force")
    for ax in axes["force"]:
        ax.set_xlabel("β")


def _draw_budget(axes: "list[Axes]", content: Lesson, colors: Ink, dark: bool) -> list[Any]:
    """At the strong strength, where the budget keeps the MAP well away from least squares."""
    plot_budget([side.strong for side in content.sides], content.columns, axes=axes, dark=dark)
    legend = axes[0].get_legend()
    assert legend is not None
    handles = [one for one in legend.legend_handles if one is not None and "MAP" not in str(one.get_label())]
    names = labels_of(content.laplace.reg.names, content.columns, NAME_WIDTH)
    for ax, formula in zip(axes, ("Σ|β| ≤ t", "Σβ² ≤ t"), strict=True):
        _silence(ax)
        # Squares, flush with the panels above and below; what is left beside them is for the numbers.
        ax.set_anchor("W")
        ax.set(xlabel=f"β of {names[0]}", ylabel=f"β of {names[1]}")
        _entitle(ax, f"budget  {formula}, at the strong strength", colors)
    for ax, side in zip(axes, content.sides, strict=True):
        at = side.points.beta[0, list(content.columns)]
        lines = [f"strength {side.points.strengths[0]:.4g}", "", "MAP:"]
        lines += [f"{name} = {beta + 0.0:.3g}".replace("= -", "= −") for name, beta in zip(names, at, strict=True)]
        ax.text(1.06, 0.0, "\n".join(lines), transform=ax.transAxes, size=SMALL_SIZE, color=colors.text).set_in_layout(
            False
        )
    return handles


def _draw_paths(axes: "list[Axes]", content: Lesson, colors: Ink, dark: bool) -> None:
    for ax, side in zip(axes, content.sides, strict=True):
        plot_path(side.path, max_labels=MAX_LABELS, ax=ax, dark=dark)
        _silence(ax)
        ends = np.argsort(-np.abs(side.path.beta[-1]), kind="stable")[:MAX_LABELS]
        for text, name in zip(ax.texts, labels_of(side.path.names, ends, NAME_WIDTH), strict=True):
            text.set_text(name)
        (top,) = ax.child_axes
        top.set_xlabel("")
        ax.set_ylabel("β")
        ax.set_xlabel("strength: strong → weak")
        _entitle(ax, "path of the MAP; on top: how many are not 0", colors)
        for strength, name in zip(side.points.strengths, FACTORS, strict=True):
            ax.axvline(strength, color=colors.faint, linewidth=0.8, linestyle=":", zorder=1.2)
            ax.annotate(
                name,
                (strength, 0.02),
                xycoords=("data", "axes fraction"),
                textcoords="offset points",
                xytext=(-2, 0),
                rotation=90,
                ha="right",
                va="bottom",
                size=SMALL_SIZE - 1,
                color=colors.faint,
                bbox={"facecolor": colors.paper, "edgecolor": "none", "alpha": 0.8, "pad": 0.6},
            )
    _share(axes, ("y",))


def _draw_posteriors(axes: "list[Axes]", content: Lesson, colors: Ink) -> list[Any]:
    """Three densities below each other, every one equally high, on one scale in both panels."""
    ends = np.quantile(np.concatenate([side.draws.ravel() for side in content.sides]), [0.0005, 0.9995])
    at = np.concatenate([side.points.beta[:, content.shown] for side in content.sides])
    low, high = min(ends[0], at.min(), 0.0), max(ends[1], at.max(), 0.0)
    room = 0.03 * (high - low)
    (name,) = labels_of(content.laplace.reg.names, [content.shown], NAME_WIDTH)
    handles: dict[str, Any] = {}
    for ax, side in zip(axes, content.sides, strict=True):
        dress(ax, colors)
        ax.axvline(0.0, color=colors.faint, linewidth=0.8, zorder=1)
        handles |= _draw_rows(ax, side, content.shown, (low - room, high + room), colors)
        ax.set_xlim(low - room, high + room)
        ax.set_ylim(2.35, -1.0)
        ax.set_yticks(range(3), list(FACTORS))
        ax.tick_params(axis="y", length=0)
        ax.set_xlabel(f"β of {name}")
        _entitle(ax, f"posterior of {name} at three strengths", colors)
    return list(handles.values())


def _draw_rows(ax: "Axes", side: Side, shown: int, limits: tuple[float, float], colors: Ink) -> dict[str, Any]:
    handles: dict[str, Any] = {}
    for row, (draws, beta) in enumerate(zip(side.draws.T, side.points.beta[:, shown], strict=True)):
        grid, values = density(draws, *limits)
        curve = row - RISE * values / (values.max() or 1.0)
        handles["posterior density"] = ax.fill_between(
            grid, row, curve, color=colors.mean, alpha=0.35, linewidth=0, zorder=2, label="posterior density"
        )
        ax.plot(grid, curve, color=colors.mean, linewidth=1.0, zorder=2.5)
        label = "MAP, exactly 0" if beta == 0 else "MAP"
        face = colors.paper if beta == 0 else colors.map
        look: dict[str, Any] = {"marker": "D", "mfc": face, "mec": colors.map, "mew": 1.4, "markersize": 5.5}
        (handles[label],) = ax.plot([beta], [row], linestyle="none", zorder=4, label=label, clip_on=False, **look)
    return handles


def _entitle(ax: "Axes", text: str, colors: Ink) -> None:
    ax.set_title(text, loc="left", size=TEXT_SIZE, color=colors.text, pad=4)


def _silence(ax: "Axes") -> None:
    """Take away what a figure of its own says above its axes."""
    legend = ax.get_legend()
    if legend is not None:
        legend.remove()


def _share(axes: "list[Axes]", which: tuple[str, ...]) -> None:
    """Both panels on the wider limits of the two."""
    for axis in which:
        limits = np.array([getattr(ax, f"get_{axis}lim")() for ax in axes])
        for ax in axes:
            getattr(ax, f"set_{axis}lim")(limits.min(), limits.max())


def _title(content: Lesson) -> str:
    zeros = [bool(np.any(side.points.beta[:, content.shown] == 0)) for side in content.sides]
    if zeros == [True, False]:
        return "The lasso's MAP is exactly 0 where its posterior is not; ridge has no exact zero"
    return "One belief, two shapes: lasso and ridge as Bayesian models"


def _subtitle(content: Lesson) -> str:
    reg, (target,) = content.laplace.reg, plot_labels([content.laplace.reg.design.target])
    return (
        f"{target} on {reg.p} columns, n = {reg.n}, sigma = {reg.noise.sigma:.4g}; both priors have standard deviation "
        f"{content.normal.scale:.4g} (b = {content.laplace.scale:.4g}, s = √2·b)\n"
        "strong and weak: the scale divided and multiplied by 4; penalty = −log density, its constant dropped"
    )

"""Where each rule puts the strength, on the curves that they read it from."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from bayesreg.errors import DataError
from bayesreg.model.regression import Regression
from bayesreg.plots.names import plot_labels
from bayesreg.plots.style import (
    SMALL_SIZE,
    TEXT_SIZE,
    Heading,
    Ink,
    drawing,
    dress,
    ink,
    new_figure,
)
from bayesreg.plots.words import prior_name
from bayesreg.selection.bias_variance import BiasVariance, bias_variance
from bayesreg.selection.choice import Curve
from bayesreg.selection.result import Selection, Selections, in_objective
from bayesreg.selection.select import select

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

WIDTH, PANEL_HEIGHT, ROW_HEIGHT, LABEL_HEIGHT = 7.2, 2.1, 0.21, 0.55
# A sum of log densities is drawn at least this far below its best.
LEAST_DEPTH = 6.0
# An error is drawn at least up to this share of its climb to the strongest penalty.
SHOWN_SHARE = 0.3
RULE_NAMES = {
    "cv": "cross-validation",
    "cv_1se": "one standard error",
    "press": "leave-one-out error",
    "loo": "leave-one-out density",
    "aic": "AIC",
    "bic": "BIC",
    "evidence": "evidence",
    "full_bayes": "full Bayes",
    "validation": "validation set",
    "prior": "prior knowledge",
}
LINE_STYLES = ("-", "--", "-.", ":")


@dataclass(frozen=True, eq=False)
class _Picture:
    """Selections with the looks of each rule and the limits of the common axis."""

    selections: Selections
    colors: Ink
    limits: tuple[float, float]

    def x(self, strengths: Any) -> Any:
        """Strengths in the convention that is drawn."""
        values = [
            in_objective(self.selections.axis, float(strength), self.selections.objective)
            for strength in np.atleast_1d(strengths)
        ]
        return np.array(values)

    def color(self, rule: str) -> str:
        """The rule's colour; both rules of cross-validation share its curve, but not their colour."""
        cycle = self.colors.cycle[:-1]
        return cycle[[one.rule for one in self.selections].index(rule) % len(cycle)]

    def curves(self, kind: str) -> Iterator[tuple[Selection, Curve]]:
        """Each curve once, with the first selection that was read from it."""
        seen: list[Curve] = []
        for one in self.selections:
            if one.curve is not None and one.curve.kind == kind and all(one.curve is not other for other in seen):
                seen.append(one.curve)
                yield one, one.curve


def plot_selection(
    selection: Selection | Selections | Regression,
    *,
    coef: Any = None,
    intercept: float = 0.0,
    sigma: float | None = None,
    dark: bool = False,
) -> "Figure":
    """Draw errors and log densities against the strength, and where each rule puts it.

    The upper panels are as many as there are kinds of curves: mean errors of a row, held out and in training;
    sums of log densities (evidence, leave-one-out, −AIC/2, −BIC/2), each below its own best; and with `coef`,
    bias² and variance of the fit. The last panel has a row for each rule, with a bar where the strength has
    a posterior.

    Parameters
    ----------
    selection : Selection, Selections or Regression
        From :func:`bayesreg.select`, or a regression, for which the rules that need no sampling are then run.
    coef : array-like, shape (p,), optional
        True coefficients on the user's columns, from which bias and variance are simulated (:func:`bias_variance`).
    intercept, sigma : float, optional
        Of the truth.
    dark : bool, optional
        Light ink on dark paper.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    DataError
        If it is none of the three.

    See Also
    --------
    select : The strength by cross-validation, evidence and other rules.
    path : Certified estimates at many strengths.
    bias_variance : Bias and variance at each strength when the truth is known.

    Examples
    --------
    >>> import bayesreg as br
    >>> frame, target = br.load_dataset("diabetes")
    >>> reg = br.Regression(frame.drop(columns=target), frame[target], prior=br.Laplace(1.0), sigma=54.0)
    >>> figure = br.plot_selection(br.select(reg, by=["cv", "cv_1se", "bic"]))
    >>> [ax.get_ylabel() for ax in figure.axes]
    ['mean squared error', 'log units below best', '']
    """
    selections = _read(selection)
    truth = None
    if coef is not None:
        grid = selections.axis.strengths[:: max(1, len(selections.axis.strengths) // 40)]
        truth = bias_variance(selections.axis.reg, coef, intercept=intercept, sigma=sigma, strengths=grid)
    picture = _Picture(selections, ink(dark), _limits(selections))
    with drawing():
        return _figure(picture, truth)


def _read(selection: Any) -> Selections:
    if isinstance(selection, Selections):
        return selection
    if isinstance(selection, Selection):
        return Selections((selection,))
    if not isinstance(selection, Regression):
        raise DataError(f"expected a Selection, Selections or a Regression, got {type(selection).__name__}.")
    rules = ["cv", "cv_1se", "aic", "bic"]
    exact = selection.is_gaussian and selection.prior.is_conjugate
    return select(selection, by=[*rules, "press", "evidence"] if exact else rules)


def _limits(selections: Selections) -> tuple[float, float]:
    """The weakest and the strongest strength drawn: the path's, and all that were chosen, with some room."""
    strengths = [*selections.axis.strengths[[0, -1]], *(one.choice.strength for one in selections)]
    for one in selections:
        strengths += one.choice.interval or ()
    low, high = min(strengths), max(strengths)
    room = (high / low) ** 0.02
    return float(low / room), float(high * room)


def _figure(picture: _Picture, truth: BiasVariance | None) -> "Figure":
    panels = [kind for kind in ("error", "log") if any(picture.curves(kind))] + (["truth"] if truth else [])
    strip = ROW_HEIGHT * len(picture.selections) + LABEL_HEIGHT
    figure = new_figure(WIDTH, 4.0, picture.colors)
    heights = [PANEL_HEIGHT] * len(panels) + [strip]
    axes = figure.subplots(len(heights), 1, sharex=True, height_ratios=heights, squeeze=False)[:, 0]
    handles: list[Any] = []
    for kind, ax in zip([*panels, "choices"], axes, strict=True):
        dress(ax, picture.colors)
        for one in picture.selections:
            ax.axvline(picture.x(one.choice.strength)[0], color=picture.colors.grid, linewidth=1.0, zorder=0)
        handles += _draw(kind, ax, picture, truth)
    axes[0].set_xscale("log")
    axes[0].set_xlim(*picture.x([picture.limits[1], picture.limits[0]]))
    axes[-1].set_xlabel(f"strength ({picture.selections.objective}): strong → weak")
    heading = Heading(_title(picture), _subtitle(picture), handles, 4)
    figure.set_size_inches(WIDTH, sum(heights) + heading.height + 0.25)
    return heading.write(axes[0], picture.colors, whole_figure=True)


def _draw(kind: str, ax: "Axes", picture: _Picture, truth: BiasVariance | None) -> list[Any]:
    if kind == "error":
        return _draw_errors(ax, picture)
    if kind == "log":
        return _draw_logs(ax, picture)
    if kind == "truth":
        assert truth is not None
        return _draw_truth(ax, picture, truth)
    return _draw_choices(ax, picture)


def _draw_errors(ax: "Axes", picture: _Picture) -> list[Any]:
    """Held-out errors with a band of one standard error, training errors dotted."""
    handles, trained = [], False
    for one, curve in picture.curves("error"):
        x, color = picture.x(curve.strengths), picture.color(one.rule)
        handles += ax.plot(x, curve.value, color=color, linewidth=1.6, label=curve.label)
        if curve.error is not None and one.rule in ("cv", "cv_1se"):
            band: dict[str, Any] = {"color": color, "alpha": 0.15, "linewidth": 0}
            ax.fill_between(x, curve.value - curve.error, curve.value + curve.error, **band)
        if curve.train is not None and not trained:
            look: dict[str, Any] = {"color": picture.colors.text, "linestyle": ":", "linewidth": 1.4}
            handles += ax.plot(x, curve.train, label="training rows", **look)
            trained = True
        _mark(ax, picture, curve)
    ax.set_ylim(*_error_limits(picture))
    gaussian = picture.selections.axis.reg.is_gaussian
    ax.set_ylabel("mean squared error" if gaussian else "mean −log likelihood")
    return handles


def _error_limits(picture: _Picture) -> tuple[float, float]:
    """From the least training error up to a part of the climb to the strongest penalty, so that the turn is seen."""
    curves = [curve for _, curve in picture.curves("error")]
    best, most = min(curve.value.min() for curve in curves), max(curve.value.max() for curve in curves)
    marked = [
        _height(one.curve, one.choice.strength)
        for one in picture.selections
        if any(one.curve is curve for curve in curves)
    ]
    top = best + max(SHOWN_SHARE * (most - best), 2.5 * (max(marked) - best))
    low = min([best, *(curve.train.min() for curve in curves if curve.train is not None)])
    top = min(top, most)
    return low - 0.08 * (top - low), top + 0.08 * (top - low)


def _height(curve: Curve | None, strength: float) -> float:
    """A curve at any strength, linear in its logarithm."""
    assert curve is not None
    return float(np.interp(np.log(strength), np.log(curve.strengths[::-1]), curve.value[::-1]))


def _draw_logs(ax: "Axes", picture: _Picture) -> list[Any]:
    """Each curve below its own best, down to where the rules still differ."""
    handles, depth = [], LEAST_DEPTH
    chosen = [one.choice.strength for one in picture.selections]
    for k, (one, curve) in enumerate(picture.curves("log")):
        x, color, value = picture.x(curve.strengths), picture.color(one.rule), curve.value - curve.value.max()
        style = LINE_STYLES[k % len(LINE_STYLES)]
        handles += ax.plot(x, value, color=color, linestyle=style, linewidth=1.6, label=curve.label)
        if curve.error is not None:
            band: dict[str, Any] = {"color": color, "alpha": 0.15, "linewidth": 0}
            ax.fill_between(x, value - curve.error, value + curve.error, **band)
        depth = max(depth, *(1.3 * (curve.value.max() - _height(curve, strength)) for strength in chosen))
        _mark(ax, picture, curve, shift=curve.value.max())
    ax.set_ylim(-depth, 0.06 * depth)
    ax.set_ylabel("log units below best")
    return handles


def _draw_truth(ax: "Axes", picture: _Picture, truth: BiasVariance) -> list[Any]:
    x, cycle = picture.x(truth.strengths), picture.colors.cycle
    looks = (
        ("bias²", truth.bias_squared, cycle[0], "--"),
        ("variance", truth.variance, cycle[1], "-."),
        ("bias² + variance", truth.total, picture.colors.text, "-"),
    )
    ax.set_ylabel("error of the fit")
    handles = []
    for label, value, color, style in looks:
        handles += ax.plot(x, value, color=color, linestyle=style, linewidth=1.6, label=label)
    return handles


def _mark(ax: "Axes", picture: _Picture, curve: Curve, shift: float = 0.0) -> None:
    """A point where each rule read its strength from this curve."""
    for one in picture.selections:
        if one.curve is curve:
            x, height = picture.x(one.choice.strength), _height(curve, one.choice.strength) - shift
            ax.plot(x, [height], "o", color=picture.color(one.rule), markeredgecolor=picture.colors.paper, markersize=7)


def _draw_choices(ax: "Axes", picture: _Picture) -> list[Any]:
    """A row for each rule."""
    paper = picture.colors.paper
    for row, one in enumerate(picture.selections):
        color = picture.color(one.rule)
        if one.choice.interval is not None:
            ax.plot(picture.x(one.choice.interval), [row, row], color=color, linewidth=2.5, solid_capstyle="round")
        face = paper if one.at_edge else color
        ax.plot(picture.x(one.choice.strength), [row], "o", color=color, markerfacecolor=face, markersize=7)
    labels = [RULE_NAMES[one.rule] + (" (edge of grid)" if one.at_edge else "") for one in picture.selections]
    ax.set_yticks(range(len(labels)), labels, fontsize=SMALL_SIZE)
    ax.set_ylim(len(labels) - 0.4, -0.6)
    ax.tick_params(axis="y", length=0)
    ax.xaxis.label.set(color=picture.colors.text, fontsize=TEXT_SIZE)
    return []


def _title(picture: _Picture) -> str:
    selections = list(picture.selections)
    curves = [curve for _, curve in picture.curves("error") if curve.train is not None]
    if curves and 0 < curves[0].best < len(curves[0].strengths) - 1:
        return "Training error falls as the penalty weakens; the held-out error turns"
    if len(selections) == 1:
        return f"The strength chosen by {RULE_NAMES[selections[0].rule]}: {selections[0].strength:.4g}"
    chosen = [one.choice.strength for one in selections]
    return f"{len(selections)} rules choose strengths within a factor of {max(chosen) / min(chosen):.3g}"


def _subtitle(picture: _Picture) -> str:
    reg = picture.selections.axis.reg
    (target,) = plot_labels([reg.design.target])
    text = f"{target} on {reg.p} columns, {reg.n} rows; {prior_name(reg)} prior"
    banded = any(one.curve is not None and one.curve.error is not None for one in picture.selections)
    return text + ("; bands are one standard error" if banded else "")

"""A prior seen from both sides: its density, the penalty that it equals, and the gradient of that penalty."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from numbers import Real
from typing import TYPE_CHECKING, Any

import numpy as np

from bayesreg.errors import PriorError
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
from bayesreg.priors.base import Prior
from bayesreg.priors.column_scales import elastic_net_log_density
from bayesreg.priors.dictionary import to_penalty
from bayesreg.priors.elastic_net import ElasticNetPrior
from bayesreg.priors.laplace import Laplace
from bayesreg.priors.normal import Normal

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

POINTS = 801
PANELS = ("prior density", "penalty = −log density + constant", "gradient of the penalty")
LINE_STYLES = ("-", "--", "-.", ":")


@dataclass(frozen=True)
class _Curve:
    """One prior of one scale: Laplace scale b and Normal standard deviation s, of which one may be infinite."""

    b: float
    s: float

    @property
    def width(self) -> float:
        return min(self.b, self.s)

    @property
    def has_kink(self) -> bool:
        return bool(np.isfinite(self.b))

    @property
    def prior(self) -> Prior:
        if not self.has_kink:
            return Normal(self.s)
        return ElasticNetPrior(self.b, self.s) if np.isfinite(self.s) else Laplace(self.b)

    @property
    def label(self) -> str:
        if not self.has_kink:
            return f"Normal, s = {self.s:.4g}"
        kind, also = ("elastic net", f", s = {self.s:.4g}") if np.isfinite(self.s) else ("Laplace", "")
        return f"{kind}, b = {self.b:.4g}{also}"

    def log_density(self, beta: np.ndarray) -> np.ndarray:
        return elastic_net_log_density(beta, np.array(self.b), np.array(self.s))

    def gradient(self, beta: np.ndarray) -> np.ndarray:
        # At sigma = 1 half_rss is the negative log posterior itself.
        return to_penalty(self.prior, sigma=1.0).gradient(beta)


def plot_prior(
    prior: Prior | Sequence[Prior],
    sigma: float | None = None,
    *,
    axes: "Sequence[Axes] | None" = None,
    dark: bool = False,
) -> "Figure":
    """Draw the density of one coefficient's prior, the penalty that it equals, and that penalty's slope.

    The penalty is the negative log density less its value at 0 (the convention ``nll``), so for Laplace
    |β|/b with slope ±1/b, undefined at 0 (open circles), and for Normal β²/(2s²) with slope β/s².

    Parameters
    ----------
    prior : Laplace, Normal or ElasticNetPrior, or sequence of them
        Of known scale. One with per-column scales is drawn at its smallest, median and largest.
    sigma : float, optional
        Noise standard deviation, needed for a prior that is ``scaled_by_sigma``.
    axes : sequence of three matplotlib.axes.Axes, optional
        Draw here; by default on a new figure.
    dark : bool, optional
        Light ink on dark paper.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    PriorError
        If there is no prior, its scale is unknown or infinite, sigma is missing, or `axes` are not three.

    See Also
    --------
    plot_prior_posterior : Prior and posterior of each coefficient.
    Laplace : Laplace prior, that of the lasso.
    Horseshoe : Horseshoe prior.

    Examples
    --------
    >>> import bayesreg as br
    >>> figure = br.plot_prior([br.Laplace(1.0), br.Normal(1.0)])
    >>> [panel.get_title(loc="left") for panel in figure.axes][0]
    'prior density'
    """
    curves, colors = _curves(prior, sigma), ink(dark)
    drawn = None if axes is None else check_axes(axes, len(PANELS), "axes")
    with drawing():
        panels = list(new_figure(9.6, 3.6, colors).subplots(1, len(PANELS))) if drawn is None else drawn
        handles = _draw(panels, curves, colors)
        for panel, title in zip(panels, PANELS, strict=True):
            dress(panel, colors)
            panel.set_xlabel("beta")
            panel.set_title(title, loc="left", size=TEXT_SIZE, color=colors.text)
        if axes is None:
            return Heading(*_words(curves), handles).write(panels[0], colors, whole_figure=True)
        panels[0].legend(handles=handles, frameon=False, fontsize=SMALL_SIZE, labelcolor=colors.text)
        return figure_of(panels[0])


def _curves(prior: Prior | Sequence[Prior], sigma: float | None) -> list[_Curve]:
    priors = list(prior) if isinstance(prior, Iterable) and not isinstance(prior, str) else [prior]
    drawn = [curve for one in priors for curve in _curves_of(one, sigma)]
    curves = [curve for curve in dict.fromkeys(drawn) if np.isfinite(curve.width)]
    if not curves:
        raise PriorError("there is no prior of finite scale to draw; a flat prior has no density and no penalty.")
    return curves


def _curves_of(prior: Prior, sigma: float | None) -> list[_Curve]:
    if not isinstance(prior, Prior):
        raise PriorError(f"expected a Laplace, Normal or ElasticNetPrior, got {type(prior).__name__}.")
    if prior.of_coordinates is not prior:
        raise PriorError(
            f"what is drawn is a prior of one coefficient by itself, centred at 0, got {prior}; use "
            "br.plot_prior_posterior(idata)."
        )
    if prior.scaled_by_sigma and sigma is None:
        raise PriorError(f"{prior} is scaled by sigma; pass sigma.")
    if sigma is not None and not (isinstance(sigma, Real) and 0 < float(sigma) < np.inf):
        raise PriorError(f"sigma must be a positive finite number, got {sigma!r}.")
    scales = prior.column_scales(prior.columns).at(sigma or 1.0)
    pairs = sorted(set(zip(scales.laplace.tolist(), scales.normal.tolist(), strict=True)))
    few = pairs if len(pairs) <= 3 else [pairs[0], pairs[len(pairs) // 2], pairs[-1]]
    return [_Curve(b, s) for b, s in few]


def _draw(panels: "Sequence[Axes]", curves: list[_Curve], colors: Ink) -> list[Any]:
    density, penalty, gradient = panels
    grid = _grid(curves)
    middle = len(grid) // 2
    handles = []
    for rank, curve in enumerate(curves):
        look: dict[str, Any] = {"color": colors.cycle[rank % len(colors.cycle)], "linewidth": 1.8}
        look["linestyle"] = LINE_STYLES[rank % len(LINE_STYLES)]
        log_density, slope = curve.log_density(grid), curve.gradient(grid)
        handles += density.plot(grid, np.exp(log_density), label=curve.label, **look)
        penalty.plot(grid, log_density[middle] - log_density, label=curve.label, **look)
        if curve.has_kink:
            slope[middle] = np.nan
        gradient.plot(grid, slope, label=curve.label, **look)
        if curve.has_kink:
            ends = {"marker": "o", "mfc": colors.paper, "mec": look["color"], "mew": 1.4, "markersize": 5.5}
            gradient.plot([0.0, 0.0], [-1 / curve.b, 1 / curve.b], linestyle="none", zorder=4, label="_open", **ends)
    _set_limits(panels, grid)
    return handles


def _grid(curves: list[_Curve]) -> np.ndarray:
    """Points of beta, 0 in the middle, wide enough for the widest curve unless the narrowest would be a spike."""
    widths = [curve.width for curve in curves]
    end = 4 * min(max(widths), 8 * min(widths))
    half = np.linspace(0.0, end, POINTS // 2 + 1)
    return np.concatenate([-half[:0:-1], half])


def _set_limits(panels: "Sequence[Axes]", grid: np.ndarray) -> None:
    for panel in panels:
        panel.set_xlim(grid[0], grid[-1])
        panel.locator_params(nbins=5)
    for panel in panels[:2]:
        panel.set_ylim(bottom=0.0)


def _words(curves: list[_Curve]) -> tuple[str, str]:
    kinks = {curve.has_kink for curve in curves}
    circles = (
        "open circles: at 0 it is undefined, and a coefficient stays there unless the gradient of the loss exceeds 1/b"
    )
    if kinks == {True, False}:
        return "A kink at 0 makes exact zeros; a gradient that vanishes at 0 makes none", circles
    if kinks == {True}:
        return "The gradient does not vanish at 0: small coefficients become exactly 0 at the MAP", circles
    return (
        "The gradient vanishes at 0: coefficients become small at the MAP, but not exactly 0",
        "the slope of beta²/(2s²) is beta/s²: 0 at 0",
    )

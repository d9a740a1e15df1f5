"""Figures that arviz-plots has, in this package's colours: draws of y beside y, calibration, and rank plots."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

from bayesreg.plots.names import plot_labels
from bayesreg.plots.style import Ink, drawing, ink

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# Draws of y that are shown; a plot of ranks has a panel for each coefficient.
SHOWN_DRAWS, MOST_PANELS = 50, 8
PANEL_WIDTH, PANEL_HEIGHT = 2.0, 1.9


def plot_predictive(y: np.ndarray, draws: np.ndarray, *, kind: str = "kde", dark: bool = False) -> "Figure":
    """Draw the distribution of the target, and of data that the model would make.

    Parameters
    ----------
    y : ndarray, shape (n,)
        The target.
    draws : ndarray, shape (chains, draws, n)
        From the posterior predictive distribution.
    kind : {"kde", "ecdf"}, optional
        "ecdf" for counts and classes.
    dark : bool, optional

    Returns
    -------
    matplotlib.figure.Figure
    """

    def draw(arviz: Any, colors: Ink) -> Any:
        visuals = {"predictive_dist": {"color": colors.mean}, "observed_dist": {"color": colors.text}, "title": False}
        # Which draws are shown is settled here, since arviz-plots would choose at random.
        flat = draws.reshape(-1, draws.shape[-1])
        shown = flat[:: -(-len(flat) // SHOWN_DRAWS)][None]
        return arviz.plot_ppc_dist(
            _tree(y, shown), kind=kind, num_samples=shown.shape[1], visuals=visuals, backend="matplotlib"
        )

    return _drawn(draw, 7.2, 3.4, dark)


def plot_calibration(y: np.ndarray, draws: np.ndarray, *, dark: bool = False) -> "Figure":
    """Draw observed against predicted frequencies of classes (isotonic regression; a calibrated model is diagonal).

    Parameters
    ----------
    y : ndarray, shape (n,)
        0 and 1.
    draws : ndarray, shape (chains, draws, n)
        Of y from the posterior predictive distribution.
    dark : bool, optional

    Returns
    -------
    matplotlib.figure.Figure
    """

    def draw(arviz: Any, colors: Ink) -> Any:
        visuals = {"lines": {"color": colors.mean}, "credible_interval": {"color": colors.mean}, "title": False}
        tree = _tree(y.astype(int), draws.astype(int))
        return arviz.plot_ppc_pava(tree, visuals=visuals, backend="matplotlib")

    figure = _drawn(draw, 5.2, 4.2, dark)
    figure.axes[0].set(xlabel="predicted probability", ylabel="observed frequency")
    return figure


def plot_ranks(names: Sequence[str], draws: np.ndarray, *, dark: bool = False) -> "Figure":
    """Draw how the ranks of each chain's draws differ from uniform; chains that mixed stay inside the band.

    Parameters
    ----------
    names : sequence of str, length k
        At most `MOST_PANELS` are drawn.
    draws : ndarray, shape (chains, draws, k)
    dark : bool, optional

    Returns
    -------
    matplotlib.figure.Figure
    """
    labels = plot_labels(list(names)[:MOST_PANELS], 16)

    def draw(arviz: Any, colors: Ink) -> Any:
        from arviz_base import from_dict

        values = draws[..., : len(labels)]
        tree = from_dict({"posterior": {"coef": values}}, coords={"name": labels}, dims={"coef": ["name"]})
        return arviz.plot_rank(tree, backend="matplotlib", labeller=_labeller(), col_wrap=4)

    figure = _drawn(draw, PANEL_WIDTH * min(4, len(labels)), PANEL_HEIGHT * -(-len(labels) // 4), dark)
    for axes in figure.axes:
        for line in axes.lines:
            # A step for each draw is too much for a drawing of lines.
            line.set_rasterized(True)
    return figure


def _labeller() -> Any:
    from arviz_base.labels import NoVarLabeller

    return NoVarLabeller()


def _tree(y: np.ndarray, draws: np.ndarray) -> Any:
    from arviz_base import from_dict

    return from_dict({"posterior_predictive": {"y": draws}, "observed_data": {"y": y}})


def _drawn(draw: Callable[[Any, Ink], Any], width: float, height: float, dark: bool) -> "Figure":
    import arviz_plots
    from matplotlib import pyplot

    colors = ink(dark)
    with drawing(), _inked(colors):
        figure: Figure = draw(arviz_plots, colors).viz["figure"].item()
        figure.set_size_inches(width, height)
        # pyplot keeps what it made until it is told not to.
        pyplot.close(figure)
    return figure


@contextmanager
def _inked(colors: Ink) -> Iterator[None]:
    from cycler import cycler
    from matplotlib import rc_context

    text = dict.fromkeys(
        ("text.color", "axes.labelcolor", "axes.titlecolor", "xtick.color", "ytick.color"), colors.text
    )
    paper = dict.fromkeys(("figure.facecolor", "axes.facecolor", "savefig.facecolor"), colors.paper)
    sizes = dict.fromkeys(("xtick.labelsize", "ytick.labelsize", "axes.labelsize", "axes.titlesize"), 9.0)
    others = {"axes.edgecolor": colors.faint, "axes.prop_cycle": cycler(color=colors.cycle[:-1])}
    settings: Any = {**text, **paper, **sizes, **others}
    with rc_context(settings):
        yield

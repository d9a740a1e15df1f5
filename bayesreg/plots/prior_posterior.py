"""What the data have taught: prior and posterior density of each coefficient, in small panels on one axis."""

from typing import TYPE_CHECKING, Any

import numpy as np

from bayesreg.analysis.from_tree import read_posterior, refuse_projected
from bayesreg.model.regression import Regression
from bayesreg.model.unknowns import Unknowns
from bayesreg.plots.draws import density, largest_first
from bayesreg.plots.names import labels_of
from bayesreg.plots.rows import left_out, pick
from bayesreg.plots.style import SMALL_SIZE, TEXT_SIZE, Heading, Ink, drawing, dress, ink, new_figure
from bayesreg.plots.words import prior_name, unit
from bayesreg.priors.column_scales import elastic_net_log_density
from bayesreg.priors.given import Given
from bayesreg.priors.truncation import log_share

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from xarray import DataTree

MAX_COEFFICIENTS, PANELS_PER_ROW = 20, 4
# Width of a panel's name in characters.
NAME_WIDTH = 22


def plot_prior_posterior(
    idata: "DataTree",
    *,
    reg: Regression | None = None,
    max_coefficients: int | None = MAX_COEFFICIENTS,
    dark: bool = False,
) -> "Figure":
    """Draw prior and posterior density of each coefficient, all panels on the same axes.

    The coefficients are beta, those on the (standardized) columns on which the prior is stated, ordered by the size of
    the posterior mean. A prior whose scale (or sigma, which scales it) is unknown is drawn at the posterior median of
    what is unknown.

    Parameters
    ----------
    idata : xarray.DataTree
        From :func:`bayesreg.sample`.
    reg : Regression, optional
        By default it is rebuilt from `idata`.
    max_coefficients : int or None, optional
        How many to draw, those of largest posterior mean; the figure says how many are left out. None: all.
    dark : bool, optional
        Light ink on dark paper.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    PriorError
        If `max_coefficients` is not a positive whole number.

    See Also
    --------
    plot_prior : Densities of priors and their penalties.
    prior_sensitivity : Sensitivity of the posterior to prior and likelihood.

    Examples
    --------
    >>> import bayesreg as br
    >>> frame, target = br.load_dataset("diabetes")
    >>> reg = br.Regression(frame.drop(columns=target), frame[target], prior=br.Laplace(10.0), sigma=54.0)
    >>> len(br.plot_prior_posterior(br.sample(reg, random_seed=1)).axes)
    10
    """
    reg, draws = read_posterior(idata, reg)
    refuse_projected(idata)
    beta = draws.beta
    chosen = pick(largest_first(beta), max_coefficients)
    colors, columns = ink(dark), min(PANELS_PER_ROW, len(chosen))
    rows = -(-len(chosen) // columns)
    with drawing():
        figure = new_figure(7.2, 1.3 + 1.25 * rows, colors)
        grid = figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False)
        handles = _draw(list(grid.flat), reg, draws, beta[:, chosen], chosen, colors)
        heading = Heading(_title(reg, beta, draws), _subtitle(reg, draws, len(chosen)), handles)
        heading.write(grid.flat[0], colors, whole_figure=True)
        figure.supxlabel(f"beta, per {unit(reg)}", color=colors.text, fontsize=TEXT_SIZE)
        return figure


def _draw(
    panels: list["Axes"], reg: Regression, draws: Unknowns, beta: np.ndarray, chosen: np.ndarray, colors: Ink
) -> list[Any]:
    low, high = _limits(beta)
    names, handles, top = labels_of(reg.names, chosen, NAME_WIDTH), dict[str, Any](), 0.0
    for k, panel in enumerate(panels):
        if k >= len(chosen):
            panel.remove()
            continue
        dress(panel, colors)
        panel.spines["left"].set_visible(False)
        panel.set_yticks([])
        panel.axvline(0.0, color=colors.grid, linewidth=1.0, zorder=1)
        grid, values = density(beta[:, k], low, high)
        handles["posterior"] = panel.fill_between(grid, 0, values, color=colors.mean, alpha=0.35, linewidth=0, zorder=2)
        panel.plot(grid, values, color=colors.mean, linewidth=1.2, zorder=3)
        before = prior_density(reg, draws, int(chosen[k]), grid)
        if before is not None:
            (handles["prior"],) = panel.plot(grid, before, color=colors.map, linestyle="--", linewidth=1.2, zorder=4)
        top = max(top, float(values.max()))
        if before is not None and reg.prior.has_penalty:
            top = max(top, float(before.max()))
        panel.set_title(names[k], loc="left", size=SMALL_SIZE, color=colors.text, pad=2)
        panel.tick_params(labelbottom=True)
        panel.locator_params(axis="x", nbins=4)
    panels[0].set(xlim=(low, high), ylim=(0.0, 1.05 * top))
    for name, handle in handles.items():
        handle.set_label(name)
    return list(handles.values())


def prior_density(reg: Regression, draws: Unknowns, j: int, grid: np.ndarray) -> np.ndarray | None:
    """Prior density of β_j on a grid, at the posterior median of what it depends on; None if it is flat."""
    prior, given = reg.prior, _at_medians(reg, draws)
    if prior.is_correlated:
        return _margin(reg, draws, j, grid)
    if prior.is_flat(reg.names)[j]:
        return None
    # A density that is infinite at 0 is cut there.
    away = np.where(grid == 0, grid[1] - grid[0], grid) if prior.has_local_unknowns else grid
    log_density = np.broadcast_to(prior.log_marginal(away[:, None], given), (len(grid), reg.p))[:, j]
    density = np.asarray(np.exp(log_density))
    return density if reg.bounds is None else density * _truncation(reg, given, j, grid)


def _truncation(reg: Regression, given: Given, j: int, grid: np.ndarray) -> np.ndarray:
    """What bounds multiply the density of β_j by: 0 outside of them, and one over their share inside."""
    assert reg.bounds is not None
    box = reg.bounds.on(reg.design.standardization.sd)
    share = np.broadcast_to(log_share(reg.prior, *box, given), (1, reg.p))[0, j]
    return np.where((grid >= box.lower[j]) & (grid <= box.upper[j]), np.exp(-share), 0.0)


def _margin(reg: Regression, draws: Unknowns, j: int, grid: np.ndarray) -> np.ndarray | None:
    """Marginal density of one of correlated Normal coefficients; None if it is flat."""
    mean, sd = reg.prior.margins(reg.names)[0][j], _prior_sd(reg, draws, j)
    return None if np.isinf(sd) else np.exp(-0.5 * ((grid - mean) / sd) ** 2) / (np.sqrt(2 * np.pi) * sd)


def _at_medians(reg: Regression, draws: Unknowns) -> Given:
    """What the prior depends on, at its posterior median."""
    unit = np.median(draws.sigma, keepdims=True) if reg.prior.scaled_by_sigma else np.ones(1)
    shared = [unknown.name for unknown in reg.prior.unknowns if not unknown.per_column]
    return Given(reg.names, unit, {name: np.median(draws.hyperparameters[name], keepdims=True) for name in shared})


def _limits(beta: np.ndarray) -> tuple[float, float]:
    lower, upper = np.quantile(beta, [0.001, 0.999], axis=0)
    low, high = min(0.0, float(lower.min())), max(0.0, float(upper.max()))
    room = 0.05 * (high - low) or 1.0
    return low - room, high + room


def _title(reg: Regression, beta: np.ndarray, draws: Unknowns) -> str:
    if not reg.prior.has_penalty:
        return "Prior and posterior of each coefficient"
    priors = np.array([_prior_sd(reg, draws, j) for j in range(reg.p)])
    ratio = beta.std(axis=0, ddof=1) / priors
    finite = ratio[np.isfinite(priors)]
    if len(finite) == 0:
        return "The prior is flat: the posterior is what the data say"
    low, high = f"{100 * finite.min():.0f}", f"{100 * finite.max():.0f}"
    share = low if low == high else f"{low} to {high}"
    return f"The posterior's standard deviation is {share}% of the prior's"


def _prior_sd(reg: Regression, draws: Unknowns, j: int) -> float:
    """Standard deviation of the prior as it is drawn; infinite if it is flat."""
    scales = reg.unit_scales
    factor = float(np.broadcast_to(reg.prior.factor(_at_medians(reg, draws))[0], reg.p)[j])
    if reg.prior.is_correlated:
        return float(reg.prior.margins(reg.names)[1][j]) * factor
    laplace, normal = float(scales.laplace[j]) * factor, float(scales.normal[j]) * factor
    if np.isinf(laplace) or np.isinf(normal):
        return min(2**0.5 * laplace, normal)
    grid = np.linspace(0, 12 * min(laplace, normal), 4_001)
    weight = np.exp(elastic_net_log_density(grid, np.asarray(laplace), np.asarray(normal)))
    return float(np.sqrt(np.sum(weight * grid**2) / np.sum(weight)))


def _subtitle(reg: Regression, draws: Unknowns, drawn: int) -> str:
    unknown = [*reg.prior.unknown_scales, *(["sigma"] if _moves(reg) else [])]
    at = f", drawn at the posterior median of {' and '.join(unknown)}" if unknown else ""
    return f"{prior_name(reg)} prior{at}" + left_out(drawn, reg.p, "of largest posterior mean")


def _moves(reg: Regression) -> bool:
    return reg.prior.scaled_by_sigma and not reg.noise.known

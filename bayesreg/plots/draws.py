"""What figures take from a posterior: draws of beta in the regression's order, and their density."""

from typing import TYPE_CHECKING

import numpy as np

from bayesreg.analysis.coef_draws import coef_draws
from bayesreg.analysis.comparison.compare import Comparison, compare
from bayesreg.analysis.comparison.known_scale import at_known_scale
from bayesreg.analysis.from_tree import read_posterior
from bayesreg.errors import DataError
from bayesreg.model.regression import Regression

if TYPE_CHECKING:
    from xarray import DataTree

# Of a drawn density.
POINTS = 512


def beta_draws(reg: Regression, idata: "DataTree") -> np.ndarray:
    """Posterior draws of beta, its chains one after the other, shape (S, p).

    Raises
    ------
    DataError
        If the posterior is that of other columns.
    """
    return reg.design.standardization.beta(coef_draws(reg.names, idata))


def comparison_of(result: "Comparison | DataTree") -> Comparison:
    """A comparison as it is, or that of a posterior with the points of the regression that it was sampled from.

    Where the prior's scale is unknown, the points are those at its posterior median.

    Raises
    ------
    DataError
        If it is neither.
    """
    if isinstance(result, Comparison):
        return result
    if not hasattr(result, "children"):
        raise DataError(
            "expected a Comparison from br.compare(reg), or a posterior from br.sample(reg), got "
            f"{type(result).__name__}."
        )
    reg, _ = read_posterior(result)
    reg, notes = at_known_scale(reg, result)
    return compare(reg, result, notes=notes)


def largest_first(beta: np.ndarray) -> np.ndarray:
    """The columns of draws of shape (S, p) by the size of their mean, shape (p,)."""
    return np.argsort(-np.abs(beta.mean(axis=0)), kind="stable")


def density(draws: np.ndarray, low: float, high: float) -> tuple[np.ndarray, np.ndarray]:
    """Gaussian kernel estimate on a grid from `low` to `high`, with Silverman's bandwidth.

    Draws that are all alike have no density; it is then 0 everywhere.
    """
    grid = np.linspace(low, high, POINTS)
    lower, upper = np.quantile(draws, [0.25, 0.75])
    spreads = [float(draws.std()), float(upper - lower) / 1.34]
    spread = min((value for value in spreads if value > 0), default=0.0)
    if spread == 0:
        return grid, np.zeros(POINTS)
    step = grid[1] - grid[0]
    # A peak that is narrower than the grid can show is drawn as wide as that.
    width = max(0.9 * spread * len(draws) ** -0.2, 0.5 * step)
    # Binned more finely than the bandwidth, so that the bins are not seen.
    fine = max(1, int(np.ceil(4 * step / width)))
    bins = POINTS * fine
    counts, edges = np.histogram(draws, bins=bins, range=(low - step / 2, high + step / 2))
    centres, reach = 0.5 * (edges[1:] + edges[:-1]), edges[1] - edges[0]
    offsets = np.arange(-int(5 * width / reach) - 1, int(5 * width / reach) + 2) * reach
    kernel = np.exp(-0.5 * (offsets / width) ** 2)
    smooth = np.convolve(counts, kernel / kernel.sum(), mode="full")[len(offsets) // 2 :][:bins]
    return grid, np.interp(grid, centres, smooth / (len(draws) * reach))

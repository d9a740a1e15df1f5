"""A smooth density of draws, for drawing."""

import numpy as np

POINTS = 512


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

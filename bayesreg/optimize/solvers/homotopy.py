"""The whole lasso path by homotopy: between its knots every coefficient is linear in the strength.

At strengths t·w_j the active coefficients are θ_A = a − t·d and the gradients of the others u − t·δ. The
Gram matrix is kept swept on the active set, so that a coefficient that enters or leaves costs one
rank-one update (LARS with drops: Efron, Hastie, Johnstone & Tibshirani 2004,
doi:10.1214/009053604000000067; Osborne, Presnell & Turlach 2000, doi:10.1093/imanum/20.3.389).
Rounding accumulates over many sweeps, so that its caller must check every point.
"""

import numpy as np
from scipy.linalg import blas

# A column whose part outside the active ones is below this share of it does not enter.
SMALLEST_PIVOT = 1e-10


class _Tableau:
    """The Gram matrix swept on the active set (lower triangle), with the coefficients' lines in t.

    For active j, ``level[j] − t·slope[j]`` is θ_j; for the others it is the gradient x_j'(b − Aθ).
    """

    def __init__(self, gram: np.ndarray, cross: np.ndarray, weights: np.ndarray) -> None:
        self.swept = np.asfortranarray(gram, dtype=float).copy(order="F")
        self.diagonal = np.diag(gram).copy()
        self.level, self.slope = cross.copy(), np.zeros_like(cross)
        self.weights, self.signs = weights, np.zeros_like(cross)
        self.active = np.zeros(len(cross), dtype=bool)

    def enter(self, k: int, sign: float) -> None:
        """Sweep coefficient k into the active set."""
        column, pivot = self._column(k)
        level, slope = self.level[k] / pivot, (self.weights[k] * sign + self.slope[k]) / pivot
        self._update(k, column, pivot, level, slope)
        self._write(k, column / pivot, -1.0 / pivot)
        self.level[k], self.slope[k], self.signs[k], self.active[k] = level, slope, sign, True

    def leave(self, k: int) -> None:
        """Undo the sweep of coefficient k."""
        column, pivot = self._column(k)
        level, slope = self.level[k], self.slope[k]
        self._update(k, column, pivot, level / pivot, slope / pivot)
        self._write(k, -column / pivot, -1.0 / pivot)
        self.level[k], self.slope[k] = -level / pivot, -slope / pivot - self.weights[k] * self.signs[k]
        self.signs[k], self.active[k] = 0.0, False

    def pivot_is_safe(self, k: int) -> bool:
        """Whether column k has a part outside the span of the active columns."""
        return bool(self.swept[k, k] > SMALLEST_PIVOT * self.diagonal[k])

    def _column(self, k: int) -> tuple[np.ndarray, float]:
        return np.concatenate([self.swept[k, :k], self.swept[k:, k]]), float(self.swept[k, k])

    def _update(self, k: int, column: np.ndarray, pivot: float, level: float, slope: float) -> None:
        self.swept = blas.dsyr(-1.0 / pivot, column, lower=1, a=self.swept, overwrite_a=1)
        self.level -= column * level
        self.slope -= column * slope

    def _write(self, k: int, column: np.ndarray, pivot: float) -> None:
        self.swept[k, :k], self.swept[k:, k], self.swept[k, k] = column[:k], column[k:], pivot


def lasso_path(gram: np.ndarray, cross: np.ndarray, weights: np.ndarray, grid: np.ndarray) -> np.ndarray:
    """Minimize ½θ'Gθ − c'θ + t·Σ w_j|θ_j| for each t of a decreasing grid.

    Parameters
    ----------
    gram : ndarray, shape (q, q)
    cross : ndarray, shape (q,)
    weights : ndarray, shape (q,)
        w_j ≥ 0; 0 leaves a coefficient unpenalized.
    grid : ndarray, shape (m,)
        Decreasing positive strengths.

    Returns
    -------
    ndarray, shape (m, q)
        Exact up to accumulated rounding. Where the path cannot be followed (collinear columns) the
        rows from there on repeat the last point: starting values, no answers.
    """
    tableau = _Tableau(gram, cross, weights)
    for k in np.flatnonzero(weights == 0).tolist():
        if tableau.pivot_is_safe(k):
            tableau.enter(k, 0.0)
    theta = np.zeros((len(grid), len(cross)))
    t, filled, blocked = float("inf"), 0, -1
    for _ in range(20 * len(cross) + 100):
        knot, k = _next_knot(tableau, t, blocked)
        stop = int(np.searchsorted(-grid, -knot, side="right")) if knot > 0 else len(grid)
        _fill(theta, tableau, grid, filled, stop)
        filled = max(filled, stop)
        if filled == len(grid):
            return theta
        if tableau.active[k]:
            tableau.leave(k)
        elif tableau.pivot_is_safe(k):
            tableau.enter(k, 1.0 if tableau.level[k] > knot * tableau.slope[k] else -1.0)
        else:
            break
        t, blocked = knot, k
    theta[filled:] = theta[filled - 1] if filled else 0.0
    return theta


def _next_knot(tableau: _Tableau, t: float, blocked: int) -> tuple[float, int]:
    """The next strength below t at which a coefficient enters or leaves, and which one."""
    level, slope, weights = tableau.level, tableau.slope, tableau.weights
    with np.errstate(divide="ignore", invalid="ignore"):
        rising, falling = level / (slope + weights), level / (slope - weights)
        leaving = level / slope
    inactive = np.maximum(np.where(rising < t, rising, 0.0), np.where(falling < t, falling, 0.0))
    event = np.where(tableau.active, np.where((leaving < t) & (weights > 0), leaving, 0.0), inactive)
    event[np.isnan(event)] = 0.0
    if blocked >= 0:
        # The one that moved at this very strength can move again only later.
        event[blocked] = _later(tableau, blocked, t)
    k = int(np.argmax(event))
    return float(event[k]), k


def _later(tableau: _Tableau, k: int, t: float) -> float:
    level, slope, weight = tableau.level[k], tableau.slope[k], tableau.weights[k]
    below = t * (1 - 1e-9)
    ends = [slope] if tableau.active[k] else [slope + weight, slope - weight]
    times = [level / end for end in ends if end != 0]
    return max((time for time in times if 0 < time < below), default=0.0)


def _fill(theta: np.ndarray, tableau: _Tableau, grid: np.ndarray, start: int, stop: int) -> None:
    if stop > start:
        active = np.flatnonzero(tableau.active)
        lines = tableau.level[active] - np.outer(grid[start:stop], tableau.slope[active])
        theta[np.ix_(np.arange(start, stop), active)] = lines

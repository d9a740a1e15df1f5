r"""Quadrature of positive functions of one variable, many at once, and draws by inverting distribution functions.

A row of the problem is one function exp f(t) on an interval that is closed above at a given edge or open. Its
bulk is found on a coarse grid that zooms in, however narrow it is. There the interval is cut into panels over
which f changes by like amounts, each with a Gauss-Legendre rule; the panels are doubled until the Legendre
coefficients of exp f have died out in every one of them (Trefethen 2008, doi:10.1137/060659831).
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.polynomial import legendre

from bayesreg.errors import ModeError

# The fall of the log integrand at which an interval ends, and how far around its start it is looked for.
FALL, REACH = 50.0, 60.0
# The first grid's step and the size of the later ones.
SEARCH_STEP, ZOOM_POINTS = 0.5, 65
PANELS, MOST_PANELS, NODES = 12, 400, 16
# Share of the whole that the last two Legendre coefficients of a panel may have; the rule, of twice the order, then
# errs by about its square, and the distribution function by it.
UNRESOLVED = 1e-8
# Numbers that a block of an elementwise computation may hold.
BLOCK_SIZE = 500_000

# From points (a, b), row by row, to the logs of k integrands there, (k, a, b); the first is the density.
LogIntegrands = Callable[[np.ndarray], np.ndarray]

_X, _W = legendre.leggauss(NODES)
# Values at the nodes to Legendre coefficients, shape (NODES, NODES).
_TO_COEFFICIENTS = (legendre.legvander(_X, NODES - 1) * _W[:, None]).T * (np.arange(NODES)[:, None] + 0.5)


@dataclass(frozen=True)
class Search:
    """Where to look for the bulk of each row.

    Attributes
    ----------
    low, high : ndarray, shape (a,)
    closed : bool
        Whether the rows end at `high`, so that nothing need fall off towards it.
    what : str
        The integrated quantity, for messages.
    noise : float
        Rounding error of the logs.
    """

    low: np.ndarray
    high: np.ndarray
    closed: bool
    what: str
    noise: float = 0.0


@dataclass(frozen=True, eq=False)
class Panels:
    """Rules for a rows of k integrands each, resolved.

    Attributes
    ----------
    edges : ndarray, shape (a, K + 1)
    logs : ndarray, shape (k, a, K, NODES)
        Logs of the integrands at the nodes.
    """

    edges: np.ndarray
    logs: np.ndarray

    @cached_property
    def nodes(self) -> np.ndarray:
        """Where the integrands are known, shape (a, K·NODES)."""
        return _nodes(self.edges)

    @property
    def grid(self) -> tuple[np.ndarray, np.ndarray]:
        """Nodes with the ends of the rows, where the logs are taken from the node beside, (a, G) and (k, a, G)."""
        points = np.concatenate([self.edges[:, :1], self.nodes, self.edges[:, -1:]], axis=1)
        logs = self.logs.reshape(*self.logs.shape[:2], -1)
        return points, np.concatenate([logs[..., :1], logs, logs[..., -1:]], axis=-1)

    @cached_property
    def log_totals(self) -> np.ndarray:
        """Logs of the integrals, shape (k, a)."""
        return self._tops + np.log(np.sum(self._masses, axis=(-2, -1)))

    @cached_property
    def weights(self) -> np.ndarray:
        """Shares of the nodes in the first integral, shape (a, K·NODES)."""
        masses = self._masses[0].reshape(len(self.edges), -1)
        return np.asarray(masses / masses.sum(axis=1, keepdims=True))

    def is_resolved(self, noise: float) -> bool:
        """Whether the last Legendre coefficients are negligible, or mere noise, in every panel of every row."""
        values = np.exp(self.logs - self._tops[..., None, None])
        last = np.abs(values @ _TO_COEFFICIENTS[-2:].T).sum(axis=-1) * np.diff(self.edges)
        return bool(np.all(last <= (UNRESOLVED + 10 * noise) * np.sum(self._masses, axis=(-2, -1))[..., None]))

    def draw(self, uniform: np.ndarray) -> np.ndarray:
        """Points at which the distribution function of each row is `uniform`, both of shape (a, draws)."""
        rows = np.arange(len(self.edges))[:, None]
        shares = self.weights.reshape(len(self.edges), -1, NODES).sum(axis=-1)
        ends = np.cumsum(shares, axis=1)
        goal = uniform * ends[:, -1:]
        panel = np.minimum(np.sum(ends[:, None, :] < goal[..., None], axis=-1), ends.shape[1] - 1)
        share = shares[rows, panel]
        logs = self.logs[0][rows, panel].reshape(-1, NODES)
        values = np.exp(logs - logs.max(axis=1, keepdims=True))
        coefficients = (values @ _TO_COEFFICIENTS.T) / (values @ _W)[:, None]
        x = _invert(coefficients, np.clip(1 - (ends[rows, panel] - goal) / share, 0.0, 1.0).ravel())
        start, stop = self.edges[rows, panel], self.edges[rows, panel + 1]
        return np.asarray(start + (stop - start) * (0.5 * x.reshape(panel.shape) + 0.5))

    @cached_property
    def _tops(self) -> np.ndarray:
        return np.asarray(self.logs.max(axis=(-2, -1)))

    @cached_property
    def _masses(self) -> np.ndarray:
        width = 0.5 * np.diff(self.edges)
        return np.asarray(np.exp(self.logs - self._tops[..., None, None]) * _W * width[..., None])


def integrate(integrands: LogIntegrands, search: Search) -> Panels:
    """Find the bulk of each row and cut it into panels that resolve it.

    Raises
    ------
    ModeError
        If an integral diverges, or is too spread out or too rugged to compute.
    """
    # What is beyond the largest number has density 0.
    with np.errstate(over="ignore", divide="ignore"):
        grid, logs = _bulk(integrands, search)
        count = PANELS
        while count <= MOST_PANELS:
            edges = _edges(grid, logs, count)
            panels = Panels(edges, _shaped(integrands(_nodes(edges)), edges))
            if panels.is_resolved(search.noise):
                return panels
            # The next panels go where these nodes, closer than the grid, see the change.
            grid, logs = panels.grid
            count *= 2
    raise ModeError(f'the posterior of {search.what} cannot be integrated to precision; use engine="nuts".')


def _bulk(integrands: LogIntegrands, search: Search) -> tuple[np.ndarray, np.ndarray]:
    """Grids over all that is within ``FALL`` of the top of any integrand, and the logs there."""
    points = int(np.ceil(np.max(search.high - search.low) / SEARCH_STEP)) + 1
    grid = np.linspace(search.low, search.high, points, axis=-1)
    logs = integrands(grid)
    _require_falling(grid, logs, search)
    while True:
        above = np.any(logs > logs.max(axis=-1, keepdims=True) - FALL, axis=0)
        first = np.maximum(np.argmax(above, axis=1) - 1, 0)
        last = np.minimum(grid.shape[1] - np.argmax(above[:, ::-1], axis=1), grid.shape[1] - 1)
        if grid.shape[1] == ZOOM_POINTS and np.all(last - first > ZOOM_POINTS // 3):
            return grid, logs
        rows = np.arange(len(grid))
        grid = np.linspace(grid[rows, first], grid[rows, last], ZOOM_POINTS, axis=-1)
        logs = integrands(grid)


def _require_falling(grid: np.ndarray, logs: np.ndarray, search: Search) -> None:
    """Raise unless every integrand falls off at both ends (at its closed end it need not)."""
    unit = max(1, int(1 / (grid[0, 1] - grid[0, 0])))
    lowest = logs.max(axis=-1) - FALL
    sides = [("0", logs[..., unit] - logs[..., 0], logs[..., 0])]
    if not search.closed:
        sides.append(("infinity", logs[..., -1 - unit] - logs[..., -1], logs[..., -1]))
    for side, fall, end in sides:
        # What is nothing at all at the end (−inf), or so little that rounding hides its slope, has fallen.
        hidden = end < -1e-7 / np.finfo(float).eps
        fallen = hidden | ((fall > 1e-6) & (end <= lowest))
        if not np.all(fallen):
            which = np.flatnonzero(~np.all(fallen, axis=-1))[0]
            subject = "the posterior of" if which == 0 else "the posterior variance, integrated over"
            cure = (
                " that vanishes at 0, such as InverseGamma" if side == "0" else ", such as HalfNormal or InverseGamma"
            )
            raise ModeError(
                f"{subject} {search.what} is improper or too spread out to integrate: it does not fall off "
                f"towards {side}; give {search.what} a proper prior{cure}."
            )


def _edges(grid: np.ndarray, logs: np.ndarray, count: int) -> np.ndarray:
    """Panel edges between which a root of the integrands changes by like amounts, none too wide, (a, count + 1)."""
    # The eighth root also sees the tails, but not so far out that panels would be wasted there.
    root = np.exp(0.125 * (logs - logs.max(axis=-1, keepdims=True)))
    change = np.abs(np.diff(root, axis=-1)).max(axis=0)
    change = change / change.sum(axis=1, keepdims=True) + 0.5 * np.diff(grid) / (grid[:, -1:] - grid[:, :1])
    along = np.concatenate([np.zeros((len(grid), 1)), np.cumsum(change, axis=1)], axis=1)
    steps = np.linspace(0.0, 1.0, count + 1)
    return np.array([np.interp(steps * total[-1], total, points) for total, points in zip(along, grid, strict=True)])


def _nodes(edges: np.ndarray) -> np.ndarray:
    middle, half = 0.5 * (edges[:, 1:] + edges[:, :-1]), 0.5 * np.diff(edges)
    return np.asarray((middle[..., None] + half[..., None] * _X).reshape(len(edges), -1))


def _shaped(logs: np.ndarray, edges: np.ndarray) -> np.ndarray:
    return logs.reshape(len(logs), len(edges), -1, NODES)


def _invert(coefficients: np.ndarray, goal: np.ndarray) -> np.ndarray:
    """The x in (−1, 1) at which the integral of each Legendre series from −1 is `goal`, by safeguarded Newton."""
    integral = legendre.legint(coefficients.T, lbnd=-1)
    low, high = np.full(len(goal), -1.0), np.full(len(goal), 1.0)
    x = 2 * goal - 1
    for _ in range(60):
        gap = legendre.legval(x, integral, tensor=False) - goal
        low, high = np.where(gap < 0, x, low), np.where(gap > 0, x, high)
        slope = legendre.legval(x, coefficients.T, tensor=False)
        with np.errstate(divide="ignore", invalid="ignore"):
            step = x - gap / slope
        step = np.where((step > low) & (step < high), step, 0.5 * (low + high))
        if np.max(np.abs(step - x)) < 1e-14:
            break
        x = step
    return x


@dataclass(frozen=True, eq=False)
class SmoothTable:
    """Smooth functions of a real variable, by local Legendre series on equal panels.

    Attributes
    ----------
    start, width : float
    coefficients : ndarray, shape (NODES, k, panels)
    """

    start: float
    width: float
    coefficients: np.ndarray

    def __call__(self, x: np.ndarray) -> np.ndarray:
        """Values of the k functions, shape (k, *x.shape)."""
        return in_blocks(self._values, x, NODES)

    def _values(self, x: np.ndarray) -> np.ndarray:
        place = (x - self.start) / self.width
        panel = np.clip(place.astype(int), 0, self.coefficients.shape[2] - 1)
        inside = 2 * (place - panel) - 1
        return np.asarray(legendre.legval(inside, np.take(self.coefficients, panel, axis=2), tensor=False))


def tabulate(function: Callable[[np.ndarray], np.ndarray], low: float, high: float, width: float) -> SmoothTable:
    """Tabulate functions of shape (k, m) for x (m,), over an interval in panels of at most this width."""
    count = int(np.ceil((high - low) / width))
    edges = np.linspace(low, high, count + 1)
    values = function(_nodes(edges[None])[0]).reshape(-1, count, NODES)
    coefficients = np.ascontiguousarray(np.moveaxis(values @ _TO_COEFFICIENTS.T, -1, 0))
    return SmoothTable(low, float(edges[1] - edges[0]), coefficients)


def in_blocks(function: Callable[[np.ndarray], np.ndarray], x: np.ndarray, width: int) -> np.ndarray:
    """Apply a function (m,) -> (k, m) that needs `width` numbers a point, in blocks that fit the cache."""
    flat, step = np.ravel(x), max(1, BLOCK_SIZE // max(width, 1))
    parts = [function(flat[start : start + step]) for start in range(0, max(len(flat), 1), step)]
    return np.concatenate(parts, axis=1).reshape(-1, *np.shape(x))

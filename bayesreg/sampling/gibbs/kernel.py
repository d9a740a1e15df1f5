"""Which Gibbs kernel draws the coefficients, from what a sweep costs and how many make an independent draw.

Coefficients drawn one at a time forget at a rate set by the smallest eigenvalue of their precision matrix in
units of its diagonal: about 1/eigenvalue sweeps to a draw (Roberts & Sahu 1997,
doi:10.1111/1467-9868.00070). Overrelaxation, which is to Gibbs sampling what it is to Gauss-Seidel
(Fox & Parker 2017, doi:10.3150/16-BEJ863), lets their means be known from fewer. In blocks they need about
`BLOCK_SWEEPS`, whatever the correlation. Costs are in nanoseconds of one core, measured once; only their
ratio matters.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from scipy import linalg

from bayesreg.errors import UnsupportedError
from bayesreg.sampling.gibbs.compiled.problem import BLOCKS, LAPLACE, SCALE, SIGMA, STUDENT_T, Problem, State

KERNELS = ("auto", "compiled", "coordinate", "block", "interpreted")
# Names for the better of the two kernels that are chosen between here.
EITHER = ("auto", "compiled")
BLOCK_SWEEPS = 1.5
# Overrelaxation keeps the squares of deviations, which tails and above all local scales wait for.
OVERRELAXED_BLOCKS, OVERRELAXED_LOCAL = 0.4, 0.2
# Of coordinates. A move with the least is cheaper than a fresh draw, and hardly worse where nothing is correlated.
LEAST_OVERRELAXATION, MOST_OVERRELAXATION = 0.2, 0.85
# Scales of blocks move by a few sweeps of coordinates at least.
BLOCK_SCALES_SWEEPS = 4
# A kept draw takes at most this many sweeps.
MOST_SWEEPS = 25
# With more columns than rows, sigma is held so fast from here on that collapsed sweeps pay. More rows than this, whose
# eigenvalues would take longer to find than a few collapsed sweeps do, count as holding it so.
HELD_FAST, MOST_ROWS = 3.0, 1_500


@dataclass(frozen=True)
class Kernel:
    """How coefficients are drawn, how many sweeps make a draw, and why.

    Attributes
    ----------
    name : {"coordinate", "block"}
    thin : int
        Sweeps per kept draw.
    every : int
        How many sweeps lie between two that draw sigma and scale with the coefficients integrated out; 0 for none.
    overrelaxation : float
        ω of a sweep, in [0, 1); 0 for independent draws from each conditional distribution.
    cost : float
        Of a sweep, roughly, in nanoseconds.
    reason : str
    """

    name: str
    thin: int
    every: int
    overrelaxation: float
    cost: float
    reason: str

    @property
    def rhythm(self) -> tuple[bool, int, int, float]:
        """The settings that `advance` takes."""
        return self.name == "block", self.thin, self.every, self.overrelaxation


def choose_kernel(problem: Problem, start: State, wanted: str = "auto") -> Kernel:
    """Choose between coordinates and blocks.

    Raises
    ------
    UnsupportedError
        If the kernel is unknown.
    """
    if wanted not in KERNELS:
        raise UnsupportedError(f"Gibbs kernel {wanted!r} is not available; available: {', '.join(KERNELS)}.")
    local = problem.mixing not in (LAPLACE, BLOCKS)
    overrelaxation = OVERRELAXED_LOCAL if local else OVERRELAXED_BLOCKS
    if problem.is_bounded and wanted == "block":
        raise UnsupportedError('within bounds coefficients are drawn one at a time; use kernel="coordinate".')
    block = Kernel("block", 1, 0, overrelaxation, _cost_of_block(problem), "asked for")
    if wanted == "block":
        return block
    if problem.is_bounded:
        return _within_bounds(problem, slowest_direction(problem, start))
    if wanted in EITHER and local and not (problem.wide and problem.mixing == STUDENT_T):
        return replace(block, reason="given local scales correlated coefficients trade places, which blocks allow")
    slowest = slowest_direction(problem, start)
    overrelaxation = OVERRELAXED_LOCAL if local else overrelaxation_of(slowest)
    # The gain that was measured from 0.2 to 0.85.
    sweeps = 1.0 / slowest / (1.0 + 1.5 * overrelaxation)
    thin, every = _thinning(problem, start, sweeps)
    one = Kernel("coordinate", thin, every, overrelaxation, _cost_of_coordinates(problem), "asked for")
    if wanted == "coordinate":
        return one
    share = one.cost / block.cost
    comparison = f"about {sweeps:.1f} sweeps of coordinates to a draw, each {share:.2g} times the cost of a block"
    return replace(one if problem.wide or share * sweeps < BLOCK_SWEEPS else block, reason=comparison)


def _within_bounds(problem: Problem, slowest: float) -> Kernel:
    """Fresh draws of one coefficient at a time, as the others leave it."""
    thin = int(np.clip(round(1.0 / slowest / BLOCK_SWEEPS), 1, MOST_SWEEPS))
    return Kernel("coordinate", thin, 0, 0.0, _cost_of_coordinates(problem), "within bounds, one at a time")


def overrelaxation_of(slowest: float) -> float:
    """1 − √(smallest eigenvalue), within bounds: the slower means forget, the more, so that squares keep up."""
    return float(np.clip(1.0 - slowest**0.5, LEAST_OVERRELAXATION, MOST_OVERRELAXATION))


def _thinning(problem: Problem, start: State, sweeps: float) -> tuple[int, int]:
    """Sweeps per draw, and between two collapsed ones.

    With more columns than rows sigma, scale and coefficients may hold each other fast, and then only a collapsed
    sweep, which costs as much as some fifty others, moves them far.
    """
    thin = int(np.clip(round(sweeps / BLOCK_SWEEPS), 1, MOST_SWEEPS))
    if problem.mixing == BLOCKS:
        return max(thin, BLOCK_SCALES_SWEEPS), 0
    if not problem.wide or (problem.sigma_known and problem.scale_known):
        return thin, 0
    # An unknown scale, or local ones, move: how far they let sigma go is not known beforehand.
    still = problem.scale_known and problem.mixing == LAPLACE
    held = sigma_held(problem, start) if still else HELD_FAST
    return (max(thin, round(held)), 0) if held < HELD_FAST else (max(thin, 20), 40)


def sigma_held(problem: Problem, start: State) -> float:
    """How many draws of sigma given the coefficients of a penalty move it as far as one without them: 1/(1 − df/n).

    df are the effective coefficients at the sigma of the greatest marginal likelihood, each Laplace part counting as
    a Normal one; near n they follow the rows, and the rows tell sigma nothing that they do not.
    """
    rows = len(problem.response)
    if rows > MOST_ROWS:
        return float(rows)
    # Of a prior too weak for its precision to be a number, the inverse is still one.
    spread = 1.0 / np.maximum(_prior_precision(problem, start), np.finfo(float).tiny)
    values, vectors = linalg.eigh((problem.rows.T * np.minimum(spread, 1e100)) @ problem.rows)
    values, squares = np.maximum(values, 0.0), (vectors.T @ problem.response) ** 2
    variances = np.geomspace(1e-6, 10.0, 80) * np.mean(squares)
    total = values + variances[:, None]
    variance = variances[np.argmin(np.sum(np.log(total) + squares / total, axis=1))]
    return float(1.0 / np.mean(variance / (values + variance)))


def _prior_precision(problem: Problem, start: State) -> np.ndarray:
    """Of each coefficient where the chain stands, shape (q,); 0 for a flat one.

    A Laplace part counts as the Normal that it is given its mixing variance: 1/(b|β|), and 1/(2b²) near 0.
    """
    unit = np.where(problem.common, start.hyper[SCALE], 1.0) * (start.hyper[SIGMA] if problem.scaled else 1.0)
    unit = unit * start.local if problem.mixing == BLOCKS else unit
    inverse = problem.laplace / unit
    kink = inverse / np.maximum(np.abs(start.theta), 2.0 / np.where(inverse > 0, inverse, 1.0))
    return np.asarray(np.where(problem.flat, 0.0, kink + problem.precision / unit**2))


def slowest_direction(problem: Problem, start: State) -> float:
    """Smallest eigenvalue of the precision of the coefficients, in units of its diagonal, in (0, 1].

    Of more rows than `MOST_ROWS`, and more columns than rows, a lower bound: what the prior alone leaves.
    """
    sigma, prior = start.hyper[SIGMA], _prior_precision(problem, start)
    total = prior + problem.diagonal / sigma**2
    root = 1.0 / np.sqrt(np.where(total > 0, total, 1.0))
    prior_in_unit = prior * root**2
    if problem.wide and len(problem.response) > MOST_ROWS:
        return float(np.clip(np.min(prior_in_unit), 1e-12, 1.0))
    try:
        if problem.wide:
            solve = _solver_of_wide(problem.rows * (root / sigma)[:, None], prior_in_unit)
        else:
            solve = _solver_of_tall(problem.rows / sigma**2 * np.outer(root, root), prior_in_unit)
    except linalg.LinAlgError:
        return 1e-12
    return float(np.clip(_smallest_eigenvalue(solve, len(prior_in_unit)), 1e-12, 1.0))


Solver = Callable[[np.ndarray], np.ndarray]


def _solver_of_tall(gram: np.ndarray, prior: np.ndarray) -> Solver:
    """Solve (G + diag(own))·y = x, steadied."""
    gram[np.diag_indices(len(gram))] += prior + 1e-10
    factor = linalg.cho_factor(gram, lower=True)
    return lambda x: linalg.cho_solve(factor, x)


def _solver_of_wide(columns: np.ndarray, prior: np.ndarray) -> Solver:
    """Solve (BB' + diag(own))·y = x for B of shape (q, n), steadied, by the n×n system (Woodbury)."""
    inverse = 1.0 / (prior + 1e-10)
    inner = columns.T @ (columns * inverse[:, None])
    inner[np.diag_indices(len(inner))] += 1.0
    factor = linalg.cho_factor(inner, lower=True)
    return lambda x: inverse * (x - columns @ linalg.cho_solve(factor, columns.T @ (inverse * x)))


def _smallest_eigenvalue(solve: Solver, size: int) -> float:
    """By inverse iteration, which a factor of two is enough for."""
    vector = np.random.default_rng(0).standard_normal(size)
    for _ in range(20):
        vector = solve(vector / np.linalg.norm(vector))
    return float(1.0 / np.linalg.norm(vector))


def _cost_of_coordinates(problem: Problem) -> float:
    size = len(problem.cross)
    length = 2 * len(problem.response) if problem.wide else size
    return size * (40.0 + 0.13 * length)


def _cost_of_block(problem: Problem) -> float:
    size, rows = len(problem.cross), len(problem.response)
    if problem.wide:
        return 0.02 * rows**2 * size + 0.01 * rows**3 + 4.0 * rows * size
    return 0.01 * size**3 + 0.8 * size**2 + 100.0 * size

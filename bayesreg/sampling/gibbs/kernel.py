"""Which Gibbs kernel draws the coefficients, from what a sweep costs and how many make an independent draw.

Coefficients drawn one at a time forget at a rate set by the smallest eigenvalue of their precision matrix in
units of its diagonal: about 1/eigenvalue sweeps to a draw (Roberts & Sahu 1997,
doi:10.1111/1467-9868.00070). Overrelaxation, which is to Gibbs sampling what it is to Gauss-Seidel
(Fox & Parker 2017, doi:10.3150/16-BEJ863), makes these fewer. In blocks they need about
`BLOCK_SWEEPS`, whatever the correlation. Costs are in nanoseconds of one core, measured once; only their
ratio matters.
"""

from dataclasses import dataclass, replace

import numpy as np
from scipy import linalg

from bayesreg.errors import UnsupportedError
from bayesreg.sampling.gibbs.compiled.problem import HORSESHOE, SCALE, SIGMA, Problem, State

KERNELS = ("auto", "coordinate", "block", "interpreted")
BLOCK_SWEEPS = 1.5
# Overrelaxation keeps the squares of deviations, which tails and above all the local scales of a horseshoe wait for.
OF_BLOCKS, OF_HORSESHOES = 0.4, 0.2
# A move with the least is cheaper than a fresh draw, and no worse where nothing is correlated.
LEAST, MOST = 0.2, 0.85
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
        """What `advance` is told of it."""
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
    horseshoe = problem.mixing == HORSESHOE
    most = OF_HORSESHOES if horseshoe else 1.0
    block = Kernel("block", 1, 0, min(OF_BLOCKS, most), _cost_of_block(problem), "asked for")
    if wanted == "block":
        return block
    if wanted == "auto" and horseshoe:
        return replace(block, reason="under a horseshoe correlated coefficients trade places, which blocks allow")
    slowest = slowest_direction(problem, start)
    overrelaxation = min(overrelaxation_of(slowest), most)
    # The gain that was measured from 0.3 to 0.85.
    sweeps = 1.0 / slowest / (1.0 + 2.0 * overrelaxation)
    thin, every = _rhythm(problem, start, sweeps)
    one = Kernel("coordinate", thin, every, overrelaxation, _cost_of_coordinates(problem), "asked for")
    if wanted == "coordinate":
        return one
    share = one.cost / block.cost
    told = f"about {sweeps:.1f} sweeps of coordinates to a draw, each {share:.2g} times the cost of a block"
    return replace(one if problem.wide or share * sweeps < BLOCK_SWEEPS else block, reason=told)


def overrelaxation_of(slowest: float) -> float:
    """The best for Gauss-Seidel where neighbours alone are correlated, within bounds.

    Young (1954, doi:10.1090/S0002-9947-1954-0059635-7), whose factor is 1 + ω:
    2/(1 + √(1 − μ²)), μ = 1 − the smallest eigenvalue.
    """
    return float(np.clip(2.0 / (1.0 + (slowest * (2.0 - slowest)) ** 0.5) - 1.0, LEAST, MOST))


def _rhythm(problem: Problem, start: State, sweeps: float) -> tuple[int, int]:
    """Sweeps per draw, and between two collapsed ones.

    With more columns than rows sigma, scale and coefficients may hold each other fast, and then only a collapsed
    sweep, which costs as much as some fifty others, moves them far.
    """
    thin = int(np.clip(round(sweeps / BLOCK_SWEEPS), 1, MOST_SWEEPS))
    if not problem.wide or (problem.sigma_known and problem.scale_known):
        return thin, 0
    # An unknown scale, or the local ones of a horseshoe, move: how far they let sigma go is not told beforehand.
    still = problem.scale_known and problem.mixing != HORSESHOE
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
    inverse = problem.laplace / unit
    kink = inverse / np.maximum(np.abs(start.theta), 2.0 / np.where(inverse > 0, inverse, 1.0))
    return np.asarray(np.where(problem.flat, 0.0, kink + problem.precision / unit**2))


def slowest_direction(problem: Problem, start: State) -> float:
    """Smallest eigenvalue of the precision of the coefficients, in units of its diagonal, in (0, 1]."""
    sigma, prior = start.hyper[SIGMA], _prior_precision(problem, start)
    data = problem.diagonal / sigma**2
    if problem.wide:
        return float(np.clip(np.min(prior / (prior + data)), 1e-12, 1.0))
    root = 1.0 / np.sqrt(np.where(prior + data > 0, prior + data, 1.0))
    matrix = problem.rows / sigma**2 * np.outer(root, root)
    matrix[np.diag_indices(len(matrix))] += prior * root**2
    return float(np.clip(_smallest_eigenvalue(matrix), 1e-12, 1.0))


def _smallest_eigenvalue(matrix: np.ndarray) -> float:
    """By inverse iteration, which a factor of two is enough for."""
    size = len(matrix)
    try:
        factor = linalg.cho_factor(matrix + 1e-10 * np.eye(size), lower=True)
    except linalg.LinAlgError:
        return 1e-10
    vector = np.random.default_rng(0).standard_normal(size)
    for _ in range(20):
        vector = linalg.cho_solve(factor, vector / np.linalg.norm(vector))
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

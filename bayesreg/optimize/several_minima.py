"""The local minima of a location family's loss that is not convex, from several starting points."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from itertools import islice

import numpy as np

from bayesreg.errors import ConvergenceError
from bayesreg.families.gaussian import Gaussian
from bayesreg.model.row_loss import RowLoss
from bayesreg.priors.partition import SINGLES, Partition

# Minima are distinct if some fitted value differs by this share of sigma.
DISTINCT = 1e-3
# Steps in which sigma falls; subsets of as many rows as columns that are fitted, and the weight of the others.
STAGES, SUBSETS, SMALL = 12, 10, 1e-3
Solver = Callable[[RowLoss, np.ndarray, np.ndarray, np.ndarray], np.ndarray]


def minima(
    solve: Solver,
    loss: RowLoss,
    l1: np.ndarray,
    l2: np.ndarray,
    start: np.ndarray,
    most: int | None,
    blocks: Partition = SINGLES,
) -> list[np.ndarray]:
    """Distinct local minima, the lowest first.

    Parameters
    ----------
    solve : callable
        Leads from a start to a local minimum.
    loss : RowLoss
        With sigma 1 and mean weight 1.
    l1, l2, start : ndarray, shape (q,)
    most : int or None
        How many starting points are tried; None for all.
    blocks : Partition, optional
        Whose lengths are penalized.
    """
    reached, failure = [], None
    for first in islice(_starts(solve, loss, l1, l2, start), most):
        try:
            reached.append(solve(loss, l1, l2, first))
        except ConvergenceError as error:
            failure = error
    if failure is not None and not reached:
        raise failure
    reached.sort(key=lambda theta: loss.value(theta) + float(l1 @ blocks.shares(theta) + 0.5 * l2 @ theta**2))
    distinct: list[np.ndarray] = []
    for theta in reached:
        if all(np.max(np.abs(loss.eta(theta) - loss.eta(other))) > DISTINCT for other in distinct):
            distinct.append(theta)
    return distinct


def _starts(solve: Solver, loss: RowLoss, l1: np.ndarray, l2: np.ndarray, start: np.ndarray) -> Iterator[np.ndarray]:
    """The given start, zeros about the middle, least squares, what a falling sigma makes of it, fits of few rows."""
    yield start
    yield np.zeros(loss.size)
    try:
        squares = solve(replace(loss, family=Gaussian()), l1, l2, start)
    except ConvergenceError:
        # Flat priors on more columns than rows: there is no one least-squares fit to start from.
        return
    yield squares
    with suppress(ConvergenceError):
        yield _as_sigma_falls(solve, loss, l1, l2, squares)
    generator, n = np.random.default_rng(0), len(loss.y)
    for _ in range(SUBSETS):
        rows = generator.permutation(n)[: max(1, min(loss.size, n // 2))]
        weights = SMALL * loss.weights
        weights[rows] = loss.weights[rows]
        with suppress(ConvergenceError):
            yield solve(replace(loss, weights=weights, family=Gaussian()), l1, l2, squares)


def _as_sigma_falls(solve: Solver, loss: RowLoss, l1: np.ndarray, l2: np.ndarray, theta: np.ndarray) -> np.ndarray:
    """From the minimum at a sigma as large as the residuals, where the loss is nearly that of squares, to its own."""
    largest = max(float(np.max(np.abs(loss.y - loss.eta(theta)))), 1.0)
    for sigma in np.geomspace(largest, 1.0, STAGES):
        theta = solve(replace(loss, sigma=float(sigma)), l1, l2, theta)
    return theta

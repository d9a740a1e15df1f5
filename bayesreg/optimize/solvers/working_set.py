"""Exact minimization of ½RSS(θ) + Σ λ_j|θ_j| + ½κ_jθ_j² where columns are many: on a growing set of them.

The active-set method solves the problem of a working set of columns, whose Gram matrix is small and grows with the set;
columns whose gradients exceed their strengths enter it, until there are none (Tibshirani et al. 2012,
doi:10.1111/j.1467-9868.2011.01004.x, section 7). The Gram matrix of all columns is never formed.
"""

import numpy as np

from bayesreg.model.quadratic import QuadraticLoss
from bayesreg.optimize.solvers import active_set
from bayesreg.optimize.solvers.active_set import MOST_STEPS, QUICK_STEPS

# From so many columns on it is faster than their Gram matrix.
FEWEST_COLUMNS = 400
# Columns that enter at once: so many, or this share of those that are there.
FIRST, GROWTH = 100, 0.5


def suits(loss: QuadraticLoss) -> bool:
    """Whether the rows are dense, the columns many, and their Gram matrix is not known."""
    return isinstance(loss.A, np.ndarray) and loss.size >= FEWEST_COLUMNS and loss.known_gram is None


def minimize(loss: QuadraticLoss, l1: np.ndarray, l2: np.ndarray, start: np.ndarray | None = None) -> np.ndarray:
    """The minimum, shape (q,), by the active-set method alone where this one does not suit.

    Arguments and errors are those of :func:`bayesreg.optimize.solvers.active_set.minimize`.
    """
    if not suits(loss):
        return active_set.minimize(loss, l1, l2, start)
    theta = np.zeros(loss.size) if start is None else np.array(start, dtype=float)
    columns = WorkingSet(loss, np.flatnonzero((theta != 0) | (l1 == 0)))
    theta, done = columns.solve(l1, l2, theta, QUICK_STEPS)
    if not done:
        theta = _descend_strengths(columns, l1, l2)
    return columns.refined(l1, l2, theta)


def _descend_strengths(columns: "WorkingSet", l1: np.ndarray, l2: np.ndarray) -> np.ndarray:
    """From strengths that give nearly all zeros down to those asked for, as in the active-set method."""
    loss, theta, penalized = columns.loss, np.zeros(columns.loss.size), l1 > 0
    factor = float(np.max(np.abs(loss.gradient(theta)[penalized]) / l1[penalized], initial=1.0))
    return active_set.descend(lambda times, start: columns.solve(times * l1, l2, start, MOST_STEPS), theta, factor)


class WorkingSet:
    """Columns of a loss with their Gram matrix; those that are chosen stay."""

    def __init__(self, loss: QuadraticLoss, chosen: np.ndarray) -> None:
        self.loss, self.chosen = loss, chosen
        block = loss.A[:, chosen]
        self.part = QuadraticLoss(block, loss.b, loss.cross[chosen], loss.square, block.T @ block)

    def solve(self, l1: np.ndarray, l2: np.ndarray, theta: np.ndarray, limit: int) -> tuple[np.ndarray, bool]:
        """The minimum over all columns (True), or where the steps ran out."""
        theta, solved = theta.copy(), False
        while True:
            entering = self._entering(l1, theta)
            if len(entering) == 0 and (solved or len(self.chosen) == 0):
                return theta, True
            self._grow(entering)
            at = self.chosen
            theta[at], solved = active_set.iterate(self.part, l1[at], l2[at], theta[at], limit)
            if not solved:
                return theta, False

    def refined(self, l1: np.ndarray, l2: np.ndarray, theta: np.ndarray) -> np.ndarray:
        """The same minimum, refined with residuals from the rows."""
        at = self.chosen
        theta[at] = active_set.refine(self.part, l1[at], l2[at], theta[at])
        return theta

    def _entering(self, l1: np.ndarray, theta: np.ndarray) -> np.ndarray:
        """Columns outside whose gradients exceed their strengths, largest excess first, not too many at once."""
        excess = active_set.excess(self.loss.gradient(theta), theta, l1, self.loss)
        excess[self.chosen] = -np.inf
        violating = np.flatnonzero(excess > 0)
        return violating[np.argsort(-excess[violating])][: max(FIRST, int(GROWTH * len(self.chosen)))]

    def _grow(self, entering: np.ndarray) -> None:
        if len(entering) == 0:
            return
        block = self.loss.A[:, entering]
        side = self.part.A.T @ block
        gram = np.block([[self.part.gram, side], [side.T, block.T @ block]])
        self.chosen = np.append(self.chosen, entering)
        rows = np.concatenate([self.part.A, block], axis=1)
        self.part = QuadraticLoss(rows, self.loss.b, self.loss.cross[self.chosen], self.loss.square, gram)

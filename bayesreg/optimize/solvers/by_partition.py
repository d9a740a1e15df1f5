"""The exact solver of a quadratic loss under a penalty of the lengths of blocks."""

from functools import partial
from typing import Protocol

import numpy as np

from bayesreg.model.quadratic import QuadraticLoss
from bayesreg.optimize.solvers import active_set, group_descent
from bayesreg.priors.partition import Groups, Partition


class Solver(Protocol):
    """From a quadratic loss, λ, κ and a start to the minimum, all of shape (q,)."""

    def __call__(
        self, loss: QuadraticLoss, l1: np.ndarray, l2: np.ndarray, start: np.ndarray | None = None, /
    ) -> np.ndarray:
        """Minimize."""


def solver_of(blocks: Partition) -> Solver:
    """The active-set method of single coefficients, or descent over groups."""
    return partial(group_descent.minimize, groups=blocks) if isinstance(blocks, Groups) else active_set.minimize

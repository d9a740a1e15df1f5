"""The exact solver of a quadratic loss under a penalty of the lengths of blocks."""

from functools import partial
from typing import Protocol

import numpy as np

from bayesreg.model.quadratic import QuadraticLoss
from bayesreg.optimize.solvers import active_set, group_descent, working_set
from bayesreg.priors.partition import Groups, Partition


class Solver(Protocol):
    """From a quadratic loss, λ, κ and a start to the minimum, all of shape (q,)."""

    def __call__(
        self, loss: QuadraticLoss, l1: np.ndarray, l2: np.ndarray, start: np.ndarray | None = None, /
    ) -> np.ndarray:
        """Minimize."""


def solver_of(blocks: Partition, *, once: bool = False) -> Solver:
    """The active-set method of single coefficients, for one strength on a working set, or descent over groups."""
    if isinstance(blocks, Groups):
        return partial(group_descent.minimize, groups=blocks)
    return working_set.minimize if once else active_set.minimize

"""Linear systems in a slowly growing block of one matrix: each new column borders the Cholesky factor of the others.

The factor is kept in packed form, column by column, so that a column is appended in place for one
triangular solve. A ridge that has changed since is made up for by iterative refinement (Golub & Van Loan
2013, Matrix Computations, sections 3.5.3 and 6.5.4).
"""

import numpy as np
from scipy.linalg import blas, lapack

# Refinement ends at a change of this share of the solution, two digits above what rounding allows.
ENOUGH = 50 * float(np.finfo(float).eps)
# Up to this many active columns a factor costs no more than what it takes to keep one.
SMALL = 64
# Refinements by a kept factor, and the share to which the first one must reduce the error to be worth it.
REFINEMENTS, WORTH = 10, 0.03
# Share of new columns beyond which the block is factored afresh.
NEW = 0.2
SMALLEST_PIVOT = 1e-10


class BorderedCholesky:
    """Solutions of (G_A + diag(κ_A)) x = r for one G of shape (q, q); the set A and κ change little by little."""

    def __init__(self, gram: np.ndarray) -> None:
        self.gram = gram
        self.packed = np.empty(len(gram) * (len(gram) + 1) // 2)
        self.columns, self.kept = np.zeros(len(gram), dtype=int), np.zeros(len(gram), dtype=bool)
        self.ridge = np.zeros(len(gram))
        self.size = 0

    def forget(self) -> None:
        """Keep no factor."""
        self.size, self.kept[:] = 0, False

    def solve(self, active: np.ndarray, ridge: np.ndarray, right: np.ndarray) -> np.ndarray | None:
        """Solve the system of the columns `active`; all vectors of shape (q,), 0 elsewhere. None if it is singular."""
        solution = np.zeros(len(right))
        if len(active) <= SMALL:
            self.forget()
            if len(active) == 0:
                return solution
            _, solved, info = lapack.dposv(self._block(active, ridge), right[active], lower=1, overwrite_a=1)
            solution[active] = solved
            return solution if info == 0 else None
        if not self._follow(active, ridge):
            return None
        solved = self._refined(ridge, right)
        if solved is None:
            if not self._factor(active, ridge):
                return None
            solved = self._by_factor(right[self.columns[: self.size]])
        solution[self.columns[: self.size]] = solved
        return solution

    def _block(self, active: np.ndarray, ridge: np.ndarray) -> np.ndarray:
        block = self.gram.take(active, 0).take(active, 1)
        block.flat[:: len(active) + 1] += ridge[active]
        # It is symmetric, so that its transpose, in the order of LAPACK, is no copy.
        return block.T

    def _follow(self, active: np.ndarray, ridge: np.ndarray) -> bool:
        """Factor the block of the columns `active`, by bordering the factor there is where that is less work."""
        new = active[~self.kept[active]]
        lost = self.size + len(new) > len(active)
        if lost or len(new) > NEW * len(active):
            return self._factor(active, ridge)
        return all(self._append(column) for column in new) or self._factor(active, ridge)

    def _factor(self, active: np.ndarray, ridge: np.ndarray) -> bool:
        factor, info = lapack.dpotrf(self._block(active, ridge), lower=0, clean=0, overwrite_a=1)
        if info != 0 or np.min(np.diag(factor)) ** 2 <= SMALLEST_PIVOT * np.max(np.diag(factor)) ** 2:
            self.forget()
            return False
        size = len(active)
        self.packed[: size * (size + 1) // 2] = lapack.dtrttp(factor, uplo="U")[0]
        self.columns[:size], self.ridge, self.size = active, ridge, size
        self.kept[:] = False
        self.kept[active] = True
        return True

    def _append(self, column: int) -> bool:
        size = self.size
        start = size * (size + 1) // 2
        above = blas.dtpsv(size, self.packed[:start], self.gram[column].take(self.columns[:size]), trans=1)
        full = self.gram[column, column] + self.ridge[column]
        pivot = full - above @ above
        if not pivot > SMALLEST_PIVOT * full:
            return False
        self.packed[start : start + size], self.packed[start + size] = above, pivot**0.5
        self.columns[size], self.kept[column] = column, True
        self.size += 1
        return True

    def _by_factor(self, right: np.ndarray) -> np.ndarray:
        size = self.size
        return lapack.dpptrs(size, self.packed[: size * (size + 1) // 2], right)[0]

    def _refined(self, ridge: np.ndarray, right: np.ndarray) -> np.ndarray | None:
        """The solution by the kept factor, whose ridge may be another; None where that converges too slowly."""
        solution = self._by_factor(right[self.columns[: self.size]])
        change = (self.ridge - ridge)[self.columns[: self.size]]
        if not np.any(change):
            return solution
        step, size = solution, float(np.max(np.abs(solution)))
        for k in range(REFINEMENTS):
            step = self._by_factor(change * step)
            solution = solution + step
            left = float(np.max(np.abs(step)))
            if left <= ENOUGH * size:
                return solution
            if k == 0 and left > WORTH * size:
                return None
        return None

"""Small dense linear algebra, compiled; sums may be reordered, so that the processor adds several at once."""

from math import sqrt

import numpy as np
from numba import njit

# Up to this size a plain loop is faster than a call of LAPACK.
SMALL = 24


@njit(nogil=True, fastmath={"reassoc", "contract"})
def subtract(target: np.ndarray, step: float, row: np.ndarray) -> None:
    """Subtract step·row from target in place."""
    for i in range(len(target)):
        target[i] -= step * row[i]


@njit(nogil=True, fastmath={"reassoc", "contract"})
def dot(left: np.ndarray, right: np.ndarray) -> float:
    """Σ left·right."""
    total = 0.0
    for i in range(len(left)):
        total += left[i] * right[i]
    return total


@njit(nogil=True, fastmath={"reassoc", "contract"})
def _cholesky_in_place(matrix: np.ndarray) -> None:
    for i in range(len(matrix)):
        for j in range(i + 1):
            rest = matrix[i, j]
            for k in range(j):
                rest -= matrix[i, k] * matrix[j, k]
            matrix[i, j] = sqrt(rest) if i == j else rest / matrix[j, j]


@njit(nogil=True)
def cholesky(matrix: np.ndarray) -> np.ndarray:
    """Lower factor of a symmetric matrix, of which the lower half is read and may be overwritten."""
    if len(matrix) <= SMALL:
        _cholesky_in_place(matrix)
        return matrix
    for i in range(len(matrix)):
        for j in range(i):
            matrix[j, i] = matrix[i, j]
    return np.linalg.cholesky(matrix)


@njit(nogil=True, fastmath={"reassoc", "contract"})
def solve_lower(factor: np.ndarray, x: np.ndarray) -> None:
    """L⁻¹x in place."""
    for i in range(len(x)):
        rest = x[i]
        for k in range(i):
            rest -= factor[i, k] * x[k]
        x[i] = rest / factor[i, i]


@njit(nogil=True, fastmath={"reassoc", "contract"})
def solve_upper(factor: np.ndarray, x: np.ndarray) -> None:
    """L'⁻¹x in place."""
    for i in range(len(x) - 1, -1, -1):
        x[i] /= factor[i, i]
        value = x[i]
        for k in range(i):
            x[k] -= factor[i, k] * value

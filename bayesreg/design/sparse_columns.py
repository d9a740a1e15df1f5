"""Means and standard deviations of sparse columns, computed as if the zeros that are not stored stood there."""

from typing import Any

import numpy as np

# Below this share of the total, a difference of sums of weights has lost digits.
SMALL_SHARE = 1e-3


def unstored_weight(X: Any, weights: np.ndarray) -> np.ndarray:
    """Σw over the rows that each column of a CSC array does not store, shape (p,); exactly 0 where it stores all."""
    rest = weights.sum() - _sums(X, weights[X.indices])
    for j in np.flatnonzero(rest < SMALL_SHARE * weights.sum()):
        absent = np.ones(X.shape[0], dtype=bool)
        absent[X.indices[X.indptr[j] : X.indptr[j + 1]]] = False
        rest[j] = weights[absent].sum()
    return rest


def sparse_mean(X: Any, weights: np.ndarray) -> np.ndarray:
    """Weighted means, shape (p,); the second pass restores what the first one rounds off."""
    X, total = X.tocsc(), weights.sum()
    first = np.asarray(X.T @ weights / total)
    correction = _sums(X, weights[X.indices] * (X.data - _spread(X, first)))
    return np.asarray(first + (correction - unstored_weight(X, weights) * first) / total)


def sparse_sd(X: Any, mean: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Weighted standard deviations with divisor Σw about given means, safe from under- and overflow, shape (p,)."""
    X = X.tocsc()
    deviation, rest = X.data - _spread(X, mean), unstored_weight(X, weights)
    largest = np.where(rest > 0, np.abs(mean), 0.0)
    np.maximum.at(largest, _columns(X), np.abs(deviation))
    unit = np.where(largest > 0, largest, 1.0)
    squares = _sums(X, weights[X.indices] * (deviation / _spread(X, unit)) ** 2) + rest * (mean / unit) ** 2
    return unit * np.sqrt(squares / weights.sum())


def _columns(X: Any) -> np.ndarray:
    """The column of each stored number."""
    return np.repeat(np.arange(X.shape[1]), np.diff(X.indptr))


def _spread(X: Any, values: np.ndarray) -> np.ndarray:
    """A number per column, repeated for each that the column stores."""
    return np.repeat(values, np.diff(X.indptr))


def _sums(X: Any, stored: np.ndarray) -> np.ndarray:
    """The sum of each column's stored numbers, shape (p,)."""
    return np.bincount(_columns(X), stored, minlength=X.shape[1])

"""Sparse columns, centred and scaled without ever being made dense."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from scipy import sparse

from bayesreg.design.sparse_columns import sparse_sd

# Columns whose mean is this many standard deviations from 0 are centred number by number: they store nearly every row.
FAR = 100.0
# Where fewer than this share of the numbers is stored, products of sparse columns are faster than those of dense ones.
SPARSE_SHARE = 0.1
# Columns are made dense in blocks of at most this many numbers.
BLOCK_SIZE = 4_000_000


@dataclass(frozen=True, eq=False)
class ImplicitColumns:
    """The matrix diag(root)·[(X − 1·center')/sd, 1·ones], known through products.

    It answers ``A @ v``, ``A.T @ u``, ``A[:, indices]`` (dense) and ``shape``, which is all that losses
    and certificates ask of a matrix.

    Attributes
    ----------
    X : scipy.sparse array, shape (n, p)
    center, sd : ndarray, shape (p,)
        A center is 0 where the stored numbers are centred already.
    root : ndarray, shape (n,), or None
        Square roots of row weights.
    ones : bool
        Whether a last column of ones (times root) follows, for an intercept.
    """

    X: Any
    center: np.ndarray
    sd: np.ndarray
    root: np.ndarray | None = None
    ones: bool = False

    # Tells NumPy to leave ``ndarray @ ImplicitColumns`` to this class.
    __array_ufunc__ = None

    @property
    def shape(self) -> tuple[int, int]:
        """(n, q)."""
        return self.X.shape[0], self.X.shape[1] + int(self.ones)

    @property
    def size(self) -> int:
        """How many numbers a dense copy would hold."""
        return self.shape[0] * self.shape[1]

    @property
    def T(self) -> "TransposedColumns":  # noqa: N802 - as NumPy calls it
        """The transpose, known through products as well."""
        return TransposedColumns(self)

    def __matmul__(self, theta: np.ndarray) -> np.ndarray:
        """Aθ for θ of shape (q,) or (q, m)."""
        coef = self._scaled(theta[: len(self.sd)])
        product = self.X @ coef - self.center @ coef
        if self.ones:
            product = product + theta[-1]
        return self._weighted(product)

    def __rmatmul__(self, u: np.ndarray) -> np.ndarray:
        """U·A for u of shape (n,) or (m, n)."""
        return (self.T @ u.T).T

    def __getitem__(self, key: tuple[slice, Any]) -> np.ndarray:
        """Dense columns, shape (n, len(indices))."""
        everything, indices = key
        assert everything == slice(None)
        chosen = np.arange(self.shape[1])[indices]
        inside = chosen[chosen < len(self.sd)]
        block = np.empty((self.shape[0], len(chosen)))
        block[:, chosen < len(self.sd)] = (self.X[:, inside].toarray() - self.center[inside]) / self.sd[inside]
        block[:, chosen >= len(self.sd)] = 1.0
        return self._weighted(block)

    def gram(self) -> np.ndarray:
        """A'A, shape (q, q): of columns that are sparse and near 0 from the products of what they store.

        Of others from dense blocks of centred columns, which do not cancel and which BLAS multiplies faster.
        """
        n, q = self.shape
        dense = np.ones(q, dtype=bool)
        dense[: len(self.sd)] = ~self._is_near if self.X.nnz < SPARSE_SHARE * n * q else True
        gram = self._products() if not np.all(dense) else np.empty((q, q))
        step = max(1, BLOCK_SIZE // n)
        for block in np.split(np.flatnonzero(dense), range(step, int(dense.sum()), step)):
            gram[:, block] = self.T @ self[:, block]
            gram[block] = gram[:, block].T
        return gram

    @property
    def _weights(self) -> np.ndarray:
        return np.ones(self.shape[0]) if self.root is None else self.root**2

    @property
    def _is_near(self) -> np.ndarray:
        """Which columns of X lie so near 0 that centring their products loses no digit, shape (p,)."""
        return np.abs(self.center) <= sparse_sd(self.X, self.center, self._weights)

    def _products(self) -> np.ndarray:
        """A'A, shape (q, q), wrong for columns of ones and where it cancels."""
        gram, p, sums = np.zeros(2 * (self.shape[1],)), len(self.sd), self.X.T @ self._weights
        products = (self.X.T @ (sparse.diags_array(self._weights) @ self.X)).toarray()
        products += self._weights.sum() * np.outer(self.center, self.center)
        products -= np.outer(sums, self.center) + np.outer(self.center, sums)
        gram[:p, :p] = products / np.outer(self.sd, self.sd)
        return gram

    def divided_by(self, unit: np.ndarray) -> "ImplicitColumns":
        """The columns divided by units of shape (q,); that of the ones is 1."""
        return replace(self, sd=self.sd * unit[: len(self.sd)])

    def absolute_sums(self, sizes: np.ndarray) -> np.ndarray:
        """A bound of |A|'·sizes, shape (q,)."""
        total = np.abs(self.X).T @ sizes + np.abs(self.center) * sizes.sum()
        sums = total / self.sd
        return np.append(sums, sizes.sum()) if self.ones else sums

    def _scaled(self, theta: np.ndarray) -> np.ndarray:
        return theta / (self.sd if theta.ndim == 1 else self.sd[:, None])

    def _weighted(self, rows: np.ndarray) -> np.ndarray:
        if self.root is None:
            return rows
        return rows * (self.root if rows.ndim == 1 else self.root[:, None])


def implicit_columns(X: Any, center: np.ndarray, sd: np.ndarray, weights: np.ndarray | None = None) -> ImplicitColumns:
    """Sparse columns less their centers, divided by sd; products with columns far from 0 do not cancel."""
    X = X.tocsc()
    far = np.abs(center) > FAR * sparse_sd(X, center, np.ones(X.shape[0]) if weights is None else weights)
    if not np.any(far):
        return ImplicitColumns(X, center, sd)
    moved = sparse.csc_array(X[:, far].toarray() - center[far])
    order = np.argsort(np.concatenate([np.flatnonzero(~far), np.flatnonzero(far)]))
    return ImplicitColumns(sparse.hstack([X[:, ~far], moved], format="csc")[:, order], np.where(far, 0.0, center), sd)


@dataclass(frozen=True, eq=False)
class TransposedColumns:
    """The transpose of ImplicitColumns."""

    columns: ImplicitColumns

    __array_ufunc__ = None

    def __matmul__(self, u: np.ndarray) -> np.ndarray:
        """A'u for u of shape (n,) or (n, m)."""
        columns = self.columns
        u = columns._weighted(u)
        total = u.sum(axis=0)
        product = columns._scaled(columns.X.T @ u - np.multiply.outer(columns.center, total))
        return (
            np.concatenate([product, np.atleast_1d(total)[None] if u.ndim > 1 else [total]])
            if columns.ones
            else product
        )

    def __rmatmul__(self, theta: np.ndarray) -> np.ndarray:
        """Θ·A' for θ of shape (q,) or (m, q)."""
        return (self.columns @ theta.T).T


def column_sizes(A: Any) -> np.ndarray:
    """Root mean square of each column, shape (q,); a bound of the mean size where the columns are implicit.

    A column of ones that is implicit is the measure of the others, since it has no unit.
    """
    if not isinstance(A, ImplicitColumns):
        return np.asarray(np.linalg.norm(A, axis=0)) / max(len(A), 1) ** 0.5
    sums = A.absolute_sums(np.ones(A.shape[0]) if A.root is None else A.root)
    return sums / (sums[-1] if A.ones else A.shape[0])


def divided_by(A: Any, unit: np.ndarray) -> Any:
    """The columns divided by units of shape (q,)."""
    return A.divided_by(unit) if isinstance(A, ImplicitColumns) else A / unit


def is_sparse(X: Any) -> bool:
    """Whether X is a scipy.sparse matrix or array."""
    return hasattr(X, "tocsc") and hasattr(X, "nnz")


def to_dense(A: Any) -> np.ndarray:
    """Return a matrix as an array, for those who cannot work with products alone."""
    return A[:, np.arange(A.shape[1])] if isinstance(A, ImplicitColumns) else A

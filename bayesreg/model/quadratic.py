"""½ of the residual sum of squares as a function of the coefficients, from rows or from moments.

Solvers, certificates and samplers all see the data through this one noun.
"""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Self

import numpy as np
from scipy import linalg

from bayesreg.design.design import Design
from bayesreg.design.implicit import ImplicitColumns, column_sizes, divided_by
from bayesreg.errors import UnsupportedError
from bayesreg.model.intercept import Intercept
from bayesreg.priors.coordinates import Coordinates

# Up to this many columns the Gram matrix is formed once and kept (128 MB at 4,000).
GRAM_COLUMNS = 4_000
# Rows times columns that are decomposed themselves, not their Gram matrix.
SMALL = 100_000


@dataclass(frozen=True, eq=False)
class QuadraticLoss:
    """½ RSS(θ) = ½ ‖b − Aθ‖², for θ of shape (q,).

    Attributes
    ----------
    A, b : ndarray (or ImplicitColumns) of shape (n, q) and ndarray of shape (n,), or None
        Weighted and centred rows; None if only the products are known.
    cross : ndarray, shape (q,)
        A'b.
    square : float
        b'b.
    known_gram : ndarray, shape (q, q), or None
        A'A, if it was known beforehand.
    """

    A: Any
    b: np.ndarray | None
    cross: np.ndarray
    square: float
    known_gram: np.ndarray | None = None

    @property
    def size(self) -> int:
        """q, the number of coefficients."""
        return len(self.cross)

    @cached_property
    def gradient_unit(self) -> float:
        """‖A'b‖∞: the unit in which a gradient is small."""
        return float(np.max(np.abs(self.cross), initial=0.0))

    @cached_property
    def column_sizes(self) -> np.ndarray:
        """Size of the numbers in each column, shape (q,); from products alone, up to a factor common to all."""
        return np.sqrt(np.maximum(np.diag(self.gram), 0.0)) if self.A is None else column_sizes(self.A)

    def divided_by(self, unit: np.ndarray) -> Self:
        """The same loss on columns divided by units of shape (q,)."""
        gram = self.gram / np.multiply.outer(unit, unit) if self.has_gram else None
        A = None if self.A is None else divided_by(self.A, unit)
        return replace(self, A=A, cross=self.cross / unit, known_gram=gram)

    def mapped(self, coordinates: Coordinates) -> "QuadraticLoss":
        """The same loss as a function of other coordinates of θ."""
        if coordinates.is_plain:
            return self
        shift, factor = coordinates.padded(self.size)
        if self.A is not None and self.b is not None:
            A = self.A if factor is None else mapped_columns(self.A, factor)
            return loss_of_rows(A, self.b - self.A @ shift)
        gram, cross, square = self.gram, self.cross - self.gram @ shift, self.rss(shift)
        if factor is None:
            return loss_of_products(gram, cross, square)
        inside = factor.T @ gram @ factor
        bound = rounding_of(np.sqrt(np.maximum(np.diag(gram), 0.0)), factor)
        # A product of two such columns is rounding where both of them are.
        kept = np.sqrt(np.maximum(np.diag(inside), 0.0)) > np.finfo(float).eps ** -0.5 * bound
        inside = np.where(np.logical_and.outer(kept, kept), 0.5 * (inside + inside.T), 0.0)
        return loss_of_products(inside, np.where(kept, factor.T @ cross, 0.0), square)

    @property
    def has_gram(self) -> bool:
        """Whether the whole Gram matrix is worth forming: it is known, or small and no wider than the rows are long."""
        if self.known_gram is not None or self.A is None:
            return True
        return self.size <= min(GRAM_COLUMNS, max(2 * self.A.shape[0], 200))

    @cached_property
    def gram(self) -> np.ndarray:
        """A'A, shape (q, q)."""
        if self.known_gram is not None:
            return self.known_gram
        assert self.A is not None
        return self.A.gram() if isinstance(self.A, ImplicitColumns) else self.A.T @ self.A

    def curvature(self, indices: np.ndarray) -> np.ndarray:
        """The block of A'A that belongs to some coefficients."""
        if self.has_gram:
            return self.gram.take(indices, axis=0).take(indices, axis=1)
        assert self.A is not None
        block = self.A[:, indices]
        return block.T @ block

    def gradient(self, theta: np.ndarray) -> np.ndarray:
        """A'(Aθ − b), shape (q,); from the rows where they are known, which is the more exact."""
        if self.A is None:
            return self.gram @ theta - self.cross
        assert self.b is not None
        support = np.flatnonzero(theta)
        few = len(support) < 0.5 * self.size and isinstance(self.A, np.ndarray)
        fitted = self.A[:, support] @ theta[support] if few else self.A @ theta
        return self.A.T @ (fitted - self.b)

    def gram_gradient(self, theta: np.ndarray) -> np.ndarray:
        """The same from the Gram matrix where there is one: cheaper, for use inside an iteration."""
        if not self.has_gram:
            return self.gradient(theta)
        support = np.flatnonzero(theta)
        return self.gram[:, support] @ theta[support] - self.cross

    def cross_gram(self, indices: np.ndarray) -> np.ndarray:
        """Rows of A'A that belong to some coefficients, shape (len(indices), q)."""
        if self.has_gram:
            return self.gram[indices]
        assert self.A is not None
        return self.A[:, indices].T @ self.A

    def scores(self, theta: np.ndarray, *, from_rows: bool = True) -> tuple[np.ndarray, np.ndarray]:
        """A'r and ‖r‖² for the residual r of each of m points: theta (m, q) gives shapes (m, q) and (m,)."""
        if self.A is not None and (from_rows or not self.has_gram):
            assert self.b is not None
            residual = self.b - theta @ self.A.T
            return residual @ self.A, np.sum(residual**2, axis=1)
        # Differences from one of the points, whose own residual is known exactly, do not cancel.
        reference = theta[-1] if self.A is not None else self.least_squares
        step = theta - reference
        moved = step @ self.gram
        score = -self.gradient(reference)
        return score - moved, self.rss(reference) + np.sum(step * (moved - 2 * score), axis=1)

    def rss(self, theta: np.ndarray) -> float:
        """Residual sum of squares at θ, never by the cancelling y'y − 2θ'A'b + θ'A'Aθ."""
        if self.A is not None:
            assert self.b is not None
            residual = self.b - self.A @ theta
            return float(residual @ residual)
        step = theta - self.least_squares
        return self.least_rss + float(step @ self.gram @ step)

    @cached_property
    def _eigen(self) -> tuple[np.ndarray, np.ndarray]:
        """Eigenvalues and vectors of the Gram matrix, cut at its numerical rank."""
        values, vectors = linalg.eigh(self.gram)
        keep = values > self.size * np.finfo(float).eps * max(values[-1], 0.0)
        return values[keep], vectors[:, keep]

    @cached_property
    def rank(self) -> int:
        """Numerical rank of A."""
        if self.A is not None and not self.has_gram:
            if isinstance(self.A, ImplicitColumns):
                raise UnsupportedError("the rank of a wide sparse X is not computed; pass X.toarray() where it fits.")
            return int(np.linalg.matrix_rank(self.A))
        if isinstance(self.A, np.ndarray) and self.A.size <= SMALL:
            # Squared, as in the Gram matrix, what is 0 up to rounding is hard to tell from what is not.
            return int(np.linalg.matrix_rank(self.A))
        return len(self._eigen[0])

    @cached_property
    def least_squares(self) -> np.ndarray:
        """The least-squares θ (of least norm, if there are many), shape (q,)."""
        if self.A is not None:
            assert self.b is not None
            if isinstance(self.A, ImplicitColumns):
                return sparse_least_squares(self.A, self.b)
            # Singular values that are rounding of the largest belong to no direction of the data.
            cut = max(self.A.shape) * np.finfo(float).eps
            return np.asarray(linalg.lstsq(self.A, self.b, cond=cut, lapack_driver="gelsd")[0])
        values, vectors = self._eigen
        return np.asarray(vectors @ ((vectors.T @ self.cross) / values))

    @cached_property
    def least_rss(self) -> float:
        """Residual sum of squares at the least-squares θ."""
        if self.A is not None:
            return self.rss(self.least_squares)
        values, vectors = self._eigen
        explained = (vectors.T @ self.cross) ** 2 / values
        return max(self.square - float(explained.sum()), 0.0)


def sparse_least_squares(A: ImplicitColumns, b: np.ndarray) -> np.ndarray:
    """Least squares (of least norm) by LSMR (Fong & Saunders 2011, doi:10.1137/10079687X)."""
    from scipy.sparse.linalg import LinearOperator, lsmr

    operator = LinearOperator(A.shape, matvec=lambda v: A @ v.ravel(), rmatvec=lambda u: A.T @ u.ravel(), dtype=float)
    return np.asarray(lsmr(operator, b, atol=1e-15, btol=1e-15, maxiter=50 * min(A.shape))[0])


def mapped_columns(A: Any, factor: np.ndarray) -> np.ndarray:
    """The columns AL; what is but the rounding of a column of zeros is exactly 0."""
    moved = A @ factor
    sizes = np.sqrt(np.diag(A.gram())) if isinstance(A, ImplicitColumns) else np.linalg.norm(A, axis=0)
    return np.asarray(np.where(np.linalg.norm(moved, axis=0) > rounding_of(sizes, factor), moved, 0.0))


def rounding_of(sizes: np.ndarray, factor: np.ndarray) -> np.ndarray:
    """How large rounding may make the columns of AL, shape (q,), where those of A have the given norms."""
    return np.asarray(8 * np.finfo(float).eps * (sizes @ np.abs(factor)))


def loss_of_rows(A: Any, b: np.ndarray) -> QuadraticLoss:
    """The loss of weighted, centred rows."""
    return QuadraticLoss(A, b, A.T @ b, float(b @ b))


def loss_of_products(gram: np.ndarray, cross: np.ndarray, square: float) -> QuadraticLoss:
    """The loss of which only the products are known."""
    return QuadraticLoss(None, None, cross, square, gram)


def quadratic_loss(design: Design, intercept: Intercept) -> QuadraticLoss:
    """½RSS of a regression as a function of θ, which does not see an intercept that is orthogonal to the columns."""
    if design.rows is None:
        return loss_of_products(*_products(design, intercept))
    return loss_of_rows(*_weighted_rows(design, intercept))


def _weighted_rows(design: Design, intercept: Intercept) -> tuple[Any, np.ndarray]:
    """A, shape (n, q), and b, shape (n,), each row times the root of its weight."""
    rows = design.known_rows
    shift = design.mean_y if intercept.orthogonal else intercept.loc
    matrix, response = intercept.columns(design.matrix), rows.response - shift
    if rows.weights is None:
        return matrix, response
    root = np.sqrt(rows.weights)
    if isinstance(matrix, ImplicitColumns):
        return replace(matrix, root=root), response * root
    return matrix * root[:, None], response * root


def _products(design: Design, intercept: Intercept) -> tuple[np.ndarray, np.ndarray, float]:
    """A'A, A'b and b'b from the moments, which are about the means."""
    moments, sd = design.moments, design.standardization.sd
    gram, cross, square = moments.gram, moments.cross, moments.square
    mean_x, mean_y = moments.mean_x, moments.mean_y - intercept.loc
    if not intercept.orthogonal:
        gram = gram + moments.weight * np.outer(mean_x, mean_x)
        cross = cross + moments.weight * mean_x * mean_y
        square = square + moments.weight * mean_y**2
    gram, cross = gram / np.outer(sd, sd), cross / sd
    if intercept.in_theta:
        side = moments.weight * mean_x / sd
        gram = np.block([[gram, side[:, None]], [side[None, :], np.array([[moments.weight]])]])
        cross = np.append(cross, moments.weight * mean_y)
    return gram, cross, square

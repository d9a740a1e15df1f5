"""The penalized least-squares problem in the basis in which it is diagonal."""

from dataclasses import dataclass

import numpy as np
from scipy import linalg

from bayesreg.design.implicit import to_dense
from bayesreg.model.quadratic import QuadraticLoss

# Rows are decomposed directly up to this many numbers, and through the Gram matrix beyond.
LARGEST_ROWS = 2_000_000


@dataclass(frozen=True, eq=False)
class Level:
    """A column that has a prior of its own and stays outside the basis: the intercept's.

    Attributes
    ----------
    start : float
        Its least-squares coefficient in the absence of the penalized columns; b is taken less start times it.
    along : ndarray, shape (r,)
        u, its coordinates along the left singular vectors.
    square, cross : float
        Its square, and its product with b, beyond those directions.
    """

    start: float
    along: np.ndarray
    square: float
    cross: float


@dataclass(frozen=True, eq=False)
class Spectrum:
    """The penalized part of the problem in the basis in which it is diagonal.

    Attributes
    ----------
    vectors : ndarray, shape (m, r)
        V, right singular vectors of AT for the m penalized coefficients.
    squares : ndarray, shape (r,)
        d_k².
    score : ndarray, shape (r,)
        h_k = (V'TA'b)_k.
    explained : ndarray, shape (r,)
        h_k²/d_k², the share of b'b along each direction.
    rest : float
        Residual sum of squares that none of them explains.
    level : Level or None

    Where V is square the prior does not speak alone along any direction (`is_full`).
    """

    vectors: np.ndarray
    squares: np.ndarray
    score: np.ndarray
    explained: np.ndarray
    rest: float
    level: Level | None = None

    @property
    def is_full(self) -> bool:
        """Whether the data inform every direction."""
        return self.vectors.shape[0] == self.vectors.shape[1]


def decompose(
    loss: QuadraticLoss, spread: np.ndarray, penalized: np.ndarray, free: np.ndarray, level: int | None = None
) -> Spectrum:
    """Diagonalize the penalized coefficients (in units of `spread`), the free ones projected out.

    Parameters
    ----------
    loss : QuadraticLoss
    spread : ndarray, shape (m,)
        Units of the penalized coefficients, such as their prior standard deviations.
    penalized, free : ndarray of int
        Which coefficients have the prior, and which are flat.
    level : int, optional
        Which one has a prior of its own.
    """
    if loss.A is not None and loss.b is not None and (loss.A.size <= LARGEST_ROWS or not loss.has_gram):
        ones = None if level is None else loss.A[:, np.array([level])][:, 0]
        left = loss.A[:, penalized] if len(penalized) < loss.size else to_dense(loss.A)
        return _spectrum_of_rows(left, loss.A[:, free], ones, loss.b, spread)
    return _spectrum_of_gram(loss, spread, penalized, free, level)


def _spectrum_of_gram(
    loss: QuadraticLoss, spread: np.ndarray, penalized: np.ndarray, free: np.ndarray, level: int | None
) -> Spectrum:
    others = penalized if level is None else np.append(penalized, level)
    gram, cross = loss.gram[np.ix_(others, others)], loss.cross[others]
    if len(free):
        side = np.linalg.solve(loss.curvature(free), loss.gram[np.ix_(free, others)])
        gram, cross = gram - loss.gram[np.ix_(others, free)] @ side, cross - side.T @ loss.cross[free]
    m = len(penalized)
    start = 0.0
    if level is not None and gram[m, m] > np.finfo(float).eps * loss.gram[level, level]:
        start = float(cross[m] / gram[m, m])
        cross = cross - start * gram[:, m]
    vectors, squares = np.zeros((0, 0)), np.zeros(0)
    if m:
        values, vectors = linalg.eigh(gram[:m, :m] * np.outer(spread, spread))
        keep = values > len(values) * np.finfo(float).eps * values[-1]
        squares, vectors = values[keep], vectors[:, keep]
    score = vectors.T @ (spread * cross[:m])
    # What is rounding of b'b would pass for noise.
    rest = loss.least_rss if loss.least_rss > 10 * loss.size * np.finfo(float).eps * loss.square else 0.0
    if level is None:
        return Spectrum(vectors, squares, score, score**2 / squares, rest)
    u = vectors.T @ (spread * gram[:m, m]) / np.sqrt(squares)
    column = Level(start, u, max(float(gram[m, m] - u @ u), 0.0), float(cross[m] - u @ (score / np.sqrt(squares))))
    inside = column.square <= 1e-12 * loss.gram[level, level]
    rest += 0.0 if inside else column.cross**2 / column.square
    return Spectrum(vectors, squares, score, score**2 / squares, rest, column)


def _spectrum_of_rows(
    left: np.ndarray, flat: np.ndarray, ones: np.ndarray | None, response: np.ndarray, spread: np.ndarray
) -> Spectrum:
    if flat.shape[1]:
        basis, _ = np.linalg.qr(flat)
        for _ in range(2):
            left, response = left - basis @ (basis.T @ left), response - basis @ (basis.T @ response)
            ones = ones if ones is None else ones - basis @ (basis.T @ ones)
    start = 0.0
    if ones is not None and ones @ ones > np.finfo(float).eps * len(ones):
        start = float(ones @ response / (ones @ ones))
        response = response - start * ones
    U, d, Vt = _thin_svd(left, spread)
    along = U.T @ response
    rest = _remainder(response, U)
    square = float(rest @ rest)
    # What is rounding of b would pass for noise.
    square = square if square > (len(rest) * np.finfo(float).eps) ** 2 * (response @ response) else 0.0
    if ones is None:
        return Spectrum(Vt.T, d**2, d * along, along**2, square)
    above = _remainder(ones, U)
    level = Level(start, U.T @ ones, float(above @ above), float(above @ rest))
    return Spectrum(Vt.T, d**2, d * along, along**2, square, level)


def _thin_svd(left: np.ndarray, spread: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """U, d, V' of left·diag(spread), cut at its numerical rank."""
    if left.shape[1] == 0:
        return np.zeros((len(left), 0)), np.zeros(0), np.zeros((0, 0))
    U, d, Vt = linalg.svd(left * spread, full_matrices=False, overwrite_a=True)
    keep = d > max(left.shape) * np.finfo(float).eps * d[0]
    if np.all(keep):
        return U, d, Vt
    return U[:, keep], d[keep], Vt[keep]


def _remainder(vector: np.ndarray, U: np.ndarray) -> np.ndarray:
    for _ in range(2):
        vector = vector - U @ (U.T @ vector)
    return vector

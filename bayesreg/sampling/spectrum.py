"""The penalized least-squares problem in the basis in which its posterior is diagonal."""

from dataclasses import dataclass

import numpy as np
from scipy import linalg

from bayesreg.model.quadratic import QuadraticLoss

# Rows are decomposed directly up to this many numbers, and through the Gram matrix beyond.
LARGEST_ROWS = 2_000_000


@dataclass(frozen=True, eq=False)
class Spectrum:
    """The penalized part of the problem in the basis in which it is diagonal.

    Attributes
    ----------
    vectors : ndarray, shape (m, r)
        V, right singular vectors of AT for the m penalized coefficients.
    squares : ndarray, shape (r,)
        d_k².
    pull : ndarray, shape (r,)
        h_k = (V'TA'b)_k.
    explained : ndarray, shape (r,)
        h_k²/d_k², the share of b'b along each direction.
    rest : float
        Residual sum of squares that no coefficient explains.

    Where V is square the prior does not speak alone along any direction (`is_full`).
    """

    vectors: np.ndarray
    squares: np.ndarray
    pull: np.ndarray
    explained: np.ndarray
    rest: float

    @property
    def is_full(self) -> bool:
        """Whether the data inform every direction."""
        return self.vectors.shape[0] == self.vectors.shape[1]


def decompose(loss: QuadraticLoss, spread: np.ndarray, penalized: np.ndarray, free: np.ndarray) -> Spectrum:
    """Diagonalize the penalized coefficients (in units of their prior sd), the free ones projected out.

    Parameters
    ----------
    loss : QuadraticLoss
    spread : ndarray, shape (m,)
        Prior standard deviations of the penalized coefficients.
    penalized, free : ndarray of int
        Which coefficients have a prior, and which are flat.
    """
    if loss.A is not None and loss.b is not None and (loss.A.size <= LARGEST_ROWS or not loss.has_gram):
        return _spectrum_of_rows(loss.A, loss.b, spread, penalized, free)
    gram, cross = loss.gram[np.ix_(penalized, penalized)], loss.cross[penalized]
    if len(free):
        side = np.linalg.solve(loss.curvature(free), loss.gram[np.ix_(free, penalized)])
        gram, cross = gram - loss.gram[np.ix_(penalized, free)] @ side, cross - side.T @ loss.cross[free]
    if len(penalized) == 0:
        return Spectrum(np.zeros((0, 0)), np.zeros(0), np.zeros(0), np.zeros(0), loss.least_rss)
    values, vectors = linalg.eigh(gram * np.outer(spread, spread))
    keep = values > len(values) * np.finfo(float).eps * values[-1]
    squares, vectors = values[keep], vectors[:, keep]
    pull = vectors.T @ (spread * cross)
    return Spectrum(vectors, squares, pull, pull**2 / squares, loss.least_rss)


def _spectrum_of_rows(
    A: np.ndarray, b: np.ndarray, spread: np.ndarray, penalized: np.ndarray, free: np.ndarray
) -> Spectrum:
    left, response = A[:, penalized], b
    if len(free):
        basis, _ = np.linalg.qr(A[:, free])
        for _ in range(2):
            left, response = left - basis @ (basis.T @ left), response - basis @ (basis.T @ response)
    if left.shape[1] == 0:
        return Spectrum(np.zeros((0, 0)), np.zeros(0), np.zeros(0), np.zeros(0), float(response @ response))
    U, d, Vt = linalg.svd(left * spread, full_matrices=False)
    keep = d > max(left.shape) * np.finfo(float).eps * d[0]
    U, d, Vt = U[:, keep], d[keep], Vt[keep]
    along = U.T @ response
    rest = response - U @ along
    return Spectrum(Vt.T, d**2, d * along, along**2, float(rest @ rest))

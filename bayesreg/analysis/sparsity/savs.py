"""Signal adaptive variable selection: a sparse version of an estimate or of every posterior draw."""

import numpy as np


def savs(beta: np.ndarray, squares: np.ndarray) -> np.ndarray:
    r"""Sparsify coefficients by soft thresholds that are their own inverse squares.

    It is the first coordinate-descent step from β of the adaptive lasso of the fit Xβ with strengths μ_j = 1/β_j²,

        β*_j = sign(β_j) ‖x_j‖⁻² max(|β_j| ‖x_j‖² − 1/β_j², 0)

    (Ray & Bhattacharya 2018, arXiv:1810.09004). The rule depends on the units of y; here they are those of the noise:
    give β divided by sigma, and multiply the result by it.

    Parameters
    ----------
    beta : ndarray, shape (..., p)
        In units of sigma.
    squares : ndarray, shape (p,)
        ‖x_j‖².

    Returns
    -------
    ndarray, shape (..., p)

    Examples
    --------
    >>> savs(np.array([0.1, -1.0]), np.array([100.0, 100.0]))
    array([ 0.  , -0.99])
    """
    size = np.abs(beta)
    with np.errstate(divide="ignore", over="ignore", invalid="ignore"):
        kept = size - 1 / (size**2 * squares)
    return np.where(kept > 0, np.sign(beta) * np.where(kept > 0, kept, 0.0), 0.0)

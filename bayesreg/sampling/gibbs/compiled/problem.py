"""What a compiled chain works on: data that do not change, and the arrays where it stands."""

from typing import NamedTuple

import numpy as np

# How the prior of a mixed coefficient is a mixture of Normals.
LAPLACE, HORSESHOE, STUDENT_T, GROUPED = 1, 2, 3, 4
# As Laplace or Normal ones are, under unknown scales of blocks.
BLOCKS = 5
# Places in `State.hyper`.
SIGMA, SCALE, SLAB, CENTER = 0, 1, 2, 3


class Problem(NamedTuple):
    """What does not change from draw to draw; arrays of shape (q,) have one element for each of θ.

    Attributes
    ----------
    rows : ndarray, shape (q, q) or (q, n)
        The Gram matrix A'A, or the columns of A as rows if `wide`.
    response : ndarray, shape (q,) or (n,)
        A'b, or b if `wide`.
    wide : bool
        Whether the residual is kept in the space of the rows.
    cross, diagonal : ndarray, shape (q,)
        A'b and the diagonal of A'A.
    origin, origin_score : ndarray, shape (q,)
        A point near least squares, and A'(b − A·origin): residual squares are measured from there.
    origin_rss, square : float
        ‖b − A·origin‖² and b'b.
    mixing : int
        How mixed coefficients are mixtures: `LAPLACE` (whose mixing variances are integrated out), `HORSESHOE`,
        `STUDENT_T` or `GROUPED`.
    laplace, precision : ndarray, shape (q,)
        1/b_j and 1/s_j² at scale 1; 0 where a part is absent.
    common : ndarray of bool, shape (q,)
        Whether the prior's scale multiplies the element (not the intercept's, nor that of flat ones).
    flat : ndarray of bool, shape (q,)
    scaled, sigma_known, scale_known : bool
    sigma_prior, scale_prior : tuple of three floats
        Code and parameters, as `encode` returns them.
    slab_df, slab_scale : float
        Of the inverse-gamma prior on the slab's variance; a slab_scale of infinity means no slab.
    local_df : float
        Degrees of freedom of a Student-t prior.
    group : ndarray of int, shape (p,) or (0,)
        The group of each column that shares its mixing variance.
    block : ndarray of int, shape (q,)
        The block of unknown scale of each element, −1 for none.
    block_priors : ndarray, shape (K, 3)
        Code and parameters of the prior of each block's scale.
    power : float
        Power of 1/σ in the likelihood: n, less one for a flat intercept, which is integrated out.
    center_weight, center_mean, center_loc, center_scale : float
        Σw, mean of y, and the Normal prior of an intercept at the centre; center_scale 0 if there is none.
    center_scaled : bool
        Whether that prior is scaled by sigma.
    lower, upper : ndarray, shape (q,)
        Bounds of θ; infinite where there are none.
    is_bounded : bool
        Whether there are any.
    """

    rows: np.ndarray
    response: np.ndarray
    wide: bool
    cross: np.ndarray
    diagonal: np.ndarray
    origin: np.ndarray
    origin_score: np.ndarray
    origin_rss: float
    square: float
    mixing: int
    laplace: np.ndarray
    precision: np.ndarray
    common: np.ndarray
    flat: np.ndarray
    scaled: bool
    sigma_known: bool
    scale_known: bool
    sigma_prior: tuple[float, float, float]
    scale_prior: tuple[float, float, float]
    slab_df: float
    slab_scale: float
    local_df: float
    group: np.ndarray
    block: np.ndarray
    block_priors: np.ndarray
    power: float
    center_weight: float
    center_mean: float
    center_loc: float
    center_scale: float
    center_scaled: bool
    lower: np.ndarray
    upper: np.ndarray
    is_bounded: bool


class State(NamedTuple):
    """Where a chain stands; changed in place by its own chain only.

    Attributes
    ----------
    theta : ndarray, shape (q,)
    residual : ndarray, shape (q,) or (n,)
        A'(b − Aθ), or b − Aθ if the problem is wide.
    local : ndarray, shape (q,)
        Scale of its block, or local scales of a horseshoe or Student-t prior.
    hyper : ndarray, shape (4,)
        sigma, scale, the slab's scale, and the intercept at the centre.
    order : ndarray of int, shape (q,)
        In which coefficients are drawn one at a time.
    """

    theta: np.ndarray
    residual: np.ndarray
    local: np.ndarray
    hyper: np.ndarray
    order: np.ndarray

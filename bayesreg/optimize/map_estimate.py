"""The MAP estimate: for known sigma the minimum of Q, for unknown sigma the joint mode of (beta, sigma)."""

import numpy as np

from bayesreg.errors import ConvergenceError, PriorError, UnsupportedError
from bayesreg.model.arguments import read_vector
from bayesreg.model.quadratic import QuadraticLoss
from bayesreg.model.regression import Regression, check_regression
from bayesreg.model.row_loss import RowLoss
from bayesreg.optimize import joint_mode
from bayesreg.optimize.at_sigma import minimize_at
from bayesreg.optimize.estimate import Estimate, estimate_at

CURE = "use standardize=True where columns differ much in size, and drop one of each two that are nearly equal."
# Largest slope of the log posterior in log sigma, per row, at a joint mode.
SLOPE_TOLERANCE = 1e-9
# What a certificate must show before a point is returned; the second term is the rounding of the gradient itself.
KKT_TOLERANCE, ROUNDING = 1e-9, 1e3 * float(np.finfo(float).eps)
# Roundings of the single terms of a gradient that it may have, in all.
GRADIENTS = 4


def map_estimate(reg: Regression, start: np.ndarray | None = None) -> Estimate:
    r"""Maximum a posteriori estimate, with exact zeros and a certificate.

    For known sigma it is the minimum of the canonical objective

        Q(β) = ½ RSS + Σ_j λ_j |β_j| + ½ Σ_j κ_j β_j²,    λ_j = σ²/b_j,    κ_j = σ²/s_j²,

    which is unique whenever the columns are in general position. For unknown sigma it is the joint
    mode of (beta, sigma), the density being that of sigma itself; a second mode is warned of.

    Parameters
    ----------
    reg : Regression
        With a prior of known scale.
    start : ndarray, shape (p,), optional
        A beta to start from.

    Returns
    -------
    Estimate

    Raises
    ------
    PriorError
        If the prior's scale is unknown.
    DataError
        If `start` is not p finite numbers.
    UnsupportedError
        If sigma is unknown and the family is not Gaussian.
    ModeError
        If sigma is unknown and the joint density is unbounded.
    ConvergenceError
        If the certificate does not accept the point.

    Warns
    -----
    MultimodalWarning
        If sigma is unknown and the joint density has several modes (Park & Casella 2008,
        doi:10.1198/016214508000000337, section 4); the highest is returned.

    Examples
    --------
    >>> import bayesreg as br
    >>> frame, target = br.load_dataset("diabetes")
    >>> reg = br.Regression(frame.drop(columns=target), frame[target], prior=br.Laplace(10.0), sigma=54.0)
    >>> fit = br.map_estimate(reg)
    >>> fit.n_zeros, fit.certificate.kkt < 1e-9
    (2, True)
    """
    check_regression(reg)
    if not reg.scale_known:
        raise PriorError(
            f"the prior's scale is unknown ({reg.prior}); a MAP needs a number. "
            "Give one, or look at the posterior: br.sample(reg)."
        )
    if not reg.noise.known:
        if not reg.is_gaussian:
            raise UnsupportedError(
                f"the joint mode of (beta, sigma) is found for the gaussian family, got {reg.family.name}; give sigma "
                "as a number, reg.with_sigma(…), or take the posterior, br.sample(reg)."
            )
        theta, sigma = joint_mode.joint_mode(reg)
        return _accepted(reg, estimate_at(reg, theta, sigma, "MAP by active set and root of sigma", joint=True))
    assert reg.noise.sigma is not None
    first = None if start is None or reg.has_intercept_column else read_vector(start, reg.p, "start")
    theta = minimize_at(reg, reg.noise.sigma, first)
    return _accepted(reg, estimate_at(reg, theta, reg.noise.sigma, f"MAP by {_method(reg)}"))


def _method(reg: Regression) -> str:
    if not reg.family.smooth:
        return "interior point and corner"
    return "active set" if reg.is_gaussian else "proximal Newton"


def reachable_kkt(loss: QuadraticLoss | RowLoss, l1: np.ndarray) -> float:
    """The relative KKT residual that a point may have: 1e-9, or what the rounding of the gradient leaves of it."""
    smallest = float(np.min(l1[l1 > 0], initial=np.inf))
    rounding = ROUNDING * loss.pull_at_zero
    if isinstance(loss, RowLoss):
        rounding = max(rounding, GRADIENTS * loss.gradient_rounding)
        smallest = min(smallest, loss.pull_at_zero or 1.0) if np.any(l1 == 0) else smallest
    return max(KKT_TOLERANCE, rounding / smallest)


def _accepted(reg: Regression, estimate: Estimate) -> Estimate:
    """Return the estimate, unless its certificate shows that it is none."""
    allowed = reachable_kkt(reg.loss if reg.is_gaussian else reg.row_loss, reg.weights_at(estimate.sigma)[0])
    if not estimate.certificate.kkt <= allowed:
        raise ConvergenceError(
            f"the solver's point violates the optimality conditions by {estimate.certificate.kkt:.1e} (relative to the "
            f"strength; allowed {allowed:.1e}); {CURE}"
        )
    slope = estimate.certificate.sigma_slope
    if slope is not None and not slope <= SLOPE_TOLERANCE:
        raise ConvergenceError(f"the joint density still changes with sigma at the point found (slope {slope:.1e}).")
    return estimate

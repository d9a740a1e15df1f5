"""The MAP estimate: for known sigma the minimum of Q, for unknown sigma the joint mode of (beta, sigma)."""

import warnings

import numpy as np

from bayesreg.errors import ConvergenceError, MultimodalWarning, PriorError, UnsupportedError
from bayesreg.model.arguments import read_vector
from bayesreg.model.even_columns import even_columns
from bayesreg.model.objective import join, objective_at, strengths_at
from bayesreg.model.regression import Regression, check_regression
from bayesreg.optimize import joint_mode
from bayesreg.optimize.acceptance import check_accepted
from bayesreg.optimize.at_sigma import minima_at
from bayesreg.optimize.estimate import Estimate, estimate_at

# Largest slope of the log posterior in log sigma, per row, at a joint mode.
SLOPE_TOLERANCE = 1e-9
# Descents from where the first one ended, where that is no minimum yet.
RESTARTS = 3


def map_estimate(reg: Regression, start: np.ndarray | None = None) -> Estimate:
    r"""Maximum a posteriori estimate, with exact zeros and a certificate.

    For known sigma it is the minimum of the canonical objective

        Q(β) = ½ RSS + Σ_j λ_j |β_j| + ½ Σ_j κ_j β_j²,    λ_j = σ²/b_j,    κ_j = σ²/s_j²

    (with Σ_g λ_g‖β_g‖ and λ_g = σ²√m_g/b_g under a prior that joins groups of columns),
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
        If the certificate does not accept the point: by the optimality conditions and, where the family is convex,
        the duality gap, both up to 1e-9 or the rounding of a gradient.

    Warns
    -----
    MultimodalWarning
        If sigma is unknown and the joint density has several modes (Park & Casella 2008,
        doi:10.1198/016214508000000337, section 4), or the family's loss is not convex and several modes are
        found from several starting points; the highest found is returned, which need not be the highest of all.

    See Also
    --------
    penalized_estimate : The same minimum by other packages.
    certify : KKT residual and duality gap of any point.
    path : Certified estimates at many strengths.
    sample : Posterior draws.
    find_MAP : MAP of any PyMC model, with exact zeros.

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
    reg.prior.require_penalty()
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
        return _accepted(
            reg, theta, estimate_at(reg, theta, sigma, f"MAP by {_method(reg)} and root of sigma", joint=True)
        )
    assert reg.noise.sigma is not None
    first = None
    if start is not None and not reg.intercept_term.in_theta:
        first = join(reg, read_vector(start, reg.p, "start"), 0.0)
    theta, *others = minima_at(reg, reg.noise.sigma, first)
    if others:
        _warn_of_minima(reg, theta, others)
    for _ in range(RESTARTS):
        try:
            return _accepted(reg, theta, estimate_at(reg, theta, reg.noise.sigma, f"MAP by {_method(reg)}"))
        except ConvergenceError:
            # Rounding may end a descent short of the minimum; the next one goes on from there.
            theta = minima_at(reg, reg.noise.sigma, theta)[0]
    return _accepted(reg, theta, estimate_at(reg, theta, reg.noise.sigma, f"MAP by {_method(reg)}"))


def _warn_of_minima(reg: Regression, lowest: np.ndarray, others: list[np.ndarray]) -> None:
    sigma = reg.noise.sigma
    assert sigma is not None
    below = [(objective_at(reg, theta, sigma) - objective_at(reg, lowest, sigma)) / sigma**2 for theta in others]
    warnings.warn(
        f"the posterior of beta has {1 + len(others)} modes or more, since the {reg.family.name} loss is not convex; "
        "the highest found is returned, which need not be the highest of all; the log density of others is below it by "
        f"{', '.join(f'{x:.3g}' for x in below)}. "
        "Look at the posterior, br.sample(reg), or take a larger sigma or df.",
        MultimodalWarning,
        stacklevel=3,
    )


def _method(reg: Regression) -> str:
    if not reg.family.smooth:
        return "interior point and corner"
    if reg.bounds is not None and reg.is_gaussian:
        return "active set within bounds"
    if not reg.is_gaussian:
        return "proximal Newton"
    return "active set" if reg.prior.is_separable else "group descent and Newton"


def _accepted(reg: Regression, theta: np.ndarray, estimate: Estimate) -> Estimate:
    """Return the estimate, unless its certificate shows that it is none."""
    loss = reg.loss if reg.is_gaussian else reg.row_loss
    l1, l2 = strengths_at(reg, estimate.sigma)
    even = even_columns(loss, l1[None], l2[None], reg.partition)
    kkt, gap = (np.array([part], dtype=float) for part in (estimate.certificate.kkt, estimate.certificate.gap))
    check_accepted(even.loss, even.inside(theta[None]), even.l1, even.l2, kkt, gap, even.within(reg.box), reg.partition)
    slope = estimate.certificate.sigma_slope
    if slope is not None and not slope <= SLOPE_TOLERANCE:
        raise ConvergenceError(f"the joint density still changes with sigma at the point found (slope {slope:.1e}).")
    return estimate

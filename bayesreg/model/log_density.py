"""The log density of a regression, evaluated at points or at whole arrays of draws."""

import numpy as np

from bayesreg.errors import PriorError
from bayesreg.model.regression import Regression
from bayesreg.model.unknowns import Unknowns
from bayesreg.priors.positive import PositivePrior
from bayesreg.priors.regularized_horseshoe import HorseshoePrior, RegularizedHorseshoe


def log_likelihood(reg: Regression, unknowns: Unknowns) -> np.ndarray:
    """Log density of all of y, shape (...)."""
    if not reg.is_gaussian:
        return np.sum(pointwise_log_likelihood(reg, unknowns), axis=-1)
    rss, sigma = residual_squares(reg, unknowns), unknowns.sigma
    return 0.5 * reg.design.log_weight - 0.5 * reg.n * np.log(2 * np.pi) - reg.n * np.log(sigma) - 0.5 * rss / sigma**2


def pointwise_log_likelihood(reg: Regression, unknowns: Unknowns) -> np.ndarray:
    """Log density of each row, shape (..., n)."""
    rows = reg.design.rows
    eta = linear_predictor(reg, unknowns)
    assert rows is not None
    weights = np.ones(reg.n) if rows.weights is None else rows.weights
    if reg.family.has_sigma:
        return reg.family.log_likelihood(rows.y, eta, unknowns.sigma[..., None] / np.sqrt(weights))
    return weights * reg.family.log_likelihood(rows.y, eta)


def linear_predictor(reg: Regression, unknowns: Unknowns) -> np.ndarray:
    """Offset + intercept + X·coef on the observed rows, shape (..., n)."""
    eta = unknowns.at_center[..., None] + unknowns.beta @ reg.design.matrix.T
    rows = reg.design.rows
    return eta if rows is None or rows.offset is None else eta + rows.offset


def log_prior(reg: Regression, unknowns: Unknowns) -> np.ndarray:
    """Log prior density of everything unknown, shape (...); flat parameters count with density 1."""
    sigma, scale = unknowns.sigma, unknowns.get("scale")
    if isinstance(reg.prior, HorseshoePrior):
        total = _log_horseshoe(reg.prior, unknowns)
    else:
        total = np.sum(_log_beta(reg, unknowns), axis=-1)
    total = sum(reg.intercept_term.log_density(unknowns.at_center, sigma), start=total)
    if reg.noise.prior is not None:
        total = total + _log_positive(reg.noise.prior, sigma)
    if scale is not None:
        total = total + _log_positive(reg.prior.scale_prior, scale)  # type: ignore[arg-type]
    return total


def residual_squares(reg: Regression, unknowns: Unknowns) -> np.ndarray:
    """Weighted residual sum of squares, shape (...), from the products: its cost does not depend on n."""
    loss, at_center = reg.loss, unknowns.at_center
    step = reg.intercept_term.join(unknowns.beta, at_center) - loss.least_squares
    if loss.has_gram:
        rss = loss.least_rss + np.sum((step @ loss.gram) * step, axis=-1)
    else:
        assert loss.A is not None
        rss = loss.least_rss + np.sum((step @ loss.A.T) ** 2, axis=-1)
    if not reg.intercept_term.orthogonal:
        return np.asarray(rss)
    return np.asarray(rss + reg.design.weight * (reg.design.mean_y - at_center) ** 2)


def _log_beta(reg: Regression, unknowns: Unknowns) -> np.ndarray:
    sigma, scale = unknowns.sigma, unknowns.get("scale")
    factor = (sigma if reg.prior.scaled_by_sigma else np.ones_like(sigma))[..., None]
    if scale is not None:
        factor = factor * scale[..., None]
    scales = reg.unit_scales
    # A density of beta/factor becomes one of beta through the Jacobian, which flat columns do not have.
    return scales.log_density(unknowns.beta / factor) - np.where(scales.is_flat, 0.0, np.log(factor))


def _log_positive(prior: PositivePrior, values: np.ndarray) -> np.ndarray:
    logs = np.log(values)
    return prior.log_density_of_log(logs) - logs


def horseshoe_precision(prior: HorseshoePrior, unknowns: Unknowns) -> np.ndarray:
    """Precision of each coefficient given the horseshoe's scales, shape (..., p).

    Raises
    ------
    PriorError
        If its local scales or the slab's are not among the unknowns.
    """
    given = unknowns.hyperparameters
    needed = {"local_scale", "slab_scale"} if isinstance(prior, RegularizedHorseshoe) else {"local_scale"}
    missing = needed - set(given)
    if missing:
        raise PriorError(f"the density under a {prior.name} prior needs {', '.join(sorted(missing))}.")
    common = np.asarray(given.get("scale", prior.scale), dtype=float)
    factor = unknowns.sigma if prior.scaled_by_sigma else np.ones_like(unknowns.sigma)
    precision = (given["local_scale"] * (common * factor)[..., None]) ** -2
    if isinstance(prior, RegularizedHorseshoe):
        precision = precision + ((given["slab_scale"] * factor) ** -2)[..., None]
    return np.asarray(precision)


def _log_horseshoe(prior: HorseshoePrior, unknowns: Unknowns) -> np.ndarray:
    """Log density of coefficients, local scales and the slab's scale, shape (...)."""
    precision, given = horseshoe_precision(prior, unknowns), unknowns.hyperparameters
    normal = 0.5 * np.log(precision) - 0.5 * np.log(2 * np.pi) - 0.5 * precision * unknowns.beta**2
    total = np.sum(normal + np.log(2 / np.pi) - np.log1p(given["local_scale"] ** 2), axis=-1)
    if isinstance(prior, RegularizedHorseshoe):
        total = total + _log_positive(prior.slab_prior, given["slab_scale"])
    return np.asarray(total)

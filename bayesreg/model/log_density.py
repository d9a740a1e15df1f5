"""The log density of a regression, evaluated at points or at whole arrays of draws."""

import numpy as np

from bayesreg.model.objective import join
from bayesreg.model.regression import Regression
from bayesreg.model.unknowns import Unknowns
from bayesreg.priors.positive import PositivePrior
from bayesreg.priors.truncation import log_share


def log_likelihood(reg: Regression, unknowns: Unknowns) -> np.ndarray:
    """Log density of all of y, shape (...)."""
    if not reg.is_gaussian:
        return np.sum(pointwise_log_likelihood(reg, unknowns), axis=-1)
    rss, sigma = residual_squares(reg, unknowns), unknowns.sigma
    return 0.5 * reg.design.log_weight - 0.5 * reg.n * np.log(2 * np.pi) - reg.n * np.log(sigma) - 0.5 * rss / sigma**2


def pointwise_log_likelihood(reg: Regression, unknowns: Unknowns) -> np.ndarray:
    """Log density of each row, shape (..., n)."""
    rows = reg.design.known_rows
    eta = linear_predictor(reg, unknowns)
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
    sigma, values = unknowns.sigma, unknowns.hyperparameters
    given = reg.prior.given(reg.names, sigma, values)
    total = np.sum(reg.prior.log_density_given(unknowns.beta, given), axis=-1)
    if reg.bounds is not None:
        box = reg.bounds.on(reg.design.standardization.sd)
        total = np.where(box.holds(unknowns.beta), total, -np.inf)
        total = total - np.sum(log_share(reg.prior, *box, given), axis=-1)
    shared = {one.name: one.prior for one in reg.prior.unknowns if not one.per_column}
    hyperprior = shared.pop("scale", None)
    for name, prior in shared.items():
        total = total + _log_positive(prior, values[name])
    total = sum(reg.intercept_term.log_density(unknowns.at_center, sigma), start=total)
    if reg.noise.prior is not None:
        total = total + _log_positive(reg.noise.prior, sigma)
    return total if hyperprior is None else total + _log_positive(hyperprior, values["scale"])


def residual_squares(reg: Regression, unknowns: Unknowns) -> np.ndarray:
    """Weighted residual sum of squares, shape (...), from the products: its cost does not depend on n."""
    loss, at_center = reg.loss, unknowns.at_center
    step = join(reg, unknowns.beta, at_center) - loss.least_squares
    if loss.has_gram:
        rss = loss.least_rss + np.sum((step @ loss.gram) * step, axis=-1)
    else:
        assert loss.A is not None
        rss = loss.least_rss + np.sum((step @ loss.A.T) ** 2, axis=-1)
    if not reg.intercept_term.orthogonal:
        return np.asarray(rss)
    return np.asarray(rss + reg.design.weight * (reg.design.mean_y - at_center) ** 2)


def _log_positive(prior: PositivePrior, values: np.ndarray) -> np.ndarray:
    logs = np.log(values)
    return prior.log_density_of_log(logs) - logs

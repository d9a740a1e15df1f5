"""Mean and covariance of a posterior that is Normal, on the user's columns: what the next data start from."""

from dataclasses import replace

import numpy as np

from bayesreg.model.objective import conditional_intercept, split
from bayesreg.model.regression import Regression
from bayesreg.sampling.draws import Run
from bayesreg.sampling.exact.posterior import ExactPosterior, exact_posterior, run_of

# Beyond this many columns the covariance is not kept beside the draws.
MOST_COLUMNS = 500


def sample_with_moments(reg: Regression, *, draws: int, chains: int, random_seed: int | None) -> Run:
    """Draws, and the moments that they are of."""
    posterior = exact_posterior(reg)
    return replace(run_of(posterior, draws, chains, random_seed), moments=moments_on_user_columns(posterior))


def moments_on_user_columns(posterior: ExactPosterior) -> tuple[np.ndarray, np.ndarray] | None:
    """Mean and covariance of coef, and of the intercept at x = 0 if there is one.

    Returns
    -------
    tuple of ndarray, or None
        Of shapes (k,) and (k, k), k = p or p + 1. None where sigma or the scale is unknown, so that the posterior is
        not Normal, or where there are very many columns.
    """
    reg, sigma = posterior.reg, posterior.reg.noise.sigma
    if sigma is None or not reg.scale_known or reg.p > MOST_COLUMNS:
        return None
    beta, at_center = split(reg, posterior.theta_mean(), conditional_intercept(reg, sigma))
    mean, covariance = np.append(beta, at_center), np.zeros((reg.p + 1, reg.p + 1))
    of_theta, factor = posterior.theta_covariance(), reg.coordinates.padded(reg.loss.size)[1]
    size = len(of_theta)
    covariance[:size, :size] = of_theta if factor is None else factor @ of_theta @ factor.T
    if reg.intercept_term.orthogonal:
        covariance[-1, -1] = sigma**2 / (reg.design.weight + reg.intercept_term.precision(sigma))
    change = np.diag(np.append(1 / reg.design.standardization.sd, 1.0))
    change[-1, :-1] = -reg.design.standardization.center / reg.design.standardization.sd
    kept = slice(None) if reg.intercept_term.exists else slice(-1)
    return (change @ mean)[kept], (change @ covariance @ change.T)[kept, kept]

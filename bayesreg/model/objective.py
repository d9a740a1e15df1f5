"""The objective ``half_rss`` of a regression and its parts, at values of θ and sigma."""

from typing import Any

import numpy as np

from bayesreg.errors import UnsupportedError
from bayesreg.model.regression import Regression
from bayesreg.model.unknowns import Unknowns


def objective_at(reg: Regression, theta: np.ndarray, sigma: float) -> float:
    """Q(θ) in ``half_rss`` at sigma, with the terms of an intercept prior where there is one."""
    l1, l2 = strengths_at(reg, sigma)
    penalty = float(l1 @ reg.partition.shares(theta) + 0.5 * l2 @ theta**2)
    if not reg.is_gaussian:
        return reg.row_loss.value(theta) + penalty
    return 0.5 * rss_at(reg, theta, sigma) + penalty + _intercept_penalty(reg, sigma)


def strengths_at(reg: Regression, sigma: float) -> tuple[np.ndarray, np.ndarray]:
    """λ_j = σ²/b_j and κ_j = σ²/s_j² in ``half_rss`` for each element of θ, both of shape (q,).

    λ multiplies the lengths of the prior's blocks.
    """
    scales = reg.length_scales.at(sigma)
    # Divided before squared, so that neither tiny nor huge scales over- or underflow on the way.
    l1, l2 = (sigma / scales.laplace) * sigma, (sigma / scales.normal) ** 2
    term = reg.intercept_term
    return term.append(l1, 0.0), term.append(l2, term.precision(sigma))


def rss_at(reg: Regression, theta: np.ndarray, sigma: float) -> float:
    """Weighted residual sum of squares of y, the intercept included."""
    if not reg.intercept_term.orthogonal:
        return reg.loss.rss(theta)
    gap = reg.design.mean_y - float(np.asarray(conditional_intercept(reg, sigma)))
    return reg.loss.rss(theta) + reg.design.weight * gap**2


def unknowns_at(reg: Regression, theta: np.ndarray, sigma: np.ndarray | float) -> Unknowns:
    """θ, shape (..., q), and sigma by name, with the intercept at its conditional mode where it is not in θ."""
    theta = np.asarray(theta, dtype=float)
    shape = theta.shape[:-1]
    beta, at_center = split(reg, theta, conditional_intercept(reg, sigma))
    at_center, sigma = (np.broadcast_to(np.asarray(value, dtype=float), shape) for value in (at_center, sigma))
    return Unknowns(beta, at_center, sigma)


def require_columns_apart(reg: Regression, what: str) -> None:
    """Raise UnsupportedError where the prior is not one of each coefficient by itself around 0."""
    if not (reg.coordinates.is_plain and reg.prior.is_separable):
        raise UnsupportedError(
            f"{what} is for priors of each coefficient by itself around 0, got {reg.prior}; use br.Normal(scale), or "
            "look at the fit as it is: br.map_estimate(reg), br.sample(reg)."
        )


def join(reg: Regression, beta: np.ndarray, value: Any) -> np.ndarray:
    """θ, shape (..., q), of beta, shape (..., p), and the intercept, shape (...)."""
    return reg.intercept_term.join(reg.coordinates.gamma(beta), value)


def split(reg: Regression, theta: np.ndarray, elsewhere: Any) -> tuple[np.ndarray, Any]:
    """Beta and the intercept of θ, shape (..., q); where θ does not hold the intercept it is `elsewhere`."""
    gamma, value = reg.intercept_term.split(theta, elsewhere)
    return reg.coordinates.beta(gamma), value


def conditional_intercept(reg: Regression, sigma: np.ndarray | float) -> np.ndarray | float:
    """Mode (and mean) of the intercept at the centre given sigma; it does not depend on beta."""
    return reg.intercept_term.mode(reg.design, sigma)


def coef_at(reg: Regression, beta: np.ndarray) -> np.ndarray:
    """Coefficients on the user's columns, shape (..., p), exactly at a bound where beta is at its."""
    standardization = reg.design.standardization
    return standardization.coef(beta) if reg.bounds is None else reg.bounds.coef(beta, standardization.sd)


def _intercept_penalty(reg: Regression, sigma: float) -> float:
    term = reg.intercept_term
    return term.penalty(float(np.asarray(conditional_intercept(reg, sigma))), sigma) if term.orthogonal else 0.0

"""Priors of a positive quantity in its logarithm, over whole arrays: what quadrature needs of them."""

from math import inf, isfinite, lgamma, log, pi
from typing import assert_never

import numpy as np

from bayesreg.priors.positive import (
    Exponential,
    HalfNormal,
    HalfStudentT,
    InverseGamma,
    Jeffreys,
    PositivePrior,
    Uniform,
)


def log_density_of_log(prior: PositivePrior, t: np.ndarray) -> np.ndarray:
    """Log density of t = log x, the Jacobian x included, at t of any shape."""
    match prior:
        case HalfNormal(scale):
            return 0.5 * log(2 / pi) + (t - log(scale)) - 0.5 * np.exp(2 * (t - log(scale)))
        case Exponential(rate):
            return log(rate) + t - np.exp(t + log(rate))
        case HalfStudentT(df, scale):
            constant = log(2) + lgamma((df + 1) / 2) - lgamma(df / 2) - 0.5 * log(df * pi)
            z = t - log(scale)
            return constant + z - 0.5 * (df + 1) * np.logaddexp(0.0, 2 * z - log(df))
        case InverseGamma(shape, scale, on):
            power = 1 if on == "sd" else 2
            return shape * log(scale) - lgamma(shape) + log(power) - power * shape * t - np.exp(log(scale) - power * t)
        case Jeffreys():
            return np.zeros_like(t)
        case Uniform(upper):
            inside = t if upper == inf else t - log(upper)
            return np.where(t <= log(upper) + 1e-12 if upper < inf else True, inside, -inf)
        case _:
            assert_never(prior)


def log_upper(prior: PositivePrior | None) -> float:
    """Log of the end of the prior's support; inf where it has none."""
    return log(prior.upper) if isinstance(prior, Uniform) and prior.upper < inf else inf


def log_center(prior: PositivePrior | None) -> float | None:
    """A place in the bulk of log x, or None for an improper prior (and for none)."""
    match prior:
        case HalfNormal(scale) | HalfStudentT(_, scale):
            return log(scale)
        case Exponential(rate):
            return -log(rate)
        case InverseGamma(shape, scale, on):
            return log(scale / shape) / (1 if on == "sd" else 2)
        case Uniform(upper) if isfinite(upper):
            return log(upper)
        case _:
            return None

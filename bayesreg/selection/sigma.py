"""A single estimate of sigma, from least squares or, where columns are many, from a lasso."""

import numpy as np

from bayesreg.errors import DataError
from bayesreg.model.regression import Regression
from bayesreg.optimize.estimate import Estimate
from bayesreg.optimize.path import path, strength_max
from bayesreg.priors.laplace import Laplace
from bayesreg.selection.axis import Axis
from bayesreg.selection.held_out import FOLDS, choose_by_cv

# Of the rows: with fewer degrees of freedom left, a residual sum of squares says little about sigma.
FREE_SHARE = 0.25
# Strengths tried between the cross-validated lasso and the one with all zeros.
GRID = 100


def estimate_sigma(reg: Regression) -> tuple[float, str]:
    """A single estimate of sigma, to be held as known, and how it was made.

    Least squares gives √(RSS/(n − rank − 1)) where at least a quarter of the rows are left as degrees
    of freedom. Otherwise it is √(RSS/(n − k − 1)) at the cross-validated lasso with k nonzero
    coefficients (Reid, Tibshirani & Friedman 2016, doi:10.5705/ss.2014.042), or, where these leave less than
    a quarter of the rows, at the weakest stronger lasso that leaves as much: what few degrees of freedom give
    is often a small part of sigma.

    Parameters
    ----------
    reg : Regression

    Raises
    ------
    DataError
        If the estimate is 0: the columns explain the target without error.
    """
    from bayesreg.optimize.least_squares import residual_sd

    if _leaves_enough(reg.n - reg.p - 1, reg.n):
        sigma, how = (
            residual_sd(reg),
            f"least squares, {reg.n - reg.loss.rank - int(reg.intercept_term.exists)} degrees of freedom",
        )
    else:
        sigma, how = _lasso_sigma(reg)
    if not sigma > 1e-10 * reg.design.sd_y:
        raise DataError("the columns explain the target without error, so sigma cannot be estimated; give sigma.")
    return sigma, how


def _lasso_sigma(reg: Regression) -> tuple[float, str]:
    if reg.n < FOLDS:
        raise DataError(
            f"sigma cannot be estimated from {reg.n} rows and {reg.p} columns (the cross-validated lasso needs "
            f"at least {FOLDS} rows); give it (--sigma)."
        )
    unit = reg.with_sigma(1.0).with_prior(Laplace(1.0))
    chosen = choose_by_cv(Axis(unit, unit, None, "taken as 1"), FOLDS, None, None)[0]
    fit = path(unit, [chosen.strength]).estimates[0]
    source = "the cross-validated lasso"
    if not _leaves_enough(_degrees_of_freedom(reg, fit), reg.n):
        fit, source = _weakest_that_leaves_enough(unit, chosen.strength), f"a lasso stronger than {source}"
    left = _degrees_of_freedom(reg, fit)
    sigma = float((unit.loss.rss(fit.beta) / left) ** 0.5)
    return sigma, f"{source}, {reg.p - fit.n_zeros} nonzero coefficients, {left} degrees of freedom"


def _weakest_that_leaves_enough(reg: Regression, strength: float) -> Estimate:
    """The lasso of the smallest strength, on a grid from this one up, with enough degrees of freedom."""
    strengths = np.geomspace(strength_max(reg), strength, GRID)
    return [fit for fit in path(reg, strengths).estimates if _leaves_enough(_degrees_of_freedom(reg, fit), reg.n)][-1]


def _degrees_of_freedom(reg: Regression, fit: Estimate) -> int:
    return reg.n - (reg.p - fit.n_zeros) - 1


def _leaves_enough(degrees_of_freedom: int, n: int) -> bool:
    return degrees_of_freedom >= max(1, n * FREE_SHARE)

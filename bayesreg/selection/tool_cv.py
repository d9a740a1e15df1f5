"""The strength of a penalty, chosen by cross-validation with scikit-learn's own tools."""

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np

from bayesreg.errors import DataError, UnsupportedError
from bayesreg.model.regression import Regression
from bayesreg.optimize.estimate import Estimate
from bayesreg.optimize.path import path, strength_max
from bayesreg.priors.dictionary import convert
from bayesreg.priors.prior import Laplace, Normal

FOLDS = 5
# Of the rows: with fewer degrees of freedom left, a residual sum of squares says little about sigma.
FREE_SHARE = 0.25
# Strengths tried between the cross-validated lasso and the one with all zeros.
GRID = 100


@dataclass(frozen=True)
class SelectedStrength:
    """A chosen strength, and how it was chosen.

    Attributes
    ----------
    strength : float
        In ``half_rss``, for all n rows.
    rule : str
        The rule in words.
    """

    strength: float
    rule: str


def cross_validate(reg: Regression, folds: int = FOLDS, random_seed: int | None = None) -> SelectedStrength:
    """Choose the strength by k-fold cross-validation: the minimum of the held-out squared error.

    Parameters
    ----------
    reg : Regression
        With rows, and a Laplace or Normal prior, whose scale is ignored.
    folds : int, optional
        Consecutive folds; shuffled if a seed is given.
    random_seed : int, optional

    Returns
    -------
    SelectedStrength
        That of scikit-learn's LassoCV (100 strengths) or RidgeCV (200), converted to ``half_rss``. As
        there, a lasso strength is carried over from the folds to all rows per row, a ridge strength as it is.

    Raises
    ------
    DataError
        If there are no rows, fewer than folds, or only constant columns.
    UnsupportedError
        If the family is not gaussian, the prior neither Laplace nor Normal, or there are weights.
    """
    rows = reg.design.rows
    if rows is None or reg.n < max(folds, 2):
        raise DataError(f"{folds}-fold cross-validation needs at least {folds} rows; give a strength or scale instead.")
    if not reg.is_gaussian or rows.weights is not None or not isinstance(reg.prior, Laplace | Normal):
        raise UnsupportedError(
            "scikit-learn's cross-validation covers the gaussian family, Laplace and Normal priors, and no weights, "
            f'got {reg}; use br.select(reg, by="cv").'
        )
    if np.all(reg.design.constant):
        raise DataError("every column is constant, so there is no strength to choose; give a strength or scale.")
    from sklearn.model_selection import KFold

    split = KFold(folds, shuffle=random_seed is not None, random_state=random_seed)
    X, y, intercept = reg.design.matrix, rows.response, reg.intercept is not False
    if isinstance(reg.prior, Laplace):
        (chosen, grid), tool = _lasso(X, y, split, intercept), "LassoCV"
        strength = convert(chosen, "sklearn.Lasso", "half_rss", n=reg.n)
    else:
        (chosen, grid), tool = _ridge(X, y, split, intercept), "RidgeCV"
        strength = convert(chosen, "sklearn.Ridge", "half_rss", term="l2")
    assert isinstance(strength, float)
    edge = ", at the edge of its grid" if chosen in (grid.min(), grid.max()) else ""
    rule = f"{folds}-fold cross-validation (scikit-learn's {tool}, alpha = {chosen:.4g}{edge})"
    return SelectedStrength(strength, rule)


def _lasso(X: np.ndarray, y: np.ndarray, split: Any, intercept: bool) -> tuple[float, np.ndarray]:
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LassoCV

    with warnings.catch_warnings():
        # The choice needs three digits of the error curve, not a converged solution at every strength.
        warnings.simplefilter("ignore", ConvergenceWarning)
        model = LassoCV(cv=split, fit_intercept=intercept, alphas=100, max_iter=10_000).fit(X, y)
    return float(model.alpha_), np.asarray(model.alphas_)


def _ridge(X: np.ndarray, y: np.ndarray, split: Any, intercept: bool) -> tuple[float, np.ndarray]:
    from sklearn.linear_model import RidgeCV

    # About the strength that halves a coefficient, whatever the units of the columns.
    strengths = np.geomspace(1e-4, 1e4, 200) * len(y) * np.mean(np.var(X, axis=0))
    model = RidgeCV(strengths, cv=split, fit_intercept=intercept, scoring="neg_mean_squared_error")
    return float(model.fit(X, y).alpha_), strengths


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
            f"least squares, {reg.n - reg.loss.rank - int(reg.intercept is not False)} degrees of freedom",
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
    chosen = cross_validate(unit)
    fit = path(unit, [chosen.strength]).estimates[0]
    told = "the cross-validated lasso"
    if not _leaves_enough(_degrees_of_freedom(reg, fit), reg.n):
        fit, told = _weakest_that_leaves_enough(unit, chosen.strength), f"a lasso stronger than {told}"
    left = _degrees_of_freedom(reg, fit)
    sigma = float((unit.loss.rss(fit.beta) / left) ** 0.5)
    return sigma, f"{told}, {reg.p - fit.n_zeros} nonzero coefficients, {left} degrees of freedom"


def _weakest_that_leaves_enough(reg: Regression, strength: float) -> Estimate:
    """The lasso of the smallest strength, on a grid from this one up, with enough degrees of freedom."""
    strengths = np.geomspace(strength_max(reg), strength, GRID)
    return [fit for fit in path(reg, strengths).estimates if _leaves_enough(_degrees_of_freedom(reg, fit), reg.n)][-1]


def _degrees_of_freedom(reg: Regression, fit: Estimate) -> int:
    return reg.n - (reg.p - fit.n_zeros) - 1


def _leaves_enough(degrees_of_freedom: int, n: int) -> bool:
    return degrees_of_freedom >= max(1, n * FREE_SHARE)

"""Readers of scikit-learn's linear regressions."""

from collections.abc import Callable
from typing import Any

import numpy as np

from bayesreg.analysis.explanation.reading import Data, Reading, coefficients, elastic_net, scalar
from bayesreg.errors import UnsupportedError
from bayesreg.priors.penalty import L1, L2, Penalty

Stated = Callable[[Any], Penalty]


def refuse_positive(fitted: Any) -> None:
    """Refuse a fit under the condition that no coefficient is negative."""
    if getattr(fitted, "positive", False):
        raise UnsupportedError(
            f"this {type(fitted).__name__} has positive=True: its coefficients are kept at 0 or above, and a posterior "
            "with such bounds is read of scikit-learn's estimators alone; refit with them, or with positive=False."
        )


def _penalized(stated: Stated, *notes: str) -> Callable[[Any, Data], Reading]:
    """A reader of a squared error with the penalty that is stated by the fit."""

    def read(fitted: Any, data: Data) -> Reading:
        coef, intercept = coefficients(fitted)
        bounds = (0, None) if getattr(fitted, "positive", False) else None
        fit_intercept = bool(fitted.fit_intercept)
        return Reading(data, coef, intercept, stated(fitted), fit_intercept=fit_intercept, notes=notes, bounds=bounds)

    return read


def _elastic_net(fitted: Any) -> Penalty:
    return elastic_net(float(fitted.alpha), fitted.l1_ratio, "sklearn.ElasticNet")


def _elastic_net_cv(fitted: Any) -> Penalty:
    return elastic_net(scalar(fitted.alpha_), fitted.l1_ratio_, "sklearn.ElasticNet")


def _read_bayesian_ridge(fitted: Any, data: Data) -> Reading:
    """σ = 1/√alpha_ and s = 1/√lambda_, both at the maximum of the evidence."""
    coef, intercept = coefficients(fitted)
    return Reading(
        data,
        coef,
        intercept,
        L2(scalar(fitted.lambda_) / scalar(fitted.alpha_)),
        fit_intercept=bool(fitted.fit_intercept),
        sigma=scalar(fitted.alpha_) ** -0.5,
        notes=(_EVIDENCE,),
    )


def _read_ard(fitted: Any, data: Data) -> Reading:
    """s_j = 1/√lambda_j of its own for every column."""
    coef, intercept = coefficients(fitted)
    pruned = int(np.sum(np.asarray(fitted.lambda_) >= fitted.threshold_lambda))
    if pruned:
        raise UnsupportedError(
            f"this ARDRegression has set {pruned} of {len(coef)} coefficients to 0 because their precision passed "
            f"threshold_lambda={fitted.threshold_lambda:g}, which no Normal prior does; fit it again on the columns "
            "that are left, X[:, fitted.lambda_ < fitted.threshold_lambda], or sample br.Regression(X, y, "
            "prior=br.Horseshoe())."
        )
    strength = np.asarray(fitted.lambda_, dtype=float) / scalar(fitted.alpha_)
    return Reading(
        data,
        coef,
        intercept,
        L2(strength),
        fit_intercept=bool(fitted.fit_intercept),
        sigma=scalar(fitted.alpha_) ** -0.5,
        notes=(_EVIDENCE,),
    )


_EVIDENCE = (
    "sigma and the prior's scale are those at which the fit found the largest evidence, held as known: intervals leave "
    "out how unsure they are"
)
CHOSEN_BY_CV = (
    "the strength was chosen by the fit's own cross-validation on these rows; intervals leave out that choice"
)
_IC = "the strength was chosen by the fit's own information criterion on these rows; intervals leave out that choice"


def _lasso_cv(fitted: Any) -> Penalty:
    return L1(scalar(fitted.alpha_), "sklearn.Lasso")


LINEAR = {
    "sklearn.LinearRegression": _penalized(lambda fitted: L2(0.0, "sklearn.Ridge")),
    "sklearn.Lasso": _penalized(lambda fitted: L1(float(fitted.alpha), "sklearn.Lasso")),
    "sklearn.LassoLars": _penalized(lambda fitted: L1(float(fitted.alpha), "sklearn.Lasso")),
    "sklearn.LassoCV": _penalized(_lasso_cv, CHOSEN_BY_CV),
    "sklearn.LassoLarsCV": _penalized(_lasso_cv, CHOSEN_BY_CV),
    "sklearn.LassoLarsIC": _penalized(_lasso_cv, _IC),
    "sklearn.ElasticNet": _penalized(_elastic_net),
    "sklearn.ElasticNetCV": _penalized(_elastic_net_cv, CHOSEN_BY_CV),
    "sklearn.Ridge": _penalized(lambda fitted: L2(scalar(fitted.alpha), "sklearn.Ridge")),
    "sklearn.RidgeCV": _penalized(lambda fitted: L2(scalar(fitted.alpha_), "sklearn.Ridge"), CHOSEN_BY_CV),
    "sklearn.BayesianRidge": _read_bayesian_ridge,
    "sklearn.ARDRegression": _read_ard,
}

"""Readers of skglm, celer, glum and statsmodels, and of the numbers of a glmnet fit."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from bayesreg.analysis.explanation.reading import Data, Reading, as_classes, coefficients, elastic_net, scalar
from bayesreg.analysis.explanation.sklearn_linear import CHOSEN_BY_CV, refuse_positive
from bayesreg.errors import DataError, PriorError, UnsupportedError
from bayesreg.priors.penalty import L1, L2, ElasticNet, Penalty


def _linear(stated: Callable[[Any], Penalty], *notes: str) -> Callable[[Any, Data], Reading]:
    """A reader of a squared error with the penalty that is stated by the fit."""

    def read(fitted: Any, data: Data) -> Reading:
        refuse_positive(fitted)
        coef, intercept = coefficients(fitted)
        return Reading(data, coef, intercept, stated(fitted), fit_intercept=bool(fitted.fit_intercept), notes=notes)

    return read


def _column_weights(fitted: Any) -> Any:
    return 1.0 if getattr(fitted, "weights", None) is None else np.asarray(fitted.weights, dtype=float)


def _weighted_lasso(objective: str) -> Callable[[Any], Penalty]:
    return lambda fitted: L1(float(fitted.alpha) * _column_weights(fitted), objective)


def _celer_elastic_net(fitted: Any) -> Penalty:
    strength, weights = float(fitted.alpha), _column_weights(fitted)
    return elastic_net(strength, fitted.l1_ratio, "celer") if np.all(weights == 1) else _refuse_weights()


def _refuse_weights() -> Penalty:
    raise UnsupportedError("celer's ElasticNet with weights= is not read; leave weights out, or use celer's Lasso.")


def _read_skglm_logistic(fitted: Any, data: Data) -> Reading:
    coef, intercept = coefficients(fitted)
    penalty = elastic_net(float(fitted.alpha), fitted.l1_ratio, "skglm")
    return Reading(as_classes(data, fitted.classes_), coef, intercept, penalty, "bernoulli", bool(fitted.fit_intercept))


def _read_celer_logistic(fitted: Any, data: Data) -> Reading:
    coef, intercept = coefficients(fitted)
    penalty = L1(float(fitted.C), "sklearn.LogisticRegression")
    return Reading(as_classes(data, fitted.classes_), coef, intercept, penalty, "bernoulli", bool(fitted.fit_intercept))


_DATAFITS = {"Quadratic": "gaussian", "Logistic": "bernoulli", "Poisson": "poisson"}
_PENALTIES: dict[str, Callable[[Any], Penalty]] = {
    "L1": lambda penalty: L1(float(penalty.alpha), "skglm"),
    "L2": lambda penalty: L2(float(penalty.alpha), "skglm"),
    "WeightedL1": lambda penalty: L1(float(penalty.alpha) * np.asarray(penalty.weights), "skglm"),
    "L1_plus_L2": lambda penalty: elastic_net(float(penalty.alpha), penalty.l1_ratio, "skglm"),
}


def _read_generalized(fitted: Any, data: Data) -> Reading:
    """A datafit with a penalty, both by their names."""
    coef, intercept = coefficients(fitted)
    datafit = "Quadratic" if fitted.datafit is None else type(fitted.datafit).__name__
    penalty = "L1" if fitted.penalty is None else type(fitted.penalty).__name__
    if datafit not in _DATAFITS or penalty not in _PENALTIES:
        raise UnsupportedError(
            f"skglm's {datafit} with {penalty} is the mode of no posterior here; known: {', '.join(_DATAFITS)} with "
            f"{', '.join(_PENALTIES)}."
        )
    refuse_positive(fitted.penalty)
    family = _DATAFITS[datafit]
    if family == "bernoulli":
        data = as_classes(data, getattr(fitted, "classes_", (-1.0, 1.0)))
    stated = L1(1.0, "skglm") if fitted.penalty is None else _PENALTIES[penalty](fitted.penalty)
    has_intercept = bool(getattr(fitted.solver, "fit_intercept", intercept != 0))
    return Reading(data, coef, intercept, stated, family, has_intercept)


_GLUM = {
    ("normal", "identity"): "gaussian",
    ("gaussian", "identity"): "gaussian",
    ("binomial", "logit"): "bernoulli",
    ("poisson", "log"): "poisson",
    ("gamma", "log"): "gamma",
}
_GLUM_LINKS = dict(_GLUM.keys())
_BOUNDS = ("lower_bounds", "upper_bounds", "A_ineq", "monotonic_constraints")


def _read_glum(fitted: Any, data: Data) -> Reading:
    """½·deviance/Σw, with penalties of their own for each column by P1 and the diagonal of P2."""
    coef, intercept = coefficients(fitted)
    family, link = str(fitted.family).lower(), str(fitted.link).lower()
    link = _GLUM_LINKS.get(family, link) if link == "auto" else link
    if (family, link) not in _GLUM:
        known = ", ".join(f"{name} with link {link}" for name, link in _GLUM)
        raise UnsupportedError(f"glum's family {family!r} with link {link!r} is none here; known: {known}.")
    bounded = [name for name in _BOUNDS if getattr(fitted, name, None) is not None]
    if bounded:
        raise UnsupportedError(f"this fit has {bounded[0]}=; a posterior with bounds is not offered yet; leave it out.")
    alpha = getattr(fitted, "alpha_", getattr(fitted, "alpha", None))
    alpha = 0.0 if alpha is None else scalar(alpha)
    share = scalar(getattr(fitted, "l1_ratio_", fitted.l1_ratio))
    parts = alpha * share * _diagonal(fitted.P1), alpha * (1 - share) * _diagonal(fitted.P2)
    alone: dict[float, Penalty] = {0.0: L2(parts[1], "glum"), 1.0: L1(parts[0], "glum")}
    penalty = alone.get(share, ElasticNet(*parts, "glum"))
    notes = (CHOSEN_BY_CV,) if hasattr(fitted, "alpha_") else ()
    return Reading(
        data,
        coef,
        intercept,
        penalty,
        _GLUM[family, link],
        bool(fitted.fit_intercept),
        bool(fitted.scale_predictors),
        notes=notes,
    )


def _diagonal(given: Any) -> Any:
    if given is None or isinstance(given, str):
        return 1.0
    if np.ndim(given) != 1:
        raise UnsupportedError("a matrix P2 ties coefficients together, which no prior here states; give its diagonal.")
    return np.asarray(given, dtype=float)


_STATSMODELS = {
    ("OLS", None): "gaussian",
    ("WLS", None): "gaussian",
    ("Logit", None): "bernoulli",
    ("Poisson", None): "poisson",
    ("GLM", ("Gaussian", "Identity")): "gaussian",
    ("GLM", ("Binomial", "Logit")): "bernoulli",
    ("GLM", ("Poisson", "Log")): "poisson",
}


def _read_elastic_net_result(fitted: Any, data: Data) -> Reading:
    """A result of ``fit_regularized``, which keeps no strength."""
    if data.penalty is None:
        raise PriorError(
            "a result of statsmodels' fit_regularized does not keep its strength; pass it again, penalty="
            'br.L1(alpha, objective="statsmodels") or br.ElasticNet(alpha·L1_wt, alpha·(1 − L1_wt), '
            'objective="statsmodels"), with a number for every column, 0 for those without.'
        )
    stated = replace(data.penalty, objective="statsmodels") if data.penalty.objective == "half_rss" else data.penalty
    return _of_statsmodels(fitted, data, stated)


def _read_l1_result(fitted: Any, data: Data) -> Reading:
    """A result of ``Logit`` or ``Poisson.fit_regularized``: −log likelihood + Σ alpha_j|β_j|."""
    alpha = np.asarray(fitted.mle_settings["alpha"], dtype=float)
    return _of_statsmodels(fitted, data, L1(float(alpha) if alpha.ndim == 0 else alpha, "nll"))


def _of_statsmodels(fitted: Any, data: Data, penalty: Penalty) -> Reading:
    model = fitted.model
    kind = type(model).__name__
    key = (kind, (type(model.family).__name__, type(model.family.link).__name__) if kind == "GLM" else None)
    if key not in _STATSMODELS:
        raise UnsupportedError(f"statsmodels' {key[0]} {key[1] or ''} has no family here; known: {_known_models()}.")
    known_parts = [getattr(model, name, None) for name in ("offset", "exposure")]
    if any(part is not None and np.any(np.asarray(part) != 0) for part in known_parts):
        raise UnsupportedError("the model has an offset or exposure; state it: br.Regression(X, y, offset=…, prior=…).")
    weights = data.weights if data.weights is not None else _model_weights(model)
    if key == ("GLM", ("Gaussian", "Identity")) and weights is not None:
        raise UnsupportedError("a Gaussian GLM of statsmodels with weights divides by the rows; use WLS.")
    data = replace(data, weights=weights)
    return Reading(
        data, np.asarray(fitted.params, dtype=float), 0.0, penalty, _STATSMODELS[key], False, notes=(_CONST,)
    )


def _known_models() -> str:
    return ", ".join(" ".join([name, *(family or ())]) for name, family in _STATSMODELS)


def _model_weights(model: Any) -> Any:
    """Weights that the model holds, None where all are 1."""
    held = [
        np.asarray(getattr(model, name)) for name in ("weights", "freq_weights", "var_weights") if hasattr(model, name)
    ]
    product = np.prod(np.broadcast_arrays(*held), axis=0) if held else np.ones(1)
    return None if np.all(product == 1) else np.broadcast_to(product, np.shape(model.endog)).astype(float)


_CONST = "statsmodels penalizes a constant column like any other, unless its alpha is 0; there is no other intercept"
_GLMNET = {"gaussian": "gaussian", "binomial": "bernoulli", "poisson": "poisson"}
_GLMNET_KEYS = {"a0", "beta", "lambda", "alpha", "family", "standardize", "intercept", "penalty.factor"}


def _read_glmnet(fitted: Any, data: Data) -> Reading:
    """One solution of a path, on the user's columns, as glmnet reports it."""
    missing, unknown = {"a0", "beta", "lambda"} - set(fitted), set(fitted) - _GLMNET_KEYS
    if missing or unknown:
        raise DataError(
            f"a mapping holds the numbers of a glmnet fit: {sorted(_GLMNET_KEYS)}; missing {sorted(missing)}, unknown "
            f"{sorted(map(str, unknown))}."
        )
    if np.size(fitted["lambda"]) != 1 or np.size(fitted["a0"]) != 1:
        raise DataError('give one "lambda" with its "a0" and "beta": one column of the path, fit$beta[, k].')
    family = fitted.get("family", "gaussian")
    if family not in _GLMNET:
        raise UnsupportedError(f"glmnet's family {family!r} is none here; known: {', '.join(_GLMNET)}.")
    beta = np.ravel(np.asarray(fitted["beta"], dtype=float))
    # glmnet rescales the factors so that they sum to their number.
    factor = np.asarray(fitted.get("penalty.factor", np.ones(len(beta))), dtype=float)
    penalty = elastic_net(
        scalar(fitted["lambda"]) * factor * len(factor) / factor.sum(), fitted.get("alpha", 1.0), "glmnet"
    )
    if family == "binomial":
        data = as_classes(data, np.unique(np.asarray(data.y)))
    has_intercept, standardized = bool(fitted.get("intercept", True)), bool(fitted.get("standardize", True))
    return Reading(data, beta, scalar(fitted["a0"]), penalty, _GLMNET[family], has_intercept, standardized)


OTHERS: dict[str, Callable[[Any, Data], Reading]] = {
    "skglm.Lasso": _linear(lambda fitted: L1(float(fitted.alpha), "skglm")),
    "skglm.WeightedLasso": _linear(_weighted_lasso("skglm")),
    "skglm.ElasticNet": _linear(lambda fitted: elastic_net(float(fitted.alpha), fitted.l1_ratio, "skglm")),
    "skglm.SparseLogisticRegression": _read_skglm_logistic,
    "skglm.GeneralizedLinearEstimator": _read_generalized,
    "celer.Lasso": _linear(_weighted_lasso("celer")),
    "celer.LassoCV": _linear(lambda fitted: L1(scalar(fitted.alpha_), "celer"), CHOSEN_BY_CV),
    "celer.ElasticNet": _linear(_celer_elastic_net),
    "celer.ElasticNetCV": _linear(
        lambda fitted: elastic_net(scalar(fitted.alpha_), fitted.l1_ratio_, "celer"), CHOSEN_BY_CV
    ),
    "celer.LogisticRegression": _read_celer_logistic,
    "glum.GeneralizedLinearRegressor": _read_glum,
    "glum.GeneralizedLinearRegressorCV": _read_glum,
    "statsmodels.RegularizedResults": _read_elastic_net_result,
    "statsmodels.RegularizedResultsWrapper": _read_elastic_net_result,
    "statsmodels.L1BinaryResultsWrapper": _read_l1_result,
    "statsmodels.L1PoissonResultsWrapper": _read_l1_result,
    "builtins.dict": _read_glmnet,
}

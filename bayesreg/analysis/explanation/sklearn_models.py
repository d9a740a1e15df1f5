"""Readers of scikit-learn's classifiers, generalized linear models and stochastic descents."""

from collections.abc import Callable
from dataclasses import replace
from inspect import signature
from typing import Any

import numpy as np

from bayesreg.analysis.explanation.reading import Data, Reading, as_classes, coefficients, elastic_net, scalar
from bayesreg.analysis.explanation.sklearn_linear import CHOSEN_BY_CV
from bayesreg.errors import UnsupportedError
from bayesreg.families.base import Family
from bayesreg.priors.penalty import L1, L2, ElasticNet, Penalty

_LOGISTIC = "sklearn.LogisticRegression"


def _inverse_elastic_net(C: float, l1_ratio: float) -> Penalty:
    """The penalty (l1_ratio·‖β‖₁ + ½(1 − l1_ratio)·‖β‖²)/C, whose two terms have C of their own."""
    if l1_ratio == 1:
        return L1(C, _LOGISTIC)
    if l1_ratio == 0:
        return L2(C, _LOGISTIC)
    return ElasticNet(C / l1_ratio, C / (1 - l1_ratio), _LOGISTIC)


def l1_share(fitted: Any, l1_ratio: Any) -> float:
    """The share of the L1 term: by `penalty` up to scikit-learn 1.7 and where it is still given, else by `l1_ratio`."""
    shares = {"l1": 1.0, "l2": 0.0, None: 0.0}
    penalty = getattr(fitted, "penalty", "deprecated")
    return shares[penalty] if penalty in shares else float(l1_ratio or 0.0)


def _read_logistic(fitted: Any, data: Data) -> Reading:
    share = l1_share(fitted, fitted.l1_ratio)
    C = np.inf if getattr(fitted, "penalty", "deprecated") is None else float(fitted.C)
    return _logistic(fitted, data, _inverse_elastic_net(C, share))


def _read_logistic_cv(fitted: Any, data: Data) -> Reading:
    coefficients(fitted)
    share = l1_share(fitted, scalar(fitted.l1_ratio_)) if fitted.l1_ratio_ is not None else 0.0
    return _logistic(fitted, data, _inverse_elastic_net(scalar(fitted.C_), share)).noting(CHOSEN_BY_CV)


def _logistic(fitted: Any, data: Data, penalty: Penalty) -> Reading:
    coef, intercept = coefficients(fitted)
    if fitted.solver == "liblinear" and fitted.fit_intercept:
        raise UnsupportedError(
            'solver="liblinear" penalizes the intercept like a coefficient, so its fit is that of no prior with a flat '
            'intercept, and the result depends on where x = 0 is; refit with solver="lbfgs" (l2) or "saga" (l1), or '
            "with fit_intercept=False."
        )
    if getattr(fitted, "multi_class", "auto") == "multinomial":
        raise UnsupportedError(
            'multi_class="multinomial" states two classes by two rows of coefficients, half of the penalty on each; '
            "leave multi_class out."
        )
    data = _with_class_weights(fitted, as_classes(data, fitted.classes_), data)
    return Reading(data, coef, intercept, penalty, "bernoulli", bool(fitted.fit_intercept))


def _with_class_weights(fitted: Any, data: Data, given: Data, *, weighted: bool = True) -> Data:
    """Row weights times the weight of the row's class, which scikit-learn's installed version computes."""
    if fitted.class_weight is None:
        return data
    from sklearn.utils import compute_class_weight

    labels = np.asarray(given.y).ravel()
    rows = np.ones(len(labels)) if data.weights is None else np.asarray(data.weights, dtype=float)
    takes_weights = weighted and "sample_weight" in signature(compute_class_weight).parameters
    more = {"sample_weight": rows} if takes_weights else {}
    classes = compute_class_weight(fitted.class_weight, classes=fitted.classes_, y=labels, **more)
    return replace(data, weights=rows * classes[np.searchsorted(fitted.classes_, labels)])


def _read_glm(fitted: Any, data: Data, family: str, objective: str) -> Reading:
    coef, intercept = coefficients(fitted)
    return Reading(data, coef, intercept, L2(float(fitted.alpha), objective), family, bool(fitted.fit_intercept))


def _glm(family: str, objective: str) -> Callable[[Any, Data], Reading]:
    return lambda fitted, data: _read_glm(fitted, data, family, objective)


# By power and link; the deviance of another power belongs to no family here.
_TWEEDIE = {
    (0, "identity"): ("gaussian", "sklearn.ElasticNet"),
    (1, "log"): ("poisson", "sklearn.PoissonRegressor"),
    (2, "log"): ("gamma", "sklearn.GammaRegressor"),
}


def _read_tweedie(fitted: Any, data: Data) -> Reading:
    link = ("identity" if fitted.power <= 0 else "log") if fitted.link == "auto" else fitted.link
    if (fitted.power, link) not in _TWEEDIE:
        known = ", ".join(f"power={power} with link={name!r}" for power, name in _TWEEDIE)
        raise UnsupportedError(
            f"TweedieRegressor with power={fitted.power}, link={link!r} has no family; known: {known}."
        )
    return _read_glm(fitted, data, *_TWEEDIE[fitted.power, link])


def _read_quantile(fitted: Any, data: Data) -> Reading:
    """The median's loss is that of Laplace noise, whose rows count by the square root of their weights."""
    if fitted.quantile != 0.5:
        raise UnsupportedError(
            f"QuantileRegressor(quantile={fitted.quantile}) has the loss of no symmetric noise; only quantile=0.5 has."
        )
    coef, intercept = coefficients(fitted)
    weights = None if data.weights is None else np.asarray(data.weights, dtype=float) ** 2
    penalty = L1(float(fitted.alpha), "sklearn.QuantileRegressor")
    return Reading(replace(data, weights=weights), coef, intercept, penalty, "laplace", bool(fitted.fit_intercept))


_SGD_SHARES: dict[str, Callable[[Any], float]] = {
    "l1": lambda fitted: 1.0,
    "l2": lambda fitted: 0.0,
    "elasticnet": lambda fitted: fitted.l1_ratio,
}


def _sgd(family: str | Family, loss: str, objective: str) -> Callable[[Any, Data], Reading]:
    def read(fitted: Any, data: Data) -> Reading:
        coef, intercept = coefficients(fitted)
        if fitted.loss != loss:
            raise UnsupportedError(
                f"{type(fitted).__name__}(loss={fitted.loss!r}) has the loss of no family here; only loss={loss!r} has."
            )
        share = 0.0 if fitted.penalty is None else _SGD_SHARES[fitted.penalty](fitted)
        penalty = elastic_net(0.0 if fitted.penalty is None else float(fitted.alpha), share, objective)
        if hasattr(fitted, "classes_"):
            data = _with_class_weights(fitted, as_classes(data, fitted.classes_), data, weighted=False)
        notes = (_EARLY,) if fitted.early_stopping else ()
        return Reading(data, coef, intercept, penalty, family, bool(fitted.fit_intercept), notes=notes)

    return read


_EARLY = "early_stopping=True held out some of the rows, and which is not known: the certificate is that on all rows"
MODELS = {
    "sklearn.LogisticRegression": _read_logistic,
    "sklearn.LogisticRegressionCV": _read_logistic_cv,
    "sklearn.PoissonRegressor": _glm("poisson", "sklearn.PoissonRegressor"),
    "sklearn.GammaRegressor": _glm("gamma", "sklearn.GammaRegressor"),
    "sklearn.TweedieRegressor": _read_tweedie,
    "sklearn.QuantileRegressor": _read_quantile,
    "sklearn.SGDRegressor": _sgd("gaussian", "squared_error", "sklearn.SGDRegressor"),
    "sklearn.SGDClassifier": _sgd("bernoulli", "log_loss", "sklearn.SGDClassifier"),
}

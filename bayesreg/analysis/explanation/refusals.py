"""Fits that are the mode of no posterior here, each with the reason and a way out."""

_SEVERAL = "it ties the coefficients of several targets together; fit and explain one target at a time."
_NO_LIKELIHOOD = "its loss is not the negative log likelihood of a target"
_HINGE = f"{_NO_LIKELIHOOD} (hinge loss); use LogisticRegression, or SGDClassifier(loss='log_loss')."
_COUNT = "it limits the number of nonzero coefficients, which no penalty here states; use Lasso."

REFUSALS = {
    "sklearn.MultiTaskLasso": _SEVERAL,
    "sklearn.MultiTaskLassoCV": _SEVERAL,
    "sklearn.MultiTaskElasticNet": _SEVERAL,
    "sklearn.MultiTaskElasticNetCV": _SEVERAL,
    "sklearn.RidgeClassifier": f"{_NO_LIKELIHOOD} of classes (it fits −1 and 1 by least squares); use "
    "LogisticRegression, or Ridge on such a target.",
    "sklearn.RidgeClassifierCV": f"{_NO_LIKELIHOOD} of classes (it fits −1 and 1 by least squares); use "
    "LogisticRegressionCV, or RidgeCV on such a target.",
    "sklearn.HuberRegressor": f"{_NO_LIKELIHOOD} (Huber's loss with its own scale); for robust noise use "
    'br.Regression(…, family="student_t").',
    "sklearn.LinearSVC": _HINGE,
    "sklearn.SVC": _HINGE,
    "sklearn.Perceptron": _HINGE,
    "sklearn.PassiveAggressiveClassifier": _HINGE,
    "sklearn.PassiveAggressiveRegressor": f"{_NO_LIKELIHOOD}; use Ridge.",
    "sklearn.OrthogonalMatchingPursuit": _COUNT,
    "sklearn.OrthogonalMatchingPursuitCV": _COUNT,
    "sklearn.Lars": "it stops after a number of steps, which no penalty states; use LassoLars.",
    "sklearn.LarsCV": "it stops after a number of steps, which no penalty states; use LassoLarsCV.",
    "sklearn.ColumnTransformer": "it makes columns and fits nothing to a target; put it before a regression in a "
    "Pipeline, and explain that.",
    "skglm.MCPRegression": "its penalty (MCP) is the prior of no proper posterior here; use Lasso or WeightedLasso.",
    "skglm.LinearSVC": _HINGE,
    "skglm.MultiTaskLasso": _SEVERAL,
    "celer.MultiTaskLasso": _SEVERAL,
    "celer.MultiTaskLassoCV": _SEVERAL,
    "torch": "an optimizer of PyTorch keeps no fixed prior: AdamW and Adam divide the pull of the loss but not that of "
    "weight_decay (or both) by running sizes of the gradient, so the strength changes with the data and over the "
    "steps. Only plain SGD minimizes one penalized loss: pass its weight_decay to br.to_prior(br.L2(weight_decay), "
    'objective="torch.weight_decay", …), and judge the weights by br.certify(reg, coef).',
}

"""A regression's strength in the words of each tool, against the tools themselves, with weighted rows."""

import json
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import minimize
from scipy.special import gammaln

import bayesreg as br
from bayesreg.model.strength import conversion

N = 60
_rng = np.random.default_rng(5)
X = _rng.normal(size=(N, 3)) * [1.0, 2.0, 0.5] + [0.0, 1.0, -2.0]
ETA = X @ [0.7, 0.0, -0.6] - 1.0
W = _rng.uniform(0.5, 4.0, N)
Y = {
    "gaussian": 3 * ETA + _rng.normal(size=N),
    "bernoulli": (_rng.random(N) < 1 / (1 + np.exp(-ETA))).astype(float),
    "poisson": _rng.poisson(np.exp(ETA)).astype(float),
    "laplace": 3 * ETA + _rng.laplace(size=N),
}
FAMILY = {"laplace": br.LaplaceNoise()}
SIGMA = 1.3


def regression(family, prior, weights=W, **given):
    sigma = SIGMA if family in ("gaussian", "laplace") else None
    settings = {"family": FAMILY.get(family, family), "sigma": sigma, "standardize": False, "weights": weights}
    return br.Regression(X, Y[family], prior=prior, **(settings | given))


def stated(reg, objective):
    """The strengths (L1, L2) of a regression in a tool's convention."""
    penalty = br.to_penalty(reg.prior, objective=objective, **conversion(reg, objective, reg.noise.sigma))
    if isinstance(penalty, br.ElasticNet):
        return penalty.l1, penalty.l2
    return (penalty.strength, 0.0) if isinstance(penalty, br.L1) else (0.0, penalty.strength)


def sklearn_fit(model, family):
    found = model.fit(X, Y[family], sample_weight=np.sqrt(W) if family == "laplace" else W)
    return np.ravel(found.coef_)


def lasso(a, c):
    from sklearn.linear_model import Lasso

    return sklearn_fit(Lasso(alpha=a, tol=1e-14, max_iter=100_000), "gaussian")


def elastic_net(a, c):
    from sklearn.linear_model import ElasticNet

    return sklearn_fit(ElasticNet(alpha=a + c, l1_ratio=a / (a + c), tol=1e-14, max_iter=100_000), "gaussian")


def ridge(a, c):
    from sklearn.linear_model import Ridge

    return sklearn_fit(Ridge(alpha=c, solver="svd"), "gaussian")


def logistic(a, c):
    from sklearn.linear_model import LogisticRegression

    settings = {"C": c, "l1_ratio": 0.0, "solver": "newton-cholesky", "tol": 1e-12, "max_iter": 1_000}
    return sklearn_fit(LogisticRegression(**settings), "bernoulli")


def poisson(a, c):
    from sklearn.linear_model import PoissonRegressor

    return sklearn_fit(PoissonRegressor(alpha=c, solver="newton-cholesky", tol=1e-12, max_iter=1_000), "poisson")


def quantile(a, c):
    from sklearn.linear_model import QuantileRegressor

    return sklearn_fit(QuantileRegressor(quantile=0.5, alpha=a, solver="highs"), "laplace")


def statsmodels_wls(a, c):
    import statsmodels.api as sm

    design = np.column_stack([X, np.ones(N)])
    fitted = sm.WLS(Y["gaussian"], design, weights=W).fit_regularized(
        alpha=np.array([a + c] * 3 + [0.0]), L1_wt=a / (a + c), maxiter=5_000, cnvrg_tol=1e-13
    )
    return np.asarray(fitted.params)[:3]


def statsmodels_glm(family):
    def fit(a, c):
        import statsmodels.api as sm

        kind = {"bernoulli": sm.families.Binomial, "poisson": sm.families.Poisson}[family]
        model = sm.GLM(Y[family], np.column_stack([X, np.ones(N)]), family=kind(), freq_weights=W)
        theta = np.zeros(4)
        for _ in range(20):
            theta = model.fit_regularized(
                alpha=np.array([a + c] * 3 + [0.0]),
                L1_wt=a / (a + c),
                start_params=theta,
                maxiter=5_000,
                cnvrg_tol=1e-13,
            ).params
        return theta[:3]

    return fit


LAPLACE, NORMAL, BOTH = br.Laplace(0.2), br.Normal(0.5), br.ElasticNetPrior(0.3, 0.8)
# statsmodels' GLM stops its line searches early, which no setting of its tolerance changes.
TOOLS = {
    "Lasso": ("sklearn.Lasso", "gaussian", LAPLACE, lasso, 1e-9),
    "ElasticNet": ("sklearn.ElasticNet", "gaussian", BOTH, elastic_net, 1e-9),
    "Ridge": ("sklearn.Ridge", "gaussian", NORMAL, ridge, 1e-9),
    "WLS": ("statsmodels", "gaussian", BOTH, statsmodels_wls, 1e-8),
    "LogisticRegression": ("sklearn.LogisticRegression", "bernoulli", NORMAL, logistic, 1e-8),
    "PoissonRegressor": ("sklearn.PoissonRegressor", "poisson", NORMAL, poisson, 1e-8),
    "QuantileRegressor": ("sklearn.QuantileRegressor", "laplace", LAPLACE, quantile, 1e-8),
    "GLM binomial": ("statsmodels", "bernoulli", NORMAL, statsmodels_glm("bernoulli"), 3e-4),
    "GLM poisson": ("statsmodels", "poisson", NORMAL, statsmodels_glm("poisson"), 3e-4),
}


@pytest.mark.parametrize("tool", TOOLS)
def test_a_weighted_strength_is_that_of_the_tool(tool):
    objective, family, prior, fit, tolerance = TOOLS[tool]
    reg = regression(family, prior)
    with warnings.catch_warnings():
        # statsmodels' own notice that freq_weights and regularization go together.
        warnings.simplefilter("ignore")
        found = fit(*stated(reg, objective))
    np.testing.assert_allclose(found, br.map_estimate(reg).coef, rtol=tolerance, atol=1e-9)


def test_repeated_rows_have_the_strength_of_weighted_ones_where_the_tool_divides_by_the_weights():
    times = np.arange(N) % 3 + 1.0
    twice = np.repeat(np.arange(N), times.astype(int))
    weighted = regression("gaussian", BOTH, weights=times)
    repeated = br.Regression(X[twice], Y["gaussian"][twice], prior=BOTH, sigma=SIGMA, standardize=False)
    for objective in ("half_rss", "scaled_nll", "mse", "nll", "sklearn.ElasticNet", "skglm", "statsmodels", "glmnet"):
        assert stated(weighted, objective) == pytest.approx(stated(repeated, objective), rel=1e-12)
    # Keras and torch divide a weighted sum of losses by the number of rows.
    assert stated(weighted, "keras")[0] == pytest.approx(stated(repeated, "keras")[0] * len(twice) / N, rel=1e-12)


LOSS = {
    "gaussian": lambda eta: (Y["gaussian"] - eta) ** 2,
    "bernoulli": lambda eta: np.logaddexp(0, eta) - Y["bernoulli"] * eta,
    "poisson": lambda eta: np.exp(eta) - Y["poisson"] * eta + gammaln(Y["poisson"] + 1),
}
# What each tool adds up with all weights 1: the mean of a loss, and the L2 term with strength c.
MEAN_LOSS = {
    "keras": lambda c, beta: c * beta @ beta,
    "torch.weight_decay": lambda c, beta: 0.5 * c * beta @ beta,
    "glmnet": lambda c, beta: 0.5 * c * beta @ beta,
    "skglm": lambda c, beta: 0.5 * c * beta @ beta,
    "statsmodels": lambda c, beta: 0.5 * c * beta @ beta,
    "sklearn.PoissonRegressor": lambda c, beta: 0.5 * c * beta @ beta,
}


@pytest.mark.parametrize("weights", [None, W], ids=["rows", "weighted rows"])
@pytest.mark.parametrize(
    ("objective", "family"),
    [
        (name, family)
        for name in MEAN_LOSS
        for family in LOSS
        if not (name in ("glmnet", "skglm", "statsmodels") and family == "gaussian")
        and not (name.startswith("sklearn") and family != "poisson")
    ],
)
def test_map_minimizes_the_mean_loss_with_the_stated_strength(objective, family, weights):
    """Keras and torch average over rows whatever the weights, the others over the weights."""
    reg = regression(family, NORMAL, weights=weights)
    _, c = stated(reg, objective)
    rows = objective in ("keras", "torch.weight_decay", "statsmodels")
    w = np.ones(N) if weights is None else weights
    w = w / (N if rows else w.sum())

    def objective_of(theta):
        return w @ LOSS[family](X @ theta[:3] + theta[3]) + MEAN_LOSS[objective](c, theta[:3])

    estimate = br.map_estimate(reg)
    best = minimize(objective_of, np.append(estimate.coef * 1.3, 0.0), method="BFGS", options={"gtol": 1e-8})
    np.testing.assert_allclose(best.x[:3], estimate.coef, rtol=2e-4, atol=2e-4)


def test_absolute_error_has_the_factor_of_its_mean():
    """Keras' and torch's mean absolute error is twice scikit-learn's pinball loss at the median."""
    reg = regression("laplace", LAPLACE, weights=None)
    assert stated(reg, "keras")[0] == pytest.approx(2 * stated(reg, "sklearn.QuantileRegressor")[0], rel=1e-14)
    wide = regression("laplace", NORMAL, weights=None)
    assert stated(wide, "torch.weight_decay")[1] == pytest.approx(2 * stated(wide, "keras")[1], rel=1e-14)


@pytest.mark.slow
@pytest.mark.parametrize("family", ["bernoulli", "poisson"])
def test_skglm_means_the_same_by_its_strength(family):
    from skglm import GeneralizedLinearEstimator
    from skglm.datafits import Logistic, Poisson
    from skglm.penalties import L1_plus_L2
    from skglm.solvers import ProxNewton

    reg = regression(family, BOTH, weights=None, intercept=False)
    a, c = stated(reg, "skglm")
    y = 2 * Y[family] - 1 if family == "bernoulli" else Y[family]
    model = GeneralizedLinearEstimator(
        datafit={"bernoulli": Logistic, "poisson": Poisson}[family](),
        penalty=L1_plus_L2(a + c, a / (a + c)),
        solver=ProxNewton(tol=1e-12, fit_intercept=False, max_iter=200),
    )
    found = np.ravel(model.fit(np.asfortranarray(X), y).coef_)
    np.testing.assert_allclose(found, br.map_estimate(reg).coef, rtol=1e-7, atol=1e-9)


PEERS = Path(__file__).parents[1] / "peers" / "glmnet"
CASES = json.loads((PEERS / "reference.json").read_text())["cases"]
KINDS = {"gaussian": "gaussian", "binomial": "bernoulli", "poisson": "poisson"}


def glmnet_prior(case, bare, strength):
    alpha = case["alpha"]
    l1, l2 = strength * alpha, strength * (1 - alpha)
    penalty = br.L1(l1) if l2 == 0 else br.L2(l2) if l1 == 0 else br.ElasticNet(l1, l2)
    return br.to_prior(penalty, objective="glmnet", **conversion(bare, "glmnet", bare.noise.sigma))


@pytest.mark.parametrize("case", [case for case in CASES if not case["penalty_factor"]], ids=lambda case: case["id"])
def test_a_glmnet_lambda_is_read_from_the_regression_alone(case):
    """glmnet fits of all families, with weights of any sum, offsets, and without an intercept."""
    data = pd.read_csv(PEERS / case["file"])
    bare = br.Regression(
        data[case["features"]],
        data[case["outcome"]],
        prior=br.Normal(1.0),
        family=KINDS[case["family"]],
        sigma=2.0 if case["family"] == "gaussian" else None,
        intercept=case["intercept"],
        standardize=case["standardize"],
        weights=3.7 * data[case["weights"]] if case["weights"] else None,
        offset=data[case["offset"]] if case["offset"] else None,
    )
    reg = bare.with_prior(glmnet_prior(case, bare, case["lambda"][2]))
    np.testing.assert_allclose(br.map_estimate(reg).coef, case["coefficients"][2], rtol=1e-7)

"""Fits of statsmodels are the modes that they are explained by, where it has found them."""

import numpy as np
import pytest
import statsmodels.api as sm

import bayesreg as br
from bayesreg.errors import DataError, PriorError, UnsupportedError

ALPHA = np.array([0.0, 0.1, 0.1, 0.1, 0.1])
DESCENT = {"cnvrg_tol": 1e-14, "maxiter": 2000}
# Started away from 0, its descent returns to every coefficient.
AWAY = {"start_params": np.full(5, 0.3), **DESCENT}


@pytest.fixture(scope="module")
def rows():
    return make_rows(60)


def make_rows(n):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n, 4)) * [1, 2, 0.5, 1] + 1
    eta = X @ [1.0, -0.5, 0.0, 0.3]
    return {
        "X": X,
        "C": sm.add_constant(X),
        "numbers": eta + rng.normal(size=n),
        "classes": (eta + rng.logistic(size=n) > 0.8).astype(float),
        "counts": rng.poisson(np.exp(eta / 3)).astype(float),
        "weights": rng.uniform(0.5, 2.0, size=n),
    }


STATSMODELS = [
    (lambda y, C, w: sm.OLS(y, C).fit_regularized(alpha=ALPHA, **AWAY), "numbers", br.L1(ALPHA)),
    (
        lambda y, C, w: sm.OLS(y, C).fit_regularized(alpha=0.1, L1_wt=0.3, **AWAY),
        "numbers",
        br.ElasticNet(0.03, 0.07, "statsmodels"),
    ),
    (lambda y, C, w: sm.OLS(y, C).fit_regularized(alpha=0.1, L1_wt=0.0), "numbers", br.L2(0.1, "statsmodels")),
    (lambda y, C, w: sm.WLS(y, C, weights=w).fit_regularized(alpha=ALPHA, **AWAY), "numbers", br.L1(ALPHA)),
    (lambda y, C, w: sm.Logit(y, C).fit_regularized(alpha=20 * ALPHA, disp=0), "classes", None),
    (lambda y, C, w: sm.Poisson(y, C).fit_regularized(alpha=2.0, disp=0), "counts", None),
    (lambda y, C, w: sm.GLM(y, C).fit_regularized(alpha=0.05, **AWAY), "numbers", br.L1(0.05)),
    (
        lambda y, C, w: sm.GLM(y, C, family=sm.families.Binomial()).fit_regularized(alpha=ALPHA, **AWAY),
        "classes",
        br.L1(ALPHA, "statsmodels"),
    ),
    (
        lambda y, C, w: sm.GLM(y, C, family=sm.families.Poisson(), freq_weights=w).fit_regularized(
            alpha=0.05, **DESCENT
        ),
        "counts",
        br.L1(0.05, "statsmodels"),
    ),
]


@pytest.mark.parametrize(("fit", "kind", "penalty"), STATSMODELS)
def test_a_fit_of_statsmodels_is_the_certified_mode(fit, kind, penalty, rows):
    result = fit(rows[kind], rows["C"], rows["weights"])
    explained = br.explain(result, rows["C"], rows[kind], penalty=penalty)
    assert explained.certificate.gap < 1e-4
    np.testing.assert_allclose(explained.map.coef, np.asarray(result.params), atol=1e-3)
    assert explained.reg.intercept is False


def test_a_coefficient_that_statsmodels_leaves_at_0_is_caught():
    """Its coordinate descent does not come back to a coefficient that has once been 0."""
    rows = make_rows(80)
    C, y = rows["C"], rows["numbers"]

    def objective(beta):
        return np.sum((y - C @ beta) ** 2) / 160 + np.sum(ALPHA * np.abs(beta))

    stopped = sm.OLS(y, C).fit_regularized(alpha=ALPHA, **DESCENT)
    explained = br.explain(stopped, C, y, penalty=br.L1(ALPHA))
    short = (objective(stopped.params) - objective(explained.map.coef)) / objective(stopped.params)
    assert short > 0.005
    assert short <= explained.certificate.gap
    assert "short of the optimum" in explained.verdict


@pytest.mark.filterwarnings("ignore:Regularized fitting did not converge")
def test_what_these_tools_leave_out_is_asked_for(rows):
    X, C, y = rows["X"], rows["C"], rows["numbers"]
    ols = sm.OLS(y, C).fit_regularized(alpha=0.1)
    with_offset = sm.GLM(rows["counts"], C, family=sm.families.Poisson(), offset=np.ones(60)).fit_regularized(alpha=0.1)
    gamma = sm.GLM(y**2 + 0.1, C, family=sm.families.Gamma(sm.families.links.Log())).fit_regularized(alpha=0.1)
    glmnet = {"a0": 0.0, "beta": np.zeros(4), "lambda": 1.0}
    refused = [
        (PriorError, "does not keep its strength", lambda: br.explain(ols, C, y)),
        (UnsupportedError, "offset", lambda: br.explain(with_offset, C, rows["counts"], penalty=br.L1(0.1))),
        (UnsupportedError, "Gamma", lambda: br.explain(gamma, C, y**2 + 0.1, penalty=br.L1(0.1))),
        (DataError, "missing .*'lambda'", lambda: br.explain({"a0": 0.0, "beta": np.zeros(4)}, X, y)),
        (DataError, "unknown .*'lambda2'", lambda: br.explain(glmnet | {"lambda2": 0}, X, y)),
        (DataError, "one column of the path", lambda: br.explain(glmnet | {"lambda": [1.0, 0.5]}, X, y)),
        (UnsupportedError, "'cox'", lambda: br.explain(glmnet | {"family": "cox"}, X, y)),
    ]
    for error, words, call in refused:
        with pytest.raises(error, match=words):
            call()

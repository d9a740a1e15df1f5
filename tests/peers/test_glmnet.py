"""glmnet's stored Gaussian fits, reproduced through the dictionary and the MAP estimate.

reference.json holds what R's glmnet returned (make_reference.R). With w̃ = w/Σw, v = penalty.factor·p/Σpenalty.factor,
s_j the weighted, always centred 1/n sd of column j (or 1 without standardize) and β_j = s_j·coef_j, glmnet minimizes

    Σ w̃_i ½(y_i − η_i)² + λ Σ_j v_j [α|β_j| + (1−α)/(2 s_y) β_j²],

where s_y is the weighted 1/n sd of y, taken about its mean with an intercept and about 0 without.
"""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import bayesreg as br

FOLDER = Path(__file__).parent / "glmnet"
CASES = json.loads((FOLDER / "reference.json").read_text())["cases"]
GAUSSIAN = [case for case in CASES if case["family"] == "gaussian"]


def read(case):
    """X, y and the weights rescaled to sum to n: the regression sums w_i·r_i², where glmnet averages."""
    data = pd.read_csv(FOLDER / case["file"])
    weights = data[case["weights"]] if case["weights"] else None
    if weights is not None:
        weights = weights * (len(data) / weights.sum())
    return data[case["features"]], data[case["outcome"]], weights


def scale_inside(y, weights, intercept):
    """The s_y by which glmnet divides y before it begins."""
    mean = np.average(y, weights=weights) if intercept else 0.0
    return float(np.sqrt(np.average((y - mean) ** 2, weights=weights)))


def penalty(case, strength):
    """The penalty in the form that its alpha asks for, with per-column strengths for a penalty factor."""
    alpha, factor = case["alpha"], 1.0
    if case["penalty_factor"]:
        given = np.array(case["penalty_factor"])
        factor = given * len(given) / given.sum()
    if alpha == 1:
        return br.L1(strength * factor, objective="glmnet")
    if alpha == 0:
        return br.L2(strength * factor, objective="glmnet")
    return br.ElasticNet(strength * alpha * factor, strength * (1 - alpha) * factor, objective="glmnet")


def fit(case, strength):
    X, y, weights = read(case)
    sd_y = scale_inside(y, weights, case["intercept"])
    prior = br.to_prior(penalty(case, strength), sigma=1.0, n=len(y), sd_y=sd_y, objective="glmnet")
    reg = br.Regression(
        X, y, prior=prior, sigma=1.0, intercept=case["intercept"], standardize=case["standardize"], weights=weights
    )
    return br.map_estimate(reg)


def test_every_stored_gaussian_case_is_compared():
    """18 Gaussian cases of 6 strengths; the others belong to families that Regression does not have."""
    assert len(GAUSSIAN) == 18
    assert {len(case["lambda"]) for case in GAUSSIAN} == {6}
    assert {case["family"] for case in CASES} - {"gaussian"} == {"binomial", "poisson"}
    for case in GAUSSIAN:
        assert case["offset"] is None
        assert len(case["coefficients"]) == len(case["intercepts"]) == len(case["lambda"])


@pytest.mark.parametrize("row", range(6))
@pytest.mark.parametrize("case", GAUSSIAN, ids=lambda case: case["id"])
def test_map_is_the_glmnet_fit(case, row):
    """Same zeros, and the other coefficients and the intercept to 1e-8."""
    estimate = fit(case, case["lambda"][row])
    expected = np.array(case["coefficients"][row])
    assert np.array_equal(estimate.coef == 0, expected == 0)
    np.testing.assert_allclose(estimate.coef, expected, rtol=1e-8)
    np.testing.assert_allclose(estimate.intercept, case["intercepts"][row], rtol=1e-8)


@pytest.mark.parametrize("wrong", ["n off by one", "divisor n - 1 in sd of y", "sd of y about 0"])
def test_the_comparison_notices_a_small_mistake(wrong):
    """A planted mistake in n or s_y moves the coefficients by at least 100 times the tolerance."""
    case = next(case for case in GAUSSIAN if case["id"] == "gaussian-enet-standardized")
    X, y, _ = read(case)
    n, sd_y = len(y), scale_inside(y, None, True)
    n, sd_y = {
        "n off by one": (n - 1, sd_y),
        "divisor n - 1 in sd of y": (n, y.std(ddof=1)),
        "sd of y about 0": (n, scale_inside(y, None, False)),
    }[wrong]
    prior = br.to_prior(penalty(case, case["lambda"][2]), sigma=1.0, n=n, sd_y=sd_y, objective="glmnet")
    estimate = br.map_estimate(br.Regression(X, y, prior=prior, sigma=1.0))
    expected = np.array(case["coefficients"][2])
    assert np.max(np.abs(estimate.coef - expected)) > 1e-6 * np.max(np.abs(expected))

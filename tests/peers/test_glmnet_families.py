"""glmnet's stored binomial and Poisson fits, reproduced through the dictionary and the MAP estimate.

reference.json holds what R's glmnet returned (make_reference.R). With w̃ = w/Σw, s_j the weighted 1/n sd of
column j (or 1 without standardize) and β_j = s_j·coef_j, glmnet minimizes

    Σ w̃_i nll_i + λ Σ_j [α|β_j| + (1−α)/2 β_j²],

and unlike for the Gaussian family nothing is done to y. Weights that sum to n make that a multiple n of ours.
"""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import bayesreg as br

FOLDER = Path(__file__).parent / "glmnet"
CASES = [case for case in json.loads((FOLDER / "reference.json").read_text())["cases"] if case["family"] != "gaussian"]
FAMILY = {"binomial": "bernoulli", "poisson": "poisson"}


@pytest.fixture(scope="module")
def frames():
    return {name: pd.read_csv(FOLDER / name) for name in sorted({case["file"] for case in CASES})}


def penalty(alpha, strength):
    """In ``half_rss``, which for σ = 1 is the negative log likelihood plus l1‖β‖₁ + ½l2‖β‖²."""
    l1, l2 = strength * alpha, strength * (1 - alpha)
    return br.L1(l1) if l2 == 0 else br.L2(l2) if l1 == 0 else br.ElasticNet(l1, l2)


def fit(case, data, strength, **given):
    weights = data[case["weights"]] * (len(data) / data[case["weights"]].sum()) if case["weights"] else None
    settings = {
        "prior": br.to_prior(penalty(case["alpha"], len(data) * strength), sigma=1.0),
        "family": FAMILY[case["family"]],
        "intercept": case["intercept"],
        "standardize": case["standardize"],
        "weights": weights,
        "offset": data[case["offset"]] if case["offset"] else None,
    }
    return br.map_estimate(br.Regression(data[case["features"]], data[case["outcome"]], **(settings | given)))


def test_every_stored_case_is_compared():
    assert len(CASES) == 14
    assert all(len(case["lambda"]) == len(case["coefficients"]) == len(case["intercepts"]) == 6 for case in CASES)
    assert {case["penalty_factor"] for case in CASES} == {None}
    assert sum(case["offset"] is not None for case in CASES) == 7
    assert sum(case["weights"] is not None for case in CASES) == 2


@pytest.mark.parametrize("row", range(6))
@pytest.mark.parametrize("case", CASES, ids=lambda case: case["id"])
def test_map_is_the_glmnet_fit(frames, case, row):
    """Same zeros, and the other coefficients and the intercept to 1e-8."""
    estimate = fit(case, frames[case["file"]], case["lambda"][row])
    expected = np.array(case["coefficients"][row])
    assert np.array_equal(estimate.coef == 0, expected == 0)
    np.testing.assert_allclose(estimate.coef, expected, rtol=1e-8)
    np.testing.assert_allclose(estimate.intercept, case["intercepts"][row], rtol=1e-8)
    assert estimate.certificate.kkt <= 1e-9


WRONG = {
    "strength off by 1/n": lambda case, data: fit(case, data, case["lambda"][2] * (1 + 1 / len(data))),
    "not standardized": lambda case, data: fit(case, data, case["lambda"][2], standardize=False),
    "weights forgotten": lambda case, data: fit(case, data, case["lambda"][2], weights=None),
    "weights that sum to 2n": lambda case, data: fit(
        case, data, case["lambda"][2], weights=data["w"] * (2 * len(data) / data["w"].sum())
    ),
}


@pytest.mark.parametrize("wrong", WRONG)
@pytest.mark.parametrize("family", ["binomial", "poisson"])
def test_the_comparison_notices_a_small_mistake(frames, family, wrong):
    """A planted mistake moves the coefficients by at least 100 times the tolerance."""
    case = next(case for case in CASES if case["id"] == f"{family}-enet-weights-standardized")
    estimate, expected = WRONG[wrong](case, frames[case["file"]]), np.array(case["coefficients"][2])
    assert np.max(np.abs(estimate.coef - expected)) > 1e-6 * np.max(np.abs(expected))

"""Fits that celer, glum and skglm have made are the modes that they are explained by, though none is installed.

fits.json holds the rows, and of every fit the version of its package, its settings and its coefficients.
"""

import json
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

import bayesreg as br
from bayesreg.errors import UnsupportedError

FOLDER = Path(__file__).parent
STORED = json.loads((FOLDER / "explained" / "fits.json").read_text())
GLMNET = json.loads((FOLDER / "glmnet" / "reference.json").read_text())["cases"]


def rebuilt(fit, **changed):
    """An object of the fit's class by name, with the attributes that the package left on it."""
    values = fit["attributes"] | changed
    parts = {name: part(value) if isinstance(value, dict) else value for name, value in values.items()}
    arrays = {name: np.array(value) if isinstance(value, list) else value for name, value in parts.items()}
    return named(fit["name"], fit["module"], arrays)


def part(values):
    return named(values["type"], "skglm", {name: value for name, value in values.items() if name != "type"})


def named(name, module, attributes):
    made = type(name, (SimpleNamespace,), {"__module__": module})()
    vars(made).update(attributes)
    return made


def label(fit):
    return f"{fit['package']}-{fit['name']}-{fit['target']}"


@pytest.mark.parametrize("fit", STORED["fits"], ids=label)
def test_a_stored_fit_is_the_certified_mode(fit):
    X, y = np.array(STORED["X"]), np.array(STORED[fit["target"]])
    weights = np.array(STORED["weights"]) if fit["weighted"] else None
    explained = br.explain(rebuilt(fit), X, y, sample_weight=weights)
    assert explained.certificate.gap < 1e-9
    np.testing.assert_allclose(explained.map.coef, np.ravel(fit["attributes"]["coef_"]), atol=1e-6)


def first(package, name):
    return next(fit for fit in STORED["fits"] if (fit["package"], fit["name"]) == (package, name))


def test_settings_that_no_prior_states_are_refused():
    X, y = np.array(STORED["X"]), np.array(STORED["numbers"])
    glum, general = first("glum", "GeneralizedLinearRegressor"), first("skglm", "GeneralizedLinearEstimator")
    refused = [
        ("lower_bounds", rebuilt(glum, lower_bounds=[0, 0, 0])),
        ("none here", rebuilt(glum, family="inverse.gaussian")),
        ("matrix P2", rebuilt(glum, P2=np.eye(3))),
        ("positive=False", rebuilt(first("skglm", "Lasso"), positive=True)),
        ("Huber with WeightedL1", rebuilt(general, datafit={"type": "Huber"})),
        ("Quadratic with MCPenalty", rebuilt(general, penalty={"type": "MCPenalty"})),
        ("weights=", rebuilt(first("celer", "ElasticNet"), weights=[1.0, 2.0, 3.0])),
        ("several targets", named("MultiTaskLasso", "celer.dropin_sklearn", {})),
    ]
    for words, fitted in refused:
        with pytest.raises(UnsupportedError, match=words):
            br.explain(fitted, X, y)


WITHOUT_OFFSET = [case for case in GLMNET if not case["offset"]]


@pytest.mark.parametrize("case", WITHOUT_OFFSET, ids=lambda case: case["id"])
def test_the_numbers_of_a_glmnet_fit_are_read(case):
    data = pd.read_csv(FOLDER / "glmnet" / case["file"])
    weights, k = data[case["weights"]] if case["weights"] else None, len(case["lambda"]) // 2
    numbers = {"a0": case["intercepts"][k], "beta": case["coefficients"][k], "lambda": case["lambda"][k]}
    numbers |= {name: case[name] for name in ("alpha", "family", "standardize", "intercept")}
    numbers |= {"penalty.factor": case["penalty_factor"]} if case["penalty_factor"] else {}
    explained = br.explain(numbers, data[case["features"]], data[case["outcome"]], sample_weight=weights)
    assert explained.certificate.gap < 1e-9
    scale = np.max(np.abs(case["coefficients"][k]))
    np.testing.assert_allclose(explained.map.coef, case["coefficients"][k], atol=1e-5 * scale)

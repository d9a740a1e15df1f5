"""Formulas: what they describe, and what they refuse before anything runs."""

import numpy as np
import pandas as pd
import pytest

import bayesreg as br
from bayesreg.design.formula import read_formula
from bayesreg.errors import DataError

FRAME = pd.DataFrame(
    {
        "y": [1.0, 2.0, 4.0, 3.0, 5.0, 2.5],
        "a": [1.0, 2.0, 3.0, 4.0, 5.0, 6.5],
        "b": [0.5, 0.1, 0.7, 0.9, 0.2, 0.4],
        "odd name": [1.0, 0.0, 1.0, 0.0, 1.0, 1.0],
        "group": list("uvwuvw"),
    }
)


def test_columns_and_interactions():
    found = read_formula("y ~ a * b", FRAME)
    assert list(found.X.columns) == ["a", "b", "a:b"]
    np.testing.assert_allclose(found.X["a:b"], FRAME["a"] * FRAME["b"])
    assert found.intercept
    assert found.y.name == "y"


def test_a_category_has_a_column_for_each_level_but_the_first():
    found = read_formula("y ~ C(group)", FRAME)
    np.testing.assert_array_equal(found.X.to_numpy(), pd.get_dummies(FRAME["group"], dtype=float).to_numpy()[:, 1:])


def test_functions_and_odd_names():
    found = read_formula("log(y) ~ sqrt(a) + `odd name`", FRAME)
    np.testing.assert_allclose(found.y, np.log(FRAME["y"]))
    np.testing.assert_allclose(found.X.iloc[:, 0], np.sqrt(FRAME["a"]))
    np.testing.assert_allclose(found.X.iloc[:, 1], FRAME["odd name"])


@pytest.mark.parametrize("formula", ["y ~ 0 + a", "y ~ a - 1"])
def test_the_intercept_can_be_turned_off(formula):
    reg = br.Regression.from_formula(formula, FRAME, prior=br.Normal(1.0), sigma=1.0)
    assert reg.intercept is False


def test_the_regression_is_that_of_the_columns():
    by_formula = br.Regression.from_formula("y ~ a + b", FRAME, prior=br.Laplace(1.0), sigma=1.0)
    by_columns = br.Regression(FRAME[["a", "b"]], FRAME["y"], prior=br.Laplace(1.0), sigma=1.0)
    np.testing.assert_array_equal(br.map_estimate(by_formula).coef, br.map_estimate(by_columns).coef)


@pytest.mark.parametrize(
    "formula",
    [
        "y ~ __import__('os').system('true')",
        "y ~ a.values",
        "y ~ a[0]",
        "y ~ {a}",
        "y ~ eval(a)",
        "y ~ open(a)",
        "y ~ a @ b",
        "y ~ (lambda: a)()",
        "__import__('os') ~ a",
        "y ~ 'a'",
        "y ~ log.__class__(a)",
        "y ~ nope",
        "y ~ `nope`",
        "y",
        "y ~ a ~ b",
        "~ a",
        "y ~",
        "y ~ 1",
        "y ~ a +",
        "a + b ~ y",
        "y ~ " + "a + " * 1000 + "b",
        "y ~ (a + b) ** 99 * (a + b) ** 99 * (a + b) ** 99 * (a + b) ** 99 * (a + b) ** 99 * (a + b) ** 99",
        "y ~ " + " * ".join(["a"] * 20),
        None,
        3,
    ],
)
def test_anything_else_is_refused(formula):
    with pytest.raises(DataError):
        read_formula(formula, FRAME)


def test_nothing_runs_before_it_is_refused(tmp_path):
    target = tmp_path / "made"
    with pytest.raises(DataError, match=r"not allowed|cannot be called"):
        read_formula(f"y ~ a + open('{target}', 'w')", FRAME)
    assert not target.exists()


def test_missing_values_are_named():
    with pytest.raises(DataError, match="cannot be used"):
        read_formula("y ~ a", FRAME.assign(a=np.nan))

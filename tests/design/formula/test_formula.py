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


PEER_FRAME = pd.DataFrame(
    {
        **{name: np.random.default_rng(j).uniform(1, 2, 40) for j, name in enumerate(["y", "a", "b", "c"])},
        "g": list("uvwu") * 10,
        "h": pd.Categorical(list("pqqpp") * 8, categories=["q", "p", "r"]),
        "k": [True, False] * 20,
    }
)


@pytest.mark.parametrize(
    "right",
    [
        "a + b - 1",
        "-1 + a",
        "0 + a + 1",
        "a * b - a",
        "a / b + c",
        "(a + b) / c",
        "a / (b + c)",
        "(a + b + c) ** 2",
        "(a + g) ^ 2",
        "b:a + a:b + a:a",
        "a - b",
        "g",
        "0 + g",
        "g + h + k",
        "g * h",
        "g:h",
        "0 + g:h",
        "g:a",
        "a + g:a",
        "g / h / a",
        "C(k):g + poly(a, 3):g",
        "poly(a, 2) + poly(b, degree=2, raw=True)",
        "bs(a, df=6) + bs(b, 5, degree=2):h",
        "center(a) + scale(log(b + 1))",
        "log(1.50*a) + exp(-a**2/3) + abs(a-(b-c)) + sqrt((a+b)*c)",
    ],
)
def test_columns_and_names_are_formulaics(right):
    from formulaic import Formula

    context = {"log": np.log, "exp": np.exp, "abs": np.abs, "sqrt": np.sqrt}
    expected = Formula(f"y ~ {right}").get_model_matrix(PEER_FRAME, context=context).rhs
    columns = read_formula(f"y ~ {right}", PEER_FRAME)
    assert columns.intercept == ("Intercept" in expected.columns)
    expected = expected.drop(columns="Intercept", errors="ignore")
    assert list(columns.X.columns) == list(expected.columns)
    np.testing.assert_allclose(columns.X.to_numpy(), expected.to_numpy(), rtol=1e-12, atol=1e-12)


def test_a_dot_is_all_columns_that_are_not_named_as_target_or_offset():
    frame = FRAME.drop(columns="group")
    assert list(read_formula("log(y) ~ .", frame).X.columns) == ["a", "b", "odd name"]
    assert list(read_formula("y ~ . - a + offset(log(b))", frame).X.columns) == ["odd name"]
    assert len(read_formula("y ~ .^2", frame).X.columns) == 6


def test_arithmetic_on_columns():
    columns = read_formula("y ~ I(a ** 2 - 2 * b) + I(-a / (b + 1e0))", FRAME)
    np.testing.assert_allclose(columns.X.iloc[:, 0], FRAME["a"] ** 2 - 2 * FRAME["b"])
    np.testing.assert_allclose(columns.X.iloc[:, 1], -FRAME["a"] / (FRAME["b"] + 1))


NAMES = [
    *["Intercept", "1", "0", "-1", "True", "None", "if", "lambda", "log", "C", "offset", "y2", "a.b", ".", " ", "\0"],
    *[
        "a:b",
        "a + b",
        "x[0]",
        "x[T.u]",
        "`",
        "a`b",
        "``",
        "~",
        "y ~ a",
        "'",
        '"',
        "\\",
        "a\nb",
        "{a}",
        "%s",
        "__class__",
    ],
    *["🦊", "naïve", "𝐞𝐯𝐚𝐥", "ⅷ", "٣", "{0.__class__}", "名前", "n" * 10_000],
]


@pytest.mark.parametrize("name", NAMES, ids=range(len(NAMES)))
def test_any_name_is_a_column_in_backticks(name):
    quoted = f"`{name.replace('`', '``')}`"
    frame = FRAME[["y", "a"]].assign(group=list("uvwuvw"))
    frame[name] = np.arange(6.0) ** 2
    reg = br.Regression.from_formula(f"y ~ a + {quoted}", frame, prior=br.Normal(1.0), sigma=1.0)
    assert reg.names == ("a", name)
    assert reg.intercept is True
    np.testing.assert_array_equal(reg.design.rows.X[:, 1], frame[name])
    crossed = read_formula(f"y ~ 0 + I(2 * {quoted}) + group:{quoted}", frame)
    np.testing.assert_array_equal(crossed.X.iloc[:, 0], 2 * frame[name])
    np.testing.assert_array_equal(crossed.X.iloc[:, 1:].sum(axis=1), frame[name])
    assert not crossed.intercept


def test_a_column_called_intercept_needs_no_backticks():
    frame = FRAME.rename(columns={"a": "Intercept"})
    assert list(read_formula("y ~ 0 + b + Intercept", frame).X.columns) == ["b", "Intercept"]


@pytest.mark.parametrize("name", ["log(a)", "a:b", "group[T.v]"])
def test_a_column_that_is_called_like_a_term_is_refused_beside_it(name):
    frame = FRAME.assign(**{name: FRAME["b"] + 1})
    term = name.replace("[T.v]", "")
    with pytest.raises(DataError, match="repeated"):
        br.Regression.from_formula(f"y ~ {term} + `{name}`", frame, prior=br.Normal(1.0), sigma=1.0)


def test_repeated_column_names_are_refused_where_they_are_used():
    frame = pd.concat([FRAME, FRAME[["a"]]], axis=1)
    assert list(read_formula("y ~ b", frame).X.columns) == ["b"]
    with pytest.raises(DataError, match="several columns"):
        read_formula("y ~ a", frame)


def test_whole_numbers_as_column_names():
    frame = pd.DataFrame({"y": FRAME["y"], 0: FRAME["a"], 1: FRAME["b"]})
    assert list(read_formula("y ~ `0` + `1`", frame).X.columns) == ["0", "1"]


def test_numbers_kept_as_objects_are_no_category_unless_asked():
    frame = FRAME.assign(a=pd.Series([1, 2, 1, 2, 1, 2], dtype=object))
    with pytest.raises(DataError, match="not numeric"):
        read_formula("y ~ a", frame)
    assert list(read_formula("y ~ C(a)", frame).X.columns) == ["C(a)[T.2]"]


def test_the_users_frame_is_not_written_to():
    before = PEER_FRAME.copy()
    read_formula("log(y) ~ abs(a) + I(b) * g + C(k) + scale(c) + poly(a, 2)", PEER_FRAME)
    with pytest.raises(DataError, match="settings: none"):
        read_formula("y ~ log(a, b)", PEER_FRAME)
    pd.testing.assert_frame_equal(PEER_FRAME, before)


@pytest.mark.parametrize("frame", [None, 3, {"y": [1.0], "a": [2.0]}, np.ones((3, 2)), FRAME.iloc[:0]])
def test_a_frame_with_rows_is_needed(frame):
    with pytest.raises(DataError, match="pandas data frame"):
        read_formula("y ~ a", frame)


def test_an_offset_is_a_known_part_of_the_predictor():
    given = np.linspace(0, 1, 6)
    by_hand = br.Regression(
        FRAME[["a"]], FRAME["y"], prior=br.Normal(1.0), sigma=1.0, offset=np.log(FRAME["b"]) + given
    )
    reg = br.Regression.from_formula("y ~ offset(log(b)) + a", FRAME, prior=br.Normal(1.0), sigma=1.0, offset=given)
    assert reg.names == ("a",)
    np.testing.assert_array_equal(reg.design.rows.offset, by_hand.design.rows.offset)
    two = br.Regression.from_formula("y ~ a + offset(b) + offset(2 * a)", FRAME, prior=br.Normal(1.0), sigma=1.0)
    np.testing.assert_allclose(two.design.rows.offset, FRAME["b"] + 2 * FRAME["a"])


@pytest.mark.parametrize(
    "formula",
    [
        *["y ~ a:offset(b)", "y ~ a - offset(b)", "y ~ a + (offset(b))**2", "y ~ a + log(offset(b))", "offset(y) ~ a"],
        *[
            "y ~ a + offset(2)",
            "y ~ a + offset(group)",
            "y ~ a + offset(C(b))",
            "y ~ a + offset(b, 2)",
            "y ~ offset(b)",
        ],
    ],
)
def test_an_offset_stands_by_itself(formula):
    with pytest.raises(DataError):
        br.Regression.from_formula(formula, FRAME, prior=br.Normal(1.0), sigma=1.0)


def test_offsets_are_replayed_on_new_rows():
    reg = br.Regression.from_formula("y ~ a + offset(log(b))", FRAME, prior=br.Normal(1.0), sigma=1.0)
    fit = br.map_estimate(reg)
    new = FRAME.drop(columns="y").iloc[[4, 1]]
    expected = fit.intercept + fit.coef[0] * new["a"] + np.log(new["b"])
    np.testing.assert_allclose(br.predict(fit, new, reg=reg).mean, expected, rtol=1e-12)
    np.testing.assert_allclose(
        br.predict(fit, new, reg=reg, offset=[1.0, 2.0]).mean, expected + np.array([1.0, 2.0]), rtol=1e-12
    )
    with pytest.raises(DataError, match="no column is called 'b'"):
        br.predict(fit, new[["a"]].assign(extra=1.0), reg=reg)
    with pytest.raises(DataError, match="had an offset"):
        br.predict(fit, new[["a"]], reg=reg)


@pytest.mark.parametrize(
    ("term", "words"),
    [
        ("poly(a, 6)", "7 distinct values or more, got 6"),
        ("scale(k)", "2 distinct values or more, got 1"),
        ("poly(k)", "got 1"),
    ],
)
def test_transforms_need_values_that_differ(term, words):
    with pytest.raises(DataError, match=words):
        read_formula(f"y ~ {term}", FRAME.assign(k=1.0))


def test_new_rows_need_not_differ():
    columns = read_formula("y ~ poly(a, 5) + scale(b)", FRAME)
    assert np.all(np.isfinite(columns.spec.columns(FRAME.iloc[:1]).to_numpy()))

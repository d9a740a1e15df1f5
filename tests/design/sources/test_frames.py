import numpy as np
import pandas as pd
import patsy
import polars as pl
import pyarrow as pa
import pytest

import bayesreg as br
from bayesreg.design.formula import coding
from bayesreg.design.implicit import is_sparse
from bayesreg.errors import ConstantColumnWarning, DataError

RNG = np.random.default_rng(0)
N = 60
FRAME = pd.DataFrame(
    {
        "a": RNG.normal(size=N),
        "g": RNG.choice(["low", "mid", "top"], size=N),
        "h": pd.Categorical(RNG.choice(["x", "w"], size=N), categories=["x", "w"]),
        "flag": RNG.random(N) < 0.4,
        "k": RNG.integers(0, 9, size=N),
    }
)
Y = pd.Series(RNG.normal(size=N) + (FRAME["g"] == "mid"), name="y")
HOLES = FRAME.assign(g=FRAME["g"].where(RNG.random(N) > 0.1), a=FRAME["a"].where(RNG.random(N) > 0.1), y=Y)


def regression(X=FRAME, y=Y, **options):
    return br.Regression(X, y, **{"prior": br.Normal(1.0), "sigma": 1.0} | options)


def matrix(reg):
    X = reg.design.rows.X
    return X.toarray() if is_sparse(X) else X


CODINGS = {"treatment": "Treatment", "sum": "Sum"}


@pytest.mark.parametrize("categorical", CODINGS)
@pytest.mark.parametrize("intercept", [True, False])
def test_categories_are_coded_as_patsy_codes_them(categorical, intercept):
    reg = regression(categorical=categorical, intercept=intercept)
    kind = CODINGS[categorical]
    terms = f"a + C(g, {kind}) + C(h, {kind}) + flag + k"
    expected = patsy.dmatrix(f"{terms} - 1" if not intercept else terms, FRAME.assign(flag=FRAME["flag"] * 1.0))
    rank = np.linalg.matrix_rank(np.column_stack([matrix(reg), expected]))
    assert rank == np.linalg.matrix_rank(expected)
    if intercept:
        columns = {tuple(column) for column in np.asarray(expected).T[1:]}
        assert {tuple(column) for column in matrix(reg).T} == columns
        mark = {"treatment": "T.mid", "sum": "S.low"}[categorical]
        assert reg.names[:2] == ("a", f"g[{mark}]")
        assert reg.names[-2:] == ("flag", "k")


def test_one_hot_columns_are_those_of_get_dummies():
    reg = regression(categorical="one_hot")
    expected = pd.get_dummies(FRAME, columns=["g", "h"], dtype=float)
    assert reg.names == ("a", "g[low]", "g[mid]", "g[top]", "h[x]", "h[w]", "flag", "k")
    columns = ["a", "g_low", "g_mid", "g_top", "h_x", "h_w", "flag", "k"]
    np.testing.assert_array_equal(matrix(reg), expected[columns].astype(float))


def test_a_ridge_on_one_hot_columns_shrinks_every_level_to_the_mean_of_all():
    """Independent Normal effects of balanced groups: each is its mean's deviation times m/(m + σ²/s²)."""
    groups, m = np.repeat(list("pqrst"), 8), 8
    y = RNG.normal(size=40) + np.repeat(RNG.normal(size=5), 8)
    reg = regression(pd.DataFrame({"g": groups}), y, categorical="one_hot", prior=br.Normal(0.5), standardize="numbers")
    means = y.reshape(5, 8).mean(axis=1)
    np.testing.assert_allclose(br.map_estimate(reg).coef, (means - y.mean()) * m / (m + 1 / 0.25), rtol=1e-10)


def test_columns_of_categories_are_left_as_they_are_where_that_is_asked_for():
    sd = regression(standardize="numbers").design.standardization.sd
    np.testing.assert_allclose(sd, [FRAME["a"].std(ddof=0), 1, 1, 1, FRAME["flag"].std(ddof=0), FRAME["k"].std(ddof=0)])
    formula = br.Regression.from_formula("y ~ a:g + g", FRAME.assign(y=Y), prior=br.Normal(1.0), standardize="numbers")
    assert [sd == 1 for sd in formula.design.standardization.sd] == [":" not in name for name in formula.names]
    with pytest.raises(br.errors.PriorError, match="True or False, got 'most'"):
        regression(standardize="most")


@pytest.mark.parametrize("categorical", ["treatment", "sum", "one_hot"])
def test_new_rows_are_coded_as_the_fitted_ones(categorical):
    reg = regression(categorical=categorical)
    fit = br.map_estimate(reg)
    expected = fit.intercept + matrix(reg) @ fit.coef
    some = FRAME.iloc[[3, 1, 4]]
    np.testing.assert_allclose(br.predict(fit, some[[*list("hgka"), "flag"]], reg=reg).mean, expected[[3, 1, 4]])
    with pytest.raises(DataError, match=r'"g" has levels \[\'new\'\] that were not fitted; those are \[\'low\''):
        br.predict(fit, some.assign(g="new"), reg=reg)


def test_a_level_that_a_category_declares_has_a_coefficient_of_its_own():
    frame = FRAME.astype({"g": pd.CategoricalDtype(["low", "mid", "top", "other"])})
    with pytest.warns(ConstantColumnWarning, match="other"):
        reg = regression(frame)
    fit = br.map_estimate(reg)
    assert fit.coef[reg.names.index("g[T.other]")] == 0
    br.predict(fit, frame[:2].assign(g=pd.Categorical(["other"] * 2, categories=["other"])), reg=reg)


@pytest.mark.parametrize("convert", [pl.from_pandas, pa.Table.from_pandas], ids=["polars", "arrow"])
def test_frames_of_other_libraries_are_coded_alike(convert):
    reg, own = (regression(X, Y.to_numpy(), categorical="one_hot") for X in (convert(FRAME), FRAME))
    assert set(reg.names) == set(own.names)
    assert br.map_estimate(reg).objective == pytest.approx(br.map_estimate(own).objective, rel=1e-10)
    assert regression(convert(HOLES), "y", missing="drop").n == len(HOLES.dropna())


FORMULAS = ["y ~ g * h + a:g", "y ~ 0 + g:h:a + h + poly(k, 2)", "y ~ C(k) * a"]


@pytest.mark.parametrize("formula", FORMULAS)
@pytest.mark.parametrize("categorical", ["treatment", "one_hot"])
def test_sparse_columns_are_the_dense_ones(monkeypatch, formula, categorical):
    options = {"prior": br.Normal(1.0), "sigma": 1.0, "categorical": categorical}
    dense = br.Regression.from_formula(formula, FRAME.assign(y=Y), **options)
    monkeypatch.setattr(coding, "DENSE_NUMBERS", 0)
    monkeypatch.setattr(coding, "SPARSE_SHARE", 0)
    sparse = br.Regression.from_formula(formula, FRAME.assign(y=Y), **options)
    assert is_sparse(sparse.design.rows.X)
    assert sparse.names == dense.names
    np.testing.assert_array_equal(matrix(sparse), matrix(dense))


def test_thousands_of_levels_store_one_number_a_row():
    """Dense, the columns would be 1.6 GB."""
    n, levels = 40_000, 5_000
    frame = pd.DataFrame({"a": RNG.normal(size=n), "g": [f"shop {j % levels}" for j in range(n)]})
    reg = regression(frame, RNG.normal(size=n), categorical="one_hot", standardize="numbers")
    assert reg.p == levels + 1
    assert reg.design.rows.X.nnz == 2 * n
    with pytest.raises(DataError, match=r"g\" is not numeric .*names each of the 40000 rows differently.*--drop 'g'"):
        regression(frame.assign(g=[f"customer {j}" for j in range(n)]), np.ones(n))


@pytest.mark.parametrize("formula", [None, "y ~ a + g + k"])
def test_missing_values_are_counted_in_all_columns_at_once(formula):
    weights = np.where(np.arange(N) == 5, np.nan, 1.0)
    make = (
        regression
        if formula is None
        else lambda X, y, **more: br.Regression.from_formula(formula, X, prior=br.Normal(1.0), **more)
    )
    with pytest.raises(DataError) as error:
        make(HOLES, "y", weights=weights)
    for name, count in {"a": HOLES["a"].isna().sum(), "g": HOLES["g"].isna().sum(), "weights": 1}.items():
        assert f'"{name}" has {count} missing and 0 infinite' in str(error.value)
    assert 'missing="drop" (--missing drop)' in str(error.value)


@pytest.mark.parametrize("formula", [None, "y ~ a + g + h + flag + k"])
def test_dropped_rows_are_left_out_of_all_that_belongs_to_them(formula):
    weights, offset = RNG.uniform(0.5, 2, N), RNG.normal(size=N)
    weights[7] = np.nan
    whole = HOLES.assign(w=weights, o=offset).dropna()
    options = {"prior": br.Normal(1.0), "sigma": 1.0}
    X, names = whole.drop(columns=["w", "o", "y"]), {"weights": weights, "offset": offset, "missing": "drop"}
    expected = br.Regression(X, whole["y"], weights=whole["w"], offset=whole["o"], **options)
    found = (
        regression(HOLES, "y", **names)
        if formula is None
        else br.Regression.from_formula(formula, HOLES, **options, **names)
    )
    assert found.n == len(whole) < N - 1
    assert set(found.names) == set(expected.names)
    assert br.map_estimate(found).objective == pytest.approx(br.map_estimate(expected).objective, rel=1e-10)


def test_arrays_with_holes_lose_their_rows_too():
    X, y = RNG.normal(size=(20, 2)), RNG.normal(size=20)
    X[3, 0] = y[5] = np.nan
    with pytest.raises(DataError, match=r'"x0" has 1 missing and 0 infinite, "y" has 1 missing'):
        regression(X, y)
    kept = np.isfinite(X[:, 0]) & np.isfinite(y)
    np.testing.assert_array_equal(regression(X, y, missing="drop").design.rows.X, X[kept])
    with pytest.raises(DataError, match="none of the 20 rows is complete"):
        regression(X * np.nan, y, missing="drop")


CLASSES = [("no", "yes", 1), ("Yes", "No", 0), ("False", "True", 1), ("case", "control", 0), ("died", "lived", 1)]


@pytest.mark.parametrize(("first", "second", "one"), CLASSES)
@pytest.mark.parametrize(
    "kind", [list, np.array, pd.Series, pd.Categorical], ids=["list", "array", "series", "category"]
)
def test_a_target_of_two_words_is_one_of_classes(first, second, one, kind):
    numbers = (np.arange(N) % 3 == 0).astype(float)
    y = kind([second if flag else first for flag in numbers])
    y = pd.Series(y, name="y") if kind is pd.Categorical else y
    with pytest.raises(DataError, match=r'"y" is not numeric.*family="bernoulli" \(--family bernoulli\)'):
        regression(y=y)
    reg = regression(y=y, family="bernoulli", sigma=None)
    np.testing.assert_array_equal(reg.design.rows.y, numbers if one else 1 - numbers)
    assert reg.design.target == f"y[{second if one else first}]"


def test_a_target_of_many_words_is_refused():
    with pytest.raises(DataError, match="of its 3 levels choose two"):
        regression(FRAME.drop(columns="g"), FRAME["g"], family="bernoulli", sigma=None)


def test_a_formula_has_a_target_of_two_words():
    frame = FRAME.assign(default=np.where(RNG.random(N) < 0.5, "No", "Yes"))
    reg = br.Regression.from_formula("default ~ a + g", frame, prior=br.Normal(1.0), family="bernoulli")
    np.testing.assert_array_equal(reg.design.rows.y, frame["default"] == "Yes")
    assert reg.design.target == "default[Yes]"


def test_an_unknown_choice_lists_the_known():
    with pytest.raises(DataError, match=r"categorical must be one of \['treatment', 'sum', 'one_hot'\], got 'helmert'"):
        regression(categorical="helmert")
    with pytest.raises(DataError, match='missing must be "error" or "drop", got 3'):
        regression(missing=3)
    with pytest.raises(DataError, match='no target column "z"'):
        regression(y="z")

import decimal
import warnings

import numpy as np
import pandas as pd
import pytest
import scipy.sparse
from hypothesis import given, settings
from hypothesis import strategies as st

import bayesreg as br
from bayesreg.design.columns import read_matrix, read_rows
from bayesreg.errors import BayesregError, ConstantColumnWarning, DataError

steady = settings(deadline=None, derandomize=True)
N = 8
X = np.random.default_rng(0).normal(size=(N, 2))
Y = X @ [1.0, -1.0]
LARGE = X.copy()
LARGE[3, 1] = 1e101


def regression(X=X, y=Y, **options):
    return br.Regression(X, y, prior=br.Laplace(1.0), sigma=1.0, **options)


def frame(column):
    return pd.DataFrame({"good": X[:, 0], "odd": column})


# A column, and what the message must say of it.
REFUSED = {
    "nan": ([1.0, np.nan, np.nan] + [2.0] * 5, ["2 missing and 0 infinite of 8", "drop", "fill"]),
    "inf": ([1.0, -np.inf] + [2.0] * 6, ["0 missing and 1 infinite of 8", "drop", "fill"]),
    "none": ([1.0, None] + [2.0] * 6, ["1 missing", "fill"]),
    "Int64 with NA": (pd.array([1, None] + [2] * 6, dtype="Int64"), ["1 missing", "fill"]),
    "Float64 with NA": (pd.array([1.5, None] + [2] * 6, dtype="Float64"), ["1 missing", "fill"]),
    "boolean with NA": (pd.array([True, None] + [False] * 6, dtype="boolean"), ["1 missing", "fill"]),
    "double[pyarrow] with NA": (pd.array([1.5, None] + [2.0] * 6, dtype="double[pyarrow]"), ["1 missing", "fill"]),
    "numeric strings": ([str(i) for i in range(N)], ["not numeric", "pandas.to_numeric"]),
    "string[pyarrow]": (pd.array(["1"] * N, dtype="string[pyarrow]"), ["not numeric", "pandas.to_numeric"]),
    "string[python]": (pd.array(["1"] * N, dtype="string[python]"), ["not numeric", "pandas.to_numeric"]),
    "objects": (pd.Series(range(N), dtype=object), ["not numeric", "object", "pandas.to_numeric"]),
    "mixed objects": (pd.Series([1, "a"] * 4, dtype=object), ["not numeric", "object"]),
    "decimals": ([decimal.Decimal(i) for i in range(N)], ["not numeric"]),
    "datetimes": (pd.date_range("2020", periods=N), ["datetimes", "days since"]),
    "datetimes with a zone": (pd.date_range("2020", periods=N, tz="UTC"), ["datetimes", "days since"]),
    "timestamp[pyarrow]": (pd.Series(pd.date_range("2020", periods=N)).astype("timestamp[ns][pyarrow]"), ["datetimes"]),
    "timedeltas": (pd.timedelta_range("1D", periods=N), ["numbers"]),
    "periods": (pd.period_range("2020", periods=N, freq="D"), ["not numeric", "period"]),
    "intervals": (pd.interval_range(0, N), ["not numeric", "interval"]),
    "categories of strings": (pd.Categorical(["a", "b"] * 4), ["not numeric", "category", "get_dummies"]),
    "categories of numbers": (pd.Categorical([1, 2] * 4), ["not numeric", "category", "get_dummies"]),
    "complex": (np.arange(N) * (1 + 1j), ["complex", "real part"]),
    "beyond 1e100": ([1e101] + [1.0] * 7, ["beyond 1e+100", "units"]),
}


@pytest.mark.parametrize("name", [name for name in REFUSED if not name.startswith("categories")])
def test_a_frames_odd_column_is_named_with_a_cure(name):
    column, words = REFUSED[name]
    with pytest.raises(DataError) as error:
        regression(frame(column))
    assert '"odd"' in str(error.value)
    assert '"good"' not in str(error.value)
    for word in words:
        assert word in str(error.value)


@pytest.mark.parametrize("name", REFUSED)
@pytest.mark.parametrize("role", ["y", "weights", "offset"])
def test_an_odd_vector_is_named_with_a_cure(name, role):
    column, words = REFUSED[name]
    with pytest.raises(DataError) as error:
        regression(**{role: pd.Series(column)})
    assert f'"{role}"' in str(error.value)
    for word in words:
        assert word in str(error.value)


# Each as a whole matrix, and what the message must say.
MATRICES = {
    "nan": (np.where(X[3, 1] == X, np.nan, X), ['"x1"', "1 missing", "fill"]),
    "inf": (np.where(X[3, 1] == X, np.inf, X), ['"x1"', "1 infinite", "fill"]),
    "beyond 1e100": (LARGE, ['"x1"', "1e+100", "units"]),
    "one dimension": (X[:, 0], ["shape (8,)", "(n, p)", "reshape(-1, 1)"]),
    "three dimensions": (X[None], ["shape (1, 8, 2)", "(n, p)"]),
    "no dimension": (3.0, ["shape ()", "(n, p)"]),
    "a series": (pd.Series(X[:, 0]), ["shape (8,)", "(n, p)"]),
    "none": (None, ["shape ()", "(n, p)"]),
    "no rows": (np.ones((0, 2)), ["shape (0, 2)", "at least one row"]),
    "no columns": (np.ones((N, 0)), ["shape (8, 0)", "one column"]),
    "no rows in a frame": (pd.DataFrame({"a": []}), ["shape (0, 1)", "at least one row"]),
    "no columns in a frame": (pd.DataFrame(index=range(N)), ["shape (8, 0)", "one column"]),
    "an empty list": ([], ["shape (0,)"]),
    "repeated names": (pd.DataFrame(X, columns=["a", "a"]), ["must differ", "'a'"]),
    "names alike as text": (pd.DataFrame(X, columns=["1", 1]), ["must differ", "'1'"]),
    "strings": (X.astype(str), ["not numeric", "pandas.to_numeric"]),
    "bytes": (X.astype("S"), ["not numeric", "pandas.to_numeric"]),
    "objects": (X.astype(object), ["not numeric", "object"]),
    "datetimes": (np.full((N, 2), np.datetime64("2020-01-01")), ["datetimes", "numbers"]),
    "timedeltas": (np.full((N, 2), np.timedelta64(1, "D")), ["numbers"]),
    "complex": (X * 1j, ["complex", "real part"]),
    "ragged": ([[1.0, 2.0]] * 7 + [[1.0]], ["ragged", "different lengths"]),
    "ragged with a missing level": ([[1.0, 2.0]] * 7 + [3.0], ["ragged"]),
    "masked": (np.ma.array(X, mask=X[3, 1] == X), ["1 masked", "fill"]),
    "records": (np.zeros(N, dtype=[("a", float), ("b", float)]), ["shape (8,)"]),
    "a dict": ({"a": X[:, 0]}, ["(n, p)"]),
    "a string": ("data.csv", ["(n, p)"]),
    "longdouble beyond float": (np.full((N, 2), np.longdouble("1e400")), ['"x0"']),
}


@pytest.mark.parametrize("name", MATRICES)
def test_a_bad_matrix_is_refused_with_a_cure(name):
    matrix, words = MATRICES[name]
    with pytest.raises(DataError) as error:
        regression(matrix)
    for word in words:
        assert word in str(error.value)


VECTORS = {
    "too short": (Y[:5], ["5 values", "8 rows"]),
    "a number": (1.0, ["shape ()", "(n,)"]),
    "none": (None, ["shape ()", "(n,)"]),
    "a row": (Y[None], ["shape (1, 8)", "(n,)"]),
    "two columns": (X, ["shape (8, 2)", "(n,)"]),
    "a frame of two columns": (pd.DataFrame(X), ["2 columns", "one"]),
    "ragged": ([[1.0], [1.0, 2.0]] * 4, ["ragged"]),
    "masked": (np.ma.array(Y, mask=Y[0] == Y), ["1 masked", "fill"]),
    "sparse": (scipy.sparse.csr_matrix(Y[:, None]), ["sparse", "toarray"]),
    "nan": (np.where(Y[0] == Y, np.nan, Y), ["1 missing", "fill"]),
    "strings": (Y.astype(str), ["not numeric"]),
    "longdouble beyond float": (np.full(N, np.longdouble("1e400")), []),
}


@pytest.mark.parametrize("role", ["y", "weights", "offset"])
@pytest.mark.parametrize("name", VECTORS)
def test_a_bad_vector_is_refused_with_a_cure(role, name):
    vector, words = VECTORS[name]
    if vector is None and role != "y":
        assert getattr(regression(**{role: None}).design.rows, role) is None
        return
    with pytest.raises(DataError) as error:
        regression(**{role: vector})
    for word in [role, *words]:
        assert word in str(error.value)


@pytest.mark.parametrize("bad", [0.0, -1.0], ids=str)
def test_weights_that_are_not_positive_are_counted(bad):
    weights = np.ones(N)
    weights[[2, 5]] = bad
    with pytest.raises(DataError, match="weights must be positive, got 2 that are not; drop those rows"):
        regression(weights=weights)


@pytest.mark.parametrize("role", ["y", "weights", "offset"])
def test_another_index_than_that_of_x_is_refused(role):
    """Even a permuted one: pandas would realign it silently."""
    for index in (range(1, N + 1), range(N - 1, -1, -1)):
        vector = pd.Series(np.abs(Y), index=index)
        with pytest.raises(DataError, match=f"{role} and X have different indexes; .*reset_index"):
            regression(pd.DataFrame(X), **{role: vector})
        with pytest.raises(DataError, match="different indexes"):
            regression(pd.DataFrame(X), **{role: vector.to_frame()})


def test_the_index_of_a_vector_is_not_asked_for_where_x_has_none():
    regression(X, pd.Series(Y, index=range(1, N + 1)))
    regression(pd.DataFrame(X, index=range(1, N + 1)), Y)


# Integers small enough for every type here.
WHOLE = np.array([[0, 1], [1, 1], [1, 0], [0, 0], [1, 1], [0, 1], [1, 0], [0, 0]])
NUMBERS = ["bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"]
NUMBERS += ["float16", "float32", "float64", "longdouble"]


@pytest.mark.parametrize("dtype", NUMBERS)
def test_numbers_of_every_type_become_float64(dtype):
    """In an array, in a frame, and as target: the same numbers, and the same regression."""
    whole = regression(WHOLE.astype(float), WHOLE[:, 0].astype(float))
    for given_X in (WHOLE.astype(dtype), pd.DataFrame(WHOLE.astype(dtype))):
        reg = regression(given_X, WHOLE[:, 0].astype(dtype))
        assert reg.design.rows.X.dtype == reg.design.rows.y.dtype == np.float64
        np.testing.assert_array_equal(reg.design.rows.X, WHOLE)
        np.testing.assert_array_equal(reg.loss.gram, whole.loss.gram)


@pytest.mark.parametrize("dtype", ["int8", "uint8", "int64", "uint64", "float16", "float32"])
def test_extremes_of_a_type_do_not_wrap_around(dtype):
    """Products are taken of float64, so that 127·127 is not 1 and 0 − 1 not 255."""
    info = np.iinfo(dtype) if np.issubdtype(dtype, np.integer) else np.finfo(dtype)
    column = np.array([info.max, info.min, 0, 1] * 2, dtype=dtype)
    reg = regression(column[:, None], column, standardize=False)
    values = [int(v) if np.issubdtype(dtype, np.integer) else float(v) for v in column]
    mean = sum(values) / N
    assert reg.loss.gram[0, 0] == pytest.approx(sum((v - mean) ** 2 for v in values), rel=1e-12)


PANDAS = [
    "Int64",
    "Int8",
    "UInt16",
    "Float64",
    "Float32",
    "boolean",
    "int64[pyarrow]",
    "double[pyarrow]",
    "bool[pyarrow]",
]


@pytest.mark.parametrize("dtype", PANDAS)
def test_complete_pandas_columns_are_numbers(dtype):
    column = pd.Series(WHOLE[:, 0]).astype("bool" if dtype.startswith("bool") else "int64").astype(dtype)
    matrix, names = read_matrix(frame(column))
    assert names == ("good", "odd")
    assert matrix.dtype == np.float64
    np.testing.assert_array_equal(matrix[:, 1], WHOLE[:, 0])
    np.testing.assert_array_equal(regression(y=column).design.rows.y, WHOLE[:, 0])


def test_a_sparse_column_of_pandas_is_read():
    matrix, _ = read_matrix(frame(pd.arrays.SparseArray(np.arange(8.0))))
    np.testing.assert_array_equal(matrix[:, 1], np.arange(8.0))


@pytest.mark.parametrize(
    "matrix", [X.tolist(), tuple(map(tuple, X)), np.ma.array(X), X[:, ::-1][:, ::-1], np.asfortranarray(X)]
)
def test_other_forms_of_a_matrix_are_read(matrix):
    """Lists, tuples, arrays with an empty mask, and any order in memory."""
    np.testing.assert_array_equal(regression(matrix).design.rows.X, X)


@pytest.mark.parametrize(
    "y",
    [Y[:, None], Y.tolist(), tuple(Y), pd.Series(Y), pd.DataFrame({"t": Y}), pd.Index(Y), Y.reshape(-1, 1).tolist()],
)
def test_other_forms_of_a_target_are_read(y):
    """A column of shape (n, 1), a list, a one-column frame: all the same y."""
    np.testing.assert_array_equal(regression(y=y).design.rows.y, Y)


def test_names_come_from_the_frame():
    _rows, names, target = read_rows(pd.DataFrame(X, columns=["a", 7]), pd.Series(Y, name="out"))
    assert (names, target) == (("a", "7"), "out")
    assert read_rows(X, Y)[1:] == (("x0", "x1"), "y")
    assert read_rows(X, pd.DataFrame({"t": Y}))[2] == "t"
    assert read_matrix(X, names=["u", "v"])[1] == ("u", "v")
    with pytest.raises(DataError, match="3 names were given for 2 columns"):
        read_matrix(X, names=["u", "v", "w"])


def test_the_response_is_the_target_less_the_offset():
    np.testing.assert_array_equal(regression(offset=np.arange(8.0)).design.rows.response, Y - np.arange(8.0))


def test_the_users_data_are_not_changed():
    data, target = X.copy(), Y.copy()
    br.map_estimate(regression(data, target, weights=np.ones(N)))
    np.testing.assert_array_equal(data, X)
    np.testing.assert_array_equal(target, Y)


def test_a_constant_column_is_warned_of_by_name():
    with pytest.warns(ConstantColumnWarning, match="'odd'.*drop"):
        regression(frame(np.full(N, 0.1)))


DTYPES = [np.bool_, np.int8, np.uint8, np.int64, np.uint64, np.float16, np.float32, np.float64, np.longdouble]


@st.composite
def datasets(draw):
    """Random X, y and weights of some type, scale and shape; whatever overflows in the cast stays as inf."""
    n, p = draw(st.integers(0, 7)), draw(st.integers(0, 4))
    dtype, power = draw(st.sampled_from(DTYPES)), draw(st.integers(-90, 90))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        matrix = (rng.normal(size=(n, p)) * 10.0**power).astype(dtype)
        target = (rng.normal(size=n) * 10.0 ** draw(st.integers(-90, 90))).astype(dtype)
    weights = rng.uniform(0.1, 10.0, size=n) * 10.0 ** draw(st.integers(-90, 90)) if draw(st.booleans()) else None
    return pd.DataFrame(matrix) if draw(st.booleans()) and dtype is not np.float16 else matrix, target, weights


@settings(deadline=None, derandomize=True, max_examples=300)
@given(datasets(), st.booleans(), st.booleans())
def test_a_regression_is_finite_or_an_error_that_we_named(data, standardize, intercept):
    """Over type × scale × shape no number that is not one gets through, and no exception of somebody else's."""
    with warnings.catch_warnings():
        # One row, or a scale that a small type rounds to 0, makes columns constant.
        warnings.simplefilter("ignore", ConstantColumnWarning)
        try:
            matrix, target, weights = data
            reg = regression(matrix, target, weights=weights, standardize=standardize, intercept=intercept)
        except BayesregError:
            return
        made = [
            reg.design.matrix,
            reg.design.standardization.center,
            reg.design.standardization.sd,
            reg.design.moments.gram,
        ]
        made += [reg.design.moments.cross, reg.design.moments.square, reg.design.mean_y, reg.design.sd_y, reg.loss.gram]
        made += [reg.loss.cross, reg.loss.square, reg.design.moments.mean_x, reg.design.moments.sd_x]
    for value in made:
        assert np.all(np.isfinite(value))
    assert np.all(reg.design.standardization.sd > 0)


@steady
@given(st.integers(-90, 90), st.booleans())
def test_standardized_columns_do_not_depend_on_their_units(power, intercept):
    scale = 10.0**power
    one, other = (regression(X * factor, Y, intercept=intercept).design.matrix for factor in (1.0, scale))
    if intercept:
        np.testing.assert_allclose(other, one, rtol=1e-10, atol=1e-12)
    else:
        np.testing.assert_allclose(other, one, rtol=1e-10)


class Lazy:
    """A table without rows of its own."""

    columns = ("u", "v")


class Foreign(Lazy):
    """A table whose way to pandas needs a package that is missing."""

    def to_pandas(self):
        raise ImportError("No module named 'pyarrow'")


def test_tables_of_other_libraries_keep_their_names():
    import pyarrow as pa

    rng = np.random.default_rng(4)
    frame = pd.DataFrame({"u": rng.normal(size=20), "v": np.arange(20), "g": list("pq") * 10, "y": rng.normal(size=20)})
    table = pa.Table.from_pandas(frame)
    X, y = table.select(["u", "v"]), table.select(["y"])
    reg = br.Regression(X, y, prior=br.Normal(1.0), sigma=1.0)
    assert (reg.names, reg.design.target) == (("u", "v"), "y")
    fit = br.map_estimate(reg)
    expected = br.predict(fit, frame[["v", "u"]]).mean
    np.testing.assert_array_equal(br.predict(fit, table.select(["v", "u"])).mean, expected)
    by_formula = br.Regression.from_formula("y ~ u * g", table, prior=br.Normal(1.0), sigma=1.0)
    assert by_formula.names == ("u", "g[T.q]", "u:g[T.q]")
    assert br.predict(br.map_estimate(by_formula), table, reg=by_formula).mean.shape == (20,)
    assert br.moments(table.drop_columns("g")).names == ("u", "v")


def test_tables_that_cannot_be_turned_into_frames_are_refused():
    with pytest.raises(br.errors.DataError, match="turn it into a pandas data frame"):
        br.Regression(Lazy(), [1.0, 2.0], prior=br.Normal(1.0), sigma=1.0)
    with pytest.raises(br.errors.MissingDependencyError, match="pip install"):
        br.Regression(Foreign(), [1.0, 2.0], prior=br.Normal(1.0), sigma=1.0)


def test_weights_too_small_for_a_product_are_refused():
    with pytest.raises(br.errors.DataError, match="Scale them up"):
        br.Regression([[1.0], [2.0]], [1.0, 2.0], prior=br.Normal(1.0), sigma=1.0, weights=[1e-200, 1.0])


class Unwilling:
    """What raises an error of its own when it is asked for an array."""

    def __array__(self, *_, **__):
        raise RuntimeError("no")


@pytest.mark.parametrize(
    "values", [None, {"a": [1.0, 2.0]}, {1.0, 2.0}, iter([1.0, 2.0]), Unwilling(), object()], ids=type
)
def test_what_is_no_array_is_named_by_its_type(values):
    for X, y in ((values, [1.0, 2.0]), ([[1.0], [2.0]], values)):
        with pytest.raises(br.errors.DataError, match=type(values).__name__):
            br.Regression(X, y, prior=br.Normal(1.0), sigma=1.0)

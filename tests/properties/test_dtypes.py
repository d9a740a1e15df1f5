"""Columns of any type, scale, offset and length: the moments of their numbers, or an error of the package."""

from decimal import Decimal
from fractions import Fraction

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import bayesreg as br
from bayesreg.errors import BayesregError

NUMPY = ["int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "float16", "float32", "float64"]
NULLABLE = ["Int8", "Int16", "Int32", "Int64", "UInt8", "UInt16", "UInt32", "UInt64", "Float32", "Float64"]
ARROW = ["int8[pyarrow]", "uint64[pyarrow]", "float[pyarrow]", "double[pyarrow]"]
POLARS = [pl.Int8, pl.Int64, pl.UInt16, pl.UInt64, pl.Float32, pl.Float64]


def as_numbers(values, dtype):
    """A pandas column of numbers that the type can hold."""
    is_float = "loat" in dtype or "double" in dtype
    bound = {"8": 100, "6": 30_000}.get(dtype.replace("[pyarrow]", "")[-1], 2**30)
    whole = np.clip(np.round(values), 0 if dtype.lower().startswith("u") else -bound, bound)
    return pd.Series(np.clip(values, -6e4, 6e4) if "loat16" in dtype else values if is_float else whole).astype(dtype)


KINDS = {dtype: lambda values, dtype=dtype: as_numbers(values, dtype) for dtype in [*NUMPY, *NULLABLE, *ARROW]}
KINDS |= {
    "bool": lambda values: pd.Series(values > np.median(values)),
    "boolean": lambda values: pd.Series(values > np.median(values), dtype="boolean"),
    "bool[pyarrow]": lambda values: pd.Series(values > np.median(values)).astype("bool[pyarrow]"),
    "longdouble": lambda values: pd.Series(values.astype(np.longdouble)),
    "decimal": lambda values: pd.Series([Decimal(float(value)) for value in values], dtype=object),
    "fraction": lambda values: pd.Series([Fraction(float(value)) for value in values], dtype=object),
    "objects": lambda values: pd.Series(list(values), dtype=object),
    "decimal[pyarrow]": lambda values: pd.Series(
        [Decimal(int(value)) for value in np.clip(values, -1e15, 1e15)], dtype=pd.ArrowDtype(pa.decimal128(20, 2))
    ),
    "category": lambda values: pd.Series(np.round(values)).astype("category"),
    "text": lambda values: pd.Series([str(value) for value in values]),
    "dates": lambda values: pd.Series(pd.to_datetime(np.arange(len(values)))),
    "complex": lambda values: pd.Series(values * 1j),
}
# Of these there are coefficients of levels, or an error; the others are numbers, or an error.
CODED = ("category", "text")


def exact_moments(numbers):
    """Mean and sum of squared deviations, exactly and then rounded."""
    values = [Fraction(float(number)) for number in numbers]
    mean = sum(values) / len(values)
    return float(mean), float(sum((value - mean) ** 2 for value in values))


def unless_refused(make):
    """What is made, or None after an error of the package that says something."""
    try:
        return make()
    except BayesregError as error:
        refusal = str(error)
    assert '"x"' in refusal or "at least" in refusal
    return None


def check(frame, kind, column):
    moments = unless_refused(lambda: br.moments(frame))
    if moments is None:
        assert kind in (*CODED, "objects", "decimal", "fraction", "dates", "complex")
        return
    assert np.all(np.isfinite(moments.gram))
    if kind in CODED:
        return
    mean, square = exact_moments(column)
    assert moments.names == ("x",)
    assert moments.mean_x[0] == pytest.approx(mean, rel=1e-13, abs=1e-300)
    # To the rounding of numbers of this size: deviations are known to it, and so is a sum of their squares.
    size = float(np.max(np.abs(np.asarray([float(value) for value in column]))))
    rounding = 4e-16 * size * np.sqrt(len(column) * square) + len(column) * (2e-16 * size) ** 2
    assert moments.gram[0, 0] == pytest.approx(square, rel=1e-12, abs=rounding)


numbers = st.builds(
    lambda seed, n, scale, offset: np.random.default_rng(seed).normal(size=n) * 10.0**scale + offset,
    st.integers(0, 2**32 - 1),
    st.integers(1, 40),
    st.integers(-8, 8),
    st.sampled_from([0.0, 1.0, -1e4, 1e9]),
)


@pytest.mark.filterwarnings("ignore::bayesreg.errors.ConstantColumnWarning")
@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=5, deadline=None, derandomize=True)
@given(values=numbers)
def test_a_column_of_any_type_has_the_moments_of_its_numbers(kind, values):
    column = KINDS[kind](values)
    check(pd.DataFrame({"x": column, "y": np.arange(len(values), dtype=float)}), kind, column)


@pytest.mark.parametrize("dtype", POLARS, ids=str)
@settings(max_examples=5, deadline=None, derandomize=True)
@given(values=numbers)
def test_a_polars_column_has_the_moments_of_its_numbers(dtype, values):
    column = as_numbers(
        values, str(dtype).lower() if dtype.is_integer() else "float32" if "32" in str(dtype) else "float64"
    )
    frame = pl.DataFrame({"x": pl.Series(column.tolist()).cast(dtype), "y": np.arange(len(values), dtype=float)})
    check(frame, str(dtype), frame["x"].to_list())


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind not in ("dates", "complex")])
def test_a_regression_of_any_type_is_that_of_its_numbers(kind):
    """Of levels, or an error; never a number that is none."""
    values = np.random.default_rng(1).normal(size=30) * 5
    column = KINDS[kind](values)
    y = np.random.default_rng(2).normal(size=30)
    settings = {"prior": br.Normal(1.0), "sigma": 1.0}
    regression = unless_refused(lambda: br.Regression(pd.DataFrame({"x": column}), y, **settings))
    if regression is None:
        assert kind in (*CODED, "objects", "decimal", "fraction")
        return
    estimate = br.map_estimate(regression)
    assert np.all(np.isfinite(estimate.coef))
    if kind not in CODED:
        plain = br.map_estimate(br.Regression([[float(value)] for value in column], y, **settings))
        np.testing.assert_allclose(estimate.coef, plain.coef, rtol=1e-12)

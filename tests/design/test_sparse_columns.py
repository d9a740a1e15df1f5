"""Means and standard deviations of sparse and dense columns of any size, place and weight."""

import warnings

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

import bayesreg as br
from bayesreg.design.sparse_columns import sparse_mean, sparse_sd, unstored_weight


def exact(X, weights):
    """Weighted means and standard deviations about the first row, in extended precision."""
    X, weights = X.astype(np.longdouble), weights.astype(np.longdouble)
    shifted = X - X[0]
    mean = weights @ shifted / weights.sum()
    return (X[0] + mean).astype(float), np.sqrt(weights @ (shifted - mean) ** 2 / weights.sum()).astype(float)


def test_a_weighted_column_of_ones_is_constant_as_a_dense_one_is():
    for seed in range(60):
        rng = np.random.default_rng(seed)
        n = int(rng.integers(20, 3000))
        X, weights = np.column_stack([rng.normal(size=n), np.full(n, rng.normal())]), rng.uniform(0.5, 2.0, n)
        with pytest.warns(br.errors.ConstantColumnWarning, match="x1"):
            reg = br.Regression(sparse.csr_array(X), X[:, 0], prior=br.Normal(1.0), sigma=1.0, weights=weights)
        np.testing.assert_array_equal(reg.design.constant, [False, True])


@pytest.mark.parametrize("offset", [0.0, 1e6, -1e9])
def test_weighted_sparse_columns_far_from_zero(offset):
    rng = np.random.default_rng(2)
    X, weights = offset + rng.normal(size=(500, 1)), rng.uniform(0.01, 50, 500)
    mean, sd = exact(X, weights)
    reg = br.Regression(sparse.csr_array(X), X[:, 0], prior=br.Normal(1.0), sigma=1.0, weights=weights)
    np.testing.assert_allclose(reg.design.standardization.center, mean, rtol=1e-15)
    np.testing.assert_allclose(reg.design.standardization.sd, sd, rtol=1e-12)


def test_the_mean_of_many_rows_far_from_zero_is_exact_to_rounding():
    rng = np.random.default_rng(5)
    X, weights = 1e9 + rng.normal(size=(400_000, 1)), rng.uniform(0.5, 2.0, 400_000)
    np.testing.assert_allclose(sparse_mean(sparse.csc_array(X), weights), exact(X, weights)[0], rtol=3e-16)


def test_zeros_of_little_weight_count_with_all_their_digits():
    rng = np.random.default_rng(3)
    X, weights = np.full((4000, 1), 5.0), rng.uniform(1.0, 2.0, 4000) * 1e12
    X[[7, 1234]], weights[[7, 1234]] = 0.0, [1e-3, 3e-4]
    columns = sparse.csc_array(X)
    assert unstored_weight(columns, weights)[0] == 1e-3 + 3e-4
    mean, sd = exact(X, weights)
    np.testing.assert_allclose(sparse_sd(columns, sparse_mean(columns, weights), weights), sd, rtol=1e-10)
    np.testing.assert_allclose(sparse_mean(columns, weights), mean, rtol=1e-15)


def test_squares_that_would_underflow_or_overflow():
    for size in (1e-180, 1e99):
        X = np.array([[size], [0.0], [2 * size], [0.0]])
        columns = sparse.csc_array(X)
        sd = sparse_sd(columns, sparse_mean(columns, np.ones(4)), np.ones(4))
        np.testing.assert_allclose(sd, np.sqrt(11 / 16) * size, rtol=1e-14)


FORMS = {
    "array": np.asarray,
    "fortran": np.asfortranarray,
    "strided": lambda X: np.repeat(X, 2, axis=0)[::2],
    "list": lambda X: X.tolist(),
    "frame": pd.DataFrame,
    **{kind.__name__: kind for kind in (sparse.csr_array, sparse.csc_array, sparse.coo_array, sparse.csc_matrix)},
}


@st.composite
def data(draw):
    """Columns of any type, size and place, some of them mostly zero, with weights."""
    n, p = draw(st.integers(1, 60)), draw(st.integers(1, 4))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    scale, offset = (
        10.0 ** draw(st.integers(-9, 9)),
        draw(st.sampled_from([-1, 0, 0, 1])) * 10.0 ** draw(st.integers(-9, 9)),
    )
    X = offset + scale * rng.normal(size=(n, p)) * (rng.uniform(size=p) < 0.8)
    X[rng.uniform(size=(n, p)) < draw(st.sampled_from([0.0, 0.0, 0.1, 0.9]))] = 0.0
    dtype = draw(st.sampled_from(["float64", "float64", "float32", "float16", "int64", "int8", "uint16", "bool"]))
    with np.errstate(all="ignore"):
        X = np.clip(X, -100, 100).astype(dtype) if dtype not in ("float64", "float32") else X.astype(dtype)
    weights = draw(st.sampled_from([None, "spread", "repeated", "wide", "zeros"]))
    if weights is not None:
        weights = {
            "spread": rng.uniform(0.1, 3.0, n),
            "repeated": rng.integers(1, 4, n),
            "wide": 10.0 ** rng.uniform(-12, 12, n),
            "zeros": rng.integers(0, 2, n) * 1.0,
        }[weights] * 10.0 ** draw(st.sampled_from([-60, -9, 0, 0, 0, 9, 60]))
    # SciPy has no sparse halves.
    forms = sorted(set(FORMS) - {name for name in FORMS if dtype == "float16" and name.startswith(("cs", "coo"))})
    return X, weights, draw(st.sampled_from(forms))


@settings(max_examples=300, deadline=None)
@given(data())
def test_any_columns_are_standardized_right_or_refused(given_data):
    X, weights, form = given_data
    y = np.arange(len(X)) * 1.0
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", br.errors.ConstantColumnWarning)
        if weights is not None and np.any(weights <= 0):
            with pytest.raises(br.errors.DataError, match="weights must be positive"):
                br.Regression(FORMS[form](X), y, prior=br.Normal(1.0), sigma=1.0, weights=weights)
            return
        reg = br.Regression(FORMS[form](X), y, prior=br.Normal(1.0), sigma=1.0, weights=weights)
    mean, sd = exact(X.astype(float), np.ones(len(X)) if weights is None else np.asarray(weights, dtype=float))
    largest = np.max(np.abs(X.astype(float)), axis=0)
    np.testing.assert_allclose(reg.design.standardization.center, mean, rtol=0, atol=2e-15 * largest.max())
    varies = sd > 1e-12 * largest
    assert not np.any(reg.design.constant & varies)
    assert np.all(reg.design.constant | (sd > 1e-14 * largest))
    # The rounding of a mean far from 0 adds its square to the variance.
    tolerance = 1e-10 * sd + largest * 1e-15 * (largest * 1e-15 / np.where(sd > 0, sd, 1.0))
    error = np.abs(reg.design.standardization.sd - sd)
    assert np.all((error <= tolerance) | ~varies)
    assert np.all(reg.design.standardization.sd[reg.design.constant] == 1.0)

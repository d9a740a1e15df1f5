import gc
import itertools
import json
from dataclasses import replace
from functools import reduce
from operator import add

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import bayesreg as br
from bayesreg.design import moments as moments_module
from bayesreg.design.columns import Rows, read_rows
from bayesreg.design.moments import Moments, moments_of_rows, weighted_mean
from bayesreg.errors import ConstantColumnWarning, DataError
from bayesreg.model.objective import objective_at, unknowns_at

steady = settings(deadline=None, derandomize=True)
SUMS = ("n", "weight", "log_weight", "mean_x", "mean_y", "gram", "cross", "square")


def make_rows(seed, n, weighted, offset=0.0, p=3):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, p)) * [1.0, 20.0, 0.01][:p] + offset
    y = rng.normal(size=n) + 0.1 * (X - offset).sum(axis=1) + offset
    return Rows(X, y, rng.uniform(0.1, 5.0, size=n) if weighted else None)


def part(rows, chosen):
    return Rows(rows.X[chosen], rows.y[chosen], None if rows.weights is None else rows.weights[chosen])


def assert_close(one, other, rtol=1e-12, atol=0.0):
    """Equal up to rounding, second moments relative to the spread of the two columns that they belong to."""
    assert (one.n, one.names, one.target) == (other.n, other.names, other.target)
    sd, scale_x, scale_y = np.sqrt(np.diag(other.gram)), 1 + np.abs(other.mean_x), 1 + abs(other.mean_y)
    np.testing.assert_allclose([one.weight, one.log_weight], [other.weight, other.log_weight], rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(one.mean_x / scale_x, other.mean_x / scale_x, atol=1e-14)
    assert one.mean_y / scale_y == pytest.approx(other.mean_y / scale_y, abs=1e-14)
    outer, unit_y = np.outer(sd, sd), np.sqrt(other.square)
    np.testing.assert_allclose(one.gram / outer, other.gram / outer, rtol=0, atol=rtol + atol)
    np.testing.assert_allclose(one.cross / (sd * unit_y), other.cross / (sd * unit_y), rtol=0, atol=rtol + atol)
    assert one.square == pytest.approx(other.square, rel=rtol + atol)


@pytest.mark.parametrize("weighted", [False, True])
def test_moments_are_numpys_covariance(weighted):
    rows = make_rows(0, 50, weighted)
    found = moments_of_rows(rows)
    total = 50 if rows.weights is None else rows.weights.sum()
    covariance = np.cov(np.column_stack([rows.X, rows.y]).T, ddof=0, aweights=rows.weights)
    np.testing.assert_allclose(found.gram, total * covariance[:3, :3], rtol=1e-12, atol=1e-13)
    np.testing.assert_allclose(found.cross, total * covariance[:3, 3], rtol=1e-12)
    np.testing.assert_allclose([found.sd_y, *found.sd_x], np.sqrt(np.diag(covariance)[[3, 0, 1, 2]]), rtol=1e-12)
    np.testing.assert_allclose(found.mean_x, np.average(rows.X, axis=0, weights=rows.weights), rtol=1e-12)
    assert found.mean_y == pytest.approx(np.average(rows.y, weights=rows.weights), rel=1e-12)
    assert found.weight == pytest.approx(total)
    assert found.log_weight == pytest.approx(0.0 if rows.weights is None else np.log(rows.weights).sum(), abs=1e-12)
    assert (found.n, found.p, found.names, found.target) == (50, 3, ("x0", "x1", "x2"), "y")


def test_whole_weights_are_repeated_rows():
    rows, counts = make_rows(1, 12, False), np.arange(1, 13)
    weighted = moments_of_rows(Rows(rows.X, rows.y, counts.astype(float)))
    repeated = moments_of_rows(part(rows, np.repeat(np.arange(12), counts)))
    for field in ("weight", "mean_x", "mean_y", "gram", "cross", "square"):
        np.testing.assert_allclose(getattr(weighted, field), getattr(repeated, field), rtol=1e-12, atol=1e-13)
    assert (weighted.n, repeated.n) == (12, 78)


def test_an_offset_is_taken_off_the_target():
    rows = make_rows(2, 10, True)
    shift = np.linspace(-3, 7, 10)
    shifted = Rows(rows.X, rows.y + shift, rows.weights, shift)
    assert_close(moments_of_rows(shifted), moments_of_rows(rows))


@st.composite
def splits(draw):
    """Rows, and a split of them into 1 to 5 parts that are shuffled and of any size, one row included."""
    n = draw(st.integers(2, 40))
    rows = make_rows(draw(st.integers(0, 10**6)), n, draw(st.booleans()))
    labels = np.array(draw(st.lists(st.integers(0, 4), min_size=n, max_size=n)))
    return rows, [np.flatnonzero(labels == label) for label in np.unique(labels)]


@steady
@given(splits())
def test_the_sum_of_parts_is_the_whole(split):
    rows, chosen = split
    parts = [moments_of_rows(part(rows, indices)) for indices in chosen]
    assert_close(reduce(add, parts), moments_of_rows(rows))


@steady
@given(splits())
def test_addition_is_commutative_and_associative(split):
    rows, chosen = split
    parts = [moments_of_rows(part(rows, indices)) for indices in chosen]
    whole = reduce(add, parts)
    if len(parts) <= 3:
        for order in itertools.permutations(parts):
            assert_close(reduce(add, order), whole)
    # From the right, (a + (b + (c + d))).
    assert_close(reduce(lambda right, left: left + right, reversed(parts)), whole)


@pytest.mark.parametrize("offset", [1e3, 1e6, 1e9])
def test_parts_far_from_zero_merge_as_well_as_parts_near_it(offset):
    """What rounding takes off the means is kept, so that the sum of any parts is that of the same rows near zero."""
    rows = make_rows(3, 200, True, offset)
    # Differences of neighbouring floating-point numbers are exact.
    near = moments_of_rows(Rows(rows.X - offset, rows.y - offset, rows.weights))
    parts = [moments_of_rows(part(rows, slice(start, start + 20))) for start in range(0, 200, 20)]
    orders = [parts, parts[::-1], parts[5:] + parts[:5]]
    for merged in [moments_of_rows(rows), *(reduce(add, order) for order in orders)]:
        np.testing.assert_allclose(merged.mean_x - offset + merged.rest_x, near.mean_x, rtol=0, atol=1e-15 * 20)
        assert_close(replace(merged, mean_x=near.mean_x, mean_y=near.mean_y), near)


@pytest.mark.parametrize("offset", [0.1, 1e9 + 0.1])
def test_a_constant_column_has_no_negative_square(offset):
    rows = Rows(np.full((1000, 2), offset), np.full(1000, offset), np.linspace(0.1, 3, 1000))
    found = moments_of_rows(rows)
    assert np.all(found.sd_x <= 1e-15 * offset)
    assert found.sd_y <= 1e-15 * offset


@pytest.mark.parametrize("dtype", [np.int8, np.uint8, np.int64, np.float32, bool])
def test_small_types_do_not_overflow(dtype):
    rng = np.random.default_rng(4)
    X = rng.integers(0, 2 if dtype is bool else 120, size=(30, 2)).astype(dtype)
    frame = pd.DataFrame(X, columns=["a", "b"]).assign(y=X[:, 0])
    exact = moments_of_rows(Rows(X.astype(float), X[:, 0].astype(float)), ("a", "b"))
    assert_close(br.moments(frame), exact)
    assert_close(br.moments(frame[:11]) + br.moments(frame[11:]), exact)


@pytest.mark.parametrize("size", [1, 7, 60])
def test_blocks_of_any_size_give_the_same(monkeypatch, size):
    """Big data are gone through in blocks; here of 1 row, 2 rows and 20 rows."""
    rows = make_rows(5, 41, True)
    whole, mean = moments_of_rows(rows), weighted_mean(rows.X, rows.weights)
    monkeypatch.setattr(moments_module, "BLOCK_SIZE", size)
    assert_close(moments_of_rows(rows), whole)
    np.testing.assert_allclose(weighted_mean(rows.X, rows.weights), mean, rtol=1e-14)


def test_one_row_has_no_spread():
    one = moments_of_rows(make_rows(6, 1, False))
    assert one.square == 0.0
    assert not one.gram.any()
    assert not one.cross.any()


def test_moments_of_other_columns_are_not_added():
    rows = make_rows(7, 5, False)
    here = moments_of_rows(rows, ("a", "b", "c"), "t")
    for other in (moments_of_rows(rows, ("a", "c", "b"), "t"), moments_of_rows(rows, ("a", "b", "c"), "u")):
        with pytest.raises(DataError, match="different columns cannot be added"):
            here + other
    with pytest.raises(TypeError):
        here + 1


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("kind", [str, lambda path: path], ids=["str", "Path"])
def test_save_and_load_give_every_bit_back(tmp_path, weighted, kind):
    path = kind(tmp_path / "some moments.npz")
    rows = make_rows(8, 9, weighted)
    before = moments_of_rows(rows, ("a b", "größe\0", "日本"), "ŷ")
    before.save(path)
    after = Moments.load(path)
    for field in SUMS:
        np.testing.assert_array_equal(getattr(after, field), getattr(before, field))
        assert type(getattr(after, field)) is type(getattr(before, field))
    assert (after.names, after.target) == (before.names, before.target)
    assert_close(after + before, before + after)


@pytest.mark.parametrize("content", [b"", b"a,b\n1,2\n", b"PK\x03\x04broken"], ids=["empty", "csv", "broken zip"])
def test_load_refuses_another_file(tmp_path, content):
    path = tmp_path / "other.npz"
    path.write_bytes(content)
    with pytest.raises(DataError, match=r"other.npz"):
        Moments.load(path)
    # A file that was left open is charged to this test rather than to a later one.
    gc.collect()


def test_load_refuses_other_arrays(tmp_path):
    np.savez(tmp_path / "other.npz", gram=np.ones(3))
    with pytest.raises(DataError, match=r"other.npz"):
        Moments.load(tmp_path / "other.npz")


CHANGES = {
    "another version": ("labels", {"version": 99, "names": ["x0", "x1", "x2"], "target": "y"}, "version is 99"),
    "other names": ("labels", {"version": 2, "names": ["x0"], "target": "y"}, "mean_x is not finite numbers of shape"),
    "a pickle": ("gram", np.array([{"a": 1}], dtype=object), "allow_pickle"),
    "no number": ("cross", np.array([1.0, np.nan, 2.0]), "cross is not finite"),
    "a negative square": ("gram", -np.eye(3), "must not be negative"),
}


@pytest.mark.parametrize("name", CHANGES)
def test_load_refuses_a_file_that_was_changed(tmp_path, name):
    field, value, message = CHANGES[name]
    moments_of_rows(make_rows(8, 9, False)).save(tmp_path / "some.npz")
    with np.load(tmp_path / "some.npz") as stored:
        arrays = dict(stored)
    arrays[field] = np.frombuffer(json.dumps(value).encode(), np.uint8) if field == "labels" else value
    np.savez(tmp_path / "some.npz", **arrays)
    with pytest.raises(DataError, match=rf"some.npz.*{message}"):
        Moments.load(tmp_path / "some.npz")


# A regression from moments is the regression from the rows.

INTERCEPTS = {"flat": True, "none": False, "normal": br.Normal(2.0, loc=1.0), "scaled": br.Normal(2.0, True, 1.0)}


@pytest.mark.parametrize("weighted", [False, True], ids=["plain", "weighted"])
@pytest.mark.parametrize("center", [True, False], ids=["centred", "at 0"])
@pytest.mark.parametrize("intercept", INTERCEPTS)
@pytest.mark.parametrize("standardize", [True, False], ids=["standardized", "raw"])
def test_from_moments_is_the_same_regression(standardize, intercept, center, weighted):
    rows = make_rows(9, 60, weighted, offset=3.0)
    options = {"prior": br.Laplace(0.3), "sigma": 1.0, "intercept": INTERCEPTS[intercept]}
    options |= {"standardize": standardize, "center": center}
    by_rows = br.Regression(rows.X, rows.y, weights=rows.weights, **options)
    by_moments = br.Regression.from_moments(moments_of_rows(*read_rows(rows.X, rows.y, rows.weights)), **options)
    for field in ("n", "p", "names"):
        assert getattr(by_moments, field) == getattr(by_rows, field)
    for field in ("gram", "cross", "square", "least_rss", "size", "rank"):
        found, expected = getattr(by_moments.loss, field), getattr(by_rows.loss, field)
        np.testing.assert_allclose(found, expected, rtol=1e-10, atol=1e-10 * np.max(np.abs(expected)), err_msg=field)
    # Products hold the square of the condition number of the rows, and no solver gets more digits out of them.
    lost = np.finfo(float).eps * np.linalg.cond(by_rows.loss.gram)
    expected = by_rows.loss.least_squares
    np.testing.assert_allclose(by_moments.loss.least_squares, expected, atol=(1e-10 + lost) * np.max(np.abs(expected)))
    for field in ("mean_y", "sd_y", "weight"):
        assert getattr(by_moments.design, field) == pytest.approx(getattr(by_rows.design, field), rel=1e-12)
    theta = np.random.default_rng(0).normal(size=by_rows.loss.size)
    assert objective_at(by_moments, theta, 1.0) == pytest.approx(objective_at(by_rows, theta, 1.0), rel=1e-10)
    one, other = br.map_estimate(by_rows), br.map_estimate(by_moments)
    np.testing.assert_array_equal(one.coef == 0, other.coef == 0)
    np.testing.assert_allclose(other.coef, one.coef, rtol=1e-8)
    assert other.intercept == pytest.approx(one.intercept, rel=1e-8)


def test_the_objective_is_the_one_written_with_rows():
    """½Σw(y − η)² + Σλ|β|, by hand on the user's columns, against the loss from moments at any beta."""
    rows = make_rows(10, 40, True, offset=3.0)
    moments = moments_of_rows(*read_rows(rows.X, rows.y, rows.weights))
    reg = br.Regression.from_moments(moments, prior=br.Laplace(0.3), sigma=2.0)
    for beta in np.random.default_rng(0).normal(size=(5, 3)):
        coef, intercept = unknowns_at(reg, beta, 2.0).on_user_columns(reg.design.standardization)
        residual = rows.y - intercept - rows.X @ coef
        by_hand = 0.5 * np.sum(rows.weights * residual**2) + 4 / 0.3 * np.sum(np.abs(beta))
        assert objective_at(reg, beta, 2.0) == pytest.approx(by_hand, rel=1e-10)


def test_from_moments_warns_of_constant_columns():
    frame = pd.DataFrame({"a": [1.0, 2.0, 4.0], "flat": [0.1, 0.1, 0.1], "y": [1.0, 0.0, 2.0]})
    with pytest.warns(ConstantColumnWarning, match="'flat'"):
        br.Regression.from_moments(br.moments(frame), prior=br.Laplace(1.0), sigma=1.0)


@pytest.mark.parametrize("other", [None, np.eye(2), {"n": 3}], ids=["none", "array", "dict"])
def test_from_moments_takes_only_moments(other):
    with pytest.raises(DataError, match=r"expected Moments.*br.moments"):
        br.Regression.from_moments(other, prior=br.Laplace(1.0))


def test_moments_have_no_rows_to_give():
    reg = br.Regression.from_moments(moments_of_rows(make_rows(11, 9, False)), prior=br.Laplace(1.0), sigma=1.0)
    with pytest.raises(DataError, match="hold no rows"):
        reg.design.matrix  # noqa: B018 - the property itself raises

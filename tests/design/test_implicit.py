"""Implicitly centred and scaled sparse columns against the same matrix written out."""

import numpy as np
import pytest
from scipy import sparse
from scipy.optimize import brentq
from scipy.special import expit

import bayesreg as br
from bayesreg.design import implicit
from bayesreg.design.implicit import ImplicitColumns, is_sparse


def case(ones=True, root=True, n=13, p=7):
    rng = np.random.default_rng(4)
    X = np.where(rng.random((n, p)) < 0.6, 0.0, rng.normal(size=(n, p)) + 2)
    center, sd = rng.normal(size=p), rng.uniform(0.5, 2, size=p)
    weights = rng.uniform(0.5, 2, size=n) if root else None
    written = (X - center) / sd
    if ones:
        written = np.column_stack([written, np.ones(n)])
    if root:
        written = written * weights[:, None]
    return ImplicitColumns(sparse.csc_array(X), center, sd, weights, ones), written


variants = pytest.mark.parametrize(("ones", "root"), [(False, False), (True, False), (False, True), (True, True)])


@variants
def test_every_product_is_that_of_the_written_matrix(ones, root):
    A, written = case(ones, root)
    rng = np.random.default_rng(1)
    n, q = written.shape
    assert A.shape == (n, q)
    assert A.size == written.size
    for right in (rng.normal(size=q), rng.normal(size=(q, 3))):
        np.testing.assert_allclose(A @ right, written @ right, rtol=1e-12, atol=1e-13)
    for left in (rng.normal(size=n), rng.normal(size=(n, 3))):
        np.testing.assert_allclose(A.T @ left, written.T @ left, rtol=1e-12, atol=1e-13)
        np.testing.assert_allclose(left.T @ A, left.T @ written, rtol=1e-12, atol=1e-13)
    for left in (rng.normal(size=q), rng.normal(size=(3, q))):
        np.testing.assert_allclose(left @ A.T, left @ written.T, rtol=1e-12, atol=1e-13)


@variants
@pytest.mark.parametrize(
    "key",
    [[2, 0, 5], [], slice(1, 4), np.arange(7) > 3, np.array([6, 6])],
    ids=["list", "none", "slice", "mask", "twice"],
)
def test_dense_columns_are_those_of_the_written_matrix(ones, root, key):
    A, written = case(ones, root)
    if isinstance(key, np.ndarray) and key.dtype == bool:
        key = np.append(key, ones) if ones else key
    key = np.array(key, dtype=int) if isinstance(key, list) else key
    np.testing.assert_allclose(A[:, key], written[:, key], rtol=1e-13)
    if ones:
        np.testing.assert_allclose(A[:, np.array([7, 1])], written[:, [7, 1]], rtol=1e-13)


@variants
@pytest.mark.parametrize("block", [1, 30, 10**6])
def test_gram_is_that_of_the_written_matrix_in_blocks_of_any_size(monkeypatch, ones, root, block):
    monkeypatch.setattr(implicit, "BLOCK_SIZE", block)
    A, written = case(ones, root)
    np.testing.assert_allclose(A.gram(), written.T @ written, rtol=1e-12, atol=1e-12)


@variants
def test_the_gram_of_few_stored_numbers_is_that_of_the_written_matrix(monkeypatch, ones, root):
    """Levels, one of which is frequent, and a column far from 0; never from a dense block of all of them."""
    rng = np.random.default_rng(5)
    n, p = 4000, 60
    X = np.zeros((n, p))
    X[np.arange(n), np.minimum(rng.integers(0, 90, n), p - 2)] = 1.0
    X[:, -1] = rng.normal(50.0, 1.0, n)
    weights = rng.uniform(0.5, 2, size=n) if root else None
    A = ImplicitColumns(sparse.csc_array(X), X.mean(axis=0), X.std(axis=0), weights, ones)
    written = A[:, :]
    seen = []
    monkeypatch.setattr(ImplicitColumns, "__getitem__", lambda self, key: seen.append(key) or written[key])
    np.testing.assert_allclose(A.gram(), written.T @ written, rtol=1e-12, atol=1e-12 * n)
    assert sum(len(columns) for _, columns in seen) == 1 + ones


def test_absolute_sums_bound_those_of_the_written_matrix():
    A, written = case(True, False)
    sizes = np.linspace(1, 3, 13)
    assert np.all(A.absolute_sums(sizes) >= np.abs(written).T @ sizes - 1e-12)
    assert np.all(A.absolute_sums(sizes) < 20 * (np.abs(written).T @ sizes))


def test_the_gram_of_centred_columns_does_not_cancel():
    """Columns around 1e8: raw moments would leave nothing of the variance 1."""
    rng = np.random.default_rng(0)
    X = 1e8 + rng.normal(size=(50, 3))
    mean, sd = X.mean(axis=0), X.std(axis=0)
    gram = ImplicitColumns(sparse.csc_array(X), mean, sd).gram()
    np.testing.assert_allclose(np.diag(gram), 50, rtol=1e-6)
    assert np.max(np.abs(gram - 50 * np.corrcoef(X.T))) < 1e-5


@pytest.mark.parametrize("form", [sparse.csr_array, sparse.csc_array, sparse.coo_array, sparse.csr_matrix])
@pytest.mark.parametrize(
    "given",
    [{}, {"standardize": False}, {"weights": np.linspace(1, 2, 60)}, {"intercept": False}],
    ids=["plain", "raw", "weights", "no intercept"],
)
def test_a_regression_on_sparse_columns_is_that_on_dense_ones(form, given):
    rng = np.random.default_rng(2)
    X = np.where(rng.random((60, 5)) < 0.7, 0.0, rng.normal(size=(60, 5)) + 1)
    y = X @ [1.0, 0, 2, 0, -1] + rng.normal(size=60)
    assert is_sparse(form(X))
    assert not is_sparse(X)
    ours, theirs = (br.Regression(columns, y, prior=br.Laplace(0.1), sigma=1.0, **given) for columns in (form(X), X))
    np.testing.assert_allclose(ours.design.standardization.sd, theirs.design.standardization.sd, rtol=1e-12)
    a, b = br.map_estimate(ours), br.map_estimate(theirs)
    np.testing.assert_allclose(a.coef, b.coef, rtol=1e-9)
    assert a.intercept == pytest.approx(b.intercept, rel=1e-9, abs=1e-12)


@pytest.mark.parametrize("place", [2.0**20, -(2.0**30)], ids=["near", "far"])
@pytest.mark.parametrize("family", ["gaussian", "bernoulli", "poisson"])
def test_the_map_on_sparse_columns_far_from_zero_is_stationary_where_nothing_is_rounded(family, place):
    rng = np.random.default_rng(3)
    # Multiples of 1/64, whose sum with the place is exact.
    Z = np.round(64 * rng.normal(size=(200, 5))) / 64 * (rng.random((200, 5)) < [1, 1, 0.3, 0.3, 0.3])
    eta = 0.5 * Z @ [1, -1, 0.5, 0, 0.8]
    draw = {"gaussian": eta + rng.normal(size=200), "bernoulli": rng.random(200) < expit(eta)}
    y = np.asarray(draw.get(family, rng.poisson(np.exp(eta))), dtype=float)
    weights = rng.uniform(0.5, 2.0, 200)
    X = sparse.csr_array(Z + np.array([place, place, 0, 0, 0]))
    sigma = {"sigma": 1.0} if family == "gaussian" else {}
    reg = br.Regression(X, y, prior=br.Laplace(0.1), family=family, weights=weights, **sigma)
    fit = br.map_estimate(reg)
    mean = np.average(Z, axis=0, weights=weights)
    columns = (Z - mean) / np.sqrt(np.average((Z - mean) ** 2, axis=0, weights=weights))
    inverse_link = {"gaussian": lambda eta: eta, "bernoulli": expit, "poisson": np.exp}[family]

    def slopes(level):
        return weights * (inverse_link(level + columns @ fit.beta) - y)

    # The intercept at x = 0 is of the size of the place and rounded there, so that at the mean is solved for.
    gradient = columns.T @ slopes(brentq(lambda level: slopes(level).sum(), -20, 20, xtol=1e-15))
    zero = fit.beta == 0
    np.testing.assert_allclose(gradient[~zero], -10 * np.sign(fit.beta[~zero]), rtol=1e-9)
    assert np.all(np.abs(gradient[zero]) <= 10)


@pytest.mark.parametrize("as_given", [np.asarray, sparse.csr_array], ids=["dense", "sparse"])
@pytest.mark.parametrize("family", ["gaussian", "bernoulli"])
def test_without_an_intercept_columns_far_from_zero_are_an_error_whose_cure_works(as_given, family):
    rng = np.random.default_rng(3)
    Z = rng.normal(size=(200, 3))
    X, y = as_given(Z + 1e9), (Z @ [1, -1, 0.5] + rng.normal(size=200) > 0).astype(float)
    sigma = {"sigma": 1.0} if family == "gaussian" else {}
    arguments = {"prior": br.Laplace(0.1), "family": family, **sigma}
    with pytest.raises(br.errors.ConvergenceError, match=r"intercept=True with center=True where they lie far from 0"):
        br.map_estimate(br.Regression(X, y, intercept=False, **arguments))
    assert br.map_estimate(br.Regression(X, y, intercept=True, center=True, **arguments)).certificate.kkt < 1e-9

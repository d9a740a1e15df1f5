from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import bayesreg as br
from bayesreg.design.standardization import Standardization
from bayesreg.model.unknowns import Unknowns

steady = settings(deadline=None, derandomize=True)
RNG = np.random.default_rng(1)
X = RNG.normal(size=(30, 4)) * [1e-3, 1.0, 50.0, 1e4] + [0.0, 10.0, -500.0, 1e6]
Y = RNG.normal(size=30) + X @ [100.0, 1.0, 0.0, 1e-4]
WEIGHTS = RNG.uniform(0.2, 3.0, size=30)


def regression(X=X, prior=None, **options):
    return br.Regression(X, Y, prior=prior or br.Laplace(1.0), sigma=1.0, **options)


options = st.fixed_dictionaries(
    {
        "standardize": st.booleans(),
        "center": st.booleans(),
        "intercept": st.sampled_from([True, False, br.Normal(2.0, loc=1.0)]),
        "weights": st.sampled_from([None, WEIGHTS]),
    }
)


@steady
@given(options, st.integers(0, 2**32 - 1))
def test_the_linear_predictor_is_the_same_on_both_sides(given_options, seed):
    """at_center + z·beta = intercept + x·coef, row by row."""
    reg = regression(**given_options)
    rng = np.random.default_rng(seed)
    beta, at_center = rng.normal(size=4), rng.normal() if given_options["intercept"] is not False else 0.0
    point = Unknowns(beta, np.asarray(at_center), np.ones(()))
    coef, intercept = point.on_user_columns(reg.design.standardization)
    inside = at_center + reg.design.matrix @ beta
    # Columns of size 1e6 leave rounding of that size times their coefficient.
    size = np.max(np.abs(X) @ np.abs(coef)) + abs(float(intercept))
    np.testing.assert_allclose(intercept + X @ coef, inside, rtol=0, atol=1e-14 * size)


@steady
@given(options)
def test_draws_go_back_one_by_one(given_options):
    """Draws of shape (chains, draws, p) give what each of them gives alone."""
    reg = regression(**given_options)
    many = Unknowns(RNG.normal(size=(2, 5, 4)), RNG.normal(size=(2, 5)), np.ones((2, 5)))
    coef, intercept = many.on_user_columns(reg.design.standardization)
    assert coef.shape == (2, 5, 4)
    assert intercept.shape == (2, 5)
    for chain in range(2):
        for draw in range(5):
            one = many[chain, draw].on_user_columns(reg.design.standardization)
            np.testing.assert_allclose(coef[chain, draw], one[0], rtol=1e-15)
            np.testing.assert_allclose(intercept[chain, draw], one[1], rtol=1e-12)


@pytest.mark.parametrize("weights", [None, WEIGHTS], ids=["plain", "weighted"])
def test_standardized_columns_have_mean_0_and_sd_1_with_divisor_n(weights):
    reg = regression(weights=weights)
    z = reg.design.matrix
    np.testing.assert_allclose(np.average(z, axis=0, weights=weights), 0, atol=1e-9)
    np.testing.assert_allclose(np.average(z**2, axis=0, weights=weights), 1, rtol=1e-12)
    if weights is None:
        np.testing.assert_allclose(reg.design.standardization.sd, X.std(axis=0, ddof=0), rtol=1e-12)


def test_without_an_intercept_columns_are_scaled_by_their_centred_sd_but_not_centred():
    """As in glmnet: the unit of a coefficient does not depend on whether there is an intercept."""
    with_intercept, without = regression(), regression(intercept=False)
    np.testing.assert_array_equal(without.design.standardization.center, np.zeros(4))
    np.testing.assert_array_equal(without.design.standardization.sd, with_intercept.design.standardization.sd)
    np.testing.assert_allclose(without.design.matrix, X / X.std(axis=0), rtol=1e-12)


def test_unstandardized_columns_keep_their_units():
    reg = regression(standardize=False)
    np.testing.assert_array_equal(reg.design.standardization.sd, np.ones(4))
    np.testing.assert_allclose(reg.design.matrix, X - X.mean(axis=0), atol=1e-9)
    np.testing.assert_array_equal(regression(standardize=False, intercept=False).design.matrix, X)


@steady
@given(st.lists(st.floats(1e-6, 1e6), min_size=4, max_size=4).map(np.array), st.integers(0, 2**32 - 1))
def test_coefficients_and_scales_go_there_and_back(sd, seed):
    rng = np.random.default_rng(seed)
    map_, beta = Standardization(rng.normal(size=4), sd), rng.normal(size=(2, 3, 4))
    np.testing.assert_allclose(map_.beta(map_.coef(beta)), beta, rtol=1e-15)
    at_center = rng.normal(size=(2, 3))
    coef = map_.coef(beta)
    back = map_.intercept_at_center(map_.intercept(at_center, coef), coef)
    np.testing.assert_allclose(back, at_center, atol=1e-14 * np.max(1 + np.abs(coef) @ np.abs(map_.center)))


def test_a_prior_on_standardized_columns_is_that_prior_with_its_scale_sent_back():
    """Laplace(b) on beta is Laplace(b/sd) on coef: same estimate, and densities that differ by the Jacobian only."""
    reg = regression(prior=br.Laplace(0.02))
    raw_scale = reg.design.standardization.coef(np.full(4, 0.02))
    raw = regression(prior=br.Laplace(raw_scale), standardize=False)
    standardized, plain = br.map_estimate(reg), br.map_estimate(raw)
    np.testing.assert_array_equal(standardized.coef == 0, plain.coef == 0)
    np.testing.assert_allclose(standardized.coef, plain.coef, rtol=1e-8)
    np.testing.assert_allclose(standardized.intercept, plain.intercept, rtol=1e-8)
    jacobian = np.log(reg.design.standardization.sd)
    inside = reg.prior.log_density(standardized.beta) + jacobian
    np.testing.assert_allclose(raw.prior.log_density(standardized.coef), inside, rtol=1e-12)


def test_the_estimate_does_not_depend_on_shift_or_units():
    """Standardization takes both out, so that coef scales inversely and the intercept takes up the shift."""
    shift, scale = np.array([3.0, -1.0, 0.5, 100.0]), np.array([2.0, 0.25, 1e3, 1e-3])
    one, other = br.map_estimate(regression()), br.map_estimate(regression(X * scale + shift))
    np.testing.assert_allclose(other.coef * scale, one.coef, rtol=1e-7, atol=1e-9)
    np.testing.assert_allclose(other.intercept + shift @ other.coef, one.intercept, rtol=1e-6)


# A column far from 0: numbers that float64 holds exactly, so that Fractions give the truth.
OFFSET = 10**9
COUNTS = np.array([[0, 3], [1, 1], [2, 8], [3, 2], [4, 9], [5, 0], [6, 7], [7, 4], [9, 5], [13, 6]])


def exact_gram(matrix, weights):
    """Σ w (x − x̄)(x − x̄)' in rational arithmetic."""
    rows, w = [[Fraction(float(v)) for v in row] for row in matrix], [Fraction(float(v)) for v in weights]
    means = [sum(wi * row[j] for wi, row in zip(w, rows, strict=True)) / sum(w) for j in range(matrix.shape[1])]
    gram = [
        [
            sum(wi * (r[j] - means[j]) * (r[k] - means[k]) for wi, r in zip(w, rows, strict=True))
            for k in range(len(means))
        ]
        for j in range(len(means))
    ]
    return np.array([[float(v) for v in row] for row in gram]), np.array([float(m) for m in means])


@pytest.mark.parametrize("weights", [None, np.arange(1, 11) / 4], ids=["plain", "weighted"])
@pytest.mark.parametrize("dtype", [float, np.int64])
def test_the_gram_matrix_of_a_column_at_1e9_is_exact(weights, dtype):
    """X'X − n·x̄x̄' had a negative eigenvalue of −48076 here; the centred Gram matrix has the true ones."""
    far = (COUNTS + np.array([OFFSET, 0])).astype(dtype)
    gram, mean = exact_gram(far, np.ones(10) if weights is None else weights)
    reg = br.Regression(far, COUNTS[:, 0], prior=br.Laplace(1.0), sigma=1.0, standardize=False, weights=weights)
    eigenvalues = np.linalg.eigvalsh(gram)
    for found in (reg.loss.gram, reg.design.moments.gram):
        # The mean itself is rounded to 1e-7, which costs n·1e-14 in the sum of squares.
        np.testing.assert_allclose(found, gram, rtol=1e-12)
        np.testing.assert_allclose(np.linalg.eigvalsh(found), eigenvalues, rtol=1e-12)
    np.testing.assert_allclose(reg.design.standardization.center, mean, rtol=1e-15)
    standardized = br.Regression(far, COUNTS[:, 0], prior=br.Laplace(1.0), sigma=1.0, weights=weights)
    total = 10 if weights is None else weights.sum()
    np.testing.assert_allclose(standardized.design.standardization.sd, np.sqrt(np.diag(gram) / total), rtol=1e-12)
    naive = far.astype(float).T @ far.astype(float) - 10 * np.outer(far.mean(axis=0), far.mean(axis=0))
    assert np.max(np.abs(naive / exact_gram(far, np.ones(10))[0] - 1)) > 1e-2


def test_the_estimate_of_a_column_at_1e9_is_that_of_the_column_at_0():
    near, far = (
        br.map_estimate(
            br.Regression(COUNTS + np.array([offset, 0]), COUNTS[::-1, 1], prior=br.Laplace(0.3), sigma=1.0)
        )
        for offset in (0, OFFSET)
    )
    np.testing.assert_allclose(far.coef, near.coef, rtol=1e-10)
    assert far.intercept == pytest.approx(near.intercept - OFFSET * near.coef[0], rel=1e-9)

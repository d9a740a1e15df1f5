import numpy as np
import pytest

import bayesreg as br
from bayesreg.errors import ConstantColumnWarning, DataError, PriorError

PRIORS = [
    br.Laplace(0.01),
    br.Normal(0.01),
    br.ElasticNetPrior(0.01, 0.01),
    br.Laplace({"x0": 0.1, "x1": np.inf, "x2": 1.0}),
]


def draw(n=25, p=3):
    rng = np.random.default_rng(2)
    X = rng.normal(5.0, 2.0, size=(n, p))
    return X, 3 + X @ rng.normal(size=p) + rng.normal(size=n)


def numpy_fit(X, y, weights=None):
    """Intercept, coef and residual sum of squares by numpy.linalg.lstsq."""
    root = np.ones(len(y)) if weights is None else np.sqrt(weights)
    A = np.column_stack([np.ones(len(y)), X]) * root[:, None]
    coef = np.linalg.lstsq(A, y * root, rcond=None)[0]
    return coef[0], coef[1:], np.sum((y * root - A @ coef) ** 2)


@pytest.mark.parametrize("standardize", [True, False])
@pytest.mark.parametrize("prior", PRIORS, ids=repr)
def test_it_is_numpys_whatever_the_prior(prior, standardize):
    X, y = draw()
    found = br.least_squares(br.Regression(X, y, prior=prior, standardize=standardize))
    intercept, coef, rss = numpy_fit(X, y)
    np.testing.assert_allclose(found.coef, coef, rtol=1e-9)
    assert found.intercept == pytest.approx(intercept, rel=1e-9)
    assert found.sigma == pytest.approx(np.sqrt(rss / (25 - 4)), rel=1e-9)
    assert found.certificate.kkt <= 1e-9


@pytest.mark.parametrize("center", [True, False])
def test_the_prior_of_an_intercept_is_ignored_too(center):
    X, y = draw()
    reg = br.Regression(X, y, prior=br.Laplace(0.01), intercept=br.Normal(0.1, loc=50.0), center=center)
    found = br.least_squares(reg)
    intercept, coef, rss = numpy_fit(X, y)
    np.testing.assert_allclose(found.coef, coef, rtol=1e-8)
    assert found.intercept == pytest.approx(intercept, rel=1e-8)
    assert found.sigma == pytest.approx(np.sqrt(rss / (25 - 4)), rel=1e-8)


def test_weights_and_offset():
    X, y = draw()
    weights, offset = np.linspace(0.2, 3, 25), np.linspace(-4, 9, 25)
    found = br.least_squares(br.Regression(X, y, prior=br.Laplace(1.0), weights=weights, offset=offset))
    intercept, coef, rss = numpy_fit(X, y - offset, weights)
    np.testing.assert_allclose(np.r_[found.intercept, found.coef], np.r_[intercept, coef], rtol=1e-9)
    assert found.sigma == pytest.approx(np.sqrt(rss / 21), rel=1e-9)


def test_without_an_intercept():
    X, y = draw()
    found = br.least_squares(br.Regression(X, y, prior=br.Laplace(1.0), intercept=False))
    coef, rss, _, _ = np.linalg.lstsq(X, y, rcond=None)
    np.testing.assert_allclose(found.coef, coef, rtol=1e-9)
    assert found.intercept == 0.0
    assert found.sigma == pytest.approx(np.sqrt(rss[0] / 22), rel=1e-9)


def test_moments_are_enough():
    reg = br.Regression(*draw(), prior=br.Laplace(1.0))
    ours = br.least_squares(reg)
    theirs = br.least_squares(br.Regression.from_moments(reg.design.moments, prior=reg.prior))
    np.testing.assert_allclose(theirs.coef, ours.coef, rtol=1e-9)
    assert theirs.sigma == pytest.approx(ours.sigma, rel=1e-9)


def test_a_known_sigma_is_kept():
    assert br.least_squares(br.Regression(*draw(), prior=br.Laplace(1.0), sigma=7.0)).sigma == 7.0


def test_of_many_it_is_the_one_of_least_norm(wide):
    X, y = wide
    found = br.least_squares(br.Regression(X, y, prior=br.Laplace(1.0), standardize=False))
    expected = np.linalg.pinv(X - X.mean(axis=0), rcond=1e-10) @ (y - y.mean())
    np.testing.assert_allclose(found.coef, expected, rtol=1e-7, atol=1e-9)
    np.testing.assert_allclose(found.predict(X), y, rtol=1e-8)


def test_collinear_columns_share():
    X, y = draw()
    found = br.least_squares(br.Regression(np.column_stack([X, X[:, 0]]), y, prior=br.Laplace(1.0)))
    _, coef, rss = numpy_fit(X, y)
    assert found.coef[0] == pytest.approx(coef[0] / 2, rel=1e-8)
    assert found.coef[3] == pytest.approx(coef[0] / 2, rel=1e-8)
    assert found.sigma == pytest.approx(np.sqrt(rss / 21), rel=1e-8)


def test_a_constant_column_gets_nothing():
    X, y = draw()
    with pytest.warns(ConstantColumnWarning):
        reg = br.Regression(np.column_stack([X, np.full(25, 3.0)]), y, prior=br.Laplace(1.0))
    found = br.least_squares(reg)
    intercept, coef, _ = numpy_fit(X, y)
    np.testing.assert_allclose(found.coef, np.append(coef, 0.0), rtol=1e-9, atol=1e-12)
    assert found.intercept == pytest.approx(intercept, rel=1e-9)


def test_what_is_no_regression_is_refused():
    for nothing in (None, draw()[0], "diabetes", 3):
        with pytest.raises(DataError, match="expected a Regression"):
            br.least_squares(nothing)


@pytest.mark.parametrize("family", ["student_t", "laplace"])
def test_maximum_likelihood_with_a_noise_scale_needs_it(family):
    reg = br.Regression(*draw(), prior=br.Laplace(1.0), family=family)
    with pytest.raises(PriorError, match=r"use reg\.with_sigma"):
        br.least_squares(reg)
    assert br.least_squares(reg.with_sigma(1.0)).certificate.kkt < 1e-9

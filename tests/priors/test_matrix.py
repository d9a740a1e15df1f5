"""A Normal prior with a mean and a covariance or precision, against SciPy's multivariate Normal."""

import numpy as np
import pandas as pd
import pytest
from scipy import sparse, stats

import bayesreg as br
from bayesreg.errors import PriorError

RNG = np.random.default_rng(11)
ROOT = RNG.normal(size=(4, 4)) * [1.0, 1e-4, 1e5, 1.0]
COV, LOC = ROOT.T @ ROOT, np.array([1.0, -2e-4, 3e5, 0.0])
PRECISION = np.linalg.inv(COV / np.outer(*2 * [np.sqrt(np.diag(COV))])) / np.outer(*2 * [np.sqrt(np.diag(COV))])
NAMES = ("a", "b", "c", "d")
SECOND = np.diff(np.eye(6), n=2, axis=0)


@pytest.mark.parametrize("given", [{"cov": COV}, {"precision": PRECISION}], ids=["cov", "precision"])
def test_the_density_is_that_of_the_multivariate_normal(given):
    expected = stats.multivariate_normal(LOC, 0.49 * COV, allow_singular=True)
    prior, at = br.Normal(0.7, loc=LOC, **given), LOC + np.array([0.3, 1e-5, -2e4, 1.0])
    gap = (at - LOC) / np.sqrt(np.diag(COV))
    correlation = COV / np.outer(*2 * [np.sqrt(np.diag(COV))])
    log_det = np.linalg.slogdet(correlation)[1] + np.sum(np.log(0.49 * np.diag(COV)))
    by_hand = -0.5 * (4 * np.log(2 * np.pi) + log_det + gap @ np.linalg.solve(correlation, gap) / 0.49)
    assert np.sum(prior.log_density(at)) == pytest.approx(by_hand, rel=1e-10)
    assert expected.dim == len(at)
    draws = prior.draw_given(np.random.default_rng(0), prior.given(NAMES, np.ones(40_000), {}))
    sd = 0.7 * np.sqrt(np.diag(COV))
    np.testing.assert_allclose(draws.mean(axis=0), LOC, atol=np.max(4 * sd / 200), rtol=0)
    np.testing.assert_allclose(np.corrcoef(draws.T), correlation, atol=0.03)
    np.testing.assert_allclose(draws.std(axis=0), sd, rtol=0.02)


def test_flat_directions_have_density_one_and_are_counted():
    """On the space across the flat directions it is the density of the pseudo-inverse."""
    prior = br.Normal(0.5, precision=SECOND.T @ SECOND)
    beta, line = RNG.normal(size=6), np.c_[np.ones(6), np.arange(6.0)]
    across = beta - line @ np.linalg.lstsq(line, beta, rcond=None)[0]
    expected = stats.multivariate_normal(None, 0.25 * np.linalg.pinv(SECOND.T @ SECOND), allow_singular=True)
    assert np.sum(prior.log_density(beta)) == pytest.approx(expected.logpdf(across), rel=1e-9)
    assert np.sum(prior.log_density(beta + line @ [3.0, -2.0])) == pytest.approx(expected.logpdf(across), rel=1e-9)
    assert "flat along 2 directions" in repr(prior)
    assert "flat along 2 directions" in prior.formula()
    assert "flat along 2 directions" in prior.sentence
    with pytest.raises(PriorError, match="flat prior has no draws"):
        prior.draw_given(np.random.default_rng(0), prior.given(list("abcdef"), np.ones(3), {}))


def test_flat_directions_are_found_in_any_units():
    """A precision of columns whose units differ by ten orders of magnitude has the flat directions that it had."""
    unit = 10.0 ** np.array([-5, 3, 0, 5, -2, 1])
    scaled = SECOND * unit
    prior = br.Normal(precision=scaled.T @ scaled)
    at = prior.coordinates([str(j) for j in range(6)])
    flat = at.factor.out[:, at.factor.flat]
    assert flat.shape == (6, 2)
    np.testing.assert_allclose(flat.T @ flat, np.eye(2), atol=1e-12)
    np.testing.assert_allclose(at.factor.back @ at.factor.out, np.eye(6), atol=1e-6)


@pytest.mark.parametrize(
    "form", [sparse.csr_array, sparse.coo_array, sparse.dia_array, np.ndarray.tolist], ids=["csr", "coo", "dia", "list"]
)
def test_any_form_of_the_matrix_is_read(form):
    names, beta = NAMES, RNG.normal(size=4)
    given = br.Normal(precision=form(SECOND[:, :4].T @ SECOND[:, :4] + np.eye(4)))
    same = br.Normal(cov=np.linalg.inv(SECOND[:, :4].T @ SECOND[:, :4] + np.eye(4)))
    unit = given.given(names, np.ones(()), {})
    assert np.sum(given.log_marginal(beta, unit)) == pytest.approx(np.sum(same.log_marginal(beta, unit)), rel=1e-12)


def test_long_smooth_directions_are_not_flat():
    """Of second differences of many columns only level and slope are flat."""
    D = sparse.diags_array([1.0, -2.0, 1.0], offsets=[0, 1, 2], shape=(598, 600))
    at = br.Normal(precision=D.T @ D).coordinates([str(j) for j in range(600)])
    flat = at.factor.out[:, at.factor.flat]
    assert flat.shape == (600, 2)
    np.testing.assert_allclose(D @ flat, 0.0, atol=1e-9)


def test_names_decide_and_not_positions():
    other = ["d", "b", "a", "c"]
    frame = pd.DataFrame(COV, NAMES, NAMES).loc[other, other]
    beta = pd.Series(LOC + np.array([0.1, 1e-5, 1e4, 0.2]), NAMES)
    named = br.Normal(cov=frame, loc=dict(zip(NAMES, LOC, strict=True)))
    expected = np.sum(br.Normal(cov=COV, loc=LOC).log_density(beta))
    assert np.sum(named.log_density(beta)) == pytest.approx(expected, rel=1e-12)
    mean, sd = named.margins(NAMES)
    np.testing.assert_allclose(mean, LOC)
    np.testing.assert_allclose(sd, np.sqrt(np.diag(COV)), rtol=1e-12)
    with pytest.raises(PriorError, match="name them alike"):
        named.column_scales(["a", "b", "c", "e"])


def test_a_strength_multiplies_the_precision():
    strong, beta = br.Normal(2.0, precision=PRECISION).strengthened(9.0), LOC
    expected = 9.0 * -0.5 * beta @ PRECISION @ beta / 4
    gap = np.sum(strong.log_density(beta)) - np.sum(strong.log_density(0 * beta))
    assert gap == pytest.approx(expected, rel=1e-10)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({}, "needs a scale"),
        ({"loc": 1.0}, "needs a scale"),
        ({"cov": np.eye(2), "precision": np.eye(2)}, "both given"),
        ({"cov": np.ones((2, 3))}, "square matrix"),
        ({"cov": np.ones(3)}, "square matrix"),
        ({"cov": 1.0}, "square matrix"),
        ({"precision": np.zeros((0, 0))}, "square matrix"),
        ({"cov": [[1.0, np.nan], [np.nan, 1.0]]}, "NaN or infinity"),
        ({"precision": [[1.0, np.inf], [np.inf, 1.0]]}, "NaN or infinity"),
        ({"cov": [[1.0, 0.5], [0.4, 1.0]]}, "symmetric"),
        ({"cov": [[1.0, 2.0], [2.0, 1.0]]}, "positive definite"),
        ({"cov": np.ones((2, 2))}, "positive definite"),
        ({"cov": np.diag([1.0, 0.0])}, "positive definite"),
        ({"cov": np.diag([1.0, -1.0])}, "positive definite"),
        ({"precision": [[1.0, 2.0], [2.0, 1.0]]}, "negative eigenvalue"),
        ({"precision": [[0.0, 1.0], [1.0, 0.0]]}, "negative eigenvalue"),
        ({"precision": np.diag([1.0, -1e-3])}, "negative eigenvalue"),
        ({"cov": [["a", "b"], ["b", "a"]]}, "must be numeric"),
        ({"cov": np.eye(2, dtype=complex)}, "must be numeric"),
        ({"cov": np.eye(2), "scale": [1.0, 2.0]}, "one number"),
        ({"cov": np.eye(2), "scale": np.inf}, "one number"),
        ({"cov": np.eye(2), "scale": -1.0}, "one number"),
        ({"cov": pd.DataFrame(np.eye(2), ["a", "b"], ["b", "a"])}, "same names"),
    ],
    ids=str,
)
def test_what_is_no_normal_prior_is_refused(settings, words):
    with pytest.raises(PriorError, match=words):
        br.Normal(**settings)


def test_a_matrix_of_other_columns_is_refused_where_the_regression_is_made():
    X, y = RNG.normal(size=(9, 3)), RNG.normal(size=9)
    with pytest.raises(PriorError, match="4 × 4 for 3 columns"):
        br.Regression(X, y, prior=br.Normal(cov=COV))
    with pytest.raises(PriorError, match="2 values for 3 columns"):
        br.Regression(X, y, prior=br.Normal(1.0, loc=[1.0, 2.0]))
    with pytest.raises(PriorError, match="intercept must be"):
        br.Regression(X, y, prior=br.Normal(1.0), intercept=br.Normal(cov=[[1.0]]))

"""A chosen strength follows the units: the same choice for the same data in other units or another order."""

import numpy as np
import pytest

import bayesreg as br

RULES = {"laplace": ("cv", "cv_1se", "aic", "bic", "prior"), "normal": ("cv", "aic", "bic", "press", "loo", "evidence")}
KINDS = {"laplace": br.Laplace, "normal": br.Normal}
CASES = [(kind, rule) for kind, rules in RULES.items() for rule in rules]


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(8)
    X = rng.normal(size=(50, 4)) + 0.5 * rng.normal(size=(50, 1))
    return X, X @ [1.0, -0.5, 0, 0] + rng.normal(size=50)


def chosen(X, y, kind, rule, sigma=1.1, **options):
    reg = br.Regression(X, y, prior=KINDS[kind](1.0), sigma=sigma, **options)
    return br.select(reg, by=rule, random_seed=3, p0=1.5).choice.strength


@pytest.mark.parametrize(("kind", "rule"), CASES)
@pytest.mark.parametrize("factor", [1e-6, 1e3])
def test_in_other_units_of_y(data, kind, rule, factor):
    X, y = data
    times = factor if kind == "laplace" else 1.0
    ours = chosen(X, factor * y, kind, rule, sigma=1.1 * factor)
    assert ours == pytest.approx(times * chosen(X, y, kind, rule), rel=1e-5)


@pytest.mark.parametrize(("kind", "rule"), CASES)
def test_in_other_units_of_standardized_columns_and_another_order_and_place(data, kind, rule):
    X, y = data
    expected = chosen(X, y, kind, rule)
    assert chosen(X * [1e-6, 1e3, 1, 7], y, kind, rule) == pytest.approx(expected, rel=1e-5)
    assert chosen(X[:, [2, 0, 3, 1]], y, kind, rule) == pytest.approx(expected, rel=1e-5)
    assert chosen(X + 100, y - 1000, kind, rule) == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize(("kind", "rule"), CASES)
def test_weights_in_other_units_are_another_sigma(data, kind, rule):
    X, y = data
    weights = 1.0 + np.arange(50) % 3
    plain = chosen(X, y, kind, rule, weights=weights)
    scaled = chosen(X, y, kind, rule, sigma=1.1 * 10, weights=100 * weights)
    assert scaled == pytest.approx(100 * plain, rel=1e-5)


@pytest.mark.parametrize("rule", ["cv", "aic", "bic"])
def test_weights_of_a_bernoulli_target_are_repeated_rows(data, rule):
    X, y = data
    times, folds = 1 + np.arange(50) % 4, np.arange(50) % 5
    options = {"prior": br.Laplace(1.0), "family": "bernoulli"}
    weighted = br.Regression(X, y > 0, weights=times, **options)
    repeated = br.Regression(np.repeat(X, times, axis=0), np.repeat(y > 0, times), **options)
    ours = br.select(weighted, by=rule, folds=folds)
    expected = br.select(repeated, by=rule, folds=np.repeat(folds, times))
    np.testing.assert_allclose(ours.curve.value, expected.curve.value, rtol=1e-6)
    assert ours.strength == pytest.approx(expected.strength, rel=1e-6)

"""Bounds are read by name, by column or for all, in the units of coef, and refused where they mean nothing."""

import numpy as np
import pandas as pd
import pytest

import bayesreg as br


@pytest.fixture(scope="module")
def frame():
    generator = np.random.default_rng(0)
    return pd.DataFrame(generator.normal(size=(40, 3)) * [1.0, 10.0, 0.1], columns=["price", "ads", "rain"])


@pytest.fixture(scope="module")
def y(frame):
    return frame @ [1.0, 0.2, -3.0] + np.random.default_rng(1).normal(size=40)


@pytest.mark.parametrize(
    ("bounds", "lower", "upper"),
    [
        ({"price": (None, 0), "ads": (0, None)}, [-np.inf, 0, -np.inf], [0, np.inf, np.inf]),
        ((0, None), [0, 0, 0], [np.inf] * 3),
        ([(0, 1), (None, None), (-2, np.inf)], [0, -np.inf, -2], [1, np.inf, np.inf]),
        (np.array([[0.0, 1.0], [-1.0, 1.0], [-np.inf, 0.0]]), [0, -1, -np.inf], [1, 1, 0]),
    ],
    ids=["names", "one pair", "pairs", "array"],
)
def test_bounds_are_read_in_every_form(frame, y, bounds, lower, upper):
    reg = br.Regression(frame, y, prior=br.Laplace(1.0), sigma=1.0, bounds=bounds)
    np.testing.assert_array_equal(reg.bounds.lower, lower)
    np.testing.assert_array_equal(reg.bounds.upper, upper)
    # beta = sd·coef, whose bounds are sd times those of coef.
    np.testing.assert_allclose(reg.box.upper, np.array(upper) * frame.std(ddof=0))


@pytest.mark.parametrize("bounds", [None, (None, None), {"ads": (None, np.inf)}], ids=["none", "pair", "names"])
def test_no_bound_is_no_bounds(frame, y, bounds):
    assert br.Regression(frame, y, prior=br.Laplace(1.0), bounds=bounds).bounds is None


def test_every_other_form_of_a_regression_keeps_them(frame, y):
    given = {"prior": br.Laplace(1.0), "sigma": 1.0, "bounds": {"ads": (0, None)}}
    data = frame.assign(y=y)
    by_rows = br.Regression(frame, y, **given)
    by_formula = br.Regression.from_formula("y ~ price + ads + rain", data, **given)
    by_moments = br.Regression.from_moments(br.moments(data, target="y"), **given)
    for reg in (by_formula, by_moments, by_rows.with_prior(br.Normal(2.0)), by_rows.with_sigma(3.0)):
        assert reg.bounds.pairs == by_rows.bounds.pairs
    np.testing.assert_allclose(br.map_estimate(by_formula).coef, br.map_estimate(by_rows).coef, rtol=1e-12)
    np.testing.assert_allclose(br.map_estimate(by_moments).coef, br.map_estimate(by_rows).coef, rtol=1e-8)
    # Least squares is that of the data alone.
    assert br.least_squares(by_rows).coef == pytest.approx(np.linalg.lstsq(*_with_ones(frame, y))[0][:3])


def _with_ones(frame, y):
    return np.column_stack([frame, np.ones(len(y))]), y


@pytest.mark.parametrize(
    ("bounds", "words"),
    [
        ({"prize": (0, None)}, "unknown names"),
        ({"price": (1, 0)}, "below"),
        ({"price": (1, 1)}, "below"),
        ({"price": (np.nan, 1)}, "number or None"),
        ({"price": (np.inf, None)}, "below"),
        ({"price": 0}, "no pair"),
        ({"price": "ab"}, "no pair"),
        ({"price": ("0", None)}, "numeric"),
        ({}, "unknown names"),
        ([(0, 1), (0, 1)], "2 pairs for 3 columns"),
        (3.0, "no pairs"),
        ("positive", "no pairs"),
    ],
    ids=str,
)
def test_what_is_no_bound_is_refused(frame, y, bounds, words):
    with pytest.raises(br.errors.PriorError, match=words):
        br.Regression(frame, y, prior=br.Laplace(1.0), bounds=bounds)


@pytest.mark.parametrize(
    "prior",
    [br.Laplace(br.HalfNormal(1.0)), br.Normal(1.0, scaled_by_sigma=True), br.Horseshoe(0.1)],
    ids=["unknown scale", "scaled by sigma", "horseshoe"],
)
def test_bounds_whose_share_depends_on_an_unknown_scale_are_refused(frame, y, prior):
    """The half of a symmetric prior is a half at every scale; the share of any other box is not."""
    with pytest.raises(br.errors.UnsupportedError, match="known scale"):
        br.Regression(frame, y, prior=prior, bounds=(-1, 1))
    assert br.Regression(frame, y, prior=prior, bounds=(0, None)).bounds.are_signs


def test_a_known_sigma_makes_the_share_known(frame, y):
    reg = br.Regression(frame, y, prior=br.Normal(1.0, scaled_by_sigma=True), sigma=2.0, bounds=(-1, 1))
    with pytest.raises(br.errors.UnsupportedError, match="known scale"):
        reg.with_sigma(None)


def test_a_prior_from_outside_is_not_truncated_unawares(frame, y):
    class Shifted(br.Laplace):
        is_truncatable = False

    with pytest.raises(br.errors.UnsupportedError, match="not built"):
        br.Regression(frame, y, prior=Shifted(1.0), bounds=(0, None))


def test_the_repr_names_them(frame, y):
    reg = br.Regression(frame, y, prior=br.Laplace(1.0), sigma=1.0, bounds={"price": (None, 0), "rain": (-1, 2.5)})
    assert "bounds=price ≤ 0, -1 ≤ rain ≤ 2.5" in repr(reg)
    assert "every coefficient ≥ 0" in repr(br.Regression(frame, y, prior=br.Laplace(1.0), bounds=(0, None)))

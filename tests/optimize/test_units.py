"""A target far from 0: the fit of the same rows about their middle, digit for digit."""

import numpy as np
import pytest

import bayesreg as br


@pytest.mark.parametrize("place", [1e3, -1e6, 1e8])
@pytest.mark.parametrize("family", ["student_t", "laplace"])
def test_the_place_of_the_target_moves_the_intercept_alone(family, place):
    rng = np.random.default_rng(1)
    X = rng.normal(size=(60, 3))
    # Multiples of 1/64, whose sum with the place is exact.
    y = np.round(64 * (X @ [1.0, -1.0, 0.0] + rng.standard_t(3, 60))) / 64
    near, far = (
        br.map_estimate(br.Regression(X, target, prior=br.Laplace(0.3), family=family, sigma=1.0))
        for target in (y, y + place)
    )
    np.testing.assert_allclose(far.coef, near.coef, rtol=1e-12, atol=1e-14)
    assert far.intercept == pytest.approx(near.intercept + place, rel=1e-15)

"""A loss that is not convex has several minima: the lowest is returned, and others are warned of."""

import numpy as np
import pytest

import bayesreg as br
from bayesreg.errors import MultimodalWarning
from bayesreg.model.objective import objective_at

GRID = np.linspace(-8, 8, 2_001)


def two_lines(share, sigma, unit=1.0):
    """Rows on two lines through the origin, with slopes 3 and −2."""
    rng = np.random.default_rng(2)
    x = rng.normal(size=40)
    first = np.arange(40) < share * 40
    y = np.where(first, 3.0, -2.0) * x + 0.1 * rng.normal(size=40)
    given = {"sigma": sigma * unit, "intercept": False}
    return br.Regression(x[:, None], y * unit, prior=br.Normal(2.0 * unit), family="student_t", **given)


@pytest.mark.parametrize("sigma", [0.05, 0.2])
@pytest.mark.parametrize("share", [0.25, 0.4, 0.6, 0.75])
def test_the_lowest_of_two_minima_is_returned_and_the_other_warned_of(share, sigma):
    reg = two_lines(share, sigma)
    heights = [objective_at(reg, np.array([point * reg.design.standardization.sd[0]]), sigma) for point in GRID]
    with pytest.warns(MultimodalWarning, match="modes or more, since the student_t loss is not convex"):
        fit = br.map_estimate(reg)
    assert fit.objective <= np.min(heights) + 1e-12
    assert fit.certificate.kkt <= 1e-9
    assert abs(fit.coef[0] - (3.0 if share > 0.5 else -2.0)) < 0.1


@pytest.mark.parametrize("seed", range(3))
def test_no_start_leads_lower_without_a_word(seed):
    """A sigma that is a thousandth of the noise: every few rows that a line fits are a minimum."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(40, 3))
    y = X @ [1, -1, 0] + rng.standard_t(3, 40)
    reg = br.Regression(X, y, prior=br.Normal(1.0), family="student_t", sigma=1e-3, center=False, standardize=False)
    with pytest.warns(
        MultimodalWarning, match=r"[0-9]+ modes or more.* highest found .* need not be the highest of all"
    ):
        fit = br.map_estimate(reg)
    assert fit.certificate.kkt <= 1e-9
    assert fit.objective < objective_at(reg, np.r_[1.0, -1.0, 0.0, 0.0], 1e-3)


def test_one_minimum_is_no_warning():
    rng = np.random.default_rng(3)
    X = rng.normal(size=(60, 3))
    reg = br.Regression(X, X @ [1, 0, -1] + rng.normal(size=60), prior=br.Laplace(0.5), family="student_t", sigma=1.0)
    assert br.map_estimate(reg).certificate.kkt <= 1e-9


def test_a_path_is_on_the_lower_minimum_too():
    reg = two_lines(0.6, 0.2)
    steps = br.path(reg)
    with pytest.warns(MultimodalWarning):
        best = br.map_estimate(reg)
    nearest = int(np.argmin(np.abs(np.log(steps.strengths / steps.current))))
    assert steps.coef[nearest, 0] == pytest.approx(best.coef[0], rel=0.05)


@pytest.mark.parametrize("unit", [1e-11, 1e11])
def test_minima_are_told_apart_in_any_unit_of_the_target(unit):
    with pytest.warns(MultimodalWarning):
        plain = br.map_estimate(two_lines(0.6, 0.2))
    with pytest.warns(MultimodalWarning):
        other = br.map_estimate(two_lines(0.6, 0.2, unit))
    np.testing.assert_allclose(other.coef / unit, plain.coef, rtol=1e-9)

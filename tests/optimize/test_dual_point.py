"""Certificates of a loss with kinks: right points pass, and every planted mistake is seen in its own size."""

import numpy as np
import pytest

import bayesreg as br
from bayesreg.errors import PriorError

PRIORS = {"laplace": br.Laplace(0.2), "normal": br.Normal(0.5), "elastic net": br.ElasticNetPrior(0.2, 0.5)}
by_prior = pytest.mark.parametrize("prior", PRIORS)


def regression(prior="laplace", *, rounded=False, **given):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(80, 8))
    y = 2 + X[:, :3] @ [1.0, -0.8, 0.5] + rng.laplace(size=80)
    y = np.round(y) if rounded else y
    return br.Regression(X, y, prior=PRIORS[prior], family="laplace", **({"sigma": 1.3} | given))


def best(reg):
    found = br.map_estimate(reg)
    return found, found.intercept + float(reg.design.standardization.center @ found.coef)


def test_by_hand_three_rows_and_no_column_that_matters():
    """At the median −Σ c·sign + u = 0 has u within its bound; off it, the sum of signs is the violation."""
    reg = br.Regression([[1.0], [-1.0], [0.0]], [0.0, 1.0, 5.0], prior=br.Laplace(1e-6), family="laplace", sigma=2.0)
    right = br.certify(reg, [0.0], intercept=1.0)
    assert (right.kkt, right.gap) == (0.0, 0.0)
    assert right.primal == 2.0 * 5
    wrong = br.certify(reg, [0.0], intercept=2.0)
    assert wrong.kkt_absolute == pytest.approx(2.0)
    assert wrong.primal - right.primal == pytest.approx(2.0)
    assert wrong.gap_absolute >= 2.0 - 1e-12
    # Through a row, but not the middle one: no u of that row within ±2 makes up for the other two.
    assert br.certify(reg, [0.0], intercept=5.0).kkt_absolute == pytest.approx(2.0)


@by_prior
@pytest.mark.parametrize("share", [1e-9, 1e-7, 1e-5, 1e-3, 0.1])
def test_a_shifted_coefficient_is_seen(prior, share):
    reg = regression(prior)
    found, at = best(reg)
    beta = found.beta.copy()
    beta[0] += share
    judged = br.certify(reg, beta, intercept=at)
    assert judged.kkt >= 0.3 * share
    rise = (judged.primal - found.objective) / judged.primal
    assert judged.gap >= 0.999 * rise


@by_prior
@pytest.mark.parametrize("rounded", [True, False])
def test_random_points_have_gaps_that_bound_their_distance_from_the_minimum(prior, rounded):
    reg, rng = regression(prior, rounded=rounded), np.random.default_rng(1)
    found, at = best(reg)
    assert found.certificate.kkt <= 1e-12
    for size in (1e-8, 1e-4, 1e-2, 1.0):
        judged = br.certify(reg, found.beta + size * rng.normal(size=8), intercept=at + size * rng.normal())
        assert np.isfinite(judged.gap)
        assert judged.gap_absolute >= (judged.primal - found.objective) * 0.999
        assert judged.kkt >= 0.1 * size


def test_dropping_a_coefficient_or_adding_one_is_seen():
    reg = regression()
    found, at = best(reg)
    zero, active = np.flatnonzero(found.beta == 0)[0], np.flatnonzero(found.beta)[0]
    for index, value in ((zero, 0.05), (active, 0.0), (active, -found.beta[active])):
        beta = found.beta.copy()
        beta[index] = value
        assert br.certify(reg, beta, intercept=at).kkt > 0.05


def test_the_best_point_of_another_sigma_weight_or_offset_is_seen():
    reg = regression()
    for other in ({"sigma": 2.6}, {"weights": np.linspace(0.2, 3, 80)}, {"offset": np.linspace(-1, 1, 80)}):
        found, at = best(regression(**other))
        assert br.certify(reg, found.beta, intercept=at).kkt > 1e-3


def test_it_is_judged_with_its_intercept():
    with pytest.raises(PriorError, match="judged with its intercept"):
        br.certify(regression(), np.zeros(8))


def test_a_point_that_is_one_of_many_minima_is_certified():
    """Any median of an even number of rows is a minimum, and none is between kinks of another kind."""
    X = np.random.default_rng(0).normal(size=(4, 2))
    reg = br.Regression(X, [1.0, 2.0, 4.0, 8.0], prior=br.Laplace(1e-9), family="laplace", sigma=1.0)
    for middle in (2.0, 2.5, 3.999, 4.0):
        judged = br.certify(reg, np.zeros(2), intercept=middle)
        assert judged.kkt <= 1e-9
        assert judged.gap <= 1e-12
    assert br.certify(reg, np.zeros(2), intercept=4.001).kkt > 1e-3

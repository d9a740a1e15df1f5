"""A truncated prior integrates to 1 over its box, and its draws follow its distribution."""

from itertools import pairwise

import numpy as np
import pytest
from scipy import integrate, stats

import bayesreg as br
from bayesreg.priors.truncation import draw_truncated, log_share

BOXES = np.array(
    [
        [0.0, np.inf],
        [-np.inf, 0.0],
        [-np.inf, np.inf],
        [-1.0, 2.0],
        [0.5, 1.5],
        [-3.0, -0.2],
        [1.0, np.inf],
        [-2.0, np.inf],
    ]
)
PRIORS = {
    "laplace": br.Laplace(0.7),
    "normal": br.Normal(1.3),
    "elastic net": br.ElasticNetPrior(0.8, 1.1),
    "student-t": br.StudentTPrior(3.0, 0.9),
    "scaled by sigma": br.Laplace(0.35, scaled_by_sigma=True),
}


def given_of(prior, draws=1):
    names = [str(j) for j in range(len(BOXES))]
    return prior.given(names, np.full(draws, 2.0), {})


@pytest.mark.parametrize("name", PRIORS)
def test_the_share_of_a_box_is_the_integral_of_the_density(name):
    prior = PRIORS[name]
    shares = np.exp(log_share(prior, *BOXES.T, given_of(prior)))[0]
    for share, (lower, upper) in zip(shares, BOXES, strict=True):
        ends = [lower, *(x for x in (0.0,) if lower < x < upper), upper]
        pieces = [
            integrate.quad(lambda x: np.exp(prior.log_density([x], 2.0))[0], a, b, epsabs=1e-13, limit=200)[0]
            for a, b in pairwise(ends)
        ]
        assert share == pytest.approx(sum(pieces), abs=1e-10)


def test_far_in_the_tail_the_share_keeps_its_digits():
    prior, box = br.Normal(1.0), np.array([[30.0, 31.0]])
    expected = stats.norm.logsf(30.0)
    assert log_share(prior, *box.T, prior.given(["x"], np.ones(1), {}))[0, 0] == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("name", PRIORS)
def test_draws_follow_the_truncated_distribution(name):
    """By their probability integral transform, from shares of parts of the box, against uniform draws."""
    prior, generator = PRIORS[name], np.random.default_rng(7)
    draws = draw_truncated(prior, *BOXES.T, given_of(prior, 2_000), generator)
    assert np.all((draws >= BOXES[:, 0]) & (draws <= BOXES[:, 1]))
    whole = log_share(prior, *BOXES.T, given_of(prior))
    below = log_share(prior, np.broadcast_to(BOXES[:, 0], draws.shape), draws, given_of(prior, 2_000))
    pvalues = [stats.kstest(np.exp(part), "uniform").pvalue for part in (below - whole).T]
    assert min(pvalues) > 1e-3 / len(BOXES)


def test_draws_far_in_the_tail_stay_there():
    prior = br.Normal(1.0)
    draws = draw_truncated(
        prior, np.array([30.0]), np.array([np.inf]), prior.given(["x"], np.ones(500), {}), np.random.default_rng(0)
    )
    # Beyond 30 the density falls as exp(−30x).
    assert np.mean(draws - 30.0) == pytest.approx(1 / 30, rel=0.2)

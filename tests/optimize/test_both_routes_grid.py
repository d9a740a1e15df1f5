"""MAP and penalized estimate agree, intercept included, wherever either can be asked for."""

import itertools

import numpy as np
import pytest

import bayesreg as br

FAMILIES = ("gaussian", "bernoulli", "poisson", "student_t", "laplace")
# Their other routes take a second each.
ROBUST_SLOW = [
    pytest.param(name, marks=[pytest.mark.slow] if name in ("student_t", "laplace") else []) for name in FAMILIES
]
SCALES = np.array([0.1, 0.4, 0.2, 0.8])
PRIORS = {
    "laplace": br.Laplace(0.2),
    "normal": br.Normal(0.4),
    "elastic net": br.ElasticNetPrior(0.2, 0.4),
    "laplace by column": br.Laplace(SCALES),
    "normal by column": br.Normal(SCALES),
    "laplace, one column free": br.Laplace([0.2, np.inf, 0.2, 0.1]),
    "normal, one column free": br.Normal([0.4, np.inf, 0.4, 0.4]),
    "elastic net by column": br.ElasticNetPrior([0.2, np.inf, 0.1, 0.3], [np.inf, 0.4, 0.3, np.inf]),
}
INTERCEPTS = {
    "flat": {},
    "none": {"intercept": False},
    "normal": {"intercept": br.Normal(0.5, loc=0.3)},
    "normal at 0": {"intercept": br.Normal(0.5), "center": False},
}
ROWS = tuple(itertools.product((False, True), repeat=2))


def draw(family, seed, n=60):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, 4)) + 0.5 * rng.normal(size=(n, 1))
    eta = 0.3 + X @ [0.8, -0.5, 0.0, 0.2]
    y = {
        "gaussian": eta + rng.normal(size=n),
        "bernoulli": (rng.random(n) < 1 / (1 + np.exp(-eta))).astype(float),
        "poisson": rng.poisson(np.exp(eta)).astype(float),
        "student_t": eta + 0.7 * rng.standard_t(4, size=n),
        "laplace": eta + rng.laplace(size=n),
    }[family]
    return X, y, rng.uniform(0.3, 3, n), rng.normal(size=n)


def settings_of(family, weighted, shifted, seed):
    X, y, weights, offset = draw(family, seed)
    given = {"family": family} | ({"weights": weights} if weighted else {}) | ({"offset": offset} if shifted else {})
    return X, y, given | ({} if family in ("bernoulli", "poisson") else {"sigma": 0.9})


def assert_same(ours, theirs):
    """To the accuracy that the certificate states; libsvm is the least accurate of the tools."""
    np.testing.assert_allclose(theirs.beta, ours.beta, rtol=1e-6, atol=1e-6)
    assert np.array_equal(theirs.beta == 0, ours.beta == 0)
    assert theirs.intercept == pytest.approx(ours.intercept, rel=1e-6, abs=1e-6)
    share = max(1e-12, theirs.certificate.gap or 0.0)
    assert theirs.objective == pytest.approx(ours.objective, rel=2 * share)
    assert theirs.certificate.kkt <= 1e-6


@pytest.mark.parametrize("intercept", INTERCEPTS)
@pytest.mark.parametrize("prior", PRIORS)
@pytest.mark.parametrize("family", ROBUST_SLOW)
def test_both_routes_agree(family, prior, intercept):
    for k, (weighted, shifted) in enumerate(ROWS):
        X, y, given = settings_of(family, weighted, shifted, seed=k)
        reg = br.Regression(X, y, prior=PRIORS[prior], **given, **INTERCEPTS[intercept])
        assert_same(br.map_estimate(reg), br.penalized_estimate(reg))


CHANGES = ("rows permuted", "columns permuted", "offset split", "rows repeated", "columns rescaled")


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("prior", ["laplace", "normal", "elastic net"])
@pytest.mark.parametrize("family", ["bernoulli", "poisson"])
def test_the_same_data_stated_otherwise_have_the_same_estimate(family, prior, change):
    X, y, given = settings_of(family, True, True, seed=9)
    given["weights"] = np.random.default_rng(1).integers(1, 4, size=len(y)).astype(float)
    first = br.penalized_estimate(br.Regression(X, y, prior=PRIORS[prior], **given))
    rows, columns, size, known = np.arange(len(y)), np.arange(4), np.ones(4), np.zeros(len(y))
    if change == "rows permuted":
        rows = rows[::-1]
    if change == "columns permuted":
        columns = np.array([2, 0, 3, 1])
    if change == "offset split":
        known = np.full(len(y), 0.7)
    if change == "rows repeated":
        rows = np.repeat(rows, given["weights"].astype(int))
    if change == "columns rescaled":
        size = np.array([1e6, 1e-6, 3.0, 1e3])
    weights = np.ones(len(rows)) if change == "rows repeated" else given["weights"][rows]
    more = {"family": family, "weights": weights, "offset": (given["offset"] + known)[rows]}
    other = br.penalized_estimate(br.Regression((X * size)[rows][:, columns], y[rows], prior=PRIORS[prior], **more))
    np.testing.assert_allclose(other.coef * size[columns], first.coef[columns], rtol=1e-7, atol=1e-9)
    assert other.intercept + known[0] == pytest.approx(first.intercept, rel=1e-7, abs=1e-9)

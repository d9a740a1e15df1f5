"""Where a path begins: all zeros at its first strength, and not below it."""

import numpy as np
import pytest

import bayesreg as br
from bayesreg.errors import PriorError
from bayesreg.model.objective import strengths_at
from bayesreg.optimize import strength_grid

INF = np.inf
# Columns with both terms, with an L1 term alone, with an L2 term alone, and flat ones.
PRIORS = {
    "lasso": br.Laplace(0.3),
    "lasso by column": br.Laplace([0.1, 0.2, 0.5, 1.0]),
    "elastic net": br.ElasticNetPrior(0.3, 1.0),
    "one column of L2": br.ElasticNetPrior([0.1, INF, 0.2, 0.3], [INF, 0.5, INF, INF]),
    "strong L2": br.ElasticNetPrior([0.1, INF, 0.2, 0.3], [INF, 0.01, 1.0, INF]),
    "weak L2": br.ElasticNetPrior([1e-3, INF, 2e-3, 1e-3], [INF, 30.0, 1.0, INF]),
    "two of L2 and a flat one": br.ElasticNetPrior([0.1, INF, INF, INF], [INF, 0.5, 0.05, INF]),
}
FAMILIES = ("gaussian", "bernoulli", "poisson", "student_t", "laplace")
# A loss that is not convex is solved from many starting points, at each strength.
by_family = pytest.mark.parametrize(
    "family", [pytest.param(name, marks=[pytest.mark.slow] if name == "student_t" else []) for name in FAMILIES]
)
mixed = pytest.mark.parametrize("prior", [name for name in PRIORS if "L2" in name])


def regression(family, prior, **given):
    rng = np.random.default_rng(5)
    X = rng.normal(size=(60, 4)) @ rng.normal(size=(4, 4))
    eta = X @ [0.5, -0.7, 0.2, 0.3]
    y = {
        "bernoulli": rng.random(60) < 1 / (1 + np.exp(-eta)),
        "poisson": rng.poisson(np.exp(0.5 + 0.3 * eta)),
    }.get(family, 3 + eta + rng.standard_t(4, 60))
    sigma = 1.0 if family in ("gaussian", "student_t", "laplace") else None
    return br.Regression(X, y.astype(float), family=family, sigma=sigma, prior=PRIORS[prior], **given)


def penalized_betas(reg, factors):
    """MAP estimates of the L1-penalized coefficients with λ and κ at multiples of their own values."""
    scales = reg.scales.at(1.0)
    priors = [br.ElasticNetPrior(scales.laplace / factor, scales.normal / np.sqrt(factor)) for factor in factors]
    return np.array([br.map_estimate(reg.with_prior(prior)).beta[np.isfinite(scales.laplace)] for prior in priors])


def default_grid(reg):
    """The default strengths alone, and the largest of the prior's own."""
    l1, l2 = strengths_at(reg, 1.0)
    return strength_grid.default_strengths(reg, l1, l2, np.max(l1)), np.max(l1)


@pytest.mark.parametrize("intercept", [True, br.Normal(1.0, loc=2.0)], ids=repr)
@pytest.mark.parametrize("prior", PRIORS)
@by_family
def test_a_default_grid_begins_at_the_smallest_strength_of_all_zeros(family, prior, intercept):
    reg = regression(family, prior, intercept=intercept)
    grid, current = default_grid(reg)
    zero, stronger, weaker = penalized_betas(reg, grid[0] / current * np.array([1.0, 1.01, 0.9999]))
    assert not np.any(zero)
    assert not np.any(stronger)
    assert np.any(weaker)


@pytest.mark.parametrize("prior", PRIORS)
def test_the_first_point_of_a_path_is_all_zeros_and_the_second_is_not(prior):
    reg = regression("gaussian", prior)
    beta = br.path(reg).beta[:, np.isfinite(reg.scales.at(1.0).laplace)]
    assert not np.any(beta[0])
    assert np.any(beta[1])


@mixed
@pytest.mark.parametrize("family", FAMILIES)
def test_the_first_strength_does_not_depend_on_the_strength_that_the_prior_has(family, prior):
    """Along a path λ and κ move together, so that it is the same path from whichever point it is asked for."""
    reg = regression(family, prior)
    scales = reg.scales.at(1.0)
    other = reg.with_prior(br.ElasticNetPrior(scales.laplace / 7.0, scales.normal / np.sqrt(7.0)))
    np.testing.assert_allclose(default_grid(reg)[0], default_grid(other)[0], rtol=1e-8)


@pytest.mark.parametrize("prior", ["lasso", "lasso by column", "elastic net"])
@pytest.mark.parametrize("family", FAMILIES)
def test_where_no_column_has_an_l2_term_alone_it_is_strength_max(family, prior):
    reg = regression(family, prior)
    assert default_grid(reg)[0][0] == pytest.approx(br.strength_max(reg), rel=1e-8)


def test_strength_max_holds_the_l2_terms_where_they_are():
    reg = regression("gaussian", "one column of L2")
    assert br.path(reg).strengths[0] != pytest.approx(br.strength_max(reg), rel=1e-3)
    with pytest.raises(PriorError, match=r"use reg\.with_sigma"):
        strength_grid.strength_max(reg.with_sigma(br.HalfNormal(1.0)))


@pytest.mark.parametrize("prior", PRIORS)
@by_family
def test_a_path_without_an_intercept_begins_at_all_zeros_and_is_certified_throughout(family, prior):
    reg = regression(family, prior, intercept=False)
    fits = br.path(reg)
    beta = fits.beta[:, np.isfinite(reg.scales.at(1.0).laplace)]
    assert not np.any(beta[0])
    assert np.any(beta[1])
    assert np.max(fits.kkt) <= 1e-9

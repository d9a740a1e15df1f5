"""Modes on the bound of a variable's range."""

import numpy as np
import pymc as pm
import pytest

from bayesreg.errors import ModeError
from bayesreg.find_map.find_map import find_MAP

X = np.random.default_rng(0).normal(size=(60, 4))
Y = X @ [2, 0, -1, 0.1] + np.random.default_rng(1).normal(size=60)
RATE = 20.0


def value(tree, name):
    return tree["posterior"][name].values[0, 0]


POSITIVE = {
    "exponential": lambda: pm.Exponential("coef", RATE, shape=4),
    "truncated laplace": lambda: pm.Truncated("coef", pm.Laplace.dist(0, 1 / RATE), lower=0, shape=4),
    "negated": lambda: -pm.Truncated("minus", pm.Laplace.dist(0, 1 / RATE), upper=0, shape=4),
    "gamma": lambda: pm.Gamma("coef", 1.0, RATE, shape=4),
}


@pytest.mark.parametrize(
    "prior",
    [pytest.param(k, marks=() if k in ("exponential", "truncated laplace") else pytest.mark.slow) for k in POSITIVE],
)
def test_the_positive_lasso_has_exact_zeros(prior):
    """At 0 the slope of the loss is at least −rate; elsewhere it is −rate."""
    with pm.Model():
        coef = pm.Deterministic("used", POSITIVE[prior]())
        pm.Normal("y", pm.math.dot(X, coef), 1.0, observed=Y)
        tree = find_MAP()
    used = value(tree, "used")
    slope = X.T @ (X @ used - Y) + RATE
    assert 0 < np.count_nonzero(used) < 4
    np.testing.assert_allclose(slope[used > 0], 0, atol=1e-6)
    assert np.all(slope[used == 0] > 0)
    assert int(tree["certificate"]["n_zeros"].sum()) == np.count_nonzero(used == 0)
    assert tree["certificate"]["kkt"] <= tree["certificate"]["kkt_allowed"]


def test_the_positive_lasso_beside_an_estimated_sigma():
    with pm.Model():
        coef = pm.Exponential("coef", RATE, shape=4)
        sigma = pm.InverseGamma("sigma", 2.0, 1.0)
        pm.Normal("y", pm.math.dot(X, coef), sigma, observed=Y)
        tree = find_MAP()
    coef, sigma = value(tree, "coef"), value(tree, "sigma")
    slope = X.T @ (X @ coef - Y) / sigma**2 + RATE
    np.testing.assert_allclose(slope[coef > 0], 0, atol=1e-6)
    assert np.all(slope[coef == 0] > 0)
    rss = np.sum((Y - X @ coef) ** 2)
    assert -(60 + 3.0) / sigma + rss / sigma**3 + 1.0 / sigma**2 == pytest.approx(0, abs=1e-6)


def a_share(low, high, failures, **options):
    share = pm.Uniform("share", low, high, **options)
    pm.Binomial("y", 8, share, observed=[8 - failed for failed in failures])


@pytest.mark.parametrize(
    ("build", "expected"),
    [
        (lambda: a_share(0.5, 0.9, [5, 6, 7, 8], default_transform=None), 0.5),
        (lambda: a_share(0.5, 0.9, [0, 0, 1, 0], default_transform=None), 0.9),
        (lambda: a_share(0.5, 0.9, [5, 6, 7, 8]), 0.5),
        (lambda: a_share(0.5, 0.9, [0, 0, 1, 0]), 0.9),
        (lambda: a_share(0.5, 0.9, [2, 2, 3, 3]), 22 / 32),
        (lambda: pm.Normal("y", pm.HalfNormal("share", 2.0), 1.0, observed=[-1.0, -2.0]), 0.0),
        (lambda: pm.Normal("y", pm.TruncatedNormal("share", 0, 1, upper=0.5), 0.1, observed=[1.0, 2.0]), 0.5),
        (lambda: pm.Poisson("y", pm.Exponential("share", 1.0), observed=[0, 0, 0]), 0.0),
    ],
)
def test_a_single_variable_on_its_bound(build, expected):
    with pm.Model() as model:
        build()
    tree = find_MAP(model)
    assert value(tree, "share") == pytest.approx(expected, rel=1e-9, abs=0)
    assert float(tree["certificate"]["log_density"]) == pytest.approx(
        float(model.compile_logp(jacobian=False, mode="FAST_COMPILE")(_point(model, tree)))
    )


def _point(model, tree):
    """Unconstrained values, infinite on a bound."""
    return {var.name: tree["fit"]["mean_vector"].values[0] for var in model.value_vars}


@pytest.mark.slow
def test_a_spread_of_zero_off_centre():
    """Without differences between groups their spread is 0 and the effects are at their own mode."""
    groups = np.repeat(np.arange(4), 10)
    y = 3 + np.tile(np.linspace(-1, 1, 10), 4)
    with pm.Model():
        effects = pm.HalfNormal("spread", 1.0) * pm.Normal("unit", 0, 1, shape=4)
        pm.Normal("y", pm.Flat("centre") + effects[groups], 1.0, observed=y)
        tree = find_MAP()
    assert value(tree, "spread") == pytest.approx(0, abs=1e-9)
    assert value(tree, "centre") == pytest.approx(3.0)


def test_the_edge_of_a_simplex_is_named_and_its_cure_works():
    counts = [10, 10, 0]
    with pm.Model() as model:
        pm.Multinomial("counts", 20, pm.Dirichlet("share", np.ones(3)), observed=counts)
    with pytest.raises(ModeError, match=r"share.*lies on that bound.*Dirichlet with all parameters above 1"):
        find_MAP(model)
    with pm.Model() as model:
        pm.Multinomial("counts", 20, pm.Dirichlet("share", np.full(3, 1.01)), observed=counts)
    expected = (np.array(counts) + 0.01) / (20 + 0.03)
    np.testing.assert_allclose(value(find_MAP(model), "share"), expected, rtol=1e-6)


def test_a_pole_on_the_bound_is_no_mode():
    with pm.Model() as model:
        spread = pm.HalfNormal("spread", 1.0)
        pm.Normal("y", pm.Normal("effect", 0, spread, shape=5), 1.0, observed=np.linspace(-0.1, 0.1, 5))
    with pytest.raises(ModeError, match="spread"):
        find_MAP(model)


def test_a_mean_beyond_the_upper_bound():
    with pm.Model():
        pm.Normal("y", pm.Uniform("mean", 0, 1), 1.0, observed=[5.0, 5.5])
        assert value(find_MAP(), "mean") == 1.0

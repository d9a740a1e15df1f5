"""What the posterior says of zeros, against counts of its draws."""

import numpy as np
import pytest

import bayesreg as br
from bayesreg.families.bernoulli import LOGISTIC_SD
from bayesreg.model.unknowns import Unknowns
from bayesreg.sampling.datatree import to_datatree
from bayesreg.sampling.draws import Run

RNG = np.random.default_rng(2)
X = RNG.normal([5.0, 0.0, 1.0, 0.0], [1.0, 10.0, 0.1, 1.0], size=(60, 4))
Y = X @ [1.0, 0.1, 0.0, 0.0] + RNG.normal(size=60)


def made(reg, shift=(1.0, -0.3, 0.05, 0.0), **scales):
    rng, shape = np.random.default_rng(7), (2, 300)
    sigma = rng.uniform(0.8, 1.2, size=shape) if reg.noise.sigma is None else np.full(shape, reg.noise.sigma)
    scales |= {} if reg.scale_known else {"scale": rng.uniform(0.1, 0.3, size=shape)}
    beta = np.array(shift) + 0.2 * rng.normal(size=(*shape, 4))
    return to_datatree(reg, Run(Unknowns(beta, rng.normal(size=shape), sigma, scales)), {}, (), None)


@pytest.fixture(scope="module")
def reg():
    return br.Regression(X, Y, prior=br.Laplace(0.02), sigma=1.0)


@pytest.fixture(scope="module")
def told(reg):
    return br.sparsity(made(reg))


def test_zeros_are_those_of_the_map(reg, told):
    np.testing.assert_array_equal(told.zero, br.map_estimate(reg).beta == 0)
    assert 0 < told.zero.sum() < 4
    assert told.how == "the MAP"


def test_probabilities_are_counts(reg, told):
    coef = made(reg)["posterior"]["coef"].values.reshape(-1, 4)
    epsilon = 0.05 * Y.std() / X.std(axis=0)
    np.testing.assert_allclose(told.epsilon, epsilon, rtol=1e-12)
    np.testing.assert_array_equal(told.p_near_zero, (np.abs(coef) < epsilon).mean(axis=0))
    np.testing.assert_allclose(told.p_below + told.p_near_zero + told.p_above, 1, rtol=1e-12)
    np.testing.assert_array_equal(told.p_direction, np.maximum((coef > 0).mean(axis=0), (coef < 0).mean(axis=0)))
    low, high = np.quantile(coef, [0.025, 0.975], axis=0)
    np.testing.assert_array_equal(told.excludes_zero, (low > 0) | (high < 0))
    np.testing.assert_allclose(told.lower, low)


def test_false_sign_and_discovery_rates_are_counts(reg):
    estimate = br.map_estimate(reg)
    coef = made(reg)["posterior"]["coef"].values.reshape(-1, 4)
    told = br.sparsity(made(reg), estimate=estimate, epsilon=0.1)
    kept = estimate.beta != 0
    wrong = [np.mean(np.sign(coef[:, j]) != np.sign(estimate.coef[j])) for j in np.flatnonzero(kept)]
    assert told.false_sign_rate == pytest.approx(np.mean(wrong), rel=1e-12)
    near = np.abs(coef) < 0.1
    assert told.false_discovery_rate == pytest.approx(near[:, kept].mean(), rel=1e-12)
    assert told.false_zero_rate == pytest.approx(1 - near[:, ~kept].mean(), rel=1e-12)


def test_the_s_value_is_the_mean_rate_of_all_that_are_as_sure(told):
    rate = told.local_false_sign_rate
    np.testing.assert_allclose(told.s_value, [rate[rate <= own].mean() for own in rate], rtol=1e-12)


def test_nothing_kept_has_no_false_sign_rate(reg):
    none = br.sparsity(made(reg), estimate=br.map_estimate(reg.with_prior(br.Laplace(1e-4))))
    assert none.false_sign_rate is None
    assert none.false_discovery_rate is None
    every = br.sparsity(made(reg), estimate=br.least_squares(reg))
    assert every.false_zero_rate is None
    assert every.how == "least squares"


def test_savs_is_in_units_of_sigma(reg):
    """Other units of y give the same answer."""
    first = br.sparsity(made(reg))
    far = br.Regression(X, 1000 * Y, prior=br.Laplace(20.0), sigma=1000.0)
    tree = made(reg)
    beta, at_center = 1000 * tree["posterior"]["beta"].values, tree["posterior"]["intercept"].values
    run = Run(Unknowns(beta, at_center, np.full((2, 300), 1e3)))
    second = br.sparsity(to_datatree(far, run, {}, (), None))
    np.testing.assert_allclose(second.savs, 1000 * first.savs, rtol=1e-9)
    np.testing.assert_array_equal(second.p_savs, first.p_savs)
    assert first.p_savs[0] > 0.99 > first.p_savs[3]


def test_an_unknown_scale_and_sigma_are_named(reg):
    hyper = br.Regression(X, Y, prior=br.Laplace(br.HalfNormal(1.0)), sigma=br.HalfNormal(1.0))
    told = br.sparsity(made(hyper))
    assert told.how.startswith("the joint MAP at the posterior median of scale = 0.")
    assert br.sparsity(made(br.Regression(X, Y, prior=br.Laplace(0.02)))).how == "the joint MAP"


def test_a_horseshoe_has_its_sparsified_mean_judged():
    reg = br.Regression(X, Y, prior=br.Horseshoe(0.1), sigma=1.0)
    told = br.sparsity(made(reg, local_scale=np.ones((2, 300, 4))))
    np.testing.assert_array_equal(told.point, told.savs)
    assert "SAVS" in told.how


def test_units_of_epsilon_follow_the_family():
    binary = (RNG.random(60) < 0.5).astype(float)
    logistic = br.sparsity(made(br.Regression(X, binary, prior=br.Laplace(1.0), family="bernoulli")))
    np.testing.assert_allclose(logistic.epsilon, 0.05 * LOGISTIC_SD / X.std(axis=0))
    counts = br.sparsity(
        made(br.Regression(X, RNG.poisson(2.0, 60), prior=br.Laplace(1.0), family="poisson")), epsilon_share=0.1
    )
    np.testing.assert_allclose(counts.epsilon, 0.1 / X.std(axis=0))


@pytest.mark.parametrize("family", ["gaussian", "bernoulli", "poisson"])
def test_epsilon_is_that_of_the_comparison(family):
    y = Y if family == "gaussian" else (RNG.random(60) < 0.5).astype(float)
    reg = br.Regression(X, y, prior=br.Laplace(1.0), family=family, sigma=1.0 if family == "gaussian" else None)
    tree = made(reg)
    both, told = br.compare(reg, tree), br.sparsity(tree)
    np.testing.assert_array_equal([row.epsilon for row in both.rows], told.epsilon)
    np.testing.assert_allclose([row.p_near_zero for row in both.rows], told.p_near_zero)


def test_epsilon_by_column(reg):
    given = {"x0": 1.0, "x1": 2.0, "x2": 3.0, "x3": 4.0}
    np.testing.assert_array_equal(br.sparsity(made(reg), epsilon=given).epsilon, [1, 2, 3, 4])
    np.testing.assert_array_equal(br.sparsity(made(reg), epsilon=[1, 2, 3, 4]).epsilon, [1, 2, 3, 4])


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"epsilon": 0.0}, "epsilon must be positive"),
        ({"epsilon": {"x0": 1.0}}, "missing"),
        ({"epsilon": "wide"}, "must be numeric"),
        ({"epsilon_share": -1.0}, "epsilon_share must be"),
        ({"ci_prob": 95}, "ci_prob must be between"),
    ],
)
def test_what_cannot_be_is_refused(reg, given, words):
    with pytest.raises(br.errors.PriorError, match=words):
        br.sparsity(made(reg), **given)


def test_an_estimate_of_other_columns_is_refused(reg):
    other = br.map_estimate(br.Regression(X[:, :2], Y, prior=br.Laplace(1.0), sigma=1.0))
    with pytest.raises(br.errors.DataError, match="the estimate has columns"):
        br.sparsity(made(reg), estimate=other)


def test_exact_zeros_in_the_draws_are_an_inclusion_probability(reg):
    tree = made(reg)
    assert br.sparsity(tree).p_inclusion is None
    tree["posterior"]["coef"].values[:, :100, 2] = 0.0
    told = br.sparsity(tree)
    np.testing.assert_allclose(told.p_inclusion, [1, 1, 2 / 3, 1])
    assert "p_inclusion" in told.to_frame()


def test_frame_and_repr(told):
    frame = told.to_frame()
    assert frame.shape == (4, 13)
    assert list(frame.index) == ["x0", "x1", "x2", "x3"]
    assert not frame.isna().any().any()
    assert f"sets {int(told.zero.sum())} of 4 coefficients to 0" in repr(told)
    assert "<table" in told._repr_html_()


def test_a_joint_density_that_rises_towards_sigma_0_leaves_the_map_at_the_median_sigma():
    """More columns than rows, and an elastic net that sigma scales down as it falls."""
    rng = np.random.default_rng(3)
    wide, target = rng.normal(size=(12, 30)), rng.normal(size=12)
    reg = br.Regression(wide, target, prior=br.to_prior(br.ElasticNet(1.0, 0.5), sigma=1.0))
    shape = (2, 300)
    draws = Unknowns(0.1 * rng.normal(size=(*shape, 30)), rng.normal(size=shape), rng.uniform(0.5, 1.5, size=shape))
    told = br.sparsity(to_datatree(reg, Run(draws), {}, (), None))
    assert told.how.startswith("the MAP at the posterior median of sigma")
    assert np.all(np.isfinite(told.point))

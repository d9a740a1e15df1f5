"""What every family must hold, against scipy.stats, numerical derivatives and conjugates found by a search."""

import numpy as np
import pytest
from scipy import optimize, stats

import bayesreg as br
from bayesreg.errors import DataError, PriorError, UnsupportedError
from bayesreg.families.bernoulli import Bernoulli
from bayesreg.families.gamma import GammaFamily
from bayesreg.families.gaussian import Gaussian
from bayesreg.families.poisson import Poisson
from bayesreg.families.registry import FAMILIES, KINDS, find_family

ETA = np.array([-30.0, -6.0, -2.0, -0.3, 0.0, 0.4, 1.5, 3.0])


def logistic(eta):
    return 1 / (1 + np.exp(-eta))


# Each with targets that it can have produced, its sigma, and scipy's distribution: a line for a new family.
CASES = {
    "gaussian": (Gaussian(), np.linspace(-3, 4, 8), 1.7, stats.norm),
    "bernoulli": (Bernoulli(), np.arange(8) % 2.0, 1.0, lambda eta, s: stats.bernoulli(logistic(eta))),
    "poisson": (Poisson(), np.arange(8.0) // 2, 1.0, lambda eta, s: stats.poisson(np.exp(eta))),
    "laplace": (br.LaplaceNoise(), np.linspace(-3, 4, 8), 0.7, stats.laplace),
    "student_t": (br.StudentT(3.0), np.linspace(-3, 4, 8), 0.6, lambda eta, s: stats.t(3.0, eta, s)),
    "gamma": (
        GammaFamily(),
        np.geomspace(0.1, 20, 8),
        0.6,
        lambda eta, s: stats.gamma(s**-2, scale=s**2 * np.exp(eta)),
    ),
    "negative_binomial": (
        br.NegativeBinomial(2.5),
        np.arange(8.0) // 2,
        1.0,
        lambda eta, s: stats.nbinom(2.5, 2.5 / (2.5 + np.exp(eta))),
    ),
}
CONVEX = [name for name in CASES if name != "student_t"]
by_name = pytest.mark.parametrize("name", CASES)


def density(law, y, eta, sigma):
    made = law(eta, sigma)
    return made.logpmf(y) if hasattr(made.dist, "logpmf") else made.logpdf(y)


def test_every_family_is_in_the_list():
    assert {type(family) for family, *_ in CASES.values()} == set(KINDS)
    assert all(family.name == name for name, (family, *_) in CASES.items())


@by_name
def test_log_likelihood_is_scipys(name):
    family, y, sigma, law = CASES[name]
    expected = density(law, y, ETA, sigma)
    np.testing.assert_allclose(family.log_likelihood(y, ETA, sigma), expected, rtol=1e-11, atol=1e-12)


@by_name
def test_loss_is_sigma_squared_times_the_negative_log_likelihood_up_to_a_constant(name):
    """The constant may differ by row, since y does, but not with eta; a missing or extra sigma² shows."""
    family, y, sigma, law = CASES[name]
    expected = -(sigma**2) * (density(law, y, ETA, sigma) - density(law, y, np.zeros(8), sigma))
    found = family.loss(y, ETA, sigma) - family.loss(y, np.zeros(8), sigma)
    np.testing.assert_allclose(found, expected, rtol=1e-10, atol=1e-11)
    if family.has_sigma:
        assert not np.allclose(expected, expected / sigma**2)


@by_name
def test_information_is_the_expected_square_of_the_slope(name):
    """Of the gradient of −log likelihood, slope/σ²; in units of 1/σ²."""
    family, _, sigma, _ = CASES[name]
    eta = np.full(400_000, 0.4)
    y = family.draw(np.random.default_rng(2), eta, sigma)
    squares = (family.slope(y, eta, sigma) / sigma) ** 2
    error = squares.std() / len(squares) ** 0.5
    assert abs(squares.mean() - family.information(eta[:1])[0]) < 4 * error + 1e-12


@by_name
def test_the_pymc_form_has_the_same_density(name):
    from bayesreg.model.pymc.model import _observe

    family, y, sigma, law = CASES[name]
    import pymc as pm

    with pm.Model(coords={"row": np.arange(8)}) as model:
        _observe(family, np.asarray([*ETA[2:].tolist(), 0.1, 0.2]), np.asarray(sigma), None, y)
    value = sum(np.sum(part.eval()) for part in model.logp(sum=False, jacobian=False))
    eta = np.r_[ETA[2:], 0.1, 0.2]
    assert value == pytest.approx(np.sum(density(law, y, eta, sigma)), rel=1e-7)


@by_name
def test_values_that_it_has_not_produced_are_not_allowed(name):
    family, y, _, _ = CASES[name]
    assert np.all(family.allows(y))
    assert not np.any(family.allows(np.array([np.nan, np.inf])))
    assert family.likelihood.format(mean="m", sigma="s", **vars(family)).count("m")


@by_name
def test_slope_and_curvature_are_the_derivatives_of_the_loss(name):
    family, y, sigma, _ = CASES[name]
    eta, step = ETA[1:], 1e-5
    y = y[1:]
    slope = (family.loss(y, eta + step, sigma) - family.loss(y, eta - step, sigma)) / (2 * step)
    curvature = (family.slope(y, eta + step, sigma) - family.slope(y, eta - step, sigma)) / (2 * step)
    np.testing.assert_allclose(family.slope(y, eta, sigma), slope, rtol=1e-7, atol=1e-8)
    np.testing.assert_allclose(family.curvature(y, eta, sigma), curvature, rtol=1e-7, atol=1e-8)


@by_name
def test_upper_curvature_is_not_negative_and_not_below_the_curvature(name):
    family, y, sigma, _ = CASES[name]
    upper = family.upper_curvature(y, ETA, sigma)
    assert np.all(upper >= 0)
    assert np.all(upper >= family.curvature(y, ETA, sigma) - 1e-15)


def test_the_student_t_quadratic_lies_above_the_loss_everywhere():
    family, sigma, y = br.StudentT(2.5), 0.7, 0.4
    at, to = np.meshgrid(np.linspace(-9, 9, 41), np.linspace(-30, 30, 301))
    model = (
        family.loss(y, at, sigma)
        + family.slope(y, at, sigma) * (to - at)
        + 0.5 * family.upper_curvature(y, at, sigma) * (to - at) ** 2
    )
    assert np.all(model >= family.loss(y, to, sigma) - 1e-12)
    assert np.any(family.curvature(y, at, sigma) < 0)


@pytest.mark.parametrize("name", CONVEX)
def test_dual_gap_is_zero_at_the_negative_slope_and_positive_elsewhere(name):
    family, y, _, _ = CASES[name]
    eta = ETA[1:]
    best = -family.slope(y[1:], eta)
    assert np.max(np.abs(family.dual_gap(y[1:], eta, best))) <= 1e-14
    for share in (0.0, 0.5, 0.99):
        assert np.all(family.dual_gap(y[1:], eta, share * best) >= 0)
        assert np.any(family.dual_gap(y[1:], eta, share * best) > 1e-7)


@pytest.mark.parametrize("name", CONVEX)
def test_dual_gap_is_loss_plus_conjugate_plus_product(name):
    """The conjugate ℓ*(−u) = sup_z [−uz − ℓ(z)] by a search over z."""
    family, y, _, _ = CASES[name]
    for target, eta, share in zip(y[1:], ETA[1:], np.linspace(0.1, 0.9, 7), strict=True):
        u = -share * float(family.slope(target, eta))
        found = optimize.minimize_scalar(
            lambda z, u=u, target=target: u * z + float(family.loss(target, np.array(z))),
            bounds=(-60, 60),
            method="bounded",
            options={"xatol": 1e-10},
        )
        expected = float(family.loss(target, eta)) - found.fun + u * eta
        # The search comes within its tolerance of a kink, but not within its square.
        allowed = 1e-9 if family.smooth else 1e-7
        assert float(family.dual_gap(target, eta, u)) == pytest.approx(expected, abs=allowed, rel=allowed)


def test_the_laplace_loss_has_a_kink_and_a_box_of_dual_points():
    family, sigma, y, eta = br.LaplaceNoise(), 0.7, np.array([1.0, 1.0, 2.0]), np.array([1.0, 1.5, 1.5])
    assert not family.smooth
    np.testing.assert_array_equal(family.slope(y, eta, sigma), [0.0, 0.7, -0.7])
    assert np.all(np.isfinite(family.upper_curvature(y, eta, sigma)))
    np.testing.assert_allclose(family.dual_gap(y, eta, np.array([0.7, -0.7, 0.7]), sigma), 0.0, atol=1e-15)
    np.testing.assert_allclose(family.dual_gap(y, eta, np.zeros(3), sigma), sigma * np.abs(y - eta))
    assert np.all(np.isinf(family.dual_gap(y, eta, np.full(3, 0.71), sigma)))


def test_the_quadratic_of_the_laplace_loss_lies_above_it_everywhere():
    family, sigma, y = br.LaplaceNoise(), 0.7, 0.4
    at, to = np.meshgrid(np.linspace(-9, 9, 40), np.linspace(-30, 30, 301))
    step = to - at
    model = family.loss(y, at, sigma) + family.slope(y, at, sigma) * step
    model += 0.5 * family.upper_curvature(y, at, sigma) * step**2
    assert np.all(model >= family.loss(y, to, sigma) - 1e-12)


def test_student_t_has_no_dual_gap():
    with pytest.raises(UnsupportedError, match="not convex"):
        br.StudentT().dual_gap(np.zeros(2), np.zeros(2), np.zeros(2))


@pytest.mark.parametrize("value", [0.0, 5.0])
def test_losses_far_out_are_finite_and_right(value):
    y = np.array([0.0, 1.0])
    np.testing.assert_allclose(Bernoulli().loss(y, np.array([-800.0, 800.0])), 0.0)
    np.testing.assert_allclose(Bernoulli().loss(y, np.array([800.0, -800.0])), 800.0)
    assert Poisson().loss(np.array(value), np.array(-800.0)) == 800.0 * value
    assert Poisson().loss(np.array(value), np.array(1000.0)) == np.inf


def test_a_small_bernoulli_loss_keeps_its_digits():
    """log(1 + e^η) − η is not e^−η in floating point; the line search compares losses as small as that."""
    eta = np.array([5.0, 20.0, 30.0, 40.0])
    np.testing.assert_allclose(Bernoulli().loss(np.ones(4), eta), np.log1p(np.exp(-eta)), rtol=1e-14)
    np.testing.assert_allclose(Bernoulli().loss(np.zeros(4), -eta), np.log1p(np.exp(-eta)), rtol=1e-14)


BAD = {
    "bernoulli": [[0, 1, 2], [0.5, 1, 0], [-1, 1, 1], [1, 1, 1], [0, 0, 0]],
    "poisson": [[-1, 2, 3], [0.5, 1, 0], [0, 0, 0]],
    "gamma": [[0, 1, 2], [-1, 2, 3]],
    "negative_binomial": [[-1, 2, 3], [0.5, 1, 0], [0, 0, 0]],
}


@pytest.mark.parametrize(("name", "y"), [(name, y) for name, targets in BAD.items() for y in targets])
def test_a_target_that_the_family_cannot_have_produced_is_refused(name, y):
    X = np.random.default_rng(0).normal(size=(3, 2))
    with pytest.raises(DataError):
        FAMILIES[name].check_target(np.array(y, dtype=float))
    with pytest.raises(DataError):
        br.Regression(X, y, prior=br.Laplace(1.0), family=name)


@by_name
def test_own_targets_are_accepted(name):
    family, y, _, _ = CASES[name]
    assert family.check_target(y) is None
    assert family.check_target(np.where(y > 0, 1.0, 0.0)) is None


@by_name
def test_draws_have_the_right_mean_and_spread(name):
    family, _, sigma, law = CASES[name]
    eta = np.repeat([-1.0, 0.3, 1.2], 40_000)
    if name == "student_t":
        family, law = br.StudentT(7.0), lambda eta, s: stats.t(7.0, eta, s)
    draws = family.draw(np.random.default_rng(1), eta, sigma).reshape(3, -1)
    made = law(eta.reshape(3, -1)[:, 0], sigma)
    assert np.max(np.abs(draws.mean(axis=1) - made.mean()) / (made.std() / 200)) < 4
    np.testing.assert_allclose(draws.std(axis=1), made.std(), rtol=0.04)
    np.testing.assert_allclose(family.mean(eta.reshape(3, -1)[:, 0]), made.mean(), rtol=1e-12)


@by_name
@pytest.mark.parametrize("mean", [0.2, 0.9])
def test_start_is_the_eta_of_that_mean(name, mean):
    family = CASES[name][0]
    assert family.mean(np.array(family.start(mean))) == pytest.approx(mean, rel=1e-14)


def test_families_are_found_by_name_or_given():
    assert find_family("poisson") == Poisson()
    assert find_family(br.StudentT(7.0)).df == 7.0
    for unknown in ("binomial", 3, None, Poisson):
        with pytest.raises(UnsupportedError, match="available: gaussian, bernoulli, poisson, student_t, laplace"):
            find_family(unknown)


@pytest.mark.parametrize("df", [0.0, -1.0, np.inf, np.nan])
def test_impossible_degrees_of_freedom_are_refused(df):
    with pytest.raises(PriorError, match="df"):
        br.StudentT(df)

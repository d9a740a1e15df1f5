import dataclasses
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate, stats

import bayesreg as br
from bayesreg.errors import PriorError

steady = settings(deadline=None, derandomize=True)
scales = st.floats(1e-6, 1e6)
NAMES = ("a", "b", "c")


def integral(prior, width):
    """∫ exp(log density) over the line, in units of the width of the peak and away from its kink at 0."""

    def density(t):
        return width * np.exp(prior.log_density(np.array([t * width]))[0])

    return sum(integrate.quad(density, *ends, epsabs=1e-13, epsrel=1e-12, limit=200)[0] for ends in ((-60, 0), (0, 60)))


@steady
@given(scales, st.floats(-50, 50))
def test_laplace_is_scipys(b, t):
    assert br.Laplace(b).log_density(t * b)[0] == pytest.approx(
        stats.laplace(scale=b).logpdf(t * b), rel=1e-13, abs=1e-13
    )


@steady
@given(scales, st.floats(-50, 50), st.floats(-1e3, 1e3))
def test_normal_is_scipys(s, t, loc):
    x = loc + t * s
    expected = stats.norm(loc, s).logpdf(x)
    assert br.Normal(s, loc=loc).log_density(x)[0] == pytest.approx(expected, rel=1e-12, abs=1e-12)


@pytest.mark.parametrize("prior", [br.Laplace(0.3), br.Laplace(1e-5), br.Normal(0.3), br.Normal(1e5)], ids=repr)
def test_density_integrates_to_one(prior):
    assert integral(prior, prior.scale) == pytest.approx(1, rel=1e-10)


@pytest.mark.parametrize("ratio", [1e-12, 1e-8, 1e-4, 1e-2, 0.3, 1.0, 3.0, 1e2, 1e4, 1e8, 1e12])
@pytest.mark.parametrize("s", [1e-6, 1.0, 1e6])
def test_elastic_net_density_integrates_to_one(ratio, s):
    """However much narrower one part is than the other; erfc(s/(√2 b)) itself underflows below b/s = 0.03."""
    assert integral(br.ElasticNetPrior(ratio * s, s), min(ratio, 1.0) * s) == pytest.approx(1, rel=1e-10)


@pytest.mark.parametrize("b", [1e-8, 1.0, 1e8])
def test_elastic_net_with_one_part_is_that_prior(b):
    """An infinite scale removes its part, and a very wide one does so in the limit."""
    beta = np.array([-2.0, 0.0, 0.5]) * b
    for wide in (np.inf, 1e200):
        np.testing.assert_allclose(
            br.ElasticNetPrior(b, wide).log_density(beta), br.Laplace(b).log_density(beta), rtol=1e-12
        )
        np.testing.assert_allclose(
            br.ElasticNetPrior(wide, b).log_density(beta), br.Normal(b).log_density(beta), rtol=1e-12
        )


def log_elastic_net_constant(b, s):
    """log ∫ exp(−|x|/b − x²/(2s²)) dx by quadrature."""
    width = min(b, s)
    half = integrate.quad(lambda t: np.exp(-t * width / b - 0.5 * (t * width / s) ** 2), 0, 60, epsabs=0, epsrel=1e-12)[
        0
    ]
    return np.log(2 * width * half)


CONSTANTS = [
    (br.Laplace([0.5, 1.0, 20.0]), np.log(2 * np.array([0.5, 1.0, 20.0]))),
    (br.Normal([0.5, 1.0, 20.0]), 0.5 * np.log(2 * np.pi * np.array([0.5, 1.0, 20.0]) ** 2)),
    (br.ElasticNetPrior([0.5, 1.0, 20.0], 2.0), [log_elastic_net_constant(b, 2.0) for b in (0.5, 1.0, 20.0)]),
]


@pytest.mark.parametrize(("prior", "constants"), CONSTANTS, ids=["laplace", "normal", "elastic net"])
def test_prior_and_penalty_differ_by_a_constant(prior, constants):
    """−log prior(β) = nll penalty(β) + Σ log 2b, or Σ ½ log 2πs², or the elastic net's own constant, at every β."""
    penalty = br.to_penalty(prior, objective="nll")
    rng = np.random.default_rng(0)
    for size in (0.0, 1e-3, 1.0, 1e2):
        beta = size * rng.normal(size=3)
        difference = -prior.log_density(beta).sum() - penalty.value(beta)
        assert difference == pytest.approx(np.sum(constants), rel=1e-10)


MAKERS = [
    lambda scale, **kw: br.Laplace(scale, **kw),
    lambda scale, **kw: br.Normal(scale, **kw),
    lambda scale, **kw: br.ElasticNetPrior(scale, np.multiply(3.0, scale), **kw),
]


@pytest.mark.parametrize("make", MAKERS, ids=["laplace", "normal", "elastic net"])
@pytest.mark.parametrize("sigma", [1e-3, 1.0, 7.0])
def test_scaled_by_sigma_multiplies_the_scale(make, sigma):
    scale, beta = np.array([0.1, 1.0, np.inf]), np.array([1.0, -2.0, 3.0])
    scaled, plain = make(scale, scaled_by_sigma=True), make(scale * sigma)
    np.testing.assert_allclose(scaled.log_density(beta, sigma=sigma), plain.log_density(beta), rtol=1e-13)
    np.testing.assert_allclose(
        scaled.column_scales(NAMES).at(sigma).laplace, plain.column_scales(NAMES).laplace, rtol=1e-15
    )


@pytest.mark.parametrize("make", MAKERS, ids=["laplace", "normal", "elastic net"])
def test_scaled_prior_asks_for_sigma(make):
    with pytest.raises(PriorError, match="pass sigma"):
        make(1.0, scaled_by_sigma=True).log_density(np.zeros(2))


@pytest.mark.parametrize("sigma", [0.0, -1.0, np.nan], ids=str)
def test_scaled_prior_refuses_an_impossible_sigma(sigma):
    with pytest.raises(PriorError, match="sigma"):
        br.Laplace(1.0, scaled_by_sigma=True).log_density(np.ones(2), sigma=sigma)


@pytest.mark.parametrize("make", MAKERS, ids=["laplace", "normal", "elastic net"])
def test_flat_columns_have_density_one(make):
    prior = make([np.inf, 1.0])
    assert prior.log_density(np.array([1e100, 1.0]))[0] == 0.0
    assert prior.log_density(np.array([1e100, 1.0]))[1] != 0.0
    np.testing.assert_array_equal(prior.column_scales(("a", "b")).is_flat, [True, False])


@pytest.mark.parametrize("make", MAKERS, ids=["laplace", "normal", "elastic net"])
def test_draws_keep_their_shape(make):
    prior, draws = make([0.5, 1.0, np.inf]), np.random.default_rng(0).normal(size=(2, 5, 3))
    density = prior.log_density(draws)
    assert density.shape == (2, 5, 3)
    np.testing.assert_array_equal(density[1, 4], prior.log_density(draws[1, 4]))


def test_scales_by_name_follow_the_names():
    scales = br.ElasticNetPrior({"c": 3.0, "a": 1.0, "b": np.inf}, {"a": 10.0, "b": 20.0, "c": 30.0}).column_scales(
        NAMES
    )
    np.testing.assert_array_equal(scales.laplace, [1.0, np.inf, 3.0])
    np.testing.assert_array_equal(scales.normal, [10.0, 20.0, 30.0])


@pytest.mark.parametrize("scale", [{"a": 1.0, "b": 1.0}, {"a": 1.0, "b": 1.0, "c": 1.0, "d": 1.0}], ids=str)
def test_names_that_do_not_match_are_named(scale):
    with pytest.raises(PriorError, match=r"'[cd]'"):
        br.Laplace(scale).column_scales(NAMES)


def test_another_number_of_scales_than_columns_is_an_error():
    with pytest.raises(PriorError, match="2 values for 3 columns"):
        br.Normal([1.0, 2.0]).column_scales(NAMES)


@pytest.mark.parametrize(
    "bad", [0.0, -1.0, np.nan, [1.0, 0.0], "1", True, 1j, None, np.ones((2, 2)), [], {}, {"a": 0.0}], ids=repr
)
@pytest.mark.parametrize(
    "make",
    [br.Laplace, br.Normal, lambda x: br.ElasticNetPrior(x, 1.0), lambda x: br.ElasticNetPrior(1.0, x)],
    ids=["laplace", "normal", "elastic net l1", "elastic net l2"],
)
def test_bad_scales_are_refused(make, bad):
    with pytest.raises(PriorError, match="scale"):
        make(bad)


@pytest.mark.parametrize("loc", [np.nan, np.inf, "0", True, None, [np.nan, 0.0], {"a": np.inf}], ids=repr)
def test_bad_loc_is_refused(loc):
    with pytest.raises(PriorError, match="loc must be a finite number"):
        br.Normal(1.0, loc=loc)


@pytest.mark.parametrize("number", [np.float32(2), np.int64(2), np.float64(2)], ids=repr)
def test_numpy_numbers_are_numbers(number):
    assert br.Laplace(number).scale == 2.0
    assert br.Normal(number, loc=number).loc == 2.0


def test_a_mean_moves_a_normal_prior_and_no_penalty_has_one():
    prior = br.Normal([1.0, 2.0, 3.0], loc=[2.0, 0.0, -1.0])
    expected = stats.norm([2.0, 0.0, -1.0], [1.0, 2.0, 3.0]).logpdf(0.5)
    np.testing.assert_allclose(prior.log_density([0.5, 0.5, 0.5]), expected, rtol=1e-14)
    with pytest.raises(PriorError, match="penalized_estimate"):
        br.to_penalty(prior, sigma=1.0)


@pytest.mark.parametrize("make", [br.Laplace, br.Normal])
def test_an_unknown_scale_has_no_columns_yet(make):
    """A hyperprior is kept, and every step that needs a number says so."""
    prior = make(br.HalfNormal(1.0))
    with pytest.raises(PriorError, match="needs a number"):
        prior.column_scales(NAMES)
    with pytest.raises(PriorError, match="needs a number"):
        br.to_penalty(prior, sigma=1.0)
    with pytest.raises(PriorError, match="improper"):
        make(br.Jeffreys())


def test_a_prior_is_frozen():
    array = np.array([1.0, 2.0])
    prior = br.Laplace(array)
    array[0] = 5.0
    assert prior.scale[0] == 1.0
    with pytest.raises(ValueError, match="read-only"):
        prior.scale[0] = 5.0
    with pytest.raises(dataclasses.FrozenInstanceError):
        prior.scale = 1.0


@pytest.mark.parametrize("number", [np.float64(0.5), np.float32(0.5), np.array(0.5), Fraction(1, 2)], ids=repr)
def test_numbers_of_any_library_are_kept_as_pythons_own(number):
    """So that a posterior's attributes can be read back."""
    assert repr(br.Horseshoe(number)) == repr(br.Horseshoe(0.5))
    assert repr(br.RegularizedHorseshoe(number, number, number)) == repr(br.RegularizedHorseshoe(0.5, 0.5, 0.5))
    assert repr(br.HalfNormal(number)) == repr(br.HalfNormal(0.5))
    assert repr(br.StudentT(number)) == repr(br.StudentT(0.5))
    if not isinstance(number, np.ndarray | Fraction):
        assert repr(br.Normal(number, loc=number)) == repr(br.Normal(0.5, loc=0.5))


@pytest.mark.parametrize("df", [None, "4", True, np.nan, np.inf, 0, [4.0, 5.0]], ids=repr)
def test_degrees_of_freedom_are_one_positive_number(df):
    with pytest.raises(PriorError, match="df must be a positive finite number"):
        br.StudentT(df)

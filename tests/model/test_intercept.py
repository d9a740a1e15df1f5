"""What an intercept owns: its kinds, its place in θ and its prior."""

import numpy as np
import pandas as pd
import pytest
from scipy import integrate, stats

import bayesreg as br
from bayesreg.errors import PriorError
from bayesreg.families.registry import find_family
from bayesreg.model.intercept import read_intercept

X = np.random.default_rng(5).standard_normal((12, 2)) + 1.0
Y = X @ [0.5, -0.3] + 2.0


def regression(intercept, *, center=True, family="gaussian"):
    target = (np.median(Y) < Y).astype(float) if family == "bernoulli" else Y
    sigma = {} if family == "bernoulli" else {"sigma": 0.7}
    return br.Regression(X, target, prior=br.Normal(1.0), intercept=intercept, center=center, family=family, **sigma)


PLACES = [
    (False, True, "gaussian", (False, False, False)),
    (False, True, "bernoulli", (False, False, False)),
    (True, True, "gaussian", (True, False, True)),
    (True, False, "gaussian", (True, False, True)),
    (True, True, "bernoulli", (True, True, True)),
    (br.Normal(2.0, loc=1.0), True, "gaussian", (True, False, True)),
    (br.Normal(2.0, loc=1.0), False, "gaussian", (True, True, False)),
    (br.Normal(2.0, loc=1.0), True, "bernoulli", (True, True, True)),
    (br.Normal(2.0, loc=1.0), False, "bernoulli", (True, True, False)),
]


@pytest.mark.parametrize(("intercept", "center", "family", "place"), PLACES)
def test_its_place_and_the_layout_of_theta(intercept, center, family, place):
    reg = regression(intercept, center=center, family=family)
    term = reg.intercept_term
    assert (term.exists, term.in_theta, term.centered) == place
    assert reg.intercept == intercept
    loss = reg.loss if family == "gaussian" else reg.row_loss
    beta, value = np.array([[0.3, -1.0], [0.0, 2.0]]), np.array([0.4, -5.0])
    theta = term.join(beta, value)
    assert theta.shape == (2, loss.size)
    back, at = term.split(theta, value)
    np.testing.assert_array_equal(back, beta)
    np.testing.assert_allclose(at, value, rtol=1e-15)
    # The linear predictor of θ is that of (beta, intercept).
    if term.in_theta:
        predicted = term.columns(reg.design.matrix) @ theta[0] + term.loc
        np.testing.assert_allclose(predicted, reg.design.matrix @ beta[0] + value[0], rtol=1e-12)


@pytest.mark.parametrize("scaled", [False, True])
@pytest.mark.parametrize("center", [False, True])
def test_the_normal_prior_is_that_of_scipy(scaled, center):
    reg, sigma = regression(br.Normal(2.0, loc=1.0, scaled_by_sigma=scaled), center=center), 0.7
    term, prior = reg.intercept_term, stats.norm(1.0, 2.0 * (sigma if scaled else 1.0))
    values = np.array([-1.0, 0.5, 4.0])
    np.testing.assert_allclose(sum(term.log_density(values, np.full(3, sigma))), prior.logpdf(values), rtol=1e-13)
    assert term.precision(sigma) == pytest.approx((sigma / prior.std()) ** 2, rel=1e-14)
    assert float(term.variance(np.asarray(sigma**2))) == pytest.approx(prior.var(), rel=1e-14)
    assert term.penalty(3.0, sigma) == pytest.approx(sigma**2 * (prior.logpdf(1.0) - prior.logpdf(3.0)), rel=1e-13)
    drawn = term.draw(np.full(4000, sigma), (4000,), np.random.default_rng(3))
    assert stats.kstest(drawn, prior.cdf).pvalue > 1e-4


@pytest.mark.parametrize("intercept", [True, br.Normal(2.0, loc=1.0), br.Normal(0.5, loc=-3.0, scaled_by_sigma=True)])
def test_the_mode_given_sigma_is_the_mean_by_quadrature(intercept):
    reg, sigma = regression(intercept), 0.7
    term, residual = reg.intercept_term, reg.design.rows.y - reg.design.matrix @ [0.4, 0.1]

    def density(value):
        log_prior = sum(term.log_density(np.asarray(value), np.asarray(sigma)))
        return np.exp(stats.norm.logpdf(residual, value, sigma).sum() + log_prior + 60.0)

    low, high = residual.mean() - 3, residual.mean() + 3
    total = integrate.quad(density, low, high, epsabs=0)[0]
    mean = integrate.quad(lambda value: value * density(value), low, high, epsabs=0)[0] / total
    assert float(np.asarray(term.mode(reg.design, sigma))) == pytest.approx(mean, rel=1e-8)


def test_a_flat_one_and_none_have_no_prior():
    for intercept in (True, False):
        term = regression(intercept).intercept_term
        assert (term.has_prior, term.log_density(np.ones(3), np.ones(3)), term.formula()) == (False, (), "")
        assert (term.precision(1e200), term.penalty(1e200, 1.0)) == (0.0, 0.0)
    assert regression(True).intercept_term.draw(None, (3,), np.random.default_rng(0)) is None
    np.testing.assert_array_equal(regression(False).intercept_term.draw(None, (3,), np.random.default_rng(0)), 0.0)
    scaled = regression(br.Normal(2.0, scaled_by_sigma=True)).intercept_term
    assert scaled.draw(None, (3,), np.random.default_rng(0)) is None


def test_strengths_of_the_coefficients_move_alone():
    strengths, factors = np.array([1.0, 2.0, 5.0]), np.array([0.5, 10.0])
    outside, inside = (read_intercept(br.Normal(1.0), center=c, family=find_family("gaussian")) for c in (True, False))
    np.testing.assert_array_equal(outside.multiplied(strengths, factors), [[0.5, 1.0, 2.5], [10.0, 20.0, 50.0]])
    np.testing.assert_array_equal(inside.multiplied(strengths, factors), [[0.5, 1.0, 5.0], [10.0, 20.0, 5.0]])
    np.testing.assert_array_equal(inside.multiplied(strengths, 0.5), [0.5, 1.0, 5.0])


@pytest.mark.parametrize(
    "unknown",
    [None, 1, "flat", br.Laplace(1.0), br.Normal(np.inf), br.Normal([1.0, 2.0]), br.Normal(br.HalfNormal(1.0))],
)
def test_an_unknown_kind_is_refused_by_name(unknown):
    with pytest.raises(PriorError, match="intercept must be True, False or Normal"):
        regression(unknown)
    with pytest.raises(PriorError, match="intercept must be True, False or Normal"):
        br.Regression.from_moments(regression(True).design.moments, prior=br.Normal(1.0), intercept=unknown)


def test_a_flag_of_numpy_is_a_flag():
    frame = pd.DataFrame({"group": list("abcabcabcabc"), "x": X[:, 0]})
    for flag in (True, False):
        ours, theirs = (
            br.Regression(frame, Y, prior=br.Normal(1.0), intercept=each) for each in (flag, np.bool_(flag))
        )
        assert theirs.intercept is flag
        assert theirs.names == ours.names

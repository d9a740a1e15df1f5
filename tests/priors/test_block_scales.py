"""Blocks whose scales are unknown: what needs numbers, and what does not."""

import numpy as np
import pandas as pd
import pytest

import bayesreg as br
from bayesreg.errors import PriorError, UnsupportedError

# Coaching effects in eight schools and their standard errors (Rubin 1981, doi:10.3102/10769986006004377).
EFFECT, ERROR = np.array([28.0, 8, -3, 7, -1, 1, 18, 12]), np.array([15.0, 10, 16, 11, 9, 11, 10, 18])
SCHOOLS = pd.DataFrame({"effect": EFFECT, "school": list("ABCDEFGH")})


def schools(scale, **settings):
    given = {"sigma": 1.0, "weights": ERROR**-2, "standardize": False} | settings
    X = pd.get_dummies(SCHOOLS["school"], prefix="school", prefix_sep="[", dtype=float).add_suffix("]")
    return br.Regression(X, EFFECT, prior=br.Blocks({"school": br.Normal(scale)}), **given)


def test_at_known_scales_it_is_the_posterior_of_these():
    reg = schools(br.HalfNormal(10.0))
    known = reg.prior.at_scales({"scale_school": 7.0})
    assert known == br.Blocks({"school": br.Normal(7.0)})
    # The mean of a school given tau and mu, by precision weighting.
    point, precision = br.map_estimate(reg.with_prior(known)), ERROR**-2 / (ERROR**-2 + 7.0**-2)
    np.testing.assert_allclose(point.coef, precision * (EFFECT - point.intercept), rtol=1e-9)


def test_what_needs_numbers_says_so():
    reg = schools(br.HalfNormal(10.0))
    for refused in (br.map_estimate, br.path, lambda one: br.select(one, by="cv")):
        with pytest.raises(PriorError, match=r"number"):
            refused(reg)
    for engine in ("gibbs", "exact"):
        with pytest.raises(UnsupportedError, match='engine="'):
            br.sample(reg, engine=engine)
    with pytest.raises(PriorError, match="several blocks would have an unknown 'scale_g'"):
        br.Blocks({"C(g)": br.Normal(br.HalfNormal(1.0)), "g": br.Normal(br.HalfNormal(1.0))})


def test_draws_before_the_data_are_of_every_scale():
    from bayesreg.sampling.prior_draws import draw_prior, improper_parts

    reg = schools(br.HalfNormal(10.0))
    parts = draw_prior(reg, (4_000,), np.random.default_rng(1))
    ratio = parts["beta"] / parts["scale_school"][:, None]
    assert np.std(ratio) == pytest.approx(1.0, abs=4 / np.sqrt(2 * ratio.size))
    assert improper_parts(schools(br.Uniform(np.inf))) == ("scale_school", "beta", "intercept")

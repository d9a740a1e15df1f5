import numpy as np
import pandas as pd
import pytest

import bayesreg as br
from bayesreg.errors import DataError

RNG = np.random.default_rng(8)
N, IMPUTATIONS = 120, 5
X = RNG.normal(size=N)
FRAME = pd.DataFrame({"x": X, "z": 0.6 * X + 0.8 * RNG.normal(size=N)})
FRAME["y"] = FRAME["x"] + FRAME["z"] + RNG.normal(size=N)
HOLES = RNG.random(N) < 0.3


def posterior_of(seed, **settings):
    """Of a frame whose missing z are drawn from what x says of them."""
    drawn = 0.6 * FRAME["x"] + 0.8 * np.random.default_rng(seed).normal(size=N)
    frame = FRAME.assign(z=FRAME["z"].where(~HOLES, drawn))
    reg = br.Regression(frame, "y", **({"prior": br.Normal(2.0), "sigma": 1.0} | settings))
    return br.sample(reg, random_seed=seed)


@pytest.fixture(scope="module")
def posteriors():
    return [posterior_of(seed) for seed in range(IMPUTATIONS)]


def test_the_pooled_variance_is_that_of_rubins_rules(posteriors):
    """W + B(m − 1)/m of the draws of m imputations; B/m more is for m being finite."""
    pooled = br.pool(posteriors)["posterior"]["coef"]
    each = np.array([tree["posterior"]["coef"].to_numpy().reshape(-1, 2) for tree in posteriors])
    within, between = each.var(axis=1).mean(axis=0), each.mean(axis=1).var(axis=0, ddof=1)
    whole = pooled.to_numpy().reshape(-1, 2)
    np.testing.assert_allclose(whole.mean(axis=0), each.mean(axis=(0, 1)), rtol=1e-12)
    np.testing.assert_allclose(whole.var(axis=0), within + between * (IMPUTATIONS - 1) / IMPUTATIONS, rtol=1e-12)
    assert between[1] > 0.1 * within[1]
    assert list(pooled["chain"].to_numpy()) == list(range(4 * IMPUTATIONS))


def test_pooled_draws_predict_the_mean_of_the_predictions(posteriors):
    new = FRAME[["x", "z"]].head(4)
    each = np.mean([br.predict(tree, new).mean for tree in posteriors], axis=0)
    np.testing.assert_allclose(br.predict(br.pool(posteriors), new).mean, each, rtol=1e-10)


def test_what_is_not_one_regression_is_not_pooled(posteriors):
    with pytest.raises(DataError, match="two or more"):
        br.pool(posteriors[:1])
    with pytest.raises(DataError, match="two or more"):
        br.pool([posteriors[0], FRAME])
    with pytest.raises(DataError, match=r"posterior 1 has (prior_settings|scale) .*posterior 2 has"):
        br.pool([posteriors[0], posterior_of(1, prior=br.Normal(3.0))])
    with pytest.raises(DataError, match=r"posterior 1 has sigma 1\.0, posterior 2 has 2\.0"):
        br.pool([posteriors[0], posterior_of(1, sigma=2.0)])
    renamed = posteriors[1].copy()
    renamed["posterior"] = renamed["posterior"].to_dataset().assign_coords(coef_name=["x", "w"])
    with pytest.raises(DataError, match=r"posterior 1 has columns \['x', 'z'\]"):
        br.pool([posteriors[0], renamed])

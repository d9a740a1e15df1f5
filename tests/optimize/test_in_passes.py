import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression

import bayesreg as br
from bayesreg.errors import ConvergenceError, DataError, PriorError, UnsupportedError

RNG = np.random.default_rng(3)
N = 600
FRAME = pd.DataFrame(RNG.normal(size=(N, 5)) * [1, 10, 0.1, 1, 1] + [0, 100, 0, 0, 0], columns=list("abcde"))
FRAME["g"] = RNG.choice(["low", "mid", "top"], size=N)
ETA = FRAME["a"] - 0.1 * (FRAME["b"] - 100) + (FRAME["g"] == "mid")
FRAME["won"] = (RNG.random(N) < 1 / (1 + np.exp(-ETA))).astype(float)
FRAME["exposure"] = RNG.uniform(0.5, 3.0, N)
FRAME["count"] = RNG.poisson(FRAME["exposure"] * np.exp(0.5 * ETA - 0.5)).astype(float)
FRAME["w"] = RNG.integers(1, 4, N)
BATCHES = [FRAME[:70], FRAME[70:350], FRAME[350:]]
PRIORS = [br.Laplace(0.05), br.Normal(0.7), br.ElasticNetPrior(0.05, 0.7)]


@pytest.mark.parametrize("prior", PRIORS, ids=["laplace", "normal", "elastic-net"])
@pytest.mark.parametrize(
    ("family", "formula", "settings"),
    [
        ("bernoulli", "won ~ a + b + c + d + e + g", {}),
        ("bernoulli", "won ~ a * b + d", {"standardize": False}),
        ("poisson", "count ~ a + b + c + d + e + g + offset(log(exposure))", {}),
    ],
    ids=["classes", "as-given", "counts"],
)
def test_the_map_in_passes_is_that_of_the_rows_in_memory(prior, family, formula, settings):
    """Whose solver works on rows; both have a certificate, and the zeros are the same."""
    far = br.map_in_passes(BATCHES, formula=formula, prior=prior, family=family, **settings)
    near = br.map_estimate(br.Regression.from_formula(formula, FRAME, prior=prior, family=family, **settings))
    assert far.estimate.names == near.names
    np.testing.assert_allclose(far.estimate.beta, near.beta, rtol=1e-7, atol=1e-9)
    np.testing.assert_array_equal(far.estimate.beta == 0, near.beta == 0)
    np.testing.assert_allclose(far.estimate.intercept, near.intercept, rtol=1e-6)
    assert far.estimate.objective == pytest.approx(near.objective, rel=1e-10)
    assert far.estimate.certificate.kkt < 1e-8
    assert 0 <= far.estimate.certificate.gap < 1e-10
    assert far.passes <= 14
    np.testing.assert_allclose(far.estimate.predict(FRAME.head(3)), near.predict(FRAME.head(3)), rtol=1e-6)


def test_a_bernoulli_map_in_passes_is_that_of_scikit_learn():
    columns = ["a", "c", "d"]
    far = br.map_in_passes(
        BATCHES, "won", columns=columns, weights="w", prior=br.Normal(0.5), family="bernoulli", standardize=False
    )
    model = LogisticRegression(C=0.25, tol=1e-12, max_iter=1000).fit(FRAME[columns], FRAME["won"], FRAME["w"])
    np.testing.assert_allclose(far.estimate.coef, model.coef_[0], rtol=1e-6)
    assert far.estimate.intercept == pytest.approx(model.intercept_[0], rel=1e-6)
    assert far.estimate.certificate.kkt < 1e-8


def test_a_step_that_leads_too_far_is_shortened():
    """Counts whose mean lies far above that of the start without columns, so that a whole step overshoots."""
    x = np.linspace(-3, 3, 60)
    frame = pd.DataFrame({"x": x, "y": np.round(np.exp(3 * x - 3))})
    settings = {"prior": br.Normal(10.0), "family": "poisson"}
    far = br.map_in_passes(frame, **settings)
    near = br.map_estimate(br.Regression(frame[["x"]], frame["y"], **settings))
    np.testing.assert_allclose(far.estimate.coef, near.coef, rtol=1e-8)


def test_partitions_have_the_map_of_their_rows():
    import dask
    import dask.dataframe as dd

    settings = {"formula": "won ~ a + g", "prior": br.Laplace(0.1), "family": "bernoulli"}
    with dask.config.set(scheduler="sync"):
        parted = br.map_in_passes(dd.from_pandas(FRAME, npartitions=3), **settings)
    np.testing.assert_allclose(parted.estimate.beta, br.map_in_passes(FRAME, **settings).estimate.beta, rtol=1e-9)


@pytest.mark.parametrize(
    ("changes", "error", "words"),
    [
        ({"family": "gaussian"}, UnsupportedError, r"a Gaussian one is from br\.moments"),
        ({"family": "student_t"}, UnsupportedError, r"others need their rows in memory"),
        ({"prior": br.Horseshoe(0.1)}, PriorError, "penalty"),
        ({"prior": br.Laplace(br.HalfNormal(1.0))}, PriorError, "unknown"),
        ({"prior": br.Normal(np.inf)}, UnsupportedError, r"finite scale, for example br\.Normal"),
        ({"prior": br.Normal(1.0, loc=0.5)}, UnsupportedError, r"with mean 0.*use br\.Regression"),
        ({"source": iter(BATCHES)}, DataError, "an iterator only once"),
        ({"target": "exposure", "family": "poisson"}, DataError, "Poisson target holds"),
        ({"target": "a"}, DataError, "Bernoulli target holds"),
        ({"source": FRAME[FRAME["won"] == 0]}, DataError, "needs both 0 and 1"),
        ({"standardize": "yes"}, PriorError, "standardize"),
    ],
    ids=[
        "gaussian",
        "noise",
        "no-penalty",
        "unknown",
        "flat",
        "moved",
        "once",
        "no-counts",
        "no-classes",
        "one-class",
        "flag",
    ],
)
def test_what_is_not_estimated_in_passes_names_a_cure(changes, error, words):
    settings = {"source": FRAME, "target": "won", "columns": ["b", "c"], "prior": br.Normal(1.0), "family": "bernoulli"}
    with pytest.raises(error, match=words):
        br.map_in_passes(**(settings | changes))


def test_passes_that_do_not_settle_are_an_error(monkeypatch):
    from bayesreg.optimize import in_passes

    monkeypatch.setattr(in_passes, "MOST_PASSES", 2)
    with pytest.raises(ConvergenceError):
        br.map_in_passes(FRAME, "won", columns=["a"], prior=br.Normal(1.0), family="bernoulli")

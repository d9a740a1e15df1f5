"""NUTS through PyMC against the other engines. PyMC compiles each model for tens of seconds, hence all are slow."""

import numpy as np
import pytest

import bayesreg as br
from bayesreg.errors import MissingDependencyError, UnsupportedError
from bayesreg.sampling.engine import sample

pytestmark = pytest.mark.filterwarnings(
    "ignore::FutureWarning", "ignore::DeprecationWarning", "ignore::UserWarning:pymc"
)


def draw(n=25, p=3):
    rng = np.random.default_rng(6)
    X = rng.normal(size=(n, p))
    return X, 1 + X @ np.r_[0.8, 0.0, -0.4, np.zeros(p)][:p] + rng.normal(size=n)


def posterior(reg, engine, draws=1_000, seed=0):
    tree = sample(reg, engine=engine, draws=draws, random_seed=seed, cores=1, tune=None)
    return {name: tree["posterior"][name].values for name in tree["posterior"].data_vars}, tree


def assert_engines_agree(reg, engines, check):
    """Each against the first, in every variable; a warning of the gate would be an error."""
    first, _ = posterior(reg, engines[0], 4_000)
    for engine in engines[1:]:
        other, tree = posterior(reg, engine, seed=1)
        assert tree.attrs["engine"] == engine
        assert set(other) == set(first)
        for name, values in first.items():
            check(values, other[name])


@pytest.mark.slow
def test_three_engines_agree_on_diabetes(diabetes, assert_same_distribution):
    reg = br.Regression(*diabetes, prior=br.Normal(10.0), sigma=br.HalfNormal(60.0))
    assert_engines_agree(reg, ["exact", "gibbs", "nuts"], assert_same_distribution)


@pytest.mark.slow
@pytest.mark.parametrize("scaled", [False, True])
def test_gibbs_is_nuts_under_a_laplace_prior(scaled, assert_same_distribution):
    """With an unknown sigma and a Normal intercept, from the moments."""
    reg = br.Regression(
        *draw(), prior=br.Laplace(0.4, scaled), sigma=br.InverseGamma(3.0, 2.0), intercept=br.Normal(2.0)
    )
    assert_engines_agree(reg, ["gibbs", "nuts"], assert_same_distribution)


@pytest.mark.slow
def test_gibbs_is_nuts_with_columns_of_each_kind_and_weights(assert_same_distribution):
    prior = br.ElasticNetPrior([0.4, np.inf, 0.3], [np.inf, np.inf, 0.5])
    reg = br.Regression(*draw(), prior=prior, sigma=br.HalfStudentT(3.0, 1.0), weights=np.linspace(0.5, 2, 25))
    assert_engines_agree(reg, ["gibbs", "nuts"], assert_same_distribution)


@pytest.mark.slow
def test_gibbs_is_nuts_for_more_columns_than_rows(assert_same_distribution):
    """On the rows."""
    reg = br.Regression(*draw(8, 12), prior=br.Laplace(0.4), sigma=br.InverseGamma(5.0, 5.0))
    assert_engines_agree(reg, ["gibbs", "nuts"], assert_same_distribution)


@pytest.mark.slow
@pytest.mark.parametrize("kind", [br.Laplace, br.Normal])
def test_an_unknown_scale_goes_to_nuts_and_has_its_posterior(kind, assert_moments):
    """One column and known sigma, against a grid in (beta, scale)."""
    X, y = draw(p=1)
    hyperprior = br.InverseGamma(4.0, 2.0, on="sd")
    reg = br.Regression(X, y, prior=kind(hyperprior), sigma=1.0)
    found, tree = posterior(reg, "auto")
    assert tree.attrs["engine"] == "nuts"
    assert tree["posterior"].attrs["inference_library"] == "pymc"
    a, b = reg.design.matrix[:, 0], y - y.mean()
    beta, t = np.linspace(-1.5, 3, 901)[:, None], np.linspace(-3, 4, 701)[None, :]
    scale = np.exp(t)
    shape = -np.abs(beta) / scale if kind is br.Laplace else -0.5 * (beta / scale) ** 2
    # The density of beta has a factor 1/scale, which the change to log scale takes away again.
    values = -0.5 * (a @ a * beta**2 - 2 * a @ b * beta) + shape
    values = values + np.array([hyperprior.log_density(float(s)) for s in scale[0]])
    weights = np.exp(values - values.max())
    weights /= weights.sum()
    for name, point in (("beta", beta), ("scale", scale)):
        mean = np.sum(weights * point)
        values = found[name].reshape(4, 1_000)
        assert_moments(values, mean, np.sqrt(np.sum(weights * (point - mean) ** 2)))


@pytest.mark.slow
def test_the_same_seed_gives_the_same_draws():
    reg = br.Regression(*draw(), prior=br.Laplace(0.4), sigma=1.0)
    first, second = posterior(reg, "nuts")[0], posterior(reg, "nuts")[0]
    assert np.array_equal(first["coef"], second["coef"])


@pytest.mark.slow
def test_statistics_and_rows_come_along():
    reg = br.Regression(*draw(), prior=br.Laplace(0.4), sigma=1.0)
    tree = sample(reg, engine="nuts", random_seed=0, cores=1, groups=("log_likelihood",))
    assert {"lp", "diverging", "tree_depth", "energy", "step_size"} <= set(tree["sample_stats"].data_vars)
    assert tree["log_likelihood"]["y"].shape == (4, 1_000, 25)
    assert tree["posterior"].attrs["tuning_steps"] == 1_000


def test_an_unknown_sampler_is_refused():
    reg = br.Regression(*draw(), prior=br.Laplace(0.4), sigma=1.0)
    with pytest.raises(UnsupportedError, match="available: pymc, nutpie"):
        sample(reg, engine="nuts", nuts_sampler="stan")


def test_a_sampler_that_is_not_installed_names_its_cure(monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "nutpie", None)
    reg = br.Regression(*draw(), prior=br.Laplace(0.4), sigma=1.0)
    with pytest.raises(MissingDependencyError, match=r"bayesreg\[nutpie\]"):
        sample(reg, engine="nuts", nuts_sampler="nutpie")

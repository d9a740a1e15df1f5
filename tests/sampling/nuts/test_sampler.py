"""NUTS through PyMC against the other engines. PyMC compiles each model for tens of seconds, hence all are slow."""

import sys
import types

import numpy as np
import pytest

import bayesreg as br
from bayesreg.errors import MissingDependencyError, UnsupportedError
from bayesreg.sampling.engine import sample
from bayesreg.sampling.nuts import compiled_models
from bayesreg.sampling.nuts.sampler import sample_nuts

pytestmark = pytest.mark.filterwarnings(
    "ignore::FutureWarning", "ignore::DeprecationWarning", "ignore::UserWarning:pymc"
)


def draw(n=25, p=3):
    rng = np.random.default_rng(6)
    X = rng.normal(size=(n, p))
    return X, 1 + X @ np.r_[0.8, 0.0, -0.4, np.zeros(p)][:p] + rng.normal(size=n)


def posterior(reg, engine, draws=1_000, seed=0, **given):
    tree = sample(reg, engine=engine, draws=draws, random_seed=seed, cores=1, tune=None, **given)
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
def test_an_unknown_scale_has_its_posterior_under_nuts(kind, assert_moments):
    """One column and known sigma, against a grid in (beta, scale)."""
    X, y = draw(p=1)
    hyperprior = br.InverseGamma(4.0, 2.0, on="sd")
    reg = br.Regression(X, y, prior=kind(hyperprior), sigma=1.0)
    found, tree = posterior(reg, "nuts")
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


@pytest.mark.slow
@pytest.mark.parametrize(
    "prior",
    [
        pytest.param(
            br.Horseshoe(br.HalfNormal(0.3), True),
            marks=pytest.mark.filterwarnings("ignore:nuts draws. [0-9]+ divergences"),
            id="horseshoe",
        ),
        pytest.param(br.RegularizedHorseshoe(0.3, 2.0), id="regularized"),
    ],
)
def test_gibbs_is_nuts_under_a_horseshoe(prior, assert_same_distribution):
    """On the logarithms of what is positive, since a half-Cauchy has no mean.

    Without a slab a few of 8,000 draws diverge in the tails, which the gate tells the user.
    """
    reg = br.Regression(*draw(), prior=prior, sigma=br.InverseGamma(5.0, 5.0), intercept=br.Normal(2.0))
    pytest.importorskip("nutpie")
    gibbs = posterior(reg, "gibbs", 30_000)[0]
    nuts, tree = posterior(reg, "nuts", 5_000, seed=1, nuts_sampler="nutpie")
    assert tree.attrs["parameterization"] == "noncentered"
    assert set(nuts) == set(gibbs) > {"local_scale"}
    assert ("slab_scale" in nuts) == (prior.name == "regularized_horseshoe")
    for name, values in gibbs.items():
        mapped = np.log if name.endswith("scale") else np.asarray
        assert_same_distribution(mapped(values), mapped(nuts[name]))


@pytest.mark.slow
@pytest.mark.parametrize("prior", [br.Laplace(br.HalfCauchy(1.0)), br.RegularizedHorseshoe(0.17, 2.0)], ids=repr)
def test_a_bernoulli_regression_on_diabetes_passes_the_gate(prior, diabetes, assert_same_distribution):
    """A warning of the gate would be an error; where HMC covers the prior too, it draws the same."""
    pytest.importorskip("nutpie")
    X, y = diabetes
    reg = br.Regression(X, (y > y.median()).astype(float), prior=prior, family="bernoulli")
    tree = sample(reg, engine="nuts", draws=1_500, random_seed=1, cores=1, nuts_sampler="nutpie")
    if prior.has_penalty:
        other = sample(reg, engine="hmc", random_seed=2)
        for name, mapped in {"coef": np.asarray, "intercept": np.asarray, "scale": np.log}.items():
            assert_same_distribution(*(mapped(drawn["posterior"][name].values) for drawn in (tree, other)))
    assert tree.attrs["divergences"] == 0
    coef = tree["posterior"]["beta"].mean(("chain", "draw"))
    # Body mass and s5 tell the upper half; age does not.
    assert abs(float(coef.sel(coef_name="age"))) < 0.15 < min(float(coef.sel(coef_name=name)) for name in ("bmi", "s5"))


def nutpie_draws(reg, **given):
    given = {"draws": 1_000, "tune": 1_000, "chains": 4, "random_seed": 0, "cores": 1} | given
    return sample_nuts(reg, progressbar=False, sampler="nutpie", **given).draws


@pytest.fixture
def compilations(monkeypatch):
    """Counts what nutpie compiles."""
    nutpie = pytest.importorskip("nutpie")
    compiled_models.forget()
    made, compile_model = [], nutpie.compile_pymc_model
    monkeypatch.setattr(
        nutpie, "compile_pymc_model", lambda *given, **more: made.append(1) or compile_model(*given, **more)
    )
    yield made
    compiled_models.forget()


@pytest.mark.slow
@pytest.mark.parametrize("family", ["gaussian", "student_t"])
def test_one_compilation_serves_other_data_scales_and_noise(family, compilations, assert_same_distribution):
    """Other rows, far from the first, another prior scale per column, and another sigma; then the first once more."""
    first = br.Regression(*draw(), prior=br.Laplace(0.4), sigma=1.0, family=family)
    X, y = draw(60)
    other = br.Regression(3 * X + 2, 5_000 + 9 * y, prior=br.Laplace([5.0, 0.5, 2.0]), sigma=7.0, family=family)
    found, again = nutpie_draws(first), nutpie_draws(other, random_seed=1)
    repeated = nutpie_draws(first)
    assert len(compilations) == 1
    assert np.array_equal(found.beta, repeated.beta)
    compiled_models.forget()
    alone = nutpie_draws(other)
    assert len(compilations) == 2
    assert again.beta.shape == alone.beta.shape
    for name in ("beta", "at_center"):
        assert_same_distribution(getattr(again, name), getattr(alone, name))
    assert np.abs(np.mean(again.at_center) - np.mean(9 * y + 5_000)) < 9


@pytest.mark.slow
def test_nutpie_is_gibbs_with_statistics_by_pymcs_names(compilations, assert_same_distribution):
    reg = br.Regression(*draw(), prior=br.Laplace(0.4, True), sigma=br.InverseGamma(3.0, 2.0))
    tree = sample(reg, engine="nuts", nuts_sampler="nutpie", random_seed=0, cores=1)
    exact = sample(reg, engine="gibbs", draws=4_000, random_seed=0)
    for name in ("coef", "intercept", "sigma"):
        assert_same_distribution(exact["posterior"][name].values, tree["posterior"][name].values)
    assert {"diverging", "tree_depth", "energy", "step_size", "n_steps", "acceptance_rate"} <= set(tree["sample_stats"])
    assert tree["posterior"].attrs["inference_library"] == "nutpie"


def model_of(prior=None, form="auto", parameterization="auto", data=None, **given):
    reg = br.Regression(*(draw() if data is None else data), prior=br.Laplace(0.4) if prior is None else prior, **given)
    return reg.to_pymc(form, parameterization)


UNLIKE = {
    "prior": {"prior": br.Normal(0.4)},
    "unknown scale": {"prior": br.Laplace(br.HalfNormal(1.0))},
    "scaled": {"prior": br.Laplace(0.4, True)},
    "a flat column": {"prior": br.Laplace([0.4, np.inf, 0.4])},
    "noise": {"sigma": 1.0},
    "hyperprior": {"sigma": br.HalfNormal(1.0)},
    "family": {"family": "laplace"},
    "intercept": {"intercept": False},
    "intercept prior": {"intercept": br.Normal(1.0)},
    "columns as they are": {"standardize": False},
    "not centred": {"intercept": br.Normal(1.0), "center": False},
    "weights": {"weights": np.ones(25)},
    "offset": {"offset": np.ones(25)},
    "columns": {"data": draw(25, 4)},
    "form": {"form": "moments"},
    "horseshoe": {"prior": br.Horseshoe(0.4)},
    "centred horseshoe": {"prior": br.Horseshoe(0.4), "parameterization": "centered"},
}


def test_structures_are_told_apart():
    found = {compiled_models.structure(model_of(**given)) for given in UNLIKE.values()}
    assert len(found | {compiled_models.structure(model_of())}) == len(UNLIKE) + 1


@pytest.mark.parametrize("form", ["rows", "moments"])
def test_a_structure_holds_no_numbers(form):
    """Data, number of rows, the prior's numbers, intercept and noise may all be others."""
    priors = (br.ElasticNetPrior(0.4, 0.7), br.ElasticNetPrior([0.1, 2.0, 3.0], [0.3, 0.2, 1.0]))
    sigmas = (br.HalfStudentT(3.0, 2.0), br.HalfCauchy(1.0))
    intercepts = (br.Normal(2.0, loc=1.0), br.Normal(0.1, loc=-5.0))
    X, y = draw(60)
    first = model_of(priors[0], form, sigma=sigmas[0], intercept=intercepts[0])
    second = model_of(priors[1], form, data=(9 * X**2, y + 100), sigma=sigmas[1], intercept=intercepts[1])
    assert compiled_models.structure(first) == compiled_models.structure(second)


def test_which_columns_are_flat_is_data():
    priors = (br.Laplace([0.4, np.inf, 0.4]), br.Laplace([np.inf, 0.4, 0.4]), br.ElasticNetPrior([1, np.inf, 2], 0.4))
    assert len({compiled_models.structure(model_of(prior)) for prior in priors}) == 1


def test_few_compiled_models_are_kept(monkeypatch):
    class Compiled:
        shared_var_keys = ()

        def with_data(self, **values):
            return self

    compiled_models.forget()
    made = []
    fake = types.SimpleNamespace(compile_pymc_model=lambda model, var_names: made.append(model) or Compiled())
    monkeypatch.setitem(sys.modules, "nutpie", fake)
    monkeypatch.setattr(compiled_models, "MOST_KEPT", 2)
    kinds = [model_of(prior) for prior in (br.Laplace(0.4), br.Normal(0.4), br.Horseshoe(0.4))]
    for index in (0, 1, 0, 2, 0, 1):
        compiled_models.compiled_for(kinds[index], ["coef"])
    # The second was the one not used for longest when the third came.
    assert [kinds.index(model) for model in made] == [0, 1, 2, 1]
    compiled_models.forget()


def test_an_unknown_sampler_is_refused():
    reg = br.Regression(*draw(), prior=br.Laplace(0.4), sigma=1.0)
    with pytest.raises(UnsupportedError, match="available: pymc, nutpie"):
        sample(reg, engine="nuts", nuts_sampler="stan")


def test_a_sampler_that_is_not_installed_names_its_cure(monkeypatch):
    monkeypatch.setitem(sys.modules, "nutpie", None)
    reg = br.Regression(*draw(), prior=br.Laplace(0.4), sigma=1.0)
    with pytest.raises(MissingDependencyError, match=r"bayesreg\[nutpie\]"):
        sample(reg, engine="nuts", nuts_sampler="nutpie")


@pytest.mark.slow
@pytest.mark.parametrize("sampler", ["pymc", "nutpie"])
def test_correlated_columns_take_few_steps(sampler):
    """About 15 a draw; with variances alone it is 55, and four to six times fewer effective draws a step."""
    if sampler == "nutpie":
        pytest.importorskip("nutpie")
    rng = np.random.default_rng(0)
    X = rng.normal(size=(500, 20))
    for j in range(1, 20):
        X[:, j] = 0.95 * X[:, j - 1] + np.sqrt(1 - 0.95**2) * X[:, j]
    y = (rng.random(500) < 1 / (1 + np.exp(X[:, 1] - X[:, 0]))).astype(float)
    reg = br.Regression(X, y, prior=br.Laplace(1.0), family="bernoulli")
    settings = {"draws": 200, "tune": 700, "chains": 2, "cores": 1, "random_seed": 1, "progressbar": False}
    drawn = sample_nuts(reg, **settings, sampler=sampler)
    assert drawn.stats["n_steps"].mean() < 30


def test_nutpie_is_not_asked_to_do_without_a_warm_up():
    pytest.importorskip("nutpie")
    reg = br.Regression(*draw(), prior=br.Laplace(0.4), sigma=1.0)
    with pytest.raises(UnsupportedError, match="nutpie needs a warm-up"):
        sample(reg, engine="nuts", nuts_sampler="nutpie", tune=0)

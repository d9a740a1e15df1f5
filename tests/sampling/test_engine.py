"""Which engine runs, that it says so, and that the seed alone decides what it draws."""

import warnings

import numpy as np
import pytest
import rich.progress

import bayesreg as br
from bayesreg.errors import PriorError, SamplerWarning, UnsupportedError
from bayesreg.sampling.draws import chain_generators
from bayesreg.sampling.engine import choose_engine, progress, sample

RNG = np.random.default_rng(0)
X = RNG.normal(size=(30, 3))
Y = X[:, 0] + RNG.normal(size=30)


def make(prior=br.Laplace(1.0), sigma=1.0, **given):  # noqa: B008 - frozen
    return br.Regression(X, Y, prior=prior, sigma=sigma, **given)


CHOICES = {
    "normal": (make(br.Normal(1.0)), "exact", "closed form"),
    "normal by column, sigma unknown": (make(br.Normal([1.0, np.inf, 2.0]), None), "exact", "closed form"),
    "laplace": (make(), "gibbs", "scale mixture"),
    "elastic net": (make(br.ElasticNetPrior(1.0, 1.0)), "gibbs", "elastic-net"),
    "unknown scale, laplace": (make(br.Laplace(br.HalfNormal(1.0))), "gibbs", "scale mixture"),
    "unknown scale, normal": (make(br.Normal(br.HalfNormal(1.0))), "exact", "closed form"),
    "horseshoe": (make(br.Horseshoe()), "gibbs", "scale mixture"),
    "scaled otherwise than the intercept at 0": (
        make(br.Laplace(1.0, True), None, intercept=br.Normal(1.0), center=False),
        "hmc",
        "only one of the priors",
    ),
    "scaled otherwise than the intercept at the centre": (
        make(br.Normal(1.0, True), None, intercept=br.Normal(1.0)),
        "exact",
        "closed form",
    ),
}


@pytest.mark.parametrize("name", CHOICES)
def test_the_choice_and_its_reason(name):
    reg, engine, reason = CHOICES[name]
    found = choose_engine(reg)
    assert found.engine == engine
    assert reason in found.reason


@pytest.mark.parametrize("engine", ["exact", "gibbs", "hmc", "nuts"])
def test_an_engine_that_is_asked_for_is_taken(engine):
    assert choose_engine(make(), engine) == br.choose_engine(make(), engine)
    assert choose_engine(make(), engine).engine == engine
    assert choose_engine(make(), engine).reason == "asked for"


def test_an_engine_that_does_not_cover_the_regression_says_which_does():
    with pytest.raises(UnsupportedError, match='use engine="auto"'):
        sample(make(), engine="exact")
    with pytest.raises(UnsupportedError, match='use engine="nuts"'):
        sample(make(br.Laplace(1.0, True), None, intercept=br.Normal(1.0), center=False), engine="gibbs")
    with pytest.raises(UnsupportedError, match="available: auto, exact, gibbs, hmc, nuts"):
        sample(make(), engine="vi")


def test_sample_is_a_function_whatever_was_used_before():
    """A room of the same name must not take its place once something in it has been imported."""
    br.log_evidence(make(br.Normal(1.0)))
    assert callable(br.sample)


def draws_of(reg, **given):
    """A few draws, whether or not they are enough for the gate."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SamplerWarning)
        return sample(reg, **({"draws": 600, "chains": 2} | given))["posterior"]


VARIANTS = {
    "exact": make(br.Normal(1.0), None),
    "gibbs": make(sigma=None),
    "gibbs, scaled": make(br.Laplace(1.0, True), None),
}


@pytest.mark.parametrize("name", VARIANTS)
def test_the_same_seed_gives_the_same_draws_to_the_last_bit(name):
    first, second = draws_of(VARIANTS[name], random_seed=7), draws_of(VARIANTS[name], random_seed=7)
    for variable in ("beta", "coef", "intercept", "sigma"):
        assert np.array_equal(first[variable].values, second[variable].values)


@pytest.mark.parametrize("name", VARIANTS)
def test_other_seeds_and_other_chains_give_other_draws(name):
    first, second = draws_of(VARIANTS[name], random_seed=7), draws_of(VARIANTS[name], random_seed=8)
    unseeded = draws_of(VARIANTS[name])
    seen = np.concatenate([tree["coef"].values for tree in (first, second, unseeded)])
    assert len(np.unique(seen[..., 0])) == seen[..., 0].size


@pytest.mark.parametrize("name", VARIANTS)
def test_a_chain_does_not_depend_on_how_many_there_are(name):
    two, four = draws_of(VARIANTS[name], random_seed=7), draws_of(VARIANTS[name], random_seed=7, chains=4)
    assert np.array_equal(two["coef"].values, four["coef"].values[:2])


@pytest.mark.parametrize("name", VARIANTS)
def test_a_progress_bar_changes_nothing(name, capsys):
    plain, shown = draws_of(VARIANTS[name], random_seed=7), draws_of(VARIANTS[name], random_seed=7, progressbar=True)
    assert np.array_equal(plain["coef"].values, shown["coef"].values)


def test_a_progress_bar_says_what_it_waits_for(monkeypatch):
    shown, stop = [], rich.progress.Progress.stop
    monkeypatch.setattr(rich.progress.Progress, "stop", lambda bar: shown.append(bar.tasks[0]) or stop(bar))
    for done in ((0, 0), (0, 2, 1)):
        with progress(True, 3, "Sampling", before="Compiling") as tick:
            for one in done:
                tick(one)
    waiting, sampling = shown
    assert (waiting.description, waiting.total) == ("Compiling", None)
    assert (sampling.description, sampling.total, sampling.completed) == ("Sampling", 3, 3)


def test_the_global_generator_is_neither_used_nor_moved():
    state = np.random.get_state()[1].copy()  # noqa: NPY002
    draws_of(VARIANTS["gibbs"])
    assert np.array_equal(state, np.random.get_state()[1])  # noqa: NPY002


def test_streams_of_chains_are_distinct_and_depend_on_the_seed_alone():
    first, second = chain_generators(3, 5), chain_generators(3, 5)
    numbers = [generator.random() for generator in first]
    assert numbers == [generator.random() for generator in second]
    assert len(set(numbers)) == 5
    from_sequence = chain_generators(np.random.SeedSequence(3), 5)
    assert numbers == [generator.random() for generator in from_sequence]


@pytest.mark.parametrize("bad", [0, -1, 1.5, True])
@pytest.mark.parametrize("name", ["draws", "chains"])
def test_counts_must_be_counts(name, bad):
    with pytest.raises(PriorError, match=f"{name} must be a whole number"):
        sample(make(), **{name: bad})


@pytest.mark.parametrize("bad", [-1, 2.5])
def test_warm_up_must_be_a_count(bad):
    with pytest.raises(PriorError, match="tune must be"):
        sample(make(), tune=bad)


def test_shape_follows_the_counts():
    tree = draws_of(make(), draws=500, chains=3, tune=0, random_seed=0)
    assert dict(tree.sizes) == {"chain": 3, "draw": 500, "coef_name": 3}


@pytest.mark.parametrize("group", ["posterior_predictive", "log_likelihood"])
def test_groups_by_row_need_rows(group):
    reg = br.Regression.from_moments(make().design.moments, prior=br.Normal(1.0), sigma=1.0)
    with pytest.raises(UnsupportedError, match="need the rows"):
        sample(reg, groups=(group,))
    with pytest.raises(UnsupportedError, match="unknown groups"):
        sample(reg, groups=("predictions",))


def test_moments_give_draws_of_the_same_posterior(assert_same_distribution):
    reg = make(br.Normal(1.0), None)
    other = br.Regression.from_moments(reg.design.moments, prior=reg.prior, sigma=reg.noise.prior)
    ours, theirs = (draws_of(r, draws=3_000, random_seed=k) for k, r in enumerate((reg, other)))
    for variable in ("coef", "intercept", "sigma"):
        assert_same_distribution(ours[variable].values, theirs[variable].values)

"""Counts, seeds and settings: an answer, or an error by name that says what is allowed."""

import warnings
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import bayesreg as br
from bayesreg.errors import BayesregError, DataError, PriorError, SamplerWarning, UnsupportedError
from bayesreg.sampling.arguments import read_count, read_seed, require_memory

RNG = np.random.default_rng(0)
X = RNG.normal(size=(40, 3))
Y = X @ [1.0, 0, -1] + RNG.normal(size=40)
NORMAL, LAPLACE = (br.Regression(X, Y, prior=prior, sigma=1.0) for prior in (br.Normal(1.0), br.Laplace(1.0)))
REGRESSIONS = {"exact": NORMAL, "gibbs": LAPLACE}


def coef(reg, **given):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SamplerWarning)
        return br.sample(reg, **({"draws": 10, "chains": 2} | given))["posterior"]["coef"].values


GOOD_SEEDS = {
    "int": lambda: 7,
    "zero": lambda: 0,
    "int64": lambda: np.int64(7),
    "uint8": lambda: np.uint8(7),
    "beyond 64 bits": lambda: 10**30,
    "list": lambda: [1, 2],
    "tuple": lambda: (1, 2),
    "array": lambda: np.array([1, 2]),
    "sequence": lambda: np.random.SeedSequence(5),
    "child": lambda: np.random.SeedSequence(5).spawn(2)[1],
    "generator": lambda: np.random.default_rng(1),
}
BAD_SEEDS = [-1, np.int64(-1), True, np.True_, 1.0, 1.5, np.float64(2.0), float("nan"), "1", b"1", [], [1, -2]]
BAD_SEEDS += [[1, [2]], [1.0], ["a"], {1}, object(), Fraction(1, 2), np.array([1.5]), np.random.RandomState(0), 1j]


@pytest.mark.parametrize("engine", REGRESSIONS)
@pytest.mark.parametrize("name", GOOD_SEEDS)
def test_every_usual_seed_gives_the_same_draws_twice(name, engine):
    reg, seed = REGRESSIONS[engine], GOOD_SEEDS[name]
    first = coef(reg, random_seed=seed())
    np.testing.assert_array_equal(first, coef(reg, random_seed=seed(), groups=["posterior_predictive"]))
    assert not np.any(first == coef(reg, random_seed=8))


def test_kinds_of_one_seed_agree_and_others_differ():
    assert read_seed(7) == read_seed(np.uint8(7)) == 7
    assert read_seed([1, 2]) == read_seed((1, 2)) == read_seed(np.array([1, 2])) != read_seed([2, 1])
    assert read_seed(None) is None
    sequence = np.random.SeedSequence(5)
    assert read_seed(sequence) == read_seed(sequence) != read_seed(sequence.spawn(1)[0])
    generator = np.random.default_rng(1)
    assert read_seed(generator) != read_seed(generator)


@pytest.mark.parametrize("seed", BAD_SEEDS, ids=lambda seed: type(seed).__name__)
@pytest.mark.parametrize("draw", [br.sample, lambda reg, **given: br.sample_path(reg, [1.0], **given)])
def test_no_other_seed_is_taken(draw, seed):
    with pytest.raises(PriorError, match="random_seed must be None, a whole number"):
        draw(NORMAL, random_seed=seed)


BAD_COUNTS = [-1, 10**12, 20.0, 1.5, None, True, "10", [10], float("nan"), float("inf"), np.float64(3.0), np.array([5])]


@pytest.mark.parametrize("count", BAD_COUNTS, ids=repr)
@pytest.mark.parametrize("name", ["draws", "chains", "tune", "cores"])
@pytest.mark.parametrize("engine", REGRESSIONS)
def test_no_other_count_is_taken(engine, name, count):
    if count is None and name in ("tune", "cores"):
        assert coef(REGRESSIONS[engine], **{name: None}).shape == (2, 10, 3)
        return
    with pytest.raises(PriorError, match=rf"{name} must be a whole number from [01] to"):
        br.sample(REGRESSIONS[engine], **{name: count})
    if name != "cores" and count is not None:
        with pytest.raises(PriorError, match=rf"{name} must be a whole number from [01] to"):
            br.sample_path(REGRESSIONS[engine], [1.0], **{name: count})


@pytest.mark.parametrize("name", ["draws", "chains", "cores"])
def test_none_at_all_is_too_few(name):
    with pytest.raises(PriorError, match=f"{name} must be a whole number from 1"):
        br.sample(LAPLACE, **{name: 0})
    assert coef(LAPLACE, tune=0).shape == (2, 10, 3)


def test_numpy_counts_are_counts():
    found = coef(LAPLACE, draws=np.int32(12), chains=np.uint8(3), tune=np.int64(5), cores=np.int16(1), random_seed=1)
    np.testing.assert_array_equal(found, coef(LAPLACE, draws=12, chains=3, tune=5, random_seed=1))


@pytest.mark.parametrize("engine", REGRESSIONS)
@pytest.mark.parametrize("counts", [{"draws": 10**9}, {"draws": 10**8, "chains": 10_000}])
def test_draws_beyond_memory_are_refused_before_it_is_asked_for(engine, counts, monkeypatch):
    monkeypatch.setattr("bayesreg.sampling.arguments._memory", lambda: 8 * 10**9)
    with pytest.raises(PriorError, match=r"draws of .* take .* GB, and this machine has 8; ask for fewer"):
        br.sample(REGRESSIONS[engine], **counts)
    require_memory(10**6, 4, 100)


def test_the_memory_of_this_machine_is_known():
    from bayesreg.sampling.arguments import _memory

    assert 10**8 < _memory() < 10**15


ANYTHING = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=3), st.lists(st.integers(), max_size=3)
)


@given(ANYTHING)
def test_a_seed_is_read_or_refused_by_name(value):
    try:
        seed = read_seed(value)
    except PriorError:
        return
    assert seed is None or (type(seed) is int and seed >= 0)


@given(ANYTHING, st.integers(0, 1))
def test_a_count_is_read_or_refused_by_name(value, least):
    try:
        count = read_count("draws", value, least)
    except PriorError:
        return
    assert type(count) is int
    assert count == value >= least


def test_one_group_may_be_named_alone():
    proper = br.Regression(X, Y, prior=br.Normal(1.0), sigma=1.0, intercept=br.Normal(1.0))
    assert "prior" in br.sample(proper, random_seed=0, groups="prior").groups[0] + " ".join(
        br.sample(proper, random_seed=0, groups="prior").children
    )


@pytest.mark.parametrize("groups", [5, None, [1], "nonsense", ["prior", None]])
def test_no_other_group_is_taken(groups):
    with pytest.raises(UnsupportedError, match="groups"):
        br.sample(NORMAL, groups=groups)


SETTINGS = {
    "an unknown engine": ({"engine": "vi"}, "available"),
    "no engine": ({"engine": None}, "available"),
    "a kernel of exact draws": ({"kernel": "block"}, "for the Gibbs engine"),
    "an unknown kernel of exact draws": ({"kernel": "foo"}, "for the Gibbs engine"),
    "a kernel of NUTS": ({"engine": "nuts", "kernel": "block"}, "for the Gibbs engine"),
    "a NUTS sampler of exact draws": ({"nuts_sampler": "pymc"}, "is for NUTS"),
    "a NUTS sampler of Gibbs": ({"engine": "gibbs", "nuts_sampler": "nutpie"}, "is for NUTS"),
    "an unknown NUTS sampler": ({"engine": "nuts", "nuts_sampler": "foo"}, "available: pymc, nutpie"),
    "an unknown kernel": ({"engine": "gibbs", "kernel": "foo"}, "available: auto"),
}


@pytest.mark.parametrize("name", SETTINGS)
def test_settings_that_would_be_ignored_are_refused(name):
    settings, words = SETTINGS[name]
    with pytest.raises(UnsupportedError, match=words):
        br.sample(NORMAL, **settings)


@pytest.mark.parametrize("other", [None, 5, "diabetes", X])
@pytest.mark.parametrize("function", [br.sample, br.choose_engine, lambda reg: br.sample_path(reg, [1.0])])
def test_anything_but_a_regression_is_refused(function, other):
    with pytest.raises(DataError, match=r"a bayesreg.Regression is needed"):
        function(other)


@pytest.mark.parametrize("strengths", [None, "many", [], [[1.0]], [-1.0], [np.nan], [1.0, "a"], object()])
def test_strengths_of_a_path_are_positive_numbers(strengths):
    with pytest.raises(BayesregError, match="strengths must be positive"):
        br.sample_path(NORMAL, strengths)


SEEDED = {
    "predict": lambda seed: br.predict(br.sample(NORMAL, random_seed=0), X, random_seed=seed),
    "shrinkage": lambda seed: br.shrinkage(br.sample(NORMAL, random_seed=0), random_seed=seed),
    "compare": lambda seed: br.compare(NORMAL, random_seed=seed),
}


@pytest.mark.parametrize("name", SEEDED)
def test_other_functions_take_the_same_seeds(name):
    SEEDED[name](np.random.SeedSequence(1))
    for seed in (-1, 1.5, "one", True):
        with pytest.raises(PriorError, match="random_seed must be None, a whole number"):
            SEEDED[name](seed)

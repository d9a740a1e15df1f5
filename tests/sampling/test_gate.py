"""The gate on convergence fails closed: only draws that can be judged, and are good, pass."""

import re
from dataclasses import replace

import numpy as np
import pytest

import bayesreg as br
from bayesreg.errors import SamplerWarning
from bayesreg.model.unknowns import Unknowns
from bayesreg.sampling import gate
from bayesreg.sampling.draws import Run
from bayesreg.sampling.engine import sample
from bayesreg.sampling.gate import diagnose

C, D, P = 4, 1_000, 3


def good(chains=C, draws=D, seed=0, **stats):
    rng = np.random.default_rng(seed)
    sigma = np.exp(rng.normal(size=(chains, draws)))
    return Run(Unknowns(rng.normal(size=(chains, draws, P)), rng.normal(size=(chains, draws)), sigma), stats=stats)


def judge(run, *, sigma_known=False, has_intercept=True, independent=False):
    run = run if isinstance(run, Run) else Run(run)
    return diagnose(run, sigma_known=sigma_known, has_intercept=has_intercept, independent=independent)


def test_independent_draws_pass():
    for seed in range(20):
        found = judge(good(seed=seed))
        assert found.passed
        assert found.problems == ()
        assert found.rhat < 1.01
        assert min(found.ess_bulk, found.ess_tail) > 400
        assert found.divergences == 0


def test_a_single_long_chain_passes():
    assert judge(good(chains=1, draws=4_000)).passed


def with_part(name, change):
    """Good draws of which one part is spoilt."""
    draws = good().draws
    part = getattr(draws, name).copy()
    change(part)
    return replace(draws, **{name: part})


def fill(value, *index):
    def change(part):
        part[index] = value

    return change


def drift(part):
    part[0] += 1.0


def follow(part):
    """Each draw stays near the one before."""
    for t in range(1, part.shape[1]):
        part[:, t] = 0.995 * part[:, t - 1] + 0.1 * part[:, t]


def copy_chain(part):
    part[2] = part[1]


SPOILT = {
    "a coefficient that does not move": ("beta", fill(1.0, ..., 1), "does not move"),
    "a coefficient at 0 throughout": ("beta", fill(0.0, ..., 1), "does not move"),
    "one chain that does not move": ("beta", fill(1.0, 0), "R-hat"),
    "sigma that does not move": ("sigma", fill(1.0, ...), "does not move"),
    "an intercept that does not move": ("at_center", fill(1.0, ...), "does not move"),
    "one NaN": ("beta", fill(np.nan, 0, 5, 1), "cannot be computed"),
    "one infinity": ("sigma", fill(np.inf, 3, 7), "cannot be computed"),
    "all NaN": ("beta", fill(np.nan, ...), "cannot be computed"),
    "a chain elsewhere": ("beta", drift, "R-hat 1."),
    "sigma elsewhere in one chain": ("sigma", drift, "R-hat 1."),
    "strong autocorrelation": ("beta", follow, "effective sample size"),
}


@pytest.mark.parametrize("name", SPOILT)
def test_spoilt_draws_do_not_pass(name):
    part, change, told = SPOILT[name]
    found = judge(with_part(part, change))
    assert not found.passed
    assert any(told in problem for problem in found.problems)


@pytest.mark.parametrize("fewer", [1, 2, 3, 4, 10, 50])
def test_few_draws_do_not_pass(fewer):
    assert not judge(good(draws=fewer)).passed


@pytest.mark.parametrize("chains", [1, 2])
def test_a_total_of_few_hundred_draws_does_not_pass(chains):
    found = judge(good(chains=chains, draws=300 // chains))
    assert not found.passed
    assert "effective sample size" in " ".join(found.problems)


def test_a_copied_chain_does_not_pass():
    """All of its parts are those of another chain; R-hat and the sample sizes see nothing."""
    draws = good().draws
    parts = {}
    for name in ("beta", "at_center", "sigma"):
        parts[name] = getattr(draws, name).copy()
        copy_chain(parts[name])
    found = judge(Unknowns(**parts))
    assert found.rhat < 1.01
    assert any("two chains are identical" in problem for problem in found.problems)


def test_copies_are_found_though_what_is_known_differs():
    """The parts that are not judged do not hide a copy."""
    draws = good().draws
    beta = draws.beta.copy()
    copy_chain(beta)
    found = judge(Unknowns(beta, draws.at_center, draws.sigma), sigma_known=True, has_intercept=False)
    assert any("identical" in problem for problem in found.problems)


def test_divergences_do_not_pass():
    diverging = np.zeros((C, D), dtype=bool)
    assert judge(good(diverging=diverging)).passed
    diverging[1, 3] = diverging[2, 8] = True
    found = judge(good(diverging=diverging))
    assert found.divergences == 2
    assert any("2 divergences" in problem for problem in found.problems)
    # A family without sigma has no prior of it to change.
    assert any("noise prior" in problem for problem in found.problems)
    assert not any("sigma" in problem for problem in judge(good(diverging=diverging), sigma_known=True).problems)


def test_what_is_known_is_not_judged():
    draws = with_part("sigma", fill(1.0, ...))
    assert not judge(draws).passed
    assert judge(draws, sigma_known=True).passed
    draws = with_part("at_center", fill(0.0, ...))
    assert not judge(draws).passed
    assert judge(draws, has_intercept=False).passed


def test_every_unknown_of_the_prior_with_one_value_a_draw_is_judged():
    draws = good().draws
    for name in ("scale", "slab_scale"):
        still = replace(draws, hyperparameters={name: np.ones((C, D))})
        assert not judge(still).passed
        assert judge(replace(draws, hyperparameters={name: draws.sigma[::-1]})).passed


def test_each_problem_names_its_cure():
    spoilt = with_part("beta", follow)
    assert all("longer warm-up" in problem for problem in judge(spoilt).problems)
    few = judge(good(draws=50), independent=True)
    assert few.problems
    for problem in few.problems:
        assert "take more draws" in problem
        assert "warm-up" not in problem


def small(**given):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(20, 2))
    return br.Regression(X, X[:, 0] + rng.normal(size=20), **given)


@pytest.mark.parametrize(
    ("prior", "engine"), [(br.Normal(1.0), "exact"), (br.Laplace(1.0), "gibbs")], ids=["exact", "gibbs"]
)
def test_sampling_warns_with_the_engine_and_the_cure(prior, engine):
    with pytest.warns(SamplerWarning, match=f"{engine} draws: .*take more draws"):
        tree = sample(small(prior=prior), draws=50, random_seed=0)
    assert "take more draws" in tree.attrs["problems"]


def test_sampling_enough_does_not_warn():
    """A warning would be an error here."""
    for prior in (br.Normal(1.0), br.Laplace(1.0)):
        tree = sample(small(prior=prior, sigma=1.0), random_seed=0)
        assert tree.attrs["problems"] == ""
        assert tree.attrs["rhat"] < 1.01
        assert min(tree.attrs["ess_bulk"], tree.attrs["ess_tail"]) > 400


def test_a_sampler_with_one_seed_for_all_chains_is_caught(monkeypatch):
    import bayesreg.sampling.exact.posterior as exact

    monkeypatch.setattr(
        exact, "chain_generators", lambda seed, chains: [np.random.default_rng(1) for _ in range(chains)]
    )
    with pytest.warns(SamplerWarning, match="identical"):
        sample(small(prior=br.Normal(1.0), sigma=1.0), random_seed=0)


@pytest.mark.parametrize(("independent", "judged"), [(True, 1_000), (False, 1_500)])
def test_of_very_many_independent_columns_a_sample_is_judged_and_said_so(independent, judged):
    rng = np.random.default_rng(1)
    shape = (2, 400)
    draws = Unknowns(rng.normal(size=(*shape, 1_500)), rng.normal(size=shape), np.exp(rng.normal(size=shape)))
    found = judge(draws, independent=independent)
    assert found.judged == found.attributes["judged_columns"] == judged


def test_a_column_that_is_not_judged_must_be_finite_too():
    rng = np.random.default_rng(1)
    beta = rng.normal(size=(2, 400, 1_500))
    judged = np.unique(np.linspace(0, 1_499, 1_000).astype(int))
    beta[1, 7, np.setdiff1d(np.arange(1_500), judged)[3]] = np.nan
    found = judge(Unknowns(beta, np.zeros((2, 400)), np.ones((2, 400))), sigma_known=True, has_intercept=False)
    assert not found.passed
    found = judge(
        Unknowns(beta, np.zeros((2, 400)), np.ones((2, 400))), sigma_known=True, has_intercept=False, independent=True
    )
    assert not found.passed


def test_the_tree_says_how_many_columns_were_judged():
    assert sample(small(prior=br.Normal(1.0), sigma=1.0), random_seed=0).attrs["judged_columns"] == 2


@pytest.mark.parametrize("value", [1.01, 1.01 + 1e-7, 1.0100001, 1.0104, 1.0096])
def test_what_is_printed_never_reads_as_the_limit(value):
    words = gate._apart(value, 1.01, 3)
    assert float(words) == value if value == 1.01 else float(words) != 1.01
    assert float(words) == pytest.approx(value, rel=1e-3)


def test_a_sample_size_just_below_the_limit_does_not_read_as_the_limit():
    assert gate._apart(399.7, 400.0, 0) == "399.7"
    assert gate._apart(12.3, 400.0, 0) == "12"


def stuck_along(direction, strength, seed=0, p=24):
    """Coefficients that share a slow part along one direction; each by itself moves well."""
    rng = np.random.default_rng(seed)
    beta = rng.normal(size=(C, D, p))
    slow = np.array([[-1.3], [-0.4], [0.4], [1.3]]) + 0.05 * rng.normal(size=(C, D))
    return Unknowns(
        beta + strength * slow[..., None] * direction, rng.normal(size=(C, D)), np.exp(rng.normal(size=(C, D)))
    )


HALVES = np.repeat([1.0, -1.0], 12)
DIRECTIONS = {"sum": np.ones(24), "difference of halves": HALVES, "alternating": np.tile([1.0, -1.0], 12)}


@pytest.mark.parametrize("name", DIRECTIONS)
def test_a_direction_that_is_stuck_is_seen_where_no_coefficient_shows_it(name, monkeypatch):
    found = [judge(stuck_along(DIRECTIONS[name], 0.08, seed)) for seed in range(5)]
    monkeypatch.setattr(gate, "_combinations", lambda beta: np.moveaxis(beta[..., :2], -1, 0))
    blind = [judge(stuck_along(DIRECTIONS[name], 0.08, seed)) for seed in range(5)]
    assert all(one.passed for one in blind)
    assert not any(one.passed for one in found)


def test_combinations_of_independent_draws_pass():
    for seed in range(10):
        rng = np.random.default_rng(seed)
        units = np.geomspace(1e-9, 1e9, 30)
        loadings = np.eye(30) + 0.9
        draws = Unknowns(
            5 + rng.normal(size=(C, D, 30)) @ loadings * units, rng.normal(size=(C, D)), np.exp(rng.normal(size=(C, D)))
        )
        assert judge(draws).passed


def test_the_log_density_is_judged():
    assert judge(good(lp=np.random.default_rng(1).normal(size=(C, D)))).passed
    apart = np.random.default_rng(1).normal(size=(C, D)) + np.arange(C)[:, None]
    assert "R-hat" in judge(good(lp=apart)).problems[0]
    assert "not finite" in judge(good(lp=np.full((C, D), np.inf))).problems[0]


ENGINES = {
    "exact": (br.Normal(1.0), "exact"),
    "interpreted": (br.Laplace(1.0), "gibbs"),
    "horseshoe": (br.Horseshoe(), "gibbs"),
}


@pytest.mark.parametrize("name", ENGINES)
def test_every_engine_gives_its_log_density_to_the_gate(name, monkeypatch):
    rng = np.random.default_rng(2)
    X = rng.normal(size=(30, 3))
    prior, engine = ENGINES[name]
    reg = br.Regression(X, X[:, 0] + rng.normal(size=30), prior=prior)
    seen = []

    def watch(run, **settings):
        seen.append(run.stats["lp"])
        return diagnose(run, **settings)

    monkeypatch.setattr("bayesreg.sampling.engine.diagnose", watch)
    tree = sample(reg, engine=engine, random_seed=1)
    np.testing.assert_array_equal(seen[-1], tree["sample_stats"]["lp"])


def two_groups(chains_there, sizes=(0.03, 13.0)):
    rng = np.random.default_rng(3)
    draws = good().draws
    sigma = np.exp(0.2 * rng.normal(size=(C, D))) * sizes[0]
    sigma[C - chains_there :] *= sizes[1] / sizes[0]
    return Unknowns(draws.beta, draws.at_center, sigma)


def test_two_modes_are_told_with_how_many_draws_each_has():
    found = judge(two_groups(1))
    assert not found.passed
    assert re.fullmatch(r"sigma near 0\.0[23]\d+ in 75% of the draws and 1[23]\.\d+ in 25% of the draws", found.modes)
    assert "more than one mode (sigma near" in found.problems[-1]
    assert found.attributes["modes"] == found.modes


def test_modes_that_chains_cross_between_are_told_and_pass():
    rng = np.random.default_rng(4)
    draws = two_groups(0)
    sigma = np.where(rng.random((C, D)) < 0.3, 13.0, 0.03) * np.exp(0.1 * rng.normal(size=(C, D)))
    found = judge(Unknowns(draws.beta, draws.at_center, sigma))
    assert found.passed
    assert "30%" in found.modes or "29%" in found.modes or "31%" in found.modes


@pytest.mark.parametrize("tail", ["normal", "cauchy", "half normal", "uniform", "constant"])
def test_one_mode_is_not_called_two(tail):
    rng = np.random.default_rng(5)
    z = rng.normal(size=(C, D))
    log_sigma = {"normal": z, "cauchy": z / rng.normal(size=z.shape), "half normal": np.log(np.abs(z))}
    log_sigma |= {"uniform": rng.random(z.shape), "constant": np.zeros(z.shape)}
    draws = good().draws
    with np.errstate(over="ignore"):
        sigma = np.exp(np.clip(log_sigma[tail], -700, 700))
    assert judge(Unknowns(draws.beta, draws.at_center, sigma), sigma_known=tail == "constant").modes == ""

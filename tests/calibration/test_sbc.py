"""Simulation-based calibration: ranks of true values among posterior draws are uniform; the cases are in cases.py."""

import dataclasses

import numpy as np
import pytest
import sbc

from bayesreg.model.unknowns import Unknowns

FAST = sbc.CASES["exact: normal"]
SAMPLED = [name for name in sbc.CASES if name not in sbc.cases.NUTS | sbc.cases.HMC]


@pytest.mark.slow
@pytest.mark.parametrize("name", SAMPLED)
def test_ranks_are_uniform(name):
    sbc.assert_uniform(sbc.CASES[name], 1_000, len(sbc.CASES))


@pytest.mark.slow
@pytest.mark.parametrize("name", sbc.cases.HMC)
def test_ranks_of_hmc_are_uniform(name):
    sbc.assert_uniform(sbc.CASES[name], 100, len(sbc.CASES))


@pytest.mark.slow
@pytest.mark.parametrize("name", sbc.cases.BOUNDED)
def test_ranks_within_bounds_are_uniform(name):
    sbc.assert_uniform(sbc.cases.BOUNDED[name], 100, len(sbc.cases.BOUNDED))


def test_ranks_of_the_exact_engine_are_uniform():
    """Two hundred replications of the cheapest case."""
    sbc.assert_uniform(FAST, 200, 1)


def test_a_sampler_that_ignores_the_data_is_seen(monkeypatch):
    """Ranks of the parameters stay uniform; those of the log likelihood do not."""
    generator = np.random.default_rng(3)

    def from_prior(case, reg, seed):
        kept = [sbc.joint.draw_all(case.prior, case.sigma, False, case.p, generator) for _ in range(sbc.DRAWS)]
        beta, sigma = np.array([one.beta for one in kept])[None], np.array([one.sigma for one in kept])[None]
        return Unknowns(beta, np.zeros_like(sigma), sigma)

    monkeypatch.setattr(sbc, "_posterior", from_prior)
    names, found = sbc.ranks(FAST, 150)
    values = dict(zip(names, sbc.p_values(found).T, strict=True))
    assert values["log_likelihood"].min() < 1e-6
    assert min(value.min() for name, value in values.items() if name.startswith("beta")) > 1e-4


def test_a_wrong_prior_scale_is_seen(monkeypatch):
    sample = sbc._posterior

    def narrower(case, reg, seed):
        return sample(case, reg.with_prior(dataclasses.replace(reg.prior, scale=0.4)), seed)

    monkeypatch.setattr(sbc, "_posterior", narrower)
    assert sbc.smallest_p(FAST, 150)[0] < 1e-6


@pytest.mark.parametrize(("replications", "wrong"), [(20, False), (150, True)])
def test_the_script_ends_with_a_verdict(monkeypatch, capsys, replications, wrong):
    sample = sbc._posterior
    if wrong:
        monkeypatch.setattr(sbc, "_posterior", lambda case, reg, seed: sample(case, reg.with_prior(WIDER), seed))
    assert sbc.main(["--replications", str(replications), "--case", "exact: normal"]) == int(wrong)
    assert ("NOT calibrated: exact: normal" if wrong else "all ranks look uniform") in capsys.readouterr().out


WIDER = dataclasses.replace(FAST.prior, scale=3.0)

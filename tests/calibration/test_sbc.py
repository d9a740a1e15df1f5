"""Simulation-based calibration: ranks of true values among posterior draws are uniform; the cases are in sbc.py."""

import dataclasses
import importlib.util
import sys
from pathlib import Path

import numpy as np
import pytest

from bayesreg.sampling.draws import Draws


def _sibling(name):
    spec = importlib.util.spec_from_file_location(name, Path(__file__).with_name(f"{name}.py"))
    module = sys.modules[name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


sbc = _sibling("sbc")


def assert_uniform(case, replications):
    names, found = sbc.ranks(case, replications)
    values = dict(zip(names, sbc.p_values(found), strict=True))
    assert min(values.values()) > 0.001 / len(names), values


@pytest.mark.slow
@pytest.mark.parametrize("name", sbc.CASES)
def test_ranks_are_uniform(name):
    assert_uniform(sbc.CASES[name], 1_000)


def test_ranks_of_the_exact_engine_are_uniform():
    """Two hundred replications of the cheapest case."""
    assert_uniform(sbc.CASES["exact: normal"], 200)


def test_a_sampler_that_ignores_the_data_is_seen(monkeypatch):
    """Ranks of the parameters stay uniform; those of the log likelihood do not."""
    case = sbc.CASES["exact: normal"]
    generator = np.random.default_rng(3)

    def from_prior(case, reg, seed):
        kept = [sbc.joint.draw_all(case.prior, case.sigma, False, case.p, generator) for _ in range(sbc.DRAWS)]
        beta, sigma = np.array([one[0] for one in kept])[None], np.array([one[2] for one in kept])[None]
        return Draws(beta, np.zeros_like(sigma), sigma)

    monkeypatch.setattr(sbc, "_posterior", from_prior)
    names, found = sbc.ranks(case, 150)
    values = dict(zip(names, sbc.p_values(found), strict=True))
    assert values["log_likelihood"] < 1e-6
    assert min(value for name, value in values.items() if name.startswith("beta")) > 1e-4


def test_a_wrong_prior_scale_is_seen(monkeypatch):
    case, sample = sbc.CASES["exact: normal"], sbc._posterior

    def narrower(case, reg, seed):
        return sample(case, reg.with_prior(dataclasses.replace(reg.prior, scale=0.4)), seed)

    monkeypatch.setattr(sbc, "_posterior", narrower)
    _, found = sbc.ranks(case, 150)
    assert min(sbc.p_values(found)) < 1e-6

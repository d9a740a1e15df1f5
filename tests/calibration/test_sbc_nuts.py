"""Simulation-based calibration of NUTS, of every family; each model is compiled once for all its replications."""

import importlib.util
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

# As for the other engines, at a tenth of a second each.
REPLICATIONS = 1_000


def _sibling(name):
    spec = importlib.util.spec_from_file_location(name, Path(__file__).with_name(f"{name}.py"))
    module = sys.modules[name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


sbc = _sibling("sbc")


@pytest.mark.parametrize("name", sbc.cases.NUTS)
def test_ranks_are_uniform(name):
    pytest.importorskip("nutpie")
    p, worst, size = sbc.smallest_p(sbc.CASES[name], REPLICATIONS)
    assert p > sbc.RISK / (size * len(sbc.CASES)), f"the ranks of {worst} have the p-value {p:.2g}"

"""Simulation-based calibration of NUTS, of every family; each model is compiled once for all its replications."""

import pytest
import sbc

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("name", sbc.cases.NUTS)
def test_ranks_are_uniform(name):
    pytest.importorskip("nutpie")
    sbc.assert_uniform(sbc.CASES[name], 1_000, len(sbc.CASES))

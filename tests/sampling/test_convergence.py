"""R-hat and effective sample sizes against ArviZ's own."""

import numpy as np
import pytest
from arviz_stats.base import array_stats

from bayesreg.sampling.convergence import TAIL, _quantiles, ess_bulk, ess_tail, rhat_and_ess, rhat_rank


def chains(kind, shape=(4, 501), seed=0):
    rng = np.random.default_rng(seed)
    noise = rng.standard_normal(shape)
    if kind == "independent":
        return noise
    if kind == "shifted":
        return noise + np.arange(shape[0])[:, None]
    if kind == "ties":
        return np.round(noise)
    if kind == "few values":
        return (noise > 1.5).astype(float)
    if kind == "trend":
        return noise + np.linspace(0.0, 5.0, shape[1])
    coefficient = {"sticky": 0.97, "alternating": -0.9}[kind]
    for t in range(1, shape[1]):
        noise[:, t] += coefficient * noise[:, t - 1]
    return noise


@pytest.mark.parametrize("shape", [(4, 501), (2, 60), (4, 1000), (3, 41)])
@pytest.mark.parametrize("kind", ["independent", "shifted", "ties", "few values", "sticky", "trend", "alternating"])
def test_they_are_arvizs(kind, shape):
    quantities = np.stack([chains(kind, shape, seed) for seed in range(3)])
    for ours, method in ((ess_bulk, "bulk"), (ess_tail, "tail")):
        settings = {"prob": (0.05, 0.95)} if method == "tail" else {}
        theirs = [array_stats.ess(one, method=method, **settings) for one in quantities]
        found = ours(quantities)
        vary = np.isfinite(found)
        np.testing.assert_allclose(found[vary], np.array(theirs)[vary], rtol=1e-9)
    together = rhat_and_ess(quantities)
    apart = (rhat_rank(quantities), ess_bulk(quantities), ess_tail(quantities))
    np.testing.assert_allclose(together, apart, rtol=1e-12)
    with np.errstate(invalid="ignore"):
        theirs = [array_stats.rhat(one) for one in quantities]
    np.testing.assert_allclose(rhat_rank(quantities), theirs, rtol=1e-10)


def test_what_does_not_vary_has_no_effective_size():
    constant = np.ones((1, 4, 100))
    assert np.all(np.isnan([ess_bulk(constant), ess_tail(constant), rhat_rank(constant), *rhat_and_ess(constant)]))


@pytest.mark.parametrize("size", [1_001, 4_000])
def test_one_sort_gives_numpys_quantiles(size):
    quantities = np.random.default_rng(3).standard_normal((5, size))
    expected = np.quantile(quantities, TAIL, axis=1)
    np.testing.assert_array_equal(_quantiles(np.sort(quantities, axis=1)), expected)

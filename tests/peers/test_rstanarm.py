"""Posteriors that rstanarm drew with NUTS, drawn again by the exact engine and by every Gibbs kernel.

reference.json holds what R's rstanarm returned (make_reference.R). Its prior_intercept is about the intercept at the
centred columns, as ours is; where a case is standardized, column j's own scale there was scale/sd_j.
"""

import hashlib
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from arviz_stats.base import array_stats

import bayesreg as br

FOLDER = Path(__file__).parent / "rstanarm"
REFERENCE = json.loads((FOLDER / "reference.json").read_text())
CASES = {case["id"]: case for case in REFERENCE["cases"]}
NORMAL, LAPLACE = ([name for name, case in CASES.items() if case["prior"] == prior] for prior in ("normal", "laplace"))
PRIORS = {"normal": br.Normal, "laplace": br.Laplace}
SIGMA = {
    "half_student_t": br.HalfStudentT,
    "half_normal": br.HalfNormal,
    "half_cauchy": br.HalfCauchy,
    "exponential": br.Exponential,
}


def regression(case):
    data, noise = pd.read_csv(FOLDER / case["file"]), case["sigma"]
    return br.Regression(
        data[case["features"]],
        data[case["outcome"]],
        prior=PRIORS[case["prior"]](case["scale"]),
        sigma=SIGMA[noise["prior"]](*noise["settings"]),
        intercept=br.Normal(case["intercept"]["scale"], loc=case["intercept"]["loc"]),
        standardize=case["standardized"],
    )


def stacked(case, key):
    """A summary of every unknown, shape (q,) or (q, levels): intercept at 0, intercept at the centre, sigma, coef."""
    found = case["posterior"]
    summaries = [found["intercept"], found["at_center"], found["sigma"], *(found["coef"][x] for x in case["features"])]
    return np.array([summary[key] for summary in summaries])


def draws_of(idata):
    """Our draws of the same, shape (chains, draws, q)."""
    posterior = idata["posterior"]
    coef, intercept = posterior["coef"].to_numpy(), posterior["intercept"].to_numpy()
    at_center = intercept + coef @ idata["constant_data"]["center"].to_numpy()
    return np.dstack([intercept, at_center, posterior["sigma"].to_numpy(), coef])


def error_of(draws, **method):
    return array_stats.mcse(draws, chain_axis=0, draw_axis=1, **method)


def assert_agree(case, idata, assert_zs):
    """Means and standard deviations within 4 combined Monte Carlo standard errors, and quantiles as chance allows."""
    draws = draws_of(idata)
    for key, found in (("mean", draws.mean(axis=(0, 1))), ("sd", draws.std(axis=(0, 1)))):
        error = np.hypot(error_of(draws, method=key), stacked(case, f"mcse_{key}"))
        z = (found - stacked(case, key)) / error
        assert np.max(np.abs(z)) < 4, f"{key}: z-scores {np.round(z, 1)}"
    levels = REFERENCE["levels"]
    found = np.quantile(draws, levels, axis=(0, 1)).T
    own = np.stack([error_of(draws, method="quantile", prob=level) for level in levels], axis=-1)
    assert_zs((found - stacked(case, "quantiles")) / np.hypot(own, stacked(case, "mcse_quantiles")))


def test_the_reference_is_of_these_data(diabetes):
    """The files are those that R read, R's chains had converged, and br.load_dataset has the same numbers."""
    assert len(NORMAL) == len(LAPLACE) == 2
    for file, md5 in REFERENCE["md5"].items():
        assert hashlib.md5((FOLDER / file).read_bytes()).hexdigest() == md5
    for case in CASES.values():
        assert np.all(stacked(case, "rhat") < 1.005)
        assert np.all(stacked(case, "ess_bulk") > 8_000)
    data = pd.read_csv(FOLDER / next(file for file in REFERENCE["md5"] if "diabetes" in file))
    np.testing.assert_array_equal(data[list(diabetes[0].columns)], diabetes[0])
    np.testing.assert_array_equal(data["target"], diabetes[1])


@pytest.mark.parametrize("name", NORMAL)
def test_exact_draws_agree(name, assert_zs):
    case = CASES[name]
    idata = br.sample(regression(case), draws=25_000, random_seed=3)
    assert idata.attrs["engine"] == "exact"
    assert_agree(case, idata, assert_zs)


@pytest.mark.parametrize("name", LAPLACE)
@pytest.mark.parametrize(
    ("kernel", "draws"),
    [
        ("interpreted", 2_500),
        pytest.param("coordinate", 20_000, marks=pytest.mark.slow),
        pytest.param("block", 20_000, marks=pytest.mark.slow),
    ],
)
def test_gibbs_draws_agree(name, kernel, draws, assert_zs):
    case = CASES[name]
    idata = br.sample(regression(case), draws=draws, random_seed=4, kernel=kernel)
    assert idata.attrs["engine"] == "gibbs"
    assert_agree(case, idata, assert_zs)

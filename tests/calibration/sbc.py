"""Simulation-based calibration of the samplers (Talts et al. 2018, arXiv:1804.06788).

Parameters from the prior, data from the parameters, draws from the posterior: the rank of each true value
among its posterior draws is uniform if, and only if, the sampler is right. Besides the parameters the ranks
of the joint log likelihood are looked at, which tells a sampler that ignores the data
(Modrák et al. 2023, doi:10.1214/23-BA1404).

    python tests/calibration/sbc.py --replications 10000
"""

import argparse
import importlib.util
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from scipy import stats

import bayesreg as br

# Posterior draws that a true value is ranked among, and bins of ranks that are counted.
DRAWS, BINS = 63, 16


def _sibling(name: str) -> Any:
    spec = importlib.util.spec_from_file_location(name, Path(__file__).with_name(f"{name}.py"))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


joint = _sibling("joint")


@dataclass(frozen=True)
class Case:
    """A model and the engine that samples it; `thin` draws lie between two that are ranked among."""

    prior: Any
    sigma: Any = field(default_factory=lambda: br.HalfNormal(1.0))
    n: int = 12
    p: int = 3
    intercept: Any = False
    center: bool = True
    engine: str = "gibbs"
    kernel: str = "auto"
    thin: int = 10


SCALE = br.InverseGamma(4.0, 2.0)
CASES = {
    "exact: normal": Case(br.Normal(0.7), engine="exact", thin=1),
    "exact: scaled normal, scale unknown": Case(br.Normal(SCALE, True), engine="exact", thin=1),
    "exact: normal, wide, intercept": Case(
        br.Normal(0.7), n=4, p=6, intercept=br.Normal(1.0, loc=0.5), engine="exact", thin=1
    ),
    "interpreted: laplace": Case(br.Laplace(0.7), kernel="interpreted", thin=4),
    "coordinate: laplace": Case(br.Laplace(0.7), kernel="coordinate"),
    "coordinate: scaled laplace, scale unknown": Case(br.Laplace(SCALE, True), kernel="coordinate"),
    "coordinate: laplace, scale unknown, wide": Case(br.Laplace(SCALE), n=4, p=6, kernel="coordinate"),
    "coordinate: elastic net": Case(br.ElasticNetPrior(0.7, 0.9), kernel="coordinate"),
    "coordinate: horseshoe": Case(br.Horseshoe(SCALE), kernel="coordinate", thin=30),
    "block: laplace, scale unknown": Case(br.Laplace(SCALE), kernel="block", thin=20),
    "block: scaled laplace, scale unknown, intercept at 0": Case(
        br.Laplace(SCALE, True),
        kernel="block",
        intercept=br.Normal(1.0, loc=0.5, scaled_by_sigma=True),
        center=False,
    ),
    "block: laplace, wide": Case(br.Laplace(0.7), n=4, p=6, kernel="block", thin=20),
    "block: normal, scale unknown": Case(br.Normal(SCALE), kernel="block", thin=20),
    "block: horseshoe": Case(br.Horseshoe(SCALE), thin=30),
    "block: scaled horseshoe, wide": Case(br.Horseshoe(SCALE, True), n=4, p=6, thin=40),
    "block: slab": Case(br.RegularizedHorseshoe(SCALE, 1.0), thin=40),
    "block: scaled slab, intercept": Case(
        br.RegularizedHorseshoe(SCALE, 1.0, 4.0, True), intercept=br.Normal(1.0, loc=0.5), thin=40
    ),
}


def _posterior(case: Case, reg: br.Regression, seed: int) -> Any:
    if case.engine == "exact":
        from bayesreg.sampling.exact.posterior import sample_exact

        return sample_exact(reg, draws=DRAWS, chains=1, random_seed=seed)
    from bayesreg.sampling.gibbs.sampler import sample_gibbs

    return sample_gibbs(reg, draws=DRAWS * case.thin, tune=200, chains=1, random_seed=seed, kernel=case.kernel, cores=1)


def _quantities(y: np.ndarray, columns: np.ndarray, beta: Any, level: Any, sigma: Any, scale: Any) -> np.ndarray:
    """One row for each draw; small random parts break the ties of what is known."""
    likelihood = joint.log_likelihood(y, columns, beta, level, sigma)
    return np.column_stack([beta, level, sigma, scale, likelihood, np.abs(beta).sum(axis=-1)])


def names_of(case: Case) -> list[str]:
    """What is ranked."""
    return [*(f"beta_{j}" for j in range(case.p)), "intercept", "sigma", "scale", "log_likelihood", "norm"]


def ranks(case: Case, replications: int, seed: int = 0) -> tuple[list[str], np.ndarray]:
    """Names of what is unknown, and ranks in 0..DRAWS, shape (replications, names)."""
    generator = np.random.default_rng(seed)
    columns = generator.normal(size=(case.n, case.p)) + 0.7 * generator.normal(size=(case.n, 1))
    if case.center and case.intercept is not False:
        columns = columns - columns.mean(axis=0)
    found = np.empty((replications, case.p + 5), dtype=int)
    settings = {"intercept": case.intercept, "center": case.center, "standardize": False}
    for i in range(replications):
        beta, level, sigma, scale, _, _ = joint.draw_all(case.prior, case.sigma, case.intercept, case.p, generator)
        y = level + columns @ beta + sigma * generator.standard_normal(case.n)
        reg = br.Regression(columns, y, prior=case.prior, sigma=case.sigma, **settings)
        draws = _posterior(case, reg, int(generator.integers(2**31)))
        kept = slice(case.thin - 1, None, case.thin)
        scales = np.ones(DRAWS) if draws.scale is None else draws.scale[0, kept]
        level_draws = draws.at_center[0, kept] if case.intercept is not False else np.zeros(DRAWS)
        ours = _quantities(y, columns, draws.beta[0, kept], level_draws, draws.sigma[0, kept], scales)
        truth = _quantities(y, columns, beta[None], np.array([level]), np.array([sigma]), np.array([scale]))
        found[i] = np.sum(ours < truth, axis=0)
    unknown = [True] * case.p + [case.intercept is not False, True, draws.scale is not None, True, True]
    return [name for name, keep in zip(names_of(case), unknown, strict=True) if keep], found[:, unknown]


def p_values(found: np.ndarray) -> np.ndarray:
    """Of χ² tests that the ranks are uniform, one for each column."""
    counts = np.stack([np.bincount(column * BINS // (DRAWS + 1), minlength=BINS) for column in found.T])
    return np.asarray(stats.chisquare(counts, axis=1).pvalue)


def main(arguments: list[str] | None = None) -> int:
    """Print a table; 1 if any ranks are so uneven that a right program shows them less than once in 1000 runs."""
    parser = argparse.ArgumentParser(description="Simulation-based calibration of the samplers.")
    parser.add_argument("--replications", type=int, default=1_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--case", action="append", choices=list(CASES), help="by default all")
    given = parser.parse_args(arguments)
    chosen, bad, tests = given.case or list(CASES), 0, 0
    results = {}
    for name in chosen:
        names, found = ranks(CASES[name], given.replications, given.seed)
        results[name] = dict(zip(names, p_values(found), strict=True))
        tests += len(names)
        worst = min(results[name], key=results[name].__getitem__)
        print(f"{name:55s} smallest p {results[name][worst]:.2g} ({worst}, of {len(names)})", flush=True)
    bad = sum(value < 0.001 / tests for each in results.values() for value in each.values())
    print(f"{bad} of {tests} sets of ranks are not uniform")
    return int(bad > 0)


if __name__ == "__main__":
    sys.exit(main())

"""Simulation-based calibration of the samplers (Talts et al. 2018, arXiv:1804.06788).

Parameters from the prior, data from the parameters, draws from the posterior: the rank of each true value
among its posterior draws is uniform if, and only if, the sampler is right. Besides the parameters the ranks
of the joint log likelihood are looked at, which tells a sampler that ignores the data
(Modrák et al. 2023, doi:10.1214/23-BA1404).

    python tests/calibration/sbc.py --replications 10000
"""

import argparse
import sys
import time
from collections.abc import Iterable
from typing import Any

import cases
import joint
import numpy as np
from scipy import stats

import bayesreg as br

# Posterior draws that a true value is ranked among, and bins of ranks that are counted.
DRAWS, BINS = 63, 16
# How often a right program may fail.
RISK = 0.001
CASES = cases.CASES


def _posterior(case: Any, reg: br.Regression, seed: int) -> Any:
    draws = {"draws": DRAWS * case.thin, "chains": 1, "random_seed": seed}
    if case.engine == "exact":
        from bayesreg.sampling.exact.posterior import sample_exact

        return sample_exact(reg, **draws).draws
    if case.engine == "nuts":
        from bayesreg.sampling.nuts.sampler import sample_nuts

        return sample_nuts(reg, **draws, tune=case.tune, progressbar=False, sampler="nutpie", cores=1).draws
    if case.engine == "hmc":
        from bayesreg.sampling.hmc.sampler import sample_hmc

        return sample_hmc(reg, **draws, tune=case.tune).draws
    from bayesreg.sampling.gibbs.sampler import sample_gibbs

    return sample_gibbs(reg, **draws, tune=case.tune, kernel=case.kernel, cores=1).draws


def read(case: Any, draws: Any) -> Any:
    """Parameters of the draws that are ranked among; None for what is known."""
    kept = slice(case.thin - 1, None, case.thin)
    names = ("scale", "slab_scale", "local_scale")
    scale, slab, local = (None if (part := draws.get(name)) is None else part[0, kept] for name in names)
    level = np.zeros(DRAWS) if case.intercept is False else draws.at_center[0, kept]
    return joint.Parameters(draws.beta[0, kept], level, draws.sigma[0, kept], scale, local, slab)


def quantities(case: Any, y: np.ndarray, columns: np.ndarray, given: Any) -> dict[str, np.ndarray]:
    """What is ranked, by name, each with one value for each draw."""
    found = {f"beta_{j}": given.beta[:, j] for j in range(case.p)}
    found |= {} if case.intercept is False else {"intercept": given.level}
    found |= {"sigma": given.sigma} if case.has_sigma else {}
    found |= {name: getattr(given, name) for name in ("scale", "slab") if getattr(given, name) is not None}
    found |= {} if given.local is None else {"local": np.log(given.local).sum(axis=1)}
    likelihood = joint.log_likelihood(y, columns, given, case.family)
    return found | {"log_likelihood": likelihood, "norm": np.abs(given.beta).sum(axis=1)}


def draw_truth(case: Any, columns: np.ndarray, generator: np.random.Generator) -> tuple[Any, np.ndarray]:
    """Parameters and data; again where the data are refused, which says nothing of parameters given data."""
    while True:
        given = joint.draw_all(case.prior, case.sigma, case.intercept, case.p, generator)
        if not is_within(case, given.beta):
            continue
        y = joint.draw_target(case.family, given.level + columns @ given.beta, given.sigma, generator)
        if is_informative(case, y):
            return joint.Parameters(*(np.asarray(part)[None] for part in given)), y


def is_within(case: Any, beta: np.ndarray) -> bool:
    """Whether coefficients lie within the bounds of their columns."""
    if case.bounds is None:
        return True
    lower, upper = np.array([case.bounds] * case.p if isinstance(case.bounds, tuple) else case.bounds, dtype=float).T
    return not (np.any(beta < lower) or np.any(beta > upper))


def is_informative(case: Any, y: np.ndarray) -> bool:
    """Whether the data are not refused as saying nothing."""
    if case.family == "bernoulli":
        return len(np.unique(y)) == 2
    return bool(np.any(y != 0) and np.all(np.isfinite(y)))


def ranks(
    case: Any, replications: int, seed: int = 0, steps: Iterable[int] | None = None
) -> tuple[list[str], np.ndarray]:
    """Names of what is unknown, and ranks in 0..DRAWS, shape (replications, names)."""
    generator = np.random.default_rng(seed)
    raw = cases.draw_columns(case, generator)
    columns = cases.seen_by_prior(case, raw)
    found, names = [], []
    for _ in range(replications) if steps is None else steps:
        truth, y = draw_truth(case, columns, generator)
        reg = br.Regression(raw, y, prior=case.prior, **case.settings)
        ours = quantities(case, y, columns, read(case, _posterior(case, reg, int(generator.integers(2**31)))))
        theirs = quantities(case, y, columns, truth)
        names = list(ours)
        found.append([np.sum(ours[name] < theirs[name]) for name in names])
    return names, np.array(found, dtype=int)


def p_values(found: np.ndarray) -> np.ndarray:
    """Two for each column of ranks, shape (2, names): of a χ² test that they are uniform, and of their mean."""
    counts = np.stack([np.bincount(column * BINS // (DRAWS + 1), minlength=BINS) for column in found.T])
    sd = ((DRAWS + 1) ** 2 - 1) ** 0.5 / 12**0.5
    z = (found.mean(axis=0) - 0.5 * DRAWS) / sd * len(found) ** 0.5
    return np.stack([stats.chisquare(counts, axis=1).pvalue, 2 * stats.norm.sf(np.abs(z))])


def smallest_p(case: Any, replications: int, seed: int = 0, **given: Any) -> tuple[float, str, int]:
    """The smallest p-value of a case, whose it is, and of how many."""
    names, found = ranks(case, replications, seed, **given)
    values = p_values(found)
    return float(values.min()), names[int(values.min(axis=0).argmin())], values.size


def assert_uniform(case: Any, replications: int, tested: int) -> None:
    """Assert ranks such that in all of so many cases a right program would fail once in a thousand runs."""
    p, worst, size = smallest_p(case, replications)
    assert p > RISK / (size * tested), f"the ranks of {worst} have the p-value {p:.2g}"


def _steps(name: str, replications: int) -> Iterable[int]:
    """Count with a bar of progress."""
    from rich.console import Console
    from rich.progress import track

    return track(range(replications), name, console=Console(stderr=True), transient=True)


def main(arguments: list[str] | None = None) -> int:
    """Print a table; 1 if any ranks are so uneven that a right program shows them less than once in 1000 runs."""
    parser = argparse.ArgumentParser(description="Simulation-based calibration of the samplers.")
    parser.add_argument("--replications", type=int, default=1_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--case", action="append", choices=list(CASES), help="by default all")
    given = parser.parse_args(arguments)
    chosen, results, tests = given.case or list(CASES), {}, 0
    for index, name in enumerate(chosen, 1):
        start, label = time.perf_counter(), f"{index}/{len(chosen)} {name}"
        p, worst, size = smallest_p(
            CASES[name], given.replications, given.seed, steps=_steps(label, given.replications)
        )
        results[name], tests = p, tests + size
        seconds = time.perf_counter() - start
        print(f"{label:70s} smallest p {p:8.2g} ({worst}, of {size}), {seconds:.0f} s", flush=True)
    bad = [name for name, p in results.items() if p < RISK / tests]
    print(f"smallest of {tests} p-values {min(results.values()):.2g}, allowed {RISK / tests:.2g}")
    print(f"NOT calibrated: {'; '.join(bad)}" if bad else "all ranks look uniform")
    return int(bool(bad))


if __name__ == "__main__":
    sys.exit(main())

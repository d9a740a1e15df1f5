"""Effective draws per processor second of posteriors of other families than the Gaussian one; writes families.md.

    OMP_NUM_THREADS=1 uv run python benchmarks/families.py [--rounds 3] [--cells NAME ...] [--without pymc]

Ours is the whole of `br.sample`, from the arrays to the DataTree, warm-up and diagnostics included; nutpie and
`pm.sample` draw from `reg.to_pymc()`, the same posterior. All take turns in one process. The first call of each is its
cold start there, compiling included, and is not among the others.
"""

import argparse
import os
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

import bayesreg as br

CELLS: dict[str, tuple[str, Any, int, int]] = {
    "Bernoulli, Laplace, 462 × 9": ("bernoulli", br.Laplace(0.3), 462, 9),
    "Bernoulli, Normal, 1,000 × 50": ("bernoulli", br.Normal(0.5), 1_000, 50),
    "Bernoulli, Laplace, 10,000 × 20": ("bernoulli", br.Laplace(0.3), 10_000, 20),
    "Poisson, Laplace, 462 × 9": ("poisson", br.Laplace(0.3), 462, 9),
    "Poisson, Normal, 1,000 × 50": ("poisson", br.Normal(0.5), 1_000, 50),
}
# Draws of each chain, kept and discarded, of the slowest peer.
PYMC = {"draws": 300, "tune": 500}


class Call(NamedTuple):
    """Processor seconds of one call, and its smallest bulk effective size."""

    seconds: float
    ess: float

    @property
    def rate(self) -> float:
        """Effective draws per second."""
        return self.ess / self.seconds


def data(family: str, n: int, p: int) -> tuple[np.ndarray, np.ndarray]:
    """Columns that are correlated to a third, half of them with an effect, and a target."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n, p)) + 0.7 * rng.normal(size=(n, 1))
    eta = 0.3 + X @ (rng.normal(size=p) * (rng.random(p) < 0.5) / p**0.5)
    y = rng.poisson(np.exp(eta)) if family == "poisson" else rng.random(n) < 1 / (1 + np.exp(-eta))
    return X, y.astype(float)


def processor_seconds() -> float:
    """Of this process and of those that it waited for."""
    return sum(os.times()[:4])


def ours(reg: br.Regression) -> Callable[[int], Any]:
    """The whole of br.sample."""
    return lambda seed: br.sample(reg, random_seed=seed)["posterior"]


def nutpie(reg: br.Regression) -> Callable[[int], Any]:
    """Sampling by nutpie, compiled at the first call."""
    compiled: list[Any] = []

    def call(seed: int) -> Any:
        import nutpie

        if not compiled:
            compiled.append(nutpie.compile_pymc_model(reg.to_pymc()))
        return nutpie.sample(compiled[0], seed=seed, chains=4, draws=1_000, progress_bar=False)["posterior"]

    return call


def pymc(reg: br.Regression) -> Callable[[int], Any]:
    """Sampling by PyMC, which looks its compiled code up in its cache."""
    model: list[Any] = []

    def call(seed: int) -> Any:
        import pymc as pm

        model[:] = model or [reg.to_pymc()]
        with model[0]:
            settings = {"random_seed": seed, "chains": 4, "cores": 1, "progressbar": False, **PYMC}
            return pm.sample(nuts_sampler="pymc", compute_convergence_checks=False, **settings)["posterior"]

    return call


SAMPLERS = {"ours": ours, "nutpie": nutpie, "pymc": pymc}


def timed(call: Callable[[int], Any], seed: int) -> Call:
    """One call, and the effective size of its least effective coefficient or intercept."""
    from arviz_stats.base import array_stats

    start = processor_seconds()
    posterior = call(seed)
    seconds = processor_seconds() - start
    values = [np.atleast_3d(posterior[name].to_numpy()) for name in ("coef", "intercept")]
    sizes = array_stats.ess(np.concatenate(values, axis=-1), chain_axis=0, draw_axis=1)
    return Call(seconds, float(np.min(sizes)))


def measure(name: str, rounds: int, samplers: list[str]) -> str:
    """One line of the table."""
    family, prior, n, p = CELLS[name]
    reg = br.Regression(*data(family, n, p), prior=prior, family=family)
    calls = {sampler: SAMPLERS[sampler](reg) for sampler in samplers}
    first = {sampler: timed(call, 0) for sampler, call in calls.items()}
    taken: dict[str, list[Call]] = {sampler: [] for sampler in samplers}
    for seed in range(1, rounds + 1):
        for sampler, call in calls.items():
            taken[sampler].append(timed(call, seed))
    rates = {sampler: float(np.median([one.rate for one in found])) for sampler, found in taken.items()}
    parts = [f"{rates['ours']:,.0f}", f"{np.median([one.ess for one in taken['ours']]):,.0f}"]
    parts += [f"{rates['ours'] / rates[other]:.3g}" if other in rates else "–" for other in ("nutpie", "pymc")]
    parts += [f"{first[sampler].seconds:.1f}" if sampler in first else "–" for sampler in SAMPLERS]
    return f"| {name} | {' | '.join(parts)} |"


HEAD = """# Posteriors of families without sufficient statistics

The smallest bulk effective size over coefficients and intercept, divided by the processor seconds of the whole call:
ours, and ours over each peer's, so that larger is better for us; medians of the rounds. 4 chains of 1,000 draws, of 300
for `pm.sample`; each sampler's own default warm-up (500 for `pm.sample`). Peers are warm: their compiling is not
charged, but stands at the right, with the first call of each in that process (ours with its imports). Made by
`OMP_NUM_THREADS=1 python benchmarks/families.py`.

| posterior | ours, ESS / s | ours, ESS of 4,000 | over nutpie | over pymc | first call, s: ours | nutpie | pymc |
|---|---|---|---|---|---|---|---|
"""


def main() -> None:
    """Measure, and write the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--cells", nargs="*", choices=list(CELLS), default=list(CELLS))
    parser.add_argument("--without", nargs="*", choices=["nutpie", "pymc"], default=[])
    given = parser.parse_args()
    warnings.simplefilter("ignore")
    lines = []
    for name in given.cells:
        lines.append(measure(name, given.rounds, [one for one in SAMPLERS if one not in given.without]))
        print(lines[-1], file=sys.stderr, flush=True)
    Path(__file__).with_suffix(".md").write_text(HEAD + "\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()

"""Peak memory of sampling a ridge regression that is much wider than long; writes memory.md.

Run: python benchmarks/memory.py
"""

import json
import resource
import subprocess
import sys
import time
from pathlib import Path

SETTINGS = {"n": 300, "p": 100_000, "draws": 1_000, "chains": 4}
LIMIT_GIB = 4.0


def peak_gib() -> float:
    """Largest resident set of this process so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


def measure(scale: str, n: int, p: int, draws: int, chains: int) -> dict[str, object]:
    """Sample once, and tell what it took."""
    import numpy as np

    import bayesreg as br

    rng = np.random.default_rng(0)
    X = rng.normal(size=(n, p))
    y = X[:, :10].sum(axis=1) + rng.normal(size=n)
    prior = br.Normal(0.1) if scale == "known" else br.Normal(br.HalfNormal(0.1))
    before, start = peak_gib(), time.perf_counter()
    tree = br.sample(br.Regression(X, y, prior=prior), draws=draws, chains=chains, random_seed=1)
    seconds = time.perf_counter() - start
    coef = tree["posterior"]["coef"]
    return {
        "scale": scale,
        "before_gib": before,
        "peak_gib": peak_gib(),
        "draws_gib": coef.nbytes / 2**30,
        "dtype": str(coef.dtype),
        "engine": tree.attrs["engine"],
        "problems": tree.attrs["problems"],
        "seconds": seconds,
    }


def main() -> None:
    """Measure each case in a process of its own and write the table."""
    lines = [
        "# Peak memory of a wide ridge regression",
        "",
        f"n = {SETTINGS['n']}, p = {SETTINGS['p']:,}, {SETTINGS['chains']} × {SETTINGS['draws']:,} draws; "
        f"the peak resident set of the process that holds X and calls `br.sample`; at most {LIMIT_GIB} GiB is allowed.",
        "",
        "| scale | before sampling (GiB) | peak (GiB) | of which draws (GiB) | kept as | engine |",
        "|---|---|---|---|---|---|",
    ]
    for scale in ("known", "unknown"):
        command = [sys.executable, __file__, scale]
        found = json.loads(subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout)
        assert found["peak_gib"] < LIMIT_GIB, found
        lines.append(
            f"| {scale} | {found['before_gib']:.2f} | {found['peak_gib']:.2f} | {found['draws_gib']:.2f} | "
            f"{found['dtype']} | {found['engine']} |"
        )
        print(found)
    Path(__file__).with_suffix(".md").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    if len(sys.argv) > 1:
        print(json.dumps(measure(sys.argv[1], **SETTINGS)))
    else:
        main()

"""Effective draws per second of whole calls: `br.sample` against other samplers of the same model on the same data.

    python benchmarks/posterior.py                               everything, into posterior.json and posterior.md
    python benchmarks/posterior.py --cell 442x10 --peer pymc     one measurement, merged into what posterior.json holds
    python benchmarks/posterior.py --peer ours                   our own side again
    python benchmarks/posterior.py --table                       the table from what posterior.json holds

Each peer runs in a process of its own with a time limit, in the first interpreter that has it: this one, or those given
by ``--python``; R peers by Rscript. Peers that are not installed are told and left out.
"""

import os

os.environ.update({"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "NUMBA_NUM_THREADS": "1"})

import argparse
import contextlib
import json
import signal
import subprocess
import sys
import tempfile
import time
import warnings
from dataclasses import dataclass
from pathlib import Path
from unittest import mock

import numpy as np
import pandas as pd
from arviz_stats.base import array_stats
from scipy import linalg

import bayesreg as br
from bayesreg.sampling import engine
from bayesreg.sampling.gibbs import sampler as gibbs

HERE = Path(__file__).parent
RESULTS, TABLE = HERE / "posterior.json", HERE / "posterior.md"
SCRATCH = Path(tempfile.gettempdir()) / "bayesreg_posterior"
# A peer above this has not converged.
LARGEST_RHAT = 1.05
REPEATS = 5
WARMUP = 300


@dataclass(frozen=True)
class Cell:
    """One data set, the prior's scale, our draws a chain; for NUTS the draws, as many again to warm up, and chains."""

    words: str
    n: int
    p: int
    correlation: float
    scale: float
    draws: int
    nuts: int
    chains: int = 2
    from_moments: bool = False


CELLS = {
    "442x10": Cell("442 × 10 (diabetes)", 442, 10, 0.0, 6.6, 25_000, 1000, chains=4),
    "10000x100": Cell("10,000 × 100", 10_000, 100, 0.0, 0.05, 5_000, 300),
    "2000x300": Cell("2,000 × 300, ρ = 0.5", 2_000, 300, 0.5, 0.05, 2_500, 300),
    "2000x300-high": Cell("2,000 × 300, ρ = 0.95", 2_000, 300, 0.95, 0.05, 2_500, 300),
    "200x1000": Cell("200 × 1,000, ρ = 0.5", 200, 1_000, 0.5, 0.02, 1_000, 300),
    "200x1000-weak": Cell("200 × 1,000, ρ = 0.5, weak prior", 200, 1_000, 0.5, 0.05, 1_000, 300),
    "1000000x50": Cell("1,000,000 × 50, from moments", 1_000_000, 50, 0.0, 0.05, 5_000, 100, from_moments=True),
}
PYTHON_PEERS = {"pymc": "pymc", "nutpie": "nutpie", "numpyro": "numpyro", "blackjax": "blackjax"}
PYTHON_PEERS["bayesbridge"] = "bayesbridge"
R_PEERS = {"rstanarm": "rstanarm", "jags": "rjags"}
# Gibbs samplers, whose draws are cheaper than those of NUTS and forget more slowly.
GIBBS_DRAWS = {"bayesbridge": 4, "jags": 4}
# Whose sigma has the prior 1/sigma; ours is held against them under it.
SCALE_FREE = ("bayesbridge",)
OURS = ("ours", "ours, one core", "ours, 1/sigma")


def data_of(name):
    """Standardized columns and target; neighbours are correlated by ρ, and a tenth of the coefficients is not 0."""
    cell = CELLS[name]
    if name == "442x10":
        frame, target = br.load_dataset("diabetes")
        X, y = frame.drop(columns=target).to_numpy(), frame[target].to_numpy()
    else:
        rng = np.random.default_rng(0)
        X = rng.normal(size=(cell.n, cell.p))
        for j in range(1, cell.p):
            X[:, j] = cell.correlation * X[:, j - 1] + (1 - cell.correlation**2) ** 0.5 * X[:, j]
        active = rng.choice(cell.p, max(1, min(cell.p, cell.n) // 10), replace=False)
        beta = np.zeros(cell.p)
        beta[active] = rng.choice([-0.5, 0.5], len(active)) * rng.uniform(0.5, 1.5, len(active))
        y = X @ beta + rng.normal(size=cell.n)
    return (X - X.mean(axis=0)) / X.std(axis=0), y


def our_call(cell, Z, y, moments, noise, cores):
    """From the data, or the moments of it, to the DataTree."""
    given = {"prior": br.Laplace(cell.scale), "sigma": noise, "standardize": False}
    reg = br.Regression(Z, y, **given) if moments is None else br.Regression.from_moments(moments, **given)
    return br.sample(reg, draws=cell.draws, random_seed=1, cores=cores)


def measure_ours(name, which, repeats):
    cell, (Z, y) = CELLS[name], data_of(name)
    moments, reading = None, [0.0, 0.0]
    if cell.from_moments:
        frame = pd.DataFrame(Z).add_prefix("x").assign(y=y)
        start = clock()
        moments = br.moments(frame, target="y")
        reading = (clock() - start).tolist()
    noise = br.Jeffreys() if which.endswith("1/sigma") else br.HalfStudentT(3.0, 2.5 * float(np.std(y)))
    call = (cell, Z, y, moments, noise, 1 if which.endswith("one core") else None)
    small = br.Regression(Z[:400, :5], y[:400], prior=br.Laplace(1.0))
    br.sample(small, draws=300, random_seed=1, kernel="coordinate")
    times, phases = [], []
    for _ in range(repeats):
        with phase_times() as spent:
            start = clock()
            idata = our_call(*call)
            times.append((clock() - start).tolist())
        phases.append({key: spent[key] / times[-1][1] for key in spent} | {"chain seconds": spent["_run_chains"]})
    posterior = idata["posterior"]
    draws = np.dstack([posterior["coef"], posterior["intercept"], posterior["sigma"]])
    told = {"kernel": idata.attrs["kernel"], "sweeps": int(idata.attrs["sweeps_per_draw"]), "reading": reading}
    median = {key: float(np.median([one[key] for one in phases])) for key in phases[0]}
    return judged(draws) | told | {"times": times, "phases": median}


def clock():
    """Seconds of the wall clock, and of the processors on all threads."""
    return np.array([time.perf_counter(), time.process_time()])


@contextlib.contextmanager
def phase_times():
    """Processor seconds inside the parts of br.sample."""
    spent = {}

    def watched(function):
        def run(*args, **kwargs):
            start = time.process_time()
            try:
                return function(*args, **kwargs)
            finally:
                spent[function.__name__] = spent.get(function.__name__, 0.0) + time.process_time() - start

        return run

    with contextlib.ExitStack() as stack:
        for module, part in ((gibbs, "_run_chains"), (engine, "diagnose"), (engine, "to_datatree")):
            stack.enter_context(mock.patch.object(module, part, watched(getattr(module, part))))
        yield spent


def judged(draws):
    """The smallest effective sample sizes and the largest R-hat of draws (C, D, q), by ArviZ for everybody."""
    along = {"chain_axis": 0, "draw_axis": 1}
    sizes = array_stats.ess(draws, method="bulk", **along)
    tails = array_stats.ess(draws, method="tail", prob=(0.05, 0.95), **along)
    rhat = array_stats.rhat(draws, method="rank", **along)
    worst = int(np.argmin(sizes))
    names = {draws.shape[-1] - 1: "sigma", draws.shape[-1] - 2: "intercept"}
    return {
        "ess": float(sizes[worst]),
        "ess_tail": float(np.min(tails)),
        "worst": names.get(worst, f"coefficient {worst}"),
        "rhat": float(np.max(rhat)),
        "kept": int(draws.shape[0] * draws.shape[1]),
        "mean_sigma": float(draws[..., -1].mean()),
        "mean_size": float(np.abs(draws[..., :-2]).mean()),
    }


def measure_peer(name, peer, repeats, limit, interpreters):
    """What the peer managed within the limit; None if it is not installed."""
    cell = CELLS[name]
    command = command_of(peer, interpreters)
    if command is None:
        return None
    folder = written(name)
    draws = cell.nuts * GIBBS_DRAWS.get(peer, 1)
    plan = {"chains": cell.chains, "tune": min(draws, 1000), "draws": draws, "repeats": repeats}
    if peer in R_PEERS:
        command += [peer, str(folder), *(str(plan[key]) for key in ("chains", "tune", "draws", "repeats"))]
    else:
        command += [peer, str(folder / "data.npz"), str(folder / "out.npz"), json.dumps(plan)]
    for left in ("out.npz", "draws.bin", "times.bin"):
        (folder / left).unlink(missing_ok=True)
    error = ended_with(command, limit)
    return found_in(folder, cell, plan) or {"limit": limit, "error": error, "kept": cell.chains * draws}


def ended_with(command, limit):
    """The last line of a process's complaint; one that takes too long is ended with all that it started."""
    pipes = {"stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, start_new_session=True, **pipes) as process:
        try:
            told = process.communicate(timeout=limit)[1]
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            return ""
    return " ".join(told.strip().splitlines()[-1:])[:200] if process.returncode else ""


def found_in(folder, cell, plan):
    if (folder / "out.npz").exists():
        found = np.load(folder / "out.npz")
        draws, times = found["draws"], found["times"]
    elif (folder / "times.bin").exists():
        draws = np.fromfile(folder / "draws.bin").reshape(plan["chains"], plan["draws"], cell.p + 2, order="F")
        times = np.fromfile(folder / "times.bin").reshape(-1, 2)
    else:
        return None
    return judged(draws) | {"times": times.tolist()}


def command_of(peer, interpreters):
    if peer in R_PEERS:
        tried = ["Rscript", "-e", f"library({R_PEERS[peer]})"]
        return ["Rscript", str(HERE / "posterior_peers.R")] if succeeds(tried) else None
    for python in (sys.executable, *interpreters):
        if succeeds([python, "-c", f"import {PYTHON_PEERS[peer]}"]):
            return [python, str(HERE / "posterior_peers.py")]
    return None


def succeeds(command):
    try:
        return subprocess.run(command, capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        return False


def written(name):
    """The folder where the data lie for processes of either language."""
    folder = SCRATCH / name
    if not (folder / "meta.bin").exists():
        folder.mkdir(parents=True, exist_ok=True)
        Z, y = data_of(name)
        scale, spread = CELLS[name].scale, 2.5 * float(np.std(y))
        np.savez(folder / "data.npz", Z=Z, y=y, b=scale, spread=spread)
        np.asfortranarray(Z).T.tofile(folder / "Z.bin")
        y.tofile(folder / "y.bin")
        np.array([*Z.shape, scale, spread], dtype=float).tofile(folder / "meta.bin")
    return folder


def limits(name):
    """Seconds that BLAS and LAPACK take at this shape: Gram product, Cholesky factor, one pass over all columns."""
    cell, (Z, _) = CELLS[name], data_of(name)
    wide = cell.p > cell.n
    gram = Z @ Z.T if wide else Z.T @ Z
    gram[np.diag_indices(len(gram))] += 1.0
    coef = np.ones(cell.p)
    return {
        "gram": typical(lambda: Z @ Z.T if wide else Z.T @ Z),
        "cholesky": typical(lambda: linalg.cholesky(gram, lower=True, check_finite=False)),
        "pass": typical(lambda: (Z @ coef) @ Z if wide else gram @ coef),
    }


def typical(run):
    """The median of a few calls, each long enough for the clock of the processor."""
    start = time.process_time()
    run()
    count = max(1, int(0.05 / max(time.process_time() - start, 1e-6)))
    found = []
    for _ in range(7):
        start = time.process_time()
        for _ in range(count):
            run()
        found.append((time.process_time() - start) / count)
    return float(np.median(found))


def rate(entry, wall=False):
    """Effective draws per second of the processors, or of the wall clock."""
    return entry["ess"] / float(np.median(np.array(entry["times"])[:, 0 if wall else 1]))


def tail_rate(entry):
    """Effective draws per second of the processors, by the 5% and 95% quantiles."""
    return rate(entry) * entry["ess_tail"] / entry["ess"]


def told_ratio(entry, ours):
    """Ours / theirs; a bound where they did not come to an end."""
    if entry is None or ours is None:
        return "–"
    if "times" not in entry:
        # Had all draws been independent and come at the very end of the limit.
        return "failed" if entry["error"] else f"> {rate(ours, wall=True) / (entry['kept'] / entry['limit']):.2g}"
    mark = "†" if entry["rhat"] > LARGEST_RHAT else ""
    return f"{rate(ours) / rate(entry):,.3g} ({rate(ours, wall=True) / rate(entry, wall=True):,.3g}){mark}"


def table(results):
    peers = [*PYTHON_PEERS, *R_PEERS]
    names = " | ".join(f"{peer}*" if peer in SCALE_FREE else peer for peer in peers)
    counts = ", ".join(dict.fromkeys(f"{cell.chains} × {cell.nuts:,}" for cell in CELLS.values()))
    lines = [
        HEAD.format(counts=counts),
        "",
        f"| data | {names} | ours on one core |",
        "|---|" + "---|" * (len(peers) + 1),
    ]
    for name, found in results.items():
        if "ours" not in found:
            continue
        own = {peer: found.get("ours, 1/sigma" if peer in SCALE_FREE else "ours") for peer in peers}
        told = [told_ratio(found.get(peer), own[peer]) for peer in peers]
        told.append(told_ratio(found["ours"], found.get("ours, one core")))
        lines.append(f"| {CELLS[name].words} | {' | '.join(told)} |")
    return "\n".join([*lines, "", *reading_line(results), *tail_line(results), *cost_lines(results)]) + "\n"


HEAD = f"""# Effective draws per second

The smallest bulk effective sample size over all coefficients, intercept and sigma, divided by the seconds of the whole
call: `br.sample`'s over each peer's, so larger is better for us. Processor seconds of all threads and processes come
first, which other work on the machine hardly touches; in brackets the same by the wall clock. Everybody samples the
same posterior of the same standardized columns: Laplace prior of known scale, flat intercept, and
sigma ~ HalfStudentT(3, 2.5·sd(y)), with the warm-up counted; effective sizes are ArviZ's for all. Our calls go from
the arrays to the DataTree, diagnostics included, with draws enough (see below) that they are not mostly overhead, on as
many cores as there are. Compiled code is warm: pm.sample looks its own up in PyTensor's cache; nutpie, numpyro and
blackjax are not charged for compiling at all, nor R for starting. NUTS peers get fewer draws where they are slow
({{counts}}, and as many to warm up), Gibbs peers four times these. Figures are medians of several calls, but of
one where a peer is slow.

“>”: not done within its time limit, so the bound supposes all its draws independent and done at that very moment.
“†”: its largest R-hat is above {LARGEST_RHAT}, so its effective size means little. “*”: with prior 1/sigma, ours too.
“–”: not measured, or improper (1/sigma with more columns than rows). Correlated columns are an autoregression with ρ
between neighbours. Made by `python benchmarks/posterior.py`."""


def reading_line(results):
    """What the one pass over the rows costs where the calls begin with the moments."""
    told = []
    for name, found in results.items():
        if CELLS[name].from_moments and "ours" in found:
            entry = found["ours"]
            share = entry["reading"][1] / float(np.median(np.array(entry["times"])[:, 1]))
            told.append(f"{CELLS[name].words}: the pass over the rows is not in these figures; it costs {share:.2g} ")
    return [*(line + "times our call, once for all priors." for line in told), ""] if told else []


def tail_line(results):
    """The same comparison by the tails, with the two peers that share our users."""
    told = []
    for peer in ("pymc", "nutpie"):
        ratios = [
            f"{tail_rate(found['ours']) / tail_rate(found[peer]):,.3g} ({CELLS[name].words})"
            for name, found in results.items()
            if "ours" in found and "ess_tail" in found.get(peer, {})
        ]
        told += [f"By the smallest tail effective size, over {peer}: {'; '.join(ratios)}.", ""] if ratios else []
    return told


def cost_lines(results):
    """What a draw of ours costs in units of what no exact sampler does without, and where the call's time goes."""
    lines = [
        "## What our draws cost",
        "",
        "One kept draw of one chain against one pass over all columns (Gram matrix times vector; with more columns",
        "than rows, the columns and back) and against one Cholesky factor, both by BLAS at that shape on one core; the",
        "Gram product as a share of the whole call; and where the whole call on one core goes.",
        "",
        "| data | kernel, sweeps a draw | draws | ESS / draw (worst) | by tails | ESS / s | draw / pass |"
        " draw / Cholesky | Gram product | chains | diagnostics | DataTree | rest |",
        "|---|---|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    for name, found in results.items():
        own, limit = found.get("ours, one core"), found.get("limits")
        if not own or not limit:
            continue
        shares = [own["phases"][key] for key in ("_run_chains", "diagnose", "to_datatree")]
        draw = own["phases"]["chain seconds"] / (own["kept"] + 4 * WARMUP)
        whole = float(np.median(np.array(own["times"])[:, 1]))
        gram = "–" if CELLS[name].from_moments else f"{limit['gram'] / whole:.1%}"
        lines.append(
            f"| {CELLS[name].words} | {own['kernel']}, {own['sweeps']} | {own['kept']:,} "
            f"| {own['ess'] / own['kept']:.2g} ({own['worst']}) | {own['ess_tail'] / own['kept']:.2g} "
            f"| {rate(own):,.4g} | {draw / limit['pass']:.2g} | {draw / limit['cholesky']:.2g} | {gram} "
            f"| {' | '.join(f'{share:.0%}' for share in [*shares, 1 - sum(shares)])} |"
        )
    return lines


def measure(name, peer, options):
    if (peer in SCALE_FREE or peer.endswith("1/sigma")) and CELLS[name].p > CELLS[name].n:
        return None
    if peer in OURS:
        return measure_ours(name, peer, options.repeats)
    if peer == "limits":
        return limits(name)
    return measure_peer(name, peer, options.peer_repeats, options.limit, options.python)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cell", nargs="*", choices=list(CELLS), default=list(CELLS))
    everybody = [*OURS, "limits", *PYTHON_PEERS, *R_PEERS]
    parser.add_argument("--peer", nargs="*", choices=everybody, default=everybody)
    parser.add_argument("--python", nargs="*", default=[], help="interpreters that have further peers")
    parser.add_argument("--limit", type=float, default=300.0, help="seconds for all calls of one peer")
    parser.add_argument("--repeats", type=int, default=REPEATS, help="of our calls")
    parser.add_argument("--peer-repeats", type=int, default=3, help="of the peers' calls")
    parser.add_argument("--table", action="store_true", help="only write the table")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    results = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    results = {name: results.get(name, {}) for name in CELLS}
    for name in () if options.table else options.cell:
        for peer in options.peer:
            found = measure(name, peer, options)
            print(name, peer, "not measured" if found is None else summary(found), flush=True)
            if found is not None:
                results[name][peer] = found
                RESULTS.write_text(json.dumps(results, indent=1) + "\n")
    TABLE.write_text(table(results))


def summary(found):
    if "ess" not in found:
        return found
    told = f"ESS {found['ess']:.0f} ({found['worst']}) of {found['kept']}, R-hat {found['rhat']:.3f}"
    return f"{told}, {len(found['times'])} calls, {rate(found):.4g} a second; sigma {found['mean_sigma']:.4g}"


if __name__ == "__main__":
    main()

"""What the main job costs, as ratios to other processes that are run in turn with it; writes startup.md.

Run it as `python benchmarks/startup.py [rounds]`. In each round every command is run once, so that whatever else
the machine does falls on all of them; the ratio is taken within each round, and its median is reported. A first
round, not counted, warms the caches of files, bytecode and compiled code.
"""

import resource
import subprocess
import sys
import time
from pathlib import Path
from statistics import median

HERE = Path(__file__).resolve().parent
BIN = Path(sys.executable).parent
PYTHON, BAYESREG = sys.executable, str(BIN / "bayesreg")

COMMANDS = {
    "compare": [BAYESREG, "compare", "diabetes"],
    "imports": [PYTHON, "-c", "import sklearn.linear_model, xarray, arviz_base"],
    "by hand": [PYTHON, str(HERE / "handwritten_pymc.py")],
    "import bayesreg": [PYTHON, "-c", "import bayesreg"],
    "help": [BAYESREG, "--help"],
    "bare": [PYTHON, "-c", "pass"],
}
# (what, numerator, denominator, goal)
RATIOS = (
    (
        "`bayesreg compare diabetes` / a process that only imports sklearn.linear_model, xarray and arviz_base",
        "compare",
        "imports",
        "≤ 1.3",
    ),
    ("`bayesreg compare diabetes` / the same table by hand with PyMC (warm)", "compare", "by hand", "≤ 0.33"),
    ("`import bayesreg` / an interpreter that does nothing", "import bayesreg", "bare", ""),
    ("`import bayesreg` / those imports", "import bayesreg", "imports", ""),
    ("`bayesreg --help` / an interpreter that does nothing", "help", "bare", ""),
    ("`bayesreg --help` / those imports", "help", "imports", ""),
)


def measure(command):
    """Wall-clock and processor seconds of one process and its children."""
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    wall, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    return wall, after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime


def main():
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 7
    times = {name: [] for name in COMMANDS}
    for turn in range(rounds + 1):
        for name, command in COMMANDS.items():
            found = measure(command)
            if turn > 0:
                times[name].append(found)
    lines = [
        "# The cost of the main job",
        "",
        f"Medians of {rounds} rounds, with the smallest and largest; ratios of processes run in turn.",
        "Made by `python benchmarks/startup.py`.",
        "",
        "| ratio | wall clock | processor time | goal |",
        "|---|---|---|---|",
    ]
    for what, above, below, goal in RATIOS:
        pairs = list(zip(times[above], times[below], strict=True))
        wall, processor = ([a[k] / b[k] for a, b in pairs] for k in (0, 1))
        lines.append(f"| {what} | {summary(wall)} | {summary(processor)} | {goal} |")
    (HERE / "startup.md").write_text("\n".join(lines) + "\n", encoding="utf-8")
    print("\n".join(lines))


def summary(ratios):
    return f"{median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})"


if __name__ == "__main__":
    main()

"""A table that is larger than the memory: time and memory of its moments, and of what follows; writes out_of_core.md.

Run: OMP_NUM_THREADS=1 python benchmarks/out_of_core.py FOLDER [millions of rows]

FOLDER must have room for 160 MB for every million rows; what is written there is deleted at the end.
"""

import json
import os
import resource
import subprocess
import sys
import time
from pathlib import Path

COLUMNS = 20
FILE_ROWS = 10_000_000
BLOCK = 250_000
BATCH = 50_000
ADDRESS_SPACE = 3 * 2**30
FILES = "rows-*.parquet"


def write_rows(folder: Path, millions: int) -> None:
    """Rows of a regression with 5 zeros, in files as pyarrow writes them."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.parquet as pq

    rng = np.random.default_rng(0)
    schema = pa.schema([(f"x{j}", pa.float64()) for j in range(COLUMNS - 1)] + [("y", pa.float64())])
    beta = np.where(np.arange(COLUMNS - 1) < 5, 0.0, np.linspace(-1.0, 1.0, COLUMNS - 1))
    left = millions * 1_000_000
    while left:
        rows = min(left, FILE_ROWS)
        path = folder / f"rows-{left:012d}.parquet"
        with pq.ParquetWriter(path, schema) as writer:
            for _ in range(rows // BLOCK):
                numbers = rng.normal(size=(COLUMNS, BLOCK))
                numbers[:-1] += np.arange(COLUMNS - 1)[:, None]
                numbers[-1] += beta @ numbers[:-1]
                writer.write_table(pa.table(dict(zip(schema.names, numbers, strict=True))))
        left -= rows


def forget(folder: Path) -> None:
    """Empty the system's cache of the files, so that each run reads them from the disk."""
    for path in folder.glob(FILES):
        handle = os.open(path, os.O_RDONLY)
        os.fsync(handle)
        os.posix_fadvise(handle, 0, 0, os.POSIX_FADV_DONTNEED)
        os.close(handle)


def read(folder: Path) -> int:
    """Only read, in batches."""
    import pyarrow.parquet as pq

    rows = 0
    for path in sorted(folder.glob(FILES)):
        file = pq.ParquetFile(path, pre_buffer=False, buffer_size=2**20)
        rows += sum(len(batch) for batch in file.iter_batches(BATCH))
    return rows


def gram(folder: Path) -> int:
    """Only multiply as many bytes, which lie in memory."""
    import numpy as np
    import pyarrow.parquet as pq

    rows = sum(pq.ParquetFile(path).metadata.num_rows for path in folder.glob(FILES))
    X = np.random.default_rng(0).normal(size=(COLUMNS, BATCH)).T
    total = np.zeros((COLUMNS, COLUMNS))
    for _ in range(rows // BATCH):
        total += X.T @ X
    return rows


def moments(folder: Path) -> int:
    """The package's own, which are kept."""
    import bayesreg as br

    found = br.moments(folder)
    found.save(folder / "moments.npz")
    return found.n


RUNS = {run.__name__: run for run in (read, gram, moments)}


def measure(name: str, folder: str) -> dict[str, float]:
    """Rows, seconds, processor seconds and largest resident set, in an address space that is limited."""
    import pandas  # noqa: F401
    import pyarrow.parquet  # noqa: F401

    from bayesreg.design.sources import one_pass  # noqa: F401

    resource.setrlimit(resource.RLIMIT_AS, (ADDRESS_SPACE, ADDRESS_SPACE))
    start, work = time.perf_counter(), time.process_time()
    rows = RUNS[name](Path(folder))
    done = {"rows": rows, "seconds": time.perf_counter() - start, "work": time.process_time() - work}
    return done | {"mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}


def afterwards(folder: Path) -> list[str]:
    """MAP and posterior from few and from many rows, and against the rows themselves."""
    import numpy as np
    import pyarrow.parquet as pq

    import bayesreg as br

    first = pq.ParquetFile(sorted(folder.glob(FILES))[0])
    few = next(first.iter_batches(500_000)).to_pandas()
    prior = br.Laplace(0.001)
    lines = ["", "| from | rows | MAP (s) | 4,000 draws (s) |", "|---|---|---|---|"]

    def timed(reg: br.Regression, what: str) -> tuple[np.ndarray, np.ndarray]:
        start = time.perf_counter()
        fit = br.map_estimate(reg)
        middle = time.perf_counter()
        draws = br.sample(reg, random_seed=1).posterior["coef"]
        lines.append(f"| {what} | {reg.n:,} | {middle - start:.3f} | {time.perf_counter() - middle:.2f} |")
        return fit.coef, draws.mean(("chain", "draw")).to_numpy()

    rows = timed(br.Regression(few, "y", prior=prior, sigma=1.0), "rows in memory")
    same = timed(br.Regression.from_moments(br.moments(few), prior=prior, sigma=1.0), "moments of the same rows")
    timed(br.Regression.from_moments(br.Moments.load(folder / "moments.npz"), prior=prior, sigma=1.0), "moments of all")
    apart = [float(np.max(np.abs(one - other)) / np.max(np.abs(one))) for one, other in zip(rows, same, strict=True)]
    return [
        *lines,
        "",
        f"MAP of the same rows differs by {apart[0]:.0e} relative, the posterior mean by {apart[1]:.0e}.",
    ]


def main(folder: Path, millions: int) -> None:
    """Write the rows, measure each candidate in a process of its own, delete the rows, and write the table."""
    folder.mkdir(parents=True)
    try:
        write_rows(folder, millions)
        found = {}
        for name in RUNS:
            forget(folder)
            done = subprocess.run([sys.executable, __file__, name, folder], capture_output=True, check=True)
            found[name] = json.loads(done.stdout)
            print(name, found[name], flush=True)
        size = sum(path.stat().st_size for path in folder.glob(FILES)) / 2**30
        lines = table(found, size) + afterwards(folder)
    finally:
        for path in folder.iterdir():
            path.unlink()
        folder.rmdir()
    Path(__file__).with_suffix(".md").write_text("\n".join(lines) + "\n")


def table(found: dict[str, dict[str, float]], size: float) -> list[str]:
    """The measurements as lines."""
    words = {"read": "only reading", "gram": "only X'X, of as many bytes in memory", "moments": "`br.moments`"}
    larger = {unit: max(found["read"][unit], found["gram"][unit]) for unit in ("seconds", "work")}
    lines = [
        "# A table larger than the memory that it may use",
        "",
        f"{found['read']['rows']:,} rows of {COLUMNS} doubles in Parquet, {size:.1f} GiB, read from the disk;",
        f"each run may use {ADDRESS_SPACE / 2**30:.0f} GiB of address space. One thread of a machine that others use.",
        "Ratios are to the larger of only reading and only multiplying.",
        "",
        "| what | seconds | ratio | processor seconds | ratio | largest resident set (MiB) |",
        "|---|---|---|---|---|---|",
    ]
    for name, run in found.items():
        cells = " | ".join(f"{run[unit]:.1f} | {run[unit] / larger[unit]:.2f}" for unit in ("seconds", "work"))
        lines.append(f"| {words[name]} | {cells} | {run['mib']:.0f} |")
    return lines


if __name__ == "__main__":
    if sys.argv[1] in RUNS:
        print(json.dumps(measure(*sys.argv[1:])))
    else:
        main(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 100)

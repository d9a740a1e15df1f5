"""Processor time and peak memory of moments of files, against only reading them; writes moments.md.

Run: OMP_NUM_THREADS=1 python benchmarks/moments.py [rounds]
"""

import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

ROWS = {"parquet": 1_000_000, "csv": 100_000}
COLUMNS = 20
BATCH = 50_000


def read(path: str) -> int:
    """Only read, in batches, by pyarrow with its own settings."""
    import pyarrow.csv
    import pyarrow.parquet

    batches = (
        pyarrow.parquet.ParquetFile(path).iter_batches(BATCH) if path.endswith("t") else pyarrow.csv.open_csv(path)
    )
    return sum(len(batch) for batch in batches)


def read_lean(path: str) -> int:
    """Only read, in batches, by the calls that br.moments makes."""
    import pandas as pd
    import pyarrow.parquet

    if not path.endswith("t"):
        return sum(len(chunk) for chunk in pd.read_csv(path, chunksize=BATCH, low_memory=False))
    file = pyarrow.parquet.ParquetFile(path, pre_buffer=False, buffer_size=2**20)
    return sum(len(batch) for batch in file.iter_batches(BATCH))


def whole(path: str) -> int:
    """Read the whole file and multiply, as one would by hand; the products are not centred."""
    import pandas as pd

    X = (pd.read_parquet(path) if path.endswith("t") else pd.read_csv(path)).to_numpy()
    return len(X) if (X.T @ X).size else 0


def moments(path: str) -> int:
    """The package's own."""
    import bayesreg as br

    return br.moments(path).n


CANDIDATES = {run.__name__: run for run in (read, read_lean, whole, moments)}


def measure(name: str, path: str) -> dict[str, float]:
    """Processor seconds and peak memory above what the imports take, in MiB."""
    import pandas  # noqa: F401
    import pyarrow.csv
    import pyarrow.parquet  # noqa: F401

    from bayesreg.design.sources import one_pass  # noqa: F401

    before, start = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.process_time()
    rows = CANDIDATES[name](path)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return {"rows": rows, "seconds": time.process_time() - start, "mib": (peak - before) / 1024}


def write_files(folder: Path) -> dict[str, str]:
    """Files of normal numbers, written in blocks."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.csv
    import pyarrow.parquet

    rng = np.random.default_rng(0)
    schema = pa.schema([(f"x{j}", pa.float64()) for j in range(COLUMNS - 1)] + [("y", pa.float64())])
    paths = {kind: str(folder / f"long.{kind}") for kind in ROWS}
    writers = (pa.parquet.ParquetWriter(paths["parquet"], schema), pa.csv.CSVWriter(paths["csv"], schema))
    for writer, rows in zip(writers, ROWS.values(), strict=True):
        with writer:
            for _ in range(rows // 100_000):
                writer.write_table(pa.table(dict(zip(schema.names, rng.normal(size=(COLUMNS, 100_000)), strict=True))))
    return paths


def main(rounds: int) -> None:
    """Measure the candidates in turn, each in a process of its own, and write the table."""
    lines = [
        "# Moments of files",
        "",
        f"{COLUMNS} columns of doubles; {ROWS['parquet']:,} rows in Parquet and {ROWS['csv']:,} in CSV.",
        f"Processor time is a ratio to that of pyarrow only reading the file in batches, the median of {rounds} rounds",
        "with the smallest and the largest; memory is the largest resident set above that of the imports.",
        "",
        "| file | what | processor time / reading | memory (MiB) |",
        "|---|---|---|---|",
    ]
    words = {
        "read": "pyarrow reads only",
        "read_lean": "the same calls as br.moments, reading only",
        "whole": "whole file, uncentred X'X",
        "moments": "`br.moments`",
    }
    with tempfile.TemporaryDirectory() as folder:
        for kind, path in write_files(Path(folder)).items():
            found = {name: [] for name in CANDIDATES}
            for _ in range(rounds):
                for name, runs in found.items():
                    done = subprocess.run([sys.executable, __file__, name, path], capture_output=True, check=True)
                    runs.append(json.loads(done.stdout))
            for name, runs in found.items():
                ratios = [run["seconds"] / base["seconds"] for run, base in zip(runs, found["read"], strict=True)]
                spread = f"{median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})"
                memory = median(run["mib"] for run in runs)
                lines.append(f"| {kind} | {words[name]} | {spread} | {memory:.0f} |")
                print(lines[-1])
    Path(__file__).with_suffix(".md").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    if len(sys.argv) > 2:
        print(json.dumps(measure(*sys.argv[1:])))
    else:
        main(int(sys.argv[1]) if len(sys.argv) > 1 else 5)

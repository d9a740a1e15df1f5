"""``bayesreg moments``: sufficient statistics of a file or a folder of files, larger than memory."""

import argparse
from typing import Any

from bayesreg.cli.options import add_json
from bayesreg.cli.output import print_json, refuse_existing


def add(commands: Any) -> None:
    """Add the command."""
    command = commands.add_parser(
        "moments",
        help="sufficient statistics of files that do not fit in memory",
        description="Compute means and cross products in one pass, for br.Regression.from_moments.",
    )
    command.set_defaults(run=run)
    command.add_argument("source", metavar="SOURCE", help="a CSV or Parquet file, or a folder of them")
    command.add_argument("--target", required=True, help="target column")
    command.add_argument("--columns", metavar="NAMES", help="columns to use, with commas between (default: all)")
    command.add_argument("--weights", metavar="NAME", help="column of weights")
    command.add_argument("--out", metavar="FILE", help="write the moments to this file (.npz)")
    command.add_argument("--overwrite", action="store_true", help="replace a file that exists")
    add_json(command)


def run(arguments: argparse.Namespace) -> int:
    """Compute, print and write."""
    from pathlib import Path

    from bayesreg.design.sources.one_pass import moments
    from bayesreg.reporting.files import replacing

    if arguments.out:
        refuse_existing([Path(arguments.out)], overwrite=arguments.overwrite)
    columns = arguments.columns.split(",") if arguments.columns else None
    statistics = moments(arguments.source, target=arguments.target, columns=columns, weights=arguments.weights)
    if arguments.out:
        with replacing(Path(arguments.out)) as part:
            statistics.save(part)
    if arguments.json:
        names = dict(zip(statistics.names, zip(statistics.mean_x, statistics.sd_x, strict=True), strict=True))
        columns_by_name = [{"name": name, "mean": mean, "sd": sd} for name, (mean, sd) in names.items()]
        print_json(
            {"dataset": arguments.source, "n": statistics.n, "target": statistics.target, "columns": columns_by_name}
        )
    else:
        print(f"{statistics.n} rows, {len(statistics.names)} columns, target {statistics.target!r}")
        print(f"written to {arguments.out}" if arguments.out else "give --out to keep them")
    return 0

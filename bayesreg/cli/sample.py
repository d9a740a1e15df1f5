"""``bayesreg sample``: the posterior alone, summarized, and kept in a file."""

import argparse
from typing import Any

from bayesreg.cli.options import add_job, add_json, add_out_file, job_of
from bayesreg.cli.output import print_frame, print_json, refuse_existing

CI_PROB = 0.95


def add(commands: Any) -> None:
    """Add the command."""
    command = commands.add_parser(
        "sample",
        help="the posterior alone: its summary, and its draws in a file",
        description="Draw from the posterior, print its summary, and write the draws as netCDF for ArviZ.",
    )
    command.set_defaults(run=run)
    add_job(command)
    add_json(command)
    add_out_file(command, "write the draws to this netCDF file (.nc)")


def run(arguments: argparse.Namespace) -> int:
    """Sample, print and write."""
    from pathlib import Path

    from bayesreg.analysis.comparison.job import sample_job, settle_job
    from bayesreg.analysis.sparsity.sparsity import sparsity
    from bayesreg.reporting.files import write_netcdf

    if arguments.out:
        refuse_existing([Path(arguments.out)], overwrite=arguments.overwrite)
    job = job_of(arguments, quiet=arguments.json)
    settled = settle_job(job)
    tree = sample_job(settled, job)
    if arguments.out:
        write_netcdf(Path(arguments.out), tree)
    coef = tree["posterior"]["coef"].to_numpy().reshape(-1, settled.reg.p)
    result = sparsity(tree, reg=settled.reg, ci_prob=CI_PROB)
    table = result.to_frame()[["mean", "lower", "upper", "p_direction", "p_near_zero"]]
    table.insert(1, "sd", coef.std(axis=0, ddof=1))
    attrs = tree.attrs
    if arguments.json:
        rows = [{"name": name, **row} for name, row in table.to_dict("index").items()]
        diagnostics = {name: attrs.get(name) for name in ("rhat", "ess_bulk", "ess_tail", "divergences", "problems")}
        print_json(
            {
                "dataset": arguments.source,
                "engine": attrs.get("engine"),
                "ci_prob": CI_PROB,
                "coefficients": rows,
                "diagnostics": diagnostics,
                "notes": settled.notes,
            }
        )
        return 0
    print_frame(table, settled.notes)
    if arguments.out:
        print(f"written to {arguments.out}")
    return 0

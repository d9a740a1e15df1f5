"""``bayesreg path``: the MAP along a grid of strengths."""

import argparse
from typing import Any

from bayesreg.cli.options import add_job, add_json, add_out_file, job_of
from bayesreg.cli.output import print_frame, print_json, refuse_existing


def add(commands: Any) -> None:
    """Add the command."""
    command = commands.add_parser(
        "path",
        help="the MAP along a grid of strengths, every point certified",
        description="Compute the MAP along a grid of strengths; one row for each.",
    )
    command.set_defaults(run=run)
    add_job(command)
    add_json(command)
    add_out_file(command, "write the table to this CSV file")


def run(arguments: argparse.Namespace) -> int:
    """Compute and print it."""
    from pathlib import Path

    from bayesreg.analysis.comparison.job import settle_job
    from bayesreg.optimize.path import path
    from bayesreg.reporting.files import write_text

    if arguments.out:
        refuse_existing([Path(arguments.out)], overwrite=arguments.overwrite)
    settled = settle_job(job_of(arguments, quiet=arguments.json))
    fits = path(settled.held)
    table = fits.to_frame().assign(**{"(not 0)": len(fits.names) - fits.n_zeros, "(kkt)": fits.kkt})
    if arguments.out:
        write_text(Path(arguments.out), table.to_csv())
    record = {
        "dataset": arguments.source,
        "objective": fits.objective,
        "current": fits.current,
        "strengths": fits.strengths,
        "names": fits.names,
        "coefficients": fits.coef,
        "nonzero": len(fits.names) - fits.n_zeros,
        "kkt": fits.kkt,
        "notes": settled.notes,
    }
    if arguments.json:
        print_json(record)
    elif arguments.out:
        print(f"written to {arguments.out}")
    else:
        print_frame(table, settled.notes)
    return 0

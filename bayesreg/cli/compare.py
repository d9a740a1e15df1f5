"""``bayesreg compare``: both sides of one regression in one table."""

import argparse
import os
from typing import TYPE_CHECKING, Any

from bayesreg.cli.options import add_job, add_json, add_overwrite, job_of
from bayesreg.cli.output import refuse_existing
from bayesreg.errors import BayesregError

if TYPE_CHECKING:
    from bayesreg.analysis.comparison.job import Job, JobResult


def add(commands: Any) -> None:
    """Add the command."""
    command = commands.add_parser(
        "compare",
        help="MAP, penalized least squares, least squares and posterior in one table",
        description="Fit one regression from both sides and print one table.",
    )
    command.set_defaults(run=run)
    add_job(command)
    command.add_argument("--out", metavar="DIR", help="write table, pictures, posterior and numbers to this folder")
    add_overwrite(command)
    add_json(command)


def run(arguments: argparse.Namespace) -> int:
    """Fit and print."""
    from bayesreg.analysis.comparison.job import run_job

    job = job_of(arguments, quiet=arguments.json)
    result = run_job(job) if arguments.out is None else _run_into(arguments.out, job, overwrite=arguments.overwrite)
    record = {"dataset": result.dataset, **result.comparison.to_dict()}
    if arguments.json:
        _print_json(record)
    else:
        _print_table(record, arguments.out)
    return 0


def _run_into(folder: str, job: "Job", *, overwrite: bool) -> "JobResult":
    """Do the job and write its folder, which is tried first; a job that fails leaves no folder behind."""
    from pathlib import Path

    from bayesreg.analysis.comparison.job import run_job
    from bayesreg.reporting.folder import files_of, prepare_folder, write_folder

    refuse_existing(files_of(folder), overwrite=overwrite)
    is_new = not os.path.exists(folder)
    prepare_folder(folder)
    try:
        result = run_job(job)
    except BayesregError:
        if is_new:
            Path(folder).rmdir()
        raise
    write_folder(result, folder)
    return result


def _print_json(record: dict[str, Any]) -> None:
    import json

    print(json.dumps(record, allow_nan=False))


def _print_table(record: dict[str, Any], folder: str | None) -> None:
    from rich.console import Console

    from bayesreg.analysis.comparison.table import print_comparison

    console = Console(highlight=False)
    if not console.is_terminal:
        console = Console(highlight=False, width=132)
    print_comparison(record, console)
    if folder:
        console.print(f"written to {folder}", markup=False)

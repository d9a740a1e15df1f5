"""``bayesreg report``: one page with all that there is to say."""

import argparse
from typing import Any

from bayesreg.cli.options import add_job, add_json, add_overwrite, job_of, names_of
from bayesreg.cli.output import print_json, refuse_existing


def add(commands: Any) -> None:
    """Add the command."""
    command = commands.add_parser(
        "report",
        help="the same and more as one HTML page",
        description="Fit one regression from both sides and write one page that needs no other file.",
    )
    command.set_defaults(run=run)
    add_job(command)
    command.add_argument("--out", metavar="FILE", default="report.html", help="the page (default: report.html)")
    add_overwrite(command)
    add_json(command)
    command.add_argument("--select", metavar="RULES", help="also choose the strength by rules, such as cv,cv_1se,bic")
    command.add_argument("--no-ribbons", action="store_true", help="draw no posterior along the path")


def run(arguments: argparse.Namespace) -> int:
    """Fit and write."""
    from pathlib import Path

    from bayesreg.analysis.comparison.job import run_job
    from bayesreg.reporting.report import prepare_file, report

    prepare_file(arguments.out)
    refuse_existing([Path(arguments.out)], overwrite=arguments.overwrite)
    rules = None if arguments.select is None else names_of(arguments.select)
    result = run_job(job_of(arguments, quiet=arguments.json), select_by=rules)
    path = report(
        result.comparison,
        arguments.out,
        ribbons=not arguments.no_ribbons,
        select_by=result.selections,
        command=arguments.command,
        random_seed=arguments.seed,
    )
    if arguments.json:
        print_json({"written": str(path), "dataset": result.dataset, **result.comparison.to_dict()})
    else:
        print(f"written to {path}")
    return 0

"""``bayesreg predict``: the predictive distribution of rows that were not fitted."""

import argparse
from typing import Any

from bayesreg.cli.options import add_job, add_json, add_out_file, job_of
from bayesreg.cli.output import print_frame, print_json, refuse_existing


def add(commands: Any) -> None:
    """Add the command."""
    command = commands.add_parser(
        "predict",
        help="mean and interval of new rows, or of a test part that was not fitted",
        description="Fit one regression, and predict the rows of another file, or a random part that was left out.",
    )
    command.set_defaults(run=run)
    add_job(command)
    add_json(command)
    rows = command.add_mutually_exclusive_group(required=True)
    rows.add_argument("--new", metavar="FILE", help="a CSV or Parquet file of new rows")
    rows.add_argument("--test", type=float, metavar="SHARE", help="leave this share of the rows out, and predict it")
    command.add_argument("--ci-prob", type=float, default=0.95, help="probability of the intervals (default: 0.95)")
    add_out_file(command, "write the predictions to this CSV file")


def run(arguments: argparse.Namespace) -> int:
    """Fit, predict, print and write."""
    from pathlib import Path

    from bayesreg.analysis.comparison.prediction_job import predict_job
    from bayesreg.reporting.files import write_text

    if arguments.out:
        refuse_existing([Path(arguments.out)], overwrite=arguments.overwrite)
    result = predict_job(job_of(arguments, quiet=arguments.json), new=arguments.new, test=arguments.test)
    table = result.prediction.to_frame(arguments.ci_prob)
    if arguments.out:
        write_text(Path(arguments.out), table.to_csv())
    if arguments.json:
        rows = [{"row": row, **values} for row, values in table.to_dict("index").items()]
        print_json(
            {
                "dataset": arguments.source,
                "family": result.prediction.family.name,
                "ci_prob": arguments.ci_prob,
                "rows": rows,
                "scores": result.scores,
                "notes": result.notes,
            }
        )
    elif arguments.out:
        print(f"written to {arguments.out}")
    else:
        scores = tuple(f"{name} of these rows {value:.4g}" for name, value in result.scores.items())
        print_frame(table, (*scores, *result.notes))
    return 0

"""``bayesreg select``: the strength by one rule or by several."""

import argparse
from typing import Any

from bayesreg.cli.options import add_job, add_json, job_of, names_of
from bayesreg.cli.output import print_frame, print_json

RULES = "cv,cv_1se"


def add(commands: Any) -> None:
    """Add the command."""
    command = commands.add_parser(
        "select",
        help="the strength of the penalty by rules such as cross-validation, evidence or leave-one-out",
        description="Choose the strength by one rule or by several, and print what each chooses.",
    )
    command.set_defaults(run=run)
    add_job(command)
    add_json(command)
    command.add_argument("--by", metavar="RULES", default=RULES, help=f"rules, with commas between (default: {RULES})")


def run(arguments: argparse.Namespace) -> int:
    """Choose and print."""
    from bayesreg.analysis.comparison.job import settle_job
    from bayesreg.selection.result import Selections
    from bayesreg.selection.select import select

    rules = names_of(arguments.by)
    settled = settle_job(job_of(arguments, quiet=arguments.json), settle_strength=False)
    chosen = select(settled.reg, list(rules), objective=arguments.objective, random_seed=arguments.seed)
    assert isinstance(chosen, Selections)
    table = chosen.to_frame()
    if arguments.json:
        rows = [{"rule": rule, **row} for rule, row in table.to_dict("index").items()]
        print_json({"dataset": arguments.source, "objective": chosen.objective, "selections": rows})
    else:
        print_frame(table.drop(columns="how"), tuple(f"{one.rule}: {one.how}" for one in chosen))
    return 0

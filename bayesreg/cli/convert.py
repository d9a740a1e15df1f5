"""``bayesreg convert``: a strength in the convention of another tool."""

import argparse
from typing import Any

from bayesreg.cli.options import add_json
from bayesreg.cli.output import print_json


def add(commands: Any) -> None:
    """Add the command."""
    command = commands.add_parser(
        "convert",
        help="a penalty's strength in the convention of another tool",
        description="Say a strength in the convention of another tool, and print what both of them minimize.",
    )
    command.set_defaults(run=run)
    command.add_argument("strength", type=float, help="the number that is passed to the first tool")
    command.add_argument("--from", dest="source", required=True, metavar="TOOL", help="such as sklearn.Lasso")
    command.add_argument("--to", dest="target", required=True, metavar="TOOL", help="such as glmnet")
    command.add_argument("--n", type=float, help="rows, or the sum of their weights; asked for only where needed")
    command.add_argument("--sigma", type=float, help="noise sd; asked for only where needed")
    command.add_argument("--sd-y", type=float, help="1/n standard deviation of the target, for an L2 term of glmnet")
    command.add_argument("--term", choices=("l1", "l2"), help="which term it multiplies, where both tools have both")
    command.add_argument("--family", help="distribution of the target (default: the first that both tools have)")
    add_json(command)


def run(arguments: argparse.Namespace) -> int:
    """Convert and print."""
    from bayesreg.priors.dictionary import convert
    from bayesreg.priors.objective import common_family, find_objective

    names = ("n", "sigma", "sd_y", "term", "family")
    settings = {name: getattr(arguments, name) for name in names}
    number = convert(arguments.strength, arguments.source, arguments.target, **settings)
    family = common_family(arguments.source, arguments.target, arguments.family)
    tools = [find_objective(name, family) for name in (arguments.source, arguments.target)]
    sides = [
        {
            "tool": tool.name,
            "quantity": tool.quantity,
            "value": value,
            "minimizes": tool.formula,
            "columns": tool.columns,
        }
        for tool, value in zip(tools, (arguments.strength, number), strict=True)
    ]
    if arguments.json:
        print_json({"family": family.name, "from": sides[0], "to": sides[1], "strength": number})
        return 0
    print(f"{number:.10g}")
    for tool, value in zip(tools, (arguments.strength, number), strict=True):
        print(f"{tool.name}: {value:.6g} ({tool.quantity}) in {tool.formula}; columns {tool.columns}")
    return 0

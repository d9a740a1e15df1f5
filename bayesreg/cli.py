"""The command line: arguments in, a table out; no mathematics of its own."""

import argparse
import os
import shlex
import sys
import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from bayesreg import __version__
from bayesreg.errors import BayesregError

if TYPE_CHECKING:
    from bayesreg.analysis.comparison.job import Job, JobResult
    from bayesreg.analysis.comparison.reading import Reading

PRIORS = ("laplace", "normal")
FAMILIES = ("gaussian", "bernoulli", "poisson")
# What shells give a process that Ctrl-C ended.
INTERRUPTED = 130


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit code: 0 good, 2 bad input, 130 interrupted."""
    arguments = _parser().parse_args(argv)
    arguments.command = shlex.join(["bayesreg", *(sys.argv[1:] if argv is None else argv)])
    if hasattr(sys.stdout, "reconfigure"):
        # A terminal without Greek letters shows a ? for them rather than ending the run.
        sys.stdout.reconfigure(errors="replace")
    try:
        with warnings.catch_warnings():
            warnings.showwarning = _show_warning
            return int(arguments.run(arguments))
    except BayesregError as error:
        print("bayesreg:", " ".join(str(error).split()), file=sys.stderr)
        return 2
    except MemoryError as error:
        print(
            f"bayesreg: this needs more memory than there is ({error}); ask for fewer draws or columns.",
            file=sys.stderr,
        )
        return 2
    except KeyboardInterrupt:
        print("bayesreg: interrupted", file=sys.stderr)
        return INTERRUPTED


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="bayesreg", description="Penalties and priors are the same thing seen from two sides; see both, exactly."
    )
    parser.add_argument("--version", action="version", version=f"bayesreg {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    compare = commands.add_parser(
        "compare",
        help="MAP, penalized least squares, least squares and posterior in one table",
        description="Fit one regression from both sides and print one table.",
    )
    compare.set_defaults(run=_compare)
    _add_job(compare)
    compare.add_argument("--out", metavar="DIR", help="write table, pictures, posterior and numbers to this folder")
    compare.add_argument("--json", action="store_true", help="print one JSON object and nothing else")
    report = commands.add_parser(
        "report",
        help="the same and more as one HTML page",
        description="Fit one regression from both sides and write one page that needs no other file.",
    )
    report.set_defaults(run=_report)
    _add_job(report)
    report.add_argument("--out", metavar="FILE", default="report.html", help="the page (default: report.html)")
    report.add_argument("--select", metavar="RULES", help="also choose the strength by rules, such as cv,cv_1se,bic")
    report.add_argument("--no-ribbons", action="store_true", help="draw no posterior along the path")
    return parser


def _add_job(command: argparse.ArgumentParser) -> None:
    """What to fit, which all commands share."""
    command.add_argument(
        "source", metavar="SOURCE", help='a named data set such as "diabetes", or a CSV or Parquet file'
    )
    command.add_argument("--target", help="target column (default: the data set's own, or y)")
    command.add_argument(
        "--family", choices=FAMILIES, default="gaussian", help="distribution of the target (default: gaussian)"
    )
    command.add_argument(
        "--prior", choices=PRIORS, default="laplace", help="prior on the coefficients (default: laplace)"
    )
    _add_reading(command)
    size = command.add_mutually_exclusive_group()
    size.add_argument("--scale", type=float, help="the prior's scale: Laplace b or Normal standard deviation s")
    size.add_argument("--strength", type=float, help="the penalty's strength, in the convention --objective")
    command.add_argument(
        "--objective",
        help="convention of strength: half_rss (default, beside gaussian scaled_nll), mse, sklearn.Lasso, glmnet, …",
    )
    command.add_argument(
        "--sigma", help='noise sd: a number, or "learn" to give it a prior (default: estimated once, then held)'
    )
    command.add_argument("--no-standardize", action="store_true", help="let the prior see the columns as they are")
    command.add_argument(
        "--engine", choices=("auto", "exact", "gibbs", "hmc", "nuts"), default="auto", help="posterior engine"
    )
    command.add_argument("--draws", type=int, default=1000, help="posterior draws per chain (default: 1000)")
    command.add_argument("--chains", type=int, default=4, help="chains (default: 4)")
    command.add_argument("--seed", type=int, default=0, help="seed of folds and draws (default: 0)")
    command.add_argument("--no-progress", action="store_true", help="show no progress bar")


def _add_reading(command: argparse.ArgumentParser) -> None:
    """How the file becomes columns, which all commands share."""
    group = command.add_argument_group("reading")
    group.add_argument("--formula", help="what makes target and columns, such as 'y ~ a * b + C(group)'")
    group.add_argument("--drop", action="append", metavar="NAME", help="leave a column out, such as an identifier")
    group.add_argument("--factor", action="append", metavar="NAME", help="read a column of numbers as categories")
    group.add_argument(
        "--categorical",
        choices=("treatment", "sum", "one_hot"),
        default="treatment",
        help="code categories against their first level (default), against the mean of all, or by all levels",
    )
    group.add_argument(
        "--missing", choices=("error", "drop"), default="error", help="what to do with rows that lack a value"
    )
    group.add_argument("--na", action="append", metavar="TEXT", help="a text that stands for a missing value")
    group.add_argument("--separator", help="what separates values in a CSV file (default: a comma; in .tsv a tab)")
    group.add_argument("--decimal", default=".", help="decimal mark (default: .)")
    group.add_argument("--thousands", help="mark between thousands (default: none)")
    group.add_argument("--encoding", default="utf-8", help="encoding of a CSV file (default: utf-8)")
    group.add_argument("--percent", action="store_true", help="read texts such as 12.5%% as numbers, here 0.125")


def _compare(arguments: argparse.Namespace) -> int:
    from bayesreg.analysis.comparison.job import run_job

    job = _job(arguments, quiet=arguments.json)
    result = run_job(job) if arguments.out is None else _run_into(arguments.out, job)
    record = {"dataset": result.dataset, **result.comparison.to_dict()}
    if arguments.json:
        _print_json(record)
    else:
        _print_table(record, arguments.out)
    return 0


def _report(arguments: argparse.Namespace) -> int:
    from bayesreg.analysis.comparison.job import run_job
    from bayesreg.reporting.report import prepare_file, report

    prepare_file(arguments.out)
    rules = None if arguments.select is None else tuple(rule.strip() for rule in arguments.select.split(","))
    result = run_job(_job(arguments), select_by=rules)
    path = report(
        result.comparison,
        arguments.out,
        ribbons=not arguments.no_ribbons,
        select_by=result.selections,
        command=arguments.command,
        random_seed=arguments.seed,
    )
    print(f"written to {path}")
    return 0


def _job(arguments: argparse.Namespace, *, quiet: bool = False) -> "Job":
    from bayesreg.analysis.comparison.job import Job

    return Job(
        source=arguments.source,
        target=arguments.target,
        family=arguments.family,
        prior=arguments.prior,
        scale=arguments.scale,
        strength=arguments.strength,
        objective=arguments.objective,
        sigma=_sigma(arguments.sigma),
        standardize=not arguments.no_standardize,
        engine=arguments.engine,
        draws=arguments.draws,
        chains=arguments.chains,
        seed=arguments.seed,
        progressbar=not arguments.no_progress and sys.stderr.isatty() and not quiet,
        reading=_reading(arguments),
    )


def _reading(arguments: argparse.Namespace) -> "Reading":
    from bayesreg.analysis.comparison.reading import Reading
    from bayesreg.design.files import TableFormat

    if arguments.formula is not None and arguments.target is not None:
        from bayesreg.errors import DataError

        raise DataError("a formula names the target itself; give --formula or --target, not both.")
    form = TableFormat(
        arguments.separator,
        arguments.decimal,
        arguments.thousands,
        arguments.encoding,
        tuple(arguments.na or ()),
        arguments.percent,
        tuple(arguments.drop or ()),
    )
    factors = tuple(arguments.factor or ())
    return Reading(form, factors, arguments.formula, arguments.categorical, arguments.missing)


def _run_into(folder: str, job: "Job") -> "JobResult":
    """Do the job and write its folder, which is tried first; a job that fails leaves no folder behind."""
    from pathlib import Path

    from bayesreg.analysis.comparison.job import run_job
    from bayesreg.reporting.folder import prepare_folder, write_folder

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


def _sigma(text: str | None) -> float | str | None:
    if text is None or text == "learn":
        return text
    try:
        return float(text)
    except ValueError:
        from bayesreg.errors import PriorError

        raise PriorError(f'--sigma must be a number or "learn", got {text!r}.') from None


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


def _show_warning(message: Warning | str, *_: object, **__: object) -> None:
    print(f"bayesreg: warning: {message}", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())

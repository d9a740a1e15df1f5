"""Options that commands share, and what they mean."""

import argparse
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bayesreg.analysis.comparison.job import Job
    from bayesreg.analysis.comparison.reading import Reading

PRIORS = ("laplace", "normal")
# Written out, since the registry that has them loads NumPy.
FAMILIES = ("gaussian", "bernoulli", "poisson", "student_t", "laplace", "gamma", "negative_binomial")


def add_json(command: argparse.ArgumentParser) -> None:
    """An answer for programs."""
    command.add_argument("--json", action="store_true", help="print one JSON object and nothing else")


def add_overwrite(command: argparse.ArgumentParser) -> None:
    """Files that exist are kept unless this is given."""
    command.add_argument("--overwrite", action="store_true", help="replace files that exist")


def add_out_file(command: argparse.ArgumentParser, text: str) -> None:
    """A file to write."""
    command.add_argument("--out", metavar="FILE", help=text)
    add_overwrite(command)


def add_job(command: argparse.ArgumentParser) -> None:
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
    command.add_argument("--weights", metavar="NAME", help="column of weights of the rows")
    command.add_argument("--offset", metavar="NAME", help="column that is added to the linear predictor")
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
    command.add_argument(
        "--bounds",
        action="append",
        metavar="NAME=LOW:HIGH",
        help="bounds of a coefficient, such as ads=0: or price=:0; =0: is for all columns",
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
    group.add_argument("--columns", metavar="NAMES", help="columns to use, with commas between (default: all others)")
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


def job_of(arguments: argparse.Namespace, *, quiet: bool = False) -> "Job":
    """What to fit."""
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
        weights=arguments.weights,
        offset=arguments.offset,
        columns=None if arguments.columns is None else names_of(arguments.columns),
        bounds=_bounds(arguments.bounds),
    )


def _reading(arguments: argparse.Namespace) -> "Reading":
    from bayesreg.analysis.comparison.reading import Reading
    from bayesreg.design.sources.files import TableFormat

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


def _sigma(text: str | None) -> float | str | None:
    if text is None or text == "learn":
        return text
    try:
        return float(text)
    except ValueError:
        from bayesreg.errors import PriorError

        raise PriorError(f'--sigma must be a number or "learn", got {text!r}.') from None


def _bounds(texts: list[str] | None) -> Any:
    """Pairs by column, or one pair for all columns."""
    if texts is None:
        return None
    pairs = dict(_bound(text) for text in texts)
    return pairs[""] if set(pairs) == {""} else pairs


def _bound(text: str) -> tuple[str, tuple[float | None, float | None]]:
    name, _, ends = text.rpartition("=")
    low, colon, high = ends.partition(":")
    try:
        pair = (float(low) if low else None, float(high) if high else None)
    except ValueError:
        colon = ""
    if not colon or "=" not in text:
        from bayesreg.errors import PriorError

        raise PriorError(f"--bounds must be NAME=LOW:HIGH, with either end left out for none, got {text!r}.")
    return name, pair


def names_of(text: str) -> tuple[str, ...]:
    """Names with commas between."""
    return tuple(name.strip() for name in text.split(","))

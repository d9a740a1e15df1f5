"""All that a report tells, computed before a word is written."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from bayesreg.analysis.comparison.compare import Comparison, compare
from bayesreg.analysis.comparison.known_scale import at_known_scale
from bayesreg.analysis.from_tree import coef_intercept_sigma, read_posterior
from bayesreg.analysis.shrinkage.shrinkage import Shrinkage, shrinkage
from bayesreg.analysis.sparsity.sparsity import Sparsity, sparsity
from bayesreg.analysis.strength_draws import draws_at_strengths
from bayesreg.errors import ConvergenceError, ModeError, PriorError, UnsupportedError
from bayesreg.model.regression import Regression
from bayesreg.optimize.path import Path, path
from bayesreg.sampling.engine import sample

if TYPE_CHECKING:
    from xarray import DataTree

    from bayesreg.selection.result import Selections

# Strengths at which the posterior is drawn along a path, and numbers of draws of all beyond which it is not.
RIBBON_STRENGTHS, MOST_NUMBERS = 12, 50_000_000
DRAWS = 4 * 1000


@dataclass(frozen=True)
class Missing:
    """A part that this regression does not have, and why."""

    reason: str


@dataclass(frozen=True, eq=False)
class Findings:
    """What is told of one regression; a part that it cannot have is `Missing`.

    Attributes
    ----------
    reg : Regression
    held : Regression
        The same at known sigma and scale, where its points are compared.
    idata : xarray.DataTree
    comparison, sparsity, shrinkage, path, ribbons
        The tables and the path; `ribbons` are posteriors along it.
    selections : Selections or None
        None if not asked for.
    ci_prob : float
    notes : tuple of str
    """

    reg: Regression
    held: Regression
    idata: "DataTree"
    comparison: Comparison | Missing
    sparsity: Sparsity | Missing
    shrinkage: Shrinkage | Missing
    path: Path | Missing
    ribbons: "DataTree | Missing"
    selections: "Selections | None"
    ci_prob: float
    notes: tuple[str, ...]


def find(
    subject: Regression | Comparison,
    *,
    idata: "DataTree | None",
    objective: str | None,
    ci_prob: float,
    ribbons: bool,
    select_by: "str | Sequence[str] | Selections | None",
    random_seed: int | None,
    sampling: dict[str, Any],
) -> Findings:
    """Compute all parts; see :func:`bayesreg.reporting.report.report`."""
    reg = subject.reg if isinstance(subject, Comparison) else subject
    # First, since it is what a user may have asked for in vain.
    selections = None if select_by is None else _selections(reg, select_by, random_seed)
    both: Comparison | Missing
    notes: tuple[str, ...] = ()
    if isinstance(subject, Comparison):
        idata, both, held = subject.idata, subject, _held_at(reg, subject.sigma)
    else:
        if idata is not None:
            read_posterior(idata, reg)
        else:
            idata = sample(reg, random_seed=random_seed, **sampling)
        point, notes = at_known_scale(reg, idata)
        tree = idata
        both = attempt(lambda: compare(point, tree, objective=objective, ci_prob=ci_prob, notes=notes))
        held = _held_at(
            point, both.sigma if isinstance(both, Comparison) else float(coef_intercept_sigma(idata)[2].mean())
        )
    return Findings(
        reg=reg,
        held=held,
        idata=idata,
        comparison=both,
        sparsity=attempt(lambda: sparsity(idata, reg=reg, ci_prob=ci_prob)),
        shrinkage=attempt(lambda: shrinkage(idata, reg=reg)),
        path=attempt(lambda: path(held)),
        ribbons=attempt(lambda: _ribbons(held, random_seed)) if ribbons else Missing("not asked for"),
        selections=selections,
        ci_prob=ci_prob,
        notes=notes,
    )


def attempt[T](compute: Callable[[], T]) -> T | Missing:
    """A part, or why this regression does not have it; errors in what the user passed are not caught here."""
    try:
        return compute()
    except (UnsupportedError, PriorError, ModeError, ConvergenceError) as error:
        return Missing(str(error))


def _held_at(reg: Regression, sigma: float) -> Regression:
    return reg.with_sigma(sigma) if reg.family.has_sigma and not reg.noise.known else reg


def _ribbons(held: Regression, random_seed: int | None) -> "DataTree":
    if RIBBON_STRENGTHS * DRAWS * held.p > MOST_NUMBERS:
        raise UnsupportedError(f"{held.p} columns are too many to draw the posterior at {RIBBON_STRENGTHS} strengths.")
    if not held.is_gaussian or held.is_horseshoe:
        raise UnsupportedError("posteriors along a path are drawn for the gaussian family and a penalty's prior.")
    strengths = path(held).strengths
    at = np.linspace(0, len(strengths) - 1, RIBBON_STRENGTHS).round().astype(int)
    return draws_at_strengths(held, strengths[at], random_seed=random_seed)


def _selections(reg: Regression, by: "str | Sequence[str] | Selections", random_seed: int | None) -> "Selections":
    from bayesreg.selection.result import Selections
    from bayesreg.selection.select import select

    if isinstance(by, Selections):
        return by
    rules = list(by) if isinstance(by, Iterable) and not isinstance(by, str) else [by]
    return select(reg, rules, random_seed=random_seed)

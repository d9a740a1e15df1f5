"""All that a report states, computed before a word is written."""

import warnings
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from bayesreg.analysis.comparison.compare import Comparison, compare
from bayesreg.analysis.comparison.known_scale import at_known_scale
from bayesreg.analysis.from_tree import coef_intercept_sigma, read_posterior
from bayesreg.analysis.out_of_sample import OutOfSample, out_of_sample
from bayesreg.analysis.shrinkage.shrinkage import Shrinkage, shrinkage
from bayesreg.analysis.sparsity.sparsity import Sparsity, sparsity
from bayesreg.analysis.strength_draws import draws_at_strengths
from bayesreg.errors import ConvergenceError, DataError, ModeError, PriorError, SelectionWarning, UnsupportedError
from bayesreg.model.objective import strengths_at
from bayesreg.model.regression import Regression
from bayesreg.model.strength import strength_of
from bayesreg.optimize.estimate import Estimate
from bayesreg.optimize.least_squares import least_squares_if_any
from bayesreg.optimize.path import Path, path
from bayesreg.optimize.strength_grid import default_strengths
from bayesreg.reporting.effects import Effects, find_effects
from bayesreg.sampling.engine import sample

if TYPE_CHECKING:
    from xarray import DataTree

    from bayesreg.selection.result import Selections

# Strengths at which the posterior is drawn along a path, and numbers of draws of all beyond which it is not.
RIBBON_STRENGTHS, MOST_NUMBERS = 21, 50_000_000
DRAWS = 4 * 1000
# Folds of the cross-validation that takes the place of importance sampling where that is not trusted.
FOLDS = 10


@dataclass(frozen=True)
class Missing:
    """A part that this regression does not have, and why."""

    reason: str


@dataclass(frozen=True, eq=False)
class Findings:
    """What is stated of one regression; a part that it cannot have is `Missing`.

    Attributes
    ----------
    reg : Regression
    held : Regression
        The same at known sigma and scale, where its points are compared.
    idata : xarray.DataTree
    effects : Effects
        All coefficients, by size.
    prediction : OutOfSample
        Of left-out rows.
    cv_r2 : float
        R² of the MAP by cross-validation; only where `prediction` is not trusted.
    comparison, sparsity, shrinkage, path, ribbons
        The tables and the path; `ribbons` are posteriors along it.
    selections : Selections or None
        None if not asked for.
    ci_prob : float
    notes : tuple of str
    random_seed : int or None
    command : str
        What makes the report again, as typed; "" if it is not known.
    """

    reg: Regression
    held: Regression
    idata: "DataTree"
    effects: Effects
    prediction: OutOfSample | Missing
    cv_r2: float | Missing
    comparison: Comparison | Missing
    sparsity: Sparsity | Missing
    shrinkage: Shrinkage | Missing
    path: Path | Missing
    ribbons: "DataTree | Missing"
    selections: "Selections | None"
    ci_prob: float
    notes: tuple[str, ...]
    random_seed: int | None
    command: str


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
    command: str = "",
) -> Findings:
    """Compute all parts; see :func:`bayesreg.reporting.report.report`."""
    reg = subject.reg if isinstance(subject, Comparison) else subject
    # First, so that a rule that cannot be applied is refused at once.
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
    tree = idata
    estimates = both.estimates if isinstance(both, Comparison) else _least_squares(reg)
    prediction = attempt(lambda: out_of_sample(tree, reg=reg))
    return Findings(
        reg=reg,
        held=held,
        idata=idata,
        effects=find_effects(idata, reg, estimates, ci_prob),
        prediction=prediction,
        cv_r2=attempt(lambda: _cross_validated(held, prediction, random_seed)),
        comparison=both,
        sparsity=attempt(lambda: sparsity(idata, reg=reg, ci_prob=ci_prob)),
        shrinkage=attempt(lambda: shrinkage(idata, reg=reg)),
        path=attempt(lambda: _path(held)),
        ribbons=attempt(lambda: _ribbons(held, random_seed)) if ribbons else Missing("not asked for"),
        selections=selections,
        ci_prob=ci_prob,
        notes=notes,
        random_seed=random_seed,
        command=command,
    )


def _least_squares(reg: Regression) -> dict[str, Estimate]:
    unpenalized = least_squares_if_any(reg) if reg.is_gaussian or reg.noise.known else None
    return {} if unpenalized is None else {"ols": unpenalized}


def _cross_validated(held: Regression, prediction: OutOfSample | Missing, random_seed: int | None) -> float:
    """R² of the MAP on left-out folds, 1 − (squared error)/(variance of y); for the gaussian family."""
    if isinstance(prediction, Missing) or prediction.trusted:
        raise UnsupportedError("importance sampling is trusted, or there are no rows.")
    if not held.is_gaussian:
        raise UnsupportedError("the squared error is cross-validated for the gaussian family.")
    from bayesreg.selection.select import select

    with warnings.catch_warnings():
        # Only the error at the present strength is read.
        warnings.simplefilter("ignore", SelectionWarning)
        current = strength_of(held)
        try:
            chosen = select(held, "cv", strengths=[current, 2 * current], folds=FOLDS, random_seed=random_seed)
        except DataError as error:
            raise UnsupportedError(str(error)) from error
    assert chosen.curve is not None
    return 1 - float(chosen.curve.value[-1]) / held.design.sd_y**2


def attempt[T](compute: Callable[[], T]) -> T | Missing:
    """A part, or why this regression does not have it; errors in what the user passed are not caught here."""
    try:
        return compute()
    except (UnsupportedError, PriorError, ModeError, ConvergenceError) as error:
        return Missing(str(error))


def _held_at(reg: Regression, sigma: float) -> Regression:
    return reg.with_sigma(sigma) if reg.family.has_sigma and not reg.noise.known else reg


def _path(held: Regression) -> Path:
    """The path on its default grid, and at the regression's own strength."""
    if held.noise.sigma is None or not held.scale_known:
        return path(held)
    current = strength_of(held)
    grid = default_strengths(held, *strengths_at(held, held.noise.sigma), current)
    return path(held, grid if np.any(np.isclose(grid, current, rtol=1e-9)) else np.append(grid, current))


def _ribbons(held: Regression, random_seed: int | None) -> "DataTree":
    if RIBBON_STRENGTHS * DRAWS * held.p > MOST_NUMBERS:
        raise UnsupportedError(f"{held.p} columns are too many to draw the posterior at {RIBBON_STRENGTHS} strengths.")
    if not held.is_gaussian or not held.prior.has_penalty:
        raise UnsupportedError("posteriors along a path are drawn for the gaussian family and a penalty's prior.")
    strengths = _path(held).strengths
    at = np.linspace(0, len(strengths) - 1, RIBBON_STRENGTHS).round().astype(int)
    at = np.union1d(at, np.argmin(np.abs(np.log(strengths / strength_of(held)))))
    return draws_at_strengths(held, strengths[at], random_seed=random_seed)


def _selections(reg: Regression, by: "str | Sequence[str] | Selections", random_seed: int | None) -> "Selections":
    from bayesreg.selection.result import Selections
    from bayesreg.selection.select import select

    if isinstance(by, Selections):
        return by
    rules = list(by) if isinstance(by, Iterable) and not isinstance(by, str) else [by]
    return select(reg, rules, random_seed=random_seed)

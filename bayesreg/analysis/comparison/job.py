"""The main job from a source to a comparison: read, choose a strength, settle sigma, compare."""

import warnings
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from bayesreg.analysis.comparison.compare import Comparison, compare
from bayesreg.analysis.comparison.reading import Reading, read_frame, reading_notes, regression_of_frame
from bayesreg.design.columns import check_column
from bayesreg.errors import DataError, PriorError, SelectionWarning
from bayesreg.model.regression import Regression
from bayesreg.model.strength import conversion
from bayesreg.priors.base import Prior, Term
from bayesreg.priors.dictionary import to_prior
from bayesreg.priors.laplace import Laplace
from bayesreg.priors.normal import Normal
from bayesreg.priors.objective import canonical_objective
from bayesreg.priors.penalty import L1, L2
from bayesreg.sampling.engine import sample
from bayesreg.selection.cross_validation import SelectedStrength, cross_validate
from bayesreg.selection.result import Selections
from bayesreg.selection.select import read_rules, select
from bayesreg.selection.sigma import estimate_sigma

if TYPE_CHECKING:
    import pandas as pd
    from xarray import DataTree

PRIORS: dict[str, type[Laplace] | type[Normal]] = {"laplace": Laplace, "normal": Normal}
PENALTIES: dict[Term, type[L1] | type[L2]] = {"l1": L1, "l2": L2}
# Cross-validation is repeated with other folds where that is cheap; a choice that moves by this factor is unsettled.
REPEATS, REPEATED_SIZE, UNSTABLE = 4, 20_000, 10.0


@dataclass(frozen=True)
class Job:
    """What to compare.

    Attributes
    ----------
    source : str
        Named data set, or path of a CSV or Parquet file.
    target : str or None
        None: the data set's own, or "y".
    family : {"gaussian", "bernoulli", "poisson"}
    prior : {"laplace", "normal"}
    scale, strength : float or None
        At most one; with neither, the strength is chosen by cross-validation.
    objective : str or None
        Convention of `strength`, and of the strength that is shown.
    sigma : float, "learn" or None
        None: estimated once and then held as known, in the gaussian family; the others have none.
    reading : Reading
        How the source becomes columns.
    weights, offset : str or None
        Columns of the source that hold weights of the rows, and what is added to the linear predictor.
    columns : tuple of str or None
        Columns to use; None: all others.
    bounds : mapping, pair or None
        As a regression takes them.
    """

    source: str
    target: str | None = None
    family: str = "gaussian"
    prior: str = "laplace"
    scale: float | None = None
    strength: float | None = None
    objective: str | None = None
    sigma: float | str | None = None
    standardize: bool = True
    engine: str = "auto"
    draws: int = 1000
    chains: int = 4
    seed: int = 0
    progressbar: bool = False
    reading: Reading = field(default_factory=Reading)
    weights: str | None = None
    offset: str | None = None
    columns: tuple[str, ...] | None = None
    bounds: Any = None


@dataclass(frozen=True, eq=False)
class JobResult:
    """The comparison, the regression with sigma held where its points are compared, and what rules choose."""

    dataset: str
    comparison: Comparison
    held: Regression
    selections: Selections | None = None


def run_job(job: Job, select_by: tuple[str, ...] | None = None) -> JobResult:
    """Do the job; rules of :func:`bayesreg.select` are answered before anything is sampled for the comparison.

    Raises
    ------
    BayesregError
        If the source, or a number, cannot be used.
    """
    rules = None if select_by is None else read_rules(select_by)
    settled = settle_job(job)
    selections = None if rules is None else select(settled.reg, rules, random_seed=job.seed)
    both = compare(settled.reg, objective=job.objective, notes=settled.notes, **_sampling(job))
    both = replace(both, doubts=settled.doubts)
    held = settled.reg.with_sigma(both.sigma) if job.sigma == "learn" else settled.held
    return JobResult(job.source, both, held, selections)


def sample_job(settled: "Settled", job: Job) -> "DataTree":
    """The posterior of a job's regression."""
    return sample(settled.reg, **_sampling(job))


def _sampling(job: Job) -> dict[str, Any]:
    return {
        "engine": job.engine,
        "draws": job.draws,
        "chains": job.chains,
        "random_seed": job.seed,
        "progressbar": job.progressbar,
    }


@dataclass(frozen=True, eq=False)
class Settled:
    """A job's regression with its strength and sigma settled.

    Attributes
    ----------
    reg, held : Regression
        As it is sampled, and with sigma held as known.
    notes : tuple of str
        How strength and sigma were settled, and what its user should know of the columns.
    doubts : tuple of str
        Those of the notes that call for a second look.
    """

    reg: Regression
    held: Regression
    notes: tuple[str, ...]
    doubts: tuple[str, ...]


def settle_job(job: Job, *, settle_strength: bool = True) -> Settled:
    """Read a job's source, and settle strength and sigma, the first only if asked to.

    Raises
    ------
    BayesregError
        If the source, or a number, cannot be used.
    """
    frame, target = read_frame(job.source, job.target, job.reading)
    return settle_frame(frame, target, job, settle_strength=settle_strength)


def settle_frame(frame: "pd.DataFrame", target: str, job: Job, *, settle_strength: bool = True) -> Settled:
    """The same for a table that was read."""
    _check(frame, job)
    unit = 1.0 if job.family == "gaussian" else None
    columns, settings = _chosen_columns(frame, target, job)
    make = partial(
        regression_of_frame, columns, target, job.reading, **settings, standardize=job.standardize, bounds=job.bounds
    )
    bare = make(prior=PRIORS[job.prior](1.0), family=job.family, sigma=unit)
    if bare.design.sd_y == 0:
        raise DataError(
            f'the target "{bare.design.target}" is constant, so there is nothing to explain; choose another.'
        )
    sigma, notes = _settled_sigma(job, bare)
    known = bare.with_sigma(sigma) if bare.family.has_sigma else bare
    how: tuple[str, ...] = ()
    doubts: tuple[str, ...] = ()
    if settle_strength:
        prior, how, doubts = _settled_prior(job, known if unit is None else bare, sigma)
        known = known.with_prior(prior)
    reg = make(prior=known.prior, family=job.family, sigma=None) if job.sigma == "learn" else known
    return Settled(reg, known, (*how, *doubts, *notes, *reading_notes(columns, bare)), doubts)


def _check(frame: "pd.DataFrame", job: Job) -> None:
    if len(frame) == 1:
        raise DataError("at least 2 rows are needed, got 1.")
    if isinstance(job.seed, bool) or job.seed < 0:
        raise PriorError(f"the seed must be 0 or a positive whole number, got {job.seed!r}.")
    if job.prior not in PRIORS:
        raise PriorError(f"the prior must be {' or '.join(PRIORS)}, got {job.prior!r}.")


def _chosen_columns(frame: "pd.DataFrame", target: str, job: Job) -> "tuple[pd.DataFrame, dict[str, Any]]":
    """The columns to use with the target, and weights and offset where columns of the source hold them."""
    given = {"weights": job.weights, "offset": job.offset}
    named = {key: name for key, name in given.items() if name is not None}
    known = [str(one) for one in frame.columns]
    for name in (*named.values(), *(job.columns or ())):
        check_column(known, name, "column")
    settings = {key: frame[name] for key, name in named.items()}
    left = frame.drop(columns=list(named.values()))
    if job.columns is not None and job.reading.formula is None:
        left = left[[*dict.fromkeys(job.columns), *([target] if target not in job.columns else [])]]
    return left, settings


def _settled_sigma(job: Job, bare: Regression) -> tuple[float, tuple[str, ...]]:
    """The sigma with which the strength is converted, and where it comes from."""
    if not bare.family.has_sigma:
        if job.sigma is not None:
            raise PriorError(f"the {bare.family.name} family has no sigma, got sigma = {job.sigma!r}; leave it out.")
        return 1.0, ()
    if isinstance(job.sigma, (int, float)):
        bare.with_sigma(job.sigma)
        return float(job.sigma), ("sigma was given",)
    if not bare.is_gaussian:
        raise PriorError(
            f"the {bare.family.name} family needs its sigma as a number (--sigma NUMBER), since sigma is estimated for "
            f"the gaussian family; got {job.sigma!r}."
        )
    sigma, how = estimate_sigma(bare)
    if job.sigma == "learn":
        return sigma, (f"the prior's scale was settled with sigma = {sigma:.4g}, estimated by {how}",)
    if job.sigma is None:
        return sigma, (f"sigma was estimated once by {how}, and is held as known",)
    raise PriorError(f'sigma must be a number, "learn" or nothing, got {job.sigma!r}.')


def _settled_prior(job: Job, bare: Regression, sigma: float) -> tuple[Prior, tuple[str, ...], tuple[str, ...]]:
    """The prior, from a scale, from a strength, or by cross-validation; how, and what that does not settle."""
    if job.scale is not None and job.strength is not None:
        raise PriorError("give a scale or a strength, not both.")
    if job.scale is not None:
        return bare.prior.with_scale(job.scale), ("the scale was given",), ()
    penalty = PENALTIES[bare.prior.terms[0]]
    if job.strength is not None:
        objective = canonical_objective(bare.family) if job.objective is None else job.objective
        prior = to_prior(penalty(job.strength, objective), **conversion(bare, objective, sigma))
        return prior, (f"the strength was given, in the convention {objective}",), ()
    chosen = _cross_validated(bare, job.seed)
    how = (f"the strength was chosen by {chosen.rule}",)
    return to_prior(penalty(chosen.strength), sigma=sigma), how, _doubts(bare, job.seed, chosen)


def _cross_validated(bare: Regression, seed: int) -> SelectedStrength:
    with warnings.catch_warnings():
        # The rule in words says where the strength is at an end of its grid.
        warnings.simplefilter("ignore", SelectionWarning)
        return cross_validate(bare, random_seed=seed)


def _doubts(bare: Regression, seed: int, chosen: SelectedStrength) -> tuple[str, ...]:
    """What a cross-validated strength does not settle, in words."""
    doubts, strength = [], chosen.strength
    if chosen.at_edge:
        doubts.append("the strength is at an end of the grid that cross-validation tried; a better one may lie beyond")
    if bare.is_gaussian and bare.n * bare.p <= REPEATED_SIZE:
        others = [_cross_validated(bare, seed + k).strength for k in range(1, 1 + REPEATS)]
        low, high = min(strength, *others), max(strength, *others)
        if high >= UNSTABLE * low:
            doubts.append(
                f"the data do not settle the strength: over folds shuffled with seeds {seed} to "
                f"{seed + REPEATS}, cross-validation chooses {low:.3g} to {high:.3g} (half_rss)"
            )
    if bare.p >= bare.n:
        doubts.append(
            f"with {bare.p} columns and {bare.n} rows, intervals under one scale for all coefficients often miss the "
            "large ones, where most are 0: simulated 95% intervals held 24% to 64% of them, under a horseshoe 92% to "
            "95%; to judge single coefficients use br.sample(reg.with_prior(br.Horseshoe()))"
        )
    return tuple(doubts)

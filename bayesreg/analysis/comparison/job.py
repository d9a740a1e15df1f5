"""The main job from a source to a comparison: read, choose a strength, settle sigma, compare."""

import warnings
from dataclasses import dataclass, field, replace
from functools import partial

from bayesreg.analysis.comparison.compare import Comparison, compare
from bayesreg.analysis.comparison.reading import Reading, read_frame, reading_notes, regression_of_frame
from bayesreg.errors import DataError, PriorError, SelectionWarning
from bayesreg.model.regression import Regression
from bayesreg.model.strength import conversion
from bayesreg.priors.base import Prior, Term
from bayesreg.priors.dictionary import to_prior
from bayesreg.priors.laplace import Laplace
from bayesreg.priors.normal import Normal
from bayesreg.priors.objective import canonical_objective
from bayesreg.priors.penalty import L1, L2
from bayesreg.selection.cross_validation import SelectedStrength, cross_validate
from bayesreg.selection.result import Selections
from bayesreg.selection.select import read_rules, select
from bayesreg.selection.sigma import estimate_sigma

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
    frame, target = read_frame(job.source, job.target, job.reading)
    if len(frame) == 1:
        raise DataError("at least 2 rows are needed, got 1.")
    if isinstance(job.seed, bool) or job.seed < 0:
        raise PriorError(f"the seed must be 0 or a positive whole number, got {job.seed!r}.")
    if job.prior not in PRIORS:
        raise PriorError(f"the prior must be {' or '.join(PRIORS)}, got {job.prior!r}.")
    unit = 1.0 if job.family == "gaussian" else None
    make = partial(regression_of_frame, frame, target, job.reading, standardize=job.standardize)
    bare = make(prior=PRIORS[job.prior](1.0), family=job.family, sigma=unit)
    if bare.design.sd_y == 0:
        raise DataError(
            f'the target "{bare.design.target}" is constant, so there is nothing to explain; choose another.'
        )
    sigma, notes = _settled_sigma(job, bare)
    prior, how, doubts = _settled_prior(job, bare, sigma)
    known = (bare.with_sigma(sigma) if bare.family.has_sigma else bare).with_prior(prior)
    reg = make(prior=prior, sigma=None) if job.sigma == "learn" else known
    selections = None if rules is None else select(reg, rules, random_seed=job.seed)
    both = compare(
        reg,
        objective=job.objective,
        notes=(*how, *doubts, *notes, *reading_notes(frame, bare)),
        engine=job.engine,
        draws=job.draws,
        chains=job.chains,
        random_seed=job.seed,
        progressbar=job.progressbar,
    )
    both = replace(both, doubts=doubts)
    return JobResult(job.source, both, reg.with_sigma(both.sigma) if job.sigma == "learn" else known, selections)


def _settled_sigma(job: Job, bare: Regression) -> tuple[float, tuple[str, ...]]:
    """The sigma with which the strength is converted, and where it comes from."""
    if not bare.family.has_sigma:
        if job.sigma is not None:
            raise PriorError(f"the {bare.family.name} family has no sigma, got sigma = {job.sigma!r}; leave it out.")
        return 1.0, ()
    if isinstance(job.sigma, (int, float)):
        bare.with_sigma(job.sigma)
        return float(job.sigma), ("sigma was given",)
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

"""MAP of a family without sufficient statistics, on a table that is read in passes.

Each pass sums the moments of the loss's quadratic model, whose penalized minimum is that of a Gaussian regression from
moments: a proximal Newton method (Lee, Sun & Saunders 2014, doi:10.1137/130921428).
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from bayesreg.design.design import design_of_moments
from bayesreg.design.sources.one_pass import open_table
from bayesreg.errors import ConvergenceError, DataError, UnsupportedError
from bayesreg.families.base import Family
from bayesreg.families.registry import find_family
from bayesreg.model.arguments import check_prior, read_flag
from bayesreg.model.intercept import read_intercept
from bayesreg.model.objective import strengths_at
from bayesreg.model.passes import Sums, Table, first_pass
from bayesreg.model.regression import Regression
from bayesreg.optimize.certificate import Certificate
from bayesreg.optimize.cures import SEPARATED
from bayesreg.optimize.estimate import Estimate
from bayesreg.optimize.map_estimate import map_estimate
from bayesreg.optimize.row_certificate import SHARES, penalty_gap, violations
from bayesreg.priors.base import Prior

MOST_PASSES = 50
# The first one, and those of the certificate.
FURTHER_PASSES = 4
# Largest violation of the conditions that ends the passes, as a share of the strength, or of what rounding leaves of it
# where that is a smaller share than this of the gradient at the start.
TOLERANCE, SMALL_SHARE = 1e-10, 1e-3
EPS = float(np.finfo(float).eps)
# Steps that are tried at once, as shares of the whole one.
STEPS = 0.5 ** np.arange(8)


@dataclass(frozen=True, eq=False)
class PassesEstimate:
    """A MAP estimate of a table that was read in passes.

    Attributes
    ----------
    estimate : Estimate
        As of a regression with the rows in memory; its certificate comes from two passes of its own.
    approximation : Regression
        The Gaussian regression, on standardized columns, whose loss is the quadratic model of the loss at the estimate.
    passes : int
        How often the table was read.
    table : Table

    See Also
    --------
    map_in_passes : Makes it.
    sample_in_passes : Posterior draws.
    """

    estimate: Estimate
    approximation: Regression
    passes: int
    table: Table

    def __repr__(self) -> str:
        return f"PassesEstimate({self.estimate!r}, {self.passes} passes)"


def map_in_passes(
    source: Any,
    target: str | None = None,
    *,
    prior: Prior,
    family: str | Family,
    standardize: bool = True,
    client: Any = None,
    **reading: Any,
) -> PassesEstimate:
    """Certified MAP estimate of a Bernoulli or Poisson regression on a table larger than memory, or on many machines.

    About ten passes over the table, each of which costs little more than :func:`moments`, and keeps p² numbers.

    Parameters
    ----------
    source, target, client
        As for :func:`moments`; what can be read only once is refused.
    prior : Prior
        Laplace, Normal or elastic net with a known, finite scale for every column; the intercept has a flat prior.
    family : {"bernoulli", "poisson"} or Family
        One that has no sigma, and a convex smooth loss.
    standardize : bool
        As for :class:`Regression`.
    **reading
        `columns`, `formula`, `weights`, `categorical`, `missing`, `drop` as for :func:`moments`; files as pandas
        reads them by default.

    Returns
    -------
    PassesEstimate

    Raises
    ------
    DataError
        If the source or its columns cannot be used.
    UnsupportedError
        For another family or prior.
    ConvergenceError
        If the passes do not settle.

    See Also
    --------
    moments : All that a Gaussian regression needs, in one pass.
    sample_in_passes : Posterior draws.

    Examples
    --------
    >>> import bayesreg as br
    >>> import numpy as np
    >>> frame, target = br.load_dataset("diabetes")
    >>> frame["high"] = (frame[target] > 200).astype(float)
    >>> batches = [frame[:200], frame[200:]]
    >>> inputs = {"prior": br.Laplace(0.3), "family": "bernoulli"}
    >>> far = br.map_in_passes(batches, "high", drop=[target], **inputs)
    >>> near = br.map_estimate(br.Regression(frame.drop(columns=[target, "high"]), frame["high"], **inputs))
    >>> np.allclose(far.estimate.coef, near.coef, rtol=1e-6), far.estimate.certificate.kkt < 1e-9
    (True, True)
    """
    likelihood = find_family(family)
    if likelihood.has_sigma or not (likelihood.convex and likelihood.smooth):
        raise UnsupportedError(
            f"the {likelihood.name} family is not estimated in passes; a Gaussian one is from br.moments, others need "
            "their rows in memory: br.Regression."
        )
    prior.require_penalty()
    prior.require_separable("a MAP in passes")
    opened, recipe = open_table(source, target, client=client, **reading)
    if not opened.again:
        raise DataError("the table is read several times, and an iterator only once; give files, a frame or a list.")
    first = first_pass(opened, recipe, likelihood)
    design = design_of_moments(first["moments"], center=True, standardize=read_flag(standardize, "standardize"))
    check_prior(prior, design, read_intercept(True, center=True, family=likelihood))
    if not prior.coordinates(design.names).is_plain:
        raise UnsupportedError(f"in passes coefficients are independent with mean 0, got {prior!r}; use br.Regression.")
    if np.any(prior.is_flat(design.names)):
        raise UnsupportedError("in passes every column needs a finite scale, for example br.Normal(100.0).")
    table = Table(opened, recipe, likelihood, design.standardization)
    start = np.append(np.zeros(design.p), likelihood.start(first["moments"].mean_y))
    theta, regression, passes = _minimize(table, prior, start)
    certificate = _certificate(table, theta, *_strengths(regression))
    coef = design.standardization.coef(theta[:-1])
    estimate = Estimate(
        names=design.names,
        beta=theta[:-1],
        coef=coef,
        intercept=float(design.standardization.intercept(theta[-1], coef)),
        sigma=1.0,
        objective=certificate.primal,
        certificate=certificate,
        mode="beta given sigma",
        method="proximal Newton in passes",
        family=likelihood,
        has_offset=first["offsets"] > 0,
        formula=recipe.spec,
    )
    return PassesEstimate(estimate, regression, passes + FURTHER_PASSES, table)


def _strengths(regression: Regression) -> tuple[np.ndarray, np.ndarray]:
    """λ and κ of θ, with 0 for the intercept."""
    l1, l2 = strengths_at(regression, 1.0)
    p = regression.p
    return np.append(l1[:p], 0.0), np.append(l2[:p], 0.0)


def _minimize(table: Table, prior: Prior, theta: np.ndarray) -> tuple[np.ndarray, Regression, int]:
    """The point, the quadratic model there, and the number of passes."""
    none, unit = np.empty((0, len(theta))), 0.0
    here, passes = table.quadratic(theta, none), 1
    while passes < MOST_PASSES:
        model = Regression.from_moments(here["moments"], prior=prior, sigma=1.0, standardize=False)
        l1, l2 = _strengths(model)
        gradient = _gradient(model, theta)
        # Of the start, where only the intercept is not 0.
        unit = unit or float(np.max(np.abs(gradient)))
        violation = float(np.max(violations(theta, -gradient, l1, l2) / np.maximum(l1, SMALL_SHARE * unit)))
        if violation <= TOLERANCE:
            return theta, model, passes
        minimum = map_estimate(model)
        points = theta + STEPS[:, None] * (np.append(minimum.beta, minimum.intercept) - theta)
        # At full length the minimum itself, so that its zeros stay exact.
        points[0] = np.append(minimum.beta, minimum.intercept)
        before = here["losses"][0] + _penalties(theta[None], l1, l2)[0]
        there, passes = table.quadratic(points[0], points[1:]), passes + 1
        after = there["losses"] + _penalties(points, l1, l2)
        whole = after[0] <= before + 50 * EPS * abs(before)
        best = 0 if whole else int(np.argmin(after))
        if not whole and after[best] >= before:
            break
        theta = points[best]
        here, passes = (there, passes) if whole else (table.quadratic(theta, none), passes + 1)
    raise ConvergenceError(SEPARATED)


def _penalties(points: np.ndarray, l1: np.ndarray, l2: np.ndarray) -> np.ndarray:
    return np.asarray(np.abs(points) @ l1 + 0.5 * points**2 @ l2)


def _gradient(model: Regression, theta: np.ndarray) -> np.ndarray:
    """Gradient of the loss at the point of its quadratic model, shape (p + 1,)."""
    moments = model.design.moments
    beta, intercept = theta[:-1], theta[-1]
    residual = moments.weight * (moments.mean_y - moments.mean_x @ beta - intercept)
    return np.append(moments.gram @ beta - moments.cross - residual * moments.mean_x, -residual)


def _certificate(table: Table, theta: np.ndarray, l1: np.ndarray, l2: np.ndarray) -> Certificate:
    """KKT residual and duality gap, by sums over the rows that the solver does not use.

    The dual point is minus the slopes less their mean, which makes it orthogonal to the intercept.
    """
    sums: Sums = table.score(theta)
    gradient, sizes = sums["gradient"], sums["sizes"]
    violation = violations(theta, -gradient, l1, l2)
    unit = np.where(l1 > 0, l1, float(np.max(np.abs(table.score(np.zeros_like(theta))["gradient"]))) or 1.0)
    shift = -gradient[-1] / sizes[-1]
    score = -gradient - shift * sizes
    score[-1] = 0.0
    shares = np.array([*SHARES, 0.0])
    pairs = [penalty_gap(theta[None], share * score[None], l1[None], l2[None]) for share in shares]
    shrinks = shares * np.array([shrink[0] for shrink, _ in pairs])
    gaps = table.gaps(theta, shift, shrinks) + np.array([float(pair[0]) for _, pair in pairs])
    primal = float(sums["loss"] + _penalties(theta[None], l1, l2)[0])
    # A sum of terms that are not negative, but for rounding.
    gap = max(0.0, float(np.min(gaps[np.isfinite(gaps)])))
    return Certificate(
        kkt=float(np.max(violation / unit)),
        gap=gap / abs(primal) if gap > 0 else 0.0,
        kkt_absolute=float(np.max(violation)),
        gap_absolute=gap,
        primal=primal,
        sigma=1.0,
    )

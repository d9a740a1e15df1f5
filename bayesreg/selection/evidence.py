"""The marginal likelihood of the strength: in closed form for a Normal prior, by path sampling for a Laplace prior."""

import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from bayesreg.errors import ConvergenceError, PriorError, SamplerWarning
from bayesreg.priors.prior import Laplace, Normal
from bayesreg.sampling.convergence import ess_bulk, rhat_rank
from bayesreg.sampling.engine import draw_posterior
from bayesreg.sampling.exact.posterior import log_evidence
from bayesreg.selection.axis import Axis
from bayesreg.selection.choice import Choice, Curve, edge_note
from bayesreg.selection.prior_knowledge import column_squares

# Points of a grid where each one costs a decomposition, or a posterior.
EXACT_POINTS, SAMPLED_POINTS = 31, 25
# The grid of sampled evidence reaches from three times the strength of all zeros down to this share of it.
STRONGEST, WEAKEST = 3.0, 1e-4
# The integral starts where the prior alone moves the log evidence by less than this.
NEGLIGIBLE = 0.01
# It ends where the log evidence is this far below its best.
FALL = 20.0
# A peak counts if it is this many standard errors above the strong end of the grid.
CERTAIN = 3.0
STEPS, LARGEST_STEP, LARGEST_RHAT = 12, 1.0, 1.01


def choose_by_evidence(axis: Axis, sampling: dict[str, Any]) -> Choice:
    """The strength of the largest marginal likelihood p(y | strength) (type-II maximum likelihood)."""
    axis.require_gaussian("evidence")
    axis.require_prior("evidence", Normal, Laplace)
    return _exact(axis) if isinstance(axis.reg.prior, Normal) else _sampled(axis, sampling)


def _exact(axis: Axis) -> Choice:
    from scipy.optimize import minimize_scalar

    grid = axis.given
    if grid is None:
        grid = np.geomspace(axis.strengths[0], axis.strengths[-1], EXACT_POINTS)
    value = np.array([log_evidence(axis.at(float(strength))) for strength in grid])
    curve = Curve(grid, value, "log", "log evidence")
    best, strength, top = curve.best, float(grid[curve.best]), float(value.max())
    if 0 < best < len(grid) - 1:
        ends = (float(np.log(grid[best + 1])), float(np.log(grid[best - 1])))
        found = minimize_scalar(
            lambda log_strength: -log_evidence(axis.at(float(np.exp(log_strength)))),
            bounds=ends,
            method="bounded",
            options={"xatol": 1e-7},
        )
        strength, top = float(np.exp(found.x)), -float(found.fun)
    told = f"largest marginal likelihood, exact: log p(y) = {top:.6g}{edge_note(curve, best)}"
    return Choice("evidence", strength, told, curve, details={"log_evidence": top})


@dataclass(frozen=True, eq=False)
class Score:
    """Derivative of log p(y | λ) in log λ at one strength, and the next one.

    With S = Σ_j |β_j|/b_j over the p columns that have a Laplace prior, they are p − E[S] and
    Var[S] − E[S], expectations being those of the posterior.
    """

    strength: float
    slope: float
    curvature: float
    error: float
    mean: float
    rhat: float


def score(axis: Axis, strength: float, sampling: dict[str, Any]) -> Score:
    """Sample the posterior at one strength."""
    reg = axis.at(strength)
    with warnings.catch_warnings():
        # The error of each score is reported, and its R̂ judged below.
        warnings.simplefilter("ignore", SamplerWarning)
        draws = draw_posterior(reg, **sampling).draws
    scale = reg.scales.laplace
    total = np.sum(np.abs(draws.beta) / scale, axis=-1)
    if reg.prior.scaled_by_sigma:
        total = total / draws.sigma
    mean, variance = float(total.mean()), float(total.var())
    effective = float(ess_bulk(total[None])[0])
    if not np.isfinite(effective):
        raise ConvergenceError(f"the sampler stood still at strength {strength:.4g}; give more draws.")
    count = int(np.sum(np.isfinite(scale)))
    rhat = float(rhat_rank(total[None])[0]) if total.shape[0] > 1 else np.nan
    return Score(strength, count - mean, variance - mean, (variance / effective) ** 0.5, mean, rhat)


def _sampled(axis: Axis, sampling: dict[str, Any]) -> Choice:
    if not np.any(np.isfinite(axis.reg.scales.laplace)):
        raise PriorError("no column has a prior, so there is no strength to choose.")
    plans = _plans(sampling)
    curve, scores = path_sampling(axis, plans)
    best = curve.best
    _warn_unmixed(scores)
    details = {"log_evidence": float(curve.value[best])}
    assert curve.error is not None
    if curve.value[best] - curve.value[0] <= CERTAIN * curve.error[best]:
        # Towards an infinite strength the curve levels off, so a peak within its own error is none.
        best = 0
    if best in (0, len(curve.strengths) - 1):
        told = f"largest marginal likelihood by path sampling{edge_note(curve, best)}"
        return Choice("evidence", float(curve.strengths[best]), told, curve, details=details)
    top = maximize(axis, float(curve.strengths[best]), plans)
    # The last step is taken from draws of its own, whose error is therefore the answer's.
    strength, error = top.strength * np.exp(-top.slope / top.curvature), top.error / abs(top.curvature)
    told = (
        f"largest marginal likelihood by Monte Carlo EM (error of log strength {error:.2g}); curve by path sampling "
        f"(log p(y) = {details['log_evidence']:.6g} ± {curve.error[best]:.2g})"
    )
    return Choice("evidence", float(strength), told, curve, mc_error=float(error), details=details)


def path_sampling(axis: Axis, plans: Iterator[dict[str, Any]]) -> tuple[Curve, list[Score]]:
    r"""Log p(y | λ) along the strengths, anchored where the prior is a spike at 0.

    The thermodynamic identity d log p(y | λ)/d log λ = p − E[Σ_j |β_j|/b_j] (Gelman & Meng 1998,
    doi:10.1214/ss/1028905934) is integrated in log λ by the Hermite rule, whose second derivatives
    come from the same draws.

    Returns
    -------
    Curve
        With the Monte Carlo standard error of the value at each strength.
    list of Score
    """
    grid = _grid(axis)
    lead = _lead(axis, float(grid[0]))
    scores: list[Score] = []
    value: list[float] = []
    for strength in np.concatenate([lead, grid]):
        scores.append(score(axis, float(strength), next(plans)))
        value.append(value[-1] + _piece(*scores[-2:]) if value else _anchor(axis, scores[0].strength))
        # Where the evidence has fallen for good, weaker strengths cost the most and tell nothing.
        if axis.given is None and value[-1] < max(value) - FALL and scores[-1].slope > 0:
            break
    width = np.diff(np.log([point.strength for point in scores]))
    error = _integral_errors(width, np.array([point.error for point in scores]))
    own = slice(len(lead), None)
    return Curve(grid[: len(scores) - len(lead)], np.array(value)[own], "log", "log evidence", error[own]), scores


def _piece(strong: Score, weak: Score) -> float:
    """Integral of the slope from one strength to the next: the Hermite rule."""
    width = float(np.log(weak.strength / strong.strength))
    return width / 2 * (strong.slope + weak.slope) + width**2 / 12 * (strong.curvature - weak.curvature)


def _anchor(axis: Axis, strength: float) -> float:
    return log_evidence_of_zero(axis) + _first_order(axis, strength)


def _integral_errors(width: np.ndarray, error: np.ndarray) -> np.ndarray:
    """Standard error of each partial trapezoidal sum, the scores being independent."""
    found = np.zeros(len(error))
    for k in range(1, len(error)):
        weight = np.zeros(k + 1)
        weight[:-1] += width[:k] / 2
        weight[1:] += width[:k] / 2
        found[k] = np.sqrt(np.sum((weight * error[: k + 1]) ** 2))
    return found


def maximize(axis: Axis, strength: float, plans: Iterator[dict[str, Any]]) -> Score:
    """Climb log p(y | λ) from a strength until the slope is within its own Monte Carlo error.

    Where the curve is concave each step is Newton's; elsewhere it is that of EM, λ ← λ·p/E[S] (Park &
    Casella 2008, doi:10.1198/016214508000000337, with the mixing variances integrated out).

    Raises
    ------
    ConvergenceError
        If the slope does not vanish, as where the likelihood is largest at an infinite strength.
    """
    for _ in range(STEPS):
        here = score(axis, strength, next(plans))
        if here.curvature < 0 and abs(here.slope) <= 2 * here.error:
            return score(axis, strength * float(np.exp(-here.slope / here.curvature)), next(plans))
        step = -here.slope / here.curvature if here.curvature < 0 else np.log1p(here.slope / here.mean)
        strength *= float(np.exp(np.clip(step, -LARGEST_STEP, LARGEST_STEP)))
    raise ConvergenceError(
        f"the marginal likelihood found no maximum in {STEPS} steps (now at strength {strength:.4g}, slope "
        f"{here.slope:.2g} ± {here.error:.2g}); give more draws."
    )


def _plans(sampling: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The sampling options with a new seed for each posterior."""
    root = np.random.SeedSequence(sampling.get("random_seed"))
    while True:
        yield {**sampling, "random_seed": int(root.spawn(1)[0].generate_state(1)[0])}


def _grid(axis: Axis) -> np.ndarray:
    if axis.given is not None:
        return axis.given
    top = axis.strengths[0]
    return np.geomspace(STRONGEST * top, WEAKEST * top, SAMPLED_POINTS)


def _lead(axis: Axis, strongest: float) -> np.ndarray:
    """Strengths above the grid, up to where the integral may start."""
    found: list[float] = []
    while abs(_first_order(axis, found[0] if found else strongest)) > NEGLIGIBLE:
        found.insert(0, 2 * (found[0] if found else strongest))
    return np.array(found)


def _first_order(axis: Axis, strength: float) -> float:
    """Log p(y | λ) − log p(y | β = 0) ≈ Σ b_j²(g_j² − h_j), g and h being slope and curvature of log p at β = 0."""
    at = axis.held_at(strength).scales.at(axis.sigma)
    scale = np.where(np.isfinite(at.laplace), at.laplace, 0.0)
    slope = axis.held.loss.cross[: axis.reg.p] / axis.sigma**2
    return float(np.sum(scale**2 * (slope**2 - column_squares(axis) / axis.sigma**2)))


def log_evidence_of_zero(axis: Axis) -> float:
    """Log p(y) with every coefficient that has a prior at exactly 0."""
    squares = column_squares(axis)
    # So narrow that nothing of the data is explained, and exact in the limit.
    spike = 1e-8 * axis.sigma / np.sqrt(np.where(squares > 0, squares, 1.0))
    flat = np.isinf(axis.reg.scales.laplace)
    return log_evidence(axis.reg.with_prior(Normal(np.where(flat, np.inf, spike))))


def _warn_unmixed(scores: list[Score]) -> None:
    worst = max(scores, key=lambda point: point.rhat if np.isfinite(point.rhat) else -np.inf)
    if worst.rhat >= LARGEST_RHAT:
        warnings.warn(
            f"the evidence's chains have not mixed at strength {worst.strength:.4g} (R̂ = {worst.rhat:.3f}); "
            "give more draws.",
            SamplerWarning,
            stacklevel=5,
        )

"""The marginal likelihood of the strength: in closed form for a Normal prior, by path sampling for a Laplace prior."""

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from bayesreg.errors import ConvergenceError, PriorError, SamplerWarning
from bayesreg.sampling.exact.posterior import exact_posterior
from bayesreg.selection.axis import Axis
from bayesreg.selection.choice import Choice, Curve, edge_note
from bayesreg.selection.path_sampling import Score, path_sampling, scorer, size_of_scales

# Points of a grid where each one costs a decomposition.
EXACT_POINTS = 31
# A peak counts if it is this many standard errors above the strong end of the grid, where that is level.
CERTAIN, LEVEL = 3.0, 1.0
STEPS, LARGEST_STEP, LARGEST_RHAT = 12, 1.0, 1.01


def choose_by_evidence(axis: Axis, sampling: dict[str, Any]) -> Choice:
    """The strength of the largest marginal likelihood p(y | strength) (type-II maximum likelihood)."""
    axis.require_gaussian("evidence")
    axis.require_terms("evidence", "l2", "l1")
    return _exact(axis) if axis.reg.prior.is_conjugate else _sampled(axis, sampling)


def _exact(axis: Axis) -> Choice:
    from scipy.optimize import minimize_scalar

    grid = axis.given
    if grid is None:
        grid = np.geomspace(axis.strengths[0], axis.strengths[-1], axis.points(EXACT_POINTS))
    value = np.array([exact_posterior(axis.at(float(strength))).log_evidence for strength in grid])
    curve = Curve(grid, value, "log", "log evidence")
    best, strength, top = curve.best, float(grid[curve.best]), float(value.max())
    if 0 < best < len(grid) - 1:
        ends = (float(np.log(grid[best + 1])), float(np.log(grid[best - 1])))
        optimum = minimize_scalar(
            lambda log_strength: -exact_posterior(axis.at(float(np.exp(log_strength)))).log_evidence,
            bounds=ends,
            method="bounded",
            options={"xatol": 1e-7},
        )
        strength, top = float(np.exp(optimum.x)), -float(optimum.fun)
    reason = f"largest marginal likelihood, exact: log p(y) = {top:.6g}{edge_note(curve, best)}"
    return Choice("evidence", strength, reason, curve, details={"log_evidence": top})


def _sampled(axis: Axis, sampling: dict[str, Any]) -> Choice:
    if not np.any(np.isfinite(axis.reg.scales.laplace)):
        raise PriorError("no column has a prior, so there is no strength to choose.")
    at = scorer(axis, sampling)
    curve, scores = path_sampling(axis, at)
    best = curve.best
    _warn_unmixed(scores)
    details = {"log_evidence": float(curve.value[best])}
    assert curve.error is not None
    level = size_of_scales(axis, float(curve.strengths[0])) < LEVEL
    if level and curve.value[best] - curve.value[0] <= CERTAIN * curve.error[best]:
        # Towards an infinite strength the curve levels off, so a peak within its own error is none.
        best = 0
    if best in (0, len(curve.strengths) - 1):
        reason = f"largest marginal likelihood by path sampling{edge_note(curve, best)}"
        return Choice("evidence", float(curve.strengths[best]), reason, curve, details=details)
    top = maximize(float(curve.strengths[best]), at)
    # The last step is taken from draws of its own, whose error is therefore the answer's.
    strength, error = top.strength * np.exp(-top.slope / top.curvature), top.error / abs(top.curvature)
    reason = (
        f"largest marginal likelihood by Monte Carlo EM (error of log strength {error:.2g}); curve by path sampling "
        f"(log p(y) = {details['log_evidence']:.6g} ± {curve.error[best]:.2g})"
    )
    return Choice("evidence", float(strength), reason, curve, mc_error=float(error), details=details)


def maximize(strength: float, at: Callable[[float], Score]) -> Score:
    """Climb log p(y | λ) from a strength until the slope is within its own Monte Carlo error.

    Where the curve is concave each step is Newton's; elsewhere it is that of EM, λ ← λ·p/E[S] (Park &
    Casella 2008, doi:10.1198/016214508000000337, with the mixing variances integrated out).

    Raises
    ------
    ConvergenceError
        If the slope does not vanish, as where the likelihood is largest at an infinite strength.
    """
    for _ in range(STEPS):
        here = at(strength)
        if here.curvature < 0 and abs(here.slope) <= 2 * here.error:
            return at(strength * float(np.exp(-here.slope / here.curvature)))
        step = -here.slope / here.curvature if here.curvature < 0 else np.log1p(here.slope / here.mean)
        strength *= float(np.exp(np.clip(step, -LARGEST_STEP, LARGEST_STEP)))
    raise ConvergenceError(
        f"the marginal likelihood found no maximum in {STEPS} steps (now at strength {strength:.4g}, slope "
        f"{here.slope:.2g} ± {here.error:.2g}); give more draws."
    )


def _warn_unmixed(scores: list[Score]) -> None:
    worst = max(scores, key=lambda point: point.rhat if np.isfinite(point.rhat) else -np.inf)
    if worst.rhat >= LARGEST_RHAT:
        warnings.warn(
            f"the evidence's chains have not mixed at strength {worst.strength:.4g} (R̂ = {worst.rhat:.3f}); "
            "give more draws.",
            SamplerWarning,
            stacklevel=5,
        )

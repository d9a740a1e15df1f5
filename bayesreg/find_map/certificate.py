"""Judgement of a point as the mode of a PyMC model's density: of first and second order.

It starts from the compiled density alone; what the solver believed of its point plays no part.
"""

from dataclasses import dataclass

import numpy as np

from bayesreg.errors import ConvergenceError, ModeError
from bayesreg.find_map.conditions import Conditions, conditions_at
from bayesreg.find_map.density import SplitDensity
from bayesreg.find_map.newton import EPS, Descent, End
from bayesreg.find_map.refusals import names_along, no_answer, no_curvature, runaway

# Length of a step, in standard deviations or Laplace scales, by which other kinks are looked for; what counts as one.
PROBE, KINK = 1e-7, 0.01


@dataclass(frozen=True, eq=False)
class ModeCertificate:
    """How well a point satisfies the conditions of a mode.

    Attributes
    ----------
    log_density : float
    kkt : float
        Largest violation of the first-order conditions. Laplace variables: in units of their 1/b_j, the distance of
        the smooth slope from ±1/b_j away from the location, and from [−1/b_j, 1/b_j] at it. Other variables: the
        slope in units of 1/(conditional standard deviation).
    kkt_allowed : float
        What was allowed where `kkt` was found: 1e-9, unless rounding of the density's terms is coarser.
    gradient_norm : float
        Largest element of the subgradient of least size.
    newton_step : float
        Largest element of the Newton step that is left, in the coordinates of the search.
    curvature : float
        Smallest eigenvalue of the Hessian of −log density over all that is not at a kink, its diagonal scaled to 1;
        1 if everything is at a kink.
    """

    log_density: float
    kkt: float
    kkt_allowed: float
    gradient_norm: float
    newton_step: float
    curvature: float


def certify_mode(density: SplitDensity, descent: Descent) -> ModeCertificate:
    """Judge the end of a descent.

    Raises
    ------
    ModeError
        If the density has no mode there: it rises towards the end of a variable's range, or is flat.
    ConvergenceError
        If the point is not a mode for another reason.
    """
    if descent.end in (End.RUNAWAY, End.UNBOUNDED):
        raise ModeError(runaway(density, descent.local))
    seen = conditions_at(density, descent.local.v)
    if not (descent.end is End.SETTLED and seen.first_order and seen.at_rest):
        raise no_answer(density, descent, seen)
    threshold = 100 * EPS * max(1, int(np.count_nonzero(seen.flattest)))
    if abs(seen.curvature) <= threshold:
        raise no_curvature(density, seen)
    if seen.curvature < 0:
        raise ConvergenceError(
            f"the search ended at a saddle point (scaled curvature {seen.curvature:.1e} along "
            f"{names_along(density, seen.flattest)}); give another start={{name: value}}."
        )
    _check_kinks(density, seen)
    return _certificate(seen)


def _certificate(seen: Conditions) -> ModeCertificate:
    local = seen.local
    share = np.where(local.l1 > 0, local.l1, np.divide(1.0, seen.unit, out=np.ones(len(local.v)), where=seen.unit > 0))
    relative = seen.violation / share
    worst = int(np.argmax(relative))
    return ModeCertificate(
        log_density=-local.value,
        kkt=float(relative[worst]),
        kkt_allowed=float(seen.allowed[worst] / share[worst]),
        gradient_norm=float(np.max(seen.violation)),
        newton_step=float(np.max(np.abs(seen.step))),
        curvature=seen.curvature,
    )


def _check_kinks(density: SplitDensity, seen: Conditions) -> None:
    """At a kink that is not a Laplace variable's, derivatives may be 0 without a mode: so look to both sides of it."""
    local = seen.local
    length = np.where(seen.unit > 0, seen.unit, 1 / np.where(local.l1 > 0, local.l1, 1.0))
    tolerance = max(KINK * PROBE, 1e-13 * (1 + abs(local.value)))
    sides = np.where(np.random.default_rng(0).random(len(local.v)) < 0.5, -1.0, 1.0)
    for side in (sides, -sides):
        step = PROBE * length * side
        # From a bound one can only go inside, and not far where its slope is all but 0.
        inside = np.minimum(np.abs(step), PROBE)
        step = np.where(density.bounded & (local.v < np.abs(step)), inside, step)
        kinks = float(local.l1 @ (np.abs(local.v + step) - np.abs(local.v)))
        expected = float(local.slope @ step + 0.5 * step @ density.product(local.v, step)) + kinks
        if tolerance < PROBE and abs(density.at(local.v + step).value - local.value - expected) > tolerance:
            raise ConvergenceError(
                "the log density has another kink than those of its Laplace variables at the point that was found, so "
                "that its derivatives do not tell whether that is a mode; write it without abs(), max() or the like."
            )

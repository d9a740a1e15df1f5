"""Judgement of a point as the mode of a PyMC model's density: of first and second order, and at the ends of scales.

It starts from the compiled density alone; what the solver believed of its point plays no part.
"""

from dataclasses import dataclass

import numpy as np
from scipy import linalg

from bayesreg.errors import ConvergenceError, ModeError
from bayesreg.optimize.pymc.density import Local, SplitDensity
from bayesreg.optimize.pymc.newton import EPS, Descent, End, descend, scaled_hessian
from bayesreg.optimize.pymc.refusals import FAR, names_along, no_answer, no_curvature, runaway, unbounded

# Violations are allowed up to this share of a kink or of a standard deviation, and where rounding does not
# allow that, up to `ROUNDING` times what it does, as long as that is below `COARSEST` standard deviations.
TOLERANCE, ROUNDING, COARSEST = 1e-9, 100.0, 1e-5
# The remaining Newton step, relative to the values (absolute for transformed ones), or in standard deviations.
STEP, SMALL_STEP = 1e-6, 1e-9
# Length of a step, in standard deviations or Laplace scales, by which other kinks are looked for; what counts as one.
PROBE, KINK = 1e-7, 0.01
# The ends of at most so many scales are looked at; a density rises without bound where its slope stays above this.
ENDS, RISING = 20, 0.25


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
    unbounded_checked : tuple of str
        Scales at whose lower end the density was seen to fall.
    """

    log_density: float
    kkt: float
    kkt_allowed: float
    gradient_norm: float
    newton_step: float
    curvature: float
    unbounded_checked: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Conditions:
    """What the certificate sees at a point, elementwise where the shape is (N,)."""

    local: Local
    violation: np.ndarray
    allowed: np.ndarray
    unit: np.ndarray
    step: np.ndarray
    step_allowed: np.ndarray
    curvature: float
    flattest: np.ndarray
    straight: np.ndarray

    @property
    def first_order(self) -> bool:
        """Whether no slope is left but for rounding."""
        return bool(np.all(self.violation <= self.allowed))

    @property
    def at_rest(self) -> bool:
        """Whether a Newton step would change nothing but for rounding."""
        return bool(np.all(np.abs(self.step) <= self.step_allowed))


def certify_mode(density: SplitDensity, descent: Descent, *, check_unbounded: bool = True) -> ModeCertificate:
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
    seen = _conditions(density, descent.local.v)
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
    return _certificate(seen, _check_ends(density, seen) if check_unbounded else ())


def _conditions(density: SplitDensity, v: np.ndarray) -> Conditions:
    local = density.at(v)
    support = np.flatnonzero((v != 0) | (local.l1 == 0))
    violation = np.abs(local.subgradient)
    unit, step, flattest = np.zeros(len(v)), np.zeros(len(v)), np.zeros(len(v))
    rounding, straight, curvature = np.zeros(len(v)), np.zeros(len(v), dtype=bool), 1.0
    if len(support):
        hessian = density.curvature(v, support)
        matrix, unit[support] = scaled_hessian(hessian, np.zeros(len(support)))
        straight[support] = np.diag(hessian) == 0
        values, vectors = linalg.eigh(matrix, subset_by_index=[0, 0])
        curvature, flattest[support] = float(values[0]), vectors[:, 0]
        solution = linalg.lstsq(matrix, local.subgradient[support] * unit[support], lapack_driver="gelsy")[0]
        step[support] = -unit[support] * solution
        rounding[support] = EPS * (np.abs(hessian) @ np.abs(v[support]) + np.sqrt(2 * abs(local.value)) / unit[support])
    coarsest = np.divide(COARSEST, unit, out=np.full(len(v), np.inf), where=unit > 0)
    share = np.where(local.l1 > 0, local.l1, np.divide(1.0, unit, out=np.zeros(len(v)), where=unit > 0))
    allowed = np.maximum(TOLERANCE * share, np.minimum(ROUNDING * rounding, coarsest))
    step_allowed = _step_allowed(density, v, unit)
    return Conditions(local, violation, allowed, unit, step, step_allowed, curvature, flattest, straight)


def _step_allowed(density: SplitDensity, v: np.ndarray, unit: np.ndarray) -> np.ndarray:
    """Where curvature dies out on the way to infinity its unit grows without end; then the one at the start counts."""
    size = np.where(density.transformed, 1.0, np.abs(v))
    support = np.flatnonzero(unit)
    first = np.abs(np.diag(density.curvature(density.start, support)))
    smallest = unit.copy()
    smallest[support] = np.minimum(unit[support], 1 / np.sqrt(np.where(first > 0, first, np.inf)))
    return np.maximum(STEP * size, SMALL_STEP * smallest)


def _certificate(seen: Conditions, checked: tuple[str, ...]) -> ModeCertificate:
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
        unbounded_checked=checked,
    )


def _check_kinks(density: SplitDensity, seen: Conditions) -> None:
    """At a kink that is not a Laplace variable's, derivatives may be 0 without a mode: so look to both sides of it."""
    local = seen.local
    length = np.where(seen.unit > 0, seen.unit, 1 / np.where(local.l1 > 0, local.l1, 1.0))
    tolerance = max(KINK * PROBE, 1e-13 * (1 + abs(local.value)))
    sides = np.where(np.random.default_rng(0).random(len(local.v)) < 0.5, -1.0, 1.0)
    for side in (sides, -sides):
        step = PROBE * length * side
        kinks = float(local.l1 @ (np.abs(local.v + step) - np.abs(local.v)))
        expected = float(local.slope @ step + 0.5 * step @ density.product(local.v, step)) + kinks
        if tolerance < PROBE and abs(density.at(local.v + step).value - local.value - expected) > tolerance:
            raise ConvergenceError(
                "the log density has another kink than those of its Laplace variables at the point that was found, so "
                "that its derivatives do not tell whether that is a mode; write it without abs(), max() or the like."
            )


def _check_ends(density: SplitDensity, seen: Conditions) -> tuple[str, ...]:
    """The scales towards whose lower end the density falls, the rest being put to their best values there."""
    ends = [k for piece in density.pieces if piece.falls_to_bound for k in range(piece.where.start, piece.where.stop)]
    if len(ends) > ENDS:
        return ()
    checked = []
    for k in ends:
        held = np.zeros(len(density.start), dtype=bool)
        held[k] = True
        v = seen.local.v.copy()
        v[k] -= FAR
        try:
            there = descend(density, v, held=held, max_steps=60)
        except ConvergenceError:
            continue
        if there.end is End.UNBOUNDED or there.local.slope[k] > RISING:
            raise ModeError(unbounded(density, k, there.local, seen.local))
        if there.end is End.SETTLED:
            checked.append(density.labels([k])[0])
    return tuple(checked)

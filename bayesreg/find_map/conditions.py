"""The conditions of a mode at a point: slopes, what rounding allows of them, the Newton step left, and curvature."""

from dataclasses import dataclass

import numpy as np
from scipy import linalg

from bayesreg.find_map.density import Local, SplitDensity
from bayesreg.find_map.newton import EPS, eigenpair, scaled_hessian

# Violations are allowed up to this share of a kink or of a standard deviation, and where rounding does not
# allow that, up to `ROUNDING` times what it does, as long as that is below `COARSEST` standard deviations.
TOLERANCE, ROUNDING, COARSEST = 1e-9, 100.0, 1e-5
# The remaining Newton step, relative to the values (absolute for transformed ones), or in standard deviations.
STEP, SMALL_STEP = 1e-6, 1e-9


@dataclass(frozen=True, eq=False)
class Conditions:
    """What there is to see at a point, elementwise where the shape is (N,)."""

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


def conditions_at(density: SplitDensity, v: np.ndarray) -> Conditions:
    """The conditions at a point, from the density alone."""
    local = density.at(v)
    support = np.flatnonzero((v != 0) | (local.l1 == 0))
    violation = np.abs(local.subgradient)
    unit, step, flattest = np.zeros(len(v)), np.zeros(len(v)), np.zeros(len(v))
    rounding, straight, curvature = np.zeros(len(v)), np.zeros(len(v), dtype=bool), 1.0
    if len(support):
        hessian = density.curvature(v, support)
        matrix, unit[support] = scaled_hessian(hessian, np.zeros(len(support)))
        straight[support] = np.diag(hessian) == 0
        curvature, flattest[support] = eigenpair(matrix, 0)
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

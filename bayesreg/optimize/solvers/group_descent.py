"""Exact minimization of ½RSS(θ) + Σ λ_g‖θ_g‖ + ½κ_jθ_j²: sweeps over groups, and Newton steps on those that stay.

A group given all others has its minimum at 0 exactly if the length of its score is within λ_g, and else at
(H + λ_g/r)⁻¹s with r the root of a secular equation (Yuan & Lin 2006, doi:10.1111/j.1467-9868.2005.00532.x, for
orthonormal groups; Qin, Scheinberg & Goldfarb 2013, doi:10.1007/s12532-013-0051-x). Sweeps of such minima settle which
groups are 0; on the others the objective is smooth, and Newton's method ends at rounding. Groups enter from outside a
working set while their score exceeds λ_g.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy import linalg

from bayesreg.errors import ConvergenceError
from bayesreg.model.quadratic import QuadraticLoss
from bayesreg.optimize.cures import UNEVEN
from bayesreg.priors.partition import Groups

EPS = float(np.finfo(float).eps)
# Violations below this share of the strength are done, and so are those that rounding explains.
TOLERANCE, ROUNDING = 1e-13, 50 * EPS
# Added to the diagonal of a Newton system, as a share of it, where columns are collinear.
DAMPING = 1e-13
ROUNDS, SWEEPS, HALVINGS, SECULAR_STEPS, POLISHES = 500, 2_000, 40, 60, 3


@dataclass(frozen=True, eq=False)
class _Part:
    """The problem on some of the groups: ½θ'Gθ − c'θ and its penalty."""

    gram: np.ndarray
    cross: np.ndarray
    l1: np.ndarray
    l2: np.ndarray
    groups: Groups

    @cached_property
    def spectra(self) -> list[tuple[np.ndarray, np.ndarray]]:
        """Eigenvalues and vectors of each group's own curvature."""
        blocks = (self.gram[np.ix_(at, at)] + np.diag(self.l2[at]) for at in self.groups.members)
        return [(np.maximum(values, 0.0), vectors) for values, vectors in map(np.linalg.eigh, blocks)]

    def slope(self, theta: np.ndarray) -> np.ndarray:
        """Gradient of all but the lengths."""
        return self.gram @ theta - self.cross + self.l2 * theta

    def value(self, theta: np.ndarray) -> float:
        """The objective."""
        smooth = 0.5 * theta @ (self.gram @ theta) - self.cross @ theta + 0.5 * self.l2 @ theta**2
        return float(smooth + self.l1 @ self.groups.shares(theta))


def minimize(
    loss: QuadraticLoss, l1: np.ndarray, l2: np.ndarray, start: np.ndarray | None = None, *, groups: Groups
) -> np.ndarray:
    """Minimize ½RSS(θ) + Σ λ_g‖θ_g‖ + ½ Σ κ_jθ_j².

    Parameters
    ----------
    loss : QuadraticLoss
        Of size q.
    l1, l2 : ndarray, shape (q,)
        λ_g of each element's group, and κ_j; both 0 leaves a coefficient unpenalized.
    start : ndarray, shape (q,), optional
    groups : Groups

    Returns
    -------
    ndarray, shape (q,)

    Raises
    ------
    ConvergenceError
        If the groups do not settle.
    """
    theta = np.zeros(loss.size) if start is None else np.array(start, dtype=float)
    rounding = ROUNDING * (loss.gradient_unit + l1)
    inside = (groups.lengths(theta) > 0) | (l1 == 0)
    for _ in range(ROUNDS):
        working = np.flatnonzero(inside)
        theta[working] = _minimize_part(_part_of(loss, l1, l2, groups, working), theta[working], rounding[working])
        excess = groups.lengths(loss.gram_gradient(theta) + l2 * theta) - l1 - rounding
        excess[inside] = 0.0
        if not np.any(excess > 0):
            return _polish(loss, l1, l2, groups, theta)
        # A few groups at a time, those with the largest excess.
        most = max(10, len(working))
        inside = (groups.lengths(theta) > 0) | (l1 == 0)
        inside |= excess >= max(np.sort(excess)[-most:][0], np.finfo(float).tiny)
    raise ConvergenceError(f"the groups did not settle within {ROUNDS} rounds; {UNEVEN}")


def _part_of(loss: QuadraticLoss, l1: np.ndarray, l2: np.ndarray, groups: Groups, at: np.ndarray) -> _Part:
    return _Part(loss.curvature(at), loss.cross[at], l1[at], l2[at], groups.part(at))


def _minimize_part(part: _Part, theta: np.ndarray, rounding: np.ndarray) -> np.ndarray:
    """The minimum over all groups of a part."""
    if len(theta) == 0:
        return theta
    best, idle = np.inf, 0
    for _ in range(SWEEPS):
        theta = _newton_step(part, _sweep(part, theta))
        excess = float(np.max(_violation(part, theta) - TOLERANCE * part.l1 - rounding))
        idle = 0 if excess < 0.5 * best else idle + 1
        best = min(best, excess)
        # Rounding may be larger than it is thought to be; the certificate judges what is left.
        if excess <= 0 or (idle > 20 and excess <= 1e3 * float(np.max(rounding))):
            return theta
    raise ConvergenceError(f"the group solver did not end within {SWEEPS} sweeps: rounding hides the minimum; {UNEVEN}")


def _violation(part: _Part, theta: np.ndarray) -> np.ndarray:
    slope, groups = part.slope(theta), part.groups
    at_zero = groups.lengths(slope) - part.l1
    away = groups.lengths(slope + part.l1 * groups.directions(theta))
    return np.where(groups.lengths(theta) == 0, at_zero, away)


def _sweep(part: _Part, theta: np.ndarray) -> np.ndarray:
    """The exact minimum over each group in turn."""
    theta, fitted = theta.copy(), part.gram @ theta
    for at, (values, vectors) in zip(part.groups.members, part.spectra, strict=True):
        block = part.gram[np.ix_(at, at)]
        score = part.cross[at] - fitted[at] + block @ theta[at]
        moved = _group_minimum(score, values, vectors, float(part.l1[at[0]]))
        fitted += part.gram[:, at] @ (moved - theta[at])
        theta[at] = moved
    return theta


def _group_minimum(score: np.ndarray, values: np.ndarray, vectors: np.ndarray, strength: float) -> np.ndarray:
    """Minimum of ½x'Hx − s'x + λ‖x‖, given H = V diag(d) V': 0, or V(d + λ/r)⁻¹V's with ‖V's/(dr + λ)‖ = 1."""
    size = float(np.linalg.norm(score))
    if size <= strength or values[-1] <= 0:
        return np.zeros_like(score)
    along = vectors.T @ score
    if strength == 0:
        keep = values > len(values) * EPS * values[-1]
        return np.asarray(vectors[:, keep] @ (along[keep] / values[keep]))
    # 1/‖V's/(dr + λ)‖ is concave and nearly linear in r, so that Newton's method needs a few steps from below.
    r = (size - strength) / values[-1]
    for _ in range(SECULAR_STEPS):
        part = along / (values * r + strength)
        norm = float(np.linalg.norm(part))
        step = (norm - 1.0) * norm**2 / float(np.sum(part**2 * values / (values * r + strength)))
        r += step
        if abs(step) <= 4 * EPS * r:
            break
    return np.asarray(vectors @ (along * r / (values * r + strength)))


def _newton_step(part: _Part, theta: np.ndarray) -> np.ndarray:
    """One Newton step on the groups that are not 0, as long as the objective falls."""
    active = np.flatnonzero((part.groups.lengths(theta) > 0) | (part.l1 == 0))
    if len(active) == 0:
        return theta
    slope = part.slope(theta) + part.l1 * part.groups.directions(theta)
    curvature = part.gram[np.ix_(active, active)] + np.diag(part.l2[active])
    step = _solved(curvature, part.l1, part.groups, theta, active, slope)
    before = part.value(theta)
    slack = 4 * EPS * (abs(before) + abs(float(part.cross @ theta)))
    for k in range(HALVINGS):
        moved = theta.copy()
        moved[active] -= 0.5**k * step
        if part.value(moved) <= before + slack:
            return moved
    return theta


def _solved(
    curvature: np.ndarray, l1: np.ndarray, groups: Groups, theta: np.ndarray, active: np.ndarray, slope: np.ndarray
) -> np.ndarray:
    """Newton's step on the active elements: the curvature of a length is (I − uu')/‖θ_g‖ with u its direction."""
    length, direction, index = groups.lengths(theta)[active], groups.directions(theta)[active], groups.index[active]
    bend = np.divide(l1[active], length, out=np.zeros(len(active)), where=length > 0)
    alike = index[:, None] == index[None, :]
    hessian = curvature - np.where(alike, bend[:, None] * np.multiply.outer(direction, direction), 0.0)
    hessian[np.diag_indices(len(active))] += bend
    root = np.sqrt(np.diag(hessian))
    root[root == 0] = 1.0
    scaled = hessian / np.outer(root, root)
    try:
        return np.asarray(
            linalg.solve(scaled + DAMPING * np.eye(len(root)), slope[active] / root, assume_a="pos") / root
        )
    except (linalg.LinAlgError, linalg.LinAlgWarning):
        return np.asarray(linalg.lstsq(scaled, slope[active] / root, cond=1e-12)[0] / root)


def _polish(loss: QuadraticLoss, l1: np.ndarray, l2: np.ndarray, groups: Groups, theta: np.ndarray) -> np.ndarray:
    """Newton steps whose gradient is taken from the rows, where it is the more exact, as long as they help."""
    active = np.flatnonzero((groups.lengths(theta) > 0) | (l1 == 0))
    if len(active) == 0:
        return theta
    curvature = loss.curvature(active) + np.diag(l2[active])
    left = _slope_from_rows(loss, l1, l2, groups, theta)
    for _ in range(POLISHES):
        moved = theta.copy()
        moved[active] -= _solved(curvature, l1, groups, theta, active, left)
        after = _slope_from_rows(loss, l1, l2, groups, moved)
        if not np.max(np.abs(after[active])) < np.max(np.abs(left[active])):
            break
        theta, left = moved, after
    return theta


def _slope_from_rows(
    loss: QuadraticLoss, l1: np.ndarray, l2: np.ndarray, groups: Groups, theta: np.ndarray
) -> np.ndarray:
    return np.asarray(loss.gradient(theta) + l2 * theta + l1 * groups.directions(theta))

"""What a certificate is made of where coefficients have bounds; this file knows no solver.

The penalty of a coefficient is φ(t) = λ|t| + ½κt² on [l, u] and infinite elsewhere, with the conjugate
φ*(v) = max over [l, u] of vt − φ(t).
"""

from collections.abc import Callable

import numpy as np

from bayesreg.model.bounds import Box

Array = np.ndarray


def violations_within(theta: Array, score: Array, l1: Array, l2: Array, box: Box) -> Array:
    """Distance of each −gradient of the loss from the subdifferential of φ, shape as θ; infinite outside the box."""
    left = np.where(theta <= box.lower, -np.inf, l2 * theta + np.where(theta > 0, l1, -l1))
    right = np.where(theta >= box.upper, np.inf, l2 * theta + np.where(theta < 0, -l1, l1))
    outside = (theta < box.lower) | (theta > box.upper)
    return np.where(outside, np.inf, np.maximum(np.maximum(left - score, score - right), 0.0))


def unpenalized(
    theta: Array, score: Array, l1: Array, l2: Array, box: Box | None, project: Callable[[Array], Array]
) -> Array:
    """Which columns without a penalty the dual point is made orthogonal to, for one point, of shape (q,).

    All, or where there are bounds those whose coefficients may move without end, and those whose conjugate is
    infinite at the score that `project` leaves of them.
    """
    flat = (l1 == 0) & (l2 == 0)
    if box is None:
        return flat
    chosen = flat & (theta > box.lower) & (theta < box.upper) & (np.isinf(box.lower) | np.isinf(box.upper))
    more = chosen
    while np.any(more):
        score = project(chosen)
        endless = ((score > 0) & np.isinf(box.upper)) | ((score < 0) & np.isinf(box.lower))
        more = flat & endless & ~chosen
        chosen = chosen | more
    return chosen


def penalty_gap_within(theta: Array, score: Array, l1: Array, l2: Array, box: Box) -> tuple[Array, Array]:
    """The largest c ≤ 1 with finite conjugates φ*(c·v) of each point, and Σ φ(θ) + φ*(cv) − cvθ; both of shape (m,)."""
    endless = np.where(score > 0, np.isinf(box.upper), np.isinf(box.lower)) & (l2 == 0)
    size = np.abs(score)
    shrink = np.min(np.divide(l1, size, out=np.ones_like(size), where=endless & (size > l1)), axis=1)
    scaled = shrink[:, None] * score
    at = _argmax(scaled, l1, l2, box)
    away = theta - at
    pairs = l1 * (np.abs(theta) - np.abs(at)) + (0.5 * l2 * (theta + at) - scaled) * away
    return shrink, np.sum(np.maximum(pairs, 0.0), axis=1)


def _argmax(score: Array, l1: Array, l2: Array, box: Box) -> Array:
    """Where vt − φ(t) is largest."""
    beyond = np.sign(score) * np.maximum(np.abs(score) - l1, 0.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        free = np.where(beyond == 0, 0.0, beyond / l2)
    # Scores that were shrunk to λ exceed it by rounding alone.
    endless = np.isinf(free) & np.isinf(np.where(score > 0, box.upper, box.lower))
    return box.clip(np.where(endless, 0.0, free))

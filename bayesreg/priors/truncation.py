"""A prior truncated to a box, column by column: its density times the indicator of the box over the box's share.

The half of a symmetric prior on one side of 0 has the share ½, whatever its scale; other shares need that scale.
"""

import numpy as np

from bayesreg.priors.base import Prior
from bayesreg.priors.given import Array, Given

# Halvings of an interval that a quantile lies in, and doublings of its upper end before.
HALVINGS, DOUBLINGS = 100, 1_000


def log_share(prior: Prior, lower: Array, upper: Array, given: Given) -> Array:
    """Log probability of lower ≤ β_j ≤ upper under a prior, shape (..., p); 0 for a flat column without two bounds."""
    free = np.isinf(lower) & np.isinf(upper)
    half = ((lower == 0) & np.isinf(upper)) | (np.isinf(lower) & (upper == 0))
    flat = prior.is_flat(given.names)
    share = np.where(half & ~flat, -np.log(2), 0.0)
    if np.all(free | half):
        return share
    both = np.isfinite(lower) & np.isfinite(upper)
    width = np.where(both, upper - lower, 1.0)
    proper = _log_share_of_interval(prior, lower, upper, given)
    other = np.where(flat, np.log(width), proper)
    return np.where(free | half, share, other)


def _log_share_of_interval(prior: Prior, lower: Array, upper: Array, given: Given) -> Array:
    """By the survival of |β|: the sum of what lies on both sides of 0, or the difference of what lies beyond."""
    near, far = np.minimum(np.abs(lower), np.abs(upper)), np.maximum(np.abs(lower), np.abs(upper))
    log_near, log_far = (_log_survival(prior, size, given) for size in (near, far))
    with np.errstate(divide="ignore", invalid="ignore"):
        across = np.log(-0.5 * np.expm1(log_near) - 0.5 * np.expm1(log_far))
        beside = np.log(0.5) + log_near + np.log(-np.expm1(log_far - log_near))
    return np.where((lower <= 0) & (upper >= 0), across, beside)


def _log_survival(prior: Prior, size: Array, given: Given) -> Array:
    finite = np.where(np.isfinite(size), size, 0.0)
    return np.where(np.isfinite(size), prior.log_survival(finite, given), -np.inf)


def draw_truncated(prior: Prior, lower: Array, upper: Array, given: Given, generator: np.random.Generator) -> Array:
    """Draw β, shape (..., p): by reflection where only the sign is bounded, else by the inverse of the survival."""
    draws = prior.draw_given(generator, given)
    draws = np.where((lower == 0) & np.isinf(upper), np.abs(draws), draws)
    draws = np.where((upper == 0) & np.isinf(lower), -np.abs(draws), draws)
    open_ends = np.isin(lower, (0.0, -np.inf)) & np.isin(upper, (0.0, np.inf))
    if np.all(open_ends):
        return draws
    return np.where(open_ends, draws, _by_inverse(prior, lower, upper, given, generator, draws.shape))


def _by_inverse(
    prior: Prior, lower: Array, upper: Array, given: Given, generator: np.random.Generator, shape: tuple[int, ...]
) -> Array:
    """The side of 0 first, by its share, then the size within it."""
    sides = (np.maximum(lower, 0.0), np.maximum(upper, 0.0)), (np.maximum(-upper, 0.0), np.maximum(-lower, 0.0))
    above, below = ([np.broadcast_to(_log_survival(prior, size, given), shape) for size in side] for side in sides)
    with np.errstate(divide="ignore"):
        masses = [near + np.log(-np.expm1(far - near)) for near, far in (above, below)]
        is_above = np.log(generator.random(shape)) < masses[0] - np.logaddexp(*masses)
    near, far = (np.where(is_above, *pair) for pair in zip(above, below, strict=True))
    level = near + np.log1p(generator.random(shape) * np.expm1(far - near))
    low, high = (np.where(is_above, *pair) for pair in zip(*sides, strict=True))
    size = _size_at(prior, level, np.broadcast_to(low, shape), np.broadcast_to(high, shape), given)
    return np.clip(np.where(is_above, size, -size), lower, upper)


def _size_at(prior: Prior, level: Array, low: Array, high: Array, given: Given) -> Array:
    """The size with a given log survival, by bisection between two others."""
    high = np.where(np.isfinite(high), high, low + 1.0)
    for _ in range(DOUBLINGS):
        short = prior.log_survival(high, given) > level
        if not np.any(short):
            break
        high = np.where(short, 2 * high, high)
    for _ in range(HALVINGS):
        middle = 0.5 * (low + high)
        beyond = prior.log_survival(middle, given) > level
        low, high = np.where(beyond, middle, low), np.where(beyond, high, middle)
    return 0.5 * (low + high)

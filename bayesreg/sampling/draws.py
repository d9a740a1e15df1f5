"""Draws of a regression's posterior, as every engine returns them."""

from collections.abc import Callable
from dataclasses import dataclass, field
from math import prod
from typing import Any

import numpy as np

# Called with the number of draws done since the last call.
Tick = Callable[[int], None]


# Coefficients of more values than this (1 GiB of them) are kept in single precision, and once rather than twice.
MOST_DOUBLES = 2**27


@dataclass(frozen=True, eq=False)
class Draws:
    """Posterior draws; C chains of D draws.

    Attributes
    ----------
    beta : ndarray, shape (C, D, p)
        On the columns that the prior sees.
    at_center : ndarray, shape (C, D)
        Intercept at the centre of the columns; zeros if there is none.
    sigma : ndarray, shape (C, D)
    scale : ndarray, shape (C, D), or None
        The prior's scale, where it is unknown.
    local : ndarray, shape (C, D, p), or None
        Local scales of a horseshoe prior.
    slab : ndarray, shape (C, D), or None
        The slab's scale of a regularized horseshoe prior.
    stats : dict of str to ndarray, shape (C, D)
        The engine's own statistics of each draw.
    warmup : int
        Draws per chain that were discarded first.
    library : str
        What ran, such as ``"bayesreg"`` or ``"pymc"``.
    told : dict of str to str or number
        What else the engine says of itself.
    """

    beta: np.ndarray
    at_center: np.ndarray
    sigma: np.ndarray
    scale: np.ndarray | None = None
    local: np.ndarray | None = None
    slab: np.ndarray | None = None
    stats: dict[str, np.ndarray] = field(default_factory=dict)
    warmup: int = 0
    library: str = "bayesreg"
    told: dict[str, str | float] = field(default_factory=dict)


def chain_generators(random_seed: int | np.random.SeedSequence | None, chains: int) -> list[np.random.Generator]:
    """Independent streams, one per chain, that depend on the seed alone."""
    root = random_seed if isinstance(random_seed, np.random.SeedSequence) else np.random.SeedSequence(random_seed)
    return [np.random.default_rng(child) for child in root.spawn(chains)]


def draw_type(shape: tuple[int, ...]) -> type[np.floating[Any]]:
    """Return the type in which draws of this shape are kept: double, or single where they are huge."""
    return np.float32 if prod(shape) > MOST_DOUBLES else np.float64

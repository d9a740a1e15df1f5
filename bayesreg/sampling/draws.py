"""What every engine returns: posterior draws of all unknowns, and how they were made."""

from collections.abc import Callable
from dataclasses import dataclass, field
from math import prod
from typing import Any

import numpy as np

from bayesreg.model.unknowns import Unknowns

# Called with the number of draws done since the last call.
Tick = Callable[[int], None]


# Coefficients of more values than this (1 GiB of them) are kept in single precision, and once rather than twice.
MOST_DOUBLES = 2**27


@dataclass(frozen=True, eq=False)
class Run:
    """One run of a sampler; C chains of D draws.

    Attributes
    ----------
    draws : Unknowns
        With leading dimensions (C, D).
    stats : dict of str to ndarray, shape (C, D)
        Statistics of each draw, such as ``lp`` and ``diverging``.
    warmup : int
        Draws per chain that were discarded first.
    library : str
        What ran, such as ``"bayesreg"`` or ``"pymc"``.
    settings : dict of str to str or number
        How it ran, such as ``kernel`` and ``sweeps_per_draw``.
    moments : tuple of ndarray, or None
        Mean and covariance of a posterior that is Normal, of the coefficients and the intercept if there is one, on the
        user's columns.
    """

    draws: Unknowns
    stats: dict[str, np.ndarray] = field(default_factory=dict)
    warmup: int = 0
    library: str = "bayesreg"
    settings: dict[str, str | float] = field(default_factory=dict)
    moments: tuple[np.ndarray, np.ndarray] | None = None


def chain_generators(random_seed: int | np.random.SeedSequence | None, chains: int) -> list[np.random.Generator]:
    """Independent streams, one per chain, that depend on the seed alone."""
    root = random_seed if isinstance(random_seed, np.random.SeedSequence) else np.random.SeedSequence(random_seed)
    return [np.random.default_rng(child) for child in root.spawn(chains)]


def draw_type(shape: tuple[int, ...]) -> type[np.floating[Any]]:
    """Return the type in which draws of this shape are kept: double, or single where they are huge."""
    return np.float32 if prod(shape) > MOST_DOUBLES else np.float64

"""Draws of a regression's posterior, as every engine returns them."""

from dataclasses import dataclass, field

import numpy as np


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
    stats : dict of str to ndarray, shape (C, D)
        The engine's own statistics of each draw.
    warmup : int
        Draws per chain that were discarded first.
    library : str
        What ran, such as ``"bayesreg"`` or ``"pymc"``.
    """

    beta: np.ndarray
    at_center: np.ndarray
    sigma: np.ndarray
    scale: np.ndarray | None = None
    stats: dict[str, np.ndarray] = field(default_factory=dict)
    warmup: int = 0
    library: str = "bayesreg"


def chain_generators(random_seed: int | np.random.SeedSequence | None, chains: int) -> list[np.random.Generator]:
    """Independent streams, one per chain, that depend on the seed alone."""
    root = random_seed if isinstance(random_seed, np.random.SeedSequence) else np.random.SeedSequence(random_seed)
    return [np.random.default_rng(child) for child in root.spawn(chains)]

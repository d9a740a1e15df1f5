"""One step of slice sampling, compiled, for any compiled log density of one variable."""

from collections.abc import Callable
from math import inf, isfinite, nan
from typing import Any

import numpy as np
from numba import njit

# Steps out, and shrinkages, after which a step gives up: enough to cross all logarithms allowed, as a first step from
# a point far out in the tail does.
MOST_STEPS = 20_000

# Beyond these logarithms a density counts as 0.
LARGEST = 300.0

# From a generator, a value u, what else the density depends on, and the width of a step out, to a new value.
SliceStep = Callable[[np.random.Generator, float, tuple[Any, ...], float], float]


def slice_step(log_density: Callable[..., float]) -> SliceStep:
    """Compile the slice step of the density log_density(u, *given) of a logarithm u, constants dropped.

    Made in a closure, since Numba does not store on disk what takes a compiled function as an argument.
    """

    @njit(nogil=True)
    def bounded(u: float, given: tuple[Any, ...]) -> float:
        return log_density(u, *given) if -LARGEST < u < LARGEST else -inf

    @njit(nogil=True)
    def step(generator: np.random.Generator, u: float, given: tuple[Any, ...], width: float) -> float:
        """Move u by stepping out and shrinkage (Neal 2003, doi:10.1214/aos/1056562461); NaN where it breaks down."""
        level = bounded(u, given) - generator.standard_exponential()
        if not isfinite(level):
            return nan
        low = u - width * generator.random()
        high, steps = low + width, 0
        while bounded(low, given) > level and steps <= MOST_STEPS:
            low -= width
            steps += 1
        while bounded(high, given) > level and steps <= MOST_STEPS:
            high += width
            steps += 1
        while steps <= MOST_STEPS:
            new = low + (high - low) * generator.random()
            if bounded(new, given) > level:
                return new
            low, high = (new, high) if new < u else (low, new)
            steps += 1
        return nan

    return step

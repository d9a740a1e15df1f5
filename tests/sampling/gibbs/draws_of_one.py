"""Many draws of one quantity by a compiled function, and the distribution function of a density."""

import numpy as np
from scipy import integrate

COUNT = 40_000


def many(function, count=COUNT, seed=1):
    """Independent draws of function(generator, ...)."""

    def draw(*given):
        generator = np.random.default_rng(seed)
        return np.array([function(generator, *given) for _ in range(count)])

    return draw


def distribution_on(t, log_density):
    """Distribution function of a density given on a grid, by Simpson's rule."""
    values = np.exp(log_density - log_density.max())
    cumulative = integrate.cumulative_simpson(values, x=t, initial=0)
    return lambda x: np.interp(x, t, np.maximum.accumulate(cumulative) / cumulative[-1])

"""Posteriors at a few strengths for a picture, by the route that is there soonest."""

from typing import TYPE_CHECKING

import numpy as np

from bayesreg.model.regression import Regression
from bayesreg.model.strength import at_strength
from bayesreg.sampling.along_path import sample_path
from bayesreg.sampling.engine import choose_engine, sample
from bayesreg.sampling.gibbs.sampler import WARMUP, is_short

if TYPE_CHECKING:
    from xarray import DataTree

DRAWS = 1000
CHAINS = 4


def draws_at_strengths(
    reg: Regression, strengths: np.ndarray, *, draws: int = DRAWS, random_seed: int | None = 0
) -> "DataTree":
    """Draw from the posterior at each strength.

    Regressions that interpreted Gibbs draws fast are sampled at each strength by itself, so that no compiled
    code is waited for; all others by :func:`bayesreg.sample_path`.

    Parameters
    ----------
    reg : Regression
        Gaussian, with known sigma and a Laplace, Normal or elastic-net prior of known scale.
    strengths : ndarray, shape (m,)
        In ``half_rss``, as in :func:`bayesreg.path`.
    draws : int, optional
        Per chain, of four chains, and strength.
    random_seed : int, optional

    Returns
    -------
    xarray.DataTree
        ``posterior`` with the dimension ``strength``, decreasing.

    Raises
    ------
    UnsupportedError, PriorError
        As :func:`bayesreg.sample_path`.

    Warns
    -----
    SamplerWarning
        If draws at some strength do not pass the gate.
    """
    short = is_short(reg, CHAINS * (draws + WARMUP)) and reg.noise.sigma is not None
    if not short or choose_engine(reg).engine != "gibbs":
        return sample_path(reg, strengths, draws=draws, random_seed=random_seed)
    grid = np.sort(np.asarray(strengths, dtype=float))[::-1]
    seeds = np.random.default_rng(random_seed).integers(2**31, size=len(grid))
    trees = [
        sample(at_strength(reg, float(s)), draws=draws, chains=CHAINS, random_seed=int(seed))
        for s, seed in zip(grid, seeds, strict=True)
    ]
    return _joined(grid, trees, draws)


def _joined(grid: np.ndarray, trees: "list[DataTree]", draws: int) -> "DataTree":
    import xarray as xr

    names = [name for name in ("beta", "coef") if name in trees[0]["posterior"]]
    parts = [tree["posterior"].to_dataset()[names].assign_coords(draw=np.arange(draws)) for tree in trees]
    joined = xr.concat(parts, xr.DataArray(grid, dims="strength", name="strength"))
    return xr.DataTree.from_dict({"posterior": joined.transpose("chain", "draw", "strength", "coef_name")})

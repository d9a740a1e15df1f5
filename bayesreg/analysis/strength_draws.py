"""Posteriors at a few strengths for a picture, by the route that is there soonest."""

import warnings
from typing import TYPE_CHECKING

import numpy as np

from bayesreg.errors import SamplerWarning
from bayesreg.model.regression import Regression
from bayesreg.model.strength import at_strength
from bayesreg.sampling.along_path import sample_path
from bayesreg.sampling.engine import Posterior, choose_engine, draw_posterior, is_short

if TYPE_CHECKING:
    from xarray import DataTree

DRAWS = 1000
# Interpreted chains mix slowly where the penalty is strong; draws that fail the gate are drawn again, more and thinned.
LONGER = (1, 4, 16)


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
    if not is_short(reg) or reg.noise.sigma is None or choose_engine(reg).engine != "gibbs":
        return sample_path(reg, strengths, draws=draws, random_seed=random_seed)
    grid = np.sort(np.asarray(strengths, dtype=float))[::-1]
    seeds = np.random.default_rng(random_seed).integers(2**31, size=len(grid))
    trees = [_passing(at_strength(reg, float(s)), draws, int(seed)) for s, seed in zip(grid, seeds, strict=True)]
    return _joined(grid, trees, draws)


def _passing(reg: Regression, draws: int, seed: int) -> "DataTree":
    """So many draws a chain, thinned from as many as the gate asks for."""
    for times in LONGER:
        found = _try(reg, times * draws, seed)
        if found.diagnostics.passed:
            break
    else:
        warnings.warn(f"posterior of {reg}: {'; '.join(found.diagnostics.problems)}.", SamplerWarning, stacklevel=4)
    return found.to_datatree().isel(draw=slice(None, None, times), missing_dims="ignore")


def _try(reg: Regression, draws: int, seed: int) -> Posterior:
    with warnings.catch_warnings():
        # It may pass with more draws, and is warned of only if it does not.
        warnings.simplefilter("ignore", SamplerWarning)
        return draw_posterior(reg, engine="gibbs", kernel="interpreted", draws=draws, random_seed=seed)


def _joined(grid: np.ndarray, trees: "list[DataTree]", draws: int) -> "DataTree":
    import xarray as xr

    names = [name for name in ("beta", "coef") if name in trees[0]["posterior"]]
    parts = [tree["posterior"].to_dataset()[names].assign_coords(draw=np.arange(draws)) for tree in trees]
    joined = xr.concat(parts, xr.DataArray(grid, dims="strength", name="strength"))
    return xr.DataTree.from_dict({"posterior": joined.transpose("chain", "draw", "strength", "coef_name")})

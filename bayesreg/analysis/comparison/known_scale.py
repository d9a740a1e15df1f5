"""A regression whose prior's scale is unknown, at a number for it, so that it has points to compare."""

from typing import TYPE_CHECKING

import numpy as np

from bayesreg.model.regression import Regression

if TYPE_CHECKING:
    from xarray import DataTree


def at_known_scale(reg: Regression, idata: "DataTree") -> tuple[Regression, tuple[str, ...]]:
    """The regression at the posterior median of its prior's scale, and a sentence that says so; as it is if known."""
    if reg.scale_known or not reg.prior.has_penalty:
        return reg, ()
    scale = float(np.median(np.asarray(idata["posterior"]["scale"])))
    note = f"the prior's scale is unknown; the points are those at its posterior median, {scale:.4g}"
    return reg.with_prior(reg.prior.with_scale(scale)), (note,)

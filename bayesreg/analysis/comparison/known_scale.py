"""A regression whose prior's scale is unknown, at a number for it, so that it has points to compare."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from bayesreg.model.regression import Regression

if TYPE_CHECKING:
    from xarray import DataTree


def at_known_scale(reg: Regression, idata: "DataTree") -> tuple[Regression, tuple[str, ...]]:
    """The regression at the posterior median of its prior's scale, and a sentence that says so; as it is if known."""
    if reg.scale_known or not reg.prior.has_penalty:
        return reg, ()
    scales = {name: float(np.median(np.asarray(idata["posterior"][name]))) for name in reg.prior.unknown_scales}
    words = in_words(scales)
    note = f"the prior's scale is unknown; the points are those at its posterior median, {words}"
    return reg.with_prior(reg.prior.at_scales(scales)), (note,)


def in_words(scales: Mapping[str, float]) -> str:
    """Numbers for unknown scales: the number alone where there is one for all columns."""
    if list(scales) == ["scale"]:
        return f"{scales['scale']:.4g}"
    return ", ".join(f"{name} = {value:.4g}" for name, value in scales.items())

"""Rates with exposures as weights, read as the counts that they are."""

from dataclasses import replace

import numpy as np

from bayesreg.design.columns import Rows
from bayesreg.families.base import Family

# How far a rate times its weight may be from a whole number, and in units of its rounding.
NEAR, ROUNDING = 1e-6, 8 * float(np.finfo(float).eps)


def read_rates(rows: Rows, family: Family) -> Rows:
    """Rows of a family of counts whose target is rates N/e with weights e become counts N with offset log e.

    Both have the same likelihood, since e·(μ − (N/e)·log μ) = eμ − N·log(eμ) + constant; but only counts can be drawn
    and have a probability. Whole targets, and what is no count either way, are left as they are.
    """
    if family.target_kind != "counts" or rows.weights is None or np.all(rows.y == np.floor(rows.y)):
        return rows
    counts = rows.y * rows.weights
    whole = np.round(counts)
    if np.any(np.abs(counts - whole) > np.maximum(NEAR * np.minimum(counts, 1.0), ROUNDING * whole)):
        return rows
    offset = np.log(rows.weights) + (0.0 if rows.offset is None else rows.offset)
    return replace(rows, y=whole, weights=None, offset=offset)

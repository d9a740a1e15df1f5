"""Priors from outside: a Normal one that narrows from lag to lag, and one that is a mixture of Normals."""

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

import bayesreg as br


@dataclass(frozen=True)
class LagPrior(br.PenaltyPrior):
    """β_j ~ Normal(0, s_j), s_j = scale/j^decay for the j-th lag: an L2 penalty whose strength grows with the lag."""

    scale: float
    decay: float = 1.0
    scaled_by_sigma: bool = False
    name: ClassVar[str] = "lag"
    title: ClassVar[str] = "lag"
    terms: ClassVar[tuple[str, ...]] = ("l2",)

    def column_scales(self, names):
        """No L1 term, and s_j of the L2 term."""
        s = self.scale / np.arange(1.0, len(names) + 1) ** self.decay
        return br.ColumnScales(np.full(len(names), np.inf), s, self.scaled_by_sigma)

    def strengthened(self, factor):
        """κ = σ²/s² is multiplied by the factor."""
        return replace(self, scale=self.scale / factor**0.5)


@dataclass(frozen=True)
class ProductPrior(br.Prior):
    """β_j = scale·λ_j·z_j with λ_j ~ HalfNormal(1) and z_j ~ Normal(0, 1): a peak at 0 and exponential tails."""

    scale: float
    scaled_by_sigma: bool = False
    name: ClassVar[str] = "product"
    title: ClassVar[str] = "product"

    @property
    def local_scale(self):
        """Prior of λ_j."""
        return br.HalfNormal(1.0)

    def precision(self, given, mixing):
        """1/(scale·λ_j)², where `given.unit` is sigma for a prior scaled by it."""
        return (self.scale * given.unit * mixing) ** -2

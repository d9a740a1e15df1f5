"""
My own prior
============

A prior is a class that says the precision of a coefficient given its local scale. Density, draws and the PyMC model
follow. This one, a Normal with a half-Normal standard deviation, has a peak at 0 and exponential tails.
"""

from dataclasses import dataclass
from typing import ClassVar

import matplotlib.pyplot as plt
import numpy as np

import bayesreg as br


@dataclass(frozen=True)
class ProductPrior(br.Prior):
    """β_j = scale·λ_j·z_j with λ_j ~ HalfNormal(1) and z_j ~ Normal(0, 1)."""

    scale: float
    scaled_by_sigma: bool = False
    name: ClassVar[str] = "product"
    title: ClassVar[str] = "product"

    @property
    def local_scale(self):
        """Prior of λ_j."""
        return br.HalfNormal(1.0)

    def precision(self, given, mixing):
        """1/(scale·λ_j)²."""
        return (self.scale * given.unit * mixing) ** -2


# %%
# Its density, beside the Laplace and the Normal one of the same standard deviation.

beta = np.linspace(-4, 4, 401)
figure, ax = plt.subplots(layout="constrained")
for prior in [ProductPrior(1.0), br.Laplace(0.5**0.5), br.Normal(1.0)]:
    ax.plot(beta, np.exp(prior.log_density(beta)), label=prior.title)
ax.set(xlabel="coefficient", ylabel="prior density", ylim=(0, 1.5))
ax.legend(frameon=False)

"""Counts, with the log link."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from bayesreg.errors import DataError
from bayesreg.families.base import Array, TargetKind, draw_counts
from bayesreg.families.links import LogLink


@dataclass(frozen=True)
class Poisson(LogLink):
    """y ~ Poisson(e^η), y a count; loss e^η − yη."""

    name: ClassVar[str] = "poisson"
    ratio: ClassVar[str] = "rate ratio"
    has_sigma: ClassVar[bool] = False
    target_kind: ClassVar[TargetKind] = "counts"
    holds: ClassVar[str] = "counts 0, 1, 2, …"
    cure: ClassVar[str] = (
        "For rates N/e pass the counts N with offset=np.log(e), or the rates with weights=e (whole in product)."
    )
    likelihood: ClassVar[str] = "Poisson(exp(η_i)),  η_i = {mean}"
    largest_slope: ClassVar[float] = np.inf

    def check_information(self, y: Array) -> None:
        """Require a count other than 0."""
        if not np.any(y > 0):
            raise DataError("the target is always 0; a Poisson regression needs a positive count.")

    def loss(self, y: Array, eta: Array, sigma: Array | float = 1.0) -> Array:
        """e^η − yη."""
        return self.mean(eta) - y * eta

    def slope(self, y: Array, eta: Array, sigma: Array | float = 1.0) -> Array:
        """e^η − y."""
        return self.mean(eta) - y

    def slope_size(self, y: Array, offset: Array, sigma: Array | float = 1.0) -> Array:
        """1 + |y|."""
        return 1 + np.abs(y)

    def curvature(self, y: Array, eta: Array, sigma: Array | float = 1.0) -> Array:
        """e^η."""
        return self.mean(eta)

    def dual_gap(self, y: Array, eta: Array, dual: Array, sigma: Array | float = 1.0) -> Array:
        """Kullback–Leibler divergence q log(q/μ) − q + μ with q = y − u."""
        from scipy.special import kl_div

        q = y - dual
        return kl_div(np.where(q > -1e-12 * (1 + y), np.maximum(q, 0.0), q), self.mean(eta))

    def log_likelihood(self, y: Array, eta: Array, sigma: Array | float = 1.0) -> Array:
        """yη − e^η − log y!."""
        from scipy.special import gammaln

        return -self.loss(y, eta) - gammaln(y + 1)

    def draw(self, generator: np.random.Generator, eta: Array, sigma: Array | float = 1.0) -> Array:
        """Draw counts."""
        return draw_counts(generator, self.mean(eta))

    def information(self, eta: Array) -> Array:
        """e^η."""
        return self.mean(eta)

    def allows(self, y: Array) -> Array:
        """Whole numbers from 0 on."""
        return (y >= 0) & (y == np.floor(y)) & np.isfinite(y)

"""Counts that vary more than Poisson's, with the log link."""

from dataclasses import dataclass
from math import isfinite
from numbers import Real
from typing import ClassVar

import numpy as np

from bayesreg.errors import DataError, PriorError
from bayesreg.families.base import Array, TargetKind, draw_counts
from bayesreg.families.links import LogLink, log_one_plus_exp, logistic


@dataclass(frozen=True)
class NegativeBinomial(LogLink):
    """y ~ NegativeBinomial with mean μ = e^η and variance μ + μ²/size; loss (y + size)·log(1 + μ/size) − yη.

    Parameters
    ----------
    size : float
        How fast the variance grows, greater than 0; Poisson for a size without bound. It is known, 1 by default.

    Raises
    ------
    PriorError
        If it is not a positive finite number.

    See Also
    --------
    Family : Base class of families.
    Regression : Data, prior, noise and family of a regression.
    """

    size: float = 1.0
    name: ClassVar[str] = "negative_binomial"
    ratio: ClassVar[str] = "rate ratio"
    has_sigma: ClassVar[bool] = False
    target_kind: ClassVar[TargetKind] = "counts"
    holds: ClassVar[str] = "counts 0, 1, 2, …"
    likelihood: ClassVar[str] = "NegativeBinomial(mean exp(η_i), size {size:g}),  η_i = {mean}"
    largest_slope: ClassVar[float] = np.inf

    def __post_init__(self) -> None:
        size = self.size
        if isinstance(size, bool) or not isinstance(size, Real) or not (size > 0 and isfinite(size)):
            raise PriorError(f"size must be a positive finite number, got {size!r}.")
        object.__setattr__(self, "size", float(size))

    def loss(self, y: Array, eta: Array, sigma: Array | float = 1.0) -> Array:
        """(y + size)·log(1 + μ/size) − yη."""
        return (y + self.size) * log_one_plus_exp(eta - np.log(self.size)) - y * eta

    def slope(self, y: Array, eta: Array, sigma: Array | float = 1.0) -> Array:
        """(y + size)·π − y, π = μ/(μ + size)."""
        return (y + self.size) * self._share(eta) - y

    def slope_size(self, y: Array, offset: Array, sigma: Array | float = 1.0) -> Array:
        """1 + |y|."""
        return 1 + np.abs(y)

    def curvature(self, y: Array, eta: Array, sigma: Array | float = 1.0) -> Array:
        """(y + size)·π(1 − π)."""
        return (y + self.size) * self._share(eta) * self._share_of_size(eta)

    def dual_gap(self, y: Array, eta: Array, dual: Array, sigma: Array | float = 1.0) -> Array:
        """(y + size)·KL(Bernoulli(q), Bernoulli(π)), q = (y − u)/(y + size)."""
        from scipy.special import rel_entr

        share, q = self._share(eta), (y - dual) / (y + self.size)
        # What rounding pushes out of [0, 1] is brought back.
        q = np.where(np.abs(q - 0.5) < 0.5 + 1e-12, np.clip(q, 0.0, 1.0), q)
        return (y + self.size) * (rel_entr(q, share) + rel_entr(1 - q, self._share_of_size(eta)))

    def log_likelihood(self, y: Array, eta: Array, sigma: Array | float = 1.0) -> Array:
        """Log Γ(y + size) − log Γ(size) − log y! − y log size − loss."""
        from scipy.special import gammaln

        constant = gammaln(y + self.size) - gammaln(self.size) - gammaln(y + 1) - y * np.log(self.size)
        return constant - self.loss(y, eta)

    def information(self, eta: Array) -> Array:
        """size·π."""
        return self.size * self._share(eta)

    def draw(self, generator: np.random.Generator, eta: Array, sigma: Array | float = 1.0) -> Array:
        """Draw counts: Poisson given a gamma rate."""
        return draw_counts(generator, self.mean(eta) * generator.standard_gamma(self.size, eta.shape) / self.size)

    def allows(self, y: Array) -> Array:
        """Whole numbers from 0 on."""
        return (y >= 0) & (y == np.floor(y)) & np.isfinite(y)

    def check_information(self, y: Array) -> None:
        """Require a count other than 0."""
        if not np.any(y > 0):
            raise DataError("the target is always 0; a negative binomial regression needs a positive count.")

    def _share(self, eta: Array) -> Array:
        """π = μ/(μ + size)."""
        return logistic(eta - np.log(self.size))

    def _share_of_size(self, eta: Array) -> Array:
        """1 − π, without cancellation."""
        return logistic(np.log(self.size) - eta)

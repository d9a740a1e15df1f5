"""Classes 0 and 1, with the logit link."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from bayesreg.errors import DataError
from bayesreg.families.base import Array, Family, TargetKind
from bayesreg.families.links import log_one_plus_exp, logistic

# The unit in which a change of log odds is small or not.
LOGISTIC_SD = float(np.pi / np.sqrt(3))


@dataclass(frozen=True)
class Bernoulli(Family):
    """y ~ Bernoulli(1/(1 + e^−η)), y in {0, 1}; loss log(1 + e^η) − yη."""

    name: ClassVar[str] = "bernoulli"
    has_sigma: ClassVar[bool] = False
    target_kind: ClassVar[TargetKind] = "classes"
    separable: ClassVar[bool] = True
    holds: ClassVar[str] = "0 and 1"
    cure: ClassVar[str] = "Recode it, as (y == value)."
    effect: ClassVar[str] = "the log odds of "
    ratio: ClassVar[str] = "odds ratio"
    likelihood: ClassVar[str] = "Bernoulli(1 / (1 + exp(−η_i))),  η_i = {mean}"
    largest_slope: ClassVar[float] = 1.0

    def check_information(self, y: Array) -> None:
        """Require both 0 and 1."""
        if len(np.unique(y)) < 2:
            raise DataError(f"the target is always {int(y[0])}; a Bernoulli regression needs both 0 and 1.")

    def loss(self, y: Array, eta: Array, sigma: Array | float = 1.0) -> Array:
        """log(1 + e^η) − yη."""
        return log_one_plus_exp(np.where(y == 1, -eta, eta))

    def slope(self, y: Array, eta: Array, sigma: Array | float = 1.0) -> Array:
        """1/(1 + e^−η) − y."""
        return self.mean(eta) - y

    def slope_size(self, y: Array, offset: Array, sigma: Array | float = 1.0) -> Array:
        """1 + |y|."""
        return 1 + np.abs(y)

    def curvature(self, y: Array, eta: Array, sigma: Array | float = 1.0) -> Array:
        """π(1 − π)."""
        return self.mean(eta) * self.mean(-eta)

    def dual_gap(self, y: Array, eta: Array, dual: Array, sigma: Array | float = 1.0) -> Array:
        """Kullback–Leibler divergence of Bernoulli(y − u) from Bernoulli(π)."""
        from scipy.special import rel_entr

        # What rounding pushes out of [0, 1] is brought back.
        q = y - dual
        q = np.where(np.abs(q - 0.5) < 0.5 + 1e-12, np.clip(q, 0.0, 1.0), q)
        return rel_entr(q, self.mean(eta)) + rel_entr(1 - q, self.mean(-eta))

    def log_likelihood(self, y: Array, eta: Array, sigma: Array | float = 1.0) -> Array:
        """yη − log(1 + e^η)."""
        return -self.loss(y, eta)

    def draw(self, generator: np.random.Generator, eta: Array, sigma: Array | float = 1.0) -> Array:
        """Draw 0 or 1."""
        return (generator.random(eta.shape) < self.mean(eta)).astype(float)

    def start(self, mean: float) -> float:
        """log(mean/(1 − mean))."""
        return float(np.log(mean / (1 - mean)))

    def mean(self, eta: Array) -> Array:
        """1/(1 + e^−η), without overflow."""
        return logistic(eta)

    def information(self, eta: Array) -> Array:
        """π(1 − π)."""
        return self.curvature(eta, eta)

    def allows(self, y: Array) -> Array:
        """0 and 1."""
        return (y == 0) | (y == 1)

    def near_zero_unit(self, sd_y: float) -> tuple[float, str]:
        """Standard deviation of the logistic distribution, π/√3."""
        return LOGISTIC_SD, "·π/√3"

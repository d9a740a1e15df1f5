"""Families: how the target is distributed around the linear predictor η.

Each states its loss as σ² × (negative log likelihood), constants dropped, so that with the Gaussian
family it is ½RSS and every family shares the penalty Σ λ_j|β_j| + ½κ_jβ_j² with λ = σ²/b, κ = σ²/s².
Families without a noise scale have σ = 1.
"""

from dataclasses import dataclass
from typing import ClassVar, Protocol

import numpy as np

from bayesreg.errors import DataError, UnsupportedError
from bayesreg.model.robust import LaplaceNoise as LaplaceNoise
from bayesreg.model.robust import StudentT as StudentT

Array = np.ndarray


class Family(Protocol):
    """What solvers, certificates and models need of a family; all arrays have the shape of η, rows last.

    Attributes
    ----------
    name : str
    has_sigma : bool
        Whether there is a noise scale; otherwise sigma is 1.
    convex : bool
        Whether the loss is convex in η, so that a duality gap exists.
    smooth : bool
        Whether the loss has a derivative everywhere; otherwise the slope at a kink is one of its subgradients.
    """

    name: ClassVar[str]
    has_sigma: ClassVar[bool]
    convex: ClassVar[bool]
    smooth: ClassVar[bool]

    def check_target(self, y: Array) -> None:
        """Raise DataError for a target that the family cannot have produced."""

    def loss(self, y: Array, eta: Array, sigma: Array | float = 1.0) -> Array:
        """σ² × negative log likelihood of each row, constants dropped."""

    def slope(self, y: Array, eta: Array, sigma: Array | float = 1.0) -> Array:
        """First derivative of the loss in η."""

    @property
    def largest_slope(self) -> float:
        """Bound of the first derivative in units of sigma."""

    def slope_size(self, y: Array, offset: Array, sigma: Array | float = 1.0) -> Array:
        """Size of the numbers that a slope is made of, whose rounding is its own."""

    def curvature(self, y: Array, eta: Array, sigma: Array | float = 1.0) -> Array:
        """Second derivative of the loss in η."""

    def upper_curvature(self, y: Array, eta: Array, sigma: Array | float = 1.0) -> Array:
        """A non-negative curvature whose quadratic model leads downhill."""

    def dual_gap(self, y: Array, eta: Array, dual: Array, sigma: Array | float = 1.0) -> Array:
        """loss(η) + conjugate(−u) + u·η for a dual point u of each row: 0 at u = −slope, else positive."""

    def log_likelihood(self, y: Array, eta: Array, sigma: Array | float = 1.0) -> Array:
        """Log density of each row, constants included."""

    def start(self, mean: float) -> float:
        """The η at which the mean of y is the given one."""

    def draw(self, generator: np.random.Generator, eta: Array, sigma: Array | float = 1.0) -> Array:
        """Draw y."""


@dataclass(frozen=True)
class Gaussian:
    """y ~ Normal(η, σ²); loss ½(y − η)²."""

    name: ClassVar[str] = "gaussian"
    has_sigma: ClassVar[bool] = True
    convex: ClassVar[bool] = True
    smooth: ClassVar[bool] = True
    largest_slope: ClassVar[float] = np.inf

    def check_target(self, y: Array) -> None:
        """Accept every finite target."""

    def loss(self, y: Array, eta: Array, sigma: Array | float = 1.0) -> Array:
        """½(y − η)²."""
        return 0.5 * (y - eta) ** 2

    def slope(self, y: Array, eta: Array, sigma: Array | float = 1.0) -> Array:
        """η − y."""
        return eta - y

    def slope_size(self, y: Array, offset: Array, sigma: Array | float = 1.0) -> Array:
        """|y| + |offset|."""
        return np.abs(y) + np.abs(offset)

    def curvature(self, y: Array, eta: Array, sigma: Array | float = 1.0) -> Array:
        """1."""
        return np.ones_like(eta)

    upper_curvature = curvature

    def dual_gap(self, y: Array, eta: Array, dual: Array, sigma: Array | float = 1.0) -> Array:
        """½(y − η − u)²."""
        return 0.5 * (y - eta - dual) ** 2

    def log_likelihood(self, y: Array, eta: Array, sigma: Array | float = 1.0) -> Array:
        """−½log 2π − log σ − (y − η)²/(2σ²)."""
        return -0.5 * np.log(2 * np.pi) - np.log(sigma) - 0.5 * ((y - eta) / sigma) ** 2

    def draw(self, generator: np.random.Generator, eta: Array, sigma: Array | float = 1.0) -> Array:
        """Draw from Normal(η, σ²)."""
        return eta + sigma * generator.standard_normal(eta.shape)

    def start(self, mean: float) -> float:
        """The mean itself."""
        return mean


@dataclass(frozen=True)
class Bernoulli:
    """y ~ Bernoulli(1/(1 + e^−η)), y in {0, 1}; loss log(1 + e^η) − yη."""

    name: ClassVar[str] = "bernoulli"
    has_sigma: ClassVar[bool] = False
    convex: ClassVar[bool] = True
    smooth: ClassVar[bool] = True
    largest_slope: ClassVar[float] = 1.0

    def check_target(self, y: Array) -> None:
        """Require 0 and 1, both present."""
        if not np.all((y == 0) | (y == 1)):
            raise DataError(
                f"a Bernoulli target holds 0 and 1 only, got values such as {np.unique(y)[:5].tolist()}; recode it."
            )
        if len(np.unique(y)) < 2:
            raise DataError(f"the target is always {int(y[0])}; a Bernoulli regression needs both 0 and 1.")

    def loss(self, y: Array, eta: Array, sigma: Array | float = 1.0) -> Array:
        """log(1 + e^η) − yη."""
        return np.logaddexp(0.0, np.where(y == 1, -eta, eta))

    def slope(self, y: Array, eta: Array, sigma: Array | float = 1.0) -> Array:
        """1/(1 + e^−η) − y."""
        return self.mean(eta) - y

    def slope_size(self, y: Array, offset: Array, sigma: Array | float = 1.0) -> Array:
        """1 + |y|."""
        return 1 + np.abs(y)

    def curvature(self, y: Array, eta: Array, sigma: Array | float = 1.0) -> Array:
        """π(1 − π)."""
        return self.mean(eta) * self.mean(-eta)

    upper_curvature = curvature

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

    @staticmethod
    def mean(eta: Array) -> Array:
        """1/(1 + e^−η), without overflow."""
        from scipy.special import expit

        return expit(eta)


@dataclass(frozen=True)
class Poisson:
    """y ~ Poisson(e^η), y a count; loss e^η − yη."""

    name: ClassVar[str] = "poisson"
    has_sigma: ClassVar[bool] = False
    convex: ClassVar[bool] = True
    smooth: ClassVar[bool] = True
    largest_slope: ClassVar[float] = np.inf

    def check_target(self, y: Array) -> None:
        """Require counts, not all of them 0."""
        if np.any(y < 0) or np.any(y != np.floor(y)):
            wrong = y[(y < 0) | (y != np.floor(y))]
            raise DataError(
                f"a Poisson target holds counts 0, 1, 2, …; got values such as {wrong[:3].tolist()}. For rates N/e "
                "pass the counts N with offset=np.log(e), or the rates with weights=e (whole in product)."
            )
        if not np.any(y > 0):
            raise DataError("the target is always 0; a Poisson regression needs a positive count.")

    def loss(self, y: Array, eta: Array, sigma: Array | float = 1.0) -> Array:
        """e^η − yη."""
        return self._exp(eta) - y * eta

    def slope(self, y: Array, eta: Array, sigma: Array | float = 1.0) -> Array:
        """e^η − y."""
        return self._exp(eta) - y

    def slope_size(self, y: Array, offset: Array, sigma: Array | float = 1.0) -> Array:
        """1 + |y|."""
        return 1 + np.abs(y)

    def curvature(self, y: Array, eta: Array, sigma: Array | float = 1.0) -> Array:
        """e^η."""
        return self._exp(eta)

    upper_curvature = curvature

    def dual_gap(self, y: Array, eta: Array, dual: Array, sigma: Array | float = 1.0) -> Array:
        """Kullback–Leibler divergence q log(q/μ) − q + μ with q = y − u."""
        from scipy.special import kl_div

        q = y - dual
        return kl_div(np.where(q > -1e-12 * (1 + y), np.maximum(q, 0.0), q), self._exp(eta))

    def log_likelihood(self, y: Array, eta: Array, sigma: Array | float = 1.0) -> Array:
        """yη − e^η − log y!."""
        from scipy.special import gammaln

        return -self.loss(y, eta) - gammaln(y + 1)

    def draw(self, generator: np.random.Generator, eta: Array, sigma: Array | float = 1.0) -> Array:
        """Draw counts."""
        return generator.poisson(self._exp(eta)).astype(float)

    def start(self, mean: float) -> float:
        """log(mean)."""
        return float(np.log(mean))

    @staticmethod
    def _exp(eta: Array) -> Array:
        with np.errstate(over="ignore"):
            return np.exp(eta)


FAMILIES: dict[str, Family] = {
    "gaussian": Gaussian(),
    "bernoulli": Bernoulli(),
    "poisson": Poisson(),
    "student_t": StudentT(),
    "laplace": LaplaceNoise(),
}


def find_family(family: "str | Family") -> Family:
    """Look up a family by name, or accept one such as ``StudentT(df=7)``.

    Raises
    ------
    UnsupportedError
        If the family is not one of ``FAMILIES``.
    """
    if isinstance(family, Gaussian | Bernoulli | Poisson | StudentT | LaplaceNoise):
        return family
    if not isinstance(family, str) or family not in FAMILIES:
        raise UnsupportedError(f"family {family!r} is not available; available: {', '.join(FAMILIES)}.")
    return FAMILIES[family]

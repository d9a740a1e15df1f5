"""What a family must say of itself: how the target is distributed around the linear predictor η.

Each states its loss as σ² × (negative log likelihood), terms without η dropped, so that with the Gaussian
family it is ½RSS and every family shares the penalty Σ λ_j|β_j| + ½κ_jβ_j² with λ = σ²/b, κ = σ²/s².
Families without a noise scale have σ = 1.
"""

from abc import ABC, abstractmethod
from typing import ClassVar, Literal

import numpy as np

from bayesreg.errors import DataError, UnsupportedError

Array = np.ndarray
TargetKind = Literal["numbers", "positive", "classes", "counts"]
# Beyond it floating point does not tell neighbouring counts apart.
LARGEST_COUNT = 2.0**53
# Of log σ in a central difference: the cube root of the rounding, where both its errors are small.
LOG_STEP = float(np.cbrt(np.finfo(float).eps))


class Family(ABC):
    """A distribution of the target; subclass it for a family of your own.

    All arrays have the shape of η, rows last.

    Attributes
    ----------
    name : str
    has_sigma : bool
        Whether there is a noise scale; otherwise sigma is 1.
    location_scale : bool
        Whether y − η has a distribution of scale σ whatever η, so that σ has the units of y.
    quadratic : bool
        Whether the loss is ½(y − η)², so that sufficient statistics exist.
    convex : bool
        Whether the loss is convex in η, so that a duality gap exists.
    smooth : bool
        Whether the loss has a derivative everywhere; otherwise the slope at a kink is one of its subgradients.
    separable : bool
        Whether columns that fit every row leave the likelihood without a maximum.
    weight_exponent : float
        The power of a row's weight that multiplies its loss.
    target_kind : {"numbers", "positive", "classes", "counts"}
    holds : str
        What a target holds, in words.
    cure : str
        What to do where the target holds something else.
    effect : str
        What a coefficient changes, in words, where it is not the target itself.
    ratio : str
        What exp(coefficient) is, in words; "" where it is nothing of its own.
    likelihood : str
        The distribution of y_i as a formula, with ``{mean}`` for the linear predictor, ``{sigma}``, and the fields of
        the family by name.

    See Also
    --------
    Regression : Data, prior, noise and family of a regression.
    StudentT : Family with Student-t noise.
    NegativeBinomial : Family of overdispersed counts.
    """

    name: ClassVar[str]
    has_sigma: ClassVar[bool]
    location_scale: ClassVar[bool] = False
    quadratic: ClassVar[bool] = False
    convex: ClassVar[bool] = True
    smooth: ClassVar[bool] = True
    separable: ClassVar[bool] = False
    weight_exponent: ClassVar[float] = 1.0
    target_kind: ClassVar[TargetKind] = "numbers"
    holds: ClassVar[str] = "finite numbers"
    cure: ClassVar[str] = ""
    effect: ClassVar[str] = ""
    ratio: ClassVar[str] = ""
    likelihood: ClassVar[str]

    @abstractmethod
    def loss(self, y: Array, eta: Array, sigma: Array | float = 1.0) -> Array:
        """σ² × negative log likelihood of each row, terms without η dropped."""

    @abstractmethod
    def slope(self, y: Array, eta: Array, sigma: Array | float = 1.0) -> Array:
        """First derivative of the loss in η."""

    @property
    @abstractmethod
    def largest_slope(self) -> float:
        """Bound of the first derivative in units of sigma; inf where there is none."""

    @abstractmethod
    def slope_size(self, y: Array, offset: Array, sigma: Array | float = 1.0) -> Array:
        """Size of the numbers that a slope is made of, whose rounding is its own."""

    @abstractmethod
    def curvature(self, y: Array, eta: Array, sigma: Array | float = 1.0) -> Array:
        """Second derivative of the loss in η."""

    @abstractmethod
    def log_likelihood(self, y: Array, eta: Array, sigma: Array | float = 1.0) -> Array:
        """Log density of each row, constants included."""

    @abstractmethod
    def mean(self, eta: Array) -> Array:
        """The inverse link: mean of y (its centre of symmetry, where it may have no mean)."""

    @abstractmethod
    def start(self, mean: float) -> float:
        """The link: the η at which the mean of y is the given one."""

    @abstractmethod
    def information(self, eta: Array) -> Array:
        """Fisher information of η in one row, times σ²."""

    @abstractmethod
    def draw(self, generator: np.random.Generator, eta: Array, sigma: Array | float = 1.0) -> Array:
        """Draw y."""

    def upper_curvature(self, y: Array, eta: Array, sigma: Array | float = 1.0) -> Array:
        """A non-negative curvature whose quadratic model leads downhill; for a smooth convex loss the curvature."""
        if not (self.convex and self.smooth):
            raise UnsupportedError(f"the {self.name} loss has no upper curvature; define upper_curvature.")
        return self.curvature(y, eta, sigma)

    def log_sigma_slope(self, y: Array, eta: Array, sigma: Array | float = 1.0) -> Array:
        """Derivative of each row's log likelihood in log σ; by central differences, where a family states no other."""
        up, down = (self.log_likelihood(y, eta, sigma * np.exp(step)) for step in (LOG_STEP, -LOG_STEP))
        return (up - down) / (2 * LOG_STEP)

    def dual_gap(self, y: Array, eta: Array, dual: Array, sigma: Array | float = 1.0) -> Array:
        """loss(η) + conjugate(−u) + u·η for a dual point u of each row: 0 at u = −slope, else positive."""
        raise UnsupportedError(f"the {self.name} family states no duality gap; read the KKT residual.")

    @property
    def has_gap(self) -> bool:
        """Whether the family states a duality gap."""
        return self.convex and type(self).dual_gap is not Family.dual_gap

    def allows(self, y: Array) -> Array:
        """Which values the family can have produced, shape of y."""
        return np.isfinite(y)

    def check_target(self, y: Array) -> None:
        """Raise DataError for a target that the family cannot have produced, or cannot learn from."""
        if not np.all(self.allows(y)):
            title, wrong = self.name.replace("_", " ").title(), np.unique(y[~self.allows(y)])[:3].tolist()
            raise DataError(f"a {title} target holds {self.holds}; got values such as {wrong}. {self.cure}".rstrip())
        self.check_information(y)

    def check_information(self, y: Array) -> None:  # noqa: B027 - most families can learn from any target
        """Raise DataError for a target that leaves the likelihood without a maximum whatever the columns."""

    def near_zero_unit(self, sd_y: float) -> tuple[float, str]:
        """In which a change of η is small or not: as a number, and as a factor in words."""
        return sd_y, "·sd(y)"

    def noise_spread(self, spread: float) -> float:
        """A typical size of sigma before the fit, given the spread of y, for the default prior of sigma."""
        return spread


def draw_counts(generator: np.random.Generator, rate: Array) -> Array:
    """Draw Poisson counts, from the Normal limit where a rate is beyond whole numbers in floating point.

    Raises
    ------
    UnsupportedError
        If a rate is not finite.
    """
    if not np.all(np.isfinite(rate)):
        raise UnsupportedError(
            "a linear predictor above 709 means more counts than floating point holds; a prior of smaller scale, or "
            "rows nearer to those that were fitted, keep it below."
        )
    large = rate > LARGEST_COUNT
    counts = generator.poisson(np.where(large, 0.0, rate)).astype(float)
    if not np.any(large):
        return counts
    return np.where(large, rate + np.sqrt(rate) * generator.standard_normal(rate.shape), counts)

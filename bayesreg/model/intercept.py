"""The intercept of a regression, none, flat or Normal, and the layout of θ, which may hold it.

θ is what a loss is a function of: beta and, where the intercept is in θ, last its deviation from its prior mean.
Elsewhere the intercept is orthogonal to the columns: given sigma it is independent of beta, and known in closed form.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass, replace
from math import inf, isinf
from typing import Any, ClassVar

import numpy as np

from bayesreg.design.design import Design
from bayesreg.design.implicit import ImplicitColumns
from bayesreg.errors import PriorError
from bayesreg.families.base import Family
from bayesreg.priors.normal import Normal


@dataclass(frozen=True)
class Intercept(ABC):
    """What a regression asks of its intercept.

    Attributes
    ----------
    given : bool or Normal
        As the user gave it.
    centered : bool
        Whether the columns are centred, so that it lies at their means; otherwise it lies at x = 0.
    in_theta : bool
        Whether it is the last element of θ: where a prior at x = 0 couples it to the coefficients, and in families
        without a closed form.
    loc, scale : float
        Of its prior, the scale in units of sigma if `scaled_by_sigma`; 0 and infinite without a proper one.
    exists, is_flat : bool
    words : str
    """

    given: bool | Normal
    centered: bool
    in_theta: bool
    loc: float = 0.0
    scale: float = inf
    scaled_by_sigma: bool = False

    exists: ClassVar[bool]
    is_flat: ClassVar[bool]
    words: ClassVar[str]

    @abstractmethod
    def formula(self) -> str:
        """Its prior as a formula; empty without a proper one."""

    @abstractmethod
    def mode(self, design: Design, sigma: np.ndarray | float) -> np.ndarray | float:
        """Where it is orthogonal: mode and mean of its posterior given sigma."""

    @abstractmethod
    def log_density(self, value: np.ndarray, sigma: np.ndarray) -> tuple[Any, ...]:
        """Summands of its log prior density; none where that is flat."""

    @abstractmethod
    def draw(
        self, sigma: np.ndarray | None, shape: tuple[int, ...], generator: np.random.Generator
    ) -> np.ndarray | None:
        """Draws from its prior; None if that is improper, or needs a sigma that is not given."""

    @abstractmethod
    def numbers(self, design: Design, family: Family) -> dict[str, float]:
        """What its variable in a PyMC model is made of, by the names of the model's data."""

    @property
    def orthogonal(self) -> bool:
        """Whether there is one that is independent of beta given sigma."""
        return self.exists and not self.in_theta

    @property
    def has_prior(self) -> bool:
        """Whether it has a proper prior."""
        return not isinf(self.scale)

    def precision(self, sigma: float) -> float:
        """κ₀ = σ²/s₀² of its prior; 0 without a proper one."""
        return (1.0 if self.scaled_by_sigma else sigma) ** 2 / self.scale**2 if self.has_prior else 0.0

    def variance(self, sigma_squared: np.ndarray) -> np.ndarray:
        """Variance of its prior, at each σ²."""
        return np.asarray(self.scale**2 * (sigma_squared if self.scaled_by_sigma else 1.0))

    def penalty(self, value: float, sigma: float) -> float:
        """½κ₀(value − loc)², its term of the objective ``half_rss``."""
        return 0.5 * self.precision(sigma) * (value - self.loc) ** 2 if self.has_prior else 0.0

    def fits_scaling(self, scaled_by_sigma: bool) -> bool:
        """Whether θ has one scaling: no proper prior of the intercept in it, or one like that of the coefficients."""
        return not (self.in_theta and self.has_prior) or self.scaled_by_sigma == scaled_by_sigma

    def append(self, values: np.ndarray, last: Any) -> np.ndarray:
        """Values of the columns, shape (p,), with that of the intercept where it is in θ, shape (q,)."""
        return np.append(values, last) if self.in_theta else values

    def columns(self, matrix: Any) -> Any:
        """The columns that θ multiplies, shape (n, q): with ones last where it is in θ."""
        return _with_ones(matrix) if self.in_theta else matrix

    def join(self, beta: np.ndarray, value: Any) -> np.ndarray:
        """θ, shape (..., q), of beta, shape (..., p), and the intercept, shape (...)."""
        if not self.in_theta:
            return beta
        return np.concatenate([beta, np.asarray(value - self.loc)[..., None]], axis=-1)

    def split(self, theta: np.ndarray, elsewhere: Any) -> tuple[np.ndarray, Any]:
        """Beta and the intercept of θ, shape (..., q); where θ does not hold the intercept it is `elsewhere`."""
        return (theta[..., :-1], theta[..., -1] + self.loc) if self.in_theta else (theta, elsewhere)

    def multiplied(self, strengths: np.ndarray, factors: np.ndarray | float) -> np.ndarray:
        """Strengths of θ, shape (q,), times factors of shape (...): shape (..., q); the intercept's own stays."""
        multiples = np.multiply.outer(factors, strengths)
        if self.in_theta:
            multiples[..., -1] = strengths[-1]
        return np.asarray(multiples)


class NoIntercept(Intercept):
    """An intercept of 0."""

    exists, is_flat, words = False, False, "there is no intercept"

    def formula(self) -> str:
        return ""

    def mode(self, design: Design, sigma: np.ndarray | float) -> np.ndarray | float:
        return 0.0

    def log_density(self, value: np.ndarray, sigma: np.ndarray) -> tuple[Any, ...]:
        return ()

    def draw(
        self, sigma: np.ndarray | None, shape: tuple[int, ...], generator: np.random.Generator
    ) -> np.ndarray | None:
        return np.zeros(shape)

    def numbers(self, design: Design, family: Family) -> dict[str, float]:
        return {}


class FlatIntercept(Intercept):
    """An intercept without a proper prior, that no penalty sees."""

    exists, is_flat, words = True, True, "the intercept is not penalized"

    def formula(self) -> str:
        return ""

    def mode(self, design: Design, sigma: np.ndarray | float) -> np.ndarray | float:
        return design.mean_y

    def log_density(self, value: np.ndarray, sigma: np.ndarray) -> tuple[Any, ...]:
        return ()

    def draw(
        self, sigma: np.ndarray | None, shape: tuple[int, ...], generator: np.random.Generator
    ) -> np.ndarray | None:
        return None

    def numbers(self, design: Design, family: Family) -> dict[str, float]:
        return {"intercept_start": _start(design, family)}


class NormalIntercept(Intercept):
    """intercept ~ Normal(loc, scale), or Normal(loc, σ·scale)."""

    exists, is_flat, words = True, False, "the intercept has a prior of its own"

    def formula(self) -> str:
        where = "the centre of the columns" if self.centered else "x = 0"
        return f"intercept at {where} ~ Normal({self.loc:.4g}, {self.scale})"

    def mode(self, design: Design, sigma: np.ndarray | float) -> np.ndarray | float:
        kappa, weight = np.vectorize(self.precision)(sigma), design.weight
        return np.asarray((weight * design.mean_y + kappa * self.loc) / (weight + kappa))

    def log_density(self, value: np.ndarray, sigma: np.ndarray) -> tuple[Any, ...]:
        sd = self.scale * (sigma if self.scaled_by_sigma else 1.0)
        return -0.5 * np.log(2 * np.pi), -np.log(sd), -0.5 * ((value - self.loc) / sd) ** 2

    def draw(
        self, sigma: np.ndarray | None, shape: tuple[int, ...], generator: np.random.Generator
    ) -> np.ndarray | None:
        factor = sigma if self.scaled_by_sigma else np.ones(shape)
        return None if factor is None else self.loc + self.scale * factor * generator.standard_normal(shape)

    def numbers(self, design: Design, family: Family) -> dict[str, float]:
        return {"intercept_prior_scale": self.scale, "intercept_prior_loc": self.loc}


def read_intercept(intercept: object, *, center: bool, family: Family) -> Intercept:
    """The intercept of a regression from its arguments.

    Columns are centred always under a flat intercept, and never without an intercept.

    Raises
    ------
    PriorError
        If it is neither a flag nor a Normal prior of one finite scale.
    """
    apart = family.quadratic
    if isinstance(intercept, bool | np.bool_):
        return FlatIntercept(True, True, not apart) if intercept else NoIntercept(False, False, False)
    if isinstance(intercept, Normal) and intercept.is_of_one_number and intercept.scale != inf:
        loc, scale = float(intercept.loc), float(intercept.scale)  # type: ignore[arg-type]
        parts = (loc, scale, intercept.scaled_by_sigma)
        return NormalIntercept(intercept, center, not (apart and center), *parts)
    raise PriorError(f"intercept must be True, False or Normal(scale, loc=…) with one finite scale, got {intercept!r}.")


def _start(design: Design, family: Family) -> float:
    """A finite intercept that fits the mean of the target."""
    if design.rows is None:
        return family.start(design.mean_y)
    return family.start(float(np.average(design.rows.y, weights=design.rows.weights)))


def _with_ones(matrix: Any) -> Any:
    if isinstance(matrix, ImplicitColumns):
        return replace(matrix, ones=True)
    return np.column_stack([matrix, np.ones(len(matrix))])

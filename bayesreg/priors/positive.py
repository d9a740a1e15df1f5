"""What a prior of a positive unknown is: the noise standard deviation sigma, or the scale of another prior.

Each is stated once, as a density *of the unknown itself* (not of its square or logarithm): a kernel of two parameters,
which compiled code takes from here, and a constant. The derivative and the form for arrays of logarithms go with it.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable
from math import inf, log, log1p
from numbers import Real
from typing import ClassVar, NamedTuple

import numpy as np

from bayesreg.errors import PriorError

Array = np.ndarray


# Of x and two parameters. Plain functions of numbers, so that they can be compiled as they are.
Kernel = Callable[[float, float, float], float]


def one_over_x(x: float, first: float, second: float) -> float:
    """−log x."""
    return -log(x) if x > 0.0 else inf


def half_normal(x: float, scale: float, second: float) -> float:
    """−x²/(2·scale²)."""
    return -0.5 * (x / scale) * (x / scale)


def exponential(x: float, rate: float, second: float) -> float:
    """−rate·x."""
    return -rate * x


def half_student_t(x: float, df: float, scale: float) -> float:
    """−½(df + 1)·log(1 + x²/(df·scale²))."""
    z = x / scale
    # For a huge z the 1 is nothing, and its square may not be a number.
    tail = log1p(z * z / df) if z < 1e100 else 2 * log(z) - log(df)
    return -0.5 * (df + 1) * tail


def inverse_gamma_sd(x: float, shape: float, scale: float) -> float:
    """−(shape + 1)·log x − scale/x."""
    return -(shape + 1) * log(x) - scale / x


def inverse_gamma_variance(x: float, shape: float, scale: float) -> float:
    """−(2·shape + 1)·log x − scale/x²."""
    return -(2 * shape + 1) * log(x) - scale / x / x


def flat(x: float, upper: float, second: float) -> float:
    """0 up to the upper end, −inf beyond."""
    return 0.0 if x <= upper else -inf


def gamma_sd(x: float, shape: float, rate: float) -> float:
    """(shape − 1)·log x − rate·x."""
    return (shape - 1) * log(x) - rate * x


def gamma_variance(x: float, shape: float, rate: float) -> float:
    """(2·shape − 1)·log x − rate·x²."""
    return (2 * shape - 1) * log(x) - rate * x * x


def beta_prime(x: float, first: float, second: float) -> float:
    """(2·first − 1)·log x − (first + second)·log(1 + x²)."""
    # For a huge x the 1 is nothing, and its square may not be a number.
    tail = log1p(x * x) if x < 1e100 else 2 * log(x)
    return (2 * first - 1) * log(x) - (first + second) * tail


# Compiled code knows a kernel by its place here.
KERNELS: tuple[Kernel, ...] = (
    one_over_x,
    half_normal,
    exponential,
    half_student_t,
    inverse_gamma_sd,
    inverse_gamma_variance,
    flat,
    gamma_sd,
    gamma_variance,
    beta_prime,
)


def settle(prior: object, *names: str) -> None:
    """Require positive finite numbers, and keep them as Python's own, so that a prior's repr can be read back."""
    for name in names:
        value = getattr(prior, name)
        value = value.item() if isinstance(value, np.ndarray) and value.ndim == 0 else value
        if isinstance(value, bool) or not isinstance(value, Real) or not 0 < float(value) < inf:
            raise PriorError(f"{name} must be a positive finite number, got {value!r}.")
        object.__setattr__(prior, name, float(value))


class Density(NamedTuple):
    """exp(kernel(x, first, second) + log_constant)."""

    kernel: Kernel
    first: float
    second: float
    log_constant: float


class PositivePrior(ABC):
    """What is known of a prior of x > 0.

    Attributes
    ----------
    power_at_zero : float
        k, where p(x) ∝ x^k as x falls to 0; inf where it vanishes faster than any power.
    """

    power_at_zero: ClassVar[float] = 0.0

    @property
    @abstractmethod
    def density(self) -> Density:
        """The density, by its kernel."""

    @abstractmethod
    def log_density_slope(self, x: float) -> float:
        """Derivative of the log density at x > 0."""

    @abstractmethod
    def log_density_of_log(self, t: Array) -> Array:
        """Log density of t = log x, the Jacobian x included, at t of any shape."""

    @property
    @abstractmethod
    def log_center(self) -> float | None:
        """A place in the bulk of log x; None for an improper prior."""

    @abstractmethod
    def draw(self, generator: np.random.Generator, shape: tuple[int, ...]) -> Array:
        """Draw from the prior; PriorError if it is improper."""

    @property
    def proper(self) -> bool:
        """Whether the density integrates to 1."""
        return True

    @property
    def log_upper(self) -> float:
        """Log of the end of the support; inf where it has none."""
        return inf

    @property
    def inverse_gamma_variance(self) -> tuple[float, float] | None:
        """Shape and scale where x² is inverse-gamma, which makes it conjugate for a standard deviation; else None."""
        return None

    def log_density(self, x: float) -> float:
        """Log density at x > 0."""
        kernel, first, second, log_constant = self.density
        return kernel(x, first, second) + log_constant

"""Coordinates in which a Normal prior of any mean and covariance is independent; the one file that knows the map."""

from dataclasses import dataclass
from typing import Any

import numpy as np

Array = np.ndarray


@dataclass(frozen=True, eq=False)
class Factor:
    """L and its inverse R: with β = Lγ the elements of γ are independent, some of them without any prior.

    Attributes
    ----------
    out, back : ndarray, shape (p, p)
        L and R.
    log_unit : ndarray, shape (p,)
        Summands of log |det R|.
    flat : ndarray of bool, shape (p,)
        Elements of γ that have no prior; their columns of L are orthonormal.
    """

    out: Array
    back: Array
    log_unit: Array
    flat: Array

    def reordered(self, order: Array) -> "Factor":
        """The same for coefficients in another order."""
        return Factor(self.out[order], self.back[:, order], self.log_unit, self.flat)


@dataclass(frozen=True, eq=False)
class Coordinates:
    """β = loc + Lγ.

    Attributes
    ----------
    loc : ndarray, shape (p,), or None
        None stands for 0.
    factor : Factor or None
        None stands for L = 1.
    """

    loc: Array | None = None
    factor: Factor | None = None

    @property
    def is_plain(self) -> bool:
        """Whether γ is β."""
        return self.loc is None and self.factor is None

    @property
    def log_unit(self) -> Array | float:
        """Summands of log |dγ/dβ|, shape (p,)."""
        return 0.0 if self.factor is None else self.factor.log_unit

    def beta(self, gamma: Array) -> Array:
        """β of γ, shape (..., p)."""
        moved = gamma if self.factor is None else gamma @ self.factor.out.T
        return moved if self.loc is None else moved + self.loc

    def gamma(self, beta: Array) -> Array:
        """γ of β, shape (..., p)."""
        moved = beta if self.loc is None else beta - self.loc
        return moved if self.factor is None else moved @ self.factor.back.T

    def padded(self, size: int) -> tuple[Array, Array | None]:
        """The vector loc and L (None for 1) for so many coefficients, those beyond the p being left as they are."""
        shift = np.zeros(size)
        if self.loc is not None:
            shift[: len(self.loc)] = self.loc
        if self.factor is None:
            return shift, None
        whole, p = np.eye(size), len(self.factor.flat)
        whole[:p, :p] = self.factor.out
        return shift, whole

    def columns(self, matrix: Any) -> Any:
        """XL of columns X, that multiply γ."""
        return matrix if self.factor is None else matrix @ self.factor.out

    def covariance(self, of_gamma: Array) -> Array:
        """Covariance of β from that of γ, both of shape (p, p)."""
        return of_gamma if self.factor is None else self.factor.out @ of_gamma @ self.factor.out.T

    def sds(self, scales: Array) -> Array:
        """Standard deviations of β where those of γ are given, infinite ones too, shape (p,)."""
        if self.factor is None:
            return scales
        finite = np.isfinite(scales)
        spread = np.sqrt(np.sum((self.factor.out[:, finite] * scales[finite]) ** 2, axis=1))
        # A share of a flat direction that is mere rounding is none.
        touched = np.any(np.abs(self.factor.out[:, ~finite]) > 1e-8, axis=1)
        return np.where(touched, np.inf, spread)

    def same(self, other: "Coordinates") -> bool:
        """Whether the map is the same."""
        if (self.loc is None) != (other.loc is None) or self.factor is not other.factor:
            return False
        return self.loc is None or other.loc is None or bool(np.array_equal(self.loc, other.loc))


PLAIN = Coordinates()

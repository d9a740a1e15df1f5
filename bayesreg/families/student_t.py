"""Student-t noise: an estimate that a few wild rows hardly move."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from bayesreg.errors import PriorError, UnsupportedError
from bayesreg.families.base import Array
from bayesreg.families.links import LocationScale


@dataclass(frozen=True)
class StudentT(LocationScale):
    """y = η + σ·t with df degrees of freedom; loss σ²·(df + 1)/2·log(1 + r²/(df·σ²)), not convex.

    Parameters
    ----------
    df : float
        Degrees of freedom, greater than 0; 4 by default.

    See Also
    --------
    LaplaceNoise : Family with Laplace noise.
    Family : Base class of families.
    Regression : Data, prior, noise and family of a regression.
    """

    df: float = 4.0
    name: ClassVar[str] = "student_t"
    convex: ClassVar[bool] = False
    likelihood: ClassVar[str] = "StudentT({df:g}, {mean}, {sigma})"

    def __post_init__(self) -> None:
        try:
            df = float(self.df)
        except (TypeError, ValueError):
            df = np.nan
        if isinstance(self.df, bool | str) or not 0 < df < np.inf:
            raise PriorError(f"df must be a positive finite number, got {self.df!r}.")
        # As Python's own number, so that the family's repr can be read back.
        object.__setattr__(self, "df", df)

    def loss(self, y: Array, eta: Array, sigma: Array | float = 1.0) -> Array:
        """σ²·(df + 1)/2·log(1 + r²/(df·σ²))."""
        return 0.5 * (self.df + 1) * sigma**2 * np.log1p(((y - eta) / sigma) ** 2 / self.df)

    def slope(self, y: Array, eta: Array, sigma: Array | float = 1.0) -> Array:
        """(η − y)·(df + 1)/(df + r²/σ²)."""
        return (eta - y) * self.upper_curvature(y, eta, sigma)

    @property
    def largest_slope(self) -> float:
        """(df + 1)/(2√df), at a residual of √df·σ; in units of sigma."""
        return (self.df + 1) / (2 * self.df**0.5)

    def slope_size(self, y: Array, offset: Array, sigma: Array | float = 1.0) -> Array:
        """(df + 1)/df·(|y| + |offset|) + σ."""
        return (self.df + 1) / self.df * (np.abs(y) + np.abs(offset)) + sigma

    def curvature(self, y: Array, eta: Array, sigma: Array | float = 1.0) -> Array:
        """(df + 1)(df − r²/σ²)/(df + r²/σ²)², negative for outliers."""
        square = ((y - eta) / sigma) ** 2
        return (self.df + 1) * (self.df - square) / (self.df + square) ** 2

    def upper_curvature(self, y: Array, eta: Array, sigma: Array | float = 1.0) -> Array:
        """(df + 1)/(df + r²/σ²): the weight of iteratively reweighted least squares, which majorizes the loss."""
        return (self.df + 1) / (self.df + ((y - eta) / sigma) ** 2)

    def dual_gap(self, y: Array, eta: Array, dual: Array, sigma: Array | float = 1.0) -> Array:
        """Raise: a loss that is not convex has no duality gap."""
        raise UnsupportedError("the Student-t loss is not convex, so it has no duality gap; read the KKT residual.")

    def log_likelihood(self, y: Array, eta: Array, sigma: Array | float = 1.0) -> Array:
        """Log density of the scaled and shifted t distribution."""
        from scipy.special import gammaln

        df = self.df
        constant = gammaln((df + 1) / 2) - gammaln(df / 2) - 0.5 * np.log(df * np.pi)
        return constant - np.log(sigma) - 0.5 * (df + 1) * np.log1p(((y - eta) / sigma) ** 2 / df)

    def draw(self, generator: np.random.Generator, eta: Array, sigma: Array | float = 1.0) -> Array:
        """Draw η + σ·t."""
        return eta + sigma * generator.standard_t(self.df, eta.shape)

    def information(self, eta: Array) -> Array:
        """(df + 1)/(df + 3)."""
        return np.full_like(eta, (self.df + 1) / (self.df + 3))

"""Families with heavy tails: what they estimate is hardly moved by a few wild rows."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from bayesreg.errors import PriorError, UnsupportedError

Array = np.ndarray


@dataclass(frozen=True)
class StudentT:
    """y = η + σ·t with df degrees of freedom; loss σ²·(df + 1)/2·log(1 + r²/(df·σ²)), not convex.

    Parameters
    ----------
    df : float
        Degrees of freedom, greater than 0; 4 by default.
    """

    df: float = 4.0
    name: ClassVar[str] = "student_t"
    has_sigma: ClassVar[bool] = True
    convex: ClassVar[bool] = False
    smooth: ClassVar[bool] = True

    def __post_init__(self) -> None:
        if not (self.df > 0 and np.isfinite(self.df)):
            raise PriorError(f"df must be a positive finite number, got {self.df!r}.")

    def check_target(self, y: Array) -> None:
        """Accept every finite target."""

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

    def start(self, mean: float) -> float:
        """The mean itself."""
        return mean


@dataclass(frozen=True)
class LaplaceNoise:
    r"""y = η + σ·Laplace noise, with density exp(−|y − η|/σ)/(2σ); loss σ·|y − η|, least absolute deviations.

    σ is the scale of the noise and √2·σ its standard deviation; the maximum of the likelihood is a median
    regression (Koenker & Bassett 1978, doi:10.2307/1913643). The loss is convex with a kink at η = y, so
    an estimate passes through some rows exactly, and may be one of many: then one of them is returned.

    Examples
    --------
    >>> import bayesreg as br
    >>> X, y = [[-2.0], [-1.0], [0.0], [1.0], [2.0]], [1.0, 3.0, 5.0, 7.0, 900.0]
    >>> reg = br.Regression(X, y, prior=br.Laplace(10.0), family=br.LaplaceNoise(), sigma=1.0)
    >>> float(br.map_estimate(reg).coef[0].round(12))
    2.0
    """

    name: ClassVar[str] = "laplace"
    has_sigma: ClassVar[bool] = True
    convex: ClassVar[bool] = True
    smooth: ClassVar[bool] = False
    largest_slope: ClassVar[float] = 1.0

    def check_target(self, y: Array) -> None:
        """Accept every finite target."""

    def loss(self, y: Array, eta: Array, sigma: Array | float = 1.0) -> Array:
        """σ·|y − η|."""
        return sigma * np.abs(y - eta)

    def slope(self, y: Array, eta: Array, sigma: Array | float = 1.0) -> Array:
        """−σ·sign(y − η), at the kink the subgradient 0."""
        return -sigma * np.sign(y - eta)

    def slope_size(self, y: Array, offset: Array, sigma: Array | float = 1.0) -> Array:
        """σ."""
        return np.broadcast_to(sigma, y.shape)

    def curvature(self, y: Array, eta: Array, sigma: Array | float = 1.0) -> Array:
        """0, wherever the loss has a derivative."""
        return np.zeros(np.broadcast_shapes(np.shape(y), np.shape(eta)))

    def upper_curvature(self, y: Array, eta: Array, sigma: Array | float = 1.0) -> Array:
        """σ/|y − η|: the weight of iteratively reweighted least squares, which majorizes the loss; finite at 0."""
        return sigma / np.maximum(np.abs(y - eta), np.finfo(float).eps * sigma)

    def dual_gap(self, y: Array, eta: Array, dual: Array, sigma: Array | float = 1.0) -> Array:
        """σ·|y − η| − u·(y − η), infinite for a dual point outside [−σ, σ]."""
        inside = np.clip(dual, -sigma, sigma)
        gap = np.maximum(sigma * np.abs(y - eta) - inside * (y - eta), 0.0)
        return np.where(np.abs(dual - inside) <= 1e-12 * sigma, gap, np.inf)

    def log_likelihood(self, y: Array, eta: Array, sigma: Array | float = 1.0) -> Array:
        """−log 2σ − |y − η|/σ."""
        return -np.log(2 * sigma) - np.abs(y - eta) / sigma

    def draw(self, generator: np.random.Generator, eta: Array, sigma: Array | float = 1.0) -> Array:
        """Draw η + σ·Laplace noise."""
        return eta + generator.laplace(size=eta.shape) * sigma

    def start(self, mean: float) -> float:
        """The mean itself."""
        return mean

r"""Coordinates in which coefficients are drawn: smooth at 0, and apart from the prior's unknown scale.

β_j = r_j·G_j(u_j). Under a Laplace prior G maps a standard Normal u to a Laplace variable, which turns the kink of the
log density at β = 0 into a smooth −½u² (Chen, Dunlop, Papaspiliopoulos & Stuart 2018, arXiv:1803.03344); otherwise it
is a multiple. With f the factor of the prior's unit scales and f₀ a typical one, r_j = f₀·(f/f₀)^a_j: a_j = 0 is the
centred and 1 the noncentred form, and between them lies the share of β_j's variance that is the prior's own
(Papaspiliopoulos, Roberts & Sköld 2007, doi:10.1214/088342307000000014). Any G and a_j give the same posterior.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from bayesreg.families.links import log_one_plus_exp, logistic

# Of a logarithm, when coordinates are chosen.
NEAREST_TO_END = -0.05
LOG_TWO, HALF_LOG_TWO_PI = float(np.log(2)), 0.5 * float(np.log(2 * np.pi))


class Bounded(NamedTuple):
    """A logarithm t = upper − log(1 + e^−x) below its upper end, or x itself where there is no end."""

    upper: float

    def value(self, x: np.ndarray) -> np.ndarray:
        """Return t."""
        return x if self.upper == np.inf else self.upper - log_one_plus_exp(-x)

    def derivative(self, x: np.ndarray) -> np.ndarray | float:
        """Return dt/dx."""
        return 1.0 if self.upper == np.inf else logistic(-x)

    def log_derivative(self, x: np.ndarray) -> np.ndarray | float:
        """Return log dt/dx."""
        return 0.0 if self.upper == np.inf else -log_one_plus_exp(x)

    def log_derivative_slope(self, x: np.ndarray) -> np.ndarray | float:
        """Return the derivative of log dt/dx."""
        return 0.0 if self.upper == np.inf else -logistic(x)

    def place(self, t: np.ndarray) -> np.ndarray:
        """Return x at t below the end."""
        return t if self.upper == np.inf else t - self.upper - np.log(-np.expm1(t - self.upper))

    def inverse(self, t: float) -> float:
        """Return x at t, or near the end where t is beyond it."""
        below = min(t - self.upper, NEAREST_TO_END)
        return t if self.upper == np.inf else float(below - np.log(-np.expm1(below)))


@dataclass(frozen=True, eq=False)
class Curve:
    """β at u, and what of its derivative in u a change of variables asks for, all of shape (C, p)."""

    beta: np.ndarray
    derivative: np.ndarray
    log_derivative: np.ndarray
    log_derivative_slope: np.ndarray | float


@dataclass(frozen=True, eq=False)
class Coordinates:
    """The map between u and β; see the module.

    Attributes
    ----------
    laplace, spread : ndarray, shape (p,)
        Laplace scale of a column with a kink, infinite without; what u is multiplied by there.
    share : ndarray, shape (p,)
        a_j.
    log_reference : ndarray, shape (1,) or (p,)
        log f₀.
    """

    laplace: np.ndarray
    spread: np.ndarray
    share: np.ndarray
    log_reference: np.ndarray

    def log_unit(self, log_factor: np.ndarray) -> np.ndarray:
        """Log r_j, shape (..., p), for log f of shape (..., 1) or (..., p)."""
        return np.asarray(self.log_reference + (log_factor - self.log_reference) * self.share)

    def curve(self, u: np.ndarray, log_factor: np.ndarray) -> Curve:
        """Return β and its derivatives at u (C, p), with the logarithm of f, shape (C, 1) or (C, p)."""
        log_unit = self.log_unit(log_factor)
        unit = np.exp(log_unit)
        kinked = np.isfinite(self.laplace)
        slope = unit * self.spread
        if not np.any(kinked):
            return Curve(slope * u, slope, log_unit + np.log(self.spread), 0.0)
        from scipy.special import log_ndtr

        log_tail = log_ndtr(-np.abs(u))
        log_hazard = -0.5 * u**2 - HALF_LOG_TWO_PI - log_tail
        scale = np.where(kinked, self.laplace, 1.0)
        hazard = np.exp(log_hazard)
        bent = Curve(
            -unit * scale * np.sign(u) * (LOG_TWO + log_tail),
            unit * scale * hazard,
            log_unit + np.log(scale) + log_hazard,
            np.sign(u) * hazard - u,
        )
        if np.all(kinked):
            return bent
        return Curve(
            np.where(kinked, bent.beta, slope * u),
            np.where(kinked, bent.derivative, slope),
            np.where(kinked, bent.log_derivative, log_unit + np.log(self.spread)),
            np.where(kinked, bent.log_derivative_slope, 0.0),
        )

    def inverse(self, beta: np.ndarray, log_factor: np.ndarray) -> np.ndarray:
        """Return u at β, shape (..., p), and log f, shape (..., 1) or (..., p)."""
        from scipy.special import ndtri_exp

        unit = np.exp(self.log_unit(log_factor))
        bent = -np.sign(beta) * ndtri_exp(-np.abs(beta) / (unit * self.laplace) - LOG_TWO)
        return np.where(np.isfinite(self.laplace), bent, beta / (unit * self.spread))

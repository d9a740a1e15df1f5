"""Least absolute deviations with any penalty: scipy's route for smooth losses at narrower and narrower kinks."""

from dataclasses import dataclass, replace

import numpy as np

from bayesreg.design.implicit import to_dense
from bayesreg.families.base import Array
from bayesreg.families.laplace import LaplaceNoise
from bayesreg.model.row_loss import RowLoss
from bayesreg.optimize.foreign.split import minimize_split
from bayesreg.optimize.row_certificate import judge_rows

# Widths of the kinks, as shares of the target's spread.
WIDTHS = np.logspace(-1, -9, 9)
# A row counts as fitted while its slope is below this share of the largest.
INSIDE = 0.999
# A relative KKT residual that ends the search.
ENOUGH = 1e-10


@dataclass(frozen=True)
class SmoothedLaplace(LaplaceNoise):
    """Loss σ·(√(r² + width²) − width), with a second derivative everywhere."""

    width: float = 1.0

    def loss(self, y: Array, eta: Array, sigma: Array | float = 1.0) -> Array:
        """σ·(√(r² + width²) − width)."""
        return sigma * (np.hypot(y - eta, self.width) - self.width)

    def slope(self, y: Array, eta: Array, sigma: Array | float = 1.0) -> Array:
        """−σ·r/√(r² + width²)."""
        return sigma * (eta - y) / np.hypot(y - eta, self.width)

    def curvature(self, y: Array, eta: Array, sigma: Array | float = 1.0) -> Array:
        """σ·width²/(r² + width²)^1.5."""
        size = np.hypot(y - eta, self.width)
        return sigma * (self.width / size) ** 2 / size

    def upper_curvature(self, y: Array, eta: Array, sigma: Array | float = 1.0) -> Array:
        """σ/√(r² + width²)."""
        return sigma / np.hypot(y - eta, self.width)


def minimize_absolute(loss: RowLoss, l1: np.ndarray, l2: np.ndarray, start: np.ndarray) -> np.ndarray:
    """Approach the minimum of σ·Σ|r| + Σ λ_j|θ_j| + ½κ_jθ_j²; the certificate judges the point."""
    loss = replace(loss, A=to_dense(loss.A))
    spread = float(np.std(loss.y - loss.offset)) or 1.0
    theta = best = start
    smallest = np.inf
    for share in WIDTHS:
        smooth = replace(loss, family=SmoothedLaplace(width=share * spread))
        theta = minimize_split(smooth, l1, l2, theta)
        # Between two rows the minimum may be flat, and then no row is fitted at the point itself.
        for point in (theta, _corner(smooth, l1, l2, theta)):
            kkt = judge_rows(loss, point, l1, l2)[0]
            if kkt < smallest:
                best, smallest = point, kkt
        if smallest <= ENOUGH:
            break
    return best


def _corner(smooth: RowLoss, l1: np.ndarray, l2: np.ndarray, theta: np.ndarray) -> np.ndarray:
    """Solve the linear conditions of optimality, given which rows are fitted exactly and which coefficients are 0."""
    support = np.flatnonzero((theta != 0) | (l1 == 0))
    slopes = -smooth.row_slopes(smooth.eta(theta)) / smooth.largest_slopes
    fitted = np.abs(slopes) < INSIDE
    A, s = smooth.A[:, support], len(support)
    score = A[~fitted].T @ (np.sign(slopes) * smooth.largest_slopes)[~fitted] - (l1 * np.sign(theta))[support]
    rows = A[fitted]
    system = np.block([[rows, np.zeros((len(rows), len(rows)))], [np.diag(l2[support]), -rows.T]])
    values = np.concatenate([(smooth.y - smooth.offset)[fitted], score])
    corner = np.zeros_like(theta)
    corner[support] = np.linalg.lstsq(system, values, rcond=None)[0][:s]
    return corner

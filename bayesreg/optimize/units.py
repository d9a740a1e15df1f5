"""A location family's problem in units of its noise, its target about a middle: solvers then know no other size."""

from dataclasses import dataclass, replace

import numpy as np

from bayesreg.model.row_loss import RowLoss


@dataclass(frozen=True, eq=False)
class Units:
    """The problem whose solution is (θ − shift)/size.

    Attributes
    ----------
    loss : RowLoss
        With sigma 1, mean weight 1 and no offset.
    l1, l2 : ndarray, shape (q,)
    size : float
    shift : ndarray, shape (q,)
        0 but for an intercept without a prior.
    """

    loss: RowLoss
    l1: np.ndarray
    l2: np.ndarray
    size: float
    shift: np.ndarray

    def inside(self, theta: np.ndarray) -> np.ndarray:
        """θ in these units."""
        return (theta - self.shift) / self.size

    def outside(self, theta: np.ndarray) -> np.ndarray:
        """θ as it was, from θ in these units."""
        return theta * self.size + self.shift


def in_units(loss: RowLoss, l1: np.ndarray, l2: np.ndarray) -> Units:
    """Restate Σ w·ℓ(y, η, σ) + Σ λ_j|θ_j| + ½κ_jθ_j² of a family of a location and a scale."""
    mean_weight = float(np.mean(loss.weights))
    size = loss.sigma / mean_weight**0.5
    shift, target = np.zeros(loss.size), loss.y - loss.offset
    last = np.asarray(loss.A[:, np.array([loss.size - 1])])
    if l1[-1] == 0 and l2[-1] == 0 and np.all(last == 1):
        shift[-1] = np.median(target)
    inner = replace(
        loss,
        y=(target - shift[-1]) / size,
        offset=np.zeros(len(target)),
        weights=loss.weights / mean_weight,
        sigma=1.0,
    )
    with np.errstate(over="ignore"):
        return Units(inner, l1 / (mean_weight * size), l2 / mean_weight, size, shift)

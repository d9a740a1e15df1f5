"""Families: how the target is distributed around the linear predictor."""

from dataclasses import dataclass

import numpy as np

from bayesreg.errors import UnsupportedError


@dataclass(frozen=True)
class Gaussian:
    """y_i ~ Normal(η_i, σ²/w_i); the loss in ``half_rss`` is ½ Σ w_i (y_i − η_i)²."""

    name: str = "gaussian"

    def loss(self, y: np.ndarray, eta: np.ndarray, weights: np.ndarray | float = 1.0) -> float:
        """½ Σ w (y − η)², for y and η of shape (n,)."""
        return 0.5 * float(np.sum(weights * (y - eta) ** 2))

    def gradient(self, y: np.ndarray, eta: np.ndarray, weights: np.ndarray | float = 1.0) -> np.ndarray:
        """Derivative of the loss with respect to η, shape (n,)."""
        return weights * (eta - y)

    def log_likelihood(
        self, y: np.ndarray, eta: np.ndarray, sigma: np.ndarray | float, weights: np.ndarray | float = 1.0
    ) -> np.ndarray:
        """Pointwise log density of y, broadcast over leading dimensions of η and σ."""
        return 0.5 * (np.log(weights) - np.log(2 * np.pi)) - np.log(sigma) - 0.5 * weights * ((y - eta) / sigma) ** 2


FAMILIES = {"gaussian": Gaussian()}


def find_family(name: object) -> Gaussian:
    """Look up a family by name.

    Raises
    ------
    UnsupportedError
        If the family is not one of ``FAMILIES``.
    """
    if not isinstance(name, str) or name not in FAMILIES:
        raise UnsupportedError(f"family {name!r} is not available; available: {', '.join(FAMILIES)}.")
    return FAMILIES[name]

"""All that a regression estimates, at one point or in draws."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from bayesreg.design.standardization import Standardization


@dataclass(frozen=True, eq=False)
class Unknowns:
    """All that is estimated, at one point or in draws; leading dimensions are shared.

    A point has no leading dimensions, draws have (chains, draws).

    Attributes
    ----------
    beta : ndarray, shape (..., p)
        Coefficients of the (standardized) columns on which the prior is stated.
    at_center : ndarray, shape (...)
        Intercept at the centre of the columns, where its prior is stated; zeros if there is none.
    sigma : ndarray, shape (...)
        Noise standard deviation, also where it is known; ones for families without one.
    hyperparameters : mapping from str to ndarray, shape (...) or (..., p)
        The prior's unknowns by name, such as ``scale``, ``local_scale`` and ``slab_scale``; empty if it has none.
    """

    beta: np.ndarray
    at_center: np.ndarray
    sigma: np.ndarray
    hyperparameters: Mapping[str, np.ndarray] = field(default_factory=dict)

    def __getitem__(self, index: Any) -> "Unknowns":
        """The points at an index of the leading dimensions."""
        parts = {name: values[index] for name, values in self.hyperparameters.items()}
        return Unknowns(self.beta[index], self.at_center[index], self.sigma[index], parts)

    def get(self, name: str) -> np.ndarray | None:
        """One of the prior's unknowns; None if it has none of this name."""
        return self.hyperparameters.get(name)

    def on_user_columns(self, standardization: Standardization) -> tuple[np.ndarray, np.ndarray]:
        """The same coefficients and intercept on the user's columns: coef (..., p), and intercept (...) at x = 0."""
        coef = standardization.coef(self.beta)
        return coef, standardization.intercept(self.at_center, coef)

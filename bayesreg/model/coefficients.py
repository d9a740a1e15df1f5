"""One point of a regression in all coordinates."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, eq=False)
class Coefficients:
    """One point (or draws) in all coordinates; leading dimensions are shared.

    Attributes
    ----------
    beta : ndarray, shape (..., p)
        On the columns that the prior sees.
    coef : ndarray, shape (..., p)
        On the user's columns.
    intercept : ndarray, shape (...)
        At x = 0 of the user's columns; zeros if there is none.
    at_center : ndarray, shape (...)
        At the centre of the columns, the one that an intercept prior is about.
    """

    beta: np.ndarray
    coef: np.ndarray
    intercept: np.ndarray
    at_center: np.ndarray

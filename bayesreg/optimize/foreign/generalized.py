"""The other route for a Normal prior with a matrix: its penalty as extra rows of ordinary least squares."""

import numpy as np

from bayesreg.model.objective import join, strengths_at
from bayesreg.model.regression import Regression


def fit_generalized(reg: Regression, sigma: float, A: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, str]:
    """½‖b − Aθ‖² + ½κ‖R(β − loc)‖² by scikit-learn, on the columns themselves: R'R is the precision.

    Parameters
    ----------
    A, b : ndarray, shapes (n, q) and (n,)
        Rows of the columns on which the prior is stated, and of the intercept where it is in θ.
    """
    from sklearn.linear_model import LinearRegression

    factor, l2 = reg.coordinates.factor, strengths_at(reg, sigma)[1]
    assert factor is not None
    penalty = np.eye(len(l2))
    penalty[: reg.p, : reg.p] = factor.back
    penalty *= np.sqrt(l2)[:, None]
    rows = np.vstack([A, penalty])
    response = np.append(b, penalty @ reg.coordinates.padded(len(l2))[0])
    sizes = np.linalg.norm(rows, axis=0)
    sizes = np.where(sizes > 0, sizes, 1.0)
    solution = LinearRegression(fit_intercept=False, tol=0.0).fit(rows / sizes, response).coef_ / sizes
    at_center = solution[-1] + reg.intercept_term.loc if reg.intercept_term.in_theta else 0.0
    return join(reg, solution[: reg.p], at_center), "sklearn.LinearRegression"

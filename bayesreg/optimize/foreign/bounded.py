"""The other route within bounds: what scikit-learn calls positive, and SciPy's bounded solvers."""

from dataclasses import replace

import numpy as np

from bayesreg.design.implicit import to_dense
from bayesreg.errors import UnsupportedError
from bayesreg.model.bounds import Box
from bayesreg.model.objective import strengths_at
from bayesreg.model.regression import Regression
from bayesreg.model.row_loss import RowLoss
from bayesreg.optimize.foreign.split import minimize_split
from bayesreg.priors.dictionary import convert

# Coordinate descent stops on its duality gap, the least share that rounding lets it reach.
TOLERANCE, SWEEPS = 1e-14, 1_000_000
Answer = tuple[np.ndarray, str]


def fit_family_within(reg: Regression, solver: str, box: Box) -> Answer:
    """Fit a family's penalized loss within bounds by SciPy.

    Raises
    ------
    UnsupportedError
        If another package is asked for, or the loss is not smooth.
    """
    if solver != "scipy" or not reg.family.smooth:
        raise UnsupportedError(f"{solver} has no bounds for the {reg.family.name} family; smooth ones have scipy's.")
    loss = replace(reg.row_loss, A=to_dense(reg.row_loss.A))
    start = np.zeros(loss.size)
    if reg.intercept_term.in_theta:
        level = loss.family.start(float(np.average(loss.y, weights=loss.weights)))
        start[-1] = level - float(np.mean(loss.offset))
    theta = minimize_split(loss, *strengths_at(reg, loss.sigma), box.clip(start), box)
    return theta, "scipy.optimize.minimize within bounds"


def fit_rows_within(
    A: np.ndarray, b: np.ndarray, l1: np.ndarray, l2: np.ndarray, box: Box, reg: Regression, solver: str
) -> Answer:
    """Minimize ½‖b − Aθ‖² + Σ λ_j|θ_j| + ½κ_jθ_j² within bounds by scikit-learn or SciPy.

    Raises
    ------
    UnsupportedError
        If another package is asked for, or scikit-learn for bounds that are not one sign for each column.
    """
    if solver == "sklearn":
        return _positive(A, b, l1, l2, box)
    if solver != "scipy":
        raise UnsupportedError(f'{solver} has no bounds; use solver="scipy", or "sklearn" where they are signs.')
    if np.any(l1):
        loss = RowLoss(A, b, np.zeros(len(b)), np.ones(len(b)), reg.family, 1.0)
        return minimize_split(loss, l1, l2, box.clip(np.zeros(loss.size)), box), "scipy.optimize.minimize within bounds"
    from scipy.optimize import lsq_linear

    rows, response = np.vstack([A, np.diag(np.sqrt(l2))]), np.append(b, np.zeros(len(l2)))
    solved = lsq_linear(rows, response, bounds=tuple(box), method="bvls", tol=1e-15, max_iter=100 * len(l2))
    return box.clip(solved.x), "scipy.optimize.lsq_linear"


def _positive(A: np.ndarray, b: np.ndarray, l1: np.ndarray, l2: np.ndarray, box: Box) -> Answer:
    """By ``positive=True``, columns of the other sign turned round, and of other strengths scaled."""
    up, down = (box.lower == 0) & np.isinf(box.upper), (box.upper == 0) & np.isinf(box.lower)
    if not np.all(up | down):
        raise UnsupportedError('scikit-learn has one sign for every column, and no other bounds; use solver="scipy".')
    sign = np.where(up, 1.0, -1.0)
    if np.all(l1 > 0):
        mean = float(np.exp(np.mean(np.log(l1))))
        ratio = mean / l1
        coef, tool = _positive_lasso(A * (sign * ratio), b, mean, l2 * ratio**2)
        return sign * ratio * coef, tool
    if np.any(l1) or not np.all(l2 > 0):
        raise UnsupportedError('scikit-learn has one kind of penalty for every column; use solver="scipy".')
    mean = float(np.exp(np.mean(np.log(l2))))
    ratio = np.sqrt(mean / l2)
    coef, tool = _positive_ridge(A * (sign * ratio), b, mean)
    return sign * ratio * coef, tool


def _positive_lasso(A: np.ndarray, b: np.ndarray, l1: float, l2: np.ndarray) -> Answer:
    """Lasso, with L2 terms as rows where they differ, or ElasticNet."""
    from sklearn.linear_model import ElasticNet, Lasso

    settings = {"fit_intercept": False, "positive": True, "tol": TOLERANCE, "max_iter": SWEEPS}
    if np.ptp(l2) > 0 or not np.any(l2):
        rows, response = np.vstack([A, np.diag(np.sqrt(l2))]), np.append(b, np.zeros(len(l2)))
        strength = convert(l1, "half_rss", "sklearn.Lasso", n=len(response))
        return Lasso(alpha=strength, **settings).fit(rows, response).coef_, "sklearn.Lasso(positive=True)"
    part1 = convert(l1, "half_rss", "sklearn.ElasticNet", n=len(b), term="l1")
    part2 = convert(float(l2[0]), "half_rss", "sklearn.ElasticNet", n=len(b), term="l2")
    model = ElasticNet(alpha=part1 + part2, l1_ratio=part1 / (part1 + part2), **settings)
    return model.fit(A, b).coef_, "sklearn.ElasticNet(positive=True)"


def _positive_ridge(A: np.ndarray, b: np.ndarray, l2: float) -> Answer:
    from sklearn.linear_model import Ridge

    strength = convert(l2, "half_rss", "sklearn.Ridge", term="l2")
    model = Ridge(alpha=strength, fit_intercept=False, positive=True, solver="lbfgs", tol=1e-15, max_iter=100_000)
    return model.fit(A, b).coef_, "sklearn.Ridge(positive=True)"

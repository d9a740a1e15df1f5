"""The other route for least absolute deviations: scikit-learn and scipy, each in its own convention."""

import warnings
from collections.abc import Callable

import numpy as np

from bayesreg.design.implicit import to_dense
from bayesreg.errors import ConvergenceError, UnsupportedError
from bayesreg.model.objective import strengths_at
from bayesreg.model.regression import Regression
from bayesreg.optimize.foreign.smoothed import minimize_absolute
from bayesreg.priors.dictionary import convert

# θ (coefficients, then the intercept where there is one) and the name of the tool.
Answer = tuple[np.ndarray, str]
# What libsvm is asked for, and its steps before it gives up.
SVR_TOLERANCE, SVR_STEPS = 1e-10, 10_000_000


def fit_absolute(reg: Regression, solver: str) -> Answer:
    """Fit penalized least absolute deviations by a package that is not ours.

    With an L1 penalty scikit-learn's QuantileRegressor (one strength for every column up to a scaling of the
    columns), or the linear program itself by scipy's HiGHS (any strengths, also 0); with an L2 penalty
    scikit-learn's support vector regression with an insensitive zone of width 0; with both, or a Normal intercept,
    scipy's L-BFGS-B on kinks that are rounded less and less.

    Raises
    ------
    UnsupportedError
        If the package has no form for this penalty or intercept.
    ConvergenceError
        If the package does not converge.
    """
    assert reg.noise.sigma is not None
    term = reg.intercept_term
    l1, l2 = (weights[: reg.p] for weights in strengths_at(reg, reg.noise.sigma))
    if solver == "scipy" and (np.any(l2) or term.has_prior):
        start = term.append(np.zeros(reg.p), np.median(reg.row_loss.y - reg.row_loss.offset))
        return minimize_absolute(reg.row_loss, *strengths_at(reg, reg.noise.sigma), start), "scipy.optimize.minimize"
    fit = _FITS.get(("l2" if np.any(l2) else "l1", solver))
    if fit is None or term.has_prior or (np.any(l2) and np.any(l1)):
        raise UnsupportedError(
            "for the laplace family with a flat intercept or none: an L1 or an L2 penalty by sklearn, any by scipy; "
            'use solver="scipy".'
        )
    return fit(reg, l1, l2)


def _quantile_regressor(reg: Regression, l1: np.ndarray, l2: np.ndarray) -> Answer:
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import QuantileRegressor

    if np.any(l1 == 0) and np.any(l1 > 0):
        raise UnsupportedError('QuantileRegressor penalizes every column or none; use solver="scipy".')
    loss, mean, ratio = reg.row_loss, 0.0, np.ones(reg.p)
    if np.any(l1 > 0):
        # With θ_j = γ_j λ̄/λ_j every |γ_j| has the same strength λ̄.
        mean = float(np.exp(np.mean(np.log(l1))))
        ratio = mean / l1
    root = np.sqrt(loss.weights)
    alpha = convert(mean, "scaled_nll", "sklearn.QuantileRegressor", n=float(root.sum()), sigma=loss.sigma)
    model = QuantileRegressor(quantile=0.5, alpha=alpha, fit_intercept=reg.intercept_term.exists, solver="highs")
    with warnings.catch_warnings():
        warnings.simplefilter("error", ConvergenceWarning)
        try:
            model.fit(
                to_dense(reg.coordinates.columns(reg.design.matrix)) * ratio, loss.y - loss.offset, sample_weight=root
            )
        except ConvergenceWarning as warning:
            raise ConvergenceError(f"QuantileRegressor did not converge: {warning}; use br.map_estimate.") from None
    return _theta(reg, model.coef_ * ratio, float(model.intercept_)), "sklearn.QuantileRegressor"


def _linear_program(reg: Regression, l1: np.ndarray, l2: np.ndarray) -> Answer:
    """Minimum of c'(p + m) + λ'(θ⁺ + θ⁻) with p − m + A(θ⁺ − θ⁻) = y and all of them ≥ 0."""
    from scipy import sparse
    from scipy.optimize import linprog

    loss = reg.row_loss
    # HiGHS has absolute tolerances: the target about its middle and in units of its spread, columns in their own.
    response = loss.y - loss.offset
    middle = float(np.median(response)) if reg.intercept_term.in_theta else 0.0
    unit = float(np.max(np.abs(response - middle))) or 1.0
    A = to_dense(loss.A)
    sizes = np.max(np.abs(A), axis=0)
    sizes = np.where(sizes > 0, sizes, 1.0)
    costs, strengths = loss.largest_slopes, strengths_at(reg, loss.sigma)[0] / sizes
    cost = np.concatenate([costs, costs, strengths, strengths]) / np.max(costs)
    eye, A = sparse.eye_array(reg.n), sparse.csr_array(A / sizes)
    equations = sparse.hstack([eye, -eye, A, -A])
    solution = linprog(cost, A_eq=equations, b_eq=(response - middle) / unit, bounds=(0, None), method="highs")
    if not solution.success:
        raise ConvergenceError(f"HiGHS did not solve the linear program: {solution.message}; use br.map_estimate.")
    plus, minus = np.split(solution.x[2 * reg.n :], 2)
    theta = (plus - minus) * unit / sizes
    if reg.intercept_term.in_theta:
        theta[-1] += middle
    return theta, "scipy.optimize.linprog"


def _support_vectors(reg: Regression, l1: np.ndarray, l2: np.ndarray) -> Answer:
    """½‖β‖² + C Σ √w_i|r_i| with C = σ/κ."""
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.svm import SVR

    loss = reg.row_loss
    if np.any(l2 == 0) or not reg.intercept_term.exists:
        raise UnsupportedError('scikit-learn\'s SVR penalizes every column and has an intercept; use solver="scipy".')
    ratio = np.sqrt(l2[0] / l2)
    settings = {"epsilon": 0.0, "C": loss.sigma / l2[0], "tol": SVR_TOLERANCE, "max_iter": SVR_STEPS}
    with warnings.catch_warnings():
        warnings.simplefilter("error", ConvergenceWarning)
        try:
            model = SVR(kernel="linear", **settings).fit(
                to_dense(reg.coordinates.columns(reg.design.matrix)) * ratio,
                loss.y - loss.offset,
                sample_weight=np.sqrt(loss.weights),
            )
        except ConvergenceWarning as warning:
            raise ConvergenceError(f"SVR did not converge: {warning}; use br.map_estimate.") from None
    return _theta(reg, model.coef_.ravel() * ratio, float(model.intercept_[0])), "sklearn.SVR"


def _theta(reg: Regression, coef: np.ndarray, intercept: float) -> np.ndarray:
    return reg.intercept_term.append(np.asarray(coef, dtype=float), intercept)


_FITS: dict[tuple[str, str], Callable[[Regression, np.ndarray, np.ndarray], Answer]] = {
    ("l1", "sklearn"): _quantile_regressor,
    ("l1", "scipy"): _linear_program,
    ("l2", "sklearn"): _support_vectors,
}

"""The other route for families beside the Gaussian: each package in its own convention."""

import warnings
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from bayesreg.errors import ConvergenceError, UnsupportedError
from bayesreg.families.gaussian import Gaussian
from bayesreg.model.regression import Regression
from bayesreg.optimize.foreign.absolute import fit_absolute
from bayesreg.optimize.foreign.bounded import fit_family_within
from bayesreg.optimize.foreign.problem import Problem, problem_of
from bayesreg.optimize.foreign.split import minimize_split
from bayesreg.priors.dictionary import convert

STATSMODELS_ROUNDS = 50
# Multiplications that saga may spend before it gives up.
SAGA_WORK = 1_000_000_000
# θ (coefficients, then the intercept where there is one) and the name of the tool.
Answer = tuple[np.ndarray, str]


def fit_family(reg: Regression, solver: str) -> Answer:
    """Fit a family's penalized loss by a package that is not ours.

    Raises
    ------
    UnsupportedError
        If the package has no form for this family, penalty or intercept.
    ConvergenceError
        If the package does not converge.
    """
    if reg.box is not None:
        return fit_family_within(reg, solver, reg.box)
    if not reg.family.smooth:
        return fit_absolute(reg, solver)
    if solver == "scipy":
        return _smooth_scipy(problem_of(reg))
    fit = _FITS.get((reg.family.name, solver))
    if fit is None:
        known = [tool for family, tool in _FITS if family == reg.family.name]
        raise UnsupportedError(
            f"{solver} has no solver for the {reg.family.name} family; available: {', '.join([*known, 'scipy'])}."
        )
    problem = problem_of(reg)
    return fit(problem, *problem.strengths())


def _smooth_scipy(problem: Problem) -> Answer:
    """L-BFGS-B from 0, and for a loss that may have several minima also from that of squares; the lower is taken."""
    loss, l1, l2 = problem.loss, problem.l1, problem.l2
    start = np.zeros(loss.size)
    if problem.has_intercept:
        l1, l2 = np.append(l1, 0.0), np.append(l2, problem.intercept_l2)
        start[-1] = loss.family.start(float(np.average(loss.y, weights=loss.weights))) - float(np.mean(loss.offset))
    points = [minimize_split(loss, l1, l2, start)]
    if not loss.family.convex:
        squares = minimize_split(replace(loss, family=Gaussian()), l1, l2, start)
        points.append(minimize_split(loss, l1, l2, squares))
    theta = min(points, key=lambda point: loss.value(point) + l1 @ np.abs(point) + 0.5 * l2 @ point**2)
    m = problem.X.shape[1]
    return problem.theta(theta[:m], float(theta[m:].sum())), "scipy.optimize.minimize"


def _parts(l1: float, l2: float, objective: str, n: float) -> tuple[float, float]:
    """Both strengths in an objective's convention."""
    part1, part2 = (
        convert(value, "scaled_nll", objective, n=n, sigma=1.0, term=term) if value > 0 else 0.0
        for value, term in ((l1, "l1"), (l2, "l2"))
    )
    return part1, part2


def _bernoulli_sklearn(problem: Problem, l1: float, l2: float) -> Answer:
    from sklearn.linear_model import LogisticRegression

    loss = problem.loss
    if np.any(loss.offset != 0):
        raise UnsupportedError('scikit-learn\'s LogisticRegression has no offset; use solver="scipy".')
    # C of each part alone; together the objective is nll + (l1_ratio·‖β‖₁ + ½(1 − l1_ratio)‖β‖²)/C.
    parts = _parts(l1, l2, "sklearn.LogisticRegression", len(loss.y))
    inverse1, inverse2 = (1 / part if part > 0 else 0.0 for part in parts)
    total = inverse1 + inverse2
    settings: dict[str, Any] = {"C": 1 / total, "l1_ratio": inverse1 / total}
    settings |= {
        "solver": "saga" if l1 > 0 else "newton-cholesky",
        "tol": 1e-14,
        "max_iter": max(1_000, min(200_000, SAGA_WORK // problem.X.size)) if l1 > 0 else 1_000,
    }
    model = _converged(LogisticRegression(fit_intercept=problem.has_intercept, random_state=0, **settings), problem)
    return problem.theta(model.coef_[0], float(model.intercept_[0])), "sklearn.LogisticRegression"


def _bernoulli_skglm(problem: Problem, l1: float, l2: float) -> Answer:
    from skglm import SparseLogisticRegression

    loss = problem.loss
    if np.any(loss.offset != 0) or np.any(loss.weights != 1) or l1 == 0:
        raise UnsupportedError(
            'skglm\'s logistic regression has an L1 term and no offset or weights; use solver="scipy".'
        )
    part1, part2 = _parts(l1, l2, "skglm", len(loss.y))
    model = SparseLogisticRegression(
        alpha=part1 + part2,
        l1_ratio=part1 / (part1 + part2),
        tol=1e-14,
        max_iter=500,
        fit_intercept=problem.has_intercept,
    )
    fitted = model.fit(np.asfortranarray(problem.X), loss.y)
    return problem.theta(fitted.coef_.ravel(), float(np.ravel(fitted.intercept_)[0])), "skglm.SparseLogisticRegression"


def _poisson_sklearn(problem: Problem, l1: float, l2: float) -> Answer:
    from sklearn.linear_model import PoissonRegressor

    if l1 > 0:
        raise UnsupportedError('scikit-learn\'s PoissonRegressor has no L1 term; use solver="scipy".')
    loss = problem.loss
    # A rate y/e with weight e is a count y with exposure e = exp(offset).
    exposure = np.exp(loss.offset) * loss.weights
    _, alpha = _parts(0.0, l2, "sklearn.PoissonRegressor", float(exposure.sum()))
    settings = {"alpha": alpha, "solver": "newton-cholesky", "tol": 1e-14, "max_iter": 1_000}
    model = PoissonRegressor(fit_intercept=problem.has_intercept, **settings)
    model = _converged(model, problem, y=loss.y / np.exp(loss.offset), sample_weight=exposure)
    return problem.theta(model.coef_, float(model.intercept_)), "sklearn.PoissonRegressor"


def _poisson_statsmodels(problem: Problem, l1: float, l2: float) -> Answer:
    import statsmodels.api as sm

    loss = problem.loss
    if np.any(loss.weights != 1):
        raise UnsupportedError('statsmodels\' regularized Poisson has no weights; use solver="scipy".')
    part1, part2 = _parts(l1, l2, "statsmodels", len(loss.y))
    strengths = np.full(loss.size, part1 + part2)
    if problem.has_intercept:
        strengths[-1] = 0.0
    model = sm.GLM(loss.y, loss.A, family=sm.families.Poisson(), offset=loss.offset)
    theta = np.zeros(loss.size)
    settings = {
        "alpha": strengths,
        "L1_wt": part1 / (part1 + part2),
        "maxiter": 10_000,
        "cnvrg_tol": 1e-13,
        "zero_tol": 1e-11,
    }
    # statsmodels never moves a coefficient again that has once become 0, so it is started again from where it ended.
    for _ in range(STATSMODELS_ROUNDS):
        before, theta = theta, np.asarray(model.fit_regularized(start_params=theta, **settings).params, dtype=float)
        if np.max(np.abs(theta - before)) <= 1e-13 * max(1.0, np.max(np.abs(theta))):
            m = problem.X.shape[1]
            return problem.theta(theta[:m], float(theta[m:].sum())), "statsmodels.GLM"
    raise ConvergenceError(
        f"statsmodels' elastic net did not settle within {STATSMODELS_ROUNDS} rounds; use br.map_estimate."
    )


def _converged(
    model: Any, problem: Problem, y: np.ndarray | None = None, sample_weight: np.ndarray | None = None
) -> Any:
    from sklearn.exceptions import ConvergenceWarning

    loss = problem.loss
    with warnings.catch_warnings():
        warnings.simplefilter("error", ConvergenceWarning)
        try:
            return model.fit(
                problem.X,
                loss.y if y is None else y,
                sample_weight=loss.weights if sample_weight is None else sample_weight,
            )
        except ConvergenceWarning as warning:
            raise ConvergenceError(
                f"{type(model).__name__} did not converge: {warning}; use br.map_estimate."
            ) from None


_FITS: dict[tuple[str, str], Callable[[Problem, float, float], Answer]] = {
    ("bernoulli", "sklearn"): _bernoulli_sklearn,
    ("bernoulli", "skglm"): _bernoulli_skglm,
    ("poisson", "sklearn"): _poisson_sklearn,
    ("poisson", "statsmodels"): _poisson_statsmodels,
}

"""The other route for families beside the Gaussian: scikit-learn, skglm and statsmodels in their own conventions."""

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from bayesreg.design.implicit import to_dense
from bayesreg.errors import ConvergenceError, UnsupportedError
from bayesreg.model.regression import Regression
from bayesreg.optimize.foreign.absolute import fit_absolute
from bayesreg.priors.dictionary import convert
from bayesreg.priors.prior import Normal

STATSMODELS_ROUNDS = 50
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
    if not reg.family.smooth:
        return fit_absolute(reg, solver)
    l1, l2 = (weights[: reg.p] for weights in reg.weights_at(1.0))
    if not np.any(l1 + l2):
        raise UnsupportedError("without a penalty there is nothing to compare; give the prior a finite scale.")
    if np.ptp(l1) > 0 or np.ptp(l2) > 0 or isinstance(reg.intercept, Normal):
        raise UnsupportedError(
            "for this family the other packages have one strength for all columns and a flat intercept or none; "
            "use br.map_estimate."
        )
    fit = _FITS.get((reg.family.name, solver))
    if fit is None:
        known = sorted({f"{family} by {tool}" for family, tool in _FITS})
        raise UnsupportedError(f"no {solver} solver for the {reg.family.name} family; available: {', '.join(known)}.")
    return fit(reg, float(l1[0]), float(l2[0]))


def _parts(l1: float, l2: float, objective: str, n: float) -> tuple[float, float]:
    """Both strengths in an objective's convention; the loss is the negative log likelihood, so sigma is 1."""
    parts = [
        convert(value, "half_rss", objective, n=n, sigma=1.0, term=term) if value > 0 else 0.0
        for value, term in ((l1, "l1"), (l2, "l2"))
    ]
    assert all(isinstance(part, float) for part in parts)
    return parts[0], parts[1]  # type: ignore[return-value]


def _bernoulli_sklearn(reg: Regression, l1: float, l2: float) -> Answer:
    from sklearn.linear_model import LogisticRegression

    loss = reg.row_loss
    if np.any(loss.offset != 0):
        raise UnsupportedError("scikit-learn's LogisticRegression has no offset; use br.map_estimate.")
    # C of each part alone; together the objective is nll + (l1_ratio·‖β‖₁ + ½(1 − l1_ratio)‖β‖²)/C.
    inverse1, inverse2 = (1 / part if part > 0 else 0.0 for part in _parts(l1, l2, "sklearn.LogisticRegression", reg.n))
    total = inverse1 + inverse2
    settings: dict[str, Any] = {"C": 1 / total, "l1_ratio": inverse1 / total}
    settings |= {
        "solver": "saga" if l1 > 0 else "newton-cholesky",
        "tol": 1e-14,
        "max_iter": 200_000 if l1 > 0 else 1_000,
    }
    model = _converged(LogisticRegression(fit_intercept=reg.intercept is not False, random_state=0, **settings), reg)
    return _theta(reg, model.coef_[0], model.intercept_), "sklearn.LogisticRegression"


def _bernoulli_skglm(reg: Regression, l1: float, l2: float) -> Answer:
    from skglm import SparseLogisticRegression

    loss = reg.row_loss
    if np.any(loss.offset != 0) or np.any(loss.weights != 1) or l1 == 0:
        raise UnsupportedError(
            'skglm\'s logistic regression has an L1 term and no offset or weights; use solver="sklearn".'
        )
    part1, part2 = _parts(l1, l2, "skglm", reg.n)
    model = SparseLogisticRegression(
        alpha=part1 + part2,
        l1_ratio=part1 / (part1 + part2),
        tol=1e-14,
        max_iter=500,
        fit_intercept=reg.intercept is not False,
    )
    fitted = model.fit(np.asfortranarray(to_dense(reg.design.matrix)), loss.y)
    return _theta(reg, fitted.coef_.ravel(), np.atleast_1d(fitted.intercept_)), "skglm.SparseLogisticRegression"


def _poisson_sklearn(reg: Regression, l1: float, l2: float) -> Answer:
    from sklearn.linear_model import PoissonRegressor

    if l1 > 0:
        raise UnsupportedError('scikit-learn\'s PoissonRegressor has no L1 term; use solver="statsmodels".')
    loss = reg.row_loss
    # A rate y/e with weight e is a count y with exposure e = exp(offset).
    exposure = np.exp(loss.offset) * loss.weights
    _, alpha = _parts(0.0, l2, "sklearn.PoissonRegressor", float(exposure.sum()))
    settings = {"alpha": alpha, "solver": "newton-cholesky", "tol": 1e-14, "max_iter": 1_000}
    model = PoissonRegressor(fit_intercept=reg.intercept is not False, **settings)
    model = _converged(model, reg, y=loss.y / np.exp(loss.offset), sample_weight=exposure)
    return _theta(reg, model.coef_, np.atleast_1d(model.intercept_)), "sklearn.PoissonRegressor"


def _poisson_statsmodels(reg: Regression, l1: float, l2: float) -> Answer:
    import statsmodels.api as sm

    loss = reg.row_loss
    if np.any(loss.weights != 1):
        raise UnsupportedError("statsmodels' regularized Poisson has no weights; use br.map_estimate.")
    part1, part2 = _parts(l1, l2, "statsmodels", reg.n)
    strengths = np.full(loss.size, part1 + part2)
    if reg.has_intercept_column:
        strengths[-1] = 0.0
    model = sm.GLM(loss.y, to_dense(loss.A), family=sm.families.Poisson(), offset=loss.offset)
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
            return theta, "statsmodels.GLM"
    raise ConvergenceError(
        f"statsmodels' elastic net did not settle within {STATSMODELS_ROUNDS} rounds; use br.map_estimate."
    )


def _converged(
    model: Any, reg: Regression, y: np.ndarray | None = None, sample_weight: np.ndarray | None = None
) -> Any:
    from sklearn.exceptions import ConvergenceWarning

    loss = reg.row_loss
    with warnings.catch_warnings():
        warnings.simplefilter("error", ConvergenceWarning)
        try:
            return model.fit(
                to_dense(reg.design.matrix),
                loss.y if y is None else y,
                sample_weight=loss.weights if sample_weight is None else sample_weight,
            )
        except ConvergenceWarning as warning:
            raise ConvergenceError(
                f"{type(model).__name__} did not converge: {warning}; use br.map_estimate."
            ) from None


def _theta(reg: Regression, coef: np.ndarray, intercept: np.ndarray) -> np.ndarray:
    return np.append(coef, intercept[0]) if reg.has_intercept_column else np.asarray(coef, dtype=float)


_FITS: dict[tuple[str, str], Callable[[Regression, float, float], Answer]] = {
    ("bernoulli", "sklearn"): _bernoulli_sklearn,
    ("bernoulli", "skglm"): _bernoulli_skglm,
    ("poisson", "sklearn"): _poisson_sklearn,
    ("poisson", "statsmodels"): _poisson_statsmodels,
}

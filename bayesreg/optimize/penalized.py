"""The same minimum by the other route: other packages' solvers, each called in its own convention and then judged.

Columns that a solver cannot treat alike are brought to its form first: unpenalized columns are
projected out, different L1 strengths become column scales, different L2 strengths become extra rows.
"""

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from bayesreg.design.implicit import to_dense
from bayesreg.errors import BayesregError, ConvergenceError, PriorError, UnsupportedError
from bayesreg.model.even_columns import even_columns
from bayesreg.model.objective import strengths_at
from bayesreg.model.quadratic import QuadraticLoss
from bayesreg.model.regression import Regression, check_regression
from bayesreg.model.row_loss import RowLoss
from bayesreg.optimize.acceptance import reachable_kkt
from bayesreg.optimize.estimate import Estimate, estimate_at
from bayesreg.optimize.foreign.bounded import fit_rows_within
from bayesreg.optimize.foreign.families import fit_family
from bayesreg.optimize.foreign.generalized import fit_generalized
from bayesreg.optimize.foreign.grouped import fit_groups
from bayesreg.optimize.foreign.split import minimize_split
from bayesreg.priors.dictionary import convert

# Coordinate descent stops on its duality gap; asked for less than rounding allows, it would never stop.
TOLERANCES = (1e-15, 1e-13, 1e-11)
MAX_SWEEPS = 10_000_000
# Multiplications that a solver may spend at each tolerance.
WORK = 3_000_000_000
# In the order in which they are tried; for an L1 term on more numbers than SMALL, the quick ones first.
SOLVERS, BY_SPEED = ("sklearn", "statsmodels", "scipy", "skglm"), ("scipy", "skglm", "sklearn", "statsmodels")
SMALL = 1_000
# What the certificate must show of a point: KKT residual, rounding of the gradient that every solver meets, and gap,
# which sees what the residual does not: columns whose gradients are small beside those of others.
KKT_TOLERANCE, ROUNDING, GAP_TOLERANCE = 1e-6, 10.0, 1e-6
# From A, b, one λ and one κ to the minimum of ½‖b − Aθ‖² + λ‖θ‖₁ + ½κ‖θ‖², and the tool's name.
Fit = Callable[[np.ndarray, np.ndarray, float, float], tuple[np.ndarray, str]]


def penalized_estimate(reg: Regression, solver: str = "auto") -> Estimate:
    """Penalized least squares by a package that is not ours.

    Parameters
    ----------
    reg : Regression
        With known sigma and scale; the strengths are those that the dictionary gives for them.
    solver : {"auto", "sklearn", "scipy", "skglm", "statsmodels"}
        scikit-learn's Lasso, ElasticNet, Ridge, LogisticRegression, PoissonRegressor, QuantileRegressor
        or SVR; scipy's L-BFGS-B, which takes any family, weights, offset and penalty, and for Laplace noise with L1
        terms alone its linear programs; skglm's Lasso, ElasticNet or SparseLogisticRegression; statsmodels' Poisson
        GLM. "auto" is the first that is installed, has a form for the penalty, and whose point the certificate accepts.

    Returns
    -------
    Estimate
        Of the same type as :func:`map_estimate`'s, certified by the same code.

    Raises
    ------
    DataError
        If `reg` is not a regression.
    PriorError
        If sigma or the prior's scale is unknown.
    UnsupportedError
        If the solver is unknown, or has no form for this penalty.
    ConvergenceError
        If the solver does not converge, or ends at a point that the certificate does not accept; for "auto", if
        every tool does.

    See Also
    --------
    map_estimate : Certified MAP estimate.
    certify : KKT residual and duality gap of any point.
    path : Certified estimates at many strengths.

    Examples
    --------
    >>> import bayesreg as br
    >>> frame, target = br.load_dataset("diabetes")
    >>> reg = br.Regression(frame.drop(columns=target), frame[target], prior=br.Laplace(10.0), sigma=54.0)
    >>> ours, theirs = br.map_estimate(reg), br.penalized_estimate(reg)
    >>> np.allclose(ours.coef, theirs.coef, rtol=1e-8), ours.n_zeros == theirs.n_zeros
    (True, True)
    """
    check_regression(reg)
    if reg.noise.sigma is None:
        raise PriorError("penalized least squares needs a known sigma; use reg.with_sigma(number).")
    return penalized_at(reg, reg.noise.sigma, solver)


def penalized_at(reg: Regression, sigma: float, solver: str = "auto") -> Estimate:
    """Penalized least squares with the strengths that belong to a given sigma."""
    if solver not in ("auto", *SOLVERS):
        raise UnsupportedError(f"solver {solver!r} is not available; available: auto, {', '.join(SOLVERS)}.")
    reg = reg if reg.noise.known else reg.with_sigma(sigma)
    return _first_that_can(reg, sigma) if solver == "auto" else _accepted(reg, _estimate(reg, sigma, solver))


def _first_that_can(reg: Regression, sigma: float) -> Estimate:
    refusals: dict[str, BayesregError] = {}
    absent = []
    for solver in _order(reg, sigma):
        try:
            return penalized_at(reg, sigma, solver)
        except ImportError:
            absent.append(solver)
        except (UnsupportedError, ConvergenceError) as refusal:
            refusals[solver] = refusal
    stopped = [refusal for refusal in refusals.values() if isinstance(refusal, ConvergenceError)]
    reasons = " ".join(f"{solver}: {refusal}" for solver, refusal in refusals.items())
    missing = f" Not installed, and not tried: {', '.join(absent)}." if absent else ""
    raise (ConvergenceError if stopped else UnsupportedError)(f"no other package has an answer. {reasons}{missing}")


def _order(reg: Regression, sigma: float) -> tuple[str, ...]:
    if reg.bounds is not None and not np.any(strengths_at(reg, sigma)[0]):
        # Its bounded least squares are exact, where scikit-learn's ridge regression descends by gradients.
        return ("scipy", *(solver for solver in SOLVERS if solver != "scipy"))
    large = reg.n * reg.p > SMALL and bool(np.any(strengths_at(reg, sigma)[0]))
    return BY_SPEED if large and reg.family.smooth and not reg.is_gaussian else SOLVERS


def _estimate(reg: Regression, sigma: float, solver: str) -> Estimate:
    """What a tool returns, or its failure by name; its warnings are silent, since the certificate judges the point."""
    kind = "least squares" if reg.is_gaussian else "likelihood"
    try:
        with warnings.catch_warnings(record=True), np.errstate(all="ignore"):
            warnings.simplefilter("always")
            theta, tool = _fit(reg, sigma, solver)
            return estimate_at(reg, theta, sigma, f"penalized {kind} by {tool}")
    except (BayesregError, ImportError):
        raise
    except (ValueError, TypeError, ArithmeticError, RuntimeError, np.linalg.LinAlgError, Warning) as failure:
        raise ConvergenceError(f"{solver} failed with {type(failure).__name__}: {failure}") from failure


def _fit(reg: Regression, sigma: float, solver: str) -> tuple[np.ndarray, str]:
    if not reg.prior.is_separable:
        return fit_groups(reg, sigma, solver, *(_rows(reg.loss) if reg.is_gaussian else (None, None)))
    return _fit_gaussian(reg, sigma, solver) if reg.is_gaussian else fit_family(reg, solver)


def _accepted(reg: Regression, estimate: Estimate) -> Estimate:
    """Return the estimate, unless its certificate shows that it is none."""
    even = even_columns(
        reg.loss if reg.is_gaussian else reg.row_loss, *strengths_at(reg, estimate.sigma), reg.partition
    )
    allowed = max(KKT_TOLERANCE, ROUNDING * float(reachable_kkt(even.loss, even.l1[None])[0]))
    if not estimate.certificate.kkt <= allowed:
        raise ConvergenceError(
            f"{estimate.method} stopped at a point that violates the optimality conditions by "
            f"{estimate.certificate.kkt:.1e} (relative to the strength; allowed {allowed:.1e}); use br.map_estimate."
        )
    gap = estimate.certificate.gap
    if gap is not None and not gap <= GAP_TOLERANCE:
        raise ConvergenceError(
            f"{estimate.method} stopped at a point whose objective may be above its minimum by a share of {gap:.1e} "
            f"(allowed {GAP_TOLERANCE:.0e}); use br.map_estimate."
        )
    return estimate


def _fit_gaussian(reg: Regression, sigma: float, solver: str) -> tuple[np.ndarray, str]:
    if reg.prior.is_correlated and solver == "sklearn":
        return fit_generalized(reg, sigma, *_rows(reg.loss_of_columns))
    A, b = _rows(reg.loss)
    l1, l2 = strengths_at(reg, sigma)
    if reg.box is not None:
        return fit_rows_within(A, b, l1, l2, reg.box, reg, solver)
    if solver == "scipy":
        loss = RowLoss(A, b, np.zeros(len(b)), np.ones(len(b)), reg.family, 1.0)
        return minimize_split(loss, l1, l2, np.zeros(loss.size)), "scipy.optimize.minimize"
    if solver not in _FITS:
        raise UnsupportedError(f"{solver} has no solver for the gaussian family; available: {', '.join(_FITS)}, scipy.")
    return _solve(_FITS[solver], A, b, l1, l2)


def _rows(loss: QuadraticLoss) -> tuple[np.ndarray, np.ndarray]:
    """Rows, or where only moments are known p rows (and one for what no column explains) with the same products."""
    if loss.A is not None and loss.b is not None:
        return to_dense(loss.A), loss.b
    values, vectors = np.linalg.eigh(loss.gram)
    keep = values > loss.size * np.finfo(float).eps * values[-1]
    root = np.sqrt(values[keep])
    return root[:, None] * vectors[:, keep].T, (vectors[:, keep].T @ loss.cross) / root


def _solve(fit: Fit, A: np.ndarray, b: np.ndarray, l1: np.ndarray, l2: np.ndarray) -> tuple[np.ndarray, str]:
    free = (l1 == 0) & (l2 == 0)
    if np.all(free):
        # Columns of one size, so that none counts as 0 beside the others.
        sizes = np.linalg.norm(A, axis=0)
        sizes = np.where(sizes > 0, sizes, 1.0)
        return np.linalg.lstsq(A / sizes, b, rcond=None)[0] / sizes, "numpy.linalg.lstsq"
    if np.any(free):
        return _solve_projected(fit, A, b, l1, l2, free)
    if np.all(l1 > 0) and np.ptp(l1) > 0:
        # With θ_j = γ_j λ̄/λ_j every |γ_j| has the same strength λ̄.
        mean = float(np.exp(np.mean(np.log(l1))))
        ratio = mean / l1
        gamma, name = _solve(fit, A * ratio, b, np.full_like(l1, mean), l2 * ratio**2)
        return gamma * ratio, name
    only_l2 = np.any(l1 > 0) and not np.all(l1 > 0)
    if only_l2 or np.ptp(l2) > 0:
        # ½κ_jθ_j² is ½ the square of an extra row √κ_j e_j with response 0.
        A, b = np.vstack([A, np.diag(np.sqrt(l2))]), np.append(b, np.zeros(len(l2)))
        return _solve(fit, A, b, l1, np.zeros_like(l2))
    return fit(A, b, float(l1[0]), float(l2[0]))


def _solve_projected(
    fit: Fit, A: np.ndarray, b: np.ndarray, l1: np.ndarray, l2: np.ndarray, free: np.ndarray
) -> tuple[np.ndarray, str]:
    """Frisch–Waugh–Lovell: the penalized part is fitted to what the unpenalized columns leave over."""
    basis, _ = np.linalg.qr(A[:, free])
    left, response = A[:, ~free], b
    for _ in range(2):
        left, response = left - basis @ (basis.T @ left), response - basis @ (basis.T @ response)
    theta = np.zeros(len(l1))
    theta[~free], name = _solve(fit, left, response, l1[~free], l2[~free])
    theta[free] = np.linalg.lstsq(A[:, free], b - A[:, ~free] @ theta[~free], rcond=None)[0]
    return theta, name


def _fit_sklearn(A: np.ndarray, b: np.ndarray, l1: float, l2: float) -> tuple[np.ndarray, str]:
    from sklearn import linear_model

    n = len(b)
    if l1 == 0:
        strength = convert(l2, "half_rss", "sklearn.Ridge", term="l2")
        model = linear_model.Ridge(
            alpha=strength, fit_intercept=False, solver="svd" if A.shape[0] >= A.shape[1] else "cholesky"
        )
        return model.fit(A, b).coef_, "sklearn.Ridge"
    if l2 == 0:
        strength = convert(l1, "half_rss", "sklearn.Lasso", n=n)
        return _descend(linear_model.Lasso, {"alpha": strength}, A, b), "sklearn.Lasso"
    part1 = convert(l1, "half_rss", "sklearn.ElasticNet", n=n, term="l1")
    part2 = convert(l2, "half_rss", "sklearn.ElasticNet", n=n, term="l2")
    arguments = {"alpha": part1 + part2, "l1_ratio": part1 / (part1 + part2)}
    return _descend(linear_model.ElasticNet, arguments, A, b), "sklearn.ElasticNet"


def _descend(model: Any, arguments: dict[str, Any], A: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Coordinate descent to the tightest tolerance that rounding lets it reach, on the Gram matrix if that is smaller.

    A looser tolerance goes on from where the tighter one was given up.
    """
    from sklearn.exceptions import ConvergenceWarning

    n, p = A.shape
    descent = model(
        **arguments, fit_intercept=False, max_iter=_sweeps(min(n, p) * p), precompute=n > p, warm_start=True
    )
    for tolerance in TOLERANCES:
        # Recorded, not raised: a warning that is raised leaves no coefficients to go on from.
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            fitted = descent.set_params(tol=tolerance).fit(A, b)
        if not any(issubclass(warning.category, ConvergenceWarning) for warning in caught):
            return np.asarray(fitted.coef_, dtype=float)
    raise ConvergenceError(
        f"scikit-learn's coordinate descent did not reach a relative gap of {TOLERANCES[-1]:g}; use br.map_estimate."
    )


def _sweeps(multiplications: int) -> int:
    """Sweeps of so many multiplications that cost a few seconds."""
    return int(min(MAX_SWEEPS, max(1_000, WORK // multiplications)))


def _fit_skglm(A: np.ndarray, b: np.ndarray, l1: float, l2: float) -> tuple[np.ndarray, str]:
    import skglm
    from sklearn.exceptions import ConvergenceWarning

    if l1 == 0:
        raise UnsupportedError('skglm has no pure L2 penalty; use solver="sklearn".')
    n = len(b)
    part1 = convert(l1, "half_rss", "skglm", n=n, term="l1")
    part2 = convert(l2, "half_rss", "skglm", n=n, term="l2")
    settings = {"fit_intercept": False, "tol": 1e-14, "max_iter": 1_000}
    if l2 == 0:
        model = skglm.Lasso(alpha=part1, **settings)
    else:
        model = skglm.ElasticNet(alpha=part1 + part2, l1_ratio=part1 / (part1 + part2), **settings)
    with warnings.catch_warnings():
        warnings.simplefilter("error", ConvergenceWarning)
        try:
            fitted = model.fit(np.asfortranarray(A), b)
        except ConvergenceWarning as warning:
            raise ConvergenceError(f"skglm did not converge: {warning}; use br.map_estimate.") from None
    return np.asarray(fitted.coef_, dtype=float), f"skglm.{type(model).__name__}"


_FITS: dict[str, Fit] = {"sklearn": _fit_sklearn, "skglm": _fit_skglm}

"""Leave-one-out: exact under a Normal prior, by Pareto-smoothed importance sampling under a Laplace prior."""

import warnings
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from scipy import linalg

from bayesreg.design.implicit import ImplicitColumns
from bayesreg.errors import DataError, SamplerWarning, UnsupportedError
from bayesreg.model.objective import conditional_intercept, strengths_at
from bayesreg.model.regression import Regression
from bayesreg.model.unknowns import Unknowns
from bayesreg.sampling.engine import draw_posterior
from bayesreg.selection.axis import Axis
from bayesreg.selection.choice import Choice, Curve, edge_note

LOG_2PI = float(np.log(2 * np.pi))
# Strengths at which a posterior is sampled, unless the user gives others; Pareto k beyond which a row is not trusted.
GRID_POINTS, LARGEST_K = 15, 0.7
EFFICIENCY_ROWS = 50


@dataclass(frozen=True, eq=False)
class LeaveOneOut:
    """What a ridge regression says of each row that it was not shown; m strengths, n rows.

    Attributes
    ----------
    residual : ndarray, shape (m, n)
        y_i − ŷ_(−i), where ŷ_(−i) is fitted without row i.
    leverage : ndarray, shape (m, n)
        h_i, the diagonal of the hat matrix, the intercept's part included.
    row_sigma : ndarray, shape (n,)
        σ/√w_i.
    """

    residual: np.ndarray
    leverage: np.ndarray
    row_sigma: np.ndarray

    @cached_property
    def log_density(self) -> np.ndarray:
        """Log p(y_i | y_(−i)) at known sigma, shape (m, n)."""
        variance = self.row_sigma**2 / (1 - self.leverage)
        return -0.5 * (LOG_2PI + np.log(variance) + self.residual**2 / variance)


def leave_one_out(reg: Regression, factors: np.ndarray) -> LeaveOneOut:
    r"""Exact leave-one-out of ridge regression, from one decomposition of all rows.

    With the weighted rows a_i = √w_i·x_i and h_i = a_i'(A'A + diag κ)⁻¹a_i + (the intercept's part),

        y_i − ŷ_(−i) = (y_i − ŷ_i)/(1 − h_i),    y_i | y_(−i) ~ Normal(ŷ_(−i), σ²/(w_i(1 − h_i))),

    the second given sigma (Allen 1974, doi:10.1080/00401706.1974.10489157). The intercept's part is w_i/Σw
    for a flat intercept, because the columns are centred; a prior on the centre adds its κ₀ to Σw.

    Parameters
    ----------
    reg : Regression
        Gaussian, with rows, a Normal prior and known sigma. The columns keep the scaling by all rows.
    factors : ndarray, shape (m,)
        Each multiplies the strength of the regression's own prior.
    """
    sigma = reg.noise.sigma
    assert sigma is not None
    A, b = reg.loss.A, reg.loss.b
    if A is None or b is None or isinstance(A, ImplicitColumns):
        raise DataError("leave-one-out needs the rows of an X that is not sparse; use Regression(X, y, …).")
    fitted, leverage = _fits(reg, sigma, A, b, factors)
    weights = reg.design.known_rows.weights
    root = np.ones(reg.n) if weights is None else np.sqrt(weights)
    residual = b - fitted
    if reg.intercept_term.orthogonal:
        # b is centred on the mean of y; an intercept with a prior lies elsewhere.
        shift = reg.design.mean_y - float(np.asarray(conditional_intercept(reg, sigma)))
        residual = residual + root * shift
        leverage = leverage + root**2 / (reg.design.weight + reg.intercept_term.precision(sigma))
    if np.any(1 - leverage < 1e-10):
        raise DataError(
            "a row alone determines a coefficient (leverage 1), so it cannot be left out; drop flat columns."
        )
    return LeaveOneOut(residual / (1 - leverage) / root, leverage, sigma / root)


def _fits(
    reg: Regression, sigma: float, A: np.ndarray, b: np.ndarray, factors: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Fitted values and leverages of the coefficients alone, both of shape (m, n)."""
    _, kappa = strengths_at(reg, sigma)
    if reg.intercept_term.in_theta or np.any(kappa == 0):
        return _fits_one_by_one(reg, A, b, kappa, factors)
    left, singular, _ = linalg.svd(A / np.sqrt(kappa), full_matrices=False)
    share = singular**2 / (singular**2 + factors[:, None])
    return (share * (left.T @ b)) @ left.T, share @ (left**2).T


def _fits_one_by_one(
    reg: Regression, A: np.ndarray, b: np.ndarray, kappa: np.ndarray, factors: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """The same where some columns keep their own strength, by QR of the rows above diag √κ."""
    fitted, leverage = np.empty((len(factors), len(b))), np.empty((len(factors), len(b)))
    for k, factor in enumerate(factors):
        penalty_rows = np.diag(np.sqrt(reg.intercept_term.multiplied(kappa, factor)))
        part = linalg.qr(np.vstack([A, penalty_rows]), mode="economic")[0][: len(b)]
        fitted[k], leverage[k] = part @ (part.T @ b), np.sum(part**2, axis=1)
    return fitted, leverage


def choose_by_press(axis: Axis) -> Choice:
    """The minimum of the exact leave-one-out squared error of ridge regression."""
    axis.require_gaussian("press")
    axis.require_terms("press", "l2")
    fits = leave_one_out(axis.held, axis.strengths / axis.current)
    weights = axis.reg.design.known_rows.weights
    squares = fits.residual**2
    value = np.average(squares, axis=1, weights=weights)
    error = squares.std(axis=1, ddof=1) / axis.reg.n**0.5
    curve = Curve(axis.strengths, value, "error", "leave-one-out error", error)
    reason = f"least leave-one-out squared error, exact{edge_note(curve, curve.best)}"
    return Choice("press", float(axis.strengths[curve.best]), reason, curve)


def choose_by_loo(axis: Axis, sampling: dict[str, Any]) -> Choice:
    """The largest expected log predictive density, left out row by row (Vehtari, Gelman & Gabry 2017).

    Exact for a Normal prior at known sigma; otherwise PSIS of the posterior at each strength of a small grid.
    """
    axis.require_gaussian("loo")
    axis.require_terms("loo", "l2", "l1")
    if axis.reg.prior.is_conjugate and axis.reg.noise.known:
        rows = leave_one_out(axis.held, axis.strengths / axis.current).log_density
        curve = Curve(axis.strengths, rows.sum(axis=1), "log", "leave-one-out density")
        reason = f"largest leave-one-out log predictive density, exact{edge_note(curve, curve.best)}"
        return Choice(
            "loo", float(axis.strengths[curve.best]), reason, curve, details={"elpd": float(curve.value.max())}
        )
    return _choose_by_psis(axis, sampling)


def _choose_by_psis(axis: Axis, sampling: dict[str, Any]) -> Choice:
    if axis.reg.design.rows is None:
        raise DataError('by="loo" needs the rows; use Regression(X, y, …).')
    grid = small_grid(axis)
    # One seed for all strengths: what the draws have in common does not blur the comparison.
    scores, doubts = zip(*[_with_doubts(axis.at(float(strength)), sampling) for strength in grid], strict=True)
    elpd, error, largest = (np.array(values) for values in zip(*scores, strict=True))
    curve = Curve(grid, elpd, "log", "leave-one-out density", error)
    best = curve.best
    if doubts[best]:
        warnings.warn(f"at the chosen strength {grid[best]:.4g}: {doubts[best]}", SamplerWarning, stacklevel=4)
    if largest[best] > LARGEST_K:
        warnings.warn(
            f"Pareto k is {largest[best]:.2f} for a row at the chosen strength (trusted up to {LARGEST_K}); "
            'compare with by="cv".',
            SamplerWarning,
            stacklevel=4,
        )
    reason = (
        f"largest leave-one-out log predictive density by PSIS, Monte Carlo error {error[best]:.2g}, "
        f"largest Pareto k {largest[best]:.2f}{edge_note(curve, best)}"
    )
    details = {"elpd": float(elpd[best]), "mc_error_elpd": float(error[best]), "pareto_k": largest}
    return Choice("loo", float(grid[best]), reason, curve, details=details)


def _with_doubts(reg: Regression, sampling: dict[str, Any]) -> tuple[tuple[float, float, float], str]:
    """The scores of one posterior, and what its sampler would have warned of: it matters only where it is chosen."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", SamplerWarning)
        scores = psis_loo(reg, sampling)
    doubts = [one for one in caught if issubclass(one.category, SamplerWarning)]
    for other in caught:
        if other not in doubts:
            warnings.warn_explicit(other.message, other.category, other.filename, other.lineno)
    return scores, " ".join(str(one.message) for one in doubts)


def small_grid(axis: Axis) -> np.ndarray:
    """The given strengths, or fewer than a path has, since each needs a posterior of its own."""
    if axis.given is not None:
        return axis.given
    return np.geomspace(axis.strengths[0], axis.strengths[-1], axis.points(GRID_POINTS))


def psis_loo(reg: Regression, sampling: dict[str, Any]) -> tuple[float, float, float]:
    """Elpd, its Monte Carlo standard error and the largest Pareto k of one posterior."""
    from arviz_stats.base.array import array_stats

    draws = draw_posterior(reg, **sampling).draws
    pointwise = row_log_likelihood(reg, draws)
    flat = pointwise.reshape(-1, reg.n)
    relative = relative_efficiency(pointwise)
    # psislw takes the log likelihood, whose negative is the log ratio, and moves the draws to the last axis.
    weights, k = array_stats.psislw(flat, r_eff=relative, axis=0)
    log_terms = flat.T + weights
    top = log_terms.max(axis=1)
    elpd = top + np.log(np.exp(log_terms - top[:, None]).sum(axis=1))
    # Delta method for log Σ w_s p_s (Vehtari et al. 2024, arXiv:1507.02646, section 3).
    ratio = np.expm1(flat.T - elpd[:, None])
    variance = np.sum(np.exp(2 * weights) * ratio**2, axis=1) / relative
    return float(elpd.sum()), float(np.sqrt(variance.sum())), float(np.max(k))


def row_log_likelihood(reg: Regression, draws: Unknowns) -> np.ndarray:
    """Log p(y_i | draw), shape (C, D, n)."""
    rows = reg.design.known_rows
    if isinstance(reg.design.matrix, ImplicitColumns):
        raise UnsupportedError("leave-one-out of a sparse X is not computed; pass X.toarray() where it fits.")
    eta = draws.beta @ reg.design.matrix.T + draws.at_center[..., None]
    sigma = draws.sigma[..., None] if rows.weights is None else draws.sigma[..., None] / np.sqrt(rows.weights)
    return reg.family.log_likelihood(rows.response, eta, sigma)


def relative_efficiency(pointwise: np.ndarray) -> float:
    """Effective sample size of the likelihoods as a share of the draws, averaged over rows (some 50 where many)."""
    from bayesreg.sampling.convergence import ess_bulk

    size = pointwise.shape[0] * pointwise.shape[1]
    some = pointwise[..., :: max(1, pointwise.shape[-1] // EFFICIENCY_ROWS)]
    shares = ess_bulk(np.moveaxis(some, -1, 0)) / size
    return float(np.clip(np.mean(shares), 1.0 / size, 1.0))

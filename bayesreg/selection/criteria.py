"""Information criteria along a path, with the degrees of freedom that the penalty leaves."""

import numpy as np
from scipy import linalg

from bayesreg.errors import UnsupportedError
from bayesreg.model.objective import rss_at, strengths_at
from bayesreg.optimize.path import Path
from bayesreg.selection.axis import Axis
from bayesreg.selection.choice import Choice, Curve, edge_note

LOG_2PI = float(np.log(2 * np.pi))


def choose_by_criterion(axis: Axis, rule: str) -> Choice:
    """The strength of the least AIC = −2 log L + 2·df, or BIC = −2 log L + log(n)·df.

    N counts observations. Weights of the gaussian family are precisions and leave it as it is; those of a
    family without sigma repeat a row, so that there n is their sum.
    Log L is the log likelihood of the MAP estimate at the sigma held (Akaike 1974,
    doi:10.1109/TAC.1974.1100705; Schwarz 1978, doi:10.1214/aos/1176344136).
    """
    fits = axis.path
    df, log_likelihood = degrees_of_freedom(fits), path_log_likelihood(fits)
    observations = axis.reg.n if axis.reg.family.has_sigma else axis.reg.design.weight
    per_df = 2.0 if rule == "aic" else float(np.log(observations))
    curve = Curve(axis.strengths, log_likelihood - 0.5 * per_df * df, "log", f"−{rule.upper()}/2")
    best = curve.best
    kept = axis.reg.p - int(fits.n_zeros[best])
    reason = f"least {rule.upper()}: {df[best]:.4g} degrees of freedom, {kept} nonzero coefficients"
    details = {"df": float(df[best]), rule: float(-2 * curve.value[best])}
    return Choice(rule, float(axis.strengths[best]), reason + edge_note(curve, best), curve, details=details)


def degrees_of_freedom(fits: Path) -> np.ndarray:
    r"""Degrees of freedom at each strength, the intercept's included, shape (m,).

    With H the Hessian of the loss on the active set (the coefficients that are not exactly 0), it is

        df = tr[(H + diag κ)⁻¹ H].

    Without an L2 term that is the number of nonzero coefficients (Zou, Hastie & Tibshirani 2007,
    doi:10.1214/009053607000000127), counted by rank where active columns are collinear; for a Normal
    prior the trace of the hat matrix; with both terms that trace on the active set (Tibshirani &
    Taylor 2012, doi:10.1214/12-AOS1003). A flat intercept counts 1, one with a Normal prior its share.
    """
    reg, sigma = fits.reg, fits.reg.noise.sigma
    assert sigma is not None
    reg.prior.require_separable("a count of degrees of freedom")
    _, l2 = strengths_at(reg, sigma)
    df = np.empty(len(fits.strengths))
    for k, (strength, theta) in enumerate(zip(fits.strengths, fits.theta, strict=True)):
        kappa = reg.intercept_term.multiplied(l2, strength / fits.current)
        df[k] = _trace(_active_hessian(fits, theta), kappa[theta != 0])
    if not reg.intercept_term.orthogonal:
        return df
    weight = reg.design.weight
    return df + weight / (weight + reg.intercept_term.precision(sigma))


def _active_hessian(fits: Path, theta: np.ndarray) -> np.ndarray:
    active = np.flatnonzero(theta)
    if fits.reg.is_gaussian:
        return fits.reg.loss.curvature(active)
    loss = fits.reg.row_loss
    columns = loss.A[:, active]
    return columns.T @ (loss.row_curvatures(loss.eta(theta), upper=False)[:, None] * columns)


def _trace(hessian: np.ndarray, kappa: np.ndarray) -> float:
    """tr[(H + diag κ)⁻¹H] in units in which H has a unit diagonal."""
    if len(kappa) == 0:
        return 0.0
    diagonal = np.diag(hessian)
    if np.any(diagonal < 0):
        raise UnsupportedError(
            'the loss is not convex at the estimate, so degrees of freedom are not defined; use by="cv".'
        )
    unit = np.sqrt(np.where(diagonal > 0, diagonal, 1.0))
    scaled, ridge = hessian / np.outer(unit, unit), kappa / unit**2
    if not np.any(ridge):
        values = linalg.eigvalsh(scaled)
        return float(np.sum(values > len(values) * np.finfo(float).eps * values[-1]))
    if np.all(ridge > 0):
        root = 1 / np.sqrt(ridge)
        values = np.maximum(linalg.eigvalsh(scaled * np.outer(root, root)), 0.0)
        return float(np.sum(values / (values + 1)))
    return float(np.trace(linalg.lstsq(scaled + np.diag(ridge), scaled)[0]))


def path_log_likelihood(fits: Path) -> np.ndarray:
    """Log p(y | MAP) at each strength, at the sigma held, constants included, shape (m,)."""
    reg, sigma = fits.reg, fits.reg.noise.sigma
    assert sigma is not None
    if reg.is_gaussian:
        rss = np.array([rss_at(reg, theta, sigma) for theta in fits.theta])
        constant = reg.design.log_weight - reg.n * (LOG_2PI + 2 * np.log(sigma))
        return 0.5 * (constant - rss / sigma**2)
    loss = reg.row_loss
    row_sigma = sigma / np.sqrt(loss.weights) if reg.family.has_sigma else 1.0
    # Without a noise scale a weight counts repetitions of a row.
    times = np.ones_like(loss.weights) if reg.family.has_sigma else loss.weights
    return np.array([times @ reg.family.log_likelihood(loss.y, loss.eta(theta), row_sigma) for theta in fits.theta])

"""Bias² and variance of the fit along the strengths, where the truth is known."""

from dataclasses import dataclass
from numbers import Integral, Real
from typing import Any

import numpy as np

from bayesreg.design.columns import read_vector
from bayesreg.design.implicit import is_sparse
from bayesreg.errors import DataError, PriorError
from bayesreg.model.regression import Regression
from bayesreg.optimize.path import path
from bayesreg.selection.axis import Axis
from bayesreg.selection.held_out import bounds_of, linear_predictor
from bayesreg.selection.opening import check_seed, open_axis

REPLICATES = 50
# Fitted values that are held at once.
LARGEST = 500_000_000


@dataclass(frozen=True, eq=False)
class BiasVariance:
    """Means over the rows, of predictions at the rows' own columns; all of shape (m,).

    Attributes
    ----------
    strengths : ndarray
        In ``half_rss``, decreasing.
    bias_squared : ndarray
        Mean of (E[ŷ_i] − μ_i)², less what the finite number of replicates adds to it.
    variance : ndarray
        Mean of Var[ŷ_i] over replicates of the noise.
    bias_error, variance_error : ndarray
        Monte Carlo standard errors.
    sigma : float
        Of the noise: a new row is missed by `total` + sigma² on average.
    """

    strengths: np.ndarray
    bias_squared: np.ndarray
    variance: np.ndarray
    bias_error: np.ndarray
    variance_error: np.ndarray
    sigma: float

    @property
    def total(self) -> np.ndarray:
        """Bias² + variance: the mean squared error of the fit about the truth."""
        return self.bias_squared + self.variance


def bias_variance(
    reg: Regression,
    coef: Any,
    *,
    intercept: float = 0.0,
    sigma: float | None = None,
    strengths: Any = None,
    replicates: int = REPLICATES,
    random_seed: int | None = 0,
) -> BiasVariance:
    r"""Simulate the balance of bias and variance along the strengths of a penalty.

    Targets y = μ + σε, μ_i = intercept + x_i·coef, are drawn anew for the same columns, and the MAP path
    of each is found; ‖E[ŷ] − μ‖²/n is the squared bias and Σ_i Var[ŷ_i]/n the variance.

    Parameters
    ----------
    reg : Regression
        Gaussian, with rows and without weights.
    coef : array-like, shape (p,)
        The truth, on the user's columns.
    intercept : float, optional
        The truth at x = 0.
    sigma : float, optional
        Noise of the truth; by default the regression's own (estimated where unknown).
    strengths : array-like, shape (m,), optional
        In ``half_rss``; by default the grid of :func:`bayesreg.path`.
    replicates : int, optional
        Simulated targets, at least 4.
    random_seed : int, optional

    Returns
    -------
    BiasVariance

    Raises
    ------
    DataError
        If there are no rows, or coef is not p finite numbers.
    PriorError
        If sigma is not positive, or there are fewer than 4 replicates.
    UnsupportedError
        If the family is not gaussian.

    See Also
    --------
    plot_selection : The criterion of each rule along the strengths.
    select : The strength by cross-validation, evidence and other rules.
    cross_validate : Held-out error at each strength.

    Examples
    --------
    >>> import bayesreg as br
    >>> X = np.random.default_rng(0).normal(size=(40, 3))
    >>> reg = br.Regression(X, X[:, 0], prior=br.Normal(1.0), sigma=1.0)
    >>> found = br.bias_variance(reg, [1.0, 0.0, 0.0], strengths=[1e-3, 1e3])
    >>> bool(found.bias_squared[0] > found.bias_squared[1]), bool(found.variance[0] < found.variance[1])
    (True, True)
    """
    axis = open_axis(reg, strengths)
    axis.require_gaussian("bias_variance")
    mean, noise = _truth(axis, coef, intercept, sigma)
    check_seed(random_seed)
    fits = _fitted(axis, mean, noise, _read_replicates(replicates, len(mean) * len(axis.strengths)), random_seed)
    return _summarize(axis.strengths, fits, mean, noise)


def _truth(axis: Axis, coef: Any, intercept: float, sigma: float | None) -> tuple[np.ndarray, float]:
    rows = axis.reg.design.rows
    if rows is None or rows.weights is not None or rows.offset is not None or is_sparse(rows.X):
        raise DataError(
            "bias and variance are simulated on rows without weights and offset, of an X that is not sparse; "
            "use Regression(X, y, …)."
        )
    truth = read_vector(coef, "coef", axis.reg.p)
    noise = axis.sigma if sigma is None else sigma
    if not isinstance(noise, Real) or isinstance(noise, bool) or not (noise > 0 and np.isfinite(noise)):
        raise PriorError(f"sigma must be a positive finite number, got {sigma!r}.")
    if not isinstance(intercept, Real) or not np.isfinite(intercept):
        raise DataError(f"intercept must be a finite number, got {intercept!r}.")
    return np.asarray(float(intercept) + rows.X @ truth), float(noise)


def _read_replicates(replicates: Any, size: int) -> int:
    whole = isinstance(replicates, Integral) and not isinstance(replicates, bool)
    if not whole or not 4 <= replicates <= LARGEST / size:
        raise PriorError(
            f"replicates must be a whole number, at least 4 and, for what they need of memory, at most "
            f"{LARGEST // size}, got {replicates!r}."
        )
    return int(replicates)


def _fitted(axis: Axis, mean: np.ndarray, noise: float, replicates: int, random_seed: int | None) -> np.ndarray:
    """Fitted values, shape (replicates, rows, m)."""
    generator, Z = np.random.default_rng(random_seed), axis.held.design.matrix
    fitted = np.empty((replicates, len(mean), len(axis.strengths)))
    for k in range(replicates):
        y = mean + noise * generator.standard_normal(len(mean))
        fits = path(_with_target(axis, Z, y), axis.strengths)
        fitted[k] = linear_predictor(fits, fits.reg.design.matrix)
    return fitted


def _with_target(axis: Axis, Z: np.ndarray, y: np.ndarray) -> Regression:
    held = axis.held
    return Regression(
        Z,
        y,
        prior=held.prior.in_units(held.names, 1.0),
        sigma=held.noise.sigma,
        intercept=held.intercept,
        standardize=False,
        center=not held.intercept_term.has_prior,
        bounds=bounds_of(held, 1.0),
    )


def _summarize(strengths: np.ndarray, fits: np.ndarray, mean: np.ndarray, noise: float) -> BiasVariance:
    """Errors by the jackknife over replicates."""
    replicates = len(fits)
    total, squares = fits.sum(axis=0), np.sum(fits**2, axis=0)

    def estimate(total: np.ndarray, squares: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
        center = total / count
        variance = np.mean((squares - count * center**2) / (count - 1), axis=0)
        return np.mean((center - mean[:, None]) ** 2, axis=0) - variance / count, variance

    bias, variance = estimate(total, squares, replicates)
    left_out = np.array([estimate(total - fit, squares - fit**2, replicates - 1) for fit in fits])
    errors = np.sqrt((replicates - 1) * np.var(left_out, axis=0))
    return BiasVariance(strengths, np.maximum(bias, 0.0), variance, errors[0], errors[1], noise)

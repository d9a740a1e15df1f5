"""The estimate without penalty, and of many such estimates the one whose norm is least."""

from dataclasses import dataclass

import numpy as np
from scipy import linalg, optimize

from bayesreg.errors import ConvergenceError, UnsupportedError
from bayesreg.model.objective import strengths_at
from bayesreg.model.regression import Regression
from bayesreg.optimize.at_sigma import minimize_at
from bayesreg.optimize.estimate import Estimate, estimate_at
from bayesreg.priors.laplace import Laplace


@dataclass(frozen=True, eq=False)
class Norm:
    """N(β) = Σ_j a_j|β_j| + Σ_j b_jβ_j²: what a budget limits.

    Attributes
    ----------
    absolute, square : ndarray, shape (p,)
        a_j and b_j, the columns' weights relative to the strength; 0 where there is no such term.
    """

    absolute: np.ndarray
    square: np.ndarray

    def value(self, beta: np.ndarray) -> float:
        """N at beta, shape (p,)."""
        return float(self.absolute @ np.abs(beta) + self.square @ beta**2)

    def within(self, columns: np.ndarray) -> "Norm":
        """The part that belongs to some columns."""
        return Norm(self.absolute[columns], self.square[columns])


def unpenalized(reg: Regression, norm: Norm) -> tuple[Regression, Estimate] | None:
    """Return the minimum of the loss without the coefficients' prior, and the regression that it is the MAP of.

    Returns
    -------
    tuple of Regression and Estimate, or None
        Of least norm, if there are many minima; None if there is none (a separable Bernoulli target).

    Raises
    ------
    UnsupportedError
        If there are many, for an elastic net or a family beside the Gaussian.
    """
    sigma = reg.noise.sigma
    assert sigma is not None
    # A constant column keeps a prior, which makes its coefficient 0: the data say nothing about it.
    flat = reg.with_prior(Laplace(np.where(reg.design.constant, 1.0, np.inf)))
    if reg.is_gaussian:
        return flat, estimate_at(flat, _least_squares(flat, norm), sigma, "least squares of least norm")
    _check_unique(flat)
    try:
        theta = minimize_at(flat, sigma)
    except ConvergenceError:
        # Only where the likelihood can rise for ever does a failure mean that there is no maximum.
        if flat.family.has_sigma:
            raise
        return None
    return flat, estimate_at(flat, theta, sigma, "maximum likelihood")


def _check_unique(flat: Regression) -> None:
    """Many estimates of maximum likelihood are refused; Bernoulli rows in general position have none, which is not."""
    free = ~flat.intercept_term.append(flat.design.constant, False)
    columns = flat.row_loss.A[:, np.flatnonzero(free)]
    rank = int(np.linalg.matrix_rank(columns))
    if rank < columns.shape[1] and not (flat.family.separable and rank == flat.n):
        raise UnsupportedError(
            f"{columns.shape[1]} coefficients have rank {rank}, so the estimate without penalty is not unique and its "
            "norm is not computed for this family; drop collinear columns."
        )


def _least_squares(flat: Regression, norm: Norm) -> np.ndarray:
    """θ of least squares, of least norm if there are many, shape (q,)."""
    assert flat.noise.sigma is not None
    ridge = strengths_at(flat, flat.noise.sigma)[1]
    if np.any(ridge):
        return minimize_at(flat, flat.noise.sigma)
    loss = flat.loss
    if loss.rank == loss.size:
        return loss.least_squares
    values, vectors = linalg.eigh(loss.gram)
    seen = values > loss.size * np.finfo(float).eps * values[-1]
    rows, unseen = vectors[:, seen].T, vectors[:, ~seen]
    theta = loss.least_squares
    if not np.any(norm.absolute):
        root = np.sqrt(norm.square)
        return np.asarray(theta - unseen @ linalg.lstsq(root[:, None] * unseen, root * theta)[0])
    if np.any(norm.square):
        raise UnsupportedError(
            "least squares is not unique, and its least elastic-net norm is not computed; use Laplace or Normal, "
            "or drop collinear columns."
        )
    return _least_l1(rows, rows @ theta, norm.absolute)


def _least_l1(rows: np.ndarray, seen: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """The θ of least Σ w_j|θ_j| with rows·θ = seen: a linear program in the parts of θ above and below 0."""
    unit = float(np.max(np.abs(seen), initial=0.0))
    if unit == 0:
        return np.zeros(rows.shape[1])
    solution = optimize.linprog(np.tile(weights, 2), A_eq=np.hstack([rows, -rows]), b_eq=seen / unit, method="highs")
    if solution.x is None:
        raise ConvergenceError(f"the linear program of least squares of least norm failed: {solution.message}")
    theta = solution.x[: len(weights)] - solution.x[len(weights) :]
    support = np.flatnonzero(theta)
    # The support solved exactly: the program itself stops at its tolerance.
    theta[support] = linalg.lstsq(rows[:, support], seen / unit)[0]
    return np.asarray(unit * theta)

"""Exact minimization of ½RSS(θ) + ½ Σ κ_jθ_j² with every κ_j > 0, by the smaller of its two linear systems."""

from collections.abc import Callable

import numpy as np
from scipy import linalg

from bayesreg.design.implicit import to_dense
from bayesreg.model.quadratic import QuadraticLoss

EPS = float(np.finfo(float).eps)
Solve = Callable[[np.ndarray], np.ndarray]
Solver = Callable[[QuadraticLoss, np.ndarray], Solve]
# Refinements of a linear system's solution, and the relative change at which it has settled.
REFINEMENTS, SETTLED = 4, 1e-12
# Reciprocal condition from which on products alone determine a solution.
WELL = 1e6 * EPS


def minimize(loss: QuadraticLoss, l2: np.ndarray) -> np.ndarray:
    """Minimize ½RSS(θ) + ½ Σ κ_jθ_j².

    With D = diag(1/κ), θ = (A'A + D⁻¹)⁻¹A'b = DA'(ADA' + I)⁻¹b; the second form costs O(n²q) and is
    taken where there are fewer rows than columns. Refinement removes the rounding of both. Where it does not
    settle, because κ is tiny beside columns that are collinear or more than the rows, the singular values
    of AD^½ give the answer without squaring its condition (Golub & Van Loan 2013, Matrix Computations, section 6.1.4).

    Parameters
    ----------
    loss : QuadraticLoss
        Of size q.
    l2 : ndarray, shape (q,)
        κ_j > 0.
    """
    theta = _by_linear_system(loss, l2)
    return _by_spectrum(loss, l2) if theta is None else theta


def _by_linear_system(loss: QuadraticLoss, l2: np.ndarray) -> np.ndarray | None:
    """The solution of one linear system, refined; None where rounding keeps it from settling."""
    if _is_wide(loss):
        theta = _refined(_wide_solver, loss, l2)
        # Strengths that differ by many orders of magnitude suit the form that is scaled column by column.
        if theta is not None or not loss.has_gram:
            return theta
    return _refined(_tall_solver, loss, l2)


def _refined(solver: Solver, loss: QuadraticLoss, l2: np.ndarray) -> np.ndarray | None:
    try:
        solve = solver(loss, l2)
    except linalg.LinAlgError:
        return None
    theta = solve(loss.cross)
    for _ in range(REFINEMENTS):
        step = solve(loss.gradient(theta) + l2 * theta)
        theta = theta - step
        if np.max(np.abs(step)) <= SETTLED * np.max(np.abs(theta)):
            return theta
    return None


def _is_wide(loss: QuadraticLoss) -> bool:
    return loss.A is not None and loss.A.shape[0] < loss.size


def _tall_solver(loss: QuadraticLoss, l2: np.ndarray) -> Solve:
    matrix = loss.gram + np.diag(l2)
    # Scaled to a unit diagonal, because columns and strengths may differ by many orders of magnitude.
    root = np.sqrt(np.diag(matrix))
    scaled = matrix / np.outer(root, root)
    factor = linalg.cho_factor(scaled)
    # Products alone cannot show how much their own rounding moves the solution.
    if loss.A is None and linalg.lapack.dpocon(factor[0], linalg.norm(scaled, 1))[0] < WELL:
        raise linalg.LinAlgError
    return lambda right: linalg.cho_solve(factor, right / root) / root


def _wide_solver(loss: QuadraticLoss, l2: np.ndarray) -> Solve:
    """(A'A + K)⁻¹g = K⁻¹g − K⁻¹A'(I + AK⁻¹A')⁻¹AK⁻¹g with K = diag(κ)."""
    A = loss.A
    assert A is not None
    A = to_dense(A)
    spread = A / l2
    factor = linalg.cho_factor(np.eye(A.shape[0]) + spread @ A.T)
    return lambda right: right / l2 - spread.T @ linalg.cho_solve(factor, spread @ right)


def _by_spectrum(loss: QuadraticLoss, l2: np.ndarray) -> np.ndarray:
    """θ = uVd(d² + 1)⁻¹e with u = κ^(−½), from A·diag(u) = UdV' and e = U'b; cut at its numerical rank."""
    unit = 1 / np.sqrt(l2)
    if loss.A is None:
        values, vectors = linalg.eigh(loss.gram * np.outer(unit, unit))
        inside = values > 10 * len(values) * EPS * values[-1]
        along = vectors[:, inside].T @ (unit * loss.cross) / (values[inside] + 1)
        return np.asarray(unit * (vectors[:, inside] @ along))
    assert loss.b is not None
    scaled, response = to_dense(loss.A) * unit, loss.b
    shape = scaled.shape
    if shape[0] > shape[1]:
        # Only the triangle of the rows matters, with the target as one more column.
        triangle = linalg.qr(np.column_stack([scaled, response]), mode="r", check_finite=False)[0][: shape[1]]
        scaled, response = triangle[:, :-1], triangle[:, -1]
    left, d, right = linalg.svd(scaled, full_matrices=False, check_finite=False)
    inside = d > max(shape) * EPS * d[0]
    along = d[inside] * (left[:, inside].T @ response) / (d[inside] ** 2 + 1)
    return np.asarray(unit * (along @ right[inside]))

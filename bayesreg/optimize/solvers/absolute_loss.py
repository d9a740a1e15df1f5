"""Minimization of Σ c_i|y_i − (Aθ)_i| + Σ λ_j|θ_j| + ½κ_jθ_j²: a linear or quadratic program, solved to its corner.

On a working set of columns a primal-dual interior-point method (Mehrotra 1992, doi:10.1137/0802028; for
absolute values Portnoy & Koenker 1997, doi:10.1214/ss/1030037960) approaches the middle of the optimal face.
The corner finder (`absolute_corner`) then reads off which rows are fitted exactly and which coefficients
are 0, solves the linear equations that these determine, and checks the result. The working set grows by
the columns whose condition |a_j'u| ≤ λ_j the dual point u violates, until none does.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import linalg

from bayesreg.errors import ConvergenceError
from bayesreg.model.row_loss import RowLoss
from bayesreg.optimize.solvers.absolute_corner import AbsoluteProblem, Corner, find_corner

OUTER_STEPS, INTERIOR_STEPS = 200, 100
# A column joins the working set when it violates its condition by more than this share of its strength.
TOLERANCE = 1e-10
# Corners are looked for once the complementarity is below this share of its first size.
NEAR = 1e-8
STEP_SHARE = 0.995


def minimize(loss: RowLoss, l1: np.ndarray, l2: np.ndarray, start: np.ndarray | None = None) -> np.ndarray:
    """Minimize the penalized sum of absolute residuals.

    Where the minimum is not unique a corner of the optimal face is returned, with as many zeros and
    exactly fitted rows as it takes to be one.

    Parameters
    ----------
    loss : RowLoss
        Of a family whose loss is σ|y − η|, of size q.
    l1, l2 : ndarray, shape (q,)
        λ_j ≥ 0 and κ_j ≥ 0.
    start : ndarray, shape (q,), optional
        Its support is the first working set; the answer's objective does not depend on it.

    Returns
    -------
    ndarray, shape (q,)

    Raises
    ------
    ConvergenceError
        If no corner satisfies the optimality conditions.
    """
    return _minimize(loss, l1, l2, start)[0]


def smallest_strength(loss: RowLoss, l1: np.ndarray, l2: np.ndarray) -> float:
    """The smallest multiple t of the L1 strengths at which every coefficient that has one is 0.

    t = min over dual points u of max_j |a_j'u|/λ_j, where u is optimal for the fit of what has no L1 term: a
    linear program in the u_i of the rows that this fit passes through, since the others are ±c_i.
    """
    from scipy.optimize import linprog

    penalized = np.flatnonzero(l1 > 0)
    theta, corner = _minimize(loss, np.where(l1 > 0, np.inf, 0.0), l2, None)
    if len(penalized) == 0:
        return 0.0
    touched = np.flatnonzero(corner.touched)
    rest = np.where(corner.touched, 0.0, corner.dual)
    free = np.flatnonzero(l1 == 0)
    columns = np.asarray(loss.A[:, penalized])[touched] / l1[penalized]
    score = (loss.A.T @ rest)[penalized] / l1[penalized]
    ratios = (loss.A.T @ corner.dual)[penalized] / l1[penalized]
    if len(touched) <= len(free):
        return float(np.max(np.abs(ratios)))
    top = -np.ones((len(penalized), 1))
    solution = linprog(
        np.append(np.zeros(len(touched)), 1.0),
        A_ub=np.vstack([np.hstack([columns.T, top]), np.hstack([-columns.T, top])]),
        b_ub=np.concatenate([-score, score]),
        A_eq=np.hstack([np.asarray(loss.A[:, free])[touched].T, np.zeros((len(free), 1))]) if len(free) else None,
        b_eq=l2[free] * theta[free] - (loss.A.T @ rest)[free] if len(free) else None,
        bounds=[*((-bound, bound) for bound in loss.largest_slopes[touched]), (0.0, None)],
        method="highs",
    )
    if not solution.success:
        raise ConvergenceError(f"the linear program of the largest strength was not solved: {solution.message}")
    # The dual point at hand is one of those minimized over; it wins where the program's tolerance exceeds the gain.
    return float(min(solution.fun, np.max(np.abs(ratios))))


def _minimize(loss: RowLoss, l1: np.ndarray, l2: np.ndarray, start: np.ndarray | None) -> tuple[np.ndarray, Corner]:
    target, bound = loss.y - loss.offset, loss.largest_slopes
    first = np.zeros(loss.size) if start is None else start
    working = np.flatnonzero((first != 0) | (l1 == 0))
    # A column of zeros has nothing to fit, so its coefficient stays 0.
    working = working[np.any(np.asarray(loss.A[:, working]) != 0, axis=0)]
    for _ in range(OUTER_STEPS):
        problem = AbsoluteProblem(np.asarray(loss.A[:, working]), target, bound, l1[working], l2[working])
        corner = _solve(problem)
        score = loss.A.T @ corner.dual
        excess = np.where(np.isinf(l1), 0.0, np.abs(score) - (1 + TOLERANCE) * l1 - loss.gradient_rounding)
        excess[working] = 0.0
        excess[l1 == 0] = 0.0
        entering = np.flatnonzero(excess > 0)
        if len(entering) == 0:
            theta = np.zeros(loss.size)
            theta[working] = corner.theta
            return theta, corner
        entering = entering[np.argsort(-excess[entering] / l1[entering])][: max(10, len(working))]
        working = np.union1d(working, entering)
    raise ConvergenceError(f"the working set did not settle within {OUTER_STEPS} rounds; please report these data.")


@dataclass(eq=False)
class _Interior:
    """An interior point: residuals and coefficients t = p − m, multipliers v = a − s = w − a; p, m, s, w > 0.

    The terms are the rows first, then the columns with an L1 strength: t = g − Gθ with G = [A; −I].
    """

    theta: np.ndarray
    p: np.ndarray
    m: np.ndarray
    v: np.ndarray
    s: np.ndarray
    w: np.ndarray


def _solve(problem: AbsoluteProblem) -> Corner:
    """Interior-point steps, from each of which a corner is looked for once it is near."""
    if problem.size == 0:
        return Corner(np.zeros(0), problem.bound * np.sign(problem.y), problem.y == 0)
    G, a = _Terms(problem), np.concatenate([problem.bound, problem.l1[problem.kinked]])
    point = _first_point(problem, G, a)
    size = float(a @ (point.p + point.m))
    for _ in range(INTERIOR_STEPS):
        mean = float(point.p @ point.s + point.m @ point.w) / (2 * len(a))
        if not np.isfinite(mean):
            break
        if mean * len(a) <= NEAR * size:
            multipliers = np.zeros(problem.size)
            multipliers[problem.kinked] = point.v[problem.n :]
            corner = find_corner(problem, point.theta, point.v[: problem.n], multipliers)
            if corner is not None:
                return corner
        if mean * len(a) <= 1e-22 * size:
            break
        _advance(problem, G, point, mean)
    raise ConvergenceError(
        "no corner of the least absolute deviations satisfies its optimality conditions; rescale columns of very "
        "different size, or use standardize=True."
    )


class _Terms:
    """The matrix G = [A; −I on the columns with an L1 strength], known through products."""

    def __init__(self, problem: AbsoluteProblem) -> None:
        self.A, self.kinked, self.n = problem.A, problem.kinked, problem.n

    def times(self, theta: np.ndarray) -> np.ndarray:
        """Gθ."""
        return np.concatenate([self.A @ theta, -theta[self.kinked]])

    def transposed(self, v: np.ndarray) -> np.ndarray:
        """G'v."""
        score = self.A.T @ v[: self.n]
        score[self.kinked] -= v[self.n :]
        return score

    def gram(self, d: np.ndarray) -> np.ndarray:
        """G'·diag(d)·G."""
        gram = self.A.T @ (d[: self.n, None] * self.A)
        gram[self.kinked, self.kinked] += d[self.n :]
        return gram


def _first_point(problem: AbsoluteProblem, G: _Terms, a: np.ndarray) -> _Interior:
    """Least squares on the unpenalized columns, and residuals split around it; multipliers in the middle."""
    theta = np.zeros(problem.size)
    flat = (problem.l1 == 0) & (problem.l2 == 0)
    if np.any(flat):
        theta[flat] = np.linalg.lstsq(problem.A[:, flat], problem.y, rcond=None)[0]
    t = np.append(problem.y, np.zeros(len(problem.kinked))) - G.times(theta)
    # Coefficients are measured by what they move a residual.
    unit = np.append(np.full(problem.n, problem.unit), problem.unit / problem.sizes[problem.kinked])
    return _Interior(theta, np.maximum(t, 0) + unit, np.maximum(-t, 0) + unit, np.zeros(len(t)), a, a)


def _advance(problem: AbsoluteProblem, G: _Terms, point: _Interior, mean: float) -> None:
    """One predictor-corrector step, in place."""
    p, m, v, s, w = point.p, point.m, point.v, point.s, point.w
    d = 1 / (p / s + m / w)
    solve = _factorize(G.gram(d), problem.l2)
    apart = np.append(problem.y, np.zeros(len(problem.kinked))) - G.times(point.theta) - (p - m)
    score = problem.l2 * point.theta - G.transposed(v)

    def direction(rp: np.ndarray, rm: np.ndarray) -> tuple[np.ndarray, ...]:
        h = apart - rp / s + rm / w
        dtheta = solve(G.transposed(d * h) - score)
        dv = d * (h - G.times(dtheta))
        return dtheta, (rp + p * dv) / s, (rm - m * dv) / w, dv

    def lengths(dp: np.ndarray, dm: np.ndarray, dv: np.ndarray) -> tuple[float, float]:
        primal = min(_longest(p, dp), _longest(m, dm))
        dual = min(_longest(s, -dv), _longest(w, dv))
        return (primal, dual) if not np.any(problem.l2) else (min(primal, dual),) * 2

    _, dp, dm, dv = direction(-p * s, -m * w)
    primal, dual = lengths(dp, dm, dv)
    ahead = (p + primal * dp) @ (s - dual * dv) + (m + primal * dm) @ (w + dual * dv)
    center = (float(ahead) / (2 * len(v)) / mean) ** 3 * mean
    dtheta, dp, dm, dv = direction(center - p * s + dp * dv, center - m * w - dm * dv)
    primal, dual = lengths(dp, dm, dv)
    primal, dual = min(1.0, STEP_SHARE * primal), min(1.0, STEP_SHARE * dual)
    point.theta = point.theta + primal * dtheta
    point.p, point.m = p + primal * dp, m + primal * dm
    point.v, point.s, point.w = v + dual * dv, s - dual * dv, w + dual * dv


def _longest(value: np.ndarray, step: np.ndarray) -> float:
    """The longest step up to 2 that keeps every value from becoming negative."""
    falling = step < 0
    return float(np.min(-value[falling] / step[falling], initial=2.0))


def _factorize(gram: np.ndarray, l2: np.ndarray) -> Any:
    """A solver of (gram + diag(κ))x = b, the diagonal scaled to 1 and raised where the columns are dependent."""
    matrix = gram + np.diag(l2)
    root = np.sqrt(np.maximum(np.diag(matrix), np.finfo(float).tiny))
    scaled = matrix / np.outer(root, root)
    for ridge in (0.0, 1e-14, 1e-12, 1e-10, 1e-8):
        try:
            factor = linalg.cho_factor(scaled + ridge * np.eye(len(l2)))
        except (linalg.LinAlgError, ValueError):
            continue
        return lambda b: linalg.cho_solve(factor, b / root) / root
    raise ConvergenceError("the equations of a step are singular; rescale columns of very different size.")

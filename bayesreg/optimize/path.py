"""MAP estimates along a grid of strengths, every point certified."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, partial
from typing import TYPE_CHECKING

import numpy as np
from scipy import linalg

from bayesreg.errors import PriorError
from bayesreg.model.bounds import Box
from bayesreg.model.even_columns import even_columns
from bayesreg.model.objective import coef_at, split, strengths_at
from bayesreg.model.quadratic import QuadraticLoss
from bayesreg.model.regression import Regression, check_regression
from bayesreg.model.strength import at_strength, strength_of
from bayesreg.optimize.acceptance import check_accepted, reachable_kkt
from bayesreg.optimize.at_sigma import first_point, minimize_rows
from bayesreg.optimize.certificate import CertificateTable, certify_family_points, certify_points
from bayesreg.optimize.estimate import Estimate, estimate_at
from bayesreg.optimize.solvers import active_set, bounded, homotopy, predictor_corrector
from bayesreg.optimize.solvers.by_partition import Solver, solver_of
from bayesreg.optimize.strength_grid import default_strengths, multiplied_strengths, strength_max
from bayesreg.priors.column_values import validate_values
from bayesreg.priors.objective import canonical_objective
from bayesreg.priors.partition import SINGLES, Partition

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Path", "path", "strength_max"]

# A point of a path whose duality gap is larger is solved once more.
SMALL_GAP = 5e-13
# The homotopy updates a q × q matrix at each of its knots, of which there are q or more: it suits few columns, and
# rows too few for the predicted signs to hold long.
FEW_COLUMNS, HOMOTOPY_COLUMNS = 100, 1_500
# Certificates of a whole path are computed on the rows up to this many multiplications, through the Gram matrix beyond.
ROW_WORK = 2e7


@dataclass(frozen=True, eq=False, repr=False)
class Path:
    """MAP estimates along a decreasing grid of strengths.

    Attributes
    ----------
    reg : Regression
        Whose prior gives the kind of penalty and the columns' ratios.
    strengths : ndarray, shape (m,)
        Decreasing, in `objective`: ``half_rss``, or ``scaled_nll`` for a family beside the Gaussian.
        With per-column scales it is the largest of the columns'
        strengths; the others keep their ratio to it. For an elastic net it is the L1 strength, and
        the L2 strength keeps its ratio.
    current : float
        The strength of the regression's own prior.
    theta : ndarray, shape (m, q)
        The points, with the intercept's deviation last where it is among the coefficients.
    certificates : CertificateTable

    See Also
    --------
    path : Certified estimates at many strengths.
    plot_path : Coefficients along the strengths, with posterior bands.
    Estimate : A certified point estimate.
    """

    reg: Regression
    strengths: np.ndarray
    current: float
    theta: np.ndarray
    certificates: CertificateTable

    def __repr__(self) -> str:
        grid, zeros = self.strengths, self.n_zeros
        return (
            f"Path({len(grid)} strengths from {grid[0]:.4g} to {grid[-1]:.4g} ({self.objective}): {zeros[0]} to "
            f"{zeros[-1]} of {len(self.names)} coefficients exactly 0, largest kkt {np.max(self.kkt):.1e}; "
            "coefficients: to_frame())"
        )

    @property
    def objective(self) -> str:
        """The convention of the strengths."""
        return canonical_objective(self.reg.family)

    @property
    def names(self) -> tuple[str, ...]:
        """Column names."""
        return self.reg.names

    @property
    def beta(self) -> np.ndarray:
        """Coefficients on the (standardized) columns on which the prior is stated, shape (m, p)."""
        return split(self.reg, self.theta, 0.0)[0]

    @property
    def coef(self) -> np.ndarray:
        """Coefficients on the user's columns, shape (m, p)."""
        return coef_at(self.reg, self.beta)

    @property
    def n_zeros(self) -> np.ndarray:
        """Exact zeros at each strength, shape (m,)."""
        return np.sum(self.beta == 0, axis=1)

    @property
    def kkt(self) -> np.ndarray:
        """Relative KKT residual at each strength, shape (m,)."""
        return self.certificates.kkt

    @property
    def gap(self) -> np.ndarray:
        """Relative duality gap at each strength, shape (m,)."""
        return self.certificates.gap

    @cached_property
    def estimates(self) -> tuple[Estimate, ...]:
        """Every point as an Estimate, with a certificate of its own."""
        sigma = self.reg.noise.sigma
        assert sigma is not None
        return tuple(
            estimate_at(at_strength(self.reg, float(strength)), theta, sigma, "MAP along a path")
            for strength, theta in zip(self.strengths, self.theta, strict=True)
        )

    def to_frame(self) -> "pd.DataFrame":
        """Coefficients on the user's columns, one row per strength."""
        import pandas as pd

        return pd.DataFrame(self.coef, index=pd.Index(self.strengths, name="strength"), columns=list(self.names))


def path(reg: Regression, strengths: object = None) -> Path:
    """MAP estimates over strengths of the regression's kind of penalty.

    Parameters
    ----------
    reg : Regression
        With known sigma and scale. Its prior gives the kind of penalty and the columns' ratios.
    strengths : array-like, shape (m,), optional
        Positive, in ``half_rss`` (``scaled_nll`` for a family beside the Gaussian).
        By default 100 from the smallest that gives all zeros
        (where columns have no L1 term: all others') down to a thousandth of it, in equal steps of the
        logarithm (for a Normal prior, which gives no zeros, from 1,000 times to a thousandth of the
        strength that halves a standardized coefficient).

    Returns
    -------
    Path

    Raises
    ------
    PriorError
        If sigma or scale is unknown, or no column is penalized.
    ConvergenceError
        If a certificate does not accept its point.

    See Also
    --------
    strength_max : The smallest strength at which every coefficient is 0.
    plot_path : Coefficients along the strengths, with posterior bands.
    select : The strength by cross-validation, evidence and other rules.
    sample_path : Posterior draws at many strengths.

    Examples
    --------
    >>> import bayesreg as br
    >>> frame, target = br.load_dataset("diabetes")
    >>> reg = br.Regression(frame.drop(columns=target), frame[target], prior=br.Laplace(10.0), sigma=54.0)
    >>> fits = br.path(reg)
    >>> int(fits.n_zeros[0]), int(fits.n_zeros[-1]), bool(fits.kkt.max() < 1e-9)
    (10, 0, True)
    """
    check_regression(reg)
    reg.prior.require_penalty()
    if reg.noise.sigma is None or not reg.scale_known:
        raise PriorError("a path needs a known sigma and a prior of known scale; use reg.with_sigma(number).")
    l1, l2 = strengths_at(reg, reg.noise.sigma)
    current = strength_of(reg)
    grid = default_strengths(reg, l1, l2, current) if strengths is None else _read_strengths(strengths)
    l1s, l2s = multiplied_strengths(reg, l1, l2, grid / current)
    if not reg.is_gaussian:
        theta, table = _family_path(reg, l1s, l2s)
    else:
        even, blocks = even_columns(reg.loss, l1s, l2s, reg.partition), reg.partition
        box, problem = even.within(reg.box), (even.loss, even.l1, even.l2)
        theta = _solve(*problem, blocks) if box is None else _solve_within(*problem, box)
        table = _certified(even.loss, theta, even.l1, even.l2, box, blocks)
        theta = even.outside(theta)
    return Path(reg, grid, current, theta, table)


def _family_path(reg: Regression, l1: np.ndarray, l2: np.ndarray) -> tuple[np.ndarray, CertificateTable]:
    """Warm starts along the grid for a family without a quadratic loss."""
    loss = reg.row_loss
    theta = np.empty_like(l1)
    start = first_point(reg)
    for k in range(len(l1)):
        start = theta[k] = minimize_rows(loss, l1[k], l2[k], start, reg.box, reg.partition)
    even, blocks = even_columns(loss, l1, l2, reg.partition), reg.partition
    box = even.within(reg.box)
    table = certify_family_points(even.loss, even.inside(theta), even.l1, even.l2, box=box, blocks=blocks)
    check_accepted(even.loss, even.inside(theta), even.l1, even.l2, table.kkt, table.gap, box, blocks)
    return theta, table


def _read_strengths(strengths: object) -> np.ndarray:
    if isinstance(strengths, Mapping):
        raise PriorError(f"strengths must be numbers, one per point of the path, got {strengths!r}.")
    values = np.atleast_1d(np.asarray(validate_values(strengths, "strengths", zero_allowed=True), dtype=float))
    if np.any(values <= 0):
        raise PriorError("strengths of a path must be greater than 0; strength 0 is br.least_squares(reg).")
    return np.sort(values)[::-1].copy()


def _solve(loss: QuadraticLoss, l1: np.ndarray, l2: np.ndarray, blocks: Partition) -> np.ndarray:
    """The minimum at each row of strengths, shape (m, q); by the route that suits the penalty, not yet certified."""
    if blocks is not SINGLES:
        return _warm_starts(solver_of(blocks), loss, l1, l2)
    if not np.any(l2) and loss.has_gram and _homotopy_suits(loss):
        largest = np.max(l1, axis=1)
        return homotopy.lasso_path(loss.gram, loss.cross, l1[0] / largest[0], largest)
    if not np.any(l1) and np.all(l2 > 0) and loss.has_gram and np.allclose(l2 / l2[:1], (l2 / l2[:1])[:, :1]):
        return _ridge_path(loss, l2)

    def minimum(k: int, start: np.ndarray | None) -> np.ndarray:
        return active_set.minimize(loss, l1[k], l2[k], start, polish=False)

    if loss.has_gram:
        return predictor_corrector.minimize_along(loss.gram, loss.cross, l1, l2, minimum)
    return _warm_starts(partial(active_set.minimize, polish=False), loss, l1, l2)


def _warm_starts(solve: Solver, loss: QuadraticLoss, l1: np.ndarray, l2: np.ndarray) -> np.ndarray:
    """The minimum at each row of strengths, from that at the one before."""
    theta = np.empty_like(l1)
    for k in range(len(l1)):
        theta[k] = solve(loss, l1[k], l2[k], theta[k - 1] if k else None)
    return theta


def _solve_within(loss: QuadraticLoss, l1: np.ndarray, l2: np.ndarray, box: Box) -> np.ndarray:
    """The minimum over a box at each row of strengths, each started from the one before."""
    theta, start = np.empty_like(l1), None
    for k in range(len(l1)):
        theta[k] = start = bounded.minimize(loss, l1[k], l2[k], box, start)
    return theta


def _homotopy_suits(loss: QuadraticLoss) -> bool:
    rows = loss.A.shape[0] if loss.A is not None else np.inf
    return loss.size <= FEW_COLUMNS or (loss.size <= HOMOTOPY_COLUMNS and rows < 2 * loss.size)


def _ridge_path(loss: QuadraticLoss, l2: np.ndarray) -> np.ndarray:
    """All strengths t·κ from one eigendecomposition: with unit u = κ^(−½), θ(t) = uV(V'uGuV + t)⁻¹V'uc."""
    unit = 1 / np.sqrt(l2[0])
    values, vectors = linalg.eigh(loss.gram * np.outer(unit, unit))
    along = vectors.T @ (unit * loss.cross)
    times = l2[:, :1] / l2[0, 0]
    return (along / (np.maximum(values, 0.0) + times)) @ vectors.T * unit


def _certified(
    loss: QuadraticLoss, theta: np.ndarray, l1: np.ndarray, l2: np.ndarray, box: Box | None, blocks: Partition
) -> CertificateTable:
    """Certificates of all points; a point that is not accepted is solved again from where it is, then judged again."""
    from_rows = loss.A is not None and loss.A.size * len(theta) <= ROW_WORK
    table = certify_points(loss, theta, l1, l2, box=box, blocks=blocks, from_rows=from_rows)
    if box is not None:
        check_accepted(loss, theta, l1, l2, table.kkt, table.gap, box)
        return table
    retry = np.flatnonzero(~((table.kkt <= 1e-2 * reachable_kkt(loss, l1)) & (table.gap <= SMALL_GAP)))
    if len(retry) == 0:
        return table
    for k in retry:
        theta[k] = solver_of(blocks)(loss, l1[k], l2[k], np.where(np.isfinite(theta[k]), theta[k], 0.0))
    table = certify_points(loss, theta, l1, l2, blocks=blocks, from_rows=from_rows)
    check_accepted(loss, theta, l1, l2, table.kkt, table.gap, blocks=blocks)
    return table

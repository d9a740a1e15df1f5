"""Minimization in the span of the rows: with L2 terms on more columns than rows, the minimum lies nowhere else."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from scipy import linalg

from bayesreg.design.implicit import to_dense
from bayesreg.model.row_loss import RowLoss

Solver = Callable[[RowLoss, np.ndarray, np.ndarray, np.ndarray], np.ndarray]


def suits(loss: RowLoss, l1: np.ndarray, l2: np.ndarray) -> bool:
    """Whether there is no L1 term, and more columns with an L2 term than rows."""
    return not np.any(l1) and int(np.count_nonzero(l2)) > len(loss.y)


def minimize(solve: Solver, loss: RowLoss, l2: np.ndarray, start: np.ndarray) -> np.ndarray:
    """Minimize a family's loss + ½ Σ κ_jθ_j² over n coefficients instead of q.

    With K = diag(κ) and (AK^(−½))' = QSV', the minimum is θ = K^(−½)Qz, where z minimizes the loss on the
    columns VS with ½‖z‖² (the kernel form: Hastie & Tibshirani 2004, doi:10.1093/biostatistics/kxh010). Columns
    without an L2 term stay as they are.

    Parameters
    ----------
    solve : callable
        Minimizes the loss on n columns, from L1 strengths, L2 strengths and a start.
    loss : RowLoss
        Of size q.
    l2 : ndarray, shape (q,)
        κ_j ≥ 0.
    start : ndarray, shape (q,)
    """
    A, inside = to_dense(loss.A), l2 > 0
    root = np.sqrt(l2[inside])
    Q, sizes, rows = linalg.svd((A[:, inside] / root).T, full_matrices=False, check_finite=False)
    # Centred rows span one direction less than there are rows.
    rank = int(np.sum(sizes > max(A.shape) * np.finfo(float).eps * sizes[0]))
    Q, columns = Q[:, :rank], np.column_stack([rows[:rank].T * sizes[:rank], A[:, ~inside]])
    first = np.append(Q.T @ (root * start[inside]), start[~inside])
    strengths = np.append(np.ones(rank), np.zeros(columns.shape[1] - rank))
    z = solve(replace(loss, A=columns), np.zeros(len(first)), strengths, first)
    theta = np.empty(loss.size)
    theta[inside], theta[~inside] = (Q @ z[:rank]) / root, z[rank:]
    return theta

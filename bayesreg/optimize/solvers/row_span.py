"""Minimization in the span of the rows: with L2 terms on more columns than rows, the minimum lies nowhere else."""

from dataclasses import replace

import numpy as np
from scipy import linalg

from bayesreg.design.implicit import to_dense
from bayesreg.model.row_loss import RowLoss
from bayesreg.optimize.solvers import proximal_newton


def suits(loss: RowLoss, l1: np.ndarray, l2: np.ndarray) -> bool:
    """Whether there is no L1 term, and more columns with an L2 term than rows."""
    return not np.any(l1) and int(np.count_nonzero(l2)) > len(loss.y)


def minimize(loss: RowLoss, l2: np.ndarray, start: np.ndarray) -> np.ndarray:
    """Minimize a family's loss + ½ Σ κ_jθ_j² over n coefficients instead of q.

    With K = diag(κ) and (AK^(−½))' = QR, the minimum is θ = K^(−½)Qz, where z minimizes the loss on the
    columns R' with ½‖z‖² (the kernel form: Hastie & Tibshirani 2004, doi:10.1093/biostatistics/kxh010). Columns
    without an L2 term stay as they are.

    Parameters
    ----------
    loss : RowLoss
        Of size q.
    l2 : ndarray, shape (q,)
        κ_j ≥ 0.
    start : ndarray, shape (q,)
    """
    A, inside, n = to_dense(loss.A), l2 > 0, len(loss.y)
    root = np.sqrt(l2[inside])
    Q, R = linalg.qr((A[:, inside] / root).T, mode="economic", check_finite=False)
    columns = np.column_stack([R.T, A[:, ~inside]])
    first = np.append(Q.T @ (root * start[inside]), start[~inside])
    strengths = np.append(np.ones(n), np.zeros(columns.shape[1] - n))
    z = proximal_newton.minimize(replace(loss, A=columns), np.zeros(len(first)), strengths, first)
    theta = np.empty(loss.size)
    theta[inside], theta[~inside] = (Q @ z[:n]) / root, z[n:]
    return theta

"""A problem on columns of about equal size: an exact change of variables, since the strengths change along."""

from dataclasses import dataclass
from typing import cast

import numpy as np

from bayesreg.model.bounds import Box
from bayesreg.model.quadratic import QuadraticLoss
from bayesreg.model.row_loss import RowLoss
from bayesreg.priors.partition import SINGLES, Partition

# Columns whose sizes differ by no more than this factor stay as they are.
SPREAD = 16.0


@dataclass(frozen=True, eq=False)
class EvenColumns[Loss: QuadraticLoss | RowLoss]:
    """The problem of θ·unit on the columns A/unit, with the strengths λ/unit and κ/unit².

    Attributes
    ----------
    loss : QuadraticLoss or RowLoss
    l1, l2 : ndarray, shape (q,) or (m, q)
    unit : ndarray, shape (q,)
        Powers of two, so that nothing is rounded.
    """

    loss: Loss
    l1: np.ndarray
    l2: np.ndarray
    unit: np.ndarray

    def inside(self, theta: np.ndarray) -> np.ndarray:
        """θ on the even columns, of shape (q,) or (m, q)."""
        return np.asarray(theta * self.unit)

    def within(self, box: Box | None) -> Box | None:
        """The box of θ on the even columns."""
        return None if box is None else box.times(self.unit)

    def outside(self, theta: np.ndarray) -> np.ndarray:
        """θ on the columns as they were."""
        return np.asarray(theta / self.unit)


def even_columns[Loss: QuadraticLoss | RowLoss](
    loss: Loss, l1: np.ndarray, l2: np.ndarray, blocks: Partition = SINGLES
) -> EvenColumns[Loss]:
    """Restate loss + Σ λ·length + ½κ_jθ_j², so that solvers and certificates see no unit of a block."""
    sizes = blocks.largest(loss.column_sizes)
    sizes = np.where(sizes > 0, sizes, 1.0)
    if np.max(sizes) <= SPREAD * np.min(sizes):
        return EvenColumns(loss, l1, l2, np.ones(loss.size))
    unit = np.exp2(np.round(np.log2(sizes)))
    with np.errstate(over="ignore"):
        return EvenColumns(cast(Loss, loss.divided_by(unit)), l1 / unit, l2 / unit**2, unit)

"""The loss of a table that is read in passes: each sums over its rows, on whatever machines they lie.

In a pass the loss is replaced by its quadratic model around a point, which is a Gaussian regression of a working
response on weighted rows, so that its moments are all that is kept (McCullagh & Nelder 1989, §2.5).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from bayesreg.design.columns import Rows
from bayesreg.design.moments import moments_of_rows, row_blocks
from bayesreg.design.sources.batches import Source
from bayesreg.design.sources.streaming import Recipe, total_of_rows
from bayesreg.design.standardization import Standardization
from bayesreg.errors import UnsupportedError
from bayesreg.families.base import Family

# A smaller curvature is taken for this one, so that a working response stays a number: it slows steps, not the end.
SMALLEST_CURVATURE = 1e-8
# Numbers in a block of linear predictors at many points.
BLOCK_SIZE = 1_000_000


@dataclass(frozen=True, eq=False)
class Sums:
    """What adds up by name."""

    values: dict[str, Any]

    def __add__(self, other: "Sums") -> "Sums":
        return Sums({name: value + other.values[name] for name, value in self.values.items()})

    def __getitem__(self, name: str) -> Any:
        return self.values[name]


class Block(NamedTuple):
    """What belongs to a block of rows besides columns, each of shape (n,)."""

    y: np.ndarray
    weights: np.ndarray
    offset: np.ndarray


@dataclass(frozen=True, eq=False)
class Table:
    """A table with a family, and the standardization on which the prior is stated; each method is one pass.

    A point is θ = (beta, intercept at the centre), shape (p + 1,).
    """

    source: Source
    recipe: Recipe
    family: Family
    standardization: Standardization

    def quadratic(self, theta: np.ndarray, others: np.ndarray) -> Sums:
        """`moments` of the quadratic model at θ, and `losses` at θ and at other points of shape (m, p + 1)."""
        return self._total(partial(_quadratic, self.family, self.standardization, np.vstack([theta, others])))

    def losses(self, points: np.ndarray) -> np.ndarray:
        """The loss at points of shape (m, p + 1), shape (m,)."""
        return np.asarray(self._total(partial(_losses, self.family, self.standardization, points))["losses"])

    def score(self, theta: np.ndarray) -> Sums:
        """`gradient` at θ, the `sizes` Σw(z, 1) of its columns, and the `loss`."""
        return self._total(partial(_score, self.family, self.standardization, theta))

    def gaps(self, theta: np.ndarray, shift: float, shares: np.ndarray) -> np.ndarray:
        """The rows' part of the duality gap at dual points share·(−slope − shift), shape (m,)."""
        return np.asarray(self._total(partial(_gaps, self.family, self.standardization, theta, shift, shares))["gaps"])

    def _total(self, work: Any) -> Sums:
        sums: Sums = total_of_rows(self.source, self.recipe, work)
        return sums


def first_pass(source: Source, recipe: Recipe, family: Family) -> Sums:
    """`moments` of columns and target, without offsets, and how many blocks have `offsets`.

    Raises
    ------
    DataError
        If the target is none of the family.
    UnsupportedError
        If it holds rates.
    """
    sums: Sums = total_of_rows(source, recipe, partial(_first, family))
    if sums["moments"].square == 0:
        family.check_information(np.full(2, sums["moments"].mean_y))
    return sums


def _first(family: Family, rows: Rows, names: Sequence[str], target: str) -> Sums:
    if not np.all(family.allows(rows.y)):
        family.check_target(rows.y)
    if family.target_kind == "counts" and np.any(rows.y != np.floor(rows.y)):
        raise UnsupportedError(
            f'"{target}" holds rates; read in passes, give counts and their exposures as formula="… + offset(log(…))".'
        )
    moments = moments_of_rows(replace(rows, offset=None), names, target)
    return Sums({"moments": moments, "offsets": int(rows.offset is not None)})


def _blocks(rows: Rows, standardization: Standardization, points: int) -> Iterator[tuple[np.ndarray, Block]]:
    """Standardized columns with ones last, and what belongs to their rows, block by block."""
    n, p = rows.X.shape
    weights = np.ones(n) if rows.weights is None else rows.weights
    offset = np.zeros(n) if rows.offset is None else rows.offset
    for block in row_blocks(n, max(p, points), BLOCK_SIZE):
        Z = standardization.apply(rows.X[block])
        yield np.column_stack([Z, np.ones(len(Z))]), Block(rows.y[block], weights[block], offset[block])


def _losses(
    family: Family, standardization: Standardization, points: np.ndarray, rows: Rows, names: Sequence[str], target: str
) -> Sums:
    losses = np.zeros(len(points))
    for A, block in _blocks(rows, standardization, len(points)):
        losses += block.weights @ family.loss(block.y[:, None], block.offset[:, None] + A @ points.T)
    return Sums({"losses": losses})


def _quadratic(
    family: Family, standardization: Standardization, points: np.ndarray, rows: Rows, names: Sequence[str], target: str
) -> Sums:
    losses = _losses(family, standardization, points, rows, names, target)["losses"]
    moments = []
    for A, block in _blocks(rows, standardization, 1):
        predictor = A @ points[0]
        eta = block.offset + predictor
        curvature = np.maximum(family.curvature(block.y, eta), SMALLEST_CURVATURE)
        working = predictor - family.slope(block.y, eta) / curvature
        moments.append(moments_of_rows(Rows(A[:, :-1], working, block.weights * curvature), names, target))
    return Sums({"losses": losses, "moments": sum(moments[1:], start=moments[0])})


def _score(
    family: Family, standardization: Standardization, theta: np.ndarray, rows: Rows, names: Sequence[str], target: str
) -> Sums:
    gradient, sizes, loss = np.zeros(len(theta)), np.zeros(len(theta)), 0.0
    for A, block in _blocks(rows, standardization, 1):
        eta = block.offset + A @ theta
        gradient += A.T @ (block.weights * family.slope(block.y, eta))
        sizes += A.T @ block.weights
        loss += float(block.weights @ family.loss(block.y, eta))
    return Sums({"gradient": gradient, "sizes": sizes, "loss": loss})


def _gaps(
    family: Family,
    standardization: Standardization,
    theta: np.ndarray,
    shift: float,
    shares: np.ndarray,
    rows: Rows,
    names: Sequence[str],
    target: str,
) -> Sums:
    gaps = np.zeros(len(shares))
    for A, block in _blocks(rows, standardization, len(shares)):
        eta = block.offset + A @ theta
        dual = -family.slope(block.y, eta) - shift
        for k, share in enumerate(shares):
            gaps[k] += block.weights @ family.dual_gap(block.y, eta, share * dual)
    return Sums({"gaps": gaps})

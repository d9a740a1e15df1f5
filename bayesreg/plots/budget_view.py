"""The numbers of the budget view: region, contours and the axes that hold them."""

from dataclasses import dataclass

import numpy as np

from bayesreg.analysis.budget.budget import Budget, budget
from bayesreg.analysis.budget.least_norm import Norm
from bayesreg.analysis.budget.loss_slice import LossSlice, loss_slice
from bayesreg.errors import PriorError
from bayesreg.model.regression import Regression

# Points per axis of the picture, and those at which a loss on rows is evaluated; a spline fills in the others.
GRID, ROW_GRID, ROW_WORK = 241, (25, 45), 3e7
RINGS = 8
# Least squares may be far out; beyond this many times the size of everything else it is only pointed at.
REACH = 3.0
# Sizes along the axes that differ by less than this share one scale.
ONE_SCALE = 4.0


@dataclass(frozen=True, eq=False)
class Panel:
    """The numbers of one panel.

    Attributes
    ----------
    name : str
    budget : Budget
        Of all coefficients.
    slice : LossSlice
        Of the two that are drawn.
    norm : Norm
        The part that these two spend.
    """

    name: str
    budget: Budget
    slice: LossSlice
    norm: Norm

    @property
    def left(self) -> float:
        """What the other coefficients leave of the budget."""
        return self.norm.value(self.slice.point)

    @property
    def has_corners(self) -> bool:
        """Whether the region has a corner on an axis."""
        return bool(np.any(self.norm.absolute > 0))

    @property
    def extent(self) -> np.ndarray:
        """How far the region reaches along each axis; infinite along a column without a penalty."""
        return radii(self.norm, np.eye(2), self.left)


def panel_of(name: str, reg: Regression, chosen: tuple[int, int]) -> Panel:
    """Return the numbers of one regression's panel."""
    result = budget(reg)
    norm = result.norm.within(np.array(chosen))
    if not np.any(norm.absolute + norm.square > 0):
        raise PriorError(f"neither {reg.names[chosen[0]]!r} nor {reg.names[chosen[1]]!r} is penalized; draw others.")
    return Panel(name, result, loss_slice(reg, result.estimate, chosen), norm)


def radii(norm: Norm, directions: np.ndarray, left: float) -> np.ndarray:
    """How far the region N ≤ left reaches along directions of shape (m, 2)."""
    linear, square = np.abs(directions) @ norm.absolute, directions**2 @ norm.square
    with np.errstate(divide="ignore", invalid="ignore"):
        radii = 2 * left / (linear + np.sqrt(linear**2 + 4 * square * left))
    return np.where(linear + square > 0, radii, np.inf) if left > 0 else np.zeros(len(directions))


def limits_of(panels: list[Panel]) -> np.ndarray:
    """Where both axes begin and end, shape (2, 2), the same in all panels."""
    near = [np.zeros(2)] + [panel.slice.point for panel in panels]
    for panel in panels:
        extent = np.where(np.isfinite(panel.extent), panel.extent, 0.0)
        near += [extent, -extent]
    size = np.max(np.abs(near), axis=0)
    lowest = [panel.slice.lowest for panel in panels if panel.slice.lowest is not None]
    far = np.max(np.abs([np.zeros(2), *lowest]), axis=0)
    reach = np.where(size > 0, REACH * size, far)
    # A size of 0 says nothing about the axis: the other one lends its own.
    reach = np.where(reach > 0, reach, np.max(reach) or 1.0)
    inside = [np.clip(point, -reach, reach) for point in lowest]
    low, high = np.min([*near, *inside], axis=0), np.max([*near, *inside], axis=0)
    span = np.where(high > low, high - low, 2 * reach)
    middle = 0.5 * (low + high)
    standardized = bool(np.any(panels[0].budget.reg.design.standardization.sd != 1))
    # Without a region only the unit of the columns tells whether their coefficients can share a scale.
    widths = size if np.all(size > 0) else np.ones(2) if standardized else span
    if np.max(widths) < ONE_SCALE * np.min(widths):
        span = np.full(2, np.max(span))
    return np.column_stack([middle - 0.62 * span, middle + 0.62 * span])


def one_scale(limits: np.ndarray) -> bool:
    """Whether both axes span the same."""
    spans = np.diff(limits, axis=1).ravel()
    return bool(np.isclose(spans[0], spans[1]))


def levels_of(bottom: float, rim: float, touching: bool) -> np.ndarray:
    """Of the loss less that at the MAP; the MAP's own level 0 is one of the rings, and not drawn with them."""
    step = np.sqrt(rim) / RINGS
    if touching:
        radius = np.sqrt(-bottom)
        step = radius * round(step / radius) if radius < step else radius / round(radius / step)
    rings = step * np.arange(1, 2 * RINGS + 1)
    levels = bottom + rings**2
    away = np.abs(levels) > 1e-6 * rim if touching else np.full(len(levels), True)
    return np.asarray(levels[away & (rings**2 < rim)])


def grid_of(cut: LossSlice, limits: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Loss less that at the MAP over the whole picture; a loss on rows is evaluated on a coarser grid."""
    x, y = (np.linspace(low, high, GRID) for low, high in limits)
    if cut.is_quadratic:
        return x, y, _evaluated(cut, x, y)
    from scipy.interpolate import RectBivariateSpline

    few = int(np.clip((ROW_WORK / max(cut.n, 1)) ** 0.5, *ROW_GRID))
    coarse_x, coarse_y = (np.linspace(low, high, few) for low, high in limits)
    coarse = _evaluated(cut, coarse_x, coarse_y)
    return x, y, RectBivariateSpline(coarse_y, coarse_x, coarse)(y, x)


def _evaluated(cut: LossSlice, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    points = np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2)
    return cut.above(points).reshape(len(y), len(x))

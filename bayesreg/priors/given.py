"""What a prior of coefficients depends on: its unknowns, and the values that they have in draws."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from bayesreg.priors.positive import PositivePrior

Array = np.ndarray


class Unknown(NamedTuple):
    """A positive unknown that a prior has besides the coefficients.

    Attributes
    ----------
    name : str
        Of the variable in draws and PyMC models.
    prior : PositivePrior
    per_column : bool
        Whether each column has its own.
    """

    name: str
    prior: PositivePrior
    per_column: bool = False


class ScaleGroup(NamedTuple):
    """Columns whose scales are multiplied by one factor.

    Attributes
    ----------
    name : str
        Of the factor, where it is unknown.
    prior : PositivePrior or None
        Its hyperprior; None where it is known, and 1.
    columns : slice or ndarray of int
    """

    name: str
    prior: PositivePrior | None
    columns: slice | np.ndarray


@dataclass(frozen=True)
class Given:
    """What the prior of β, shape (..., p), is stated for.

    Attributes
    ----------
    names : sequence of str
        Of the columns.
    unit : ndarray, shape (..., 1)
        sigma for a prior scaled by it, else 1.
    unknowns : mapping of str to ndarray
        The prior's unknowns by name, of shape (..., 1), or (..., p) for those that each column has.
    """

    names: Sequence[str]
    unit: Array
    unknowns: Mapping[str, Array]

    @property
    def factor(self) -> Array:
        """What multiplies the scales of the columns: the unit, and the scale where that is unknown, shape (..., 1)."""
        return self.unit * self.unknowns["scale"] if "scale" in self.unknowns else self.unit


def log_normal(beta: Array, precision: Array) -> Array:
    """Log density of Normal(0, 1/precision)."""
    return 0.5 * np.log(precision) - 0.5 * np.log(2 * np.pi) - 0.5 * precision * beta**2

"""The scale of a prior: a number, one for each column, or unknown with a hyperprior."""

from collections.abc import Mapping, Sequence
from numbers import Real

import numpy as np

from bayesreg.errors import PriorError
from bayesreg.priors.column_values import ColumnValues, map_values, per_column, validate_values
from bayesreg.priors.hyper import Jeffreys, short
from bayesreg.priors.positive import PositivePrior

Scale = ColumnValues | PositivePrior


def validate_scale(scale: object, what: str) -> Scale:
    """A scale per column, or a proper hyperprior; PriorError for anything else."""
    if isinstance(scale, PositivePrior):
        return proper_hyperprior(scale, what)
    return validate_values(scale, what, zero_allowed=False)


def proper_hyperprior(scale: PositivePrior, what: str) -> PositivePrior:
    """The hyperprior of a scale; PriorError for one under which no posterior is proper."""
    if isinstance(scale, Jeffreys):
        raise PriorError(
            f"{what}: Jeffreys() makes the posterior of a prior's scale improper; give a proper hyperprior."
        )
    return scale


def resolved(scale: Scale, names: Sequence[str], what: str) -> np.ndarray:
    """A known scale for each column; PriorError for an unknown one."""
    if isinstance(scale, PositivePrior):
        raise PriorError(
            f"{what} is unknown, with hyperprior {scale}; this step needs a number. Give one to the prior."
        )
    return per_column(scale, names, what)


def positive_number(what: str, value: object) -> float:
    """A positive number as Python's own, so that the prior's repr can be read back."""
    number = value.item() if isinstance(value, np.ndarray) and value.ndim == 0 else value
    if isinstance(number, bool) or not isinstance(number, Real) or not 0 < float(number) < np.inf:
        raise PriorError(f"{what} must be a positive finite number or a prior, got {value!r}.")
    return float(number)


def in_words(scale: Scale) -> str:
    """A scale for a formula: its number, its range by column, or its hyperprior."""
    if isinstance(scale, PositivePrior):
        return f"~ {short(scale)}"
    values = np.atleast_1d(np.asarray(list(scale.values()) if isinstance(scale, Mapping) else scale, dtype=float))
    low, high = float(values.min()), float(values.max())
    return f"= {low:.4g}" if low == high else f"from {low:.4g} to {high:.4g} by column"


def narrowed(scale: Scale, factor: float) -> ColumnValues:
    """A known scale divided by a factor, in the form in which it was given."""
    if isinstance(scale, PositivePrior):
        raise PriorError(f"the scale has a hyperprior, {scale}, so it has no strength to multiply; give it a number.")
    return map_values(lambda value: value / factor, scale)


def validate_one_scale(scale: object, what: str) -> float | PositivePrior:
    """One scale for all columns, or a proper hyperprior; PriorError for anything else."""
    return proper_hyperprior(scale, what) if isinstance(scale, PositivePrior) else positive_number(what, scale)

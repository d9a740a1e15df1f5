"""The numbers in a regression's priors, by the names of its PyMC model's data."""

from dataclasses import fields, is_dataclass
from math import isfinite
from typing import TYPE_CHECKING

from bayesreg.priors.hyper import Gamma
from bayesreg.priors.positive import PositivePrior

if TYPE_CHECKING:
    from bayesreg.model.regression import Regression


def prior_numbers(reg: "Regression") -> dict[str, float]:
    """Every number that a free variable's prior depends on, but for the scales of columns.

    PyMC compares them with the ``constant_data`` of draws, to see whether the prior is still the same.
    """
    shared = {unknown.name: unknown.prior for unknown in reg.prior.unknowns if not unknown.per_column}
    priors = {"sigma": reg.noise.prior, **shared}
    numbers = {f"{name}_prior_{key}": x for name, prior in priors.items() for key, x in _numbers_of(prior).items()}
    return numbers | reg.intercept_term.numbers(reg.design, reg.family)


def _numbers_of(prior: PositivePrior | None) -> dict[str, float]:
    """The finite numbers that a prior is made of, by name; none of no prior."""
    if isinstance(prior, Gamma):
        return _numbers_of(prior.of_scale)
    settings: dict[str, object] = {}
    if is_dataclass(prior):
        settings = {field.name: getattr(prior, field.name) for field in fields(prior)}
    return {name: value for name, value in settings.items() if isinstance(value, float) and isfinite(value)}

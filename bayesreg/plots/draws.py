"""What figures take from a posterior: draws of beta, in the regression's order."""

from typing import TYPE_CHECKING

import numpy as np

from bayesreg.analysis.coef_draws import coef_draws
from bayesreg.analysis.comparison.compare import Comparison, compare
from bayesreg.analysis.comparison.known_scale import at_known_scale
from bayesreg.analysis.from_tree import read_posterior
from bayesreg.errors import DataError
from bayesreg.model.regression import Regression

if TYPE_CHECKING:
    from xarray import DataTree


def beta_draws(reg: Regression, idata: "DataTree") -> np.ndarray:
    """Posterior draws of beta, its chains one after the other, shape (S, p).

    Raises
    ------
    DataError
        If the posterior is that of other columns.
    """
    return reg.design.standardization.beta(coef_draws(reg.names, idata))


def comparison_of(result: "Comparison | DataTree") -> Comparison:
    """A comparison as it is, or that of a posterior with the points of the regression that it was sampled from.

    Where the prior's scale is unknown, the points are those at its posterior median.

    Raises
    ------
    DataError
        If it is neither.
    """
    if isinstance(result, Comparison):
        return result
    if not hasattr(result, "children"):
        raise DataError(
            "expected a Comparison from br.compare(reg), or a posterior from br.sample(reg), got "
            f"{type(result).__name__}."
        )
    reg, _ = read_posterior(result)
    reg, notes = at_known_scale(reg, result)
    return compare(reg, result, notes=notes)


def largest_first(beta: np.ndarray) -> np.ndarray:
    """The columns of draws of shape (S, p) by the size of their mean, shape (p,)."""
    return np.argsort(-np.abs(beta.mean(axis=0)), kind="stable")

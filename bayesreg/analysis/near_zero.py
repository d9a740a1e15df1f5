"""How small a coefficient must be to count as zero."""

from collections.abc import Mapping
from numbers import Real
from typing import Any

import numpy as np

from bayesreg.errors import PriorError
from bayesreg.model.regression import Regression
from bayesreg.priors.column_values import as_numbers, per_column

# A standardized coefficient below this share of sd(y) counts as near zero: half of the region of practical
# equivalence of ±0.1 sd(y) for a change of x by two standard deviations (Kruschke 2018, doi:10.1177/2515245918771304).
NEAR_ZERO_SHARE = 0.05


def near_zero(reg: Regression, epsilon: Any, share: float) -> np.ndarray:
    """Half-width ε_j of the region that counts as zero, on the user's columns, shape (p,).

    Parameters
    ----------
    reg : Regression
    epsilon : float, array of shape (p,), mapping from column name, or None
        As the user gave it.
    share : float
        Of the unit per standard deviation of the column, where `epsilon` is None.

    Raises
    ------
    PriorError
        If ε is not positive and finite, or not given for each column, or the share is negative or not finite.
    """
    if epsilon is not None:
        if not isinstance(epsilon, Mapping):
            epsilon = as_numbers(epsilon, "epsilon")
        values = per_column(epsilon, reg.names, "epsilon")
        if not (np.all(values > 0) and np.all(np.isfinite(values))):
            raise PriorError(f"epsilon must be positive and finite, got {epsilon!r}.")
        return values
    if isinstance(share, bool) or not isinstance(share, Real) or not 0 <= float(share) < np.inf:
        raise PriorError(f"epsilon_share must be a finite number, 0 or greater, got {share!r}.")
    return np.asarray(share * reg.family.near_zero_unit(reg.design.sd_y)[0] / reg.design.sd_x)


def near_zero_text(reg: Regression, share: float) -> str:
    """The default ε_j as a formula."""
    return f"ε = {share:g}{reg.family.near_zero_unit(reg.design.sd_y)[1]}/sd(x) for each column"

"""The strength of a regression's penalty as one number, and the same regression at another strength or at none."""

from typing import Any

import numpy as np

from bayesreg.errors import PriorError
from bayesreg.model.objective import strengths_at
from bayesreg.model.regression import Regression
from bayesreg.priors.laplace import Laplace
from bayesreg.priors.objective import find_objective


def strength_of(reg: Regression) -> float:
    """The largest of the columns' L1 strengths or, where there are none, of their L2 strengths, in ``half_rss``.

    They are those at the regression's own sigma, or at sigma = 1 where that is unknown.

    Raises
    ------
    PriorError
        If no column is penalized.
    """
    sigma = 1.0 if reg.noise.sigma is None else reg.noise.sigma
    l1, l2 = (strengths[: reg.p] for strengths in strengths_at(reg, sigma))
    largest = float(np.max(l1) or np.max(l2))
    if largest == 0:
        raise PriorError("no column is penalized, so there is no strength to vary; give the prior a finite scale.")
    return largest


def conversion(reg: Regression, objective: str, sigma: float | None) -> dict[str, Any]:
    """The numbers and the family with which a regression's strengths are stated for an objective, as keywords.

    This is the one place that knows what n and the sd of y of a tool are where rows have weights, an offset or no
    intercept.

    Raises
    ------
    ObjectiveError
        If the objective is unknown.
    UnsupportedError
        If it does not have the family.
    """
    resolved = find_objective(objective, reg.family)
    return {
        "n": float(reg.n) if resolved.n_is == "rows" else _total_weight(reg),
        "sigma": sigma if reg.family.has_sigma else None,
        "sd_y": _spread_of_y(reg) or None,
        "family": reg.family,
    }


def _total_weight(reg: Regression) -> float:
    """Σ of the factors of the rows' losses: w_i, and √w_i for the absolute loss, whose noise scale is σ/√w_i."""
    rows = reg.design.rows
    if reg.family.weight_exponent != 1 and rows is not None and rows.weights is not None:
        return float((rows.weights**reg.family.weight_exponent).sum())
    return reg.design.weight


def _spread_of_y(reg: Regression) -> float:
    """The s_y by which glmnet divides y: about its mean, and about 0 where there is no intercept."""
    design = reg.design
    return design.sd_y if reg.intercept_term.exists else float(np.hypot(design.sd_y, design.mean_y))


def at_strength(reg: Regression, strength: float) -> Regression:
    """The regression with its strength set to one in ``half_rss``, every column's in its ratio to it."""
    return reg.with_prior(reg.prior.strengthened(strength / strength_of(reg)))


def without_priors(reg: Regression) -> Regression:
    """The same data under flat priors, without bounds, on coefficients and intercept: its MAP is least squares."""
    exists = reg.intercept_term.exists
    sigma = (reg.noise.sigma or reg.noise.prior) if reg.family.has_sigma else None
    given: dict[str, Any] = {"prior": Laplace(np.inf), "sigma": sigma, "intercept": exists}
    design = reg.design.centered() if exists else reg.design
    return Regression.from_design(design, family=reg.family, center=True, bounds=None, **given)

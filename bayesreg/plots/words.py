"""What figures call the prior, the fit without it, and the unit of beta."""

import numpy as np

from bayesreg.analysis.comparison.compare import Comparison
from bayesreg.model.regression import Regression
from bayesreg.optimize.least_squares import least_squares_name
from bayesreg.plots.names import plot_labels

# Characters of an axis's label; more would leave a figure whose rows have long names.
LONGEST_LINE = 60


def prior_name(reg: Regression) -> str:
    """The prior's distribution as an adjective."""
    return reg.prior.title


def fit_name(reg: Regression) -> str:
    """What the fit without a prior is called."""
    unique = not reg.is_gaussian or reg.loss.rank == reg.loss.size
    return least_squares_name(reg) if unique else "least squares of least norm"


def unit(reg: Regression) -> str:
    """What one unit of the (standardized) columns on which the prior is stated is."""
    standardized = bool(np.any(reg.design.standardization.sd != 1))
    return f"{'standard deviation' if standardized else 'unit'} of its column"


def beta_axis(reg: Regression) -> str:
    """What beta tells, as the label of an axis."""
    (target,) = plot_labels([reg.design.target])
    what, per = f"beta: change of {reg.family.effect}{target}", f"per {unit(reg)}"
    fits = len(what) + len(per) < LONGEST_LINE
    return f"{what} {per}" if fits else f"{what}\n{per}"


def scale_of_points(comparison: Comparison) -> str:
    """The scale that the points are found at, after a comma, where the posterior does not hold it fixed."""
    prior = comparison.reg.prior
    if not prior.has_scale or "scale" not in comparison.idata["posterior"]:
        return ""
    (scale,) = prior.term_scales.values()
    return f", points at scale = {scale:.4g} (posterior median)"


def sigma_text(reg: Regression, sigma: float) -> str:
    """The sigma of an estimate, after a comma; nothing for a family without one."""
    if not reg.family.has_sigma:
        return ""
    return f", sigma = {sigma:.4g}{'' if reg.noise.known else ' (joint mode)'}"

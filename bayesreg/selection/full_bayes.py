"""The posterior of the strength, its prior's scale being one more unknown."""

from typing import Any

import numpy as np

from bayesreg.errors import PriorError
from bayesreg.model.regression import Regression
from bayesreg.priors.hyper import HalfCauchy
from bayesreg.priors.positive import PositivePrior
from bayesreg.priors.registry import stated
from bayesreg.sampling.convergence import ess_bulk
from bayesreg.sampling.engine import draw_posterior
from bayesreg.selection.axis import Axis
from bayesreg.selection.choice import Choice

CI_PROB = 0.95


def choose_by_full_bayes(
    axis: Axis, given: Regression, hyperprior: PositivePrior | None, sampling: dict[str, Any]
) -> Choice:
    """The posterior median of the strength, with a hyperprior on the prior's scale."""
    axis.require_gaussian("full_bayes")
    axis.require_terms("full_bayes", "l1", "l2")
    whole, hyper = with_hyperprior(given, hyperprior)
    posterior = draw_posterior(whole, **sampling)
    strengths = strengths_of_scales(axis, posterior.draws.hyperparameters["scale"])
    low, middle, high = np.quantile(strengths, [(1 - CI_PROB) / 2, 0.5, (1 + CI_PROB) / 2])
    reason = f"posterior median of the strength, scale ~ {hyper} ({posterior.choice.engine})"
    error = _median_error(strengths)
    details = {"posterior": posterior, "draws": strengths}
    return Choice("full_bayes", float(middle), reason, None, (float(low), float(high)), error, details)


def strengths_of_scales(axis: Axis, scale: np.ndarray) -> np.ndarray:
    """The strength in ``half_rss`` of each scale, at the sigma of the axis: σ²/b or σ²/s²."""
    prior = axis.reg.prior
    return axis.sigma**2 / (scale * axis.sigma if prior.scaled_by_sigma else scale) ** prior.scale_power


def _median_error(strengths: np.ndarray) -> float:
    """Monte Carlo standard error of the median log strength: that of an order statistic, at the effective size."""
    effective = float(ess_bulk(strengths[None])[0])
    low, high = np.quantile(np.log(strengths), np.clip(0.5 + np.array([-0.5, 0.5]) / effective**0.5, 0, 1))
    return float(high - low) / 2


def with_hyperprior(reg: Regression, hyperprior: PositivePrior | None) -> tuple[Regression, PositivePrior]:
    """The regression with one unknown scale for all columns.

    By default it is half-Cauchy (Gelman 2006, doi:10.1214/06-BA117A) about the size of a coefficient that
    by itself would explain the target: sd(y), or 1 where the prior is scaled by sigma.
    """
    if hyperprior is not None and not isinstance(hyperprior, PositivePrior):
        raise PriorError(
            f"hyperprior must be a prior for a positive quantity (br.HalfCauchy(1.0), …), got {hyperprior!r}."
        )
    if reg.prior.scale_prior is not None and hyperprior is None:
        return reg, reg.prior.scale_prior
    prior = reg.prior
    if reg.scale_known and not all(map(np.isscalar, stated(prior, reg.names).term_scales.values())):
        raise PriorError(
            'by="full_bayes" has one unknown scale for all columns, but the prior has a scale for each; '
            "give the prior one scale, or a hyperprior."
        )
    if hyperprior is None:
        hyperprior = HalfCauchy(1.0 if prior.scaled_by_sigma else _size(reg))
    return reg.with_prior(prior.with_scale(hyperprior)), hyperprior


def _size(reg: Regression) -> float:
    """sd(y) per standard deviation of a column, of the (standardized) columns on which the prior is stated."""
    if np.all(reg.design.standardization.sd == 1):
        spread = reg.design.moments.sd_x
        return float(reg.design.sd_y / np.median(spread[spread > 0]))
    return float(reg.design.sd_y)

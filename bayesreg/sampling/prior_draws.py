"""Draws from the priors of a regression, for what its posterior is to be compared with."""

from collections.abc import Mapping

import numpy as np

from bayesreg.model.regression import Regression
from bayesreg.priors.positive import PositivePrior
from bayesreg.priors.truncation import draw_truncated


def draw_prior(reg: Regression, shape: tuple[int, ...], generator: np.random.Generator) -> dict[str, np.ndarray]:
    """Draw from all the priors of a regression.

    Parameters
    ----------
    reg : Regression
    shape : tuple of int
        Of the draws, such as (chains, draws).
    generator : numpy.random.Generator

    Returns
    -------
    dict of str to ndarray
        Every part of :class:`bayesreg.model.unknowns.Unknowns` by name, a known sigma too, but for what has no draws
        because its prior, or that of something that it depends on, is improper: see :func:`improper_parts`.
    """
    sigma = (
        np.full(shape, reg.noise.sigma)
        if reg.noise.sigma is not None
        else draw_if_proper(reg.noise.prior, shape, generator)
    )
    hyperparameters = draw_hyperparameters(reg, shape, generator)
    beta = _beta(reg, sigma, hyperparameters, shape, generator)
    parts = {"beta": beta, "at_center": reg.intercept_term.draw(sigma, shape, generator), "sigma": sigma}
    return {name: values for name, values in parts.items() if values is not None} | hyperparameters


def improper_parts(reg: Regression) -> tuple[str, ...]:
    """The unknowns without a proper prior, of which there are no draws before the data."""
    parts = draw_prior(reg, (1, 1), np.random.default_rng(0))
    names = {"sigma": "sigma"} | {name: name for name in reg.prior.unknown_scales} | {"beta": "beta"}
    names |= {"intercept": "at_center"} if reg.intercept_term.exists else {}
    return tuple(name for name, part in names.items() if part not in parts)


def draw_if_proper(
    prior: PositivePrior | None, shape: tuple[int, ...], generator: np.random.Generator
) -> np.ndarray | None:
    """Draw from the prior of a positive unknown; None if there is no prior, or an improper one."""
    return prior.draw(generator, shape) if prior is not None and prior.proper else None


def draw_hyperparameters(
    reg: Regression, shape: tuple[int, ...], generator: np.random.Generator
) -> dict[str, np.ndarray]:
    """Draw the prior's unknowns by name, but for those whose hyperprior is improper."""
    return {
        unknown.name: unknown.prior.draw(generator, (*shape, reg.p) if unknown.per_column else shape)
        for unknown in reg.prior.unknowns
        if unknown.prior.proper
    }


def _beta(
    reg: Regression,
    sigma: np.ndarray | None,
    hyperparameters: Mapping[str, np.ndarray],
    shape: tuple[int, ...],
    generator: np.random.Generator,
) -> np.ndarray | None:
    """Coefficients given everything above them; None if any of that, or any column, has an improper prior."""
    if len(hyperparameters) < len(reg.prior.unknowns) or np.any(reg.prior.is_flat(reg.names)):
        return None
    if sigma is None and reg.prior.scaled_by_sigma:
        return None
    given = reg.prior.given(reg.names, np.ones(shape) if sigma is None else sigma, hyperparameters)
    if reg.bounds is None:
        return reg.prior.draw_given(generator, given)
    return draw_truncated(reg.prior, *reg.bounds.on(reg.design.standardization.sd), given, generator)

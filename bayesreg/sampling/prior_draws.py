"""Draws from the priors of a regression, for what its posterior is to be compared with."""

import numpy as np

from bayesreg.model.regression import Regression
from bayesreg.priors.positive import PositivePrior
from bayesreg.priors.regularized_horseshoe import HorseshoePrior, RegularizedHorseshoe

# From this ratio s/b on the elastic-net prior is a Laplace prior to rounding.
STEEPEST = 1e6


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
    names = {"sigma": "sigma"} | ({} if reg.scale_known else {"scale": "scale"}) | {"beta": "beta"}
    names |= {"intercept": "at_center"} if reg.intercept_term.exists else {}
    return tuple(name for name, part in names.items() if part not in parts)


def draw_if_proper(
    prior: PositivePrior | None, shape: tuple[int, ...], generator: np.random.Generator
) -> np.ndarray | None:
    """Draw from the prior of a positive unknown; None if there is no prior, or an improper one."""
    return prior.draw(generator, shape) if prior is not None and prior.proper else None


def draw_elastic_net(
    laplace: np.ndarray, normal: np.ndarray, shape: tuple[int, ...], generator: np.random.Generator
) -> np.ndarray:
    """Draw from p(x) ∝ exp(−|x|/b − x²/(2s²)), shape (..., p), for proper columns.

    |x| is Normal(−s²/b, s²) above 0, drawn by the inverse of its survival function in logarithms.
    """
    from scipy.special import log_ndtr, ndtri_exp

    size = (*shape, len(laplace))
    sign = generator.choice([-1.0, 1.0], size)
    exponential = generator.standard_exponential(size)
    with np.errstate(invalid="ignore"):
        steepness = normal / laplace
    both = np.isfinite(normal) & (steepness < STEEPEST)
    a, s = np.where(both, steepness, 0.0), np.where(both, normal, 1.0)
    truncated = -s * (a + ndtri_exp(log_ndtr(-a) - exponential))
    with np.errstate(invalid="ignore"):
        pointed = laplace * exponential
    return sign * np.where(both, np.maximum(truncated, 0.0), pointed)


def draw_hyperparameters(
    reg: Regression, shape: tuple[int, ...], generator: np.random.Generator
) -> dict[str, np.ndarray]:
    """Draw the prior's unknowns by name, but for a scale whose hyperprior is improper."""
    drawn: dict[str, np.ndarray] = {}
    hyperprior = getattr(reg.prior, "scale", None)
    if isinstance(hyperprior, PositivePrior) and hyperprior.proper:
        drawn["scale"] = hyperprior.draw(generator, shape)
    if isinstance(reg.prior, HorseshoePrior):
        drawn["local_scale"] = np.abs(generator.standard_cauchy((*shape, reg.p)))
    if isinstance(reg.prior, RegularizedHorseshoe):
        drawn["slab_scale"] = reg.prior.slab_prior.draw(generator, shape)
    return drawn


def _beta(
    reg: Regression,
    sigma: np.ndarray | None,
    hyperparameters: dict[str, np.ndarray],
    shape: tuple[int, ...],
    generator: np.random.Generator,
) -> np.ndarray | None:
    """Coefficients given everything above them; None if any of that, or any column, has an improper prior."""
    factor, scale = sigma if reg.prior.scaled_by_sigma else np.ones(shape), hyperparameters.get("scale")
    if factor is None or (scale is None and not reg.scale_known):
        return None
    if isinstance(reg.prior, HorseshoePrior):
        sd = hyperparameters["local_scale"] * (np.full(shape, reg.prior.scale) if scale is None else scale)[..., None]
        if isinstance(reg.prior, RegularizedHorseshoe):
            sd = 1 / np.hypot(1 / sd, 1 / hyperparameters["slab_scale"][..., None])
        return factor[..., None] * sd * generator.standard_normal(sd.shape)
    scales = reg.unit_scales
    if np.any(scales.is_flat):
        return None
    if scale is not None:
        factor = factor * scale
    return factor[..., None] * draw_elastic_net(scales.laplace, scales.normal, shape, generator)

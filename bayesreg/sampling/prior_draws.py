"""Draws from the priors of a regression, for what its posterior is to be compared with."""

from dataclasses import dataclass

import numpy as np

from bayesreg.model.regression import Regression
from bayesreg.priors.normal import Normal
from bayesreg.priors.positive import PositivePrior
from bayesreg.priors.regularized_horseshoe import HorseshoePrior, RegularizedHorseshoe

# From this ratio s/b on the elastic-net prior is a Laplace prior to rounding.
STEEPEST = 1e6


@dataclass(frozen=True, eq=False)
class FromPrior:
    """Independent draws from the priors; None where the prior is improper, and where there is nothing unknown.

    Attributes
    ----------
    beta : ndarray, shape (..., p), or None
    at_center, sigma, scale, slab : ndarray, shape (...), or None
    local : ndarray, shape (..., p), or None
    improper : tuple of str
        What has no draws because its prior cannot be normalized.
    """

    beta: np.ndarray | None
    at_center: np.ndarray | None
    sigma: np.ndarray | None
    scale: np.ndarray | None
    local: np.ndarray | None
    slab: np.ndarray | None
    improper: tuple[str, ...]


def draw_prior(reg: Regression, shape: tuple[int, ...], generator: np.random.Generator) -> FromPrior:
    """Draw from all the priors of a regression.

    Parameters
    ----------
    reg : Regression
    shape : tuple of int
        Of the draws, such as (chains, draws).
    generator : numpy.random.Generator
    """
    sigma = (
        np.full(shape, reg.noise.sigma)
        if reg.noise.sigma is not None
        else draw_if_proper(reg.noise.prior, shape, generator)
    )
    hyperprior = getattr(reg.prior, "scale", None)
    scale = draw_if_proper(hyperprior, shape, generator) if isinstance(hyperprior, PositivePrior) else None
    local, slab = _horseshoe_scales(reg, shape, generator)
    beta = _beta(reg, sigma, scale, local, slab, shape, generator)
    at_center = _at_center(reg, sigma, shape, generator)
    wanted = {"sigma": sigma, "scale": scale if not reg.scale_known else True, "beta": beta}
    wanted |= {} if reg.intercept is False else {"intercept": at_center}
    improper = tuple(name for name, values in wanted.items() if values is None)
    return FromPrior(beta, at_center, sigma, scale, local, slab, improper)


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


def _horseshoe_scales(
    reg: Regression, shape: tuple[int, ...], generator: np.random.Generator
) -> tuple[np.ndarray | None, np.ndarray | None]:
    if not isinstance(reg.prior, HorseshoePrior):
        return None, None
    local = np.abs(generator.standard_cauchy((*shape, reg.p)))
    if not isinstance(reg.prior, RegularizedHorseshoe):
        return local, None
    return local, reg.prior.slab_prior.draw(generator, shape)


def _beta(
    reg: Regression,
    sigma: np.ndarray | None,
    scale: np.ndarray | None,
    local: np.ndarray | None,
    slab: np.ndarray | None,
    shape: tuple[int, ...],
    generator: np.random.Generator,
) -> np.ndarray | None:
    """Coefficients given everything above them; None if any of that, or any column, has an improper prior."""
    factor = sigma if reg.prior.scaled_by_sigma else np.ones(shape)
    if factor is None or (scale is None and not reg.scale_known):
        return None
    if isinstance(reg.prior, HorseshoePrior):
        assert local is not None
        common = np.full(shape, reg.prior.scale) if scale is None else scale
        sd = local * common[..., None]
        if slab is not None:
            sd = 1 / np.hypot(1 / sd, 1 / slab[..., None])
        return factor[..., None] * sd * generator.standard_normal(local.shape)
    scales = reg.unit_scales
    if np.any(scales.is_flat):
        return None
    if scale is not None:
        factor = factor * scale
    return factor[..., None] * draw_elastic_net(scales.laplace, scales.normal, shape, generator)


def _at_center(
    reg: Regression, sigma: np.ndarray | None, shape: tuple[int, ...], generator: np.random.Generator
) -> np.ndarray | None:
    if reg.intercept is False:
        return np.zeros(shape)
    if not isinstance(reg.intercept, Normal):
        return None
    factor = sigma if reg.intercept.scaled_by_sigma else np.ones(shape)
    if factor is None:
        return None
    scale = float(reg.intercept.scale)  # type: ignore[arg-type]
    return reg.intercept.loc + scale * factor * generator.standard_normal(shape)

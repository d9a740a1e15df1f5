"""Draws of all parameters from their prior, of data given them, and what tests of calibration look at.

Written from the definitions of the priors; nothing here uses the package's own densities or draws.
"""

from typing import NamedTuple

import numpy as np
from scipy import stats

import bayesreg as br


def draw_positive(prior, generator):
    """One draw of a positive quantity, or the number that is known."""
    if not isinstance(prior, br.HalfNormal | br.InverseGamma | br.Exponential | br.HalfStudentT | br.Uniform):
        return float(prior)
    if isinstance(prior, br.HalfNormal):
        return abs(generator.normal(0, prior.scale))
    if isinstance(prior, br.Exponential):
        return generator.exponential(1 / prior.rate)
    if isinstance(prior, br.HalfStudentT):
        return abs(generator.standard_t(prior.df)) * prior.scale
    if isinstance(prior, br.Uniform):
        return generator.uniform(0, prior.upper)
    value = prior.scale / generator.standard_gamma(prior.shape)
    return value if prior.on == "sd" else value**0.5


def draw_elastic_net(generator, laplace, normal):
    """By rejection: from the narrower part, accepted with the density of the other."""
    while True:
        if laplace < normal:
            beta = generator.laplace(0, laplace)
            keep = -0.5 * (beta / normal) ** 2
        else:
            beta = generator.normal(0, normal)
            keep = -abs(beta) / laplace
        if np.log(generator.random()) < keep:
            return beta


def draw_beta(prior, p, sigma, generator):
    """Coefficients, the prior's scale, local scales and the slab's: shapes (p,), (), (p,), ()."""
    unit = sigma if prior.scaled_by_sigma else 1.0
    local, slab, scale = np.ones(p), np.inf, 1.0
    if isinstance(prior, br.ElasticNetPrior):
        parts = np.broadcast_arrays(prior.laplace_scale, prior.normal_scale, np.ones(p))[:2]
        beta = np.array([draw_elastic_net(generator, b, s) for b, s in zip(*parts, strict=True)])
        return unit * beta, scale, local, slab
    known = np.ndim(prior.scale) > 0
    scale = 1.0 if known else draw_positive(prior.scale, generator)
    factor = unit * (np.asarray(prior.scale, dtype=float) if known else scale)
    if isinstance(prior, br.Laplace):
        return factor * generator.laplace(size=p), scale, local, slab
    if isinstance(prior, br.Normal):
        return factor * generator.standard_normal(p), scale, local, slab
    if isinstance(prior, br.StudentTPrior):
        local = (0.5 * prior.df / generator.standard_gamma(0.5 * prior.df, p)) ** 0.5
        return factor * local * generator.standard_normal(p), scale, local, slab
    local = np.abs(generator.standard_cauchy(p))
    if isinstance(prior, br.RegularizedHorseshoe):
        slab = prior.slab_scale * (0.5 * prior.slab_df / generator.standard_gamma(0.5 * prior.slab_df)) ** 0.5
    sd = 1 / np.sqrt(1 / (local * scale) ** 2 + 1 / slab**2)
    return unit * sd * generator.standard_normal(p), scale, local, slab


def draw_intercept(intercept, sigma, generator):
    """An intercept with a Normal prior; 0 for none."""
    if intercept is False:
        return 0.0
    return intercept.loc + intercept.scale * (sigma if intercept.scaled_by_sigma else 1.0) * generator.standard_normal()


class Parameters(NamedTuple):
    """β (..., p), and intercept, σ, scale, local scales (..., p) and slab: one of each, or draws of them."""

    beta: np.ndarray
    level: np.ndarray
    sigma: np.ndarray
    scale: np.ndarray
    local: np.ndarray
    slab: np.ndarray


def draw_all(prior, noise, intercept, p, generator):
    """All parameters from the prior."""
    sigma = draw_positive(noise, generator)
    beta, scale, local, slab = draw_beta(prior, p, sigma, generator)
    return Parameters(beta, draw_intercept(intercept, sigma, generator), sigma, scale, local, slab)


def draw_target(family, fitted, sigma, generator):
    """Data given the linear predictor; a family without sigma has no use for it."""
    size = np.shape(fitted)
    if isinstance(family, br.StudentT):
        return fitted + sigma * generator.standard_t(family.df, size)
    if isinstance(family, br.LaplaceNoise):
        return fitted + sigma * generator.laplace(size=size)
    if family == "bernoulli":
        return (generator.random(size) < 1 / (1 + np.exp(-fitted))).astype(float)
    if family == "poisson":
        return generator.poisson(np.exp(fitted)).astype(float)
    if family == "gamma":
        return np.exp(fitted) * sigma**2 * generator.standard_gamma(sigma**-2, size)
    if isinstance(family, br.NegativeBinomial):
        return generator.negative_binomial(family.size, family.size / (family.size + np.exp(fitted))).astype(float)
    return fitted + sigma * generator.standard_normal(size)


def log_likelihood(y, columns, given, family="gaussian"):
    """Joint log likelihood of all rows, for parameters with leading dimensions."""
    fitted, sigma = np.asarray(given.level)[..., None] + given.beta @ columns.T, np.asarray(given.sigma)[..., None]
    if isinstance(family, br.StudentT):
        return stats.t.logpdf(y, family.df, fitted, sigma).sum(axis=-1)
    if isinstance(family, br.LaplaceNoise):
        return stats.laplace.logpdf(y, fitted, sigma).sum(axis=-1)
    if family == "bernoulli":
        return -np.logaddexp(0, np.where(y == 1, -fitted, fitted)).sum(axis=-1)
    if family == "poisson":
        return stats.poisson.logpmf(y, np.exp(fitted)).sum(axis=-1)
    if family == "gamma":
        return stats.gamma.logpdf(y, sigma**-2, scale=np.exp(fitted) * sigma**2).sum(axis=-1)
    if isinstance(family, br.NegativeBinomial):
        return stats.nbinom.logpmf(y, family.size, family.size / (family.size + np.exp(fitted))).sum(axis=-1)
    return stats.norm.logpdf(y, fitted, sigma).sum(axis=-1)

"""Distributions that PyMC lacks, each with its density and its draws, as variables of a PyMC model."""

from typing import Any

import numpy as np
import pymc as pm
import pytensor.tensor as pt
from pymc.distributions.distribution import Continuous, SymbolicRandomVariable
from pymc.distributions.shape_utils import implicit_size_from_params, rv_size_is_none
from pymc.distributions.transforms import log
from pymc.pytensorf import normalize_rng_param
from pytensor.raise_op import CheckAndRaise
from pytensor.tensor.random.basic import laplace as standard_laplace
from pytensor.tensor.random.utils import normalize_size_param
from scipy.special import gammaln

from bayesreg.errors import PriorError

# From this ratio s/b on the elastic-net density is a Laplace density to rounding.
STEEPEST = 1e6
# Each doubles the number of right digits, from a start that is right within a factor of 2.
NEWTON_STEPS = 7
# PyTensor takes a Python float for a single-precision constant.
SMALLEST = np.asarray(np.finfo(float).tiny)
ROOT_TWO, LOG_TWO, HALF_LOG_TWO_PI = (np.asarray(x) for x in (np.sqrt(2), np.log(2), 0.5 * np.log(2 * np.pi)))

_REFUSE_FLAT = CheckAndRaise(PriorError, "a flat prior has no draws; give every column a finite scale.")


class ElasticNetRV(SymbolicRandomVariable):  # type: ignore[misc]
    """A monotone function of a Laplace variable, since |x| is a truncated Normal variable."""

    name = "elastic_net"
    extended_signature = "[rng],[size],(),(),()->[rng],()"
    _print_name = ("ElasticNet", "\\operatorname{ElasticNet}")

    @classmethod
    def rv_op(cls, laplace: Any, normal: Any, factor: Any, *, size: Any = None, rng: Any = None) -> Any:
        """Draws of the given scales, both multiplied by a factor."""
        laplace, normal, factor = (pt.as_tensor(value) for value in (laplace, normal, factor))
        rng, size = normalize_rng_param(rng), normalize_size_param(size)
        if rv_size_is_none(size):
            size = implicit_size_from_params(laplace, normal, factor, ndims_params=cls.ndims_params)
        next_rng, unit = standard_laplace(np.asarray(0.0), np.asarray(1.0), size=size, rng=rng, return_next_rng=True)
        size_of = _at_survival(pt.maximum(pt.abs(unit), SMALLEST), laplace, normal)
        draws = factor * pt.sign(unit) * size_of
        draws = _REFUSE_FLAT(draws, pt.all(pt.isfinite(pt.minimum(laplace, normal))))
        return cls(inputs=[rng, size, laplace, normal, factor], outputs=[next_rng, draws])(
            rng, size, laplace, normal, factor
        )


class ElasticNet(Continuous):  # type: ignore[misc]
    r"""The prior of the elastic net, log p(x) = −|x|/(bf) − x²/(2s²f²) − log C(b, s) − log f.

    With s infinite it is a Laplace density, with b infinite a Normal one, with both 1 (a flat column).

    Parameters
    ----------
    laplace, normal : tensor
        b and s.
    factor : tensor
        f, which multiplies both.
    """

    rv_type = ElasticNetRV
    rv_op = ElasticNetRV.rv_op

    @classmethod
    def dist(cls, laplace: Any, normal: Any, factor: Any, **options: Any) -> Any:
        """A variable of no model."""
        return super().dist([laplace, normal, factor], **options)

    def support_point(rv, size, laplace, normal, factor):  # type: ignore[no-untyped-def]  # noqa: D102, N805
        # Not of the shape of rv, which may be drawn to know its shape, and a flat prior has no draws.
        return pt.zeros_like(laplace + normal + factor) if rv_size_is_none(size) else pt.zeros(size)

    def logp(value, laplace, normal, factor):  # type: ignore[no-untyped-def]  # noqa: D102, N805
        return smooth_log_density(value, laplace, normal, factor) - pt.abs(value) / factor * inverse_scale(laplace)


def smooth_log_density(value: Any, laplace: Any, normal: Any, factor: Any) -> Any:
    """The log density of :class:`ElasticNet` without its kink, −|x|/(bf)."""
    flat = pt.isinf(laplace) & pt.isinf(normal)
    constant = pt.switch(pt.isinf(normal), LOG_TWO + pt.log(laplace), _log_constant(laplace, normal)) + pt.log(factor)
    return -0.5 * (value / factor * inverse_scale(normal)) ** 2 - pt.switch(flat, 0.0, constant)


def inverse_scale(scale: Any) -> Any:
    """One over a scale, and a plain 0 where it is infinite, so that derivatives stay finite."""
    return pt.switch(pt.isinf(scale), 0.0, 1 / scale)


def _log_constant(laplace: Any, normal: Any) -> Any:
    """Log √(2π)·s·erfcx(s/(√2 b)), of a finite s."""
    return HALF_LOG_TWO_PI + pt.log(normal) + pt.log(pt.erfcx(normal / (ROOT_TWO * laplace)))


def _at_survival(exponential: Any, laplace: Any, normal: Any) -> Any:
    """Return x > 0 beyond which the density of |x| has the share exp(−exponential).

    In units of s it solves a·t + t²/2 + log erfcx(a/√2) − log erfcx((a + t)/√2) = exponential, with a = s/b. The left
    side is convex and more than a·t + t²/2, whose root Newton's method therefore descends from.
    """
    both = pt.isfinite(normal) & (normal < STEEPEST * laplace)
    a = pt.switch(both, normal / laplace, 0.0)
    t = 2 * exponential / (pt.sqrt(a**2 + 2 * exponential) + a)
    for _ in range(NEWTON_STEPS):
        beyond = pt.erfcx((a + t) / ROOT_TWO)
        excess = a * t + 0.5 * t**2 + pt.log(pt.erfcx(a / ROOT_TWO)) - pt.log(beyond) - exponential
        t = t - excess * beyond * np.asarray(np.sqrt(np.pi / 2))
    return pt.switch(both, pt.switch(pt.isfinite(normal), normal, 1.0) * t, laplace * exponential)


def root_inverse_gamma(name: str, shape: Any, scale: Any, *, dims: str | None = None) -> Any:
    """A positive variable whose square has the inverse-gamma distribution.

    It is the free variable itself, so that a mode is one of its own density, as everywhere else.
    """

    def draws(shape: Any, scale: Any, size: Any) -> Any:
        return pt.sqrt(pm.InverseGamma.dist(shape, scale, size=size))

    return pm.CustomDist(name, shape, scale, dist=draws, transform=log, dims=dims)


def root_gamma(name: str, shape: Any, rate: Any, *, dims: str | None = None) -> Any:
    """A positive variable whose square has the gamma distribution."""

    def draws(shape: Any, rate: Any, size: Any) -> Any:
        return pt.sqrt(pm.Gamma.dist(shape, rate, size=size))

    return pm.CustomDist(name, shape, rate, dist=draws, transform=log, dims=dims)


def root_beta_prime(name: str, first: Any, second: Any, *, dims: str | None = None) -> Any:
    """A positive variable x for which x²/(1 + x²) has a beta distribution."""

    def log_density(x: Any, first: Any, second: Any) -> Any:
        constant = LOG_TWO + pt.gammaln(first + second) - pt.gammaln(first) - pt.gammaln(second)
        return constant + (2 * first - 1) * pt.log(x) - (first + second) * pt.log1p(x**2)

    def draws(first: Any, second: Any, rng: Any = None, size: Any = None) -> Any:
        share = rng.beta(first, second, size)
        return (share / (1 - share)) ** 0.5

    return pm.CustomDist(
        name, first, second, logp=log_density, random=draws, support_point=_one_of_two, transform=log, dims=dims
    )


def flat(name: str, start: Any) -> Any:
    """A variable with the improper density 1, whose value at first is `start`."""

    def log_density(value: Any, start: Any) -> Any:
        return pt.zeros_like(value)

    return pm.CustomDist(name, start, logp=log_density, support_point=lambda rv, size, start: start)


def partly_flat(name: str, loc: Any, back: Any, scale: Any, log_unit: Any, factor: Any) -> Any:
    """A vector β whose R(β − loc) are independent Normal variables, those of infinite scale without any density.

    Parameters
    ----------
    loc, back, scale, log_unit : tensor, shapes (p,), (p, p), (p,) and (p,)
        Mean, R, scales, and summands of log |det R|.
    factor : tensor
        Which multiplies the scales.
    """

    def log_density(value: Any, loc: Any, back: Any, scale: Any, log_unit: Any, factor: Any) -> Any:
        gamma, one = pt.dot(back, value - loc), pt.isinf(scale)
        known = HALF_LOG_TWO_PI + pt.log(pt.switch(one, 1.0, scale)) + pt.log(factor)
        return pt.sum(log_unit - 0.5 * (gamma * inverse_scale(scale) / factor) ** 2 - pt.switch(one, 0.0, known))

    return pm.CustomDist(
        name,
        *(loc, back, scale, log_unit, factor),
        logp=log_density,
        support_point=lambda rv, size, loc, *_: loc,
        signature="(p),(p,p),(p),(p),()->(p)",
        dims="coef_name",
    )


def inverse(name: str) -> Any:
    """A positive variable with the improper density 1/x."""
    return pm.CustomDist(name, logp=lambda value: -pt.log(value), support_point=_one, transform=log)


def _one(rv: Any, size: Any) -> Any:
    return pt.ones(()) if rv_size_is_none(size) else pt.ones(size)


def _one_of_two(rv: Any, size: Any, first: Any, second: Any) -> Any:
    return _one(rv, size)


def weighted(name: str, dist: Any, parameters: dict[str, Any], weights: Any, **options: Any) -> Any:
    """A variable whose log density is multiplied by frequency weights, and whose draws are single ones."""

    def of(values: tuple[Any, ...], **size: Any) -> Any:
        return dist.dist(**dict(zip(parameters, values, strict=True)), **size)

    def draws(weights: Any, *values: Any) -> Any:
        return of(values[:-1], size=values[-1])

    def log_density(value: Any, weights: Any, *values: Any) -> Any:
        return weights * pm.logp(of(values), value)

    return pm.CustomDist(name, weights, *parameters.values(), dist=draws, logp=log_density, **options)


def group_laplace(name: str, index: Any, scale: Any, factor: Any, *, dims: str) -> Any:
    """Coefficients in groups: log p(x) = Σ_g −‖x_g‖/(s_g·f) − m_g·log(s_g·f) − constant, and 0 for a flat group.

    Parameters
    ----------
    index : ndarray of int, shape (p,)
        The group of each coefficient.
    scale : tensor, shape (p,)
        s_g of each coefficient's group.
    factor : tensor
        f, which multiplies all scales.
    """
    sizes = np.bincount(index)
    # The constant of a group, divided among its coefficients.
    constant = np.log(2) + 0.5 * sizes * np.log(np.pi) - gammaln(0.5 * sizes) + gammaln(sizes)
    constant, members = (constant / sizes)[index], np.equal.outer(np.arange(len(sizes)), index).astype(float)

    def draws(scale: Any, factor: Any, size: Any) -> Any:
        shapes = [None if rv_size_is_none(size) else (*tuple(size), count) for count in (len(sizes), len(index))]
        variance = pm.Gamma.dist(0.5 * (sizes + 1), np.asarray(0.5), size=shapes[0])
        spread = _REFUSE_FLAT(scale, pt.all(pt.isfinite(scale))) * factor * pt.sqrt(variance)[..., index]
        return spread * pm.Normal.dist(np.zeros(len(index)), np.ones(len(index)), size=shapes[1])

    def log_density(value: Any, scale: Any, factor: Any) -> Any:
        flat = pt.isinf(scale)
        # Raised by what is lost in rounding, so that the derivative at 0 is a number.
        length = pt.sqrt(pt.dot(value**2, members.T) + SMALLEST)
        by_group = length * pt.dot(members, inverse_scale(scale)) / sizes
        return -pt.sum(by_group, axis=-1) / factor - pt.sum(pt.switch(flat, 0.0, constant + pt.log(scale * factor)))

    def start(rv: Any, size: Any, scale: Any, factor: Any) -> Any:
        return pt.zeros_like(scale) if rv_size_is_none(size) else pt.zeros((*tuple(size), len(index)))

    return pm.CustomDist(
        name, scale, factor, dist=draws, logp=log_density, support_point=start, dims=dims, signature="(p),()->(p)"
    )

"""The priors of a Regression as PyMC variables; every number in them is data, so that one compilation serves many."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pymc as pm
import pytensor.tensor as pt

from bayesreg.errors import UnsupportedError
from bayesreg.model.pymc.distributions import ElasticNet, inverse, root_inverse_gamma
from bayesreg.priors.column_scales import ColumnScales
from bayesreg.priors.hyper import Exponential, Gamma, HalfNormal, HalfStudentT, InverseGamma, Jeffreys, Uniform
from bayesreg.priors.laplace import Laplace
from bayesreg.priors.normal import Normal
from bayesreg.priors.positive import PositivePrior
from bayesreg.priors.regularized_horseshoe import HorseshoePrior, RegularizedHorseshoe

if TYPE_CHECKING:
    from bayesreg.model.regression import Regression

Parameterization = Literal["auto", "centered", "noncentered"]
# PyTensor takes a Python float for a single-precision constant.
ONE = np.asarray(1.0)


def number(name: str, value: float) -> Any:
    """Return a scalar in double precision that can be changed later."""
    return pm.Data(name, np.asarray(value, dtype=np.float64))


def positive(name: str, prior: PositivePrior | None) -> Any:
    """A free variable with the given prior; its density is always that of the variable itself.

    Raises
    ------
    UnsupportedError
        If the prior has no PyMC form.
    """
    if prior is None or type(prior) not in _POSITIVE:
        raise UnsupportedError(f"no PyMC form for {prior!r}; available: {', '.join(k.__name__ for k in _POSITIVE)}.")
    return _POSITIVE[type(prior)](name, prior)


def _inverse_gamma(name: str, prior: InverseGamma) -> Any:
    shape, scale = number(f"{name}_prior_shape", prior.shape), number(f"{name}_prior_scale", prior.scale)
    return pm.InverseGamma(name, shape, scale) if prior.on == "sd" else root_inverse_gamma(name, shape, scale)


def _half_student_t(name: str, prior: HalfStudentT) -> Any:
    return pm.HalfStudentT(name, number(f"{name}_prior_df", prior.df), number(f"{name}_prior_scale", prior.scale))


def _uniform(name: str, prior: Uniform) -> Any:
    return pm.Uniform(name, 0.0, number(f"{name}_prior_upper", prior.upper)) if prior.proper else pm.HalfFlat(name)


_POSITIVE: dict[type[PositivePrior], Callable[[str, Any], Any]] = {
    HalfNormal: lambda name, prior: pm.HalfNormal(name, number(f"{name}_prior_scale", prior.scale)),
    Exponential: lambda name, prior: pm.Exponential(name, number(f"{name}_prior_rate", prior.rate)),
    HalfStudentT: _half_student_t,
    InverseGamma: _inverse_gamma,
    Gamma: lambda name, prior: _inverse_gamma(name, prior.of_scale),
    Uniform: _uniform,
    Jeffreys: lambda name, _: inverse(name),
}


def coefficients(reg: "Regression", sigma: Any, parameterization: Parameterization) -> Any:
    """Beta with its prior; on standardized columns also coef, its value on the user's columns."""
    standardized = bool(np.any(reg.design.standardization.sd != 1))
    name = "beta" if standardized else "coef"
    beta = _beta(reg, name, sigma, parameterization)
    if standardized:
        sd = pm.Data("sd", reg.design.standardization.sd, dims="coef_name")
        pm.Deterministic("coef", beta / sd, dims="coef_name")
    return beta


def _beta(reg: "Regression", name: str, sigma: Any, parameterization: Parameterization) -> Any:
    prior, factor = reg.prior, sigma if reg.prior.scaled_by_sigma else None
    if isinstance(prior, HorseshoePrior):
        sd = _times(_local_sd(prior), factor)
        return _scaled(name, pm.Normal, sd, centered=parameterization == "centered")
    if not reg.scale_known:
        assert isinstance(prior, Laplace | Normal)
        assert isinstance(prior.scale, PositivePrior)
        kind = pm.Laplace if isinstance(prior, Laplace) else pm.Normal
        scale = _times(positive("scale", prior.scale), factor)
        return _scaled(name, kind, scale, centered=parameterization != "noncentered")
    return _of_columns(name, reg.scales, factor)


def _times(value: Any, factor: Any) -> Any:
    return value if factor is None else value * factor


def _scaled(name: str, kind: Any, scale: Any, *, centered: bool) -> Any:
    """Coefficients of the given scale: free themselves, or as that scale times free variables of scale 1."""
    if centered:
        return kind(name, 0, scale, dims="coef_name")
    return pm.Deterministic(name, scale * kind(f"{name}_unit", 0, ONE, dims="coef_name"), dims="coef_name")


def _local_sd(prior: HorseshoePrior) -> Any:
    """Standard deviation of each coefficient given local, global and slab scale."""
    known = not isinstance(prior.scale, PositivePrior)
    scale = number("scale", prior.scale) if known else positive("scale", prior.scale)  # type: ignore[arg-type]
    sd = scale * pm.HalfCauchy("local_scale", ONE, dims="coef_name")
    if not isinstance(prior, RegularizedHorseshoe):
        return sd
    return sd / pt.sqrt(1 + (sd / positive("slab_scale", prior.slab_prior)) ** 2)


def _of_columns(name: str, scales: ColumnScales, factor: Any) -> Any:
    """Coefficients with known scales, by the plainest distribution that has them."""
    dims = "coef_name"
    if np.all(scales.is_flat):
        return pm.Flat(name, dims=dims)
    has_laplace, has_normal = (np.isfinite(part) for part in (scales.laplace, scales.normal))
    if np.all(has_laplace) and not np.any(has_normal):
        return pm.Laplace(name, 0, _times(pm.Data("laplace_scale", scales.laplace, dims=dims), factor), dims=dims)
    if np.all(has_normal) and not np.any(has_laplace):
        return pm.Normal(name, 0, _times(pm.Data("normal_scale", scales.normal, dims=dims), factor), dims=dims)
    parts = (pm.Data(f"{kind}_scale", getattr(scales, kind), dims=dims) for kind in ("laplace", "normal"))
    return ElasticNet(name, *parts, ONE if factor is None else factor, dims=dims)

"""The priors of a Regression as PyMC variables; every number in them is data, so that one compilation serves many."""

from collections.abc import Callable
from typing import Any, Literal

import numpy as np
import pymc as pm
import pytensor.tensor as pt
from pymc.distributions import transforms

from bayesreg.errors import UnsupportedError
from bayesreg.model.regression import Regression
from bayesreg.priors.horseshoe import HorseshoePrior, RegularizedHorseshoe
from bayesreg.priors.hyper import Exponential, Gamma, HalfNormal, HalfStudentT, InverseGamma, Jeffreys, Uniform
from bayesreg.priors.positive import PositivePrior
from bayesreg.priors.prior import ColumnScales, Laplace, Normal, elastic_net_log_density

Kind = Literal["laplace", "normal", "flat"]
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


def _root_of_inverse_gamma(shape: Any, scale: Any, size: Any) -> Any:
    return pt.sqrt(pm.InverseGamma.dist(shape, scale, size=size))


def _inverse_gamma(name: str, prior: InverseGamma) -> Any:
    shape, scale = number(f"{name}_prior_shape", prior.shape), number(f"{name}_prior_scale", prior.scale)
    if prior.on == "sd":
        return pm.InverseGamma(name, alpha=shape, beta=scale)
    # The free variable is the standard deviation, so that a mode is one of its density, as everywhere else.
    return pm.CustomDist(name, shape, scale, dist=_root_of_inverse_gamma, transform=transforms.log)


def _half_student_t(name: str, prior: HalfStudentT) -> Any:
    return pm.HalfStudentT(name, number(f"{name}_prior_df", prior.df), number(f"{name}_prior_scale", prior.scale))


def _uniform(name: str, prior: Uniform) -> Any:
    return pm.Uniform(name, 0.0, number(f"{name}_prior_upper", prior.upper)) if prior.proper else pm.HalfFlat(name)


def _jeffreys(name: str, prior: Jeffreys) -> Any:
    value = pm.HalfFlat(name)
    pm.Potential(f"{name}_prior", -pt.log(value))
    return value


_POSITIVE: dict[type[PositivePrior], Callable[[str, Any], Any]] = {
    HalfNormal: lambda name, prior: pm.HalfNormal(name, number(f"{name}_prior_scale", prior.scale)),
    Exponential: lambda name, prior: pm.Exponential(name, number(f"{name}_prior_rate", prior.rate)),
    HalfStudentT: _half_student_t,
    InverseGamma: _inverse_gamma,
    Gamma: lambda name, prior: _inverse_gamma(name, prior.of_scale),
    Uniform: _uniform,
    Jeffreys: _jeffreys,
}


def coefficients(reg: Regression, sigma: Any, parameterization: Parameterization) -> Any:
    """Beta with its prior; on standardized columns also coef, its value on the user's columns."""
    standardized = bool(np.any(reg.design.standardization.sd != 1))
    name = "beta" if standardized else "coef"
    beta = _beta(reg, name, sigma, parameterization)
    if standardized:
        sd = pm.Data("sd", reg.design.standardization.sd, dims="coef_name")
        pm.Deterministic("coef", beta / sd, dims="coef_name")
    return beta


def _beta(reg: Regression, name: str, sigma: Any, parameterization: Parameterization) -> Any:
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
    kinds = _kinds(reg.scales)
    if len(kinds) == 1:
        return _of_kind(next(iter(kinds)), name, "", reg.scales, factor)
    return _assembled(reg, name, kinds, factor)


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


def _assembled(reg: Regression, name: str, kinds: dict[Kind, np.ndarray], factor: Any) -> Any:
    """One free variable for each kind of column, and all columns in their own order."""
    parts = []
    for kind, where in kinds.items():
        pm.modelcontext(None).add_coord(f"coef_name_{kind}", [reg.names[j] for j in where])
        parts.append(_of_kind(kind, f"{name}_{kind}", f"_{kind}", _of_columns(reg.scales, where), factor))
    order = np.argsort(np.concatenate(list(kinds.values())))
    return pm.Deterministic(name, pt.concatenate(parts)[order], dims="coef_name")


def _kinds(scales: ColumnScales) -> dict[Kind, np.ndarray]:
    """The columns whose prior has a kink, is Normal, and is flat, where there are any of that kind."""
    has_kink = np.isfinite(scales.laplace)
    masks: dict[Kind, np.ndarray] = {
        "laplace": has_kink,
        "normal": ~has_kink & np.isfinite(scales.normal),
        "flat": scales.is_flat,
    }
    return {kind: np.flatnonzero(mask) for kind, mask in masks.items() if np.any(mask)}


def _of_columns(scales: ColumnScales, where: np.ndarray) -> ColumnScales:
    return ColumnScales(scales.laplace[where], scales.normal[where], scales.scaled_by_sigma)


def _of_kind(kind: Kind, name: str, ending: str, scales: ColumnScales, factor: Any) -> Any:
    """A free variable for columns of one kind; the elastic net is a Laplace variable and a quadratic potential."""
    dim = f"coef_name{ending}"
    if kind == "flat":
        return pm.Flat(name, dims=dim)
    if kind == "normal":
        return pm.Normal(name, 0, _times(pm.Data(f"normal_scale{ending}", scales.normal, dims=dim), factor), dims=dim)
    beta = pm.Laplace(name, 0, _times(pm.Data(f"laplace_scale{ending}", scales.laplace, dims=dim), factor), dims=dim)
    if np.any(np.isfinite(scales.normal)):
        unit = beta if factor is None else beta / factor
        pm.Potential(f"{name}_quadratic", _quadratic_part(unit, ending, scales))
    return beta


def _quadratic_part(unit: Any, ending: str, scales: ColumnScales) -> Any:
    """What the elastic net's log density has beyond the Laplace density, its own constant in place of log 2b."""
    at_zero = elastic_net_log_density(np.zeros(len(scales.laplace)), scales.laplace, scales.normal)
    constant = number("elastic_net_constant", np.sum(at_zero + np.log(2 * scales.laplace)))
    scale = pm.Data(f"normal_scale{ending}", scales.normal, dims=f"coef_name{ending}")
    return constant - 0.5 * pt.sum((unit / scale) ** 2)

"""The priors of a Regression as PyMC variables; every number in them is data, so that one compilation serves many."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np
import pymc as pm
import pytensor.tensor as pt

from bayesreg.errors import UnsupportedError
from bayesreg.model.pymc.bounds import Maker, maker_of
from bayesreg.model.pymc.distributions import (
    ElasticNet,
    group_laplace,
    inverse,
    partly_flat,
    root_beta_prime,
    root_gamma,
    root_inverse_gamma,
)
from bayesreg.priors.base import Prior
from bayesreg.priors.column_scales import ColumnScales
from bayesreg.priors.given import Given
from bayesreg.priors.group_laplace import GroupLaplace
from bayesreg.priors.horseshoe import Horseshoe
from bayesreg.priors.hyper import Exponential, Gamma, HalfNormal, HalfStudentT, InverseGamma, Jeffreys, Uniform
from bayesreg.priors.hyper_of_scale import BetaPrime, GammaScale
from bayesreg.priors.positive import PositivePrior
from bayesreg.priors.regularized_horseshoe import RegularizedHorseshoe
from bayesreg.priors.student_t import StudentTPrior

if TYPE_CHECKING:
    from bayesreg.model.regression import Regression

Parameterization = Literal["auto", "centered", "noncentered"]
# PyTensor takes a Python float for a single-precision constant.
ONE = np.asarray(1.0)


def number(name: str, value: float) -> Any:
    """Return a scalar in double precision that can be changed later."""
    return pm.Data(name, np.asarray(value, dtype=np.float64))


def positive(name: str, prior: PositivePrior | None, dims: str | None = None) -> Any:
    """A free variable with the given prior; its density is always that of the variable itself.

    Raises
    ------
    UnsupportedError
        If the prior has no PyMC form.
    """
    if prior is None or type(prior) not in _POSITIVE:
        raise UnsupportedError(f"no PyMC form for {prior!r}; available: {', '.join(k.__name__ for k in _POSITIVE)}.")
    return _POSITIVE[type(prior)](name, prior, dims)


def _inverse_gamma(name: str, prior: InverseGamma, dims: str | None) -> Any:
    shape, scale = number(f"{name}_prior_shape", prior.shape), number(f"{name}_prior_scale", prior.scale)
    return (pm.InverseGamma if prior.on == "sd" else root_inverse_gamma)(name, shape, scale, dims=dims)


def _gamma_scale(name: str, prior: GammaScale, dims: str | None) -> Any:
    shape, rate = number(f"{name}_prior_shape", prior.shape), number(f"{name}_prior_rate", prior.rate)
    return (pm.Gamma if prior.on == "sd" else root_gamma)(name, shape, rate, dims=dims)


def _beta_prime(name: str, prior: BetaPrime, dims: str | None) -> Any:
    first, second = number(f"{name}_prior_first", prior.first), number(f"{name}_prior_second", prior.second)
    return root_beta_prime(name, first, second, dims=dims)


def _half_student_t(name: str, prior: HalfStudentT, dims: str | None) -> Any:
    df, scale = number(f"{name}_prior_df", prior.df), number(f"{name}_prior_scale", prior.scale)
    return pm.HalfStudentT(name, df, scale, dims=dims)


def _uniform(name: str, prior: Uniform, dims: str | None) -> Any:
    if not prior.proper:
        return pm.HalfFlat(name, dims=dims)
    return pm.Uniform(name, 0.0, number(f"{name}_prior_upper", prior.upper), dims=dims)


_POSITIVE: dict[type[PositivePrior], Callable[[str, Any, str | None], Any]] = {
    HalfNormal: lambda name, prior, dims: pm.HalfNormal(name, number(f"{name}_prior_scale", prior.scale), dims=dims),
    Exponential: lambda name, prior, dims: pm.Exponential(name, number(f"{name}_prior_rate", prior.rate), dims=dims),
    HalfStudentT: _half_student_t,
    InverseGamma: _inverse_gamma,
    Gamma: lambda name, prior, dims: _inverse_gamma(name, prior.of_scale, dims),
    GammaScale: _gamma_scale,
    BetaPrime: _beta_prime,
    Uniform: _uniform,
    Jeffreys: lambda name, _, dims: inverse(name),
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
    """The registered form of the prior, that of its penalty, or that of its mixture of Normals.

    Raises
    ------
    UnsupportedError
        If it has none of them.
    """
    prior, unit = reg.prior, sigma if reg.prior.scaled_by_sigma else None
    if type(prior) in COEFFICIENTS:
        return COEFFICIENTS[type(prior)](prior, Place(name, reg.names, unit, parameterization, maker_of(reg)))
    if not reg.coordinates.is_plain:
        return _normal(reg, name, unit, parameterization)
    if prior.has_penalty:
        return _penalty(reg, name, unit, parameterization)
    if prior.local_scale is not None:
        return _mixture(prior, Place(name, reg.names, unit, parameterization, maker_of(reg)))
    raise UnsupportedError(
        f"no PyMC form for {prior.article} prior; state its local_scale, or add a form to "
        "bayesreg.model.pymc.priors.COEFFICIENTS."
    )


class Place(NamedTuple):
    """Where a prior's form is put: its variable's name, the columns, sigma if it is scaled by it, and how.

    Attributes
    ----------
    name : str
    columns : sequence of str
    unit : tensor or None
    parameterization : {"auto", "centered", "noncentered"}
    make : callable
        From a distribution to what makes a variable of it, within bounds where there are some.
    """

    name: str
    columns: Sequence[str]
    unit: Any
    parameterization: Parameterization
    make: Maker


def times(value: Any, factor: Any) -> Any:
    """The product; the value itself without a factor."""
    return value if factor is None else value * factor


def scale_of(prior: Prior) -> Any:
    """The prior's one scale: free, or a number that can be changed later."""
    known = prior.constants(())
    return positive("scale", prior.scale_prior) if "scale" not in known else number("scale", float(known["scale"]))


def _scaled(name: str, kind: Any, scale: Any, *, centered: bool) -> Any:
    """Coefficients of the given scale: free themselves, or as that scale times free variables of scale 1."""
    if centered:
        return kind(name, 0, scale, dims="coef_name")
    return pm.Deterministic(name, scale * kind(f"{name}_unit", 0, ONE, dims="coef_name"), dims="coef_name")


def _horseshoe(prior: Horseshoe, place: Place) -> Any:
    sd = scale_of(prior) * pm.HalfCauchy("local_scale", ONE, dims="coef_name")
    return _scaled(
        place.name, place.make(pm.Normal), times(sd, place.unit), centered=place.parameterization == "centered"
    )


def _regularized_horseshoe(prior: RegularizedHorseshoe, place: Place) -> Any:
    sd = scale_of(prior) * pm.HalfCauchy("local_scale", ONE, dims="coef_name")
    sd = sd / pt.sqrt(1 + (sd / positive("slab_scale", prior.slab_prior)) ** 2)
    return _scaled(
        place.name, place.make(pm.Normal), times(sd, place.unit), centered=place.parameterization == "centered"
    )


def _student_t(prior: StudentTPrior, place: Place) -> Any:
    known = prior.constants(place.columns)
    scale = _data("student_t_scale", known["student_t_scale"]) if known else positive("scale", prior.scale_prior)
    kind = partial(place.make(pm.StudentT), nu=number("student_t_df", prior.df))
    if known or place.parameterization != "noncentered":
        return kind(place.name, mu=0, sigma=times(scale, place.unit), dims="coef_name")
    unit = kind(f"{place.name}_unit", mu=0, sigma=ONE, dims="coef_name")
    return pm.Deterministic(place.name, times(scale, place.unit) * unit, dims="coef_name")


def _group_laplace(prior: GroupLaplace, place: Place) -> Any:
    blocks, known = prior.partition(place.columns), prior.constants(place.columns)
    root = np.sqrt(blocks.sizes)
    if known:
        scale = _data("group_laplace_scale", known["group_laplace_scale"]) / root
        return group_laplace(
            place.name, blocks.index, scale, ONE if place.unit is None else place.unit, dims="coef_name"
        )
    factor = times(positive("scale", prior.scale_prior), place.unit)
    if place.parameterization != "noncentered":
        return group_laplace(place.name, blocks.index, 1 / root, factor, dims="coef_name")
    unit = group_laplace(f"{place.name}_unit", blocks.index, 1 / root, ONE, dims="coef_name")
    return pm.Deterministic(place.name, factor * unit, dims="coef_name")


# The forms of priors that have one of their own.
COEFFICIENTS: dict[type[Prior], Callable[[Any, Place], Any]] = {
    GroupLaplace: _group_laplace,
    Horseshoe: _horseshoe,
    RegularizedHorseshoe: _regularized_horseshoe,
    StudentTPrior: _student_t,
}


def _mixture(prior: Prior, place: Place) -> Any:
    """Coefficients as Normals whose local scales are free."""
    dims = {True: "coef_name", False: None}
    free = {one.name: positive(one.name, one.prior, dims[one.per_column]) for one in prior.unknowns}
    local = free.get("local_scale")
    if local is None:
        local = positive("local_scale", prior.local_scale, "coef_name")
    unit = pt.as_tensor(1.0 if place.unit is None else place.unit)[..., None]
    shared = {one.name: free[one.name] if one.per_column else free[one.name][..., None] for one in prior.unknowns}
    sd = 1 / pt.sqrt(prior.precision(Given(place.columns, unit, shared), local))
    return _scaled(place.name, place.make(pm.Normal), sd, centered=place.parameterization == "centered")


def _penalty(reg: "Regression", name: str, unit: Any, parameterization: Parameterization) -> Any:
    scales, make = reg.unit_scales, maker_of(reg)
    if reg.scale_known:
        return _of_columns(name, scales, unit, make)
    factor, held = times(_scale_by_column(reg), unit), lambda _, values: values
    if parameterization != "noncentered":
        return _of_columns(name, scales, factor, make, held)
    return pm.Deterministic(name, factor * _of_columns(f"{name}_unit", scales, None, make, held), dims="coef_name")


def _normal(reg: "Regression", name: str, unit: Any, parameterization: Parameterization) -> Any:
    """Coefficients β = loc + Lγ: Normal, multivariate Normal, or with that density where a direction is flat."""
    sd, at, hyperprior = reg.unit_scales.normal, reg.coordinates, reg.prior.scale_prior
    factor = unit if hyperprior is None else times(positive("scale", hyperprior), unit)
    loc = _data("normal_loc", np.zeros(reg.p) if at.loc is None else at.loc)
    if np.any(np.isinf(sd)):
        if parameterization == "noncentered":
            raise UnsupportedError('a prior with flat directions has no "noncentered" form; use "centered".')
        back = np.eye(reg.p) if at.factor is None else at.factor.back
        log_unit = _data("normal_log_unit", np.broadcast_to(at.log_unit, (reg.p,)).copy())
        back, scale = pm.Data("normal_back", back), _data("normal_scale", sd)
        return partly_flat(name, loc, back, scale, log_unit, ONE if factor is None else factor)
    mean, variable, times_sd = (loc, name, factor) if parameterization != "noncentered" else (0, f"{name}_unit", None)
    if at.factor is None:
        beta = pm.Normal(variable, mean, times(_data("normal_scale", sd), times_sd), dims="coef_name")
    else:
        chol = pm.Data("normal_chol", lower_root(at.factor.out * sd))
        beta = pm.MvNormal(variable, mean + 0 * loc, chol=times(chol, times_sd), dims="coef_name")
    if parameterization != "noncentered":
        return beta
    return pm.Deterministic(name, loc + times(beta, factor), dims="coef_name")


def lower_root(root: np.ndarray) -> np.ndarray:
    """The lower triangle with a positive diagonal whose product with its transpose is that of a root."""
    triangle = np.linalg.qr(root.T, mode="r")
    return np.asarray((triangle * np.sign(np.diag(triangle))[:, None]).T)


def _scale_by_column(reg: "Regression") -> Any:
    """The unknown scale, or that of its group for each column."""
    groups = reg.prior.scale_groups(reg.names)
    scales = [ONE if group.prior is None else positive(group.name, group.prior) for group in groups]
    if len(groups) == 1:
        return scales[0]
    place = np.empty(reg.p, dtype=int)
    for number, group in enumerate(groups):
        place[group.columns] = number
    return pt.stack(scales)[place]


def _data(name: str, values: np.ndarray) -> Any:
    return pm.Data(name, values, dims="coef_name")


def _of_columns(
    name: str, scales: ColumnScales, factor: Any, make: Maker, held: Callable[[str, np.ndarray], Any] = _data
) -> Any:
    """Coefficients with scales known up to a factor, by the plainest distribution that has them."""
    dims = "coef_name"
    if np.all(scales.is_flat):
        return make(pm.Flat)(name, dims=dims)
    has_laplace, has_normal = (np.isfinite(part) for part in (scales.laplace, scales.normal))
    if np.all(has_laplace) and not np.any(has_normal):
        return make(pm.Laplace)(name, 0, times(held("laplace_scale", scales.laplace), factor), dims=dims)
    if np.all(has_normal) and not np.any(has_laplace):
        return make(pm.Normal)(name, 0, times(held("normal_scale", scales.normal), factor), dims=dims)
    parts = (held(f"{kind}_scale", getattr(scales, kind)) for kind in ("laplace", "normal"))
    return make(ElasticNet)(name, *parts, ONE if factor is None else factor, dims=dims)

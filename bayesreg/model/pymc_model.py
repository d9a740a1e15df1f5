"""A Regression as an ordinary PyMC model, on the rows or on the sufficient statistics.

Both forms have the same log density; the test suite holds it against the canonical objective.
"""

from typing import Any, Literal

import numpy as np
import pymc as pm
import pytensor.tensor as pt

from bayesreg.design.implicit import ImplicitColumns
from bayesreg.errors import UnsupportedError
from bayesreg.model.family import Bernoulli, Family, Poisson, StudentT
from bayesreg.model.regression import Regression
from bayesreg.priors.positive import Exponential, HalfNormal, HalfStudentT, InverseGamma, Jeffreys, PositivePrior
from bayesreg.priors.prior import ColumnScales, Laplace, Normal, elastic_net_log_density

Form = Literal["auto", "rows", "moments"]


def build_pymc_model(reg: Regression, form: Form = "auto") -> pm.Model:
    """Build the model; see :meth:`bayesreg.Regression.to_pymc`.

    Raises
    ------
    UnsupportedError
        If the form is unknown, or asks for rows where only moments are known.
    """
    if form not in ("auto", "rows", "moments"):
        raise UnsupportedError(f'form must be "auto", "rows" or "moments", got {form!r}.')
    if form == "moments" and not reg.is_gaussian:
        raise UnsupportedError(f'the {reg.family.name} family has no sufficient statistics; use form="rows".')
    on_rows = form == "rows" or (form == "auto" and reg.design.rows is not None)
    if on_rows and reg.design.rows is None:
        raise UnsupportedError('this regression was made from moments and has no rows; use form="moments".')
    coords: dict[str, Any] = {"coef_name": list(reg.names)}
    if on_rows:
        coords["row"] = np.arange(reg.n)
    with pm.Model(coords=coords) as model:
        sigma = _positive("sigma", reg.noise.prior) if reg.noise.sigma is None else _exact(reg.noise.sigma)
        beta = _coefficients(reg, sigma)
        at_center = _intercept(reg, sigma)
        if on_rows:
            _likelihood_of_rows(reg, beta, at_center, sigma)
        else:
            _likelihood_of_moments(reg, beta, at_center, sigma)
    return model


def _exact(value: float) -> np.ndarray:
    """Return the number as an array, since PyTensor takes a Python float for a single-precision constant."""
    return np.asarray(value, dtype=np.float64)


def _positive(name: str, prior: PositivePrior | None) -> Any:
    """A free variable with the given prior; its density is always that of the variable itself."""
    match prior:
        case HalfNormal(scale):
            return pm.HalfNormal(name, _exact(scale))
        case Exponential(rate):
            return pm.Exponential(name, _exact(rate))
        case HalfStudentT(df, scale):
            return pm.HalfStudentT(name, _exact(df), _exact(scale))
        case InverseGamma(shape, scale, "sd"):
            return pm.InverseGamma(name, alpha=_exact(shape), beta=_exact(scale))
        case InverseGamma(shape, scale):
            variance = pm.InverseGamma(f"{name}_squared", alpha=_exact(shape), beta=_exact(scale))
            return pm.Deterministic(name, pt.sqrt(variance))
        case Jeffreys():
            value = pm.HalfFlat(name)
            pm.Potential(f"{name}_prior", -pt.log(value))
            return value
    raise UnsupportedError(f"no PyMC form for {prior!r}.")


def _coefficients(reg: Regression, sigma: Any) -> Any:
    """Beta with its prior; on standardized columns also coef, its value on the user's columns."""
    standardized = bool(np.any(reg.design.standardization.sd != 1))
    name = "beta" if standardized else "coef"
    beta = _beta(reg, name, sigma)
    if standardized:
        pm.Deterministic("coef", beta / reg.design.standardization.sd, dims="coef_name")
    return beta


def _beta(reg: Regression, name: str, sigma: Any) -> Any:
    prior, factor = reg.prior, sigma if reg.prior.scaled_by_sigma else 1.0
    if not reg.scale_known:
        assert isinstance(prior, Laplace | Normal)
        assert isinstance(prior.scale, PositivePrior)
        return _simple(name, prior, _positive("scale", prior.scale) * factor)
    scales = reg.scales
    if isinstance(prior, Laplace) and np.all(np.isfinite(scales.laplace)):
        return _simple(name, prior, _shortest(scales.laplace) * factor)
    if isinstance(prior, Normal) and np.all(np.isfinite(scales.normal)):
        return _simple(name, prior, _shortest(scales.normal) * factor)
    beta = pm.Flat(name, dims="coef_name")
    pm.Potential(f"{name}_prior", _mixed_log_density(beta, scales, factor))
    return beta


def _simple(name: str, prior: Laplace | Normal, scale: Any) -> Any:
    if isinstance(prior, Laplace):
        return pm.Laplace(name, 0, scale, dims="coef_name")
    return pm.Normal(name, 0, scale, dims="coef_name")


def _shortest(scales: np.ndarray) -> Any:
    return _exact(scales[0]) if np.all(scales == scales[0]) else scales


def _mixed_log_density(beta: Any, scales: ColumnScales, factor: Any) -> Any:
    """Sum of the log densities where columns differ in kind; a flat column contributes nothing."""
    constant = _exact(np.sum(elastic_net_log_density(np.zeros(len(scales.laplace)), scales.laplace, scales.normal)))
    n_proper = int(np.sum(~scales.is_flat))
    unit = beta / factor
    penalty = pt.sum(pt.abs(unit) / scales.laplace) + 0.5 * pt.sum((unit / scales.normal) ** 2)
    return constant - n_proper * pt.log(factor) - penalty


def _intercept(reg: Regression, sigma: Any) -> Any:
    """The intercept at the centre; what the user sees as ``intercept`` is the one at x = 0."""
    if reg.intercept is False:
        return 0.0
    center = reg.design.standardization.center
    name = "intercept_at_center" if np.any(center != 0) else "intercept"
    if isinstance(reg.intercept, Normal):
        factor = sigma if reg.intercept.scaled_by_sigma else 1.0
        scale = _exact(reg.intercept.scale) * factor  # type: ignore[arg-type]
        at_center = pm.Normal(name, _exact(reg.intercept.loc), scale)
    else:
        at_center = pm.Flat(
            name, initval=reg.family.start(reg.design.mean_y) if reg.design.rows is None else _start(reg)
        )
    if name != "intercept":
        coef = pm.modelcontext(None)["coef"]
        pm.Deterministic("intercept", at_center - pt.dot(coef, center))
    return at_center


def _likelihood_of_rows(reg: Regression, beta: Any, at_center: Any, sigma: Any) -> None:
    rows = reg.design.rows
    assert rows is not None
    if isinstance(reg.design.matrix, ImplicitColumns):
        raise UnsupportedError("a PyMC model on the rows needs a dense X; pass X.toarray() where it fits in memory.")
    eta = at_center + pt.dot(pm.Data("X", reg.design.matrix, dims=("row", "coef_name")), beta)
    if rows.offset is not None:
        eta = eta + pm.Data("offset", rows.offset, dims="row")
    weights = None if rows.weights is None else pm.Data("weights", rows.weights, dims="row")
    if weights is not None and reg.family.has_sigma:
        sigma = sigma / pt.sqrt(weights)
    _observe(reg.family, eta, sigma, None if reg.family.has_sigma else weights, rows.y)


def _start(reg: Regression) -> float:
    """A finite intercept that fits the mean of the target."""
    rows = reg.design.rows
    assert rows is not None
    return reg.family.start(float(np.average(rows.y, weights=rows.weights)))


def _observe(family: Family, eta: Any, sigma: Any, weights: Any, y: np.ndarray) -> None:
    """The observed variable y; frequency weights multiply its log density."""
    is_count = not family.has_sigma
    observed = pm.Data("y_observed", y.astype(int) if is_count else y, dims="row")
    match family:
        case Bernoulli():
            made: dict[str, Any] = {"dist": pm.Bernoulli, "logit_p": eta}
        case Poisson():
            made = {"dist": pm.Poisson, "mu": pt.exp(eta)}
        case StudentT(df):
            made = {"dist": pm.StudentT, "nu": _exact(df), "mu": eta, "sigma": sigma}
        case _:
            made = {"dist": pm.Normal, "mu": eta, "sigma": sigma}
    dist = made.pop("dist")
    if weights is None:
        dist("y", **made, observed=observed, dims="row")
    else:
        pm.Potential("y_weighted", pt.sum(weights * pm.logp(dist.dist(**made), observed)))


def _likelihood_of_moments(reg: Regression, beta: Any, at_center: Any, sigma: Any) -> None:
    """−n log σ − [‖R(β − β̂)‖² + RSS(β̂) + Σw(ȳ − intercept)²]/(2σ²), with R'R the Gram matrix."""
    loss, design = reg.loss, reg.design
    theta = beta
    square: Any = 0.0
    if reg.has_intercept_column:
        assert isinstance(reg.intercept, Normal)
        theta = pt.concatenate([beta, pt.stack([at_center - _exact(reg.intercept.loc)])])
    elif reg.intercept is not False:
        square = _exact(design.weight) * (_exact(design.mean_y) - at_center) ** 2
    values, vectors = np.linalg.eigh(loss.gram)
    root = np.sqrt(np.maximum(values, 0.0))[:, None] * vectors.T
    R = pm.Data("R", root)
    z = pm.Data("z", root @ loss.least_squares)
    rss = pt.sum((pt.dot(R, theta) - z) ** 2) + _exact(loss.least_rss) + square
    log_weight = 0.5 * reg.design.log_weight
    constant = _exact(log_weight - 0.5 * reg.n * np.log(2 * np.pi))
    pm.Potential("log_likelihood", constant - reg.n * pt.log(sigma) - 0.5 * rss / sigma**2)

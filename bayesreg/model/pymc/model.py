"""A Regression as an ordinary PyMC model, on the rows or on the sufficient statistics.

Both forms have the same log density; the test suite holds it against the canonical objective.
"""

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pymc as pm
import pytensor.tensor as pt

from bayesreg.design.implicit import ImplicitColumns
from bayesreg.errors import UnsupportedError
from bayesreg.families.base import Family
from bayesreg.families.bernoulli import Bernoulli
from bayesreg.families.gamma import GammaFamily
from bayesreg.families.gaussian import Gaussian
from bayesreg.families.laplace import LaplaceNoise
from bayesreg.families.negative_binomial import NegativeBinomial
from bayesreg.families.poisson import Poisson
from bayesreg.families.student_t import StudentT
from bayesreg.model.intercept import FlatIntercept, Intercept, NormalIntercept
from bayesreg.model.pymc.distributions import flat, weighted
from bayesreg.model.pymc.priors import Parameterization, coefficients, number, positive

if TYPE_CHECKING:
    from bayesreg.model.regression import Regression

Form = Literal["auto", "rows", "moments"]
PARAMETERIZATIONS = ("auto", "centered", "noncentered")


def build_pymc_model(reg: "Regression", form: Form = "auto", parameterization: Parameterization = "auto") -> pm.Model:
    """Build the model; see :meth:`bayesreg.Regression.to_pymc`.

    Raises
    ------
    UnsupportedError
        If form or parameterization are unknown, or rows are asked for where only moments are known.
    """
    if parameterization not in PARAMETERIZATIONS:
        raise UnsupportedError(
            f'parameterization must be "auto", "centered" or "noncentered", got {parameterization!r}.'
        )
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
        sigma = _sigma(reg)
        beta = coefficients(reg, sigma, parameterization)
        at_center = _intercept(reg, sigma)
        if on_rows:
            _likelihood_of_rows(reg, beta, at_center, sigma)
        else:
            _likelihood_of_moments(reg, beta, at_center, sigma)
    return model


def _sigma(reg: "Regression") -> Any:
    if not reg.family.has_sigma:
        return np.asarray(1.0)
    return positive("sigma", reg.noise.prior) if reg.noise.sigma is None else number("sigma", reg.noise.sigma)


def _intercept(reg: "Regression", sigma: Any) -> Any:
    """The intercept at the centre; what the user sees as ``intercept`` is the one at x = 0."""
    term = reg.intercept_term
    if not term.exists:
        return 0.0
    center = reg.design.standardization.center
    name = "intercept_at_center" if np.any(center != 0) else "intercept"
    if type(term) not in INTERCEPTS:
        raise UnsupportedError(f"no PyMC form for {term!r}; available: {_names(INTERCEPTS)}.")
    numbers = {key: number(key, value) for key, value in term.numbers(reg.design, reg.family).items()}
    at_center = INTERCEPTS[type(term)](name, numbers, sigma if term.scaled_by_sigma else None)
    if name != "intercept":
        coef = pm.modelcontext(None)["coef"]
        pm.Deterministic("intercept", at_center - pt.dot(coef, pm.Data("center", center, dims="coef_name")))
    return at_center


def _normal(name: str, numbers: dict[str, Any], sigma: Any) -> Any:
    scale = numbers["intercept_prior_scale"]
    return pm.Normal(name, numbers["intercept_prior_loc"], scale if sigma is None else scale * sigma)


# An intercept's PyMC variable, given its numbers, and sigma where that scales its prior.
INTERCEPTS: dict[type[Intercept], Callable[[str, dict[str, Any], Any], Any]] = {
    FlatIntercept: lambda name, numbers, _: flat(name, numbers["intercept_start"]),
    NormalIntercept: _normal,
}


def _names(kinds: Iterable[type]) -> str:
    return ", ".join(kind.__name__ for kind in kinds)


def _likelihood_of_rows(reg: "Regression", beta: Any, at_center: Any, sigma: Any) -> None:
    rows = reg.design.known_rows
    if isinstance(reg.design.matrix, ImplicitColumns):
        raise UnsupportedError("a PyMC model on the rows needs a dense X; pass X.toarray() where it fits in memory.")
    eta = at_center + pt.dot(pm.Data("X", reg.design.matrix, dims=("row", "coef_name")), beta)
    if rows.offset is not None:
        eta = eta + pm.Data("offset", rows.offset, dims="row")
    weights = None if rows.weights is None else pm.Data("weights", rows.weights, dims="row")
    if weights is not None and reg.family.has_sigma:
        sigma = sigma / pt.sqrt(weights)
    _observe(reg.family, eta, sigma, None if reg.family.has_sigma else weights, rows.y)


def _observe(family: Family, eta: Any, sigma: Any, weights: Any, y: np.ndarray) -> None:
    """The observed variable y; frequency weights multiply its log density."""
    if type(family) not in OBSERVED:
        raise UnsupportedError(f"no PyMC form for the family {family!r}; available: {_names(OBSERVED)}.")
    whole = family.target_kind in ("classes", "counts")
    observed = pm.Data("y_observed", y.astype(int) if whole else y, dims="row")
    dist, made = OBSERVED[type(family)](family, eta, sigma)
    if weights is None:
        dist("y", **made, observed=observed, dims="row")
    else:
        weighted("y", dist, made, weights, observed=observed, dims="row")


# A family's PyMC distribution and its parameters, given linear predictor and sigma; a family of your own adds a line.
OBSERVED: dict[type[Family], Callable[[Any, Any, Any], tuple[Any, dict[str, Any]]]] = {
    Gaussian: lambda family, eta, sigma: (pm.Normal, {"mu": eta, "sigma": sigma}),
    Bernoulli: lambda family, eta, sigma: (pm.Bernoulli, {"logit_p": eta}),
    Poisson: lambda family, eta, sigma: (pm.Poisson, {"mu": pt.exp(eta)}),
    StudentT: lambda family, eta, sigma: (pm.StudentT, {"nu": number("df", family.df), "mu": eta, "sigma": sigma}),
    LaplaceNoise: lambda family, eta, sigma: (pm.Laplace, {"mu": eta, "b": sigma}),
    GammaFamily: lambda family, eta, sigma: (pm.Gamma, {"alpha": sigma**-2, "beta": sigma**-2 / pt.exp(eta)}),
    NegativeBinomial: lambda family, eta, sigma: (
        pm.NegativeBinomial,
        {"mu": pt.exp(eta), "alpha": number("size", family.size)},
    ),
}


def _likelihood_of_moments(reg: "Regression", beta: Any, at_center: Any, sigma: Any) -> None:
    """−n log σ − [‖R(β − β̂)‖² + RSS(β̂) + Σw(ȳ − intercept)²]/(2σ²), with R'R the Gram matrix."""
    loss, design = reg.loss_of_columns, reg.design
    theta = beta
    square: Any = 0.0
    if reg.intercept_term.in_theta:
        theta = pt.concatenate([beta, pt.stack([at_center - pm.modelcontext(None)["intercept_prior_loc"]])])
    elif reg.intercept_term.orthogonal:
        square = number("weight", design.weight) * (number("mean_y", design.mean_y) - at_center) ** 2
    values, vectors = np.linalg.eigh(loss.gram)
    root = np.sqrt(np.maximum(values, 0.0))[:, None] * vectors.T
    R = pm.Data("R", root)
    z = pm.Data("z", root @ loss.least_squares)
    rss = pt.sum((pt.dot(R, theta) - z) ** 2) + number("least_rss", loss.least_rss) + square
    n = number("n", reg.n)
    constant = number("log_likelihood_constant", 0.5 * design.log_weight - 0.5 * reg.n * np.log(2 * np.pi))
    pm.Potential("log_likelihood", constant - n * pt.log(sigma) - 0.5 * rss / sigma**2)

"""A posterior's DataTree, read back: the regression that it belongs to, and its draws."""

import ast
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from bayesreg.analysis.coef_draws import column_order
from bayesreg.design.columns import Rows
from bayesreg.design.design import CONSTANT_SHARE, Design
from bayesreg.design.moments import Moments
from bayesreg.design.standardization import Standardization
from bayesreg.errors import DataError, UnsupportedError
from bayesreg.families.base import Family
from bayesreg.families.registry import KINDS
from bayesreg.model.regression import Regression, check_regression
from bayesreg.model.unknowns import Unknowns
from bayesreg.priors.base import Prior
from bayesreg.priors.hyper import POSITIVE_PRIORS
from bayesreg.priors.normal import Normal
from bayesreg.priors.positive import PositivePrior
from bayesreg.priors.registry import PRIORS

if TYPE_CHECKING:
    from xarray import DataTree


def names_of(idata: "DataTree") -> tuple[str, ...]:
    """Names of the coefficients."""
    return tuple(str(name) for name in _posterior(idata)["coef_name"].to_numpy())


def family_of(idata: "DataTree") -> Family:
    """The family that a DataTree was sampled from."""
    return _read_call(str(_attribute(idata, "family_settings")), KINDS)


def coef_intercept_sigma(idata: "DataTree") -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Draws of coef (S, p) on the user's columns, of the intercept (S,) at x = 0, and of sigma (S,).

    Chains come one after the other. An intercept that is not there is 0, and sigma 1 in families without one.

    Raises
    ------
    DataError
        If it is no DataTree of :func:`bayesreg.sample`, or holds values that are not finite.
    """
    posterior, family = _posterior(idata), family_of(idata)
    coef = _flat(posterior, "coef", "coef_name")
    intercept = _flat(posterior, "intercept") if "intercept" in posterior else np.zeros(len(coef))
    if "sigma" in posterior:
        return coef, intercept, _flat(posterior, "sigma")
    return coef, intercept, np.full(len(coef), float(_constant(idata, "sigma")) if family.has_sigma else 1.0)


def _flat(posterior: "DataTree", name: str, *dims: str) -> np.ndarray:
    """Draws of a variable, its chains one after the other."""
    values, wanted = posterior[name], ("chain", "draw", *dims)
    if set(values.dims) != set(wanted):
        raise DataError(
            f"{name} of the posterior has the dimensions {values.dims}, and {wanted} are needed; choose chains and "
            "draws by a list, which keeps the dimension: idata.sel(chain=[0])."
        )
    numbers = values.transpose(*wanted).to_numpy()
    if numbers.shape[0] * numbers.shape[1] < 2:
        raise DataError(
            f"the posterior has {numbers.shape[0]} chains of {numbers.shape[1]} draws; at least 2 draws are needed: "
            "br.sample(reg)."
        )
    if numbers.dtype.kind not in "iuf" or not np.all(np.isfinite(numbers)):
        raise DataError(f"{name} of the posterior holds values that are not finite; sample it again: br.sample(reg).")
    return numbers.reshape(-1, *numbers.shape[2:])


def read_posterior(idata: "DataTree", reg: Regression | None = None) -> tuple[Regression, Unknowns]:
    """The regression of a posterior, as given or else rebuilt, and its draws, the chains one after the other.

    Raises
    ------
    DataError
        If it is no posterior of :func:`bayesreg.sample`, or `reg` is another regression than that sampled.
    """
    coef, intercept, sigma = coef_intercept_sigma(idata)
    order: Any = slice(None)
    if reg is None:
        reg = regression_of(idata)
    else:
        check_regression(reg)
        order = column_order(reg.names, np.array(names_of(idata)))
        check_belongs(reg, idata)
    standardization, coef = reg.design.standardization, coef[:, order]
    at_center = standardization.intercept_at_center(intercept, coef)
    hyperparameters = _hyperparameters(reg.prior, _posterior(idata), order)
    beta = standardization.beta(coef)
    if reg.bounds is not None:
        # A draw at a bound may have left it by the rounding of its unit.
        beta = reg.bounds.on(standardization.sd).clip(beta)
    return reg, Unknowns(beta, at_center, sigma, hyperparameters)


def _hyperparameters(prior: Prior, posterior: "DataTree", order: Any) -> dict[str, np.ndarray]:
    """The prior's unknowns that are there, those by column in the given order."""
    there = [unknown for unknown in prior.unknowns if unknown.name in posterior]
    return {
        one.name: _flat(posterior, one.name, "coef_name")[:, order] if one.per_column else _flat(posterior, one.name)
        for one in there
    }


def check_belongs(reg: Regression, idata: "DataTree") -> None:
    """Refuse a posterior whose attributes say that another regression was sampled.

    Raises
    ------
    DataError
        If they name another family, kind of prior or number of rows, or `reg` is no regression.
    """
    check_regression(reg)
    given = {"family": reg.family.name, "prior": reg.prior.name, "n": reg.n}
    given["bounds"] = "None" if reg.bounds is None else repr(reg.bounds.pairs)
    sampled = {name: idata.attrs.get(name, value) for name, value in given.items()}
    if sampled != given:
        raise DataError(
            f"the posterior is that of {_in_words(**sampled)}, reg has {_in_words(**given)}; pass the regression that "
            "was sampled, or leave reg out."
        )


def refuse_projected(idata: "DataTree") -> None:
    """Refuse draws with exact zeros where those of the posterior itself are needed.

    Raises
    ------
    UnsupportedError
        If the draws are projected.
    """
    if "projected_by" in idata.attrs:
        raise UnsupportedError(
            "these draws are projected (br.sparse_posterior), and the posterior itself is needed here: br.sample(reg)."
        )


def _in_words(family: object, prior: object, n: object, bounds: object) -> str:
    return f"a {family} family, a {prior} prior, bounds {bounds} and {n} rows"


def regression_of(idata: "DataTree") -> Regression:
    """Rebuild the regression that a DataTree of :func:`bayesreg.sample` was drawn from.

    Data come from ``observed_data`` and ``constant_data``, the settings from the attributes; those are
    parsed, never executed.

    Raises
    ------
    DataError
        If something that is needed is not there.

    Examples
    --------
    >>> import bayesreg as br
    >>> frame, target = br.load_dataset("diabetes")
    >>> reg = br.Regression(frame.drop(columns=target), frame[target], prior=br.Normal(10.0), sigma=54.0)
    >>> regression_of(br.sample(reg, draws=500, random_seed=1)).n
    442
    """
    names = names_of(idata)
    standardization = Standardization(_constant(idata, "center").to_numpy(), _constant(idata, "sd").to_numpy())
    known = idata["constant_data"]
    target, family = str(_attribute(idata, "target")), family_of(idata)
    design = _design(idata, names, target, standardization)
    sigma: Any = None
    if family.has_sigma:
        sigma = float(known["sigma"]) if "sigma" in known else _read_positive(idata, "sigma")
    center = bool(_attribute(idata, "center"))
    settings = {"sigma": sigma, "intercept": _intercept(idata), "center": center, "bounds": _bounds(idata)}
    return Regression.from_design(design, prior=_prior(idata), family=family, **settings)


def _bounds(idata: "DataTree") -> Any:
    """Pairs of numbers, or None."""
    text = str(idata.attrs.get("bounds", "None")).replace("inf", "1e999")
    try:
        return ast.literal_eval(text)
    except (SyntaxError, ValueError):
        raise DataError(f"the DataTree says {text!r}, where bounds are expected; pass the regression: reg=…") from None


def _design(idata: "DataTree", names: tuple[str, ...], target: str, standardization: Standardization) -> Design:
    known, n = idata["constant_data"], int(_attribute(idata, "n"))
    if "X" in known:
        extra = {name: known[name].to_numpy() if name in known else None for name in ("weights", "offset")}
        X = known["X"].transpose("row", "coef_name").to_numpy()
        if "observed_data" not in idata.children or "y" not in idata["observed_data"]:
            raise DataError("the DataTree has lost its observed_data; pass the regression: reg=…")
        rows = Rows(X, idata["observed_data"]["y"].to_numpy(), **extra)
        constant = np.ptp(X, axis=0) <= CONSTANT_SHARE * np.max(np.abs(X), axis=0)
        return Design(names, target, n, rows, standardization, constant)
    if "gram" not in known:
        raise DataError(
            "the DataTree holds neither the rows (X) nor their moments (gram), so this cannot be computed from it "
            "alone; pass the regression: reg=…"
        )
    values: dict[str, Any] = {name: known[name].to_numpy() for name in ("mean_x", "gram", "cross")}
    values |= {name: float(known[name]) for name in ("weight", "log_weight", "mean_y", "square")}
    moments = Moments(n=n, names=names, target=target, **values)
    constant = moments.sd_x <= CONSTANT_SHARE * np.abs(moments.mean_x)
    return Design(names, target, n, None, standardization, constant, moments)


def _prior(idata: "DataTree") -> Prior:
    prior: Any = _read_call(str(_attribute(idata, "prior_settings")), PRIORS + POSITIVE_PRIORS)
    if not isinstance(prior, Prior):
        raise DataError(f"the DataTree says {prior!r}, where a prior of coefficients is expected; pass reg=…")
    arrays = {field: name for field, name in prior.array_fields.items() if name in idata["constant_data"]}
    if arrays:
        prior = replace(prior, **{field: _constant(idata, name).to_numpy() for field, name in arrays.items()})  # type: ignore[type-var]
    known = {
        field: name
        for field, name in prior.column_fields.items()
        if not isinstance(getattr(prior, field), PositivePrior)
    }
    held = {field: _one_if_equal(_constant(idata, name).to_numpy()) for field, name in known.items()}
    return replace(prior, **held)


def _one_if_equal(values: np.ndarray) -> Any:
    """A scale for each column, as one number where it is the same for all, as it was given then."""
    return values.flat[0].item() if np.all(values == values.flat[0]) else values


def _intercept(idata: "DataTree") -> bool | Normal:
    text = str(_attribute(idata, "intercept"))
    return text == "True" if text in ("True", "False") else _read_call(text, (Normal,))


def _read_positive(idata: "DataTree", name: str) -> Any:
    return _read_call(str(_attribute(idata, name)), POSITIVE_PRIORS)


def _read_call(text: str, allowed: tuple[Callable[..., Any], ...]) -> Any:
    """Make the frozen dataclass whose repr ``Name(a=1.0, b='c')`` this is, without running it."""
    try:
        return _build(ast.parse(text.replace("=inf", "=1e999"), mode="eval").body, allowed)
    except (SyntaxError, KeyError, ValueError, TypeError, AttributeError):
        names = ", ".join(kind.__name__ for kind in allowed)
        raise DataError(
            f"the DataTree says {text!r}, where one of {names} is expected; pass the regression: reg=…"
        ) from None


def _build(node: ast.AST, allowed: tuple[Callable[..., Any], ...]) -> Any:
    if isinstance(node, ast.Dict):
        pairs = zip(node.keys, node.values, strict=True)
        return {ast.literal_eval(key): _build(value, allowed) for key, value in pairs if key is not None}
    if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name)):
        return ast.literal_eval(node)
    kinds = {kind.__name__: kind for kind in allowed}
    kind = kinds[node.func.id]
    return kind(**{str(part.arg): _build(part.value, allowed) for part in node.keywords})


def _posterior(idata: "DataTree") -> "DataTree":
    posterior = getattr(idata, "children", {}).get("posterior", {})
    if "coef" not in posterior or "coef_name" not in posterior["coef"].coords:
        raise DataError(
            f"expected a DataTree from br.sample(reg), whose posterior has coef(chain, draw, coef_name), got "
            f"{type(idata).__name__}; a comparison has one: comparison.idata."
        )
    return posterior


def _constant(idata: "DataTree", name: str) -> Any:
    if "constant_data" not in idata.children or name not in idata["constant_data"]:
        raise DataError(f"the DataTree has lost {name} of its constant_data; give it as br.sample(reg) returned it.")
    return idata["constant_data"][name]


def _attribute(idata: "DataTree", name: str) -> Any:
    if name not in idata.attrs:
        raise DataError(
            f"the DataTree has no attribute {name!r}; it is not from br.sample of this version of bayesreg."
        )
    return idata.attrs[name]

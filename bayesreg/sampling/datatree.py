"""Draws to an ArviZ DataTree with named coordinates, on the user's own columns."""

from collections.abc import Mapping, Sequence
from itertools import product
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

from bayesreg.design.implicit import is_sparse
from bayesreg.errors import PriorError, UnsupportedError
from bayesreg.model.log_density import (
    linear_predictor,
    log_likelihood,
    log_prior,
    pointwise_log_likelihood,
)
from bayesreg.model.objective import coef_at
from bayesreg.model.prior_numbers import prior_numbers
from bayesreg.model.regression import Regression
from bayesreg.model.unknowns import Unknowns
from bayesreg.priors.positive import PositivePrior
from bayesreg.sampling.draws import MOST_DOUBLES, Run
from bayesreg.sampling.prior_draws import draw_prior, improper_parts

if TYPE_CHECKING:
    from xarray import DataTree

# Variables with one value per column, whatever the prior.
BY_COLUMN = ("beta", "coef", "beta_unit", "coef_unit", "center", "sd")
# Numbers that a block of draws may hold.
BLOCK_SIZE = 4_000_000
EXTRA_GROUPS = ("prior", "prior_predictive", "posterior_predictive", "log_likelihood", "log_prior")
BY_ROW = ("prior_predictive", "posterior_predictive", "log_likelihood")


def to_datatree(
    reg: Regression,
    run: Run,
    attributes: dict[str, Any],
    groups: Sequence[str],
    random_seed: int | None,
) -> "DataTree":
    """Assemble the tree.

    Parameters
    ----------
    reg : Regression
    run : Run
    attributes : dict
        What ran and why, and the diagnostics, to be added to those of the regression.
    groups : sequence of str
        Which of ``prior``, ``prior_predictive``, ``posterior_predictive``, ``log_likelihood`` and ``log_prior`` to
        add; those of y need the rows.
    random_seed : int, optional
        For the predictive draws and those from the prior.
    """
    from arviz_base import from_dict

    # The posterior comes last: where it is huge, it takes the place of beta.
    draws, stats = run.draws, run.stats
    data: dict[str, dict[str, Any]] = {
        "sample_stats": stats if "lp" in stats else {**stats, "lp": log_posterior(reg, draws)}
    }
    data |= _extra(reg, draws, groups, random_seed)
    data = {"posterior": posterior_variables(reg, draws), **data}
    if reg.design.rows is not None:
        data["observed_data"] = {"y": reg.design.rows.y}
    data["constant_data"] = _constants(reg) | _moments(run)
    attrs = {**attributes_of(reg), **attributes}
    coords: dict[str, Any] = {"coef_name": list(reg.names)}
    matrices = [name for name in reg.prior.array_fields.values() if np.ndim(data["constant_data"].get(name, 0)) == 2]
    if reg.design.rows is None or matrices:
        coords["other_name"] = list(reg.names)
    if reg.design.rows is not None:
        coords["row"] = np.arange(reg.n)
    dims = {name: ["coef_name"] for name in variables_by_column(reg)}
    dims |= {name: ["coef_name"] for name in reg.prior.array_fields.values()}
    dims |= {name: ["coef_name", "other_name"] for name in matrices}
    dims |= {"posterior_mean": ["parameter"], "posterior_cov": ["parameter", "other_parameter"]}
    if run.moments is not None:
        parameters = [*reg.names, *["intercept"][: reg.intercept_term.exists]]
        coords |= {"parameter": parameters, "other_parameter": parameters}
    dims |= {"mean_x": ["coef_name"], "cross": ["coef_name"], "gram": ["coef_name", "other_name"]}
    dims |= {name: ["row"] for name in ("y", "weights", "offset")} | {"X": ["row", "coef_name"]}
    prior_attrs = {"prior": {"improper": " ".join(improper_parts(reg))}} if "prior" in data else {}
    group_attrs = prior_attrs | {
        "/": attrs,
        "posterior": {**attrs, "inference_library": run.library, "tuning_steps": run.warmup},
    }
    return from_dict(data, coords=coords, dims=dims, attrs=group_attrs)


def posterior_variables(reg: Regression, draws: Unknowns) -> dict[str, Any]:
    """Everything unknown, and the coefficients on the user's columns.

    All that ``reg.to_pymc()`` leaves free is among it, by the same name (unless the draws are huge).
    """
    if prod(draws.beta.shape) > MOST_DOUBLES:
        posterior = _on_user_columns_in_place(reg, draws)
    else:
        coef, intercept = draws.on_user_columns(reg.design.standardization)
        posterior = {"coef": coef if reg.bounds is None else coef_at(reg, draws.beta)} | _beta(reg, draws)
        if reg.intercept_term.exists:
            posterior["intercept"] = intercept
    if has_center(reg):
        posterior["intercept_at_center"] = draws.at_center
    if reg.noise.sigma is None:
        posterior["sigma"] = draws.sigma
    return posterior | dict(draws.hyperparameters)


def variables_by_column(reg: Regression) -> tuple[str, ...]:
    """Names of the variables and constants with one value per column."""
    local = [unknown.name for unknown in reg.prior.unknowns if unknown.per_column]
    return (*BY_COLUMN, *local, *reg.prior.column_fields.values())


def has_center(reg: Regression) -> bool:
    """Whether the intercept at the centre of the columns differs from the one at x = 0."""
    return reg.intercept_term.exists and bool(np.any(reg.design.standardization.center != 0))


def _beta(reg: Regression, draws: Unknowns) -> dict[str, np.ndarray]:
    """Beta where it is not coef; with local scales also in units of its standard deviations, which the model draws."""
    standardized = bool(np.any(reg.design.standardization.sd != 1))
    variables = {"beta": draws.beta} if standardized else {}
    if reg.prior.has_local_unknowns:
        given = reg.prior.given(reg.names, draws.sigma, draws.hyperparameters)
        unit = draws.beta * np.sqrt(reg.prior.local_precision(given))
        variables["beta_unit" if standardized else "coef_unit"] = unit
    return variables


def _on_user_columns_in_place(reg: Regression, draws: Unknowns) -> dict[str, Any]:
    """Coefficients and intercept on the user's columns, in the place of huge draws of beta, which are lost with it.

    Raises
    ------
    UnsupportedError
        If that was done before.
    """
    coef = draws.beta
    if not coef.flags.writeable:
        raise UnsupportedError("draws as many as these make one DataTree only; keep the first.")
    standardization = reg.design.standardization
    coef /= standardization.sd.astype(coef.dtype)
    coef.flags.writeable = False
    if not reg.intercept_term.exists:
        return {"coef": coef}
    step = max(1, BLOCK_SIZE // reg.p)
    intercept = draws.at_center.copy()
    for chain in range(len(coef)):
        for start in range(0, coef.shape[1], step):
            intercept[chain, start : start + step] -= coef[chain, start : start + step] @ standardization.center
    return {"coef": coef, "intercept": intercept}


def log_posterior(reg: Regression, draws: Unknowns) -> np.ndarray:
    """Log posterior density of each draw, in blocks of draws, so that what it needs on the way stays small."""
    step = max(1, BLOCK_SIZE // reg.p)
    total = np.empty(draws.sigma.shape)
    for chain, start in product(range(len(total)), range(0, total.shape[1], step)):
        block = (chain, slice(start, start + step))
        total[block] = log_likelihood(reg, draws[block]) + log_prior(reg, draws[block])
    return total


def _extra(
    reg: Regression, draws: Unknowns, groups: Sequence[str], random_seed: int | None
) -> dict[str, dict[str, Any]]:
    check_groups(reg, groups)
    data: dict[str, dict[str, Any]] = {}
    if "log_likelihood" in groups:
        data["log_likelihood"] = {"y": pointwise_log_likelihood(reg, draws)}
    if "log_prior" in groups:
        data["log_prior"] = {"prior": log_prior(reg, draws)}
    if "posterior_predictive" in groups:
        data["posterior_predictive"] = {"y": _predictive(reg, draws, _stream(random_seed, 1))}
    if "prior" in groups or "prior_predictive" in groups:
        data |= _before_data(reg, draw_prior(reg, draws.sigma.shape, _stream(random_seed, 2)), groups, random_seed)
    return data


def check_groups(reg: Regression, groups: Sequence[str]) -> None:
    """Refuse groups that this regression cannot have before anything is drawn.

    Raises
    ------
    UnsupportedError
        If a group is unknown, or needs rows that are not there.
    PriorError
        If draws from an improper prior are asked for.
    """
    unknown = [group for group in groups if group not in EXTRA_GROUPS]
    if unknown:
        raise UnsupportedError(f"unknown groups {unknown}; available: {', '.join(EXTRA_GROUPS)}.")
    by_row = [group for group in groups if group in BY_ROW]
    if by_row and reg.design.rows is None:
        raise UnsupportedError(
            f"{by_row} need the rows, but this regression was made from moments; use Regression(X, y, …)."
        )
    improper = improper_parts(reg)
    if "prior_predictive" in groups and improper:
        raise PriorError(
            f"the prior of {', '.join(improper)} is improper, so it predicts nothing; give a proper one, such as "
            "intercept=br.Normal(scale, loc=…), sigma=br.HalfNormal(scale) and finite scales, or leave "
            '"prior_predictive" out of groups.'
        )
    if "prior" in groups and not _prior_variables(reg, draw_prior(reg, (1, 1), np.random.default_rng(0))):
        raise PriorError('every prior here is improper, so there is nothing to draw; leave "prior" out of groups.')


def _stream(random_seed: int | None, number: int) -> np.random.Generator:
    """Return a stream apart from those that the chains spawned from the same seed."""
    return np.random.default_rng(None if random_seed is None else [random_seed, number])


def _predictive(reg: Regression, draws: Unknowns, generator: np.random.Generator) -> np.ndarray:
    rows = reg.design.known_rows
    root = 1.0 if rows.weights is None else np.sqrt(rows.weights)
    return reg.family.draw(generator, linear_predictor(reg, draws), draws.sigma[..., None] / root)


def _before_data(
    reg: Regression, parts: dict[str, np.ndarray], groups: Sequence[str], random_seed: int | None
) -> dict[str, dict[str, Any]]:
    data: dict[str, dict[str, Any]] = {}
    if "prior" in groups:
        data["prior"] = _prior_variables(reg, parts)
    if "prior_predictive" in groups:
        try:
            y = _predictive(reg, _unknowns(parts), _stream(random_seed, 3))
        except (ValueError, UnsupportedError) as error:
            raise PriorError(
                f"the {reg.prior.name} prior allows predictions too large for the {reg.family.name} family "
                f"({error}); give smaller scales."
            ) from None
        data["prior_predictive"] = {"y": y}
    return data


def _unknowns(parts: dict[str, np.ndarray]) -> Unknowns:
    """Draws of all unknowns; beta does not depend on what has an improper prior, which stands at a fixed value."""
    shape = parts["beta"].shape[:-1]
    others = {name: values for name, values in parts.items() if name not in ("beta", "at_center", "sigma")}
    at_center, sigma = parts.get("at_center", np.zeros(shape)), parts.get("sigma", np.ones(shape))
    return Unknowns(parts["beta"], at_center, sigma, others)


def _prior_variables(reg: Regression, parts: dict[str, np.ndarray]) -> dict[str, Any]:
    """The variables of the posterior that have a proper prior."""
    variables: dict[str, Any] = {}
    if "beta" in parts:
        draws = _unknowns(parts)
        coef, intercept = draws.on_user_columns(reg.design.standardization)
        variables = {"coef": coef} | _beta(reg, draws)
        if reg.intercept_term.exists and "at_center" in parts:
            variables["intercept"] = intercept
            if has_center(reg):
                variables["intercept_at_center"] = parts["at_center"]
    known = {"beta", "at_center"} | ({"sigma"} if reg.noise.known else set())
    return variables | {name: values for name, values in parts.items() if name not in known}


def _constants(reg: Regression) -> dict[str, Any]:
    standardization, rows = reg.design.standardization, reg.design.rows
    constants: dict[str, Any] = {"center": standardization.center, "sd": standardization.sd}
    constants |= reg.prior.constants(reg.names)
    if reg.noise.sigma is not None:
        constants["sigma"] = reg.noise.sigma
    constants |= prior_numbers(reg)
    if rows is None:
        constants |= _statistics(reg)
    else:
        if not is_sparse(rows.X):
            constants["X"] = rows.X
        constants |= {name: value for name in ("weights", "offset") if (value := getattr(rows, name)) is not None}
    return constants


def _moments(run: Run) -> dict[str, Any]:
    """Those of the posterior on the user's columns, where it is Normal."""
    return {} if run.moments is None else dict(zip(("posterior_mean", "posterior_cov"), run.moments, strict=True))


def _statistics(reg: Regression) -> dict[str, Any]:
    """The moments, where they are all that is known of the data."""
    names = ("weight", "log_weight", "mean_x", "mean_y", "gram", "cross", "square")
    return {name: getattr(reg.design.moments, name) for name in names}


def attributes_of(reg: Regression) -> dict[str, Any]:
    """What the regression is, in words and numbers that any file format keeps."""
    scale = getattr(reg.prior, "scale", None)
    rows = reg.design.rows
    left_out = {"X": "left out, since it is sparse"} if rows is not None and is_sparse(rows.X) else {}
    return left_out | {
        "modeling_interface": "bayesreg",
        "model": repr(reg),
        "family": reg.family.name,
        "family_settings": repr(reg.family),
        "prior_settings": reg.prior.settings,
        "intercept": repr(reg.intercept),
        "center": int(reg.center),
        "bounds": "None" if reg.bounds is None else repr(reg.bounds.pairs),
        "target": reg.design.target,
        "prior": reg.prior.name,
        "scale": str(scale)
        if isinstance(scale, PositivePrior) or scale is None
        else np.asarray(scale).tolist()
        if not isinstance(scale, Mapping)
        else str(scale),
        "scaled_by_sigma": int(reg.prior.scaled_by_sigma),
        "sigma": str(reg.noise.prior) if reg.noise.sigma is None else reg.noise.sigma,
        "n": reg.n,
        "p": reg.p,
    }

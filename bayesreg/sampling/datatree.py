"""Draws to an ArviZ DataTree with named coordinates, on the user's own columns."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from bayesreg.errors import UnsupportedError
from bayesreg.model.log_density import linear_predictor, log_likelihood, log_prior, pointwise_log_likelihood
from bayesreg.model.regression import Regression
from bayesreg.priors.positive import PositivePrior
from bayesreg.sampling.draws import Draws

if TYPE_CHECKING:
    from xarray import DataTree

EXTRA_GROUPS = ("posterior_predictive", "log_likelihood", "log_prior")


def to_datatree(
    reg: Regression,
    draws: Draws,
    told: dict[str, Any],
    groups: Sequence[str],
    random_seed: int | None,
) -> "DataTree":
    """Assemble the tree.

    Parameters
    ----------
    reg : Regression
    draws : Draws
    told : dict
        What ran and why and what the gate found, for the attributes.
    groups : sequence of str
        Which of ``posterior_predictive``, ``log_likelihood`` and ``log_prior`` to add; they need the rows.
    random_seed : int, optional
        For the predictive draws.
    """
    from arviz_base import from_dict

    data: dict[str, dict[str, Any]] = {
        "posterior": _posterior(reg, draws),
        "sample_stats": {**draws.stats, "lp": _log_posterior(reg, draws)},
    }
    data |= _extra(reg, draws, groups, random_seed)
    if reg.design.rows is not None:
        data["observed_data"] = {"y": reg.design.rows.y}
    data["constant_data"] = _constants(reg)
    attrs = {**_attributes(reg), **told}
    coords: dict[str, Any] = {"coef_name": list(reg.names)}
    if reg.design.rows is not None:
        coords["row"] = np.arange(reg.n)
    dims = {name: ["coef_name"] for name in ("beta", "coef", "center", "sd", "laplace_scale", "normal_scale")}
    dims |= {name: ["row"] for name in ("y", "weights", "offset")} | {"X": ["row", "coef_name"]}
    group_attrs = {"/": attrs, "posterior": {**attrs, "inference_library": draws.library, "tuning_steps": draws.warmup}}
    return from_dict(data, coords=coords, dims=dims, attrs=group_attrs)


def _posterior(reg: Regression, draws: Draws) -> dict[str, Any]:
    found = reg.locate(draws.beta, draws.at_center)
    posterior: dict[str, Any] = {"coef": found.coef}
    if np.any(reg.design.standardization.sd != 1):
        posterior["beta"] = draws.beta
    if reg.intercept is not False:
        posterior["intercept"] = found.intercept
    if reg.noise.sigma is None:
        posterior["sigma"] = draws.sigma
    if draws.scale is not None:
        posterior["scale"] = draws.scale
    return posterior


def _log_posterior(reg: Regression, draws: Draws) -> np.ndarray:
    likelihood = log_likelihood(reg, draws.beta, draws.at_center, draws.sigma)
    return likelihood + log_prior(reg, draws.beta, draws.at_center, draws.sigma, draws.scale)


def _extra(reg: Regression, draws: Draws, groups: Sequence[str], random_seed: int | None) -> dict[str, dict[str, Any]]:
    unknown = [group for group in groups if group not in EXTRA_GROUPS]
    if unknown:
        raise UnsupportedError(f"unknown groups {unknown}; available: {', '.join(EXTRA_GROUPS)}.")
    data: dict[str, dict[str, Any]] = {}
    if "log_likelihood" in groups:
        data["log_likelihood"] = {"y": pointwise_log_likelihood(reg, draws.beta, draws.at_center, draws.sigma)}
    if "log_prior" in groups:
        prior = log_prior(reg, draws.beta, draws.at_center, draws.sigma, draws.scale)
        data["log_prior"] = {"prior": prior}
    if "posterior_predictive" in groups:
        data["posterior_predictive"] = {"y": _predictive(reg, draws, random_seed)}
    return data


def _predictive(reg: Regression, draws: Draws, random_seed: int | None) -> np.ndarray:
    eta = linear_predictor(reg, draws.beta, draws.at_center)
    rows = reg.design.rows
    assert rows is not None
    root = 1.0 if rows.weights is None else np.sqrt(rows.weights)
    # A stream of its own, apart from those that the chains spawned from the same seed.
    generator = np.random.default_rng(None if random_seed is None else [random_seed, 1])
    return reg.family.draw(generator, eta, draws.sigma[..., None] / root)


def _constants(reg: Regression) -> dict[str, Any]:
    standardization, rows = reg.design.standardization, reg.design.rows
    constants: dict[str, Any] = {"center": standardization.center, "sd": standardization.sd}
    if reg.scale_known:
        scales = {"laplace_scale": reg.scales.laplace, "normal_scale": reg.scales.normal}
        constants |= {name: scale for name, scale in scales.items() if np.any(np.isfinite(scale))}
    if reg.noise.sigma is not None:
        constants["sigma"] = reg.noise.sigma
    if rows is not None:
        constants["X"] = rows.X
        constants |= {name: value for name in ("weights", "offset") if (value := getattr(rows, name)) is not None}
    return constants


def _attributes(reg: Regression) -> dict[str, Any]:
    scale = getattr(reg.prior, "scale", None)
    return {
        "modeling_interface": "bayesreg",
        "model": repr(reg),
        "family": reg.family.name,
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

"""The answer of find_MAP as a DataTree: PyMC's own groups, and the certificate."""

import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pymc as pm
import xarray as xr
from pymc.backends import NDArray
from pymc.backends.base import MultiTrace

from bayesreg.errors import DataError, MultimodalWarning
from bayesreg.find_map.density import SplitDensity
from bayesreg.find_map.newton import Descent
from bayesreg.find_map.survey import Survey
from bayesreg.find_map.variables import Piece, compile_graph

METHOD = "proximal Newton"


def answer(
    model: pm.Model, density: SplitDensity, surveyed: Survey, held: Mapping[str, Any], idata_kwargs: Mapping[str, Any]
) -> xr.DataTree:
    """Every group, for the highest of the modes that were found."""
    descent = surveyed.modes[0][0]
    point = density.point(descent.local.v)
    tree = _posterior(model, point, held, idata_kwargs)
    tree["fit"] = xr.DataTree(_fit(density, point))
    tree["optimizer_result"] = xr.DataTree(_optimizer_result(density, descent, point))
    tree["certificate"] = xr.DataTree(_certificate(density, surveyed))
    return tree


def _posterior(
    model: pm.Model, point: dict[str, np.ndarray], held: Mapping[str, Any], idata_kwargs: Mapping[str, Any]
) -> xr.DataTree:
    """Groups posterior, observed_data and constant_data, by PyMC's own converter."""
    restore = compile_graph(model.value_vars, model.unobserved_value_vars)
    values = dict(
        zip([var.name for var in model.unobserved_value_vars], restore(*values_in_order(model, point)), strict=True)
    )
    trace = NDArray(
        model=model,
        fn=restore,
        var_shapes={name: np.shape(value) for name, value in values.items()},
        var_dtypes={name: np.asarray(value).dtype for name, value in values.items()},
    )
    trace.setup(draws=1, chain=0)
    trace.record(dict(zip(point, values_in_order(model, point), strict=True)), in_warmup=False)
    trace.close()
    try:
        tree = pm.to_inference_data(MultiTrace([trace]), model=model, **idata_kwargs)
    except TypeError as error:
        raise DataError(
            f"idata_kwargs are those of pm.to_inference_data, got {sorted(idata_kwargs)}: {error}"
        ) from error
    if not tree["sample_stats"].data_vars:
        del tree["sample_stats"]
    for name, value in held.items():
        # A held value returns as it was given, not by way of its logarithm.
        tree["posterior"][name] = xr.full_like(tree["posterior"][name], 0) + np.asarray(value)
    return tree


def _fit(density: SplitDensity, point: dict[str, np.ndarray]) -> xr.Dataset:
    """The unconstrained values in one vector, labelled as PyMC labels them."""
    labels, vector = _unconstrained(density, point)
    return xr.Dataset({"mean_vector": ("rows", vector)}, coords={"rows": labels})


def _unconstrained(density: SplitDensity, point: dict[str, np.ndarray]) -> tuple[list[str], np.ndarray]:
    labels = [piece.value_name + key for piece in density.pieces for key in piece.keys]
    return labels, np.concatenate([np.ravel(point[piece.value_name]) for piece in density.pieces])


def _optimizer_result(density: SplitDensity, descent: Descent, point: dict[str, np.ndarray]) -> xr.Dataset:
    """As scipy.optimize has it; ``jac`` is the subgradient of least size, the Laplace variables around their μ_j."""
    labels, vector = _unconstrained(density, point)
    return xr.Dataset(
        {
            "fun": descent.local.value,
            "jac": ("variables", descent.local.subgradient),
            "nfev": descent.evaluations,
            "njev": descent.evaluations,
            "nit": descent.steps,
            "status": 0,
            "message": descent.end.value,
            "x": ("variables", vector),
            "success": True,
            "method": METHOD,
        },
        coords={"variables": labels},
    )


def _certificate(density: SplitDensity, surveyed: Survey) -> xr.Dataset:
    descent, judged = surveyed.modes[0]
    kinked = [piece for piece in density.pieces if piece.kinked or np.any(density.bounded[piece.where])]
    zeros = [int(np.count_nonzero(descent.local.v[piece.where] == 0)) for piece in kinked]
    sizes = [piece.where.stop - piece.where.start for piece in kinked]
    counts = ", ".join(f"{zero} of {size} {piece.name}" for zero, size, piece in zip(zeros, sizes, kinked, strict=True))
    return xr.Dataset(
        {
            "log_density": judged.log_density,
            "kkt": judged.kkt,
            "kkt_allowed": judged.kkt_allowed,
            "gradient_norm": judged.gradient_norm,
            "newton_step": judged.newton_step,
            "curvature": judged.curvature,
            "n_zeros": ("variable", np.array(zeros, dtype=int)),
            "n_elements": ("variable", np.array(sizes, dtype=int)),
        },
        coords={"variable": np.array([piece.name for piece in kinked], dtype=str)},
        attrs={
            "message": f"mode after {descent.steps} steps; exactly at their locations or bounds: {counts or 'none'}"
            + (f"; not settled: {', '.join(surveyed.open_ends)}" if surveyed.open_ends else ""),
            "density": "model.logp(jacobian=False)",
            # Text, since a list does not come back from netCDF as it went.
            "unbounded_checked": ", ".join(_checked(density, surveyed)),
            "unbounded_not_settled": ", ".join(surveyed.open_ends),
            "other_modes": ", ".join(f"{-other.local.value:.8g}" for other, _ in surveyed.modes[1:]),
        },
    )


def _checked(density: SplitDensity, surveyed: Survey) -> list[str]:
    """Elements of transformed variables that have no open end."""
    positions = [k for piece in density.pieces if piece.has_ends for k in range(piece.where.start, piece.where.stop)]
    names = {name.rsplit(" ", 1)[0] for name in surveyed.open_ends}
    return [label for label in density.labels(positions) if surveyed.walked and label not in names]


def warn_of_modes(model: pm.Model, density: SplitDensity, surveyed: Survey) -> None:
    """Name every mode by its log density and the element in which they differ most."""
    if len(surveyed.modes) == 1:
        return
    restore = compile_graph(model.value_vars, model.unobserved_value_vars)
    points = [density.point(descent.local.v) for descent, _ in surveyed.modes]
    names = [var.name for var in model.unobserved_value_vars]
    rows = [dict(zip(names, restore(*values_in_order(model, point)), strict=True)) for point in points]
    values = np.array([np.concatenate([np.ravel(row[piece.name]) for piece in density.pieces]) for row in rows])
    size = np.max(np.abs(values), axis=0)
    scales = np.concatenate([np.full(np.size(rows[0][piece.name]), piece.has_ends) for piece in density.pieces])
    # Two modes are best told apart by a scale, where there is one.
    most = int(np.argmax(np.ptp(values, axis=0) / np.where(size > 0, size, 1.0) * np.where(scales, 10.0, 1.0)))
    name = [piece.name + key for piece in density.pieces for key in _keys(piece, rows[0])][most]
    top = surveyed.modes[0][0].local.value
    modes = "; ".join(
        f"{name} = {value:.4g}, log density {top - descent.local.value:+.2f}"
        for value, (descent, _) in zip(values[:, most], surveyed.modes, strict=True)
    )
    warnings.warn(
        f"the joint density has several modes; found were: {modes} (relative to the highest, which is returned). "
        "Look at the whole posterior, or hold a variable, fixed={name: value}.",
        MultimodalWarning,
        stacklevel=3,
    )


def _keys(piece: Piece, values: Mapping[str, np.ndarray]) -> Sequence[str]:
    """A transform may change the number of elements, as that of a simplex does."""
    size = np.size(values[piece.name])
    return piece.keys if size == len(piece.keys) else [f"[{k}]" for k in range(size)]


def values_in_order(model: pm.Model, point: dict[str, np.ndarray]) -> list[np.ndarray]:
    """The unconstrained values in the order of the model's own functions."""
    return [point[var.name] for var in model.value_vars]

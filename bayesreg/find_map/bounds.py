"""Modes on the bound of a variable's range, such as coefficients of an exponential prior that are exactly 0.

An unconstrained value runs towards infinity there. The variable is then measured on its own scale from that end,
x = end ± u with u ≥ 0, where a density that is finite and has a slope on the bound has a mode like any other.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pymc as pm
from pymc.distributions.transforms import _default_transform
from pymc.logprob.transforms import IntervalTransform, LogOddsTransform, LogTransform
from pymc.model.transform.conditioning import remove_value_transforms
from pytensor.graph.traversal import ancestors
from scipy import special

from bayesreg.find_map.density import Local, SplitDensity, split_density
from bayesreg.find_map.variables import End, Piece, compile_graph

# A transformed value that moved so far (e^6 = 400 for a scale) may be on its way to a bound.
NEAR = 6.0


def measured_from_ends(
    model: pm.Model, density: SplitDensity, local: Local, held: Mapping[str, Any]
) -> SplitDensity | None:
    """The density in coordinates that have the bounds in them to which a descent ran; None if it ran to none."""
    ends: dict[str, End] = {}
    starts = {piece.name: local.v[piece.where].copy() for piece in density.pieces}
    for piece in density.pieces:
        moved = np.abs(local.v - density.start)[piece.where]
        bounds = None if piece.kinked else _bounds(model, piece)
        if bounds is None or (piece.transformed and not np.any(moved > NEAR)):
            continue
        sides = _sides(piece, local, *bounds)
        if np.any(~np.isfinite(np.where(sides > 0, *bounds))[moved > NEAR]):
            return None
        ends[piece.name] = End(np.where(sides > 0, *bounds), sides)
        starts[piece.name] = _distances(piece, local.v[piece.where], ends[piece.name], *bounds)
        starts[piece.name][piece.transformed & (moved > NEAR)] = 0.0
    if not ends:
        return None
    transformed = [piece.name for piece in density.pieces if piece.name in ends and piece.transformed]
    freed = remove_value_transforms(model, transformed) if transformed else model
    measured = split_density(freed, {}, held, ends)
    names = {piece.name: piece.value_name for piece in density.pieces}
    return replace(
        measured,
        pieces=tuple(replace(piece, value_name=names[piece.name]) for piece in measured.pieces),
        start=np.concatenate([starts[piece.name] for piece in measured.pieces]),
        restore=_restoring(model, measured, ends, names),
    )


def _bounds(model: pm.Model, piece: Piece) -> tuple[np.ndarray, np.ndarray] | None:
    """The ends of a variable's range, elementwise, if they are known numbers."""
    rv = model[piece.name]
    transform = model.rvs_to_transforms[rv] or _default_transform(rv.owner.op, rv)
    match transform:
        case LogTransform():
            given: tuple[Any, Any] = (0.0, None)
        case LogOddsTransform():
            given = (0.0, 1.0)
        case IntervalTransform():
            given = transform.args_fn(*rv.owner.inputs)
        case _:
            return None
    graphs = [graph for graph in given if hasattr(graph, "owner")]
    if not set(model.free_RVs).isdisjoint(ancestors(graphs)):
        return None
    values = [fallback if end is None else end for end, fallback in zip(given, (-np.inf, np.inf), strict=True)]
    numbers = compile_graph([], [pm.math.constant(v) if not hasattr(v, "owner") else v for v in values])()
    lower, upper = (np.broadcast_to(number, piece.shape).ravel().astype(float) for number in numbers)
    return lower, upper


def _sides(piece: Piece, local: Local, lower: np.ndarray, upper: np.ndarray) -> np.ndarray:
    """+1 where the lower end is the one to measure from, −1 where the upper one is."""
    falls = local.v[piece.where] < 0 if piece.transformed else local.slope[piece.where] > 0
    return np.where(np.isfinite(lower) & (falls | ~np.isfinite(upper)), 1.0, -1.0)


def _distances(piece: Piece, v: np.ndarray, end: End, lower: np.ndarray, upper: np.ndarray) -> np.ndarray:
    if not piece.transformed:
        return np.abs(v - end.value)
    both = np.isfinite(lower) & np.isfinite(upper)
    with np.errstate(over="ignore", invalid="ignore"):
        return np.where(both, (upper - lower) * special.expit(end.side * v), np.exp(v))


def _restoring(model: pm.Model, density: SplitDensity, ends: Mapping[str, End], names: Mapping[str, str]) -> Any:
    """Unconstrained values of the model itself, by name, infinite where a variable lies on its bound."""
    forward = {}
    for name in ends:
        rv = model[name]
        variable, transform = rv.type(), model.rvs_to_transforms[rv]
        graph = variable if transform is None else transform.forward(variable, *rv.owner.inputs)
        forward[name] = compile_graph([variable], graph)

    def restore(v: np.ndarray) -> dict[str, np.ndarray]:
        point = dict(density.restore(v))
        for piece in density.pieces:
            if piece.name in ends:
                inside = np.ravel(point.pop(piece.value_name))
                x = np.where(v[piece.where] == 0, ends[piece.name].value, inside).reshape(piece.shape)
                with np.errstate(divide="ignore"):
                    point[names[piece.name]] = forward[piece.name](x)
        return point

    return restore

"""The free variables of a PyMC model: which are estimated, where a search begins, and how each enters its vector."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
import pymc as pm
from pymc.distributions.transforms import ZeroSumTransform
from pymc.initial_point import make_initial_point_expression
from pymc.logprob.transforms import CircularTransform
from pymc.pytensorf import compile as compile_in_mode
from pymc.pytensorf import replace_rng_nodes
from pymc.vartypes import discrete_types
from pytensor.compile.mode import Mode
from pytensor.configdefaults import config
from pytensor.graph.rewriting.db import RewriteDatabaseQuery
from pytensor.tensor.random.basic import LaplaceRV

from bayesreg.errors import DataError, UnsupportedError
from bayesreg.model.pymc.distributions import ElasticNetRV

# NumPy itself runs the graph: it compiles in tenths of a second where numba takes 10 to 50, at about the same speed.
NUMPY_MODE = Mode(
    linker="py", optimizer=RewriteDatabaseQuery(include=["fast_run"], exclude=["fusion", "cxx_only", "BlasOpt"])
)
# Just inside of a bound at 0.
TINY = 1e-300
# Their unconstrained values go round, or are as far-reaching as the variable itself.
WITHOUT_ENDS = (CircularTransform, ZeroSumTransform)


@dataclass(frozen=True)
class Piece:
    """One free variable's place in v.

    Attributes
    ----------
    name, value_name : str
        Of the variable, and of its unconstrained value.
    shape : tuple of int
    keys : tuple of str
        What to write behind the name for each element: "[age]", or "" for a scalar.
    where : slice
        Of v.
    kinked : bool
        Whether it is a Laplace variable, whose u is in v.
    transformed : bool
        Whether its value in v is not the variable itself.
    has_ends : bool
        Whether −∞ and ∞ in v are ends of the variable's range, as 0 and ∞ are of a scale's.
    """

    name: str
    value_name: str
    shape: tuple[int, ...]
    keys: tuple[str, ...]
    where: slice
    kinked: bool
    transformed: bool
    has_ends: bool


@dataclass(frozen=True, eq=False)
class End:
    """The end of each element's range from which it is measured, and on which side of it (±1) it lies."""

    value: np.ndarray
    side: np.ndarray

    @property
    def just_inside(self) -> np.ndarray:
        """A density may have a kink on the bound itself; its slope is that from inside."""
        return np.where(self.value == 0, self.side * TINY, np.nextafter(self.value, self.side * np.inf))


def compile_graph(inputs: list[Any], outputs: Any) -> Any:
    """Compile for NumPy, nothing passing through a C compiler."""
    with config.change_flags(cxx=""):
        return compile_in_mode(inputs, outputs, mode=NUMPY_MODE, on_unused_input="ignore")


def check_known(model: pm.Model, **given: Iterable[str]) -> None:
    """Refuse, by the argument's name, what is not the name of a free variable."""
    names = [rv.name for rv in model.free_RVs]
    for what, values in given.items():
        unknown = [name for name in values if name not in names]
        if unknown:
            raise DataError(f"{what} names {unknown}, but the model's free variables are {names}.")


def check_names(model: pm.Model, start: Mapping[str, Any], fixed: Mapping[str, Any]) -> None:
    """Refuse what cannot be estimated.

    Raises
    ------
    DataError
        If a name is not that of a free variable, or nothing is left to estimate.
    UnsupportedError
        If a free variable is discrete and not fixed, or in single precision.
    """
    check_known(model, start=start, fixed=fixed)
    names = [rv.name for rv in model.free_RVs]
    single = [rv.name for rv in model.free_RVs if rv.dtype in ("float16", "float32")]
    if single:
        raise UnsupportedError(f"{single} are in single precision; build the model with pytensor's floatX=float64.")
    discrete = [rv.name for rv in model.free_RVs if rv.dtype in discrete_types and rv.name not in fixed]
    if discrete:
        raise UnsupportedError(
            f"{discrete} are discrete, and a mode over them is not found by slopes; hold them at values with "
            "fixed={name: value}, or sum them out of the model."
        )
    if all(name in fixed for name in names):
        raise DataError(f"nothing is left to estimate: the free variables are {names}, and fixed holds {list(fixed)}.")


def first_point(model: pm.Model, given: Mapping[str, Any]) -> dict[str, np.ndarray]:
    """The model's initial point with the given values in it, on the unconstrained scale.

    Raises
    ------
    DataError
        If a value is not one that the variable can take.
    """
    names = {model.rvs_to_values[rv].name: rv.name for rv in model.free_RVs}
    overrides = _overrides(model, given)
    first = _initial_values(model, overrides, transformed=True)
    for rv, value in overrides.items():
        whole = rv.dtype not in discrete_types or np.all(value == np.round(value))
        if not (whole and np.all(np.isfinite(first[rv.name]))):
            raise DataError(f"{rv.name} cannot be {given[rv.name]!r}, which lies outside of its support.")
    return {value: first[name] for value, name in names.items()}


def usual_values(model: pm.Model, given: Mapping[str, Any]) -> dict[str, np.ndarray]:
    """The model's initial point with the given values in it, on the variables' own scale."""
    return _initial_values(model, _overrides(model, given), transformed=False)


def _overrides(model: pm.Model, given: Mapping[str, Any]) -> dict[Any, np.ndarray]:
    if not given:
        return {}
    usual = _initial_values(model, {}, transformed=False)
    return {model[name]: _shaped(name, value, usual[name].shape) for name, value in given.items()}


def _initial_values(model: pm.Model, overrides: Mapping[Any, Any], *, transformed: bool) -> dict[str, np.ndarray]:
    """What the model itself starts from, by variable."""
    graphs = make_initial_point_expression(
        free_rvs=model.free_RVs,
        rvs_to_transforms=model.rvs_to_transforms,
        initval_strategies={**model.rvs_to_initial_values, **overrides},
        return_transformed=transformed,
    )
    with np.errstate(all="ignore"):
        values = compile_graph([], replace_rng_nodes(graphs))()
    return dict(zip([rv.name for rv in model.free_RVs], values, strict=True))


def _shaped(name: str, value: Any, shape: tuple[int, ...]) -> np.ndarray:
    try:
        return np.broadcast_to(np.asarray(value, dtype=float), shape)
    except (TypeError, ValueError):
        raise DataError(f"{name} takes numbers of shape {shape}; got {value!r}.") from None


def read_pieces(model: pm.Model, first: Mapping[str, np.ndarray], fixed: Mapping[str, Any]) -> tuple[Piece, ...]:
    """Each estimated variable's place in the vector, in the order of the model."""
    pieces: list[Piece] = []
    stop = 0
    for rv in model.free_RVs:
        if rv.name in fixed:
            continue
        value_name, transform = model.rvs_to_values[rv].name, model.rvs_to_transforms[rv]
        begin, stop = stop, stop + first[value_name].size
        pieces.append(
            Piece(
                name=rv.name,
                value_name=value_name,
                shape=first[value_name].shape,
                keys=_keys(model, rv, first[value_name].shape),
                where=slice(begin, stop),
                kinked=is_laplace(rv) and transform is None,
                transformed=transform is not None,
                has_ends=transform is not None and not isinstance(transform, WITHOUT_ENDS),
            )
        )
    return tuple(pieces)


def _keys(model: pm.Model, rv: Any, shape: tuple[int, ...]) -> tuple[str, ...]:
    """Coordinates where the model has them, otherwise numbers."""
    if not shape:
        return ("",)
    dims = model.named_vars_to_dims.get(rv.name) or (None,) * len(shape)
    coords = [model.coords.get(dim) for dim in dims]
    fitting = [c if c is not None and len(c) == size else range(size) for c, size in zip(coords, shape, strict=True)]
    return tuple(f"[{','.join(map(str, key))}]" for key in product(*fitting))


def is_laplace(rv: Any) -> bool:
    """Whether a variable is a Laplace one, or has the elastic net's density."""
    op = rv.owner.op
    return isinstance(getattr(op, "core_op", op), LaplaceRV | ElasticNetRV)

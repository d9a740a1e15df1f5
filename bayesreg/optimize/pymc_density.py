"""The log density of any PyMC model, split at the kinks of its Laplace variables.

A free variable x_j ~ Laplace(μ_j, b_j) is written x_j = μ_j + u_j, so that its kink lies at u_j = 0 even where
μ_j depends on other variables. With v the vector of all u and of the other variables' unconstrained values,

    −log density = h(v) + Σ_j l1_j(v)|u_j|,    l1_j = 1/b_j,

where h is smooth (it holds Σ log 2b_j), as far as the rest of the model is. The density is that of the variables
themselves, as in ``model.logp(jacobian=False)``; only the coordinates are unconstrained.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pymc as pm
import pytensor
import pytensor.tensor as pt
from pymc.initial_point import make_initial_point_fn
from pymc.logprob.transforms import IntervalTransform, LogTransform
from pymc.pytensorf import compile as compile_graph
from pymc.pytensorf import rewrite_pregrad
from pytensor.compile.mode import Mode
from pytensor.gradient import NullTypeGradError
from pytensor.graph.basic import Variable
from pytensor.graph.replace import graph_replace, vectorize_graph
from pytensor.graph.rewriting.db import RewriteDatabaseQuery
from pytensor.graph.traversal import ancestors
from pytensor.tensor.random.basic import LaplaceRV

from bayesreg.errors import ConvergenceError, DataError, UnsupportedError

# NumPy itself runs the graph: it compiles in tenths of a second where numba takes 10 to 50, at about the same speed.
NUMPY_MODE = Mode(
    linker="py", optimizer=RewriteDatabaseQuery(include=["fast_run"], exclude=["fusion", "cxx_only", "BlasOpt"])
)
# So many Hessian columns at a time, to bound the memory.
BATCH = 32


@dataclass(frozen=True)
class Piece:
    """One free variable's place in v.

    Attributes
    ----------
    name, value_name : str
        Of the variable, and of its unconstrained value.
    shape : tuple of int
    where : slice
        Of v.
    kinked : bool
        Whether it is a Laplace variable, whose u is in v.
    transformed : bool
        Whether its value in v is not the variable itself.
    falls_to_bound : bool
        Whether −∞ in v is a finite lower bound of the variable, as 0 is of a scale.
    """

    name: str
    value_name: str
    shape: tuple[int, ...]
    where: slice
    kinked: bool
    transformed: bool
    falls_to_bound: bool

    def label(self, position: int) -> str:
        """Name of one element of v."""
        if not self.shape:
            return self.name
        index = np.unravel_index(position - self.where.start, self.shape)
        return f"{self.name}[{', '.join(map(str, index))}]"


@dataclass(frozen=True, eq=False)
class Local:
    """−log density around a point.

    Attributes
    ----------
    v : ndarray, shape (N,)
    value : float
        −log density; infinite where it, its gradient or a scale 1/l1 is not a number.
    slope : ndarray, shape (N,)
        Gradient of h(v) + Σ_k l1_k(v)|u_k| without, at u_j, the jump l1_j·sign(u_j).
    l1 : ndarray, shape (N,)
        Half the jump of the gradient at 0; zeros but for the Laplace variables.
    """

    v: np.ndarray
    value: float
    slope: np.ndarray
    l1: np.ndarray

    @property
    def subgradient(self) -> np.ndarray:
        """The subgradient of least size; zeros exactly where the first-order conditions hold."""
        at_zero = np.sign(self.slope) * np.maximum(np.abs(self.slope) - self.l1, 0.0)
        return np.where(self.v == 0, at_zero, self.slope + self.l1 * np.sign(self.v))


@dataclass(frozen=True, eq=False)
class SplitDensity:
    """A model's log density as a compiled function of one vector v of shape (N,).

    Attributes
    ----------
    pieces : tuple of Piece
    start : ndarray, shape (N,)
        Where the model, or the user, says that a search may begin.
    kinked : ndarray of bool, shape (N,)
        Which elements of v belong to Laplace variables.
    """

    pieces: tuple[Piece, ...]
    start: np.ndarray
    kinked: np.ndarray
    evaluate: Any
    multiply: Any
    restore: Any

    def at(self, v: np.ndarray) -> Local:
        """−log density, slope and weights at v."""
        signs = np.sign(v[self.kinked])
        with np.errstate(all="ignore"):
            value, gradient, weights = self.evaluate(v, signs)
        l1 = np.zeros(len(v))
        l1[self.kinked] = weights
        slope = np.array(gradient)
        slope[self.kinked] -= weights * signs
        valid = np.isfinite(value) and np.all(np.isfinite(slope)) and np.all(np.isfinite(l1) & (l1 >= 0))
        return Local(v, float(value) if valid or value == -np.inf else np.inf, slope, l1)

    def curvature(self, v: np.ndarray, columns: np.ndarray) -> np.ndarray:
        """Hessian of −log density with the signs of u held, for some elements of v."""
        directions = np.eye(len(v))[columns]
        signs = np.sign(v[self.kinked])
        rows = np.empty((len(columns), len(columns)))
        with np.errstate(all="ignore"):
            for k in range(0, len(columns), BATCH):
                rows[k : k + BATCH] = self.multiply(v, signs, directions[k : k + BATCH])[:, columns]
        return 0.5 * (rows + rows.T)

    def point(self, v: np.ndarray) -> dict[str, np.ndarray]:
        """The value of every unconstrained variable, held ones included, at v."""
        return self.restore(v)

    def labels(self, positions: Sequence[int] | np.ndarray) -> list[str]:
        """Names of elements of v."""
        return [next(p for p in self.pieces if p.where.start <= k < p.where.stop).label(int(k)) for k in positions]


def split_density(model: pm.Model, start: Mapping[str, Any], fixed: Mapping[str, Any]) -> SplitDensity:
    """Compile the log density of a model's free variables, some of them held at given values.

    Raises
    ------
    UnsupportedError
        If a free variable is discrete, or the density has no gradient.
    DataError
        If a name or value in `start` or `fixed` is not one of the model's, or nothing is left to estimate.
    """
    _check(model, start, fixed)
    first = _first_point(model, {**start, **fixed})
    pieces = _pieces(model, first, fixed)
    v = pt.dvector("v")
    size = pieces[-1].where.stop
    kinked = np.zeros(size, dtype=bool)
    for piece in pieces:
        kinked[piece.where] = piece.kinked
    signs = pt.dvector("signs")
    laplace = {p.name: _location_and_scale(model, model[p.name]) for p in pieces if p.kinked}
    coordinates = _coordinates(model, first, pieces, laplace, v)
    total, weights = _loss(model, laplace, coordinates, v[np.flatnonzero(kinked)], signs)
    evaluate, multiply = _compiled(total, weights, v, signs)
    values = {var.name: coordinates[var] for var in model.value_vars}
    inverse = compile_graph([v], list(values.values()), mode=NUMPY_MODE)

    def restore(at: np.ndarray) -> dict[str, np.ndarray]:
        return dict(zip(values, inverse(at), strict=True))

    return SplitDensity(pieces, _start(model, first, pieces, laplace), kinked, evaluate, multiply, restore)


def _check(model: pm.Model, start: Mapping[str, Any], fixed: Mapping[str, Any]) -> None:
    names = [rv.name for rv in model.free_RVs]
    values = [model.rvs_to_values[rv].name for rv in model.free_RVs]
    for what, given, allowed in (("start", start, {*names, *values}), ("fixed", fixed, set(names))):
        unknown = [name for name in given if name not in allowed]
        if unknown:
            raise DataError(f"{what} names {unknown}, but the model's free variables are {names}.")
    discrete = [rv.name for rv in model.free_RVs if rv.dtype in pm.discrete_types and rv.name not in fixed]
    if discrete:
        raise UnsupportedError(
            f"{discrete} are discrete, and a mode over them is not found by slopes; hold them at values with "
            "fixed={name: value}, or sum them out of the model."
        )
    if all(name in fixed for name in names):
        raise DataError(f"nothing is left to estimate: the free variables are {names}, and fixed holds {list(fixed)}.")


def _first_point(model: pm.Model, given: Mapping[str, Any]) -> dict[str, np.ndarray]:
    """The model's initial point with the given values in it, on the unconstrained scale."""
    shapes = model.eval_rv_shapes()
    overrides = {name: _shaped(name, value, shapes[name]) for name, value in given.items()}
    with np.errstate(all="ignore"):
        first = make_initial_point_fn(model=model, overrides=overrides)(0)
    for rv in model.free_RVs:
        value = first[model.rvs_to_values[rv].name]
        if not np.all(np.isfinite(value)):
            raise DataError(f"{rv.name} would start at {given.get(rv.name)!r}, which lies outside of its support.")
    return first


def _shaped(name: str, value: Any, shape: tuple[int, ...]) -> np.ndarray:
    try:
        return np.broadcast_to(np.asarray(value, dtype=float), shape)
    except (TypeError, ValueError):
        raise DataError(f"{name} has shape {shape}; got {value!r}.") from None


def _pieces(model: pm.Model, first: Mapping[str, np.ndarray], fixed: Mapping[str, Any]) -> tuple[Piece, ...]:
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
                where=slice(begin, stop),
                kinked=_is_laplace(rv) and transform is None,
                transformed=transform is not None,
                falls_to_bound=isinstance(transform, LogTransform | IntervalTransform),
            )
        )
    return tuple(pieces)


def _is_laplace(rv: Variable) -> bool:
    op = rv.owner.op
    return isinstance(getattr(op, "core_op", op), LaplaceRV)


def _location_and_scale(model: pm.Model, rv: Variable) -> tuple[Any, Any]:
    """μ and b of a Laplace variable, as functions of the unconstrained values."""
    return tuple(model.replace_rvs_by_values(rv.owner.op.dist_params(rv.owner)))  # type: ignore[return-value]


def _coordinates(
    model: pm.Model, first: Mapping[str, np.ndarray], pieces: tuple[Piece, ...], laplace: Mapping[str, Any], v: Any
) -> dict[Any, Any]:
    """Every unconstrained variable of the model as a function of v."""
    places = {piece.value_name: piece for piece in pieces}
    found: dict[Any, Any] = {}
    for rv in model.free_RVs:
        var = model.rvs_to_values[rv]
        piece = places.get(var.name)
        if piece is None:
            found[var] = var.type.filter_variable(pt.constant(first[var.name]))
            continue
        own = var.type.filter_variable(v[piece.where].reshape(piece.shape))
        found[var] = own + laplace[rv.name][0] if piece.kinked else own
    # A location may depend on variables whose own location depends on others.
    while pending := [var for var, graph in found.items() if not found.keys().isdisjoint(ancestors([graph]))]:
        found |= {var: graph_replace(found[var], found, strict=False) for var in pending}
    return {var: var.type.filter_variable(graph) for var, graph in found.items()}


def _loss(
    model: pm.Model, laplace: Mapping[str, Any], coordinates: dict[Any, Any], u: Any, signs: Any
) -> tuple[Any, Any]:
    """h(v) + Σ_j l1_j(v)·sign_j·u_j with the signs held, and the l1_j."""
    others = [var for var in (*model.basic_RVs, *model.potentials) if var.name not in laplace]
    smooth = -model.logp(vars=others, jacobian=False) if others else pt.constant(0.0)
    weights = []
    for name, (_, scale) in laplace.items():
        var = model.rvs_to_values[model[name]]
        scales = (pt.zeros_like(var) + scale).ravel()
        smooth = smooth + pt.log(2 * scales).sum()
        weights.append(1 / scales)
    joined = pt.concatenate(weights) if weights else pt.zeros(0)
    total, joined = graph_replace([smooth, joined], coordinates, strict=False)
    return rewrite_pregrad(total + (joined * signs * u).sum()), joined


def _compiled(total: Any, weights: Any, v: Any, signs: Any) -> tuple[Any, Any]:
    direction, directions = pt.dvector("direction"), pt.dmatrix("directions")
    try:
        gradient = pytensor.grad(total, v, disconnected_inputs="ignore")
        product = pytensor.grad((gradient * direction).sum(), v, disconnected_inputs="ignore")
        batch = vectorize_graph(product, {direction: directions})
        evaluate = compile_graph([v, signs], [total, gradient, weights], mode=NUMPY_MODE, on_unused_input="ignore")
        multiply = compile_graph([v, signs, directions], batch, mode=NUMPY_MODE, on_unused_input="ignore")
    except (NotImplementedError, NullTypeGradError) as error:
        raise UnsupportedError(
            f"the model's log density has no first or second derivative ({error}); use pm.find_MAP(method='powell')."
        ) from error
    return evaluate, multiply


def _start(
    model: pm.Model, first: Mapping[str, np.ndarray], pieces: tuple[Piece, ...], laplace: Mapping[str, Any]
) -> np.ndarray:
    """The first point in the coordinates of v."""
    distances = [model.rvs_to_values[model[name]] - location for name, (location, _) in laplace.items()]
    found = compile_graph(model.value_vars, distances, mode=NUMPY_MODE, on_unused_input="ignore")(
        *(first[var.name] for var in model.value_vars)
    )
    u = dict(zip(laplace, found, strict=True))
    return np.concatenate([np.ravel(u[p.name] if p.kinked else first[p.value_name]) for p in pieces]).astype(float)

"""The log density of any PyMC model, split at the kinks of its Laplace variables.

A free variable x_j ~ Laplace(μ_j, b_j) is written x_j = μ_j + u_j, so that its kink lies at u_j = 0 even where
μ_j depends on other variables. With v the vector of all u and of the other variables' unconstrained values,

    −log density = h(v) + Σ_j l1_j(v)|u_j|,    l1_j = 1/b_j,

where h is smooth (it holds Σ log 2b_j), as far as the rest of the model is. The density is that of the variables
themselves, as in ``model.logp(jacobian=False)``; only the coordinates are unconstrained.
"""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np
import pymc as pm
import pytensor.tensor as pt
from pymc.data import MinibatchOp
from pymc.pytensorf import rewrite_pregrad
from pytensor.gradient import NullTypeGradError, grad
from pytensor.graph.replace import graph_replace, vectorize_graph
from pytensor.graph.rewriting.utils import rewrite_graph
from pytensor.graph.traversal import ancestors
from pytensor.graph.utils import MethodNotDefined
from pytensor.tensor import as_tensor
from pytensor.tensor.random.op import RandomVariable

from bayesreg.errors import UnsupportedError
from bayesreg.find_map.differences import differences
from bayesreg.find_map.variables import End, Piece, check_names, compile_graph, first_point, read_pieces
from bayesreg.model.pymc.distributions import ElasticNetRV, inverse_scale, smooth_log_density

# So many Hessian columns at a time, to bound the memory; and the most smooth coordinates.
BATCH, MOST_SMOOTH = 32, 5_000
NO_DERIVATIVE = (NotImplementedError, NullTypeGradError, MethodNotDefined)


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
    kinked, transformed : ndarray of bool, shape (N,)
        Which elements of v belong to Laplace variables, and which are not on the variable's own scale.
    bounded : ndarray of bool, shape (N,)
        Which are a variable's distance from an end of its range, and may not be negative.
    """

    pieces: tuple[Piece, ...]
    start: np.ndarray
    kinked: np.ndarray
    transformed: np.ndarray
    evaluate: Any
    multiply: Any
    restore: Any
    bounded: np.ndarray

    def at(self, v: np.ndarray) -> Local:
        """−log density, slope and weights at v."""
        signs = np.sign(v[self.kinked])
        with np.errstate(all="ignore"):
            value, gradient, weights = self.evaluate(v, signs)
        l1 = np.zeros(len(v))
        l1[self.kinked] = weights
        slope = np.array(gradient)
        slope[self.kinked] -= weights * signs
        # On a bound that holds u back, slope·u for u ≥ 0 is a kink, slope·|u|.
        on_bound = self.bounded & (v == 0) & (slope > 0)
        l1[on_bound] = slope[on_bound]
        slope[on_bound] = 0.0
        valid = np.isfinite(value) and np.all(np.isfinite(slope)) and np.all(np.isfinite(l1) & (l1 >= 0))
        valid &= not np.any(v[self.bounded] < 0)
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

    def product(self, v: np.ndarray, direction: np.ndarray) -> np.ndarray:
        """The same Hessian, of all elements, times a direction."""
        with np.errstate(all="ignore"):
            return np.asarray(self.multiply(v, np.sign(v[self.kinked]), direction[None, :])[0])

    def point(self, v: np.ndarray) -> dict[str, np.ndarray]:
        """The value of every unconstrained variable, held ones included, at v."""
        return self.restore(v)

    def labels(self, positions: Sequence[int] | np.ndarray) -> list[str]:
        """Names of elements of v."""
        names = [piece.name + key for piece in self.pieces for key in piece.keys]
        return [names[k] for k in positions]


def split_density(
    model: pm.Model, start: Mapping[str, Any], fixed: Mapping[str, Any], ends: Mapping[str, End] = MappingProxyType({})
) -> SplitDensity:
    """Compile the log density of a model's free variables, some held at values, some measured from their ends.

    Raises
    ------
    UnsupportedError
        If a free variable is discrete, or the density has no gradient.
    DataError
        If a name or value in `start` or `fixed` is not one of the model's, or nothing is left to estimate.
    """
    check_names(model, start, fixed)
    first = first_point(model, {**start, **fixed})
    pieces = read_pieces(model, first, fixed)
    v = pt.dvector("v")
    size, smooth = pieces[-1].where.stop, sum(len(piece.keys) for piece in pieces if not piece.kinked)
    if smooth > MOST_SMOOTH:
        raise UnsupportedError(
            f"{smooth} elements of the model are not Laplace variables; this method works with their dense Hessian, up "
            f"to {MOST_SMOOTH} of them. Hold some with fixed=…, or use pm.find_MAP."
        )
    kinked, transformed, bounded = np.zeros((3, size), dtype=bool)
    for piece in pieces:
        bounded[piece.where] = piece.name in ends
        kinked[piece.where], transformed[piece.where] = piece.kinked, piece.transformed
    signs = pt.dvector("signs")
    laplace = {p.name: _location_and_weight(model, model[p.name]) for p in pieces if p.kinked}
    coordinates = _coordinates(model, first, pieces, laplace, ends, v)
    total, weights = _loss(model, laplace, coordinates, v[np.flatnonzero(kinked)], signs)
    evaluate, multiply = _compiled(total, weights, v, signs)
    values = {var.name: coordinates[var] for var in model.value_vars}
    inverse = compile_graph([v], list(values.values()))

    def restore(at: np.ndarray) -> dict[str, np.ndarray]:
        return dict(zip(values, inverse(at), strict=True))

    first_v = _start(model, first, pieces, laplace)
    # PyMC starts some variables on their bound.
    first_v[transformed & ~np.isfinite(first_v)] = 0.0
    return SplitDensity(pieces, first_v, kinked, transformed, evaluate, multiply, restore, bounded)


def _location_and_weight(model: pm.Model, rv: Any) -> tuple[Any, Any]:
    """μ and l1 = 1/b of a variable with a kink, as functions of the unconstrained values; 0 where it has none."""
    if isinstance(rv.owner.op, ElasticNetRV):
        laplace, _, factor = _parameters(model, rv)
        return pt.as_tensor(0.0), inverse_scale(laplace) / factor
    location, scale = _parameters(model, rv)
    return location, 1 / scale


def _parameters(model: pm.Model, rv: Any) -> list[Any]:
    return list(model.replace_rvs_by_values(rv.owner.op.dist_params(rv.owner)))


def _smooth_part(model: pm.Model, rv: Any, weights: Any) -> Any:
    """−log density of a variable with a kink, but for l1·|x − μ|."""
    if isinstance(rv.owner.op, ElasticNetRV):
        return -smooth_log_density(model.rvs_to_values[rv], *_parameters(model, rv)).sum()
    return -pt.log(0.5 * weights).sum()


def _coordinates(
    model: pm.Model,
    first: Mapping[str, np.ndarray],
    pieces: tuple[Piece, ...],
    laplace: Mapping[str, Any],
    ends: Mapping[str, End],
    v: Any,
) -> dict[Any, Any]:
    """Every unconstrained variable of the model as a function of v."""
    places = {piece.value_name: piece for piece in pieces}
    values: dict[Any, Any] = {}
    for rv in model.free_RVs:
        var = model.rvs_to_values[rv]
        piece = places.get(var.name)
        if piece is None:
            values[var] = var.type.filter_variable(pt.constant(first[var.name]))
            continue
        vector = v[piece.where]
        if piece.name in ends:
            vector = ends[piece.name].just_inside + ends[piece.name].side * vector
        coordinates = var.type.filter_variable(vector.reshape(piece.shape))
        values[var] = _like(var, coordinates + laplace[rv.name][0]) if piece.kinked else coordinates
    # A location may depend on variables whose own location depends on others.
    while pending := [var for var, graph in values.items() if not values.keys().isdisjoint(ancestors([graph]))]:
        values |= {var: graph_replace(values[var], values, strict=False) for var in pending}
    return {var: var.type.filter_variable(graph) for var, graph in values.items()}


def _like(var: Any, graph: Any) -> Any:
    """A graph with the dimensions of a variable in its order, which pymc.dims leaves open."""
    return graph.transpose(*var.type.dims) if hasattr(var.type, "dims") else graph


def _elements(var: Any, graph: Any) -> Any:
    """A graph broadcast to a variable, as a vector."""
    full = _like(var, 0 * var + graph)
    return as_tensor(full, allow_xtensor_conversion=True).ravel()


def _loss(
    model: pm.Model, laplace: Mapping[str, Any], coordinates: dict[Any, Any], u: Any, signs: Any
) -> tuple[Any, Any]:
    """h(v) + Σ_j l1_j(v)·sign_j·u_j with the signs held, and the l1_j."""
    others = [var for var in (*model.basic_RVs, *model.potentials) if var.name not in laplace]
    smooth = -model.logp(vars=others, jacobian=False) if others else pt.constant(0.0)
    weights = []
    for name, (_, weight) in laplace.items():
        rv = model[name]
        weights.append(_elements(model.rvs_to_values[rv], weight))
        smooth = smooth + _smooth_part(model, rv, weights[-1])
    joined = pt.concatenate(weights) if weights else pt.zeros(0)
    total, joined = graph_replace([smooth, joined], coordinates, strict=False)
    if "pytensor.xtensor" in sys.modules:
        # pymc.dims' own operations have no gradients until they are turned into those of ordinary arrays. (To name
        # this rewrite before that module is loaded would keep it from ever loading.)
        lowered: Any = rewrite_graph([total, joined], include=("lower_xtensor",), clone=False)
        total, joined = lowered
    _check_not_random(total)
    return rewrite_pregrad(total + (joined * signs * u).sum()), joined


def _check_not_random(total: Any) -> None:
    """A density over a random part of the rows is another one at every evaluation."""
    if any(
        var.owner is not None and isinstance(var.owner.op, RandomVariable | MinibatchOp) for var in ancestors([total])
    ):
        raise UnsupportedError(
            "the log density is drawn anew at every evaluation, as with pm.Minibatch, and has no mode to find; build "
            "the model on all rows (from very many rows, br.moments and br.Regression.from_moments)."
        )


def _compiled(total: Any, weights: Any, v: Any, signs: Any) -> tuple[Any, Any]:
    try:
        gradient = grad(total, v, disconnected_inputs="ignore")
    except NO_DERIVATIVE as error:
        raise UnsupportedError(
            f"the model's log density has no gradient ({error}); use pm.find_MAP(method='powell')."
        ) from error
    evaluate = compile_graph([v, signs], [total, gradient, weights])
    direction, directions = pt.dvector("direction"), pt.dmatrix("directions")
    try:
        product = grad((gradient * direction).sum(), v, disconnected_inputs="ignore")
    except NO_DERIVATIVE:
        return evaluate, differences(evaluate)
    # Where the density is linear the product does not depend on the direction; its shape still has to.
    batch = vectorize_graph(product + 0 * direction, {direction: directions})
    return evaluate, compile_graph([v, signs, directions], batch)


def _start(
    model: pm.Model, first: Mapping[str, np.ndarray], pieces: tuple[Piece, ...], laplace: Mapping[str, Any]
) -> np.ndarray:
    """The first point in the coordinates of v."""
    places = {name: model.rvs_to_values[model[name]] for name in laplace}
    distances = [_like(places[name], places[name] - location) for name, (location, _) in laplace.items()]
    start = compile_graph(model.value_vars, distances)(*(first[var.name] for var in model.value_vars))
    u = dict(zip(laplace, start, strict=True))
    return np.concatenate([np.ravel(u[p.name] if p.kinked else first[p.value_name]) for p in pieces]).astype(float)

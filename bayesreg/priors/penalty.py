"""Penalties: the value, gradient and proximal operator of λ‖β‖₁, ½κ‖β‖² and their sum.

A strength means nothing without the objective it is added to, so a penalty carries the name of its
objective. What the L2 term is multiplied with, ½ or 1, is the objective's affair and is looked up there.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from bayesreg.errors import ObjectiveError, PriorError
from bayesreg.priors.column_values import ColumnValues, map_values, per_column, validate_values
from bayesreg.priors.objective import find_objective


@dataclass(frozen=True)
class L1:
    """The lasso penalty Σ_j λ_j |β_j|.

    Parameters
    ----------
    strength : float, array of shape (p,), or mapping from column name
        λ ≥ 0 in the units of the objective per unit of beta; 0 leaves a column unpenalized.
    objective : str, optional
        The objective that the term is added to; see :func:`bayesreg.objectives`.

    Examples
    --------
    >>> import bayesreg as br
    >>> br.L1(0.1).value([0.5, -1.0, 0.0])
    0.15000000000000002
    >>> br.L1(0.1).prox([0.5, -1.0, 0.05], step=1.0)
    array([ 0.4, -0.9,  0. ])
    """

    strength: ColumnValues
    objective: str = "half_rss"
    name: ClassVar[str] = "l1"

    def __post_init__(self) -> None:
        object.__setattr__(self, "strength", validate_values(self.strength, "L1 strength", zero_allowed=True))
        find_objective(self.objective)

    def weights(self, names: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
        """λ_j and κ_j of the term Σ λ_j|β_j| + ½κ_jβ_j², each of shape (p,)."""
        l1, _ = _stated_weights(self.objective, per_column(self.strength, names, "L1 strength"), 0.0)
        return l1, np.zeros(len(names))

    def value(self, beta: object) -> float:
        """The penalty at beta, shape (p,)."""
        return _value(self, beta)

    def gradient(self, beta: object) -> np.ndarray:
        """λ_j sign(β_j), shape (p,); at 0 the subgradient of least norm, which is 0, out of [−λ_j, λ_j]."""
        return _gradient(self, beta)

    def prox(self, z: object, step: float = 1.0) -> np.ndarray:
        """argmin_β ½‖β − z‖² + step·penalty(β): soft thresholding at step·λ_j."""
        return _prox(self, z, step)


@dataclass(frozen=True)
class L2:
    """The ridge penalty Σ_j ½ c κ_j β_j², with c = 1, or 2 in the objectives that write no ½.

    Parameters
    ----------
    strength : float, array of shape (p,), or mapping from column name
        κ ≥ 0, in the units of the objective per squared unit of beta; 0 leaves a column unpenalized.
    objective : str, optional
        The objective that the term is added to. ``half_rss`` has c = 1, ``rss``, ``mse``, ``nll``
        and ``sklearn.Ridge`` have c = 2.

    Examples
    --------
    >>> import bayesreg as br
    >>> br.L2(0.2).value([1.0, 2.0]), br.L2(0.2, objective="mse").value([1.0, 2.0])
    (0.5, 1.0)
    """

    strength: ColumnValues
    objective: str = "half_rss"
    name: ClassVar[str] = "l2"

    def __post_init__(self) -> None:
        object.__setattr__(self, "strength", validate_values(self.strength, "L2 strength", zero_allowed=True))
        find_objective(self.objective)

    def weights(self, names: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
        """λ_j and κ_j of the term Σ λ_j|β_j| + ½κ_jβ_j², each of shape (p,)."""
        _, l2 = _stated_weights(self.objective, 0.0, per_column(self.strength, names, "L2 strength"))
        return np.zeros(len(names)), l2

    def value(self, beta: object) -> float:
        """The penalty at beta, shape (p,)."""
        return _value(self, beta)

    def gradient(self, beta: object) -> np.ndarray:
        """C κ_j β_j, shape (p,)."""
        return _gradient(self, beta)

    def prox(self, z: object, step: float = 1.0) -> np.ndarray:
        """argmin_β ½‖β − z‖² + step·penalty(β) = z / (1 + step·cκ)."""
        return _prox(self, z, step)


@dataclass(frozen=True)
class ElasticNet:
    """The elastic-net penalty Σ_j λ_j |β_j| + ½ c κ_j β_j²: both terms together.

    Parameters
    ----------
    l1, l2 : float, array of shape (p,), or mapping from column name
        λ ≥ 0 and κ ≥ 0, as in `L1` and `L2`.
    objective : str, optional
        The objective that the terms are added to.

    Examples
    --------
    >>> import bayesreg as br
    >>> br.ElasticNet(1.0, 0.5).prox([3.0], step=1.0)
    array([1.33333333])
    """

    l1: ColumnValues
    l2: ColumnValues
    objective: str = "half_rss"
    name: ClassVar[str] = "elastic_net"

    def __post_init__(self) -> None:
        for field in ("l1", "l2"):
            value = validate_values(getattr(self, field), f"ElasticNet {field}", zero_allowed=True)
            object.__setattr__(self, field, value)
        find_objective(self.objective)

    def weights(self, names: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
        """λ_j and κ_j of the term Σ λ_j|β_j| + ½κ_jβ_j², each of shape (p,)."""
        return _stated_weights(self.objective, per_column(self.l1, names, "l1"), per_column(self.l2, names, "l2"))

    def value(self, beta: object) -> float:
        """The penalty at beta, shape (p,)."""
        return _value(self, beta)

    def gradient(self, beta: object) -> np.ndarray:
        """λ_j sign(β_j) + c κ_j β_j, shape (p,); at 0 the subgradient of least norm, which is 0."""
        return _gradient(self, beta)

    def prox(self, z: object, step: float = 1.0) -> np.ndarray:
        """argmin_β ½‖β − z‖² + step·penalty(β): soft thresholding, then shrinkage by 1/(1 + step·cκ)."""
        return _prox(self, z, step)


Penalty = L1 | L2 | ElasticNet


def rescaled(penalty: Penalty, factor: float) -> Penalty:
    """Return the penalty with every strength multiplied by a factor > 0."""

    def times(values: ColumnValues) -> ColumnValues:
        return map_values(lambda value: value * factor, values)

    if isinstance(penalty, ElasticNet):
        return ElasticNet(times(penalty.l1), times(penalty.l2), penalty.objective)
    return type(penalty)(times(penalty.strength), penalty.objective)


def _stated_weights(objective: str, l1, l2):  # type: ignore[no-untyped-def]
    """λ_j and κ_j from strengths as the objective's tool states them."""
    found = find_objective(objective)
    if found.inverse:
        with np.errstate(divide="ignore"):
            l1, l2 = np.divide(1.0, l1), np.divide(1.0, l2)
    return l1, found.l2_constant * l2


def _beta_and_weights(penalty: Penalty, beta: object) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    array = np.atleast_1d(np.asarray(beta, dtype=float))
    if array.ndim != 1 or not np.all(np.isfinite(array)):
        raise PriorError(f"beta must be finite numbers of shape (p,), got shape {array.shape}.")
    names = getattr(beta, "index", None)
    l1, l2 = penalty.weights([str(j) for j in range(array.size)] if names is None else [str(name) for name in names])
    return array, l1, l2


def _value(penalty: Penalty, beta: object) -> float:
    array, l1, l2 = _beta_and_weights(penalty, beta)
    return float(l1 @ np.abs(array) + 0.5 * l2 @ array**2)


def _gradient(penalty: Penalty, beta: object) -> np.ndarray:
    array, l1, l2 = _beta_and_weights(penalty, beta)
    return l1 * np.sign(array) + l2 * array


def _prox(penalty: Penalty, z: object, step: float) -> np.ndarray:
    if not (step > 0 and np.isfinite(step)):
        raise ObjectiveError(f"step must be a positive finite number, got {step!r}.")
    array, l1, l2 = _beta_and_weights(penalty, z)
    return np.sign(array) * np.maximum(np.abs(array) - step * l1, 0) / (1 + step * l2)

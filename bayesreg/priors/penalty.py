"""Penalties: the value, gradient and proximal operator of λ‖β‖₁, ½κ‖β‖² and their sum.

A strength means nothing without the objective it is added to, so a penalty carries the name of its
objective. What the L2 term is multiplied with, ½ or 1, is the objective's affair and is looked up there.
What a tool multiplies in by itself (1/s_y in glmnet, sigma in park_casella) is left out of the value.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from numbers import Real
from typing import Any, ClassVar

import numpy as np

from bayesreg.errors import ObjectiveError, PriorError
from bayesreg.priors.column_values import (
    ColumnValues,
    as_numbers,
    names_of,
    per_column,
    validate_values,
)
from bayesreg.priors.objective import Objective, find_objective, resolve


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
        object.__setattr__(self, "strength", _validated(self.strength, "L1 strength", self.objective))

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
        object.__setattr__(self, "strength", _validated(self.strength, "L2 strength", self.objective))

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
            object.__setattr__(self, field, _validated(getattr(self, field), f"ElasticNet {field}", self.objective))

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


def stated_for(penalty: Penalty, objective: str | None, family: Any = None) -> tuple[Objective, str, Penalty]:
    """The objective and the family that a penalty is to be read in, and the penalty with that objective as its own.

    Raises
    ------
    PriorError
        If it is no penalty.
    ObjectiveError
        If the objective is unknown, or the penalty names another one (``half_rss``, the default, gives way).
    UnsupportedError
        If the objective does not have the family.
    """
    if not isinstance(penalty, Penalty):
        raise PriorError(f"expected an L1, L2 or ElasticNet penalty, got {type(penalty).__name__}.")
    given = find_objective(penalty.objective).name
    own = None if given == "half_rss" else given
    found, target_family = resolve(own if objective is None else objective, family)
    if own not in (None, found.name):
        raise ObjectiveError(f'the penalty is stated for "{own}", but objective="{found.name}" was asked; drop one.')
    return found, target_family, replace(penalty, objective=found.name)


def _validated(strength: object, what: str, objective: str) -> ColumnValues:
    """A strength may be 0; an inverse one (C) may be infinite instead, which means the same."""
    return validate_values(strength, what, zero_allowed=not find_objective(objective).inverse)


def _stated_weights(objective: str, l1: Any, l2: Any) -> tuple[Any, Any]:
    """λ_j and κ_j from strengths as the objective's tool states them."""
    found = find_objective(objective)
    if found.inverse:
        with np.errstate(divide="ignore"):
            l1, l2 = np.divide(1.0, l1), np.divide(1.0, l2)
    return l1, found.l2_unit.constant * l2


def _beta_and_weights(penalty: Penalty, beta: object) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    array = np.atleast_1d(as_numbers(beta, "beta"))
    if array.ndim != 1 or not np.all(np.isfinite(array)):
        raise PriorError(f"beta must be finite numbers of shape (p,), got {beta!r}.")
    l1, l2 = penalty.weights(names_of(beta, array.size))
    return array, l1, l2


def _value(penalty: Penalty, beta: object) -> float:
    array, l1, l2 = _beta_and_weights(penalty, beta)
    return float(l1 @ np.abs(array) + 0.5 * l2 @ array**2)


def _gradient(penalty: Penalty, beta: object) -> np.ndarray:
    array, l1, l2 = _beta_and_weights(penalty, beta)
    return l1 * np.sign(array) + l2 * array


def _prox(penalty: Penalty, z: object, step: float) -> np.ndarray:
    if isinstance(step, bool) or not isinstance(step, Real) or not (step > 0 and np.isfinite(step)):
        raise ObjectiveError(f"step must be a positive finite number, got {step!r}.")
    array, l1, l2 = _beta_and_weights(penalty, z)
    return np.sign(array) * np.maximum(np.abs(array) - step * l1, 0) / (1 + step * l2)

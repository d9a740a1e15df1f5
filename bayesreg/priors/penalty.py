"""Penalties: the value, gradient and proximal operator of λ‖β‖₁, ½κ‖β‖² and their sum.

A strength means nothing without the objective it is added to, so a penalty carries the name of its
objective. What the terms are multiplied with, ½ or 1, or what a tool multiplies in by itself (1/s_y in glmnet,
sigma in park_casella), is the objective's affair and is looked up there.
"""

import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from numbers import Real
from typing import Any, ClassVar

import numpy as np

from bayesreg.errors import ObjectiveError, PriorError
from bayesreg.families.base import Family
from bayesreg.priors.column_values import (
    ColumnValues,
    as_numbers,
    names_of,
    per_column,
    validate_values,
)
from bayesreg.priors.groups import GroupLabels, group_labels, partition_of, per_group, read_groups
from bayesreg.priors.objective import Objective, find_objective, resolve, setting_of
from bayesreg.priors.partition import SINGLES, Partition


class _Terms:
    """Σ u₁λ_j|β_j| + ½u₂κ_jβ_j² with the units u₁, u₂ of the objective, which may need sigma or the sd of y."""

    objective: str

    def _strengths(self, names: Sequence[str]) -> tuple[Any, Any]:
        """λ_j and κ_j as the tool's user states them, None for a term that the penalty has not."""
        raise NotImplementedError

    def partition(self, names: Sequence[str]) -> Partition:
        """The columns whose length the L1 term takes: single ones, unless they are joined."""
        return SINGLES

    def weights(
        self,
        names: Sequence[str],
        *,
        sigma: float | None = None,
        sd_y: float | None = None,
        family: Any = None,
    ) -> tuple[np.ndarray, np.ndarray]:
        """λ_j and κ_j of the term Σ λ_j|β_j| + ½κ_jβ_j² as it stands in the objective, each of shape (p,).

        Raises
        ------
        ObjectiveError
            If the objective multiplies by sigma or the sd of y, and this was not given.
        """
        resolved, target_family = resolve(self.objective, family)
        setting, what = setting_of(target_family, None, sigma, sd_y), f'the penalty of "{resolved.name}"'
        l1, l2 = (
            np.zeros(len(names)) if stated is None else unit.value(setting, what) * _outright(stated, resolved)
            for stated, unit in zip(self._strengths(names), (resolved.l1_unit, resolved.l2_unit), strict=True)
        )
        return l1, l2

    def value(self, beta: object, **setting: Any) -> float:
        """The penalty at beta, shape (p,), with everything that the objective multiplies it by.

        Pass ``sigma=`` for ``park_casella`` and ``sd_y=`` for the L2 term of ``glmnet`` (or ``family=``, with
        whose loss that has no such factor).
        """
        array, l1, l2 = self._at(beta, setting)
        return float(l1 @ self._partition_at(beta).shares(array) + 0.5 * l2 @ array**2)

    def gradient(self, beta: object, **setting: Any) -> np.ndarray:
        """λ_j sign(β_j) + κ_jβ_j, shape (p,); at 0 the subgradient of least norm, which is 0, out of [−λ_j, λ_j]."""
        array, l1, l2 = self._at(beta, setting)
        return l1 * self._partition_at(beta).directions(array) + l2 * array

    def prox(self, z: object, step: float = 1.0, **setting: Any) -> np.ndarray:
        """argmin_β ½‖β − z‖² + step·penalty(β): soft thresholding at step·λ_j, then shrinkage by 1/(1 + step·κ_j)."""
        if isinstance(step, bool) or not isinstance(step, Real) or not 0 < step <= sys.float_info.max:
            raise ObjectiveError(f"step must be a positive finite number, got {step!r}.")
        array, l1, l2 = self._at(z, setting)
        return self._partition_at(z).shrunk(array, step * l1) / (1 + step * l2)

    def _partition_at(self, beta: Any) -> Partition:
        return self.partition(names_of(beta, np.size(beta)))

    def _at(self, beta: object, setting: dict[str, Any]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        array = np.atleast_1d(as_numbers(beta, "beta"))
        if array.ndim != 1 or not np.all(np.isfinite(array)):
            raise PriorError(f"beta must be finite numbers of shape (p,), got {beta!r}.")
        unknown = sorted(set(setting) - {"sigma", "sd_y", "family"})
        if unknown:
            raise ObjectiveError(f"a penalty may need sigma, sd_y and family, got {', '.join(unknown)}.")
        return array, *self.weights(names_of(beta, array.size), **setting)


@dataclass(frozen=True)
class L1(_Terms):
    """The lasso penalty Σ_j λ_j |β_j|.

    Parameters
    ----------
    strength : float, array of shape (p,), or mapping from column name
        λ ≥ 0 in the units of the objective per unit of beta; 0 leaves a column unpenalized.
    objective : str, optional
        The objective that the term is added to; see :func:`bayesreg.objectives`.

    See Also
    --------
    L2 : Ridge penalty.
    ElasticNet : Penalty with an L1 and an L2 term.
    to_prior : The prior of a penalty.
    Laplace : Laplace prior, that of the lasso.

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
        object.__setattr__(self, "strength", _validated(self.strength, "l1", "L1 strength", self.objective))

    def _strengths(self, names: Sequence[str]) -> tuple[Any, Any]:
        return per_column(self.strength, names, "L1 strength"), None


@dataclass(frozen=True)
class L2(_Terms):
    """The ridge penalty Σ_j ½ c κ_j β_j², with c = 1, or 2 in the objectives that write no ½.

    Parameters
    ----------
    strength : float, array of shape (p,), or mapping from column name
        κ ≥ 0, in the units of the objective per squared unit of beta; 0 leaves a column unpenalized.
    objective : str, optional
        The objective that the term is added to. ``half_rss`` has c = 1, ``rss``, ``mse``, ``nll``
        and ``sklearn.Ridge`` have c = 2.

    See Also
    --------
    L1 : Lasso penalty.
    ElasticNet : Penalty with an L1 and an L2 term.
    to_prior : The prior of a penalty.
    Normal : Normal prior, that of ridge regression.

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
        object.__setattr__(self, "strength", _validated(self.strength, "l2", "L2 strength", self.objective))

    def _strengths(self, names: Sequence[str]) -> tuple[Any, Any]:
        return None, per_column(self.strength, names, "L2 strength")


@dataclass(frozen=True)
class ElasticNet(_Terms):
    """The elastic-net penalty Σ_j λ_j |β_j| + ½ c κ_j β_j²: both terms together.

    Parameters
    ----------
    l1, l2 : float, array of shape (p,), or mapping from column name
        λ ≥ 0 and κ ≥ 0, as in `L1` and `L2`.
    objective : str, optional
        The objective that the terms are added to.

    See Also
    --------
    L1 : Lasso penalty.
    L2 : Ridge penalty.
    to_prior : The prior of a penalty.
    ElasticNetPrior : Prior of the elastic net.

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
            given = _validated(getattr(self, field), field, f"ElasticNet {field}", self.objective)
            object.__setattr__(self, field, given)

    def _strengths(self, names: Sequence[str]) -> tuple[Any, Any]:
        return per_column(self.l1, names, "l1"), per_column(self.l2, names, "l2")


@dataclass(frozen=True)
class GroupL1(_Terms):
    """The group-lasso penalty Σ_g λ_g·√m_g·‖β_g‖₂, where m_g is the number of columns of group g.

    Parameters
    ----------
    strength : float, mapping from group label, or array of shape (p,)
        λ ≥ 0 in the units of the objective per unit of beta; 0 leaves a group unpenalized.
    groups : mapping from label to column names, sequence of p labels, or None
        As in :class:`GroupLaplace`: by default the columns of each factor and formula term are a group.
    objective : str, optional
        The objective that the term is added to.

    See Also
    --------
    L1 : Lasso penalty.
    to_prior : The prior of a penalty.
    GroupLaplace : Its prior.

    Examples
    --------
    >>> import bayesreg as br
    >>> penalty = br.GroupL1(0.5, groups=["a", "a", "b"])
    >>> penalty.value([3.0, 4.0, 0.0]) / (0.5 * 2**0.5)
    5.0
    >>> penalty.prox([0.3, 0.4, 2.0], step=1.0)
    array([0. , 0. , 1.5])
    """

    strength: ColumnValues
    groups: Any = None
    objective: str = "half_rss"
    name: ClassVar[str] = "group_l1"

    def __post_init__(self) -> None:
        find_objective(self.objective).require_groups()
        object.__setattr__(self, "strength", _validated(self.strength, "l1", "GroupL1 strength", self.objective))
        object.__setattr__(self, "groups", read_groups(self.groups))

    def partition(self, names: Sequence[str]) -> Partition:
        """The columns of each group."""
        return partition_of(self._labels(names))

    def _labels(self, names: Sequence[str]) -> tuple[str, ...]:
        groups: GroupLabels = self.groups
        return group_labels(groups, names)

    def _strengths(self, names: Sequence[str]) -> tuple[Any, Any]:
        labels = self._labels(names)
        return per_group(self.strength, labels, "GroupL1 strength") * np.sqrt(partition_of(labels).sizes), None


Penalty = L1 | L2 | ElasticNet | GroupL1


def stated_for(penalty: Penalty, objective: str | None, family: Any = None) -> tuple[Objective, Family, Penalty]:
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
        raise PriorError(f"expected an L1, L2 or ElasticNet penalty, or GroupL1, got {type(penalty).__name__}.")
    given = find_objective(penalty.objective).name
    stated = None if given == "half_rss" else given
    resolved, target_family = resolve(stated if objective is None else objective, family)
    if stated not in (None, resolved.name):
        raise ObjectiveError(
            f'the penalty is stated for "{stated}", but objective="{resolved.name}" was asked; drop one.'
        )
    return resolved, target_family, replace(penalty, objective=resolved.name)


def _validated(strength: object, term: str, what: str, objective: str) -> ColumnValues:
    """A strength may be 0; an inverse one (C) may be infinite instead, which means the same."""
    resolved = find_objective(objective)
    resolved.require_term(term)
    return validate_values(strength, what, zero_allowed=not resolved.inverse)


def _outright(stated: np.ndarray, objective: Objective) -> np.ndarray:
    """Strengths from what the tool's user states, which may be their inverses."""
    if not objective.inverse:
        return stated
    with np.errstate(divide="ignore"):
        return np.divide(1.0, stated)

"""How the Gibbs sampler takes each prior of coefficients: as Normals given mixing variances or local scales."""

from collections.abc import Callable, Sequence
from math import inf
from typing import Any, NamedTuple

import numpy as np

from bayesreg.errors import UnsupportedError
from bayesreg.priors.base import Prior
from bayesreg.priors.given import ScaleGroup
from bayesreg.priors.group_laplace import GroupLaplace
from bayesreg.priors.horseshoe import Horseshoe
from bayesreg.priors.regularized_horseshoe import RegularizedHorseshoe
from bayesreg.priors.student_t import StudentTPrior
from bayesreg.sampling.gibbs.compiled.problem import BLOCKS, GROUPED, HORSESHOE, LAPLACE, STUDENT_T


class Law(NamedTuple):
    """A prior as the Gibbs sampler takes it.

    Attributes
    ----------
    mixing : int
        How its columns are mixtures of Normals: a code of :mod:`bayesreg.sampling.gibbs.compiled.problem`.
    laplace, precision : ndarray, shape (p,)
        1/b_j and 1/s_j² at scale 1; 0 where a part is absent.
    common : ndarray of bool, shape (p,)
        Whether the prior's scale multiplies the column.
    scale : float
        The scale where it is known.
    slab_df, slab_scale : float
        Of the inverse-gamma prior on the slab's variance; an infinite scale means no slab.
    local_df : float
        Of the inverse-gamma prior on the squares of a Student-t prior's local scales.
    group : ndarray of int, shape (p,) or (0,)
        The group of each column, where columns share a mixing variance.
    blocks : tuple of ScaleGroup
        Blocks of unknown scale.
    """

    mixing: int
    laplace: np.ndarray
    precision: np.ndarray
    common: np.ndarray
    scale: float = 1.0
    slab_df: float = 0.0
    slab_scale: float = inf
    local_df: float = 0.0
    group: np.ndarray = np.zeros(0, dtype=np.int64)
    blocks: tuple[ScaleGroup, ...] = ()


def _horseshoe(prior: Horseshoe, names: Sequence[str]) -> Law:
    nothing, scale = np.zeros(len(names)), prior.constants(names).get("scale", 1.0)
    return Law(HORSESHOE, nothing, nothing, np.ones(len(names), dtype=bool), float(scale))


def _regularized_horseshoe(prior: RegularizedHorseshoe, names: Sequence[str]) -> Law:
    nothing, scale = np.zeros(len(names)), prior.constants(names).get("scale", 1.0)
    common = np.ones(len(names), dtype=bool)
    return Law(HORSESHOE, nothing, nothing, common, float(scale), prior.slab_df, prior.slab_scale)


def _group_laplace(prior: GroupLaplace, names: Sequence[str]) -> Law:
    known = prior if prior.scale_prior is None else prior.with_scale(1.0)
    scales, nothing = known.length_scales(names), np.zeros(len(names))
    group = prior.partition(names).index.astype(np.int64)
    return Law(GROUPED, nothing, (1.0 / scales.laplace) ** 2, ~scales.is_flat, group=group)


def _student_t(prior: StudentTPrior, names: Sequence[str]) -> Law:
    ones = np.ones(len(names))
    spread = ones * prior.constants(names).get("student_t_scale", 1.0)
    return Law(STUDENT_T, 0.0 * ones, spread**-2, ones.astype(bool), local_df=prior.df)


# Those of priors that are no penalty of single columns.
LAWS: dict[type[Prior], Callable[[Any, Sequence[str]], Law]] = {
    GroupLaplace: _group_laplace,
    Horseshoe: _horseshoe,
    RegularizedHorseshoe: _regularized_horseshoe,
    StudentTPrior: _student_t,
}


def has_law(prior: Prior) -> bool:
    """Whether the Gibbs sampler covers a prior."""
    return (prior.has_penalty and prior.is_separable) or type(prior) in LAWS


def law_of(prior: Prior, names: Sequence[str]) -> Law:
    """A prior as the Gibbs sampler takes it, for the given columns.

    Raises
    ------
    UnsupportedError
        If there is no law for it.
    """
    if not has_law(prior):
        raise UnsupportedError(f'the Gibbs engine has no law for {prior.article} prior, {prior}; use engine="nuts".')
    if prior.has_penalty and prior.is_separable:
        scales = prior.unit_scales(names)
        parts = 1.0 / scales.laplace, (1.0 / scales.normal) ** 2, ~scales.is_flat
        return Law(LAPLACE, *parts) if prior.shares_scale else Law(BLOCKS, *parts, blocks=prior.unknown_groups(names))
    return LAWS[type(prior)](prior, names)

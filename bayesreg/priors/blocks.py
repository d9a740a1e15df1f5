"""One model, several priors: each block of columns has its own, with a scale of its own, known or unknown."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from functools import cached_property
from typing import Any, ClassVar, Self

import numpy as np

from bayesreg.errors import PriorError, UnsupportedError
from bayesreg.priors.base import Prior, Term
from bayesreg.priors.block_columns import Key, closed_up, columns_of, require_each_once, unknown_name
from bayesreg.priors.column_scales import ColumnScales
from bayesreg.priors.given import Array, Given, ScaleGroup, Unknown
from bayesreg.priors.normal import Normal
from bayesreg.priors.penalty_prior import PenaltyPrior
from bayesreg.priors.plain import plain_prior
from bayesreg.priors.positive import PositivePrior

REST = "rest"


@dataclass(frozen=True)
class Blocks(PenaltyPrior):
    r"""A prior for each block of columns, with a scale of its own.

    A block is a column, all columns of a factor, or of a term of a formula. Where all scales are numbers it is a
    penalty with one L1 or L2 strength per column. A scale with a hyperprior is one unknown for its block, named
    ``scale_`` and the block: a Normal block for the levels of a factor is then a variance component, as ``(1 | g)`` of
    lme4 (Gelman & Hill 2006, doi:10.1017/CBO9780511790942).

    Parameters
    ----------
    priors : mapping
        From a name, or a tuple of names, to Laplace, Normal or ElasticNetPrior. A name is that of a column (``"age"``),
        a factor (``"sex"``, ``"C(clinic)"``) or a term (``"a:b"``, ``"poly(x, 2)"``, ``"(1|clinic)"``), whose columns
        it covers all. A scale that is an array has one number per column of its block.
    rest : Laplace, Normal or ElasticNetPrior, optional
        For all other columns; without it every column must be named.

    Raises
    ------
    PriorError
        If a block has no prior of that kind, or only some are scaled by sigma; from a regression, if a name matches no
        column, or a column is in two blocks or in none.

    See Also
    --------
    Normal : Normal prior, that of ridge regression.
    Laplace : Laplace prior, that of the lasso.

    Examples
    --------
    >>> import bayesreg as br
    >>> frame, target = br.load_dataset("diabetes")
    >>> prior = br.Blocks({("age", "sex"): br.Normal(20.0)}, rest=br.Laplace(10.0))
    >>> br.map_estimate(br.Regression(frame.drop(columns=target), frame[target], prior=prior, sigma=54.0)).n_zeros
    1
    """

    priors: Mapping[Key, Prior]
    rest: Prior | None = None
    name: ClassVar[str] = "blocks"
    title: ClassVar[str] = "block"
    source: ClassVar[str] = "Gelman & Hill (2006), doi:10.1017/CBO9780511790942"

    def __post_init__(self) -> None:
        if not isinstance(self.priors, Mapping) or not self.priors:
            raise PriorError(
                f'Blocks takes a mapping from names to priors, got {self.priors!r}; such as {{"C(g)": br.Normal(1.0)}}.'
            )
        object.__setattr__(self, "priors", {_checked_key(key): prior for key, prior in self.priors.items()})
        for key, prior in self._members():
            _check_member(key, prior)
        if len({prior.scaled_by_sigma for _, prior in self._members()}) > 1:
            raise PriorError("either all blocks are scaled by sigma or none; set scaled_by_sigma alike.")
        repeated = [name for name in self.unknown_scales if self.unknown_scales.count(name) > 1]
        if repeated:
            raise PriorError(f"several blocks would have an unknown {repeated[0]!r}; put their columns in one block.")

    def _members(self) -> Iterator[tuple[Key, Prior]]:
        """The priors of the blocks, that of the rest last."""
        yield from self.priors.items()
        if self.rest is not None:
            yield REST, self.rest

    def _with(self, change: Any) -> Self:
        """The same blocks under priors that are changed by a function of name and prior."""
        rest = None if self.rest is None else change(REST, self.rest)
        return replace(self, priors={key: change(key, prior) for key, prior in self.priors.items()}, rest=rest)

    @cached_property
    def _kept_terms(self) -> tuple[Term, ...]:
        return tuple(sorted({term for _, prior in self._members() for term in prior.terms}))

    @property
    def terms(self) -> tuple[Term, ...]:  # type: ignore[override]
        """The penalty terms that any of the blocks has."""
        return self._kept_terms

    @property
    def scaled_by_sigma(self) -> bool:  # type: ignore[override]
        """Whether the scales of all blocks are multiplied by sigma."""
        return next(self._members())[1].scaled_by_sigma

    @property
    def unknowns(self) -> tuple[Unknown, ...]:
        """The scale of each block that has a hyperprior."""
        return tuple(
            Unknown(unknown_name(key), prior.scale_prior)
            for key, prior in self._members()
            if prior.scale_prior is not None
        )

    @property
    def unknown_scales(self) -> tuple[str, ...]:
        """Names of the unknown scales."""
        return tuple(unknown.name for unknown in self.unknowns)

    @property
    def shares_scale(self) -> bool:
        """Whether the scales of all blocks are known."""
        return not self.unknowns

    @property
    def is_conjugate(self) -> bool:
        """Whether all blocks are Normal with known scales."""
        return super().is_conjugate and not self.unknowns

    def columns_by_block(self, names: Sequence[str]) -> list[tuple[Key, Prior, np.ndarray]]:
        """The columns of each block, that of the rest last if it has any.

        Raises
        ------
        PriorError
            If a name matches nothing, or a column is in two blocks or in none.
        """
        places = {key: columns_of(key, names) for key in self.priors}
        left = require_each_once(places, names, rest=self.rest is not None)
        blocks = [(key, prior, np.array(places[key])) for key, prior in self.priors.items()]
        if self.rest is None or not left:
            return blocks
        return [*blocks, (REST, self.rest, np.array(left))]

    def scale_groups(self, names: Sequence[str]) -> tuple[ScaleGroup, ...]:
        """The blocks of unknown scale, and all other columns together."""
        blocks = self.columns_by_block(names)
        known = [columns for _, prior, columns in blocks if prior.scale_prior is None]
        groups = [
            ScaleGroup(unknown_name(key), prior.scale_prior, columns)
            for key, prior, columns in blocks
            if prior.scale_prior is not None
        ]
        if known:
            groups.append(ScaleGroup("scale", None, np.sort(np.concatenate(known))))
        return tuple(groups)

    def factor(self, given: Given) -> Array:
        """Sigma, and the scale of its block for each column, shape (..., p)."""
        factor = np.broadcast_to(given.unit, (*given.unit.shape[:-1], len(given.names))).copy()
        for name, prior, columns in self.scale_groups(given.names):
            if prior is not None:
                factor[..., columns] *= given.unknowns[name]
        return factor

    def column_scales(self, names: Sequence[str]) -> ColumnScales:
        """The scales of all blocks together."""
        laplace, normal = np.full((2, len(names)), np.inf)
        for _, prior, columns in self.columns_by_block(names):
            scales = prior.column_scales([names[j] for j in columns])
            laplace[columns], normal[columns] = scales.laplace, scales.normal
        return ColumnScales(laplace, normal, self.scaled_by_sigma)

    def with_scale(self, scale: Any) -> Self:
        """Raise, since every block has its own scale."""
        raise PriorError(
            f"every block has a scale of its own, so {scale!r} cannot be that of all; give each block a number, or "
            "sample the unknown ones: br.sample(reg)."
        )

    def at_scales(self, values: Mapping[str, float]) -> Self:
        """The same blocks with a number for each unknown scale, by its name."""
        return self._with(
            lambda key, prior: prior.with_scale(values[unknown_name(key)]) if prior.scale_prior else prior
        )

    def strengthened(self, factor: float) -> Self:
        """Every block strengthened."""
        return self._with(lambda _, prior: prior.strengthened(factor))

    def in_units(self, names: Sequence[str], unit: Array | float) -> Prior:
        """The same penalty on columns multiplied by a unit, with one number per column."""
        return plain_prior(self.terms, self.column_scales(names)).in_units(names, unit)

    @property
    def settings(self) -> str:
        """The call that makes it again."""
        priors = ", ".join(f"{key!r}: {_as_call(prior)}" for key, prior in self.priors.items())
        return f"Blocks(priors={{{priors}}}, rest={None if self.rest is None else _as_call(self.rest)})"

    @property
    def columns(self) -> list[str]:
        """The names that were given."""
        return [part for key in self.priors for part in ((key,) if isinstance(key, str) else key)]

    def formula(self) -> str:
        """The prior of β_j in mathematics, by block."""
        return ";  ".join(f"{_in_words(key)}: {prior.formula()}" for key, prior in self._members())


def with_blocks(prior: Prior, keys: Sequence[str], hyperprior: PositivePrior) -> Prior:
    """The prior, with a Normal block of unknown scale for each key that it does not name; all else is its own."""
    priors = dict(prior.priors) if isinstance(prior, Blocks) else {}
    named = {closed_up(part) for key in priors for part in ((key,) if isinstance(key, str) else key)}
    missing = [key for key in keys if closed_up(key) not in named]
    if not missing:
        return prior
    priors |= {key: Normal(hyperprior, prior.scaled_by_sigma) for key in missing}
    return Blocks(priors, rest=prior.rest if isinstance(prior, Blocks) else prior)


def _in_words(key: Key) -> str:
    return key if isinstance(key, str) else ", ".join(key)


def _checked_key(key: object) -> Key:
    """A name, or a tuple of names."""
    parts = (key,) if isinstance(key, str) else key
    if not isinstance(parts, tuple) or not parts or not all(isinstance(part, str) for part in parts):
        raise PriorError(f"a block is a name or a tuple of names, got {key!r}; use rest= for all other columns.")
    return key if isinstance(key, str) else parts


def _check_member(key: Key, prior: object) -> None:
    if not isinstance(prior, Prior):
        raise PriorError(f"the block {key!r} needs a prior, got {prior!r}; such as br.Normal(1.0).")
    if not prior.has_penalty or isinstance(prior, Blocks) or prior.of_coordinates is not prior:
        raise UnsupportedError(
            f"a block may have a Laplace, Normal or elastic-net prior, got {prior} for {key!r}; state one of them, or "
            "give that prior to all columns."
        )


def _as_call(prior: Prior) -> str:
    """The call that makes a member again, arrays as lists."""
    parts = {field.name: getattr(prior, field.name) for field in fields(prior)}  # type: ignore[arg-type]
    plain = {name: value.tolist() if isinstance(value, np.ndarray) else value for name, value in parts.items()}
    given = ", ".join(f"{name}={value!r}" for name, value in plain.items())
    return f"{type(prior).__name__}({given})".replace("inf", "1e999")

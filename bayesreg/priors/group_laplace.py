"""The group Laplace prior, which is the penalty of the group lasso: its groups of columns enter and leave whole."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Self

import numpy as np

from bayesreg.errors import PriorError, UnsupportedError
from bayesreg.priors.base import Prior, Term
from bayesreg.priors.column_scales import ColumnScales, draw_mixing_variances
from bayesreg.priors.column_values import as_numbers, names_of
from bayesreg.priors.given import Array, Given
from bayesreg.priors.groups import (
    GroupLabels,
    group_labels,
    partition_of,
    per_group,
    read_groups,
    validate_group_values,
)
from bayesreg.priors.partition import Groups
from bayesreg.priors.positive import PositivePrior
from bayesreg.priors.scale import Scale, in_words, narrowed, proper_hyperprior


@dataclass(frozen=True)
class GroupLaplace(Prior):
    r"""Group Laplace prior, independently for each group: −log p(β_g) = √m_g·‖β_g‖₂/b_g + log C_g.

    m_g is the number of columns of the group, and C_g = 2π^(m/2)·Γ(m)/Γ(m/2)·(b_g/√m)^m with m = m_g, so that it is a
    density of the m_g coefficients together (a multivariate Laplace density of the Kotz type; with m_g = 1 it is
    that of :class:`Laplace`). It is the prior of the group lasso: in the objective ``half_rss`` the strength of a
    group is λ_g = σ²·√m_g/b_g, and a group is 0 as a whole or not at all (Yuan & Lin 2006,
    doi:10.1111/j.1467-9868.2005.00532.x). It is a scale mixture, β_g | v_g ~ Normal(0, (b_g²/m_g)·v_g·I) with
    v_g ~ Gamma((m_g + 1)/2, rate ½) (Kyung, Gill, Ghosh & Casella 2010, doi:10.1214/10-BA607).

    Parameters
    ----------
    scale : float, mapping from group label, array of shape (p,), or hyperprior
        b > 0, in the units of beta; inf means flat. An array has the same number for all columns of a group.
    groups : mapping from label to column names, sequence of p labels, or None
        Which columns belong together; a name may also be that of a factor or formula term, for all of its columns.
        Columns that no list names are groups of one. By default the columns of each factor and formula term are a
        group: those whose names agree but for the levels in square brackets.
    scaled_by_sigma : bool, optional
        If True the scale is σ·b. The joint posterior of (beta, sigma) then has one mode.

    Raises
    ------
    PriorError
        If a scale is not positive, or groups overlap or are not lists of names.

    See Also
    --------
    Laplace : The same for single columns.
    GroupL1 : Penalty of the group lasso.
    to_penalty : The penalty of a prior.

    Examples
    --------
    >>> import bayesreg as br
    >>> prior = br.GroupLaplace(0.5, {"place": ["north", "east"]})
    >>> prior.labels(["age", "north", "east"])
    ('age', 'place', 'place')
    >>> br.GroupLaplace(2.0, ["a", "a", "b"]).log_density([0.0, 0.0, 0.0]).round(4)
    array([-2.531 , -1.3863])
    """

    scale: Scale
    groups: Any = None
    scaled_by_sigma: bool = False
    name: ClassVar[str] = "group_laplace"
    title: ClassVar[str] = "group Laplace"
    source: ClassVar[str] = (
        "Yuan & Lin (2006), doi:10.1111/j.1467-9868.2005.00532.x; Kyung, Gill, Ghosh & Casella (2010), "
        "doi:10.1214/10-BA607"
    )
    terms: ClassVar[tuple[Term, ...]] = ("l1",)
    column_fields: ClassVar[Mapping[str, str]] = {"scale": "group_laplace_scale"}

    def __post_init__(self) -> None:
        what = "group Laplace scale"
        known = not isinstance(self.scale, PositivePrior)
        given = validate_group_values(self.scale, what, zero_allowed=False) if known else self.scale
        object.__setattr__(self, "scale", given if known else proper_hyperprior(given, what))  # type: ignore[arg-type]
        object.__setattr__(self, "groups", read_groups(self.groups))

    @property
    def is_separable(self) -> bool:
        """Columns of a group depend on each other."""
        return False

    @property
    def is_mixed(self) -> bool:
        """Given the mixing variances of the groups it is Normal."""
        return True

    def labels(self, names: Sequence[str]) -> tuple[str, ...]:
        """The label of each column's group."""
        groups: GroupLabels = self.groups
        return group_labels(groups, names)

    def partition(self, names: Sequence[str]) -> Groups:
        """The columns of each group."""
        return partition_of(self.labels(names))

    def length_scales(self, names: Sequence[str]) -> ColumnScales:
        """b_g/√m_g for the columns of each group: a group's penalty is its length over that."""
        b = self._known_scale(names) / np.sqrt(self.partition(names).sizes)
        return ColumnScales(b, np.full(len(names), np.inf), self.scaled_by_sigma)

    def column_scales(self, names: Sequence[str]) -> ColumnScales:
        """Raise: no column has a scale of its own."""
        self._refuse_groups("this step")

    def strengthened(self, factor: float) -> Self:
        """The prior of scale b/factor."""
        return replace(self, scale=narrowed(self.scale, factor))

    @property
    def term_scales(self) -> Mapping[Term, Scale]:
        """B of the groups."""
        return {"l1": self.scale}

    def is_flat(self, names: Sequence[str]) -> Array:
        """Columns of infinite scale."""
        return np.isinf(self._unit_scale(names))

    def constants(self, names: Sequence[str]) -> dict[str, Array]:
        """The known scales, b_g for each column."""
        known = not isinstance(self.scale, PositivePrior)
        return {"group_laplace_scale": self._known_scale(names)} if known else {}

    def in_units(self, names: Sequence[str], unit: Array | float) -> Self:
        """The same prior on columns multiplied by a unit that is the same within each group, with a label for each."""
        units, labels = unit * np.ones(len(names)), self.labels(names)
        if np.any(partition_of(labels).largest(units) != units):
            raise UnsupportedError(
                f"columns of a group have different units here, which {self.article} prior cannot follow; pass a "
                "sparse X as X.toarray(), or use standardize=False."
            )
        return replace(self, scale=self._known_scale(names) / units, groups=labels)

    @property
    def columns(self) -> list[str]:
        """Names for the columns that its groups are given for."""
        if isinstance(self.groups, Mapping):
            return [name for members in self.groups.values() for name in members]
        return ["beta"] if self.groups is None else [str(j) for j in range(len(self.groups))]

    def precision(self, given: Given, mixing: Array) -> Array:
        """m_g/(b_g²·v_g)."""
        return (self._lengths_scale(given) ** -2) / mixing

    def log_marginal(self, beta: Array, given: Given) -> Array:
        """Elementwise log density of single coefficients, those of the same group integrated out, shape (..., p).

        With z = √m|β_j|/b it is (√m/b)·(z/2)^(m/2)·K_{m/2}(z)/(√π·Γ((m + 1)/2)), K a modified Bessel function.
        """
        from scipy.special import gammaln

        scale, order = self._lengths_scale(given), 0.5 * self.partition(given.names).sizes
        constant = 0.5 * np.log(np.pi) + gammaln(order + 0.5)
        density = log_bessel_power(np.abs(beta) / scale, order) - constant - np.log(scale)
        return np.where(np.isinf(scale), 0.0, density)

    def log_density_given(self, beta: Array, given: Given) -> Array:
        """Log density of the coefficients of each group together, shape (..., number of groups); 0 for a flat one."""
        from scipy.special import gammaln

        blocks, scale = self.partition(given.names), self._lengths_scale(given)
        m = blocks.sizes
        constant = np.log(2) + 0.5 * m * np.log(np.pi) - gammaln(0.5 * m) + gammaln(m)
        flat = np.isinf(scale)
        constant = np.where(flat, 0.0, constant / m + np.log(np.where(flat, 1.0, scale)))
        return -blocks.sums(blocks.shares(beta) / scale + constant)

    def log_density(self, beta: object, sigma: float | None = None, **unknowns: float) -> Array:
        """Log density of each group's coefficients, shape (number of groups,), in the order in which they come."""
        array, unit = np.atleast_1d(as_numbers(beta, "beta")), self._read_sigma(sigma)
        values = {name: np.full((1,), value) for name, value in self._read_unknowns(unknowns).items()}
        return self.log_density_given(array, Given(names_of(beta, array.shape[-1]), np.full((1,), unit), values))

    def log_mixing(self, log_mixing: Array, names: Sequence[str]) -> Array:
        """Log density of log v_g, at each column of the group."""
        from scipy.special import gammaln

        shape = 0.5 * (self.partition(names).sizes + 1)
        return np.asarray(shape * (log_mixing - np.log(2)) - 0.5 * np.exp(log_mixing) - gammaln(shape))

    def draw_mixing(self, generator: np.random.Generator, shape: tuple[int, ...], names: Sequence[str]) -> Array:
        """Draw v_g before any data, the same for the columns of a group, of a shape (…, p)."""
        blocks = self.partition(names)
        first = [at[0] for at in blocks.members]
        drawn = 2.0 * generator.standard_gamma(0.5 * (blocks.sizes[first] + 1), (*shape, len(first)))
        return np.asarray(drawn[..., blocks.index])

    def draw_mixing_given(self, generator: np.random.Generator, beta: Array, given: Given) -> Array:
        """Draw v_g given β_g, the same for the columns of a group: 1/v_g is inverse-Gaussian."""
        blocks = self.partition(given.names)
        first = [at[0] for at in blocks.members]
        sizes = (blocks.lengths(beta) / self._lengths_scale(given))[..., first]
        return np.asarray(draw_mixing_variances(generator, sizes)[..., blocks.index])

    def draw_given(self, generator: np.random.Generator, given: Given) -> Array:
        """Draw β; PriorError where a column is flat."""
        if np.any(self.is_flat(given.names)):
            raise PriorError("a flat prior has no draws; give every group a finite scale.")
        mixing = self.draw_mixing(generator, given.unit.shape[:-1], given.names)
        return generator.standard_normal(mixing.shape) / np.sqrt(self.precision(given, mixing))

    def _unit_scale(self, names: Sequence[str]) -> Array:
        return np.ones(len(names)) if isinstance(self.scale, PositivePrior) else self._known_scale(names)

    def _known_scale(self, names: Sequence[str]) -> Array:
        if isinstance(self.scale, PositivePrior):
            raise PriorError(
                f"group Laplace scale is unknown, with hyperprior {self.scale}; this step needs a number. Give one to "
                "the prior."
            )
        return per_group(self.scale, self.labels(names), "group Laplace scale")

    def _lengths_scale(self, given: Given) -> Array:
        """b_g/√m_g with all that multiplies it, shape (..., p)."""
        return self._unit_scale(given.names) / np.sqrt(self.partition(given.names).sizes) * given.factor

    def formula(self) -> str:
        """The prior of β_g in mathematics."""
        return f"p(β_g) ∝ exp(−√m_g‖β_g‖/{'(σ · b)' if self.scaled_by_sigma else 'b'}),  b {in_words(self.scale)}"


def log_bessel_power(z: Array, order: Array) -> Array:
    """Log (z/2)^ν·K_ν(z) for z ≥ 0 and ν ≥ ½, also where K_ν(z) itself is no number.

    Near 0 it is log Γ(ν)/2; of a large order K_ν(z) has the uniform expansion of Olver (DLMF 10.41.4).
    """
    from scipy.special import gammaln, kve

    z, order = np.broadcast_arrays(np.asarray(z, dtype=float), np.asarray(order, dtype=float))
    with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
        plain = order * np.log(z / 2) + np.log(kve(order, z)) - z
        x = z / order
        root = np.sqrt(1 + x**2)
        eta = root + np.log(x / (1 + root))
        t = 1 / root
        series = 1 - (3 * t - 5 * t**3) / (24 * order) + (81 * t**2 - 462 * t**4 + 385 * t**6) / (1152 * order**2)
        uniform = order * np.log(z / 2) + 0.5 * np.log(np.pi / (2 * order)) - order * eta - 0.5 * np.log(root)
        uniform = uniform + np.log(series)
    near = z < 1e-8 * order
    return np.where(near, gammaln(order) - np.log(2), np.where(np.isfinite(plain), plain, uniform))

"""What a prior of coefficients is: Normal, independently for each column, given that column's precision.

    β_j | δ_j ~ Normal(0, 1/δ_j),    δ_j = precision(sigma, the prior's unknowns, x_j),

where x_j, the mixing quantity of a column, has a density of its own and may be integrated out. All else follows from
that, and may be stated in closed form where there is one. A prior that is a penalty is a `PenaltyPrior`.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass, replace
from numbers import Real
from typing import Any, ClassVar, Literal, NoReturn, Self

import numpy as np

from bayesreg.errors import PriorError, UnsupportedError
from bayesreg.priors.column_scales import ColumnScales
from bayesreg.priors.column_values import as_numbers, names_of, per_column
from bayesreg.priors.coordinates import PLAIN, Coordinates
from bayesreg.priors.given import Given, ScaleGroup, Unknown, log_normal
from bayesreg.priors.partition import SINGLES, Partition
from bayesreg.priors.positive import PositivePrior
from bayesreg.priors.scale import Scale, positive_number

Array = np.ndarray
Term = Literal["l1", "l2"]
# Logarithms of a mixing quantity, from its centre, between which and at which distance its density is summed.
FARTHEST, STEP = 60.0, 0.125


class Prior(ABC):
    """A prior of coefficients; subclass it for a prior of your own.

    Attributes
    ----------
    name : str
        As models and draws name it.
    title : str
        In words, before "prior".
    source : str
        The paper that it is from.
    terms : tuple of {"l1", "l2"}
        The penalty terms that it is; none for a prior that is no penalty.
    no_penalty : str
        Why it is none, and what to do, in words.
    column_fields : mapping of str to str
        Fields that may hold one number per column, and the names under which models and draws keep these.
    array_fields : mapping of str to str
        Arguments that may be an array of means or a matrix, and the names under which draws keep these.
    scaled_by_sigma : bool
        Whether its scales are multiplied by sigma.

    See Also
    --------
    PenaltyPrior : Base class of priors that are a penalty.
    Laplace : Laplace prior, that of the lasso.
    Horseshoe : Horseshoe prior.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    source: ClassVar[str] = ""
    terms: ClassVar[tuple[Term, ...]] = ()
    no_penalty: ClassVar[str] = "sample it with br.sample, or use Laplace for a penalty."
    column_fields: ClassVar[Mapping[str, str]] = {}
    array_fields: ClassVar[Mapping[str, str]] = {}
    scaled_by_sigma: bool

    @abstractmethod
    def precision(self, given: Given, mixing: Array) -> Array:
        """Local precisions δ_j, shape (..., p), for mixing quantities of that shape."""

    @property
    def local_scale(self) -> PositivePrior | None:
        """Density of the mixing quantity x_j; None where the precision does not depend on one."""
        return None

    def local_precision(self, given: Given) -> Array:
        """The precisions at local scales that are among the unknowns, shape (..., p)."""
        return self.precision(given, given.unknowns[self._local_name])

    @property
    def _local_name(self) -> str:
        """The unknown that each column has; empty if there is none."""
        return next((unknown.name for unknown in self.unknowns if unknown.per_column), "")

    @property
    def unknowns(self) -> tuple[Unknown, ...]:
        """What is unknown besides the coefficients: by default a field `scale` that is a hyperprior."""
        scale = getattr(self, "scale", None)
        return (Unknown("scale", scale),) if isinstance(scale, PositivePrior) else ()

    @property
    def scale_prior(self) -> PositivePrior | None:
        """Hyperprior of the one scale that multiplies all columns; None where that is known."""
        return next((unknown.prior for unknown in self.unknowns if unknown.name == "scale"), None)

    def scale_groups(self, names: Sequence[str]) -> tuple[ScaleGroup, ...]:
        """Which of the given columns share a factor of their scales, each column in one group."""
        return (ScaleGroup("scale", self.scale_prior, slice(None)),)

    def unknown_groups(self, names: Sequence[str]) -> tuple[ScaleGroup, ...]:
        """Those of :meth:`scale_groups` whose factor is unknown."""
        return tuple(group for group in self.scale_groups(names) if group.prior is not None)

    @property
    def unknown_scales(self) -> tuple[str, ...]:
        """Names of the unknowns that multiply the scales of columns."""
        return () if self.scale_prior is None else ("scale",)

    @property
    def shares_scale(self) -> bool:
        """Whether what is unknown of the scales is one factor of all columns."""
        return True

    def factor(self, given: Given) -> Array:
        """What multiplies the scales of the columns, shape (..., 1) or (..., p)."""
        return given.factor

    def at_scales(self, values: Mapping[str, float]) -> "Prior":
        """The same prior with a number for each of its unknown scales, by name."""
        return self.with_scale(values["scale"])

    @property
    def has_local_unknowns(self) -> bool:
        """Whether each column has an unknown of its own, which is sampled with its coefficient."""
        return bool(self._local_name)

    @property
    def is_mixed(self) -> bool:
        """Whether the precisions depend on mixing quantities."""
        return self.local_scale is not None

    @property
    def has_penalty(self) -> bool:
        """Whether −log density is a sum of L1 and L2 terms."""
        return bool(self.terms)

    @property
    def is_conjugate(self) -> bool:
        """Whether it is Normal given sigma and its scale alone."""
        return self.terms == ("l2",)

    @property
    def is_truncatable(self) -> bool:
        """Whether coefficients may have bounds: each is independent of the others, symmetrically about 0."""
        return False

    def log_survival(self, size: Array, given: Given) -> Array:
        """Log probability that |β_j| exceeds a size, shape (..., p); needed for bounds other than 0."""
        raise UnsupportedError(f"bounds other than 0 are not built for {self.article} prior; use Laplace or Normal.")

    @property
    def has_shares(self) -> bool:
        """Whether the precision of a column depends on the mixing quantities of the others too."""
        return False

    @property
    def is_correlated(self) -> bool:
        """Whether coefficients depend on each other, given sigma and the scale."""
        return False

    def coordinates(self, names: Sequence[str]) -> Coordinates:
        """The coordinates in which the coefficients are independent, and have the scales that it states."""
        return PLAIN

    @property
    def has_scale(self) -> bool:
        """Whether one field, `scale`, multiplies all coefficients, so that :meth:`with_scale` is there."""
        return is_dataclass(self) and any(field.name == "scale" for field in fields(self))

    @property
    def scale_power(self) -> int:
        """k, where the strength of the penalty falls as scale^−k."""
        if len(self.terms) != 1:
            raise PriorError(f"the strength of {self.article} prior is no power of one scale.")
        return {"l1": 1, "l2": 2}[self.terms[0]]

    @property
    def article(self) -> str:
        """The title with its article."""
        return f"{'an' if self.title[0] in 'aeioR' else 'a'} {self.title}"

    def with_scale(self, scale: Any) -> Self:
        """The same prior with another scale: numbers, or a hyperprior."""
        if not self.has_scale:
            raise PriorError(f"{self.article} prior has no single scale to change.")
        return replace(self, scale=scale)  # type: ignore[type-var]

    def strengthened(self, factor: float) -> Self:
        """The prior whose penalty has every strength multiplied by a factor > 0."""
        self._refuse_penalty()

    def column_scales(self, names: Sequence[str]) -> ColumnScales:
        """Scales of the penalty's terms for the given columns; PriorError if there is none, or its scale is unknown."""
        self._refuse_penalty()

    def unit_scales(self, names: Sequence[str]) -> ColumnScales:
        """The same, at scale 1 where the scale is unknown."""
        units = dict.fromkeys(self.unknown_scales, 1.0)
        return (self.at_scales(units) if units else self).column_scales(names)

    @property
    def is_separable(self) -> bool:
        """Whether the columns are independent given the prior's unknowns."""
        return True

    def require_separable(self, what: str) -> None:
        """Raise UnsupportedError for a prior that joins columns; `what` is named as what takes them one by one."""
        if not self.is_separable:
            self._refuse_groups(what)

    def _refuse_groups(self, what: str) -> NoReturn:
        raise UnsupportedError(
            f"{what} takes columns one by one, and {self.article} prior joins those of a group; br.map_estimate, "
            'br.path, br.compare, br.sample and br.select(by="cv") take it, and br.Laplace stands for it elsewhere.'
        )

    def partition(self, names: Sequence[str]) -> Partition:
        """The columns that the L1 term joins: single ones, unless a prior joins groups of them."""
        return SINGLES

    def length_scales(self, names: Sequence[str]) -> ColumnScales:
        """Scales of the penalty's terms, that of an L1 term being for the lengths of :meth:`partition`."""
        return self.column_scales(names)

    @property
    def term_scales(self) -> Mapping[Term, Scale]:
        """The scale of each penalty term, in the form in which it was given."""
        self._refuse_penalty()

    def require_penalty(self) -> None:
        """Raise PriorError for a prior that is no penalty."""
        if not self.has_penalty:
            self._refuse_penalty()

    def _refuse_penalty(self) -> NoReturn:
        raise PriorError(f"{self.article} prior has no penalty {self.no_penalty}")

    def is_flat(self, names: Sequence[str]) -> Array:
        """Which of its coordinates, by default the given columns, have no prior at all, shape (p,)."""
        self.constants(names)
        return np.zeros(len(names), dtype=bool)

    @property
    def is_of_user_columns(self) -> bool:
        """Whether it is stated on the user's columns, so that they may not be standardized."""
        return False

    @property
    def of_coordinates(self) -> "Prior":
        """The prior of each coordinate by itself, around 0."""
        return self

    def margins(self, names: Sequence[str]) -> tuple[Array, Array]:
        """Mean and standard deviation of each column where it is correlated, at scale 1 where that is unknown."""
        raise UnsupportedError(f"{self.article} prior states no margins; its columns are independent.")

    def flat_columns(self, names: Sequence[str]) -> Array:
        """Which of the given columns the density does not depend on, shape (p,)."""
        return self.is_flat(names)

    def constants(self, names: Sequence[str]) -> dict[str, Array]:
        """The known scales, one number or of shape (p,), by the names under which models and draws keep them."""
        given = {name: getattr(self, field) for field, name in self.column_fields.items()}
        known = {name: values for name, values in given.items() if not isinstance(values, PositivePrior)}
        return {name: per_column(values, names, f"{self.title} scale") for name, values in known.items()}

    def in_units(self, names: Sequence[str], unit: Array | float) -> "Prior":
        """The same prior on columns multiplied by a unit, shape (p,), with its known scales as one number per column.

        Raises
        ------
        PriorError
            If a scale is unknown.
        """
        known = self.constants(names)
        missing = [field for field, name in self.column_fields.items() if name not in known]
        if missing:
            raise PriorError(f"{', '.join(missing)} of {self.article} prior is unknown; this step needs numbers.")
        return replace(self, **{field: known[name] / unit for field, name in self.column_fields.items()})  # type: ignore[type-var]

    @property
    def settings(self) -> str:
        """The call that makes it again, with 1 in place of the numbers that :meth:`constants` holds."""
        held = [field for field in self.column_fields if not isinstance(getattr(self, field), PositivePrior)]
        return repr(replace(self, **dict.fromkeys(held, 1.0)) if held else self)  # type: ignore[type-var]

    @property
    def columns(self) -> list[str]:
        """Names for the columns that its numbers are given for; one if they are plain numbers."""
        for values in (getattr(self, field) for field in self.column_fields):
            if isinstance(values, Mapping):
                return list(values)
            if isinstance(values, np.ndarray):
                return [str(j) for j in range(len(values))]
        return ["beta"]

    def given(self, names: Sequence[str], sigma: Array, unknowns: Mapping[str, Array]) -> Given:
        """What the methods for arrays of draws are stated for.

        Parameters
        ----------
        names : sequence of str
        sigma : ndarray, shape (...)
        unknowns : mapping of str to ndarray, shape (...) or (..., p)
        """
        local = {unknown.name for unknown in self.unknowns if unknown.per_column}
        values = {name: value if name in local else np.asarray(value)[..., None] for name, value in unknowns.items()}
        missing = [unknown.name for unknown in self.unknowns if unknown.name not in values]
        if missing:
            raise PriorError(f"{self.article} prior needs {', '.join(missing)}.")
        unit = np.asarray(sigma, dtype=float)
        return Given(names, (unit if self.scaled_by_sigma else np.ones_like(unit))[..., None], values)

    def log_density_given(self, beta: Array, given: Given) -> Array:
        """Elementwise log density of β_j together with the unknowns of its column, shape (..., p)."""
        local = given.unknowns.get(self._local_name)
        if local is None:
            return self.log_marginal(beta, given)
        assert self.local_scale is not None
        log_local = np.log(local)
        log_local_density = self.local_scale.log_density_of_log(log_local) - log_local
        return log_normal(beta, self.precision(given, local)) + log_local_density

    def log_mixing(self, log_mixing: Array, names: Sequence[str]) -> Array:
        """Log density of log x_j, shape (..., p)."""
        assert self.local_scale is not None
        return self.local_scale.log_density_of_log(log_mixing)

    def draw_mixing(self, generator: np.random.Generator, shape: tuple[int, ...], names: Sequence[str]) -> Array:
        """Draw x_j before any data, of a shape (…, p)."""
        size = (*shape, len(names))
        return np.ones(size) if self.local_scale is None else self.local_scale.draw(generator, size)

    def mixing_before(self, generator: np.random.Generator, given: Given) -> Array:
        """x_j before any data, shape (..., p): drawn, or where it is one of the unknowns, that."""
        local = given.unknowns.get(self._local_name)
        return self.draw_mixing(generator, given.unit.shape[:-1], given.names) if local is None else local

    def draw_mixing_given(self, generator: np.random.Generator, beta: Array, given: Given) -> Array:
        """Draw x_j given β, shape (..., p); where it is one of the unknowns, that."""
        local = given.unknowns.get(self._local_name)
        if local is None:
            raise UnsupportedError(
                f"{self.article} prior states no draws of its local scales; define draw_mixing_given."
            )
        return local

    def draw_given(self, generator: np.random.Generator, given: Given) -> Array:
        """Draw β, shape (..., p), for unknowns of that shape."""
        mixing = self.mixing_before(generator, given)
        return generator.standard_normal(mixing.shape) / np.sqrt(self.precision(given, mixing))

    def log_density(self, beta: object, sigma: float | None = None, **unknowns: float) -> Array:
        """Elementwise log density; `sigma` is needed only if ``scaled_by_sigma``, unknowns such as `scale` by name."""
        array, unit = np.atleast_1d(as_numbers(beta, "beta")), self._read_sigma(sigma)
        values = {name: np.full((1,), value) for name, value in self._read_unknowns(unknowns).items()}
        return self.log_marginal(array, Given(names_of(beta, array.shape[-1]), np.full((1,), unit), values))

    def _read_unknowns(self, given: Mapping[str, float]) -> dict[str, float]:
        """A positive number for each unknown that columns share, and for nothing else."""
        shared = {unknown.name: unknown.prior for unknown in self.unknowns if not unknown.per_column}
        for name, prior in shared.items():
            if name not in given:
                raise PriorError(
                    f"the {name} is unknown and needs a number, with hyperprior {prior}; pass {name}=number."
                )
        known = [name for name in given if name not in shared]
        if known:
            raise PriorError(f"{', '.join(known)} is nothing unknown of {self}; leave it out.")
        return {name: positive_number(name, value) for name, value in given.items()}

    def _read_sigma(self, sigma: float | None) -> float:
        if not self.scaled_by_sigma:
            return 1.0
        if sigma is None:
            raise PriorError("this prior is scaled by sigma; pass sigma to log_density.")
        if isinstance(sigma, bool) or not isinstance(sigma, Real) or not (sigma > 0 and np.isfinite(sigma)):
            raise PriorError(f"sigma must be a positive finite number, got {sigma!r}.")
        return float(sigma)

    def log_marginal(self, beta: Array, given: Given) -> Array:
        """Elementwise log density with x_j integrated out, shape (..., p); by the trapezoidal rule in log x_j."""
        if self.local_scale is None:
            return log_normal(beta, self.precision(given, np.ones_like(beta)))
        center = self.local_scale.log_center
        if center is None:
            raise PriorError(f"{self.local_scale} is improper, so it mixes no prior; give a proper one.")
        total = np.full(beta.shape, -np.inf)
        for t in center + np.arange(-FARTHEST, FARTHEST, STEP):
            at = np.full(beta.shape, t)
            part = log_normal(beta, self.precision(given, np.exp(at))) + self.log_mixing(at, given.names)
            total = np.logaddexp(total, part)
        return total + np.log(STEP)

    def formula(self) -> str:
        """The prior of β_j in mathematics."""
        return f"β_j ~ {self}"

    @property
    def sentence(self) -> str:
        """What the coefficients have, in words."""
        return f"independent {self.title} priors around 0"

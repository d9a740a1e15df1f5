"""Priors that are a penalty: all that follows from one Laplace and one Normal scale per column."""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import Self

import numpy as np

from bayesreg.errors import PriorError
from bayesreg.priors.base import Prior, Term
from bayesreg.priors.column_scales import (
    ColumnScales,
    draw_elastic_net,
    draw_mixing_prior,
    draw_mixing_variances,
    log_mixing_density,
    log_survival,
)
from bayesreg.priors.column_values import as_numbers, names_of
from bayesreg.priors.given import Array, Given
from bayesreg.priors.scale import Scale


class PenaltyPrior(Prior):
    """A prior whose −log density is Σ |β_j|/b_j + β_j²/(2s_j²) and a constant.

    A subclass states `terms`, :meth:`column_scales` and :meth:`strengthened`; the mixing quantity is the variance τ_j
    of the Laplace part.

    See Also
    --------
    Prior : Base class of priors of coefficients.
    Laplace : Laplace prior, that of the lasso.
    Normal : Normal prior, that of ridge regression.
    """

    @abstractmethod
    def column_scales(self, names: Sequence[str]) -> ColumnScales:
        """Scales b_j and s_j for the given columns, infinite where a term is absent."""

    @abstractmethod
    def strengthened(self, factor: float) -> Self:
        """The prior whose penalty has every strength multiplied by a factor > 0: b/factor and s/√factor."""

    @property
    def term_scales(self) -> Mapping[Term, Scale]:
        """Raise, unless it is defined: the scales may depend on the columns."""
        raise PriorError(f"the scales of {self.article} prior depend on the columns; a penalty needs them as numbers.")

    @property
    def is_mixed(self) -> bool:
        """Whether there is a Laplace part."""
        return "l1" in self.terms

    @property
    def is_truncatable(self) -> bool:
        """Whether coefficients may have bounds."""
        return True

    def log_survival(self, size: Array, given: Given) -> Array:
        """Log probability that |β_j| exceeds a size, shape (..., p); of a flat column minus that size."""
        return log_survival(size, self.unit_scales(given.names), self.factor(given))

    def is_flat(self, names: Sequence[str]) -> Array:
        """Columns without either part."""
        return self.unit_scales(names).is_flat

    def precision(self, given: Given, mixing: Array) -> Array:
        """1/(b_j²τ_j) + 1/s_j²."""
        return self.unit_scales(given.names).precision(self.factor(given), mixing)

    def log_marginal(self, beta: Array, given: Given) -> Array:
        """The elastic-net density; a flat column has density 1."""
        scales, factor = self.unit_scales(given.names), self.factor(given)
        # A density of beta/factor becomes one of beta through the Jacobian, which flat columns do not have.
        return scales.log_density(beta / factor) - np.where(scales.is_flat, 0.0, np.log(factor))

    def log_density(self, beta: object, sigma: float | None = None, **unknowns: float) -> Array:
        """Elementwise log density; `sigma` is needed only if ``scaled_by_sigma``."""
        array = np.atleast_1d(as_numbers(beta, "beta"))
        values = self._read_unknowns(unknowns)
        prior = self.at_scales(values) if values else self
        return prior.column_scales(names_of(beta, array.shape[-1])).at(self._read_sigma(sigma)).log_density(array)

    def log_mixing(self, log_mixing: Array, names: Sequence[str]) -> Array:
        """Log density of log τ_j."""
        return log_mixing_density(self.unit_scales(names), log_mixing)

    def draw_mixing(self, generator: np.random.Generator, shape: tuple[int, ...], names: Sequence[str]) -> Array:
        """Draw τ_j before any data."""
        return draw_mixing_prior(self.unit_scales(names), shape, generator)

    def draw_mixing_given(self, generator: np.random.Generator, beta: Array, given: Given) -> Array:
        """Draw τ_j given β_j."""
        laplace = self.unit_scales(given.names).laplace
        return draw_mixing_variances(generator, np.abs(beta) / (laplace * self.factor(given)))

    def draw_given(self, generator: np.random.Generator, given: Given) -> Array:
        """Draw β; PriorError where a column is flat."""
        scales = self.unit_scales(given.names)
        if np.any(scales.is_flat):
            raise PriorError("a flat prior has no draws; give every column a finite scale.")
        return self.factor(given) * draw_elastic_net(scales, given.unit.shape[:-1], generator)

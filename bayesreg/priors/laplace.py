"""The Laplace prior, which is the penalty of the lasso."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar, Self

import numpy as np

from bayesreg.priors.base import Term
from bayesreg.priors.column_scales import ColumnScales
from bayesreg.priors.from_r2 import FromR2
from bayesreg.priors.penalty_prior import PenaltyPrior
from bayesreg.priors.scale import Scale, in_words, narrowed, resolved, validate_scale


@dataclass(frozen=True)
class Laplace(PenaltyPrior, FromR2):
    r"""Laplace prior, independently for each column: −log p(β_j) = |β_j|/b_j + log 2b_j.

    It is the prior of the lasso: in the objective ``half_rss`` the strength is λ = σ²/b
    (Tibshirani 1996, doi:10.1111/j.2517-6161.1996.tb02080.x; Park & Casella 2008,
    doi:10.1198/016214508000000337).

    Parameters
    ----------
    scale : float, array of shape (p,), mapping from column name, or hyperprior
        b > 0, in the units of beta (per unit of the standardized columns); inf means flat.
    scaled_by_sigma : bool, optional
        If True the scale of column j is σ·b_j. The joint posterior of (beta, sigma) then has one mode.

    Raises
    ------
    PriorError
        If a scale is not positive, or not a number.

    See Also
    --------
    Normal : Normal prior, that of ridge regression.
    ElasticNetPrior : Prior of the elastic net.
    Horseshoe : Horseshoe prior.
    to_penalty : The penalty of a prior.
    L1 : Lasso penalty.

    Examples
    --------
    >>> import bayesreg as br
    >>> bool(br.Laplace(0.5).log_density([0.0])[0] == -np.log(2 * 0.5))
    True
    """

    scale: Scale
    scaled_by_sigma: bool = False
    name: ClassVar[str] = "laplace"
    title: ClassVar[str] = "Laplace"
    source: ClassVar[str] = (
        "Tibshirani (1996), doi:10.1111/j.2517-6161.1996.tb02080.x; Park & Casella (2008), "
        "doi:10.1198/016214508000000337"
    )
    terms: ClassVar[tuple[Term, ...]] = ("l1",)
    column_fields: ClassVar[Mapping[str, str]] = {"scale": "laplace_scale"}

    def __post_init__(self) -> None:
        object.__setattr__(self, "scale", validate_scale(self.scale, "Laplace scale"))

    @property
    def unit_spread(self) -> float:
        """√2, the standard deviation at scale 1."""
        return 2**0.5

    def column_scales(self, names: Sequence[str]) -> ColumnScales:
        """Resolve the scale for the given columns."""
        b = resolved(self.scale, names, "Laplace scale")
        return ColumnScales(b, np.full(len(names), np.inf), self.scaled_by_sigma)

    def strengthened(self, factor: float) -> Self:
        """The prior of scale b/factor."""
        return replace(self, scale=narrowed(self.scale, factor))

    @property
    def term_scales(self) -> Mapping[Term, Scale]:
        """B of the L1 term."""
        return {"l1": self.scale}

    def formula(self) -> str:
        """The prior of β_j in mathematics."""
        return f"β_j ~ Laplace(0, {'σ · ' if self.scaled_by_sigma else ''}b),  b {in_words(self.scale)}"

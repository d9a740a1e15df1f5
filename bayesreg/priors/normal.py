"""The Normal prior, which is the penalty of ridge regression."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from numbers import Real
from typing import ClassVar, Self

import numpy as np

from bayesreg.errors import PriorError
from bayesreg.priors.base import Term
from bayesreg.priors.column_scales import ColumnScales
from bayesreg.priors.column_values import as_numbers
from bayesreg.priors.given import Array
from bayesreg.priors.penalty_prior import PenaltyPrior
from bayesreg.priors.scale import Scale, in_words, narrowed, resolved, validate_scale


@dataclass(frozen=True)
class Normal(PenaltyPrior):
    r"""Normal prior, independently for each column: −log p(β_j) = (β_j−loc)²/(2s_j²) + ½ log 2πs_j².

    It is the prior of ridge regression: in the objective ``half_rss`` the weight of ½‖β‖² is
    κ = σ²/s² (Hoerl & Kennard 1970, doi:10.1080/00401706.1970.10488634).

    Parameters
    ----------
    scale : float, array of shape (p,), mapping from column name, or hyperprior
        Standard deviation s > 0, in the units of beta; inf means flat.
    scaled_by_sigma : bool, optional
        If True the standard deviation of column j is σ·s_j (the conjugate form).
    loc : float, optional
        Mean; other than 0 only for the prior of an intercept.

    Raises
    ------
    PriorError
        If a scale is not positive, or `loc` is not a finite number.

    See Also
    --------
    Laplace : Laplace prior, that of the lasso.
    ElasticNetPrior : Prior of the elastic net.
    to_penalty : The penalty of a prior.
    L2 : Ridge penalty.

    Examples
    --------
    >>> import bayesreg as br
    >>> bool(np.isclose(br.Normal(2.0).log_density([0.0])[0], -0.5 * np.log(2 * np.pi * 4), rtol=1e-15))
    True
    """

    scale: Scale
    scaled_by_sigma: bool = False
    loc: float = 0.0
    name: ClassVar[str] = "normal"
    title: ClassVar[str] = "Normal"
    source: ClassVar[str] = "Hoerl & Kennard (1970), doi:10.1080/00401706.1970.10488634"
    terms: ClassVar[tuple[Term, ...]] = ("l2",)
    column_fields: ClassVar[Mapping[str, str]] = {"scale": "normal_scale"}

    def __post_init__(self) -> None:
        object.__setattr__(self, "scale", validate_scale(self.scale, "Normal scale"))
        if isinstance(self.loc, bool) or not isinstance(self.loc, Real) or not np.isfinite(self.loc):
            raise PriorError(f"loc must be a finite number, got {self.loc!r}.")
        object.__setattr__(self, "loc", float(self.loc))

    @property
    def is_truncatable(self) -> bool:
        """Whether coefficients may have bounds."""
        return self.loc == 0

    def column_scales(self, names: Sequence[str]) -> ColumnScales:
        """Resolve the scale for the given columns."""
        if self.loc != 0:
            raise PriorError(
                f"a Normal prior on coefficients is centred at 0, got loc={self.loc}; loc is for an intercept."
            )
        s = resolved(self.scale, names, "Normal scale")
        return ColumnScales(np.full(len(names), np.inf), s, self.scaled_by_sigma)

    def log_density(self, beta: object, sigma: float | None = None, **unknowns: float) -> Array:
        """Elementwise log density, about `loc`; `sigma` is needed only if ``scaled_by_sigma``."""
        if self.loc == 0:
            return super().log_density(beta, sigma, **unknowns)
        return replace(self, loc=0.0).log_density(as_numbers(beta, "beta") - self.loc, sigma, **unknowns)

    def strengthened(self, factor: float) -> Self:
        """The prior of scale s/√factor."""
        return replace(self, scale=narrowed(self.scale, factor**0.5))

    @property
    def term_scales(self) -> Mapping[Term, Scale]:
        """S of the L2 term; PriorError if the prior is not centred at 0."""
        if self.loc != 0:
            raise PriorError(f"an L2 penalty pulls towards 0, but this Normal prior has loc={self.loc}.")
        return {"l2": self.scale}

    def formula(self) -> str:
        """The prior of β_j in mathematics."""
        return f"β_j ~ Normal(0, {'σ · ' if self.scaled_by_sigma else ''}s),  s {in_words(self.scale)}"

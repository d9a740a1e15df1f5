"""The prior of the elastic net: a Laplace and a Normal prior multiplied."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar, Self

import numpy as np

from bayesreg.priors.base import Term
from bayesreg.priors.column_scales import ColumnScales
from bayesreg.priors.column_values import ColumnValues, per_column, validate_values
from bayesreg.priors.from_r2 import signal_variance
from bayesreg.priors.penalty_prior import PenaltyPrior
from bayesreg.priors.scale import Scale, in_words, narrowed, positive_number

# s/b beyond which the closed form of the variance cancels.
STEEP = 100.0


@dataclass(frozen=True)
class ElasticNetPrior(PenaltyPrior):
    r"""The prior of the elastic net: p(β_j) ∝ exp(−|β_j|/b_j − β_j²/(2s_j²)).

    Its constant is √(2π)·s·erfcx(s/(√2 b)), where erfcx(x) = exp(x²)·erfc(x)
    (Zou & Hastie 2005, doi:10.1111/j.1467-9868.2005.00503.x).

    Parameters
    ----------
    laplace_scale, normal_scale : float, array of shape (p,), or mapping from column name
        b > 0 and s > 0, in the units of beta; inf removes the part.
    scaled_by_sigma : bool, optional
        If True both scales are multiplied by sigma.

    See Also
    --------
    Laplace : Laplace prior, that of the lasso.
    Normal : Normal prior, that of ridge regression.
    to_penalty : The penalty of a prior.
    ElasticNet : Penalty with an L1 and an L2 term.
    """

    laplace_scale: ColumnValues
    normal_scale: ColumnValues
    scaled_by_sigma: bool = False
    name: ClassVar[str] = "elastic_net"
    title: ClassVar[str] = "elastic-net"
    source: ClassVar[str] = "Zou & Hastie (2005), doi:10.1111/j.1467-9868.2005.00503.x"
    terms: ClassVar[tuple[Term, ...]] = ("l1", "l2")
    column_fields: ClassVar[Mapping[str, str]] = {"laplace_scale": "laplace_scale", "normal_scale": "normal_scale"}

    def __post_init__(self) -> None:
        for field in ("laplace_scale", "normal_scale"):
            value = validate_values(getattr(self, field), f"ElasticNetPrior {field}", zero_allowed=False)
            object.__setattr__(self, field, value)

    @classmethod
    def from_r2(cls, r2: float, p: int, *, sigma: float | None = None, ratio: float = 1.0) -> Self:
        """The prior that expects to explain a share R² of the target's variance: R² = E Σβ_j²/(E Σβ_j² + σ²).

        Parameters
        ----------
        r2 : float
            Between 0 and 1.
        p : int
            Number of columns; they are taken to have variance 1, as standardized ones have.
        sigma : float, optional
            Noise standard deviation; by default the prior is scaled by it, known or not.
        ratio : float
            b/s, the Laplace scale over the Normal one.

        Raises
        ------
        PriorError
            If r2 does not lie between 0 and 1, p is no number of columns, or sigma or ratio is not positive.

        See Also
        --------
        Laplace : Laplace prior, that of the lasso.

        Examples
        --------
        >>> import bayesreg as br
        >>> prior = br.ElasticNetPrior.from_r2(0.5, p=10, sigma=54.0)
        >>> round(prior.laplace_scale, 2), round(prior.normal_scale, 2)
        (24.78, 24.78)
        """
        ratio = positive_number("ratio", ratio)
        normal = (signal_variance(r2, p, sigma) / p / _unit_variance(1 / ratio)) ** 0.5
        return cls(ratio * normal, normal, scaled_by_sigma=sigma is None)

    def column_scales(self, names: Sequence[str]) -> ColumnScales:
        """Resolve both scales for the given columns."""
        b = per_column(self.laplace_scale, names, "laplace_scale")
        s = per_column(self.normal_scale, names, "normal_scale")
        return ColumnScales(b, s, self.scaled_by_sigma)

    def strengthened(self, factor: float) -> Self:
        """The prior of scales b/factor and s/√factor."""
        b, s = narrowed(self.laplace_scale, factor), narrowed(self.normal_scale, factor**0.5)
        return replace(self, laplace_scale=b, normal_scale=s)

    @property
    def term_scales(self) -> Mapping[Term, Scale]:
        """B and s."""
        return {"l1": self.laplace_scale, "l2": self.normal_scale}

    def formula(self) -> str:
        """The prior of β_j in mathematics."""
        b, s = in_words(self.laplace_scale), in_words(self.normal_scale)
        return f"p(β_j) ∝ exp(−|β_j|/b − β_j²/2s²),  b {b},  s {s}{' (both times σ)' if self.scaled_by_sigma else ''}"


def _unit_variance(steepness: float) -> float:
    """Variance of p(x) ∝ exp(−c|x| − x²/2), 1 + c² − c·φ(c)/Φ(−c); by its series in 1/c² where that cancels."""
    from scipy.special import erfcx

    if steepness < STEEP:
        return float(1 + steepness**2 - steepness * (2 / np.pi) ** 0.5 / erfcx(steepness / 2**0.5))
    inverse = steepness**-2.0
    return 2 * inverse * (1 - 6 * inverse + 45 * inverse**2) / (1 - inverse + 3 * inverse**2)

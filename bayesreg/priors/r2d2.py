"""The R2-D2 prior: a beta prior of R², of which the columns share what it leaves them."""

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from bayesreg.errors import PriorError
from bayesreg.priors.base import Prior
from bayesreg.priors.given import Array, Given, Unknown
from bayesreg.priors.hyper_of_scale import BetaPrime, GammaScale
from bayesreg.priors.positive import PositivePrior
from bayesreg.priors.scale import positive_number

# Of sums over logits of a share, whose error falls exponentially with it.
FARTHEST, STEP = 200.0, 0.125


@dataclass(frozen=True)
class R2D2(Prior):
    r"""R2-D2 prior: β_j ~ Normal(0, σ²·τ²·φ_j), R² = τ²/(1 + τ²) ~ Beta, φ ~ Dirichlet(concentration, …).

    What is known is how much of the variance all columns together explain; which of them do is left to the shares φ_j,
    which add up to 1 (Zhang, Naughton, Bondell & Reich 2022, doi:10.1080/01621459.2020.1825449). Columns are taken to
    have variance 1, as standardized ones have. Draws hold τ as `scale`, and `local_scale` λ_j with φ_j = λ_j²/Σλ².

    Parameters
    ----------
    mean_r2 : float
        Mean of the beta prior of R², between 0 and 1.
    precision_r2 : float
        Its precision: the two shapes of Beta(mean·precision, (1 − mean)·precision) add up to it.
    concentration : float
        Of the Dirichlet prior of the shares: below 1 a few columns take most, above 1 they are alike.
    scaled_by_sigma : bool
        Whether the prior is scaled by sigma, which makes R² a share of the target's variance.

    Raises
    ------
    PriorError
        If mean_r2 does not lie between 0 and 1, or another number is not positive.

    See Also
    --------
    Horseshoe : Sparse prior whose global scale is stated.
    guess_scale : Global scale of a horseshoe from a guess of the number of nonzero coefficients.
    BetaPrime : Hyperprior of τ.

    Examples
    --------
    >>> import bayesreg as br
    >>> br.R2D2(0.5, 2.0).r2_prior
    BetaPrime(first=1.0, second=1.0)
    """

    mean_r2: float = 0.5
    precision_r2: float = 2.0
    concentration: float = 0.5
    scaled_by_sigma: bool = True
    name: ClassVar[str] = "r2d2"
    title: ClassVar[str] = "R2-D2"
    source: ClassVar[str] = "Zhang, Naughton, Bondell & Reich (2022), doi:10.1080/01621459.2020.1825449"

    def __post_init__(self) -> None:
        for field in ("mean_r2", "precision_r2", "concentration"):
            object.__setattr__(self, field, positive_number(field, getattr(self, field)))
        if not self.mean_r2 < 1:
            raise PriorError(f"mean_r2 must lie between 0 and 1, got {self.mean_r2!r}.")

    @property
    def r2_prior(self) -> BetaPrime:
        """Prior of τ, stated for R² = τ²/(1 + τ²)."""
        return BetaPrime(self.mean_r2 * self.precision_r2, (1 - self.mean_r2) * self.precision_r2)

    @property
    def local_scale(self) -> PositivePrior:
        """Prior of λ_j, stated for λ_j²: shares of independent gamma quantities have the Dirichlet distribution."""
        return GammaScale(self.concentration, 1.0, on="variance")

    @property
    def unknowns(self) -> tuple[Unknown, ...]:
        """τ, and λ_j of each column."""
        return (Unknown("scale", self.r2_prior), Unknown("local_scale", self.local_scale, per_column=True))

    @property
    def has_shares(self) -> bool:
        """True: columns share what they explain."""
        return True

    def precision(self, given: Given, mixing: Array) -> Array:
        """1/(σ²·τ²·φ_j)."""
        squares = mixing**2
        return squares.sum(axis=-1, keepdims=True) / squares / given.factor**2

    def log_marginal(self, beta: Array, given: Given) -> Array:
        """Elementwise log density of β_j alone, its share integrated out: φ_j ~ Beta(concentration, rest)."""
        rest = (len(given.names) - 1) * self.concentration
        if not rest:
            return _log_normal_of_share(beta, given.factor, np.zeros(1))
        total: Any = -np.inf
        for logit in np.arange(-FARTHEST, FARTHEST, STEP):
            log_share, log_other = -np.logaddexp(0.0, -logit), -np.logaddexp(0.0, logit)
            weight = self.concentration * log_share + rest * log_other
            total = np.logaddexp(total, _log_normal_of_share(beta, given.factor, log_share) + weight)
        return np.asarray(total + np.log(STEP) - _log_beta(self.concentration, rest))

    def formula(self) -> str:
        """The prior of β_j in mathematics."""
        first, second = self.r2_prior.first, self.r2_prior.second
        unit = "σ² · " if self.scaled_by_sigma else ""
        return (
            f"β_j ~ Normal(0, {unit}τ²φ_j),  τ²/(1 + τ²) ~ Beta({first:.4g}, {second:.4g}),  "
            f"φ ~ Dirichlet({self.concentration:.4g})"
        )


def _log_normal_of_share(beta: Array, factor: Array, log_share: Array) -> Array:
    """Log density of Normal(0, factor²·share), where the share may be less than any number."""
    log_sd = np.log(factor) + 0.5 * log_share
    with np.errstate(over="ignore"):
        return np.asarray(-log_sd - 0.5 * np.log(2 * np.pi) - 0.5 * (beta * np.exp(-log_sd)) ** 2)


def _log_beta(first: float, second: float) -> float:
    from scipy.special import betaln

    return float(betaln(first, second))

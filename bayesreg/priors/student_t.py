"""The Student-t prior: a Normal one with heavy tails, which leaves large coefficients alone."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from bayesreg.errors import PriorError
from bayesreg.priors.base import Prior
from bayesreg.priors.from_r2 import FromR2
from bayesreg.priors.given import Array, Given
from bayesreg.priors.hyper import InverseGamma
from bayesreg.priors.positive import PositivePrior
from bayesreg.priors.scale import Scale, in_words, positive_number, resolved, validate_scale


@dataclass(frozen=True)
class StudentTPrior(Prior, FromR2):
    r"""Student-t prior, independently for each column: −log p(β_j) = ½(df + 1)·log(1 + β_j²/(df·s_j²)) + constant.

    It is Normal with standard deviation λ_j·s_j, where λ_j² ~ InverseGamma(df/2, df/2). With a few degrees of freedom
    small coefficients are shrunk as under a Normal prior, and large ones hardly (Gelman et al. 2008,
    doi:10.1214/08-AOAS191). Its −log density is no convex penalty.

    Parameters
    ----------
    df : float
        Degrees of freedom, greater than 0; 1 is the Cauchy prior.
    scale : float, array of shape (p,), mapping from column name, or hyperprior
        s > 0, in the units of beta; finite.
    scaled_by_sigma : bool, optional
        If True the scale of column j is σ·s_j.

    Raises
    ------
    PriorError
        If a scale or df is not a positive finite number.

    See Also
    --------
    StudentT : The family, for heavy-tailed noise.
    Horseshoe : Heavier tails, and a pole at 0.

    Examples
    --------
    >>> import bayesreg as br
    >>> br.StudentTPrior(3.0, 2.5).log_density([0.0, 10.0]).round(3)
    array([-1.917, -5.609])
    """

    df: float
    scale: Scale
    scaled_by_sigma: bool = False
    name: ClassVar[str] = "student_t"
    title: ClassVar[str] = "Student-t"
    source: ClassVar[str] = "Gelman et al. (2008), doi:10.1214/08-AOAS191"
    no_penalty: ClassVar[str] = (
        "that is convex, so no minimum is certified; sample it with br.sample, or use Laplace or Normal for a penalty."
    )
    column_fields: ClassVar[Mapping[str, str]] = {"scale": "student_t_scale"}

    def __post_init__(self) -> None:
        object.__setattr__(self, "df", positive_number("df", self.df))
        object.__setattr__(self, "scale", validate_scale(self.scale, "Student-t scale"))
        if isinstance(self.scale, PositivePrior):
            return
        numbers = list(self.scale.values()) if isinstance(self.scale, Mapping) else self.scale
        if not np.all(np.isfinite(numbers)):
            raise PriorError(f"a Student-t scale must be finite, got {self.scale!r}; a large one is nearly flat.")

    @property
    def unit_spread(self) -> float | None:
        """√(df/(df − 2)), the standard deviation at scale 1; none up to 2 degrees of freedom."""
        return (self.df / (self.df - 2)) ** 0.5 if self.df > 2 else None

    @property
    def local_scale(self) -> PositivePrior:
        """Prior of λ_j, stated for λ_j²."""
        return InverseGamma(0.5 * self.df, 0.5 * self.df)

    @property
    def is_truncatable(self) -> bool:
        """Whether coefficients may have bounds."""
        return True

    def log_survival(self, size: Array, given: Given) -> Array:
        """Log probability that |β_j| exceeds a size, shape (..., p)."""
        from scipy.special import stdtr

        return np.asarray(np.log(2 * stdtr(self.df, -size / self._spread(given))))

    def precision(self, given: Given, mixing: Array) -> Array:
        """1/(λ_j·s_j)²."""
        return (mixing * self._spread(given)) ** -2

    def log_marginal(self, beta: Array, given: Given) -> Array:
        """Elementwise log density of the Student-t distribution."""
        from scipy.special import gammaln

        df, spread = self.df, self._spread(given)
        constant = gammaln((df + 1) / 2) - gammaln(df / 2) - 0.5 * np.log(df * np.pi)
        return np.asarray(constant - np.log(spread) - 0.5 * (df + 1) * np.log1p((beta / spread) ** 2 / df))

    def draw_mixing_given(self, generator: np.random.Generator, beta: Array, given: Given) -> Array:
        """λ_j² | β_j ~ InverseGamma((df + 1)/2, (df + β_j²/s_j²)/2)."""
        rate = 0.5 * (self.df + (beta / self._spread(given)) ** 2)
        return np.sqrt(rate / generator.standard_gamma(0.5 * (self.df + 1), rate.shape))

    def _spread(self, given: Given) -> Array:
        """The scales s_j with all that multiplies them, shape (..., p)."""
        known = 1.0 if self.scale_prior is not None else resolved(self.scale, given.names, "Student-t scale")
        return known * given.factor * np.ones(len(given.names))

    def formula(self) -> str:
        """The prior of β_j in mathematics."""
        return f"β_j ~ StudentT({self.df:g}, 0, {'σ · ' if self.scaled_by_sigma else ''}s),  s {in_words(self.scale)}"

"""The horseshoe prior: sparse beliefs that no penalty has, since its density has a pole at 0 and no mode."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np

from bayesreg.errors import PriorError
from bayesreg.priors.base import Prior
from bayesreg.priors.from_r2 import FromR2
from bayesreg.priors.given import Array, Given, Unknown, log_normal
from bayesreg.priors.hyper import HalfCauchy, HalfStudentT
from bayesreg.priors.positive import PositivePrior
from bayesreg.priors.scale import validate_one_scale

SCALE = "the scale of a horseshoe (one for all)"
NO_PENALTY = (
    "and its posterior no mode (the density is infinite at 0); sample it with br.sample, or use Laplace for a penalty."
)
LOCAL_SCALE: HalfStudentT = HalfCauchy(1.0)


def guess_scale(p0: float, *, p: int, n: int, sigma: float = 1.0) -> float:
    """Global scale τ₀ = p₀/(p − p₀)·σ/√n at which about p₀ of p coefficients are expected to matter.

    For standardized columns (Piironen & Vehtari 2017, doi:10.1214/17-EJS1337SI).

    Parameters
    ----------
    p0 : float
        Guess of the number of coefficients that matter, 0 < p0 < p.
    p, n : int
        Numbers of columns and rows.
    sigma : float
        Noise standard deviation; 1 for a prior scaled by sigma, 2 for a Bernoulli regression.

    See Also
    --------
    Horseshoe : Horseshoe prior.
    RegularizedHorseshoe : Horseshoe prior with a slab.

    Examples
    --------
    >>> import bayesreg as br
    >>> round(br.guess_scale(3, p=10, n=442, sigma=54.0), 3)
    1.101
    """
    if not 0 < p0 < p:
        raise PriorError(f"p0 must lie between 0 and p={p}, got {p0!r}.")
    if not (n > 0 and sigma > 0):
        raise PriorError(f"n and sigma must be positive, got n={n!r} and sigma={sigma!r}.")
    return p0 / (p - p0) * sigma / float(n) ** 0.5


@dataclass(frozen=True)
class Horseshoe(Prior, FromR2):
    r"""Horseshoe prior: β_j | λ_j ~ Normal(0, (λ_j·scale)²), λ_j ~ HalfCauchy(1).

    Its density (2π³)^{−½}/scale·e^w·E₁(w), w = β²/(2·scale²), is infinite at 0 and has the tails of a
    Cauchy: small coefficients are shrunk nearly to 0 and large ones left alone
    (Carvalho, Polson & Scott 2010, doi:10.1093/biomet/asq017).

    Parameters
    ----------
    scale : float or hyperprior, optional
        Global scale, in the units of beta; ``HalfCauchy(1.0)`` by default. See :func:`guess_scale`.
    scaled_by_sigma : bool, optional
        Whether it is to be multiplied by sigma.

    Raises
    ------
    PriorError
        If the scale is not positive, or improper.

    See Also
    --------
    RegularizedHorseshoe : Horseshoe prior with a slab.
    guess_scale : Global scale from a guess of the number of nonzero coefficients.
    Laplace : Laplace prior, that of the lasso.

    Examples
    --------
    >>> import bayesreg as br
    >>> prior = br.Horseshoe(br.HalfCauchy(br.guess_scale(3, p=10, n=442)), scaled_by_sigma=True)
    >>> bool(prior.log_density([0.0], sigma=1.0, scale=1.0)[0] > 1e9)
    True
    """

    scale: float | PositivePrior = field(default_factory=lambda: HalfCauchy(1.0))
    scaled_by_sigma: bool = False
    name: ClassVar[str] = "horseshoe"
    title: ClassVar[str] = "horseshoe"
    source: ClassVar[str] = "Carvalho, Polson & Scott (2010), doi:10.1093/biomet/asq017"
    no_penalty: ClassVar[str] = NO_PENALTY

    def __post_init__(self) -> None:
        object.__setattr__(self, "scale", validate_one_scale(self.scale, SCALE))

    @property
    def local_scale(self) -> PositivePrior:
        """Prior of λ_j."""
        return LOCAL_SCALE

    @property
    def unknowns(self) -> tuple[Unknown, ...]:
        """The scale, and λ_j of each column."""
        return (*super().unknowns, Unknown("local_scale", LOCAL_SCALE, per_column=True))

    @property
    def is_truncatable(self) -> bool:
        """Whether coefficients may have bounds."""
        return True

    def constants(self, names: Sequence[str]) -> dict[str, Array]:
        """The scale where it is known."""
        return known_scale(self.scale)

    def precision(self, given: Given, mixing: Array) -> Array:
        """1/(λ_j·scale)²."""
        return (mixing * (global_scale(self.scale, given) * given.unit)) ** -2

    def log_density_given(self, beta: Array, given: Given) -> Array:
        """Elementwise log density of β_j and λ_j."""
        return log_density_with_local(self, beta, given)

    def log_marginal(self, beta: Array, given: Given) -> Array:
        """Elementwise log density with the local scales integrated out; infinite at 0."""
        from scipy.special import exp1

        unit = global_scale(self.scale, given) * given.unit
        w = 0.5 * (beta / unit) ** 2
        with np.errstate(divide="ignore", over="ignore", invalid="ignore"):
            # Far out e^w·E₁(w) = 1/w − 1/w² + … where the two factors over- and underflow.
            log_core = np.where(w < 500, np.log(exp1(w)) + w, np.log1p(-1 / w + 2 / w**2) - np.log(w))
        return np.asarray(-0.5 * np.log(2 * np.pi**3) - np.log(unit) + log_core)


def known_scale(scale: float | PositivePrior) -> dict[str, Array]:
    """The global scale by its name, unless it is unknown."""
    return {} if isinstance(scale, PositivePrior) else {"scale": np.asarray(scale)}


def global_scale(scale: float | PositivePrior, given: Given) -> Array:
    """The global scale, known or of each draw, shape (..., 1)."""
    return np.asarray(given.unknowns.get("scale", scale), dtype=float)


def log_density_with_local(prior: Prior, beta: Array, given: Given) -> Array:
    """Elementwise log density of β_j and its half-Cauchy λ_j, shape (..., p)."""
    local = given.unknowns["local_scale"]
    return log_normal(beta, prior.precision(given, local)) + np.log(2 / np.pi) - np.log1p(local**2)

"""Horseshoe priors: sparse beliefs that no penalty has, since their density has a pole at 0 and no mode."""

from dataclasses import dataclass, field
from numbers import Real
from typing import ClassVar, NoReturn

import numpy as np

from bayesreg.errors import PriorError
from bayesreg.priors.column_values import as_numbers
from bayesreg.priors.hyper import HalfCauchy, InverseGamma, Jeffreys
from bayesreg.priors.positive import PositivePrior


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


def _settled_scale(scale: object) -> float | PositivePrior:
    if isinstance(scale, Jeffreys):
        raise PriorError("Jeffreys() makes the posterior of a prior's scale improper; give a proper hyperprior.")
    return scale if isinstance(scale, PositivePrior) else _settled("the scale of a horseshoe (one for all)", scale)


def _settled(what: str, value: object) -> float:
    """A positive number as Python's own, so that the prior's repr can be read back."""
    number = value.item() if isinstance(value, np.ndarray) and value.ndim == 0 else value
    if isinstance(number, bool) or not isinstance(number, Real) or not 0 < float(number) < np.inf:
        raise PriorError(f"{what} must be a positive finite number or a prior, got {value!r}.")
    return float(number)


def _no_penalty(name: str) -> NoReturn:
    raise PriorError(
        f"a {name} prior has no penalty and its posterior no mode (the density is infinite at 0); "
        "sample it with br.sample, or use Laplace for a penalty."
    )


@dataclass(frozen=True)
class Horseshoe:
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

    def __post_init__(self) -> None:
        object.__setattr__(self, "scale", _settled_scale(self.scale))

    def column_scales(self, names: object) -> NoReturn:
        """Raise: a horseshoe is no penalty."""
        _no_penalty(self.name)

    def log_density(self, beta: object, sigma: float = 1.0, scale: float | None = None) -> np.ndarray:
        """Elementwise log density with the local scales integrated out; infinite at 0."""
        from scipy.special import exp1

        used = self.scale if scale is None else scale
        if isinstance(used, PositivePrior):
            raise PriorError(f"the scale has hyperprior {used}; pass scale=number to log_density.")
        unit = float(used) * (sigma if self.scaled_by_sigma else 1.0)
        w = 0.5 * (np.atleast_1d(as_numbers(beta, "beta")) / unit) ** 2
        with np.errstate(divide="ignore", over="ignore", invalid="ignore"):
            # Far out e^w·E₁(w) = 1/w − 1/w² + … where the two factors over- and underflow.
            log_core = np.where(w < 500, np.log(exp1(w)) + w, np.log1p(-1 / w + 2 / w**2) - np.log(w))
        return -0.5 * np.log(2 * np.pi**3) - np.log(unit) + log_core


@dataclass(frozen=True)
class RegularizedHorseshoe:
    r"""Regularized horseshoe: as :class:`Horseshoe`, with 1/v_j = 1/(λ_j·scale)² + 1/c², c² ~ InverseGamma.

    c² ~ InverseGamma(slab_df/2, slab_df·slab_scale²/2), so that coefficients far from 0 meet a Student-t
    slab instead of no prior at all (Piironen & Vehtari 2017, doi:10.1214/17-EJS1337SI).

    Parameters
    ----------
    scale : float or hyperprior
        Global scale, in the units of beta.
    slab_scale : float
        In the units of beta (of beta/sigma if ``scaled_by_sigma``): how large a coefficient may be.
    slab_df : float
        Degrees of freedom of the slab, 4 by default.
    scaled_by_sigma : bool
        Whether both scales are to be multiplied by sigma.
    """

    scale: float | PositivePrior
    slab_scale: float
    slab_df: float = 4.0
    scaled_by_sigma: bool = False
    name: ClassVar[str] = "regularized_horseshoe"

    @property
    def slab_prior(self) -> InverseGamma:
        """Prior of c, stated for c²."""
        return InverseGamma(0.5 * self.slab_df, 0.5 * self.slab_df * self.slab_scale**2)

    def __post_init__(self) -> None:
        object.__setattr__(self, "scale", _settled_scale(self.scale))
        for field_name in ("slab_scale", "slab_df"):
            object.__setattr__(self, field_name, _settled(field_name, getattr(self, field_name)))

    def column_scales(self, names: object) -> NoReturn:
        """Raise: a horseshoe is no penalty."""
        _no_penalty(self.name)


HorseshoePrior = Horseshoe | RegularizedHorseshoe

"""Priors on regression coefficients: frozen data and a log density, nothing else."""

from collections.abc import Sequence
from dataclasses import dataclass
from numbers import Real
from typing import ClassVar

import numpy as np

from bayesreg.errors import PriorError
from bayesreg.priors.column_values import ColumnValues, as_numbers, names_of, per_column, validate_values
from bayesreg.priors.horseshoe import HorseshoePrior
from bayesreg.priors.hyper import Jeffreys
from bayesreg.priors.positive import PositivePrior

Scale = ColumnValues | PositivePrior


@dataclass(frozen=True)
class ColumnScales:
    """The scales of a prior, resolved to one pair per column; infinity means that a part is absent.

    Attributes
    ----------
    laplace, normal : ndarray, shape (p,)
        Laplace scale b_j and Normal standard deviation s_j, each in (0, inf]. A column with both
        infinite is flat (unpenalized); one with both finite has the elastic-net prior.
    scaled_by_sigma : bool
        Whether each scale is to be multiplied by sigma.
    """

    laplace: np.ndarray
    normal: np.ndarray
    scaled_by_sigma: bool

    def at(self, sigma: float) -> "ColumnScales":
        """The same prior with sigma multiplied in."""
        factor = sigma if self.scaled_by_sigma else 1.0
        return ColumnScales(self.laplace * factor, self.normal * factor, False)

    @property
    def is_flat(self) -> np.ndarray:
        """Which columns have no prior at all, shape (p,)."""
        return np.isinf(self.laplace) & np.isinf(self.normal)

    def log_density(self, beta: np.ndarray) -> np.ndarray:
        """Elementwise log density at beta, shape (..., p); a flat column has density 1."""
        return elastic_net_log_density(np.asarray(beta, dtype=float), self.laplace, self.normal)


def elastic_net_log_density(beta: np.ndarray, laplace: np.ndarray, normal: np.ndarray) -> np.ndarray:
    """Elementwise log of exp(−|β|/b − β²/(2s²)) / C, where C = 2b, √(2π)s or √(2π)s·erfcx(s/(√2 b)).

    The three constants belong to a Laplace prior (s infinite), a Normal prior (b infinite) and both.
    """
    return -np.abs(beta) / laplace - 0.5 * (beta / normal) ** 2 - _log_constant(laplace, normal)


def _log_constant(laplace: np.ndarray, normal: np.ndarray) -> np.ndarray:
    from scipy.special import erfcx

    laplace, normal = np.broadcast_arrays(np.asarray(laplace, float), np.asarray(normal, float))
    constant = np.zeros(laplace.shape)
    only_laplace = np.isfinite(laplace) & np.isinf(normal)
    constant[only_laplace] = np.log(2 * laplace[only_laplace])
    has_normal = np.isfinite(normal)
    s, b = normal[has_normal], laplace[has_normal]
    constant[has_normal] = 0.5 * np.log(2 * np.pi) + np.log(s) + np.log(erfcx(s / (np.sqrt(2) * b)))
    return constant


def _validate_scale(scale: object, what: str) -> Scale:
    if isinstance(scale, Jeffreys):
        raise PriorError(
            f"{what}: Jeffreys() makes the posterior of a prior's scale improper; give a proper hyperprior."
        )
    if isinstance(scale, PositivePrior):
        return scale
    return validate_values(scale, what, zero_allowed=False)


def _resolved(scale: Scale, names: Sequence[str], what: str) -> np.ndarray:
    if isinstance(scale, PositivePrior):
        raise PriorError(
            f"{what} is unknown, with hyperprior {scale}; this step needs a number. Give one to the prior."
        )
    return per_column(scale, names, what)


@dataclass(frozen=True)
class Laplace:
    r"""Laplace prior, independently for each column: −log p(β_j) = |β_j|/b_j + log 2b_j.

    It is the prior of the lasso: in the objective ``half_rss`` the strength is λ = σ²/b
    (Tibshirani 1996, doi:10.1111/j.2517-6161.1996.tb02080.x; Park & Casella 2008,
    doi:10.1198/016214508000000337).

    Parameters
    ----------
    scale : float, array of shape (p,), mapping from column name, or hyperprior
        b > 0, in the units of beta (per unit of the columns that the prior sees); inf means flat.
    scaled_by_sigma : bool, optional
        If True the scale of column j is σ·b_j. The joint posterior of (beta, sigma) then has one mode.

    Raises
    ------
    PriorError
        If a scale is not positive, or not a number.

    Examples
    --------
    >>> import bayesreg as br
    >>> bool(br.Laplace(0.5).log_density([0.0])[0] == -np.log(2 * 0.5))
    True
    """

    scale: Scale
    scaled_by_sigma: bool = False
    name: ClassVar[str] = "laplace"

    def __post_init__(self) -> None:
        object.__setattr__(self, "scale", _validate_scale(self.scale, "Laplace scale"))

    def column_scales(self, names: Sequence[str]) -> ColumnScales:
        """Resolve the scale for the given columns."""
        b = _resolved(self.scale, names, "Laplace scale")
        return ColumnScales(b, np.full(len(names), np.inf), self.scaled_by_sigma)

    def log_density(self, beta: object, sigma: float | None = None) -> np.ndarray:
        """Elementwise log density; `sigma` is needed only if ``scaled_by_sigma``."""
        return _log_density(self, beta, sigma)


@dataclass(frozen=True)
class Normal:
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

    def __post_init__(self) -> None:
        object.__setattr__(self, "scale", _validate_scale(self.scale, "Normal scale"))
        if isinstance(self.loc, bool) or not isinstance(self.loc, Real) or not np.isfinite(self.loc):
            raise PriorError(f"loc must be a finite number, got {self.loc!r}.")
        object.__setattr__(self, "loc", float(self.loc))

    def column_scales(self, names: Sequence[str]) -> ColumnScales:
        """Resolve the scale for the given columns."""
        if self.loc != 0:
            raise PriorError(
                f"a Normal prior on coefficients is centred at 0, got loc={self.loc}; loc is for an intercept."
            )
        s = _resolved(self.scale, names, "Normal scale")
        return ColumnScales(np.full(len(names), np.inf), s, self.scaled_by_sigma)

    def log_density(self, beta: object, sigma: float | None = None) -> np.ndarray:
        """Elementwise log density; `sigma` is needed only if ``scaled_by_sigma``."""
        shifted = beta if self.loc == 0 else as_numbers(beta, "beta") - self.loc
        return _log_density(Normal(self.scale, self.scaled_by_sigma), shifted, sigma)


@dataclass(frozen=True)
class ElasticNetPrior:
    r"""The prior of the elastic net: p(β_j) ∝ exp(−|β_j|/b_j − β_j²/(2s_j²)).

    Its constant is √(2π)·s·erfcx(s/(√2 b)), where erfcx(x) = exp(x²)·erfc(x)
    (Zou & Hastie 2005, doi:10.1111/j.1467-9868.2005.00503.x).

    Parameters
    ----------
    laplace_scale, normal_scale : float, array of shape (p,), or mapping from column name
        b > 0 and s > 0, in the units of beta; inf removes the part.
    scaled_by_sigma : bool, optional
        If True both scales are multiplied by sigma.
    """

    laplace_scale: ColumnValues
    normal_scale: ColumnValues
    scaled_by_sigma: bool = False
    name: ClassVar[str] = "elastic_net"

    def __post_init__(self) -> None:
        for field in ("laplace_scale", "normal_scale"):
            value = validate_values(getattr(self, field), f"ElasticNetPrior {field}", zero_allowed=False)
            object.__setattr__(self, field, value)

    def column_scales(self, names: Sequence[str]) -> ColumnScales:
        """Resolve both scales for the given columns."""
        b = per_column(self.laplace_scale, names, "laplace_scale")
        s = per_column(self.normal_scale, names, "normal_scale")
        return ColumnScales(b, s, self.scaled_by_sigma)

    def log_density(self, beta: object, sigma: float | None = None) -> np.ndarray:
        """Elementwise log density; `sigma` is needed only if ``scaled_by_sigma``."""
        return _log_density(self, beta, sigma)


# Those that are a penalty, and all.
PenaltyPrior = Laplace | Normal | ElasticNetPrior
CoefficientPrior = PenaltyPrior | HorseshoePrior


def _log_density(prior: PenaltyPrior, beta: object, sigma: float | None) -> np.ndarray:
    array = np.atleast_1d(as_numbers(beta, "beta"))
    if not prior.scaled_by_sigma:
        sigma = 1.0
    if sigma is None:
        raise PriorError("this prior is scaled by sigma; pass sigma to log_density.")
    if isinstance(sigma, bool) or not isinstance(sigma, Real) or not (sigma > 0 and np.isfinite(sigma)):
        raise PriorError(f"sigma must be a positive finite number, got {sigma!r}.")
    return prior.column_scales(names_of(beta, array.shape[-1])).at(float(sigma)).log_density(array)

"""The regularized horseshoe prior, whose tails are those of a Student-t slab."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from bayesreg.priors.base import Prior
from bayesreg.priors.given import Array, Given, Unknown
from bayesreg.priors.horseshoe import (
    LOCAL_SCALE,
    NO_PENALTY,
    SCALE,
    Horseshoe,
    global_scale,
    known_scale,
    log_density_with_local,
)
from bayesreg.priors.hyper import InverseGamma
from bayesreg.priors.positive import PositivePrior
from bayesreg.priors.scale import positive_number, validate_one_scale


@dataclass(frozen=True)
class RegularizedHorseshoe(Prior):
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

    See Also
    --------
    Horseshoe : Horseshoe prior.
    guess_scale : Global scale from a guess of the number of nonzero coefficients.
    InverseGamma : Inverse-gamma hyperprior.
    """

    scale: float | PositivePrior
    slab_scale: float
    slab_df: float = 4.0
    scaled_by_sigma: bool = False
    name: ClassVar[str] = "regularized_horseshoe"
    title: ClassVar[str] = "regularized horseshoe"
    source: ClassVar[str] = "Piironen & Vehtari (2017), doi:10.1214/17-EJS1337SI"
    no_penalty: ClassVar[str] = NO_PENALTY

    def __post_init__(self) -> None:
        object.__setattr__(self, "scale", validate_one_scale(self.scale, SCALE))
        for field in ("slab_scale", "slab_df"):
            object.__setattr__(self, field, positive_number(field, getattr(self, field)))

    @property
    def local_scale(self) -> PositivePrior:
        """Prior of λ_j."""
        return LOCAL_SCALE

    @property
    def slab_prior(self) -> InverseGamma:
        """Prior of c, stated for c²."""
        return InverseGamma(0.5 * self.slab_df, 0.5 * self.slab_df * self.slab_scale**2)

    @property
    def unknowns(self) -> tuple[Unknown, ...]:
        """The scale, λ_j of each column, and the slab's scale c."""
        local = Unknown("local_scale", LOCAL_SCALE, per_column=True)
        return (*super().unknowns, local, Unknown("slab_scale", self.slab_prior))

    @property
    def is_truncatable(self) -> bool:
        """Whether coefficients may have bounds."""
        return True

    def constants(self, names: Sequence[str]) -> dict[str, Array]:
        """The scale where it is known."""
        return known_scale(self.scale)

    def precision(self, given: Given, mixing: Array) -> Array:
        """1/(λ_j·scale)² + 1/c²."""
        local = (mixing * (global_scale(self.scale, given) * given.unit)) ** -2
        return local + (given.unknowns["slab_scale"] * given.unit) ** -2

    def log_density_given(self, beta: Array, given: Given) -> Array:
        """Elementwise log density of β_j and λ_j."""
        return log_density_with_local(self, beta, given)


HorseshoePrior = Horseshoe | RegularizedHorseshoe

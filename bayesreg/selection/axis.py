"""The axis on which all rules answer: the strength of a regression's own kind of prior, in ``half_rss``."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from bayesreg.errors import PriorError, UnsupportedError
from bayesreg.model.regression import Regression
from bayesreg.model.strength import strength_of
from bayesreg.optimize.path import Path, path
from bayesreg.priors.dictionary import strengthened
from bayesreg.priors.prior import Laplace, Normal, PenaltyPrior
from bayesreg.selection.tool_cv import estimate_sigma


@dataclass(frozen=True, eq=False)
class Axis:
    """A regression seen as a family of regressions, one for each strength of its kind of prior.

    Attributes
    ----------
    reg : Regression
        As given, but with a scale of 1 where that was unknown.
    held : Regression
        The same with sigma held at one value.
    given : ndarray, shape (m,), or None
        Strengths in ``half_rss``; None for the grid of :func:`bayesreg.path`.
    sigma_told : str
        How sigma was come by.
    """

    reg: Regression
    held: Regression
    given: np.ndarray | None
    sigma_told: str

    @property
    def sigma(self) -> float:
        """The sigma at which scales and strengths are converted."""
        assert self.held.noise.sigma is not None
        return self.held.noise.sigma

    @cached_property
    def current(self) -> float:
        """The strength of `reg`: the largest of the columns' L1 strengths, or else of their L2 strengths."""
        return strength_of(self.held)

    @cached_property
    def path(self) -> Path:
        """MAP estimates at each strength, for all rows."""
        return path(self.held, self.given)

    @property
    def strengths(self) -> np.ndarray:
        """The grid, decreasing, shape (m,)."""
        return self.path.strengths

    @property
    def term(self) -> str:
        """Which penalty term the strength multiplies; the L1 term of an elastic net."""
        return "l2" if isinstance(self.reg.prior, Normal) else "l1"

    def prior_at(self, strength: float) -> PenaltyPrior:
        """The prior of a strength; columns keep the ratios of their scales."""
        assert isinstance(self.reg.prior, PenaltyPrior)
        return strengthened(self.reg.prior, strength / self.current)

    def at(self, strength: float) -> Regression:
        """The regression under the prior of a strength, its noise as given."""
        return self.reg.with_prior(self.prior_at(strength))

    def held_at(self, strength: float) -> Regression:
        """The same with sigma held."""
        return self.held.with_prior(self.prior_at(strength))

    def require_gaussian(self, rule: str) -> None:
        """Raise unless the rule, which needs a gaussian family, has one."""
        if not self.reg.is_gaussian:
            raise UnsupportedError(
                f'by="{rule}" covers the gaussian family, got {self.reg.family.name}; '
                'use by="cv", "cv_1se", "validation", "aic" or "bic".'
            )

    def require_prior(self, rule: str, *kinds: type) -> None:
        """Raise unless the prior is of one of these kinds."""
        if not isinstance(self.reg.prior, kinds):
            names = " or ".join(kind.__name__ for kind in kinds)
            raise UnsupportedError(
                f'by="{rule}" covers a {names} prior, got {self.reg.prior.name}; use by="cv", "aic" or "bic".'
            )


def open_axis(reg: Regression, strengths: Any = None) -> Axis:
    """Lay out the axis of a regression.

    Parameters
    ----------
    reg : Regression
        Whose prior gives the kind of penalty and the columns' ratios. A sigma that is unknown is
        estimated once to convert between scales and strengths (and held, by the rules that use MAP estimates).
    strengths : array-like, shape (m,), optional
        In ``half_rss``.

    Raises
    ------
    UnsupportedError
        If the prior is that of no penalty.
    PriorError
        If a strength is not a positive number, or a Student-t regression does not know its sigma.
    """
    if not isinstance(reg.prior, PenaltyPrior):
        raise UnsupportedError(
            f"strengths belong to Laplace, Normal and elastic-net priors, got {reg.prior.name}; give its scale a "
            "hyperprior, or br.guess_scale, and sample it: br.sample(reg)."
        )
    if not reg.scale_known:
        kind = Laplace if isinstance(reg.prior, Laplace) else Normal
        reg = reg.with_prior(kind(1.0, reg.prior.scaled_by_sigma))
    sigma, told = _settled_sigma(reg)
    grid = None if strengths is None else _read_grid(strengths)
    return Axis(reg, reg if reg.noise.known else reg.with_sigma(sigma), grid, told)


def _settled_sigma(reg: Regression) -> tuple[float, str]:
    if reg.noise.sigma is not None:
        return reg.noise.sigma, "known"
    if not reg.is_gaussian:
        raise PriorError(f"a {reg.family.name} regression needs a known sigma here; use reg.with_sigma(number).")
    sigma, how = estimate_sigma(reg)
    return sigma, f"estimated by {how}"


def _read_grid(strengths: Any) -> np.ndarray:
    grid = np.unique(np.atleast_1d(np.asarray(strengths, dtype=float)))[::-1]
    if grid.ndim != 1 or len(grid) < 2 or not (np.all(grid > 0) and np.all(np.isfinite(grid))):
        raise PriorError(f"strengths must be at least two different positive numbers, got {strengths!r}.")
    return grid.copy()

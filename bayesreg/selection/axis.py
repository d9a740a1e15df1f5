"""The axis on which all rules answer: the strength of a regression's own kind of prior, in ``half_rss``."""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from bayesreg.errors import UnsupportedError
from bayesreg.model.regression import Regression
from bayesreg.model.strength import strength_of
from bayesreg.optimize.path import Path, path
from bayesreg.priors.base import Prior, Term
from bayesreg.selection.choice import Choice

# A grid whose end is chosen goes on by so many points, which are three decades, and so many times.
EXTENSION, EXTENSIONS = 50, 2
PRIORS_OF: dict[Term, str] = {"l1": "Laplace", "l2": "Normal"}


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
    sigma_source : str
        Where sigma comes from.
    beyond : int
        By how many extensions the default grid reaches further at both ends.
    """

    reg: Regression
    held: Regression
    given: np.ndarray | None
    sigma_source: str
    beyond: int = 0

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
        fits = path(self.held, self.given)
        if self.beyond == 0:
            return fits
        # As dense as the grid that it goes on from.
        step = np.log(fits.strengths[0] / fits.strengths[-1]) / (len(fits.strengths) - 1)
        more = np.exp(step * np.arange(1, 1 + self.beyond * EXTENSION))
        return path(self.held, np.concatenate([fits.strengths[0] * more, fits.strengths, fits.strengths[-1] / more]))

    @property
    def strengths(self) -> np.ndarray:
        """The grid, decreasing, shape (m,)."""
        return self.path.strengths

    def points(self, few: int) -> int:
        """How many points a coarser grid has that would have `few` without extensions."""
        return few + (few - 1) * self.beyond

    def extended(self, choice: Choice) -> "Axis | None":
        """The axis that reaches further on both sides where an end of its grid was chosen, if it may.

        It may under a Normal prior, whose grid has no natural end, and in the gaussian family, which has an estimate
        at every strength.
        """
        curve = choice.curve
        if self.given is not None or curve is None or self.term == "l1" or not self.reg.is_gaussian:
            return None
        return replace(self, beyond=self.beyond + 1) if curve.open_end and self.beyond < EXTENSIONS else None

    @property
    def term(self) -> Term:
        """Which penalty term the strength multiplies; the L1 term of an elastic net."""
        return self.reg.prior.terms[0]

    def prior_at(self, strength: float) -> Prior:
        """The prior of a strength; columns keep the ratios of their scales."""
        return self.reg.prior.strengthened(strength / self.current)

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

    def require_terms(self, rule: str, *terms: Term) -> None:
        """Raise unless the penalty is one of these terms alone."""
        if self.reg.prior.terms not in [(term,) for term in terms]:
            names = " or ".join(PRIORS_OF[term] for term in terms)
            raise UnsupportedError(
                f'by="{rule}" covers a {names} prior, got {self.reg.prior.name}; use by="cv", "aic" or "bic".'
            )

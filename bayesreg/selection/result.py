"""The answers of one rule or of several, on one axis and in any tool's convention."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from bayesreg.errors import PriorError
from bayesreg.model.regression import Regression
from bayesreg.model.strength import conversion
from bayesreg.priors.base import Prior
from bayesreg.priors.dictionary import convert
from bayesreg.priors.objective import canonical_objective, find_objective
from bayesreg.priors.registry import stated
from bayesreg.selection.axis import Axis
from bayesreg.selection.choice import Choice, Curve

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, eq=False, repr=False)
class Selection:
    """A strength chosen by one rule.

    Attributes
    ----------
    axis : Axis
        The regression as a family over strengths.
    choice : Choice
        In ``half_rss``.
    objective : str
        The convention in which the strength is stated.
    prior : Laplace, Normal or ElasticNetPrior
        The prior of the chosen strength.
    regression : Regression
        The regression under that prior, its noise as given.

    See Also
    --------
    select : The strength by cross-validation, evidence and other rules.
    Selections : The strengths chosen by several rules.
    """

    axis: Axis
    choice: Choice
    objective: str
    prior: Prior
    regression: Regression

    @property
    def rule(self) -> str:
        """Which rule it was."""
        return self.choice.rule

    @property
    def how(self) -> str:
        """How the rule went about it, in words."""
        return self.choice.how

    @property
    def strength(self) -> float:
        """In the convention `objective`; for an elastic net the L1 part, for per-column scales the largest."""
        return self.strength_in(self.objective)

    @property
    def scale(self) -> Any:
        """The prior's scale, in the form in which it was given; (Laplace, Normal) scales for an elastic net."""
        scales = tuple(stated(self.prior, self.axis.reg.names).term_scales.values())
        return scales if len(scales) > 1 else scales[0]

    @property
    def sigma(self) -> float:
        """The sigma with which scale and strength are converted."""
        return self.axis.sigma

    @property
    def curve(self) -> Curve | None:
        """What the strength was read from, in ``half_rss``."""
        return self.choice.curve

    @property
    def interval(self) -> tuple[float, float] | None:
        """Central 95% posterior interval of the strength, in the convention `objective`; None for a point rule."""
        if self.choice.interval is None:
            return None
        low, high = sorted(in_objective(self.axis, end, self.objective) for end in self.choice.interval)
        return low, high

    @property
    def mc_error(self) -> float | None:
        """Monte Carlo standard error of the log strength; None where there is none or it is not known."""
        return self.choice.mc_error

    @property
    def details(self) -> dict[str, Any]:
        """Numbers of the rule's own."""
        return self.choice.details

    @property
    def at_edge(self) -> bool:
        """Whether the strength is at an end of its grid, so that the best one may lie beyond."""
        curve = self.choice.curve
        return curve is not None and self.choice.strength in (curve.strengths[0], curve.strengths[-1])

    def strength_in(self, objective: str) -> float:
        """The strength in another tool's convention (:func:`bayesreg.objectives`)."""
        return in_objective(self.axis, self.choice.strength, objective)

    def to_frame(self) -> "pd.DataFrame":
        """One row: strength, scale, interval, and how it was chosen."""
        import pandas as pd

        return pd.DataFrame([self._row()]).set_index("rule")

    def _row(self) -> dict[str, Any]:
        low, high = self.interval or (np.nan, np.nan)
        error = np.nan if self.mc_error is None else self.mc_error
        row = {"rule": self.rule, "strength": self.strength, "scale": self.scale, "lower": low, "upper": high}
        return {**row, "mc_error": error, "nonzero": self.nonzero, "at_edge": self.at_edge, "how": self.how}

    @property
    def nonzero(self) -> int:
        """Coefficients that are not exactly 0 in the MAP estimate at this strength (and the sigma of the axis)."""
        from bayesreg.optimize.map_estimate import map_estimate

        return self.axis.reg.p - map_estimate(self.axis.held_at(self.choice.strength)).n_zeros

    def __repr__(self) -> str:
        quantity = find_objective(self.objective).quantity
        return f"Selection({self.rule}: {quantity} {self.strength:.4g} ({self.objective}), {self.how})"


@dataclass(frozen=True, eq=False, repr=False)
class Selections:
    """The answers of several rules for one regression.

    Attributes
    ----------
    selections : tuple of Selection
        In the order in which the rules were asked for; ``selections["cv"]`` is that of one rule.

    See Also
    --------
    select : The strength by cross-validation, evidence and other rules.
    Selection : The strength chosen by one rule.
    plot_selection : The criterion of each rule along the strengths.
    """

    selections: tuple[Selection, ...]

    def __iter__(self) -> Iterator[Selection]:
        return iter(self.selections)

    def __len__(self) -> int:
        return len(self.selections)

    def __getitem__(self, rule: str) -> Selection:
        for selection in self.selections:
            if selection.rule == rule:
                return selection
        raise PriorError(f"no selection by {rule!r}; there are {', '.join(one.rule for one in self.selections)}.")

    @property
    def axis(self) -> Axis:
        """The regression as a family over strengths."""
        return self.selections[0].axis

    @property
    def objective(self) -> str:
        """The convention of all strengths."""
        return self.selections[0].objective

    def to_frame(self) -> "pd.DataFrame":
        """One row per rule."""
        import pandas as pd

        return pd.DataFrame([one._row() for one in self.selections]).set_index("rule")

    def __str__(self) -> str:
        quantity = find_objective(self.objective).quantity
        lines = [
            f"{quantity} of the {self.axis.reg.prior.name} prior ({self.objective}), sigma {self.axis.sigma_source}"
        ]
        for one in self.selections:
            span = "" if one.interval is None else f"  [{one.interval[0]:.4g}, {one.interval[1]:.4g}]"
            lines.append(f"{one.rule:<11}{one.strength:>11.4g}{span}  {one.how}")
        return "\n".join(lines)

    __repr__ = __str__

    def _repr_html_(self) -> str:
        from html import escape

        heading = escape(str(self).splitlines()[0])
        return f"<p>{heading}</p>" + self.to_frame().to_html(float_format="{:.4g}".format)


def in_objective(axis: Axis, strength: float, objective: str) -> float:
    """A strength of the axis in the convention of a tool."""
    reg = axis.held
    term = axis.term
    canonical = canonical_objective(reg.family)
    return convert(strength, canonical, objective, term=term, **conversion(reg, objective, axis.sigma))

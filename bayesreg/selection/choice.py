"""What a rule hands back: a strength, and the curve that it was read from."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np

# A curve moves at its end if over so many strengths it changes by more than this: an error by a share of it, a log
# density in itself.
NEARBY, SHARE_MOVED, LOG_MOVED = 5, 1e-3, 0.01


@dataclass(frozen=True, eq=False)
class Curve:
    """A criterion along the strengths.

    Attributes
    ----------
    strengths : ndarray, shape (m,)
        In ``half_rss``, decreasing.
    value : ndarray, shape (m,)
        The criterion.
    kind : {"error", "log"}
        "error": mean squared error (or mean negative log likelihood) of a row, the smaller the better.
        "log": a sum of log densities, the larger the better; AIC and BIC count as −AIC/2 and −BIC/2.
    error : ndarray, shape (m,), or None
        Standard error: over folds, or that of the Monte Carlo estimate.
    train : ndarray, shape (m,), or None
        For "error", the same measure on the rows that were fitted.
    label : str
    """

    strengths: np.ndarray
    value: np.ndarray
    kind: str
    label: str
    error: np.ndarray | None = None
    train: np.ndarray | None = None

    @property
    def best(self) -> int:
        """Index of the best strength, the strongest of several."""
        return int(np.argmin(self.value) if self.kind == "error" else np.argmax(self.value))

    @property
    def open_end(self) -> bool:
        """Whether the best strength is at an end of the grid towards which the curve still moves."""
        best, last = self.best, len(self.value) - 1
        if best not in (0, last):
            return False
        inner = min(NEARBY, last) if best == 0 else last - min(NEARBY, last)
        moved = abs(self.value[best] - self.value[inner])
        return bool(moved > (SHARE_MOVED * self.value[best] if self.kind == "error" else LOG_MOVED))


@dataclass(frozen=True, eq=False)
class Choice:
    """The answer of one rule, before it is said in a tool's convention.

    Attributes
    ----------
    rule : str
    strength : float
        In ``half_rss``.
    how : str
    curve : Curve or None
    interval : tuple of float, or None
        Central 95% of the strength's posterior, in ``half_rss``.
    mc_error : float or None
        Monte Carlo standard error of the log strength.
    details : dict
        Numbers of the rule's own, such as Pareto k.
    """

    rule: str
    strength: float
    how: str
    curve: Curve | None = None
    interval: tuple[float, float] | None = None
    mc_error: float | None = None
    details: dict[str, Any] = field(default_factory=dict)


def edge_note(curve: Curve, index: int) -> str:
    """A warning in words where the best strength is at the end of the grid."""
    if index in (0, len(curve.strengths) - 1):
        return f", at the {'strong' if index == 0 else 'weak'} end of its grid"
    return ""

"""What there is to say of each coefficient, the intercept included, in every unit that the page can show."""

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from bayesreg.analysis.from_tree import read_posterior
from bayesreg.analysis.intervals import quantiles
from bayesreg.analysis.near_zero import NEAR_ZERO_SHARE, near_zero
from bayesreg.design.design import weighted_sd
from bayesreg.design.moments import weighted_mean
from bayesreg.model.regression import Regression
from bayesreg.optimize.estimate import Estimate

if TYPE_CHECKING:
    from xarray import DataTree

# Rows of a table; of more columns those of largest effect are shown.
MAX_ROWS = 300
CLEAR, CLEAR_BUT_SMALL, NEAR_ZERO, UNDECIDED = "clear", "clear, but small", "near zero", "undecided"
INTERCEPT = "intercept"


@dataclass(frozen=True, eq=False)
class Effects:
    """Coefficients by decreasing size of their standardized posterior mean, and the intercept after them.

    Attributes
    ----------
    order : ndarray of int, shape (k,)
        Which columns, the largest effect first; all p, or the `MAX_ROWS` largest.
    draws : ndarray, shape (S, k)
        Of their coefficients on the user's columns.
    intercept : ndarray, shape (S,), or None
        At x = 0; None without an intercept.
    mean_x, sd_x : ndarray, shape (k,)
        Of the columns.
    center : ndarray, shape (S,)
        The intercept at the means of all columns, of each draw.
    p_direction, p_near_zero : ndarray, shape (p,)
        Of all columns: posterior probabilities of the likelier sign, and of |coefficient| < ε.
    excludes_zero : ndarray of bool, shape (p,)
        Whether the interval does not contain 0.
    points : dict of str to (coef of shape (k,), intercept at x = 0, intercept at the means)
        Point estimates by name.
    """

    reg: Regression
    ci_prob: float
    order: np.ndarray
    draws: np.ndarray
    intercept: np.ndarray | None
    mean_x: np.ndarray
    sd_x: np.ndarray
    center: np.ndarray
    p_direction: np.ndarray
    p_near_zero: np.ndarray
    excludes_zero: np.ndarray
    points: dict[str, tuple[np.ndarray, float, float]]

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the rows, without that of the intercept."""
        return tuple(self.reg.names[j] for j in self.order)

    @cached_property
    def standardized(self) -> np.ndarray:
        """Draws of the change per standard deviation of the column, shape (S, k)."""
        return self.draws * self.sd_x

    @property
    def verdicts(self) -> list[str]:
        """For each of all p columns: clear, near zero, undecided."""
        small = self.p_near_zero >= self.ci_prob
        return [_verdict(bool(one), bool(two)) for one, two in zip(self.excludes_zero, small, strict=True)]

    def named(self, *verdicts: str) -> list[str]:
        """Names of the shown columns with one of these verdicts, the largest effect first."""
        given = self.verdicts
        return [self.reg.names[j] for j in self.order if given[j] in verdicts]

    def count(self, *verdicts: str) -> int:
        """How many of all columns have one of these verdicts."""
        return sum(one in verdicts for one in self.verdicts)


def _verdict(excludes_zero: bool, small: bool) -> str:
    if excludes_zero:
        return CLEAR_BUT_SMALL if small else CLEAR
    return NEAR_ZERO if small else UNDECIDED


def find_effects(idata: "DataTree", reg: Regression, estimates: dict[str, Estimate], ci_prob: float) -> Effects:
    """Summarize a posterior and the point estimates beside it."""
    reg, draws = read_posterior(idata, reg)
    coef, intercept = draws.on_user_columns(reg.design.standardization)
    mean_x, sd_x = column_moments(reg)
    lower, upper = quantiles(coef, ci_prob)
    positive, negative = np.mean(coef > 0, axis=0), np.mean(coef < 0, axis=0)
    order = np.argsort(-np.abs(coef.mean(axis=0) * sd_x), kind="stable")[:MAX_ROWS]
    return Effects(
        reg=reg,
        ci_prob=ci_prob,
        order=order,
        draws=coef[:, order],
        intercept=intercept if reg.intercept_term.exists else None,
        mean_x=mean_x[order],
        sd_x=sd_x[order],
        center=intercept + coef @ mean_x,
        p_direction=np.maximum(positive, negative),
        p_near_zero=np.mean(np.abs(coef) < near_zero(reg, None, NEAR_ZERO_SHARE), axis=0),
        excludes_zero=(lower > 0) | (upper < 0),
        points={name: _point(one, order, mean_x) for name, one in estimates.items()},
    )


def _point(estimate: Estimate, order: np.ndarray, mean_x: np.ndarray) -> tuple[np.ndarray, float, float]:
    # Adding 0 turns the −0 of some solvers into 0.
    return estimate.coef[order] + 0.0, estimate.intercept, estimate.intercept + float(mean_x @ estimate.coef)


def column_moments(reg: Regression) -> tuple[np.ndarray, np.ndarray]:
    """Means and standard deviations (divisor n) of the user's columns, shape (p,) each."""
    design, rows = reg.design, reg.design.rows
    if rows is None:
        assert design.moments is not None
        return design.moments.mean_x, design.moments.sd_x
    mean = weighted_mean(rows.X, rows.weights)
    return mean, weighted_sd(rows.X, mean, rows.weights)

"""What a reader of a comparison must know beside its numbers, a sentence each."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from bayesreg.model.objective import join
from bayesreg.model.regression import Regression
from bayesreg.optimize.estimate import Estimate

# So many names are listed, the others counted.
MOST_NAMES = 5


def comparison_notes(
    reg: Regression, estimates: dict[str, Estimate], rows: Sequence[Any], free: tuple[str, ...] | None, ci_prob: float
) -> tuple[str, ...]:
    """The notes that a comparison has of itself."""
    notes, best = [], estimates["map"]
    if "ols" not in estimates:
        notes.append("no maximum likelihood estimate was found, as where the classes can be separated and none exists")
    if not reg.noise.known:
        notes.append(
            f"sigma is unknown, with prior {reg.noise}; the points are compared at the sigma "
            f"of the joint mode of (beta, sigma), {best.sigma:.4g}, and so is the strength stated; "
            "the posterior averages over sigma"
        )
    if reg.is_gaussian and reg.loss.rank < reg.loss.size:
        notes.append(
            f"least squares is not unique (rank {reg.loss.rank} of {reg.loss.size} columns); "
            "the one of least norm is shown"
        )
    if reg.prior.is_correlated and np.any(flat := reg.unit_scales.is_flat):
        notes.append(f"the prior is flat along {np.sum(flat)} of {reg.p} directions, where the data alone speak")
    if free:
        notes.append(_not_unique(reg, estimates, free))
    if outside(rows):
        notes.append(_outside_note(outside(rows), len(rows), ci_prob))
    return tuple(notes)


def outside(rows: Sequence[Any]) -> tuple[str, ...]:
    """Names of the coefficients whose MAP lies outside their posterior interval."""
    return tuple(row.name for row in rows if not row.lower <= row.map <= row.upper)


def theta_of(reg: Regression, estimate: Estimate) -> np.ndarray:
    """The coefficients that the loss has: beta, and the intercept's deviation where it is one of them."""
    center = reg.design.standardization.center
    return join(reg, estimate.beta, estimate.intercept + float(center @ estimate.coef))


def _not_unique(reg: Regression, estimates: dict[str, Estimate], free: tuple[str, ...]) -> str:
    ours, theirs = estimates["map"], estimates["penalized"]
    gap = abs(ours.objective - theirs.objective) / max(abs(ours.objective), 1e-300)
    return (
        f"the penalized minimum is not unique: {_listed(free)} are linearly dependent, and what one of them explains "
        "another can; MAP and penalized may be two of its points, of the same objective (relative difference "
        f"{gap:.1e}) and the same fitted values (largest difference {_fitted_difference(reg, ours, theirs):.1e}); "
        "an L2 term makes it unique"
    )


def _fitted_difference(reg: Regression, ours: Estimate, theirs: Estimate) -> float:
    """Largest difference of fitted values; of their root mean square where only moments are known."""
    step = theta_of(reg, ours) - theta_of(reg, theirs)
    loss = reg.loss if reg.is_gaussian else reg.row_loss
    if loss.A is not None:
        return float(np.max(np.abs(loss.A @ step)))
    return float(np.sqrt(max(step @ reg.loss.gram @ step, 0.0) / reg.design.weight))


def _outside_note(names: tuple[str, ...], p: int, ci_prob: float) -> str:
    return (
        f"the MAP lies outside its own {100 * ci_prob:g}% posterior interval for {len(names)} of {p} coefficients "
        f"({_listed(names)}): mode and posterior part here, and the interval says where the probability is; with more "
        "columns than rows and few effects a horseshoe prior keeps them together"
    )


def _listed(names: tuple[str, ...]) -> str:
    more = len(names) - MOST_NAMES
    return ", ".join(names[:MOST_NAMES]) + (f" and {more} more" if more > 0 else "")

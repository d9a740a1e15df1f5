"""Whether a posterior can be normalized at all; a Markov chain would wander off without a sign."""

from math import inf

import numpy as np
from scipy import linalg

from bayesreg.errors import ModeError
from bayesreg.families.registry import find_family
from bayesreg.model.quadratic import QuadraticLoss
from bayesreg.model.regression import Regression

# Mean distance from the boundary, in units of the columns, from which on classes count as separated.
SEPARATED = 1e-9


def require_determined(loss: QuadraticLoss, free: np.ndarray) -> None:
    """Raise ModeError unless the data alone determine the flat coefficients."""
    if len(free) == 0:
        return
    block = loss.curvature(free)
    root = np.sqrt(np.diag(block))
    if np.any(root == 0) or linalg.eigvalsh(block / np.outer(root, root))[0] < 1e3 * len(free) * np.finfo(float).eps:
        raise ModeError(
            "flat columns are constant or collinear, so their posterior is improper; give them a finite scale."
        )


def require_proper(reg: Regression, flat: np.ndarray) -> None:
    """Raise ModeError if the posterior of a Gaussian regression is improper.

    Parameters
    ----------
    reg : Regression
    flat : ndarray of bool, shape (q,)
        Which elements of θ have no prior.
    """
    loss, prior = reg.loss, reg.noise.prior
    require_determined(loss, np.flatnonzero(flat))
    informed = reg.n - int(np.sum(flat)) - reg.intercept_term.is_flat
    # An improper prior ∝ σ^k of sigma has a proper posterior from k + 2 rows on.
    if prior is not None and not prior.proper and informed <= prior.power_at_zero + 1:
        raise ModeError(
            f"the posterior of sigma is improper: {informed} row(s) are left to learn it from under {prior}; "
            "give sigma a proper prior, such as HalfNormal."
        )
    hyperpriors = [group.prior for group in reg.prior.scale_groups(reg.names) if group.prior is not None]
    if not all(hyperprior.proper for hyperprior in hyperpriors) and loss.rank < 2:
        raise ModeError(
            "the posterior of the prior's scale is improper: the columns have rank 1, under which a flat prior has too "
            "heavy a tail; give the scale a proper prior, such as HalfCauchy."
        )
    if prior is not None and prior.power_at_zero < inf and _fits_all_but_some(reg):
        raise ModeError(
            "the posterior of sigma is improper: fewer columns than rows fit every row exactly, so that sigma falls to "
            "0; give sigma a prior that vanishes at 0, such as InverseGamma."
        )
    if prior is not None and prior.power_at_zero < 0 and not reg.prior.scaled_by_sigma and _fits_every_row(reg):
        raise ModeError(
            "the posterior of sigma is improper: the columns fit every row, so that nothing keeps sigma from 0; "
            "give sigma a prior that vanishes at 0, such as InverseGamma, or use scaled_by_sigma=True."
        )


def require_proper_rows(reg: Regression) -> None:
    """Raise ModeError if the posterior of a regression of any family is seen to be improper.

    Under noise of a scale sigma it is what that of Normal noise is: rows that are fitted exactly are so under both. In
    a family that columns can separate, a flat column must not do so.
    """
    flat = reg.prior.is_flat(reg.names)
    if reg.family.location_scale and not reg.noise.known:
        given = {"prior": reg.prior, "sigma": reg.noise.prior, "intercept": reg.intercept, "center": reg.center}
        given["bounds"] = None
        twin = Regression.from_design(reg.design, family=find_family("gaussian"), **given)  # type: ignore[arg-type]
        require_proper(twin, twin.intercept_term.append(flat, False).astype(bool))
    if reg.family.separable and np.any(flat):
        _require_overlap(reg, np.flatnonzero(flat))


def _require_overlap(reg: Regression, free: np.ndarray) -> None:
    """Raise ModeError if a direction of flat columns fits classes the better the farther one goes."""
    from scipy.optimize import linprog

    assert reg.design.rows is not None
    columns = reg.coordinates.columns(reg.design.matrix)[:, free]
    if reg.intercept_term.is_flat:
        columns = np.column_stack([columns, np.ones(reg.n)])
    signed = np.where(reg.design.rows.y > 0, 1.0, -1.0)[:, None] * columns / np.max(np.abs(columns), axis=0)
    solution = linprog(-signed.sum(axis=0), A_ub=-signed, b_ub=np.zeros(reg.n), bounds=(-1.0, 1.0))
    if solution.status == 0 and -solution.fun > SEPARATED * reg.n:
        raise ModeError(
            f"the posterior is improper: flat columns separate the classes of the {reg.family.name} target; give them "
            "a finite scale."
        )


def _levels(reg: Regression) -> int:
    """Rows that are left for the columns: an intercept at the centre fits the mean, whatever its prior."""
    return reg.n - reg.intercept_term.orthogonal


def _fits_every_row(reg: Regression) -> bool:
    return reg.loss.size >= _levels(reg) and reg.loss.least_rss <= 1e-20 * reg.loss.square


def _fits_all_but_some(reg: Regression) -> bool:
    return reg.loss.size < _levels(reg) and reg.loss.least_rss <= 1e-24 * reg.loss.square

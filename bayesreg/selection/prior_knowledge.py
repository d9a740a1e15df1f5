"""From "about p0 of p coefficients matter" to the scale of a prior."""

from numbers import Real

import numpy as np
from scipy import optimize, special

from bayesreg.errors import PriorError, UnsupportedError
from bayesreg.model.objective import require_columns_apart
from bayesreg.selection.axis import Axis
from bayesreg.selection.choice import Choice


def choose_by_prior_knowledge(axis: Axis, p0: float | None) -> Choice:
    r"""The strength at which the prior expects `p0` effective coefficients.

    In an orthogonal design whose column j has n rows of mean square v_j, the shrinkage of a Normal
    coefficient of standard deviation s is κ = 1/(1 + a), a = n·v_j·s²/σ², and m_eff = Σ(1 − κ_j)
    (Piironen & Vehtari 2017, doi:10.1214/17-EJS1337SI, who so choose the scale of a horseshoe). A
    Laplace prior mixes s² = b²τ over τ ~ Exponential(mean 2), so that with z = σ²/(2·n·v_j·b²)

        E[κ_j] = z·eᶻ·E₁(z)      (Laplace),        κ_j = 1/(1 + n·v_j·s²/σ²)      (Normal),

    and the strength solves Σ_j (1 − E[κ_j]) = p0. With v = 1 and one scale the Normal prior has
    s = σ/√n·√(p0/(p − p0)).
    """
    axis.require_gaussian("prior")
    axis.require_terms("prior", "l1", "l2")
    require_columns_apart(axis.reg, 'by="prior"')
    p = axis.reg.p
    if not isinstance(p0, Real) or isinstance(p0, bool) or not 0 < p0 < p:
        raise PriorError(
            f'by="prior" needs p0, how many of the {p} coefficients are expected to matter: 0 < p0 < {p}, got {p0!r}.'
        )
    signal = _signal(axis)
    flat = float(np.sum(np.isinf(signal)))
    if p0 <= flat:
        raise PriorError(f"{flat:.0f} flat columns already count as that many coefficients; p0 must be more, got {p0}.")

    def excess(log_factor: float) -> float:
        return expected_m_eff(axis, signal * np.exp(-log_factor * axis_power(axis))) - float(p0)

    log_factor = float(optimize.brentq(excess, -200.0, 200.0, xtol=1e-12, rtol=1e-14))
    reason = f"prior expectation of {p0:g} effective coefficients of {p} (orthogonal columns, sigma = {axis.sigma:.4g})"
    return Choice("prior", axis.current * float(np.exp(log_factor)), reason, details={"p0": float(p0)})


def axis_power(axis: Axis) -> int:
    """Power of the strength by which the squared scale falls: b² ∝ λ⁻², s² ∝ κ⁻¹."""
    return {"l1": 2, "l2": 1}[axis.term]


def _signal(axis: Axis) -> np.ndarray:
    """n·v_j·(scale_j)²/σ² at the regression's own strength, shape (p,)."""
    scales = axis.held.scales.at(axis.sigma)
    scale = {"l1": scales.laplace, "l2": scales.normal}[axis.term]
    return column_squares(axis) * (scale / axis.sigma) ** 2


def column_squares(axis: Axis) -> np.ndarray:
    """n·v_j: the diagonal of the Gram matrix of the (standardized) columns on which the prior is stated, shape (p,)."""
    loss = axis.held.loss
    if loss.has_gram:
        return np.diag(loss.gram)[: axis.held.p]
    if not isinstance(loss.A, np.ndarray):
        raise UnsupportedError("a sparse X with very many columns is not covered; pass X.toarray() where it fits.")
    return np.sum(loss.A**2, axis=0)[: axis.held.p]


def expected_m_eff(axis: Axis, signal: np.ndarray) -> float:
    """Σ_j (1 − E[κ_j]) for signals a_j = n·v_j·(scale_j)²/σ²."""
    if axis.reg.prior.is_conjugate:
        return float(np.sum(1 - 1 / (1 + signal)))
    with np.errstate(divide="ignore"):
        return float(np.sum(1 - expected_laplace_shrinkage(0.5 / signal)))


def expected_laplace_shrinkage(z: np.ndarray) -> np.ndarray:
    """z·eᶻ·E₁(z), from 0 at z = 0 to 1 at infinity, without overflow.

    Examples
    --------
    >>> expected_laplace_shrinkage(np.array([0.0, 1.0, np.inf])).round(4)
    array([0.    , 0.5963, 1.    ])
    """
    z = np.asarray(z, dtype=float)
    far = z > 500
    middle = np.where(far | (z == 0), 1.0, z)
    near = np.where(z == 0, 0.0, middle * np.exp(np.minimum(middle, 500.0)) * special.exp1(middle))
    inverse = 1 / np.where(far, z, np.inf)
    return np.where(far, 1 - inverse + 2 * inverse**2 - 6 * inverse**3, near)

"""The budget view: every strength λ of a penalty has its budget t, the size that the penalty leaves to beta."""

from dataclasses import dataclass
from numbers import Real

import numpy as np
from scipy import optimize

from bayesreg.analysis.budget.least_norm import Norm, unpenalized
from bayesreg.errors import ConvergenceError, PriorError
from bayesreg.model.objective import require_columns_apart, strengths_at
from bayesreg.model.regression import Regression, check_regression
from bayesreg.optimize.certificate import Certificate
from bayesreg.optimize.estimate import Estimate
from bayesreg.optimize.map_estimate import map_estimate
from bayesreg.priors.objective import canonical_objective

# How near the norm at the strength found must come to the budget asked for, relative to it.
TOLERANCE = 1e-8
# Powers of ten that a strength may move while its budget is bracketed.
STRIDES = (1, 1, 2, 4, 8)


@dataclass(frozen=True, eq=False)
class Budget:
    """One point seen from both sides: minimum of loss + penalty, and minimum of the loss under N(β) ≤ t.

    Attributes
    ----------
    reg : Regression
        Whose prior has this strength.
    t : float
        N at the estimate, in units of beta (of beta² for a Normal prior).
    strength : float
        λ in ``half_rss``: the largest of the columns' L1 strengths, or of their L2 strengths κ where
        there is no L1 term. 0 where the budget does not bind.
    multiplier : float
        Lagrange multiplier of N(β) ≤ t: the strength, or κ/2 where there is no L1 term, because
        ``half_rss`` writes ½κ‖β‖² and the budget limits ‖β‖².
    estimate : Estimate
        The MAP, where a contour of the loss touches the region N(β) ≤ t.
    least_squares : float
        N at least squares (at maximum likelihood for other families): from there on the budget does not
        bind. The smallest, where there are many such estimates; infinite where there is none.
    norm : Norm

    See Also
    --------
    budget : The bound on the norm that a penalty amounts to.
    strength_for_budget : The strength that spends a given budget.
    plot_budget : The budget region and the loss contours.
    """

    reg: Regression
    t: float
    strength: float
    multiplier: float
    estimate: Estimate
    least_squares: float
    norm: Norm

    @property
    def objective(self) -> str:
        """The convention of the strength."""
        return canonical_objective(self.reg.family)

    @property
    def certificate(self) -> Certificate:
        """Of the estimate."""
        return self.estimate.certificate


def budget(reg: Regression) -> Budget:
    r"""Return the budget that a prior's strength amounts to.

    With the columns' strengths λ_j and κ_j in ``half_rss``, the MAP minimizes the loss under N(β) ≤ t for

    - a Laplace prior: N(β) = Σ_j (λ_j/λ)|β_j|, λ = max λ_j, so ‖β‖₁ for one scale;
    - a Normal prior: N(β) = Σ_j (κ_j/κ)β_j², κ = max κ_j, so ‖β‖₂² for one scale;
    - an elastic net: N(β) = Σ_j (λ_j/λ)|β_j| + ½ Σ_j (κ_j/λ)β_j², the ratio of both terms being kept,

    and t = N(MAP), the loss being ½RSS, or σ² × (negative log likelihood), with the intercept's own prior
    added where it has one. Columns without a prior cost nothing. See Tibshirani (1996,
    doi:10.1111/j.2517-6161.1996.tb02080.x) and Hoerl & Kennard (1970, doi:10.1080/00401706.1970.10488634).

    Parameters
    ----------
    reg : Regression
        With known sigma and scale.

    Returns
    -------
    Budget

    Raises
    ------
    PriorError
        If sigma or scale is unknown, or no column is penalized.
    UnsupportedError
        If least squares is not unique, for an elastic net or a family beside the Gaussian.
    ConvergenceError
        If the certificate does not accept the MAP.

    See Also
    --------
    strength_for_budget : The strength that spends a given budget.
    plot_budget : The budget region and the loss contours.
    to_penalty : The penalty of a prior.

    Examples
    --------
    >>> import bayesreg as br
    >>> frame, target = br.load_dataset("diabetes")
    >>> reg = br.Regression(frame.drop(columns=target), frame[target], prior=br.Laplace(10.0), sigma=54.0)
    >>> found = br.budget(reg)
    >>> round(found.t, 1), round(found.strength, 1), round(found.least_squares, 1)
    (95.1, 291.6, 164.6)
    """
    check_regression(reg)
    reg.require_unbounded("a budget")
    norm, strength, multiplier = _norm(reg)
    estimate = map_estimate(reg)
    free = unpenalized(reg, norm)
    least = np.inf if free is None else norm.value(free[1].beta)
    return Budget(reg, norm.value(estimate.beta), strength, multiplier, estimate, least, norm)


def strength_for_budget(reg: Regression, t: float) -> Budget:
    """Return the strength that spends a given budget: the way back from :func:`budget`.

    Parameters
    ----------
    reg : Regression
        With known sigma and scale. Its prior gives the kind of penalty and the columns' ratios.
    t : float
        Greater than 0, in the units of `Budget.t`.

    Returns
    -------
    Budget
        With the strength, its estimate and certificate. N(β) falls as the strength rises, so the strength
        is one; it is found by bracketing. From least squares' own t on, the strength is 0.

    Raises
    ------
    PriorError
        If t is not a positive number (t = 0 belongs to every strength that is strong enough), or as for
        :func:`budget`.
    UnsupportedError
        As for :func:`budget`.
    ConvergenceError
        If no strength found spends t to 1e-8 of it, as where the path jumps (a loss not strictly convex).

    See Also
    --------
    budget : The bound on the norm that a penalty amounts to.
    plot_budget : The budget region and the loss contours.

    Examples
    --------
    >>> import bayesreg as br
    >>> frame, target = br.load_dataset("diabetes")
    >>> reg = br.Regression(frame.drop(columns=target), frame[target], prior=br.Laplace(10.0), sigma=54.0)
    >>> found = br.strength_for_budget(reg, 50.0)
    >>> round(found.t, 6), found.certificate.kkt < 1e-9, br.strength_for_budget(reg, 200.0).strength
    (50.0, True, 0.0)
    """
    check_regression(reg)
    reg.require_unbounded("a budget")
    wanted = _read_budget(t)
    norm, strength, _ = _norm(reg)
    free = unpenalized(reg, norm)
    least = np.inf if free is None else norm.value(free[1].beta)
    if free is not None and wanted >= least:
        return Budget(free[0], least, 0.0, 0.0, free[1], least, norm)
    search = _Search(reg, norm, wanted)
    factor = search.factor()
    there, estimate = search.at(factor)
    size = norm.value(estimate.beta)
    if not abs(size - wanted) <= TOLERANCE * wanted:
        raise ConvergenceError(
            f"no strength was found that spends t = {wanted:.10g}: the nearest found, {factor * strength:.10g}, "
            f"spends {size:.10g}; ask for that budget instead."
        )
    _, strength, multiplier = _norm(there)
    return Budget(there, size, strength, multiplier, estimate, least, norm)


@dataclass(frozen=True, eq=False)
class _Search:
    """For the factor by which the regression's own strength is to be multiplied."""

    reg: Regression
    norm: Norm
    wanted: float

    def at(self, factor: float) -> tuple[Regression, Estimate]:
        there = self.reg.with_prior(self.reg.prior.strengthened(factor))
        return there, map_estimate(there)

    def excess(self, log_factor: float) -> float:
        """N less the budget; falls with the strength."""
        return self.norm.value(self.at(float(np.exp(log_factor)))[1].beta) - self.wanted

    def factor(self) -> float:
        here, excess = 0.0, self.excess(0.0)
        direction = np.sign(excess)
        for stride in STRIDES:
            if excess == 0:
                return float(np.exp(here))
            there = here + direction * stride * np.log(10)
            following = self.excess(there)
            if following * direction <= 0:
                root = optimize.brentq(self.excess, here, there, xtol=1e-16, rtol=4 * np.finfo(float).eps)
                return float(np.exp(root))
            here, excess = there, following
        return float(np.exp(here))


def _read_budget(t: object) -> float:
    if isinstance(t, bool) or not isinstance(t, Real) or not 0 < float(t) < np.inf:
        raise PriorError(
            f"t must be a finite number greater than 0, got {t!r}; under the budget 0 all is 0, "
            "which every strength from br.strength_max(reg) on gives."
        )
    return float(t)


def _norm(reg: Regression) -> tuple[Norm, float, float]:
    """The norm, its strength in ``half_rss``, and the multiplier of the norm in Q."""
    if not reg.prior.has_penalty:
        raise PriorError(f"{reg.prior} is no penalty, so there is no budget; use Laplace, Normal or ElasticNetPrior.")
    if reg.noise.sigma is None or not reg.scale_known:
        raise PriorError("a budget needs a known sigma and a prior of known scale; use reg.with_sigma(number).")
    require_columns_apart(reg, "a budget")
    l1, l2 = (weights[: reg.p] for weights in strengths_at(reg, reg.noise.sigma))
    if np.any(l1 > 0):
        strength = float(np.max(l1))
        return Norm(l1 / strength, 0.5 * l2 / strength), strength, strength
    strength = float(np.max(l2))
    if strength == 0:
        raise PriorError("no column is penalized, so there is no budget; give the prior a finite scale.")
    return Norm(l1, l2 / strength), strength, 0.5 * strength

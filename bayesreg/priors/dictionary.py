"""The dictionary between priors and penalties, under each tool's objective.

With noise sigma, σ² × (negative log posterior) is, up to a constant,

    Q(β) = σ²·(−log likelihood) + λ‖β‖₁ + ½κ‖β‖²,    λ = σ²/b,    κ = σ²/s²,

for the priors Laplace(0, b) and Normal(0, s); for the Gaussian family its first term is ½RSS. Every other
scaling goes through Q. Families without a noise scale (Bernoulli, Poisson) have sigma = 1: then Q is the
negative log posterior.
"""

from collections.abc import Callable
from typing import Any, overload

import numpy as np

from bayesreg.errors import ObjectiveError, PriorError
from bayesreg.priors.base import Prior, Term
from bayesreg.priors.column_values import ColumnValues, map_values, validate_values
from bayesreg.priors.elastic_net import ElasticNetPrior
from bayesreg.priors.group_laplace import GroupLaplace
from bayesreg.priors.laplace import Laplace
from bayesreg.priors.normal import Normal
from bayesreg.priors.objective import Factor, Objective, Setting, common_family, find_objective, resolve, setting_of
from bayesreg.priors.penalty import L1, L2, ElasticNet, GroupL1, Penalty, stated_for
from bayesreg.priors.positive import PositivePrior
from bayesreg.priors.scale import Scale


def to_penalty(
    prior: Prior,
    *,
    sigma: float | None = None,
    n: float | None = None,
    objective: str | None = None,
    sd_y: float | None = None,
    family: Any = None,
) -> Penalty:
    """The penalty that equals a prior, in the scaling of an objective.

    Parameters
    ----------
    prior : Laplace, Normal, ElasticNetPrior or GroupLaplace
        With a known scale.
    sigma : float, optional
        Noise standard deviation, in the units of y; asked for unless it cancels (as for ``nll``, or
        for a Normal prior that is scaled by sigma).
    n : float, optional
        Number of rows, or where these have weights their sum (or the rows, where the objective's `n_is`
        says so); needed by the objectives that divide by it.
    objective : str, optional
        A name of :func:`bayesreg.objectives`; by default ``half_rss`` for the Gaussian family and
        ``scaled_nll`` for others.
    sd_y : float, optional
        1/n standard deviation of y (about 0 without an intercept); needed for an L2 strength of ``glmnet``.
    family : str or family, optional
        Of the target; by default the first that the objective has, the Gaussian one wherever it has that.

    Returns
    -------
    L1, L2, ElasticNet or GroupL1
        With strengths in the form in which the scales were given.

    Raises
    ------
    ObjectiveError
        If the objective is unknown, lacks the term, or needs a number that was not given.
    UnsupportedError
        If the objective does not have the family.
    PriorError
        If the prior's scale has a hyperprior rather than a number, or the prior is a horseshoe, which is no penalty.

    See Also
    --------
    to_prior : The prior of a penalty.
    convert : A strength of one tool as that of another.
    objectives : Objectives of the tools that are known.

    Examples
    --------
    >>> import bayesreg as br
    >>> br.to_penalty(br.Laplace(0.5), sigma=2.0).strength
    8.0
    >>> br.to_penalty(br.Laplace(0.5), sigma=2.0, n=100, objective="sklearn.Lasso").strength
    0.08
    """
    resolved, target_family = resolve(objective, family)
    setting = setting_of(target_family, n, sigma, sd_y)
    if not isinstance(prior, Prior):
        raise PriorError(f"expected a Laplace, Normal or ElasticNetPrior, got {type(prior).__name__}.")
    if prior.of_coordinates is not prior:
        raise PriorError(
            f"an L2 penalty pulls each coefficient towards 0 by itself, and {prior} pulls towards loc, or combinations "
            "of them; br.penalized_estimate(reg) solves it, and br.to_penalty(br.Normal(scale)) has its strength."
        )
    scales, scaled = prior.term_scales, prior.scaled_by_sigma
    strengths = [_strength(scale, term, scaled, resolved, setting) for term, scale in scales.items()]
    if isinstance(prior, GroupLaplace):
        resolved.require_groups()
        return GroupL1(strengths[0], prior.groups, resolved.name)
    kinds: dict[tuple[Term, ...], Callable[..., Penalty]] = {("l1",): L1, ("l2",): L2, ("l1", "l2"): ElasticNet}
    return kinds[tuple(scales)](*strengths, resolved.name)


def to_prior(
    penalty: Penalty,
    *,
    sigma: float | None = None,
    n: float | None = None,
    objective: str | None = None,
    sd_y: float | None = None,
    family: Any = None,
) -> Prior:
    """The prior that a penalty equals, when it is added to an objective.

    Parameters
    ----------
    penalty : L1, L2, ElasticNet or GroupL1
    sigma, n, sd_y, family : optional
        As in :func:`to_penalty`. Without sigma, ``park_casella`` gives Laplace(1/λ, scaled_by_sigma=True).
    objective : str, optional
        By default the one that the penalty itself names; where that is ``half_rss``, its default, and the
        family is not Gaussian, ``scaled_nll``.

    Returns
    -------
    Laplace, Normal, ElasticNetPrior or GroupLaplace
        A strength of 0 becomes a scale of infinity: a flat prior.

    Raises
    ------
    ObjectiveError
        If the objective is unknown, lacks the term, needs a number that was not given, or is
        another than the one that the penalty names.
    UnsupportedError
        If the objective does not have the family.

    See Also
    --------
    to_penalty : The penalty of a prior.
    convert : A strength of one tool as that of another.
    objectives : Objectives of the tools that are known.

    Examples
    --------
    >>> import bayesreg as br
    >>> br.to_prior(br.L1(0.08), sigma=2.0, n=100, objective="sklearn.Lasso")
    Laplace(scale=0.5, scaled_by_sigma=False)
    """
    resolved, target_family, penalty = stated_for(penalty, objective, family)
    setting = setting_of(target_family, n, sigma, sd_y)
    if isinstance(penalty, L1):
        if resolved.name == "park_casella" and sigma is None:
            return Laplace(map_values(_inverse, penalty.strength), scaled_by_sigma=True)
        return Laplace(_scale(penalty.strength, "l1", resolved, setting))
    if isinstance(penalty, GroupL1):
        resolved.require_groups()
        return GroupLaplace(_scale(penalty.strength, "l1", resolved, setting), penalty.groups)
    if isinstance(penalty, L2):
        return Normal(_scale(penalty.strength, "l2", resolved, setting))
    return ElasticNetPrior(_scale(penalty.l1, "l1", resolved, setting), _scale(penalty.l2, "l2", resolved, setting))


@overload
def convert(
    strength: float,
    source: str,
    target: str,
    *,
    n: float | None = None,
    sigma: float | None = None,
    sd_y: float | None = None,
    term: str | None = None,
    family: Any = None,
) -> float: ...
@overload
def convert(
    strength: object,
    source: str,
    target: str,
    *,
    n: float | None = None,
    sigma: float | None = None,
    sd_y: float | None = None,
    term: str | None = None,
    family: Any = None,
) -> ColumnValues: ...
def convert(
    strength: object,
    source: str,
    target: str,
    *,
    n: float | None = None,
    sigma: float | None = None,
    sd_y: float | None = None,
    term: str | None = None,
    family: Any = None,
) -> ColumnValues:
    """A strength, said in another tool's convention.

    Parameters
    ----------
    strength : float, array of shape (p,), or mapping from column name
        The number that is passed to the source tool (alpha, lambda, C, weight decay, …). For an
        elastic net convert its two parts, alpha·l1_ratio and alpha·(1 − l1_ratio), one by one.
    source, target : str
        Names of :func:`bayesreg.objectives`.
    n, sigma, sd_y : float, optional
        Rows, noise standard deviation, 1/n standard deviation of y; each is asked for only if it does
        not cancel (between two residual-sum objectives sigma always does).
    term : {"l1", "l2"}, optional
        Which term the strength multiplies; needed only if both tools have both.
    family : str or family, optional
        Of the target; by default the first that both objectives have, the Gaussian one wherever they have that.

    Returns
    -------
    float, ndarray or dict
        In the form of `strength`.

    Raises
    ------
    ObjectiveError
        If an objective is unknown, the term is ambiguous or absent, or a number is missing.
    UnsupportedError
        If an objective does not have the family, or the two have none in common.

    See Also
    --------
    objectives : Objectives of the tools that are known.
    to_penalty : The penalty of a prior.
    to_prior : The prior of a penalty.

    Examples
    --------
    >>> import bayesreg as br
    >>> br.convert(0.5, source="sklearn.Lasso", target="half_rss", n=100)
    50.0
    >>> br.convert(3.0, source="sklearn.Ridge", target="torch.weight_decay", n=100)
    0.06
    >>> br.convert(0.02, source="glmnet", target="sklearn.LogisticRegression", n=100, term="l1", family="bernoulli")
    0.5
    """
    both = common_family(source, target, family)
    start, end = find_objective(source, both), find_objective(target, both)
    setting = setting_of(both, n, sigma, sd_y)
    term = _common_term(start, end) if term is None else term
    if not isinstance(term, str) or term not in ("l1", "l2"):
        raise ObjectiveError(f'term must be "l1" or "l2", got {term!r}.')
    given = validate_values(strength, "strength", zero_allowed=not start.inverse)
    ratio = end.strength_per_half_rss(term) / start.strength_per_half_rss(term)
    factor = ratio.value(setting, f'from "{start.name}" to "{end.name}"')
    return map_values(lambda value: _stated(_stated(value, start) * factor, end), given)


def _inverse(value: Any) -> Any:
    with np.errstate(divide="ignore"):
        return np.divide(1.0, value)


def _stated(value: Any, objective: Objective) -> Any:
    """From a strength to what the tool's user states (C = 1/strength for inverse objectives), or back."""
    return _inverse(value) if objective.inverse else value


# λ = σ²/b and κ = σ²/s², and the power of the scale in each.
_PER_VARIANCE = Factor(sigma=2)
_POWER = {"l1": 1, "l2": 2}


def _strength(scale: Scale, term: Term, scaled: bool, objective: Objective, setting: Setting) -> ColumnValues:
    if isinstance(scale, PositivePrior):
        raise PriorError(f"the scale is unknown, with hyperprior {scale}; a penalty needs a number.")
    in_sigma = Factor(sigma=_POWER[term] if scaled else 0)
    factor = (objective.strength_per_half_rss(term) * _PER_VARIANCE / in_sigma).value(setting, f'"{objective.name}"')

    def strength(value: Any) -> Any:
        # Inverted before it is raised to its power: a huge scale underflows to 0, a tiny one is refused as infinite.
        with np.errstate(over="ignore"):
            return _stated(factor * _inverse(value) ** _POWER[term], objective)

    return map_values(strength, scale)


def _scale(strength: ColumnValues, term: str, objective: Objective, setting: Setting) -> ColumnValues:
    factor = (objective.strength_per_half_rss(term) * _PER_VARIANCE).value(setting, f'"{objective.name}"')
    return map_values(lambda value: (factor * _inverse(_stated(value, objective))) ** (1 / _POWER[term]), strength)


def _common_term(source: Objective, target: Objective) -> str:
    natural = [_natural_terms(objective) for objective in (source, target)]
    common = [term for term in natural[0] if term in natural[1]]
    if len(common) == 1:
        return common[0]
    if not common:
        raise ObjectiveError(f'"{source.name}" and "{target.name}" have no penalty term in common.')
    raise ObjectiveError(
        f'"{source.name}" and "{target.name}" both have an L1 and an L2 term; say term="l1" or term="l2".'
    )


def _natural_terms(objective: Objective) -> tuple[str, ...]:
    return ("l1",) if objective.name == "sklearn.Lasso" else objective.terms

"""One function for all rules that choose a strength."""

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from inspect import Parameter, signature
from numbers import Integral
from typing import Any, overload

from bayesreg.errors import PriorError, SelectionWarning
from bayesreg.model.regression import Regression
from bayesreg.priors.objective import canonical_objective
from bayesreg.priors.positive import PositivePrior
from bayesreg.sampling.engine import choose_engine, draw_posterior
from bayesreg.selection.axis import Axis
from bayesreg.selection.choice import Choice
from bayesreg.selection.criteria import choose_by_criterion
from bayesreg.selection.evidence import choose_by_evidence
from bayesreg.selection.full_bayes import choose_by_full_bayes
from bayesreg.selection.held_out import FOLDS, choose_by_cv, choose_by_validation
from bayesreg.selection.leave_one_out import choose_by_loo, choose_by_press
from bayesreg.selection.opening import check_seed, open_axis
from bayesreg.selection.prior_knowledge import choose_by_prior_knowledge
from bayesreg.selection.result import Selection, Selections, in_objective

# With fewer, a chain does not tell how well it mixes.
FEWEST_DRAWS = 10
# What is passed on to the samplers.
SAMPLING = frozenset(signature(draw_posterior).parameters) - {"reg"}


@dataclass(frozen=True, eq=False)
class _Request:
    """All that the rules may need."""

    reg: Regression
    axis: Axis
    folds: Any
    random_seed: int | None
    per_row: bool | None
    validation: Any
    p0: float | None
    hyperprior: PositivePrior | None
    sampling: dict[str, Any]

    @cached_property
    def cross_validated(self) -> tuple[Choice, Choice]:
        return choose_by_cv(self.axis, self.folds, self.random_seed, self.per_row)


_RULES: dict[str, Callable[[_Request], Choice]] = {
    "cv": lambda asked: asked.cross_validated[0],
    "cv_1se": lambda asked: asked.cross_validated[1],
    "press": lambda asked: choose_by_press(asked.axis),
    "loo": lambda asked: choose_by_loo(asked.axis, asked.sampling),
    "aic": lambda asked: choose_by_criterion(asked.axis, "aic"),
    "bic": lambda asked: choose_by_criterion(asked.axis, "bic"),
    "evidence": lambda asked: choose_by_evidence(asked.axis, asked.sampling),
    "full_bayes": lambda asked: choose_by_full_bayes(asked.axis, asked.reg, asked.hyperprior, asked.sampling),
    "validation": lambda asked: choose_by_validation(asked.axis, asked.validation, asked.per_row),
    "prior": lambda asked: choose_by_prior_knowledge(asked.axis, asked.p0),
}

# The rules that need nothing but fits, which keep bounds.
BY_HELD_OUT_ROWS = ("cv", "cv_1se", "validation")


@overload
def select(reg: Regression, by: str = "cv", **options: Any) -> Selection: ...


@overload
def select(reg: Regression, by: Sequence[str], **options: Any) -> Selections: ...


def select(
    reg: Regression,
    by: str | Sequence[str] = "cv",
    *,
    strengths: Any = None,
    objective: str | None = None,
    folds: Any = FOLDS,
    random_seed: int | None = None,
    per_row: bool | None = None,
    validation: Any = None,
    p0: float | None = None,
    hyperprior: PositivePrior | None = None,
    **sampling: Any,
) -> Selection | Selections:
    r"""Choose the strength of the regression's kind of prior.

    Parameters
    ----------
    reg : Regression
        Its prior gives the kind of penalty and the columns' ratios; the size of its scale is ignored.
    by : str or sequence of str
        One rule, or several:

        - ``"cv"``, ``"cv_1se"``: least k-fold error, and the strongest strength within one standard error of it;
        - ``"validation"``: least error on a validation set;
        - ``"aic"``, ``"bic"``: information criteria of the MAP estimates;
        - ``"press"``: least leave-one-out squared error, exact (Normal prior);
        - ``"loo"``: largest leave-one-out log predictive density of the posterior, exact for a Normal prior
          at known sigma, else by PSIS (Vehtari, Gelman & Gabry 2017, doi:10.1007/s11222-016-9696-4);
        - ``"evidence"``: largest marginal likelihood;
        - ``"full_bayes"``: posterior median under a hyperprior on the scale;
        - ``"prior"``: the strength at which the prior expects `p0` effective coefficients.

        The first three lines cover every family, the others the gaussian one.
    strengths : array-like, shape (m,), optional
        Grid in ``half_rss``; by default that of :func:`bayesreg.path`, and a coarser one for rules that sample.
    objective : str, optional
        The convention of the strengths that are returned; by default ``half_rss``, and ``scaled_nll`` for a family
        beside the Gaussian.
    folds : int, array of shape (n,), or scikit-learn splitter
        How many folds (consecutive rows; stratified for a Bernoulli target), a label per row, or a splitter.
    random_seed : int, optional
        Shuffles counted folds, and seeds the samplers.
    per_row : bool, optional
        Whether a strength shrinks with the rows of a fold. By default as in scikit-learn: so for the
        gaussian lasso and elastic net, and not for ridge and other families.
    validation : tuple (X, y) or boolean array of shape (n,)
        A set of new rows, or which of the regression's own rows to hold out.
    p0 : float, optional
        How many coefficients are expected to matter, for ``"prior"``.
    hyperprior : prior for a positive quantity, optional
        On the scale, for ``"full_bayes"``; by default the prior's own or else a half-Cauchy.
    **sampling
        Passed to the samplers (``draws``, ``chains``, ``tune``, …).

    Returns
    -------
    Selection, or Selections if several rules were asked for

    Raises
    ------
    PriorError
        If a rule or an argument is unknown, a rule lacks its argument, or a strength is not positive.
    DataError
        If a rule needs rows that are not there, or folds that cannot be made.
    UnsupportedError
        If a rule does not cover the family or the prior.
    ConvergenceError
        If the marginal likelihood of a Laplace prior finds no maximum.

    Warns
    -----
    SamplerWarning
        If chains have not mixed, or Pareto k is large.
    SelectionWarning
        If the best strength lies at an end of the default grid where the curve still moves; under a Normal prior
        the grid was extended first.

    See Also
    --------
    path : Certified estimates at many strengths.
    cross_validate : Held-out error at each strength.
    log_evidence : Log marginal likelihood.
    plot_selection : The criterion of each rule along the strengths.

    Examples
    --------
    >>> import bayesreg as br
    >>> frame, target = br.load_dataset("diabetes")
    >>> reg = br.Regression(frame.drop(columns=target), frame[target], prior=br.Laplace(1.0), sigma=54.0)
    >>> chosen = br.select(reg, by="cv", objective="sklearn.Lasso")
    >>> round(chosen.strength, 3), chosen.nonzero
    (0.079, 9)
    >>> [round(one.strength) for one in br.select(reg, by=["aic", "bic"])]
    [430, 430]
    """
    rules = read_rules(by)
    _check_options(random_seed, per_row, sampling)
    strange = sorted(set(sampling) - SAMPLING)
    if strange:
        options = [name for name, one in signature(select).parameters.items() if one.kind is Parameter.KEYWORD_ONLY]
        known = [*options, *sorted(SAMPLING - set(options))]
        raise PriorError(f"select() knows no {', '.join(strange)}; it takes {', '.join(known)}.")
    axis = open_axis(reg, strengths)
    objective = canonical_objective(reg.family) if objective is None else objective
    # An objective that cannot state this strength is refused before anything is computed.
    in_objective(axis, 1.0, objective)
    plan = {"random_seed": random_seed, **sampling}
    if reg.bounds is None and choose_engine(reg, sampling.get("engine", "auto")).engine == "gibbs":
        # At so many strengths compiled code pays.
        plan.setdefault("kernel", "compiled")
    asked = _Request(reg, axis, folds, random_seed, per_row, validation, p0, hyperprior, plan)
    answers = tuple([_answer(asked, rule, objective) for rule in rules])
    return answers[0] if isinstance(by, str) else Selections(answers)


def read_rules(by: Any) -> list[str]:
    """The names of rules, given as one or several; PriorError if one is unknown."""
    rules = [by] if isinstance(by, str) else by
    if not isinstance(rules, list | tuple) or not rules or any(one not in list(_RULES) for one in rules):
        raise PriorError(f"unknown rule(s) {by!r}; the rules are {', '.join(_RULES)}, one or a list of them.")
    return list(rules)


def _check_options(random_seed: Any, per_row: Any, sampling: dict[str, Any]) -> None:
    check_seed(random_seed)
    if per_row is not None and not isinstance(per_row, bool):
        raise PriorError(f"per_row must be True, False or None, got {per_row!r}.")
    draws = sampling.get("draws", FEWEST_DRAWS)
    if not isinstance(draws, Integral) or isinstance(draws, bool) or draws < FEWEST_DRAWS:
        raise PriorError(f"draws must be a whole number, at least {FEWEST_DRAWS}, got {draws!r}.")


def _answer(asked: _Request, rule: str, objective: str) -> Selection:
    if rule not in BY_HELD_OUT_ROWS:
        asked.reg.require_unbounded(f'the rule "{rule}"')
    choice = _RULES[rule](asked)
    while (axis := asked.axis.extended(choice)) is not None:
        asked = replace(asked, axis=axis)
        choice = _RULES[rule](asked)
    prior = asked.axis.prior_at(choice.strength)
    selection = Selection(asked.axis, choice, objective, prior, asked.axis.reg.with_prior(prior))
    if asked.axis.given is None and choice.curve is not None and choice.curve.open_end and selection.nonzero > 0:
        warnings.warn(
            f"by {rule}, the best strength {selection.strength:.4g} ({objective}) lies at an end of the grid, so that "
            "a better one may lie beyond; give strengths that reach further.",
            SelectionWarning,
            stacklevel=3,
        )
    return selection

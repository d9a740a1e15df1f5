"""One table for one regression: least squares, penalized, MAP and posterior of every coefficient."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from inspect import signature
from typing import TYPE_CHECKING, Any

import numpy as np

from bayesreg.analysis.coef_draws import coef_draws
from bayesreg.analysis.comparison.notes import comparison_notes, outside, theta_of
from bayesreg.analysis.comparison.table import render_html, render_text
from bayesreg.analysis.from_tree import check_belongs
from bayesreg.analysis.intervals import check_ci_prob, quantiles
from bayesreg.analysis.near_zero import NEAR_ZERO_SHARE, near_zero, near_zero_text
from bayesreg.errors import PriorError
from bayesreg.model.regression import Regression, check_regression
from bayesreg.model.strength import conversion
from bayesreg.optimize.certificate import Certificate
from bayesreg.optimize.estimate import Estimate
from bayesreg.optimize.least_squares import least_squares_if_any
from bayesreg.optimize.map_estimate import map_estimate
from bayesreg.optimize.penalized import penalized_at
from bayesreg.optimize.uniqueness import free_directions
from bayesreg.priors.dictionary import to_penalty
from bayesreg.priors.objective import canonical_objective, find_objective
from bayesreg.priors.registry import stated
from bayesreg.sampling.engine import Posterior, draw_posterior

if TYPE_CHECKING:
    import pandas as pd
    from xarray import DataTree


@dataclass(frozen=True)
class Row:
    """One coefficient on the user's own columns.

    Attributes
    ----------
    name : str
    ols, penalized, map : float
        Point estimates: least squares (maximum likelihood for another family, None where it does not exist), the
        penalized solver's, the MAP.
    difference : float
        map − penalized.
    mean, sd, lower, upper : float
        Posterior mean, standard deviation and equal-tailed interval.
    p_direction : float
        Posterior probability of the likelier sign.
    p_near_zero : float
        Posterior probability that |coefficient| < ε.
    epsilon : float
        ε, in the units of the coefficient.
    """

    name: str
    ols: float | None
    penalized: float
    map: float
    difference: float
    mean: float
    sd: float
    lower: float
    upper: float
    p_direction: float
    p_near_zero: float
    epsilon: float

    @property
    def p_same_sign(self) -> float:
        """`p_direction`, by its earlier name."""
        return self.p_direction

    def to_dict(self) -> dict[str, Any]:
        """All fields, and `p_direction` by its earlier name too."""
        return vars(self) | {"p_same_sign": self.p_direction}


@dataclass(frozen=True, eq=False, repr=False)
class Comparison:
    """Both sides of one regression.

    Attributes
    ----------
    rows : tuple of Row
    estimates : dict of str to Estimate
        ``"ols"``, ``"penalized"`` and ``"map"``.
    posterior : Posterior or xarray.DataTree
        The draws behind the table; `idata` is their DataTree.
    strength : float or dict or ndarray
        In the convention `objective`; for an elastic net a mapping with ``l1`` and ``l2``.
    zero_draws : int
        How many posterior draws of a coefficient are exactly 0.
    notes : tuple of str
        Where scale, strength and sigma come from, and what the reader must know.
    free_columns : tuple of str or None
        Columns along which the penalized minimum can move at no cost, so that it is not unique; None if not known.
    doubts : tuple of str
        Those of the notes that call for a second look.

    See Also
    --------
    compare : MAP, penalized estimate and posterior side by side.
    plot_posterior_map : Posterior intervals, MAP and penalized estimate.
    plot_shrinkage : Least squares, MAP and posterior mean of each coefficient.
    """

    reg: Regression
    rows: tuple[Row, ...]
    estimates: dict[str, Estimate]
    posterior: "Posterior | DataTree"
    objective: str
    strength: Any
    ci_prob: float
    epsilon_share: float
    notes: tuple[str, ...]
    zero_draws: int
    free_columns: tuple[str, ...] | None = ()
    doubts: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return (
            f"Comparison({self.reg}, zeros={self.zeros}, max_abs_difference={self.max_abs_difference:.1e}, "
            f"kkt={self.certificate.kkt:.1e})"
        )

    @cached_property
    def idata(self) -> "DataTree":
        """The posterior as a DataTree."""
        return self.posterior.to_datatree() if isinstance(self.posterior, Posterior) else self.posterior

    @property
    def certificate(self) -> Certificate:
        """Certificate of the MAP."""
        return self.estimates["map"].certificate

    @property
    def sigma(self) -> float:
        """The sigma at which MAP and penalized estimate are compared."""
        return self.estimates["map"].sigma

    @property
    def zeros(self) -> dict[str, int]:
        """Exact zeros found by each route."""
        return {name: self.estimates[name].n_zeros for name in ("map", "penalized")}

    @property
    def same_zeros(self) -> bool:
        """Whether both routes have set the very same coefficients to 0."""
        ours, theirs = self.estimates["map"].beta == 0, self.estimates["penalized"].beta == 0
        return bool(np.array_equal(ours, theirs))

    @property
    def max_abs_difference(self) -> float:
        """Largest |MAP − penalized| on the user's columns, the intercept included."""
        ours, theirs = self.estimates["map"], self.estimates["penalized"]
        return float(np.max(np.abs(np.append(ours.coef - theirs.coef, ours.intercept - theirs.intercept))))

    @property
    def map_outside(self) -> tuple[str, ...]:
        """Coefficients whose MAP lies outside their own posterior interval."""
        return outside(self.rows)

    def to_frame(self) -> "pd.DataFrame":
        """The table as a data frame, one row per coefficient."""
        import pandas as pd

        return pd.DataFrame([row.to_dict() for row in self.rows]).set_index("name").astype({"ols": float})

    def to_dict(self) -> dict[str, Any]:
        """Everything in plain numbers, lists and strings, ready for JSON; None is infinite or undefined."""
        reg, posterior = self.reg, self.posterior
        attrs = posterior.attributes if isinstance(posterior, Posterior) else posterior.attrs
        record = {
            "family": reg.family.name,
            "n": reg.n,
            "p": reg.p,
            "target": reg.design.target,
            "prior": reg.prior.name,
            "scale": _plain_scale(reg),
            "scaled_by_sigma": reg.prior.scaled_by_sigma,
            "has_sigma": reg.family.has_sigma,
            "sigma": self.sigma,
            "sigma_known": reg.noise.known,
            "strength": self.strength,
            "strength_is": find_objective(self.objective).quantity,
            "objective": self.objective,
            "mode": self.estimates["map"].mode,
            "intercept": {name: estimate.intercept for name, estimate in self.estimates.items()},
            "coefficients": [row.to_dict() for row in self.rows],
            "standardized": bool(np.any(reg.design.standardization.sd != 1)),
            "zeros": self.zeros,
            "zero_draws": self.zero_draws,
            "same_zeros": self.same_zeros,
            "max_abs_difference": self.max_abs_difference,
            "free_columns": self.free_columns,
            "map_outside": self.map_outside,
            "certificate": {"kkt": self.certificate.kkt, "gap": self.certificate.gap},
            "certificate_penalized": {
                "kkt": self.estimates["penalized"].certificate.kkt,
                "gap": self.estimates["penalized"].certificate.gap,
            },
            "engine": attrs.get("engine", "unknown"),
            "engine_reason": attrs.get("engine_reason", "the posterior was given"),
            "diagnostics": {
                name: attrs.get(name) for name in ("rhat", "ess_bulk", "ess_tail", "divergences", "problems")
            },
            "ci_prob": self.ci_prob,
            "ci_kind": "eti",
            "epsilon_share": self.epsilon_share,
            "epsilon_text": near_zero_text(reg, self.epsilon_share),
            "notes": list(self.notes),
        }
        return {name: _plain(value) for name, value in record.items()}

    def __str__(self) -> str:
        return render_text(self.to_dict())

    def _repr_html_(self) -> str:
        return render_html(self.to_dict())


def compare(
    reg: Regression,
    idata: "DataTree | None" = None,
    *,
    objective: str | None = None,
    ci_prob: float = 0.95,
    epsilon_share: float = NEAR_ZERO_SHARE,
    notes: tuple[str, ...] = (),
    **sampling: Any,
) -> Comparison:
    """Put MAP, penalized least squares, least squares and posterior side by side.

    Parameters
    ----------
    reg : Regression
        With a prior of known scale. With sigma unknown the points are compared at the sigma of the joint mode.
    idata : xarray.DataTree, optional
        A posterior of this regression; by default it is sampled with `sampling` (see :func:`sample`).
    objective : str, optional
        The convention in which the strength is stated; by default ``half_rss``, and ``scaled_nll`` (its like for the
        negative log likelihood) for a family beside the Gaussian.
    ci_prob : float, optional
        Probability of the equal-tailed intervals.
    epsilon_share : float, optional
        ε for P(|coefficient| < ε), as a share of sd(y) per standard deviation of the column; of the standard
        deviation of the logistic distribution for a Bernoulli family, of 1 for a Poisson family.
    notes : tuple of str, optional
        Printed with the table.
    **sampling
        As for :func:`sample`, such as ``draws`` and ``random_seed``.

    Returns
    -------
    Comparison

    Raises
    ------
    DataError
        If `idata` is no posterior of this regression.
    PriorError
        If the prior's scale is unknown, the prior a horseshoe, or a probability is not between 0 and 1.
    ObjectiveError, UnsupportedError
        If the objective is unknown, or lacks the family or the penalty's term.

    See Also
    --------
    map_estimate : Certified MAP estimate.
    penalized_estimate : The same minimum by other packages.
    sample : Posterior draws.
    report : One page with everything about a regression.
    plot_posterior_map : Posterior intervals, MAP and penalized estimate.

    Examples
    --------
    >>> import bayesreg as br
    >>> frame, target = br.load_dataset("diabetes")
    >>> reg = br.Regression(frame.drop(columns=target), frame[target], prior=br.Laplace(10.0), sigma=54.0)
    >>> both = br.compare(reg, random_seed=1)
    >>> both.zeros, both.same_zeros, both.max_abs_difference < 1e-8
    ({'map': 2, 'penalized': 2}, True, True)
    """
    check_regression(reg)
    check_ci_prob(ci_prob)
    _check_given(notes, sampling)
    epsilon = near_zero(reg, None, epsilon_share)
    if not reg.prior.has_penalty:
        raise PriorError(
            f"{reg.prior.article} prior has no penalty and no MAP to compare; sample it with br.sample(reg) and read "
            "br.sparsity and br.shrinkage, or use Laplace for a penalty."
        )
    objective = canonical_objective(reg.family) if objective is None else find_objective(objective, reg.family).name
    best = map_estimate(reg)
    unpenalized = least_squares_if_any(reg)
    estimates = {} if unpenalized is None else {"ols": unpenalized}
    estimates |= {"penalized": penalized_at(reg, best.sigma), "map": best}
    posterior = draw_posterior(reg, **sampling) if idata is None else idata
    coef = _draws_of(reg, posterior)
    rows = _rows(reg, estimates, coef, ci_prob, epsilon)
    free = free_directions(reg, theta_of(reg, best), best.sigma)
    return Comparison(
        reg=reg,
        rows=rows,
        estimates=estimates,
        posterior=posterior,
        objective=objective,
        strength=_strength(reg, best.sigma, objective),
        ci_prob=ci_prob,
        epsilon_share=epsilon_share,
        notes=notes + comparison_notes(reg, estimates, rows, free, ci_prob),
        free_columns=free,
        zero_draws=int(np.sum(coef == 0)),
    )


def _check_given(notes: object, sampling: dict[str, Any]) -> None:
    if not isinstance(notes, tuple) or not all(isinstance(note, str) for note in notes):
        raise PriorError(f"notes must be a tuple of sentences, got {notes!r}.")
    check_sampling(sampling)


def check_sampling(sampling: dict[str, Any]) -> None:
    """Refuse settings that :func:`bayesreg.sample` does not have; PriorError."""
    known = set(signature(draw_posterior).parameters) - {"reg"}
    strange = sorted(set(sampling) - known)
    if strange:
        raise PriorError(f"unknown setting(s) {', '.join(strange)}; the samplers' are {', '.join(sorted(known))}.")


def _rows(
    reg: Regression, estimates: dict[str, Estimate], coef: np.ndarray, ci_prob: float, epsilon: np.ndarray
) -> tuple[Row, ...]:
    lower, upper = quantiles(coef, ci_prob)
    positive = np.mean(coef > 0, axis=0)
    small = np.mean(np.abs(coef) < epsilon, axis=0)
    # Adding 0 turns the −0 of some solvers into 0.
    points = {name: estimate.coef + 0.0 for name, estimate in estimates.items()}
    return tuple(
        Row(
            name=name,
            ols=float(points["ols"][j]) if "ols" in points else None,
            penalized=float(points["penalized"][j]),
            map=float(points["map"][j]),
            difference=float(points["map"][j] - points["penalized"][j]),
            mean=float(coef[:, j].mean()),
            sd=float(coef[:, j].std(ddof=1)),
            lower=float(lower[j]),
            upper=float(upper[j]),
            p_direction=float(max(positive[j], 1 - positive[j])),
            p_near_zero=float(small[j]),
            epsilon=float(epsilon[j]),
        )
        for j, name in enumerate(reg.names)
    )


def _draws_of(reg: Regression, posterior: "Posterior | DataTree") -> np.ndarray:
    """Draws of the coefficients in the regression's order, shape (chains × draws, p).

    Raises
    ------
    DataError
        If the posterior is that of other columns, or of another regression.
    """
    if isinstance(posterior, Posterior):
        return reg.design.standardization.coef(posterior.draws.beta).reshape(-1, reg.p)
    coef = coef_draws(reg.names, posterior)
    check_belongs(reg, posterior)
    return coef


def _strength(reg: Regression, sigma: float, objective: str) -> Any:
    penalty = to_penalty(
        stated(reg.prior.of_coordinates, reg.names), objective=objective, **conversion(reg, objective, sigma)
    )
    return {"l1": penalty.l1, "l2": penalty.l2} if penalty.name == "elastic_net" else penalty.strength  # type: ignore[union-attr]


def _plain_scale(reg: Regression) -> Any:
    scales = stated(reg.prior, reg.names).term_scales
    if len(scales) > 1:
        return {"laplace": scales["l1"], "normal": scales["l2"]}
    return next(iter(scales.values()))


def _plain(value: Any) -> Any:
    """Return plain numbers, lists and mappings; what JSON has no number for (an infinite scale) becomes None."""
    if isinstance(value, np.ndarray):
        return [_plain(item) for item in value.tolist()]
    if isinstance(value, Mapping):
        return {name: _plain(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return None if isinstance(value, float) and not np.isfinite(value) else value

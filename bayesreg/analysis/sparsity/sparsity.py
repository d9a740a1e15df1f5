"""The lasso said zero; is it? What the posterior says of each coefficient's being zero."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from bayesreg.analysis.coef_draws import coef_draws
from bayesreg.analysis.from_tree import read_posterior
from bayesreg.analysis.intervals import check_ci_prob, quantiles
from bayesreg.analysis.near_zero import NEAR_ZERO_SHARE, near_zero
from bayesreg.analysis.shrinkage.kappa import information_loss
from bayesreg.analysis.shrinkage.shrinkage import mean_predictor
from bayesreg.analysis.sparsity.savs import savs
from bayesreg.errors import ConvergenceError, DataError, ModeError
from bayesreg.model.regression import Regression
from bayesreg.model.unknowns import Unknowns
from bayesreg.optimize.estimate import Estimate
from bayesreg.optimize.map_estimate import map_estimate

if TYPE_CHECKING:
    import pandas as pd
    from xarray import DataTree


@dataclass(frozen=True, eq=False, repr=False)
class Sparsity:
    """Zeros of a point estimate beside what the posterior says of them; all on the user's columns.

    Attributes
    ----------
    names : tuple of str
        Column names.
    point : ndarray, shape (p,)
        The coefficients whose zeros are judged.
    how : str
        What estimate they are.
    mean, lower, upper : ndarray, shape (p,)
        Posterior mean and equal-tailed interval of probability `ci_prob`.
    p_positive, p_negative : ndarray, shape (p,)
        Posterior probabilities of coef_j > 0 and of coef_j < 0.
    p_below, p_near_zero, p_above : ndarray, shape (p,)
        Posterior probabilities of coef_j ≤ −epsilon_j, of |coef_j| < epsilon_j, and of coef_j ≥ epsilon_j.
    epsilon : ndarray, shape (p,)
        Half-width of the region that counts as zero.
    p_inclusion : ndarray, shape (p,), or None
        Posterior probability of β_j ≠ 0, where the posterior has draws that are exactly 0; else None.
    savs : ndarray, shape (p,)
        Posterior mean, sparsified; see :func:`bayesreg.analysis.sparsity.savs.savs`.
    p_savs : ndarray, shape (p,)
        Share of draws in which the sparsified draw keeps the coefficient.

    See Also
    --------
    sparsity : Which coefficients are zero, and how sure that is.
    plot_sparsity : Probabilities of negative, near zero and positive.
    """

    names: tuple[str, ...]
    point: np.ndarray
    how: str
    mean: np.ndarray
    lower: np.ndarray
    upper: np.ndarray
    ci_prob: float
    p_positive: np.ndarray
    p_negative: np.ndarray
    p_below: np.ndarray
    p_near_zero: np.ndarray
    p_above: np.ndarray
    epsilon: np.ndarray
    p_inclusion: np.ndarray | None
    savs: np.ndarray
    p_savs: np.ndarray

    @property
    def zero(self) -> np.ndarray:
        """Which coefficients the estimate sets to exactly 0, shape (p,)."""
        return self.point == 0

    @property
    def p_direction(self) -> np.ndarray:
        """Posterior probability of the likelier sign, shape (p,)."""
        return np.maximum(self.p_positive, self.p_negative)

    @property
    def excludes_zero(self) -> np.ndarray:
        """Whether the interval lies on one side of 0, shape (p,)."""
        return (self.lower > 0) | (self.upper < 0)

    @property
    def local_false_sign_rate(self) -> np.ndarray:
        """Probability that the likelier sign is wrong, min(P(β_j ≤ 0), P(β_j ≥ 0)) (Stephens 2017), shape (p,)."""
        return 1 - self.p_direction

    @property
    def s_value(self) -> np.ndarray:
        """Expected share of wrong signs among all coefficients whose sign is at least as sure as this one's."""
        rate = self.local_false_sign_rate
        order = np.argsort(rate, kind="stable")
        cumulated = np.cumsum(rate[order]) / np.arange(1, len(rate) + 1)
        # Coefficients that are equally sure belong to the set together.
        last = np.searchsorted(rate[order], rate, side="right") - 1
        return cumulated[last]

    @property
    def false_sign_rate(self) -> float | None:
        """Expected share, among the coefficients that the estimate keeps, whose sign it has wrong; None without any."""
        wrong = 1 - np.where(self.point > 0, self.p_positive, self.p_negative)
        return _mean(wrong[~self.zero])

    @property
    def false_discovery_rate(self) -> float | None:
        """Expected share, among the coefficients that the estimate keeps, that are smaller than ε; None without any."""
        return _mean(self.p_near_zero[~self.zero])

    @property
    def false_zero_rate(self) -> float | None:
        """Expected share, among the estimate's zeros, of coefficients that are not smaller than ε; None without any."""
        return _mean(1 - self.p_near_zero[self.zero])

    def to_frame(self) -> "pd.DataFrame":
        """One row per coefficient."""
        import pandas as pd

        columns: dict[str, Any] = {
            "estimate": self.point + 0.0,
            "zero": self.zero,
            "mean": self.mean,
            "lower": self.lower,
            "upper": self.upper,
            "excludes_zero": self.excludes_zero,
            "p_near_zero": self.p_near_zero,
            "epsilon": self.epsilon,
            "p_direction": self.p_direction,
            "local_false_sign_rate": self.local_false_sign_rate,
            "s_value": self.s_value,
            "savs": self.savs,
            "p_savs": self.p_savs,
        }
        if self.p_inclusion is not None:
            columns["p_inclusion"] = self.p_inclusion
        return pd.DataFrame(columns, index=pd.Index(self.names, name="coef_name"))

    def __repr__(self) -> str:
        zeros, p = int(self.zero.sum()), len(self.names)
        surely = int(np.sum(self.p_near_zero[self.zero] > self.ci_prob))
        parts = [
            f"{self.how} sets {zeros} of {p} coefficients to 0",
            f"{surely} of those are within ±ε with probability > {self.ci_prob:g}",
        ]
        if self.false_sign_rate is not None:
            parts.append(
                f"of the {p - zeros} kept, {100 * self.false_sign_rate:.1f}% are expected to have the wrong sign"
            )
        return f"Sparsity({'; '.join(parts)})"

    def _repr_html_(self) -> str:
        from html import escape

        table = self.to_frame().to_html(float_format="{:.4g}".format)
        return f"<div class='bayesreg'><p>{escape(repr(self))}</p>{table}</div>"


def sparsity(
    idata: "DataTree",
    *,
    estimate: Estimate | None = None,
    reg: Regression | None = None,
    ci_prob: float = 0.95,
    epsilon: Any = None,
    epsilon_share: float = NEAR_ZERO_SHARE,
) -> Sparsity:
    """Set the exact zeros of a point estimate beside the posterior.

    Parameters
    ----------
    idata : xarray.DataTree
        From :func:`bayesreg.sample`, or :func:`bayesreg.sparse_posterior`.
    estimate : Estimate, optional
        Whose zeros are judged: by default the MAP of the same model, with an unknown scale (and an unknown sigma
        where the joint density has no mode) at its posterior median. A horseshoe has no MAP; its sparsified posterior
        mean is judged; of :func:`bayesreg.sparse_posterior` it is the projected posterior mean.
    reg : Regression, optional
        By default it is rebuilt from `idata`.
    ci_prob : float, optional
        Probability of the equal-tailed intervals.
    epsilon : float, array of shape (p,) or mapping from column name, optional
        |coefficient| < ε counts as zero; in the units of the user's coefficients.
    epsilon_share : float, optional
        Where `epsilon` is not given, ε_j is this share of u/sd(x_j): the change of the linear predictor per standard
        deviation of the column, in units of u = sd(y); for Bernoulli u = π/√3, the standard deviation of the
        logistic distribution, and for Poisson u = 1 on the log scale. 0.05 is half of the ±0.1 of Kruschke (2018,
        doi:10.1177/2515245918771304), who moves x by two standard deviations.

    Returns
    -------
    Sparsity

    Raises
    ------
    DataError
        If `idata` is not from :func:`bayesreg.sample`, `reg` is another regression, or the estimate has other
        columns.
    PriorError
        If a probability or ε is not allowed.

    See Also
    --------
    plot_sparsity : Probabilities of negative, near zero and positive.
    sparse_posterior : Draws with exact zeros.
    decoupled_selection : Sparse summaries of a posterior.
    projection_predictive : Submodels whose predictions are closest to the posterior's.

    Notes
    -----
    The local false sign rate and its running mean, the s-value, are those of Stephens (2017,
    doi:10.1093/biostatistics/kxw041). A continuous posterior has P(β_j = 0) = 0; hence ε, or the projection of
    :func:`bayesreg.sparse_posterior`.

    Examples
    --------
    >>> import bayesreg as br
    >>> frame, target = br.load_dataset("diabetes")
    >>> reg = br.Regression(frame.drop(columns=target), frame[target], prior=br.Laplace(10.0), sigma=54.0)
    >>> told = br.sparsity(br.sample(reg, random_seed=1)).to_frame()
    >>> told.index[told["zero"]].tolist(), bool(told.loc[told["zero"], "p_near_zero"].max() < 0.9)
    (['age', 's2'], True)
    """
    check_ci_prob(ci_prob)
    if not isinstance(estimate, Estimate | None):
        raise DataError(f"estimate must be what br.map_estimate(reg) returns, got {type(estimate).__name__}.")
    reg, draws = read_posterior(idata, reg)
    coef = coef_draws(reg.names, idata)
    small = near_zero(reg, epsilon, epsilon_share)
    sparse_mean, p_savs = _savs(reg, draws)
    if estimate is not None:
        if tuple(name.rstrip("\0") for name in estimate.names) != tuple(name.rstrip("\0") for name in reg.names):
            raise DataError(
                f"the estimate has columns {list(estimate.names)[:5]}, the posterior {list(reg.names)[:5]}."
            )
        point, how = estimate.coef, estimate.method
    elif (projected := idata["constant_data"].get("projected_mean")) is not None:
        point, how = projected.to_numpy(), "the projected posterior mean"
    elif not reg.prior.has_penalty:
        point, how = sparse_mean, "the sparsified posterior mean (SAVS)"
    else:
        best, how = _map(reg, draws)
        point = best.coef
    lower, upper = quantiles(coef, ci_prob)
    return Sparsity(
        names=reg.names,
        point=point,
        how=how,
        mean=coef.mean(axis=0),
        lower=lower,
        upper=upper,
        ci_prob=ci_prob,
        p_positive=np.mean(coef > 0, axis=0),
        p_negative=np.mean(coef < 0, axis=0),
        p_below=np.mean(coef <= -small, axis=0),
        p_near_zero=np.mean(np.abs(coef) < small, axis=0),
        p_above=np.mean(coef >= small, axis=0),
        epsilon=small,
        p_inclusion=_inclusion(idata, coef),
        savs=sparse_mean,
        p_savs=p_savs,
    )


def _map(reg: Regression, draws: Unknowns) -> tuple[Estimate, str]:
    how = []
    if not reg.scale_known:
        scales = {name: float(np.median(draws.hyperparameters[name])) for name in reg.prior.unknown_scales}
        reg = reg.with_prior(reg.prior.at_scales(scales))
        how += [f"{name} = {scale:.4g}" for name, scale in scales.items()]
    if not reg.noise.known and reg.is_gaussian:
        try:
            return map_estimate(reg), _name("the joint MAP", how)
        except (ModeError, ConvergenceError):
            # The joint density may rise without end as sigma falls to 0.
            pass
    if not reg.noise.known:
        sigma = float(np.median(draws.sigma))
        reg = reg.with_sigma(sigma)
        how.append(f"sigma = {sigma:.4g}")
    return map_estimate(reg), _name("the MAP", how)


def _name(what: str, at: list[str]) -> str:
    return f"{what} at the posterior median of {', '.join(at)}" if at else what


def _savs(reg: Regression, draws: Unknowns) -> tuple[np.ndarray, np.ndarray]:
    """The sparsified posterior mean on the user's columns, and how often a sparsified draw is not 0."""
    loss = information_loss(reg, None if reg.is_gaussian else mean_predictor(reg, draws))
    squares = (np.diag(loss.gram) if loss.has_gram else np.sum(loss.A[:, np.arange(loss.size)] ** 2, axis=0))[: reg.p]
    beta, sigma = draws.beta, draws.sigma.mean()
    kept = savs(beta / draws.sigma[:, None], squares) != 0
    return reg.design.standardization.coef(sigma * savs(beta.mean(axis=0) / sigma, squares)), kept.mean(axis=0)


def _inclusion(idata: "DataTree", coef: np.ndarray) -> np.ndarray | None:
    if "inclusion" in idata["posterior"]:
        return idata["posterior"]["inclusion"].mean(("chain", "draw")).to_numpy()
    return np.mean(coef != 0, axis=0) if np.any(coef == 0) else None


def _mean(values: np.ndarray) -> float | None:
    return float(values.mean()) if len(values) else None

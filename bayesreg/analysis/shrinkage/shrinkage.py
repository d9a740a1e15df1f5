"""How far the prior shrinks each coefficient: κ_j, the effective number of coefficients, prior sample sizes."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from bayesreg.analysis.from_tree import read_posterior, refuse_projected
from bayesreg.analysis.intervals import quantiles
from bayesreg.analysis.shrinkage.kappa import kappa_of, posterior_precision, prior_precision, thinned
from bayesreg.model.log_density import linear_predictor
from bayesreg.model.regression import Regression
from bayesreg.model.strength import without_priors
from bayesreg.model.unknowns import Unknowns
from bayesreg.optimize.least_squares import least_squares_if_any
from bayesreg.sampling.arguments import read_seed

if TYPE_CHECKING:
    import pandas as pd
    from xarray import DataTree


@dataclass(frozen=True, eq=False, repr=False)
class Shrinkage:
    """Shrinkage of each coefficient, on the (standardized) columns on which the prior is stated.

    Attributes
    ----------
    names : tuple of str
        Column names.
    n : int
        Rows.
    least_squares, mean, sd : ndarray, shape (p,)
        Least squares (maximum likelihood for other families than the Gaussian), and posterior mean and standard
        deviation, of beta.
    least_squares_kind : str
        "unique", "of least norm" where there are many (collinear columns, or more columns than rows), or "none"
        where there is no maximum; then `least_squares` is None.
    kappa_draws : ndarray, shape (S, p)
        κ_j of posterior draws, from 0 (untouched) to 1 (fully shrunk).
    prior_m_eff_draws : ndarray, shape (S,), or None
        Σ(1 − κ_j) under the prior; None if the prior's scale has an improper hyperprior.

    See Also
    --------
    shrinkage : Shrinkage factors and the effective number of coefficients.
    plot_kappa : Shrinkage factor of each coefficient.
    """

    names: tuple[str, ...]
    n: int
    least_squares: np.ndarray | None
    least_squares_kind: str
    mean: np.ndarray
    sd: np.ndarray
    kappa_draws: np.ndarray
    prior_m_eff_draws: np.ndarray | None

    @property
    def kappa(self) -> np.ndarray:
        """Posterior mean of κ_j, shape (p,)."""
        return self.kappa_draws.mean(axis=0)

    @property
    def m_eff_draws(self) -> np.ndarray:
        """Effective number of coefficients Σ(1 − κ_j) of each draw, shape (S,)."""
        return np.sum(1 - self.kappa_draws, axis=1)

    @property
    def m_eff(self) -> float:
        """Its posterior mean."""
        return float(self.m_eff_draws.mean())

    @property
    def prior_m_eff(self) -> float | None:
        """Its mean under the prior, at the posterior's sigma; None if the hyperprior is improper."""
        return None if self.prior_m_eff_draws is None else float(self.prior_m_eff_draws.mean())

    @property
    def prior_rows(self) -> np.ndarray:
        """Prior effective sample size of each coefficient in rows, n·κ/(1 − κ), shape (p,); infinite at κ = 1.

        With orthogonal standardized columns and a Normal prior it is σ²/s².
        """
        kappa = self.kappa
        return np.where(kappa < 1, self.n * kappa / np.where(kappa < 1, 1 - kappa, 1.0), np.inf)

    def interval(self, ci_prob: float = 0.95) -> tuple[float, float]:
        """Equal-tailed posterior interval of m_eff."""
        low, high = quantiles(self.m_eff_draws, ci_prob)
        return float(low), float(high)

    def to_frame(self, ci_prob: float = 0.95) -> "pd.DataFrame":
        """One row per coefficient; the interval is that of κ_j, equal-tailed."""
        import pandas as pd

        lower, upper = quantiles(self.kappa_draws, ci_prob)
        columns = {} if self.least_squares is None else {"least_squares": self.least_squares}
        columns |= {
            "mean": self.mean,
            "sd": self.sd,
            "kappa": self.kappa,
            "kappa_lower": lower,
            "kappa_upper": upper,
            "prior_rows": self.prior_rows,
        }
        return pd.DataFrame(columns, index=pd.Index(self.names, name="coef_name"))

    def __repr__(self) -> str:
        low, high = self.interval()
        before = "" if self.prior_m_eff is None else f", a priori {self.prior_m_eff:.3g}"
        least, most = int(np.argmin(self.kappa)), int(np.argmax(self.kappa))
        return (
            f"Shrinkage(effective number of coefficients {self.m_eff:.3g} of {len(self.names)} "
            f"(95% {low:.3g} to {high:.3g}{before}); least shrunk {self.names[least]!r} (κ = {self.kappa[least]:.2f}), "
            f"most {self.names[most]!r} (κ = {self.kappa[most]:.2f}))"
        )

    def _repr_html_(self) -> str:
        from html import escape

        table = self.to_frame().to_html(float_format="{:.4g}".format)
        return f"<div class='bayesreg'><p>{escape(repr(self))}</p>{table}</div>"


def shrinkage(idata: "DataTree", *, reg: Regression | None = None, random_seed: int | None = 0) -> Shrinkage:
    r"""Tell how strongly the prior shrinks each coefficient, from a posterior alone.

    Every prior here is Normal given local precisions δ_j: of a Normal prior δ_j = 1/s_j², of a Laplace prior
    δ_j = 1/(b_j²τ_j) with τ_j ~ Exponential(mean 2), an elastic net has the sum of both, and a horseshoe has its
    local scales. With L = X'WX/σ² the
    precision of the likelihood (W = weights; for other families than the Gaussian times the Fisher information at the
    posterior mean of the linear predictor), D = diag(δ_j), and an intercept projected out,

        κ_j = δ_j [(L + D)⁻¹]_jj = 1 − [(L + D)⁻¹L]_jj,        m_eff = Σ_j (1 − κ_j) = tr((L + D)⁻¹L).

    κ_j is the share of the conditional prior variance of β_j that the data leave. It is averaged over posterior
    draws of (σ, scale, τ). In an orthogonal design its mean is 1 − (posterior mean)/(least squares), whatever the
    prior; for a Normal prior m_eff is Σ d²/(d² + σ²/s²), the effective degrees of freedom of ridge regression.

    Parameters
    ----------
    idata : xarray.DataTree
        From :func:`bayesreg.sample`.
    reg : Regression, optional
        By default it is rebuilt from `idata`.
    random_seed : int, optional
        Mixing variances are drawn given the draws of beta; the same seed gives the same ones.

    Returns
    -------
    Shrinkage

    Raises
    ------
    DataError
        If `idata` is not from :func:`bayesreg.sample`, or lacks the data, or `reg` is another regression.
    PriorError
        If `random_seed` is no seed.

    See Also
    --------
    plot_kappa : Shrinkage factor of each coefficient.
    sparsity : Which coefficients are zero, and how sure that is.
    guess_scale : Global scale from a guess of the number of nonzero coefficients.

    Notes
    -----
    Carvalho, Polson & Scott (2010, doi:10.1093/biomet/asq017) call κ_j the shrinkage weight; m_eff and its prior are
    in Piironen & Vehtari (2017, doi:10.1214/17-EJS1337SI). The prior of m_eff is drawn at the posterior's sigma.
    Except for Normal priors, where columns are many, at least 200 evenly spaced draws are used in place of all.

    Examples
    --------
    >>> import bayesreg as br
    >>> frame, target = br.load_dataset("diabetes")
    >>> reg = br.Regression(frame.drop(columns=target), frame[target], prior=br.Normal(10.0), sigma=54.0)
    >>> result = br.shrinkage(br.sample(reg, draws=500, random_seed=1))
    >>> round(result.m_eff, 3), result.names[int(np.argmin(result.kappa))]
    (8.052, 'age')
    """
    generator = np.random.default_rng(read_seed(random_seed))
    reg, draws = read_posterior(idata, reg)
    refuse_projected(idata)
    reg.require_unbounded("shrinkage")
    beta, chosen = draws.beta, thinned(reg, draws)
    precision = posterior_precision(reg, chosen, generator)
    eta = None if reg.is_gaussian else mean_predictor(reg, draws)
    before = prior_precision(reg, chosen.sigma, generator)
    point, kind = _least_squares(reg)
    return Shrinkage(
        names=reg.names,
        n=reg.n,
        least_squares=point,
        least_squares_kind=kind,
        mean=beta.mean(axis=0),
        sd=beta.std(axis=0, ddof=1),
        kappa_draws=kappa_of(reg, chosen.sigma, precision, eta),
        prior_m_eff_draws=None if before is None else np.sum(1 - kappa_of(reg, chosen.sigma, before, eta), axis=1),
    )


def mean_predictor(reg: Regression, draws: Unknowns) -> np.ndarray:
    """Posterior mean of the linear predictor on the rows, shape (n,)."""
    at_center, sigma = np.asarray(draws.at_center.mean()), np.asarray(draws.sigma.mean())
    return linear_predictor(reg, Unknowns(draws.beta.mean(axis=0), at_center, sigma))


def _least_squares(reg: Regression) -> tuple[np.ndarray | None, str]:
    if reg.is_gaussian:
        loss = without_priors(reg).loss
        return loss.least_squares, "unique" if loss.rank == loss.size else "of least norm"
    if reg.n <= reg.p or not reg.noise.known:
        return None, "none"
    estimate = least_squares_if_any(reg)
    return (None, "none") if estimate is None else (estimate.beta, "unique")

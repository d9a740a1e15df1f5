"""Decoupled shrinkage and selection: a path of sparse summaries of one posterior, and how much each explains."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from bayesreg.analysis.from_tree import read_posterior
from bayesreg.analysis.intervals import check_ci_prob, quantiles
from bayesreg.analysis.sparsity.signal import Signal, signal_of
from bayesreg.errors import ConvergenceError, PriorError
from bayesreg.model.regression import Regression
from bayesreg.optimize.solvers.homotopy import lasso_path

if TYPE_CHECKING:
    import pandas as pd
    from xarray import DataTree

# The path is looked at on this many strengths, from the first zero model down to this share of its strength.
POINTS, SMALLEST_SHARE = 400, 1e-8
# How far a point may be from its optimality conditions, relative to its strength and to the largest strength.
TOLERANCE, ROUNDING = 1e-6, 1e-11


@dataclass(frozen=True, eq=False, repr=False)
class DecoupledSelection:
    """Sparse summaries by their number of coefficients; K models.

    Attributes
    ----------
    names : tuple of str
        Column names.
    sizes : ndarray, shape (K,)
        Coefficients that are not 0; the last is the posterior mean itself.
    strengths : ndarray, shape (K,)
        In the objective of :func:`decoupled_selection`; 0 for the last.
    coef : ndarray, shape (K, p)
        On the user's columns.
    rho2_draws : ndarray, shape (S, K)
        Variation explained ρ²_λ.
    psi_draws : ndarray, shape (S, K)
        Excess error ψ_λ, in units of y.
    ci_prob : float
        Probability of the equal-tailed intervals.

    See Also
    --------
    decoupled_selection : Sparse summaries of a posterior.
    plot_dss : Explained variation against size.
    """

    names: tuple[str, ...]
    sizes: np.ndarray
    strengths: np.ndarray
    coef: np.ndarray
    rho2_draws: np.ndarray
    psi_draws: np.ndarray
    ci_prob: float

    @property
    def chosen(self) -> int:
        """Index of the smallest model whose interval of ρ²_λ reaches what the posterior mean explains (λ = 0)."""
        upper = quantiles(self.rho2_draws, self.ci_prob)[1]
        return int(np.argmax(upper >= self.rho2_draws[:, -1].mean()))

    @property
    def selected(self) -> tuple[str, ...]:
        """The columns of the chosen model."""
        return self.model(int(self.sizes[self.chosen]))

    def model(self, size: int) -> tuple[str, ...]:
        """The columns of the model of a size.

        Raises
        ------
        PriorError
            If no model has this size.
        """
        if isinstance(size, bool) or size not in self.sizes:
            raise PriorError(f"no model has {size} coefficients; the sizes are {self.sizes.tolist()}.")
        beta = self.coef[int(np.flatnonzero(self.sizes == size)[0])]
        return tuple(name for name, value in zip(self.names, beta, strict=True) if value != 0)

    def to_frame(self) -> "pd.DataFrame":
        """One row per model, with means and equal-tailed intervals."""
        import pandas as pd

        columns = {"strength": self.strengths}
        for name, draws in (("rho2", self.rho2_draws), ("psi", self.psi_draws)):
            lower, upper = quantiles(draws, self.ci_prob)
            columns |= {name: draws.mean(axis=0), f"{name}_lower": lower, f"{name}_upper": upper}
        return pd.DataFrame(columns, index=pd.Index(self.sizes, name="size"))

    def __repr__(self) -> str:
        k = self.chosen
        return (
            f"DecoupledSelection({self.sizes[k]} of {len(self.names)} coefficients explain "
            f"{100 * self.rho2_draws[:, k].mean():.1f}% of the variation, all of them "
            f"{100 * self.rho2_draws[:, -1].mean():.1f}%: {', '.join(self.selected[:8])}"
            f"{', …' if len(self.selected) > 8 else ''})"
        )


def decoupled_selection(
    idata: "DataTree", *, reg: Regression | None = None, ci_prob: float = 0.9
) -> DecoupledSelection:
    r"""Summarize a posterior by sparse coefficient vectors, in the way of Hahn & Carvalho (2015).

    With β̄ the posterior mean, the summaries minimize

        ½‖Xβ̄ − Xγ‖² + λ Σ_j |γ_j|/|β̄_j|

    along λ, an adaptive lasso of the fit rather than of the data, on the (standardized) columns on which the prior is
    stated. Of each number of coefficients the least shrunken summary is kept. For every posterior draw (β, σ) a
    summary has

        ρ²_λ = ‖Xβ‖²/n / (‖Xβ‖²/n + σ² + ‖Xβ − Xγ_λ‖²/n),        ψ_λ = √(‖Xβ − Xγ_λ‖²/n + σ²) − σ,

    the variation that it explains and its excess error. The last summary is β̄ itself (λ = 0), the first is empty;
    its ρ² is not 0, since it is the share of the signal in what is left to predict.

    Parameters
    ----------
    idata : xarray.DataTree
        From :func:`bayesreg.sample`, of a Gaussian regression.
    reg : Regression, optional
        By default it is rebuilt from `idata`.
    ci_prob : float, optional
        Probability of the equal-tailed intervals.

    Returns
    -------
    DecoupledSelection

    Raises
    ------
    UnsupportedError
        If the family is not Gaussian, or there are more than 4,000 columns.

    See Also
    --------
    projection_predictive : Submodels whose predictions are closest to the posterior's.
    sparsity : Which coefficients are zero, and how sure that is.
    plot_dss : Explained variation against size.

    Notes
    -----
    Hahn & Carvalho (2015), Decoupling shrinkage and selection in Bayesian linear models,
    doi:10.1080/01621459.2014.993077.

    Examples
    --------
    >>> import bayesreg as br
    >>> frame, target = br.load_dataset("diabetes")
    >>> reg = br.Regression(frame.drop(columns=target), frame[target], prior=br.Laplace(10.0), sigma=54.0)
    >>> br.decoupled_selection(br.sample(reg, random_seed=1)).model(2)
    ('bmi', 's5')
    """
    check_ci_prob(ci_prob)
    reg, draws = read_posterior(idata, reg)
    reg.require_unbounded("decoupled selection")
    signal = signal_of(reg, draws)
    strengths, gamma = _summaries(signal)
    fits = signal.fit(signal.beta)
    whole = np.sum(fits**2, axis=1)
    gap = np.column_stack([np.sum((fits - fit) ** 2, axis=1) for fit in signal.fit(gamma)])
    variance = signal.sigma**2
    return DecoupledSelection(
        names=reg.names,
        sizes=np.sum(gamma != 0, axis=1),
        strengths=strengths,
        coef=reg.design.standardization.coef(gamma),
        rho2_draws=whole[:, None] / (whole[:, None] + variance[:, None] + gap),
        psi_draws=np.sqrt(gap + variance[:, None]) - signal.sigma[:, None],
        ci_prob=ci_prob,
    )


def _summaries(signal: Signal) -> tuple[np.ndarray, np.ndarray]:
    """Strengths (K,) and γ (K, p), by growing number of coefficients that are not 0."""
    mean = signal.beta.mean(axis=0)
    live = np.flatnonzero(mean)
    weight = np.abs(mean[live])
    # With γ = |β̄|θ every |θ_j| has the same strength.
    columns = signal.root[:, live] * (weight * np.sqrt(signal.reg.design.weight))
    gram = columns.T @ columns
    cross = gram @ np.sign(mean[live])
    largest = float(np.max(np.abs(cross), initial=0.0))
    if largest == 0:
        return np.zeros(1), mean[None]
    grid = largest * np.geomspace(1.0, SMALLEST_SHARE, POINTS)
    theta = lasso_path(gram, cross, np.ones(len(live)), grid)
    _check(theta, gram, cross, grid, largest)
    gamma = np.zeros((POINTS + 1, len(mean)))
    gamma[:-1, live] = theta * weight
    gamma[-1] = mean
    strengths = np.append(grid, 0.0)
    sizes = np.sum(gamma != 0, axis=1)
    # Of each size the last point is the least shrunken.
    kept = [int(np.flatnonzero(sizes == size)[-1]) for size in np.unique(sizes)]
    return strengths[kept], gamma[kept]


def _check(theta: np.ndarray, gram: np.ndarray, cross: np.ndarray, grid: np.ndarray, largest: float) -> None:
    gradient = np.abs(cross - theta @ gram)
    allowed = grid * (1 + TOLERANCE) + ROUNDING * largest
    if not np.all(np.max(gradient, axis=1) <= allowed):
        raise ConvergenceError(
            "the path of sparse summaries does not meet its optimality conditions; drop copied columns."
        )

"""How well rows are predicted that were left out of the fit, by importance sampling of one posterior."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from bayesreg.analysis.from_tree import read_posterior, refuse_projected
from bayesreg.design.columns import Rows
from bayesreg.design.implicit import is_sparse
from bayesreg.errors import UnsupportedError
from bayesreg.families.base import Family
from bayesreg.model.regression import Regression
from bayesreg.model.unknowns import Unknowns
from bayesreg.selection.leave_one_out import LARGEST_K, relative_efficiency

if TYPE_CHECKING:
    from xarray import DataTree

# Numbers (draws × rows) that are held at once; of more rows a part is judged, chosen at random by this seed.
MOST_NUMBERS, ROW_SEED = 20_000_000, 0
# With a larger share of rows beyond the largest Pareto k, the prediction as a whole is not trusted.
TRUSTED_SHARE = 0.01


@dataclass(frozen=True, eq=False)
class OutOfSample:
    """Predictions of rows by the posterior of the other rows.

    Attributes
    ----------
    rows : ndarray of int, shape (m,)
        Which rows were judged: all, or a random part of very many.
    y, mean : ndarray, shape (m,)
        The target, and its predictive mean without the row (the centre of noise that has no mean).
    baseline : ndarray, shape (m,)
        The mean under a model of the intercept alone, offset included, fitted to all rows.
    weights : ndarray, shape (m,)
        Of the rows; ones if there are none.
    elpd : float
        Expected log predictive density, summed over the rows judged.
    pareto_k : ndarray, shape (m,)
        Shape of the tail of the importance weights; up to 0.7 a row's prediction is trusted.
    """

    rows: np.ndarray
    y: np.ndarray
    mean: np.ndarray
    baseline: np.ndarray
    weights: np.ndarray
    elpd: float
    pareto_k: np.ndarray

    @property
    def r2(self) -> float:
        """1 − Σw(y − mean)² / Σw(y − baseline)², the share of squared error that the columns remove; at most 1."""
        left, all_of_it = (np.sum(self.weights * (self.y - one) ** 2) for one in (self.mean, self.baseline))
        return float(1 - left / all_of_it)

    @property
    def auc(self) -> float:
        """Probability that a row of class 1 has a larger predicted mean than a row of class 0; ties count half."""
        from scipy.stats import rankdata

        positive = self.y > 0
        ranks = rankdata(self.mean)[positive]
        n1, n0 = int(positive.sum()), int(np.sum(~positive))
        return float((ranks.sum() - n1 * (n1 + 1) / 2) / (n1 * n0))

    @property
    def doubtful(self) -> int:
        """Rows whose Pareto k is beyond what can be trusted."""
        return int(np.sum(~(self.pareto_k <= LARGEST_K)))

    @property
    def trusted(self) -> bool:
        """Whether hardly any row is doubtful."""
        return self.doubtful <= TRUSTED_SHARE * len(self.y)


def out_of_sample(idata: "DataTree", *, reg: Regression | None = None) -> OutOfSample:
    """Predict each row by the posterior of the other rows, from one posterior of all rows (PSIS-LOO).

    The weights of draws are Pareto smoothed (Vehtari, Gelman & Gabry 2017, doi:10.1007/s11222-016-9696-4). The
    prior's strength and the scaling of the columns stay those of all rows.

    Parameters
    ----------
    idata : xarray.DataTree
        From :func:`bayesreg.sample`.
    reg : Regression, optional
        By default it is rebuilt from `idata`.

    Returns
    -------
    OutOfSample

    Raises
    ------
    DataError
        If `idata` is no posterior of the regression.
    UnsupportedError
        If the rows are not known, or are sparse.

    Examples
    --------
    >>> import bayesreg as br
    >>> frame, target = br.load_dataset("diabetes")
    >>> reg = br.Regression(frame.drop(columns=target), frame[target], prior=br.Normal(10.0), sigma=54.0)
    >>> round(out_of_sample(br.sample(reg, draws=500, random_seed=1)).r2, 2)
    0.49
    """
    reg, draws = read_posterior(idata, reg)
    refuse_projected(idata)
    rows = reg.design.rows
    if rows is None:
        raise UnsupportedError("predictions of left-out rows need the rows, and only moments are known here.")
    if is_sparse(rows.X):
        raise UnsupportedError("predictions of left-out rows of a sparse X are not computed; pass X.toarray().")
    chosen = _chosen(len(draws.sigma), reg.n)
    weights = np.ones(reg.n) if rows.weights is None else rows.weights
    mean, elpd, k = _psis(reg, draws, idata["posterior"].sizes["chain"], rows, chosen)
    baseline = _baseline(reg.family, rows.y, rows.offset, weights)
    return OutOfSample(chosen, rows.y[chosen], mean, baseline[chosen], weights[chosen], elpd, k)


def _chosen(draws: int, n: int) -> np.ndarray:
    most = max(1, MOST_NUMBERS // draws)
    return np.arange(n) if n <= most else np.sort(np.random.default_rng(ROW_SEED).choice(n, most, replace=False))


def _psis(
    reg: Regression, draws: Unknowns, chains: int, rows: Rows, chosen: np.ndarray
) -> tuple[np.ndarray, float, np.ndarray]:
    """Predictive means without each row, their elpd, and Pareto k."""
    from arviz_stats.base.array import array_stats
    from scipy.special import logsumexp

    coef, intercept = draws.on_user_columns(reg.design.standardization)
    eta = intercept[:, None] + coef @ rows.X[chosen].T
    eta = eta if rows.offset is None else eta + rows.offset[chosen]
    root = 1.0 if rows.weights is None else np.sqrt(rows.weights[chosen])
    each = reg.family.log_likelihood(rows.y[chosen], eta, draws.sigma[:, None] / root)
    relative = relative_efficiency(each.reshape(chains, -1, len(chosen)))
    log_weights, k = array_stats.psislw(each, r_eff=relative, axis=0)
    log_weights = log_weights - logsumexp(log_weights, axis=1, keepdims=True)
    elpd = logsumexp(each.T + log_weights, axis=1).sum()
    return np.sum(np.exp(log_weights) * reg.family.mean(eta).T, axis=1), float(elpd), np.asarray(k)


def _baseline(family: Family, y: np.ndarray, offset: np.ndarray | None, weights: np.ndarray) -> np.ndarray:
    """Means of a model without columns, shape (n,)."""
    if offset is None:
        return np.full(len(y), np.average(y, weights=weights))
    if family.location_scale:
        return offset + np.average(y - offset, weights=weights)
    from scipy.optimize import minimize_scalar

    start = family.start(float(np.average(y, weights=weights))) - float(np.average(offset, weights=weights))
    best = minimize_scalar(
        lambda shift: float(np.sum(weights * family.loss(y, offset + shift))), bracket=(start - 1, start + 1)
    )
    return family.mean(offset + best.x)

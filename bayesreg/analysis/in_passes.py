"""Posterior of a table that is read in passes: draws from an approximation, judged and corrected by one more pass."""

from typing import TYPE_CHECKING

import numpy as np

from bayesreg.errors import ConvergenceError
from bayesreg.model.regression import Regression
from bayesreg.optimize.in_passes import PassesEstimate
from bayesreg.sampling.datatree import attributes_of
from bayesreg.sampling.engine import sample

if TYPE_CHECKING:
    from xarray import DataTree

# Above it the corrected draws are not the posterior's (Vehtari et al. 2024, §3).
LARGEST_K = 0.7
CHAINS = 4


def sample_in_passes(estimate: PassesEstimate, *, draws: int = 1000, random_seed: int | None = None) -> "DataTree":
    """Posterior draws by one more pass over the table.

    The log likelihood is replaced by its quadratic model at the MAP estimate, and the prior is kept as it is. Draws of
    that posterior are chosen anew in proportion to their Pareto smoothed importance weights.

    Parameters
    ----------
    estimate : PassesEstimate
    draws : int
        How many draws are kept of the 4,000, at most; their log likelihoods cost n·p operations each.
    random_seed : int, optional

    Returns
    -------
    DataTree
        `coef`, `intercept` and `beta`; the attribute `pareto_k` says how good the approximation is, below 0.7.

    Raises
    ------
    ConvergenceError
        If the Pareto k is 0.7 or more.

    References
    ----------
    Vehtari, Simpson, Gelman, Yao & Gabry 2024, "Pareto smoothed importance sampling", JMLR 25(72),
    https://jmlr.org/papers/v25/19-556.html.

    See Also
    --------
    map_in_passes : The estimate.
    sample : Posterior draws of a regression.

    Examples
    --------
    >>> import bayesreg as br
    >>> frame, target = br.load_dataset("diabetes")
    >>> frame["high"] = (frame[target] > 200).astype(float)
    >>> fit = br.map_in_passes(frame, "high", drop=[target], prior=br.Normal(1.0), family="bernoulli")
    >>> idata = br.sample_in_passes(fit, draws=400, random_seed=1)
    >>> idata["posterior"].sizes["draw"], idata.attrs["pareto_k"] < 0.7
    (100, True)
    """
    from arviz_base import from_dict
    from arviz_stats.base.array import array_stats

    model, table = estimate.approximation, estimate.table
    posterior = sample(model, random_seed=random_seed)["posterior"]
    points = np.column_stack(
        [posterior["coef"].to_numpy().reshape(-1, model.p), posterior["intercept"].to_numpy().reshape(-1)]
    )
    points = points[np.linspace(0, len(points) - 1, CHAINS * -(-draws // CHAINS)).astype(int)]
    ratios = _losses_of_model(model, points) - table.losses(points)
    # psislw takes the log likelihood, whose negative is the log ratio.
    log_weights, k = array_stats.psislw(-ratios[:, None], r_eff=1.0, axis=0)
    if not float(k[0]) < LARGEST_K:
        raise ConvergenceError(
            f"the posterior is too far from its quadratic approximation (Pareto k {float(k[0]):.2f}, at most "
            f"{LARGEST_K}); sample a regression with the rows in memory, br.sample(br.Regression(…))."
        )
    chosen = points[_chosen(np.exp(np.ravel(log_weights)), random_seed)]
    standardization = table.standardization
    coef = standardization.coef(chosen[:, :-1])
    data = {"coef": coef, "intercept": chosen[:, -1] - coef @ standardization.center, "beta": chosen[:, :-1]}
    shaped = {name: values.reshape(CHAINS, -1, *values.shape[1:]) for name, values in data.items()}
    names = list(estimate.estimate.names)
    attributes = attributes_of(model) | {
        "model": repr(estimate),
        "family": table.family.name,
        "family_settings": repr(table.family),
        "engine": "quadratic approximation, importance resampling",
        "pareto_k": float(k[0]),
    }
    return from_dict(
        {"posterior": shaped},
        coords={"coef_name": names},
        dims={"coef": ["coef_name"], "beta": ["coef_name"]},
        attrs={"/": attributes, "posterior": attributes},
    )


def _losses_of_model(model: Regression, points: np.ndarray) -> np.ndarray:
    """Half the residual sum of squares of the working response at points of shape (m, p + 1), but for a constant."""
    moments = model.design.moments
    beta, intercept = points[:, :-1], points[:, -1]
    away = moments.mean_y - beta @ moments.mean_x - intercept
    within = np.einsum("mi,ij,mj->m", beta, moments.gram, beta) - 2 * beta @ moments.cross
    return np.asarray(0.5 * (within + moments.weight * away**2))


def _chosen(weights: np.ndarray, random_seed: int | None) -> np.ndarray:
    """Systematic resampling, in a random order: each draw about as often as its weight says."""
    generator = np.random.default_rng(random_seed)
    edges = np.cumsum(weights) / np.sum(weights)
    places = (generator.random() + np.arange(len(weights))) / len(weights)
    return generator.permutation(np.minimum(np.searchsorted(edges, places), len(weights) - 1))

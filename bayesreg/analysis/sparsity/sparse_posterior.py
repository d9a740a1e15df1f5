"""The sparse projection posterior: draws of a dense posterior, each replaced by its lasso."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from numbers import Real
from typing import TYPE_CHECKING

import numpy as np

from bayesreg.errors import ConvergenceError, PriorError, UnsupportedError
from bayesreg.model.even_columns import even_columns
from bayesreg.model.objective import strengths_at
from bayesreg.model.quadratic import GRAM_COLUMNS, loss_of_products
from bayesreg.model.regression import Regression, check_regression
from bayesreg.model.unknowns import Unknowns
from bayesreg.optimize.acceptance import GAP_TOLERANCE, reachable_kkt
from bayesreg.optimize.certificate import certify_scores
from bayesreg.optimize.solvers.many_responses import minimize_all
from bayesreg.priors.laplace import Laplace
from bayesreg.priors.normal import Normal
from bayesreg.sampling.arguments import read_seed
from bayesreg.sampling.engine import Posterior, draw_posterior
from bayesreg.selection.select import select
from bayesreg.selection.sigma import estimate_sigma

if TYPE_CHECKING:
    from xarray import DataTree

    from bayesreg.sampling.arguments import Seed

# β_j ~ Normal(0, σ²/2) per standard deviation of the column, as in the authors' program.
PRECISION = 2.0
# Numbers that a block of draws may hold.
BLOCK_SIZE = 4_000_000
RULE = "cv_1se"


def sparse_posterior(
    reg: Regression,
    *,
    strength: float | None = None,
    draws: int = 1000,
    chains: int = 4,
    random_seed: "Seed" = None,
) -> "DataTree":
    r"""Draw from the sparse projection posterior of Pal & Ghosal (2024): P(β_j = 0) of a continuous prior.

    Each draw β of the posterior under a Normal prior, which is exact, is replaced by

        β* = argmin_u  ½‖Xβ − Xu‖² + Σ_j λ_j |u_j|,

    the lasso of its own fit, in ``half_rss``, on the (standardized) columns on which the prior is stated; an intercept
    is not penalized. The paper has n⁻¹‖Xβ − Xu‖² + λ_n‖u‖₁, so that λ = nλ_n/2. Every β* is certified.

    Parameters
    ----------
    reg : Regression
        Gaussian, with a Normal or Laplace prior (or elastic net, of which the L1 part counts), of any scale. A Normal
        prior is that of the draws. In the place of another one there is Normal(0, σ²/2), per standard deviation of the
        column, as in the authors' program; flat columns stay flat, and unpenalized.
    strength : float, optional
        λ in ``half_rss``; of the largest, where a Laplace prior has scales by column. By default that of a Laplace
        prior of known scale at the sigma of the draw, λ_j = σ²/b_j; otherwise that of the lasso by
        ``select(…, by="cv_1se")``, as the authors choose it to select columns.
    draws, chains : int, optional
    random_seed : int, optional

    Returns
    -------
    xarray.DataTree
        As from :func:`bayesreg.sample`, of the regression under the Normal prior, but with β*, exact zeros included,
        in the place of β. ``constant_data`` has ``projected_mean``, the β* of the posterior mean, on the user's
        columns; ``lp`` is the density of β, and the attribute ``projected_by`` says which strength it was.

    Raises
    ------
    UnsupportedError
        If the family is not Gaussian, the prior is of another kind, or there are more than 4,000 columns.
    PriorError
        If the strength is not positive, or no column is penalized.
    ConvergenceError
        If a certificate does not accept its point.

    See Also
    --------
    sparsity : Which coefficients are zero, and how sure that is; takes the result.
    projection_predictive : Submodels whose predictions are closest to the posterior's.
    decoupled_selection : Sparse summaries of a posterior.

    Notes
    -----
    Pal & Ghosal (2024), Bayesian high-dimensional linear regression with sparse projection-posterior,
    arXiv:2410.16577: it contracts at the rate of the lasso and finds the columns that matter under conditions on the
    design. Its intervals, like the lasso's estimates, are drawn towards 0; coverage is shown there for recentred
    (debiased) credible sets, which are not made here. Where there are as many columns as rows, sigma unknown and the
    prior not Normal, sigma is a single estimate from the cross-validated lasso, since the Normal prior leaves
    hardly a residual.

    Examples
    --------
    >>> import bayesreg as br
    >>> frame, target = br.load_dataset("diabetes")
    >>> reg = br.Regression(frame.drop(columns=target), frame[target], prior=br.Laplace(10.0), sigma=54.0)
    >>> included = br.sparsity(br.sparse_posterior(reg, random_seed=1)).p_inclusion
    >>> [name for name, chance in zip(reg.names, included, strict=True) if chance > 0.99]
    ['sex', 'bmi', 'bp', 's5']
    """
    _check(reg)
    seed = read_seed(random_seed)
    strengths = _strengths(reg, strength, seed)
    dense = _dense(reg)
    posterior = draw_posterior(dense, engine="exact", draws=draws, chains=chains, random_seed=seed)
    return _tree(posterior, strengths)


@dataclass(frozen=True)
class Strengths:
    """λ_j of each element of β as a function of sigma, and where they are from, in words."""

    at: Callable[[np.ndarray], np.ndarray]
    source: str


def _check(reg: Regression) -> None:
    check_regression(reg)
    reg.require_unbounded("a sparse posterior")
    if not reg.is_gaussian:
        raise UnsupportedError(
            f"sparse projections are made of gaussian regressions, got {reg.family.name}; use "
            "br.sparsity(br.sample(reg))."
        )
    if not reg.prior.is_conjugate and "l1" not in reg.prior.terms:
        raise UnsupportedError(
            f"a sparse projection starts from a Normal or a Laplace prior, got {reg.prior}; give one of these, or use "
            "br.sparsity(br.sample(reg))."
        )
    if reg.p > GRAM_COLUMNS:
        raise UnsupportedError(f"p = {reg.p} columns; up to {GRAM_COLUMNS} are allowed here; use br.sparsity(idata).")


def _dense(reg: Regression) -> Regression:
    """The regression whose posterior is projected."""
    if reg.prior.is_conjugate:
        return reg
    squares = np.diag(reg.loss.gram)[: reg.p] / reg.design.weight
    unit = np.sqrt(np.where(squares > 0, squares, 1.0) * PRECISION)
    scale = np.where(reg.prior.is_flat(reg.names), np.inf, 1 / unit)
    dense = reg.with_prior(Normal(scale, scaled_by_sigma=True))
    return dense.with_sigma(estimate_sigma(reg)[0]) if reg.p >= reg.n and not reg.noise.known else dense


def _strengths(reg: Regression, strength: float | None, seed: int | None) -> Strengths:
    if strength is None and "l1" in reg.prior.terms and reg.scale_known and reg.prior.is_separable:
        return Strengths(lambda sigma: np.array([strengths_at(reg, float(one))[0] for one in sigma]), str(reg.prior))
    ratios = _ratios(reg)
    if strength is not None:
        value, source = _read_strength(strength), "a given strength"
    else:
        scale = np.divide(1.0, ratios, out=np.full(reg.p, np.inf), where=ratios > 0)
        value, source = select(reg.with_prior(Laplace(scale)), by=RULE, random_seed=seed).strength, f"the lasso, {RULE}"
    weights = reg.intercept_term.append(value * ratios, 0.0)
    return Strengths(lambda sigma: np.broadcast_to(weights, (len(sigma), len(weights))), f"{source}, {value:.6g}")


def _read_strength(strength: object) -> float:
    if isinstance(strength, bool) or not isinstance(strength, Real) or not 0 < float(strength) < np.inf:
        raise PriorError(f"strength must be a number greater than 0, in half_rss, got {strength!r}.")
    return float(strength)


def _ratios(reg: Regression) -> np.ndarray:
    """The strength of each column as a share of the largest, shape (p,)."""
    if reg.prior.is_conjugate:
        weights = np.where(reg.prior.is_flat(reg.names), 0.0, 1.0)
    else:
        weights = 1 / reg.unit_scales.laplace
    if not np.any(weights):
        raise PriorError("no column has a prior, so there is nothing to project; give the prior a finite scale.")
    return np.asarray(weights / weights.max())


def _tree(posterior: Posterior, strengths: Strengths) -> "DataTree":
    reg, run = posterior.reg, posterior.run
    beta, at_center = (values.reshape(-1, *values.shape[2:]) for values in (run.draws.beta, run.draws.at_center))
    theta, sigma = reg.intercept_term.join(beta, at_center), run.draws.sigma.ravel()
    mean = project(reg, theta.mean(axis=0)[None], strengths.at(np.array([sigma.mean()])))[0]
    projected = np.concatenate(
        [project(reg, theta[rows], strengths.at(sigma[rows])) for rows in _blocks(len(theta), reg.loss.size)]
    )
    sparse, level = reg.intercept_term.split(projected, at_center)
    shape = run.draws.sigma.shape
    draws = Unknowns(sparse.reshape(*shape, reg.p), level.reshape(shape), run.draws.sigma, run.draws.hyperparameters)
    tree = replace(posterior, run=replace(run, draws=draws)).to_datatree()
    tree.attrs["projected_by"] = strengths.source
    coef = reg.design.standardization.coef(mean[: reg.p])
    constants = tree["constant_data"].to_dataset()
    tree["constant_data"].dataset = constants.assign(projected_mean=("coef_name", coef))
    return tree


def _blocks(count: int, size: int) -> list[slice]:
    step = max(1, BLOCK_SIZE // size)
    return [slice(start, start + step) for start in range(0, count, step)]


def project(reg: Regression, theta: np.ndarray, l1: np.ndarray) -> np.ndarray:
    """The certified lasso of the fit of each θ, all of shape (m, q).

    Raises
    ------
    ConvergenceError
        If a certificate does not accept its point.
    """
    even = even_columns(reg.loss, l1, np.zeros_like(l1))
    dense, gram = even.inside(theta), even.loss.gram
    cross = dense @ gram
    sparse = minimize_all(gram, cross, even.l1)
    away = dense - sparse
    score = away @ gram
    rss = np.maximum(np.sum(away * score, axis=1), 0.0)
    table = certify_scores(even.loss, sparse, even.l1, even.l2, score, rss)
    largest = loss_of_products(gram, np.max(np.abs(cross), axis=0), 0.0)
    if not np.all(table.kkt <= reachable_kkt(largest, even.l1)) or not np.all(table.gap <= GAP_TOLERANCE):
        raise ConvergenceError(
            f"a projection violates its optimality conditions by {table.kkt.max():.1e} (relative to the strength; "
            f"duality gap {table.gap.max():.1e}); drop copied columns, or give a larger strength."
        )
    return even.outside(sparse)

r"""Shrinkage factors κ_j of draws: how much of each coefficient's conditional posterior precision is the prior's.

Given the prior's local precisions D = diag(δ_j) and the likelihood's precision L = X'WX/σ², the posterior precision
is L + D and K = (L + D)⁻¹D maps least squares to the conditional posterior mean, (I − K)β̂. Then

    κ_j = K_jj = δ_j [(L + D)⁻¹]_jj  in [0, 1],        m_eff = tr(I − K) = Σ_j (1 − κ_j).

Where the columns are orthogonal κ_j = δ_j/(L_jj + δ_j), the factor of Carvalho, Polson & Scott (2010,
doi:10.1093/biomet/asq017), and m_eff is the effective number of Piironen & Vehtari (2017, doi:10.1214/17-EJS1337SI).
For a Normal prior m_eff = Σ d²/(d² + σ²/s²), the effective degrees of freedom of ridge regression.
"""

from dataclasses import dataclass, replace

import numpy as np
from scipy import linalg

from bayesreg.analysis.from_tree import TreeDraws
from bayesreg.design.implicit import to_dense
from bayesreg.errors import DataError
from bayesreg.model.quadratic import QuadraticLoss, loss_of_rows
from bayesreg.model.regression import Regression
from bayesreg.priors.regularized_horseshoe import HorseshoePrior, RegularizedHorseshoe
from bayesreg.sampling.exact.spectrum import decompose
from bayesreg.sampling.gibbs.univariate import draw_mixing_variances
from bayesreg.sampling.prior_draws import draw_if_proper

# Local precisions cost one matrix inverse per draw: at most about this many multiplications in all, and so few draws.
WORK, FEWEST_DRAWS = 1e9, 200
# Matrices are inverted in blocks of at most this many numbers.
BLOCK_SIZE = 2_000_000
# A Normal part so many times wider than the Laplace part does not tilt its mixture.
FAR = 1e4
# Precisions end here, so that products of them do not overflow.
LARGEST = 1e200


@dataclass(frozen=True, eq=False)
class PriorDraws:
    """What of the prior varies from draw to draw.

    Attributes
    ----------
    sigma : ndarray, shape (S,)
        Noise scale.
    scale : ndarray, shape (S,)
        The prior's unknown scale, or ones.
    precision : ndarray, shape (S, p), or None
        Local precisions δ_j; None where they are those of one Normal prior up to a factor.
    """

    sigma: np.ndarray
    scale: np.ndarray
    precision: np.ndarray | None


def most_draws(reg: Regression) -> int:
    """How many draws the shrinkage factors are computed from."""
    if _one_decomposition(reg):
        return 2**31
    size = min(reg.p, reg.n)
    return int(max(FEWEST_DRAWS, WORK // (size**2 * max(reg.p, size))))


def posterior_draws(reg: Regression, draws: TreeDraws, generator: np.random.Generator) -> PriorDraws:
    """What varies of the prior, of as many draws as `most_draws` says.

    Mixing variances of Laplace parts are drawn given beta: together they are draws of the joint posterior.
    """
    count = len(draws.sigma)
    at = np.unique(np.linspace(0, count - 1, min(count, most_draws(reg))).round().astype(int))
    scale = np.ones(count) if draws.scale is None else draws.scale
    found = PriorDraws(draws.sigma[at], scale[at], None)
    if _one_decomposition(reg):
        return found
    if reg.is_horseshoe:
        if draws.local is None:
            raise DataError("the posterior of a horseshoe holds no local_scale; sample it again: br.sample(reg).")
        used = (
            scale[at] if draws.scale is not None else np.full(len(at), float(reg.prior.constants(reg.names)["scale"]))
        )
        slab = None if draws.slab is None else draws.slab[at]
        return replace(found, scale=used, precision=_horseshoe_precision(reg, found.sigma, used, draws.local[at], slab))
    beta, factor = reg.design.standardization.beta(draws.coef[at]), _factor(reg, found)
    tau = draw_mixing_variances(generator, np.abs(beta) / (reg.unit_scales.laplace * factor[:, None]))
    return replace(found, precision=_local_precision(reg, found, tau))


def prior_draws(reg: Regression, sigma: np.ndarray, generator: np.random.Generator) -> PriorDraws | None:
    """The same before any data, at the given sigma; None if the hyperprior of the scale is improper."""
    count, prior = len(sigma), reg.prior
    scale = np.ones(count)
    if prior.scale_prior is not None:
        drawn = draw_if_proper(prior.scale_prior, (count,), generator)
        if drawn is None:
            return None
        scale = drawn
    elif reg.is_horseshoe:
        scale = np.full(count, float(prior.constants(reg.names)["scale"]))
    found = PriorDraws(sigma, scale, None)
    if _one_decomposition(reg):
        return found
    if isinstance(prior, HorseshoePrior):
        local = np.abs(generator.standard_cauchy((count, reg.p)))
        slab = prior.slab_prior.draw(generator, (count,)) if isinstance(prior, RegularizedHorseshoe) else None
        return replace(found, precision=_horseshoe_precision(reg, sigma, scale, local, slab))
    return replace(found, precision=_local_precision(reg, found, _prior_mixing(reg, sigma, generator)))


def kappa_of(reg: Regression, draws: PriorDraws, eta: np.ndarray | None) -> np.ndarray:
    """κ_j of each draw, shape (S, p).

    Parameters
    ----------
    reg : Regression
    draws : PriorDraws
    eta : ndarray, shape (n,), or None
        Posterior mean of the linear predictor, at which a family other than the Gaussian has its Fisher information.
    """
    loss = information_loss(reg, eta)
    if _one_decomposition(reg):
        return _of_normal(reg, draws, loss)
    precision = np.zeros((len(draws.sigma), loss.size))
    assert draws.precision is not None
    precision[:, : reg.p] = draws.precision * draws.sigma[:, None] ** 2
    if reg.has_intercept_column:
        precision[:, -1] = [reg.intercept_precision(float(value)) for value in draws.sigma]
    wide = loss.A is not None and loss.A.shape[0] < loss.size and np.all(precision > 0)
    found = _of_rows(loss, precision) if wide else _of_gram(loss, precision)
    return np.clip(found[:, : reg.p], 0.0, 1.0)


def _factor(reg: Regression, draws: PriorDraws) -> np.ndarray:
    return draws.scale * (draws.sigma if reg.prior.scaled_by_sigma else 1.0)


def _local_precision(reg: Regression, draws: PriorDraws, tau: np.ndarray) -> np.ndarray:
    """δ_j = 1/(b_j²τ_j) + 1/s_j² of each draw, shape (S, p), per unit of beta."""
    scales, factor = reg.unit_scales, _factor(reg, draws)[:, None]
    return np.minimum((1 / (scales.normal * factor)) ** 2 + 1 / tau / (scales.laplace * factor) ** 2, LARGEST)


def _horseshoe_precision(
    reg: Regression, sigma: np.ndarray, scale: np.ndarray, local: np.ndarray, slab: np.ndarray | None
) -> np.ndarray:
    """δ_j = 1/(λ_j·scale)² + 1/c², shape (S, p)."""
    factor = sigma if reg.prior.scaled_by_sigma else np.ones_like(sigma)
    precision = 1 / np.maximum(local * (scale * factor)[:, None], LARGEST**-0.5) ** 2
    return precision if slab is None else precision + 1 / (slab * factor)[:, None] ** 2


def information_loss(reg: Regression, eta: np.ndarray | None) -> QuadraticLoss:
    """The quadratic loss in θ whose Gram matrix is σ²L."""
    if reg.is_gaussian:
        return reg.loss
    rows = reg.design.rows
    assert rows is not None
    assert eta is not None
    weights = reg.family.information(eta) * (1.0 if rows.weights is None else rows.weights)
    matrix = to_dense(reg.design.matrix)
    columns = np.column_stack([matrix, np.ones(reg.n)]) if reg.has_intercept_column else matrix
    root = np.sqrt(weights)
    return loss_of_rows(columns * root[:, None], root)


def _one_decomposition(reg: Regression) -> bool:
    """Whether all local precisions are those of one draw up to a factor, so that one decomposition serves all draws."""
    if reg.is_horseshoe or np.any(np.isfinite(reg.unit_scales.laplace)):
        return False
    if not reg.has_intercept_column or reg.intercept is True:
        return True
    return reg.scale_known and reg.intercept.scaled_by_sigma == reg.prior.scaled_by_sigma  # type: ignore[union-attr]


def _of_normal(reg: Regression, draws: PriorDraws, loss: QuadraticLoss) -> np.ndarray:
    """All draws from one decomposition: 1 − κ_j = Σ_k V_jk² d_k²/(d_k² + r²), r = σ/scale."""
    spread = reg.unit_scales.normal
    if reg.has_intercept_column:
        spread = np.append(spread, np.inf if reg.intercept is True else float(reg.intercept.scale))  # type: ignore[union-attr,arg-type]
    penalized, free = np.flatnonzero(np.isfinite(spread)), np.flatnonzero(np.isinf(spread))
    spectrum = decompose(loss, spread[penalized], penalized, free)
    noise = (np.ones_like(draws.sigma) if reg.prior.scaled_by_sigma else draws.sigma) / draws.scale
    share = spectrum.squares / (spectrum.squares + noise[:, None] ** 2)
    kappa = np.zeros((len(noise), loss.size))
    kappa[:, penalized] = 1 - share @ (spectrum.vectors**2).T
    return np.clip(kappa[:, : reg.p], 0.0, 1.0)


def _of_gram(loss: QuadraticLoss, precision: np.ndarray) -> np.ndarray:
    """κ from (G + D)⁻¹, brought to a unit diagonal because τ spans many orders of magnitude."""
    q = loss.size
    step, kappa = max(1, BLOCK_SIZE // q**2), np.empty_like(precision)
    for start in range(0, len(precision), step):
        part = precision[start : start + step]
        diagonal = np.diag(loss.gram) + part
        root = np.sqrt(np.where(diagonal > 0, diagonal, 1.0))
        matrix = loss.gram / (root[:, :, None] * root[:, None, :])
        matrix[:, np.arange(q), np.arange(q)] = 1.0
        inverse = np.diagonal(np.linalg.inv(matrix), axis1=1, axis2=2)
        kappa[start : start + step] = part / np.where(diagonal > 0, diagonal, 1.0) * inverse
    return kappa


def _of_rows(loss: QuadraticLoss, precision: np.ndarray) -> np.ndarray:
    """κ_j = 1 − a_j'(I + AD⁻¹A')⁻¹a_j/δ_j, whose cost grows with the square of the rows only."""
    assert loss.A is not None
    A = to_dense(loss.A)
    kappa = np.empty_like(precision)
    for k, part in enumerate(precision):
        spread = A / np.sqrt(part)
        factor = np.linalg.cholesky(np.eye(len(A)) + spread @ spread.T)
        kappa[k] = 1 - np.sum(linalg.solve_triangular(factor, spread, lower=True) ** 2, axis=0)
    return kappa


def _prior_mixing(reg: Regression, sigma: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """τ_j before any data: exponential with mean 2, or beside a Normal part that times (1 + b²τ/s²)^(−½)."""
    from scipy.special import log_ndtr, ndtri_exp

    shape = (len(sigma), reg.p)
    tau = 2.0 * generator.standard_exponential(shape)
    if not reg.scale_known:
        return tau
    # τ + c² with c = s/b has the distribution of N² given |N| > c, N standard normal.
    with np.errstate(invalid="ignore"):
        # A flat column has ∞/∞, which no comparison below takes for a mixed one.
        limit = reg.scales.normal / reg.scales.laplace
    mixed = np.flatnonzero((limit > 0) & (limit < FAR))
    level = np.log(generator.random((len(sigma), len(mixed)))) + log_ndtr(-limit[mixed])
    tau[:, mixed] = np.maximum(ndtri_exp(level) ** 2 - limit[mixed] ** 2, np.finfo(float).tiny)
    return tau

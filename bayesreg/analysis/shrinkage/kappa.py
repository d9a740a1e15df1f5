r"""Shrinkage factors κ_j of draws: how much of each coefficient's conditional posterior precision is the prior's.

Given the prior's local precisions D = diag(δ_j) and the likelihood's precision L = X'WX/σ², the posterior precision
is L + D and K = (L + D)⁻¹D maps least squares to the conditional posterior mean, (I − K)β̂. Then

    κ_j = K_jj = δ_j [(L + D)⁻¹]_jj  in [0, 1],        m_eff = tr(I − K) = Σ_j (1 − κ_j).

Where the columns are orthogonal κ_j = δ_j/(L_jj + δ_j), the factor of Carvalho, Polson & Scott (2010,
doi:10.1093/biomet/asq017), and m_eff is the effective number of Piironen & Vehtari (2017, doi:10.1214/17-EJS1337SI).
For a Normal prior m_eff = Σ d²/(d² + σ²/s²), the effective degrees of freedom of ridge regression.
"""

from collections.abc import Mapping

import numpy as np
from scipy import linalg

from bayesreg.design.implicit import to_dense
from bayesreg.errors import DataError
from bayesreg.model.quadratic import QuadraticLoss, loss_of_rows
from bayesreg.model.regression import Regression
from bayesreg.model.unknowns import Unknowns
from bayesreg.sampling.exact.spectrum import decompose
from bayesreg.sampling.gibbs.univariate import draw_mixing_variances
from bayesreg.sampling.prior_draws import draw_hyperparameters

# Local precisions cost one matrix inverse per draw: at most about this many multiplications in all, and so few draws.
WORK, FEWEST_DRAWS = 1e9, 200
# Matrices are inverted in blocks of at most this many numbers.
BLOCK_SIZE = 2_000_000
# A Normal part so many times wider than the Laplace part does not tilt its mixture.
FAR = 1e4
# Precisions end here, so that products of them do not overflow.
LARGEST = 1e200


def most_draws(reg: Regression) -> int:
    """How many draws the shrinkage factors are computed from."""
    if _one_decomposition(reg):
        return 2**31
    size = min(reg.p, reg.n)
    return int(max(FEWEST_DRAWS, WORK // (size**2 * max(reg.p, size))))


def thinned(reg: Regression, draws: Unknowns) -> Unknowns:
    """As many of the draws, evenly chosen, as `most_draws` says."""
    count = len(draws.sigma)
    return draws[np.unique(np.linspace(0, count - 1, min(count, most_draws(reg))).round().astype(int))]


def posterior_precision(reg: Regression, draws: Unknowns, generator: np.random.Generator) -> np.ndarray:
    """Local precisions δ_j of posterior draws, shape (S, p).

    Mixing variances of Laplace parts are drawn given beta: together they are draws of the joint posterior.
    """
    if reg.is_horseshoe:
        if draws.get("local_scale") is None:
            raise DataError("the posterior of a horseshoe holds no local_scale; sample it again: br.sample(reg).")
        return _horseshoe_precision(reg, draws.sigma, draws.hyperparameters)
    factor = _factor(reg, draws.sigma, draws.hyperparameters)
    if not _is_mixed(reg):
        return _local_precision(reg, factor, np.ones((1, reg.p)))
    size = np.abs(draws.beta) / (reg.unit_scales.laplace * factor)
    return _local_precision(reg, factor, draw_mixing_variances(generator, size))


def prior_precision(reg: Regression, sigma: np.ndarray, generator: np.random.Generator) -> np.ndarray | None:
    """The same before any data, at the given sigma; None if the hyperprior of the scale is improper."""
    drawn = draw_hyperparameters(reg, sigma.shape, generator)
    if not reg.scale_known and "scale" not in drawn:
        return None
    if reg.is_horseshoe:
        return _horseshoe_precision(reg, sigma, drawn)
    tau = _prior_mixing(reg, sigma, generator) if _is_mixed(reg) else np.ones((1, reg.p))
    return _local_precision(reg, _factor(reg, sigma, drawn), tau)


def kappa_of(reg: Regression, sigma: np.ndarray, precision: np.ndarray, eta: np.ndarray | None) -> np.ndarray:
    """κ_j of each draw, shape (S, p).

    Parameters
    ----------
    reg : Regression
    sigma : ndarray, shape (S,)
    precision : ndarray, shape (S, p)
        Local precisions δ_j.
    eta : ndarray, shape (n,), or None
        Posterior mean of the linear predictor, at which a family other than the Gaussian has its Fisher information.
    """
    loss = information_loss(reg, eta)
    if _one_decomposition(reg):
        return _of_normal(reg, sigma, precision, loss)
    whole = np.zeros((len(sigma), loss.size))
    whole[:, : reg.p] = precision * sigma[:, None] ** 2
    if reg.has_intercept_column:
        whole[:, -1] = [reg.intercept_precision(float(value)) for value in sigma]
    wide = loss.A is not None and loss.A.shape[0] < loss.size and np.all(whole > 0)
    kappa = _of_rows(loss, whole) if wide else _of_gram(loss, whole)
    return np.clip(kappa[:, : reg.p], 0.0, 1.0)


def _factor(reg: Regression, sigma: np.ndarray, hyperparameters: Mapping[str, np.ndarray]) -> np.ndarray:
    """What multiplies the prior's scales in each draw, shape (S, 1)."""
    scale = hyperparameters.get("scale", np.ones_like(sigma))
    return (scale * (sigma if reg.prior.scaled_by_sigma else 1.0))[:, None]


def _local_precision(reg: Regression, factor: np.ndarray, tau: np.ndarray) -> np.ndarray:
    """δ_j = 1/(b_j²τ_j) + 1/s_j² of each draw, shape (S, p), per unit of beta."""
    scales = reg.unit_scales
    return np.minimum((1 / (scales.normal * factor)) ** 2 + 1 / tau / (scales.laplace * factor) ** 2, LARGEST)


def _horseshoe_precision(reg: Regression, sigma: np.ndarray, hyperparameters: Mapping[str, np.ndarray]) -> np.ndarray:
    """δ_j = 1/(λ_j·scale)² + 1/c², shape (S, p)."""
    factor = sigma if reg.prior.scaled_by_sigma else np.ones_like(sigma)
    scale = (
        hyperparameters["scale"]
        if not reg.scale_known
        else np.full_like(sigma, reg.prior.constants(reg.names)["scale"])
    )
    sd = hyperparameters["local_scale"] * (scale * factor)[:, None]
    precision = 1 / np.maximum(sd, LARGEST**-0.5) ** 2
    if "slab_scale" not in hyperparameters:
        return precision
    return precision + 1 / (hyperparameters["slab_scale"] * factor)[:, None] ** 2


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


def _is_mixed(reg: Regression) -> bool:
    """Whether some column has a Laplace part, whose local precision varies from draw to draw."""
    return bool(np.any(np.isfinite(reg.unit_scales.laplace)))


def _one_decomposition(reg: Regression) -> bool:
    """Whether all local precisions are those of one draw up to a factor, so that one decomposition serves all draws."""
    if reg.is_horseshoe or _is_mixed(reg):
        return False
    if not reg.has_intercept_column or reg.intercept is True:
        return True
    return reg.scale_known and reg.intercept.scaled_by_sigma == reg.prior.scaled_by_sigma  # type: ignore[union-attr]


def _of_normal(reg: Regression, sigma: np.ndarray, precision: np.ndarray, loss: QuadraticLoss) -> np.ndarray:
    """All draws from one decomposition: 1 − κ_j = Σ_k V_jk² d_k²/(d_k² + r²), r = σ√δ_j·s_j for any j."""
    spread = reg.unit_scales.normal
    if reg.has_intercept_column:
        spread = np.append(spread, np.inf if reg.intercept is True else float(reg.intercept.scale))  # type: ignore[union-attr,arg-type]
    penalized, free = np.flatnonzero(np.isfinite(spread)), np.flatnonzero(np.isinf(spread))
    kappa = np.zeros((len(sigma), loss.size))
    if np.all(reg.unit_scales.is_flat):
        return kappa[:, : reg.p]
    spectrum = decompose(loss, spread[penalized], penalized, free)
    noise = sigma * np.sqrt(precision[:, penalized[0]]) * spread[penalized[0]]
    share = spectrum.squares / (spectrum.squares + noise[:, None] ** 2)
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

r"""Shrinkage factors κ_j of draws: how much of each coefficient's conditional posterior precision is the prior's.

Given the prior's local precisions D = diag(δ_j) and the likelihood's precision L = X'WX/σ², the posterior precision
is L + D and K = (L + D)⁻¹D maps least squares to the conditional posterior mean, (I − K)β̂. Then

    κ_j = K_jj = δ_j [(L + D)⁻¹]_jj  in [0, 1],        m_eff = tr(I − K) = Σ_j (1 − κ_j).

Where the columns are orthogonal κ_j = δ_j/(L_jj + δ_j), the factor of Carvalho, Polson & Scott (2010,
doi:10.1093/biomet/asq017), and m_eff is the effective number of Piironen & Vehtari (2017, doi:10.1214/17-EJS1337SI).
For a Normal prior m_eff = Σ d²/(d² + σ²/s²), the effective degrees of freedom of ridge regression.
"""

import numpy as np
from scipy import linalg

from bayesreg.design.implicit import to_dense
from bayesreg.errors import DataError
from bayesreg.model.quadratic import QuadraticLoss, loss_of_rows
from bayesreg.model.regression import Regression
from bayesreg.model.unknowns import Unknowns
from bayesreg.priors.given import Given
from bayesreg.sampling.exact.spectrum import decompose
from bayesreg.sampling.prior_draws import draw_hyperparameters

# Local precisions cost one matrix inverse per draw: at most about this many multiplications in all, and so few draws.
WORK, FEWEST_DRAWS = 1e9, 200
# Matrices are inverted in blocks of at most this many numbers.
BLOCK_SIZE = 2_000_000
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
    missing = [unknown.name for unknown in reg.prior.unknowns if draws.get(unknown.name) is None]
    if missing:
        raise DataError(
            f"the posterior holds no {', '.join(missing)}, which {reg.prior.article} prior needs; sample it again: "
            "br.sample(reg)."
        )
    given = reg.prior.given(reg.names, draws.sigma, draws.hyperparameters)
    mixing = reg.prior.draw_mixing_given(generator, draws.beta, given) if _is_mixed(reg) else None
    return _precision(reg, given, mixing)


def prior_precision(reg: Regression, sigma: np.ndarray, generator: np.random.Generator) -> np.ndarray | None:
    """The same before any data, at the given sigma; None if the hyperprior of the scale is improper."""
    prior, drawn = reg.prior, draw_hyperparameters(reg, sigma.shape, generator)
    if any(unknown.name not in drawn for unknown in prior.unknowns):
        return None
    given = prior.given(reg.names, sigma, drawn)
    return _precision(reg, given, prior.mixing_before(generator, given) if _is_mixed(reg) else None)


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
    if reg.intercept_term.in_theta:
        whole[:, -1] = [reg.intercept_term.precision(float(value)) for value in sigma]
    wide = loss.A is not None and loss.A.shape[0] < loss.size and np.all(whole > 0)
    kappa = _of_rows(loss, whole) if wide else _of_gram(loss, whole)
    return np.clip(kappa[:, : reg.p], 0.0, 1.0)


def _precision(reg: Regression, given: Given, mixing: np.ndarray | None) -> np.ndarray:
    """δ_j of each draw, shape (S, p), for mixing quantities, if the prior has any."""
    with np.errstate(over="ignore", divide="ignore"):
        return np.minimum(reg.prior.precision(given, np.ones((1, reg.p)) if mixing is None else mixing), LARGEST)


def information_loss(reg: Regression, eta: np.ndarray | None) -> QuadraticLoss:
    """The quadratic loss in θ whose Gram matrix is σ²L."""
    if reg.is_gaussian:
        return reg.loss_of_columns
    rows = reg.design.known_rows
    assert eta is not None
    weights = reg.family.information(eta) * (1.0 if rows.weights is None else rows.weights)
    columns = reg.intercept_term.columns(to_dense(reg.design.matrix))
    root = np.sqrt(weights)
    return loss_of_rows(columns * root[:, None], root)


def _is_mixed(reg: Regression) -> bool:
    """Whether the local precision of some column varies from draw to draw beyond sigma and scale."""
    prior = reg.prior
    if not prior.is_separable:
        return prior.is_mixed
    return prior.is_mixed and not (prior.has_penalty and bool(np.all(np.isinf(reg.unit_scales.laplace))))


def _one_decomposition(reg: Regression) -> bool:
    """Whether all local precisions are those of one draw up to a factor, so that one decomposition serves all draws."""
    if not reg.prior.has_penalty or _is_mixed(reg):
        return False
    term = reg.intercept_term
    if not (term.in_theta and term.has_prior):
        return True
    return reg.scale_known and term.fits_scaling(reg.prior.scaled_by_sigma)


def _of_normal(reg: Regression, sigma: np.ndarray, precision: np.ndarray, loss: QuadraticLoss) -> np.ndarray:
    """All draws from one decomposition: 1 − κ_j = Σ_k V_jk² d_k²/(d_k² + r²), r = σ√δ_j·s_j for any j."""
    spread = reg.intercept_term.append(reg.unit_scales.normal, reg.intercept_term.scale)
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

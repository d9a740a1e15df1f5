"""From a regression to the arrays of a compiled Gibbs chain and where it starts, and from its draws back to names."""

from math import exp, inf
from typing import TYPE_CHECKING

import numpy as np
from scipy import linalg

from bayesreg.design.implicit import ImplicitColumns
from bayesreg.errors import ConvergenceError, UnsupportedError
from bayesreg.model.bounds import Box
from bayesreg.model.objective import conditional_intercept, split
from bayesreg.model.quadratic import QuadraticLoss
from bayesreg.model.regression import Regression
from bayesreg.model.unknowns import Unknowns
from bayesreg.priors.hyper import Uniform
from bayesreg.priors.positive import KERNELS, PositivePrior, flat
from bayesreg.sampling.draws import Run
from bayesreg.sampling.gibbs.compiled.problem import BLOCKS, CENTER, HORSESHOE, SCALE, SIGMA, SLAB, Problem, State
from bayesreg.sampling.gibbs.laws import Law, law_of
from bayesreg.sampling.proper import require_proper

if TYPE_CHECKING:
    from bayesreg.sampling.gibbs.kernel import Kernel

# The place of the kernel that is flat up to its end.
FLAT = float(KERNELS.index(flat))
# A coefficient's largest start, in units of its prior's scale.
FARTHEST = 1e6

# θ (C, D, q), hyperparameters (C, D, 4) and local scales (C, D, q or 0) of C chains of D draws.
Kept = tuple[np.ndarray, np.ndarray, np.ndarray]


def assemble(reg: Regression) -> Problem:
    """Everything of a Gaussian regression that does not change from draw to draw.

    Raises
    ------
    UnsupportedError
        If the family is not Gaussian, the prior has no law for it, or only one of the priors of coefficients and of
        an intercept at x = 0 is scaled by sigma.
    """
    if not reg.is_gaussian:
        raise UnsupportedError(f'the Gibbs engine needs the gaussian family, got {reg}; use engine="nuts".')
    if not reg.intercept_term.fits_scaling(reg.prior.scaled_by_sigma):
        raise UnsupportedError(
            'intercept and coefficients must both be scaled by sigma, or both not; use engine="nuts".'
        )
    loss = reg.loss
    law = law_of(reg.prior, reg.names)
    inverse_laplace, precision, common = _prior_parts(reg, law)
    flat = ~common & (precision == 0)
    box = reg.box or Box(np.full(loss.size, -np.inf), np.full(loss.size, np.inf))
    require_proper(reg, flat & ~(np.isfinite(box.lower) & np.isfinite(box.upper)))
    wide = loss.A is not None and loss.A.shape[0] < loss.size and not np.any(flat)
    rows, response, origin = _wide_data(loss) if wide else _tall_data(loss)
    term = reg.intercept_term
    center = term if term.orthogonal and term.has_prior else None
    return Problem(
        rows=rows,
        response=response,
        wide=wide,
        cross=_plain(loss.cross),
        diagonal=np.einsum("ij,ij->i", rows, rows) if wide else _plain(np.diag(rows)),
        origin=origin,
        origin_score=np.zeros(0) if wide else response - rows @ origin,
        origin_rss=0.0 if wide else float(loss.rss(origin)),
        square=float(loss.square),
        mixing=law.mixing,
        laplace=inverse_laplace,
        precision=precision,
        common=common,
        flat=flat,
        scaled=bool(reg.prior.scaled_by_sigma),
        sigma_known=reg.noise.known,
        scale_known=reg.scale_known or law.mixing == BLOCKS,
        sigma_prior=encode(reg.noise.prior),
        scale_prior=encode(reg.prior.scale_prior),
        slab_df=law.slab_df,
        slab_scale=law.slab_scale,
        local_df=law.local_df,
        group=law.group,
        power=float(reg.n - term.is_flat),
        center_weight=float(reg.design.weight),
        center_mean=float(reg.design.mean_y),
        center_loc=center.loc if center else 0.0,
        center_scale=center.scale if center else 0.0,
        center_scaled=center.scaled_by_sigma if center else False,
        lower=box.lower,
        upper=box.upper,
        is_bounded=reg.bounds is not None,
        **_blocks(reg, law),
    )


def _blocks(reg: Regression, law: Law) -> dict[str, np.ndarray]:
    """The block of each element of θ, and the priors of their scales, as compiled code reads them."""
    block = np.full(reg.p, -1)
    for number, group in enumerate(law.blocks):
        block[group.columns] = number
    priors = [encode(group.prior) for group in law.blocks]
    whole = reg.intercept_term.append(block, -1).astype(np.int64)
    return {"block": whole, "block_priors": np.array(priors, dtype=float).reshape(-1, 3)}


def with_scales(problem: Problem, reg: Regression) -> Problem:
    """The same data under the scales of another regression's prior."""
    inverse_laplace, precision, common = _prior_parts(reg, law_of(reg.prior, reg.names))
    return problem._replace(laplace=inverse_laplace, precision=precision, common=common)


def encode(prior: PositivePrior | None) -> tuple[float, float, float]:
    """A prior of a positive unknown as compiled code reads it: its kernel's place and two parameters."""
    kernel, first, second, _ = Uniform(inf).density if prior is None else prior.density
    return float(KERNELS.index(kernel)), first, second


def starting_point(reg: Regression, problem: Problem) -> State:
    """Where chains start from before they are dispersed: a ridge fit, and sigma and scale that go with it."""
    ridge = _unit_information_fit(problem, reg.n)
    sigma = reg.noise.sigma
    if sigma is None:
        sigma = _inside(problem.sigma_prior, _residual_sd(reg, ridge), 0.5)
    unit = sigma if problem.scaled else 1.0
    if problem.scale_known:
        scale = law_of(reg.prior, reg.names).scale
    else:
        typical = float(np.mean(np.abs(ridge[problem.common]))) / unit
        scale = _inside(problem.scale_prior, typical if typical > 0 else 1.0, 0.5)
    local = np.ones(len(ridge))
    groups = reg.prior.unknown_groups(reg.names)
    for block, group in enumerate(groups if problem.mixing == BLOCKS else []):
        # Where the hyperprior has its mass: a start in its tail would take the first step far away.
        center = exp((group.prior.log_center if group.prior is not None else None) or 0.0)
        local[problem.block == block] = _inside(tuple(problem.block_priors[block]), center, 0.5)
    hyper = np.array([sigma, scale, problem.slab_scale, float(np.asarray(conditional_intercept(reg, sigma)))])
    return State(ridge, np.zeros_like(problem.response), local, hyper, np.arange(len(ridge)))


def _residual_sd(reg: Regression, ridge: np.ndarray) -> float:
    """A rough sigma; with nearly as many columns as rows the residuals of a fit say nothing of it."""
    spread = (reg.loss.square / reg.n) ** 0.5 or 1.0
    if 2 * reg.loss.size > reg.n:
        return 0.7 * spread
    return max((reg.loss.rss(ridge) / reg.n) ** 0.5, 1e-6 * spread)


def shares(chains: int) -> list[float]:
    """How far the start of each chain lies towards columns that explain nothing.

    0, 1, 1/2, 1/4, 3/4, 1/8 and so on, so that a chain does not depend on how many there are.
    """
    fractions, step = [0.0, 1.0], 0.5
    while len(fractions) < chains:
        fractions += list(np.arange(step, 1.0, 2 * step))
        step /= 2
    return fractions[:chains]


def disperse(problem: Problem, start: State, generator: np.random.Generator, share: float = 0.0) -> State:
    """A start of its own for a chain.

    `share` says how far it lies between the common start, where the columns explain much, and one where they
    explain nothing: a posterior may have a mode at either, and chains from one side alone would not see the other.
    """
    hyper, local = start.hyper.copy(), start.local * np.exp(generator.standard_normal(len(start.local)))
    if problem.mixing == BLOCKS:
        local = _dispersed_blocks(problem, start.local, local)
    jitter = np.exp(0.3 * generator.standard_normal(2))
    if not problem.sigma_known:
        spread = (problem.square / max(problem.power, 1.0)) ** 0.5
        sigma = hyper[SIGMA] * max(spread / hyper[SIGMA], 1.0) ** share
        hyper[SIGMA] = _inside(problem.sigma_prior, sigma * jitter[0], 0.9)
    if not problem.scale_known:
        hyper[SCALE] = _inside(problem.scale_prior, hyper[SCALE] * jitter[1], 0.9)
    theta = np.clip(start.theta * (1.0 - share), *_reach(problem, hyper[SIGMA]))
    explained = theta @ problem.rows if problem.wide else problem.rows @ theta
    return State(theta, problem.response - explained, local, hyper, start.order.copy())


def _dispersed_blocks(problem: Problem, start: np.ndarray, dispersed: np.ndarray) -> np.ndarray:
    """One scale for each block; not so far from the start, since a prior's tail may be steep."""
    local = start.copy()
    for block, given in enumerate(problem.block_priors):
        inside = problem.block == block
        times = (dispersed[inside][0] / start[inside][0]) ** 0.3
        local[inside] = _inside(tuple(given), float(start[inside][0] * times), 0.9)
    return local


def run_of_chains(
    reg: Regression,
    problem: Problem,
    kernel: "Kernel",
    generators: list[np.random.Generator],
    kept: Kept,
    tune: int,
) -> Run:
    """The draws of C chains by name; an intercept that was integrated out is drawn given the rest.

    Raises
    ------
    ConvergenceError
        If a draw is not finite, or a scale not positive.
    """
    theta, hyper, local = kept
    _require_numbers(theta, hyper, local)
    sigma, at_center = hyper[..., SIGMA], hyper[..., CENTER]
    theta, at_center = split(reg, theta, at_center)
    if reg.intercept_term.is_flat:
        noise = np.stack([generator.standard_normal(sigma.shape[1]) for generator in generators])
        at_center = reg.design.mean_y + sigma / reg.design.weight**0.5 * noise
    settings: dict[str, str | float] = {
        "kernel": kernel.name,
        "kernel_reason": kernel.reason,
        "sweeps_per_draw": kernel.thin,
        "overrelaxation": kernel.overrelaxation,
    }
    draws = Unknowns(theta, at_center, sigma, _hyperparameters(reg, problem, hyper, local[..., : reg.p]))
    return Run(draws, warmup=tune, settings=settings)


def _hyperparameters(reg: Regression, problem: Problem, hyper: np.ndarray, local: np.ndarray) -> dict[str, np.ndarray]:
    if problem.mixing == BLOCKS:
        names = reg.prior.unknown_scales
        return {name: local[..., np.argmax(problem.block == block)] for block, name in enumerate(names)}
    drawn = {} if problem.scale_known else {"scale": hyper[..., SCALE]}
    if problem.mixing == HORSESHOE:
        drawn["local_scale"] = local
        if np.isfinite(problem.slab_scale):
            drawn["slab_scale"] = hyper[..., SLAB]
    return drawn


def _require_numbers(theta: np.ndarray, hyper: np.ndarray, local: np.ndarray) -> None:
    # Without a slab its scale is infinite.
    finite = np.isfinite(hyper) | (np.arange(4) == SLAB)
    if not (np.all(np.isfinite(theta)) and np.all(finite) and np.all(hyper[..., :SLAB] > 0) and np.all(local > 0)):
        raise ConvergenceError(
            "the Gibbs sampler left the range of floating-point numbers; the posterior may be improper: give sigma a "
            "prior that vanishes at 0, such as InverseGamma, and every column a finite scale."
        )


def _reach(problem: Problem, sigma: float) -> tuple[np.ndarray, np.ndarray]:
    """Beyond which a coefficient does not start: overrelaxed chains come back from afar by a factor a sweep only."""
    if not problem.scale_known or problem.mixing in (HORSESHOE, BLOCKS):
        far = np.full(len(problem.laplace), np.inf)
    else:
        with np.errstate(divide="ignore"):
            far = FARTHEST * (sigma if problem.scaled else 1.0) / np.maximum(problem.laplace, problem.precision**0.5)
    return -far, far


def _plain(array: np.ndarray | None) -> np.ndarray:
    """Contiguous and writable doubles: another kind of array would make numba compile all over again."""
    assert array is not None
    return np.require(array, dtype=float, requirements=["C", "W"])


def _prior_parts(reg: Regression, law: Law) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """1/b_j and 1/s_j² at scale 1, and whether the prior's scale multiplies the element, each of shape (q,)."""
    laplace, precision, common, term = law.laplace, law.precision, law.common, reg.intercept_term
    return term.append(laplace, 0.0), term.append(precision, term.scale**-2), term.append(common, False)


def _tall_data(loss: QuadraticLoss) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Gram matrix, A'b, and a point near least squares."""
    gram, cross = _plain(loss.gram), _plain(loss.cross)
    unit = 1.0 / np.sqrt(np.where(np.diag(gram) > 0, np.diag(gram), 1.0))
    matrix = gram * np.outer(unit, unit)
    matrix[np.diag_indices(len(matrix))] += 1e-12
    try:
        origin = unit * linalg.solve(matrix, unit * cross, assume_a="pos")
    except (linalg.LinAlgError, linalg.LinAlgWarning):
        origin = loss.least_squares
    return gram, cross, origin


def _wide_data(loss: QuadraticLoss) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    A = loss.A
    if isinstance(A, ImplicitColumns):
        A = A[:, np.arange(A.shape[1])]
    return _plain(A.T), _plain(loss.b), np.zeros(0)


def _unit_information_fit(problem: Problem, n: int) -> np.ndarray:
    """Ridge with a prior effective sample size of one row, which exists whatever the columns."""
    unit = 1.0 / np.sqrt(np.where(problem.diagonal > 0, problem.diagonal / n, 1.0))
    if problem.wide:
        scaled = problem.rows * unit[:, None]
        inner = scaled.T @ scaled
        inner[np.diag_indices(len(inner))] += 1.0
        return unit * (scaled @ linalg.solve(inner, problem.response, assume_a="pos"))
    matrix = problem.rows * np.outer(unit, unit)
    matrix[np.diag_indices(len(matrix))] += 1.0
    return unit * linalg.solve(matrix, unit * problem.cross, assume_a="pos")


def _inside(prior: tuple[float, float, float], value: float, share: float) -> float:
    """The value, or that share of the upper end of a prior that has one, if it is less."""
    code, upper, _ = prior
    return min(value, share * upper) if code == FLAT else value

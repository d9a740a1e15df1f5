r"""Gibbs sampling in NumPy, for runs so short that loading compiled code would take longer: known scales only.

The Laplace prior is a scale mixture: β_j | τ_j ~ Normal(0, b_j²τ_j), τ_j ~ Exponential(mean 2)
(Park & Casella 2008, doi:10.1198/016214508000000337). Given τ the coefficients are jointly Normal;
given the coefficients the τ_j are independent. A prior scaled by sigma lets sigma be drawn with the
coefficients integrated out, which leaves two blocks (Rajaratnam, Sparks, Khare & Zhang 2019,
doi:10.1080/10618600.2019.1573187).
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy import linalg
from scipy.linalg import lapack

from bayesreg.errors import ConvergenceError, UnsupportedError
from bayesreg.model.objective import conditional_intercept, split
from bayesreg.model.quadratic import QuadraticLoss
from bayesreg.model.regression import Regression
from bayesreg.model.unknowns import Unknowns
from bayesreg.priors.column_scales import draw_mixing_variances
from bayesreg.sampling.draws import Run, Tick, chain_generators
from bayesreg.sampling.gibbs.assemble import assemble, disperse, shares, starting_point
from bayesreg.sampling.gibbs.compiled.problem import CENTER, SIGMA
from bayesreg.sampling.gibbs.univariate import draw_sigma
from bayesreg.sampling.proper import require_proper


@dataclass(frozen=True, eq=False)
class _Problem:
    """What does not change from draw to draw.

    Attributes
    ----------
    laplace, normal : ndarray, shape (q,)
        Scales b_j and s_j of each element of θ, infinite where a part is absent.
    mixed : ndarray of int
        The elements with a Laplace part, which have a τ_j.
    power : float
        Power of 1/σ in the density that sigma is drawn from: n, less one for a flat intercept, which
        is integrated out; for a prior scaled by sigma also less the flat coefficients, which are too.
    scaled : bool
        Whether the prior is scaled by sigma.
    """

    reg: Regression
    loss: QuadraticLoss
    laplace: np.ndarray
    normal: np.ndarray
    mixed: np.ndarray
    power: float
    scaled: bool


@dataclass(eq=False)
class _State:
    """Where a chain stands; changed in place by its own chain only."""

    theta: np.ndarray
    tau: np.ndarray
    sigma: float
    at_center: float


def sample_interpreted(
    reg: Regression,
    *,
    draws: int,
    tune: int,
    chains: int,
    random_seed: int | None,
    tick: Tick | None = None,
    thin: int = 1,
) -> Run:
    """Draw from the posterior by Gibbs sampling.

    Parameters
    ----------
    reg : Regression
        With a prior of known scale; sigma known, or with any noise prior.
    draws, tune, chains : int
        Kept and discarded draws per chain, and chains.
    random_seed : int, optional
    tick : callable, optional
        Called with the number of draws done since the last call.
    thin : int
        Sweeps per draw, kept or discarded.

    Raises
    ------
    UnsupportedError
        If the prior's scale is unknown, or the intercept's prior at x = 0 and the coefficients' prior
        are not both scaled by sigma or both not.
    """
    problem = _problem(reg)
    generators = chain_generators(random_seed, chains)
    try:
        states = _starts(problem, generators)
        parts = [
            _chain(problem, state, generator, draws, tune, thin, tick)
            for state, generator in zip(states, generators, strict=True)
        ]
    except (linalg.LinAlgError, ZeroDivisionError, FloatingPointError) as error:
        raise ConvergenceError(
            f"the Gibbs sampler broke down ({error}); the posterior may be improper: give sigma a prior that vanishes "
            "at 0, such as InverseGamma, and every column a finite scale."
        ) from None
    theta, at_center, sigma = (np.stack(part) for part in zip(*parts, strict=True))
    theta, at_center = split(reg, theta, at_center)
    if not (np.all(np.isfinite(theta)) and np.all(np.isfinite(sigma))):
        raise ConvergenceError(
            'the Gibbs sampler left the range of floating-point numbers; rescale the columns, or use engine="nuts".'
        )
    settings: dict[str, str | float] = {"kernel": "interpreted", "sweeps_per_draw": thin}
    return Run(Unknowns(theta, at_center, sigma), warmup=tune, settings=settings)


def _problem(reg: Regression) -> _Problem:
    if not reg.is_gaussian or not reg.scale_known:
        raise UnsupportedError(
            f'the Gibbs engine needs the gaussian family and a prior of known scale, got {reg}; use engine="nuts".'
        )
    term = reg.intercept_term
    if not term.fits_scaling(reg.prior.scaled_by_sigma):
        raise UnsupportedError(
            'intercept and coefficients must both be scaled by sigma, or both not; use engine="nuts".'
        )
    laplace, normal = term.append(reg.scales.laplace, np.inf), term.append(reg.scales.normal, term.scale)
    require_proper(reg, np.isinf(laplace) & np.isinf(normal))
    integrated = int(term.is_flat)
    if reg.prior.scaled_by_sigma:
        integrated += int(np.sum(np.isinf(laplace) & np.isinf(normal)))
    return _Problem(
        reg=reg,
        loss=reg.loss,
        laplace=laplace,
        normal=normal,
        mixed=np.flatnonzero(np.isfinite(laplace)),
        power=float(reg.n - integrated),
        scaled=reg.prior.scaled_by_sigma,
    )


def _chain(
    problem: _Problem,
    state: _State,
    generator: np.random.Generator,
    draws: int,
    tune: int,
    thin: int,
    tick: Tick | None,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    draw_theta = _theta_sampler(problem)
    theta, at_center, sigma = np.empty((draws, problem.loss.size)), np.empty(draws), np.empty(draws)
    step = 100
    for i in range(-tune, draws):
        for _ in range(thin):
            _advance(problem, state, generator, draw_theta)
        if i >= 0:
            theta[i], at_center[i], sigma[i] = state.theta, state.at_center, state.sigma
        if tick is not None and (i + tune + 1) % step == 0:
            tick(step)
    if tick is not None:
        tick((tune + draws) % step)
    return theta, at_center, sigma


def _starts(problem: _Problem, generators: list[np.random.Generator]) -> list[_State]:
    """Where compiled chains start too; the mixing variances are given these coefficients."""
    reg, data = problem.reg, assemble(problem.reg)
    common, states = starting_point(reg, data), []
    for generator, share in zip(generators, shares(len(generators)), strict=True):
        start = disperse(data, common, generator, share)
        sigma, tau = float(start.hyper[SIGMA]), np.ones(len(start.theta))
        tau[problem.mixed] = _mixing_variances(problem, generator, start.theta, sigma)
        states.append(_State(start.theta, tau, sigma, float(start.hyper[CENTER])))
    return states


def _mixing_variances(problem: _Problem, generator: np.random.Generator, theta: np.ndarray, sigma: float) -> np.ndarray:
    unit = sigma if problem.scaled else 1.0
    return draw_mixing_variances(generator, np.abs(theta[problem.mixed]) / (unit * problem.laplace[problem.mixed]))


ThetaSampler = Callable[[np.random.Generator, np.ndarray, float], tuple[np.ndarray, np.ndarray]]


def _advance(problem: _Problem, state: _State, generator: np.random.Generator, draw_theta: ThetaSampler) -> None:
    """One sweep: θ (and sigma, where it can go with it) given τ, then τ given θ, then what is left."""
    reg, noise = problem.reg, problem.reg.noise.prior
    prior_sd = _prior_sd(problem, state)
    center, noise_part = draw_theta(generator, prior_sd, state.sigma)
    if problem.scaled:
        if noise is not None:
            # With the coefficients integrated out, their exponent is Q at its minimum: ‖b‖² less what they explain.
            square = (
                problem.loss.rss(center) + float(np.sum((center / prior_sd) ** 2)) + _intercept_square(problem, state)
            )
            state.sigma = draw_sigma(generator, noise, problem.power + _intercept_power(problem), square, state.sigma)
        state.theta = center + state.sigma * noise_part
    else:
        state.theta = center + noise_part
    if len(problem.mixed):
        state.tau[problem.mixed] = _mixing_variances(problem, generator, state.theta, state.sigma)
    if noise is not None and not problem.scaled:
        square = problem.loss.rss(state.theta) + _intercept_square(problem, state)
        state.sigma = draw_sigma(generator, noise, problem.power + _intercept_power(problem), square, state.sigma)
    if reg.intercept_term.orthogonal:
        kappa = reg.intercept_term.precision(state.sigma)
        spread = state.sigma / (reg.design.weight + kappa) ** 0.5
        state.at_center = (
            float(np.asarray(conditional_intercept(reg, state.sigma))) + spread * generator.standard_normal()
        )


def _prior_sd(problem: _Problem, state: _State) -> np.ndarray:
    """Standard deviation of each θ_j given τ (in units of sigma if scaled); infinite for flat ones."""
    laplace = problem.laplace * np.sqrt(state.tau)
    if np.all(np.isinf(problem.normal)):
        return laplace
    with np.errstate(divide="ignore"):
        return 1.0 / np.hypot(1.0 / laplace, 1.0 / problem.normal)


def _intercept_square(problem: _Problem, state: _State) -> float:
    """What a Normal intercept at the centre adds to the exponent of sigma; a flat one is integrated out."""
    reg = problem.reg
    term = reg.intercept_term
    if not term.orthogonal or not term.has_prior:
        return 0.0
    square = reg.design.weight * (reg.design.mean_y - state.at_center) ** 2
    if term.scaled_by_sigma:
        square += ((state.at_center - term.loc) / term.scale) ** 2
    return float(square)


def _intercept_power(problem: _Problem) -> float:
    term = problem.reg.intercept_term
    return float(term.orthogonal and term.scaled_by_sigma)


def _theta_sampler(problem: _Problem) -> ThetaSampler:
    """How to draw θ given its prior standard deviations: from the q×q system, or from the n×n one where q is larger."""
    loss, flat = problem.loss, np.isinf(problem.laplace) & np.isinf(problem.normal)
    if loss.A is not None and loss.A.shape[0] < loss.size and not np.any(flat):
        return _wide_sampler(problem)
    return _tall_sampler(problem, flat)


def _tall_sampler(problem: _Problem, flat: np.ndarray) -> ThetaSampler:
    gram, cross, scaled = np.asfortranarray(problem.loss.gram), problem.loss.cross, problem.scaled
    ones, size = np.where(flat, 0.0, 1.0), problem.loss.size
    diagonal = np.diag_indices(size)

    def sample(generator: np.random.Generator, prior_sd: np.ndarray, sigma: float) -> tuple[np.ndarray, np.ndarray]:
        # In units of its prior sd each coefficient has prior precision 1, so that no τ can spoil the system.
        unit = np.where(flat, 1.0, prior_sd) if np.any(flat) else prior_sd
        if not scaled:
            unit = unit / sigma
        matrix = gram * np.multiply.outer(unit, unit)
        matrix[diagonal] += ones
        factor, failed = lapack.dpotrf(matrix, lower=1, overwrite_a=1)
        if failed:
            raise ConvergenceError(
                "collinear columns without a prior make the posterior improper; give them a finite scale."
            )
        white, _ = lapack.dtrtrs(factor, unit * cross / (1.0 if scaled else sigma), lower=1)
        noise = generator.standard_normal(size)
        if scaled:
            # One column at a time: with two LAPACK starts threads, which cost far more than they save.
            center, _ = lapack.dtrtrs(factor, white, lower=1, trans=1)
            spread, _ = lapack.dtrtrs(factor, noise, lower=1, trans=1)
            return unit * center, unit * spread
        both, _ = lapack.dtrtrs(factor, white + noise, lower=1, trans=1)
        return sigma * unit * both, np.zeros(1)

    return sample


def _wide_sampler(problem: _Problem) -> ThetaSampler:
    """O(n²q) draws (Bhattacharya, Chakraborty & Mallick 2016, doi:10.1093/biomet/asw042)."""
    A, b, scaled = problem.loss.A, problem.loss.b, problem.scaled
    assert A is not None
    assert b is not None
    n, size = A.shape
    identity = np.eye(n)

    def sample(generator: np.random.Generator, prior_sd: np.ndarray, sigma: float) -> tuple[np.ndarray, np.ndarray]:
        unit = prior_sd if scaled else prior_sd / sigma
        spread = A * unit
        factor = linalg.cho_factor(identity + spread @ spread.T, lower=True, overwrite_a=True, check_finite=False)
        prior, rows = generator.standard_normal(size), generator.standard_normal(n)
        right = b if scaled else b / sigma
        if scaled:
            both = linalg.cho_solve(factor, np.column_stack([right, -(spread @ prior + rows)]), check_finite=False)
            return unit * (spread.T @ both[:, 0]), unit * (prior + spread.T @ both[:, 1])
        weights = linalg.cho_solve(factor, right - spread @ prior - rows, check_finite=False)
        return sigma * unit * (prior + spread.T @ weights), np.zeros(1)

    return sample

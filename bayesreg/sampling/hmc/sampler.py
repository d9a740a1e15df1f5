"""Draws by Hamiltonian Monte Carlo, for any family: no compiled code, and all chains in the same matrix products.

A warm-up learns coordinates and the step from all chains together; then each chain follows its own stream of random
numbers. Lengths of trajectories are drawn at random, the same for all chains and without a look at them.
"""

from math import ceil

import numpy as np

from bayesreg.errors import ConvergenceError, UnsupportedError
from bayesreg.model.regression import Regression
from bayesreg.model.unknowns import Unknowns
from bayesreg.sampling.draws import Run, Tick, chain_generators
from bayesreg.sampling.hmc.approximation import approximate
from bayesreg.sampling.hmc.dynamics import Chains, Moved, advance, begin
from bayesreg.sampling.hmc.warmup import Step, rewhiten, windows
from bayesreg.sampling.proper import require_proper_rows

# Draws that are discarded first by default.
WARMUP = 300
# Coordinates are a matrix of all unknowns by all unknowns.
MOST_COLUMNS = 2_000
# Of trajectories, the share that is to be rejected; the steps are the longest of which no more are.
REJECTED = 0.2
# Lengths of trajectories: a quarter of a turn makes draws of a Normal target independent.
SHORTEST, LONGEST = 0.8 * np.pi / 2, 1.2 * np.pi / 2
# A trajectory has no more steps than these, as where the posterior has no end; it is rejected then.
MOST_STEPS = 64
# How far apart chains start, in standard deviations, and how often that is halved where the density is 0.
DISPERSION, HALVINGS = 1.5, 30


def sample_hmc(
    reg: Regression,
    *,
    draws: int,
    tune: int,
    chains: int,
    random_seed: int | None,
    tick: Tick | None = None,
    thin: int = 1,
) -> Run:
    """Draw from the posterior by Hamiltonian Monte Carlo.

    Parameters
    ----------
    reg : Regression
        Of any family, from rows, with any prior but a horseshoe; sigma and scale known, or with any prior.
    draws, tune, chains : int
        Kept and discarded draws per chain, and chains.
    random_seed : int, optional
    tick : callable, optional
        Called with the number of draws done since the last call.
    thin : int
        Trajectories per draw, kept or discarded.

    Raises
    ------
    UnsupportedError
        If the prior is a horseshoe, there are no rows, or too many columns.
    ModeError
        If the posterior is improper: the data do not determine the coefficients that have no prior, or sigma.
    ConvergenceError
        If there is no place of positive density to start from.
    """
    obstacle = hmc_obstacle(reg)
    if obstacle is not None:
        raise UnsupportedError(f'{obstacle}, got {reg}; use engine="auto" or engine="nuts".')
    require_proper_rows(reg)
    sampler = Sampler(reg, random_seed, chains, thin)
    sampler.warm_up(tune, thin, tick)
    kept = np.empty((chains, draws, sampler.target.size))
    stats = {"acceptance_rate": np.empty((chains, draws)), "diverging": np.zeros((chains, draws), dtype=bool)}
    stats["n_steps"] = np.zeros((chains, draws), dtype=int)
    for draw in range(draws):
        for _ in range(thin):
            moved, steps = sampler.move(sampler.step.settled)
            stats["diverging"][:, draw] |= moved.diverging
            stats["n_steps"][:, draw] += steps
        stats["acceptance_rate"][:, draw] = moved.acceptance
        kept[:, draw] = sampler.chains.z
        if tick is not None:
            tick(chains)
    settings: dict[str, str | float] = {"step_size": sampler.step.settled, "trajectories_per_draw": thin}
    return Run(_to_unknowns(sampler, kept), stats, tune, settings=settings)


def hmc_obstacle(reg: Regression) -> str | None:
    """Why there is no HMC for a regression, in words; None if there is."""
    if not reg.prior.is_separable:
        return f"{reg.prior.article} prior joins columns"
    if not reg.prior.has_penalty:
        return f"HMC does not cover {reg.prior.article} prior"
    if reg.design.rows is None:
        return "HMC needs the rows"
    return f"HMC covers up to {MOST_COLUMNS:,} columns" if reg.p > MOST_COLUMNS else None


class Sampler:
    """Chains of one target, where they are, and streams of random numbers: one a chain, one for the lengths."""

    def __init__(self, reg: Regression, random_seed: int | None, chains: int, thin: int = 1) -> None:
        *self.streams, self.lengths = chain_generators(random_seed, chains + 1)
        self.target, self.whitening = approximate(reg)
        # Draws that are made again because the first ones fail the gate are made by shorter steps too.
        self.step = Step(target=1 - REJECTED / thin**0.5)
        self.chains = self._start()

    def _start(self) -> Chains:
        """Chains apart from each other, but where the density is positive."""
        z = DISPERSION * self._normal()
        for _ in range(HALVINGS):
            chains = begin(self.target, self.whitening, z)
            usable = np.isfinite(chains.value) & np.all(np.isfinite(chains.kick), axis=1)
            if np.all(usable):
                return chains
            z = np.where(usable[:, None], z, 0.5 * z)
        raise ConvergenceError(
            "the HMC sampler found no place of positive density to start from; rescale the columns, give the prior a "
            'smaller scale, or use engine="nuts".'
        )

    def _normal(self) -> np.ndarray:
        return np.stack([stream.standard_normal(self.target.size) for stream in self.streams])

    def move(self, step: float) -> tuple[Moved, int]:
        """One trajectory of each chain, and the number of its steps."""
        length = self.lengths.uniform(SHORTEST, LONGEST)
        steps = min(ceil(length / step), MOST_STEPS)
        momentum = self._normal()
        log_uniform = np.array([-stream.standard_exponential() for stream in self.streams])
        moved = advance(self.target, self.whitening, self.chains, momentum, log_uniform, length / steps, steps)
        self.chains = moved.chains
        return moved, steps

    def warm_up(self, tune: int, thin: int, tick: Tick | None) -> None:
        """Learn the step, and coordinates from the draws of each window."""
        window: list[np.ndarray] = []
        for count in range(1, tune + 1):
            for _ in range(thin):
                moved, _ = self.move(self.step.now)
                self.step.learn(float(moved.acceptance.mean()))
                window.append(self.chains.z)
            if count in windows(tune):
                self._rewhiten(np.concatenate(window))
                window = []
            if tick is not None:
                tick(len(self.streams))

    def _rewhiten(self, draws: np.ndarray) -> None:
        x = self.whitening.place(self.chains.z)
        self.whitening = rewhiten(self.whitening, draws)
        self.chains = begin(self.target, self.whitening, self.whitening.inside(x))
        self.step = self.step.again()


def _to_unknowns(sampler: Sampler, z: np.ndarray) -> Unknowns:
    """Draws from places in whitened coordinates, shape (C, D, d)."""
    target, shape = sampler.target, z.shape[:2]
    reg = target.reg
    beta, level, log_sigma = (np.empty((*shape, reg.p)), *np.empty((2, *shape)))
    scales = {group.name: np.empty(shape) for group in target.groups if group.prior is not None}
    for chain, inside in enumerate(z):
        at = target.locate(sampler.whitening.place(inside))
        log_sigma[chain] = at.log_sigma
        for group, log_scale in zip(target.groups, at.log_scales, strict=True):
            if group.prior is not None:
                scales[group.name][chain] = np.exp(log_scale)
        gamma, level[chain] = target.likelihood.intercept.split(at.theta, 0.0)
        beta[chain] = reg.coordinates.beta(gamma)
    sigma = np.exp(log_sigma) if reg.noise.sigma is None else np.full(shape, reg.noise.sigma)
    return Unknowns(beta, level, sigma, scales)

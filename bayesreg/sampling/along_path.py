"""Full posteriors along a path of strengths, in one warm-started run."""

import os
import warnings
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from threading import Event
from typing import TYPE_CHECKING

import numpy as np

from bayesreg.errors import PriorError, SamplerWarning, UnsupportedError
from bayesreg.model.regression import Regression
from bayesreg.model.strength import at_strength
from bayesreg.priors.objective import canonical_objective
from bayesreg.sampling.arguments import MOST_CHAINS, read_count, read_seed, require_memory, require_regression
from bayesreg.sampling.datatree import attributes_of, log_posterior, posterior_variables, variables_by_column
from bayesreg.sampling.draws import Run, Tick, chain_generators
from bayesreg.sampling.engine import choose_engine, progress
from bayesreg.sampling.exact.posterior import sample_exact
from bayesreg.sampling.gate import Diagnostics, diagnose
from bayesreg.sampling.gibbs.sampler import (
    breakdown_named,
    draws_a_call,
    one_thread_of_linear_algebra,
)

if TYPE_CHECKING:
    from xarray import DataTree

    from bayesreg.sampling.arguments import Seed
    from bayesreg.sampling.gibbs.compiled.problem import Problem, State
    from bayesreg.sampling.gibbs.kernel import Kernel


@dataclass(frozen=True, eq=False)
class _Step:
    """One strength: the regression there, and what its chain works on."""

    problem: "Problem"
    kernel: "Kernel"


def sample_path(
    reg: Regression,
    strengths: object,
    *,
    draws: int = 1000,
    tune: int = 100,
    chains: int = 4,
    random_seed: "Seed" = None,
    progressbar: bool = False,
) -> "DataTree":
    """Draw from the posterior at each of many strengths of the regression's kind of penalty.

    Gibbs chains walk from the strongest to the weakest, each strength starting where the one before
    ended; under a Normal prior the draws are independent.

    Parameters
    ----------
    reg : Regression
        Gaussian, with a Laplace, Normal or elastic-net prior of known scale.
    strengths : array-like, shape (m,)
        Positive, in ``half_rss`` at the known sigma, as in :func:`bayesreg.path`; where sigma is
        unknown, at sigma = 1, so that λ = 1/b and κ = 1/s².
    draws, tune : int
        Kept draws per chain and strength, and draws discarded after each change of strength.
    chains : int
    random_seed : int, sequence of int, numpy.random.SeedSequence or numpy.random.Generator, optional
    progressbar : bool

    Returns
    -------
    xarray.DataTree
        ``posterior`` with the dimension ``strength`` (decreasing) after chain and draw, and
        ``path_stats`` with ``rhat``, ``ess_bulk`` and ``ess_tail``, the worst at each strength.

    Raises
    ------
    PriorError
        If the scale is unknown, nothing is penalized, or a strength is not positive.
    UnsupportedError
        If the family is not Gaussian or the prior a horseshoe.

    Warns
    -----
    SamplerWarning
        If draws at some strength do not pass the gate.

    See Also
    --------
    path : Certified estimates at many strengths.
    sample : Posterior draws.
    plot_path : Coefficients along the strengths, with posterior bands.

    Examples
    --------
    >>> import bayesreg as br
    >>> frame, target = br.load_dataset("diabetes")
    >>> reg = br.Regression(frame.drop(columns=target), frame[target], prior=br.Normal(10.0), sigma=54.0)
    >>> dict(br.sample_path(reg, [10.0, 1000.0], random_seed=1)["posterior"]["coef"].sizes)
    {'chain': 4, 'draw': 1000, 'strength': 2, 'coef_name': 10}
    """
    require_regression(reg)
    reg.require_unbounded("sampling along a path")
    if not reg.is_gaussian or not reg.prior.has_penalty:
        raise UnsupportedError(
            f"posteriors along a path are for the gaussian family and a penalty's prior, got {reg}; "
            "call br.sample at each strength."
        )
    if not reg.scale_known:
        raise PriorError("a path needs a prior of known scale; each strength sets its own.")
    grid = _read(strengths)
    draws, chains = read_count("draws", draws, 1), read_count("chains", chains, 1, MOST_CHAINS)
    tune, random_seed = read_count("tune", tune, 0), read_seed(random_seed)
    require_memory(draws, chains, (4 + reg.p) * len(grid))
    regs = [at_strength(reg, float(strength)) for strength in grid]
    independent = choose_engine(reg).engine == "exact"
    with progress(progressbar, len(grid), "Sampling along the path") as tick:
        if independent:
            runs = _draw_each(regs, draws, chains, random_seed, tick)
        else:
            runs = _walk(regs, draws, tune, chain_generators(random_seed, chains), tick)
    verdicts = [_judge(reg, run, independent) for run in runs]
    _warn(grid, verdicts)
    return _to_tree(reg, grid, runs, verdicts)


def _read(strengths: object) -> np.ndarray:
    try:
        values = np.atleast_1d(np.asarray(strengths, dtype=float))
    except (TypeError, ValueError):
        values = np.array([])
    if values.ndim != 1 or len(values) == 0 or not np.all(np.isfinite(values)) or np.any(values <= 0):
        raise PriorError(f"strengths must be positive finite numbers in one dimension, got {strengths!r}.")
    return np.sort(values)[::-1].copy()


def _draw_each(
    regs: list[Regression], draws: int, chains: int, random_seed: int | None, tick: Tick | None
) -> list[Run]:
    runs = []
    for one, seed in zip(regs, np.random.SeedSequence(random_seed).spawn(len(regs)), strict=True):
        runs.append(sample_exact(one, draws=draws, chains=chains, random_seed=seed))
        if tick is not None:
            tick(1)
    return runs


def _walk(
    regs: list[Regression], draws: int, tune: int, generators: list[np.random.Generator], tick: Tick | None
) -> list[Run]:
    """Gibbs chains from the first regression to the last, all of which share their data."""
    from bayesreg.sampling.gibbs.assemble import assemble, run_of_chains, shares, starting_point, with_scales
    from bayesreg.sampling.gibbs.kernel import choose_kernel

    first = assemble(regs[0])
    start = starting_point(regs[0], first)
    problems = [with_scales(first, one) for one in regs]
    steps = [_Step(problem, choose_kernel(problem, start)) for problem in problems]
    shape = len(regs), len(generators), draws
    theta, hyper = np.empty((*shape, len(start.theta))), np.empty((*shape, 4))
    stop = Event()
    with one_thread_of_linear_algebra(), ThreadPoolExecutor(os.cpu_count()) as pool:
        jobs = [
            pool.submit(
                _walk_chain, steps, start, generator, share, into, others, tune, stop, tick if index == 0 else None
            )
            for index, (generator, share, into, others) in enumerate(
                zip(generators, shares(len(generators)), theta.swapaxes(0, 1), hyper.swapaxes(0, 1), strict=True)
            )
        ]
        try:
            for job in jobs:
                job.result()
        except BaseException:
            stop.set()
            raise
    return [
        run_of_chains(one, step.problem, step.kernel, generators, (theta[k], hyper[k], theta[k, ..., :0]), tune)
        for k, (one, step) in enumerate(zip(regs, steps, strict=True))
    ]


def _walk_chain(
    steps: list[_Step],
    start: "State",
    generator: np.random.Generator,
    share: float,
    theta: np.ndarray,
    hyper: np.ndarray,
    tune: int,
    stop: Event,
    tick: Tick | None,
) -> None:
    """Fill θ (m, draws, q) and hyperparameters (m, draws, 4) of one chain."""
    from bayesreg.sampling.gibbs.assemble import disperse

    state = disperse(steps[0].problem, start, generator, share)
    warmup = np.empty((tune, len(state.theta))), np.empty((tune, 4))
    with breakdown_named():
        for k, step in enumerate(steps):
            for kept, others in (warmup, (theta[k], hyper[k])):
                _fill(step, state, generator, kept, others, stop)
            if tick is not None:
                tick(1)


def _fill(
    step: _Step,
    state: "State",
    generator: np.random.Generator,
    theta: np.ndarray,
    hyper: np.ndarray,
    stop: Event,
) -> None:
    """Draws at one strength, in calls so short that an interrupted run ends soon."""
    from bayesreg.sampling.gibbs.compiled.chain import advance

    some = draws_a_call(step.kernel)
    for first in range(0, len(theta), some):
        if stop.is_set():
            return
        kept, others = theta[first : first + some], hyper[first : first + some]
        sweeps = first * step.kernel.thin
        advance(generator, step.problem, state, *step.kernel.rhythm, sweeps, kept, others, np.empty((len(kept), 0)))


def _judge(reg: Regression, run: Run, independent: bool) -> Diagnostics:
    run.stats["lp"] = log_posterior(reg, run.draws)
    return diagnose(run, sigma_known=reg.noise.known, has_intercept=reg.intercept_term.exists, independent=independent)


def _warn(grid: np.ndarray, verdicts: list[Diagnostics]) -> None:
    bad = [
        f"{strength:.4g} ({verdict.problems[0]})"
        for strength, verdict in zip(grid, verdicts, strict=True)
        if not verdict.passed
    ]
    if bad:
        more = f" and {len(bad) - 3} more" if len(bad) > 3 else ""
        warnings.warn(f"draws at strength {'; '.join(bad[:3])}{more}.", SamplerWarning, stacklevel=3)


def _to_tree(reg: Regression, grid: np.ndarray, runs: list[Run], verdicts: list[Diagnostics]) -> "DataTree":
    from arviz_base import from_dict

    parts = [posterior_variables(reg, run.draws) for run in runs]
    posterior = {name: np.stack([part[name] for part in parts], axis=2) for name in parts[0]}
    worst = {
        name: np.array([getattr(verdict, name) for verdict in verdicts]) for name in ("rhat", "ess_bulk", "ess_tail")
    }
    by_column = variables_by_column(reg)
    dims = {name: ["strength", "coef_name"] if name in by_column else ["strength"] for name in posterior}
    tree = from_dict(
        {"posterior": posterior},
        coords={"strength": grid, "coef_name": list(reg.names)},
        dims=dims,
        attrs={"/": attributes_of(reg) | {"objective": canonical_objective(reg.family)}},
    )
    import xarray as xr

    tree["path_stats"] = xr.DataTree(
        xr.Dataset({name: ("strength", values) for name, values in worst.items()}, {"strength": grid})
    )
    return tree

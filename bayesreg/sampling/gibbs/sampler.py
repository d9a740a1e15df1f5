r"""Gibbs sampling for Laplace, elastic-net, mixed, Student-t and horseshoe priors, with sigma and scale known or not.

Which kernel draws the coefficients is decided by what it costs and how it mixes:

- "coordinate": one coefficient at a time with its mixing variance integrated out (Hans 2009,
  doi:10.1093/biomet/asp047), O(q²) or, with more columns than rows, O(nq) a sweep;
- "block": all at once given mixing variances (Rajaratnam et al. 2019, doi:10.1080/10618600.2019.1573187),
  O(q³) or, with more columns than rows, O(n²q) a sweep;
- "interpreted": the same in blocks without compiled code, for runs so short that loading it would take longer.

The first two are overrelaxed: a draw is reflected about its conditional mean or mode, as far as `kernel` says.
"""

import os
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from bayesreg.errors import ConvergenceError
from bayesreg.model.regression import Regression
from bayesreg.sampling.draws import Run, Tick, chain_generators, draw_type
from bayesreg.sampling.gibbs.assemble import Kept, shares

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from threadpoolctl import ThreadpoolController

    from bayesreg.sampling.gibbs.compiled.problem import Problem, State
    from bayesreg.sampling.gibbs.kernel import Kernel

# Columns, and sweeps of all chains, up to which interpreted code needs less time than loading compiled code takes.
SHORT_COLUMNS, SHORT_SWEEPS = 20, 10_000
# Draws that are discarded first by default; each is as many sweeps as a kept one.
WARMUP = 300
# Nanoseconds after which a compiled chain comes back, to tell how far it is and to be stopped.
COST_A_CALL = 1e8


def sample_gibbs(
    reg: Regression,
    *,
    draws: int,
    tune: int,
    chains: int,
    random_seed: int | None,
    tick: Tick | None = None,
    kernel: str = "auto",
    cores: int | None = None,
    thin: int = 1,
) -> Run:
    """Draw from the posterior by Gibbs sampling; the draws do not depend on the number of cores.

    Parameters
    ----------
    reg : Regression
        With a Laplace, elastic-net, Student-t, horseshoe or Normal prior; sigma and scale known, or with any prior.
    draws, tune, chains : int
        Kept and discarded draws per chain, and chains.
    random_seed : int, optional
    tick : callable, optional
        Called with the number of draws done since the last call.
    kernel : {"auto", "compiled", "coordinate", "block", "interpreted"}
        "compiled" is the better of "coordinate" and "block"; "auto" is "interpreted" for short runs of few columns,
        and else "compiled": the regression and the number of sweeps alone decide.
    cores : int, optional
        Threads; by default one per chain, as far as there are processors.
    thin : int
        Sweeps per draw of the interpreted kernel; the others settle theirs.

    Raises
    ------
    UnsupportedError
        If the kernel is unknown, the family not Gaussian, or the intercept's prior at x = 0 and the
        coefficients' prior are not both scaled by sigma or both not.
    ConvergenceError
        If the draws leave the range of numbers, as under an improper posterior.
    """
    if kernel == "interpreted":
        reg.require_unbounded("the interpreted kernel")
    if kernel == "interpreted" or (kernel == "auto" and is_short(reg, chains * (draws + tune))):
        from bayesreg.sampling.gibbs.interpreted import sample_interpreted

        run = sample_interpreted(
            reg, draws=draws, tune=tune, chains=chains, random_seed=random_seed, tick=tick, thin=thin
        )
        reason = (
            "asked for" if kernel == "interpreted" else "so few columns and sweeps that compiled code is not loaded"
        )
        return replace(run, settings={**run.settings, "kernel_reason": reason})
    from bayesreg.sampling.gibbs.assemble import assemble, run_of_chains, starting_point
    from bayesreg.sampling.gibbs.kernel import choose_kernel

    problem = assemble(reg)
    start = starting_point(reg, problem)
    chosen = choose_kernel(problem, start, kernel)
    generators = chain_generators(random_seed, chains)
    kept = _room_for(problem, chains, draws)
    _run_chains(problem, start, chosen, generators, kept, tune, tick, cores)
    return run_of_chains(reg, problem, chosen, generators, kept, tune)


def is_short(reg: Regression, sweeps: int) -> bool:
    """Whether so many sweeps of all chains are drawn by interpreted code, unless another kernel is asked for."""
    covered = reg.is_gaussian and reg.scale_known and reg.prior.has_penalty and reg.bounds is None
    covered = covered and reg.prior.is_separable
    return covered and reg.p <= SHORT_COLUMNS and sweeps <= SHORT_SWEEPS


def _room_for(problem: "Problem", chains: int, draws: int) -> Kept:
    from bayesreg.sampling.gibbs.compiled.problem import BLOCKS, HORSESHOE

    size = len(problem.cross)
    shape = chains, draws, size
    local = size if problem.mixing in (HORSESHOE, BLOCKS) else 0
    return np.empty(shape, draw_type(shape)), np.empty((chains, draws, 4)), np.empty((chains, draws, local))


def _run_chains(
    problem: "Problem",
    start: "State",
    kernel: "Kernel",
    generators: list[np.random.Generator],
    kept: Kept,
    tune: int,
    tick: Tick | None,
    cores: int | None,
) -> None:
    """Fill the arrays, each chain its own part of them."""
    done = np.zeros(len(generators), dtype=np.int64)
    workers = min(len(generators), cores or os.cpu_count() or 1)
    with one_thread_of_linear_algebra(), ThreadPoolExecutor(workers) as pool:
        jobs = [
            pool.submit(_run_chain, problem, start, kernel, generator, share, arrays, tune, done[index : index + 1])
            for index, (generator, share, *arrays) in enumerate(
                zip(generators, shares(len(generators)), *kept, strict=True)
            )
        ]
        try:
            _report(jobs, done, tick)
            for job in jobs:
                job.result()
        except BaseException:
            # A negative count tells the chains to stop.
            done[:] = np.iinfo(np.int64).min
            raise


def one_thread_of_linear_algebra() -> "AbstractContextManager[Any]":
    """One per chain: more would only wait for each other."""
    return _libraries().limit(limits=1, user_api="blas")


@cache
def _libraries() -> "ThreadpoolController":
    """What does linear algebra in this process, found once since the search takes milliseconds."""
    from threadpoolctl import ThreadpoolController

    # Loads what compiled code calls.
    import bayesreg.sampling.gibbs.compiled.chain  # noqa: F401

    return ThreadpoolController()


def _report(jobs: "list[Future[Any]]", done: np.ndarray, tick: Tick | None) -> None:
    reported, running = 0, tick is not None
    while tick is not None and running:
        # Asked before counting, so that the last count is complete.
        running = not all(job.done() for job in jobs)
        total = int(done.sum())
        tick(total - reported)
        reported = total
        time.sleep(0.05 if running else 0.0)


def _run_chain(
    problem: "Problem",
    start: "State",
    kernel: "Kernel",
    generator: np.random.Generator,
    share: float,
    kept: Sequence[np.ndarray],
    tune: int,
    done: np.ndarray,
) -> None:
    """Fill θ (draws, q), hyperparameters (draws, 4) and local scales (draws, q or 0) of one chain."""
    from bayesreg.sampling.gibbs.assemble import disperse
    from bayesreg.sampling.gibbs.compiled.chain import advance

    state = disperse(problem, start, generator, share)
    with breakdown_named():
        draws = len(kept[0])
        step = min(tune + draws, draws_a_call(kernel))
        # So few at a time that they hardly take memory, whatever the warm-up.
        drawn = [np.empty((step, part.shape[1])) for part in kept]
        for first in range(-tune, draws, step):
            count = min(step, draws - first)
            sweeps = (first + tune) * kernel.thin
            advance(generator, problem, state, *kernel.rhythm, sweeps, *(part[:count] for part in drawn))
            for into, part in zip(kept, drawn, strict=True):
                into[max(first, 0) : max(first + count, 0)] = part[max(-first, 0) : count]
            done += count
            if done[0] < 0:
                break


def draws_a_call(kernel: "Kernel") -> int:
    """How many draws compiled code makes before it comes back, at least one."""
    return max(1, int(COST_A_CALL / (kernel.cost * kernel.thin)))


@contextmanager
def breakdown_named() -> Iterator[None]:
    """Say what compiled code broke down of."""
    try:
        yield
    except (np.linalg.LinAlgError, ZeroDivisionError) as error:
        raise ConvergenceError(
            f"the Gibbs sampler broke down ({error}): collinear columns without a prior, or scales beyond the range of "
            'numbers; give every column a finite scale, rescale the columns, or use engine="nuts".'
        ) from None

"""One chain, compiled, advanced by a number of sweeps at a time."""

from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
from numba import njit

from bayesreg.sampling.gibbs.compiled.blocks import update_blocks
from bayesreg.sampling.gibbs.compiled.coefficients import (
    draw_block,
    random_order,
    refresh_residual,
    sweep_coordinates,
)
from bayesreg.sampling.gibbs.compiled.collapsed import draw_collapsed
from bayesreg.sampling.gibbs.compiled.groups import update_groups
from bayesreg.sampling.gibbs.compiled.horseshoe import update_horseshoe
from bayesreg.sampling.gibbs.compiled.hyper import update_hyper
from bayesreg.sampling.gibbs.compiled.problem import BLOCKS, GROUPED, HORSESHOE, STUDENT_T, Problem, State
from bayesreg.sampling.gibbs.compiled.student_t import update_student_t

# Sweeps after which the residual is computed anew, coordinates get another order, and are drawn afresh for once.
REFRESH = 32


def _fingerprint() -> str:
    """Of all that is compiled here. Numba's cache looks only at the file of the function that it stores."""
    files = sorted(Path(__file__).parent.glob("*.py"))
    return sha256(b"".join(file.read_bytes() for file in files)).hexdigest()


def _stored(fingerprint: str) -> Callable[..., Any]:
    """Compile the entrance; the fingerprint is part of the key under which Numba stores them."""

    @njit(cache=True, nogil=True)
    def advance(
        generator: np.random.Generator,
        problem: Problem,
        state: State,
        blocked: bool,
        thin: int,
        every: int,
        overrelaxation: float,
        done: int,
        theta: np.ndarray,
        hyper: np.ndarray,
        local: np.ndarray,
    ) -> None:
        """Fill theta (k, q), hyper (k, 4) and local (k, q or 0) with k draws, `thin` sweeps apart, after `done` sweeps.

        Each `every`-th sweep is a collapsed one, none if it is 0. In one order for ever, coordinates would keep for
        long what is smooth along them; never drawn afresh, they might be long where reflections are refused.
        """
        _ = fingerprint
        for k in range(len(theta)):
            for sweep in range(done + k * thin, done + (k + 1) * thin):
                refresh = not blocked and sweep % REFRESH == 0
                if refresh:
                    refresh_residual(problem, state)
                    state.order[:] = random_order(generator, len(state.theta))
                if every > 0 and sweep % every == 0:
                    draw_collapsed(generator, problem, state)
                elif blocked:
                    draw_block(generator, problem, state, overrelaxation)
                else:
                    sweep_coordinates(generator, problem, state, 0.0 if refresh else overrelaxation)
                if problem.mixing == HORSESHOE:
                    update_horseshoe(generator, problem, state)
                elif problem.mixing == STUDENT_T:
                    update_student_t(generator, problem, state)
                elif problem.mixing == GROUPED:
                    update_groups(generator, problem, state)
                elif problem.mixing == BLOCKS:
                    update_blocks(generator, problem, state)
                update_hyper(generator, problem, state)
            theta[k] = state.theta
            hyper[k] = state.hyper
            if local.shape[1] > 0:
                local[k] = state.local

    return advance


advance = _stored(_fingerprint())

"""Each update of the compiled kernels alone leaves the joint distribution of parameters and data as it is.

A sweep of many updates hides the mistake of one that the others repair; here nothing follows it
(Gandy & Scott 2020, arXiv:2001.06465).
"""

import itertools

import geweke
import numpy as np
import pytest

pytestmark = pytest.mark.slow

# Starts, and how often an update is repeated from each, so that its mistakes add up.
STEPS, REPEATS = 8_000, 3


def updates_of(problem):
    """All that a chain may do to this problem, by name."""
    from bayesreg.sampling.gibbs.compiled import collapsed, groups, horseshoe, hyper, student_t
    from bayesreg.sampling.gibbs.compiled.problem import GROUPED, HORSESHOE, LAPLACE, STUDENT_T

    sigma, scale = not problem.sigma_known, not problem.scale_known
    wanted = {
        sweep_coordinates: True,
        draw_block: True,
        overrelaxed_coordinates: True,
        overrelaxed_block: True,
        collapsed.draw_collapsed: problem.wide and (sigma or scale),
        horseshoe.update_horseshoe: problem.mixing == HORSESHOE,
        student_t.update_student_t: problem.mixing == STUDENT_T,
        groups.update_groups: problem.mixing == GROUPED,
        hyper.update_scale: scale and problem.mixing == LAPLACE,
        hyper.move_with_scale: scale and not np.isfinite(problem.slab_scale),
        hyper.update_sigma: sigma,
        hyper.move_with_sigma: sigma and problem.scaled,
        hyper.update_center: problem.center_scale > 0,
        # Which of these a chain really does, and in which order.
        hyper.update_hyper: sigma or scale or problem.center_scale > 0,
    }
    return {update.__name__: update for update, does in wanted.items() if does}


def sweep_coordinates(generator, problem, state, overrelaxation=0.0):
    from bayesreg.sampling.gibbs.compiled import coefficients

    state.order[:] = generator.permutation(len(state.theta))
    coefficients.sweep_coordinates(generator, problem, state, overrelaxation)


def overrelaxed_coordinates(generator, problem, state):
    sweep_coordinates(generator, problem, state, 0.6)


def draw_block(generator, problem, state, overrelaxation=0.0):
    from bayesreg.sampling.gibbs.compiled import coefficients

    coefficients.draw_block(generator, problem, state, overrelaxation)


def overrelaxed_block(generator, problem, state):
    draw_block(generator, problem, state, 0.6)


def copied(state):
    return type(state)(*(part.copy() for part in state))


def check_updates(prior, noise, settings, design, steps=STEPS, seed=3):
    """z-scores of what repeating each update changes on average, by its name."""
    from bayesreg.sampling.gibbs.compiled.coefficients import refresh_residual

    generator = np.random.default_rng(seed)
    reg, A, base = geweke.model(geweke.X[design], prior, noise, settings)
    updates = updates_of(base)
    before, after = [], {name: [] for name in updates}
    for _ in range(steps):
        start = geweke.state_of(reg, len(base.response), geweke.joint_draw(reg, generator))
        y = geweke.draw_target(reg, A, geweke.read(reg, start), generator)
        problem = geweke.given_data(reg, A, base, y)
        refresh_residual(problem, start)
        before.append((y, geweke.known_as_one(reg, geweke.read(reg, start))))
        for name, update in updates.items():
            state = copied(start)
            for _ in range(REPEATS):
                update(generator, problem, state)
            after[name].append((y, geweke.known_as_one(reg, geweke.read(reg, state))))
    start = geweke.stacked(before)
    return {name: geweke.changes(reg, A, start, geweke.stacked(kept)) for name, kept in after.items()}


RUNS = list(itertools.product(geweke.CASES, ("tall", "wide")))
RUNS += list(itertools.product(("scaled laplace, both", "scaled slab, both"), ("correlated", "a million apart")))


@pytest.mark.parametrize(("name", "design"), RUNS)
def test_each_update_leaves_the_joint_distribution_as_it_is(name, design):
    found = check_updates(*geweke.CASES[name], design)
    geweke.assert_small(np.concatenate(list(found.values())), len(RUNS))

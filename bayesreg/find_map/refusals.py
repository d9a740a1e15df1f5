"""Why a point is not the mode of a PyMC model's density, found out at that point, and what to do about it."""

import numpy as np

from bayesreg.errors import ConvergenceError, ModeError
from bayesreg.find_map.conditions import Conditions
from bayesreg.find_map.density import Local, SplitDensity
from bayesreg.find_map.newton import RESOLUTION, Descent

# A transformed value that moved this far (e^12 = 160,000 for a scale) without reaching a mode is running away.
FAR = 12.0
# Where the slope has died out, one that moved this far was on its way, too.
NEAR = 6.0
# How far a density without curvature is followed, in units of its variables, before it is said to rise for ever.
FAR_LENGTHS = np.geomspace(1e-3, 1e6, 10)
# How far to both sides, in units of its variables, a density must not fall to be called flat.
ASIDE = 0.1


def unbounded(density: SplitDensity, k: int, side: int, rate: float, there: Local, here: Local) -> str:
    """The density rises without bound as element k nears an end of its range, the rest being at its best there."""
    name = density.labels([k])[0]
    direction = "falls to its lower end" if side < 0 else "rises to its upper end"
    return (
        f"the joint density is unbounded: it grows like {_distance(density, k)}^−{rate:.3g} as {name} {direction}"
        f"{_company(density, there)}. A lower, local mode lies at log density {-here.value:.6g}, but the "
        f"highest does not exist; check_unbounded=False returns the local one. {_cure(name)}"
    )


def _distance(density: SplitDensity, k: int) -> str:
    """How near element k is to the end of its range, in words."""
    name = density.labels([k])[0]
    piece = next(piece for piece in density.pieces if piece.where.start <= k < piece.where.stop)
    return name if piece.value_name.endswith("_log__") else f"(distance of {name} to that end)"


def _company(density: SplitDensity, local: Local) -> str:
    """Which Laplace variables have gone to their locations."""
    zeros = {piece.name: local.v[piece.where] == 0 for piece in density.pieces if piece.kinked}
    counts = [f"{np.count_nonzero(flags)} of {len(flags)} {name}" for name, flags in zeros.items() if np.any(flags)]
    return f" (with {', '.join(counts)} at their locations)" if counts else ""


def _cure(name: str) -> str:
    return (
        f'Hold it, fixed={{"{name.split("[")[0]}": value}}; give it a prior that vanishes at that end, such as '
        "InverseGamma for a scale or a Beta or Dirichlet with all parameters above 1; or sample the posterior, which "
        "may be proper all the same."
    )


def _distances(density: SplitDensity, local: Local) -> np.ndarray:
    """How far the transformed values have moved; 0 for the others."""
    return np.where(density.transformed, np.abs(local.v - density.start), 0.0)


def _went_far(density: SplitDensity, local: Local) -> bool:
    return bool(np.any(_distances(density, local) > FAR))


def runaway(density: SplitDensity, local: Local) -> str:
    """The density rises towards the end of a variable's range, or is infinite."""
    moved = _distances(density, local)
    if local.value == -np.inf or np.max(moved) <= NEAR:
        return f"the joint density became infinite{_company(density, local)}, so it has no mode. Check its priors."
    k = int(np.argmax(moved))
    name = density.labels([k])[0]
    direction = "falls" if local.v[k] < density.start[k] else "rises"
    others = [other for other in density.labels(np.flatnonzero(moved > FAR)) if other != name]
    also = f", together with {', '.join(others[:5])}{' …' if len(others) > 5 else ''}" if others else ""
    return (
        f"the joint density still rises as {name} {direction} towards the end of its range (its unconstrained value "
        f"went from {density.start[k]:.3g} to {local.v[k]:.3g}){also}{_company(density, local)}: the mode does not "
        f"exist, or lies on that bound. {_cure(name)}"
    )


def no_answer(density: SplitDensity, descent: Descent, seen: Conditions) -> ConvergenceError | ModeError:
    """The search ended where the first-order conditions do not hold, or a step is left."""
    if _went_far(density, descent.local):
        return ModeError(runaway(density, descent.local))
    if seen.first_order and np.any(_distances(density, descent.local) > NEAR):
        return ModeError(runaway(density, descent.local))
    if seen.first_order:
        return ModeError(_endless(density, np.where(np.abs(seen.step) > seen.step_allowed, seen.step, 0.0)))
    straight = np.where(seen.straight & ~density.transformed, seen.violation, 0.0)
    if np.any(straight > 0) and _keeps_rising(density, descent.local, straight):
        return ModeError(_endless(density, straight))
    worst = int(np.argmax(seen.violation / np.where(seen.allowed > 0, seen.allowed, np.inf)))
    return ConvergenceError(
        f"no mode was found within {descent.steps} steps ({descent.end}): the slope in {density.labels([worst])[0]} is "
        f"{seen.violation[worst]:.1e}, allowed {seen.allowed[worst]:.1e}. Rescale variables of very different size, "
        "give another start={name: value} or more max_steps; a kink other than that of a free pm.Laplace variable "
        "(an abs() or a Laplace likelihood) is not supported."
    )


def _keeps_rising(density: SplitDensity, local: Local, size: np.ndarray) -> bool:
    """Whether the density rises along a straight slope however far one goes; between two kinks it does not."""
    direction = -np.sign(local.subgradient) * size / np.max(size) * np.maximum(1.0, np.abs(local.v))
    values = [local.value, *(density.at(local.v + length * direction).value for length in FAR_LENGTHS)]
    return bool(np.all(np.diff(values) < 0))


def _endless(density: SplitDensity, direction: np.ndarray) -> str:
    return (
        f"the density keeps rising along {names_along(density, direction)}: its mode lies at infinity, or it is all "
        "but flat there. Give these variables proper priors, or hold some with fixed={name: value}."
    )


def no_curvature(density: SplitDensity, seen: Conditions) -> ConvergenceError | ModeError:
    """The conditions of first order hold, but along some direction the Hessian is 0."""
    if _went_far(density, seen.local):
        return ModeError(runaway(density, seen.local))
    unit = np.where(seen.unit > 0, seen.unit, 0.0)
    sides = [density.at(seen.local.v + side * ASIDE * unit * seen.flattest).value for side in (-1.0, 1.0)]
    if min(sides) <= seen.local.value + RESOLUTION * (1 + abs(seen.local.value)):
        return ModeError(_flat(density, seen))
    return ConvergenceError(
        f"the log density falls to both sides along {names_along(density, seen.flattest)} although it has no curvature "
        "there, so that its derivatives do not tell whether that is a mode: it has another kink than those of its "
        "Laplace variables, or is flatter than a quadratic. Write it without abs(), max() or the like."
    )


def _flat(density: SplitDensity, seen: Conditions) -> str:
    return (
        f"the density is flat along {names_along(density, seen.flattest)}, so that its mode is not a single point; "
        "give these variables proper priors, drop one, or hold one with fixed={name: value}."
    )


def names_along(density: SplitDensity, direction: np.ndarray) -> str:
    """The elements that a direction moves most."""
    size = np.abs(direction)
    large = np.flatnonzero(size > 0.1 * np.max(size))
    return ", ".join(density.labels(large[np.argsort(-size[large])][:5]))

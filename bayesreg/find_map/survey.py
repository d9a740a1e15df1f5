"""What else there is beside a mode that was found: higher modes, and ends at which the density grows without bound.

From the mode, every transformed variable is walked towards both ends of its range, the others following at their best
values: that is where a scale falls to 0 with its effects, and where a component of a mixture shrinks onto one row. A
walk that passes a second crest is released there. Descents from points around the mode find modes that no walk passes.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import numpy as np

from bayesreg.errors import ConvergenceError, ModeError
from bayesreg.find_map.certificate import ModeCertificate, certify_mode
from bayesreg.find_map.conditions import conditions_at
from bayesreg.find_map.density import Local, SplitDensity
from bayesreg.find_map.newton import Descent, End, descend
from bayesreg.find_map.refusals import unbounded

# How far from the mode, in transformed values, a walk stops; where there are many walks, each has the short course.
COURSE = (*np.arange(0.5, 6.1, 0.5), *np.arange(7.0, 13.0), 20.0)
SHORT_COURSE, LONG_WALKS = (2.0, 4.0, 12.0, 20.0), 24
# A density rises without bound where its slope in a transformed value is at least this, and does not die out.
RISING, DYING = 1e-3, 0.95
# Descents begin at such distances from the mode, in standard deviations; where there are many elements, from two.
DISTANCES, FARTHEST_START, FEW = (3.0, 10.0, 3.0, 10.0, 30.0, 30.0), 3.0, 100
# Where there are very few elements, also from these distances along each.
ALONG_ONE, VERY_FEW = (-100.0, -30.0, -10.0, -3.0, 3.0, 10.0, 30.0, 100.0), 8
# Newton steps for one place, and for a whole survey.
STEPS, ALL_STEPS = 60, 3_000
# Two values of −log density further apart than this share are two; so are points with lower density between them.
SAME = 1e-7


@dataclass(eq=False)
class Survey:
    """What was found; the first of `modes` is the highest, and `open_ends` names the walks that did not come to an end.

    `walked` is whether there were any.
    """

    modes: list[tuple[Descent, ModeCertificate]]
    walked: bool = False
    open_ends: list[str] = field(default_factory=list)
    steps: int = 0


@dataclass(frozen=True)
class Walk:
    """Elements of v that are walked together, −1 towards lower values or +1."""

    where: np.ndarray
    side: int


def survey(density: SplitDensity, descent: Descent) -> Survey:
    """The modes that can be reached from the end of a descent by walks to all ends, and from points around it.

    Raises
    ------
    ModeError
        If the density grows without bound, or has no mode where the descent ended.
    ConvergenceError
        If that is not a mode for another reason.
    """
    surveyed = Survey([(descent, certify_mode(density, descent))])
    for start in _around(density, descent.local):
        _release(density, surveyed, np.where(density.bounded, np.abs(start), start))
    walks = list(_walks(density))
    course = COURSE if len(walks) <= LONG_WALKS else SHORT_COURSE
    here = surveyed.modes[0][0].local
    for walk in walks:
        if not (surveyed.steps < ALL_STEPS and _walk(density, surveyed, here, walk, course)):
            surveyed.open_ends.append(_name(density, walk))
    surveyed.walked = True
    return surveyed


def _around(density: SplitDensity, here: Local) -> Iterator[np.ndarray]:
    """The mode's mirror images, and points at some distances; of very many Laplace elements all stay where they are."""
    yield from _mirrored(density, here.v)
    unit = conditions_at(density, here.v).unit
    unit = np.where(unit > 0, unit, 1 / np.where(here.l1 > 0, here.l1, 1.0))
    for k in np.flatnonzero(~density.transformed) if len(unit) <= VERY_FEW else ():
        for distance in ALONG_ONE:
            v = here.v.copy()
            v[k] += distance * unit[k]
            yield v
    unit[density.kinked & (len(unit) > FEW)] = 0.0
    random = np.random.default_rng(0)
    for distance in DISTANCES if len(unit) <= FEW else DISTANCES[:2]:
        length = np.where(density.transformed, min(distance, FARTHEST_START), distance * unit)
        yield here.v + length * random.normal(size=len(unit))


def _mirrored(density: SplitDensity, v: np.ndarray) -> list[np.ndarray]:
    """With other signs, and with the elements of every variable in reverse, as the components of a mixture may be."""
    reverse = np.concatenate([v[piece.where] if piece.kinked else v[piece.where][::-1] for piece in density.pieces])
    images = [np.where(density.transformed | density.kinked | density.bounded, v, -v), reverse]
    return [image for image in images if not np.array_equal(image, v)]


def _walks(density: SplitDensity) -> Iterator[Walk]:
    """Whole variables first, since what holds for one of many scales mostly holds for all."""
    pieces = [np.arange(piece.where.start, piece.where.stop) for piece in density.pieces if piece.has_ends]
    for side in (-1, 1):
        yield from (Walk(where, side) for where in pieces if len(where) > 1)
    for side in (-1, 1):
        yield from (Walk(np.array([k]), side) for where in pieces for k in where)


def _name(density: SplitDensity, walk: Walk) -> str:
    labels = density.labels(walk.where)
    return f"{labels[0] if len(labels) == 1 else labels[0].split('[')[0]} {'falls' if walk.side < 0 else 'rises'}"


def _walk(density: SplitDensity, surveyed: Survey, here: Local, walk: Walk, course: Iterable[float]) -> bool:
    """Whether the walk came to its end, the density falling or level there."""
    held = np.zeros(len(here.v), dtype=bool)
    held[walk.where] = True
    passed, crests, end = [here], [], End.SETTLED
    for distance in course:
        v = passed[-1].v.copy()
        v[walk.where] = here.v[walk.where] + walk.side * distance
        try:
            there = descend(density, v, held=held, max_steps=STEPS)
        except ConvergenceError:
            break
        surveyed.steps += there.steps + 1
        if there.end is End.UNBOUNDED:
            raise ModeError(unbounded(density, walk.where[0], walk.side, np.inf, there.local, here))
        passed.append(there.local)
        end = there.end
        if len(passed) > 2 and passed[-3].value > passed[-2].value <= passed[-1].value:
            crests.append(passed[-2].v)
    _judge_end(density, here, walk, passed)
    for crest in crests:
        _release(density, surveyed, crest)
    falling = np.all(-walk.side * passed[-1].slope[walk.where] <= RISING)
    return bool(len(passed) > 2 and end is End.SETTLED and falling)


def _judge_end(density: SplitDensity, here: Local, walk: Walk, passed: list[Local]) -> None:
    """A density like distance^−c has the constant slope c in the transformed value, all the way to the end."""
    if len(passed) < 4:
        return
    before, last = passed[-2], passed[-1]
    steepest = walk.where[int(np.argmax(-walk.side * last.slope[walk.where]))]
    rates = [-walk.side * local.slope[steepest] for local in (before, last)]
    gone = abs(last.v[steepest] - before.v[steepest])
    risen = (before.value - last.value) / gone
    if rates[1] > RISING and rates[1] >= DYING * rates[0] and risen > 0.5 * rates[1]:
        raise ModeError(unbounded(density, steepest, walk.side, rates[1], last, here))


def _release(density: SplitDensity, surveyed: Survey, v: np.ndarray) -> None:
    """Add the mode that a free descent from v comes to, if it is another one."""
    if surveyed.steps >= ALL_STEPS:
        return
    try:
        descent = descend(density, v)
    except ConvergenceError:
        return
    surveyed.steps += descent.steps + 1
    best = surveyed.modes[0][0].local
    higher = descent.local.value < best.value - SAME * (1 + abs(best.value))
    if any(_is_same(density, descent.local, mode.local) for mode, _ in surveyed.modes):
        return
    try:
        certificate = certify_mode(density, descent)
    except ConvergenceError:
        return
    except ModeError:
        if higher:
            raise
        return
    surveyed.modes.insert(0 if higher else len(surveyed.modes), (descent, certificate))


def _is_same(density: SplitDensity, a: Local, b: Local) -> bool:
    """Whether two points are one mode, or lie on one flat crest."""
    tolerance = SAME * (1 + abs(b.value))
    if abs(a.value - b.value) > tolerance:
        return False
    between = density.at(0.5 * (a.v + b.v))
    return bool(between.value <= max(a.value, b.value) + tolerance)

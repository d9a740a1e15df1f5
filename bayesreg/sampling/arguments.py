"""What sampling functions accept: counts, seeds, groups and settings, checked before anything is drawn."""

import os
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from bayesreg.errors import DataError, PriorError, UnsupportedError
from bayesreg.model.regression import Regression
from bayesreg.sampling.draws import draw_type

if TYPE_CHECKING:
    from numpy.random import Generator, SeedSequence

    Seed = int | Sequence[int] | np.ndarray | SeedSequence | Generator | None

MOST = 1_000_000_000
# Each has a stream of random numbers and, with NUTS, a process.
MOST_CHAINS = 10_000
NUTS_SAMPLERS = ("pymc", "nutpie")


def require_regression(reg: object) -> None:
    """Refuse anything but a regression.

    Raises
    ------
    DataError
        If it is something else.
    """
    if not isinstance(reg, Regression):
        raise DataError(
            f"a bayesreg.Regression is needed, got {type(reg).__name__}; make one with Regression(X, y, …)."
        )


def read_count(name: str, count: object, least: int, most: int = MOST) -> int:
    """Return a whole number within its bounds.

    Raises
    ------
    PriorError
        If it is anything else.
    """
    whole = _whole(count)
    if whole is None or not least <= whole <= most:
        raise PriorError(f"{name} must be a whole number from {least} to {most:,}, got {count!r}.")
    return whole


def read_seed(seed: object) -> int | None:
    """Return one whole number for any usual kind of seed, None for none; a generator is drawn from.

    Raises
    ------
    PriorError
        If it is negative or of another kind.
    """
    if seed is None:
        return None
    if isinstance(seed, np.random.Generator):
        return int(seed.integers(2**63))
    if isinstance(seed, np.random.SeedSequence):
        return _state_of(seed)
    if (whole := _whole(seed)) is not None:
        return whole
    parts = seed if isinstance(seed, (list, tuple)) else list(seed.ravel()) if isinstance(seed, np.ndarray) else ()
    entropy = [whole for part in parts if (whole := _whole(part)) is not None]
    if parts and len(entropy) == len(parts):
        return _state_of(np.random.SeedSequence(entropy))
    raise PriorError(
        "random_seed must be None, a whole number, at least 0, a sequence of such, a numpy SeedSequence or a numpy "
        f"Generator, got {seed!r}."
    )


def _whole(value: object) -> int | None:
    """A whole number, at least 0, as one of Python's; None for anything else, True and False too."""
    if isinstance(value, (int, np.integer)) and not isinstance(value, bool) and value >= 0:
        return int(value)
    return None


def _state_of(sequence: "SeedSequence") -> int:
    return int.from_bytes(sequence.generate_state(4).tobytes(), "little")


def read_groups(groups: object) -> tuple[str, ...]:
    """Return names of groups, one or many.

    Raises
    ------
    UnsupportedError
        If they are no names.
    """
    names = (groups,) if isinstance(groups, str) else tuple(groups) if isinstance(groups, Iterable) else (groups,)
    if not all(isinstance(name, str) for name in names):
        raise UnsupportedError(f'groups must be names such as "prior", or a sequence of them, got {groups!r}.')
    return names


def require_memory(draws: int, chains: int, columns: int) -> None:
    """Refuse more draws than memory holds, before it is asked for.

    Raises
    ------
    PriorError
        If they do not fit.
    """
    numbers = draws * chains * columns
    size, whole = numbers * np.dtype(draw_type((numbers,))).itemsize, _memory()
    if size > whole:
        raise PriorError(
            f"{draws:,} draws of {chains:,} chains and {columns:,} columns take {size / 1e9:,.0f} GB, and this machine "
            f"has {whole / 1e9:,.0f}; ask for fewer draws or chains."
        )


def _memory() -> int:
    """Bytes of this machine, or a terabyte where it does not say."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return 10**12


def require_applicable(engine: str, kernel: object, nuts_sampler: object) -> None:
    """Refuse settings of another engine than the one that draws.

    Raises
    ------
    UnsupportedError
        If there are some.
    """
    if engine != "gibbs" and kernel != "auto":
        raise UnsupportedError(
            f'kernel={kernel!r} is for the Gibbs engine, and "{engine}" draws here; leave it out, or give '
            'engine="gibbs" where it covers the regression.'
        )
    if engine != "nuts" and nuts_sampler is not None:
        raise UnsupportedError(
            f'nuts_sampler={nuts_sampler!r} is for NUTS, and "{engine}" draws here; leave it out, or give '
            'engine="nuts".'
        )
    if nuts_sampler is not None and nuts_sampler not in NUTS_SAMPLERS:
        raise UnsupportedError(
            f"NUTS sampler {nuts_sampler!r} is not available; available: {', '.join(NUTS_SAMPLERS)}."
        )

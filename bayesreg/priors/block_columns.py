"""Which columns a name stands for: a column by its own name, or all columns of a factor or term of a formula."""

import re
from collections.abc import Sequence

from bayesreg.errors import PriorError

Key = str | tuple[str, ...]
MOST_NAMED = 10


def term_of(name: str) -> str:
    """The name of a column without what stands in square brackets: ``g[a]:x`` is of the term ``g:x``."""
    kept, depth = "", 0
    for letter in name:
        depth += letter == "["
        kept += letter if depth == 0 else ""
        depth -= letter == "]" and depth > 0
    return kept


def unknown_name(key: Key) -> str:
    """What the unknown scale of a block is called in draws and models: ``scale_clinic`` for ``C(clinic)``."""
    parts = (key,) if isinstance(key, str) else key
    inner = [re.sub(r"^(?:C\((.*)\)|\(\s*1\s*\|(.*)\))$", r"\1\2", part.strip()) for part in parts]
    return re.sub(r"\W+", "_", "_".join(["scale", *inner])).strip("_")


def columns_of(key: Key, names: Sequence[str]) -> list[int]:
    """Places of the columns that a key covers.

    Raises
    ------
    PriorError
        If there are none.
    """
    parts = (key,) if isinstance(key, str) else key
    return [j for part in parts for j in _columns_of_part(part, names)]


def _columns_of_part(part: str, names: Sequence[str]) -> list[int]:
    exact = [j for j, name in enumerate(names) if name == part]
    wanted = closed_up(part)
    matching = exact or [j for j, name in enumerate(names) if closed_up(term_of(name)) == wanted]
    if not matching:
        there = list(dict.fromkeys([*map(term_of, names), *names]))
        raise PriorError(
            f"no column, factor or term is called {part!r}; there are {there[:MOST_NAMED]}"
            f"{' and more' if len(there) > MOST_NAMED else ''}."
        )
    return matching


def closed_up(text: str) -> str:
    """The text without spaces."""
    return re.sub(r"\s+", "", text)


def require_each_once(blocks: dict[Key, list[int]], names: Sequence[str], *, rest: bool) -> list[int]:
    """Places of the columns that no block covers.

    Raises
    ------
    PriorError
        If a column is in two blocks, or in none where there is no prior for the rest.
    """
    owner: dict[int, Key] = {}
    for key, columns in blocks.items():
        for j in columns:
            if j in owner:
                raise PriorError(
                    f"the column {names[j]!r} is covered twice, by {owner[j]!r} and by {key!r}; leave it in one block."
                )
            owner[j] = key
    left = [j for j in range(len(names)) if j not in owner]
    if left and not rest:
        raise PriorError(
            f"no block covers {[names[j] for j in left[:MOST_NAMED]]}; name them too, or give a prior for all others: "
            "br.Blocks({…}, rest=br.Laplace(1.0))."
        )
    return left

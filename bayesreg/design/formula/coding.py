"""Terms to columns: which categories lose their first level, so that no column repeats what others span."""

from collections.abc import Iterator, Sequence
from itertools import product
from math import prod

import numpy as np

from bayesreg.design.formula.syntax import Node
from bayesreg.design.formula.terms import Term
from bayesreg.design.formula.values import Factor
from bayesreg.errors import DataError

MOST_COLUMNS, MOST_CATEGORIES = 2_000, 6

# A product of factors, each with whether its first level is left out.
type Part = tuple[tuple[Node, bool], ...]


def code_terms(terms: Sequence[Term], factors: dict[Node, Factor], *, intercept: bool) -> list[Part]:
    """Return the parts whose columns span the terms, each direction once, as patsy and formulaic do.

    A category spans the constant too. So a term spans the product of its factors with and without each of its
    categories; what earlier terms span is left out, and what remains is merged into as few parts as possible.

    Raises
    ------
    DataError
        If a term has too many categories, or all columns together are too many.
    """
    spanned: set[frozenset[tuple[Node, bool]]] = {frozenset()} if intercept else set()
    parts: list[Part] = []
    for term in terms:
        fresh = [part for part in _spanned_by(term, factors) if frozenset(part) not in spanned]
        spanned.update(map(frozenset, fresh))
        parts.extend(_merged(fresh))
    _check_count(parts, factors)
    return parts


def columns_of(parts: Sequence[Part], factors: dict[Node, Factor], n: int) -> tuple[list[str], np.ndarray]:
    """Return the names and the columns of parts, shape (n, p)."""
    p = sum(1 for part in parts for _ in _places(part, factors))
    names: list[str] = []
    try:
        # By columns, which is how they are filled.
        X: np.ndarray = np.ones((n, p), order="F")
    except MemoryError:
        raise DataError(f"this formula makes {p} columns of {n} rows, too many for the memory.") from None
    for part in parts:
        for places in _places(part, factors):
            chosen = list(zip(part, places, strict=True))
            for (node, _), j in chosen:
                X[:, len(names)] *= factors[node].column(j)
            names.append(":".join(factors[node].label(j, reduced=reduced) for (node, reduced), j in chosen))
    return names, X


def _spanned_by(term: Term, factors: dict[Node, Factor]) -> list[Part]:
    if sum(factors[node].is_category for node in term) > MOST_CATEGORIES:
        raise DataError(f"a product of more than {MOST_CATEGORIES} categories; paste them into one column first.")
    choices: list[list[Part]] = [
        [((node, True),), ()] if factors[node].is_category else [((node, False),)] for node in term
    ]
    return [tuple(pair for chosen in choice for pair in chosen) for choice in product(*choices)]


def _merged(parts: Sequence[Part]) -> list[Part]:
    """Apply (rest) + (rest without its first level):category = (rest):(category with all levels) until none is left."""
    merged: list[Part] = []
    for part in sorted(parts, key=len):
        for place, other in enumerate(merged):
            extra = set(part) - set(other)
            if len(part) == len(other) + 1 and len(extra) == 1 and all(reduced for _, reduced in extra):
                full = tuple((node, reduced and (node, reduced) not in extra) for node, reduced in part)
                merged = _merged([*merged[:place], *merged[place + 1 :], full])
                break
        else:
            merged.append(part)
    return merged


def _places(part: Part, factors: dict[Node, Factor]) -> Iterator[tuple[int, ...]]:
    """Which column of each factor makes each column of a part; the last factor varies slowest."""
    ranges = [range(int(reduced), len(factors[node].fields)) for node, reduced in part]
    return (places[::-1] for places in product(*reversed(ranges)))


def _check_count(parts: Sequence[Part], factors: dict[Node, Factor]) -> None:
    count = sum(prod(len(factors[node].fields) - reduced for node, reduced in part) for part in parts)
    if not 0 < count <= MOST_COLUMNS:
        raise DataError(
            f"this formula makes {count} columns; allowed: 1 to {MOST_COLUMNS}. Name other terms, merge rare levels, "
            "or give the columns as a (sparse) X."
        )

"""Terms to columns: which categories lose their first level, so that no column repeats what others span."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from math import prod
from typing import Any, Literal, get_args

import numpy as np

from bayesreg.design.formula.syntax import Levels, Node
from bayesreg.design.formula.terms import Term
from bayesreg.design.formula.values import Factor
from bayesreg.errors import DataError

MOST_COLUMNS, MOST_CATEGORIES = 2_000, 6

# How a category is coded: against its first level, against the mean of all levels, or by all of its levels.
type Coding = Literal["treatment", "sum", "one_hot"]
CODINGS: tuple[Coding, ...] = get_args(Coding.__value__)
# Beyond so many numbers, columns of which this share codes categories are kept sparse.
DENSE_NUMBERS, SPARSE_SHARE = 5_000_000, 0.9

# A product of factors, each with whether its first level is left out.
type Part = tuple[tuple[Node, bool], ...]


def read_coding(categorical: Any) -> Coding:
    """Check how categories are to be coded.

    Raises
    ------
    DataError
        If it is none of the codings.
    """
    if categorical not in CODINGS:
        raise DataError(f"categorical must be one of {list(CODINGS)}, got {categorical!r}.")
    return categorical


def code_terms(
    terms: Sequence[Term], factors: dict[Node, Factor], *, intercept: bool, coding: Coding = "treatment"
) -> list[Part]:
    """Return the parts whose columns span the terms, each direction once, as patsy and formulaic do.

    A category spans the constant too. So a term spans the product of its factors with and without each of its
    categories; what earlier terms span is left out, and what remains is merged into as few parts as possible.
    Under "one_hot" every category has all of its levels, which a prior keeps apart and treats alike.

    Raises
    ------
    DataError
        If a term has too many categories.
    """
    if coding == "one_hot":
        return [tuple((node, False) for node in term) for term in terms]
    spanned: set[frozenset[tuple[Node, bool]]] = {frozenset()} if intercept else set()
    parts: list[Part] = []
    for term in terms:
        if isinstance(term[0], Levels):
            parts.append(((term[0], False),))
            continue
        fresh = [part for part in _spanned_by(term, factors) if frozenset(part) not in spanned]
        spanned.update(map(frozenset, fresh))
        parts.extend(_merged(fresh))
    return parts


@dataclass(frozen=True, eq=False)
class CodedColumns:
    """Columns of parts.

    Attributes
    ----------
    names : list of str
    X : ndarray or scipy.sparse array, shape (n, p)
    is_code : ndarray of bool, shape (p,)
        Which columns are made of categories alone.
    is_level : ndarray of bool, shape (p,)
        Which columns are of ``(1|column)``.
    """

    names: list[str]
    X: Any
    is_code: np.ndarray
    is_level: np.ndarray


def columns_of(
    parts: Sequence[Part], factors: dict[Node, Factor], n: int, coding: Coding = "treatment"
) -> CodedColumns:
    """Return the columns of parts; they are sparse where they are many and mostly codes of categories.

    Raises
    ------
    DataError
        If the columns are too many for the memory.
    """
    chosen = [list(zip(part, places, strict=True)) for part in parts for places in _places(part, factors, coding)]
    names = [
        ":".join(factors[node].label(j, _mark(coding) if reduced else "") for (node, reduced), j in pairs)
        for pairs in chosen
    ]
    is_code = np.array([all(factors[node].is_category for (node, _), _ in pairs) for pairs in chosen], dtype=bool)
    is_level = np.array([isinstance(pairs[0][0][0], Levels) for pairs in chosen], dtype=bool)
    if coding != "sum" and n * len(names) > DENSE_NUMBERS and is_code.mean() > SPARSE_SHARE:
        return CodedColumns(names, _sparse(chosen, factors, n), is_code, is_level)
    try:
        # By columns, which is how they are filled.
        X: np.ndarray = np.ones((n, len(names)), order="F")
    except MemoryError:
        raise DataError(f"this formula makes {len(names)} columns of {n} rows, too many for the memory.") from None
    for k, pairs in enumerate(chosen):
        for (node, reduced), j in pairs:
            X[:, k] *= factors[node].contrast(j) if reduced and coding == "sum" else factors[node].column(j)
    return CodedColumns(names, X, is_code, is_level)


def _sparse(columns: Sequence[Sequence[tuple[tuple[Node, bool], int]]], factors: dict[Node, Factor], n: int) -> Any:
    """The same columns, of which only the rows that have a level are gone through and stored."""
    from scipy.sparse import csc_array

    rows, values = [], []
    for pairs in columns:
        codes = [(factors[node], j) for (node, _), j in pairs]
        first = next((factor for factor, _ in codes if factor.is_category), None)
        held = np.arange(n) if first is None else first.rows_of_levels[dict(codes)[first]]
        rows.append(held)
        values.append(np.prod([factor.column(j, held) for factor, j in codes], axis=0))
    starts = np.concatenate([[0], np.cumsum([len(held) for held in rows])])
    X = csc_array((np.concatenate(values), np.concatenate(rows), starts), shape=(n, len(columns)))
    X.eliminate_zeros()
    return X


def _mark(coding: Coding) -> str:
    """What the names of columns show that leave out a level."""
    return {"treatment": "T.", "sum": "S."}[coding]


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


def _places(part: Part, factors: dict[Node, Factor], coding: Coding) -> Iterator[tuple[int, ...]]:
    """Which column of each factor makes each column of a part; the last factor varies slowest."""
    counts = [(len(factors[node].fields), int(reduced)) for node, reduced in part]
    # A reduced category leaves out its last level where it is compared with all of them, else its first.
    ranges = [range(count - less) if coding == "sum" else range(less, count) for count, less in counts]
    return (places[::-1] for places in product(*reversed(ranges)))


def check_count(parts: Sequence[Part], factors: dict[Node, Factor]) -> None:
    """Refuse a formula without columns, and one of too many.

    Raises
    ------
    DataError
        With their number.
    """
    count = sum(prod(len(factors[node].fields) - reduced for node, reduced in part) for part in parts)
    if not 0 < count <= MOST_COLUMNS:
        raise DataError(
            f"this formula makes {count} columns; allowed: 1 to {MOST_COLUMNS}. Name other terms, merge rare levels, "
            "or give the columns as a (sparse) X."
        )

"""Groups of columns: by their labels, by names, or by the factors and formula terms that columns were made of."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from bayesreg.errors import PriorError
from bayesreg.priors.column_values import ColumnValues, per_column, validate_values
from bayesreg.priors.partition import Groups

GroupLabels = None | Mapping[str, tuple[str, ...]] | tuple[str, ...]
# The level of a factor, or the place in a basis, at the end of each part of a column's name.
_LEVEL = re.compile(r"\[.*?\](?=:|$)")


def read_groups(groups: Any) -> GroupLabels:
    """Check groups as they are given: nothing, the columns of each label, or the label of each column.

    Raises
    ------
    PriorError
        If they are anything else, or a column has two groups.
    """
    if groups is None:
        return None
    if isinstance(groups, Mapping):
        return _read_members(groups)
    if isinstance(groups, str) or not isinstance(groups, Sequence | np.ndarray) or np.ndim(groups) != 1:
        raise PriorError(_allowed(groups))
    if len(groups) == 0:
        raise PriorError(_allowed(groups))
    return tuple(str(label) for label in groups)


def _read_members(groups: Mapping[Any, Any]) -> dict[str, tuple[str, ...]]:
    members: dict[str, tuple[str, ...]] = {}
    for label, columns in groups.items():
        if isinstance(columns, str) or not isinstance(columns, Sequence | np.ndarray) or len(columns) == 0:
            raise PriorError(f"group {label!r} must list the names of its columns, got {columns!r}.")
        members[str(label)] = tuple(str(name) for name in columns)
    names = [name for columns in members.values() for name in columns]
    repeated = sorted({name for name in names if names.count(name) > 1})
    if not members or repeated:
        raise PriorError(
            f"groups must not overlap, but {repeated[:10]} are in two; give each column one group."
            if repeated
            else _allowed(groups)
        )
    return members


def _allowed(groups: object) -> str:
    return (
        'groups must be a mapping {"label": [column names]}, one label for each column, or None for the factors and '
        f"formula terms, got {groups!r}."
    )


def term_of(name: str) -> str:
    """The factor or formula term that a column was made of: its name without levels, itself for any other column."""
    return _LEVEL.sub("", name)


def group_labels(groups: GroupLabels, names: Sequence[str]) -> tuple[str, ...]:
    """The label of each column's group.

    Raises
    ------
    PriorError
        If labels are not as many as the columns, a name is no column, or a label is another column's name.
    """
    if groups is None:
        return tuple(term_of(name) for name in names)
    if isinstance(groups, tuple):
        if len(groups) != len(names):
            raise PriorError(f"groups has {len(groups)} labels for {len(names)} columns; give one for each column.")
        return groups
    labels = {name: label for label, members in groups.items() for name in _columns_of(label, members, names)}
    clash = [name for name in names if name not in labels and name in groups]
    if clash:
        raise PriorError(f"groups has the labels {clash[:5]}, which are names of columns outside; use other labels.")
    return tuple(labels.get(name, name) for name in names)


def _columns_of(label: str, members: tuple[str, ...], names: Sequence[str]) -> list[str]:
    """The columns that are named, a factor or formula term standing for all of its columns."""
    columns: list[str] = []
    for member in members:
        matching = [member] if member in names else [name for name in names if term_of(name) == member]
        if not matching:
            raise PriorError(f"group {label!r} names {member!r}, which is no column; they are {list(names)[:10]}.")
        columns += matching
    return columns


def partition_of(labels: Sequence[str]) -> Groups:
    """Columns of one label are one block; blocks count in the order in which they come."""
    order = {label: place for place, label in enumerate(dict.fromkeys(labels))}
    return Groups(np.array([order[label] for label in labels]))


def validate_group_values(values: object, what: str, *, zero_allowed: bool) -> ColumnValues:
    """One number, one for each label, or one for each column, which are alike within groups."""
    return validate_values(values, what, zero_allowed=zero_allowed)


def per_group(values: ColumnValues, labels: Sequence[str], what: str) -> np.ndarray:
    """The number of each column's group, shape (p,).

    Raises
    ------
    PriorError
        If labels are missing or unknown, or numbers differ within a group.
    """
    if isinstance(values, Mapping):
        distinct = list(dict.fromkeys(labels))
        by_label = dict(zip(distinct, per_column(values, distinct, f"{what} (by group)"), strict=True))
        return np.array([by_label[label] for label in labels], dtype=float)
    numbers = per_column(values, labels, what)
    blocks = partition_of(labels)
    if np.any(blocks.largest(numbers) != numbers):
        raise PriorError(f"{what} differs within a group, got {values!r}; give one number, or one for each group.")
    return numbers

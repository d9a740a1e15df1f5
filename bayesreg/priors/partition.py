"""Which coefficients a penalty joins: Σ λ·length over blocks, each a single coefficient or a group of them.

A length is |θ_j| or ‖θ_g‖₂. Both are their own dual norms, so that one noun serves a penalty's value, its
subdifferential and the bound of its dual points.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from functools import cached_property

import numpy as np

Array = np.ndarray


class Partition(ABC):
    """Partition of the elements of θ, with what a penalty Σ λ·length needs; arrays x have shape (..., q)."""

    @abstractmethod
    def lengths(self, x: Array) -> Array:
        """The length of each element's block, shape (..., q)."""

    @abstractmethod
    def shares(self, x: Array) -> Array:
        """The lengths, divided among the elements of each block so that they add up to them, shape (..., q)."""

    @abstractmethod
    def directions(self, x: Array) -> Array:
        """Gradient of the lengths, shape (..., q); where a length is 0, the subgradient of least norm, which is 0."""

    @abstractmethod
    def clipped(self, x: Array, bound: Array) -> Array:
        """The nearest point whose lengths are within a bound, shape (..., q)."""

    @abstractmethod
    def shrunk(self, x: Array, step: Array) -> Array:
        """Each block shortened by a step, shape (..., q): the proximal operator."""

    @abstractmethod
    def sums(self, x: Array) -> Array:
        """Sums over the elements of each block, shape (..., number of blocks)."""

    @abstractmethod
    def largest(self, x: Array) -> Array:
        """The largest element of each element's block, shape (..., q)."""

    @abstractmethod
    def part(self, at: Array) -> "Partition":
        """The blocks of some of the elements, which are whole ones."""

    @abstractmethod
    def appended(self, count: int) -> "Partition":
        """The same with a block of its own for each of `count` elements more."""


class Singles(Partition):
    """Every coefficient is a block."""

    def lengths(self, x: Array) -> Array:
        return np.abs(x)

    def shares(self, x: Array) -> Array:
        return np.abs(x)

    def directions(self, x: Array) -> Array:
        return np.sign(x)

    def clipped(self, x: Array, bound: Array) -> Array:
        return np.clip(x, -bound, bound)

    def shrunk(self, x: Array, step: Array) -> Array:
        return np.sign(x) * np.maximum(np.abs(x) - step, 0)

    def sums(self, x: Array) -> Array:
        return x

    def largest(self, x: Array) -> Array:
        return x

    def part(self, at: Array) -> Partition:
        return self

    def appended(self, count: int) -> Partition:
        return self


SINGLES = Singles()


@dataclass(frozen=True, eq=False)
class Groups(Partition):
    """Groups of coefficients.

    Attributes
    ----------
    index : ndarray of int, shape (q,)
        The group of each element; groups count from 0, and none is empty.
    """

    index: Array

    @cached_property
    def _order(self) -> Array:
        return np.argsort(self.index, kind="stable")

    @cached_property
    def _starts(self) -> Array:
        return np.flatnonzero(np.diff(self.index[self._order], prepend=-1))

    @cached_property
    def sizes(self) -> Array:
        """m_g for each element, shape (q,)."""
        return np.bincount(self.index)[self.index]

    @cached_property
    def members(self) -> list[Array]:
        """The positions of the elements of each group."""
        return np.split(self._order, self._starts[1:])

    def sums(self, x: Array) -> Array:
        return np.asarray(np.add.reduceat(x[..., self._order], self._starts, axis=-1))

    def largest(self, x: Array) -> Array:
        return np.asarray(np.maximum.reduceat(x[..., self._order], self._starts, axis=-1)[..., self.index])

    def lengths(self, x: Array) -> Array:
        # In units of the largest element, so that neither tiny nor huge ones are lost in their squares.
        unit = self.largest(np.abs(x))
        unit = np.where(unit > 0, unit, 1.0)
        return np.asarray(unit * np.sqrt(self.sums((x / unit) ** 2))[..., self.index])

    def directions(self, x: Array) -> Array:
        length = self.lengths(x)
        return np.divide(x, length, out=np.zeros_like(length), where=length > 0)

    def shares(self, x: Array) -> Array:
        return np.asarray(x * self.directions(x))

    def clipped(self, x: Array, bound: Array) -> Array:
        length = self.lengths(x)
        return np.asarray(x * np.divide(bound, length, out=np.ones_like(length), where=length > bound))

    def shrunk(self, x: Array, step: Array) -> Array:
        length = self.lengths(x)
        left = np.maximum(length - step, 0)
        return np.asarray(x * np.divide(left, length, out=np.zeros_like(length), where=length > 0))

    def part(self, at: Array) -> "Groups":
        return Groups(np.unique(self.index[at], return_inverse=True)[1])

    def appended(self, count: int) -> "Groups":
        return Groups(np.append(self.index, np.max(self.index) + 1 + np.arange(count)))

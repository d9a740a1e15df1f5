"""Bounds of coefficients: the box that a prior is truncated to, on the user's columns and as solvers see it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from bayesreg.errors import PriorError, UnsupportedError
from bayesreg.model.intercept import Intercept
from bayesreg.priors.base import Prior
from bayesreg.priors.column_values import as_numbers

Array = np.ndarray
ALLOWED = (
    "give a mapping from column names to pairs such as {'price': (None, 0)}, one pair for all columns, or one pair "
    "per column, with None for no bound"
)


class Box(NamedTuple):
    """lower ≤ θ ≤ upper, both of shape (q,); infinite where there is no bound."""

    lower: Array
    upper: Array

    def times(self, unit: Array) -> "Box":
        """The box of θ·unit."""
        return Box(self.lower * unit, self.upper * unit)

    def of(self, indices: Array) -> "Box":
        """The box of some elements."""
        return Box(self.lower[indices], self.upper[indices])

    def clip(self, theta: Array) -> Array:
        """The nearest point of the box, for θ of shape (..., q)."""
        return np.clip(theta, self.lower, self.upper)

    def holds(self, theta: Array) -> Array:
        """Whether points lie in the box, for θ of shape (..., q): shape (...)."""
        return np.all((theta >= self.lower) & (theta <= self.upper), axis=-1)


@dataclass(frozen=True, eq=False)
class Bounds:
    """Bounds of the coefficients on the user's columns.

    Attributes
    ----------
    lower, upper : ndarray, shape (p,)
        Infinite where there is no bound.
    """

    lower: Array
    upper: Array

    def __repr__(self) -> str:
        return f"Bounds({list(self.pairs)})"

    @property
    def pairs(self) -> tuple[tuple[float, float], ...]:
        """Lower and upper bound of each column."""
        return tuple(zip(self.lower.tolist(), self.upper.tolist(), strict=True))

    @property
    def given(self) -> list[tuple[float | None, float | None]]:
        """The same as they would be written, with None for no bound."""
        return [(None if low == -np.inf else low, None if high == np.inf else high) for low, high in self.pairs]

    @property
    def are_signs(self) -> bool:
        """Whether every bound is 0: a coefficient is free, not negative or not positive."""
        return bool(np.all(np.isin(self.lower, (0.0, -np.inf)) & np.isin(self.upper, (0.0, np.inf))))

    @property
    def admit_zero(self) -> bool:
        """Whether every coefficient may be 0."""
        return bool(np.all((self.lower <= 0) & (self.upper >= 0)))

    def coef(self, beta: Array, sd: Array) -> Array:
        """beta/sd, shape (..., p), which lies exactly at a bound where beta does."""
        box, coef = self.on(sd), np.clip(beta / sd, self.lower, self.upper)
        return np.where(beta <= box.lower, self.lower, np.where(beta >= box.upper, self.upper, coef))

    def on(self, sd: Array) -> Box:
        """The box of beta = sd·coef."""
        return Box(self.lower * sd, self.upper * sd)

    def of_theta(self, sd: Array, intercept: Intercept) -> Box:
        """The box of θ, which may hold the intercept."""
        box = self.on(sd)
        return Box(intercept.append(box.lower, -np.inf), intercept.append(box.upper, np.inf))

    def of(self, indices: Any) -> "Bounds":
        """The bounds of some columns."""
        return Bounds(self.lower[indices], self.upper[indices])

    def words(self, names: Sequence[str]) -> str:
        """In words, such as ``price ≤ 0``; one for all columns where they are the same."""
        parts = [_in_words(name, *pair) for name, pair in zip(names, self.pairs, strict=True)]
        if len(set(self.pairs)) == 1:
            return _in_words("every coefficient", *self.pairs[0])
        return ", ".join(part for part in parts if part)


def _in_words(name: str, lower: float, upper: float) -> str:
    if np.isinf(lower) and np.isinf(upper):
        return ""
    if np.isinf(lower):
        return f"{name} ≤ {upper:g}"
    return f"{name} ≥ {lower:g}" if np.isinf(upper) else f"{lower:g} ≤ {name} ≤ {upper:g}"


def read_bounds(bounds: Any, names: Sequence[str]) -> Bounds | None:
    """Bounds of the given columns from the argument of a regression; None where there are none.

    Raises
    ------
    PriorError
        If they are no pairs of numbers, a lower one is not below its upper one, or a name is unknown.
    """
    if bounds is None:
        return None
    pairs = bounds.pairs if isinstance(bounds, Bounds) else _pairs(bounds, names)
    if len(pairs) != len(names):
        raise PriorError(f"bounds has {len(pairs)} pairs for {len(names)} columns; {ALLOWED}.")
    parts = np.array([_pair(pair, name) for pair, name in zip(pairs, names, strict=True)]).reshape(-1, 2)
    if np.all(np.isinf(parts)):
        return None
    return Bounds(parts[:, 0], parts[:, 1])


def _pairs(bounds: Any, names: Sequence[str]) -> Sequence[Any]:
    """One pair per column."""
    if isinstance(bounds, Mapping):
        unknown = [str(name) for name in bounds if str(name) not in set(names)]
        if unknown or not bounds:
            raise PriorError(f"bounds has the unknown names {unknown[:5]}; the columns are {list(names)[:10]}.")
        given = {str(name): pair for name, pair in bounds.items()}
        return [given.get(name, (None, None)) for name in names]
    if isinstance(bounds, str) or not isinstance(bounds, Iterable):
        raise PriorError(f"bounds are no pairs, got {bounds!r}; {ALLOWED}.")
    parts = list(bounds)
    is_pair = len(parts) == 2 and all(part is None or np.ndim(part) == 0 for part in parts)
    return [tuple(parts)] * len(names) if is_pair else parts


def _pair(pair: Any, name: str) -> tuple[float, float]:
    if isinstance(pair, str) or not isinstance(pair, Iterable) or len(parts := list(pair)) != 2:
        raise PriorError(f"the bounds of {name} are no pair (lower, upper), got {pair!r}; {ALLOWED}.")
    lower, upper = (_number(part, name, missing) for part, missing in zip(parts, (-np.inf, np.inf), strict=True))
    if not lower < upper or lower == np.inf or upper == -np.inf:
        raise PriorError(
            f"the lower bound of {name} must be below its upper bound, got {pair!r}; for a fixed coefficient leave the "
            "column out and give offset=value*column."
        )
    return lower, upper


def _number(value: Any, name: str, missing: float) -> float:
    if value is None:
        return missing
    number = as_numbers(value, f"a bound of {name}")
    if number.ndim or np.isnan(number):
        raise PriorError(f"a bound of {name} must be a number or None, got {value!r}.")
    return float(number) + 0.0


def check_bounds(bounds: Bounds | None, prior: Prior, *, sigma_known: bool) -> None:
    """Refuse bounds that this prior is not truncated to.

    Raises
    ------
    UnsupportedError
        If the prior cannot be truncated, or the share of it within the bounds depends on an unknown scale.
    """
    if bounds is None:
        return
    if not prior.is_truncatable:
        raise UnsupportedError(
            f"bounds are not built for {prior.article} prior, {prior}; leave them out, or use Laplace, Normal or "
            "ElasticNetPrior."
        )
    if bounds.are_signs:
        return
    if prior.unknowns or (prior.scaled_by_sigma and not sigma_known):
        raise UnsupportedError(
            "bounds other than 0 need a prior of known scale, since the share of the prior between them depends on it: "
            "give scale (and sigma, if the prior is scaled by it) as numbers, or bounds such as (0, None)."
        )

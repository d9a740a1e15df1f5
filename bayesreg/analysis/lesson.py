"""The numbers of the lesson: one belief about the size of coefficients, said by a Laplace and by a Normal prior."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from bayesreg.analysis.strength_draws import draws_at_strengths
from bayesreg.errors import DataError, PriorError, UnsupportedError
from bayesreg.model.objective import require_columns_apart
from bayesreg.model.regression import Regression, check_regression
from bayesreg.model.strength import at_strength, strength_of
from bayesreg.optimize.path import Path, path
from bayesreg.priors.laplace import Laplace
from bayesreg.priors.normal import Normal
from bayesreg.sampling.arguments import read_count, read_seed

# By how much the prior's scale is divided, and the names of these strengths.
FACTORS = {"strong": 4.0, "middle": 1.0, "weak": 0.25}
# Per chain; as many as make a density look smooth.
DRAWS = 2000


@dataclass(frozen=True, eq=False)
class Side:
    """The regression under one of the two priors.

    Attributes
    ----------
    reg : Regression
        At the middle strength.
    strong : Regression
        At the strong one.
    scale : float
        Of the prior of the coefficient that is shown: Laplace b or Normal standard deviation s.
    path : Path
        Over all strengths.
    points : Path
        At the strong, middle and weak strength.
    draws : ndarray, shape (S, 3)
        Posterior draws of the coefficient that is shown, as beta, at the same strengths.
    """

    reg: Regression
    strong: Regression
    scale: float
    path: Path
    points: Path
    draws: np.ndarray


@dataclass(frozen=True, eq=False)
class Lesson:
    """Both sides.

    Attributes
    ----------
    laplace, normal : Side
    columns : tuple of two ints
        Of the budget.
    shown : int
        The column of which the posterior is drawn, one of the two.
    """

    laplace: Side
    normal: Side
    columns: tuple[int, int]
    shown: int

    @property
    def sides(self) -> tuple[Side, Side]:
        """Laplace, Normal."""
        return self.laplace, self.normal


def lesson(
    reg: Regression,
    columns: Sequence[str | int] | None = None,
    *,
    draws: int = DRAWS,
    random_seed: int | None = 0,
) -> Lesson:
    """Put a regression under a Laplace and a Normal prior of the same standard deviation, at three strengths.

    Laplace(0, b) has standard deviation √2·b, so Normal(0, √2·b) says as much about the size of a coefficient.
    At the strong and the weak strength both scales are divided and multiplied by 4.

    Parameters
    ----------
    reg : Regression
        Gaussian with known sigma, at least two columns, and a Laplace or Normal prior of known scale; its
        prior is one side and the middle strength.
    columns : sequence of two names or positions, optional
        By default the coefficient that is largest in the lasso's MAP, and among its exact zeros the one that a
        weaker penalty frees first (without any, the smallest).
    draws : int, optional
        Posterior draws per chain (of four) and strength.
    random_seed : int, optional

    Returns
    -------
    Lesson

    Raises
    ------
    UnsupportedError
        If the family is not Gaussian.
    PriorError
        If the prior is another one, or sigma or scale is unknown.
    DataError
        If there are not two such columns.
    """
    _check(reg)
    draws, random_seed = read_count("draws", draws, 2), read_seed(random_seed)
    laplace, normal = _both(reg)
    chosen = _default_columns(laplace) if columns is None else _read_columns(reg, columns)
    strengths = _strengths(laplace, 1)
    at_middle = path(laplace, [strengths[1]]).beta[0]
    first, second = chosen
    shown = first if at_middle[first] == 0 and at_middle[second] != 0 else second
    left, right = (_side(one, shown, draws, random_seed) for one in (laplace, normal))
    return Lesson(left, right, chosen, shown)


def _check(reg: Regression) -> None:
    check_regression(reg)
    reg.require_unbounded("the lesson")
    if not reg.is_gaussian:
        raise UnsupportedError(f"the lesson is drawn for the gaussian family, got {reg.family.name}.")
    if len(reg.prior.terms) != 1 or not reg.scale_known or reg.noise.sigma is None:
        raise PriorError(
            f"the lesson needs a Laplace or Normal prior of known scale and a known sigma, got {reg}; "
            "use reg.with_prior(br.Laplace(number)) and reg.with_sigma(number)."
        )
    require_columns_apart(reg, "the lesson")
    if reg.p < 2:
        raise DataError(f"the lesson needs at least two columns, got {list(reg.names)}.")


def _both(reg: Regression) -> tuple[Regression, Regression]:
    """The regression under either prior, columns keeping their own standard deviations."""
    scales, scaled = reg.scales, reg.prior.scaled_by_sigma
    sd = np.where(np.isfinite(scales.normal), scales.normal, np.sqrt(2) * scales.laplace)
    if np.any(np.isinf(sd)):
        raise PriorError("the lesson needs a prior of finite scale on every column.")
    return reg.with_prior(Laplace(sd / np.sqrt(2), scaled)), reg.with_prior(Normal(sd, scaled))


def _read_columns(reg: Regression, columns: Sequence[str | int]) -> tuple[int, int]:
    names = list(reg.names)
    given = list(columns) if isinstance(columns, Iterable) and not isinstance(columns, str) else [columns]
    places = [names.index(one) if isinstance(one, str) and one in names else one for one in given]
    good = [isinstance(one, int) and not isinstance(one, bool) and 0 <= one < reg.p for one in places]
    if len(places) != 2 or not all(good) or places[0] == places[1]:
        raise DataError(f"columns must name two of the {reg.p} columns, got {given[:10]!r} out of {names[:10]}.")
    return int(places[0]), int(places[1])


def _default_columns(laplace: Regression) -> tuple[int, int]:
    _, middle, weak = _strengths(laplace, 1)
    fits = path(laplace, np.concatenate([[middle], np.geomspace(middle, 1e-3 * weak, 60)[1:]]))
    first = int(np.argmax(np.abs(fits.beta[0])))
    # How far down the grid each coefficient leaves 0; a coefficient that never does counts as last.
    free = fits.beta != 0
    leaves = np.where(free.any(axis=0), np.argmax(free, axis=0), len(free)).astype(float)
    leaves[leaves == 0] = np.inf
    leaves[first] = np.inf
    if np.any(np.isfinite(leaves)):
        return first, int(np.argmin(leaves))
    sizes = np.abs(fits.beta[0])
    sizes[first] = np.inf
    return first, int(np.argmin(sizes))


def _strengths(reg: Regression, power: int) -> np.ndarray:
    """Strong, middle and weak, in ``half_rss``: a scale enters the penalty as 1/b, or as 1/s²."""
    return strength_of(reg) * np.array(list(FACTORS.values())) ** power


def _side(reg: Regression, shown: int, draws: int, random_seed: int | None) -> Side:
    strengths = _strengths(reg, reg.prior.scale_power)
    posterior = draws_at_strengths(reg, strengths, draws=draws, random_seed=random_seed)["posterior"]
    values = posterior["beta" if "beta" in posterior else "coef"].isel(coef_name=shown)
    assert reg.noise.sigma is not None
    scales = reg.scales.at(reg.noise.sigma)
    return Side(
        reg=reg,
        strong=at_strength(reg, float(strengths[0])),
        scale=float({"l1": scales.laplace, "l2": scales.normal}[reg.prior.terms[0]][shown]),
        path=path(reg),
        points=path(reg, strengths),
        draws=values.transpose("chain", "draw", "strength").to_numpy().reshape(-1, len(strengths)),
    )

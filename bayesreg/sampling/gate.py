"""The gate that draws must pass: R̂, effective sample sizes, distinct chains, no divergences.

It fails closed: what cannot be computed (the R̂ of a constant chain is NaN) does not pass.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from bayesreg.sampling.convergence import ess_bulk, ess_tail, rhat_and_ess, rhat_rank
from bayesreg.sampling.draws import Draws

LARGEST_RHAT, SMALLEST_ESS = 1.01, 400.0
# Fewer draws a chain than this are not judged at all.
FEWEST_DRAWS = 8
# Of independent draws, which are so by construction, no more columns than this are judged, evenly chosen.
MOST_JUDGED = 1_000
# Numbers that are ranked together, few enough for a processor's cache.
BLOCK_SIZE = 2**17


@dataclass(frozen=True)
class Diagnostics:
    """Worst values over all unknowns, and what is wrong in words.

    Attributes
    ----------
    rhat : float
        Largest rank-normalized split R̂ (Vehtari et al. 2021, doi:10.1214/20-BA1221); NaN if it cannot be computed.
    ess_bulk, ess_tail : float
        Smallest effective sample sizes.
    divergences : int
    problems : tuple of str
        Empty if the gate is passed.
    judged : int
        Columns whose draws were judged: all of them, unless independent draws are so many that a sample is.
    """

    rhat: float
    ess_bulk: float
    ess_tail: float
    divergences: int
    problems: tuple[str, ...]
    judged: int

    @property
    def attributes(self) -> dict[str, float | int | str]:
        """The findings as attributes of a DataTree."""
        values = {"rhat": self.rhat, "ess_bulk": self.ess_bulk, "ess_tail": self.ess_tail}
        counts = {"divergences": self.divergences, "judged_columns": self.judged}
        return {**values, **counts, "problems": "; ".join(self.problems)}

    @property
    def passed(self) -> bool:
        """Whether nothing is wrong."""
        return not self.problems


def diagnose(draws: Draws, *, sigma_known: bool, has_intercept: bool, independent: bool) -> Diagnostics:
    """Hold draws against the gate.

    Parameters
    ----------
    draws : Draws
    sigma_known, has_intercept : bool
        Which parts are unknown; what is known does not vary and is not judged.
    independent : bool
        Whether the draws are independent by construction, so that more draws are the only cure, and a sample of
        1,000 columns is judged where there are more.
    """
    judged = _judged(draws.beta.shape[-1], independent=independent)
    blocks = list(_blocks(draws, judged, sigma_known=sigma_known, has_intercept=has_intercept))
    rhat, bulk, tail = _worst(draws, blocks)
    divergences = int(np.sum(draws.stats.get("diverging", 0)))
    problems = []
    more = "take more draws" if independent else "take more draws or a longer warm-up (tune)"
    if not rhat < LARGEST_RHAT:
        few = (
            f"only {draws.sigma.shape[-1]} draws a chain"
            if draws.sigma.shape[-1] < FEWEST_DRAWS
            else "a chain does not move"
        )
        found = f"R-hat {rhat:.3f}" if np.isfinite(rhat) else f"R-hat cannot be computed ({few})"
        problems.append(f"{found}, allowed below {LARGEST_RHAT}: {more}")
    if not min(bulk, tail) > SMALLEST_ESS:
        problems.append(f"effective sample size {min(bulk, tail):.0f}, needed above {SMALLEST_ESS:.0f}: {more}")
    if _has_copies(blocks):
        problems.append("two chains are identical: give random_seed one integer, not one per chain")
    if divergences:
        of_sigma = "" if sigma_known else "scaled_by_sigma=True, a noise prior away from 0 (InverseGamma), "
        cure = f"use {of_sigma}a hyperprior away from 0, a RegularizedHorseshoe for a Horseshoe, or another engine"
        problems.append(f"{divergences} divergences: {cure}")
    return Diagnostics(rhat, bulk, tail, divergences, tuple(problems), len(judged))


def within_gate(rhat: np.ndarray, ess: np.ndarray) -> np.ndarray:
    """Whether the largest R-hat and the smallest effective sample size pass; not where they are NaN."""
    return np.asarray((np.asarray(rhat) < LARGEST_RHAT) & (np.asarray(ess) > SMALLEST_ESS))


def _judged(p: int, *, independent: bool) -> np.ndarray:
    """Which of p columns are judged."""
    if independent and p > MOST_JUDGED:
        return np.unique(np.linspace(0, p - 1, MOST_JUDGED).astype(int))
    return np.arange(p)


def _blocks(draws: Draws, judged: np.ndarray, *, sigma_known: bool, has_intercept: bool) -> Iterator[np.ndarray]:
    """Every unknown that is judged, in blocks of shape (k, C, D); no copies where all columns are."""
    step = max(1, BLOCK_SIZE // draws.sigma.size)
    beta = draws.beta if len(judged) == draws.beta.shape[-1] else draws.beta[..., judged]
    for start in range(0, len(judged), step):
        yield np.moveaxis(beta[..., start : start + step], -1, 0)
    others = [draws.at_center] if has_intercept else []
    others += [] if sigma_known else [draws.sigma]
    others += [] if draws.scale is None else [draws.scale]
    if others:
        yield np.stack(others)


def _worst(draws: Draws, blocks: list[np.ndarray]) -> tuple[float, float, float]:
    if draws.sigma.shape[-1] < FEWEST_DRAWS or not _all_finite(draws, blocks):
        return np.nan, np.nan, np.nan
    found = np.array([_worst_of(block) for block in blocks])
    # NaN, where something does not vary, is the worst of all.
    return float(found[:, 0].max()), float(found[:, 1].min()), float(found[:, 2].min())


def _worst_of(block: np.ndarray) -> tuple[float, float, float]:
    quantities = np.ascontiguousarray(block, dtype=float)
    if quantities.shape[1] > 1:
        rhat, bulk, tail = rhat_and_ess(quantities)
    else:
        # R-hat splits each chain in two itself; a single chain is split once more, since it needs two.
        half = quantities.shape[-1] // 2
        rhat = rhat_rank(quantities[..., : 2 * half].reshape(len(quantities), -1, half))
        bulk, tail = ess_bulk(quantities), ess_tail(quantities)
    return float(rhat.max()), float(bulk.min()), float(tail.min())


def _all_finite(draws: Draws, blocks: list[np.ndarray]) -> bool:
    """Whether all is finite, columns that are not judged too: a sum is finite only if all its terms are."""
    with np.errstate(invalid="ignore"):
        return bool(
            np.isfinite(np.sum(draws.beta, dtype=float)) and all(np.all(np.isfinite(block)) for block in blocks)
        )


def _has_copies(blocks: list[np.ndarray]) -> bool:
    chains = range(blocks[0].shape[1])
    return any(
        all(np.array_equal(block[:, a], block[:, b]) for block in blocks) for a in chains for b in chains if a < b
    )

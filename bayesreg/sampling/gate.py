"""The gate that draws must pass: R̂, effective sample sizes, distinct chains, no divergences.

Judged are all unknowns, the log density, and combinations of the coefficients: where these are correlated each may move
while their sum hardly does.

It fails closed: what cannot be computed (the R̂ of a constant chain is NaN) does not pass.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from bayesreg.model.unknowns import Unknowns
from bayesreg.sampling.convergence import ess_bulk, ess_tail, rhat_and_ess, rhat_rank
from bayesreg.sampling.draws import Run

LARGEST_RHAT, SMALLEST_ESS = 1.01, 400.0
# Fewer draws a chain than this are not judged at all.
FEWEST_DRAWS = 8
# Of independent draws, which are so by construction, no more columns than this are judged, evenly chosen.
MOST_JUDGED = 1_000
# Combinations of coefficients that are judged: so many random ones, and so many that vary most, by power iteration.
COMBINATIONS, PASSES = 4, 8
# Numbers of draws that a pass looks at.
MOST_IN_PASSES = 2**24
# Groups of draws are told apart where each has at least this share, and less spread than the gap between them.
SMALLEST_SHARE = 0.01
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
    modes : str
        Groups that draws of sigma or of the prior's scale fall into, with nothing between; empty if there is one.
    """

    rhat: float
    ess_bulk: float
    ess_tail: float
    divergences: int
    problems: tuple[str, ...]
    judged: int
    modes: str = ""

    @property
    def attributes(self) -> dict[str, float | int | str]:
        """The findings as attributes of a DataTree."""
        values = {"rhat": self.rhat, "ess_bulk": self.ess_bulk, "ess_tail": self.ess_tail}
        counts = {"divergences": self.divergences, "judged_columns": self.judged}
        return {**values, **counts, "modes": self.modes, "problems": "; ".join(self.problems)}

    @property
    def passed(self) -> bool:
        """Whether nothing is wrong."""
        return not self.problems


def diagnose(run: Run, *, sigma_known: bool, has_intercept: bool, independent: bool) -> Diagnostics:
    """Judge the draws of a run.

    Parameters
    ----------
    run : Run
    sigma_known, has_intercept : bool
        Which parts are unknown; what is known does not vary and is not judged.
    independent : bool
        Whether the draws are independent by construction, so that more draws are the only cure, and a sample of
        1,000 columns is judged where there are more.
    """
    draws = run.draws
    judged = _judged(draws.beta.shape[-1], independent=independent)
    blocks = list(_blocks(run, judged, sigma_known=sigma_known, has_intercept=has_intercept))
    rhat, bulk, tail = _worst(draws, blocks)
    divergences = int(np.sum(run.stats.get("diverging", 0)))
    problems = []
    more = "take more draws" if independent else "take more draws or a longer warm-up (tune)"
    if not rhat < LARGEST_RHAT:
        words = (
            _apart(rhat, LARGEST_RHAT, 3) if np.isfinite(rhat) else f"cannot be computed ({_obstacle(draws, blocks)})"
        )
        problems.append(f"R-hat {words}, allowed below {LARGEST_RHAT}: {more}")
    if not min(bulk, tail) > SMALLEST_ESS:
        least = _apart(min(bulk, tail), SMALLEST_ESS, 0)
        problems.append(f"effective sample size {least}, needed above {SMALLEST_ESS:.0f}: {more}")
    modes = _modes(draws)
    if modes and problems:
        problems.append(
            f"more than one mode ({modes}), which chains do not cross between often enough to tell how much of the "
            "posterior lies at each: more draws are no cure; scaled_by_sigma=True leaves a Laplace prior one mode"
        )
    if _has_copies(blocks):
        problems.append("two chains are identical: give random_seed one integer, not one per chain")
    if divergences:
        of_sigma = "" if sigma_known else "scaled_by_sigma=True, a noise prior away from 0 (InverseGamma), "
        cure = f"use {of_sigma}a hyperprior away from 0, a RegularizedHorseshoe for a Horseshoe, or another engine"
        problems.append(f"{divergences} divergences: {cure}")
    return Diagnostics(rhat, bulk, tail, divergences, tuple(problems), len(judged), modes)


def within_gate(rhat: np.ndarray, ess: np.ndarray) -> np.ndarray:
    """Whether the largest R-hat and the smallest effective sample size pass; not where they are NaN."""
    return np.asarray((np.asarray(rhat) < LARGEST_RHAT) & (np.asarray(ess) > SMALLEST_ESS))


def _obstacle(draws: Unknowns, blocks: list[np.ndarray]) -> str:
    """Why there is no R̂."""
    if draws.sigma.shape[-1] < FEWEST_DRAWS:
        return f"only {draws.sigma.shape[-1]} draws a chain"
    return "a chain does not move" if _all_finite(draws, blocks) else "draws, or their log density, are not finite"


def _apart(value: float, limit: float, digits: int) -> str:
    """The value, with as many digits more as it needs not to read as the limit."""
    while digits < 16 and value != limit and float(f"{value:.{digits}f}") == limit:
        digits += 1
    return f"{value:.{digits}f}"


def _modes(draws: Unknowns) -> str:
    """Groups of draws of sigma, and of the prior's unknowns, in words."""
    scales = {"sigma": draws.sigma} | _scalars(draws)
    return ", ".join(words for name, values in scales.items() if (words := _groups(name, values)))


def _scalars(draws: Unknowns) -> dict[str, np.ndarray]:
    """The prior's unknowns that have one value a draw."""
    return {name: values for name, values in draws.hyperparameters.items() if values.ndim == draws.sigma.ndim}


def _groups(name: str, values: np.ndarray) -> str:
    """Two groups on either side of the widest gap of the logs, if it is wider than the bulk of each."""
    ordered = np.sort(values, axis=None).astype(float)
    few = int(np.ceil(SMALLEST_SHARE * len(ordered)))
    if not (ordered[0] > 0 and np.isfinite(ordered[-1])) or len(ordered) < 2 * max(few, 2):
        return ""
    logs = np.log(ordered)
    at = few + int(np.argmax(np.diff(logs)[few - 1 : len(logs) - few]))
    sides = logs[:at], logs[at:]
    spread = max(float(np.subtract(*np.quantile(side, (0.95, 0.05)))) for side in sides)
    # What does not vary, such as a known sigma or chains that stand still, has a spread of 0.
    if not logs[at] - logs[at - 1] > spread or spread == 0:
        return ""
    return f"{name} near " + " and ".join(
        f"{np.exp(np.median(side)):.4g} in {len(side) / len(logs):.0%} of the draws" for side in sides
    )


def _judged(p: int, *, independent: bool) -> np.ndarray:
    """Which of p columns are judged."""
    if independent and p > MOST_JUDGED:
        return np.unique(np.linspace(0, p - 1, MOST_JUDGED).astype(int))
    return np.arange(p)


def _blocks(run: Run, judged: np.ndarray, *, sigma_known: bool, has_intercept: bool) -> Iterator[np.ndarray]:
    """Every unknown that is judged, in blocks of shape (k, C, D); no copies where all columns are."""
    draws = run.draws
    step = max(1, BLOCK_SIZE // draws.sigma.size)
    beta = draws.beta if len(judged) == draws.beta.shape[-1] else draws.beta[..., judged]
    for start in range(0, len(judged), step):
        yield np.moveaxis(beta[..., start : start + step], -1, 0)
    if draws.beta.shape[-1] > 1:
        yield _combinations(draws.beta)
    others = [draws.at_center] if has_intercept else []
    others += [run.stats["lp"]] if "lp" in run.stats else []
    others += [] if sigma_known else [draws.sigma]
    others += list(_scalars(draws).values())
    if others:
        yield np.stack(others)


def _combinations(beta: np.ndarray) -> np.ndarray:
    """Combinations of the coefficients, each in units of its standard deviation, (k, C, D); the same for all seeds."""
    with np.errstate(invalid="ignore", over="ignore"):
        mean, sd = beta.mean(axis=(0, 1), dtype=float), beta.std(axis=(0, 1), dtype=float)
        unit = 1.0 / np.where((sd > 0) & np.isfinite(sd), sd, np.inf)
        random = np.random.default_rng(0).standard_normal((beta.shape[-1], COMBINATIONS))
        step = -(-beta.size // MOST_IN_PASSES)
        directions = np.hstack([random, _widest(beta[:, ::step], mean, unit, random)])
        return np.stack([_project(chain, mean, unit, directions).T for chain in beta], axis=1)


def _widest(beta: np.ndarray, mean: np.ndarray, unit: np.ndarray, directions: np.ndarray) -> np.ndarray:
    """Directions in which draws vary most, roughly: what hardly moves along a chain is often among them."""
    if not np.all(np.isfinite(mean)):
        return directions
    for _ in range(PASSES):
        along = [_project(chain, mean, unit, directions) for chain in beta]
        back = sum(chain.T @ part - np.outer(mean, part.sum(axis=0)) for chain, part in zip(beta, along, strict=True))
        directions, _ = np.linalg.qr(unit[:, None] * back)
    return directions


def _project(chain: np.ndarray, mean: np.ndarray, unit: np.ndarray, directions: np.ndarray) -> np.ndarray:
    """Draws (D, p) along directions (p, k), in units of each coefficient, without a copy of the draws."""
    weights = unit[:, None] * directions
    return np.asarray(chain @ weights - mean @ weights, dtype=float)


def _worst(draws: Unknowns, blocks: list[np.ndarray]) -> tuple[float, float, float]:
    if draws.sigma.shape[-1] < FEWEST_DRAWS or not _all_finite(draws, blocks):
        return np.nan, np.nan, np.nan
    worst = np.array([_worst_of(block) for block in blocks])
    # NaN, where something does not vary, is the worst of all.
    return float(worst[:, 0].max()), float(worst[:, 1].min()), float(worst[:, 2].min())


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


def _all_finite(draws: Unknowns, blocks: list[np.ndarray]) -> bool:
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

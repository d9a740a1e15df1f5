"""The gate that draws must pass: R̂, effective sample sizes, distinct chains, no divergences.

It fails closed: what cannot be computed (the R̂ of a constant chain is NaN) does not pass.
"""

from dataclasses import dataclass

import numpy as np

from bayesreg.sampling.convergence import ess_bulk, ess_tail, rhat_rank
from bayesreg.sampling.draws import Draws

LARGEST_RHAT, SMALLEST_ESS = 1.01, 400.0
# Fewer draws a chain than this are not judged at all.
FEWEST_DRAWS = 8


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
    """

    rhat: float
    ess_bulk: float
    ess_tail: float
    divergences: int
    problems: tuple[str, ...]

    @property
    def attributes(self) -> dict[str, float | int | str]:
        """The findings as attributes of a DataTree."""
        values = {"rhat": self.rhat, "ess_bulk": self.ess_bulk, "ess_tail": self.ess_tail}
        return {**values, "divergences": self.divergences, "problems": "; ".join(self.problems)}

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
        Whether the draws are independent by construction, so that more draws are the only cure.
    """
    quantities = _quantities(draws, sigma_known=sigma_known, has_intercept=has_intercept)
    rhat, bulk, tail = _worst(quantities)
    divergences = int(np.sum(draws.stats.get("diverging", 0)))
    problems = []
    more = "take more draws" if independent else "take more draws or a longer warm-up (tune)"
    if not rhat < LARGEST_RHAT:
        few = (
            f"only {quantities.shape[-1]} draws a chain"
            if quantities.shape[-1] < FEWEST_DRAWS
            else "a chain does not move"
        )
        found = f"R-hat {rhat:.3f}" if np.isfinite(rhat) else f"R-hat cannot be computed ({few})"
        problems.append(f"{found}, allowed below {LARGEST_RHAT}: {more}")
    if not min(bulk, tail) > SMALLEST_ESS:
        problems.append(f"effective sample size {min(bulk, tail):.0f}, needed above {SMALLEST_ESS:.0f}: {more}")
    if _has_copies(quantities):
        problems.append("two chains are identical: give random_seed one integer, not one per chain")
    if divergences:
        cure = "use scaled_by_sigma=True, a noise prior or hyperprior away from 0 (InverseGamma), or another engine"
        problems.append(f"{divergences} divergences: {cure}")
    return Diagnostics(rhat, bulk, tail, divergences, tuple(problems))


def _quantities(draws: Draws, *, sigma_known: bool, has_intercept: bool) -> np.ndarray:
    """Every unknown, shape (k, C, D)."""
    parts = [np.moveaxis(draws.beta, -1, 0)]
    if has_intercept:
        parts.append(draws.at_center[None])
    if not sigma_known:
        parts.append(draws.sigma[None])
    if draws.scale is not None:
        parts.append(draws.scale[None])
    return np.concatenate(parts)


def _worst(quantities: np.ndarray) -> tuple[float, float, float]:
    if quantities.shape[-1] < FEWEST_DRAWS or not np.all(np.isfinite(quantities)):
        return np.nan, np.nan, np.nan
    halves = quantities[..., : quantities.shape[-1] // 2 * 2].reshape(len(quantities), -1, quantities.shape[-1] // 2)
    # R-hat splits each chain in two itself; a single chain is split once more, since it needs two.
    compared = quantities if quantities.shape[1] > 1 else halves
    worst = rhat_rank(compared).max(), ess_bulk(quantities).min(), ess_tail(quantities).min()
    return float(worst[0]), float(worst[1]), float(worst[2])


def _has_copies(quantities: np.ndarray) -> bool:
    chains = [np.ascontiguousarray(quantities[:, c]).tobytes() for c in range(quantities.shape[1])]
    return len(set(chains)) < len(chains)

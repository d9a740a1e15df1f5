"""R̂ and effective sample sizes of many quantities at once (Vehtari et al. 2021, doi:10.1214/20-BA1221).

From 11 draws a chain they are ArviZ's, number for number, without the seconds that importing arviz_stats takes;
unlike there, what does not vary has no effective size (NaN), so that a gate on it fails closed.
"""

from functools import lru_cache
from typing import NamedTuple

import numpy as np
from scipy.fft import irfft, next_fast_len, rfft
from scipy.special import ndtri

TAIL = (0.05, 0.95)
# Autocovariances are computed up to this share of the chain first, and to its end where they have not died out there.
FIRST_LAGS, FEWEST_LAGS = 0.1, 16


class _Chains(NamedTuple):
    """Means and variances of chains of D draws, both of shape (k, C), and the draws less their mean, (k, C, D)."""

    means: np.ndarray
    variances: np.ndarray
    away: np.ndarray


def rhat_rank(quantities: np.ndarray) -> np.ndarray:
    """Rank-normalized split R̂, the larger of bulk and folded; quantities (k, C, D) with C > 1 give shape (k,)."""
    return np.maximum(*(_rhat(_chains(scores)) for scores in _z_scale_both(_split(quantities))[:2]))


def ess_bulk(quantities: np.ndarray) -> np.ndarray:
    """Effective sample size of the rank-normalized draws, shape (k,)."""
    return _ess(_chains(_z_scale_both(_split(quantities))[0]))


def ess_tail(quantities: np.ndarray) -> np.ndarray:
    """The smaller of the effective sample sizes of the 5% and the 95% quantile, shape (k,)."""
    return _ess_below(_split(quantities), np.quantile(quantities, TAIL, axis=(1, 2)))


def rhat_and_ess(quantities: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """R̂, bulk and tail effective sample sizes from one sort of each quantity, each of shape (k,)."""
    split = _split(quantities)
    scores, folded, ordered = _z_scale_both(split)
    # A chain of odd length loses its middle draw when it is split, but not for its quantiles.
    whole = split.size == quantities.size
    ends = _quantiles(ordered) if whole else np.quantile(quantities, TAIL, axis=(1, 2))
    bulk = _chains(scores)
    return np.maximum(_rhat(bulk), _rhat(_chains(folded))), _ess(bulk), _ess_below(split, ends)


def _split(quantities: np.ndarray) -> np.ndarray:
    half = quantities.shape[-1] // 2
    return np.concatenate([quantities[..., :half], quantities[..., -half:]], axis=1)


def _z_scale_both(split: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Normal scores of the draws and of their distances from the median, and the draws in ascending order (k, C·D)."""
    flat = split.reshape(len(split), -1)
    bulk, folded, ordered = np.empty(flat.shape), np.empty(flat.shape), np.empty(flat.shape)
    for k, row in enumerate(flat):
        order = np.argsort(row)
        values = np.take(row, order, out=ordered[k])
        bulk[k, order] = _scores(values)
        middle = 0.5 * (values[(len(row) - 1) // 2] + values[len(row) // 2])
        below = int(np.searchsorted(values, middle))
        # Two ascending runs, which a stable sort only has to merge.
        distance = np.concatenate([middle - values[:below][::-1], values[below:] - middle])
        merged = np.argsort(distance, kind="stable")
        order = np.concatenate([order[:below][::-1], order[below:]])
        folded[k, order[merged]] = _scores(distance[merged])
    return bulk.reshape(split.shape), folded.reshape(split.shape), ordered


def _scores(ordered: np.ndarray) -> np.ndarray:
    """Normal scores of the average ranks of values in ascending order."""
    alone, new = _scores_without_ties(len(ordered)), ordered[1:] != ordered[:-1]
    if new.all():
        return alone
    edges = np.flatnonzero(np.concatenate([[True], new, [True]]))
    runs = np.diff(edges)
    tied = runs > 1
    scores = alone.copy()
    scores[np.repeat(tied, runs)] = np.repeat(
        _score(0.5 * (edges[:-1] + edges[1:] + 1)[tied], len(ordered)), runs[tied]
    )
    return scores


@lru_cache(maxsize=2)
def _scores_without_ties(size: int) -> np.ndarray:
    return _score(np.arange(1.0, size + 1), size)


def _score(rank: np.ndarray, size: int) -> np.ndarray:
    return np.asarray(ndtri((rank - 0.375) / (size + 0.25)))


def _quantiles(ordered: np.ndarray) -> np.ndarray:
    """NumPy's quantiles of values in ascending order, shape (2, k)."""
    place = np.array(TAIL) * (ordered.shape[1] - 1)
    low = place.astype(int)
    left, right, share = ordered[:, low].T, ordered[:, low + 1].T, (place - low)[:, None]
    step = right - left
    return np.where(share < 0.5, left + step * share, right - step * (1 - share))


def _chains(split: np.ndarray) -> _Chains:
    means = split.mean(axis=2)
    away = split - means[..., None]
    return _Chains(means, np.einsum("kcd,kcd->kc", away, away) / (split.shape[2] - 1), away)


def _rhat(chains: _Chains) -> np.ndarray:
    draws = chains.away.shape[-1]
    between = draws * np.var(chains.means, axis=1, ddof=1)
    within = np.mean(chains.variances, axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.sqrt((between / within + draws - 1) / draws)


def _ess_below(split: np.ndarray, ends: np.ndarray) -> np.ndarray:
    """The smaller of the effective sample sizes of being at most each end, shape (k,)."""
    return np.minimum(*(_ess(_chains((split <= end[:, None, None]).astype(float))) for end in ends))


def _ess(chains: _Chains) -> np.ndarray:
    """Effective sample sizes by Geyer's initial monotone sequence, shape (k,)."""
    draws = chains.away.shape[-1]
    some = min(draws, max(FEWEST_LAGS, int(FIRST_LAGS * draws)))
    sizes, done = _sizes(_correlations(chains, some), chains.means.shape[1] * draws)
    if not np.all(done):
        rest = _Chains(*(part[~done] for part in chains))
        sizes[~done], _ = _sizes(_correlations(rest, draws), chains.means.shape[1] * draws)
    return sizes


def _correlations(chains: _Chains, lags: int) -> np.ndarray:
    """Autocorrelations at the first lags, within and between chains, shape (k, lags)."""
    count, draws = chains.away.shape[1:]
    length = next_fast_len(draws + lags, real=True)
    spectrum = rfft(chains.away, n=length, axis=-1)
    # The transform is linear, so that the mean of the chains can be taken before it.
    power = np.einsum("kcf,kcf->kf", spectrum.real, spectrum.real) + np.einsum(
        "kcf,kcf->kf", spectrum.imag, spectrum.imag
    )
    covariance = irfft(power / count, n=length, axis=-1)[:, :lags] / draws
    within = np.mean(chains.variances, axis=1)
    total = within * (draws - 1) / draws + (np.var(chains.means, axis=1, ddof=1) if count > 1 else 0.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        correlation = 1 - (within[:, None] - covariance) / total[:, None]
    correlation[:, 0] = 1.0
    return np.asarray(correlation)


def _sizes(correlation: np.ndarray, size: int) -> tuple[np.ndarray, np.ndarray]:
    """Effective sizes of `size` draws, and whether the correlations have died out (or are not numbers), (k,) both."""
    lags = correlation.shape[1]
    pairs = correlation[:, : lags // 2 * 2].reshape(len(correlation), -1, 2).sum(axis=2)[:, : max(1, (lags - 1) // 2)]
    died = np.any(pairs <= 0, axis=1)
    stop = np.maximum(np.where(died, np.argmax(pairs <= 0, axis=1), pairs.shape[1] - 1), 1)
    monotone = np.cumsum(np.minimum.accumulate(pairs[:, : stop.max()], axis=1), axis=1)
    rows = np.arange(len(correlation))
    tau = -1 + 2 * monotone[rows, stop - 1] + np.maximum(correlation[rows, 2 * stop], 0.0)
    varies = np.all(np.isfinite(correlation), axis=1)
    return np.where(varies, size / np.maximum(tau, 1 / np.log10(size)), np.nan), died | ~varies

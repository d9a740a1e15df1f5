"""R̂ and effective sample sizes of many quantities at once (Vehtari et al. 2021, doi:10.1214/20-BA1221).

They are ArviZ's, number for number, without the seconds that importing arviz_stats takes; unlike there,
what does not vary has no effective size (NaN), so that a gate on it fails closed.
"""

import numpy as np
from scipy.fft import irfft, next_fast_len, rfft
from scipy.special import ndtri

TAIL = (0.05, 0.95)


def rhat_rank(quantities: np.ndarray) -> np.ndarray:
    """Rank-normalized split R̂, the larger of bulk and folded; quantities (k, C, D) with C > 1 give shape (k,)."""
    return np.maximum(*(_rhat(scores) for scores in _z_scale_both(_split(quantities))))


def ess_bulk(quantities: np.ndarray) -> np.ndarray:
    """Effective sample size of the rank-normalized draws, shape (k,)."""
    return _ess(_z_scale(_split(quantities)))


def rhat_and_ess_bulk(quantities: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """R̂ and bulk effective sample size, which share the ranks, each of shape (k,)."""
    bulk, folded = _z_scale_both(_split(quantities))
    return np.maximum(_rhat(bulk), _rhat(folded)), _ess(bulk)


def ess_tail(quantities: np.ndarray) -> np.ndarray:
    """The smaller of the effective sample sizes of the 5% and the 95% quantile, shape (k,)."""
    ends = np.quantile(quantities, TAIL, axis=(1, 2))
    sizes = [_ess(_split(quantities <= end[:, None, None]).astype(float)) for end in ends]
    return np.minimum(*sizes)


def _split(quantities: np.ndarray) -> np.ndarray:
    half = quantities.shape[-1] // 2
    return np.concatenate([quantities[..., :half], quantities[..., -half:]], axis=1)


def _z_scale(quantities: np.ndarray) -> np.ndarray:
    """Normal scores of the average ranks among all draws of a quantity."""
    flat = quantities.reshape(len(quantities), -1)
    scores = _scores(flat.shape[1])
    found = np.empty(flat.shape)
    for row, into in zip(flat, found, strict=True):
        order = np.argsort(row)
        into[order] = scores[_double_ranks(row[order])]
    return found.reshape(quantities.shape)


def _z_scale_both(split: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Normal scores of the draws and of their distances from the median, from one sort of each quantity."""
    flat = split.reshape(len(split), -1)
    scores, middle = _scores(flat.shape[1]), np.median(flat, axis=1)
    bulk, folded = np.empty(flat.shape), np.empty(flat.shape)
    for k, row in enumerate(flat):
        order = np.argsort(row)
        bulk[k, order] = scores[_double_ranks(row[order])]
        below = int(np.searchsorted(row[order], middle[k]))
        # Two ascending runs, which a stable sort only has to merge.
        order = np.concatenate([order[:below][::-1], order[below:]])
        distance = np.abs(row[order] - middle[k])
        merged = np.argsort(distance, kind="stable")
        folded[k, order[merged]] = scores[_double_ranks(distance[merged])]
    return bulk.reshape(split.shape), folded.reshape(split.shape)


def _scores(size: int) -> np.ndarray:
    """Normal scores at the ranks 0, ½, 1, … `size`."""
    return ndtri((np.maximum(np.arange(2 * size + 1), 1) / 2 - 0.375) / (size + 0.25))


def _double_ranks(ordered: np.ndarray) -> np.ndarray:
    """Twice the average ranks of values in ascending order, as whole numbers."""
    new = np.concatenate([[True], ordered[1:] != ordered[:-1]])
    if new.all():
        return 2 * np.arange(1, len(ordered) + 1)
    starts = np.flatnonzero(new)
    ends = np.append(starts[1:], len(ordered))
    return np.repeat(starts + ends + 1, ends - starts)


def _rhat(split: np.ndarray) -> np.ndarray:
    draws = split.shape[-1]
    between = draws * np.var(split.mean(axis=2), axis=1, ddof=1)
    within = np.mean(np.var(split, axis=2, ddof=1), axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.sqrt((between / within + draws - 1) / draws)


def _ess(split: np.ndarray) -> np.ndarray:
    """Effective sample sizes by Geyer's initial monotone sequence, shape (k,)."""
    chains, draws = split.shape[1:]
    covariance = _autocovariance(split)
    within = covariance[:, :, 0].mean(axis=1) * draws / (draws - 1)
    total = within * (draws - 1) / draws + (np.var(split.mean(axis=2), axis=1, ddof=1) if chains > 1 else 0.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        correlation = 1 - (within[:, None] - covariance.mean(axis=1)) / total[:, None]
    correlation[:, 0] = 1.0
    return np.array([_size(row, chains * draws) for row in correlation])


def _size(correlation: np.ndarray, size: int) -> float:
    if not np.all(np.isfinite(correlation)):
        return np.nan
    pairs = correlation[: len(correlation) // 2 * 2].reshape(-1, 2).sum(axis=1)[: max(1, (len(correlation) - 1) // 2)]
    negative = np.flatnonzero(pairs <= 0)
    stop = int(negative[0]) if len(negative) else len(pairs) - 1
    monotone = np.minimum.accumulate(pairs[: max(stop, 1)])
    tau = -1 + 2 * float(monotone.sum()) + max(float(correlation[2 * max(stop, 1)]), 0.0)
    return size / max(tau, 1 / np.log10(size))


def _autocovariance(split: np.ndarray) -> np.ndarray:
    draws = split.shape[-1]
    length = next_fast_len(2 * draws)
    spectrum = rfft(split - split.mean(axis=-1, keepdims=True), n=length, axis=-1)
    return irfft(np.abs(spectrum) ** 2, n=length, axis=-1)[..., :draws] / draws

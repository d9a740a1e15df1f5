"""The evidence of a Laplace prior along its strengths, by path sampling with an error that counts all of it."""

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from bayesreg.errors import ConvergenceError, SamplerWarning
from bayesreg.priors.normal import Normal
from bayesreg.sampling.convergence import ess_bulk, rhat_rank
from bayesreg.sampling.engine import draw_posterior
from bayesreg.sampling.exact.posterior import exact_posterior
from bayesreg.selection.axis import Axis
from bayesreg.selection.choice import Curve
from bayesreg.selection.prior_knowledge import column_squares

# The default grid: each of its steps is halved at least once.
SAMPLED_POINTS = 13
# It reaches from three times the strength of all zeros down to this share of it.
STRONGEST, WEAKEST = 3.0, 1e-4
# It ends where the log evidence is this far below its best.
FALL = 20.0
# The integral starts where the data move the log evidence by less than this: at known sigma to first order in it,
# else by less than a tenth of it.
NEGLIGIBLE = 0.03
# A step is halved until halving it moves its integral by no more than this and the Monte Carlo error, or so often.
TOLERANCE, HALVINGS = 0.03, 9
# Halving divides the error of a smooth curve by 16; of what it moved, this share is stated as error.
SHARE = 0.25


@dataclass(frozen=True, eq=False)
class Score:
    """Derivative of log p(y | λ) in log λ at one strength, and the next one.

    With S = Σ_j |β_j|/b_j over the p columns that have a Laplace prior, they are p − E[S] and
    Var[S] − E[S], expectations being those of the posterior.

    Attributes
    ----------
    covariance : ndarray, shape (2, 2)
        Of the Monte Carlo errors of E[S] and Var[S].
    """

    strength: float
    slope: float
    curvature: float
    covariance: np.ndarray
    mean: float
    rhat: float

    @property
    def error(self) -> float:
        """Monte Carlo standard error of the slope."""
        return float(self.covariance[0, 0] ** 0.5)

    def variance(self, slope: float, curvature: float) -> float:
        """Monte Carlo variance of slope·(the slope) + curvature·(the curvature)."""
        along = np.array([-slope - curvature, curvature])
        return float(along @ self.covariance @ along)


def score(axis: Axis, strength: float, sampling: dict[str, Any]) -> Score:
    """Sample the posterior at one strength."""
    reg = axis.at(strength)
    with warnings.catch_warnings():
        # The error of each score is reported, and its R̂ judged by the caller.
        warnings.simplefilter("ignore", SamplerWarning)
        draws = draw_posterior(reg, **sampling).draws
    scale = reg.scales.laplace
    total = np.sum(np.abs(draws.beta) / scale, axis=-1)
    if reg.prior.scaled_by_sigma:
        total = total / draws.sigma
    mean, variance = float(total.mean()), float(total.var())
    count = int(np.sum(np.isfinite(scale)))
    rhat = float(rhat_rank(total[None])[0]) if total.shape[0] > 1 else np.nan
    return Score(strength, count - mean, variance - mean, _covariance(total, strength), mean, rhat)


def _covariance(total: np.ndarray, strength: float) -> np.ndarray:
    """Of the errors of the mean and the variance of S, from draws of it of shape (C, D)."""
    both = np.stack([total, (total - total.mean()) ** 2])
    effective = ess_bulk(both)
    if not np.all(np.isfinite(effective)):
        raise ConvergenceError(f"the sampler stood still at strength {strength:.4g}; give more draws.")
    root = np.sqrt(effective)
    return np.asarray(np.cov(both.reshape(2, -1)) / np.outer(root, root))


def scorer(axis: Axis, sampling: dict[str, Any]) -> Callable[[float], Score]:
    """Scores at any strength, each from draws with a seed of their own."""
    root = np.random.SeedSequence(sampling.get("random_seed"))

    def at(strength: float) -> Score:
        seed = int(root.spawn(1)[0].generate_state(1)[0])
        return score(axis, strength, {**sampling, "random_seed": seed})

    return at


def path_sampling(axis: Axis, at: Callable[[float], Score]) -> tuple[Curve, list[Score]]:
    r"""Log p(y | λ) along the strengths, anchored where the prior is a spike at 0.

    The thermodynamic identity d log p(y | λ)/d log λ = p − E[Σ_j |β_j|/b_j] (Gelman & Meng 1998,
    doi:10.1214/ss/1028905934) is integrated in log λ by the Hermite rule, whose second derivatives
    come from the same draws. Steps are halved until that no longer moves the integral.

    Returns
    -------
    Curve
        With the standard error of the value at each strength: Monte Carlo and integration together.
    list of Score
    """
    grid = _grid(axis)
    scores = [at(_start(axis, float(grid[0])))]
    value, missed = [_anchor(axis, scores[0].strength)], [_anchor_error(axis, scores[0].strength)]
    for strength in grid[grid < scores[0].strength]:
        between, lost = _halve(scores[-1], at(float(strength)), at, HALVINGS)
        for weak in between:
            value.append(value[-1] + _piece(scores[-1], weak))
            missed.append(missed[-1] + lost / len(between))
            scores.append(weak)
        # Where the evidence has fallen for good, weaker strengths cost the most and tell nothing.
        if axis.given is None and value[-1] < max(value) - FALL and scores[-1].slope > 0:
            break
    strengths = np.array([point.strength for point in scores])
    shown = strengths <= grid[0] if axis.given is None else np.isin(strengths, grid)
    error = np.hypot(_integral_errors(scores), missed)
    return Curve(strengths[shown], np.array(value)[shown], "log", "log evidence", error[shown]), scores


def _halve(strong: Score, weak: Score, at: Callable[[float], Score], times: int) -> tuple[list[Score], float]:
    """Points from one strength (left out) to the next, and the error of the integral over them."""
    middle = at(float(np.sqrt(strong.strength * weak.strength)))
    moved = _moved(strong, middle, weak)
    if moved <= TOLERANCE or times == 0:
        return [middle, weak], SHARE * moved
    first, lost = _halve(strong, middle, at, times - 1)
    second, more = _halve(middle, weak, at, times - 1)
    return first + second, lost + more


def _moved(strong: Score, middle: Score, weak: Score) -> float:
    """How far the middle's slope and curvature lie from the Hermite cubic, as an integral, less their noise."""
    h = float(np.log(weak.strength / strong.strength))
    slope = middle.slope - (strong.slope + weak.slope) / 2 - h / 8 * (strong.curvature - weak.curvature)
    noise = middle.variance(1, 0) + strong.variance(0.5, h / 8) + weak.variance(0.5, -h / 8)
    bend = middle.curvature - 1.5 / h * (weak.slope - strong.slope) + (strong.curvature + weak.curvature) / 4
    blur = middle.variance(0, 1) + strong.variance(1.5 / h, 0.25) + weak.variance(-1.5 / h, 0.25)
    by_slope = abs(h) / 2 * max(abs(slope) - noise**0.5, 0.0)
    return by_slope + h**2 / 48 * max(abs(bend) - blur**0.5, 0.0)


def _piece(strong: Score, weak: Score) -> float:
    """Integral of the slope from one strength to the next: the Hermite rule."""
    width = float(np.log(weak.strength / strong.strength))
    return width / 2 * (strong.slope + weak.slope) + width**2 / 12 * (strong.curvature - weak.curvature)


def _integral_errors(scores: list[Score]) -> np.ndarray:
    """Monte Carlo standard error of each partial sum of pieces, the scores being independent."""
    width = np.diff(np.log([point.strength for point in scores]))
    variance = np.zeros(len(scores))
    settled = 0.0
    for k, last in enumerate(scores[1:], start=1):
        before, after = (width[k - 2] if k > 1 else 0.0), width[k - 1]
        settled += scores[k - 1].variance((before + after) / 2, (after**2 - before**2) / 12)
        variance[k] = (settled + last.variance(after / 2, -(after**2) / 12)) ** 0.5
    return variance


def _grid(axis: Axis) -> np.ndarray:
    if axis.given is not None:
        return axis.given
    top = axis.strengths[0]
    return np.geomspace(STRONGEST * top, WEAKEST * top, SAMPLED_POINTS)


def _start(axis: Axis, strongest: float) -> float:
    """The strength where the integral may start, at or above the strongest."""
    allowed = NEGLIGIBLE if axis.reg.noise.known else 0.1 * NEGLIGIBLE
    return strongest * max(1.0, (size_of_scales(axis, strongest) / allowed) ** 0.5)


def _anchor(axis: Axis, strength: float) -> float:
    """Log p(y | λ) ≈ log p(y | β = 0) + Σ b_j²(g_j² − h_j), g and h being slope and curvature of log p at β = 0."""
    slopes, curvatures = _first_order(axis, strength)
    first = float(np.sum(slopes - curvatures)) if axis.reg.noise.known else 0.0
    return log_evidence_of_zero(axis) + first


def _anchor_error(axis: Axis, strength: float) -> float:
    size = size_of_scales(axis, strength)
    return size**2 if axis.reg.noise.known else size


def size_of_scales(axis: Axis, strength: float) -> float:
    """Σ b_j²(g_j² + h_j): how much the data see of a prior so narrow; small at large strengths."""
    slopes, curvatures = _first_order(axis, strength)
    return float(np.sum(slopes + curvatures))


def _first_order(axis: Axis, strength: float) -> tuple[np.ndarray, np.ndarray]:
    """b_j²·g_j² and b_j²·h_j, both of shape (p,)."""
    at = axis.held_at(strength).scales.at(axis.sigma)
    scale = np.where(np.isfinite(at.laplace), at.laplace, 0.0)
    slope = axis.held.loss.cross[: axis.reg.p] / axis.sigma**2
    return scale**2 * slope**2, scale**2 * column_squares(axis) / axis.sigma**2


def log_evidence_of_zero(axis: Axis) -> float:
    """Log p(y) with every coefficient that has a prior at exactly 0."""
    squares = column_squares(axis)
    # So narrow that nothing of the data is explained, and exact in the limit.
    spike = 1e-8 * axis.sigma / np.sqrt(np.where(squares > 0, squares, 1.0))
    flat = np.isinf(axis.reg.scales.laplace)
    return exact_posterior(axis.reg.with_prior(Normal(np.where(flat, np.inf, spike)))).log_evidence

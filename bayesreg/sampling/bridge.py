r"""The evidence from posterior draws, by bridge sampling, with its standard error.

In the smooth coordinates of :mod:`bayesreg.sampling.hmc.coordinates` the posterior is nearly Normal. With g the density
of likelihood times prior there, q the Normal density of the draws' mean and covariance, and s₁, s₂ the shares of
(effective) draws from the posterior and from q, the evidence is the fixed point

    Z = mean over q of g/(s₁g + s₂Zq)  /  mean over the posterior of q/(s₁g + s₂Zq)

(Meng & Wong 1996, Statistica Sinica 6, 831–860; Gronau et al. 2017, doi:10.1016/j.jmp.2017.09.005). Each half of the
draws is bridged to the Normal density that the other half gives, so that no draw is used twice.
"""

from dataclasses import dataclass

import numpy as np
from scipy import linalg
from scipy.special import logsumexp

from bayesreg.errors import ConvergenceError, UnsupportedError
from bayesreg.model.log_density import log_likelihood, log_prior
from bayesreg.model.regression import Regression
from bayesreg.model.unknowns import Unknowns
from bayesreg.sampling.convergence import ess_bulk
from bayesreg.sampling.hmc.approximation import approximate
from bayesreg.sampling.hmc.sampler import hmc_obstacle
from bayesreg.sampling.hmc.target import Point, Target, by_column

ROUNDS, SETTLED = 1_000, 1e-10
# Numbers that a block of linear predictors may hold.
BLOCK_SIZE = 4_000_000
# A constant that is none up to this is a density that is not the posterior's.
ROUNDING = 1e-6
# Fewest draws of a half, for each unknown and per chain, so that their covariance and correlation are known.
DRAWS_PER_UNKNOWN, FEWEST = 5, 20


@dataclass(frozen=True)
class BridgeEstimate:
    """Log evidence, its standard error, and by how many standard errors the two halves differ."""

    value: float
    error: float
    z: float


def bridge_evidence(reg: Regression, draws: Unknowns, generator: np.random.Generator) -> BridgeEstimate:
    """Estimate log p(y) from draws with leading dimensions (chains, draws).

    Raises
    ------
    UnsupportedError
        If the prior has no smooth coordinates, the rows are not known, or the draws are too few for the columns.
    ConvergenceError
        If the fixed point is not reached.
    """
    require_bridge(reg)
    density = Density(approximate(reg)[0], draws)
    middle, least = draws.sigma.shape[1] // 2, max(FEWEST, DRAWS_PER_UNKNOWN * density.target.size)
    if middle * len(draws.sigma) < least or middle < FEWEST:
        raise UnsupportedError(
            f"{draws.sigma.size:,} draws are too few for {density.target.size} unknowns; at least {2 * least:,} in all "
            f"and {2 * FEWEST} per chain are needed: draws=…, chains=…"
        )
    x, values = density.places, density.of_draws
    halves = (slice(None, middle), slice(middle, None))
    (first, one), (second, other) = (
        _bridge(density, x[:, fit], x[:, rest], values[:, rest], generator) for fit, rest in (halves, halves[::-1])
    )
    z = abs(first - second) / float(np.hypot(one, other))
    return BridgeEstimate(0.5 * (first + second), 0.5 * float(np.hypot(one, other)), z)


def require_bridge(reg: Regression) -> None:
    """Refuse a regression without coordinates for bridge sampling, before anything is drawn.

    Raises
    ------
    UnsupportedError
        If the prior has no smooth coordinates, there are bounds, or the rows are not known.
    """
    reg.require_unbounded("the evidence by bridge sampling")
    obstacle = hmc_obstacle(reg)
    if obstacle is not None:
        words = obstacle.replace("HMC", "the evidence by bridge sampling")
        raise UnsupportedError(f"{words}, got {reg}; give a Normal, Laplace or elastic-net prior and the rows.")


class Density:
    """Log of likelihood times prior in the target's coordinates x, normalized; and the draws there."""

    def __init__(self, target: Target, draws: Unknowns) -> None:
        self.target = target
        chains, count = draws.sigma.shape
        self.places = np.stack([_places(target, draws[chain]) for chain in range(chains)])
        values = self._apply(self.places.reshape(-1, target.size), False).reshape(chains, count)
        reg = target.reg
        whole = np.stack([log_likelihood(reg, draws[c]) + log_prior(reg, draws[c]) for c in range(chains)])
        jacobian = self._apply(self.places.reshape(-1, target.size), True).reshape(chains, count)
        constant = whole + jacobian - values
        self.constant = float(np.median(constant))
        if not np.ptp(constant) <= ROUNDING * (1 + np.max(np.abs(whole))):
            raise UnsupportedError(
                f"the evidence by bridge sampling does not cover {reg}: its log density is not that of the draws."
            )
        self.of_draws = values + self.constant

    def __call__(self, x: np.ndarray) -> np.ndarray:
        """At places of shape (m, d); −∞ where it is not finite."""
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            values = self._apply(x, False) + self.constant
        return np.where(np.isfinite(values), values, -np.inf)

    def _apply(self, x: np.ndarray, jacobian: bool) -> np.ndarray:
        step = max(1, BLOCK_SIZE // self.target.reg.n)
        blocks = [self.target.locate(x[start : start + step]) for start in range(0, len(x), step)]
        return np.concatenate([self._log_jacobian(at) if jacobian else self.target.value(at) for at in blocks])

    def _log_jacobian(self, at: Point) -> np.ndarray:
        """Log |d unknowns/dx|, shape (m,)."""
        total, q = at.curve.log_derivative.sum(axis=1), self.target.likelihood.size
        for column, bound in enumerate(self.target.bounds, start=q):
            total = total + bound.value(at.x[:, column]) + bound.log_derivative(at.x[:, column])
        return np.asarray(total)


def _places(target: Target, draws: Unknowns) -> np.ndarray:
    """Coordinates of draws with leading dimension (D,), shape (D, d)."""
    reg = target.reg
    named = [None if group.prior is None else np.log(draws.hyperparameters[group.name]) for group in target.groups]
    logs = [np.log(draws.sigma)] if reg.noise.sigma is None else []
    logs += [log for log in named if log is not None]
    unit = np.log(draws.sigma) if reg.prior.scaled_by_sigma else np.zeros(len(draws.sigma))
    log_factor = by_column(target.groups, [unit if log is None else log + unit for log in named], reg.p)
    theta = target.likelihood.intercept.join(target.coordinates.inverse(draws.beta, log_factor), draws.at_center)
    unbounded = [bound.place(log) for bound, log in zip(target.bounds, logs, strict=True)]
    return np.column_stack([theta, *unbounded])


def _bridge(
    density: Density, fit: np.ndarray, x: np.ndarray, values: np.ndarray, generator: np.random.Generator
) -> tuple[float, float]:
    """Log evidence and its standard error from draws x (C, D, d), whose log densities are `values`."""
    normal = _Normal(fit.reshape(-1, fit.shape[-1]))
    proposed = normal.draw(generator, values.size)
    of_posterior = values - normal.log_density(x.reshape(-1, x.shape[-1])).reshape(values.shape)
    of_normal = density(proposed) - normal.log_density(proposed)
    effective = float(ess_bulk(of_posterior[None])[0])
    if not np.isfinite(effective):
        raise ConvergenceError("the draws stand still, so they give no evidence; take more: draws=…")
    share = effective / (effective + values.size)
    log_z = _fixed_point(of_posterior.ravel(), of_normal, share)
    return log_z, _error(of_posterior - log_z, of_normal - log_z, share)


def _fixed_point(of_posterior: np.ndarray, of_normal: np.ndarray, share: float) -> float:
    """Log Z from log g/q at draws of either kind."""
    log_z, log_share, log_rest = float(np.median(of_posterior)), np.log(share), np.log1p(-share)
    for _ in range(ROUNDS):
        above = logsumexp(of_normal - np.logaddexp(log_share + of_normal, log_rest + log_z))
        below = logsumexp(-np.logaddexp(log_share + of_posterior, log_rest + log_z))
        before, log_z = log_z, float(above - np.log(len(of_normal)) - below + np.log(len(of_posterior)))
        if abs(log_z - before) <= SETTLED:
            return log_z
    raise ConvergenceError(
        "bridge sampling found no evidence, since a Normal density hardly overlaps the posterior; take more draws."
    )


def _error(of_posterior: np.ndarray, of_normal: np.ndarray, share: float) -> float:
    """Standard error of log Z (Frühwirth-Schnatter 2004, doi:10.1111/j.1368-423X.2004.00125.x).

    Both are logs of g/(Zq): at draws of the posterior, shape (C, D), whose autocorrelation counts, and of the Normal
    density.
    """
    from_normal = np.exp(of_normal - np.logaddexp(np.log(share) + of_normal, np.log1p(-share)))
    from_posterior = np.exp(-np.logaddexp(np.log(share) + of_posterior, np.log1p(-share)))
    effective = min(float(ess_bulk(from_posterior[None])[0]), from_posterior.size)
    return float(np.sqrt(_squared(from_normal) / len(from_normal) + _squared(from_posterior) / effective))


def _squared(values: np.ndarray) -> float:
    """The squared coefficient of variation."""
    return float(values.var() / values.mean() ** 2)


class _Normal:
    """The Normal density of the mean and covariance of draws, shape (S, d)."""

    def __init__(self, draws: np.ndarray) -> None:
        self.mean = draws.mean(axis=0)
        self.factor = linalg.cholesky(np.atleast_2d(np.cov(draws, rowvar=False)), lower=True)

    def draw(self, generator: np.random.Generator, count: int) -> np.ndarray:
        return np.asarray(self.mean + generator.standard_normal((count, len(self.mean))) @ self.factor.T)

    def log_density(self, x: np.ndarray) -> np.ndarray:
        inside = linalg.solve_triangular(self.factor, (x - self.mean).T, lower=True)
        log_determinant = float(np.sum(np.log(np.diag(self.factor))))
        constant = -0.5 * len(self.mean) * np.log(2 * np.pi) - log_determinant
        return np.asarray(constant - 0.5 * np.sum(inside**2, axis=0))

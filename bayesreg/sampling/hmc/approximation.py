"""A Normal approximation of the posterior, for coordinates to start from: each prior as a Normal of its variance.

It only sets how fast the chains move, not where they end. θ is found by Fisher scoring, and sigma and the scales of the
prior in turns with it, the scales by expectation and maximization over θ.
"""

from collections.abc import Callable
from functools import partial

import numpy as np
from scipy import linalg, optimize

from bayesreg.design.implicit import to_dense
from bayesreg.errors import ModeError
from bayesreg.model.regression import Regression
from bayesreg.priors.positive import PositivePrior
from bayesreg.sampling.hmc.coordinates import Bounded, Coordinates
from bayesreg.sampling.hmc.dynamics import Whitening
from bayesreg.sampling.hmc.likelihood import Likelihood, likelihood_of
from bayesreg.sampling.hmc.target import Target, by_column, hyperpriors

# Rounds, halvings of a step in one, and the gain of log density and change of a logarithm that end them.
ROUNDS, HALVINGS, SMALLEST_GAIN, SMALLEST_CHANGE = 50, 30, 1e-2, 0.02
# How far a logarithm is looked for in one round, and the step of a second difference there.
REACH, STEP = 3.0, 1e-2
# The scale of a block may be near 0, where only the noncentred form has no funnel; it is that of columns of which the
# prior says so much.
NONCENTERED = 0.3
# Largest standard deviation of a logarithm.
WIDEST = 1.0


class Search:
    """Where the search is: θ of shape (q,), logs of sigma and scales, and a root of the covariance of θ there."""

    def __init__(self, reg: Regression, likelihood: Likelihood) -> None:
        self.reg, self.likelihood = reg, likelihood
        self.dense = to_dense(likelihood.matrix)
        l1, l2 = 1 / reg.unit_scales.laplace, 1 / reg.unit_scales.normal
        # One over the variance of the prior at unit scale; for both parts together, nearly so.
        self.unit_precision = 0.5 * l1**2 + l2**2
        self.theta = np.zeros(likelihood.size)
        if likelihood.intercept.exists:
            mean = float(np.average(likelihood.y, weights=np.broadcast_to(likelihood.weights, likelihood.y.shape)))
            self.theta[-1] = reg.family.start(mean) - np.mean(likelihood.offset)
        self.groups = reg.prior.scale_groups(reg.names)
        # Of sigma, and of the scale of each group of columns.
        self.logs = np.array([_first_log_sigma(reg), *(_first_log_scale(group.prior) for group in self.groups)])
        self.root_covariance = np.eye(likelihood.size)

    @property
    def log_sigma(self) -> float:
        """Log sigma."""
        return float(self.logs[0])

    @property
    def log_factor(self) -> np.ndarray:
        """What unit scales are multiplied by, as a logarithm, shape (1,) or (p,)."""
        return by_column(self.groups, self._log_factors(self.logs), self.reg.p)

    def _log_factors(self, logs: np.ndarray) -> list[np.ndarray]:
        return [np.asarray(log + logs[0] if self.reg.prior.scaled_by_sigma else log) for log in logs[1:]]

    @property
    def precision(self) -> np.ndarray:
        """Prior precision of θ, shape (q,)."""
        precision = self.unit_precision * np.exp(-2 * self.log_factor)
        of_intercept = self.likelihood.intercept.precision(np.exp(self.log_sigma)) * np.exp(-2 * self.log_sigma)
        return self.likelihood.intercept.append(precision, of_intercept)

    def value(self, theta: np.ndarray) -> float:
        """Log likelihood and Normal prior at θ."""
        eta = self.likelihood.predictor(theta[None])
        value = self.likelihood.value(eta, np.array([self.log_sigma]))[0] - 0.5 * self.precision @ theta**2
        return float(value) if np.isfinite(value) else -np.inf

    def improve(self) -> float:
        """One step of Fisher scoring, halved until it leads uphill; what it gained."""
        precision, log_sigma = self.precision, np.array([self.log_sigma])
        eta = self.likelihood.predictor(self.theta[None])
        information = self.likelihood.information(eta[0], self.log_sigma)
        self.root_covariance = _root_of_inverse((self.dense.T * information) @ self.dense + np.diag(precision))
        gradient = self.likelihood.gradient(eta, log_sigma)[0] - precision * self.theta
        step = self.root_covariance @ (self.root_covariance.T @ gradient)
        before = self.value(self.theta)
        for _ in range(HALVINGS):
            if (gain := self.value(self.theta + step) - before) >= 0:
                self.theta = self.theta + step
                return gain
            step = 0.5 * step
        return 0.0

    def of_log(self, place: int, value: float) -> float:
        """Log density of the logarithm at a place of `logs`: of sigma at θ, of a scale as expected over θ."""
        prior = self.reg.noise.prior if place == 0 else self.groups[place - 1].prior
        assert prior is not None
        density = prior.log_density_of_log(np.array(value))
        if place == 0:
            eta = self.likelihood.predictor(self.theta[None])
            density = self.likelihood.value(eta, np.array([value]))[0] + density
        return float(density) + self._of_scales(np.where(np.arange(len(self.logs)) == place, value, self.logs))

    def _of_scales(self, logs: np.ndarray) -> float:
        """Expected log density of the coefficients."""
        parts = self.unit_precision * (self.theta**2 + self.variances)[: self.reg.p]
        return sum(
            float(-np.sum(self.unit_precision[columns] > 0) * log - 0.5 * np.sum(parts[columns]) * np.exp(-2 * log))
            for (_, _, columns), log in zip(self.groups, self._log_factors(logs), strict=True)
        )

    @property
    def variances(self) -> np.ndarray:
        """Variance of each element of θ, shape (q,)."""
        return np.asarray(np.sum(self.root_covariance**2, axis=1))

    def unknown_logs(self) -> list[tuple[int, Callable[[float], float]]]:
        """The places of the unknown logarithms, and the density of each."""
        unknown = [not self.reg.noise.known, *(group.prior is not None for group in self.groups)]
        return [(int(place), partial(self.of_log, int(place))) for place in np.flatnonzero(unknown)]

    def run(self) -> None:
        """Go on until nothing changes much."""
        for _ in range(ROUNDS):
            settled = self.improve() < SMALLEST_GAIN
            for place, density in self.unknown_logs():
                best = _highest(density, float(self.logs[place]))
                settled = settled and abs(best - self.logs[place]) < SMALLEST_CHANGE
                self.logs[place] = best
            if settled:
                return

    def coordinates(self) -> Coordinates:
        """Coordinates of the coefficients that suit this place."""
        scales, p = self.reg.unit_scales, self.reg.p
        share = np.clip(self.variances[:p] * self.precision[:p], 0.0, 1.0)
        if not self.reg.prior.shares_scale:
            share = np.where(share > NONCENTERED, 1.0, share)
        spread = np.where(np.isfinite(scales.normal), scales.normal, 1.0)
        return Coordinates(scales.laplace, spread, share, self.log_factor)

    def whitening(self, coordinates: Coordinates) -> Whitening:
        """The Normal approximation in those coordinates."""
        p, q, logs = self.reg.p, len(self.theta), self.unknown_logs()
        bounds = [Bounded(prior.log_upper) for prior in hyperpriors(self.reg)]
        x = np.array([bound.inverse(float(self.logs[place])) for bound, (place, _) in zip(bounds, logs, strict=True)])
        center = np.append(self.theta, x)
        center[:p] = coordinates.inverse(self.theta[:p], self.log_factor)
        spreads = [
            _spread(density, float(bound.value(at))) / bound.derivative(at)
            for bound, at, (_, density) in zip(bounds, x, logs, strict=True)
        ]
        factor: np.ndarray = np.diag(np.array([*np.ones(q), *spreads], dtype=float))
        factor[:q, :q] = self.root_covariance
        sd = np.sqrt(self.variances[:p])
        ends = [coordinates.inverse(self.theta[:p] + side * sd, self.log_factor) for side in (1, -1)]
        factor[:p, :q] *= (0.5 * (ends[0] - ends[1]) / sd)[:, None]
        return Whitening(center, factor)


def approximate(reg: Regression) -> tuple[Target, Whitening]:
    """Return the posterior in coordinates that suit it, and a Normal approximation in these.

    Raises
    ------
    ModeError
        If the data do not determine the coefficients that have no prior.
    """
    likelihood = likelihood_of(reg)
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        search = Search(reg, likelihood)
        search.run()
        coordinates = search.coordinates()
        return Target(reg, likelihood, coordinates), search.whitening(coordinates)


def _first_log_sigma(reg: Regression) -> float:
    if reg.noise.sigma is not None:
        return float(np.log(reg.noise.sigma))
    spread = reg.family.noise_spread(reg.design.noise_spread)
    return float(np.log(spread)) if spread > 0 else 0.0


def _first_log_scale(prior: PositivePrior | None) -> float:
    return 0.0 if prior is None else prior.log_center or 0.0


def _root_of_inverse(precision: np.ndarray) -> np.ndarray:
    """Lower triangular L with LL' the inverse of a precision matrix."""
    unit = 1 / np.sqrt(np.diag(precision))
    try:
        inverse = linalg.inv(precision * np.multiply.outer(unit, unit))
        return unit[:, None] * linalg.cholesky(inverse, lower=True)
    except (linalg.LinAlgError, ValueError):
        raise ModeError(
            "flat columns are constant or collinear, so their posterior is improper; give them a finite scale."
        ) from None


def _highest(density: Callable[[float], float], start: float) -> float:
    """Where a log density is highest, not further than REACH from the start."""
    optimum = optimize.minimize_scalar(
        lambda x: -density(x), bounds=(start - REACH, start + REACH), method="bounded", options={"xatol": 1e-3}
    )
    return float(optimum.x)


def _spread(density: Callable[[float], float], at: float) -> float:
    """Standard deviation of the Normal density of the same curvature."""
    bend = (2 * density(at) - density(at + STEP) - density(at - STEP)) / STEP**2
    return float(min(WIDEST, bend**-0.5)) if 0 < bend < np.inf else WIDEST

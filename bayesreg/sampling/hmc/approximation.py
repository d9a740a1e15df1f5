"""A Normal approximation of the posterior, for coordinates to start from: each prior as a Normal of its variance.

It only sets how fast the chains move, not where they end. θ is found by Fisher scoring, and sigma and the prior's scale
in turns with it, the scale by expectation and maximization over θ.
"""

from collections.abc import Callable

import numpy as np
from scipy import linalg, optimize

from bayesreg.design.implicit import to_dense
from bayesreg.errors import ModeError
from bayesreg.model.regression import Regression
from bayesreg.sampling.hmc.coordinates import Bounded, Coordinates
from bayesreg.sampling.hmc.dynamics import Whitening
from bayesreg.sampling.hmc.likelihood import Likelihood, likelihood_of
from bayesreg.sampling.hmc.target import Target, hyperpriors

# Rounds, halvings of a step in one, and the gain of log density and change of a logarithm that end them.
ROUNDS, HALVINGS, SMALLEST_GAIN, SMALLEST_CHANGE = 50, 30, 1e-2, 0.02
# How far a logarithm is looked for in one round, and the step of a second difference there.
REACH, STEP = 3.0, 1e-2
# Largest standard deviation of a logarithm.
WIDEST = 1.0


class Search:
    """Where the search is: θ of shape (q,), log sigma, log scale, and a root of the covariance of θ there."""

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
        self.log_sigma, self.log_scale = _first_log_sigma(reg), _first_log_scale(reg)
        self.root_covariance = np.eye(likelihood.size)

    @property
    def log_factor(self) -> float:
        """What unit scales are multiplied by, as a logarithm."""
        return self._log_factor(self.log_sigma, self.log_scale)

    def _log_factor(self, log_sigma: float, log_scale: float) -> float:
        return log_scale + log_sigma if self.reg.prior.scaled_by_sigma else log_scale

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

    def of_log_sigma(self, log_sigma: float) -> float:
        """Log density of log sigma at θ."""
        prior, eta = self.reg.noise.prior, self.likelihood.predictor(self.theta[None])
        assert prior is not None
        value = self.likelihood.value(eta, np.array([log_sigma]))[0] + prior.log_density_of_log(np.array(log_sigma))
        return float(value) + self._of_log_factor(self._log_factor(log_sigma, self.log_scale))

    def of_log_scale(self, log_scale: float) -> float:
        """Expected log density of the log scale, over θ."""
        prior = self.reg.prior.scale_prior
        assert prior is not None
        return float(prior.log_density_of_log(np.array(log_scale))) + self._of_log_factor(
            self._log_factor(self.log_sigma, log_scale)
        )

    def _of_log_factor(self, log_factor: float) -> float:
        squares = (self.theta**2 + self.variances)[: self.reg.p]
        moment = self.unit_precision @ squares
        return float(-np.sum(self.unit_precision > 0) * log_factor - 0.5 * moment * np.exp(-2 * log_factor))

    @property
    def variances(self) -> np.ndarray:
        """Variance of each element of θ, shape (q,)."""
        return np.asarray(np.sum(self.root_covariance**2, axis=1))

    def logs(self) -> list[tuple[str, Callable[[float], float]]]:
        """The unknown logarithms, and the density of each."""
        known = {"log_sigma": self.reg.noise.known, "log_scale": self.reg.scale_known}
        densities = {"log_sigma": self.of_log_sigma, "log_scale": self.of_log_scale}
        return [(name, density) for name, density in densities.items() if not known[name]]

    def run(self) -> None:
        """Go on until nothing changes much."""
        for _ in range(ROUNDS):
            settled = self.improve() < SMALLEST_GAIN
            for name, density in self.logs():
                best = _highest(density, getattr(self, name))
                settled = settled and abs(best - getattr(self, name)) < SMALLEST_CHANGE
                setattr(self, name, best)
            if settled:
                return

    def coordinates(self) -> Coordinates:
        """Coordinates of the coefficients that suit this place."""
        scales, p = self.reg.unit_scales, self.reg.p
        share = np.clip(self.variances[:p] * self.precision[:p], 0.0, 1.0)
        spread = np.where(np.isfinite(scales.normal), scales.normal, 1.0)
        return Coordinates(scales.laplace, spread, share, self.log_factor)

    def whitening(self, coordinates: Coordinates) -> Whitening:
        """The Normal approximation in those coordinates."""
        p, q, logs = self.reg.p, len(self.theta), self.logs()
        bounds = [Bounded(prior.log_upper) for prior in hyperpriors(self.reg)]
        x = np.array([bound.inverse(getattr(self, name)) for bound, (name, _) in zip(bounds, logs, strict=True)])
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


def _first_log_scale(reg: Regression) -> float:
    prior = reg.prior.scale_prior
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

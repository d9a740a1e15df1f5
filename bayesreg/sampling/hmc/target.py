"""The log posterior density of a regression and its gradient, in unconstrained coordinates, for all chains at once.

A place x of shape (d,) holds a coordinate u of each coefficient, where there is an intercept its value at the centre
less its prior mean, and then log σ and the log of the scale of each group of columns, as far as these are unknown; a
logarithm that has an upper end is mapped to the whole line.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from bayesreg.model.regression import Regression
from bayesreg.priors.given import ScaleGroup
from bayesreg.priors.positive import PositivePrior
from bayesreg.sampling.hmc.coordinates import Bounded, Coordinates, Curve
from bayesreg.sampling.hmc.likelihood import Likelihood


@dataclass(frozen=True, eq=False)
class Point:
    """C points in the regression's own coordinates.

    Attributes
    ----------
    x : ndarray, shape (C, d)
    curve : Curve
        The coefficients.
    theta : ndarray, shape (C, q)
        The coefficients, and the intercept.
    log_sigma : ndarray, shape (C,)
    log_scales, log_factors : list of ndarray, shape (C,)
        Of each group of columns; the latter are what the prior's unit scales are multiplied by.
    log_factor : ndarray, shape (C, 1) or (C, p)
        The latter by column.
    eta : ndarray, shape (C, n)
    """

    x: np.ndarray
    curve: Curve
    theta: np.ndarray
    log_sigma: np.ndarray
    log_scales: list[np.ndarray]
    log_factors: list[np.ndarray]
    log_factor: np.ndarray
    eta: np.ndarray


@dataclass(frozen=True, eq=False)
class Target:
    """Log posterior density up to a constant; see the module."""

    reg: Regression
    likelihood: Likelihood
    coordinates: Coordinates

    @cached_property
    def penalized(self) -> np.ndarray:
        """Which coefficients have a prior, shape (p,)."""
        return ~self.reg.unit_scales.is_flat

    @cached_property
    def strengths(self) -> tuple[np.ndarray, np.ndarray]:
        """1/b and 1/s² at unit scale, both of shape (p,)."""
        scales = self.reg.unit_scales
        return 1 / scales.laplace, scales.normal**-2

    @cached_property
    def groups(self) -> tuple[ScaleGroup, ...]:
        """Groups of columns that share a scale."""
        return self.reg.prior.scale_groups(self.reg.names)

    @cached_property
    def hyperpriors(self) -> list[PositivePrior]:
        """Priors of the unknown σ and scales, in the order of their places."""
        return hyperpriors(self.reg)

    @cached_property
    def bounds(self) -> list[Bounded]:
        """How the logarithms of σ and scales are kept below their upper ends."""
        return [Bounded(prior.log_upper) for prior in self.hyperpriors]

    @cached_property
    def _priors_and_bounds(self) -> list[tuple[PositivePrior, Bounded]]:
        return list(zip(self.hyperpriors, self.bounds, strict=True))

    @property
    def size(self) -> int:
        """d, the number of unknowns."""
        return self.likelihood.size + len(self.hyperpriors)

    def locate(self, x: np.ndarray) -> Point:
        """The regression's own coordinates of places of shape (C, d)."""
        reg, p, q = self.reg, self.reg.p, self.likelihood.size
        zeros = np.zeros(len(x))
        logs = [bound.value(x[:, column]) for column, bound in enumerate(self.bounds, start=q)]
        log_sigma = logs[0] if reg.noise.sigma is None else zeros + np.log(reg.noise.sigma)
        unknown = iter(logs[len(logs) - len(reg.prior.unknown_scales) :])
        log_scales = [zeros if group.prior is None else next(unknown) for group in self.groups]
        log_factors = [one + log_sigma if reg.prior.scaled_by_sigma else one for one in log_scales]
        log_factor = by_column(self.groups, log_factors, p)
        curve = self.coordinates.curve(x[:, :p], log_factor)
        theta = np.concatenate([curve.beta, x[:, p:q]], axis=1)
        eta = self.likelihood.predictor(theta)
        return Point(x, curve, theta, log_sigma, log_scales, log_factors, log_factor, eta)

    def value(self, at: Point) -> np.ndarray:
        """Log density of x, shape (C,)."""
        unit = at.curve.beta * np.exp(-at.log_factor)
        l1, l2 = self.strengths
        total = self.likelihood.value(at.eta, at.log_sigma) - np.abs(unit) @ l1 - 0.5 * unit**2 @ l2
        total += at.curve.log_derivative.sum(axis=1) - self._log_volume(at)
        if self.likelihood.intercept.has_prior:
            log_s = self._intercept_log_scale(at)
            total += -0.5 * (at.theta[:, -1] * np.exp(-log_s)) ** 2 - log_s
        for column, (prior, bound) in enumerate(self._priors_and_bounds, start=self.likelihood.size):
            x = at.x[:, column]
            total += prior.log_density_of_log(bound.value(x)) + bound.log_derivative(x)
        return total

    def _log_volume(self, at: Point) -> np.ndarray:
        """Log of the product of the factors of all columns that have a prior, shape (C,)."""
        return sum(
            (self.penalized[group.columns].sum() * log for group, log in zip(self.groups, at.log_factors, strict=True)),
            start=np.zeros(len(at.x)),
        )

    def gradient(self, at: Point) -> np.ndarray:
        """Gradient of the log density of x, shape (C, d)."""
        reg, p, q = self.reg, self.reg.p, self.likelihood.size
        gradient = np.empty(at.x.shape)
        gradient[:, :q] = self.likelihood.gradient(at.eta, at.log_sigma)
        of_factors = self._add_prior(gradient[:, :p], at)
        of_sigma = self._add_intercept(gradient[:, q - 1], at) if self.likelihood.intercept.has_prior else 0.0
        for column, (prior, bound) in enumerate(self._priors_and_bounds, start=q):
            # As NumPy's own numbers, which become infinite where Python's raise an error.
            values = np.exp(bound.value(at.x[:, column]))
            gradient[:, column] = [1 + value * prior.log_density_slope(value) for value in values]
        if reg.noise.sigma is None:
            gradient[:, q] += of_sigma + self.likelihood.log_sigma_slope(at.eta, at.log_sigma)
            gradient[:, q] += reg.prior.scaled_by_sigma * sum(of_factors)
        unknown = [slope for group, slope in zip(self.groups, of_factors, strict=True) if group.prior is not None]
        for column, slope in enumerate(unknown, start=self.size - len(unknown)):
            gradient[:, column] += slope
        for column, bound in enumerate(self.bounds, start=q):
            x = at.x[:, column]
            gradient[:, column] = gradient[:, column] * bound.derivative(x) + bound.log_derivative_slope(x)
        return gradient

    def _add_prior(self, gradient: np.ndarray, at: Point) -> list[np.ndarray]:
        """Turn a likelihood's gradient in β into the posterior's in u; returned are those in the log factors, (C,)."""
        beta, inverse = at.curve.beta, np.exp(-at.log_factor)
        l1, l2 = self.strengths
        unit = beta * inverse
        slope = np.sign(unit) * l1 + unit * l2
        gradient -= slope * inverse
        product, shared = unit * slope, beta * gradient + 1
        of_factors = [
            np.sum(product[:, columns], axis=1)
            - self.penalized[columns].sum()
            + shared[:, columns] @ self.coordinates.share[columns]
            for _, _, columns in self.groups
        ]
        gradient *= at.curve.derivative
        gradient += at.curve.log_derivative_slope
        return of_factors

    def _add_intercept(self, gradient: np.ndarray, at: Point) -> np.ndarray:
        """Add the intercept's prior to the gradient in it; returned is what it adds in log σ, shape (C,)."""
        inverse = np.exp(-self._intercept_log_scale(at))
        unit = at.theta[:, -1] * inverse
        gradient -= unit * inverse
        return np.asarray(self.likelihood.intercept.scaled_by_sigma * (unit**2 - 1))

    def _intercept_log_scale(self, at: Point) -> np.ndarray:
        """Log standard deviation of the intercept's prior, shape (C,)."""
        intercept = self.likelihood.intercept
        return np.log(intercept.scale) + intercept.scaled_by_sigma * at.log_sigma


def hyperpriors(reg: Regression) -> list[PositivePrior]:
    """Priors of the unknown σ and of the prior's unknown scales, in this order."""
    scales = [group.prior for group in reg.prior.scale_groups(reg.names) if group.prior is not None]
    return scales if reg.noise.prior is None else [reg.noise.prior, *scales]


def by_column(groups: tuple[ScaleGroup, ...], values: Sequence[np.ndarray], p: int) -> np.ndarray:
    """A value of each group by column, shape (..., p), or (..., 1) where there is one group."""
    if len(groups) == 1:
        return np.asarray(values[0])[..., None]
    columns = np.empty((*np.shape(values[0]), p))
    for group, value in zip(groups, values, strict=True):
        columns[..., group.columns] = np.asarray(value)[..., None]
    return columns

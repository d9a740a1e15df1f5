r"""The exact posterior under a Normal prior: independent draws, moments and evidence, no Markov chain.

With T = diag(s) and the singular values d_k of AT, the coefficients are θ = TVγ, and given sigma the
γ_k are independent Normal. Their mean and variance are, with h_k = (V'TA'b)_k,

    unscaled prior: h_k/(d_k² + σ²),  σ²/(d_k² + σ²);      scaled by sigma: h_k/(d_k² + 1),  σ²/(d_k² + 1).

An unknown sigma has the one-dimensional marginal posterior p(σ) p(y|σ), which is integrated on a grid in
log sigma, where the trapezoidal rule converges exponentially (Trefethen & Weideman 2014,
doi:10.1137/130932132), and drawn from by inverting its distribution function.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy import linalg

from bayesreg.errors import ModeError, UnsupportedError
from bayesreg.model.quadratic import QuadraticLoss
from bayesreg.model.regression import Regression
from bayesreg.priors.prior import Normal
from bayesreg.sampling.draws import Draws, chain_generators
from bayesreg.sampling.spectrum import Spectrum, decompose

LOG_2PI = float(np.log(2 * np.pi))
# Points of the sigma grid, and the fall of the log density at which it ends.
GRID_POINTS, GRID_FALL = 1_001, 50.0


@dataclass(frozen=True, eq=False)
class ExactPosterior:
    """The posterior of a Gaussian regression with a Normal prior of known scale; see :func:`exact_posterior`."""

    reg: Regression
    spread: np.ndarray
    penalized: np.ndarray
    free: np.ndarray
    spectrum: Spectrum

    @property
    def scaled(self) -> bool:
        """Whether the prior is scaled by sigma."""
        return self.reg.prior.scaled_by_sigma

    def log_likelihood(self, sigma: np.ndarray | float) -> np.ndarray:
        """Log p(y | σ) without coefficients and intercept (integrated out; flat ones with density 1), any shape."""
        sigma = np.asarray(sigma, dtype=float)
        variance, spectrum, reg = sigma**2, self.spectrum, self.reg
        total = (spectrum.squares + 1) * variance[..., None] if self.scaled else spectrum.squares + variance[..., None]
        along = -0.5 * np.sum(np.log(total) + spectrum.explained / total, axis=-1)
        left = reg.n - len(spectrum.squares) - len(self.free) - (0 if self._no_intercept else 1)
        # Without rows left over the rest is rounding, which a tiny sigma would blow up.
        across = -0.5 * left * np.log(variance) - 0.5 * spectrum.rest / variance if left > 0 else 0.0
        constant = -0.5 * (reg.n - len(self.free) - (0 if self._no_intercept else 1)) * LOG_2PI + self._log_constant
        return np.asarray(along + across + constant + self._log_intercept(variance))

    @cached_property
    def sigma_grid(self) -> tuple[np.ndarray, np.ndarray]:
        """Log sigma on a grid, and its log posterior density there (up to the evidence).

        Raises
        ------
        ModeError
            If the posterior of sigma is improper.
        """
        start = 0.5 * np.log(max(self.reg.loss.square, 1e-300) / self.reg.n)
        return refined_grid(self._log_density, start)

    @cached_property
    def log_evidence(self) -> float:
        """Log p(y), all parameters integrated out."""
        if self.reg.noise.sigma is not None:
            return float(self.log_likelihood(self.reg.noise.sigma))
        grid, values = self.sigma_grid
        top = float(values.max())
        return top + float(np.log(np.sum(np.exp(values - top)) * (grid[1] - grid[0])))

    @cached_property
    def sigma_nodes(self) -> tuple[np.ndarray, np.ndarray]:
        """Sigma values and their posterior weights (summing to 1); a single one if sigma is known."""
        if self.reg.noise.sigma is not None:
            return np.array([self.reg.noise.sigma]), np.ones(1)
        grid, values = self.sigma_grid
        return np.exp(grid), np.exp(values - values.max()) / np.sum(np.exp(values - values.max()))

    def mean(self) -> np.ndarray:
        """Posterior mean of beta, shape (p,)."""
        sigma, weight = self.sigma_nodes
        center, _ = self._along(sigma)
        return self._theta(weight @ center)[: self.reg.p]

    def covariance(self) -> np.ndarray:
        """Posterior covariance of beta, shape (p, p)."""
        sigma, weight = self.sigma_nodes
        center, variance = self._along(sigma)
        mean = weight @ center
        inside = np.diag(weight @ variance) + (center - mean).T @ (weight[:, None] * (center - mean))
        across = float(weight @ sigma**2) if self.scaled else 1.0
        vectors = self.spectrum.vectors
        gamma = vectors @ inside @ vectors.T
        if not self.spectrum.is_full:
            # An orthonormal basis of what V leaves over: I − VV' would blur the rest by its rounding times the prior.
            null = linalg.qr(vectors)[0][:, vectors.shape[1] :]
            gamma += across * null @ null.T
        whole = self._from_penalized(np.diag(self.spread) @ gamma @ np.diag(self.spread), float(weight @ sigma**2))
        return whole[: self.reg.p, : self.reg.p]

    def draw(self, generator: np.random.Generator, draws: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Independent draws of (beta, intercept at the centre, sigma), shapes (draws, p), (draws,), (draws,)."""
        sigma = self._draw_sigma(generator, draws)
        gamma = self._draw_gamma(generator, sigma)
        theta = np.empty((draws, self.reg.loss.size))
        theta[:, self.penalized] = gamma * self.spread
        if len(self.free):
            theta[:, self.free] = self._draw_free(generator, theta[:, self.penalized], sigma)
        if self.reg.has_intercept_column:
            return theta[:, :-1], theta[:, -1] + self.reg.intercept.loc, sigma  # type: ignore[union-attr]
        return theta, draw_intercept(self.reg, generator, sigma), sigma

    @property
    def _no_intercept(self) -> bool:
        return self.reg.intercept is False or self.reg.has_intercept_column

    @cached_property
    def _log_constant(self) -> float:
        reg = self.reg
        constant = 0.5 * reg.design.log_weight - (0.0 if self._no_intercept else 0.5 * float(np.log(reg.design.weight)))
        if len(self.free):
            constant -= 0.5 * float(np.linalg.slogdet(reg.loss.curvature(self.free))[1])
        return constant

    def _log_intercept(self, variance: np.ndarray) -> np.ndarray | float:
        """Log density of the mean of y under a Normal prior on the intercept at the centre; 0 under a flat one."""
        reg = self.reg
        if not isinstance(reg.intercept, Normal) or self._no_intercept:
            return 0.0
        own = float(reg.intercept.scale) ** 2 * (variance if reg.intercept.scaled_by_sigma else 1.0)  # type: ignore[arg-type]
        total = variance / reg.design.weight + own
        return -0.5 * (LOG_2PI + np.log(total) + (reg.design.mean_y - reg.intercept.loc) ** 2 / total)

    def _log_density(self, log_sigma: np.ndarray) -> np.ndarray:
        prior = self.reg.noise.prior
        assert prior is not None
        sigma = np.exp(log_sigma)
        return self.log_likelihood(sigma) + np.array([prior.log_density(float(value)) for value in sigma]) + log_sigma

    def _along(self, sigma: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Mean and variance of each γ_k given sigma, both of shape (len(sigma), r)."""
        squares, variance = self.spectrum.squares, sigma[:, None] ** 2
        total = squares + 1 if self.scaled else squares + variance
        return self.spectrum.pull / total * np.ones_like(variance), variance / total

    def _draw_gamma(self, generator: np.random.Generator, sigma: np.ndarray) -> np.ndarray:
        """γ given sigma: prior draws, replaced along the directions that the data inform."""
        vectors = self.spectrum.vectors
        gamma = generator.standard_normal((len(sigma), len(vectors)))
        center, variance = self._along(sigma)
        if self.spectrum.is_full:
            return (center + np.sqrt(variance) * gamma) @ vectors.T
        noise = gamma @ vectors
        if self.scaled:
            gamma *= sigma[:, None]
        prior_noise = noise * sigma[:, None] if self.scaled else noise
        gamma += (center + np.sqrt(variance) * noise - prior_noise) @ vectors.T
        return gamma

    def _draw_free(self, generator: np.random.Generator, penalized: np.ndarray, sigma: np.ndarray) -> np.ndarray:
        factor = linalg.cholesky(self.reg.loss.curvature(self.free), lower=True)
        center = penalized @ self._onto_free.T + self._free_alone
        noise = generator.standard_normal((len(sigma), len(self.free)))
        return center + sigma[:, None] * linalg.solve_triangular(factor.T, noise.T).T

    @cached_property
    def _onto_free(self) -> np.ndarray:
        """What one unit of each penalized coefficient moves the free ones by, shape (f, m)."""
        return -np.linalg.solve(
            self.reg.loss.curvature(self.free), self.reg.loss.gram[np.ix_(self.free, self.penalized)]
        )

    @cached_property
    def _free_alone(self) -> np.ndarray:
        return np.linalg.solve(self.reg.loss.curvature(self.free), self.reg.loss.cross[self.free])

    def _theta(self, gamma: np.ndarray) -> np.ndarray:
        """θ from coordinates along the spectrum, shape (q,)."""
        theta = np.empty(self.reg.loss.size)
        theta[self.penalized] = self.spread * (self.spectrum.vectors @ gamma)
        if len(self.free):
            theta[self.free] = self._onto_free @ theta[self.penalized] + self._free_alone
        return theta

    def _from_penalized(self, covariance: np.ndarray, variance: float) -> np.ndarray:
        """Covariance of θ from that of its penalized part and the mean of σ²."""
        if len(self.free) == 0:
            return covariance
        size = self.reg.loss.size
        map_ = np.zeros((size, len(self.penalized)))
        map_[self.penalized, np.arange(len(self.penalized))] = 1.0
        map_[self.free] = self._onto_free
        whole = map_ @ covariance @ map_.T
        whole[np.ix_(self.free, self.free)] += variance * np.linalg.inv(self.reg.loss.curvature(self.free))
        return whole

    def _draw_sigma(self, generator: np.random.Generator, draws: int) -> np.ndarray:
        if self.reg.noise.sigma is not None:
            return np.full(draws, self.reg.noise.sigma)
        from scipy.interpolate import CubicSpline

        grid, values = self.sigma_grid
        density = CubicSpline(grid, np.exp(values - values.max()))
        cumulative = density.antiderivative()
        at_grid = np.maximum.accumulate(cumulative(grid))
        goal = generator.uniform(size=draws) * at_grid[-1]
        log_sigma = np.interp(goal, at_grid, grid)
        for _ in range(3):
            slope = np.maximum(density(log_sigma), 1e-12)
            log_sigma = np.clip(log_sigma - (cumulative(log_sigma) - goal) / slope, grid[0], grid[-1])
        return np.exp(log_sigma)


def exact_posterior(reg: Regression) -> ExactPosterior:
    """Diagonalize the posterior of a Gaussian regression with a Normal prior.

    Parameters
    ----------
    reg : Regression
        With a Normal prior of known scale (per-column and flat columns allowed), sigma known or with any noise prior.

    Raises
    ------
    UnsupportedError
        If the prior is not Normal, its scale is unknown, or the intercept's prior at x = 0 and the
        coefficients' prior are not both scaled by sigma or both not.
    """
    if not reg.is_gaussian or not isinstance(reg.prior, Normal) or not reg.scale_known:
        raise UnsupportedError(
            f"the exact engine covers gaussian regressions with a Normal prior of known scale, got {reg}; "
            'use engine="auto".'
        )
    if reg.has_intercept_column and reg.intercept.scaled_by_sigma != reg.prior.scaled_by_sigma:  # type: ignore[union-attr]
        raise UnsupportedError(
            'intercept and coefficients must both be scaled by sigma, or both not; use engine="nuts".'
        )
    scales = reg.scales.normal
    if reg.has_intercept_column:
        scales = np.append(scales, float(reg.intercept.scale))  # type: ignore[union-attr, arg-type]
    free, penalized = np.flatnonzero(np.isinf(scales)), np.flatnonzero(np.isfinite(scales))
    _require_determined(reg.loss, free)
    spread = scales[penalized]
    return ExactPosterior(reg, spread, penalized, free, decompose(reg.loss, spread, penalized, free))


def _require_determined(loss: QuadraticLoss, free: np.ndarray) -> None:
    """Raise unless the data alone determine the flat coefficients."""
    if len(free) == 0:
        return
    block = loss.curvature(free)
    root = np.sqrt(np.diag(block))
    if np.any(root == 0) or linalg.eigvalsh(block / np.outer(root, root))[0] < 1e3 * len(free) * np.finfo(float).eps:
        raise ModeError(
            "flat columns are constant or collinear, so their posterior is improper; give them a finite scale."
        )


def log_evidence(reg: Regression) -> float:
    """Log marginal likelihood log p(y) of a regression with a Normal prior, exactly.

    Flat parameters (a flat intercept, columns of infinite scale) count with density 1.

    Parameters
    ----------
    reg : Regression
        As for :func:`exact_posterior`.

    Examples
    --------
    >>> import bayesreg as br
    >>> frame, target = br.load_dataset("diabetes")
    >>> X, y = frame.drop(columns=target), frame[target]
    >>> near = br.log_evidence(br.Regression(X, y, prior=br.Normal(10.0), sigma=54.0))
    >>> far = br.log_evidence(br.Regression(X, y, prior=br.Normal(1e4), sigma=54.0))
    >>> near > far
    True
    """
    return exact_posterior(reg).log_evidence


def sample_exact(reg: Regression, *, draws: int, chains: int, random_seed: int | None) -> Draws:
    """Independent draws in the shape of chains, each chain from its own stream."""
    posterior = exact_posterior(reg)
    parts = [posterior.draw(generator, draws) for generator in chain_generators(random_seed, chains)]
    beta, at_center, sigma = (np.stack(part) for part in zip(*parts, strict=True))
    return Draws(beta, at_center, sigma)


def draw_intercept(reg: Regression, generator: np.random.Generator, sigma: np.ndarray) -> np.ndarray:
    """The intercept at the centre given sigma: Normal, and independent of the coefficients."""
    if reg.intercept is False:
        return np.zeros(len(sigma))
    kappa = np.array([reg.intercept_precision(float(value)) for value in sigma])
    spread = sigma / np.sqrt(reg.design.weight + kappa)
    return np.asarray(reg.conditional_intercept(sigma) + spread * generator.standard_normal(len(sigma)))


def refined_grid(density: Callable[[np.ndarray], np.ndarray], start: float) -> tuple[np.ndarray, np.ndarray]:
    """A grid over all that is within ``GRID_FALL`` of a log density's top, however narrow, and the density there.

    Raises
    ------
    ModeError
        If the density does not fall off on both sides within 60 units of the start.
    """
    grid = np.linspace(start - 60.0, start + 60.0, 2_401)
    values = density(grid)
    unit = 20
    for side, fall in (("0", values[unit] - values[0]), ("infinity", values[-1 - unit] - values[-1])):
        if not fall > 1e-6 or max(values[0], values[-1]) > values.max() - GRID_FALL:
            raise ModeError(
                "the posterior of sigma is improper or too spread out to integrate: "
                f"it does not fall off towards {side}; give sigma a proper prior, such as HalfNormal or InverseGamma."
            )
    while True:
        above = np.flatnonzero(values > values.max() - GRID_FALL)
        low, high = above[0] - 1, above[-1] + 1
        if high - low > GRID_POINTS // 3 and len(grid) == GRID_POINTS:
            return grid, values
        grid = np.linspace(grid[max(low, 0)], grid[min(high, len(grid) - 1)], GRID_POINTS)
        values = density(grid)

r"""The exact posterior under a Normal prior: independent draws, moments and evidence, no Markov chain.

With T = diag(s) in units of the prior and the singular values d_k of AT, the coefficients are θ = TVγ. Given sigma
and scale the γ_k are independent Normal: with h_k = (V'TA'b)_k and r the prior's standard deviation over sigma (in
those units), their mean and variance are

    h_k/(d_k² + 1/r²),    σ²/(d_k² + 1/r²).

What is unknown of sigma and scale has a posterior of at most two dimensions, which is integrated and drawn from by
quadrature (:mod:`bayesreg.sampling.exact.marginal`).
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from scipy import linalg

from bayesreg.errors import PriorError, UnsupportedError
from bayesreg.model.objective import conditional_intercept, split
from bayesreg.model.regression import Regression
from bayesreg.model.unknowns import Unknowns
from bayesreg.sampling.draws import Run, chain_generators, draw_type
from bayesreg.sampling.exact.conditional import Conditional, conditional
from bayesreg.sampling.exact.marginal import Marginal, Nodes
from bayesreg.sampling.exact.spectrum import Spectrum, decompose
from bayesreg.sampling.proper import require_determined

# Numbers that a block of draws (or of nodes) may hold.
BLOCK_SIZE = 4_000_000


@dataclass(frozen=True, eq=False)
class ExactPosterior:
    """The posterior of a Gaussian regression with a Normal prior; see :func:`exact_posterior`."""

    reg: Regression
    spread: np.ndarray
    penalized: np.ndarray
    free: np.ndarray
    spectrum: Spectrum
    marginal: Marginal

    @property
    def log_evidence(self) -> float:
        """Log p(y), all parameters integrated out."""
        return self.marginal.log_evidence

    def log_likelihood(self, sigma: np.ndarray | float, scale: np.ndarray | float = 1.0) -> np.ndarray:
        """Log p(y | σ, scale) without coefficients and intercept, any shape; scale only where it is unknown."""
        return self.marginal.log_likelihood(np.asarray(sigma, dtype=float), np.asarray(scale, dtype=float))

    @property
    def sigma_nodes(self) -> tuple[np.ndarray, np.ndarray]:
        """Sigma values and their posterior weights (summing to 1); a single one if sigma and scale are known."""
        return self.marginal.moment_nodes.sigma, self.marginal.moment_nodes.weight

    def mean(self) -> np.ndarray:
        """Posterior mean of beta, shape (p,)."""
        return split(self.reg, self.theta_mean(), 0.0)[0]

    def theta_mean(self) -> np.ndarray:
        """Posterior mean of θ, shape (q,)."""
        return self._theta(self._mean(self.marginal.nodes))

    def covariance(self) -> np.ndarray:
        """Posterior covariance of beta, shape (p, p); ModeError if it is infinite."""
        return self.reg.coordinates.covariance(self.theta_covariance()[: self.reg.p, : self.reg.p])

    def theta_covariance(self) -> np.ndarray:
        """Posterior covariance of θ, shape (q, q).

        Raises
        ------
        ModeError
            If it is infinite.
        """
        nodes = self.marginal.moment_nodes
        mean, rank = self._mean(nodes), len(self.spectrum.squares)
        inside = np.zeros((rank + 1, rank + 1))
        for block in self._blocks(nodes):
            given = conditional(self.marginal, block.sigma, block.scale)
            away = np.column_stack([given.center, given.level]) - mean
            side = np.column_stack([given.slope, np.ones(len(block.weight))])
            inside += away.T @ (block.weight[:, None] * away)
            inside += side.T @ ((block.weight * given.level_variance)[:, None] * side)
            inside[np.arange(rank), np.arange(rank)] += block.weight @ given.variance
        return self._from_inside(inside, nodes)

    def draw(self, generator: np.random.Generator, draws: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Independent draws of (beta, intercept at the centre, sigma, scale), shapes (draws, p) and 3 × (draws,)."""
        beta = np.empty((draws, self.reg.p))
        return beta, *self.draw_into(beta, generator)

    def draw_into(self, beta: np.ndarray, generator: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Fill `beta`, shape (draws, p), with draws; the others are returned, a scale of 1 where it is known."""
        sigma, scale = self.marginal.draw(generator, len(beta))
        term, at_center = self.reg.intercept_term, np.empty(len(beta))
        step = max(1, BLOCK_SIZE // self.reg.p)
        for start in range(0, len(beta), step):
            rows = slice(start, start + step)
            theta = self._draw_theta(generator, sigma[rows], scale[rows])
            beta[rows], at_center[rows] = split(self.reg, theta, 0.0)
        if not term.in_theta:
            at_center = draw_intercept(self.reg, generator, sigma)
        return at_center, sigma, scale

    def _blocks(self, nodes: Nodes) -> Iterator[Nodes]:
        step = max(1, BLOCK_SIZE // (len(self.spectrum.squares) + 1))
        for start in range(0, len(nodes.weight), step):
            yield Nodes(*(part[start : start + step] for part in nodes))

    def _mean(self, nodes: Nodes) -> np.ndarray:
        """Mean of (γ, level), shape (r + 1,)."""
        total = np.zeros(len(self.spectrum.squares) + 1)
        for block in self._blocks(nodes):
            given = conditional(self.marginal, block.sigma, block.scale)
            total += block.weight @ np.column_stack([given.center, given.level])
        return total

    def _from_inside(self, inside: np.ndarray, nodes: Nodes) -> np.ndarray:
        """Covariance of θ from that of (γ, level)."""
        vectors, others = self.spectrum.vectors, self._others
        gamma = vectors @ inside[:-1, :-1] @ vectors.T
        if not self.spectrum.is_full:
            # An orthonormal basis of what V leaves over: I − VV' would blur the rest by its rounding times the prior.
            null = linalg.qr(vectors)[0][:, vectors.shape[1] :]
            prior = nodes.weight @ (nodes.sigma * self.marginal.ratio(nodes.sigma, nodes.scale)) ** 2
            gamma += prior * null @ null.T
        covariance = np.empty((len(others), len(others)))
        m = len(self.penalized)
        covariance[:m, :m] = self.spread[:, None] * gamma * self.spread
        if len(others) > m:
            covariance[:m, m] = covariance[m, :m] = self.spread * (vectors @ inside[:-1, -1])
            covariance[m, m] = inside[-1, -1]
        return self._with_free(covariance, float(nodes.weight @ nodes.sigma**2))

    def _draw_theta(self, generator: np.random.Generator, sigma: np.ndarray, scale: np.ndarray) -> np.ndarray:
        theta = np.empty((len(sigma), self.reg.loss.size))
        given = conditional(self.marginal, sigma, scale)
        if self.reg.intercept_term.in_theta:
            away = np.sqrt(given.level_variance) * generator.standard_normal(len(sigma))
            theta[:, -1] = given.level + away
            given = replace(given, center=given.center + given.slope * away[:, None])
        gamma = self._draw_gamma(generator, given, sigma * self.marginal.ratio(sigma, scale))
        gamma *= self.spread
        if len(self.penalized) == theta.shape[1]:
            return gamma
        theta[:, self.penalized] = gamma
        if len(self.free):
            theta[:, self.free] = self._draw_free(generator, theta[:, self._others], sigma)
        return theta

    def _draw_gamma(self, generator: np.random.Generator, given: Conditional, prior_sd: np.ndarray) -> np.ndarray:
        """Vγ: prior draws, replaced along the directions that the data inform."""
        vectors = self.spectrum.vectors
        gamma = generator.standard_normal((len(prior_sd), len(vectors)))
        if self.spectrum.is_full:
            return np.asarray((given.center + np.sqrt(given.variance) * gamma) @ vectors.T)
        noise = gamma @ vectors
        gamma *= prior_sd[:, None]
        gamma += (given.center + (np.sqrt(given.variance) - prior_sd[:, None]) * noise) @ vectors.T
        return gamma

    def _draw_free(self, generator: np.random.Generator, others: np.ndarray, sigma: np.ndarray) -> np.ndarray:
        factor = linalg.cholesky(self.reg.loss.curvature(self.free), lower=True)
        center = others @ self._onto_free.T + self._free_alone
        noise = generator.standard_normal((len(sigma), len(self.free)))
        return center + sigma[:, None] * linalg.solve_triangular(factor.T, noise.T).T

    @cached_property
    def _others(self) -> np.ndarray:
        """All coefficients but the free ones: the penalized, then the level."""
        return self.reg.intercept_term.append(self.penalized, self.reg.p).astype(int)

    @cached_property
    def _onto_free(self) -> np.ndarray:
        """What one unit of each other coefficient moves the free ones by, shape (f, len(others))."""
        return -np.linalg.solve(self.reg.loss.curvature(self.free), self.reg.loss.gram[np.ix_(self.free, self._others)])

    @cached_property
    def _free_alone(self) -> np.ndarray:
        return np.linalg.solve(self.reg.loss.curvature(self.free), self.reg.loss.cross[self.free])

    def _theta(self, inside: np.ndarray) -> np.ndarray:
        """θ from (γ, level), shape (q,)."""
        theta = np.empty(self.reg.loss.size)
        theta[self.penalized] = self.spread * (self.spectrum.vectors @ inside[:-1])
        if self.reg.intercept_term.in_theta:
            theta[-1] = inside[-1]
        if len(self.free):
            theta[self.free] = self._onto_free @ theta[self._others] + self._free_alone
        return theta

    def _with_free(self, covariance: np.ndarray, variance: float) -> np.ndarray:
        """Covariance of θ from that of all but its free part, and the mean of σ²."""
        size, others = self.reg.loss.size, self._others
        map_ = np.zeros((size, len(others)))
        map_[others, np.arange(len(others))] = 1.0
        if len(self.free) == 0:
            whole = np.empty((size, size))
            whole[np.ix_(others, others)] = covariance
            return whole
        map_[self.free] = self._onto_free
        whole = map_ @ covariance @ map_.T
        whole[np.ix_(self.free, self.free)] += variance * np.linalg.inv(self.reg.loss.curvature(self.free))
        return whole


def exact_posterior(reg: Regression) -> ExactPosterior:
    """Diagonalize the posterior of a Gaussian regression with a Normal prior.

    Parameters
    ----------
    reg : Regression
        With a Normal prior, whose scale is known (per-column and flat columns allowed) or has a hyperprior; sigma
        known or with any noise prior.

    Raises
    ------
    UnsupportedError
        If the family is not Gaussian or the prior not Normal.
    ModeError
        If the data do not determine the flat columns.
    """
    if not isinstance(reg, Regression):
        raise PriorError(f"expected a Regression, got {type(reg).__name__}; use br.Regression(X, y, prior=…).")
    if not reg.is_gaussian or not reg.prior.is_conjugate:
        raise UnsupportedError(
            f"the exact engine covers gaussian regressions with a Normal prior, got {reg}; "
            'use engine="auto" for draws, br.select(reg, by="evidence") for the evidence under a Laplace prior.'
        )
    reg.require_unbounded("the exact engine, and with it the evidence,")
    scales = reg.unit_scales.normal
    free, penalized = np.flatnonzero(np.isinf(scales)), np.flatnonzero(np.isfinite(scales))
    require_determined(reg.loss, free)
    spread = scales[penalized]
    spectrum = decompose(reg.loss, spread, penalized, free, reg.p if reg.intercept_term.in_theta else None)
    marginal = Marginal(reg, spectrum, len(free), _log_constant(reg, free))
    return ExactPosterior(reg, spread, penalized, free, spectrum, marginal)


def _log_constant(reg: Regression, free: np.ndarray) -> float:
    """What weights and flat parameters add to the log evidence."""
    constant = 0.5 * reg.design.log_weight
    if reg.intercept_term.orthogonal:
        constant -= 0.5 * float(np.log(reg.design.weight))
    if len(free):
        constant -= 0.5 * float(np.linalg.slogdet(reg.loss.curvature(free))[1])
    return constant


def sample_exact(reg: Regression, *, draws: int, chains: int, random_seed: int | np.random.SeedSequence | None) -> Run:
    """Independent draws in the shape of chains, each chain from its own stream."""
    return run_of(exact_posterior(reg), draws, chains, random_seed)


def run_of(posterior: ExactPosterior, draws: int, chains: int, random_seed: int | np.random.SeedSequence | None) -> Run:
    """Draws of a posterior that is at hand."""
    reg, shape = posterior.reg, (chains, draws, posterior.reg.p)
    beta = np.empty(shape, dtype=draw_type(shape))
    others = [
        posterior.draw_into(part, generator)
        for part, generator in zip(beta, chain_generators(random_seed, chains), strict=True)
    ]
    at_center, sigma, scale = (np.stack(part) for part in zip(*others, strict=True))
    return Run(Unknowns(beta, at_center, sigma, {} if reg.scale_known else {"scale": scale}))


def draw_intercept(reg: Regression, generator: np.random.Generator, sigma: np.ndarray) -> np.ndarray:
    """The intercept at the centre given sigma: Normal, and independent of the coefficients."""
    if not reg.intercept_term.exists:
        return np.zeros(len(sigma))
    kappa = np.array([reg.intercept_term.precision(float(value)) for value in sigma])
    spread = sigma / np.sqrt(reg.design.weight + kappa)
    return np.asarray(conditional_intercept(reg, sigma) + spread * generator.standard_normal(len(sigma)))

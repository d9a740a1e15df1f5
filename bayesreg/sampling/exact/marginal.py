r"""The posterior of sigma and of a Normal prior's scale, the coefficients integrated out.

With r = scale (prior scaled by sigma) or scale/σ (not), the singular values d_k of the columns in units of the prior,
and the coordinates e_k of b along them, the N data that are left after the flat parameters have

    log p(y|σ, scale) = −½ [Σ_k log(1 + r²d_k²) + N log 2πσ² + S(r)/σ²],    S(r) = Σ_k e_k²/(1 + r²d_k²) + rest,

so that the sums over k are functions of r alone. An intercept with a Normal prior at x = 0 adds a term of rank one.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

from bayesreg.model.regression import Regression
from bayesreg.priors.positive import PositivePrior
from bayesreg.sampling.exact.quadrature import REACH, Panels, Search, in_blocks, integrate, tabulate
from bayesreg.sampling.exact.spectrum import Spectrum

LOG_2PI = float(np.log(2 * np.pi))
TINY = 1e-200
# Up to this many directions sums over them are faster than a table of the sums.
FEW_DIRECTIONS = 24


class Nodes(NamedTuple):
    """Values of sigma and scale with their posterior weights (summing to 1), each of shape (m,)."""

    sigma: np.ndarray
    scale: np.ndarray
    weight: np.ndarray


@dataclass(frozen=True, eq=False)
class Marginal:
    """p(σ, scale | y); a known one of the two is a constant (a known scale is 1: the spectrum is in units of it).

    Attributes
    ----------
    reg : Regression
    spectrum : Spectrum
    flat : int
        Number of flat coefficients.
    log_constant : float
        What the flat parameters and the weights of the rows add to the log evidence.
    """

    reg: Regression
    spectrum: Spectrum
    flat: int
    log_constant: float

    @property
    def scale_prior(self) -> PositivePrior | None:
        """Hyperprior of the scale, None if it is known."""
        return self.reg.prior.scale_prior

    @cached_property
    def log_evidence(self) -> float:
        """Log p(y), all parameters integrated out."""
        if self.scale_prior is not None:
            return float(self._over_scale(moments=False).log_totals[0, 0])
        if self.reg.noise.known:
            return float(self.log_likelihood(np.array(self.reg.noise.sigma), np.array(1.0)))
        return float(self._over_sigma(np.zeros(1), moments=False).log_totals[0, 0])

    @cached_property
    def nodes(self) -> Nodes:
        """Nodes that integrate the posterior."""
        return self._nodes(moments=False)

    @cached_property
    def moment_nodes(self) -> Nodes:
        """Nodes that also integrate σ² and the variances of the coefficients, whose tails are longer.

        Raises
        ------
        ModeError
            If a posterior variance is infinite.
        """
        return self._nodes(moments=True)

    def draw(self, generator: np.random.Generator, draws: int) -> tuple[np.ndarray, np.ndarray]:
        """Independent draws of sigma and scale, both of shape (draws,)."""
        log_scale = np.zeros(draws)
        if self.scale_prior is not None:
            log_scale = self._over_scale(moments=False).draw(generator.uniform(size=(1, draws)))[0]
        if self.reg.noise.sigma is not None:
            return np.full(draws, self.reg.noise.sigma), np.exp(log_scale)
        uniform = generator.uniform(size=draws)
        if self.scale_prior is None:
            return np.exp(self._over_sigma(np.zeros(1), moments=False).draw(uniform[None])[0]), np.exp(log_scale)
        log_sigma = self._over_sigma(log_scale, moments=False).draw(uniform[:, None])[:, 0]
        return np.exp(log_sigma), np.exp(log_scale)

    def log_likelihood(self, sigma: np.ndarray, scale: np.ndarray) -> np.ndarray:
        """Log p(y | σ, scale), flat parameters integrated out with density 1; arguments broadcast."""
        return self._assembled(sigma, self._sums(np.log(self.ratio(sigma, scale))))

    def ratio(self, sigma: np.ndarray, scale: np.ndarray) -> np.ndarray:
        """Prior standard deviation over sigma."""
        return np.asarray(scale) if self.reg.prior.scaled_by_sigma else np.asarray(scale / sigma)

    def level_moments(self, sigma: np.ndarray, scale: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Mean (less its start) and variance of the level's coefficient given sigma and scale."""
        level = self.spectrum.level
        assert level is not None
        sums, variance = self._sums(np.log(self.ratio(sigma, scale))), sigma**2
        intercept_variance = self.reg.intercept_term.variance(variance)
        total = 1 + intercept_variance * sums[2] / variance
        return (intercept_variance * sums[3] / variance - level.start) / total, intercept_variance / total

    @property
    def _left(self) -> int:
        """Dimensions of the data that neither the spectrum nor a flat parameter takes."""
        return self.reg.n - len(self.spectrum.squares) - self.flat - int(self.reg.intercept_term.orthogonal)

    def _exact_sums(self, log_ratio: np.ndarray) -> np.ndarray:
        """Σ log(1 + r²d²), S(r), and with a level its square and its product with b in the same metric; (k, m)."""
        spectrum = self.spectrum
        added = spectrum.squares * np.exp(2 * log_ratio)[:, None]
        shrunk = 1 / (1 + added)
        sums = [np.log1p(added).sum(axis=1), shrunk @ spectrum.explained + self._rests[0]]
        if spectrum.level is not None:
            u, e = spectrum.level.along, spectrum.score / np.sqrt(spectrum.squares)
            sums += [shrunk @ u**2 + self._rests[1], shrunk @ (u * e) + self._rests[2]]
        return np.array(sums)

    @property
    def _rests(self) -> tuple[float, float, float]:
        """What lies beyond the spectrum, of b, of the level and between them; mere rounding if nothing is left over."""
        level = self.spectrum.level
        if self._left <= 0:
            return 0.0, 0.0, 0.0
        return self.spectrum.rest, level.square if level else 0.0, level.cross if level else 0.0

    def _sums(self, log_ratio: np.ndarray) -> np.ndarray:
        return in_blocks(self._exact_sums, log_ratio, len(self.spectrum.squares))

    def _assembled(self, sigma: np.ndarray, sums: np.ndarray) -> np.ndarray:
        variance = sigma**2
        count = self._left + len(self.spectrum.squares)
        total = sums[0] + count * (LOG_2PI + np.log(variance)) + sums[1] / variance
        if self.spectrum.level is not None:
            # Where the intercept's mean starts from c₀: log|..| and c₀²/s₀² − m²/v, free of cancellation.
            intercept_variance, start = self.reg.intercept_term.variance(variance), self.spectrum.level.start
            square, cross = sums[2] / variance, sums[3] / variance
            total = total + np.log1p(intercept_variance * square)
            total = total + (start**2 * square + 2 * cross * start - intercept_variance * cross**2) / (
                1 + intercept_variance * square
            )
        elif self.reg.intercept_term.has_prior:
            around = variance / self.reg.design.weight + self.reg.intercept_term.variance(variance)
            away = self.reg.design.mean_y - self.reg.intercept_term.loc
            total = total + LOG_2PI + np.log(around) + away**2 / around
        return np.asarray(self.log_constant - 0.5 * total)

    def _log_variance(self, log_sigma: np.ndarray, log_ratio: np.ndarray) -> np.ndarray:
        """Log of the largest variance of a coefficient given sigma and scale, up to a constant factor."""
        squares = self.spectrum.squares
        least = 0.0 if not self.spectrum.is_full else float(squares.min(initial=np.inf))
        of_prior = 2 * log_ratio
        bounded = of_prior - np.logaddexp(0.0, of_prior + np.log(least)) if least > 0 else of_prior
        has_others = self.flat or self.spectrum.level is not None
        # The flat ones have σ² times what least squares has; a common unit only moves where the tail is cut.
        return 2 * log_sigma + (np.logaddexp(bounded, np.log(1 / self.reg.design.weight)) if has_others else bounded)

    def _over_sigma(self, log_scale: np.ndarray, *, moments: bool) -> Panels:
        """The conditional of log sigma at each of a values of log scale, not divided by its integral."""
        prior, scaled = self.reg.noise.prior, self.reg.prior.scaled_by_sigma
        assert prior is not None
        ratio = log_scale[:, None]
        fixed = self._sums(ratio) if scaled else None

        def logs(t: np.ndarray) -> np.ndarray:
            against_sigma = ratio if scaled else ratio - t
            sums = fixed if fixed is not None else self._fast_sums(against_sigma)
            density = self._assembled(np.exp(t), sums) + prior.log_density_of_log(t)
            return np.array([density, density + self._log_variance(t, against_sigma)]) if moments else density[None]

        return integrate(logs, self._search_sigma(log_scale, fixed))

    def _over_scale(self, *, moments: bool) -> Panels:
        """The posterior of log scale, not divided by the evidence."""
        return self._scale_with_moments if moments else self._scale_alone

    @cached_property
    def _scale_alone(self) -> Panels:
        return integrate(lambda t: self._log_scale_density(t, moments=False), self._search_scale)

    @cached_property
    def _scale_with_moments(self) -> Panels:
        return integrate(lambda t: self._log_scale_density(t, moments=True), self._search_scale)

    def _log_scale_density(self, t: np.ndarray, *, moments: bool) -> np.ndarray:
        prior, flat = self.scale_prior, t.ravel()
        assert prior is not None
        if self.reg.noise.sigma is None:
            logs = self._over_sigma(flat, moments=moments).log_totals
        else:
            sigma = np.full(len(flat), self.reg.noise.sigma)
            logs = self.log_likelihood(sigma, np.exp(flat))[None]
            if moments:
                log_ratio = np.log(self.ratio(sigma, np.exp(flat)))
                logs = np.concatenate([logs, logs + self._log_variance(np.log(sigma), log_ratio)])
        return (logs + prior.log_density_of_log(flat)).reshape(-1, *t.shape)

    def _nodes(self, *, moments: bool) -> Nodes:
        log_scale, weight = np.zeros(1), np.ones(1)
        if self.scale_prior is not None:
            nodes = self._over_scale(moments=moments)
            log_scale, weight = nodes.nodes[0], nodes.weights[0]
        if self.reg.noise.sigma is not None:
            return Nodes(np.full(len(weight), self.reg.noise.sigma), np.exp(log_scale), weight)
        inner = self._over_sigma(log_scale, moments=moments)
        shape = inner.nodes.shape
        scale = np.broadcast_to(np.exp(log_scale)[:, None], shape)
        return Nodes(np.exp(inner.nodes).ravel(), scale.ravel(), (weight[:, None] * inner.weights).ravel())

    @cached_property
    def _fast_sums(self) -> Callable[[np.ndarray], np.ndarray]:
        """The sums from a table where two unknowns would have them computed too often."""
        if self.scale_prior is None or len(self.spectrum.squares) <= FEW_DIRECTIONS:
            return self._sums
        low, high = self._search_scale.low[0], self._search_scale.high[0]
        sigma = self._search_sigma(np.array([low, high]), None)
        return tabulate(self._sums, low - sigma.high.max() - 1.0, high - sigma.low.min() + 1.0, 0.5)

    @property
    def _log_sd(self) -> float:
        return 0.5 * float(np.log(max(self.reg.loss.square, TINY) / self.reg.n))

    @property
    def _noise(self) -> float:
        """Rounding error of a log likelihood, whose terms may cancel."""
        return float(np.finfo(float).eps * self.reg.n * (1 + 2 * abs(self._log_sd)))

    @property
    def _log_singular(self) -> np.ndarray:
        """Logs of the least and the largest singular value."""
        squares = self.spectrum.squares
        return 0.5 * np.log([squares.min(), squares.max()]) if len(squares) else np.zeros(2)

    def _search_sigma(self, log_scale: np.ndarray, sums: np.ndarray | None) -> Search:
        prior = self.reg.noise.prior
        assert prior is not None
        places = [np.full(len(log_scale), self._log_sd)]
        if (center := prior.log_center) is not None:
            places.append(np.full(len(log_scale), center))
        if self._rests[0] > 0:
            places.append(np.full(len(log_scale), 0.5 * np.log(self._rests[0] / self._left)))
        if sums is not None:
            places.append(0.5 * np.log(np.maximum(sums[1][:, 0], TINY) / self.reg.n))
        elif self.scale_prior is not None:
            places.append(log_scale + self._log_singular[1])
        return _search(np.array(places), prior.log_upper, "sigma", self._noise)

    @cached_property
    def _search_scale(self) -> Search:
        prior, unit = self.scale_prior, 0.0
        assert prior is not None
        if not self.reg.prior.scaled_by_sigma:
            unit = self._log_sd if self.reg.noise.sigma is None else float(np.log(self.reg.noise.sigma))
        places = [*(unit - self._log_singular)]
        if not self.reg.prior.scaled_by_sigma:
            places.append(self._log_sd - self._log_singular[1])
        if (center := prior.log_center) is not None:
            places.append(center)
        return _search(np.array(places)[:, None], prior.log_upper, "scale", self._noise)


def _search(places: np.ndarray, end: float, what: str, noise: float) -> Search:
    low, high = places.min(axis=0) - REACH, places.max(axis=0) + REACH
    closed = bool(end < high.max())
    if closed:
        low, high = np.minimum(low, end - REACH), np.full(len(high), end)
    return Search(low, high, closed, what, noise)

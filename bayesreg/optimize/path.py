"""Estimates along a grid of strengths, each started from the one before and each certified."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from bayesreg.errors import PriorError
from bayesreg.model.regression import Regression
from bayesreg.optimize.estimate import Estimate
from bayesreg.optimize.map_estimate import map_estimate
from bayesreg.priors.column_values import validate_values
from bayesreg.priors.dictionary import to_penalty, to_prior
from bayesreg.priors.penalty import L2, Penalty, rescaled

if TYPE_CHECKING:
    import pandas as pd

POINTS, SMALLEST_SHARE = 100, 1e-3


@dataclass(frozen=True, eq=False)
class Path:
    """MAP estimates along a decreasing grid of strengths.

    Attributes
    ----------
    strengths : ndarray, shape (m,)
        In ``half_rss``, decreasing. With per-column scales it is the largest of the columns'
        strengths; the others keep their ratio to it. For an elastic net it is the L1 strength, and
        the L2 strength keeps its ratio.
    current : float
        The strength of the regression's own prior.
    estimates : tuple of Estimate
        One per strength, each with its certificate.
    """

    strengths: np.ndarray
    current: float
    estimates: tuple[Estimate, ...]
    objective: str = "half_rss"

    @property
    def names(self) -> tuple[str, ...]:
        """Column names."""
        return self.estimates[0].names

    @property
    def beta(self) -> np.ndarray:
        """Coefficients on the columns that the prior sees, shape (m, p)."""
        return np.array([estimate.beta for estimate in self.estimates])

    @property
    def coef(self) -> np.ndarray:
        """Coefficients on the user's columns, shape (m, p)."""
        return np.array([estimate.coef for estimate in self.estimates])

    @property
    def n_zeros(self) -> np.ndarray:
        """Exact zeros at each strength, shape (m,)."""
        return np.array([estimate.n_zeros for estimate in self.estimates])

    @property
    def kkt(self) -> np.ndarray:
        """Relative KKT residual at each strength, shape (m,)."""
        return np.array([estimate.certificate.kkt for estimate in self.estimates])

    @property
    def gap(self) -> np.ndarray:
        """Relative duality gap at each strength, shape (m,)."""
        return np.array([estimate.certificate.gap for estimate in self.estimates])

    def to_frame(self) -> "pd.DataFrame":
        """Coefficients on the user's columns, one row per strength."""
        import pandas as pd

        return pd.DataFrame(self.coef, index=pd.Index(self.strengths, name="strength"), columns=list(self.names))


def path(reg: Regression, strengths: object = None) -> Path:
    """MAP estimates over strengths of the regression's kind of penalty.

    Parameters
    ----------
    reg : Regression
        With known sigma and scale. Its prior gives the kind of penalty and the columns' ratios.
    strengths : array-like, shape (m,), optional
        Positive, in ``half_rss``. By default 100 from the smallest that gives all zeros down to a
        thousandth of it, in equal steps of the logarithm (for a Normal prior, which gives no zeros,
        from 1,000 times to a thousandth of the strength that halves a standardized coefficient).

    Returns
    -------
    Path

    Raises
    ------
    PriorError
        If sigma or scale is unknown, or no column is penalized.

    Examples
    --------
    >>> import bayesreg as br
    >>> frame, target = br.load_dataset("diabetes")
    >>> reg = br.Regression(frame.drop(columns=target), frame[target], prior=br.Laplace(10.0), sigma=54.0)
    >>> fits = br.path(reg)
    >>> int(fits.n_zeros[0]), int(fits.n_zeros[-1]), bool(fits.kkt.max() < 1e-9)
    (10, 0, True)
    """
    if reg.noise.sigma is None or not reg.scale_known:
        raise PriorError("a path needs a known sigma and a prior of known scale; use reg.with_sigma(number).")
    own = to_penalty(reg.prior, sigma=reg.noise.sigma)
    current = _largest(own, reg)
    grid = _default_strengths(reg, own, current) if strengths is None else _read_strengths(strengths)
    estimates: list[Estimate] = []
    start = None
    for strength in grid:
        at = reg.with_prior(to_prior(rescaled(own, strength / current), sigma=reg.noise.sigma))
        estimates.append(map_estimate(at, start))
        start = estimates[-1].beta
    return Path(grid, current, tuple(estimates))


def strength_max(reg: Regression) -> float:
    """The smallest strength (the largest of the columns', in ``half_rss``) at which every penalized coefficient is 0.

    It is max_j |x_j'(y − ŷ₀)|·(λ_max/λ_j), where ŷ₀ is the fit of what is not penalized.
    """
    assert reg.noise.sigma is not None
    l1, l2 = reg.weights_at(reg.noise.sigma)
    free = np.flatnonzero(l1 == 0)
    gradient = -reg.loss.cross
    if len(free):
        theta = np.zeros(reg.loss.size)
        block = reg.loss.curvature(free) + np.diag(l2[free])
        theta[free] = np.linalg.lstsq(block, reg.loss.cross[free], rcond=None)[0]
        gradient = reg.loss.gradient(theta)
    penalized = l1 > 0
    return float(np.max(np.abs(gradient[penalized]) / l1[penalized], initial=0.0) * np.max(l1))


def _read_strengths(strengths: object) -> np.ndarray:
    values = np.atleast_1d(np.asarray(validate_values(strengths, "strengths", zero_allowed=True), dtype=float))
    if np.any(values <= 0):
        raise PriorError("strengths of a path must be greater than 0; strength 0 is br.least_squares(reg).")
    return np.sort(values)[::-1].copy()


def _default_strengths(reg: Regression, own: Penalty, current: float) -> np.ndarray:
    if isinstance(own, L2):
        middle = float(np.mean(np.diag(reg.loss.gram))) if reg.loss.has_gram else float(reg.design.weight)
        return np.geomspace(1e3 * middle, 1e-3 * middle, POINTS)
    largest = strength_max(reg) or current
    return np.geomspace(largest, SMALLEST_SHARE * largest, POINTS)


def _largest(penalty: Penalty, reg: Regression) -> float:
    assert reg.noise.sigma is not None
    l1, l2 = reg.weights_at(reg.noise.sigma)
    largest = float(np.max(l2[: reg.p] if isinstance(penalty, L2) else l1[: reg.p]))
    if largest == 0:
        raise PriorError("no column is penalized, so there is no path; give the prior a finite scale.")
    return largest

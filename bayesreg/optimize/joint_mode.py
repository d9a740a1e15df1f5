"""The joint mode of (beta, sigma), by the roots of the profile's slope in log sigma.

For each sigma the best beta is the minimum of Q, and by the envelope theorem the profile log density
has the slope that `sigma_slope` gives at that beta. Its roots from + to − are the modes.
"""

import warnings

import numpy as np

from bayesreg.errors import ModeError, MultimodalWarning
from bayesreg.model.log_density import log_likelihood, log_prior
from bayesreg.model.objective import split, unknowns_at
from bayesreg.model.regression import Regression
from bayesreg.optimize.at_sigma import minimize_at
from bayesreg.optimize.certificate import sigma_slope

# Sigma is searched from this share of the target's root mean square up to ten times it.
SMALLEST_SHARE, LARGEST_SHARE, GRID = 1e-6, 10.0, 161


def joint_mode(reg: Regression) -> tuple[np.ndarray, float]:
    """θ and sigma of the highest joint mode.

    Raises
    ------
    ModeError
        If the density grows without bound as sigma goes to 0, or no mode lies in the searched range.

    Warns
    -----
    MultimodalWarning
        If there are several modes.
    """
    sigmas = _grid(reg)
    slopes, start = np.empty(len(sigmas)), None
    for k in range(len(sigmas) - 1, -1, -1):
        start = minimize_at(reg, sigmas[k], start)
        slopes[k] = _slope(reg, start, sigmas[k])
    if slopes[0] < 0:
        raise ModeError(
            f"the joint density of (beta, sigma) still rises as sigma falls to {sigmas[0]:.1e}: its mode runs to 0. "
            "Give sigma as a number, use a prior with scaled_by_sigma=True, or a noise prior that vanishes at 0, "
            "such as InverseGamma."
        )
    brackets = [(sigmas[k], sigmas[k + 1]) for k in range(len(sigmas) - 1) if slopes[k] >= 0 > slopes[k + 1]]
    if not brackets:
        raise ModeError(
            f"no joint mode with sigma between {sigmas[0]:.1e} and {sigmas[-1]:.1e}; check the noise prior."
        )
    modes = [_refine(reg, low, high) for low, high in brackets]
    best = max(modes, key=lambda mode: _log_density(reg, *mode))
    if len(modes) > 1:
        _warn_of_modes(reg, modes, best)
    return best


def _grid(reg: Regression) -> np.ndarray:
    size = (reg.loss.square / reg.n) ** 0.5
    if size == 0:
        raise ModeError("the target does not vary, so sigma has no mode above 0; give sigma as a number.")
    return np.geomspace(SMALLEST_SHARE * size, LARGEST_SHARE * size, GRID)


def _slope(reg: Regression, theta: np.ndarray, sigma: float) -> float:
    return sigma_slope(reg, split(reg, theta, 0.0)[0], sigma)


def _refine(reg: Regression, low: float, high: float) -> tuple[np.ndarray, float]:
    from scipy.optimize import brentq

    def slope(log_sigma: float) -> float:
        sigma = float(np.exp(log_sigma))
        return _slope(reg, minimize_at(reg, sigma), sigma)

    sigma = float(np.exp(brentq(slope, np.log(low), np.log(high), xtol=1e-15, rtol=8.9e-16)))
    return minimize_at(reg, sigma), sigma


def _log_density(reg: Regression, theta: np.ndarray, sigma: float) -> float:
    point = unknowns_at(reg, theta, sigma)
    return float(log_likelihood(reg, point) + log_prior(reg, point))


def _warn_of_modes(reg: Regression, modes: list[tuple[np.ndarray, float]], best: tuple[np.ndarray, float]) -> None:
    top = _log_density(reg, *best)
    descriptions = "; ".join(
        f"sigma = {sigma:.4g} with {int(np.sum(split(reg, theta, 0.0)[0] == 0))} zeros, "
        f"log density {_log_density(reg, theta, sigma) - top:+.2f}"
        for theta, sigma in modes
    )
    warnings.warn(
        f"the joint density of (beta, sigma) has {len(modes)} modes: {descriptions} (relative to the highest, which is "
        "returned). A prior with scaled_by_sigma=True has one mode.",
        MultimodalWarning,
        stacklevel=4,
    )

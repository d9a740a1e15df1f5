r"""Hamiltonian trajectories in whitened coordinates, split so that a Normal target is followed without error.

With x = center + Lz the energy −log p is ½‖z‖² and a rest, small where the target is nearly Normal. A step kicks the
momentum by the rest, rotates (z, momentum) by the exact flow of ½‖z‖², and kicks again (Casas, Sanz-Serna & Shaw 2022,
doi:10.1007/s11222-022-10149-4). Each end of a trajectory is accepted or not by its energy, so that the draws are
exact whatever the whitening.
"""

from dataclasses import dataclass
from math import cos, sin

import numpy as np
from scipy import linalg

from bayesreg.sampling.hmc.target import Target

# A trajectory whose energy is wrong by more than this, or no number, has diverged.
LARGEST_ERROR = 1_000.0


@dataclass(frozen=True, eq=False)
class Whitening:
    """x = center + Lz, so that z has about unit covariance; shapes (d,) and (d, d), L lower triangular."""

    center: np.ndarray
    factor: np.ndarray

    def place(self, z: np.ndarray) -> np.ndarray:
        """The places of z, both of shape (C, d)."""
        return self.center + z @ self.factor.T

    def inside(self, x: np.ndarray) -> np.ndarray:
        """The z of places."""
        return linalg.solve_triangular(self.factor, (x - self.center).T, lower=True, check_finite=False).T


@dataclass(frozen=True, eq=False)
class Chains:
    """Where C chains are, in whitened coordinates.

    Attributes
    ----------
    z, kick : ndarray, shape (C, d)
        Position, and the gradient of the log density plus z: the force of the rest.
    value : ndarray, shape (C,)
        Log density.
    """

    z: np.ndarray
    kick: np.ndarray
    value: np.ndarray


@dataclass(frozen=True, eq=False)
class Moved:
    """What one trajectory of each chain came to, of shape (C,) each."""

    chains: Chains
    acceptance: np.ndarray
    diverging: np.ndarray


def begin(target: Target, whitening: Whitening, z: np.ndarray) -> Chains:
    """Chains at positions z, shape (C, d)."""
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        point = target.locate(whitening.place(z))
        return Chains(z, target.gradient(point) @ whitening.factor + z, target.value(point))


def advance(
    target: Target,
    whitening: Whitening,
    chains: Chains,
    momentum: np.ndarray,
    log_uniform: np.ndarray,
    step: float,
    steps: int,
) -> Moved:
    """One trajectory of `steps` steps of each chain, accepted where log_uniform, (C,), is below the log ratio."""
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        end, last = _trajectory(target, whitening, chains, momentum, step, steps)
        error = _energy(end, last) - _energy(chains, momentum)
    error = np.where(np.isfinite(error), error, np.inf)
    taken = log_uniform < -error
    kept = Chains(
        np.where(taken[:, None], end.z, chains.z),
        np.where(taken[:, None], end.kick, chains.kick),
        np.where(taken, end.value, chains.value),
    )
    return Moved(kept, np.exp(-np.maximum(error, 0.0)), error > LARGEST_ERROR)


def _trajectory(
    target: Target, whitening: Whitening, chains: Chains, momentum: np.ndarray, step: float, steps: int
) -> tuple[Chains, np.ndarray]:
    """The end of each trajectory, and the momentum there."""
    z, kick, c, s = chains.z, chains.kick, cos(step), sin(step)
    for _ in range(steps):
        momentum = momentum + 0.5 * step * kick
        z, momentum = c * z + s * momentum, c * momentum - s * z
        point = target.locate(whitening.place(z))
        kick = target.gradient(point) @ whitening.factor + z
        momentum = momentum + 0.5 * step * kick
    return Chains(z, kick, target.value(point)), momentum


def _energy(chains: Chains, momentum: np.ndarray) -> np.ndarray:
    return -chains.value + 0.5 * np.sum(momentum**2, axis=1)

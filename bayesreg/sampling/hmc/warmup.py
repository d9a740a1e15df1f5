"""What the warm-up learns: the step, and whitened coordinates, from all chains together."""

from dataclasses import dataclass
from math import exp, log

import numpy as np
from scipy import linalg

from bayesreg.sampling.hmc.dynamics import Whitening

LONGEST_STEP, FIRST_STEP, SHORTEST_STEP = 1.6, 0.8, 0.01
# The rate of learning, as Hoffman & Gelman have it.
GAIN, DELAY, DECAY = 0.05, 10.0, 0.75
# How many draws the coordinates that are already there count as, for each unknown.
EARLIER_DRAWS = 15.0
# After which shares of the warm-up the coordinates change.
WINDOWS = (0.15, 0.35, 0.75)


@dataclass
class Step:
    """The length of a step, by dual averaging (Hoffman & Gelman 2014, arXiv:1111.4246, section 3.2).

    Attributes
    ----------
    target : float
        Share of trajectories that is to be accepted.
    """

    target: float
    center: float = log(FIRST_STEP)
    error: float = 0.0
    log_now: float = log(FIRST_STEP)
    average: float = log(FIRST_STEP)
    count: int = 0

    @property
    def now(self) -> float:
        """The step to try next."""
        return exp(self.log_now)

    @property
    def settled(self) -> float:
        """The step that was learned."""
        return exp(self.average)

    def learn(self, acceptance: float) -> None:
        """Lengthen or shorten the step."""
        self.count += 1
        share = 1 / (self.count + DELAY)
        self.error = (1 - share) * self.error + share * (self.target - acceptance)
        log_step = self.center - self.error * self.count**0.5 / GAIN
        self.log_now = min(max(log_step, log(SHORTEST_STEP)), log(LONGEST_STEP))
        weight = self.count**-DECAY
        self.average = weight * self.log_now + (1 - weight) * self.average

    def again(self) -> "Step":
        """Return a step that is learned anew from this one, for new coordinates."""
        return Step(self.target, self.average, 0.0, self.average, self.average)


def windows(tune: int) -> list[int]:
    """The numbers of warm-up draws after which the coordinates change."""
    return [round(share * tune) for share in WINDOWS]


def rewhiten(whitening: Whitening, z: np.ndarray) -> Whitening:
    """Coordinates in which draws z, shape (m, d), of the old ones have about mean 0 and unit covariance.

    The sample covariance is mixed with that of the old coordinates, which counts as a number of draws for each unknown.
    """
    count, size = z.shape
    mean = z.mean(axis=0)
    away, earlier = z - mean, EARLIER_DRAWS * size
    covariance = (away.T @ away + earlier * np.eye(size)) / (count + earlier)
    root = linalg.cholesky(covariance, lower=True)
    return Whitening(whitening.place(mean[None])[0], whitening.factor @ root)

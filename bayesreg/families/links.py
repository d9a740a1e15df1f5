"""What families with the same link share."""

from typing import ClassVar

import numpy as np

from bayesreg.families.base import Array, Family


class LocationScale(Family):
    """y = η + σ·noise: the linear predictor is the centre of y itself."""

    has_sigma: ClassVar[bool] = True
    location_scale: ClassVar[bool] = True

    def mean(self, eta: Array) -> Array:
        """η itself."""
        return eta

    def start(self, mean: float) -> float:
        """The mean itself."""
        return mean


class LogLink(Family):
    """The mean of y is e^η."""

    effect: ClassVar[str] = "the log mean of "
    ratio: ClassVar[str] = "ratio of means"

    def mean(self, eta: Array) -> Array:
        """e^η."""
        with np.errstate(over="ignore"):
            return np.exp(eta)

    def start(self, mean: float) -> float:
        """log(mean)."""
        return float(np.log(mean))

    def near_zero_unit(self, sd_y: float) -> tuple[float, str]:
        """1: a change of the log mean by a small share."""
        return 1.0, ""

"""Coefficients within bounds as PyMC variables: a truncated prior, on a scale without bounds where it is sampled."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import pymc as pm
import pytensor.tensor as pt
from pymc.logprob.transforms import Transform

from bayesreg.model.bounds import Box
from bayesreg.priors.truncation import log_share

if TYPE_CHECKING:
    from bayesreg.model.regression import Regression

# From a PyMC distribution to what makes a variable of it: called with a name, its parameters and dims.
Maker = Callable[[Any], Callable[..., Any]]


class BoxTransform(Transform):  # type: ignore[misc]
    """Elementwise: a logarithm of the distance from one bound, a logit between two, and nothing without any."""

    name = "box"

    def __init__(self, box: Box) -> None:
        has_lower, has_upper = np.isfinite(box.lower), np.isfinite(box.upper)
        self.both, self.above, self.below = has_lower & has_upper, has_lower & ~has_upper, has_upper & ~has_lower
        self.lower, self.upper = np.where(has_lower, box.lower, 0.0), np.where(has_upper, box.upper, 1.0)
        self.width = np.where(self.both, self.upper - self.lower, 1.0)

    def forward(self, value: Any, *inputs: Any) -> Any:
        """To the scale without bounds."""
        share = pt.switch(self.both, (value - self.lower) / self.width, 0.5)
        gap = pt.switch(self.above, value - self.lower, pt.switch(self.below, self.upper - value, 1.0))
        plain = pt.switch(self.both | self.above | self.below, 0.0, value)
        return plain + pt.log(share) - pt.log1p(-share) + pt.log(gap)

    def backward(self, value: Any, *inputs: Any) -> Any:
        """From there; the exponential is of nothing but what needs it, so that no derivative overflows."""
        gap = pt.exp(pt.switch(self.above | self.below, value, 0.0))
        one_sided = pt.switch(self.above, self.lower + gap, self.upper - gap)
        inside = pt.switch(self.both, self.lower + self.width * pt.sigmoid(value), value)
        return pt.switch(self.above | self.below, one_sided, inside)

    def log_jac_det(self, value: Any, *inputs: Any) -> Any:
        """Logarithm of the derivative of `backward`."""
        logit = np.log(self.width) - pt.softplus(value) - pt.softplus(-value)
        return pt.switch(self.both, logit, pt.switch(self.above | self.below, value, 0.0))

    @property
    def inner_point(self) -> np.ndarray:
        """A point within the box, shape (p,)."""
        one_sided = np.where(self.above, self.lower + 1.0, np.where(self.below, self.upper - 1.0, 0.0))
        return np.where(self.both, self.lower + 0.5 * self.width, one_sided)


def maker_of(reg: "Regression") -> Maker:
    """What makes a variable of a distribution: as it is, or truncated to the regression's bounds."""
    if reg.bounds is None:
        return lambda kind: kind
    box = reg.bounds.on(reg.design.standardization.sd)
    # Unknown scales have signs as bounds alone, whose share does not depend on them.
    sigma = np.ones(1) if reg.noise.sigma is None else np.full(1, reg.noise.sigma)
    ones = {one.name: np.ones((1, reg.p) if one.per_column else (1,)) for one in reg.prior.unknowns}
    share = np.broadcast_to(log_share(reg.prior, *box, reg.prior.given(reg.names, sigma, ones)), (1, reg.p))[0]
    return lambda kind: _truncated(kind, box, share, reg.bounds is not None and reg.bounds.are_signs)


def _truncated(kind: Any, box: Box, share: np.ndarray, signs: bool) -> Callable[..., Any]:
    transform = BoxTransform(box)

    def variable(name: str, *parts: Any, dims: str, **named: Any) -> Any:
        def of(values: Any, **size: Any) -> Any:
            return kind.dist(*values[: len(parts)], **dict(zip(named, values[len(parts) :], strict=True)), **size)

        def draws(*values: Any) -> Any:
            # The last two are the logarithm of the share, and the size.
            whole = of(values[:-2], size=values[-1])
            return _folded(whole, box) if signs else pm.Truncated.dist(whole, box.lower, box.upper)

        def log_density(value: Any, *values: Any) -> Any:
            inside = (value >= box.lower) & (value <= box.upper)
            return pt.switch(inside, pm.logp(of(values[:-1]), value) - values[-1], -np.inf)

        def start(rv: Any, size: Any, *values: Any) -> Any:
            return pt.as_tensor(transform.inner_point)

        held = pm.Data(f"{name}_log_share", share, dims=dims)
        functions = {"dist": draws, "logp": log_density, "support_point": start}
        return pm.CustomDist(name, *parts, *named.values(), held, **functions, transform=transform, dims=dims)

    return variable


def _folded(whole: Any, box: Box) -> Any:
    """Draws of a symmetric prior, reflected where they have the wrong sign."""
    return pt.switch(box.lower == 0, pt.abs(whole), pt.switch(box.upper == 0, -pt.abs(whole), whole))

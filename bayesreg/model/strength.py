"""The strength of a regression's penalty as one number, and the same regression at another strength."""

import numpy as np

from bayesreg.errors import PriorError
from bayesreg.model.regression import Regression
from bayesreg.priors.dictionary import strengthened
from bayesreg.priors.prior import PenaltyPrior


def strength_of(reg: Regression) -> float:
    """The largest of the columns' L1 strengths or, where there are none, of their L2 strengths, in ``half_rss``.

    They are those at the regression's own sigma, or at sigma = 1 where that is unknown.

    Raises
    ------
    PriorError
        If no column is penalized.
    """
    sigma = 1.0 if reg.noise.sigma is None else reg.noise.sigma
    l1, l2 = (strengths[: reg.p] for strengths in reg.weights_at(sigma))
    largest = float(np.max(l1) or np.max(l2))
    if largest == 0:
        raise PriorError("no column is penalized, so there is no strength to vary; give the prior a finite scale.")
    return largest


def at_strength(reg: Regression, strength: float) -> Regression:
    """The regression with its strength set to one in ``half_rss``, every column's in its ratio to it."""
    assert isinstance(reg.prior, PenaltyPrior)
    return reg.with_prior(strengthened(reg.prior, strength / strength_of(reg)))

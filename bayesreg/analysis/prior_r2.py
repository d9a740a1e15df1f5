"""The share of the target's variance that a prior expects to explain, before any target is seen."""

import numpy as np

from bayesreg.errors import PriorError, UnsupportedError
from bayesreg.model.regression import Regression
from bayesreg.sampling.prior_draws import draw_prior


def prior_r2(reg: Regression, *, draws: int = 4000, random_seed: int = 0) -> float:
    """The prior mean of R² = var(Xβ)/(var(Xβ) + noise variance), by simulation from the priors of β and σ.

    It says what a strength means: a prior of scale 0 expects 0, a flat one 1 (Gelman, Goodrich, Gabry & Vehtari 2019,
    doi:10.1080/00031305.2018.1549100, for the same ratio after the data).

    Raises
    ------
    UnsupportedError
        If the family is not Gaussian.
    PriorError
        If a prior is improper, so that nothing can be drawn from it.

    Examples
    --------
    >>> import bayesreg as br
    >>> frame, target = br.load_dataset("diabetes")
    >>> X, y = frame.drop(columns=target), frame[target]
    >>> [round(prior_r2(br.Regression(X, y, prior=br.Normal(s), sigma=54.0)), 2) for s in (1.0, 10.0, 100.0)]
    [0.0, 0.24, 0.96]
    """
    if not reg.is_gaussian:
        raise UnsupportedError(f"a prior R² needs a noise variance beside that of X·β; {reg.family.name} has none.")
    drawn = draw_prior(reg, (draws,), np.random.default_rng(random_seed))
    missing = [name for name in ("beta", "sigma") if name not in drawn]
    if missing:
        raise PriorError(f"the prior of {' and '.join(missing)} is improper, so that nothing can be drawn from it.")
    beta, sigma = drawn["beta"], drawn["sigma"]
    columns = np.arange(reg.p)
    signal = np.einsum("dj,jk,dk->d", beta, reg.loss_of_columns.curvature(columns), beta)
    return float(np.mean(signal / (signal + reg.n * sigma**2)))

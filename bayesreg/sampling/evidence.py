"""The log marginal likelihood of a regression: exact where it has a closed form, and by bridge sampling elsewhere."""

import warnings
from typing import TYPE_CHECKING

import numpy as np

from bayesreg.errors import PriorError, SamplerWarning
from bayesreg.model.regression import Regression
from bayesreg.sampling.arguments import read_seed
from bayesreg.sampling.bridge import BridgeEstimate, bridge_evidence, require_bridge
from bayesreg.sampling.engine import draw_posterior
from bayesreg.sampling.exact.posterior import exact_posterior

if TYPE_CHECKING:
    from bayesreg.sampling.arguments import Seed

# A larger standard error, or halves of the draws that differ by more standard errors, are warned of.
LARGEST_ERROR, LARGEST_Z = 0.1, 4.0


def log_evidence(
    reg: Regression, *, draws: int = 1000, chains: int = 4, random_seed: "Seed" = 0, with_error: bool = False
) -> float | tuple[float, float]:
    """Log marginal likelihood log p(y) of a regression, all that is unknown integrated out.

    Under a Normal prior a Gaussian regression has it in closed form, up to a quadrature over sigma and scale. For
    other families and priors it is estimated from posterior draws by bridge sampling (Meng & Wong 1996; Gronau et al.
    2017, doi:10.1016/j.jmp.2017.09.005) in coordinates in which the posterior is nearly Normal. Flat parameters (a flat
    intercept, columns of infinite scale) count with density 1.

    Parameters
    ----------
    reg : Regression
        Of any family, with a Normal, Laplace or elastic-net prior; sigma and scale known, or with any prior. Where
        it takes draws, from rows.
    draws, chains : int, optional
        Of the posterior, where it takes draws.
    random_seed : int, optional
        The same seed gives the same value.
    with_error : bool, optional
        Whether to return the Monte Carlo standard error too, 0 where it is exact.

    Returns
    -------
    float, or tuple of two floats

    Raises
    ------
    UnsupportedError
        If the prior is of another kind, or the rows are needed and not known.
    ModeError
        If the posterior is improper.
    ConvergenceError
        If bridge sampling does not converge.

    Warns
    -----
    SamplerWarning
        If the draws do not pass the gate, the standard error is above 0.1, or two halves of the draws disagree.

    See Also
    --------
    select : The strength by cross-validation, evidence and other rules.
    sample : Posterior draws.

    Examples
    --------
    >>> import bayesreg as br
    >>> frame, target = br.load_dataset("diabetes")
    >>> X, y = frame.drop(columns=target), frame[target]
    >>> near = br.log_evidence(br.Regression(X, y, prior=br.Normal(10.0), sigma=54.0))
    >>> far = br.log_evidence(br.Regression(X, y, prior=br.Normal(1e4), sigma=54.0))
    >>> near > far
    True
    >>> laplace = br.Regression(X, y > 150, prior=br.Laplace(0.5), family="bernoulli")
    >>> value, error = br.log_evidence(laplace, with_error=True)
    >>> round(value), error < 0.02
    (-226, True)
    """
    if not isinstance(reg, Regression):
        raise PriorError(f"expected a Regression, got {type(reg).__name__}; use br.Regression(X, y, prior=…).")
    if reg.is_gaussian and reg.prior.is_conjugate:
        estimate = BridgeEstimate(exact_posterior(reg).log_evidence, 0.0, 0.0)
    else:
        estimate = sampled_evidence(reg, draws=draws, chains=chains, random_seed=random_seed)
    return (estimate.value, estimate.error) if with_error else estimate.value


def sampled_evidence(reg: Regression, *, draws: int, chains: int, random_seed: "Seed") -> BridgeEstimate:
    """Draw, and bridge; what is not precise is warned of."""
    require_bridge(reg)
    seed = read_seed(random_seed)
    posterior = draw_posterior(reg, draws=draws, chains=chains, random_seed=seed)
    generator = np.random.default_rng(None if seed is None else [seed, 4])
    estimate = bridge_evidence(reg, posterior.draws, generator)
    if not estimate.error <= LARGEST_ERROR or not estimate.z <= LARGEST_Z:
        warnings.warn(
            f"the log evidence {estimate.value:.6g} has a standard error of {estimate.error:.2g}, and two halves of "
            f"the draws differ by {estimate.z:.1f} of them; take more draws.",
            SamplerWarning,
            stacklevel=3,
        )
    return estimate

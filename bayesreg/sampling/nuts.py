"""NUTS through PyMC or nutpie, for every model that the other engines do not cover."""

from typing import TYPE_CHECKING, Any

import numpy as np

from bayesreg.errors import MissingDependencyError, UnsupportedError
from bayesreg.model.regression import Regression
from bayesreg.sampling.draws import Draws

if TYPE_CHECKING:
    from xarray import DataTree

SAMPLERS = ("pymc", "nutpie")


def sample_nuts(
    reg: Regression,
    *,
    draws: int,
    tune: int,
    chains: int,
    random_seed: int | None,
    progressbar: bool,
    sampler: str = "pymc",
    cores: int | None = None,
) -> Draws:
    """Draw from the posterior by NUTS, on the sufficient statistics where there are more rows than columns.

    Raises
    ------
    UnsupportedError
        If the sampler is not "pymc" or "nutpie".
    MissingDependencyError
        If nutpie is asked for and not installed.
    """
    if sampler not in SAMPLERS:
        raise UnsupportedError(f"NUTS sampler {sampler!r} is not available; available: {', '.join(SAMPLERS)}.")
    if sampler == "nutpie":
        _require_nutpie()
    import pymc as pm

    tall = reg.is_gaussian and reg.n > reg.loss.size
    with reg.to_pymc("moments" if tall else "rows"):
        tree = pm.sample(
            draws=draws,
            tune=tune,
            chains=chains,
            cores=cores,
            random_seed=random_seed,
            progressbar=progressbar,
            nuts_sampler=sampler,
            target_accept=0.9,
            compute_convergence_checks=False,
        )
    return _read(reg, tree, tune, sampler)


def _require_nutpie() -> None:
    try:
        import nutpie  # noqa: F401
    except ImportError:
        raise MissingDependencyError(
            'nutpie is not installed; install it with: pip install "bayesreg[nutpie]"'
        ) from None


def _read(reg: Regression, tree: "DataTree", tune: int, sampler: str) -> Draws:
    posterior = tree["posterior"]
    beta = _values(posterior, "beta" if "beta" in posterior else "coef")
    sigma = _values(posterior, "sigma") if reg.noise.sigma is None else np.full(beta.shape[:2], reg.noise.sigma)
    stats = tree["sample_stats"]
    wanted = ("diverging", "energy", "tree_depth", "n_steps", "step_size", "acceptance_rate")
    return Draws(
        beta=beta,
        at_center=_intercept(reg, posterior, beta),
        sigma=sigma,
        scale=None if reg.scale_known else _values(posterior, "scale"),
        stats={name: _values(stats, name) for name in wanted if name in stats},
        warmup=tune,
        library=str(posterior.attrs.get("inference_library", sampler)),
    )


def _intercept(reg: Regression, posterior: Any, beta: np.ndarray) -> np.ndarray:
    if reg.intercept is False:
        return np.zeros(beta.shape[:2])
    return _values(posterior, "intercept_at_center" if "intercept_at_center" in posterior else "intercept")


def _values(group: Any, name: str) -> np.ndarray:
    return np.asarray(group[name].transpose("chain", "draw", ...).values)

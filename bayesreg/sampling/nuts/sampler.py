"""NUTS through PyMC or nutpie, for every model that the other engines do not cover."""

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from bayesreg.errors import MissingDependencyError, UnsupportedError
from bayesreg.model.regression import Regression
from bayesreg.model.unknowns import Unknowns
from bayesreg.sampling.arguments import NUTS_SAMPLERS
from bayesreg.sampling.draws import Run
from bayesreg.sampling.interruption import interruption_raised
from bayesreg.sampling.nuts.compiled_models import compiled_for

if TYPE_CHECKING:
    import pymc as pm
    from xarray import DataTree

TARGET_ACCEPT = 0.9
# The funnel between the scales of a horseshoe needs shorter steps.
LOCAL_TARGET_ACCEPT = 0.995
# From this many on, coefficients with an unknown scale mix best as they are.
ROWS_PER_COLUMN = 3
# With so many draws to warm up for each unknown, PyMC learns all their covariances better than it loses by the noise.
WARMUP_PER_UNKNOWN = 15
STATISTICS = ("diverging", "energy", "tree_depth", "n_steps", "step_size", "acceptance_rate")
NUTPIE_NAMES = {"depth": "tree_depth", "mean_tree_accept": "acceptance_rate"}


@dataclass(frozen=True)
class _Plan:
    """What a sampler is asked to do; `covariances` says whether it may adapt to more than variances."""

    random_seed: int | None
    progressbar: bool
    covariances: bool
    # What all samplers call the same.
    settings: dict[str, Any]
    # Raises once the run was interrupted.
    check: Callable[[], None]


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
) -> Run:
    """Draw from the posterior by NUTS, on the sufficient statistics where there are more rows than columns.

    Raises
    ------
    UnsupportedError
        If the sampler is not "pymc" or "nutpie", or nutpie is to do without a warm-up.
    MissingDependencyError
        If nutpie is asked for and not installed.
    """
    if sampler not in NUTS_SAMPLERS:
        raise UnsupportedError(f"NUTS sampler {sampler!r} is not available; available: {', '.join(NUTS_SAMPLERS)}.")
    if sampler == "nutpie":
        _require_nutpie()
        if tune < 1:
            raise UnsupportedError(f"nutpie needs a warm-up (tune), got {tune}; give tune=1000, or use pymc.")
    form, parameterization = choose_form(reg), choose_parameterization(reg)
    model = reg.to_pymc(form, parameterization)
    run = _by_nutpie if sampler == "nutpie" else _by_pymc
    accept = LOCAL_TARGET_ACCEPT if reg.prior.has_local_unknowns else TARGET_ACCEPT
    settings = {
        "draws": draws,
        "tune": tune,
        "chains": chains,
        "cores": cores and min(cores, chains),
        "target_accept": accept,
    }
    # Local scales bend rather than lean, which no covariance mends.
    with interruption_raised() as check:
        plan = _Plan(_short(random_seed), progressbar, not reg.prior.has_local_unknowns, settings, check)
        tree = run(model, _wanted(reg, model), plan)
    return Run(
        _read(reg, tree["posterior"]),
        stats=_statistics(tree["sample_stats"]),
        warmup=tune,
        library=str(tree["posterior"].attrs.get("inference_library", sampler)),
        settings={"likelihood_form": form, "parameterization": parameterization},
    )


def _short(seed: int | None) -> int | None:
    """A seed of no more than the 64 bits that nutpie takes."""
    return seed if seed is None or seed < 2**64 else int(np.random.SeedSequence(seed).generate_state(1, np.uint64)[0])


def choose_form(reg: Regression) -> Literal["rows", "moments"]:
    """Return the form of the likelihood that costs less: the sufficient statistics, where there are more rows."""
    return "moments" if reg.is_gaussian and (reg.design.rows is None or reg.n > reg.loss.size) else "rows"


def choose_parameterization(reg: Regression) -> Literal["centered", "noncentered"]:
    """Return the parameterization that NUTS samples best: centered where the data say much of each coefficient.

    Where they say little, the coefficients follow the unknown scale of their prior, and are drawn as that scale times
    a unit (Betancourt & Girolami 2015, doi:10.48550/arXiv.1312.0906).
    """
    if reg.prior.has_local_unknowns:
        return "noncentered"
    weak = not reg.scale_known and informative_rows(reg) < ROWS_PER_COLUMN * reg.p
    return "noncentered" if weak else "centered"


def informative_rows(reg: Regression) -> float:
    """Return the Fisher information of the rows about their linear predictors, a row with an exact y counting as 1."""
    rows = reg.design.rows
    if rows is None or reg.family.has_sigma:
        return float(reg.n)
    weights = np.ones(reg.n) if rows.weights is None else rows.weights
    mean = np.average(rows.y, weights=weights)
    information = reg.family.information(np.array(reg.family.start(float(mean))))
    return float(np.sum(weights) * information)


def _wanted(reg: Regression, model: "pm.Model") -> list[str]:
    """The variables that are read from the draws; nothing else is stored."""
    beta = "beta" if "beta" in model.named_vars else "coef"
    at_center = "intercept_at_center" if "intercept_at_center" in model.named_vars else "intercept"
    data = {variable.name for variable in model.data_vars}
    names = [beta, at_center, "sigma", *(unknown.name for unknown in reg.prior.unknowns)]
    return [name for name in names if name in model.named_vars and name not in data]


def _by_pymc(model: "pm.Model", names: list[str], plan: _Plan) -> "DataTree":
    import pymc as pm

    unknowns = sum(np.size(value) for value in model.initial_point().values())
    full = plan.covariances and plan.settings["tune"] >= WARMUP_PER_UNKNOWN * unknowns
    with model, warnings.catch_warnings():
        # What it adapts cannot change which distribution is sampled.
        warnings.filterwarnings("ignore", "QuadPotentialFullAdapt is an experimental feature", UserWarning)
        # A trajectory that leaves the range of numbers is a divergence, and counted as one.
        warnings.filterwarnings("ignore", "(overflow|invalid value) encountered in dot", RuntimeWarning)
        return pm.sample(
            random_seed=plan.random_seed,
            progressbar=plan.progressbar,
            nuts_sampler="pymc",
            init="jitter+adapt_full" if full else "jitter+adapt_diag",
            var_names=names,
            compute_convergence_checks=False,
            # An interrupted chain is followed by the next one, which must stop too.
            callback=lambda **_: plan.check(),
            **plan.settings,
        )


def _by_nutpie(model: "pm.Model", names: list[str], plan: _Plan) -> "DataTree":
    import nutpie

    return nutpie.sample(
        compiled_for(model, names),
        seed=plan.random_seed,
        progress_bar=plan.progressbar,
        save_warmup=False,
        adaptation="low_rank" if plan.covariances else "diag",
        **plan.settings,
    )


def _require_nutpie() -> None:
    try:
        import nutpie  # noqa: F401
    except ImportError:
        raise MissingDependencyError(
            'nutpie is not installed; install it with: pip install "bayesreg[nutpie]"'
        ) from None


def _read(reg: Regression, posterior: Any) -> Unknowns:
    beta = _values(posterior, "beta" if "beta" in posterior else "coef")
    sigma = _values(posterior, "sigma") if reg.noise.sigma is None else np.full(beta.shape[:2], reg.noise.sigma)
    hyperparameters = {unknown.name: _values(posterior, unknown.name) for unknown in reg.prior.unknowns}
    return Unknowns(beta, _intercept(reg, posterior, beta), sigma, hyperparameters)


def _statistics(stats: Any) -> dict[str, np.ndarray]:
    """Statistics of each draw, by PyMC's names."""
    named = {name: NUTPIE_NAMES.get(name, name) for name in stats.data_vars}
    return {ours: _values(stats, theirs) for theirs, ours in named.items() if ours in STATISTICS}


def _intercept(reg: Regression, posterior: Any, beta: np.ndarray) -> np.ndarray:
    if not reg.intercept_term.exists:
        return np.zeros(beta.shape[:2])
    return _values(posterior, "intercept_at_center" if "intercept_at_center" in posterior else "intercept")


def _values(group: Any, name: str) -> np.ndarray:
    return np.asarray(group[name].transpose("chain", "draw", ...).values)

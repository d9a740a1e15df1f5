"""bayesreg: penalties and priors are the same thing seen from two sides; both sides, exactly, in one place.

Public names are loaded on first use, so that ``import bayesreg`` costs next to nothing.
"""

from importlib import import_module
from typing import Any

__version__ = "0.1.0"

_HOME = {
    "priors.prior": ("Laplace", "Normal", "ElasticNetPrior"),
    "priors.positive": (
        "HalfNormal",
        "Exponential",
        "InverseGamma",
        "HalfCauchy",
        "HalfStudentT",
        "Jeffreys",
        "Uniform",
        "Gamma",
    ),
    "priors.horseshoe": ("Horseshoe", "RegularizedHorseshoe", "guess_scale"),
    "priors.penalty": ("L1", "L2", "ElasticNet"),
    "priors.objective": ("objectives",),
    "priors.dictionary": ("to_penalty", "to_prior", "convert"),
    "design.moments": ("Moments",),
    "design.sources": ("moments",),
    "design.datasets": ("load_dataset",),
    "model.family": ("StudentT", "LaplaceNoise"),
    "model.regression": ("Regression",),
    "optimize.estimate": ("Estimate",),
    "optimize.map_estimate": ("map_estimate",),
    "optimize.penalized": ("penalized_estimate",),
    "optimize.least_squares": ("least_squares",),
    "optimize.certificate": ("certify", "Certificate"),
    "optimize.path": ("path", "Path", "strength_max"),
    "find_map.find_map": ("find_MAP",),
    "sampling.engine": ("sample", "choose_engine"),
    "sampling.along_path": ("sample_path",),
    "sampling.exact.posterior": ("log_evidence",),
    "analysis.comparison.compare": ("compare", "Comparison"),
    "analysis.budget.budget": ("budget", "strength_for_budget", "Budget"),
    "selection": ("cross_validate",),
    "selection.select": ("select",),
    "selection.result": ("Selection", "Selections"),
    "selection.bias_variance": ("bias_variance",),
    "analysis.shrinkage.shrinkage": ("shrinkage", "Shrinkage"),
    "analysis.shrinkage.sensitivity": ("prior_sensitivity",),
    "analysis.sparsity.sparsity": ("sparsity", "Sparsity"),
    "analysis.sparsity.dss": ("decoupled_selection", "DecoupledSelection"),
    "analysis.sparsity.projection": ("projection_predictive", "Projection"),
    "analysis.predict": ("predict", "Prediction"),
    "analysis.total_loss": ("total_loss", "TotalLoss"),
    "plots": (
        "plot_budget",
        "plot_dss",
        "plot_kappa",
        "plot_lesson",
        "plot_path",
        "plot_posterior_map",
        "plot_prior",
        "plot_prior_posterior",
        "plot_selection",
        "plot_shrinkage",
        "plot_sparsity",
    ),
    "reporting.report": ("report",),
}
_MODULE_OF = {name: module for module, names in _HOME.items() for name in names}

__all__ = sorted([*_MODULE_OF, "errors"])


def __getattr__(name: str) -> Any:
    if name == "errors":
        return import_module("bayesreg.errors")
    if name not in _MODULE_OF:
        raise AttributeError(f"module 'bayesreg' has no attribute {name!r}")
    value = getattr(import_module(f"bayesreg.{_MODULE_OF[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__

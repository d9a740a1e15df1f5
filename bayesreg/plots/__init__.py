"""Figures, one per file; matplotlib is loaded when the first one is drawn."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bayesreg.plots.budget import plot_budget
    from bayesreg.plots.dss import plot_dss
    from bayesreg.plots.kappa import plot_kappa
    from bayesreg.plots.lesson import plot_lesson
    from bayesreg.plots.path import plot_path
    from bayesreg.plots.posterior_map import plot_posterior_map
    from bayesreg.plots.prior import plot_prior
    from bayesreg.plots.prior_posterior import plot_prior_posterior
    from bayesreg.plots.selection import plot_selection
    from bayesreg.plots.shrinkage import plot_shrinkage
    from bayesreg.plots.sparsity import plot_sparsity

__all__ = [
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
]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module 'bayesreg.plots' has no attribute {name!r}")
    return getattr(import_module(f"bayesreg.plots.{name.removeprefix('plot_')}"), name)

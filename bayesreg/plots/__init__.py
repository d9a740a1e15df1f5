"""Figures, one per file; matplotlib is loaded when the first one is drawn."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bayesreg.plots.path import plot_path
    from bayesreg.plots.prior import plot_prior
    from bayesreg.plots.shrinkage import plot_shrinkage

__all__ = ["plot_path", "plot_prior", "plot_shrinkage"]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module 'bayesreg.plots' has no attribute {name!r}")
    return getattr(import_module(f"bayesreg.plots.{name.removeprefix('plot_')}"), name)

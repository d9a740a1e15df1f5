"""A comparison kept in one netCDF file, which ArviZ reads too."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from bayesreg.analysis.comparison.compare import Comparison, compare
from bayesreg.analysis.from_tree import regression_of
from bayesreg.errors import DataError
from bayesreg.model.regression import Regression
from bayesreg.reporting.files import write_netcdf

# The attribute of the DataTree that holds what a comparison is besides its posterior.
ATTRIBUTE = "comparison"


def save_comparison(both: Comparison, path: str | Path) -> None:
    """Write a comparison to a netCDF file: its posterior with all data, and how they were compared.

    Parameters
    ----------
    both : Comparison
        What :func:`compare` returned.
    path : str or pathlib.Path
        A file that is there is replaced.

    Raises
    ------
    DataError
        If it is no comparison, or the file cannot be written.

    See Also
    --------
    load_comparison : Read it back.
    report : One page with everything about a regression.

    Examples
    --------
    >>> import tempfile
    >>> import bayesreg as br
    >>> frame, target = br.load_dataset("diabetes")
    >>> reg = br.Regression(frame.drop(columns=target), frame[target], prior=br.Laplace(10.0), sigma=54.0)
    >>> both = br.compare(reg, random_seed=1)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     br.save_comparison(both, f"{folder}/diabetes.nc")
    ...     br.load_comparison(f"{folder}/diabetes.nc").zeros == both.zeros
    True
    """
    if not isinstance(both, Comparison):
        raise DataError(f"expected a Comparison, got {type(both).__name__}; make one with br.compare(reg).")
    tree = both.idata.copy()
    tree.attrs[ATTRIBUTE] = json.dumps(_settings(both))
    write_netcdf(Path(path), tree)


def load_comparison(path: str | Path, reg: Regression | None = None) -> Comparison:
    """Read a comparison that :func:`save_comparison` wrote; the MAP and its certificate are computed again.

    Parameters
    ----------
    path : str or pathlib.Path
    reg : Regression, optional
        That was compared; needed for a prior or family of your own, and otherwise rebuilt from the file.

    Raises
    ------
    DataError
        If the file is missing or holds something else, or `reg` is another regression.

    See Also
    --------
    save_comparison : Write it.
    compare : MAP, penalized estimate and posterior side by side.
    """
    from xarray import open_datatree

    try:
        with open_datatree(path, engine="h5netcdf") as stored:
            tree = stored.load()
        settings: dict[str, Any] = json.loads(tree.attrs[ATTRIBUTE])
        notes, doubts = tuple(settings.pop("notes")), tuple(settings.pop("doubts"))
        held = settings.pop("scale"), settings.pop("sigma")
    except (OSError, KeyError, ValueError, TypeError) as error:
        raise DataError(f'"{path}" holds no comparison that br.save_comparison wrote: {error}.') from None
    both = compare(_held(regression_of(tree), *held) if reg is None else reg, tree, **settings)
    return replace(both, notes=notes, doubts=doubts)


def _settings(both: Comparison) -> dict[str, Any]:
    """What the posterior does not hold; scale and sigma are those at which unknown ones were held."""
    scale = getattr(both.reg.prior, "scale", None)
    return {
        "objective": both.objective,
        "ci_prob": both.ci_prob,
        "epsilon_share": both.epsilon_share,
        "notes": both.notes,
        "doubts": both.doubts,
        "scale": scale if isinstance(scale, float) else None,
        "sigma": both.reg.noise.sigma,
    }


def _held(reg: Regression, scale: float | None, sigma: float | None) -> Regression:
    if not reg.scale_known and scale is not None:
        reg = reg.with_prior(reg.prior.with_scale(scale))
    if not reg.noise.known and sigma is not None:
        reg = reg.with_sigma(sigma)
    return reg

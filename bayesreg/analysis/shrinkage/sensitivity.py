"""Conflict between prior and data: what happens to the posterior when one of the two speaks a little louder."""

import logging
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from numbers import Real
from typing import TYPE_CHECKING, Any

import numpy as np

from bayesreg.analysis.from_tree import check_belongs, names_of, read_posterior, refuse_projected
from bayesreg.errors import DataError, PriorError
from bayesreg.model.log_density import log_prior
from bayesreg.model.regression import Regression

if TYPE_CHECKING:
    import pandas as pd
    from xarray import DataTree


def prior_sensitivity(
    idata: "DataTree", *, reg: Regression | None = None, threshold: float = 0.05, var_names: list[str] | None = None
) -> "pd.DataFrame":
    """Power-scaling sensitivity of each coefficient to the prior and to the likelihood.

    The prior (or the likelihood) is raised to a power near 1 by importance weights, and the distance that the
    posterior moves per unit of the power's logarithm is reported. A posterior that is sensitive to both has prior and
    data are in conflict; one that is sensitive to the prior alone is informed little by the data (Kallioinen,
    Paananen, Bürkner & Vehtari 2024, doi:10.1007/s11222-023-10366-5).

    Parameters
    ----------
    idata : xarray.DataTree
        From :func:`bayesreg.sample`. Its groups ``log_likelihood`` and ``log_prior`` are taken where they are there;
        otherwise the prior density is computed from the model, and the likelihood as what is left of ``lp``.
    reg : Regression, optional
        By default it is rebuilt from `idata`.
    threshold : float, optional
        Sensitivity above which ArviZ speaks of a conflict.
    var_names : list of str, optional
        By default ``coef``, and ``sigma`` where it is unknown.

    Returns
    -------
    pandas.DataFrame
        One row per quantity with ``prior``, ``likelihood`` and ``diagnosis``, as ArviZ's ``psense_summary``.

    Raises
    ------
    DataError
        If it is no posterior, the groups are missing and ``lp`` is as well, or a sensitivity is undefined.
    PriorError
        If `threshold` is no finite number from 0, or a name is not in the posterior.

    See Also
    --------
    plot_prior_posterior : Prior and posterior of each coefficient.
    sample : Posterior draws.

    Examples
    --------
    >>> import bayesreg as br
    >>> frame, target = br.load_dataset("diabetes")
    >>> reg = br.Regression(frame.drop(columns=target), frame[target], prior=br.Normal(10.0), sigma=54.0)
    >>> told = br.prior_sensitivity(br.sample(reg, draws=500, random_seed=1))
    >>> bool(told.loc["coef[s1]", "prior"] > told.loc["coef[bmi]", "prior"])
    True
    """
    from arviz_stats.psense import psense_summary
    from xarray import Dataset, DataTree

    if not isinstance(threshold, Real) or not 0 <= float(threshold) < np.inf:
        raise PriorError(f"threshold must be a finite number, 0 or greater, got {threshold!r}.")
    prior, likelihood = _densities(idata, reg)
    posterior = idata["posterior"].to_dataset()
    wanted = _read_names(var_names, posterior)
    groups = {
        "posterior": posterior,
        "log_prior": Dataset({"prior": prior}),
        "log_likelihood": Dataset({"y": likelihood}),
    }
    tree = DataTree.from_dict(groups)
    with _quiet():
        table: pd.DataFrame = psense_summary(tree, var_names=wanted, threshold=threshold, round_to=6)
    bad = table.index[~np.isfinite(table[["prior", "likelihood"]].to_numpy(dtype=float)).all(axis=1)]
    if len(bad):
        raise DataError(f"the sensitivity of {list(bad)[:5]} is undefined; draw more, or look at their draws.")
    return table


def _read_names(var_names: object, posterior: Any) -> list[str]:
    if var_names is None:
        return [name for name in ("coef", "sigma") if name in posterior]
    names = [var_names] if isinstance(var_names, str) else list(var_names) if isinstance(var_names, Iterable) else []
    if not names or not all(isinstance(name, str) and name in posterior.data_vars for name in names):
        raise PriorError(f"var_names must be among {', '.join(map(str, posterior.data_vars))}, got {var_names!r}.")
    return names


@contextmanager
def _quiet() -> Iterator[None]:
    """Without ArviZ's log of what the table says in its column of diagnoses."""
    log = logging.getLogger("arviz_stats.psense")
    before, log.disabled = log.disabled, True
    try:
        yield
    finally:
        log.disabled = before


def _densities(idata: "DataTree", reg: Regression | None) -> tuple[Any, Any]:
    """Log prior and log likelihood of each draw, as DataArrays."""
    if reg is None:
        names_of(idata)
    else:
        check_belongs(reg, idata)
    refuse_projected(idata)
    groups = idata.children
    if "prior" in groups.get("log_prior", {}) and "y" in groups.get("log_likelihood", {}):
        likelihood = idata["log_likelihood"]["y"]
        return idata["log_prior"]["prior"], likelihood.sum([dim for dim in likelihood.dims if dim == "row"])
    if "sample_stats" not in groups or "lp" not in groups["sample_stats"]:
        raise DataError(
            "neither log_likelihood and log_prior nor lp are in the DataTree; sample with "
            'br.sample(reg, groups=("log_likelihood", "log_prior")).'
        )
    lp = idata["sample_stats"]["lp"].transpose("chain", "draw")
    reg, draws = read_posterior(idata, reg)
    prior = lp.copy(data=log_prior(reg, draws).reshape(lp.shape))
    return prior, lp - prior

"""Draws of the coefficients from any posterior, in a regression's order."""

from typing import TYPE_CHECKING

import numpy as np

from bayesreg.errors import DataError

if TYPE_CHECKING:
    from xarray import DataTree


def coef_draws(names: tuple[str, ...], idata: "DataTree") -> np.ndarray:
    """Posterior draws of the named coefficients, its chains one after the other, shape (S, p).

    Raises
    ------
    DataError
        If it is no posterior of coefficients, or that of other columns.
    """
    try:
        given = idata["posterior"]["coef"]
        coef = given.transpose("chain", "draw", "coef_name")
    except (TypeError, LookupError, ValueError, AttributeError):
        raise DataError(
            f"expected a DataTree whose posterior holds coef(chain, draw, coef_name), got {type(idata).__name__}; pass "
            "what br.sample(reg) returned."
        ) from None
    order = column_order(names, coef["coef_name"].to_numpy())
    draws = np.asarray(coef.to_numpy().reshape(-1, coef.sizes["coef_name"])[:, order])
    if len(draws) < 2 or not np.all(np.isfinite(draws)):
        raise DataError("the posterior needs at least 2 draws, all of them finite numbers; sample it: br.sample(reg).")
    return draws


def column_order(names: tuple[str, ...], given: np.ndarray) -> np.ndarray:
    """Where each name is among those found, shape (p,).

    Raises
    ------
    DataError
        If they are not the same names.

    Examples
    --------
    >>> column_order(("b", "a"), np.array(["a", "b"]))
    array([1, 0])
    """
    # NumPy's strings, which coordinates are, do not keep NUL characters at the end.
    wanted, given = np.array(names), np.asarray(given, dtype=str)
    ours, theirs = np.argsort(wanted, kind="stable"), np.argsort(given, kind="stable")
    if not np.array_equal(wanted[ours], given[theirs]):
        missing, unknown = np.setdiff1d(wanted, given).tolist(), np.setdiff1d(given, wanted).tolist()
        raise DataError(
            f"the posterior has other columns: missing {missing[:5]}, unknown {unknown[:5]}; sample this regression."
        )
    order = np.empty(len(names), dtype=int)
    order[ours] = theirs
    return order

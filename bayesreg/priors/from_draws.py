"""The moments of a posterior, from the DataTree that holds it: exact where they are kept, else those of its draws."""

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from bayesreg.errors import DataError

if TYPE_CHECKING:
    from xarray import DataTree


class PosteriorMoments(NamedTuple):
    """Mean and covariance of the coefficients on the user's columns, and of the intercept where that is kept.

    Attributes
    ----------
    names : tuple of str
    mean, covariance : ndarray, shapes (k,) and (k, k)
    origin : str
        How they were found, in words; empty where they are exact.
    """

    names: tuple[str, ...]
    mean: np.ndarray
    covariance: np.ndarray
    origin: str


def moments_of(idata: "DataTree", *, intercept: bool) -> PosteriorMoments:
    """Read or estimate them.

    Raises
    ------
    DataError
        If `idata` is no posterior of :func:`bayesreg.sample`, a column is named "intercept" beside an intercept, or
        there are too few draws for a covariance.
    """
    names = _names(idata)
    constants: Any = idata.children.get("constant_data", {})
    if "posterior_mean" in constants:
        mean, covariance = (constants[name].to_numpy() for name in ("posterior_mean", "posterior_cov"))
        moments = PosteriorMoments(tuple(map(str, constants["parameter"].to_numpy())), mean, covariance, "")
    else:
        moments = _of_draws(idata["posterior"], names)
    if intercept or moments.names[-1:] != ("intercept",) or "intercept" not in idata["posterior"]:
        return moments
    return PosteriorMoments(moments.names[:-1], moments.mean[:-1], moments.covariance[:-1, :-1], moments.origin)


def _names(idata: Any) -> tuple[str, ...]:
    """Names of the coefficients, and of the intercept last."""
    posterior = getattr(idata, "children", {}).get("posterior", {})
    if "coef" not in posterior or "coef_name" not in posterior["coef"].coords:
        raise DataError(
            f"expected a DataTree from br.sample(reg), whose posterior has coef(chain, draw, coef_name), got "
            f"{type(idata).__name__}; a comparison has one: comparison.idata."
        )
    names = tuple(str(name) for name in posterior["coef_name"].to_numpy())
    if "intercept" not in posterior:
        return names
    if "intercept" in names:
        raise DataError('a column is named "intercept" beside the intercept; rename it, and sample again.')
    return (*names, "intercept")


def _of_draws(posterior: Any, names: tuple[str, ...]) -> PosteriorMoments:
    coef = posterior["coef"].transpose("chain", "draw", "coef_name").to_numpy().reshape(-1, posterior["coef_name"].size)
    draws = np.asarray(coef, dtype=float)
    if names[-1:] == ("intercept",) and "intercept" in posterior:
        draws = np.column_stack([draws, posterior["intercept"].transpose("chain", "draw").to_numpy().ravel()])
    if len(draws) < 10 * draws.shape[1] or not np.all(np.isfinite(draws)):
        raise DataError(
            f"{len(draws)} finite draws of {draws.shape[1]} coefficients do not settle their covariance; at least 10 "
            "for each are needed: br.sample(reg, draws=…)."
        )
    origin = f"the sample moments of {len(draws):,} draws"
    return PosteriorMoments(names, draws.mean(axis=0), np.cov(draws, rowvar=False).reshape(2 * draws.shape[1:]), origin)

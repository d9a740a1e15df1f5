"""New rows: the predictive distribution of a posterior, or of a point estimate."""

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from bayesreg.analysis.from_tree import coef_intercept_sigma, family_of, names_of
from bayesreg.analysis.intervals import quantiles
from bayesreg.design.columns import as_frame, read_matrix, read_vector
from bayesreg.design.formula import add_offsets
from bayesreg.errors import DataError, PriorError, UnsupportedError
from bayesreg.families.base import Family
from bayesreg.model.regression import Regression, check_regression
from bayesreg.optimize.estimate import Estimate
from bayesreg.sampling.arguments import read_seed

if TYPE_CHECKING:
    import pandas as pd
    from xarray import DataTree

# How often the noise of a point estimate is drawn.
POINT_DRAWS = 4_000
# How many rows a printed prediction shows.
SHOWN_ROWS = 5
# At most this many predicted numbers are held at once.
MOST_NUMBERS = 200_000_000


@dataclass(frozen=True, eq=False, repr=False)
class Prediction:
    """The predictive distribution of m new rows.

    Attributes
    ----------
    family : Family
    eta : ndarray, shape (S, m)
        Linear predictor of each draw, offset included; S = 1 for a point estimate.
    sigma : ndarray, shape (S, 1) or (S, m)
        Noise scale.
    index : sequence
        Labels of the rows.
    source : str
        What it was predicted from.
    random_seed : int or None

    See Also
    --------
    predict : Predictions for new rows.
    """

    family: Family
    eta: np.ndarray
    sigma: np.ndarray
    index: Any
    source: str
    random_seed: int | None

    @property
    def mean_draws(self) -> np.ndarray:
        """E(y | draw), shape (S, m): η, 1/(1 + e^−η) or e^η."""
        return self.family.mean(self.eta)

    @property
    def mean(self) -> np.ndarray:
        """Predictive mean of y, shape (m,).

        Raises
        ------
        UnsupportedError
            If the noise has no mean (Student-t of one degree of freedom or less).
        """
        if not self._has_mean:
            raise UnsupportedError("Student-t noise with df ≤ 1 has no mean; read the median: interval or draws.")
        return self.mean_draws.mean(axis=0)

    @property
    def sd(self) -> np.ndarray:
        """Predictive standard deviation of y, shape (m,); that of the draws for a family beside the Gaussian."""
        if not self.family.quadratic:
            return self.draws.std(axis=0)
        return np.sqrt(self.eta.var(axis=0) + np.mean(np.broadcast_to(self.sigma, self.eta.shape) ** 2, axis=0))

    @property
    def _has_mean(self) -> bool:
        return float(getattr(self.family, "df", 2.0)) > 1

    @cached_property
    def draws(self) -> np.ndarray:
        """Draws of y, shape (S, m); 4,000 of them for a point estimate."""
        generator = np.random.default_rng(self.random_seed)
        repeats = POINT_DRAWS if len(self.eta) == 1 else 1
        eta = np.repeat(self.eta, repeats, axis=0)
        return self.family.draw(generator, eta, np.repeat(self.sigma, repeats, axis=0))

    def interval(self, ci_prob: float = 0.95, of: Literal["y", "mean"] = "y") -> np.ndarray:
        """Equal-tailed intervals, shape (m, 2).

        Parameters
        ----------
        ci_prob : float, optional
        of : {"y", "mean"}
            Of a new observation, or of its expectation; a point estimate has no uncertainty of the latter.

        Raises
        ------
        PriorError
            If `ci_prob` is not between 0 and 1, or `of` is not one of the two.
        UnsupportedError
            If the interval of the mean is asked of a point estimate.
        """
        if of not in ("y", "mean"):
            raise PriorError(f'of must be "y" or "mean", got {of!r}.')
        if of == "mean" and len(self.eta) == 1:
            raise UnsupportedError(
                "a point estimate does not know how sure it is of the mean; predict from br.sample(reg)."
            )
        return quantiles(self.draws if of == "y" else self.mean_draws, ci_prob).T

    def log_density(self, y_new: Any) -> np.ndarray:
        """Log pointwise predictive density log mean_s p(y_i | draw s), shape (m,); their sum scores held-out data.

        Raises
        ------
        DataError
            If `y_new` has another length, or values that the family cannot have.
        """
        from scipy.special import logsumexp

        y = read_vector(y_new, "y_new", self.eta.shape[1], self.index if hasattr(self.index, "equals") else None)
        _check_values(self.family, y)
        each = (
            self.family.log_likelihood(y, self.eta, self.sigma)
            if self.family.has_sigma
            else (self.family.log_likelihood(y, self.eta))
        )
        return np.asarray(logsumexp(each, axis=0) - np.log(len(each)))

    def to_frame(self, ci_prob: float = 0.95) -> "pd.DataFrame":
        """One row per new row: mean, the interval of y and, from a posterior, that of the mean.

        Noise without a mean (Student-t of one degree of freedom or less) has the median in its place.
        """
        import pandas as pd

        lower, upper = self.interval(ci_prob).T
        center = {"mean": self.mean} if self._has_mean else {"median": np.median(self.draws, axis=0)}
        columns = center | {"lower": lower, "upper": upper}
        if len(self.eta) > 1:
            columns["mean_lower"], columns["mean_upper"] = self.interval(ci_prob, of="mean").T
        return pd.DataFrame(columns, index=self.index)

    def __repr__(self) -> str:
        return f"{self._heading}\n{self.to_frame().head(SHOWN_ROWS).to_string(float_format='{:.4g}'.format)}"

    @property
    def _heading(self) -> str:
        rows = self.eta.shape[1]
        head = f", the first {SHOWN_ROWS}" if rows > SHOWN_ROWS else ""
        return f"Prediction({rows} rows{head}, {self.family.name}, from {self.source}; 95% intervals)"

    def _repr_html_(self) -> str:
        from html import escape

        table = self.to_frame().head(SHOWN_ROWS).to_html(float_format="{:.4g}".format)
        return f"<div class='bayesreg'><p>{escape(self._heading)}</p>{table}</div>"


def predict(
    idata: "DataTree | Estimate",
    X_new: Any,
    *,
    offset: Any = None,
    weights: Any = None,
    random_seed: int | None = 0,
    reg: Regression | None = None,
) -> Prediction:
    """Predict new rows from a posterior or from a point estimate.

    Parameters
    ----------
    idata : xarray.DataTree or Estimate
        From :func:`bayesreg.sample`, :func:`bayesreg.map_estimate`, :func:`bayesreg.penalized_estimate`, ….
    X_new : pandas.DataFrame or array, shape (m, p)
        A frame with the columns of the regression, in any order; an array has them in the regression's order.
    offset : array-like, shape (m,), optional
        Known part of the linear predictor; needed if the regression had one. It is added to what ``offset()`` in
        the formula of `reg` makes of `X_new`.
    weights : array-like, shape (m,), optional
        A row has noise scale σ/√w.
    random_seed : int, optional
        For draws of y; the same seed gives the same ones.
    reg : Regression, optional
        If it was made by a formula, `X_new` may be a frame as the formula was given, whose columns it makes: those of
        a formula are not kept with its posterior.

    Returns
    -------
    Prediction

    Raises
    ------
    DataError
        If columns are missing or unknown, values (such as a level that was not fitted) cannot be used, the
        regression had an offset and the new rows have none, or a prediction is beyond floating point.
    PriorError
        If `random_seed` is no seed.

    See Also
    --------
    Prediction : What :func:`predict` returns.
    sample : Posterior draws.
    map_estimate : Certified MAP estimate.

    Examples
    --------
    >>> import bayesreg as br
    >>> frame, target = br.load_dataset("diabetes")
    >>> X, y = frame.drop(columns=target), frame[target]
    >>> reg = br.Regression(X[:400], y[:400], prior=br.Normal(10.0), sigma=54.0)
    >>> posterior, point = br.sample(reg, random_seed=1), br.map_estimate(reg)
    >>> br.predict(posterior, X[400:]).to_frame().columns.tolist()
    ['mean', 'lower', 'upper', 'mean_lower', 'mean_upper']
    >>> [round(float(br.predict(told, X[400:]).log_density(y[400:]).mean()), 2) for told in (posterior, point)]
    [-5.22, -5.21]
    """
    seed = read_seed(random_seed)
    if reg is not None:
        check_regression(reg)
    X_new, offset = _by_formula(as_frame(X_new), offset, reg)
    X, index = _read_columns(X_new, idata.names if isinstance(idata, Estimate) else names_of(idata))
    m = X.shape[0]
    family: Family
    if isinstance(idata, Estimate):
        coef, intercept, sigma = idata.coef[None], np.array([idata.intercept]), np.array([idata.sigma])
        family, source = idata.family, idata.method
    else:
        coef, intercept, sigma = coef_intercept_sigma(idata)
        family, source = family_of(idata), f"{len(coef)} posterior draws"
    if len(coef) * m > MOST_NUMBERS:
        raise UnsupportedError(
            f"{len(coef)} draws × {m} rows are too many numbers at once; predict fewer rows at a time."
        )
    labels = index if hasattr(index, "equals") else None
    with np.errstate(over="ignore", invalid="ignore"):
        eta = intercept[:, None] + (X @ coef.T).T
    if offset is not None:
        eta = eta + read_vector(offset, "offset", m, labels)
    elif _had_offset(idata):
        raise DataError("the regression had an offset; pass offset= for the new rows, zeros where there is none.")
    _check_finite(family, eta)
    return Prediction(family, eta, sigma[:, None] / _root(weights, m, labels), index, source, seed)


def _check_finite(family: Family, eta: np.ndarray) -> None:
    """Refuse rows whose predictive mean is beyond floating point."""
    with np.errstate(over="ignore", invalid="ignore"):
        means = family.mean(eta).sum(axis=0) + eta.sum(axis=0)
    wrong = np.flatnonzero(~np.isfinite(means))
    if len(wrong):
        raise DataError(
            f"the prediction is no finite number in {len(wrong)} row(s), such as {wrong[:5].tolist()}: the linear "
            f"predictor reaches {np.max(np.abs(eta[:, wrong[0]])):.4g}; are X_new and its offset in the units of the "
            "rows that were fitted?"
        )


def _had_offset(idata: "DataTree | Estimate") -> bool:
    if isinstance(idata, Estimate):
        return idata.has_offset
    return "constant_data" in idata.children and "offset" in idata["constant_data"]


def _root(weights: Any, m: int, index: Any) -> np.ndarray:
    if weights is None:
        return np.ones(1)
    values = read_vector(weights, "weights", m, index)
    if not np.all(values > 0):
        raise DataError(f"weights must be positive, got {int(np.sum(values <= 0))} that are not.")
    return np.sqrt(values)


def _by_formula(X_new: Any, offset: Any, reg: Regression | None) -> tuple[Any, Any]:
    """The columns and the offset that the regression's formula makes of a frame, unless it holds them already."""
    if reg is None or reg.design.formula is None or not hasattr(X_new, "columns"):
        return X_new, offset
    if {str(name) for name in X_new.columns} == set(reg.names):
        return X_new, offset
    spec = reg.design.formula
    return spec.columns(X_new), add_offsets(spec.offset(X_new), offset)


def _read_columns(X_new: Any, names: tuple[str, ...]) -> tuple[Any, Any]:
    """The columns in the regression's order, and the labels of the rows."""
    if not hasattr(X_new, "columns"):
        X, _ = read_matrix(X_new)
        if X.shape[1] != len(names):
            raise DataError(f"X_new has {X.shape[1]} columns, the regression has {len(names)}: {list(names)[:10]}.")
        return X, range(X.shape[0])
    # The names of a DataTree do not keep NUL characters at the end.
    given, names = [str(name).rstrip("\0") for name in X_new.columns], tuple(name.rstrip("\0") for name in names)
    missing = [name for name in names if name not in set(given)]
    unknown = [name for name in given if name not in set(names)]
    if missing or unknown:
        raise DataError(
            f"X_new has other columns than the regression: missing {missing[:5]}, unknown {unknown[:5]}; "
            f"pass X_new[{list(names)[:5]}{'…' if len(names) > 5 else ''}].{_formula_cure(missing)}"
        )
    return read_matrix(X_new)[0][:, [given.index(name) for name in names]], X_new.index


def _formula_cure(missing: list[str]) -> str:
    if not any(mark in name for name in missing for mark in "[:("):
        return ""
    return (
        " These look like terms of a formula, which is not kept with the posterior: pass the regression that it made "
        "too, predict(…, reg=reg)."
    )


def _check_values(family: Family, y: np.ndarray) -> None:
    if not np.all(family.allows(y)):
        wrong = y[~family.allows(y)][:5].tolist()
        raise DataError(f"y_new of a {family.name} regression holds {family.holds}; got values such as {wrong}.")

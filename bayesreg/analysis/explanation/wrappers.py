"""What scikit-learn wraps around a regression: pipelines, searches, transformed targets."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from bayesreg.analysis.explanation.reading import Data, Reading, transformed
from bayesreg.design.columns import read_vector
from bayesreg.errors import DataError, UnsupportedError

Read = Callable[[Any, Data], Reading]


def _read_pipeline(read: Read, fitted: Any, data: Data) -> Reading:
    """The last step, on the columns that the steps before it make."""
    if len(fitted.steps) == 1 or fitted.steps[-1][1] in ("passthrough", None):
        return read(fitted.steps[-1][1], data)
    before = fitted[:-1]
    inner = read(fitted[-1], replace(data, X=transformed(before, data.X)))
    return replace(inner, steps=(before, *inner.steps))


def _read_search(read: Read, fitted: Any, data: Data) -> Reading:
    """The best estimator, which has been fitted again on all rows."""
    if getattr(fitted, "best_estimator_", None) is None:
        raise DataError(
            f"this {type(fitted).__name__} has no best_estimator_; call its fit(X, y), with refit=True, first."
        )
    return read(fitted.best_estimator_, data).noting(_SEARCHED)


def _read_transformed_target(read: Read, fitted: Any, data: Data) -> Reading:
    """The regressor, on the transformed target; only a linear transformation leaves the noise what it is."""
    if getattr(fitted, "regressor_", None) is None:
        raise DataError("this TransformedTargetRegressor is not fitted; call its fit(X, y) first.")
    y = read_vector(data.y, "y", len(data.y)).reshape(-1, 1)
    transformed = np.asarray(fitted.transformer_.transform(y), dtype=float).ravel()
    shift, size = _line(fitted.transformer_, transformed)
    inner = read(fitted.regressor_, replace(data, y=transformed))
    note = f"the fit is of the transformed target: y = {shift:.6g} + {size:.6g} × it; coefficients are those of the fit"
    return replace(inner, target=(shift + size * inner.target[0], size * inner.target[1])).noting(note)


def _line(transformer: Any, z: np.ndarray) -> tuple[float, float]:
    """(a, b) such that the inverse transformation is a + b·z on and around these values.

    Raises
    ------
    UnsupportedError
        If it is no line.
    """
    grid = np.linspace(2 * z.min() - z.max(), 2 * z.max() - z.min(), 33)
    with np.errstate(all="ignore"):
        y = np.asarray(transformer.inverse_transform(grid.reshape(-1, 1)), dtype=float).ravel()
        size = (y[-1] - y[0]) / (grid[-1] - grid[0])
        shift = y[0] - size * grid[0]
        is_line = np.allclose(y, shift + size * grid, rtol=0, atol=1e-9 * np.max(np.abs(y)))
    if not is_line or not size > 0:
        raise UnsupportedError(
            "the target is transformed by something else than a rising line, so a noise sd on one scale is none on the "
            "other; explain the regressor on the target that it saw: br.explain(fitted.regressor_, X, transformed_y)."
        )
    return float(shift), float(size)


_SEARCHED = "the strength was chosen by a search on these rows; intervals leave out that choice"
WRAPPERS = {
    "sklearn.Pipeline": _read_pipeline,
    "sklearn.GridSearchCV": _read_search,
    "sklearn.RandomizedSearchCV": _read_search,
    "sklearn.HalvingGridSearchCV": _read_search,
    "sklearn.HalvingRandomSearchCV": _read_search,
    "sklearn.TransformedTargetRegressor": _read_transformed_target,
}

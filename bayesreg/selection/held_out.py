"""Errors on rows that were not fitted: k-fold cross-validation and a validation set."""

import warnings
from dataclasses import dataclass
from numbers import Integral
from typing import Any

import numpy as np

from bayesreg.design.columns import Rows, read_matrix, read_vector
from bayesreg.design.implicit import implicit_columns, is_sparse
from bayesreg.design.standardization import Standardization
from bayesreg.errors import ConstantColumnWarning, DataError, PriorError, UnsupportedError
from bayesreg.model.bounds import Bounds
from bayesreg.model.objective import unknowns_at
from bayesreg.model.regression import Regression
from bayesreg.model.strength import strength_of
from bayesreg.optimize.path import Path, path
from bayesreg.selection.axis import Axis
from bayesreg.selection.choice import Choice, Curve, edge_note

FOLDS = 5


@dataclass(frozen=True, eq=False)
class Held:
    """Rows on which fits are judged: columns on which the prior is stated, target, offset and weights."""

    Z: Any
    y: np.ndarray
    offset: np.ndarray | float
    weights: np.ndarray | None


def choose_by_cv(axis: Axis, folds: Any, random_seed: int | None, per_row: bool | None) -> tuple[Choice, Choice]:
    """The minimum of the cross-validated error, and the one-standard-error rule.

    The curve is the mean over folds of each fold's mean error; its standard error is sd/√k. The
    one-standard-error rule takes the strongest strength whose error is within one standard error of
    the minimum (Breiman, Friedman, Olshen & Stone 1984; Hastie, Tibshirani & Friedman 2009, section 7.10).
    """
    parts, described = read_folds(axis, folds, random_seed)
    carried = _carries_per_row(axis) if per_row is None else per_row
    errors = np.array([_fold_errors(axis, inside, out, carried) for inside, out in parts])
    spread = errors.std(axis=0, ddof=1) / len(parts) ** 0.5
    label = f"{len(parts)}-fold cross-validation"
    curve = Curve(axis.strengths, errors.mean(axis=0), "error", label, spread, _train_error(axis.path))
    lowest = curve.best
    within = int(np.argmax(curve.value <= curve.value[lowest] + spread[lowest]))
    reason = f"{label} ({described}), strengths kept {'per row' if carried else 'as they are'} in the folds"
    return (
        Choice("cv", float(axis.strengths[lowest]), f"{reason}: least error{edge_note(curve, lowest)}", curve),
        Choice(
            "cv_1se",
            float(axis.strengths[within]),
            f"{reason}: the strongest within one standard error of the least{edge_note(curve, within)}",
            curve,
        ),
    )


def choose_by_validation(axis: Axis, validation: Any, per_row: bool | None) -> Choice:
    """The minimum of the error on a validation set: (X, y), or a mask of the regression's own rows."""
    if validation is None:
        raise DataError('by="validation" needs validation=(X_val, y_val), or a boolean mask of the rows.')
    carried = _carries_per_row(axis) if per_row is None else per_row
    if isinstance(validation, tuple) and len(validation) != 2:
        raise DataError(f"validation must be (X_val, y_val), or a boolean mask, got a tuple of {len(validation)}.")
    if isinstance(validation, tuple):
        fits, held = axis.path, _read_validation(axis, *validation)
    else:
        inside, out = _read_mask(axis, validation)
        fits = _fit_part(axis, inside, carried)
        held = _rows_of(axis, out, fits)
    value = mean_errors(fits, held)
    curve = Curve(axis.strengths, value, "error", "validation set", None, _train_error(fits))
    reason = f"least error on a validation set of {len(held.y)} rows{edge_note(curve, curve.best)}"
    return Choice("validation", float(axis.strengths[curve.best]), reason, curve)


def read_folds(axis: Axis, folds: Any, random_seed: int | None) -> tuple[list[tuple[np.ndarray, np.ndarray]], str]:
    """Pairs (rows inside, rows held out) of a count, of one label per row or of a splitter; and what they are."""
    rows, n = _require_rows(axis), axis.reg.n
    if not hasattr(folds, "split") and np.ndim(folds) > 0:
        parts, described = _labelled_folds(folds, n), "rows as labelled"
    else:
        counted = not hasattr(folds, "split")
        splitter, described = _splitter(axis, folds, random_seed) if counted else (folds, type(folds).__name__)
        parts = _split(splitter, n, rows.y)
    if len(parts) < 2 or any(len(inside) == 0 or len(out) == 0 for inside, out in parts):
        raise DataError(f"cross-validation needs at least two folds, none of them empty, got {len(parts)}.")
    return parts, described


def _split(splitter: Any, n: int, y: np.ndarray) -> list[tuple[np.ndarray, np.ndarray]]:
    try:
        with warnings.catch_warnings():
            # Of a class with fewer rows than folds; the parts are judged by what they hold.
            warnings.simplefilter("ignore", UserWarning)
            return [(np.arange(n)[inside], np.arange(n)[out]) for inside, out in splitter.split(np.zeros((n, 1)), y)]
    except (ValueError, TypeError, IndexError) as problem:
        raise DataError(
            f"folds cannot be made of these {n} rows ({problem}); give fewer folds, or a label for each row."
        ) from problem


def _labelled_folds(folds: Any, n: int) -> list[tuple[np.ndarray, np.ndarray]]:
    labels = np.asarray(folds)
    if labels.shape != (n,):
        raise DataError(f"folds has shape {labels.shape}; allowed: a count, one label per row ({n},), a splitter.")
    names = sorted(set(labels.tolist()), key=str)
    return [(np.flatnonzero(labels != name), np.flatnonzero(labels == name)) for name in names]


def _splitter(axis: Axis, folds: Any, random_seed: int | None) -> tuple[Any, str]:
    from sklearn.model_selection import KFold, StratifiedKFold

    n = axis.reg.n
    whole = isinstance(folds, Integral) and not isinstance(folds, bool)
    if not whole or folds < 2:
        raise DataError(f"folds must be a whole number from 2 to the {n} rows, labels or a splitter, got {folds!r}.")
    if folds > n:
        raise DataError(f"{folds}-fold cross-validation needs at least {folds} rows; give a strength or scale instead.")
    stratified = axis.reg.family.target_kind == "classes"
    shuffle = random_seed is not None
    order = f"rows shuffled with seed {random_seed}" if shuffle else "consecutive rows"
    kind = StratifiedKFold if stratified else KFold
    splitter = kind(int(folds), shuffle=shuffle, random_state=random_seed)
    return splitter, f"{order}, stratified" if stratified else order


def _carries_per_row(axis: Axis) -> bool:
    """As scikit-learn does: its lasso and elastic net state strengths per row, its ridge and logistic do not."""
    return axis.reg.is_gaussian and axis.term == "l1"


def _require_rows(axis: Axis) -> Rows:
    rows = axis.reg.design.rows
    if rows is None:
        raise DataError(
            'held-out errors need the rows; use Regression(X, y, …), by="evidence", or give a strength or scale.'
        )
    if is_sparse(rows.X) and axis.reg.intercept_term.has_prior:
        raise UnsupportedError(
            "held-out errors of a sparse X with a prior on the intercept are not computed; use intercept=True, or "
            "pass X.toarray() where it fits."
        )
    return rows


def _seen(X: Any, standardization: Standardization) -> Any:
    """Rows of the user's columns as the prior is stated on them; those of a sparse X are never made dense."""
    if is_sparse(X):
        return implicit_columns(X, standardization.center, standardization.sd)
    return standardization.apply(X)


def _rows_of(axis: Axis, index: np.ndarray, fits: Path) -> Held:
    """Rows of the regression, as the columns that the fits of another part of it see."""
    rows = _require_rows(axis)
    Z = _seen(columns_of(axis.held)[0][index], fits.reg.design.standardization)
    offset = 0.0 if rows.offset is None else rows.offset[index, None]
    weights = None if rows.weights is None else rows.weights[index]
    return Held(Z, rows.y[index], offset, weights)


def _read_validation(axis: Axis, X: Any, y: Any) -> Held:
    rows = _require_rows(axis)
    if rows.offset is not None:
        raise UnsupportedError("a validation set cannot carry an offset; give a mask of the regression's own rows.")
    matrix, names = read_matrix(X)
    if matrix.shape[1] != axis.reg.p or (hasattr(X, "columns") and names != axis.reg.names):
        raise DataError(f"the validation columns are {list(names)[:10]}, expected {list(axis.reg.names)[:10]}.")
    target = read_vector(y, "y_val", matrix.shape[0])
    axis.reg.family.check_target(target)
    return Held(_seen(matrix, axis.reg.design.standardization), target, 0.0, None)


def _read_mask(axis: Axis, mask: Any) -> tuple[np.ndarray, np.ndarray]:
    held = np.asarray(mask)
    if held.dtype != bool or held.shape != (axis.reg.n,) or held.all() or not held.any():
        raise DataError(
            f"validation must be (X_val, y_val), or a boolean mask of the {axis.reg.n} rows that holds some of them "
            f"out and not all, got {type(mask).__name__} of shape {held.shape}."
        )
    return np.flatnonzero(~held), np.flatnonzero(held)


def _fit_part(axis: Axis, inside: np.ndarray, carried: bool) -> Path:
    """MAP estimates on a part of the rows, on columns standardized as for all rows."""
    part = part_of(axis, inside)
    share = part.design.weight / axis.held.design.weight if carried else 1.0
    # A strength is that of the most penalized column, which in other units is another number.
    return path(part, axis.strengths * share * (strength_of(part) / axis.current))


def part_of(axis: Axis, inside: np.ndarray) -> Regression:
    """The regression on a part of the rows, under the very same prior on the very same columns."""
    held, rows = axis.held, _require_rows(axis)
    columns, unit = columns_of(held)
    with warnings.catch_warnings():
        # A column may be constant in one part of the rows: its coefficient is then the prior's.
        warnings.simplefilter("ignore", ConstantColumnWarning)
        return Regression(
            columns[inside],
            rows.y[inside],
            prior=held.prior.in_units(held.names, unit),
            sigma=held.noise.sigma if held.family.has_sigma else None,
            intercept=held.intercept,
            family=held.family,
            standardize=False,
            # A Normal intercept is about the centre of all rows, which is where these columns are 0.
            center=not held.intercept_term.has_prior,
            weights=None if rows.weights is None else rows.weights[inside],
            offset=None if rows.offset is None else rows.offset[inside],
            bounds=bounds_of(held, unit),
        )


def bounds_of(reg: Regression, unit: np.ndarray | float) -> Bounds | None:
    """The bounds of the coefficients on the columns of :func:`columns_of`, whose unit it returns."""
    if reg.bounds is None:
        return None
    return Bounds(*reg.bounds.on(reg.design.standardization.sd / unit))


def columns_of(reg: Regression) -> tuple[Any, np.ndarray | float]:
    """Columns that can be cut by rows, and the unit of each: where the prior is stated, or those of a sparse X."""
    rows = reg.design.rows
    if rows is not None and is_sparse(rows.X):
        return rows.X, reg.design.standardization.sd
    return reg.design.matrix, 1.0


def _fold_errors(axis: Axis, inside: np.ndarray, out: np.ndarray, carried: bool) -> np.ndarray:
    fits = _fit_part(axis, inside, carried)
    return mean_errors(fits, _rows_of(axis, out, fits))


def _train_error(fits: Path) -> np.ndarray:
    rows = fits.reg.design.known_rows
    offset = 0.0 if rows.offset is None else rows.offset[:, None]
    return mean_errors(fits, Held(fits.reg.design.matrix, rows.y, offset, rows.weights))


def mean_errors(fits: Path, held: Held) -> np.ndarray:
    """Mean squared error (gaussian) or mean −log likelihood at each strength, weighted as the rows are, shape (m,)."""
    eta = held.offset + linear_predictor(fits, held.Z)
    y, reg = held.y[:, None], fits.reg
    if reg.is_gaussian:
        return np.average((y - eta) ** 2, axis=0, weights=held.weights)
    sigma = reg.noise.sigma if reg.family.has_sigma else 1.0
    if sigma is None:
        raise PriorError("held-out errors need a known sigma; use reg.with_sigma(number).")
    row_sigma = sigma if held.weights is None else sigma / np.sqrt(held.weights)[:, None]
    return -np.average(reg.family.log_likelihood(y, eta, row_sigma), axis=0, weights=held.weights)


def linear_predictor(fits: Path, Z: Any) -> np.ndarray:
    """Without offset, of rows of the columns on which the prior is stated, at each strength, shape (rows, m)."""
    assert fits.reg.noise.sigma is not None
    point = unknowns_at(fits.reg, fits.theta, fits.reg.noise.sigma)
    return np.asarray(point.at_center + Z @ fits.beta.T)

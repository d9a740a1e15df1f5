"""What a tool has fitted, restated for a regression: data, penalty in the tool's own convention, coefficients."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from bayesreg.errors import DataError, UnsupportedError
from bayesreg.families.base import Family
from bayesreg.priors.penalty import L1, L2, ElasticNet, Penalty


@dataclass(frozen=True, eq=False)
class Data:
    """The rows of a fit as the user has them.

    Attributes
    ----------
    X, y : array-like
    weights : array-like or None
    penalty : Penalty or None
        Given by the user, where a fit does not keep its own.
    """

    X: Any
    y: Any
    weights: Any = None
    penalty: Penalty | None = None


@dataclass(frozen=True, eq=False)
class Reading:
    """A fit in words of the dictionary.

    Attributes
    ----------
    data : Data
        As the tool's loss sees them: transformed columns, classes as 0 and 1, class weights multiplied in.
    coef : ndarray, shape (p,)
    intercept : float
    penalty : Penalty
        In the tool's own objective.
    family : str or Family
    fit_intercept : bool
    standardized : bool
        Whether the penalty is on standardized columns.
    sigma : float or None
        The tool's own estimate, where its penalty comes from one.
    steps : tuple of transformers
        From new rows of the user to those that the tool sees, one after another.
    target : tuple of float
        (shift, size): the user's target is shift + size × the tool's.
    notes : tuple of str
    n_empty : int
        Rows of weight 0 that were left out.
    bounds : tuple or None
        Of every coefficient.
    """

    data: Data
    coef: np.ndarray
    intercept: float
    penalty: Penalty
    family: str | Family = "gaussian"
    fit_intercept: bool = True
    standardized: bool = False
    sigma: float | None = None
    steps: tuple[Any, ...] = ()
    target: tuple[float, float] = (0.0, 1.0)
    notes: tuple[str, ...] = ()
    n_empty: int = 0
    bounds: tuple[float | None, float | None] | None = None

    @property
    def n_rows(self) -> float:
        """How many rows the tool counts, those of weight 0 too."""
        return float(np.shape(self.data.y)[0] + self.n_empty)

    def columns(self, X: Any) -> Any:
        """The columns that the tool sees, of rows of the user."""
        for step in self.steps:
            X = transformed(step, X)
        return X

    def noting(self, *notes: str) -> "Reading":
        """The same with more notes."""
        return replace(self, notes=(*self.notes, *notes))


def transformed(transformer: Any, X: Any) -> Any:
    """Columns made by a fitted transformer, with the names that it gives them where it gives any.

    Raises
    ------
    DataError
        If it cannot transform X.
    """
    try:
        made = transformer.transform(X)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise DataError(f"the steps before the regression cannot transform X: {error}") from error
    if hasattr(made, "columns") or hasattr(made, "tocsc"):
        return made
    try:
        names = transformer.get_feature_names_out()
    except (AttributeError, ValueError):
        return made
    import pandas as pd

    return pd.DataFrame(made, columns=[str(name) for name in names], index=getattr(X, "index", None))


def elastic_net(strength: Any, l1_ratio: Any, objective: str) -> Penalty:
    """The penalty strength·(l1_ratio·‖β‖₁ + ½(1 − l1_ratio)·‖β‖²) in an objective with both terms."""
    share = float(l1_ratio)
    if share == 1:
        return L1(strength, objective)
    if share == 0:
        return L2(strength, objective)
    return ElasticNet(np.multiply(strength, share), np.multiply(strength, 1 - share), objective)


def coefficients(fitted: Any, coef: str = "coef_", intercept: str = "intercept_") -> tuple[np.ndarray, float]:
    """The coefficients, shape (p,), and the intercept of a fit of one target.

    Raises
    ------
    DataError
        If there are none yet.
    UnsupportedError
        If there is a row of coefficients for each of several targets or classes.
    """
    if getattr(fitted, coef, None) is None:
        raise DataError(f"this {type(fitted).__name__} is not fitted; call its fit(X, y) first.")
    values = getattr(fitted, coef)
    array = np.asarray(values.toarray() if hasattr(values, "toarray") else values, dtype=float)
    if array.ndim == 2 and array.shape[0] > 1:
        raise UnsupportedError(
            f"this {type(fitted).__name__} has {array.shape[0]} rows of coefficients, one for each target or class; a "
            "regression here has one. Fit and explain one target (or one class against the rest) at a time."
        )
    return array.ravel(), float(np.ravel(np.asarray(getattr(fitted, intercept), dtype=float))[0])


def as_classes(data: Data, classes: Any) -> Data:
    """The rows with the second class as 1 and the first as 0.

    Raises
    ------
    DataError
        If the target holds another class.
    """
    labels = np.asarray(data.y)
    known = np.asarray(classes)
    if not np.all(np.isin(labels, known)):
        strange = [label for label in np.unique(labels).tolist() if label not in set(known.tolist())]
        raise DataError(f"y holds the classes {strange[:5]}, the fit knows {known.tolist()}; pass the y of the fit.")
    positive = (data.y if hasattr(data.y, "iloc") else labels) == known[1]
    return replace(data, y=positive.astype(float))


def scalar(value: Any) -> float:
    """One number, also where a tool keeps it as an array of one."""
    return float(np.ravel(value)[0])

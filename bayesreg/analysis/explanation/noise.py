"""The sigma at which the strength of a fit is read as a prior."""

from collections.abc import Callable

import numpy as np

from bayesreg.analysis.explanation.reading import Reading
from bayesreg.errors import DataError, UnsupportedError
from bayesreg.model.regression import Regression
from bayesreg.selection.sigma import estimate_sigma


def estimated_sigma(bare: Regression, reading: Reading) -> tuple[float, str]:
    """A single estimate of sigma, and how it was made.

    Raises
    ------
    DataError
        If the estimate is 0.
    UnsupportedError
        If there is none for the family.
    """
    if bare.is_gaussian:
        return estimate_sigma(bare)
    if bare.family.name not in _ESTIMATES:
        raise UnsupportedError(f"no estimate of sigma for the {bare.family.name} family; give sigma=.")
    assert bare.design.rows is not None
    eta = reading.intercept + np.asarray(bare.design.rows.X @ reading.coef)
    value, how = _ESTIMATES[bare.family.name](bare, eta)
    if not value > 0:
        raise DataError("the fit explains the target without error, so sigma cannot be estimated; give sigma=.")
    return value, how


def _weights(bare: Regression) -> np.ndarray:
    rows = bare.design.known_rows
    return np.ones(bare.n) if rows.weights is None else rows.weights


def _of_gamma(bare: Regression, eta: np.ndarray) -> tuple[float, str]:
    """√(Σw(y/μ − 1)²/(n − p − 1)), from Pearson's statistic (McCullagh & Nelder 1989, section 8.3)."""
    rows, left = bare.design.known_rows, max(1, bare.n - bare.p - int(bare.intercept_term.exists))
    return float(np.sqrt(np.sum(_weights(bare) * (rows.y * np.exp(-eta) - 1) ** 2) / left)), "Pearson's statistic"


def _of_laplace(bare: Regression, eta: np.ndarray) -> tuple[float, str]:
    """Σ√w|y − η|/n: the most likely scale."""
    rows = bare.design.known_rows
    return float(np.mean(np.sqrt(_weights(bare)) * np.abs(rows.y - eta))), "the mean absolute residual of the fit"


_ESTIMATES: dict[str, Callable[[Regression, np.ndarray], tuple[float, str]]] = {
    "gamma": _of_gamma,
    "laplace": _of_laplace,
}

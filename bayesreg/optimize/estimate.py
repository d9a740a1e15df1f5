"""The one type of a point estimate, whichever route found it."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from bayesreg.design.columns import read_matrix
from bayesreg.design.formula import FormulaSpec
from bayesreg.errors import ConvergenceError, DataError
from bayesreg.families.base import Family
from bayesreg.families.gaussian import Gaussian
from bayesreg.model.objective import coef_at, objective_at, unknowns_at
from bayesreg.model.regression import Regression
from bayesreg.optimize.certificate import Certificate, certify, certify_joint

if TYPE_CHECKING:
    import pandas as pd

Mode = Literal["beta given sigma", "joint (beta, sigma)"]


@dataclass(frozen=True, eq=False, repr=False)
class Estimate:
    """A point, its objective and its certificate.

    Attributes
    ----------
    names : tuple of str
        Column names.
    beta : ndarray, shape (p,)
        Coefficients on the (standardized) columns on which the prior is stated.
    coef : ndarray, shape (p,)
        Coefficients on the user's columns.
    intercept : float
        At x = 0 of the user's columns.
    sigma : float
        Noise standard deviation: the known one, or that of the joint mode.
    objective : float
        Q in ``half_rss`` at this sigma.
    certificate : Certificate
    mode : {"beta given sigma", "joint (beta, sigma)"}
        Which mode it is. The joint mode is that of the density of (beta, sigma), sigma itself
        being the coordinate (not its square or logarithm).
    method : str
        How it was found.
    family : Family
        Of the regression.
    has_offset : bool
        Whether its rows had offsets, so that new ones need theirs.
    formula : FormulaSpec or None
        What makes its columns from a frame, if it was a formula.

    See Also
    --------
    map_estimate : Certified MAP estimate.
    penalized_estimate : The same minimum by other packages.
    Certificate : KKT residual and duality gap of a point.
    predict : Predictions for new rows.
    """

    names: tuple[str, ...]
    beta: np.ndarray
    coef: np.ndarray
    intercept: float
    sigma: float
    objective: float
    certificate: Certificate
    mode: Mode
    method: str
    family: Family = field(default_factory=Gaussian)
    has_offset: bool = False
    formula: FormulaSpec | None = None

    def __repr__(self) -> str:
        return (
            f"Estimate({self.method}: {self.n_zeros} of {len(self.names)} coefficients exactly 0, mode of {self.mode}, "
            f"objective={self.objective:.6g}, kkt={self.certificate.kkt:.1e})"
        )

    @property
    def n_zeros(self) -> int:
        """How many coefficients are exactly 0."""
        return int(np.sum(self.beta == 0))

    def predict(self, X: Any) -> np.ndarray:
        """Linear predictor without offset for new rows of the user's columns, or of a formula's frame, shape (n,).

        Raises
        ------
        DataError
            If a frame's columns are not those of the regression, or the width differs.
        """
        if self.formula is not None and hasattr(X, "columns") and tuple(map(str, X.columns)) != self.names:
            X = self.formula.columns(X)
        matrix, names = read_matrix(X)
        if hasattr(X, "columns") and names != self.names:
            raise DataError(f"the columns are {list(names)[:10]}, the regression has {list(self.names)[:10]}.")
        if matrix.shape[1] != len(self.names):
            raise DataError(f"X has {matrix.shape[1]} columns, the regression has {len(self.names)}.")
        return np.asarray(self.intercept + matrix @ self.coef)

    def to_frame(self) -> "pd.DataFrame":
        """One row per coefficient, with ``beta`` and ``coef``."""
        import pandas as pd

        return pd.DataFrame({"beta": self.beta, "coef": self.coef}, index=pd.Index(self.names, name="coef_name"))


def estimate_at(reg: Regression, theta: np.ndarray, sigma: float, method: str, *, joint: bool = False) -> Estimate:
    """Certify θ (beta, and the intercept's deviation where it has a column) and return it as an Estimate.

    Raises
    ------
    ConvergenceError
        If θ holds anything but finite numbers.
    """
    if not np.all(np.isfinite(theta)):
        raise ConvergenceError(f"{method} ended at a point that is not finite; rescale the columns or the target.")
    point = unknowns_at(reg, theta, sigma)
    coef, at_zero = coef_at(reg, point.beta), point.on_user_columns(reg.design.standardization)[1]
    intercept = float(point.at_center) if reg.intercept_term.in_theta else None
    at = sigma if reg.family.has_sigma else None
    judge = certify_joint(reg, point.beta, sigma) if joint else certify(reg, point.beta, sigma=at, intercept=intercept)
    return Estimate(
        names=reg.names,
        beta=point.beta,
        coef=coef,
        intercept=float(at_zero),
        sigma=sigma,
        objective=objective_at(reg, theta, sigma),
        certificate=judge,
        mode="joint (beta, sigma)" if joint else "beta given sigma",
        method=method,
        family=reg.family,
        has_offset=reg.design.has_offset,
        formula=reg.design.formula,
    )

"""The least-squares estimate: strength 0, the reference that shrinkage is measured from."""

from bayesreg.errors import ConvergenceError, PriorError
from bayesreg.model.regression import Regression, check_regression
from bayesreg.model.strength import without_priors
from bayesreg.optimize.at_sigma import minimize_at
from bayesreg.optimize.estimate import Estimate, estimate_at


def least_squares(reg: Regression) -> Estimate:
    """Ordinary (or weighted) least squares of a regression's data, its prior ignored.

    For families beside the Gaussian it is maximum likelihood.

    Parameters
    ----------
    reg : Regression

    Returns
    -------
    Estimate
        Of least norm in beta where the columns are collinear or more than the rows; then it is one
        of many. Its sigma is the known one, or √(RSS / (n − rank − 1)), or √(RSS / n) without
        degrees of freedom.

    Raises
    ------
    DataError
        If `reg` is not a regression.
    PriorError
        If the family has a noise scale, is not the Gaussian, and sigma is unknown.

    See Also
    --------
    map_estimate : Certified MAP estimate.
    certify : KKT residual and duality gap of any point.

    Examples
    --------
    >>> import bayesreg as br
    >>> frame, target = br.load_dataset("diabetes")
    >>> reg = br.Regression(frame.drop(columns=target), frame[target], prior=br.Laplace(10.0))
    >>> round(br.least_squares(reg).sigma, 2)
    54.15
    """
    check_regression(reg)
    flat = without_priors(reg)
    if not reg.is_gaussian:
        if reg.noise.sigma is None:
            raise PriorError(
                f"maximum likelihood of a {reg.family.name} family needs a known sigma; use reg.with_sigma."
            )
        return estimate_at(flat, minimize_at(flat, reg.noise.sigma), reg.noise.sigma, "maximum likelihood")
    sigma = reg.noise.sigma if reg.noise.sigma is not None else residual_sd(flat)
    return estimate_at(flat, flat.loss.least_squares, sigma or 1.0, "least squares")


def least_squares_if_any(reg: Regression) -> Estimate | None:
    """Least squares; None where no maximum of the likelihood is found, as of classes that can be separated."""
    try:
        return least_squares(reg)
    except ConvergenceError:
        return None


def least_squares_name(reg: Regression) -> str:
    """What it is called in the regression's family."""
    return "least squares" if reg.is_gaussian else "maximum likelihood"


def residual_sd(reg: Regression) -> float:
    """√(RSS / degrees of freedom) of the least-squares fit, in the units of y; 0 without degrees of freedom."""
    free = reg.n - reg.loss.rank - int(reg.intercept_term.orthogonal)
    return float((reg.loss.least_rss / free) ** 0.5) if free > 0 else 0.0

"""From a fitted estimator to the posterior that it is the mode of."""

import sys
from dataclasses import replace
from numbers import Real
from typing import Any

import numpy as np

from bayesreg.analysis.comparison.compare import check_sampling
from bayesreg.analysis.explanation.explanation import Explanation
from bayesreg.analysis.explanation.noise import estimated_sigma
from bayesreg.analysis.explanation.reading import Data, Reading
from bayesreg.analysis.explanation.registry import read
from bayesreg.errors import DataError, PriorError
from bayesreg.model.noise import read_sigma
from bayesreg.model.regression import Regression
from bayesreg.model.strength import conversion
from bayesreg.optimize.certificate import certify
from bayesreg.optimize.estimate import Estimate
from bayesreg.priors.dictionary import to_prior
from bayesreg.priors.normal import Normal
from bayesreg.priors.objective import find_objective
from bayesreg.priors.penalty import Penalty
from bayesreg.priors.positive import PositivePrior


def explain(
    fitted: Any,
    X: Any,
    y: Any,
    *,
    sigma: float | str | PositivePrior | None = None,
    sample_weight: Any = None,
    penalty: Penalty | None = None,
    **sampling: Any,
) -> Explanation:
    """Read a fitted estimator of another package as the mode of a posterior, and judge its coefficients.

    The penalty of the fit is turned into the prior by the dictionary, in the convention of the tool and of its
    installed version. A Gaussian fit fixes only σ²/b (or σ²/s²), so that its prior needs a sigma.

    Parameters
    ----------
    fitted : estimator, result or mapping
        Of scikit-learn (also in a ``Pipeline``, ``GridSearchCV`` or ``TransformedTargetRegressor``), skglm, celer,
        glum or statsmodels; or the numbers of a glmnet fit, read from R: ``{"a0": …, "beta": …, "lambda": …}``, with
        ``"alpha"``, ``"family"``, ``"standardize"``, ``"intercept"`` and ``"penalty.factor"`` where they are not
        glmnet's defaults.
    X, y : array-like
        The data of the fit, as they were passed to it.
    sigma : float, "learn" or prior, optional
        Noise standard deviation in the units of y, held as known. None: the fit's own estimate if its penalty came
        from one (BayesianRidge), else a single estimate (see
        :func:`bayesreg.selection.sigma.estimate_sigma`), held as known: the mode of the posterior is then the fit.
        "learn" or a prior: the scale of the prior is settled at that estimate, and then sigma is unknown, under the
        weak default or the given prior.
    sample_weight : array-like, shape (n,), optional
        As it was passed to the fit; rows of weight 0 are left out.
    penalty : L1, L2 or ElasticNet, optional
        For fits that do not keep theirs: ``OLS`` and ``GLM.fit_regularized`` of statsmodels.
    **sampling
        Settings of :func:`bayesreg.sample`, for when the posterior is drawn.

    Returns
    -------
    Explanation

    Raises
    ------
    UnsupportedError
        If there is no entry for the estimator, or no prior says what it does; the message gives the reason.
    DataError
        If it is not fitted, or X and y are not like those of the fit.
    PriorError
        If sigma, the penalty or a sampler's setting is invalid.

    See Also
    --------
    compare : Both sides of a regression that is stated here.
    certify : Judge coefficients under a stated prior.

    Examples
    --------
    >>> import bayesreg as br
    >>> from sklearn.linear_model import Lasso
    >>> frame, target = br.load_dataset("diabetes")
    >>> X, y = frame.drop(columns=target), frame[target]
    >>> explained = br.explain(Lasso(alpha=0.85, tol=1e-12, max_iter=10_000).fit(X, y), X, y, sigma=54.0)
    >>> round(explained.prior.scale, 4), explained.certificate.gap < 1e-8
    (7.7615, True)
    >>> explained.verdict
    'the fit is at the optimum of its objective (KKT residual 1.5e-10 of the strength, duality gap 3.4e-12).'
    """
    check_sampling(sampling)
    if isinstance(fitted, type):
        raise DataError(f"{fitted.__name__} is a class; pass an instance of it after its fit(X, y).")
    weights = np.full(len(y), float(sample_weight)) if isinstance(sample_weight, Real) else sample_weight
    reading = _without_empty_rows(read(fitted, Data(X, y, weights, penalty)))
    return explanation_of(reading, _bare(reading), tool_of(fitted), sigma, sampling)


def explanation_of(reading: Reading, bare: Regression, tool: str, sigma: Any, sampling: dict[str, Any]) -> Explanation:
    """The explanation of a reading on the regression of its data, whose prior and sigma are not settled yet."""
    if len(reading.coef) != bare.p:
        raise DataError(f"X has {bare.p} columns, the fit {len(reading.coef)} coefficients; pass the X of the fit.")
    number, notes = _settled_sigma(reading, bare, sigma)
    known = bare if number is None else bare.with_sigma(number)
    held = known.with_prior(_prior(reading, known, number))
    unknown = sigma if isinstance(sigma, PositivePrior) else None
    reg = held.with_sigma(unknown) if sigma == "learn" or unknown is not None else held
    return Explanation(tool, reg, held, _estimate(reading, held, tool), reading, reading.notes + notes, sampling)


def _without_empty_rows(reading: Reading) -> Reading:
    """The same without rows of weight 0, which the loss does not see."""
    if reading.data.weights is None:
        return reading
    weights = np.asarray(reading.data.weights, dtype=float)
    empty = weights == 0
    if not np.any(empty):
        return reading
    kept = np.flatnonzero(~empty)
    data = replace(reading.data, X=_rows(reading.data.X, kept), y=_rows(reading.data.y, kept), weights=weights[kept])
    dropped = int(empty.sum())
    return replace(reading, data=data, n_empty=dropped).noting(f"{dropped} row(s) of weight 0 are left out")


def _rows(values: Any, kept: np.ndarray) -> Any:
    if hasattr(values, "iloc"):
        return values.iloc[kept]
    return values[kept] if hasattr(values, "tocsc") else np.asarray(values)[kept]


def _bare(reading: Reading) -> Regression:
    """The regression without its prior yet."""
    X, y = reading.data.X, reading.data.y
    X = X.tocsr() if hasattr(X, "tocsr") else X
    given = {"weights": reading.data.weights, "family": reading.family, "standardize": reading.standardized}
    given["bounds"] = reading.bounds
    bare = Regression(X, y, prior=Normal(1.0), intercept=reading.fit_intercept, **given)
    return bare.with_sigma(1.0) if bare.family.has_sigma else bare


def _settled_sigma(reading: Reading, bare: Regression, sigma: Any) -> tuple[float | None, tuple[str, ...]]:
    """The sigma at which the strength is read as a prior, and how it came about."""
    if not bare.family.has_sigma:
        if sigma is not None:
            raise PriorError(f"the {bare.family.name} family has no sigma, got sigma={sigma!r}; leave it out.")
        return None, ()
    if isinstance(sigma, Real):
        return read_sigma(sigma) / reading.target[1], ("sigma was given, and is held as known",)
    if not (sigma is None or sigma == "learn" or isinstance(sigma, PositivePrior)):
        raise PriorError(f'sigma must be a number, "learn", a prior or None, got {sigma!r}.')
    number, how = (reading.sigma, "the fit itself") if reading.sigma else estimated_sigma(bare, reading)
    if sigma is None:
        return number, (f"sigma was estimated once by {how}, and is held as known; sigma='learn' gives it a prior",)
    return number, (
        f"the prior's scale was settled with sigma = {number:.4g}, estimated by {how}; the posterior has sigma unknown",
    )


def _prior(reading: Reading, known: Regression, sigma: float | None) -> Any:
    """The prior that the dictionary gives for the tool's penalty."""
    objective = reading.penalty.objective
    numbers = conversion(known, objective, sigma)
    if find_objective(objective, known.family).n_is == "rows":
        numbers["n"] = reading.n_rows
    return to_prior(reading.penalty, objective=objective, **numbers)


def _estimate(reading: Reading, held: Regression, tool: str) -> Estimate:
    """The coefficients of the fit with their certificate."""
    standardization = held.design.standardization
    beta = standardization.beta(reading.coef)
    center = None
    if held.intercept_term.exists:
        center = float(standardization.intercept_at_center(reading.intercept, reading.coef))
    elif reading.intercept != 0:
        raise DataError(f"the fit says that it has no intercept, but holds {reading.intercept!r}.")
    certificate = certify(held, beta, intercept=center)
    return Estimate(
        names=held.names,
        beta=beta,
        coef=reading.coef,
        intercept=reading.intercept,
        sigma=certificate.sigma,
        objective=certificate.primal,
        certificate=certificate,
        mode="beta given sigma",
        method=tool,
        family=held.family,
    )


def tool_of(fitted: Any) -> str:
    """Package, version and settings in one line."""
    package = type(fitted).__module__.partition(".")[0]
    version = getattr(sys.modules.get(package), "__version__", "")
    words = repr(fitted) if hasattr(fitted, "get_params") else type(fitted).__name__
    return " ".join(f"{package} {version} {words}".split())

"""The prior of a fit and the certificate of its coefficients, in sentences."""

import numpy as np

from bayesreg.model.regression import Regression
from bayesreg.optimize.estimate import Estimate
from bayesreg.priors.column_scales import ColumnScales

# A fit whose objective lies less than this above its minimum, relatively, counts as optimal.
OPTIMAL = 1e-8


def prior_in_words(tool: str, held: Regression) -> str:
    """What the fit believes before it sees the data."""
    columns = "standardized columns" if np.any(held.design.standardization.sd != 1) else "the columns that the fit sees"
    intercept = "a flat prior on the intercept" if held.intercept_term.exists else "there is no intercept"
    noise = f"noise sd sigma = {held.noise.sigma:.6g}" if held.family.has_sigma else f"a {held.family.name} target"
    return (
        f"{tool} is the mode of the posterior with {_scales_in_words(held.scales)} on the {held.p} coefficients of "
        f"{columns}, {intercept}, and {noise}."
    )


def _scales_in_words(scales: ColumnScales) -> str:
    has_laplace, has_normal = np.any(np.isfinite(scales.laplace)), np.any(np.isfinite(scales.normal))
    laplace, normal = _range(scales.laplace), _range(scales.normal)
    if has_laplace and has_normal:
        return f"independent elastic-net priors exp(−|β|/{laplace} − β²/(2·{normal}²))"
    if has_laplace:
        return f"independent Laplace(0, {laplace}) priors"
    return f"independent Normal(0, {normal}²) priors" if has_normal else "flat priors"


def _range(scales: np.ndarray) -> str:
    low, high = float(np.min(scales)), float(np.max(scales))
    return f"{low:.4g}" if low == high else f"{low:.4g} to {high:.4g}"


def verdict(estimate: Estimate, best: Estimate) -> str:
    """How far the fit's objective lies above its minimum, and what that means for its coefficients."""
    judge = estimate.certificate
    excess = max(estimate.objective - best.objective, 0.0)
    short = excess / abs(estimate.objective) if excess else 0.0
    by = f"KKT residual {judge.kkt:.1e} of the strength" + (
        "" if judge.gap is None else f", duality gap {judge.gap:.1e}"
    )
    if short <= OPTIMAL:
        return f"the fit is at the optimum of its objective ({by})."
    away = np.abs(estimate.coef - best.coef)
    worst = int(np.argmax(away))
    return (
        f"the fit stopped {short:.1e} of the objective short of the optimum ({by}); its largest difference from the "
        f"certified mode is {away[worst]:.3g}, in {estimate.names[worst]}: {estimate.coef[worst]:.6g} instead of "
        f"{best.coef[worst]:.6g}. Refit with a smaller tol or more iterations, if these X, y and weights are those of "
        "the fit."
    )

"""A regression in words and formulas, the same penalty as other tools state it, and what to cite."""

from importlib.metadata import version
from typing import TYPE_CHECKING

import numpy as np

from bayesreg.errors import ObjectiveError, UnsupportedError
from bayesreg.model.objective import strengths_at
from bayesreg.model.regression import Regression
from bayesreg.model.strength import conversion
from bayesreg.priors.dictionary import to_penalty
from bayesreg.priors.objective import find_objective
from bayesreg.priors.registry import stated

if TYPE_CHECKING:
    from bayesreg.reporting.findings import Findings

# Of the dictionary, those that a reader is likely to use; what does not suit the prior or the family is left out.
TOOLS = (
    "half_rss",
    "scaled_nll",
    "mse",
    "nll",
    "sklearn.Lasso",
    "sklearn.Ridge",
    "sklearn.LogisticRegression",
    "sklearn.PoissonRegressor",
    "sklearn.QuantileRegressor",
    "glmnet",
    "statsmodels",
    "keras",
    "torch.weight_decay",
)
OVERRELAXATION = "Adler (1981), doi:10.1103/PhysRevD.23.2901"
SAMPLERS = {
    "coordinate": f"Hans (2009), doi:10.1093/biomet/asp047; {OVERRELAXATION}",
    "block": f"Rajaratnam et al. (2019), doi:10.1080/10618600.2019.1573187; {OVERRELAXATION}",
    "interpreted": "Rajaratnam et al. (2019), doi:10.1080/10618600.2019.1573187",
}


def formulas(reg: Regression) -> list[str]:
    """Likelihood and priors, a line each."""
    rows = reg.design.rows
    offset = "offset_i + " if reg.design.has_offset else ""
    intercept = "intercept + " if reg.intercept_term.exists else ""
    weighted = reg.family.has_sigma and rows is not None and rows.weights is not None
    words = {"mean": f"{offset}{intercept}x_i·coef", "sigma": "σ/√w_i" if weighted else "σ"}
    lines = [f"y_i ~ {reg.family.likelihood.format(**words, **vars(reg.family))}"]
    lines.append("β_j = sd_j · coef_j" if is_standardized(reg) else "β = coef")
    lines.append(reg.prior.formula())
    if reg.bounds is not None:
        lines.append(f"truncated to {reg.bounds.words(reg.names)} (of coef)")
    if reg.intercept_term.has_prior:
        lines.append(reg.intercept_term.formula())
    if reg.family.has_sigma:
        lines.append(f"σ {'=' if reg.noise.known else '~'} {reg.noise}")
    return lines


def sentences(reg: Regression) -> list[str]:
    """The same in words."""
    columns = (
        "Each column is divided by its standard deviation (divisor n) before the prior is stated on it"
        if is_standardized(reg)
        else "The prior is on the columns as they are given"
    )
    within = "" if reg.bounds is None else f", truncated to {reg.bounds.words(reg.names)}"
    return [
        f"The {reg.p} coefficients have {reg.prior.sentence}{within}; {reg.intercept_term.words}.",
        f"{columns}; coef are the coefficients on the user's own columns.",
    ]


def penalty_formula(held: Regression) -> str:
    """What the MAP minimizes, at the known sigma."""
    sigma = 1.0 if held.noise.sigma is None else held.noise.sigma
    l1, l2 = (weights[: held.p] for weights in strengths_at(held, sigma))
    loss = "½ RSS" if held.is_gaussian else "σ² × (−log likelihood)" if held.family.has_sigma else "−log likelihood"
    if not held.prior.is_separable:
        return f"Q(β) = {loss} + Σ_g λ_g‖β_g‖,  λ_g up to {l1.max():.4g}"
    if held.prior.is_correlated:
        return f"Q(β) = {loss} + ½ κ (β − loc)'K(β − loc),  κ = {l2.max():.4g},  K the prior's precision at scale 1"
    terms, values = [], []
    square = "½ {} Σβ_j²" if held.coordinates.is_plain else "½ {} Σ(β_j − loc_j)²"
    for letter, weights, form in (("λ", l1, "{} Σ|β_j|"), ("κ", l2, square)):
        if np.any(weights > 0):
            same = weights.min() == weights.max()
            terms.append(
                form.format(letter) if same else form.format(f"{letter}_j").replace(f" {letter}_j Σ", f" Σ{letter}_j")
            )
            values.append(f"{letter} = {weights.max():.4g}" if same else f"{letter}_j up to {weights.max():.4g}")
    return f"Q(β) = {' + '.join([loss, *terms])},  {', '.join(values)}" if terms else f"Q(β) = {loss}"


def other_tools(held: Regression) -> list[tuple[str, str]]:
    """The penalty in the conventions of other tools, where a single number says it."""
    if not (held.prior.has_penalty and held.coordinates.is_plain and held.prior.is_separable):
        return []
    scales = list(stated(held.prior, held.names).term_scales.values())
    if len(scales) > 1 or not isinstance(scales[0], float) or np.isinf(scales[0]):
        return []
    tools = []
    for name in TOOLS:
        try:
            penalty = to_penalty(held.prior, objective=name, **conversion(held, name, held.noise.sigma))
        except (ObjectiveError, UnsupportedError):
            continue
        label = f"{name}, {find_objective(name).quantity}" if find_objective(name).inverse else name
        tools.append((label, f"{penalty.strength:.6g}"))  # type: ignore[union-attr]
    return tools


def is_standardized(reg: Regression) -> bool:
    """Whether the prior is stated on other columns than the user's."""
    return bool(np.any(reg.design.standardization.sd != 1))


def citations(findings: "Findings") -> list[str]:
    """The package, and the papers behind what is on the page."""
    kernel = str(findings.idata.attrs.get("kernel", ""))
    cited = [findings.reg.prior.source, SAMPLERS.get(kernel)]
    cited += [
        "shrinkage κ: Carvalho, Polson & Scott (2010), doi:10.1093/biomet/asq017; effective number of coefficients: "
        "Piironen & Vehtari (2017), doi:10.1214/17-EJS1337SI",
        "local false sign rate and s-value: Stephens (2017), doi:10.1093/biostatistics/kxw041",
        "R-hat and effective sample size: Vehtari et al. (2021), doi:10.1214/20-BA1221",
    ]
    return [one for one in cited if one]


def bibtex() -> str:
    """An entry for the package."""
    return (
        f"@software{{bayesreg,\n  title = {{bayesreg: lasso and ridge as the Bayesian models that they are}},\n"
        f"  version = {{{version('bayesreg')}}}\n}}"
    )

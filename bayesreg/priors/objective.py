"""The objectives that tools minimize, each as a multiple of the canonical Q.

With Q(β) = σ²·(−log likelihood) + λ‖β‖₁ + ½κ‖β‖² (½RSS + … for the Gaussian family, σ = 1 for Bernoulli and
Poisson), every objective here is a·Q for the families that it has, and differs only in

* a, the multiple (``loss_factor``),
* u₁ in its L1 term u₁·strength·‖β‖₁ (``l1_unit``) and u₂ in its L2 term ½·u₂·strength·‖β‖²
  (``l2_unit``): 1, or 2 where the tool writes no ½, or what the tool puts in by itself,
* whether the user states the strength or its inverse C (``inverse``).

So a·λ = u₁·strength and a·κ = u₂·strength, which is all that the dictionary uses. A tool whose multiple
differs between families has a row for each.
"""

from dataclasses import dataclass
from math import isfinite
from numbers import Real
from typing import Any

from bayesreg.errors import ObjectiveError, UnsupportedError
from bayesreg.families.base import Family
from bayesreg.families.registry import FAMILIES as NAMED

GAUSSIAN, COUNTS = ("gaussian",), ("bernoulli", "poisson")
# Those of an objective that speaks of the likelihood itself, and so of any family.
FAMILIES = tuple(NAMED)


@dataclass(frozen=True)
class Setting:
    """The numbers that a conversion may need: the n that the tool divides by, noise sigma, and the sd of y."""

    n: float | None = None
    sigma: float | None = None
    sd_y: float | None = None

    def need(self, name: str, what: str) -> float:
        """Return a number, or raise if it is missing or impossible; `what` is named as what needs it."""
        value = getattr(self, name)
        if value is None:
            raise ObjectiveError(f"{what} needs {name}; pass {name}=.")
        number = _as_float(value)
        if not (number > 0 and isfinite(number)):
            raise ObjectiveError(f"{name} must be a positive finite number, got {value!r}.")
        return number


def _as_float(value: Any) -> float:
    """A real number as a float; −1 for anything else, and infinity for what is too large to be one."""
    try:
        return float(value) if isinstance(value, Real) and not isinstance(value, bool) else -1.0
    except OverflowError:
        return float("inf")


def setting_of(family: Family, n: Any, sigma: Any, sd_y: Any) -> Setting:
    """The numbers of a conversion; sigma is 1 for a family without one.

    Raises
    ------
    ObjectiveError
        If another sigma is given for such a family.
    """
    setting = Setting(n, sigma, sd_y)
    if family.has_sigma:
        return setting
    if sigma is not None and setting.need("sigma", family.name) != 1:
        raise ObjectiveError(f"the {family.name} family has no sigma, got sigma={sigma!r}; leave it out.")
    return Setting(n, 1.0, sd_y)


@dataclass(frozen=True)
class Factor:
    """constant · n^n · sigma^sigma · sd_y^sd_y: a product in which what cancels is not asked for."""

    constant: float = 1.0
    n: int = 0
    sigma: int = 0
    sd_y: int = 0

    def __mul__(self, other: "Factor") -> "Factor":
        return Factor(
            self.constant * other.constant, self.n + other.n, self.sigma + other.sigma, self.sd_y + other.sd_y
        )

    def __truediv__(self, other: "Factor") -> "Factor":
        return self * Factor(1 / other.constant, -other.n, -other.sigma, -other.sd_y)

    def value(self, setting: Setting, what: str) -> float:
        """Return the number; each part of the setting is needed only if its power is not 0."""
        product = self.constant
        for name in ("n", "sigma", "sd_y"):
            power = getattr(self, name)
            if power:
                try:
                    product *= setting.need(name, what) ** power
                except OverflowError:
                    product = float("inf")
        if not (product > 0 and isfinite(product)):
            raise ObjectiveError(f"{what} leaves the range of numbers, with {setting}; use other units.")
        return product


ONE, TWO, PER_ROW = Factor(), Factor(2.0), Factor(n=-1)


@dataclass(frozen=True)
class Objective:
    """One scaling of a penalized loss, and which columns its tool penalizes.

    Attributes
    ----------
    name : str
        As in the public calls, such as ``"sklearn.Lasso"``.
    formula : str
        What is minimized, in the tool's own letters.
    families : tuple of str
        The families whose negative log likelihood the loss is a multiple of.
    loss_factor, l1_unit, l2_unit, inverse
        The scaling, as explained at the head of this file.
    columns : {"given", "standardized"}
        Whether the tool penalizes coefficients on the columns it is given, or standardizes them
        (1/n standard deviation) by default. A strength always speaks of the penalized columns.
    terms : tuple of str
        Which penalty terms the objective has, of "l1" and "l2".
    n_is : {"weight", "rows"}
        What n stands for where rows have weights: their sum Σw, or the number of rows.
    groups : bool
        Whether its L1 term may also be a group lasso's, Σ_g √m_g‖β_g‖₂.
    """

    name: str
    formula: str
    loss_factor: Factor
    families: tuple[str, ...] = GAUSSIAN
    l1_unit: Factor = ONE
    l2_unit: Factor = ONE
    inverse: bool = False
    columns: str = "given"
    terms: tuple[str, ...] = ("l1", "l2")
    n_is: str = "weight"
    groups: bool = False

    @property
    def quantity(self) -> str:
        """What the tool's user states, in words."""
        return "C (inverse strength)" if self.inverse else "strength"

    def require_term(self, term: str) -> None:
        """Raise ObjectiveError if the objective has no such term."""
        if term not in self.terms:
            raise ObjectiveError(f'"{self.name}" has no {term.upper()} term; it minimizes {self.formula}.')

    def require_groups(self) -> None:
        """Raise ObjectiveError if the objective has no group lasso."""
        if not self.groups:
            having = dict.fromkeys(row.name for row in _OBJECTIVES if row.groups)
            raise ObjectiveError(f'"{self.name}" has no group lasso; those that do are {", ".join(having)}.')

    def strength_per_half_rss(self, term: str) -> Factor:
        """a/u: the factor from a ``half_rss`` strength of the given term to this objective's.

        Raises
        ------
        ObjectiveError
            If the objective has no such term.
        """
        self.require_term(term)
        return self.loss_factor / (self.l1_unit if term == "l1" else self.l2_unit)


_RSS_2N = "RSS/(2n) + l1·‖β‖₁ + ½·l2·‖β‖²"
_NLL_N = "−log likelihood/n + l1·‖β‖₁ + ½·l2·‖β‖²"
_RATIO = "l1 = alpha·l1_ratio, l2 = alpha·(1 − l1_ratio)"
_DECAY = "½·weight_decay·‖β‖² (SGD)"
# The absolute error of Laplace noise is sigma times its negative log likelihood.
_MEAN_ABSOLUTE = PER_ROW * Factor(sigma=-1)
_GLUM = ("gaussian", "bernoulli", "poisson", "gamma")
_OBJECTIVES = (
    Objective("half_rss", "½RSS + l1·‖β‖₁ + ½·l2·‖β‖²", ONE, groups=True),
    Objective(
        "scaled_nll",
        "σ²·(−log likelihood) + l1·‖β‖₁ + ½·l2·‖β‖² (σ = 1 where a family has none)",
        ONE,
        FAMILIES,
        groups=True,
    ),
    Objective("rss", "RSS + l1·‖β‖₁ + l2·‖β‖²", TWO, l2_unit=TWO, groups=True),
    Objective("mse", "RSS/n + l1·‖β‖₁ + l2·‖β‖²", TWO * PER_ROW, l2_unit=TWO, groups=True),
    Objective("nll", "−log likelihood + l1·‖β‖₁ + l2·‖β‖²", Factor(sigma=-2), FAMILIES, l2_unit=TWO, groups=True),
    # The table's row holds for both of scikit-learn's classes: Lasso is ElasticNet with l1_ratio = 1.
    Objective("sklearn.Lasso", f"{_RSS_2N}, l1 = alpha", PER_ROW),
    Objective("sklearn.ElasticNet", f"{_RSS_2N}, {_RATIO}", PER_ROW),
    Objective("skglm", f"{_RSS_2N}, {_RATIO}", PER_ROW, groups=True),
    Objective("skglm", f"{_NLL_N}, {_RATIO}", PER_ROW, COUNTS),
    Objective("glum", f"½·deviance/Σw + l1·‖β‖₁ + ½·l2·‖β‖², {_RATIO} (n stands for Σw)", PER_ROW, _GLUM),
    Objective("celer", f"{_RSS_2N}, {_RATIO}", PER_ROW, groups=True),
    Objective("statsmodels", f"{_RSS_2N}, l1 = alpha·L1_wt, l2 = alpha·(1 − L1_wt) (OLS)", PER_ROW),
    Objective("statsmodels", f"{_NLL_N}, l1 = alpha·L1_wt, l2 = alpha·(1 − L1_wt) (GLM)", PER_ROW, COUNTS, n_is="rows"),
    Objective("sklearn.Ridge", "RSS + alpha·‖β‖²", TWO, l2_unit=TWO, terms=("l2",)),
    Objective("sklearn.LogisticRegression", "Σ log-loss + (‖β‖₁ or ½‖β‖²)/C", ONE, ("bernoulli",), inverse=True),
    Objective(
        "sklearn.PoissonRegressor",
        "−log likelihood/Σw + ½·alpha·‖β‖² (n stands for Σw)",
        PER_ROW,
        ("poisson",),
        terms=("l2",),
    ),
    Objective(
        "sklearn.GammaRegressor",
        "½·deviance/Σw + ½·alpha·‖β‖² (n stands for Σw)",
        PER_ROW,
        ("gamma",),
        terms=("l2",),
    ),
    Objective("sklearn.SGDRegressor", f"{_RSS_2N}, {_RATIO}", PER_ROW, n_is="rows"),
    Objective("sklearn.SGDClassifier", f"{_NLL_N}, {_RATIO} (log_loss)", PER_ROW, ("bernoulli",), n_is="rows"),
    Objective(
        "sklearn.QuantileRegressor",
        "Σ½|y − η|/n + alpha·‖β‖₁ (quantile=0.5, for Laplace noise; n stands for Σ sample_weight)",
        Factor(0.5) * _MEAN_ABSOLUTE,
        ("laplace",),
        terms=("l1",),
    ),
    Objective(
        "glmnet",
        "RSS/(2n) + l1·‖β‖₁ + ½·(l2/s_y)·‖β‖², l1 = alpha·lambda, l2 = (1 − alpha)·lambda (y is scaled inside)",
        PER_ROW,
        l2_unit=Factor(sd_y=-1),
        columns="standardized",
    ),
    Objective(
        "glmnet",
        f"{_NLL_N}, l1 = alpha·lambda, l2 = (1 − alpha)·lambda (binomial, poisson)",
        PER_ROW,
        COUNTS,
        columns="standardized",
    ),
    Objective("keras", "RSS/n + l1·‖β‖₁ + l2·‖β‖² (mean squared error)", TWO * PER_ROW, l2_unit=TWO, n_is="rows"),
    Objective(
        "keras",
        "−log likelihood/n + l1·‖β‖₁ + l2·‖β‖² (binary cross-entropy, Poisson)",
        PER_ROW,
        COUNTS,
        l2_unit=TWO,
        n_is="rows",
    ),
    Objective(
        "keras",
        "Σ|y − η|/n + l1·‖β‖₁ + l2·‖β‖² (mean absolute error)",
        _MEAN_ABSOLUTE,
        ("laplace",),
        l2_unit=TWO,
        n_is="rows",
    ),
    Objective("torch.weight_decay", f"RSS/n + {_DECAY}, MSELoss", TWO * PER_ROW, terms=("l2",), n_is="rows"),
    Objective(
        "torch.weight_decay",
        f"−log likelihood/n + {_DECAY}, BCEWithLogitsLoss or PoissonNLLLoss",
        PER_ROW,
        COUNTS,
        terms=("l2",),
        n_is="rows",
    ),
    Objective(
        "torch.weight_decay", f"Σ|y − η|/n + {_DECAY}, L1Loss", _MEAN_ABSOLUTE, ("laplace",), terms=("l2",), n_is="rows"
    ),
    Objective(
        "park_casella",
        "½RSS + sigma·lambda·‖β‖₁, the prior Laplace(sigma/lambda)",
        ONE,
        l1_unit=Factor(sigma=1),
        terms=("l1",),
    ),
)
_ALIASES = {
    "skglm.Lasso": "skglm",
    "skglm.ElasticNet": "skglm",
    "skglm.GroupLasso": "skglm",
    "celer.Lasso": "celer",
    "celer.ElasticNet": "celer",
    "celer.GroupLasso": "celer",
    "statsmodels.OLS": "statsmodels",
    "statsmodels.GLM": "statsmodels",
}
_NAMES = tuple(dict.fromkeys(objective.name for objective in _OBJECTIVES))


def objectives() -> tuple[Objective, ...]:
    """All objectives of the dictionary, in the order of its table; one per tool and multiple of its loss.

    See Also
    --------
    convert : A strength of one tool as that of another.
    to_penalty : The penalty of a prior.
    to_prior : The prior of a penalty.

    Examples
    --------
    >>> import bayesreg as br
    >>> [objective.name for objective in br.objectives()][:3]
    ['half_rss', 'scaled_nll', 'rss']
    >>> [objective.families for objective in br.objectives() if objective.name == "glmnet"]
    [('gaussian',), ('bernoulli', 'poisson')]
    """
    return _OBJECTIVES


def canonical_objective(family: Any) -> str:
    """The name of Q for a family: ``half_rss`` for the Gaussian one, ``scaled_nll`` for the others."""
    return "half_rss" if family_of(family).quadratic else "scaled_nll"


def family_of(family: Any) -> Family:
    """A family, given by its name or itself.

    Raises
    ------
    ObjectiveError
        If there is no such family; the message lists the known ones.
    """
    if isinstance(family, Family):
        return family
    if not isinstance(family, str) or family not in NAMED:
        raise ObjectiveError(f"unknown family {family!r}; known: {', '.join(FAMILIES)}.")
    return NAMED[family]


def find_objective(name: str, family: Any = None) -> Objective:
    """Look up an objective by name or alias, for a family or for the first that the tool has.

    Raises
    ------
    ObjectiveError
        If the name or the family is unknown; the message lists the known ones.
    UnsupportedError
        If the objective does not have the family; the message lists those that do.
    """
    rows = _rows_of(name)
    if family is None:
        return rows[0]
    wanted = family_of(family).name
    for row in rows:
        if wanted in row.families or row.families is FAMILIES:
            return row
    have = ", ".join(_having(wanted))
    raise UnsupportedError(
        f'"{rows[0].name}" has no {wanted} family, only {", ".join(_families_of(name))}; for {wanted} use {have}.'
    )


def resolve(name: str | None, family: Any) -> tuple[Objective, Family]:
    """The objective and the family that a pair of arguments means, each with its default."""
    if name is None:
        name = canonical_objective(GAUSSIAN[0] if family is None else family)
    row = find_objective(name, family)
    return row, family_of(row.families[0] if family is None else family)


def common_family(source: str, target: str, family: Any = None) -> Family:
    """The family given, or the first that both objectives have.

    Raises
    ------
    ObjectiveError
        If a name is unknown.
    UnsupportedError
        If there is none.
    """
    if family is not None:
        return family_of(family)
    first, second = _families_of(source), _families_of(target)
    for one in FAMILIES:
        if one in first and one in second:
            return NAMED[one]
    raise UnsupportedError(
        f'"{source}" has the families {", ".join(first)}, "{target}" {", ".join(second)}; they have none in common. '
        f"For {second[0]} use {', '.join(_having(second[0]))}."
    )


def _rows_of(name: object) -> list[Objective]:
    wanted = _ALIASES.get(name, name) if isinstance(name, str) else None
    rows = [row for row in _OBJECTIVES if row.name == wanted]
    if not rows:
        raise ObjectiveError(f"unknown objective {name!r}; known: {', '.join([*_NAMES, *_ALIASES])}.")
    return rows


def _families_of(name: str) -> list[str]:
    return [family for row in _rows_of(name) for family in row.families]


def _having(family: str) -> list[str]:
    return [row.name for row in _OBJECTIVES if family in row.families]

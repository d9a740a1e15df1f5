"""The objectives that tools minimize, each as a multiple of the canonical ``half_rss``.

With Q(β) = ½RSS + λ‖β‖₁ + ½κ‖β‖² (``half_rss``), every objective here is a·Q, and differs only in

* a, the multiple (``loss_factor``),
* u₁ in its L1 term u₁·strength·‖β‖₁ (``l1_unit``) and u₂ in its L2 term ½·u₂·strength·‖β‖²
  (``l2_unit``): 1, or 2 where the tool writes no ½, or what the tool puts in by itself,
* whether the user states the strength or its inverse C (``inverse``).

So a·λ = u₁·strength and a·κ = u₂·strength, which is all that the dictionary uses.
"""

from dataclasses import dataclass
from math import isfinite
from numbers import Real

from bayesreg.errors import ObjectiveError


@dataclass(frozen=True)
class Setting:
    """The numbers that a conversion may need: rows n, noise sigma, and the 1/n standard deviation of y."""

    n: float | None = None
    sigma: float | None = None
    sd_y: float | None = None

    def need(self, name: str, told: str) -> float:
        """Return a number, or say that it is missing or impossible; `told` says what needs it."""
        value = getattr(self, name)
        if value is None:
            raise ObjectiveError(f"{told} needs {name}; pass {name}=.")
        number = float(value) if isinstance(value, Real) and not isinstance(value, bool) else -1.0
        if not (number > 0 and isfinite(number)):
            raise ObjectiveError(f"{name} must be a positive finite number, got {value!r}.")
        return number


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

    def value(self, setting: Setting, told: str) -> float:
        """Return the number; each part of the setting is needed only if its power is not 0."""
        product = self.constant
        for name in ("n", "sigma", "sd_y"):
            power = getattr(self, name)
            if power:
                try:
                    product *= setting.need(name, told) ** power
                except OverflowError:
                    raise ObjectiveError(f"{name}={getattr(setting, name)!r} is too large; use larger units.") from None
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
    loss_factor, l1_unit, l2_unit, inverse
        The scaling, as explained at the head of this file.
    columns : {"given", "standardized"}
        Whether the tool penalizes coefficients on the columns it is given, or standardizes them
        (1/n standard deviation) by default. A strength always speaks of the penalized columns.
    terms : tuple of str
        Which penalty terms the objective has, of "l1" and "l2".
    """

    name: str
    formula: str
    loss_factor: Factor
    l1_unit: Factor = ONE
    l2_unit: Factor = ONE
    inverse: bool = False
    columns: str = "given"
    terms: tuple[str, ...] = ("l1", "l2")

    def strength_per_half_rss(self, term: str) -> Factor:
        """a/u: the factor from a ``half_rss`` strength of the given term to this objective's.

        Raises
        ------
        ObjectiveError
            If the objective has no such term.
        """
        if term not in self.terms:
            raise ObjectiveError(f'"{self.name}" has no {term.upper()} term; it minimizes {self.formula}.')
        return self.loss_factor / (self.l1_unit if term == "l1" else self.l2_unit)


_RSS_2N = "RSS/(2n) + l1·‖β‖₁ + ½·l2·‖β‖²"
_OBJECTIVES = (
    Objective("half_rss", "½RSS + l1·‖β‖₁ + ½·l2·‖β‖²", ONE),
    Objective("rss", "RSS + l1·‖β‖₁ + l2·‖β‖²", TWO, l2_unit=TWO),
    Objective("mse", "RSS/n + l1·‖β‖₁ + l2·‖β‖²", TWO * PER_ROW, l2_unit=TWO),
    Objective("nll", "−log likelihood + l1·‖β‖₁ + l2·‖β‖²", Factor(sigma=-2), l2_unit=TWO),
    # The table's row holds for both of scikit-learn's classes: Lasso is ElasticNet with l1_ratio = 1.
    Objective("sklearn.Lasso", f"{_RSS_2N}, l1 = alpha", PER_ROW),
    Objective("sklearn.ElasticNet", f"{_RSS_2N}, l1 = alpha·l1_ratio, l2 = alpha·(1 − l1_ratio)", PER_ROW),
    Objective("skglm", f"{_RSS_2N}, l1 = alpha·l1_ratio, l2 = alpha·(1 − l1_ratio)", PER_ROW),
    Objective("celer", f"{_RSS_2N}, l1 = alpha·l1_ratio, l2 = alpha·(1 − l1_ratio)", PER_ROW),
    Objective("statsmodels", f"{_RSS_2N}, l1 = alpha·L1_wt, l2 = alpha·(1 − L1_wt) (OLS)", PER_ROW),
    Objective("sklearn.Ridge", "RSS + alpha·‖β‖²", TWO, l2_unit=TWO, terms=("l2",)),
    Objective("sklearn.LogisticRegression", "Σ log-loss + (‖β‖₁ or ½‖β‖²)/C", Factor(sigma=-2), inverse=True),
    Objective(
        "sklearn.PoissonRegressor",
        "−log likelihood/Σw + ½·alpha·‖β‖² (n stands for Σw)",
        PER_ROW * Factor(sigma=-2),
        terms=("l2",),
    ),
    Objective(
        "sklearn.QuantileRegressor",
        "Σ½|y − η|/n + alpha·‖β‖₁ (quantile=0.5, for Laplace noise; n stands for Σ sample_weight)",
        Factor(0.5) * PER_ROW * Factor(sigma=-1),
        terms=("l1",),
    ),
    Objective(
        "glmnet",
        "RSS/(2n) + l1·‖β‖₁ + ½·(l2/s_y)·‖β‖², l1 = alpha·lambda, l2 = (1 − alpha)·lambda (y is scaled inside)",
        PER_ROW,
        l2_unit=Factor(sd_y=-1),
        columns="standardized",
    ),
    Objective("torch.weight_decay", "RSS/n + ½·weight_decay·‖β‖² (SGD)", TWO * PER_ROW, terms=("l2",)),
    Objective(
        "park_casella",
        "½RSS + sigma·lambda·‖β‖₁, the prior Laplace(sigma/lambda)",
        ONE,
        l1_unit=Factor(sigma=1),
        terms=("l1",),
    ),
)
_ALIASES = {
    "keras": "mse",
    "skglm.Lasso": "skglm",
    "skglm.ElasticNet": "skglm",
    "celer.Lasso": "celer",
    "celer.ElasticNet": "celer",
    "statsmodels.OLS": "statsmodels",
}
_BY_NAME = {objective.name: objective for objective in _OBJECTIVES}


def objectives() -> tuple[Objective, ...]:
    """All objectives of the dictionary, in the order of its table.

    Examples
    --------
    >>> import bayesreg as br
    >>> [objective.name for objective in br.objectives()][:3]
    ['half_rss', 'rss', 'mse']
    """
    return _OBJECTIVES


def find_objective(name: str) -> Objective:
    """Look up an objective by name or alias.

    Raises
    ------
    ObjectiveError
        If the name is unknown; the message lists the known ones.
    """
    found = _BY_NAME.get(_ALIASES.get(name, name)) if isinstance(name, str) else None
    if found is None:
        raise ObjectiveError(f"unknown objective {name!r}; known: {', '.join([*_BY_NAME, *_ALIASES])}.")
    return found

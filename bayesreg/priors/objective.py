"""The objectives that tools minimize, each as a multiple of the canonical ``half_rss``.

With Q(β) = ½RSS + λ‖β‖₁ + ½κ‖β‖² (``half_rss``), every objective here is a·Q, and differs only in

* a, the multiple (``loss_factor``),
* c in its L2 term ½·c·strength·‖β‖²: 1, or 2 where the tool writes no ½ (``l2_constant``),
* a unit u that the tool puts into a term by itself (``l1_unit``, ``l2_unit``),
* whether the user states the strength or its inverse C (``inverse``).

So a·λ = u₁·strength and a·κ = c·u₂·strength, which is all that the dictionary uses.
"""

from collections.abc import Callable
from dataclasses import dataclass
from math import isfinite

from bayesreg.errors import ObjectiveError


@dataclass(frozen=True)
class Setting:
    """The numbers that a conversion may need: rows n, noise sigma, and the 1/n standard deviation of y."""

    n: float | None = None
    sigma: float | None = None
    sd_y: float | None = None

    def need(self, name: str, objective: str) -> float:
        """Return a number, or say which objective asks for it."""
        value = getattr(self, name)
        if value is None:
            raise ObjectiveError(f'objective "{objective}" needs {name}; pass {name}=.')
        if isinstance(value, bool) or not (value > 0 and isfinite(value)):
            raise ObjectiveError(f"{name} must be a positive finite number, got {value!r}.")
        return float(value)


Factor = Callable[["Objective", Setting], float]


def _one(objective: "Objective", setting: Setting) -> float:
    return 1.0


def _two(objective: "Objective", setting: Setting) -> float:
    return 2.0


def _per_row(objective: "Objective", setting: Setting) -> float:
    return 1.0 / setting.need("n", objective.name)


def _two_per_row(objective: "Objective", setting: Setting) -> float:
    return 2.0 / setting.need("n", objective.name)


def _per_variance(objective: "Objective", setting: Setting) -> float:
    return setting.need("sigma", objective.name) ** -2


def _sigma(objective: "Objective", setting: Setting) -> float:
    return setting.need("sigma", objective.name)


def _per_sd_y(objective: "Objective", setting: Setting) -> float:
    return 1.0 / setting.need("sd_y", objective.name)


@dataclass(frozen=True)
class Objective:
    """One scaling of a penalized loss, and which columns its tool penalizes.

    Attributes
    ----------
    name : str
        As in the public calls, such as ``"sklearn.Lasso"``.
    formula : str
        What is minimized, in the tool's own letters.
    columns : {"given", "standardized"}
        Whether the tool penalizes coefficients on the columns it is given, or standardizes them
        (1/n standard deviation) by default. A strength always speaks of the penalized columns.
    terms : tuple of str
        Which penalty terms the tool has, of "l1" and "l2".
    loss_factor, l1_unit, l2_unit, l2_constant, inverse
        The scaling, as explained at the head of this file.
    """

    name: str
    formula: str
    loss_factor: Factor
    l1_unit: Factor = _one
    l2_unit: Factor = _one
    l2_constant: float = 1.0
    inverse: bool = False
    columns: str = "given"
    terms: tuple[str, ...] = ("l1", "l2")

    def strength_per_half_rss(self, term: str, setting: Setting) -> float:
        """a/u: the factor from a ``half_rss`` strength of the given term ("l1" or "l2") to this objective's."""
        self.require(term)
        return self.loss_factor(self, setting) / self.unit(term, setting)

    def unit(self, term: str, setting: Setting) -> float:
        """What the tool multiplies its own strength with in the given term, the ½ of L2 left out."""
        if term == "l1":
            return self.l1_unit(self, setting)
        return self.l2_constant * self.l2_unit(self, setting)

    def require(self, term: str) -> None:
        """Raise unless the tool has this term."""
        if term not in self.terms:
            raise ObjectiveError(f'"{self.name}" has no {term.upper()} term; it minimizes {self.formula}.')


_RSS_2N = "RSS/(2n) + l1·‖β‖₁ + ½·l2·‖β‖²"
_OBJECTIVES = (
    Objective("half_rss", "½RSS + l1·‖β‖₁ + ½·l2·‖β‖²", _one),
    Objective("rss", "RSS + l1·‖β‖₁ + l2·‖β‖²", _two, l2_constant=2.0),
    Objective("mse", "RSS/n + l1·‖β‖₁ + l2·‖β‖²", _two_per_row, l2_constant=2.0),
    Objective("nll", "−log likelihood + l1·‖β‖₁ + l2·‖β‖²", _per_variance, l2_constant=2.0),
    Objective("sklearn.Lasso", f"{_RSS_2N}, l1 = alpha", _per_row),
    Objective("sklearn.ElasticNet", f"{_RSS_2N}, l1 = alpha·l1_ratio, l2 = alpha·(1 − l1_ratio)", _per_row),
    Objective("skglm", f"{_RSS_2N}, l1 = alpha·l1_ratio, l2 = alpha·(1 − l1_ratio)", _per_row),
    Objective("celer", f"{_RSS_2N}, l1 = alpha·l1_ratio, l2 = alpha·(1 − l1_ratio)", _per_row),
    Objective("statsmodels", f"{_RSS_2N}, l1 = alpha·L1_wt, l2 = alpha·(1 − L1_wt) (OLS)", _per_row),
    Objective("sklearn.Ridge", "RSS + alpha·‖β‖²", _two, l2_constant=2.0, terms=("l2",)),
    Objective("sklearn.LogisticRegression", "Σ log-loss + (‖β‖₁ or ½‖β‖²)/C", _per_variance, inverse=True),
    Objective(
        "glmnet",
        "RSS/(2n) + l1·‖β‖₁ + ½·(l2/s_y)·‖β‖², l1 = alpha·lambda, l2 = (1 − alpha)·lambda (y is scaled inside)",
        _per_row,
        l2_unit=_per_sd_y,
        columns="standardized",
    ),
    Objective("torch.weight_decay", "RSS/n + ½·weight_decay·‖β‖² (SGD)", _two_per_row, terms=("l2",)),
    Objective(
        "park_casella", "½RSS + sigma·lambda·‖β‖₁, the prior Laplace(sigma/lambda)", _one, l1_unit=_sigma, terms=("l1",)
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

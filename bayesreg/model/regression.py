"""Regression: design, family, prior and noise together; frozen data with one objective."""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from bayesreg.design.design import Design, design_of_moments, design_of_rows
from bayesreg.design.moments import Moments
from bayesreg.design.sources.frames import FORMULA_OPTIONS, read_formula_rows, read_table_rows
from bayesreg.errors import DataError, PriorError, UnsupportedError
from bayesreg.families.base import Family
from bayesreg.families.registry import find_family
from bayesreg.model.arguments import check_prior, divided_columns, read_flag, read_rates
from bayesreg.model.intercept import Intercept, read_intercept
from bayesreg.model.noise import Noise, read_noise
from bayesreg.model.quadratic import QuadraticLoss, quadratic_loss
from bayesreg.model.row_loss import RowLoss, row_loss
from bayesreg.model.unknowns import Unknowns
from bayesreg.priors.base import Prior
from bayesreg.priors.column_scales import ColumnScales
from bayesreg.priors.laplace import Laplace
from bayesreg.priors.normal import Normal
from bayesreg.priors.positive import PositivePrior

if TYPE_CHECKING:
    import pymc as pm


@dataclass(frozen=True, eq=False, init=False)
class Regression:
    r"""A regression with independent priors on its coefficients.

    y_i ~ family(offset_i + intercept + x_i·coef, σ/√w_i), with priors on beta = sd·coef, the
    coefficients of the standardized columns (of the columns as given if ``standardize=False``).
    For known sigma, σ² × (negative log posterior) is, constants dropped, the objective ``half_rss``

        Q(β) = ½ RSS + Σ_j λ_j |β_j| + ½ Σ_j κ_j β_j²,    λ_j = σ²/b_j,    κ_j = σ²/s_j².

    For other families the family's loss takes the place of ½RSS, with σ = 1 where there is none.

    Parameters
    ----------
    X : array-like or frame of pandas, polars or Arrow, shape (n, p)
        Columns; a frame's names become the names of the coefficients. Text and categories are coded by their levels.
    y : array-like or pandas.Series, shape (n,), or str
        Target, or the name of the column of X that is it. Of two texts (yes and no) Bernoulli makes 1 and 0.
    prior : Laplace, Normal or ElasticNetPrior
        On the coefficients of the (standardized) columns.
    sigma : None, float or prior, optional
        Noise standard deviation in the units of y: known, or unknown with a prior. None means
        unknown with the weak default HalfStudentT(3, 2.5·√(Σw(y − ȳ)²/n)), w = 1 without weights.
    intercept : bool or Normal, optional
        True: flat prior. False: none. Normal(scale, loc=…): a prior on the intercept at the
        centred columns, or at x = 0 if ``center=False``.
    family : {"gaussian", "bernoulli", "poisson", "student_t", "laplace"}, StudentT or LaplaceNoise, optional
        Logit link for Bernoulli, log link for Poisson; both have no sigma. StudentT(df=…) and LaplaceNoise()
        are robust noise.
    standardize : bool or "numbers", optional
        Divide each column by its 1/n standard deviation before the prior is stated on it; "numbers" leaves columns
        that code categories as they are.
    center : bool, optional
        Whether an intercept is stated at the column means. A regression without intercept is never
        centred; with a flat intercept the estimates are the same either way.
    weights : array-like, shape (n,), optional
        Row i has noise scale σ/√w_i; without a sigma (Bernoulli, Poisson) its log likelihood is
        multiplied by w_i. They also weight means and standard deviations. For a Poisson target of rates N/e
        the weights are the exposures e: such rows are read as counts N with offset log e.
    offset : array-like, shape (n,), optional
        Known part of the linear predictor.
    categorical : {"treatment", "sum", "one_hot"}
        How text and categories are coded: against their first level, against the mean of their levels, or by all of
        their levels, which a prior treats alike. Many levels are kept sparse.
    missing : {"error", "drop"}
        Whether rows with missing values are an error or left out.

    Raises
    ------
    DataError
        If the data cannot be used; see :func:`bayesreg.design.columns.read_matrix`.
    PriorError
        If prior, sigma or intercept are invalid for these columns.
    UnsupportedError
        If the family is unknown.

    See Also
    --------
    map_estimate : Certified MAP estimate.
    sample : Posterior draws.
    compare : MAP, penalized estimate and posterior side by side.
    moments : Sufficient statistics of a file, folder, frame or batches.

    Examples
    --------
    >>> import bayesreg as br
    >>> frame, target = br.load_dataset("diabetes")
    >>> reg = br.Regression(frame.drop(columns=target), frame[target], prior=br.Laplace(10.0), sigma=54.0)
    >>> reg
    Regression(target ~ 10 columns, n=442, prior=Laplace(scale=10.0), sigma=54.0)
    """

    design: Design
    prior: Prior
    noise: Noise
    intercept_term: Intercept
    family: Family
    center: bool
    known_loss: QuadraticLoss | None
    known_row_loss: RowLoss | None

    def __init__(
        self,
        X: Any,
        y: Any,
        *,
        prior: Prior,
        sigma: float | PositivePrior | None = None,
        intercept: bool | Normal = True,
        family: str | Family = "gaussian",
        standardize: bool | Literal["numbers"] = True,
        center: bool = True,
        weights: Any = None,
        offset: Any = None,
        categorical: str = "treatment",
        missing: str = "error",
    ) -> None:
        likelihood = find_family(family)
        center = read_flag(center, "center")
        term = read_intercept(intercept, center=center, family=likelihood)
        classes, options = likelihood.target_kind == "classes", {"categorical": categorical, "missing": missing}
        table = read_table_rows(X, y, weights, offset, classes=classes, intercept=term.exists, **options)
        rows = read_rates(table.rows, likelihood)
        likelihood.check_target(rows.y)
        divided = divided_columns(standardize, table.is_code)
        design = design_of_rows(rows, table.names, table.target, center=term.centered, standardize=divided)
        design = replace(design, formula=table.spec)
        check_prior(prior, design, term)
        noise = read_noise(sigma, likelihood, design.noise_spread)
        self._set(design=design, prior=prior, noise=noise, intercept_term=term, family=likelihood, center=center)

    @classmethod
    def from_moments(
        cls,
        moments: Moments,
        *,
        prior: Prior,
        sigma: float | PositivePrior | None = None,
        intercept: bool | Normal = True,
        standardize: bool = True,
        center: bool = True,
    ) -> "Regression":
        """Make a Gaussian regression from sufficient statistics; its cost does not depend on n.

        Examples
        --------
        >>> import bayesreg as br
        >>> moments = br.moments("diabetes", target="target")
        >>> br.Regression.from_moments(moments, prior=br.Normal(10.0), sigma=54.0).n
        442
        """
        if not isinstance(moments, Moments):
            raise DataError(
                f"expected Moments, got {type(moments).__name__}; make them with br.moments(source, target)."
            )
        family = find_family("gaussian")
        center, standardize = read_flag(center, "center"), read_flag(standardize, "standardize")
        term = read_intercept(intercept, center=center, family=family)
        design = design_of_moments(moments, center=term.centered, standardize=standardize)
        check_prior(prior, design, term)
        return cls.from_design(design, prior=prior, sigma=sigma, intercept=intercept, family=family, center=center)

    @classmethod
    def from_formula(cls, formula: str, frame: Any, *, prior: Prior, **settings: Any) -> "Regression":
        """Make a regression from a formula and a data frame.

        Parameters
        ----------
        formula : str
            Such as ``"y ~ a + b + C(group) + offset(c)"``; ``0 +`` turns the intercept off; all that it may hold is
            listed at :func:`bayesreg.design.formula.read_formula`. It is parsed, and nothing in it is run.
        frame : pandas.DataFrame
        prior, **settings
            As for :class:`Regression`; an ``offset=`` is added to those of the formula.

        Raises
        ------
        DataError
            If the formula holds anything but columns, numbers, operators and a fixed set of functions.

        Examples
        --------
        >>> import bayesreg as br
        >>> frame, _ = br.load_dataset("diabetes")
        >>> br.Regression.from_formula("target ~ bmi * bp + C(sex)", frame, prior=br.Laplace(10.0)).names
        ('bmi', 'bp', 'C(sex)[T.2.0]', 'bmi:bp')
        """
        reading = {name: settings.pop(name) for name in FORMULA_OPTIONS if name in settings}
        columns, weights, offset = read_formula_rows(formula, frame, **reading)
        settings.setdefault("intercept", columns.intercept)
        return cls(columns, columns.y, prior=prior, weights=weights, offset=offset, **settings)

    @classmethod
    def from_design(
        cls,
        design: Design,
        *,
        prior: Prior,
        sigma: float | PositivePrior | None,
        intercept: bool | Normal,
        family: Family,
        center: bool,
    ) -> "Regression":
        """Make a regression of a design that was made for this intercept, under a prior that was checked with it."""
        noise = read_noise(sigma, family, design.noise_spread)
        term = read_intercept(intercept, center=center, family=family)
        return cls._of(design=design, prior=prior, noise=noise, intercept_term=term, family=family, center=center)

    def with_prior(self, prior: Prior) -> "Regression":
        """The same regression under another prior; the design is shared."""
        check_prior(prior, self.design, self.intercept_term)
        known = None if self.is_gaussian or not self.noise.known else self.row_loss
        return self._with(prior=prior, known_loss=self._quadratic_if_any, known_row_loss=known)

    def with_sigma(self, sigma: float | PositivePrior | None) -> "Regression":
        """The same regression with another noise (None for the weak default); the design is shared."""
        noise = read_noise(sigma, self.family, self.design.noise_spread)
        return self._with(noise=noise, known_loss=self._quadratic_if_any)

    def without_priors(self) -> "Regression":
        """The same data under flat priors on coefficients and intercept: its MAP is least squares."""
        term = read_intercept(self.intercept_term.exists, center=True, family=self.family)
        design = self.design.centered() if term.exists else self.design
        return self._with(design=design, prior=Laplace(np.inf), intercept_term=term, center=True)

    @property
    def _quadratic_if_any(self) -> QuadraticLoss | None:
        return self.loss if self.is_gaussian else None

    def _with(self, **changes: Any) -> "Regression":
        """The same regression with other parts; a loss is kept only if it is among them."""
        names = ("design", "prior", "noise", "intercept_term", "family", "center")
        return self._of(**{name: getattr(self, name) for name in names} | changes)

    @classmethod
    def _of(cls, **parts: Any) -> "Regression":
        self = cls.__new__(cls)
        self._set(**parts)
        return self

    def _set(self, **parts: Any) -> None:
        """Fill the fields, once; every constructor ends here."""
        for name, value in ({"known_loss": None, "known_row_loss": None} | parts).items():
            object.__setattr__(self, name, value)

    def __repr__(self) -> str:
        sigma = self.noise.sigma if self.noise.known else self.noise
        prior = repr(self.prior).replace(", scaled_by_sigma=False", "").replace(", loc=0.0", "")
        text = f"Regression({self.design.target} ~ {self.p} columns, n={self.n}, prior={prior}"
        family = "" if self.is_gaussian else f", family={self.family.name}"
        return f"{text}{family}, sigma={sigma})" if self.family.has_sigma else f"{text}{family})"

    @property
    def intercept(self) -> bool | Normal:
        """The intercept as it was given."""
        return self.intercept_term.given

    @property
    def n(self) -> int:
        """Number of rows."""
        return self.design.n

    @property
    def p(self) -> int:
        """Number of columns."""
        return self.design.p

    @property
    def names(self) -> tuple[str, ...]:
        """Column names."""
        return self.design.names

    @property
    def scale_known(self) -> bool:
        """Whether the prior's scale is a number rather than a hyperprior."""
        return self.prior.scale_prior is None

    @cached_property
    def scales(self) -> ColumnScales:
        """The prior's scales, one per column.

        Raises
        ------
        PriorError
            If the scale has a hyperprior, or the prior is no penalty.
        """
        if self.prior.has_penalty and self.prior.scale_prior is not None:
            raise PriorError(f"the scale is unknown ({self.prior}), and this step needs a number; give the prior one.")
        return self.prior.column_scales(self.names)

    @cached_property
    def unit_scales(self) -> ColumnScales:
        """The prior's scales, one per column; where its scale is unknown, in units of it: at scale 1.

        Raises
        ------
        PriorError
            If the prior is a horseshoe.
        """
        return self.prior.unit_scales(self.names)

    @property
    def is_gaussian(self) -> bool:
        """Whether the loss is quadratic."""
        return self.family.quadratic

    @cached_property
    def loss(self) -> QuadraticLoss:
        """½RSS as a function of θ: beta, with the intercept's deviation from its prior mean last if it has a column.

        Raises
        ------
        UnsupportedError
            If the family is not Gaussian; its loss is `row_loss`.
        """
        if not self.is_gaussian:
            raise UnsupportedError(f"the {self.family.name} family has no quadratic loss; this route is for gaussian.")
        return self.known_loss or quadratic_loss(self.design, self.intercept_term)

    @cached_property
    def row_loss(self) -> RowLoss:
        """The family's loss on the rows, as a function of θ, at the known sigma."""
        return self.known_row_loss or row_loss(self.design, self.intercept_term, self.family, self.noise.sigma)

    def weights_at(self, sigma: float) -> tuple[np.ndarray, np.ndarray]:
        """λ_j = σ²/b_j and κ_j = σ²/s_j² in ``half_rss`` for each element of θ, both of shape (q,)."""
        scales = self.scales.at(sigma)
        # Divided before squared, so that neither tiny nor huge scales over- or underflow on the way.
        l1, l2 = (sigma / scales.laplace) * sigma, (sigma / scales.normal) ** 2
        term = self.intercept_term
        return term.append(l1, 0.0), term.append(l2, term.precision(sigma))

    def unknowns(self, theta: np.ndarray, sigma: np.ndarray | float) -> Unknowns:
        """θ, shape (..., q), and sigma by name, with the intercept at its conditional mode where it is not in θ."""
        theta = np.asarray(theta, dtype=float)
        shape = theta.shape[:-1]
        beta, at_center = self.intercept_term.split(theta, self.conditional_intercept(sigma))
        at_center, sigma = (np.broadcast_to(np.asarray(value, dtype=float), shape) for value in (at_center, sigma))
        return Unknowns(beta, at_center, sigma)

    def conditional_intercept(self, sigma: np.ndarray | float) -> np.ndarray | float:
        """Mode (and mean) of the intercept at the centre given sigma; it does not depend on beta."""
        return self.intercept_term.mode(self.design, sigma)

    def objective(self, theta: np.ndarray, sigma: float) -> float:
        """Q(θ) in ``half_rss`` at sigma, with the terms of an intercept prior where there is one."""
        l1, l2 = self.weights_at(sigma)
        penalty = float(l1 @ np.abs(theta) + 0.5 * l2 @ theta**2)
        if not self.is_gaussian:
            return self.row_loss.value(theta) + penalty
        return 0.5 * self.rss(theta, sigma) + penalty + self._intercept_penalty(sigma)

    def rss(self, theta: np.ndarray, sigma: float) -> float:
        """Weighted residual sum of squares of y, the intercept included."""
        if not self.intercept_term.orthogonal:
            return self.loss.rss(theta)
        gap = self.design.mean_y - float(np.asarray(self.conditional_intercept(sigma)))
        return self.loss.rss(theta) + self.design.weight * gap**2

    def _intercept_penalty(self, sigma: float) -> float:
        term = self.intercept_term
        return term.penalty(float(np.asarray(term.mode(self.design, sigma))), sigma) if term.orthogonal else 0.0

    def to_pymc(
        self,
        form: Literal["auto", "rows", "moments"] = "auto",
        parameterization: Literal["auto", "centered", "noncentered"] = "auto",
    ) -> "pm.Model":
        """The same regression as an ordinary PyMC model, free to extend.

        Parameters
        ----------
        form : {"auto", "rows", "moments"}
            Whether the likelihood is written on the rows, or on the sufficient statistics, whose cost
            does not depend on n but which has no pointwise log likelihood. "auto" takes the
            moments if there are no rows, and the rows otherwise.
        parameterization : {"auto", "centered", "noncentered"}
            Where the prior's scale is unknown: whether beta is free itself, or is that scale times a free variable
            ``beta_unit`` of scale 1 (Papaspiliopoulos, Roberts & Sköld 2007, doi:10.1214/088342307000000014). "auto"
            takes the second for a horseshoe and the first otherwise.

        Returns
        -------
        pymc.Model
            With coordinates ``coef_name`` (and ``row``), data and known scales in ``pm.Data``, and the variables
            ``beta`` (if standardized), ``coef``, ``intercept``, ``sigma``, ``scale``, and ``local_scale`` and
            ``slab_scale`` of a horseshoe, as far as unknown; ``intercept_at_center`` where columns are centred. The
            posterior of :func:`bayesreg.sample` holds every free variable of the default form.
        """
        from bayesreg.model.pymc.model import build_pymc_model

        return build_pymc_model(self, form, parameterization)


def check_regression(reg: object) -> None:
    """Raise DataError for what is no regression."""
    if not isinstance(reg, Regression):
        raise DataError(f"expected a Regression, got {type(reg).__name__}; make one with br.Regression(X, y, prior=…).")

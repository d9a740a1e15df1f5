"""Regression: design, family, prior and noise together; frozen data with one objective."""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from bayesreg.design.columns import read_rows
from bayesreg.design.design import Design, design_of_moments, design_of_rows
from bayesreg.design.formula import add_offsets, read_formula
from bayesreg.design.moments import Moments
from bayesreg.errors import DataError, PriorError, UnsupportedError
from bayesreg.families.base import Family
from bayesreg.families.registry import find_family
from bayesreg.model.arguments import check_prior, is_centered, read_flag, read_intercept
from bayesreg.model.noise import Noise, read_noise
from bayesreg.model.quadratic import QuadraticLoss, loss_of_products, loss_of_rows
from bayesreg.model.rates import read_rates
from bayesreg.model.row_loss import RowLoss
from bayesreg.model.theta import products, weighted_rows, with_ones
from bayesreg.model.unknowns import Unknowns
from bayesreg.priors.base import Prior
from bayesreg.priors.column_scales import ColumnScales
from bayesreg.priors.laplace import Laplace
from bayesreg.priors.normal import Normal
from bayesreg.priors.positive import PositivePrior
from bayesreg.priors.regularized_horseshoe import HorseshoePrior

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
    X : array-like or pandas.DataFrame, shape (n, p)
        Columns; a frame's names become the names of the coefficients.
    y : array-like or pandas.Series, shape (n,)
        Target.
    prior : Laplace, Normal or ElasticNetPrior
        On the coefficients of the columns that the prior sees.
    sigma : None, float or prior, optional
        Noise standard deviation in the units of y: known, or unknown with a prior. None means
        unknown with the weak default HalfStudentT(3, 2.5·√(Σw(y − ȳ)²/n)), w = 1 without weights.
    intercept : bool or Normal, optional
        True: flat prior. False: none. Normal(scale, loc=…): a prior on the intercept at the
        centred columns, or at x = 0 if ``center=False``.
    family : {"gaussian", "bernoulli", "poisson", "student_t", "laplace"}, StudentT or LaplaceNoise, optional
        Logit link for Bernoulli, log link for Poisson; both have no sigma. StudentT(df=…) and LaplaceNoise()
        are robust noise.
    standardize : bool, optional
        Divide each column by its 1/n standard deviation before the prior sees it.
    center : bool, optional
        Whether an intercept is stated at the column means. A regression without intercept is never
        centred; with a flat intercept the estimates are the same either way.
    weights : array-like, shape (n,), optional
        Row i has noise scale σ/√w_i; without a sigma (Bernoulli, Poisson) its log likelihood is
        multiplied by w_i. They also weight means and standard deviations. For a Poisson target of rates N/e
        the weights are the exposures e: such rows are read as counts N with offset log e.
    offset : array-like, shape (n,), optional
        Known part of the linear predictor.

    Raises
    ------
    DataError
        If the data cannot be used; see :func:`bayesreg.design.columns.read_matrix`.
    PriorError
        If prior, sigma or intercept are invalid for these columns.
    UnsupportedError
        If the family is unknown.

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
    intercept: bool | Normal
    family: Family
    center: bool

    def __init__(
        self,
        X: Any,
        y: Any,
        *,
        prior: Prior,
        sigma: float | PositivePrior | None = None,
        intercept: bool | Normal = True,
        family: str | Family = "gaussian",
        standardize: bool = True,
        center: bool = True,
        weights: Any = None,
        offset: Any = None,
    ) -> None:
        found = find_family(family)
        intercept = read_intercept(intercept)
        center, standardize = read_flag(center, "center"), read_flag(standardize, "standardize")
        rows, names, target = read_rows(X, y, weights, offset)
        rows = read_rates(rows, found)
        found.check_target(rows.y)
        centered = is_centered(intercept, center)
        design = design_of_rows(rows, names, target, center=centered, standardize=standardize)
        self._fill(design, prior, sigma, intercept, found, center)

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
        intercept = read_intercept(intercept)
        center, standardize = read_flag(center, "center"), read_flag(standardize, "standardize")
        design = design_of_moments(moments, center=is_centered(intercept, center), standardize=standardize)
        self = cls.__new__(cls)
        self._fill(design, prior, sigma, intercept, find_family("gaussian"), center)
        return self

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
        columns = read_formula(formula, frame)
        settings.setdefault("intercept", columns.intercept)
        settings["offset"] = add_offsets(columns.offset, settings.get("offset"))
        self = cls(columns.X, columns.y, prior=prior, **settings)
        object.__setattr__(self, "design", replace(self.design, formula=columns.spec))
        return self

    def with_prior(self, prior: Prior) -> "Regression":
        """The same regression under another prior; the design is shared."""
        return self._with(prior, self.noise)

    def with_sigma(self, sigma: float | PositivePrior) -> "Regression":
        """The same regression with another noise (None for the weak default); the design is shared."""
        return self._with(self.prior, read_noise(sigma, self.family, self.design.noise_spread))

    def without_priors(self) -> "Regression":
        """The same data under flat priors on coefficients and intercept: its MAP is least squares."""
        other = type(self).__new__(type(self))
        sigma = (self.noise.sigma if self.noise.known else self.noise.prior) if self.family.has_sigma else None
        intercept = self.intercept is not False
        design = self.design if not intercept else self.design.centered()
        other._fill(design, Laplace(np.inf), sigma, intercept, self.family, True, checked=False)
        return other

    def _with(self, prior: Prior, noise: Noise) -> "Regression":
        other = type(self).__new__(type(self))
        given = (noise.sigma if noise.known else noise.prior) if self.family.has_sigma else None
        other._fill(self.design, prior, given, self.intercept, self.family, self.center)
        # A quadratic loss knows nothing of prior and noise, that of another family only of the noise: they are shared.
        if self.is_gaussian:
            other.__dict__["loss"] = self.loss
        elif noise is self.noise:
            other.__dict__["row_loss"] = self.row_loss
        return other

    def _fill(
        self,
        design: Design,
        prior: Any,
        sigma: Any,
        intercept: bool | Normal,
        family: Family,
        center: bool,
        *,
        checked: bool = True,
    ) -> None:
        if checked:
            check_prior(prior, design, centered=is_centered(intercept, center))
        values = {
            "design": design,
            "prior": prior,
            "noise": read_noise(sigma, family, design.noise_spread),
            "intercept": intercept,
            "family": family,
            "center": center,
        }
        for name, value in values.items():
            object.__setattr__(self, name, value)

    def __repr__(self) -> str:
        sigma = self.noise.sigma if self.noise.known else self.noise
        prior = repr(self.prior).replace(", scaled_by_sigma=False", "").replace(", loc=0.0", "")
        told = f"Regression({self.design.target} ~ {self.p} columns, n={self.n}, prior={prior}"
        family = "" if self.is_gaussian else f", family={self.family.name}"
        return f"{told}{family}, sigma={sigma})" if self.family.has_sigma else f"{told}{family})"

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
        return not isinstance(getattr(self.prior, "scale", None), PositivePrior)

    @property
    def is_horseshoe(self) -> bool:
        """Whether the prior has local scales of its own, and no penalty."""
        return isinstance(self.prior, HorseshoePrior)

    @cached_property
    def scales(self) -> ColumnScales:
        """The prior's scales, one per column.

        Raises
        ------
        PriorError
            If the scale has a hyperprior, or the prior is a horseshoe.
        """
        return self.prior.column_scales(self.names)

    @cached_property
    def unit_scales(self) -> ColumnScales:
        """The prior's scales, one per column; where its scale is unknown, in units of it: at scale 1.

        Raises
        ------
        PriorError
            If the prior is a horseshoe.
        """
        if isinstance(self.prior, Laplace | Normal) and not self.scale_known:
            return replace(self.prior, scale=1.0).column_scales(self.names)
        return self.scales

    @property
    def has_intercept_column(self) -> bool:
        """Whether the intercept is a coefficient among the others.

        It is where a prior at x = 0 couples it to them, and where no closed form tells it from them.
        """
        if self.is_gaussian:
            return isinstance(self.intercept, Normal) and not self.center
        return self.intercept is not False

    @property
    def intercept_loc(self) -> float:
        """Mean of the intercept's prior, 0 for a flat one."""
        return self.intercept.loc if isinstance(self.intercept, Normal) else 0.0

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
        ones = self.has_intercept_column
        if self.design.rows is not None:
            mean = self.design.mean_y if self.intercept is not False else 0.0
            return loss_of_rows(*weighted_rows(self.design, ones=ones, shift=self.intercept_loc if ones else mean))
        about_mean = self.intercept is not False and not ones
        shift = self.intercept_loc if ones else 0.0
        return loss_of_products(*products(self.design, ones=ones, shift=shift, about_mean=about_mean))

    @cached_property
    def row_loss(self) -> RowLoss:
        """The family's loss on the rows, as a function of θ, at the known sigma."""
        rows, matrix = self.design.rows, self.design.matrix
        if rows is None or self.noise.sigma is None:
            raise PriorError("this needs the rows and a known sigma; use reg.with_sigma(number).")
        if self.has_intercept_column:
            matrix = with_ones(matrix)
        offset = np.full(self.n, self.intercept_loc) if rows.offset is None else rows.offset + self.intercept_loc
        weights = np.ones(self.n) if rows.weights is None else rows.weights
        return RowLoss(matrix, rows.y, offset, weights, self.family, self.noise.sigma)

    def weights_at(self, sigma: float) -> tuple[np.ndarray, np.ndarray]:
        """λ_j = σ²/b_j and κ_j = σ²/s_j² in ``half_rss`` for each element of θ, both of shape (q,)."""
        scales = self.scales.at(sigma)
        # Divided before squared, so that neither tiny nor huge scales over- or underflow on the way.
        l1, l2 = (sigma / scales.laplace) * sigma, (sigma / scales.normal) ** 2
        if self.has_intercept_column:
            l1, l2 = np.append(l1, 0.0), np.append(l2, self.intercept_precision(sigma))
        return l1, l2

    def intercept_precision(self, sigma: float) -> float:
        """κ₀ = σ²/s₀² of a Normal prior on the intercept; 0 for a flat one."""
        if not isinstance(self.intercept, Normal):
            return 0.0
        scale = float(self.intercept.scale)  # type: ignore[arg-type]
        return (1.0 if self.intercept.scaled_by_sigma else sigma) ** 2 / scale**2

    def unknowns(self, theta: np.ndarray, sigma: np.ndarray | float) -> Unknowns:
        """θ, shape (..., q), and sigma by name, with the intercept at its conditional mode where it is not in θ."""
        theta = np.asarray(theta, dtype=float)
        shape = theta.shape[:-1]
        if self.has_intercept_column:
            theta, at_center = theta[..., :-1], theta[..., -1] + self.intercept_loc
        else:
            at_center = np.broadcast_to(np.asarray(self.conditional_intercept(sigma), dtype=float), shape)
        return Unknowns(theta, at_center, np.broadcast_to(np.asarray(sigma, dtype=float), shape))

    def conditional_intercept(self, sigma: np.ndarray | float) -> np.ndarray | float:
        """Mode (and mean) of the intercept at the centre given sigma; it does not depend on beta."""
        if self.intercept is False:
            return 0.0
        if self.intercept is True:
            return self.design.mean_y
        kappa, weight = np.vectorize(self.intercept_precision)(sigma), self.design.weight
        return (weight * self.design.mean_y + kappa * self.intercept.loc) / (weight + kappa)

    def objective(self, theta: np.ndarray, sigma: float) -> float:
        """Q(θ) in ``half_rss`` at sigma, with the terms of an intercept prior where there is one."""
        l1, l2 = self.weights_at(sigma)
        penalty = float(l1 @ np.abs(theta) + 0.5 * l2 @ theta**2)
        if not self.is_gaussian:
            return self.row_loss.value(theta) + penalty
        return 0.5 * self.rss(theta, sigma) + penalty + self._intercept_term(sigma)

    def rss(self, theta: np.ndarray, sigma: float) -> float:
        """Weighted residual sum of squares of y, the intercept included."""
        if self.intercept is False or self.has_intercept_column:
            return self.loss.rss(theta)
        gap = self.design.mean_y - float(np.asarray(self.conditional_intercept(sigma)))
        return self.loss.rss(theta) + self.design.weight * gap**2

    def _intercept_term(self, sigma: float) -> float:
        if not isinstance(self.intercept, Normal) or self.has_intercept_column:
            return 0.0
        away = float(np.asarray(self.conditional_intercept(sigma))) - self.intercept.loc
        return 0.5 * self.intercept_precision(sigma) * away**2

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

"""Regression: design, family, prior and noise together; frozen data with one objective."""

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

from bayesreg.design.design import Design, design_of_moments
from bayesreg.design.moments import Moments
from bayesreg.design.sources.frames import FORMULA_OPTIONS, read_formula_rows
from bayesreg.errors import DataError, UnsupportedError
from bayesreg.families.base import Family
from bayesreg.families.registry import find_family
from bayesreg.model.arguments import check_prior, prior_with_levels, read_design, read_flag
from bayesreg.model.bounds import Bounds, Box, check_bounds, read_bounds
from bayesreg.model.intercept import Intercept, read_intercept
from bayesreg.model.noise import Noise, read_noise
from bayesreg.model.quadratic import QuadraticLoss, quadratic_loss
from bayesreg.model.row_loss import RowLoss, row_loss
from bayesreg.priors.base import Prior
from bayesreg.priors.column_scales import ColumnScales
from bayesreg.priors.coordinates import Coordinates
from bayesreg.priors.normal import Normal
from bayesreg.priors.partition import Partition
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
        Noise standard deviation in the units of y: known, or unknown with a prior. None means unknown with the weak
        default HalfStudentT(3, 2.5·√(Σw(y − ȳ)²/n)), w = 1 without weights.
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
        Whether an intercept is stated at the column means. A regression without intercept is never centred; with a
        flat intercept the estimates are the same either way.
    weights : array-like, shape (n,), optional
        Row i has noise scale σ/√w_i; without a sigma (Bernoulli, Poisson) its log likelihood is multiplied by w_i.
        They also weight means and standard deviations. For a Poisson target of rates N/e the weights are the exposures
        e: such rows are read as counts N with offset log e.
    offset : array-like, shape (n,), optional
        Known part of the linear predictor.
    categorical : {"treatment", "sum", "one_hot"}
        How text and categories are coded: against their first level, against the mean of their levels, or by all of
        their levels, which a prior treats alike. Many levels are kept sparse.
    missing : {"error", "drop"}
        Whether rows with missing values are an error or left out.
    bounds : mapping, pair or sequence of pairs, optional
        What the prior is truncated to, in the units of `coef` on the columns as given, such as
        ``{"price": (None, 0), "ads": (0, None)}``; one pair ``(0, None)`` is for all columns. Bounds other than 0 need
        a prior of known scale.

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
    bounds: Bounds | None
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
        bounds: Any = None,
    ) -> None:
        likelihood = find_family(family)
        center = read_flag(center, "center")
        term = read_intercept(intercept, center=center, family=likelihood)
        reading = {"standardize": standardize, "categorical": categorical, "missing": missing}
        design = read_design(X, y, weights, offset, likelihood, term, **reading)
        check_prior(prior, design, term)
        noise, box = read_noise(sigma, likelihood, design.noise_spread), read_bounds(bounds, design.names)
        parts = {"design": design, "prior": prior, "noise": noise, "intercept_term": term, "family": likelihood}
        self._set(**parts, center=center, bounds=box)

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
        bounds: Any = None,
    ) -> "Regression":
        """Make a Gaussian regression from sufficient statistics; its cost does not depend on n.

        Examples
        --------
        >>> import bayesreg as br
        >>> moments = br.moments("diabetes", target="target")
        >>> br.Regression.from_moments(moments, prior=br.Normal(10.0), sigma=54.0).n
        442
        """
        family = find_family("gaussian")
        center, standardize = read_flag(center, "center"), read_flag(standardize, "standardize")
        term = read_intercept(intercept, center=center, family=family)
        design = design_of_moments(moments, center=term.centered, standardize=standardize)
        check_prior(prior, design, term)
        given = {"prior": prior, "sigma": sigma, "intercept": intercept, "center": center, "bounds": bounds}
        return cls.from_design(design, family=family, **given)

    @classmethod
    def from_formula(cls, formula: str, frame: Any, *, prior: Prior, **settings: Any) -> "Regression":
        """Make a regression from a formula and a data frame.

        ``(1|clinic)`` is a coefficient for each level of a column, as given and not standardized, under a Normal prior
        of one unknown scale ``scale_clinic``, which is the random intercept of lme4; name it in :class:`Blocks` for
        another prior.

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
        prior = prior_with_levels(prior, columns, settings.get("family", "gaussian"))
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
        bounds: Any,
    ) -> "Regression":
        """Make a regression of a design that was made for this intercept, under a prior that was checked with it."""
        noise = read_noise(sigma, family, design.noise_spread)
        term = read_intercept(intercept, center=center, family=family)
        parts = {"design": design, "prior": prior, "noise": noise, "intercept_term": term, "family": family}
        return cls._of(**parts, center=center, bounds=read_bounds(bounds, design.names))

    def with_prior(self, prior: Prior) -> "Regression":
        """The same regression under another prior; the design is shared."""
        check_prior(prior, self.design, self.intercept_term)
        shared = not self.is_gaussian and self.noise.known and self._shares_coordinates(prior)
        return self._with(prior=prior, known_row_loss=self.row_loss if shared else None)

    def with_sigma(self, sigma: float | PositivePrior | None) -> "Regression":
        """The same regression with another noise (None for the weak default); the design is shared."""
        return self._with(noise=read_noise(sigma, self.family, self.design.noise_spread))

    def _with(self, **changes: Any) -> "Regression":
        """The same regression under other priors; ½RSS stays where θ does, and the row loss only if it is given."""
        names = ("design", "prior", "noise", "intercept_term", "family", "center", "bounds")
        kept = {name: getattr(self, name) for name in names}
        same = self.is_gaussian and self._shares_coordinates(changes.get("prior", self.prior))
        return self._of(**kept | {"known_loss": self.loss if same else None} | changes)

    def _shares_coordinates(self, prior: Prior) -> bool:
        """Whether θ is the same under another prior, so that a loss as a function of it is."""
        return prior.coordinates(self.names).same(self.coordinates)

    @classmethod
    def _of(cls, **parts: Any) -> "Regression":
        self = cls.__new__(cls)
        self._set(**parts)
        return self

    def _set(self, **parts: Any) -> None:
        """Fill the fields, once; every constructor ends here."""
        check_bounds(parts["bounds"], parts["prior"], sigma_known=parts["noise"].known)
        for name, value in ({"known_loss": None, "known_row_loss": None} | parts).items():
            object.__setattr__(self, name, value)

    def __repr__(self) -> str:
        sigma = self.noise.sigma if self.noise.known else self.noise
        prior = repr(self.prior).replace(", scaled_by_sigma=False", "").replace(", loc=0.0", "")
        text = f"Regression({self.design.target} ~ {self.p} columns, n={self.n}, prior={prior}"
        text += "" if self.is_gaussian else f", family={self.family.name}"
        text += "" if self.bounds is None else f", bounds={self.bounds.words(self.names)}"
        return f"{text}, sigma={sigma})" if self.family.has_sigma else f"{text})"

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

    @cached_property
    def box(self) -> Box | None:
        """The bounds of θ; None where there are none."""
        sd = self.design.standardization.sd
        return None if self.bounds is None else self.bounds.of_theta(sd, self.intercept_term)

    def require_unbounded(self, what: str) -> None:
        """Raise UnsupportedError where coefficients have bounds, for what is not built for them."""
        if self.bounds is not None:
            raise UnsupportedError(
                f"{what} is not built for bounds, got {self.bounds.words(self.names)}; leave out bounds=, or look at "
                "br.map_estimate(reg) and br.sample(reg), which keep them."
            )

    @property
    def scale_known(self) -> bool:
        """Whether the prior's scales are numbers rather than hyperpriors."""
        return not self.prior.unknown_scales

    @cached_property
    def scales(self) -> ColumnScales:
        """The prior's scales, one per column.

        Raises
        ------
        PriorError
            If one is unknown, or the prior is no penalty.
        UnsupportedError
            If the prior joins columns.
        """
        return self.prior.column_scales(self.names)

    @cached_property
    def length_scales(self) -> ColumnScales:
        """The same for the lengths of `partition`, which a prior may state of joined columns too."""
        return self.prior.length_scales(self.names)

    @cached_property
    def partition(self) -> Partition:
        """The elements of θ that the prior joins; λ multiplies the length of each block."""
        blocks = self.prior.partition(self.names)
        return blocks.appended(1) if self.intercept_term.in_theta else blocks

    @cached_property
    def unit_scales(self) -> ColumnScales:
        """The same, where the prior's scale is unknown in units of it: at scale 1."""
        return self.prior.unit_scales(self.names)

    @property
    def is_gaussian(self) -> bool:
        """Whether the loss is quadratic."""
        return self.family.quadratic

    @cached_property
    def coordinates(self) -> Coordinates:
        """The map to beta from the coefficients of θ, which are independent under the prior."""
        return self.prior.coordinates(self.names)

    @cached_property
    def loss_of_columns(self) -> QuadraticLoss:
        """½RSS as a function of the coefficients of the columns themselves, whatever coordinates θ has."""
        return self.loss if self.coordinates.is_plain else quadratic_loss(self.design, self.intercept_term)

    @cached_property
    def loss(self) -> QuadraticLoss:
        """½RSS as a function of θ: beta, with the intercept's deviation from its prior mean last if it has a column."""
        if not self.is_gaussian:
            raise UnsupportedError(f"the {self.family.name} family has no quadratic loss; this route is for gaussian.")
        return self.known_loss or quadratic_loss(self.design, self.intercept_term).mapped(self.coordinates)

    @cached_property
    def row_loss(self) -> RowLoss:
        """The family's loss on the rows, as a function of θ, at the known sigma."""
        if self.known_row_loss is not None:
            return self.known_row_loss
        return row_loss(self.design, self.intercept_term, self.family, self.noise.sigma).mapped(self.coordinates)

    def to_pymc(
        self,
        form: Literal["auto", "rows", "moments"] = "auto",
        parameterization: Literal["auto", "centered", "noncentered"] = "auto",
    ) -> "pm.Model":
        """The same regression as an ordinary PyMC model, free to extend.

        Parameters
        ----------
        form : {"auto", "rows", "moments"}
            Whether the likelihood is written on the rows, or on the sufficient statistics, whose cost does not depend
            on n but which has no pointwise log likelihood. "auto" takes the rows where there are any.
        parameterization : {"auto", "centered", "noncentered"}
            Where the prior's scale is unknown: whether beta is free itself, or is that scale times a free variable
            ``beta_unit`` of scale 1 (Papaspiliopoulos, Roberts & Sköld 2007, doi:10.1214/088342307000000014). "auto"
            takes the second for a horseshoe and the first otherwise.

        Returns
        -------
        pymc.Model
            With coordinates ``coef_name`` (and ``row``), data and known scales in ``pm.Data``, and the variables
            ``beta`` (if standardized), ``coef``, ``intercept``, ``sigma`` and the prior's, as far as unknown;
            ``intercept_at_center`` where columns are centred. The posterior of :func:`bayesreg.sample` holds every
            free variable of the default form.
        """
        from bayesreg.model.pymc.model import build_pymc_model

        return build_pymc_model(self, form, parameterization)


def check_regression(reg: object) -> None:
    """Raise DataError for what is no regression."""
    if not isinstance(reg, Regression):
        raise DataError(f"expected a Regression, got {type(reg).__name__}; make one with br.Regression(X, y, prior=…).")

"""The Normal prior, which is the penalty of ridge regression; with a mean and a covariance, of informative ridge."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np

from bayesreg.errors import PriorError, UnsupportedError
from bayesreg.priors.base import Prior, Term
from bayesreg.priors.column_scales import ColumnScales
from bayesreg.priors.column_values import ColumnValues, as_numbers, names_of, per_column, validate_locations
from bayesreg.priors.coordinates import PLAIN, Coordinates
from bayesreg.priors.from_draws import moments_of
from bayesreg.priors.from_r2 import FromR2
from bayesreg.priors.given import Array, Given
from bayesreg.priors.matrix import Matrix, read_matrix
from bayesreg.priors.penalty_prior import PenaltyPrior
from bayesreg.priors.scale import Scale, in_words, narrowed, resolved, validate_one_scale, validate_scale

if TYPE_CHECKING:
    from xarray import DataTree


@dataclass(frozen=True, init=False, repr=False)
class Normal(PenaltyPrior, FromR2):
    r"""Normal prior: β ~ Normal(loc, s²), independently for each column, or β ~ Normal(loc, s²·cov) jointly.

    It is the prior of ridge regression: in the objective ``half_rss`` the weight of ½‖β − loc‖² is
    κ = σ²/s² (Hoerl & Kennard 1970, doi:10.1080/00401706.1970.10488634). With a matrix K = precision = cov⁻¹ the
    penalty is ½κ(β − loc)'K(β − loc), generalized (Tikhonov) ridge regression: what is known of the coefficients
    from before, or, with K = D'D of differences D, that neighbours are alike.

    Parameters
    ----------
    scale : float, array of shape (p,), mapping from column name, or hyperprior
        Standard deviation s > 0, in the units of beta; inf means flat. With a matrix one number, by default 1, or a
        hyperprior: s², which multiplies the covariance.
    scaled_by_sigma : bool, optional
        If True the standard deviations are multiplied by σ (the conjugate form).
    loc : float, array of shape (p,), or mapping from column name, optional
        Mean.
    cov, precision : array or frame of shape (p, p), or scipy sparse, optional
        Covariance, positive definite; or precision, whose null space is flat: along it there is no prior. Like all
        priors they are of beta, the coefficients of standardized columns unless ``standardize=False``. A frame's
        names are those of the columns, in any order.

    Raises
    ------
    PriorError
        If a scale is not positive, `loc` is not finite, there is nothing but `loc`, or a matrix is not square and
        symmetric, indefinite, not finite, or given twice.

    See Also
    --------
    Laplace : Laplace prior, that of the lasso.
    ElasticNetPrior : Prior of the elastic net.
    to_penalty : The penalty of a prior.
    L2 : Ridge penalty.

    Examples
    --------
    >>> import bayesreg as br
    >>> bool(np.isclose(br.Normal(2.0).log_density([0.0])[0], -0.5 * np.log(2 * np.pi * 4), rtol=1e-15))
    True
    >>> differences = np.diff(np.eye(5), axis=0)
    >>> br.Normal(br.HalfNormal(1.0), precision=differences.T @ differences)
    Normal(scale=HalfNormal(scale=1.0), precision=<5 × 5, flat along 1 direction>)
    """

    scale: Scale
    scaled_by_sigma: bool
    loc: ColumnValues
    matrix: Matrix | None
    name: ClassVar[str] = "normal"
    title: ClassVar[str] = "Normal"
    source: ClassVar[str] = "Hoerl & Kennard (1970), doi:10.1080/00401706.1970.10488634"
    terms: ClassVar[tuple[Term, ...]] = ("l2",)
    array_fields: ClassVar[Mapping[str, str]] = {
        "loc": "normal_loc",
        "cov": "normal_cov",
        "precision": "normal_precision",
    }

    def __init__(
        self,
        scale: Any = None,
        scaled_by_sigma: bool = False,
        loc: Any = 0.0,
        *,
        cov: Any = None,
        precision: Any = None,
        matrix: Matrix | None = None,
    ) -> None:
        if (cov is not None) + (precision is not None) + (matrix is not None) > 1:
            raise PriorError("cov and precision were both given; one is the inverse of the other, so give one.")
        if cov is not None or precision is not None:
            matrix = read_matrix(precision if cov is None else cov, is_precision=cov is None)
        self._set(scale, scaled_by_sigma, loc, matrix)

    def _set(self, scale: Any, scaled_by_sigma: bool, loc: Any, matrix: Matrix | None) -> None:
        if scale is None and matrix is None:
            raise PriorError("Normal needs a scale, Normal(1.0), or a matrix, Normal(cov=…) or Normal(precision=…).")
        read = validate_scale(scale, "Normal scale") if matrix is None else _scale_of_matrix(scale)
        values = {"scale": read, "scaled_by_sigma": scaled_by_sigma, "loc": _read_loc(loc), "matrix": matrix}
        for field, value in values.items():
            object.__setattr__(self, field, value)

    def __repr__(self) -> str:
        if self.matrix is None:
            return f"Normal(scale={self.scale!r}, scaled_by_sigma={self.scaled_by_sigma}, loc={self.loc!r})"
        parts = [f"scale={self.scale!r}"] if self.scale != 1.0 else []
        parts += ["scaled_by_sigma=True"] if self.scaled_by_sigma else []
        parts += [f"loc={self.loc!r}"] if self.has_loc else []
        return f"Normal({', '.join([*parts, f'{self.matrix.kind}={self.matrix!r}'])})"

    @property
    def column_fields(self) -> Mapping[str, str]:  # type: ignore[override]
        """The scale, unless it multiplies a matrix."""
        return {"scale": "normal_scale"} if self.matrix is None else {}

    @property
    def has_loc(self) -> bool:
        """Whether the mean is anything but 0."""
        return not isinstance(self.loc, float) or self.loc != 0

    @property
    def is_correlated(self) -> bool:
        """Whether there is a matrix."""
        return self.matrix is not None

    @property
    def is_of_one_number(self) -> bool:
        """Whether it can be the prior of a single unknown, such as an intercept."""
        return self.matrix is None and isinstance(self.scale, float) and isinstance(self.loc, float)

    @property
    def is_of_user_columns(self) -> bool:
        """Whether it is a posterior of other data, whose columns have other standard deviations."""
        return self.matrix is not None and self.matrix.on_user_columns

    @classmethod
    def from_posterior(cls, idata: "DataTree", *, intercept: bool = True) -> Self:
        """The posterior of some data as the prior for the next: its mean and covariance.

        They are exact, and so is the update, where the posterior is Normal: for the gaussian family with known sigma
        under a Normal prior of known scale, of up to 500 columns. Otherwise they are those of the draws, as its repr
        says. They are of the coefficients on the user's columns, so that the next regression needs
        ``standardize=False``.

        Parameters
        ----------
        idata : xarray.DataTree
            From :func:`bayesreg.sample`.
        intercept : bool
            Where there was one, the posterior is of the coefficients and the intercept together, which are correlated:
            the next regression then has a column of ones named "intercept", and ``intercept=False``. False keeps the
            coefficients alone, and forgets what the data said of the intercept.

        Raises
        ------
        DataError
            If `idata` is no posterior, or its draws are too few.

        Examples
        --------
        >>> import bayesreg as br
        >>> frame, target = br.load_dataset("diabetes")
        >>> X, y, settings = frame.drop(columns=target).assign(intercept=1.0), frame[target], {"standardize": False}
        >>> settings |= {"intercept": False, "sigma": 54.0}
        >>> first = br.sample(br.Regression(X[:200], y[:200], prior=br.Normal(10.0), **settings), random_seed=1)
        >>> then = br.Regression(X[200:], y[200:], prior=br.Normal.from_posterior(first), **settings)
        >>> at_once = br.Regression(X, y, prior=br.Normal(10.0), **settings)
        >>> bool(np.allclose(br.map_estimate(then).coef, br.map_estimate(at_once).coef, rtol=1e-8))
        True
        """
        moments = moments_of(idata, intercept=intercept)
        matrix = read_matrix(moments.covariance, is_precision=False)
        matrix = replace(matrix, names=moments.names, on_user_columns=True, origin=moments.origin)
        return cls(loc=dict(zip(moments.names, moments.mean.tolist(), strict=True)), matrix=matrix)

    def coordinates(self, names: Sequence[str]) -> Coordinates:
        """β = loc + Lγ with independent γ."""
        if self.matrix is None and not self.has_loc:
            return PLAIN
        factor = None if self.matrix is None else self.matrix.factor_of(names)
        return Coordinates(per_column(self.loc, names, "Normal loc") if self.has_loc else None, factor)

    @property
    def is_truncatable(self) -> bool:
        """Whether coefficients may have bounds."""
        return not self.has_loc and not self.is_correlated

    @property
    def unit_spread(self) -> float:
        """1, the standard deviation at scale 1; PriorError unless the coefficients are independent of mean 0."""
        if self.has_loc or self.is_correlated:
            raise PriorError("from_r2 is for independent coefficients of mean 0; leave out loc, cov and precision.")
        return 1.0

    def column_scales(self, names: Sequence[str]) -> ColumnScales:
        """The scale of each of its coordinates: of each column where there is no matrix."""
        infinite = np.full(len(names), np.inf)
        if self.matrix is None:
            return ColumnScales(infinite, resolved(self.scale, names, "Normal scale"), self.scaled_by_sigma)
        s = np.where(self.matrix.factor_of(names).flat, np.inf, resolved(self.scale, names, "Normal scale"))
        return ColumnScales(infinite, s, self.scaled_by_sigma)

    def flat_columns(self, names: Sequence[str]) -> Array:
        """Columns of which the density does not depend."""
        if self.matrix is None:
            return self.is_flat(names)
        return np.all(self.matrix.values_of(names) == 0, axis=1)

    def margins(self, names: Sequence[str]) -> tuple[Array, Array]:
        """Mean and standard deviation of each column."""
        at = self.coordinates(names)
        loc = np.zeros(len(names)) if at.loc is None else at.loc
        return loc, at.sds(self.unit_scales(names).normal)

    def precision(self, given: Given, mixing: Array) -> Array:
        """1/s_j²; UnsupportedError where a matrix couples the columns."""
        if self.matrix is not None:
            raise UnsupportedError(
                "a Normal prior with a matrix has no precision of each column alone, so no shrinkage factors either; "
                'see the degrees of freedom, br.select(reg, by="aic"), or give independent scales.'
            )
        return super().precision(given, mixing)

    def log_marginal(self, beta: Array, given: Given) -> Array:
        """Summands of the log density, one a column; with a matrix one for each of its coordinates."""
        at = self.coordinates(given.names)
        return super().log_marginal(at.gamma(beta), given) + at.log_unit

    def log_density(self, beta: object, sigma: float | None = None, **unknowns: float) -> Array:
        """Elementwise log density (with a matrix, summands of it); `sigma` is needed only if ``scaled_by_sigma``."""
        array = np.atleast_1d(as_numbers(beta, "beta"))
        names, values = names_of(beta, array.shape[-1]), self._read_unknowns(unknowns)
        scales = (self.with_scale(values["scale"]) if values else self).column_scales(names)
        at = self.coordinates(names)
        return scales.at(self._read_sigma(sigma)).log_density(at.gamma(array)) + at.log_unit

    def draw_given(self, generator: np.random.Generator, given: Given) -> Array:
        """Draw β; PriorError where a direction is flat."""
        return self.coordinates(given.names).beta(super().draw_given(generator, given))

    def constants(self, names: Sequence[str]) -> dict[str, Array]:
        """The known scales, and mean and matrix where these are arrays."""
        constants = super().constants(names)
        if not isinstance(self.loc, float):
            constants["normal_loc"] = per_column(self.loc, names, "Normal loc")
        if self.matrix is not None:
            constants[self.array_fields[self.matrix.kind]] = self.matrix.values_of(names)
        return constants

    @property
    def settings(self) -> str:
        """The call that makes it again without the arrays that :meth:`constants` holds."""
        loc = self.loc if isinstance(self.loc, float) else 0.0
        if self.matrix is None:
            return super(Normal, replace(self, loc=loc)).settings
        return repr(Normal(self.scale, self.scaled_by_sigma, loc))

    def in_units(self, names: Sequence[str], unit: Array | float) -> Prior:
        """The same prior on columns multiplied by a unit, shape (p,)."""
        loc = per_column(self.loc, names, "Normal loc") / unit if self.has_loc else self.loc
        if self.matrix is None:
            return super(Normal, replace(self, loc=loc)).in_units(names, unit)
        return replace(self, loc=loc, matrix=self.matrix.in_units(names, unit))

    def strengthened(self, factor: float) -> Self:
        """The prior of scale s/√factor."""
        return replace(self, scale=narrowed(self.scale, factor**0.5))

    @property
    def term_scales(self) -> Mapping[Term, Scale]:
        """S of the L2 term, towards `loc` and of the matrix if there is one."""
        return {"l2": self.scale}

    @property
    def of_coordinates(self) -> "Normal":
        """The same scale without mean and matrix."""
        return replace(self, loc=0.0, matrix=None) if self.has_loc or self.is_correlated else self

    def formula(self) -> str:
        """The prior of β_j in mathematics."""
        loc = _loc_in_words(self.loc)
        if self.matrix is None:
            unit = "σ · " if self.scaled_by_sigma else ""
            return f"β_j ~ Normal({loc}, {unit}s),  s {in_words(self.scale)}"
        letter, form = ("K", "K⁻¹") if self.matrix.is_precision else ("C", "C")
        unit = "σ²s²" if self.scaled_by_sigma else "s²"
        return f"β ~ Normal({loc}, {unit}{form}),  {letter} {self.matrix!r},  s {in_words(self.scale)}"

    @property
    def sentence(self) -> str:
        """What the coefficients have, in words."""
        if self.matrix is None:
            return f"independent Normal priors around {_loc_in_words(self.loc)}"
        flat = self.matrix.n_flat
        along = f", flat along {flat} direction{'s'[: flat > 1]}, which the data alone determine" if flat else ""
        return f"one Normal prior together, around {_loc_in_words(self.loc)}, with a {self.matrix.kind} matrix{along}"


def _scale_of_matrix(scale: Any) -> Scale:
    return validate_one_scale(1.0 if scale is None else scale, "Normal scale (one number, where there is a matrix)")


def _read_loc(loc: Any) -> ColumnValues:
    """The mean of each column, 0 as Python's own number."""
    if loc is None or isinstance(loc, bool | str):
        raise PriorError(f"loc must be a finite number, one for each column or {{name: number}}, got {loc!r}.")
    return validate_locations(loc, "loc")


def _loc_in_words(loc: ColumnValues) -> str:
    if isinstance(loc, float):
        return f"{loc:.4g}"
    values = list(loc.values()) if isinstance(loc, Mapping) else list(loc)
    return f"loc (from {min(values):.4g} to {max(values):.4g} by column)"

"""What a regression accepts as data, flags, vectors, targets that are rates, and prior."""

from dataclasses import replace
from typing import Any

import numpy as np

from bayesreg.design.columns import Rows
from bayesreg.design.design import Design, design_of_rows
from bayesreg.design.formula import FormulaColumns
from bayesreg.design.sources.frames import read_table_rows
from bayesreg.errors import DataError, PriorError
from bayesreg.families.base import Family
from bayesreg.families.registry import find_family
from bayesreg.model.intercept import Intercept
from bayesreg.priors.base import Prior
from bayesreg.priors.blocks import with_blocks
from bayesreg.priors.column_values import as_numbers
from bayesreg.priors.hyper import HalfStudentT

# How far a rate times its weight may be from a whole number, and in units of its rounding.
NEAR, ROUNDING = 1e-6, 8 * float(np.finfo(float).eps)


def read_flag(value: object, name: str) -> bool:
    """True or False; PriorError for anything else."""
    if not isinstance(value, bool | np.bool_):
        raise PriorError(f"{name} must be True or False, got {value!r}.")
    return bool(value)


def read_design(
    X: Any,
    y: Any,
    weights: Any,
    offset: Any,
    family: Family,
    intercept: Intercept,
    *,
    standardize: object,
    categorical: object,
    missing: object,
) -> Design:
    """The design of data as a user has them, with a target that suits the family."""
    options = {"categorical": categorical, "missing": missing}
    classes = family.target_kind == "classes"
    table = read_table_rows(X, y, weights, offset, classes=classes, intercept=intercept.exists, **options)
    rows = read_rates(table.rows, family)
    family.check_target(rows.y)
    divided = divided_columns(standardize, table.is_code) & ~table.is_level
    design = design_of_rows(rows, table.names, table.target, center=intercept.centered, standardize=divided)
    return replace(design, formula=table.spec)


def prior_with_levels(prior: Any, columns: FormulaColumns, family: Any) -> Any:
    """The prior, with a block for each ``(1|column)`` of a formula that it does not name.

    Its scale has the default of brms, a half-Student-t of 3 degrees of freedom and 2.5 standard deviations of the
    target, or 2.5 where the linear predictor has no unit of the target (Bürkner 2017, doi:10.18637/jss.v080.i01).
    """
    terms = columns.spec.wanted.level_terms
    if not terms or not isinstance(prior, Prior):
        return prior
    has_unit = find_family(family).location_scale and not prior.scaled_by_sigma
    spread = float(np.std(columns.y.to_numpy(dtype=float))) if has_unit and columns.y is not None else 1.0
    return with_blocks(prior, terms, HalfStudentT(3.0, 2.5 * (spread or 1.0)))


def divided_columns(standardize: object, is_code: np.ndarray) -> np.ndarray:
    """Which columns are divided by their standard deviations, shape (p,); PriorError for an unknown choice."""
    if standardize == "numbers":
        return ~is_code
    return np.full(len(is_code), read_flag(standardize, "standardize"))


def read_vector(values: object, size: int, name: str) -> np.ndarray:
    """So many finite numbers, shape (size,); DataError for anything else."""
    try:
        point = as_numbers(values, name)
    except PriorError as error:
        raise DataError(str(error)) from None
    if point.shape != (size,) or not np.all(np.isfinite(point)):
        raise DataError(f"{name} must be {size} finite numbers, got shape {point.shape}.")
    return point


def read_rates(rows: Rows, family: Family) -> Rows:
    """Rows of a family of counts whose target is rates N/e with weights e become counts N with offset log e.

    Both have the same likelihood, since e·(μ − (N/e)·log μ) = eμ − N·log(eμ) + constant; but only counts can be drawn
    and have a probability. Whole targets, and what is no count either way, are left as they are.
    """
    if family.target_kind != "counts" or rows.weights is None or np.all(rows.y == np.floor(rows.y)):
        return rows
    counts = rows.y * rows.weights
    whole = np.round(counts)
    if np.any(np.abs(counts - whole) > np.maximum(NEAR * np.minimum(counts, 1.0), ROUNDING * whole)):
        return rows
    offset = np.log(rows.weights) + (0.0 if rows.offset is None else rows.offset)
    return replace(rows, y=whole, weights=None, offset=offset)


def check_prior(prior: object, design: Design, intercept: Intercept) -> None:
    """Raise PriorError for what is no prior, or leaves a constant column undetermined."""
    if not isinstance(prior, Prior):
        raise PriorError(
            f"prior must be Laplace, Normal, Horseshoe, another br.Prior or what to_prior returns, got {prior!r}; "
            "turn a penalty into a prior with br.to_prior(penalty, sigma=…, n=…, objective=…), a mapping from "
            "columns to priors with br.Blocks({…}, rest=…)."
        )
    prior.coordinates(design.names)
    if prior.is_of_user_columns and not np.all(design.standardization.sd == 1):
        raise PriorError(
            "the prior is a posterior of other data, on the user's columns; standardized columns would be others: set "
            "standardize=False."
        )
    flat = prior.flat_columns(design.names) & design.constant
    if np.any(flat) and intercept.centered:
        constants = [name for name, flag in zip(design.names, flat, strict=True) if flag]
        raise PriorError(
            f"column(s) {constants[:10]} are constant and have a flat prior, so nothing determines them; drop them."
        )

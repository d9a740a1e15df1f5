"""Formulas to columns: text is parsed, never run, and only a fixed set of functions is ever called."""

from bayesreg.design.formula.coding import Coding, read_coding
from bayesreg.design.formula.formula import (
    FormulaColumns,
    FormulaSpec,
    Wanted,
    add_offsets,
    read_formula,
    read_wanted,
    want_columns,
    want_formula,
)
from bayesreg.design.formula.values import check_identifier, check_known, check_levels, is_category, read_classes

__all__ = [
    "Coding",
    "FormulaColumns",
    "FormulaSpec",
    "Wanted",
    "add_offsets",
    "check_identifier",
    "check_known",
    "check_levels",
    "is_category",
    "read_classes",
    "read_coding",
    "read_formula",
    "read_wanted",
    "want_columns",
    "want_formula",
]

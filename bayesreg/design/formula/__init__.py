"""Formulas to columns: text is parsed, never run, and only a fixed set of functions is ever called."""

from bayesreg.design.formula.formula import FormulaColumns, FormulaSpec, add_offsets, columns_read, read_formula
from bayesreg.design.formula.values import check_levels

__all__ = ["FormulaColumns", "FormulaSpec", "add_offsets", "check_levels", "columns_read", "read_formula"]

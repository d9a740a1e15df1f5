"""Formulas to columns: text is parsed, never run, and only a fixed set of functions is ever called."""

from bayesreg.design.formula.formula import FormulaColumns, FormulaSpec, add_offsets, read_formula

__all__ = ["FormulaColumns", "FormulaSpec", "add_offsets", "read_formula"]

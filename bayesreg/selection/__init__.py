"""The strength of a prior, chosen by one rule or by several: one rule per file, one axis for all."""

from bayesreg.selection.tool_cv import FOLDS, SelectedStrength, cross_validate, estimate_sigma

__all__ = ["FOLDS", "SelectedStrength", "cross_validate", "estimate_sigma"]

"""The strength of a prior, chosen by one rule or by several: one rule per file, one axis for all."""

"""The sections of a report, in their order: what matters first, how it was done last."""

from bayesreg.reporting.sections.appendix import (
    write_citations,
    write_data,
    write_diagnostics,
    write_provenance,
    write_selection,
)
from bayesreg.reporting.sections.checks import write_checks
from bayesreg.reporting.sections.effects import write_effects
from bayesreg.reporting.sections.model import write_certificate, write_model, write_prior
from bayesreg.reporting.sections.path import write_path
from bayesreg.reporting.sections.section import Section
from bayesreg.reporting.sections.zeros import write_shrinkage, write_sparsity

SECTIONS = (
    Section("Effects", "effects", write_effects),
    Section("Fit", "checks", write_checks),
    Section("Path over strengths", "path", write_path),
    Section("Zeros and signs", "sparsity", write_sparsity),
    Section("Shrinkage", "shrinkage", write_shrinkage),
    Section("Choice of the strength", "selection", write_selection),
    Section("Model", "model", write_model),
    Section("Prior and penalty", "prior", write_prior),
    Section("MAP and penalized estimate", "comparison", write_certificate),
    Section("Diagnostics", "sampler", write_diagnostics),
    Section("Data", "data", write_data),
    Section("How this was made", "provenance", write_provenance),
    Section("How to cite", "cite", write_citations),
)

"""The model, the penalty that it is, and the certificate that both give the same point."""

from bayesreg.analysis.comparison.table import summary
from bayesreg.plots.prior import plot_prior
from bayesreg.reporting.findings import Findings, Missing
from bayesreg.reporting.html import formula, pairs, paragraph, picture, table
from bayesreg.reporting.model_words import formulas, other_tools, penalty_formula, sentences
from bayesreg.reporting.sections.section import absent


def write_model(findings: Findings) -> str:
    """Likelihood and priors, in words and formulas."""
    return paragraph(*sentences(findings.reg)) + "".join(formula(line) for line in formulas(findings.reg))


def write_prior(findings: Findings) -> str:
    """The prior as a penalty, here and in other tools."""
    held = findings.held
    if not held.prior.has_penalty:
        return absent(Missing(f"{held.prior.article} prior is no penalty."))
    if held.length_scales.is_flat.all():
        return absent(Missing("a flat prior has no density and no penalty."))
    times = "σ² × (−log posterior)" if held.family.has_sigma else "−log posterior"
    body = paragraph(f"The MAP minimizes {times}, constants dropped, which is")
    body += formula(penalty_formula(held))
    tools = other_tools(held)
    if tools:
        body += table("The same penalty in other tools", ("tool", "strength"), tools)
    if not (held.coordinates.is_plain and held.prior.is_separable):
        return body
    sigma = held.noise.sigma
    return body + picture(
        lambda dark: plot_prior(held.prior, sigma=sigma, dark=dark), "Prior, penalty and its gradient"
    )


def write_certificate(findings: Findings) -> str:
    """Two routes to one point, and how near each is to the optimum."""
    both = findings.comparison
    if isinstance(both, Missing):
        return absent(both)
    stated = both.to_dict()
    rows = [(name, text) for name, text in summary(stated) if name not in ("posterior", "diagnostics")]
    return pairs(rows) + paragraph(*(f"{note}." for note in both.notes), kind="note")

"""Diagnostics, choices of the strength, the data, what makes the page again, and what to cite."""

from typing import Any

import numpy as np

from bayesreg.plots.from_arviz import MOST_PANELS, plot_ranks
from bayesreg.plots.selection import plot_selection
from bayesreg.priors.objective import find_objective
from bayesreg.reporting.effects import column_moments
from bayesreg.reporting.findings import Findings
from bayesreg.reporting.html import items, number, pairs, paragraph, picture, plain, table
from bayesreg.reporting.model_words import bibtex, citations, is_standardized
from bayesreg.reporting.provenance import again, made_by
from bayesreg.reporting.sections.section import left_out


def write_diagnostics(findings: Findings) -> str:
    """What sampled, and whether it converged."""
    attrs, sizes = findings.idata.attrs, findings.idata["posterior"].sizes
    kernel = attrs.get("kernel")
    rows: list[tuple[str, Any]] = [
        ("engine", attrs.get("engine", "not recorded")),
        ("why", attrs.get("engine_reason", "the posterior was given")),
        *([("kernel", ": ".join(filter(None, [kernel, attrs.get("kernel_reason")])))] if kernel else []),
        *([("overrelaxation", number(float(attrs["overrelaxation"])))] if "overrelaxation" in attrs else []),
        ("draws", f"{sizes['chain']} chains of {sizes['draw']}"),
        ("R-hat, largest", _recorded(attrs.get("rhat"), ".3f")),
        ("ESS bulk, smallest", _recorded(attrs.get("ess_bulk"), ".0f")),
        ("ESS tail, smallest", _recorded(attrs.get("ess_tail"), ".0f")),
        ("divergences", attrs.get("divergences", "not recorded")),
    ]
    rows.append(("converged", _converged(attrs)))
    return pairs(rows) + _ranks(findings)


def _converged(attrs: dict[Any, Any]) -> str:
    if "problems" not in attrs:
        return "not recorded"
    return f"no: {attrs['problems']}" if attrs["problems"] else "yes"


def _recorded(value: Any, form: str) -> str:
    return "not recorded" if value is None else number(float(value), form)


def _ranks(findings: Findings) -> str:
    order = findings.effects.order[:MOST_PANELS]
    names = [findings.reg.names[j] for j in order]
    coef = findings.idata["posterior"]["coef"].transpose("chain", "draw", "coef_name")
    if coef.sizes["chain"] < 2:
        return ""
    draws = coef.to_numpy()[..., [int(np.flatnonzero(coef["coef_name"].to_numpy() == name)[0]) for name in names]]
    note = paragraph(
        "Ranks of each chain's draws among all, less what uniform ranks would be: chains that agree stay close to 0.",
        kind="note",
    )
    return picture(lambda dark: plot_ranks(names, draws, dark=dark), "Rank plots of the largest coefficients") + note


def write_selection(findings: Findings) -> str:
    """Strengths that rules choose."""
    chosen = findings.selections
    assert chosen is not None
    quantity = f"{find_objective(chosen.objective).quantity} ({chosen.objective})"
    heads = ("rule", quantity, "lower 95%", "upper 95%", "coefficients not 0", "at an end of the grid", "how")
    rows = [
        [
            one.rule,
            number(one.strength),
            *(number(end) for end in one.interval or (None, None)),
            one.nonzero,
            "yes" if one.at_edge else "no",
            one.how,
        ]
        for one in chosen
    ]
    return table("Strengths that rules choose", heads, rows, words=("how",)) + picture(
        lambda dark: plot_selection(chosen, dark=dark), "Strengths that rules choose"
    )


def write_data(findings: Findings) -> str:
    """Where the numbers come from."""
    design = findings.reg.design
    rows = design.rows
    mean, sd = column_moments(findings.reg)
    kept = "rows" if rows is not None else "moments only (the rows are not kept)"
    facts: list[tuple[str, Any]] = [
        ("target", f"{design.target}: mean {number(design.mean_y)}, sd {number(design.sd_y)}"),
        ("rows, columns", f"{design.n}, {design.p}"),
        ("known from", kept),
        ("weights", "given" if rows is not None and rows.weights is not None else "none"),
        ("offset", "given" if design.has_offset else "none"),
        ("columns on which the prior is stated", "standardized" if is_standardized(findings.reg) else "as given"),
    ]
    cells = [
        [design.names[j], number(mean[j]), number(sd[j]), "constant" if design.constant[j] else ""]
        for j in np.sort(findings.effects.order)
    ]
    listed = table("Columns", ("column", "mean", "sd (divisor n)", "note"), cells)
    return pairs(facts) + listed + paragraph(left_out(findings), kind="note")


def write_provenance(findings: Findings) -> str:
    """Date, seed, versions, and what makes the page again."""
    return pairs(made_by(findings)) + f"<pre>{plain_lines(again(findings))}</pre>\n"


def write_citations(findings: Findings) -> str:
    """The package, and the papers."""
    return f"<pre>{plain_lines(bibtex())}</pre>\n{items(citations(findings))}"


def plain_lines(text: str) -> str:
    """Escaped text that keeps its lines."""
    return "\n".join(plain(line) for line in text.splitlines())

"""The sections of a report, each from findings to HTML; no numbers are computed here."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from bayesreg.analysis.comparison.compare import Comparison
from bayesreg.analysis.comparison.table import summary
from bayesreg.design.design import weighted_sd
from bayesreg.design.moments import weighted_mean
from bayesreg.optimize.least_squares import least_squares_name
from bayesreg.plots.kappa import plot_kappa
from bayesreg.plots.path import passed_along, plot_path
from bayesreg.plots.posterior_map import plot_posterior_map
from bayesreg.plots.prior import plot_prior
from bayesreg.plots.selection import plot_selection
from bayesreg.plots.shrinkage import plot_shrinkage
from bayesreg.plots.sparsity import plot_sparsity
from bayesreg.priors.objective import find_objective
from bayesreg.reporting.findings import Findings, Missing
from bayesreg.reporting.html import formula, number, pairs, paragraph, picture, plain, table
from bayesreg.reporting.model_words import (
    bibtex,
    citations,
    formulas,
    is_standardized,
    other_tools,
    penalty_formula,
    sentences,
)

# Rows of a table; of more columns those of largest posterior mean are told.
MAX_ROWS = 300
# Lines of the path that are named, and have a ribbon.
NAMED = 6


@dataclass(frozen=True)
class Section:
    """A heading, the address of its place on the page, and what stands below it."""

    title: str
    anchor: str
    tell: Callable[[Findings], str]


def lead(found: Findings) -> str:
    """The findings in a few sentences."""
    reg, both, spread = found.reg, found.comparison, found.shrinkage
    said = [f"{reg.design.target} on {reg.p} column{'' if reg.p == 1 else 's'}, n = {reg.n}."]
    if isinstance(both, Comparison):
        zeros = both.estimates["map"].n_zeros
        said.append(
            f"MAP and penalized estimate differ by at most {number(both.max_abs_difference, '.1e')}; the MAP sets "
            f"{zeros} of {reg.p} coefficients to exactly 0, and {both.zero_draws} posterior draws are exactly 0."
        )
    if not isinstance(spread, Missing):
        low, high = spread.interval(found.ci_prob)
        said.append(
            f"The {reg.p} coefficients count as {number(spread.m_eff)} "
            f"({_percent(found)} interval {number(low)} to {number(high)})."
        )
    return paragraph(*said, kind="lead") + _problems(found)


def _problems(found: Findings) -> str:
    problems = str(found.idata.attrs.get("problems", ""))
    return paragraph(f"The draws did not pass the gate: {problems}.", kind="warning") if problems else ""


def _percent(found: Findings) -> str:
    return f"{100 * found.ci_prob:g}%"


def _absent(part: Missing) -> str:
    return paragraph(f"Not available: {part.reason}", kind="missing")


def _model(found: Findings) -> str:
    return paragraph(*sentences(found.reg)) + "".join(formula(line) for line in formulas(found.reg))


def _comparison(found: Findings) -> str:
    both = found.comparison
    if isinstance(both, Missing):
        return _absent(both)
    told = both.to_dict()
    above = pairs((name, said) for name, said in summary(told) if name not in ("posterior", "diagnostics"))
    chosen, percent = _chosen(found), f"{100 * both.ci_prob:g}%"
    keys = ("ols", "penalized", "map", "difference", "mean", "sd", "lower", "upper", "p_same_sign")
    heads = ["", least_squares_name(both.reg), "penalized", "MAP", "MAP − penalized", "posterior mean", "sd"]
    heads += [f"lower {percent}", f"upper {percent}", "P(sign)"]
    forms = {"difference": ".1e", "p_same_sign": ".3f"}
    rows = [both.rows[j] for j in chosen]
    cells = [[row.name, *(number(getattr(row, key), forms.get(key, ".4g")) for key in keys)] for row in rows]
    notes = paragraph(
        *(f"{note}." for note in both.notes),
        "Coefficients are on the user's own columns; intervals are equal-tailed; P(sign) is the posterior probability "
        "of the likelier sign." + _left_out(found),
        kind="note",
    )
    pictures = picture(lambda dark: plot_shrinkage(both, dark=dark), "Least squares, posterior and MAP by coefficient")
    pictures += picture(lambda dark: plot_posterior_map(both, dark=dark), "Posterior densities with point estimates")
    return above + table(heads, cells, [row.map == 0 for row in rows]) + notes + pictures


def _chosen(found: Findings) -> np.ndarray:
    """The columns that tables tell of, in the user's order."""
    if found.reg.p <= MAX_ROWS:
        return np.arange(found.reg.p)
    draws = found.idata["posterior"]["coef"].mean(("chain", "draw")).to_numpy()
    size = np.abs(found.reg.design.standardization.beta(draws))
    return np.sort(np.argsort(-size, kind="stable")[:MAX_ROWS])


def _left_out(found: Findings) -> str:
    p = found.reg.p
    return "" if p <= MAX_ROWS else f" Of {p} coefficients the {MAX_ROWS} of largest posterior mean are in the table."


def _sparsity(found: Findings) -> str:
    told = found.sparsity
    if isinstance(told, Missing):
        return _absent(told)
    heads = ("", "estimate", "P(|coef| < ε)", "ε", "P(sign)", "local false sign rate", "s-value", "interval", "SAVS")
    chosen, holds = _chosen(found), ("holds 0", "excludes 0")
    probabilities = (told.p_direction, told.local_false_sign_rate, told.s_value)
    rows = [
        [
            told.names[j],
            number(told.point[j]),
            number(told.p_near_zero[j], ".3f"),
            number(told.epsilon[j]),
            *(number(values[j], ".3f") for values in probabilities),
            holds[int(told.excludes_zero[j])],
            number(told.savs[j]),
        ]
        for j in chosen
    ]
    zeros, p = int(told.zero.sum()), found.reg.p
    said = [f"{told.how[0].upper()}{told.how[1:]} sets {zeros} of {p} coefficients to exactly 0."]
    if zeros:
        sure = int(np.sum(told.p_near_zero[told.zero] > told.ci_prob))
        said.append(
            f"The posterior puts {sure} of those {zeros} within ±ε of 0 with probability above {told.ci_prob:g}."
        )
    if told.false_sign_rate is not None:
        rate = number(100 * told.false_sign_rate, ".1f")
        said.append(f"Of the {p - zeros} kept, {rate}% are expected to have the wrong sign.")
    body = paragraph(*said) + table(heads, rows, list(told.zero[chosen]), words=("interval",))
    body += paragraph(
        "ε is what counts as zero: 0.05 times the unit of the linear predictor (sd(y) for the gaussian family) per "
        "standard deviation of the column. SAVS is the sparsified posterior mean." + _left_out(found),
        kind="note",
    )
    return body + picture(lambda dark: plot_sparsity(told, dark=dark), "Probabilities of negative, near zero, positive")


def _shrinkage(found: Findings) -> str:
    told = found.shrinkage
    if isinstance(told, Missing):
        return _absent(told)
    frame = told.to_frame(found.ci_prob).iloc[_chosen(found)]
    low, high = told.interval(found.ci_prob)
    said = [f"m_eff = Σ(1 − κ) = {number(told.m_eff)} ({_percent(found)} interval {number(low)} to {number(high)})"]
    said.append("." if told.prior_m_eff is None else f"; under the prior {number(told.prior_m_eff)}.")
    best = [] if told.least_squares is None else [least_squares_name(found.reg)]
    heads = ["", *best, "posterior mean", "sd", "κ"]
    heads += [f"κ lower {_percent(found)}", f"κ upper {_percent(found)}", "rows that the prior is worth"]
    rows = [[name, *(number(value) for value in row)] for name, row in zip(frame.index, frame.to_numpy(), strict=True)]
    body = paragraph("".join(said), "κ is 0 where the prior leaves a coefficient untouched, 1 where it decides alone.")
    body += table(heads, rows)
    body += paragraph("Coefficients are β, on the columns that the prior sees." + _left_out(found), kind="note")
    return body + picture(lambda dark: plot_kappa(told, ci_prob=found.ci_prob, dark=dark), "Shrinkage by coefficient")


def _path(found: Findings) -> str:
    fits, ribbons = found.path, found.ribbons
    if isinstance(fits, Missing):
        return _absent(fits)
    tree = None if isinstance(ribbons, Missing) else ribbons
    body = picture(
        lambda dark: plot_path(fits, posterior=tree, ci_prob=found.ci_prob, max_labels=NAMED, dark=dark),
        "Path of the MAP over strengths",
    )
    said = f"{len(fits.strengths)} strengths, largest KKT residual {number(float(fits.kkt.max()), '.1e')} (relative)."
    if isinstance(ribbons, Missing):
        said += f" Without ribbons of the posterior: {ribbons.reason.rstrip('.')}."
    elif not np.all(passed := passed_along(ribbons)):
        said += f" At {np.sum(~passed)} of {len(passed)} strengths the draws did not pass the gate; no ribbon is there."
    return body + paragraph(said, kind="note")


def _prior(found: Findings) -> str:
    held = found.held
    if held.is_horseshoe:
        return _absent(Missing("a horseshoe is no penalty."))
    if held.scales.is_flat.all():
        return _absent(Missing("a flat prior has no density and no penalty."))
    times = "σ² × (−log posterior)" if held.family.has_sigma else "−log posterior"
    body = paragraph(f"The MAP minimizes {times}, constants dropped, which is")
    body += formula(penalty_formula(held))
    tools = other_tools(held)
    if tools:
        body += table(("the same penalty elsewhere", "strength"), tools)
    sigma = held.noise.sigma
    return body + picture(lambda dark: plot_prior(held.prior, sigma=sigma, dark=dark), "Prior, penalty and its pull")


def _sampler(found: Findings) -> str:
    attrs, sizes = found.idata.attrs, found.idata["posterior"].sizes
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
    rows.append(("gate", attrs["problems"] or "passed" if "problems" in attrs else "not recorded"))
    return pairs(rows)


def _recorded(value: Any, form: str) -> str:
    return "not recorded" if value is None else number(float(value), form)


def _selection(found: Findings) -> str:
    chosen = found.selections
    assert chosen is not None
    heads = (
        "rule",
        f"{find_objective(chosen.objective).quantity} ({chosen.objective})",
        "lower 95%",
        "upper 95%",
        "coefficients not 0",
        "how",
    )
    rows = [
        [one.rule, number(one.strength), *(number(end) for end in one.interval or (None, None)), one.nonzero, one.how]
        for one in chosen
    ]
    return table(heads, rows, words=("how",)) + picture(
        lambda dark: plot_selection(chosen, dark=dark), "Strengths that rules choose"
    )


def _data(found: Findings) -> str:
    design = found.reg.design
    rows = design.rows
    if rows is None:
        mean, sd = design.moments.mean_x, design.moments.sd_x
    else:
        mean = weighted_mean(rows.X, rows.weights)
        sd = weighted_sd(rows.X, mean, rows.weights)
    kept = "rows" if rows is not None else "moments only (the rows are not kept)"
    said: list[tuple[str, Any]] = [
        ("target", f"{design.target}: mean {number(design.mean_y)}, sd {number(design.sd_y)}"),
        ("rows, columns", f"{design.n}, {design.p}"),
        ("known from", kept),
        ("weights", "given" if rows is not None and rows.weights is not None else "none"),
        ("offset", "given" if design.has_offset else "none"),
        ("columns that the prior sees", "standardized" if is_standardized(found.reg) else "as given"),
    ]
    cells = [
        [design.names[j], number(mean[j]), number(sd[j]), "constant" if design.constant[j] else ""]
        for j in _chosen(found)
    ]
    return (
        pairs(said) + table(("column", "mean", "sd (divisor n)", ""), cells) + paragraph(_left_out(found), kind="note")
    )


def _cite(found: Findings) -> str:
    listed = "".join(f"<li>{plain(one)}</li>\n" for one in citations(found))
    return f"<pre>{plain_lines(bibtex())}</pre>\n<ul>{listed}</ul>\n"


def plain_lines(text: str) -> str:
    """Escaped text that keeps its lines."""
    return "\n".join(plain(line) for line in text.splitlines())


SECTIONS = (
    Section("The model", "model", _model),
    Section("Comparison and certificate", "comparison", _comparison),
    Section("Sparsity", "sparsity", _sparsity),
    Section("Shrinkage", "shrinkage", _shrinkage),
    Section("Path", "path", _path),
    Section("Prior and penalty", "prior", _prior),
    Section("Sampler", "sampler", _sampler),
    Section("Choice of the strength", "selection", _selection),
    Section("Data", "data", _data),
    Section("How to cite", "cite", _cite),
)

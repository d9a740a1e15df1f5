"""What the zeros of the MAP are worth, and how far each coefficient is shrunk."""

import numpy as np

from bayesreg.optimize.least_squares import least_squares_name
from bayesreg.plots.kappa import plot_kappa
from bayesreg.plots.sparsity import plot_sparsity
from bayesreg.reporting.findings import Findings, Missing
from bayesreg.reporting.html import number, paragraph, picture, table
from bayesreg.reporting.sections.section import absent, left_out, percent


def write_sparsity(findings: Findings) -> str:
    """Zeros of the estimate beside the posterior."""
    result = findings.sparsity
    if isinstance(result, Missing):
        return absent(result)
    heads = (
        "column",
        "estimate",
        "P(|coef| < ε)",
        "ε",
        "p_direction",
        "local false sign rate",
        "s-value",
        "interval",
        "SAVS",
    )
    chosen, words = findings.effects.order, ("contains 0", "excludes 0")
    probabilities = (result.p_direction, result.local_false_sign_rate, result.s_value)
    rows = [
        [
            result.names[j],
            number(result.point[j]),
            number(result.p_near_zero[j], ".3f"),
            number(result.epsilon[j]),
            *(number(values[j], ".3f") for values in probabilities),
            words[int(result.excludes_zero[j])],
            number(result.savs[j]),
        ]
        for j in chosen
    ]
    body = paragraph(*_zeros_in_words(findings))
    body += table("Zeros and signs, by size of effect", heads, rows, list(result.zero[chosen]), words=("interval",))
    body += paragraph(
        "ε is what counts as small: 0.05 times the unit of the linear predictor (sd(y) for the gaussian family) per "
        "standard deviation of the column. SAVS is the sparsified posterior mean." + left_out(findings),
        kind="note",
    )
    return body + picture(
        lambda dark: plot_sparsity(result, dark=dark), "Probabilities of negative, near zero, positive"
    )


def _zeros_in_words(findings: Findings) -> list[str]:
    result, p = findings.sparsity, findings.reg.p
    assert not isinstance(result, Missing)
    zeros = int(result.zero.sum())
    sentences = [f"{result.how[0].upper()}{result.how[1:]} sets {zeros} of {p} coefficients to exactly 0."]
    if zeros:
        sure = int(np.sum(result.p_near_zero[result.zero] > result.ci_prob))
        sentences.append(
            f"The posterior puts {sure} of those {zeros} within ±ε of 0 with probability above {result.ci_prob:g}."
        )
    if result.false_sign_rate is not None:
        rate = number(100 * result.false_sign_rate, ".1f")
        sentences.append(f"Of the {p - zeros} kept, {rate}% are expected to have the wrong sign.")
    return sentences


def write_shrinkage(findings: Findings) -> str:
    """κ of each coefficient, and the effective number of coefficients."""
    result = findings.shrinkage
    if isinstance(result, Missing):
        return absent(result)
    frame = result.to_frame(findings.ci_prob).iloc[findings.effects.order]
    low, high = result.interval(findings.ci_prob)
    text = f"Effective number of coefficients m_eff = Σ(1 − κ) = {number(result.m_eff)}"
    text += f" ({percent(findings)} interval {number(low)} to {number(high)})"
    text += "." if result.prior_m_eff is None else f"; under the prior {number(result.prior_m_eff)}."
    best = [] if result.least_squares is None else [least_squares_name(findings.reg)]
    heads = [
        "column",
        *best,
        "posterior mean",
        "sd",
        "κ",
        f"κ lower {percent(findings)}",
        f"κ upper {percent(findings)}",
    ]
    heads.append("prior effective sample size")
    rows = [[name, *(number(value) for value in row)] for name, row in zip(frame.index, frame.to_numpy(), strict=True)]
    body = paragraph(text, "κ is 0 where the prior leaves a coefficient untouched, 1 where it decides alone.")
    body += table("Shrinkage, by size of effect", heads, rows)
    body += paragraph(
        "Coefficients are β, on the (standardized) columns on which the prior is stated. The prior effective sample "
        "size is the number of rows that hold as much information as the prior." + left_out(findings),
        kind="note",
    )
    return body + picture(
        lambda dark: plot_kappa(result, ci_prob=findings.ci_prob, dark=dark), "Shrinkage by coefficient"
    )

"""The table of effects, and pictures of them."""

from bayesreg.analysis.comparison.compare import Comparison
from bayesreg.analysis.near_zero import NEAR_ZERO_SHARE, near_zero_text
from bayesreg.plots.posterior_map import plot_posterior_map
from bayesreg.plots.shrinkage import plot_shrinkage
from bayesreg.reporting.effects_table import effects_html, forms_of
from bayesreg.reporting.findings import Findings, Missing
from bayesreg.reporting.html import paragraph, picture, plain
from bayesreg.reporting.sections.section import left_out, percent


def write_effects(findings: Findings) -> str:
    """Controls, the table, and what its columns mean."""
    forms = forms_of(findings.effects)
    notes = paragraph(
        f"An effect is clear if its {percent(findings)} interval does not contain 0, near zero if |coefficient| < ε "
        f"with probability {findings.ci_prob:g} or more, and undecided otherwise; "
        f"{near_zero_text(findings.reg, NEAR_ZERO_SHARE)} is what counts as small. "
        "p_direction is the posterior probability of the likelier sign. Intervals are equal-tailed."
        + left_out(findings),
        kind="note",
    )
    return (
        _controls([form.label for form in forms]) + effects_html(findings.effects, forms) + notes + _pictures(findings)
    )


def _controls(labels: list[str]) -> str:
    """What the script shows: a search, and a switch of units."""
    switches = "".join(
        f'<label><input type="radio" name="effects-form" value="{k}"{" checked" if k == 0 else ""}> '
        f"{plain(label)}</label>\n"
        for k, label in enumerate(labels)
    )
    return (
        '<div class="controls" hidden>\n<label>Find a column<input type="search" id="effects-search" '
        'aria-controls="effects-table"></label>\n'
        f"<fieldset><legend>Numbers</legend>{switches}</fieldset>\n"
        '<output id="effects-count" for="effects-search" aria-live="polite"></output>\n</div>\n'
    )


def _pictures(findings: Findings) -> str:
    both = findings.comparison
    if isinstance(both, Missing):
        return paragraph(f"Without MAP and penalized estimate: {both.reason}", kind="missing")
    assert isinstance(both, Comparison)
    pictures = picture(lambda dark: plot_shrinkage(both, dark=dark), "Least squares, posterior and MAP by coefficient")
    return pictures + picture(
        lambda dark: plot_posterior_map(both, dark=dark), "Posterior densities with point estimates"
    )

"""What a section is."""

from collections.abc import Callable
from dataclasses import dataclass

from bayesreg.reporting.findings import Findings, Missing
from bayesreg.reporting.html import paragraph


@dataclass(frozen=True)
class Section:
    """A heading, the address of its place on the page, and what stands below it."""

    title: str
    anchor: str
    write: Callable[[Findings], str]


def absent(part: Missing) -> str:
    """Why a part is not there."""
    return paragraph(f"Not available: {part.reason}", kind="missing")


def percent(findings: Findings) -> str:
    """The probability of the intervals."""
    return f"{100 * findings.ci_prob:g}%"


def left_out(findings: Findings) -> str:
    """How many coefficients a table does not show."""
    shown, p = len(findings.effects.order), findings.reg.p
    return "" if shown == p else f" Of {p} coefficients the {shown} of largest posterior mean are in the table."

"""A comparison as text for a terminal and as HTML for a notebook; both from its plain dictionary."""

from html import escape
from typing import Any

# Columns of numbers come first: a longer name than this is folded where the terminal is narrow.
NAME_WIDTH = 24
# Spaces between two columns of a table.
BETWEEN = 3
# (key, heading): the columns of the table, in order.
COLUMNS = (
    ("name", ""),
    ("ols", "least squares"),
    ("penalized", "penalized"),
    ("map", "MAP"),
    ("difference", "MAP − pen."),
    ("mean", "post. mean"),
    ("sd", "sd"),
    ("lower", "lower"),
    ("upper", "upper"),
    ("p_direction", "p_direction"),
    ("p_near_zero", "P(|·|<ε)"),
)


def cells(row: dict[str, Any]) -> list[str]:
    """One coefficient's numbers as text; an exact zero of a point estimate is written as a bare 0."""
    return [row["name"] if key == "name" else _format(key, row[key]) for key, _ in COLUMNS]


def _format(key: str, value: float | None) -> str:
    if value is None:
        return "–"
    if key.startswith("p_"):
        return f"{value:.3f}"
    if value == 0:
        return "0"
    return f"{value:.1e}" if key == "difference" else f"{value:.4g}"


def headings(record: dict[str, Any]) -> list[str]:
    """The column headings, with the probability of the interval."""
    percent = f"{100 * record['ci_prob']:g}%"
    labels = {"ols": "least squares" if record["family"] == "gaussian" else "max. likelihood"}
    labels |= {key: f"{heading} {percent}" for key, heading in COLUMNS if key in ("lower", "upper")}
    return [labels.get(key, heading) for key, heading in COLUMNS]


def summary(record: dict[str, Any]) -> list[tuple[str, str]]:
    """What stands above the table, as (label, text) pairs."""
    zeros, check, diagnostics = record["zeros"], record["certificate"], record["diagnostics"]
    other = record["certificate_penalized"]
    differ = "not the same ones, as the minimum is not unique" if record["free_columns"] else "NOT the same ones"
    same = "the same ones" if record["same_zeros"] else differ
    scaled = " × sigma" if record["scaled_by_sigma"] else ""
    columns = "on standardized columns" if record["standardized"] else "on the columns as given"
    known = "held as known" if record["sigma_known"] else "joint mode; the posterior averages over it"
    return [
        ("data", f"{record['target']} on {record['p']} columns, n = {record['n']}"),
        (
            "prior",
            f"{record['prior']}, scale {_short(record['scale'])}{scaled} ({columns})",
        ),
        ("penalty", f"{record['strength_is']} {_short(record['strength'])} in the convention {record['objective']}"),
        *([("sigma", f"{record['sigma']:.4g}, {known}")] if record["has_sigma"] else []),
        (
            "MAP = penalized",
            f"largest difference {record['max_abs_difference']:.1e}"
            + ("; the minimum is not unique" if record["free_columns"] else ""),
        ),
        (
            "certificate",
            f"KKT {check['kkt']:.1e}, duality gap {_number(check['gap'], '.1e')} (relative); of penalized "
            f"KKT {_number(other['kkt'], '.1e')}, gap {_number(other['gap'], '.1e')}",
        ),
        (
            "exact zeros",
            f"MAP {zeros['map']}, penalized {zeros['penalized']} ({same} of {record['p']}); "
            f"posterior draws {record['zero_draws']}",
        ),
        ("posterior", f"{record['engine']}: {record['engine_reason']}"),
        (
            "diagnostics",
            f"R-hat {_number(diagnostics['rhat'], '.3f')}, "
            f"ESS bulk {_number(diagnostics['ess_bulk'], '.0f')}, tail {_number(diagnostics['ess_tail'], '.0f')}"
            + (f"; {diagnostics['problems']}" if diagnostics["problems"] else ""),
        ),
    ]


def footnotes(record: dict[str, Any]) -> list[str]:
    """What stands below the table."""
    return [
        *record["notes"],
        "coefficients are on the user's own columns; intervals are equal-tailed; p_direction is the posterior "
        f"probability of the likelier sign; {record['epsilon_text']}",
    ]


def render_text(record: dict[str, Any], width: int = 132, color: bool = False) -> str:
    """The comparison as text, laid out by rich."""
    from io import StringIO

    from rich.console import Console

    stream = StringIO()
    print_comparison(record, Console(file=stream, width=width, force_terminal=color, highlight=False))
    return stream.getvalue()


def print_comparison(record: dict[str, Any], console: Any) -> None:
    """Print to a rich console."""
    from rich import box
    from rich.markup import escape as plain
    from rich.table import Table
    from rich.text import Text

    above = Table(show_header=False, box=None, padding=(0, 2, 0, 0))
    above.add_column(style="bold", no_wrap=True)
    above.add_column(overflow="fold")
    for label, text in summary(record):
        above.add_row(label, Text(text))
    console.print(above)
    widths = _widths(record)
    for columns in _columns_that_fit(widths, console.width):
        table = Table(header_style="bold", box=box.SIMPLE_HEAD)
        # What the numbers leave is for the names.
        left = console.width - 1 - BETWEEN - sum(widths[j] + BETWEEN for j in columns[1:])
        table.add_column("", overflow="fold", max_width=max(left, widths[0]))
        heads = headings(record)
        # Headings fold where they do not fit on one line, since rich would rather cut a number.
        on_one_line = widths[0] + BETWEEN + sum(max(len(heads[j]), widths[j]) + BETWEEN for j in columns[1:])
        for j in columns[1:]:
            most = widths[j] if on_one_line >= console.width else None
            table.add_column(heads[j], justify="right", min_width=widths[j], max_width=most)
        for row in record["coefficients"]:
            texts = cells(row)
            table.add_row(*(Text(texts[j]) for j in columns), style="dim" if row["map"] == 0 else None)
        console.print(table)
    for note in footnotes(record):
        console.print(f"[dim]· {plain(note)}[/dim]", emoji=False)


def _widths(record: dict[str, Any]) -> list[int]:
    """The width that each column needs: its longest word, since headings fold at their spaces and names anywhere."""
    texts = [headings(record), *(cells(row) for row in record["coefficients"])]
    longest = [max(len(word) for text in texts for word in text[j].split() or [""]) for j in range(len(COLUMNS))]
    return [min(longest[0], NAME_WIDTH), *longest[1:]]


def _columns_that_fit(widths: list[int], width: int) -> list[list[int]]:
    """Columns of one table, or of several below each other where a narrow terminal would cut numbers off."""
    groups: list[list[int]] = [[0]]
    for j in range(1, len(widths)):
        taken = 1 + sum(widths[k] + BETWEEN for k in [*groups[-1], j])
        if taken > width and len(groups[-1]) > 1:
            groups.append([0])
        groups[-1].append(j)
    return groups


def render_html(record: dict[str, Any]) -> str:
    """The comparison as a self-contained HTML fragment."""
    above = "".join(
        f"<tr><th style='text-align:left'>{escape(a)}</th><td style='text-align:left'>{escape(b)}</td></tr>"
        for a, b in summary(record)
    )
    head = "".join(f"<th>{escape(heading)}</th>" for heading in headings(record))
    body = "".join(
        f"<tr{_faint(row)}>" + "".join(f"<td>{escape(text)}</td>" for text in cells(row)) + "</tr>"
        for row in record["coefficients"]
    )
    notes = "".join(f"<div><small>{escape(note)}</small></div>" for note in footnotes(record))
    table = f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
    return f"<div class='bayesreg'><table>{above}</table>{table}{notes}</div>"


def _faint(row: dict[str, Any]) -> str:
    return " style='opacity:0.6'" if row["map"] == 0 else ""


def _number(value: float | None, form: str) -> str:
    return "undefined" if value is None else format(value, form)


def _short(value: Any) -> str:
    if value is None:
        return "inf (flat)"
    if isinstance(value, (int, float)):
        return f"{value:.4g}"
    if isinstance(value, list):
        numbers = [float("inf") if item is None else item for item in value]
        return f"{min(numbers):.4g} to {max(numbers):.4g} by column"
    if isinstance(value, dict):
        return ", ".join(f"{name} {_short(item)}" for name, item in list(value.items())[:4]) + (
            ", …" if len(value) > 4 else ""
        )
    return str(value)

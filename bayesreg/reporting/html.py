"""Fragments of HTML; whatever text goes in is escaped here, and nowhere else."""

import base64
import re
from collections.abc import Callable, Iterable, Sequence
from html import escape
from io import BytesIO
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def plain(value: object) -> str:
    r"""Text for a page: escaped, and with characters that cannot be seen written as their code point.

    Examples
    --------
    >>> plain("<b> & a\x00b")
    '&lt;b&gt; &amp; a[U+0000]b'
    """
    return escape("".join(one if one.isprintable() else f"[U+{ord(one):04X}]" for one in str(value)))


def number(value: float | None, form: str = ".4g") -> str:
    """A number as text; an exact zero is a bare 0, and what is not there a dash.

    Examples
    --------
    >>> number(0.0, ".3f"), number(-1.23456), number(None)
    ('0', '-1.235', '–')
    """
    if value is None or value != value:
        return "–"
    return "0" if value == 0 else format(value, form)


def table(
    headings: Sequence[str], rows: Iterable[Sequence[object]], faint: Sequence[bool] = (), words: Sequence[str] = ()
) -> str:
    """A table of texts; the first cell of a row is its name, faint rows stand back, columns of `words` align left."""
    marked = ['<{} class="words"' if heading in words else "<{}" for heading in headings]
    head = "".join(
        f'{mark.format("th")} scope="col">{plain(one)}</th>' for mark, one in zip(marked, headings, strict=True)
    )
    marks = dict(enumerate(faint))
    body = "".join(
        f"<tr{' class="faint"' if marks.get(k) else ''}>"
        + "".join(
            f'<th scope="row">{plain(cell)}</th>' if j == 0 else f"{marked[j].format('td')}>{plain(cell)}</td>"
            for j, cell in enumerate(row)
        )
        + "</tr>\n"
        for k, row in enumerate(rows)
    )
    return f'<div class="wide"><table><thead><tr>{head}</tr></thead>\n<tbody>{body}</tbody></table></div>\n'


def formula(text: str) -> str:
    r"""A line of mathematics; a letter after an underscore is written below the line.

    Examples
    --------
    >>> formula("y_i < 1")
    '<div class="formula">y<sub>i</sub> &lt; 1</div>\n'
    """
    return f'<div class="formula">{re.sub(r"_([a-z])(?![a-z])", r"<sub>\1</sub>", plain(text))}</div>\n'


def pairs(rows: Iterable[tuple[str, object]]) -> str:
    """Names and what they are, below each other."""
    return "<dl>" + "".join(f"<dt>{plain(a)}</dt><dd>{plain(b)}</dd>\n" for a, b in rows) + "</dl>\n"


def paragraph(*sentences: object, kind: str = "") -> str:
    """One paragraph."""
    mark = f' class="{kind}"' if kind else ""
    return f"<p{mark}>{' '.join(plain(one) for one in sentences)}</p>\n"


def picture(draw: "Callable[[bool], Figure]", alt: str) -> str:
    """A figure inside the page, drawn for light and for dark paper; `draw` is called with whether it is dark."""
    light, dark = (_address(draw(is_dark), alt) for is_dark in (False, True))
    return (
        f'<figure><picture><source media="(prefers-color-scheme: dark)" srcset="{dark}">'
        f'<img src="{light}" alt="{plain(alt)}"></picture></figure>\n'
    )


def _address(figure: "Figure", salt: str) -> str:
    from matplotlib import rc_context

    stream = BytesIO()
    # The same numbers give the same bytes: neither a date nor random identifiers.
    with rc_context({"svg.hashsalt": salt}):
        figure.savefig(stream, format="svg", metadata={"Date": None})
    return "data:image/svg+xml;base64," + base64.b64encode(stream.getvalue()).decode("ascii")

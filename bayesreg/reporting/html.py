"""Fragments of HTML; whatever text goes in is escaped here, and nowhere else."""

import base64
import re
from collections.abc import Callable, Iterable, Sequence
from html import escape
from io import BytesIO
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# Of the parts of a figure that are no lines, but pixels.
RASTER_DPI = 200


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
    caption: str,
    headings: Sequence[str],
    rows: Iterable[Sequence[object]],
    faint: Sequence[bool] = (),
    words: Sequence[str] = (),
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
    return (
        f'<div class="wide" role="region" aria-label="{plain(caption)}" tabindex="0"><table>'
        f"<caption>{plain(caption)}</caption>\n<thead><tr>{head}</tr></thead>\n<tbody>{body}</tbody></table></div>\n"
    )


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


def linked(text: str) -> str:
    """Escaped text, in which a DOI or an arXiv number is a link to the paper.

    Examples
    --------
    >>> linked("doi:10.1/a_(b)")
    '<a href="https://doi.org/10.1/a_(b)">doi:10.1/a_(b)</a>'
    """
    pattern = r"(doi:(10\.\S+?)|arXiv:(\d+\.\d+))(?=[,;.]?(?:\s|$))"

    def link(match: re.Match[str]) -> str:
        address = f"https://doi.org/{match[2]}" if match[2] else f"https://arxiv.org/abs/{match[3]}"
        return f'<a href="{address}">{match[1]}</a>'

    return re.sub(pattern, link, plain(text))


def items(texts: Iterable[str]) -> str:
    """A list of texts, with links to the papers that they name."""
    return "<ul>" + "".join(f"<li>{linked(one)}</li>\n" for one in texts) + "</ul>\n"


def paragraph(*sentences: object, kind: str = "") -> str:
    """One paragraph."""
    mark = f' class="{kind}"' if kind else ""
    return f"<p{mark}>{' '.join(plain(one) for one in sentences)}</p>\n"


def picture(draw: "Callable[[bool], Figure]", alt: str, kind: str = "") -> str:
    """A figure inside the page, drawn for light and for dark screens; `draw` is called with whether it is dark."""
    light, dark = both_pictures(draw, alt)
    mark = f' class="{kind}"' if kind else ""
    return (
        f'<figure{mark}><picture><source media="screen and (prefers-color-scheme: dark)" srcset="{dark}">'
        f'<img src="{light}" alt="{plain(alt)}"></picture></figure>\n'
    )


def both_pictures(draw: "Callable[[bool], Figure]", alt: str) -> tuple[str, str]:
    """The figure for light and for dark screens, each as an address that holds it."""
    return _address(draw(False), alt), _address(draw(True), alt)


def _address(figure: "Figure", salt: str) -> str:
    from matplotlib import rc_context

    stream = BytesIO()
    # The same numbers give the same bytes: neither a date nor random identifiers.
    with rc_context({"svg.hashsalt": salt}):
        figure.savefig(stream, format="svg", dpi=RASTER_DPI, metadata={"Date": None})
    return "data:image/svg+xml;base64," + base64.b64encode(stream.getvalue()).decode("ascii")

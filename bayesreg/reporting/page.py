"""A page of HTML around a fragment; it needs no other file and no network."""

from html import escape

STYLE = """
:root { color-scheme: light dark;
  --paper: #ffffff; --text: #1b1b1b; --faint: #6b6b6b; --line: #d9d9d9; --mark: #0072B2; }
@media (prefers-color-scheme: dark) {
  :root { --paper: #15181c; --text: #ececec; --faint: #979da4; --line: #363c44; --mark: #56B4E9; }
}
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 60rem; padding: 0 1rem;
       background: var(--paper); color: var(--text); overflow-wrap: anywhere; }
h1 { font-size: 1.5rem; line-height: 1.25; margin: 0 0 .5rem; }
h2 { font-size: 1.15rem; margin: 2.5rem 0 .5rem; padding-top: .6rem; border-top: 2px solid var(--mark); }
p { margin: .5rem 0; }
.lead { font-size: 1.05rem; }
.note, small { color: var(--faint); font-size: .85rem; }
.missing { border-left: 3px solid var(--line); padding-left: .7rem; color: var(--faint); }
.warning { border-left: 3px solid #D55E00; padding-left: .7rem; }
nav { display: flex; flex-wrap: wrap; gap: .2rem 1rem; margin: 1rem 0; font-size: .9rem; }
nav a { color: var(--mark); }
.formula { font-family: Cambria, "STIX Two Math", "Latin Modern Math", Georgia, serif;
           font-size: 1.05rem; margin: .3rem 0 .3rem 1.5rem; }
dl { display: grid; grid-template-columns: minmax(8rem, max-content) 1fr; gap: .15rem 1rem; margin: .7rem 0; }
dt { color: var(--faint); }
dd { margin: 0; }
.bayesreg, .wide { overflow: auto; max-height: 36rem; margin: .7rem 0; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: .88rem; overflow-wrap: normal; }
th, td { padding: .18rem .6rem; text-align: right; vertical-align: top; font-weight: normal; }
th:first-child, td:first-child { text-align: left; min-width: 7rem; max-width: 18rem;
                                 overflow-wrap: anywhere; padding-left: 0; }
.words { text-align: left; min-width: 5.5rem; }
tbody th { color: inherit; }
thead th { border-bottom: 1px solid var(--faint); font-weight: 600; position: sticky; top: 0;
           background: var(--paper); vertical-align: bottom; }
tbody tr + tr > * { border-top: 1px solid var(--line); }
tr.faint > * { color: var(--faint); }
figure { margin: 1rem 0; }
img { max-width: 100%; height: auto; }
pre { overflow: auto; padding: .7rem; border: 1px solid var(--line); font-size: .85rem; }
@media print { .wide { max-height: none; } nav { display: none; } figure, tr { break-inside: avoid; } }
"""


def render_page(title: str, body: str) -> str:
    """A whole page.

    Parameters
    ----------
    title : str
        Plain text.
    body : str
        HTML.

    Examples
    --------
    >>> "<title>a &lt; b</title>" in render_page("a < b", "<p>…</p>")
    True
    """
    return (
        f'<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n{body}\n</body>\n</html>\n"
    )

"""A page of HTML around a fragment; it needs no other file and no network."""

import json
from base64 import b64encode
from functools import cache
from hashlib import sha256
from html import escape
from importlib.resources import files
from typing import Any


@cache
def page_file(name: str) -> str:
    """The text of ``report.css`` or ``report.js``."""
    return files("bayesreg.reporting").joinpath(name).read_text(encoding="utf-8")


def render_page(title: str, body: str, *, contents: str = "", data: dict[str, Any] | None = None) -> str:
    """A whole page, which may load nothing, and run nothing but its one script.

    Parameters
    ----------
    title : str
        Plain text.
    body : str
        HTML.
    contents : str, optional
        HTML of the navigation beside it.
    data : dict, optional
        What the script shows, as plain numbers and texts; without it the page has no script.

    Examples
    --------
    >>> "<title>a &lt; b</title>" in render_page("a < b", "<p>…</p>")
    True
    """
    style, script = page_file("report.css"), page_file("report.js") if data is not None else ""
    scripts = f'<script type="application/json" id="report-data">{_json(data)}</script>\n<script>{script}</script>\n'
    skip = '<a class="skip" href="#content">Skip to the content</a>\n' if contents else ""
    navigation = f'<nav aria-label="Contents">{contents}</nav>\n' if contents else ""
    return (
        f'<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_policy(style, script)}">\n'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>{style}</style>\n</head>\n<body>\n"
        f'{skip}<div class="page{"" if contents else " plain"}">\n{navigation}<main id="content">\n{body}</main>\n'
        f"</div>\n{scripts if data is not None else ''}</body>\n</html>\n"
    )


def _policy(style: str, script: str) -> str:
    """Nothing may be loaded; pictures within the page, its style and its script may be used.

    A page without a script may hold the table of a notebook, which brings styles of its own.
    """
    allowed = f"style-src {_hash(style)}; script-src {_hash(script)}" if script else "style-src 'unsafe-inline'"
    return f"default-src 'none'; img-src data:; {allowed}; base-uri 'none'; form-action 'none'"


def _hash(text: str) -> str:
    return f"'sha256-{b64encode(sha256(text.encode('utf-8')).digest()).decode('ascii')}'"


def _json(data: Any) -> str:
    """JSON in which no text can end the element that holds it."""
    text = json.dumps(data, allow_nan=False, ensure_ascii=False, separators=(",", ":"))
    text = text.encode("utf-8", "backslashreplace").decode("utf-8")
    return (
        text.replace("<", "\\u003c").replace(">", "\\u003e").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")
    )

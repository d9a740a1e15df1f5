"""Column names as labels: any name can be drawn, fits, and stays distinct from the others."""

from collections import Counter
from collections.abc import Iterable, Sequence
from functools import cache
from unicodedata import east_asian_width

WIDTH = 28
# Letters that are nearly twice as wide as the others.
WIDE = "MW@%"

# Asked, where they are installed, for what the user's own font lacks.
FALLBACK_FAMILIES = (
    "DejaVu Sans",
    "Noto Sans CJK SC",
    "Source Han Sans SC",
    "PingFang SC",
    "Hiragino Sans",
    "Microsoft YaHei",
    "WenQuanYi Zen Hei",
    "Arial Unicode MS",
)


def plot_labels(names: Sequence[str], width: int = WIDTH) -> list[str]:
    r"""Turn column names into labels for matplotlib.

    Parameters
    ----------
    names : sequence of str
    width : int, optional
        Longest label in characters (a Chinese character or a W counts as two); more is cut out of the middle.

    Returns
    -------
    list of str
        With ``$`` escaped, so that nothing is read as mathematics, and with characters that no
        installed font has written as their code point. Labels that became equal get their position.

    Examples
    --------
    >>> plot_labels(["x_1$", "a very long column name that goes on and on"])
    ['x_1\\$', 'a very long co…oes on and on']
    """
    shortened = [_shortened(_drawable(name), width) for name in names]
    count = Counter(shortened)
    return [(label if count[label] == 1 else f"{label} [{j}]").replace("$", r"\$") for j, label in enumerate(shortened)]


def labels_of(names: Sequence[str], chosen: Iterable[int], width: int = WIDTH) -> list[str]:
    """Labels of some columns, the same whichever others are drawn with them."""
    labels = plot_labels(names, width)
    return [labels[j] for j in chosen]


def font_families() -> list[str]:
    """The user's own families, then those fallbacks that are installed."""
    from matplotlib import rcParams
    from matplotlib.font_manager import fontManager

    installed = set(fontManager.get_font_names())
    return [*rcParams["font.family"], *(family for family in FALLBACK_FAMILIES if family in installed)]


def _drawable(name: str) -> list[str]:
    """The name's characters, each replaced by its code point if it cannot be drawn."""
    files = _font_files(tuple(font_families()))
    pieces = [character if _has_glyph(character, files) else f"[U+{ord(character):04X}]" for character in name]
    return pieces or ["(no name)"]


def _shortened(pieces: list[str], width: int) -> str:
    if sum(map(_columns, pieces)) <= width:
        return "".join(pieces)
    head = _fitting(pieces, width // 2)
    tail = _fitting(pieces[::-1], width - 1 - width // 2)[::-1]
    return f"{''.join(head).rstrip()}…{''.join(tail).lstrip()}"


def _fitting(pieces: list[str], width: int) -> list[str]:
    """The longest beginning that is at most this wide."""
    used, count = 0, 0
    while used + _columns(pieces[count]) <= width:
        used, count = used + _columns(pieces[count]), count + 1
    return pieces[:count]


def _columns(piece: str) -> int:
    return sum(2 if east_asian_width(character) in "WF" or character in WIDE else 1 for character in piece)


@cache
def _font_files(families: tuple[str, ...]) -> tuple[str, ...]:
    from matplotlib.font_manager import FontProperties, findfont

    return tuple(str(findfont(FontProperties(family=[family]))) for family in families)


@cache
def _has_glyph(character: str, files: tuple[str, ...]) -> bool:
    from matplotlib.font_manager import get_font

    printable = character.isprintable()
    return printable and any(get_font(file).get_char_index(ord(character)) != 0 for file in files)

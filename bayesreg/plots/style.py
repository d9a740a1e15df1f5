"""What all figures share: colours that the colour-blind can tell apart, a header, and plain axes."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from numbers import Integral
from typing import TYPE_CHECKING, Any

from bayesreg.errors import PriorError
from bayesreg.model.arguments import read_flag
from bayesreg.plots.names import font_families

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

TITLE_SIZE, TEXT_SIZE, SMALL_SIZE = 11.0, 9.0, 8.0
# Heights in inches of what stands above the axes.
TITLE_HEIGHT, LINE_HEIGHT, LEGEND_HEIGHT, MARGIN = 0.26, 0.17, 0.23, 0.09


@dataclass(frozen=True)
class Ink:
    """The colours of one figure, from the palette of Okabe & Ito (2008, https://jfly.uni-koeln.de/color/).

    Attributes
    ----------
    paper, text, faint, grid : str
        Background, text, what stands back, and grid lines.
    mean, map : str
        Posterior and MAP.
    cycle : tuple of str
        For several things of one kind, in this order.
    """

    paper: str
    text: str
    faint: str
    grid: str
    mean: str
    map: str
    cycle: tuple[str, ...]


LIGHT = Ink(
    paper="#ffffff",
    text="#1b1b1b",
    faint="#7d7d7d",
    grid="#e6e6e6",
    mean="#0072B2",
    map="#D55E00",
    cycle=("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#1b1b1b"),
)
DARK = Ink(
    paper="#15181c",
    text="#ececec",
    faint="#979da4",
    grid="#2c3137",
    mean="#56B4E9",
    map="#E69F00",
    cycle=("#56B4E9", "#E69F00", "#009E73", "#CC79A7", "#F0E442", "#D55E00", "#ececec"),
)


def legible(color: str, colors: Ink) -> tuple[float, float, float]:
    """A colour moved towards that of text, so that small letters in it stand out from the paper."""
    from matplotlib.colors import to_rgb

    red, green, blue = (
        0.6 * channel + 0.4 * text for channel, text in zip(to_rgb(color), to_rgb(colors.text), strict=True)
    )
    return red, green, blue


def ink(dark: bool) -> Ink:
    """The colours on dark or on light paper."""
    return DARK if read_flag(dark, "dark") else LIGHT


def is_count(value: object, least: int) -> bool:
    """Whether a value is a whole number (not a boolean) of at least this size."""
    return isinstance(value, Integral) and not isinstance(value, bool) and int(value) >= least


@contextmanager
def drawing() -> Iterator[None]:
    """Settings under which artists are made: fonts with fallbacks, and no LaTeX, which odd names would break."""
    from matplotlib import rc_context

    with rc_context({"font.family": font_families(), "text.usetex": False, "axes.unicode_minus": True}):
        yield


def new_figure(width: float, height: float, colors: Ink) -> "Figure":
    """An empty figure, width and height in inches."""
    from bayesreg.plots.figure import ShownFigure

    return ShownFigure(figsize=(width, height), dpi=100, facecolor=colors.paper, layout="constrained")


def axes_for(ax: "Axes | None", width: float, height: float, colors: Ink, *, upright_grid: bool = False) -> "Axes":
    """The user's axes or those of an empty figure, width and height in inches, dressed."""
    axes = new_figure(width, height, colors).add_subplot() if ax is None else check_axes([ax], 1, "ax")[0]
    dress(axes, colors, upright_grid=upright_grid)
    return axes


def check_axes(axes: Any, count: int, name: str) -> "list[Axes]":
    """So many axes of matplotlib; PriorError for anything else."""
    from matplotlib.axes import Axes

    given = list(axes) if isinstance(axes, Iterable) else [axes]
    if len(given) != count or not all(isinstance(one, Axes) for one in given):
        raise PriorError(
            f"{name} must be {count} matplotlib Axes, such as pyplot.subplots(1, {count})[1], got {axes!r}."
        )
    return given


def figure_of(ax: "Axes") -> "Figure":
    """The whole figure that axes belong to, also where they are in a subfigure."""
    figure = ax.get_figure(root=True)
    assert figure is not None
    return figure


def dress(ax: "Axes", colors: Ink, *, upright_grid: bool = False) -> None:
    """Plain axes: two spines, small ticks, and upright grid lines or none."""
    ax.set_facecolor(colors.paper)
    ax.set_axisbelow(True)
    for side, spine in ax.spines.items():
        spine.set_visible(side in ("left", "bottom"))
        spine.set_color(colors.faint)
        spine.set_linewidth(0.8)
    ax.tick_params(which="both", color=colors.faint, labelcolor=colors.text, labelsize=SMALL_SIZE)
    ax.grid(False, which="both")
    if upright_grid:
        ax.grid(True, axis="x", which="major", color=colors.grid, linewidth=0.8)
    for label in (ax.xaxis.label, ax.yaxis.label):
        label.set(color=colors.text, fontsize=TEXT_SIZE)


@dataclass(frozen=True)
class Heading:
    """What a figure says above its axes.

    Attributes
    ----------
    title : str
        The lesson, in one line.
    subtitle : str
        What was drawn; lines separated by newlines.
    handles : sequence of Artist
        Of the legend, which stands above the axes so that it covers no data.
    columns : int
        Entries per row of the legend.
    """

    title: str
    subtitle: str
    handles: Sequence[Any] = ()
    columns: int = 5

    @property
    def rows(self) -> int:
        """Rows of the legend."""
        return -(-len(self.handles) // self.columns)

    @property
    def height(self) -> float:
        """Inches that it takes on top of a figure of our own."""
        return TITLE_HEIGHT + LINE_HEIGHT * len(self.subtitle.splitlines()) + LEGEND_HEIGHT * self.rows

    def write(self, ax: "Axes", colors: Ink, *, whole_figure: bool, clear: float = 0.0) -> "Figure":
        """Write it, on top of a figure of our own or else above the user's axes; returns the figure."""
        figure = figure_of(ax)
        if whole_figure:
            self._on_figure(figure, colors)
        else:
            self._on_axes(ax, colors, clear)
        return figure

    def _on_figure(self, figure: "Figure", colors: Ink) -> None:
        """The room that it takes is kept free of axes."""
        width, height = figure.get_size_inches()
        left, used = MARGIN / width, MARGIN
        figure.text(left, 1 - used / height, self.title, va="top", size=TITLE_SIZE, weight="bold", color=colors.text)
        used += TITLE_HEIGHT
        small: dict[str, Any] = {"va": "top", "size": SMALL_SIZE, "color": colors.faint, "linespacing": 1.3}
        figure.text(left, 1 - used / height, self.subtitle, **small)
        used += LINE_HEIGHT * len(self.subtitle.splitlines())
        if self.handles:
            at = {"loc": "upper left", "bbox_to_anchor": (left, 1 - used / height), "borderaxespad": 0.35}
            figure.legend(**self._legend(colors) | at).set_in_layout(False)
        below = 1 - (MARGIN + self.height) / height
        figure.set_layout_engine("constrained", rect=(0.0, 0.0, 1.0, below), w_pad=MARGIN, h_pad=MARGIN)

    def _on_axes(self, ax: "Axes", colors: Ink, clear: float) -> None:
        """Without the subtitle, and `clear` points higher where another axis stands."""
        from matplotlib.transforms import ScaledTranslation

        if self.handles:
            higher = ax.transAxes + ScaledTranslation(0, (4 + clear) / 72, figure_of(ax).dpi_scale_trans)
            above = {"loc": "lower left", "bbox_to_anchor": (0.0, 1.0), "bbox_transform": higher, "borderaxespad": 0.0}
            ax.legend(**self._legend(colors) | above)
        pad = 6 + clear + 72 * LEGEND_HEIGHT * self.rows
        ax.set_title(self.title, loc="left", pad=pad, size=TITLE_SIZE, weight="bold", color=colors.text)

    def _legend(self, colors: Ink) -> dict[str, Any]:
        return {
            "handles": self.handles,
            "ncols": self.columns,
            "frameon": False,
            "fontsize": SMALL_SIZE,
            "labelcolor": colors.text,
            "handlelength": 1.8,
            "handletextpad": 0.5,
            "columnspacing": 1.4,
            "borderpad": 0.0,
        }

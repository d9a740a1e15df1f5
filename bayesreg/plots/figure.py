"""A matplotlib figure that notebooks show, and that pyplot neither knows of nor has to close."""

from io import BytesIO
from typing import final

from matplotlib.figure import Figure


@final
class ShownFigure(Figure):
    """A figure with a picture of itself.

    Notebooks know how to show a bare ``Figure`` only once pyplot has been used there; this one they can always show.
    """

    def _repr_png_(self) -> bytes:
        stream = BytesIO()
        self.savefig(stream, format="png")
        return stream.getvalue()

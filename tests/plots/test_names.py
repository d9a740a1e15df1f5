import subprocess
import sys

import pytest

from bayesreg.plots import names
from bayesreg.plots.names import plot_labels


def test_long_names_lose_their_middle():
    (label,) = plot_labels(["begin " + "x" * 100 + " end"])
    assert len(label) <= names.WIDTH
    assert label.startswith("begin ")
    assert label.endswith(" end")
    assert "…" in label


def test_a_name_that_just_fits_is_kept():
    assert plot_labels(["x" * names.WIDTH]) == ["x" * names.WIDTH]


@pytest.mark.parametrize("name", ["x_1$", "$a$_{b}", r"a\$b$", "$$", r"\alpha"])
def test_nothing_is_read_as_mathematics(name):
    from matplotlib.text import Text

    (label,) = plot_labels([name])
    shown, is_math = Text(text=label)._preprocess_math(label)
    assert not is_math
    assert shown == name


def test_what_no_font_has_is_written_as_its_code_point(monkeypatch):
    monkeypatch.setattr(names, "font_families", lambda: ["DejaVu Sans"])
    assert plot_labels(["价", "a\nb", "é"]) == ["[U+4EF7]", "a[U+000A]b", "é"]


def test_labels_that_became_equal_stay_distinct():
    first, second, third = plot_labels(["a" * 30 + "1" + "b" * 30, "a" * 30 + "2" + "b" * 30, "c"])
    assert first != second
    assert third == "c"


def test_a_column_has_one_label_whatever_is_drawn_with_it():
    columns = ["a" * 30 + "1" + "b" * 30, "c", "a" * 30 + "2" + "b" * 30]
    every = plot_labels(columns)
    assert names.labels_of(columns, [2]) == [every[2]]
    assert names.labels_of(columns, [2, 0]) == [every[2], every[0]]
    assert every[0].endswith("[0]")
    assert every[2].endswith("[2]")


def test_wide_letters_take_no_more_room_than_narrow_ones():
    from matplotlib.textpath import TextPath

    (wide,) = plot_labels(["W" * 60])
    (plain,) = plot_labels(["n" * 60])
    assert TextPath((0, 0), wide).get_extents().width < TextPath((0, 0), plain).get_extents().width


def test_an_empty_name_is_called_so():
    assert plot_labels([""]) == ["(no name)"]


def test_matplotlib_is_loaded_only_to_draw():
    code = (
        "import sys, bayesreg as br; from bayesreg.plots import plot_path; "
        "import bayesreg.reporting.folder; print('matplotlib' in sys.modules)"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert out.strip() == "False"

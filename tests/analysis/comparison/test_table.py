"""The table as text and as HTML: every number is there, none is cut off, no name is taken for markup."""

import re
from html.parser import HTMLParser

import numpy as np
import pytest

import bayesreg as br
from bayesreg.analysis.comparison.table import COLUMNS, cells, footnotes, headings, render_html, render_text, summary


@pytest.fixture(scope="module")
def told():
    frame, target = br.load_dataset("diabetes")
    reg = br.Regression(frame.drop(columns=target), frame[target], prior=br.Laplace(10.0), sigma=54.0)
    return br.compare(reg, random_seed=1, notes=("a note",)).to_dict()


def row_of(**values):
    return {key: "name" if key == "name" else 1.0 for key, _ in COLUMNS} | values


class Texts(HTMLParser):
    """The texts of a page, and its tags."""

    def __init__(self):
        super().__init__()
        self.texts, self.tags = [], []

    def handle_data(self, data):
        self.texts.append(data)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)


def read(html):
    page = Texts()
    page.feed(html)
    page.close()
    return page


@pytest.mark.parametrize(
    ("key", "value", "text"),
    [
        ("name", "bmi", "bmi"),
        ("map", 0.0, "0"),
        ("penalized", -0.0, "0"),
        ("ols", 0.0001234567, "0.0001235"),
        ("mean", -12345.678, "-1.235e+04"),
        ("difference", 0.0, "0"),
        ("difference", -3.46e-15, "-3.5e-15"),
        ("p_direction", 1.0, "1.000"),
        ("p_near_zero", 0.0, "0.000"),
        ("p_near_zero", 0.12345, "0.123"),
    ],
)
def test_cells(key, value, text):
    place = [name for name, _ in COLUMNS].index(key)
    assert cells(row_of(**{key: value}))[place] == text


def test_headings_carry_the_probability_of_the_interval(told):
    assert "lower 95%" in headings(told)
    assert "upper 89.5%" in headings({**told, "ci_prob": 0.895})


def test_the_summary_names_every_quantity(told):
    found = dict(summary(told))
    assert found["data"] == "target on 10 columns, n = 442"
    assert found["penalty"] == f"strength {54.0**2 / 10:.4g} in the convention half_rss"
    assert found["sigma"] == "54, held as known"
    assert "MAP 2, penalized 2 (the same ones of 10)" in found["exact zeros"]
    assert "of penalized KKT" in found["certificate"]
    tied = dict(summary({**told, "same_zeros": False, "free_columns": ["a", "b"]}))
    assert "not the same ones, as the minimum is not unique" in tied["exact zeros"]
    assert "the minimum is not unique" in tied["MAP = penalized"]
    assert "joint mode" in dict(summary({**told, "sigma_known": False}))["sigma"]
    assert "NOT the same ones" in dict(summary({**told, "same_zeros": False}))["exact zeros"]
    assert "× sigma" in dict(summary({**told, "scaled_by_sigma": True}))["prior"]
    bad = {**told, "diagnostics": {**told["diagnostics"], "problems": "R-hat 1.2: take more draws"}}
    assert "take more draws" in dict(summary(bad))["diagnostics"]


def test_strengths_of_many_columns_are_told_as_a_range(told):
    found = dict(summary({**told, "strength": [1.0, 20.0], "scale": {"l1": 2.0, "l2": 3.0}}))
    assert "strength 1 to 20 by column" in found["penalty"]
    assert "scale l1 2, l2 3" in found["prior"]


def test_text_holds_every_cell(told):
    lines = render_text(told).splitlines()
    for row in told["coefficients"]:
        assert cells(row) in [line.split() for line in lines]
    assert "· a note" in lines
    assert "\x1b" not in render_text(told)
    assert "\x1b" in render_text(told, color=True)


@pytest.mark.parametrize("width", range(40, 140, 3))
def test_a_narrow_terminal_cuts_no_number_off(told, width):
    words = set(render_text(told, width=width).split())
    for row in told["coefficients"]:
        assert set(cells(row)) <= words


def test_html_holds_every_cell_and_note(told):
    page = read(render_html(told))
    for row in told["coefficients"]:
        assert set(cells(row)) <= set(page.texts)
    assert {label for label, _ in summary(told)} <= set(page.texts)
    assert set(footnotes(told)) <= set(page.texts)
    assert page.tags.count("tr") == len(summary(told)) + 1 + 10


HOSTILE = ["<b>bold</b>", "a&amp;b", "'\"><script>alert(1)</script>", "[red]x[/red]", ":smile:", "[/]", "\\"]


@pytest.fixture(scope="module")
def hostile():
    import pandas as pd

    rng = np.random.default_rng(0)
    X = pd.DataFrame(rng.normal(size=(40, len(HOSTILE))), columns=HOSTILE)
    y = pd.Series(rng.normal(size=40), name="<i>y</i>")
    return br.compare(br.Regression(X, y, prior=br.Laplace(1.0), sigma=1.0), random_seed=1, notes=("[b]n[/b] <u>",))


def test_names_are_text_and_not_html(hostile):
    page = read(hostile._repr_html_())
    assert set(HOSTILE) <= set(page.texts)
    assert "<i>y</i> on 7 columns, n = 40" in page.texts
    assert "[b]n[/b] <u>" in page.texts
    assert not set(page.tags) & {"b", "i", "u", "script"}


def test_names_are_text_and_not_markup(hostile):
    text = re.sub(r"\s+", "", render_text(hostile.to_dict(), width=400))
    for name in HOSTILE:
        assert name in text
    assert "·[b]n[/b]<u>" in text


def test_a_long_name_is_folded_and_not_cut_off(told):
    long = "n" * 300
    first, *others = told["coefficients"]
    text = render_text({**told, "coefficients": [{**first, "name": long}, *others]})
    assert text.count("n") >= 300
    assert set(cells(first)[1:]) <= set(text.split())

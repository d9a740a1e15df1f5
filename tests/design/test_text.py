import numpy as np
import pandas as pd
import pytest

import bayesreg as br
from bayesreg.design.text import text_cure
from bayesreg.errors import DataError

RNG = np.random.default_rng(0)
CLEAN = pd.DataFrame(
    {"a": np.round(RNG.normal(0, 2_000, 50)), "b": np.round(RNG.normal(size=50), 3), "y": RNG.normal(size=50)}
)


def grouped(mark):
    return CLEAN.assign(a=[f"{value:,.0f}".replace(",", mark) for value in CLEAN["a"]])


def to_text(frame, **options):
    return frame.to_csv(index=False, **options)


# A file as people write it, what the message must name, and the options that read it as the clean one.
DIRTY = {
    "semicolons": (to_text(CLEAN, sep=";"), "separator=';'", {"separator": ";"}),
    "tabs": (to_text(CLEAN, sep="\t"), r"separator='\\t'", {"separator": "\t"}),
    "pipes": (to_text(CLEAN, sep="|"), r"separator='\|'", {"separator": "|"}),
    "decimal commas": (
        to_text(CLEAN, sep=";", decimal=","),
        "separator=';', decimal=\",\"",
        {"separator": ";", "decimal": ","},
    ),
    "quoted commas": (to_text(CLEAN.assign(b=CLEAN["b"].astype(str).str.replace(".", ","))), 'decimal=","', None),
    "thousands": (to_text(grouped(",")), 'thousands=","', {"thousands": ","}),
    "apostrophes": (to_text(grouped("'")), 'thousands="\'"', {"thousands": "'"}),
    "percent": (
        to_text(CLEAN.assign(b=[f"{100 * value:.1f}%" for value in CLEAN["b"]])),
        r"percent=True \(--percent\)",
        {"percent": True},
    ),
    "an index": (CLEAN.to_csv(), r"drop=\['Unnamed: 0'\] \(--drop 'Unnamed: 0'\)", {"drop": ["Unnamed: 0"]}),
    "dates": (
        to_text(CLEAN.assign(when=pd.date_range("2020-01-01", periods=50).astype(str))),
        r"dates such as '2020-01-01'.*drop=\['when'\]",
        {"drop": ["when"]},
    ),
    "German dates": (to_text(CLEAN.assign(when="31.12.2020")), "dates such as", {"drop": ["when"]}),
    "names": (
        to_text(CLEAN.assign(who=[f"person {j}" for j in range(50)])),
        r"names each of the 50 rows.*--drop 'who'",
        {"drop": ["who"]},
    ),
    "an empty column": (to_text(CLEAN.assign(note=np.nan)), r"no value at all: drop=\['note'\]", {"drop": ["note"]}),
}


@pytest.mark.parametrize("name", DIRTY)
def test_a_dirty_file_is_refused_with_the_option_that_reads_it(tmp_path, name):
    text, message, options = DIRTY[name]
    path = tmp_path / "dirty.csv"
    path.write_text(text)
    with pytest.raises(DataError, match=message):
        br.moments(path)
    if options is not None:
        found, expected = br.moments(path, **options), br.moments(CLEAN)
        assert found.names == expected.names
        np.testing.assert_allclose(found.gram, expected.gram, rtol=1e-12)


@pytest.mark.parametrize("encoding", ["latin-1", "utf-16", "cp1252"])
def test_an_encoding_is_named(tmp_path, encoding):
    CLEAN.rename(columns={"a": "größe"}).to_csv(tmp_path / "dirty.csv", index=False, encoding=encoding)
    with pytest.raises(DataError, match=f'encoding="{"latin-1" if encoding == "cp1252" else encoding}"'):
        br.moments(tmp_path / "dirty.csv")
    assert br.moments(tmp_path / "dirty.csv", encoding=encoding).names == ("größe", "b")
    with pytest.raises(DataError, match="unknown encoding"):
        br.moments(tmp_path / "dirty.csv", encoding="klingon")


def test_marks_of_missing_values_are_missing_values(tmp_path):
    marked = CLEAN.astype(object).mask(RNG.random(CLEAN.shape) < 0.1, "?")
    marked.to_csv(tmp_path / "dirty.csv", index=False)
    with pytest.raises(DataError, match=r"holds \['\?'\] among numbers such as .*na=\['\?'\] \(--na '\?'\)"):
        br.moments(tmp_path / "dirty.csv")
    with pytest.raises(DataError, match=r'"a" has \d+ missing'):
        br.moments(tmp_path / "dirty.csv", na=["?"])
    expected = br.moments(CLEAN[(marked != "?").all(axis=1)])
    assert br.moments(tmp_path / "dirty.csv", na=["?"], missing="drop").n == expected.n


@pytest.mark.parametrize(
    "values",
    [
        ["low", "high"],
        ["A1", "B2"],
        ["yes"],
        ["<5", ">5"],
        ["1st", "2nd"],
        ["Legend", "90", *(f"car {j}" for j in range(9))],
        ["é", "🦊"],
        [],
    ],
)
def test_names_of_categories_are_not_taken_for_numbers(values):
    assert text_cure(values, "a") is None


@pytest.mark.parametrize(
    ("values", "words"),
    [
        (["3", "4", "rotary"], ["na=['rotary'] (--na 'rotary')", "(--factor 'a')"]),
        (["3", "4"], ["pandas.to_numeric", "(--factor 'a')"]),
        ([*map(str, range(30)), *(f"{j} kg" for j in range(9))], ["write them as numbers", "(--factor 'a')"]),
    ],
)
def test_numbers_among_words_have_both_cures(values, words):
    for word in words:
        assert word in text_cure(values, "a")


def test_a_column_that_is_dropped_must_be_there(tmp_path):
    CLEAN.to_csv(tmp_path / "clean.csv", index=False)
    with pytest.raises(DataError, match=r"no column \['id'\] to drop; it has \['a', 'b', 'y'\]"):
        br.moments(tmp_path / "clean.csv", drop=["id"])
    with pytest.raises(DataError, match=r"no column \['id'\] to drop"):
        br.moments(CLEAN, drop=["id"])
    assert br.moments(CLEAN, drop=["a"]).names == ("b",)

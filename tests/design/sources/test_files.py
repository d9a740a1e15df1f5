import gzip
import io
import lzma
import resource
import sys
import zipfile

import numpy as np
import pandas as pd
import pytest

import bayesreg as br
from bayesreg.design.sources.files import read_table
from bayesreg.design.sources.one_pass import split_target
from bayesreg.errors import DataError, MissingDependencyError

FRAME, TARGET = br.load_dataset("diabetes")
SMALL = pd.DataFrame({"a": [1.0, 2.0, 4.0], "b": [0.5, -1.0, 3.0], "y": [1.0, 0.0, 2.0]})


def write_csv(frame, path):
    frame.to_csv(path, index=False)


WRITERS = {
    "table.csv": write_csv,
    "TABLE.CSV": write_csv,
    "table.csv.gz": write_csv,
    "table.csv.bz2": write_csv,
    "table.v2.csv": write_csv,
    "table.parquet": pd.DataFrame.to_parquet,
    "table.pq": pd.DataFrame.to_parquet,
}


@pytest.mark.parametrize("name", WRITERS)
@pytest.mark.parametrize("kind", [str, lambda path: path], ids=["str", "Path"])
def test_every_source_has_the_same_moments(tmp_path, name, kind):
    path = tmp_path / name
    WRITERS[name](FRAME, path)
    found, expected = br.moments(kind(path), target=TARGET), br.moments(FRAME, target=TARGET)
    assert (found.n, found.names, found.target) == (442, tuple(FRAME.columns[:10]), "target")
    for field in ("mean_x", "mean_y", "gram", "cross", "square", "weight", "log_weight"):
        np.testing.assert_allclose(getattr(found, field), getattr(expected, field), rtol=1e-13)


def test_the_named_data_set_is_its_frame():
    found, expected = br.moments("diabetes", target="target"), br.moments(FRAME, target=TARGET)
    np.testing.assert_array_equal(found.gram, expected.gram)
    # Their own units, by which Efron et al. (2004) report them: age in years, sex 1 or 2.
    assert found.mean_x[0] == pytest.approx(48.5, abs=0.1)
    assert set(FRAME["sex"]) == {1.0, 2.0}


def test_an_unknown_data_set_lists_the_known():
    with pytest.raises(DataError, match="unknown data set 'iris'; known: diabetes"):
        br.load_dataset("iris")


def test_numbers_of_a_csv_are_read_to_the_last_bit(tmp_path):
    """pandas writes the shortest text that names a float64; reading it back must give that float64."""
    values = np.random.default_rng(0).normal(size=(500, 2)) * 10.0 ** np.arange(-20, 20, 40 / 500)[:, None]
    path = tmp_path / "table.csv"
    pd.DataFrame(values, columns=["a", "y"]).to_csv(path, index=False)
    np.testing.assert_array_equal(read_table(path).to_numpy(), values)


def zip_of(*texts):
    """The bytes of a zip file that holds so many files."""
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w", zipfile.ZIP_DEFLATED) as pack:
        for k, text in enumerate(texts):
            pack.writestr(f"{k}.csv", text)
    return whole.getvalue()


BROKEN = {
    "empty.csv": (b"", "cannot be read as CSV"),
    "blank.csv": (b"\n\n", "cannot be read as CSV"),
    "repeated.csv": (b"a,b,a,y\n1,2,3,4\n", "repeated column names: \\['a'\\]; rename"),
    "ragged.csv": (b"a,y\n1,2\n1,2,3\n", "line 3, saw 3; quote values that hold a separator"),
    "header.csv": (b"a,y\n", "has no rows; at least one row"),
    "renamed.csv": (b"PAR1\x15\x04\x00\xa0", "it is a Parquet file: let its name end in .parquet"),
    "picture.csv": (b"\x89PNG\r\n\x1a\n\x00\x00\xff", "it holds no text: write the table as CSV"),
    "text.parquet": (b"a,y\n1,2\n", "cannot be read as Parquet"),
    "two.csv.zip": (zip_of("a,y\n1,2\n", "a,y\n1,2\n"), "Only one file per ZIP"),
    "binary.csv": (b"\xff\xfe\x00\x01\n\x80", "cannot be read as CSV"),
    "broken.csv.gz": (b"this is not gzip", "cannot be read as CSV"),
    "broken.csv.zip": (b"this is not zip", "cannot be read as CSV"),
    "truncated.csv.gz": (gzip.compress(b"a,y\n" + b"1,2\n2,4\n" * 99)[:-12], "cannot be read as CSV"),
    "broken.csv.xz": (b"this is not xz", "cannot be read as CSV"),
    "truncated.csv.xz": (lzma.compress(b"a,y\n1,2\n2,4\n")[:40], "cannot be read as CSV"),
    "broken.csv.bz2": (b"this is not bzip2", "cannot be read as CSV"),
    "latin.csv": ("größe,y\n1,2\n".encode("latin-1"), "save it as UTF-8"),
    "utf16.csv": ("a,y\n1,2\n".encode("utf-16"), "save it as UTF-8"),
    "quote.csv": (b'"a,y\n1,2\n', "cannot be read as CSV"),
    "nul.csv": (b"a\0b,y\n1,2\n", "character NUL; rename"),
    "nameless.csv": (b",a,y\n0,1,2\n", "column without a name; name it"),
    "empty.parquet": (b"", "cannot be read as Parquet"),
    "broken.parquet": (b"PAR1 and no more", "cannot be read as Parquet"),
    "table.txt": (b"a,y\n1,2\n", "neither .csv nor .parquet; convert"),
    "table.xlsx": (b"PK", "neither .csv nor .parquet; convert"),
    "table": (b"a,y\n1,2\n", "neither .csv nor .parquet; convert"),
    "table.csv.bak": (b"a,y\n1,2\n", "neither .csv nor .parquet; convert"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_file_that_cannot_be_read_is_named(tmp_path, name):
    content, message = BROKEN[name]
    (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError, match=message) as error:
        br.moments(tmp_path / name)
    assert f'"{name}"' in str(error.value)


@pytest.mark.parametrize("name", ["missing.csv", "missing.parquet", "iris", "", "."])
def test_a_missing_file_says_what_is_possible(name):
    with pytest.raises(DataError, match=r"no file and no data set named .*CSV or Parquet file, or one of: diabetes"):
        br.moments(name)


@pytest.mark.parametrize("name", ["https://example.com/t.csv", "s3://b/t.parquet", "file:///t.csv"])
def test_an_address_is_not_opened_and_says_what_to_do(name):
    with pytest.raises(DataError, match=r"no file.*download it first"):
        br.moments(name)


def test_a_file_that_unpacks_to_far_more_is_read_in_bounded_memory(tmp_path):
    """A few thousand bytes on the disk, 24 MB unpacked, 96 MB as numbers."""
    (tmp_path / "bomb.csv.zip").write_bytes(zip_of("a,b,y\n" + "1,2,3\n" * 4_000_000))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert br.moments(tmp_path / "bomb.csv.zip").n == 4_000_000
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 64 * 1024


def test_what_is_wrong_far_down_says_in_which_file_and_rows(tmp_path):
    (tmp_path / "0.csv").write_text("a,y\n" + "1,2\n" * 20)
    (tmp_path / "1.csv").write_text("a,y\n" + "1,2\n" * 20 + "x,3\n")
    pd.DataFrame({"a": ["u", "v"], "y": [1.0, 2.0]}).to_parquet(tmp_path / "2.parquet")
    with pytest.raises(DataError, match=r'^in "1.csv", rows 1 to 21: "a" is not numeric'):
        br.moments(tmp_path)
    (tmp_path / "1.csv").unlink()
    with pytest.raises(DataError, match=r'^in "2.parquet", rows 1 to 2: "a" is not numeric'):
        br.moments(tmp_path)


def test_a_folder_whose_first_file_has_no_rows_is_that_of_the_others(tmp_path):
    (tmp_path / "0.csv").write_text("g,y\n")
    (tmp_path / "1.csv").write_text("g,y\nu,1\nv,2\nu,4\n")
    assert br.moments(tmp_path).names == ("g[T.v]",)


def test_a_folder_is_not_a_file(tmp_path):
    (tmp_path / "table.csv").mkdir()
    with pytest.raises(DataError, match="no file"):
        br.moments(tmp_path / "table.csv")


# Files that can be read, with contents that cannot be used.
CONTENTS = {
    "only a header": (b"a,y\n", "at least one row"),
    "only the target": (b"y\n1\n2\n", "one column"),
    "text": (b"a,y\n1,2\nx,3\n", '"a" is not numeric'),
    "a missing number": (b"a,y\n1,2\n,3\n", '"a" has 1 missing'),
    "a missing target": (b"a,y\n1,2\n2,\n", '"y" has 1 missing'),
    "an infinite number": (b"a,y\n1,2\ninf,3\n", '"a" has 0 missing and 1 infinite'),
    "thousands separators": (b'a,y\n"1,000",2\n', '"a" is not numeric'),
    "dates": (b"a,y\n2020-01-01,2\n", '"a" is not numeric'),
    "semicolons": (b"a;y\n1;2\n", "separated by ';': save them with commas"),
    "tabs": (b"a\ty\n1\t2\n", "separated by .*: save them with commas"),
    "semicolons and decimal commas": (b"a;y\n1,5;2,5\n2,5;3\n", "longer than its header.*separate by commas"),
    "a short row": (b"a,b,y\n1,2,3\n1,2\n", '"y" has 1 missing'),
    "a text far down": (b"a,y\n" + b"1,2\n" * 300_000 + b"x,3\n", '"a" is not numeric'),
    "another separator": (b"a;y\n1;2\n", 'no target column "y"; the columns are'),
    "another target": (b"a,b\n1,2\n", 'no target column "y"; the columns are'),
}


@pytest.mark.parametrize("name", CONTENTS)
def test_contents_that_cannot_be_used_are_named(tmp_path, name):
    content, message = CONTENTS[name]
    (tmp_path / "table.csv").write_bytes(content)
    with pytest.raises(DataError, match=message):
        br.moments(tmp_path / "table.csv")


def test_rows_longer_than_the_header_do_not_shift_the_columns(tmp_path):
    """pandas takes a surplus first field for an index, so that a would be read from the second field; refuse that."""
    (tmp_path / "table.csv").write_bytes(b"a,y\n1,2,3\n4,5,6\n7,8,1\n")
    with pytest.raises(DataError, match=r"table.csv"):
        br.moments(tmp_path / "table.csv")


def test_an_index_that_was_written_along_is_not_a_regressor(tmp_path):
    """frame.to_csv(path) writes the row numbers as a column without a name; it is no regressor."""
    SMALL.to_csv(tmp_path / "table.csv")
    try:
        names = br.moments(tmp_path / "table.csv").names
    except DataError:
        return
    assert names == ("a", "b")


def test_an_index_in_parquet_is_not_a_regressor(tmp_path):
    SMALL.set_index(pd.Index([10, 20, 30], name="id")).to_parquet(tmp_path / "table.parquet")
    assert br.moments(tmp_path / "table.parquet").names == ("a", "b")


@pytest.mark.parametrize("source", [None, 3, SMALL.to_numpy(), {"a": [1.0], "y": [2.0]}, SMALL["y"]], ids=type)
def test_a_source_of_another_type_is_refused(source):
    with pytest.raises(DataError, match=r"frame|CSV"):
        br.moments(source)


def test_parquet_without_pyarrow_names_the_install_command(tmp_path, monkeypatch):
    SMALL.to_parquet(tmp_path / "table.parquet")
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(MissingDependencyError, match="pip install"):
        read_table(tmp_path / "table.parquet")


def test_the_target_is_split_off():
    X, y = split_target(SMALL, "b")
    assert list(X.columns) == ["a", "y"]
    assert y.name == "b"
    with pytest.raises(DataError, match="no target column \"z\"; the columns are \\['a', 'b', 'y'\\]"):
        split_target(SMALL, "z")


def test_a_repeated_target_is_refused():
    with pytest.raises(DataError, match="2 columns"):
        br.moments(pd.DataFrame([[1.0, 2.0, 3.0]], columns=["y", "a", "y"]))


@pytest.mark.parametrize("name", ["NA", "null", "None", "nan", "n/a", "#N/A", "", "Infinity", "True", "1"])
def test_columns_may_be_called_like_a_missing_value(tmp_path, name):
    (tmp_path / "table.csv").write_text(f"{name or 'NaN'},b,y\n1,2,3\n2,5,4\n0,1,1\n")
    assert br.moments(tmp_path / "table.csv").names == (name or "NaN", "b")


def test_a_byte_order_mark_is_no_part_of_a_name(tmp_path):
    SMALL.to_csv(tmp_path / "table.csv", index=False, encoding="utf-8-sig")
    assert br.moments(tmp_path / "table.csv").names == ("a", "b")


@pytest.mark.parametrize("name", ["x" * 5000 + ".csv", "a\0b.csv", "/dev/null", "a/" * 3000, "\n", "\ud800.csv"])
def test_what_cannot_be_a_file_name_is_a_missing_file(name):
    with pytest.raises(DataError, match="no file and no data set named"):
        br.moments(name)


def test_a_file_that_may_not_be_read_is_named(tmp_path, monkeypatch):
    (tmp_path / "table.csv").write_text("a,y\n1,2\n")

    def refuse(*_, **__):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(pd, "read_csv", refuse)
    with pytest.raises(DataError, match=r'"table.csv" cannot be read as CSV: .*Permission denied'):
        br.moments(tmp_path / "table.csv")


def test_a_compression_that_needs_a_package_names_it(tmp_path, monkeypatch):
    (tmp_path / "table.csv.zst").write_bytes(b"(\xb5/\xfd")

    def refuse(*_, **__):
        raise ImportError("`Import zstandard` failed.")

    monkeypatch.setattr(pd, "read_csv", refuse)
    with pytest.raises(MissingDependencyError, match=r'"table.csv.zst".*zstandard.*decompress it first'):
        br.moments(tmp_path / "table.csv.zst")

import subprocess
import sys

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.dataset
import pyarrow.parquet as pq
import pytest

import bayesreg as br
from bayesreg.design.sources import batches
from bayesreg.errors import DataError

RNG = np.random.default_rng(0)
N = 5_000
FRAME = pd.DataFrame(
    {
        "a": RNG.normal(size=N) + 1e6,
        "k": RNG.integers(-100, 100, size=N),
        "flag": RNG.random(N) < 0.3,
        "w": RNG.uniform(0.1, 3.0, size=N),
        "y": RNG.normal(size=N),
    }
)
TABLE = pa.Table.from_pandas(FRAME)
SUMS = ("mean_x", "mean_y", "gram", "cross", "square", "weight", "log_weight")


class Stream:
    """A table that knows nothing but Arrow's stream."""

    def __arrow_c_stream__(self, requested_schema=None):
        return TABLE.to_reader(700).__arrow_c_stream__(requested_schema)


def pieces(step=999):
    return [FRAME[start : start + step] for start in range(0, N, step)]


def folder(path, write, ending):
    for j, piece in enumerate(pieces()):
        write(piece, path / f"part-{j}{ending}")
    (path / "_SUCCESS").touch()
    return path


def to_csv(frame, path):
    frame.to_csv(path, index=False)


SOURCES = {
    "polars": lambda path: pl.from_pandas(FRAME),
    "arrow table": lambda path: TABLE,
    "arrow batch": lambda path: TABLE.to_batches()[0],
    "arrow reader": lambda path: TABLE.to_reader(700),
    "arrow data set": lambda path: pyarrow.dataset.dataset(TABLE),
    "arrow stream": lambda path: Stream(),
    "frames": lambda path: pieces(),
    "iterator of frames": lambda path: iter(pieces()),
    "iterator of arrow batches": lambda path: iter(TABLE.to_batches(800)),
    "iterator of polars frames": lambda path: pl.from_pandas(FRAME).iter_slices(600),
    "files": lambda path: sorted(folder(path, pd.DataFrame.to_parquet, ".parquet").glob("*.parquet")),
    "folder of Parquet": lambda path: folder(path, pd.DataFrame.to_parquet, ".parquet"),
    "folder of CSV": lambda path: str(folder(path, to_csv, ".csv.gz")),
}


@pytest.fixture(autouse=True)
def _small_batches(monkeypatch):
    monkeypatch.setattr(batches, "BATCH_SIZE", 5_000)


@pytest.mark.parametrize("kind", SOURCES)
def test_every_kind_of_source_has_the_moments_of_its_rows(tmp_path, kind):
    found = br.moments(SOURCES[kind](tmp_path), weights="w")
    assert (found.n, found.names, found.target) == (N, ("a", "k", "flag"), "y")
    columns = FRAME[["a", "k", "flag", "y"]].to_numpy(dtype=float)
    covariance = np.cov(columns.T, ddof=0, aweights=FRAME["w"])
    np.testing.assert_allclose(found.gram / found.weight, covariance[:3, :3], rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(found.cross / found.weight, covariance[:3, 3], rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(found.sd_y**2, covariance[3, 3], rtol=1e-12)
    np.testing.assert_allclose(found.mean_x, np.average(columns[:, :3], axis=0, weights=FRAME["w"]), rtol=1e-12)


def test_the_order_and_size_of_batches_do_not_matter(monkeypatch):
    whole = br.moments(FRAME)
    for size in (N, 20_000, 10**7):
        monkeypatch.setattr(batches, "BATCH_SIZE", size)
        for found in (br.moments(FRAME), br.moments(pieces()[::-1]), br.moments(iter(pieces(50)))):
            sd = np.append(whole.sd_x, whole.sd_y) * np.sqrt(N)
            np.testing.assert_allclose(
                found.gram / np.outer(sd[:-1], sd[:-1]), whole.gram / np.outer(sd[:-1], sd[:-1]), atol=1e-12
            )
            np.testing.assert_allclose(found.cross / sd[:-1] / sd[-1], whole.cross / sd[:-1] / sd[-1], atol=1e-12)
    again = br.moments(pieces())
    assert all(np.array_equal(getattr(again, name), getattr(br.moments(pieces()), name)) for name in SUMS)


GROUPS = FRAME.assign(g=np.sort(RNG.choice(["low", "mid", "top"], size=N)), d=RNG.integers(0, 4, size=N))
FORMULAS = ["y ~ a * g + C(d)", "log(w) ~ . - a + offset(k)", "y ~ 0 + g:k"]


@pytest.mark.parametrize("formula", FORMULAS)
@pytest.mark.parametrize("kind", ["frame", "list", "file", "categories"])
def test_a_formula_in_batches_is_the_formula_on_all_rows(tmp_path, formula, kind):
    """The levels of g come one after the other, so that no batch but the last has seen all."""
    source = GROUPS
    if kind == "list":
        source = [GROUPS[:2000], GROUPS[2000:]]
    elif kind == "file":
        source = tmp_path / "groups.csv"
        GROUPS.to_csv(source, index=False)
    elif kind == "categories":
        coded = GROUPS.astype({"g": "category"})
        source = iter([coded[:2000], coded[2000:]])
    found = br.moments(source, formula=formula)
    expected = br.Regression.from_formula(formula, GROUPS, prior=br.Normal(1.0), sigma=1.0).design.moments
    assert (found.n, found.names, found.target) == (N, expected.names, expected.target)
    np.testing.assert_allclose(found.gram, expected.gram, rtol=1e-9, atol=1e-9 * np.abs(expected.gram).max())
    np.testing.assert_allclose(found.square, expected.square, rtol=1e-12)


def test_an_iterator_that_meets_a_new_level_names_it():
    with pytest.raises(DataError, match=r'"g" has levels \[\'top\'.* that were not fitted'):
        br.moments((GROUPS[start : start + 2000] for start in range(0, N, 2000)), formula="y ~ g")


def test_a_transform_of_all_rows_needs_one_frame():
    whole = br.moments(FRAME, formula="y ~ scale(k) + poly(w, 2)")
    np.testing.assert_allclose(whole.sd_x[0] * np.sqrt(N / (N - 1)), 1.0, rtol=1e-12)
    with pytest.raises(DataError, match=r"scale\(k\) needs all rows at once.*I\(a - 5\)"):
        br.moments(pieces(), formula="y ~ scale(k)")


HOLES = FRAME.mask(RNG.random(FRAME.shape) < 0.01).drop(columns="flag").astype(float)


def test_missing_values_are_counted_in_all_columns_and_batches():
    counts = HOLES.isna().sum()
    with pytest.raises(DataError) as error:
        br.moments(HOLES, weights="w")
    for name in HOLES.columns:
        assert f'"{name}" has {counts[name]} missing and 0 infinite' in str(error.value)
    assert f"of {N} values" in str(error.value)
    assert 'missing="drop"' in str(error.value)


@pytest.mark.parametrize("formula", [None, "y ~ a + k"])
def test_dropped_rows_are_as_if_they_were_not_there(formula):
    found = br.moments(HOLES, missing="drop", formula=formula, weights="w")
    expected = br.moments(HOLES.dropna(), formula=formula, weights="w")
    assert found.n == expected.n == len(HOLES.dropna())
    np.testing.assert_allclose(found.gram, expected.gram, rtol=1e-9)


def test_an_infinite_value_is_refused_even_where_rows_are_dropped():
    holes = HOLES.copy()
    holes.loc[4_999, "a"] = np.inf
    with pytest.raises(DataError, match=r'"a" has \d+ missing and 1 infinite'):
        br.moments(holes, missing="drop")


def test_nothing_left_names_the_empty_column():
    with pytest.raises(DataError, match=r'none of the 5000 rows is complete: .*5000 in "k".*--drop'):
        br.moments(FRAME.assign(k=np.nan), missing="drop")
    with pytest.raises(DataError, match=r"leave out \['k'\], which hold no value at all: drop=\['k'\]"):
        br.moments(FRAME.assign(k=np.nan))
    assert br.moments(FRAME.assign(k=np.nan), columns=["a"]).names == ("a",)


REFUSED = {
    "no such target": (lambda: FRAME, {"target": "z"}, 'no target column "z"'),
    "no such weights": (lambda: FRAME, {"weights": "z"}, 'no weights column "z"'),
    "no such column": (lambda: FRAME, {"columns": ["a", "z"]}, 'no columns column "z"'),
    "formula and target": (lambda: FRAME, {"formula": "y ~ a", "target": "y"}, "names target and columns itself"),
    "another missing": (lambda: FRAME, {"missing": "ignore"}, '"error" or "drop"'),
    "weights of 0": (lambda: FRAME.assign(w=0.0), {"weights": "w"}, "weights must be positive"),
    "no batches": (lambda: iter([]), {}, "no batches; at least one row"),
    "no rows": (lambda: FRAME[:0], {}, "at least one row"),
    "other columns later": (lambda: [FRAME, FRAME.rename(columns={"a": "b"})], {}, r"without \['a'\], with \['b'\]"),
    "numbers for batches": (lambda: iter([1.0, 2.0]), {}, "expected a frame .* in every batch, .* got float"),
    "a lazy frame": (lambda: pl.from_pandas(FRAME).lazy(), {}, "holds no rows here"),
    "an array": (lambda: FRAME.to_numpy(dtype=float), {}, "got ndarray"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_read_is_named(name):
    source, options, message = REFUSED[name]
    with pytest.raises(DataError, match=message):
        br.moments(source(), **options)


def test_a_folder_of_mixed_files_names_the_odd_one(tmp_path):
    folder(tmp_path, pd.DataFrame.to_parquet, ".parquet")
    FRAME.drop(columns="a").to_parquet(tmp_path / "part-9.parquet")
    with pytest.raises(DataError, match=r'"part-9.parquet" has other columns than "part-0.parquet": without \[\'a\'\]'):
        br.moments(tmp_path)


def test_a_truncated_file_among_others_is_named(tmp_path):
    folder(tmp_path, pd.DataFrame.to_parquet, ".parquet")
    whole = (tmp_path / "part-3.parquet").read_bytes()
    (tmp_path / "part-3.parquet").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(DataError, match=r'"part-3.parquet" cannot be read as Parquet'):
        br.moments(tmp_path)


def test_a_column_in_the_names_of_folders_is_not_lost_in_silence(tmp_path):
    pq.write_to_dataset(TABLE.slice(0, 50), tmp_path, partition_cols=["flag"])
    with pytest.raises(DataError, match=r'hold a column, such as \'flag=.*partitioning="hive"'):
        br.moments(tmp_path)
    found = br.moments(pyarrow.dataset.dataset(tmp_path, partitioning="hive"), columns=["a", "k"])
    assert found.n == 50


def test_the_bar_can_be_seen_and_not_be_seen(capsys):
    br.moments(FRAME)
    assert capsys.readouterr() == ("", "")
    br.moments(FRAME, progressbar=True)
    assert capsys.readouterr().out


@pytest.mark.slow
def test_the_memory_does_not_grow_with_the_file(tmp_path):
    """A file of 240 MB of numbers: reading it in batches alone holds 130 MiB, moments little more."""
    schema = pa.schema([(f"x{j}", pa.float64()) for j in range(19)] + [("y", pa.float64())])
    with pq.ParquetWriter(tmp_path / "long.parquet", schema, use_dictionary=False, compression="none") as writer:
        for _ in range(6):
            writer.write_table(pa.table(dict(zip(schema.names, RNG.normal(size=(20, 250_000)), strict=True))))
    script = (
        "import resource, sys, pyarrow.parquet, pandas, bayesreg as br\n"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "assert br.moments(sys.argv[1]).n == 1_500_000\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)"
    )
    done = subprocess.run([sys.executable, "-c", script, tmp_path / "long.parquet"], capture_output=True, check=True)
    assert int(done.stdout) < 180 * 1024


def test_text_columns_are_coded_without_a_formula(tmp_path):
    """As a regression of the same frame codes them, whichever batch shows a level first."""
    GROUPS.to_csv(tmp_path / "groups.csv", index=False)
    for options in ({}, {"categorical": "one_hot"}):
        expected = br.Regression(GROUPS, "y", prior=br.Normal(1.0), sigma=1.0, **options).design.moments
        for source in (GROUPS, tmp_path / "groups.csv"):
            found = br.moments(source, **options)
            assert (found.names, found.target) == (expected.names, "y")
            np.testing.assert_allclose(found.gram, expected.gram, rtol=1e-9, atol=1e-9 * np.abs(expected.gram).max())

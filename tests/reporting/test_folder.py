import json
import os
import xml.etree.ElementTree as ElementTree
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest
import xarray as xr

import bayesreg as br
from bayesreg.analysis.comparison.job import Job, JobResult, run_job
from bayesreg.cli import main
from bayesreg.reporting.folder import write_folder

FILES = {
    "comparison.csv",
    "comparison.html",
    "comparison.json",
    "posterior.nc",
    *(f"{name}.{ending}" for name in ("shrinkage", "path", "prior") for ending in ("svg", "png")),
}
NAMES = ["a very long column name that goes on and on", "x_1$", "é/ü", "价格", "😀", "<b>&\"'"]


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.normal(size=(60, len(NAMES))), columns=NAMES)
    frame["y"] = frame[NAMES].to_numpy() @ [2.0, -1.0, 0.5, 0.3, 0.0, 0.0] + rng.normal(size=60)
    path = tmp_path_factory.mktemp("data") / "odd.csv"
    frame.to_csv(path, index=False)
    return path


@pytest.fixture(scope="module")
def result(table):
    return run_job(Job(str(table), scale=0.2))


@pytest.fixture(scope="module")
def folder(result, tmp_path_factory):
    into = tmp_path_factory.mktemp("parent") / "new" / "folder"
    written = write_folder(result, into)
    assert {path.name for path in written} == FILES
    return into


def test_all_files_are_there_and_nothing_else(folder):
    assert {path.name for path in folder.iterdir()} == FILES
    assert all(path.stat().st_size > 200 for path in folder.iterdir())


def test_json_is_what_the_comparison_tells(result, folder):
    told = json.loads((folder / "comparison.json").read_text(encoding="utf-8"))
    assert told == {"dataset": result.dataset, **result.comparison.to_dict()}


def test_csv_is_the_table(result, folder):
    frame = pd.read_csv(folder / "comparison.csv", index_col="name")
    pd.testing.assert_frame_equal(frame, result.comparison.to_frame(), check_names=False)


def test_html_is_one_page_that_needs_no_other_file(folder):
    text = (folder / "comparison.html").read_text(encoding="utf-8")
    tags: list[tuple[str, dict[str, str | None]]] = []

    class Reader(HTMLParser):
        def handle_starttag(self, tag, attrs):
            tags.append((tag, dict(attrs)))

    Reader().feed(text)
    assert not [tag for tag, attrs in tags if tag in ("script", "link", "img") or {"src", "href"} & set(attrs)]
    assert "://" not in text.split("<body>")[0]
    assert "&lt;b&gt;&amp;&quot;" in text
    assert all(name in text for name in NAMES[:-1])


def test_posterior_comes_back_as_it_was(result, folder):
    idata = result.comparison.idata
    with xr.open_datatree(folder / "posterior.nc", engine="h5netcdf") as back:
        assert list(back["posterior"]["coef_name"].values) == NAMES
        assert dict(back.attrs) == idata.attrs
        assert set(back.children) == set(idata.children)
        for group in idata.children:
            xr.testing.assert_identical(back[group].to_dataset().load(), idata[group].to_dataset())


def test_pictures_are_pictures(folder):
    for name in ("shrinkage", "path", "prior"):
        assert (folder / f"{name}.png").read_bytes().startswith(b"\x89PNG")
        assert ElementTree.parse(folder / f"{name}.svg").getroot().tag.endswith("svg")


def test_the_same_job_gives_the_same_pictures_and_other_files_are_left_alone(result, folder):
    before = {path.name: path.read_bytes() for path in folder.glob("*.svg")}
    (folder / "notes.txt").write_text("mine")
    write_folder(result, folder)
    assert {path.name: path.read_bytes() for path in folder.glob("*.svg")} == before
    assert (folder / "notes.txt").read_text() == "mine"
    (folder / "notes.txt").unlink()


def test_nothing_is_left_open_in_pyplot(folder):
    import matplotlib.pyplot as plt

    assert plt.get_fignums() == []


def test_a_file_in_the_way_is_refused_with_a_cure(result, tmp_path):
    (tmp_path / "taken").write_text("mine")
    for place in (tmp_path / "taken", tmp_path / "taken" / "below"):
        with pytest.raises(br.errors.DataError, match=r"taken.*give another folder"):
            write_folder(result, place)
    assert (tmp_path / "taken").read_text() == "mine"


@pytest.mark.skipif(not os.path.isdir("/proc/self"), reason="needs a file system that refuses all")
def test_a_folder_that_cannot_be_written_is_refused(result):
    with pytest.raises(br.errors.DataError, match="cannot write"):
        write_folder(result, "/proc/self/bayesreg")
    with pytest.raises(br.errors.DataError, match="cannot write"):
        write_folder(result, "/proc/self")


def test_without_penalty_there_is_no_path_and_no_stale_picture(result, tmp_path):
    flat = JobResult(result.dataset, result.comparison, result.held.with_prior(br.Laplace(np.inf)))
    (tmp_path / "path.svg").write_text("of an earlier job")
    written = {path.name for path in write_folder(flat, tmp_path)}
    assert {name for name in written if name.endswith(("svg", "png"))} == {"shrinkage.svg", "shrinkage.png"}
    assert {path.name for path in tmp_path.iterdir()} == written


@pytest.mark.parametrize("more", [["--prior", "normal", "--strength", "5"], ["--sigma", "learn", "--scale", "0.3"]])
def test_the_command_line_writes_the_folder(table, tmp_path, capsys, more):
    into = tmp_path / "out"
    assert main(["compare", str(table), "--out", str(into), "--json", "--no-progress", *more]) == 0
    printed = json.loads(capsys.readouterr().out)
    assert printed == json.loads((into / "comparison.json").read_text(encoding="utf-8"))
    assert {path.name for path in into.iterdir()} == FILES


def test_the_command_line_says_what_is_in_the_way(table, tmp_path, capsys):
    (tmp_path / "taken").write_text("mine")
    assert main(["compare", str(table), "--out", str(tmp_path / "taken"), "--no-progress", "--scale", "0.2"]) == 2
    assert "it is a file" in capsys.readouterr().err

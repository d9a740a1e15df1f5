"""Each command against the functions that it stands for, with its options, its JSON, and its files."""

import json
import signal
import subprocess
import sys
import time

import numpy as np
import pandas as pd
import pytest

import bayesreg as br
from bayesreg.cli import main
from bayesreg.cli.options import FAMILIES
from bayesreg.errors import DataError
from bayesreg.families.registry import FAMILIES as REGISTRY
from bayesreg.reporting.files import replacing, write_text


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(90, 3))
    frame = pd.DataFrame(X, columns=["a", "b", "c"])
    frame["w"], frame["o"] = rng.uniform(0.5, 2, size=90), rng.normal(size=90)
    frame["y"] = X @ [1.0, -0.7, 0.0] + frame["o"] + rng.normal(size=90)
    path = tmp_path_factory.mktemp("data") / "table.csv"
    frame.to_csv(path, index=False)
    frame[["a", "b", "c", "w", "o"]].head(4).to_csv(path.with_name("new.csv"), index=False)
    return path, pd.read_csv(path)


def answer(capsys, *arguments):
    """The JSON of a command that went well."""
    quiet = [] if arguments[0] == "moments" else ["--no-progress"]
    assert main([*map(str, arguments), *quiet, "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def refused(capsys, *arguments):
    """The line of a command that was refused."""
    assert main([*map(str, arguments)]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    (line,) = err.strip().splitlines()
    return line


def regression(frame, **options):
    return br.Regression(frame[["a", "b", "c"]], frame["y"], prior=br.Laplace(0.3), sigma=1.0, **options)


SETTLED = ("--scale", "0.3", "--sigma", "1")


def test_every_family_of_the_package_can_be_named():
    assert set(FAMILIES) == set(REGISTRY)


def test_a_path_is_that_of_the_function(table, capsys):
    path, frame = table
    found = answer(capsys, "path", path, *SETTLED, "--columns", "a,b,c")
    fits = br.path(regression(frame))
    np.testing.assert_allclose(found["coefficients"], fits.coef, atol=1e-12)
    np.testing.assert_allclose(found["strengths"], fits.strengths)
    assert found["names"] == ["a", "b", "c"]
    assert found["current"] == pytest.approx(fits.current)


def test_weights_and_offset_are_columns_of_the_file(table, capsys):
    path, frame = table
    found = answer(capsys, "compare", path, *SETTLED, "--weights", "w", "--offset", "o", "--draws", "200")
    reg = regression(frame, weights=frame["w"], offset=frame["o"])
    assert [one["name"] for one in found["coefficients"]] == ["a", "b", "c"]
    np.testing.assert_allclose([one["map"] for one in found["coefficients"]], br.map_estimate(reg).coef, rtol=1e-9)


def test_rules_choose_what_select_does(table, capsys):
    path, frame = table
    found = answer(capsys, "select", path, "--columns", "a,b,c", "--by", "cv,bic", "--sigma", "1")
    chosen = {one.rule: one.strength for one in br.select(regression(frame), ["cv", "bic"], random_seed=0)}
    assert {one["rule"]: one["strength"] for one in found["selections"]} == pytest.approx(chosen)


def test_draws_come_back_from_their_file(table, capsys, tmp_path):
    import xarray as xr

    path, frame = table
    file = tmp_path / "draws.nc"
    found = answer(capsys, "sample", path, *SETTLED, "--prior", "normal", "--drop", "w", "--drop", "o", "--out", file)
    tree = xr.open_datatree(file)
    means = tree["posterior"]["coef"].mean(("chain", "draw")).to_numpy()
    np.testing.assert_allclose([one["mean"] for one in found["coefficients"]], means)
    reg = regression(frame).with_prior(br.Normal(0.3))
    np.testing.assert_allclose(means, br.sample(reg, random_seed=0)["posterior"]["coef"].mean(("chain", "draw")))
    tree.close()
    assert [one.name for one in tmp_path.iterdir()] == ["draws.nc"]


def test_new_rows_are_predicted_from_the_posterior(table, capsys):
    path, frame = table
    new = path.with_name("new.csv")
    options = (*SETTLED, "--prior", "normal", "--weights", "w", "--offset", "o")
    found = answer(capsys, "predict", path, "--new", new, *options)
    reg = regression(frame, weights=frame["w"], offset=frame["o"]).with_prior(br.Normal(0.3))
    rows = pd.read_csv(new)
    wanted = br.predict(
        br.sample(reg, random_seed=0), rows[["a", "b", "c"]], weights=rows["w"], offset=rows["o"], random_seed=0
    )
    np.testing.assert_allclose([one["mean"] for one in found["rows"]], wanted.mean)
    np.testing.assert_allclose([one["lower"] for one in found["rows"]], wanted.interval()[:, 0])
    assert found["scores"] == {}


def test_a_test_part_is_left_out_of_the_fit_and_scored(table, capsys):
    path, frame = table
    found = answer(capsys, "predict", path, "--test", "0.2", "--columns", "a,b,c", "--prior", "normal", *SETTLED)
    out = [one["row"] for one in found["rows"]]
    assert len(set(out)) == 18
    kept = frame.drop(index=out)
    reg = regression(kept).with_prior(br.Normal(0.3))
    predicted = br.predict(br.sample(reg, random_seed=0), frame.loc[out, ["a", "b", "c"]], random_seed=0)
    np.testing.assert_allclose([one["mean"] for one in found["rows"]], predicted.mean)
    y = frame.loc[out, "y"]
    r2 = 1 - np.sum((y - predicted.mean) ** 2) / np.sum((y - kept["y"].mean()) ** 2)
    assert found["scores"]["R²"] == pytest.approx(r2)
    assert found["scores"]["mean log density"] == pytest.approx(predicted.log_density(y).mean())


def test_moments_of_a_file_are_kept(table, capsys, tmp_path):
    path, frame = table
    file = tmp_path / "m.npz"
    found = answer(capsys, "moments", path, "--target", "y", "--columns", "a,b", "--out", file)
    assert (found["n"], [one["name"] for one in found["columns"]]) == (90, ["a", "b"])
    assert found["columns"][0]["mean"] == pytest.approx(frame["a"].mean())
    np.testing.assert_allclose(br.Moments.load(file).mean_x, frame[["a", "b"]].mean())


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("path", "--columns", "a,zz"), "zz"),
        (("compare", "--weights", "zz"), "zz"),
        (("predict", "--test", "1.5"), "between 0 and 1"),
        (("predict", "--test", "0.001"), "leaves out 0 of 90 rows"),
        (("predict", "--new", "nowhere.csv"), "nowhere.csv"),
        (("select", "--by", "nonsense"), "nonsense"),
        (("compare", "--family", "student_t"), "--sigma NUMBER"),
        (("compare", "--family", "laplace", "--sigma", "learn"), "--sigma NUMBER"),
    ],
    ids=lambda one: " ".join(one) if isinstance(one, tuple) else "",
)
def test_what_cannot_be_done_is_one_line(table, capsys, arguments, words):
    command, *options = arguments
    assert words in refused(capsys, command, table[0], *options)


@pytest.mark.parametrize(
    ("command", "name"), [("report", "r.html"), ("path", "p.csv"), ("sample", "s.nc"), ("moments", "m.npz")]
)
def test_no_file_is_replaced_unless_asked_to(table, capsys, tmp_path, command, name):
    file = tmp_path / name
    file.write_text("mine")
    options = ("--target", "y") if command == "moments" else SETTLED
    line = refused(capsys, command, table[0], *options, "--out", file)
    assert "--overwrite" in line
    assert file.read_text() == "mine"
    if command in ("path", "moments"):
        assert main([command, str(table[0]), *options, "--out", str(file), "--overwrite"]) == 0
        assert file.read_bytes() != b"mine"


def test_a_folder_with_an_earlier_comparison_is_kept(table, capsys, tmp_path):
    (tmp_path / "posterior.nc").write_text("mine")
    assert "--overwrite" in refused(capsys, "compare", table[0], *SETTLED, "--out", tmp_path)


def test_a_file_that_could_not_be_finished_is_not_there(tmp_path):
    file = tmp_path / "whole.txt"
    write_text(file, "first")

    def half(error):
        with replacing(file) as part:
            part.write_text("hal")
            raise error

    for error in (KeyboardInterrupt(), SystemExit(143), OSError("disk full")):
        with pytest.raises((KeyboardInterrupt, SystemExit, DataError)):
            half(error)
        assert [one.name for one in tmp_path.iterdir()] == ["whole.txt"]
        assert file.read_text() == "first"


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGTERM that a process can answer")
def test_a_plain_kill_leaves_nothing_behind(table, tmp_path):
    path, _ = table
    command = [sys.executable, "-m", "bayesreg.cli", "sample", str(path), *SETTLED, "--draws", "2000000"]
    running = subprocess.Popen([*command, "--out", str(tmp_path / "s.nc")], stderr=subprocess.PIPE)
    time.sleep(6)
    running.send_signal(signal.SIGTERM)
    running.communicate(timeout=60)
    assert running.returncode in (143, -signal.SIGTERM)
    assert list(tmp_path.iterdir()) == []

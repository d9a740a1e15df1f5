"""The command line's contract: exit codes, one line on stderr, one JSON object on stdout, and numbers that hold."""

import io
import json
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import Lasso, LassoCV, Ridge, RidgeCV
from sklearn.model_selection import KFold

import bayesreg as br
from bayesreg.cli import main

KEYS = {
    *("dataset", "n", "p", "prior", "scale", "sigma", "strength", "objective", "coefficients", "zeros"),
    *("max_abs_difference", "certificate", "engine", "diagnostics"),
}
COLUMNS = {"name", "ols", "penalized", "map", "mean", "sd", "lower", "upper"}


def run(*arguments):
    """Exit code, stdout and stderr of the command, run in this process."""
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        try:
            code = main([str(argument) for argument in arguments])
        except SystemExit as stop:
            code = stop.code
    return code, out.getvalue(), err.getvalue()


def refuse_constant(name):
    raise AssertionError(f"{name} is not JSON")


@cache
def told(*arguments):
    """The JSON object of a run that must succeed in silence."""
    code, out, err = run("compare", *arguments, "--json")
    assert (code, err) == (0, "")
    assert out.endswith("}\n")
    assert out.count("\n") == 1
    return json.loads(out, parse_constant=refuse_constant)


def column(found, key):
    return np.array([row[key] for row in found["coefficients"]])


def make_frame(n, p, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, p)) * np.geomspace(0.1, 10, p)
    y = 3 + X @ np.where(np.arange(p) % 2, 0.0, 2.0) + rng.normal(size=n)
    return pd.DataFrame(X, columns=[f"x{j}" for j in range(p)]).assign(y=y)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder of good and bad tables."""
    path, good = tmp_path_factory.mktemp("tables"), make_frame(60, 3)
    tables = {
        "good": good,
        "wide": make_frame(20, 40),
        "one_column": good[["x0", "y"]],
        "only_target": good[["y"]],
        "nan": good.assign(x1=good["x1"].where(good.index != 3)),
        "infinite": good.assign(x1=good["x1"].where(good.index != 3, np.inf)),
        "strings": good.assign(x1=["1", "?"] * 30),
        "dates": good.assign(x1="2020-01-01"),
        "constant_target": good.assign(y=3.0),
        "constant_column": good.assign(x1=3.0),
        "exact": good[["x0"]].assign(y=2 * good["x0"]),
        "two_targets": good.rename(columns={"y": "z"}),
        **{f"rows{n}": make_frame(n, 1) for n in (1, 2, 3, 4, 5)},
    }
    for name, table in tables.items():
        table.to_csv(path / f"{name}.csv", index=False)
    good.to_csv(path / "good.csv.gz", index=False)
    good.to_parquet(path / "good.parquet")
    texts = {
        "empty.csv": "",
        "header.csv": "a,b,y\n",
        "repeated.csv": "a,a,y\n" + "1,2,3\n" * 6,
        "ragged.csv": "a,y\n1,2\n1,2,3\n",
        "not_a_table.parquet": "hello",
        "not_zipped.csv.gz": "a,y\n1,2\n",
        "words.txt": "a",
    }
    for name, text in texts.items():
        (path / name).write_text(text)
    return path


@pytest.fixture(scope="module")
def good(folder):
    return str(folder / "good.csv")


@pytest.fixture(scope="module")
def standardized(diabetes):
    """Diabetes by hand: columns with mean 0 and 1/n standard deviation 1, the standard deviations, and y."""
    X, y = (np.asarray(part, dtype=float) for part in diabetes)
    return (X - X.mean(axis=0)) / X.std(axis=0), X.std(axis=0), y


# --- what is printed ---------------------------------------------------------------------------------------------


def test_json_is_one_object_with_the_promised_keys():
    found = told("diabetes")
    assert set(found) >= KEYS
    assert all(set(row) >= COLUMNS for row in found["coefficients"])
    names = ["age", "sex", "bmi", "bp", "s1", "s2", "s3", "s4", "s5", "s6"]
    assert [row["name"] for row in found["coefficients"]] == names
    assert (found["dataset"], found["n"], found["p"], found["prior"]) == ("diabetes", 442, 10, "laplace")
    assert set(found["zeros"]) == {"map", "penalized"}
    assert set(found["certificate"]) == {"kkt", "gap"}


def intercepts(found):
    return found["intercept"]["map"] - found["intercept"]["penalized"]


def test_both_sides_agree_and_the_certificate_says_so():
    found = told("diabetes")
    assert np.array_equal(column(found, "map") == 0, column(found, "penalized") == 0)
    assert found["zeros"]["map"] == np.sum(column(found, "map") == 0) == found["zeros"]["penalized"]
    np.testing.assert_allclose(column(found, "map"), column(found, "penalized"), rtol=1e-8)
    parts = np.append(column(found, "map") - column(found, "penalized"), intercepts(found))
    assert found["max_abs_difference"] == np.max(np.abs(parts))
    assert found["certificate"]["kkt"] < 1e-9
    assert found["certificate"]["gap"] < 1e-12


def test_the_posterior_behind_the_sparse_mode_is_not_sparse():
    found = told("diabetes")
    zero = column(found, "map") == 0
    assert zero.any()
    assert np.all(column(found, "sd")[zero] > 0)
    assert np.all(column(found, "lower") < column(found, "mean"))
    assert np.all(column(found, "mean") < column(found, "upper"))


def test_the_table_says_the_same_as_the_json():
    code, out, err = run("compare", "diabetes")
    assert (code, err) == (0, "")
    found = told("diabetes")
    body = {words[0]: words[1:] for words in map(str.split, out.splitlines()) if words}
    for row in found["coefficients"]:
        for text, key in zip(body[row["name"]], ("ols", "penalized", "map", "difference", "mean", "sd"), strict=False):
            assert float(text) == pytest.approx(row[key], rel=0.06 if key == "difference" else 6e-4)
    assert "lower 95%" in out
    assert f"{found['strength']:.4g}" in out
    assert "R-hat" in out


def test_the_table_is_plain_text_when_it_is_not_on_a_terminal():
    _, out, _ = run("compare", "diabetes", "--prior", "normal", "--scale", "10")
    assert "\x1b" not in out


def test_help_and_no_command():
    code, out, _ = run("compare", "--help")
    assert code == 0
    assert all(option in out for option in ("--prior", "--strength", "--objective", "--json", "--out"))
    assert run()[0] == 2


def test_the_package_runs_as_the_command():
    told = subprocess.run([sys.executable, "-m", "bayesreg", "--help"], capture_output=True, text=True, check=True)
    assert "compare" in told.stdout


# --- the numbers -------------------------------------------------------------------------------------------------


def test_least_squares_is_that_of_numpy(diabetes):
    X, y = (np.asarray(part, dtype=float) for part in diabetes)
    by_hand = np.linalg.lstsq(np.column_stack([np.ones(len(y)), X]), y, rcond=None)[0]
    for options in ((), ("--prior", "normal", "--scale", "10")):
        found = told("diabetes", *options)
        np.testing.assert_allclose(column(found, "ols"), by_hand[1:], rtol=1e-9)
        assert found["intercept"]["ols"] == pytest.approx(by_hand[0], rel=1e-9)


def test_the_default_sigma_is_that_of_least_squares(diabetes):
    X, y = (np.asarray(part, dtype=float) for part in diabetes)
    design = np.column_stack([np.ones(len(y)), X])
    rss = np.sum((y - design @ np.linalg.lstsq(design, y, rcond=None)[0]) ** 2)
    found = told("diabetes")
    assert found["sigma"] == pytest.approx(np.sqrt(rss / (442 - 11)), rel=1e-12)
    assert found["sigma_known"]
    assert any("431 degrees of freedom" in note for note in found["notes"])


def test_the_lasso_strength_is_that_of_lasso_cv_on_the_same_folds(standardized):
    X, sd, y = standardized
    folds = KFold(5, shuffle=True, random_state=0)
    alpha = LassoCV(cv=folds, alphas=100).fit(X, y).alpha_
    found = told("diabetes")
    assert found["strength"] == pytest.approx(442 * alpha, rel=1e-12)
    assert found["scale"] == pytest.approx(found["sigma"] ** 2 / found["strength"], rel=1e-12)
    by_hand = Lasso(alpha=alpha, tol=1e-14, max_iter=100_000).fit(X, y)
    np.testing.assert_allclose(column(found, "map"), by_hand.coef_ / sd, rtol=1e-7)


def test_the_ridge_strength_is_that_of_ridge_cv_on_the_same_folds(standardized):
    X, sd, y = standardized
    folds = KFold(5, shuffle=True, random_state=2)
    grid = np.geomspace(1e-3, 1e3, 100) * 442
    alpha = RidgeCV(grid, cv=folds, scoring="neg_mean_squared_error").fit(X, y).alpha_
    found = told("diabetes", "--prior", "normal", "--seed", "2")
    assert found["strength"] == pytest.approx(alpha, rel=1e-12)
    assert found["scale"] == pytest.approx(found["sigma"] / np.sqrt(found["strength"]), rel=1e-12)
    np.testing.assert_allclose(column(found, "map"), Ridge(alpha=alpha).fit(X, y).coef_ / sd, rtol=1e-9)


# What each tool's own strength is, for half_rss strengths λ or κ, n rows and the 1/n standard deviation of y.
STATED = {
    ("laplace", "half_rss"): lambda strength, n, sd_y: strength,
    ("laplace", "mse"): lambda strength, n, sd_y: 2 * strength / n,
    ("laplace", "sklearn.Lasso"): lambda strength, n, sd_y: strength / n,
    ("laplace", "glmnet"): lambda strength, n, sd_y: strength / n,
    ("normal", "half_rss"): lambda strength, n, sd_y: strength,
    ("normal", "mse"): lambda strength, n, sd_y: strength / n,
    ("normal", "sklearn.Ridge"): lambda strength, n, sd_y: strength,
    ("normal", "glmnet"): lambda strength, n, sd_y: strength * sd_y / n,
}


@pytest.mark.parametrize(("prior", "objective"), STATED)
def test_a_printed_strength_given_back_yields_the_same_table(good, prior, objective):
    chosen = told(good, "--prior", prior, "--objective", objective, "--scale", "0.4")
    again = told(good, "--prior", prior, "--objective", objective, "--strength", str(chosen["strength"]))
    assert chosen["objective"] == again["objective"] == objective
    assert again["strength"] == pytest.approx(chosen["strength"], rel=1e-12)
    for key in ("ols", "penalized", "map"):
        np.testing.assert_allclose(column(again, key), column(chosen, key), rtol=1e-9)
    for key in ("mean", "sd", "lower", "upper"):
        np.testing.assert_allclose(column(again, key), column(chosen, key), rtol=1e-6)


@pytest.mark.parametrize(("prior", "objective"), STATED)
def test_the_strength_is_stated_in_the_convention_asked_for(good, prior, objective):
    canonical = told(good, "--prior", prior, "--scale", "0.4")["strength"]
    sd_y = float(pd.read_csv(good)["y"].std(ddof=0))
    found = told(good, "--prior", prior, "--objective", objective, "--scale", "0.4")
    assert found["strength"] == pytest.approx(STATED[prior, objective](canonical, 60, sd_y), rel=1e-12)


def test_what_cross_validation_chose_can_be_given_back(good):
    chosen = told(good)
    for key in ("scale", "strength"):
        again = told(good, f"--{key}", str(chosen[key]))
        np.testing.assert_allclose(column(again, "map"), column(chosen, "map"), rtol=1e-9)


@pytest.mark.parametrize("options", [(), ("--prior", "normal", "--scale", "2")])
def test_the_same_seed_gives_the_same_output(good, options):
    arguments = ("compare", good, *options, "--json", "--seed")
    assert run(*arguments, 7) == run(*arguments, 7)
    assert run(*arguments, 7)[1] != run(*arguments, 8)[1]


def test_a_learned_sigma_is_compared_at_the_joint_mode(standardized):
    X, sd, y = standardized
    found, (_, text, _) = told("diabetes", "--sigma", "learn"), run("compare", "diabetes", "--sigma", "learn")
    assert not found["sigma_known"]
    assert found["mode"] == "joint (beta, sigma)"
    assert any("joint mode of (beta, sigma)" in note for note in found["notes"])
    assert "joint mode" in text
    by_hand = Lasso(alpha=found["strength"] / 442, tol=1e-14, max_iter=100_000).fit(X, y)
    np.testing.assert_allclose(column(found, "map"), by_hand.coef_ / sd, rtol=1e-7)
    assert found["strength"] == pytest.approx(found["sigma"] ** 2 / found["scale"], rel=1e-12)
    # With σ ~ HalfStudentT(3, s) and a flat intercept: d log p(β, σ | y)/dσ = −n/σ + RSS/σ³ − 4σ/(3s² + σ²) = 0.
    sigma, s = found["sigma"], 2.5 * y.std()
    rss = np.sum((y - y.mean() - X @ (column(found, "map") * sd)) ** 2)
    assert -442 / sigma + rss / sigma**3 - 4 * sigma / (3 * s**2 + sigma**2) == pytest.approx(0, abs=1e-8 / sigma * 442)


def test_sigma_can_be_given(good):
    found = told(good, "--sigma", "2.5", "--scale", "0.5")
    assert (found["sigma"], found["mode"]) == (2.5, "beta given sigma")
    assert found["strength"] == pytest.approx(2.5**2 / 0.5)
    assert "sigma was given" in found["notes"]


def test_without_standardization_the_prior_sees_the_columns_as_they_are(good):
    found = told(good, "--no-standardize", "--strength", "30", "--objective", "half_rss")
    table = pd.read_csv(good)
    X, y = table[["x0", "x1", "x2"]].to_numpy(), table["y"].to_numpy()
    by_hand = Lasso(alpha=30 / 60, tol=1e-14, max_iter=100_000).fit(X, y)
    np.testing.assert_allclose(column(found, "map"), by_hand.coef_, rtol=1e-8, atol=1e-12)


def test_draws_chains_and_engine_are_obeyed(good):
    found = told(good, "--prior", "normal", "--scale", "1", "--engine", "gibbs", "--chains", "2", "--draws", "900")
    assert found["engine"] == "gibbs"
    assert found["diagnostics"]["ess_bulk"] < 1.5 * 2 * 900
    assert told(good, "--prior", "normal", "--scale", "1")["engine"] == "exact"


def test_the_target_can_be_named(folder, good):
    named, plain = told(str(folder / "two_targets.csv"), "--target", "z"), told(good)
    assert named["target"] == "z"
    assert {**named, "target": "", "dataset": ""} == {**plain, "target": "", "dataset": ""}
    assert told(good, "--target", "x0")["p"] == 3


@pytest.mark.parametrize("name", ["good.csv.gz", "good.parquet"])
def test_other_files_hold_the_same_table(folder, good, name):
    found, plain = told(str(folder / name)), told(good)
    np.testing.assert_allclose(column(found, "map"), column(plain, "map"), rtol=1e-12)
    np.testing.assert_allclose(column(found, "mean"), column(plain, "mean"), rtol=1e-9)


def test_out_writes_a_folder_beside_the_table(good, tmp_path):
    code, out, err = run("compare", good, "--out", tmp_path / "deep" / "out")
    assert (code, err) == (0, "")
    assert "written to" in out
    written = {path.name for path in (tmp_path / "deep" / "out").iterdir()}
    assert written >= {"comparison.csv", "comparison.json", "comparison.html", "posterior.nc", "path.svg"}
    stored = json.loads((tmp_path / "deep" / "out" / "comparison.json").read_text())
    assert stored == told(good)


def test_a_single_column(folder):
    found = told(str(folder / "one_column.csv"))
    assert found["p"] == len(found["coefficients"]) == 1


@pytest.mark.filterwarnings("default")
@pytest.mark.parametrize("options", [(), ("--sigma", "1.0")])
def test_more_columns_than_rows(folder, options):
    code, out, _ = run("compare", folder / "wide.csv", "--json", *options)
    found = json.loads(out)
    assert code == 0
    assert (found["n"], found["p"]) == (20, 40)
    assert any("least squares is not unique (rank 19 of 40" in note for note in found["notes"])
    assert found["same_zeros"]
    np.testing.assert_allclose(column(found, "map"), column(found, "penalized"), rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("n", [2, 3, 4])
def test_few_rows_go_well_with_scale_and_sigma(folder, n):
    found = told(str(folder / f"rows{n}.csv"), "--scale", "1", "--sigma", "1")
    assert found["n"] == n


# --- what is refused ---------------------------------------------------------------------------------------------

# Arguments (a file name is looked up in the folder), and words that the one line on stderr must hold.
REFUSED = {
    "missing file": (["nowhere.csv"], ["nowhere.csv", "CSV or Parquet", "diabetes"]),
    "folder": (["."], ["CSV or Parquet"]),
    "other ending": (["words.txt"], ["words.txt", "convert"]),
    "empty": (["empty.csv"], ["empty.csv", "cannot be read"]),
    "header only": (["header.csv"], ["at least one row"]),
    "not zipped": (["not_zipped.csv.gz"], ["not_zipped.csv.gz", "cannot be read"]),
    "repeated names": (["repeated.csv"], ["'a'", "rename"]),
    "not Parquet": (["not_a_table.parquet"], ["not_a_table.parquet", "cannot be read"]),
    "missing target": (["good.csv", "--target", "zz"], ["zz", "x0"]),
    "no columns": (["only_target.csv"], ["one column"]),
    "NaN": (["nan.csv"], ["x1", "1 missing", "fill"]),
    "infinite": (["infinite.csv"], ["x1", "1 infinite", "drop"]),
    "strings": (["strings.csv"], ["x1", "not numeric", "--na"]),
    "dates": (["dates.csv"], ["x1", "not numeric"]),
    "constant target": (["constant_target.csv"], ["constant", "choose another"]),
    "no noise": (["exact.csv"], ["without error", "give sigma"]),
    "2 rows": (["rows2.csv"], ["at least 5 rows", "give"]),
    "3 rows": (["rows3.csv"], ["at least 5 rows", "give a strength or scale"]),
    "4 rows": (["rows4.csv", "--prior", "normal"], ["at least 5 rows", "give a strength or scale"]),
    "scale 0": (["good.csv", "--scale", "0"], ["scale", "greater than 0", "0.0"]),
    "scale < 0": (["good.csv", "--scale", "-1"], ["scale", "greater than 0", "-1.0"]),
    "scale nan": (["good.csv", "--scale", "nan"], ["scale", "nan"]),
    "strength < 0": (["good.csv", "--strength", "-1"], ["strength", "-1.0"]),
    "strength inf": (["good.csv", "--strength", "inf"], ["strength", "finite"]),
    "sigma 0": (["good.csv", "--sigma", "0"], ["sigma", "positive", "0.0"]),
    "sigma < 0": (["good.csv", "--sigma", "-1"], ["sigma", "positive", "-1.0"]),
    "sigma nan": (["good.csv", "--sigma", "nan"], ["sigma", "positive", "nan"]),
    "sigma abc": (["good.csv", "--sigma", "abc"], ["--sigma", "learn", "abc"]),
    "objective unknown": (["good.csv", "--objective", "lasso", "--strength", "1"], ["lasso", "sklearn.Lasso"]),
    "unknown, without strength": (["good.csv", "--objective", "lasso"], ["lasso", "sklearn.Lasso"]),
    "objective without L1": (["good.csv", "--objective", "sklearn.Ridge", "--strength", "1"], ["no L1 term"]),
    "objective without L2": (["good.csv", "--prior", "normal", "--objective", "park_casella"], ["no L2 term"]),
    "draws 0": (["good.csv", "--draws", "0"], ["draws", "from 1 to", "got 0"]),
    "draws < 0": (["good.csv", "--draws", "-5"], ["draws", "-5"]),
    "chains 0": (["good.csv", "--chains", "0"], ["chains", "0"]),
    "ragged": (["ragged.csv"], ["ragged.csv", "line 3"]),
    "seed < 0": (["good.csv", "--seed", "-1"], ["seed", "-1"]),
    "sigma 1e200": (["good.csv", "--sigma", "1e200"], ["sigma"]),
    "1 row": (["rows1.csv"], ["at least"]),
    "2 rows, scale": (["rows2.csv", "--scale", "1"], ["--sigma"]),
    "another target": (["two_targets.csv"], ["--target", "'z'"]),
    "target empty": (["good.csv", "--target", ""], ['no target column ""', "x1"]),
    "objective empty": (["good.csv", "--strength", "1", "--objective", ""], ["unknown objective ''", "half_rss"]),
    "sigma empty": (["good.csv", "--sigma", ""], ["--sigma", "learn"]),
    "out empty": (["good.csv", "--out", ""], ["the name of the folder is empty", "give one"]),
    "engine": (["good.csv", "--engine", "exact"], ["Normal prior", 'engine="auto"']),
}


def assert_refused(code, out, err, *words):
    assert (code, out) == (2, "")
    assert err.startswith("bayesreg: ")
    assert err.count("\n") == 1
    assert "Traceback" not in err
    for word in words:
        assert word in err


@pytest.mark.parametrize("case", REFUSED)
def test_bad_input_is_code_2_with_one_line_that_names_the_cure(folder, case):
    (name, *options), words = REFUSED[case]
    assert_refused(*run("compare", folder / name, *options), *words)


@pytest.mark.parametrize("case", ["missing file", "NaN", "sigma 0", "objective unknown", "draws 0", "2 rows"])
def test_with_json_a_failed_run_prints_no_object(folder, case):
    (name, *options), words = REFUSED[case]
    assert_refused(*run("compare", folder / name, *options, "--json"), *words)


@pytest.mark.filterwarnings("default")
@pytest.mark.parametrize("options", [("--strength", "0"), ("--scale", "inf"), ("--draws", "1"), ("--draws", "3")])
def test_what_is_not_finite_is_null_in_the_json(good, options):
    code, out, _ = run("compare", good, "--json", *options)
    assert code == 0
    json.loads(out, parse_constant=refuse_constant)


@pytest.mark.parametrize(
    "options",
    [
        ["--prior", "cauchy"],
        ["--scale", "1", "--strength", "1"],
        ["--scale", "wide"],
        ["--draws", "1.5"],
        ["--engine", "stan"],
        ["--nonsense"],
    ],
)
def test_arguments_that_do_not_parse_are_code_2_with_usage(good, options):
    code, out, err = run("compare", good, *options)
    assert (code, out) == (2, "")
    assert err.startswith("usage: bayesreg")
    assert "Traceback" not in err


def test_a_folder_that_is_a_file_is_refused(good, tmp_path):
    (tmp_path / "file").write_text("")
    assert_refused(*run("compare", good, "--out", tmp_path / "file"), "it is a file", "give another folder")


def test_no_file_is_left_behind_by_a_failed_run(folder, tmp_path):
    run("compare", folder / "nan.csv", "--out", tmp_path / "out")
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


@pytest.mark.filterwarnings("default")
def test_a_warning_goes_to_stderr_and_leaves_the_json_whole(folder, good):
    code, out, err = run("compare", good, "--draws", "30", "--json")
    assert code == 0
    assert err.startswith("bayesreg: warning: gibbs draws: ")
    assert "take more draws" in err
    assert json.loads(out)["diagnostics"]["problems"]
    _, _, err = run("compare", folder / "constant_column.csv", "--json")
    assert "constant column(s) ['x1']" in err


# --- in a process of its own -------------------------------------------------------------------------------------


def test_a_process_of_its_own(tmp_path):
    program = Path(sys.executable).with_name("bayesreg")
    done = subprocess.run([program, "compare", "diabetes", "--json"], capture_output=True, text=True, cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout) == told("diabetes")
    command = [sys.executable, "-m", "bayesreg.cli", "compare", "nowhere.csv", "--json"]
    assert_refused(*vars_of(subprocess.run(command, capture_output=True, text=True, cwd=tmp_path)), "nowhere.csv")


def vars_of(done):
    return done.returncode, done.stdout, done.stderr


def test_the_data_set_is_scikit_learns_own_in_its_own_units():
    frame, target = br.load_dataset("diabetes")
    assert frame["age"].between(18, 80).all()
    assert told("diabetes")["target"] == target


@pytest.mark.parametrize("command", ["compare", "report"])
@pytest.mark.parametrize("name", ["a\0b", "x" * 300], ids=["NUL", "too long"])
def test_a_name_that_no_file_can_have_is_one_line_and_exit_code_2(command, name, good, capsys):
    settings = ("--strength", "1", "--sigma", "1", "--draws", "20", "--chains", "1", "--no-progress")
    assert main([command, good, *settings, "--out", name if command == "compare" else f"{name}/r.html"]) == 2
    told_last = capsys.readouterr().err.strip().splitlines()
    assert len(told_last) == 1
    assert told_last[0].startswith("bayesreg: ")


def test_a_file_as_people_write_it_is_read_by_its_options(tmp_path):
    """Semicolons, decimal commas, a mark for missing values, an identifier, a code of numbers and a text."""
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"id": range(60), "a": rng.normal(size=60).round(3), "code": rng.integers(1, 4, 60)})
    frame = frame.assign(town=["Ulm", "Bern", "Graz"] * 20, y=rng.normal(size=60).round(3))
    frame.loc[:4, "a"] = np.nan
    frame.to_csv(tmp_path / "people.csv", index=False, sep=";", decimal=",", na_rep="?")
    options = ["--separator", ";", "--decimal", ",", "--na", "?", "--missing", "drop", "--strength", "1"]
    options += ["--draws", "200", "--json"]
    own = ["--drop", "id", "--factor", "code", "--categorical", "one_hot"]
    code, out, _ = run("compare", tmp_path / "people.csv", *options, *own)
    found = json.loads(out)
    names = [row["name"] for row in found["coefficients"]]
    assert code == 0
    assert names == ["a", "code[1]", "code[2]", "code[3]", "town[Bern]", "town[Graz]", "town[Ulm]"]
    assert any("5 of 60 rows with missing values were left out" in note for note in found["notes"])
    code, out, _ = run("compare", tmp_path / "people.csv", *options, "--formula", "y ~ a * C(code)")
    assert [row["name"] for row in json.loads(out)["coefficients"]][:2] == ["a", "C(code)[T.2]"]
    assert_refused(*run("compare", tmp_path / "people.csv"), "people.csv", "--separator ';' --decimal ','")
    assert_refused(
        *run("compare", tmp_path / "people.csv", *options, "--formula", "y ~ a", "--target", "y"), "not both"
    )

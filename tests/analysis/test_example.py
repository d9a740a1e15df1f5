"""The example runs and draws the picture of the README, whose code runs and whose links lead somewhere."""

import re
import runpy
import shutil
from pathlib import Path

import pytest

import bayesreg

ROOT = Path(bayesreg.__file__).parents[1]
EXAMPLE = ROOT / "examples" / "compare_diabetes.py"
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```python\n(.*?)```", README, flags=re.DOTALL)
COMMANDS = (
    "pip install uv && uv run bayesreg compare diabetes      # sets up, runs the main job",
    "pip install uv && uv run pytest                         # sets up, passes the tests",
)


def test_the_example_prints_the_table_and_draws_the_picture(tmp_path, capsys):
    runpy.run_path(str(shutil.copy(EXAMPLE, tmp_path)))
    printed = capsys.readouterr().out
    assert printed.startswith("Laplace(scale=7.76")
    assert "strength 0.85 in the convention sklearn.Lasso" in printed
    assert (tmp_path / "shrinkage.png").stat().st_size < 200_000
    assert EXAMPLE.with_name("shrinkage.png").stat().st_size < 200_000
    assert len(EXAMPLE.read_text(encoding="utf-8").splitlines()) <= 25


def test_the_readme_holds_both_commands():
    for command in COMMANDS:
        assert command in README.splitlines()


def test_the_code_of_the_readme_runs():
    names = {}
    exec(compile(BLOCKS[0], "README.md", "exec"), names)
    assert names["both"].zeros == {"map": 2, "penalized": 2}
    assert names["fit"].n_zeros == 2
    assert dict(names["idata"]["posterior"].sizes)["coef_name"] == 10


@pytest.mark.slow
def test_the_second_block_of_the_readme_runs_after_the_first(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    names = {}
    for code in BLOCKS:
        exec(compile(code, "README.md", "exec"), names)
    assert {selection.rule for selection in names["found"]} == {"cv", "evidence", "full_bayes"}
    assert "local_scale" in names["sparse"]["posterior"]
    assert (tmp_path / "report.html").stat().st_size > 100_000


def test_what_the_readme_names_exists():
    links = re.findall(r"\]\(([^)]+)\)", README)
    assert len(links) > 5
    for path in links:
        assert (ROOT / path).exists(), path
    assert not re.findall(r"AGREE_|STARTUP_", README)


def test_the_architecture_lists_every_room():
    page = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    rooms = {path.name for path in (ROOT / "bayesreg").iterdir() if (path / "__init__.py").is_file()}
    assert set(re.findall(r"^\| `([a-z_]+)` \|", page, flags=re.MULTILINE)) == rooms
